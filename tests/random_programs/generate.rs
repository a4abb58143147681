//! Makes programs from bytes: each choice takes a byte, and where there is none any more the first of what is possible
//! is chosen. So the bytes can come from a random generator or from libFuzzer.
//!
//! What programs are made of is in the tables of `grammar`. A program always ends: loops have bounds, functions call
//! what was declared before them, and each function takes from a store of fuel, which only the outermost calls fill.

use super::grammar::{self, PRELUDE, Rule};
use super::tree::{Node, Part};

/// Random bytes for a program.
pub fn bytes(seed: u64) -> Vec<u8> {
    // xorshift64*
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = || {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    };
    draw();
    let size = 500 + draw() % 5000;
    (0..size).map(|_| draw() as u8).collect()
}

/// A program. With `portable` it says nothing that Lua's implementations may answer differently, such as the order of
/// a traversal, or how much memory there is.
pub fn program(bytes: &[u8], portable: bool) -> Vec<Node> {
    let mut maker = Maker {
        bytes,
        portable,
        variables: Vec::new(),
        names: 0,
        times: 1,
        cost: 0,
        depth: 0,
        context: Context { in_loop: false, varargs: false, yields: false },
    };
    let mut program = statements(PRELUDE);
    program.extend(statements(if portable { grammar::PORTABLE } else { grammar::OURS }));
    for (kind, name) in grammar::VARIABLES {
        maker.variables.push(Variable { kind, name: name.to_string(), assigned: true });
    }
    if maker.below(3) > 0 {
        program.push(Node::text(grammar::LENIENT));
    }
    let declared = 2 + maker.below(5);
    program.extend((0..declared).map(|_| maker.rule(grammar::DECLARATIONS)));
    let run = 2 + maker.below(6);
    for i in 0..run {
        if i > 0 && maker.bytes.is_empty() {
            break;
        }
        maker.cost = 0;
        program.push(maker.rule(grammar::OUTERMOST));
    }
    program.extend(statements(grammar::END));
    program
}

/// The statements of a text, in which only their first and last lines are not indented.
fn statements(text: &str) -> Vec<Node> {
    let mut statements: Vec<String> = Vec::new();
    for line in text.lines() {
        match statements.last_mut() {
            Some(last) if line.starts_with(' ') || line == "end" => *last += &format!("\n{line}"),
            _ => statements.push(line.to_string()),
        }
    }
    statements.iter().map(|text| Node::text(text)).collect()
}

struct Variable {
    kind: char,
    name: String,
    /// Statements may assign to it.
    assigned: bool,
}

/// What is allowed around a statement.
#[derive(Clone, Copy)]
struct Context {
    in_loop: bool,
    varargs: bool,
    yields: bool,
}

struct Maker<'b> {
    bytes: &'b [u8],
    portable: bool,
    variables: Vec<Variable>,
    /// how many names were made
    names: usize,
    /// how often the statement runs that is made, and how many do in the function
    times: usize,
    cost: usize,
    depth: usize,
    context: Context,
}

/// Statements that a function may run.
const MOST_COST: usize = 3000;
/// The deepest that expressions and blocks nest.
const DEEPEST: usize = 7;

/// What a rule is being filled in with.
#[derive(Default)]
struct Names {
    /// the names that stand for `@k`, `@l` and `@^`, and the variable declared last
    counter: Option<String>,
    label: Option<String>,
    function: Option<String>,
    last: String,
    /// seen from the next line on; behind the statement
    next: Vec<Variable>,
    later: Vec<Variable>,
    /// the part with the cost of the function around it
    cost_at: Vec<usize>,
    saved: Vec<(usize, usize, usize, Context)>,
}

