//! Reads the text that `rustc --emit=mir` writes.
//!
//! Only what the analysis needs is kept of a statement: which locals it reads, which it borrows, where its result goes,
//! whether that was read through a pointer, and for calls the callee. The text is not a stable format, so whatever is
//! not understood is an error, not a guess.

use super::Result;
use super::error::{Error, MirFault};
use super::types::{self, Types};

/// One function (or closure) of the crate.
pub struct Function {
    /// The path as the compiler prints it at the definition.
    pub path: String,
    /// What the list calls it.
    pub title: String,
    pub parameters: usize,
    pub locals: Vec<Local>,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Default)]
pub struct Local {
    pub ty: String,
    /// The variable of the source, or that of which it is a part.
    pub name: Option<String>,
}

#[derive(Default)]
pub struct Block {
    pub statements: Vec<Statement>,
    pub successors: Vec<usize>,
}

/// An assignment, a call, or anything else that only reads (`target` is `None` then).
#[derive(Default)]
pub struct Statement {
    pub target: Option<usize>,
    /// The whole of `target` is written, and nothing is read to find the place.
    pub whole: bool,
    pub reads: Vec<usize>,
    /// Locals whose own address is taken.
    pub borrows: Vec<usize>,
    /// The result was read from where a pointer leads: an object, a slot of a stack or a table.
    pub loads: bool,
    pub call: Option<Call>,
}

pub struct Call {
    pub callee: String,
    pub arguments: Vec<Vec<usize>>,
}

pub fn parse(text: &str, types: &Types) -> Result<Vec<Function>> {
    let mut functions = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("fn ") && line.ends_with('{') {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
            let function =
                function(line, &body, types).map_err(|fault| Error::Mir { function: line.into(), fault })?;
            functions.push(function);
        }
    }
    Ok(functions)
}

fn function(header: &str, body: &[&str], types: &Types) -> Result<Function, MirFault> {
    let header = &header["fn ".len()..];
    let open = header.find("(_1: ").or_else(|| header.find("() -> ")).ok_or(MirFault::Parameters)?;
    let close = open + matching(&header[open..]).ok_or(MirFault::Parameters)?;
    let mut function = Function {
        path: header[..open].to_owned(),
        title: String::new(),
        parameters: 0,
        locals: vec![Local::default()],
        blocks: Vec::new(),
    };
    for parameter in split(&header[open + 1..close]) {
        let (_, ty) = parameter.split_once(": ").ok_or_else(|| MirFault::Untyped(parameter.into()))?;
        function.parameters += 1;
        function.locals.push(Local { ty: types::plain(ty), name: None });
    }
    let mut pending = String::new();
    for line in body {
        let line = line.trim();
        if pending.is_empty() {
            if let Some(rest) = line.strip_prefix("debug ") {
                if let Some((name, place)) = rest.split_once(" => ") {
                    let locals = locals_in(place);
                    // What a closure captured has the place's type, not the closure's.
                    if let [n] = locals[..]
                        && place.starts_with('_')
                    {
                        function.local(n).name.get_or_insert_with(|| name.to_owned());
                    }
                }
                continue;
            }
            if line.starts_with("let ") {
                let declaration = line.trim_start_matches("let ").trim_start_matches("mut ");
                let (local, ty) =
                    declaration.split_once(": ").ok_or_else(|| MirFault::Untyped(line.into()))?;
                let n: usize = local[1..].parse()?;
                function.local(n).ty = types::plain(ty.trim_end_matches(';'));
                continue;
            }
            if line.starts_with("bb") && line.ends_with('{') {
                let digits: String = line[2..].chars().take_while(char::is_ascii_digit).collect();
                if digits.parse::<usize>()? != function.blocks.len() {
                    return Err(MirFault::Blocks);
                }
                function.blocks.push(Block::default());
                continue;
            }
            if line.is_empty() || line.starts_with("scope ") || line == "}" {
                continue;
            }
        }
        // Assembly spans lines.
        if !pending.is_empty() {
            pending.push(' ');
        }
        pending.push_str(line);
        if line.ends_with(';') {
            let line = without_literals(&std::mem::take(&mut pending));
            let (statement, successors) = statement(&function, line.trim_end_matches(';'), types)?;
            let block = function.blocks.last_mut().ok_or_else(|| MirFault::Outside(line.clone()))?;
            block.statements.push(statement);
            block.successors.extend(successors);
        }
    }
    Ok(function)
}