impl Maker<'_> {
    fn below(&mut self, n: usize) -> usize {
        let Some((&byte, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        if n <= 256 {
            return byte as usize % n;
        }
        let (&low, rest) = rest.split_first().unwrap_or((&0, rest));
        self.bytes = rest;
        (byte as usize * 256 + low as usize) % n
    }
    fn fresh(&mut self, kind: char) -> String {
        self.names += 1;
        format!("{}{}", kind.to_ascii_lowercase(), self.names)
    }
    fn variable(&mut self, kind: char, assigned: bool) -> String {
        let fits = |v: &&Variable| v.kind == kind && (v.assigned || !assigned);
        let count = self.variables.iter().filter(fits).count();
        // Mostly one of the last.
        let last = count.min(if self.below(3) == 0 { count } else { 4 });
        let back = self.below(last);
        self.variables.iter().rev().filter(fits).nth(back).expect("there is one of each kind").name.clone()
    }
    fn allows(&self, rule: &Rule) -> bool {
        let (_, times, text) = rule;
        // Marks of what a rule asks for.
        let asks = |mark: &str| text.contains(mark);
        !(asks("@!") && self.portable
            || asks("break") && !asks("@k") && !self.context.in_loop
            || asks("...") && !asks("@{.") && !asks("(...)\n") && !self.context.varargs
            || asks("coroutine.yield") && !self.context.yields
            || asks("@B") && self.depth >= DEEPEST
            || self.cost + self.times * times > MOST_COST)
    }
    /// One of the rules, which the bytes choose.
    fn rule(&mut self, rules: &[Rule]) -> Node {
        let total: usize = rules.iter().filter(|rule| self.allows(rule)).map(|rule| rule.0).sum();
        let mut left = self.below(total.max(1));
        let allowed = |maker: &Maker, rule: &&Rule| maker.allows(rule);
        let chosen = rules.iter().filter(|rule| allowed(self, rule)).find(|rule| {
            let here = left < rule.0;
            left = left.wrapping_sub(rule.0);
            here
        });
        let &(_, times, text) = chosen.unwrap_or(&rules[0]);
        self.fill(times, text)
    }
    fn value(&mut self, kind: char) -> Node {
        // Sometimes it is something else.
        let kind = if kind != 'c' && self.below(40) == 39 { 'a' } else { kind };
        self.depth += 1;
        let rules = grammar::values(kind);
        let node = if self.depth > DEEPEST || self.bytes.is_empty() {
            self.fill(1, rules[0].2)
        } else {
            self.rule(rules)
        };
        self.depth -= 1;
        node
    }
    fn block(&mut self) -> Part {
        self.depth += 2;
        let scope = self.variables.len();
        let count = 1 + self.below(5);
        let mut statements = Vec::new();
        for _ in 0..count {
            if self.cost > MOST_COST {
                break;
            }
            self.cost += self.times;
            statements.push(self.rule(grammar::STATEMENTS));
        }
        self.variables.truncate(scope);
        self.depth -= 2;
        Part::Block(statements)
    }
    /// Fills in a rule: the marks that begin with `@` are explained in `grammar`.
    fn fill(&mut self, times: usize, rule: &str) -> Node {
        let mut parts = Vec::new();
        let mut names = Names::default();
        let scope = self.variables.len();
        let (mut pieces, mut text) = (rule.split('@'), String::new());
        text.push_str(pieces.next().unwrap_or(""));
        // What of the rule is in the innermost function so far.
        let mut before = text.clone();
        for piece in pieces {
            let mut marks = piece.chars();
            let mark = marks.next().expect("a mark");
            let mut part = None;
            match mark {
                'B' => {
                    let (outer, context) = (self.times, self.context);
                    self.times *= times;
                    self.context.in_loop |=
                        ["for ", "while ", "repeat"].iter().any(|loops| before.contains(loops));
                    part = Some(self.block());
                    (self.times, self.context) = (outer, context);
                }
                'n' | 's' | 't' | 'o' | 'f' | 'a' | 'c' | 'i' | 'y' => {
                    part = Some(Part::Value(self.value(mark)))
                }
                'N' | 'S' | 'T' | 'O' | 'F' | 'A' | 'K' | 'M' => {
                    text.push_str(&self.variable(mark.to_ascii_lowercase(), true))
                }
                // One that may be a loop's counter.
                'R' => text.push_str(&self.variable('n', false)),
                'k' => {
                    if names.counter.is_none() {
                        let name = self.fresh('k');
                        self.variables.push(Variable { kind: 'n', name: name.clone(), assigned: false });
                        names.counter = Some(name);
                    }
                    text.push_str(names.counter.as_deref().unwrap_or(""));
                }
                'l' => text.push_str(names.label.get_or_insert_with(|| self.fresh('l'))),
                '^' => text.push_str(names.function.get_or_insert_with(|| self.fresh('f'))),
                '*' | '+' => {
                    let kind = marks.next().expect("a kind");
                    let variable = Variable { kind, name: self.fresh(kind), assigned: true };
                    names.last = variable.name.clone();
                    text.push_str(&names.last);
                    (if mark == '*' { &mut names.next } else { &mut names.later }).push(variable);
                }
                '=' => text.push_str(&names.last),
                '#' => text.push_str(&self.below(12).to_string()),
                '{' => {
                    names.saved.push((self.variables.len(), self.times, self.cost, self.context));
                    (self.times, self.cost) = (1, 0);
                    self.context.in_loop = false;
                    before.clear();
                    self.context.varargs = piece.starts_with("{.");
                    self.context.yields |= piece.starts_with("{y");
                    if piece.starts_with("{.") || piece.starts_with("{y") {
                        marks.next();
                    }
                }
                '$' => {
                    names.cost_at.push(parts.len() + !text.is_empty() as usize);
                    part = Some(Part::Text(String::new()));
                }
                '}' => {
                    let (variables, times, cost, context) = names.saved.pop().expect("an opened function");
                    if let Some(at) = names.cost_at.pop() {
                        parts[at] = Part::Text((self.cost + 5).to_string());
                    }
                    self.variables.truncate(variables);
                    (self.times, self.cost, self.context) = (times, cost, context);
                }
                '!' => {}
                _ => unreachable!("no such mark: {mark}"),
            }
            if let Some(part) = part {
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(part);
            }
            text.push_str(marks.as_str());
            before.push_str(marks.as_str());
            if marks.as_str().contains('\n') {
                self.variables.append(&mut names.next);
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        self.variables.truncate(scope);
        if let Some(name) = names.function {
            self.variables.push(Variable { kind: 'f', name, assigned: true });
        }
        self.variables.append(&mut names.later);
        Node(parts)
    }
}