impl Function {
    fn local(&mut self, n: usize) -> &mut Local {
        if n >= self.locals.len() {
            self.locals.resize(n + 1, Local::default());
        }
        &mut self.locals[n]
    }
}

fn statement(function: &Function, line: &str, types: &Types) -> Result<(Statement, Vec<usize>), MirFault> {
    // A terminator says where it goes on: ` -> [return: bb3, unwind unreachable]`.
    let (line, successors) = match line.rfind(" -> ") {
        Some(at) if line[at..].starts_with(" -> [") || line[at..].starts_with(" -> unwind") => {
            let targets = line[at..].split("bb").skip(1);
            let number = |t: &str| t.chars().take_while(char::is_ascii_digit).collect::<String>();
            (&line[..at], targets.filter_map(|t| number(t).parse().ok()).collect())
        }
        _ => (line, Vec::new()),
    };
    if let Some(block) = line.strip_prefix("goto -> bb") {
        return Ok((Statement::default(), vec![block.parse()?]));
    }
    const NOTHING: [&str; 6] =
        ["return", "resume", "terminate(abi)", "unreachable", "nop", "ConstEvalCounter"];
    if NOTHING.contains(&line) || line.starts_with("asm!") {
        return Ok((Statement { reads: locals_in(line), ..Statement::default() }, successors));
    }
    if line.starts_with("StorageLive(") || line.starts_with("StorageDead(") {
        return Ok((Statement::default(), successors));
    }
    let reading = ["switchInt(", "drop(", "assert(", "discriminant(", "assume(", "copy_nonoverlapping("];
    if reading.iter().any(|word| line.starts_with(word)) {
        return Ok((Statement { reads: locals_in(line), ..Statement::default() }, successors));
    }
    let (place, value) = line.split_once(" = ").ok_or_else(|| MirFault::Statement(line.into()))?;
    let target = *locals_in(place).first().ok_or_else(|| MirFault::Statement(line.into()))?;
    let mut statement = Statement {
        target: Some(target),
        whole: place.starts_with('_') && !place.contains(['.', '[']),
        ..Statement::default()
    };
    if place.contains('*') || place.contains('[') {
        // Writing through a pointer reads the pointer; the pointer itself stays.
        statement.target = if place.contains('*') { None } else { Some(target) };
        statement.reads = locals_in(place);
    }
    if is_call(value) {
        let open = opening(value).ok_or_else(|| MirFault::Statement(value.into()))?;
        let arguments: Vec<Vec<usize>> =
            split(&value[open + 1..value.len() - 1]).iter().map(|a| locals_in(a)).collect();
        let callee = &value[..open];
        statement.reads.extend(arguments.iter().flatten());
        let indirect = callee.starts_with("move ") || callee.starts_with("copy ");
        if indirect {
            statement.reads.extend(locals_in(callee));
        }
        statement.call = Some(Call { callee: callee.to_owned(), arguments });
    } else {
        let locals = locals_in(value);
        statement.reads.extend(&locals);
        if value.starts_with('&') {
            if !value.contains('*') {
                statement.borrows = locals;
            }
        } else {
            statement.loads = loads(function, value, types);
        }
    }
    Ok((statement, successors))
}

/// A call ends with its arguments and does not begin as the other values that do: constants, operators, aggregates.
fn is_call(value: &str) -> bool {
    if !value.ends_with(')') {
        return false;
    }
    if let Some(rest) = value.strip_prefix("move ").or_else(|| value.strip_prefix("copy ")) {
        // `move _5(copy _1)` calls; `copy (_3 as Some)` and `move _3 as T (PointerCoercion(..))` do not.
        if rest.contains(" as ") && (rest.contains("(PointerCoercion(") || is_cast(rest)) {
            return false;
        }
        return rest.starts_with('_') && rest.contains('(')
            || rest.starts_with('(') && !whole_parenthesis(rest);
    }
    if value.starts_with("const ") && is_cast(value) {
        return false;
    }
    let Some(open) = opening(value) else { return false };
    let name = &value[..open];
    const OPERATORS: [&str; 38] = [
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Rem",
        "BitXor",
        "BitAnd",
        "BitOr",
        "Shl",
        "Shr",
        "Eq",
        "Lt",
        "Le",
        "Ne",
        "Ge",
        "Gt",
        "Cmp",
        "Offset",
        "AddWithOverflow",
        "SubWithOverflow",
        "MulWithOverflow",
        "AddUnchecked",
        "SubUnchecked",
        "MulUnchecked",
        "ShlUnchecked",
        "ShrUnchecked",
        "Not",
        "Neg",
        "discriminant",
        "Len",
        "PtrMetadata",
        "SizeOf",
        "AlignOf",
        "OffsetOf",
        "CopyForDeref",
        "RuntimeChecks",
        "UbChecks",
        "ShallowInitBox",
    ];
    !name.is_empty()
        && !OPERATORS.contains(&name)
        && !value.starts_with(['(', '[', '&', '{'])
        && !is_cast(value)
        && !value.starts_with("const ")
        && !is_variant(name)
}

/// `Some(..)`, `Result::<A, B>::Ok(..)`, `Arg::<'_>::S(..)`: the last segment of the path is a type's or a variant's
/// name.
fn is_variant(path: &str) -> bool {
    let name = types::last_segment(path);
    name.starts_with(|c: char| c.is_ascii_uppercase())
}

fn is_cast(value: &str) -> bool {
    const CASTS: [&str; 9] = [
        "(IntToInt)",
        "(IntToFloat)",
        "(FloatToInt)",
        "(FloatToFloat)",
        "(PtrToPtr)",
        "(Transmute)",
        "(FnPtrToPtr)",
        "(PointerExposeProvenance)",
        "(PointerWithExposedProvenance)",
    ];
    CASTS.iter().any(|cast| value.ends_with(cast)) || value.contains(" (PointerCoercion(")
}

fn whole_parenthesis(text: &str) -> bool {
    matching(text) == Some(text.len() - 1)
}

/// Whether a value is read through a pointer into memory that the collector or a call may take away.
fn loads(function: &Function, value: &str, types: &Types) -> bool {
    value.match_indices("(*").any(|(at, _)| {
        let pointer = &value[at + 2..];
        let ty = if pointer.starts_with('_') {
            locals_in(pointer).first().map(|&n| function.locals[n].ty.clone())
        } else {
            // `(*(PLACE: TYPE))`
            let inside = &pointer[..matching(pointer).unwrap_or(0)];
            inside.rfind(": ").map(|at| types::plain(&inside[at + 2..]))
        };
        ty.is_none_or(|ty| types.leads_to_object(&ty))
    })
}

/// The locals a piece of text names, in order.
fn locals_in(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find('_') {
        let start = at + next;
        let digits = text[start + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = start + 1 + digits;
        let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b':');
        let fresh = start == 0 || !word(bytes.get(start - 1));
        let ends = !bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        if digits > 0
            && fresh
            && ends
            && let Ok(n) = text[start + 1..end].parse()
            && !found.contains(&n)
        {
            found.push(n);
        }
        at = end;
    }
    found
}

/// The text without what is inside of string and character literals.
fn without_literals(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '"' {
            while let Some(c) = chars.next() {
                match c {
                    '\\' => drop(chars.next()),
                    '"' => break,
                    _ => {}
                }
            }
            out.push('"');
        } else if c == '\'' {
            // A lifetime has no closing quote.
            let mut ahead = chars.clone();
            let literal = match ahead.next() {
                Some('\\') => ahead.by_ref().find(|&c| c == '\'').is_some(),
                Some(_) => ahead.next() == Some('\''),
                None => false,
            };
            if literal {
                out.push('\'');
                chars = ahead;
            }
        }
    }
    out
}

/// The index of the bracket that closes the one `text` begins with.
pub fn matching(text: &str) -> Option<usize> {
    let mut depth = 0;
    let bytes = text.as_bytes();
    for (i, b) in bytes.iter().enumerate() {
        match b {
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b'>' if i > 0 && bytes[i - 1] == b'-' => {}
            b')' | b']' | b'}' | b'>' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// The index of the parenthesis whose partner ends `text`.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (i, b) in text.bytes().enumerate().rev() {
        match b {
            b')' => depth += 1,
            b'(' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// Splits at the commas outside of brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    let bytes = text.as_bytes();
    for (i, b) in bytes.iter().enumerate() {
        match b {
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b'>' if i > 0 && bytes[i - 1] == b'-' => {}
            b')' | b']' | b'}' | b'>' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(text[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        parts.push(text[start..].trim());
    }
    parts
}
