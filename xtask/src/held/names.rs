//! Finds the functions that a callee's path stands for.
//!
//! The compiler prints an associated function as `<impl at FILE:LINE:..>::name` where it is defined and by its type
//! where it is called, and both in as few modules as are needed. The keys made here are the same for both.

use super::Result;
use super::error::Error;
use super::mir::{Function, matching};
use super::types::{last_segment, plain, words};
use std::collections::{BTreeMap, HashMap, HashSet};

pub struct Names {
    by_key: HashMap<String, Vec<usize>>,
    /// Trait methods by their last segment: what a call through a type parameter may reach.
    by_trait: HashMap<String, Vec<usize>>,
    by_closure: HashMap<String, usize>,
    /// The types that functions of the crate belong to.
    owners: HashSet<String>,
}

/// What a call may reach.
#[derive(Default)]
pub struct Targets {
    pub functions: Vec<usize>,
    /// Through a pointer: anything.
    pub unknown: bool,
    /// Through a closure that the caller was given.
    pub given: bool,
}

impl Names {
    pub fn new(functions: &[Function], sources: &BTreeMap<String, String>) -> Result<Names> {
        let mut names = Names {
            by_key: HashMap::new(),
            by_trait: HashMap::new(),
            by_closure: HashMap::new(),
            owners: HashSet::new(),
        };
        let aliases = aliases(sources);
        for (i, function) in functions.iter().enumerate() {
            if function.path.ends_with('}') && function.path.contains("{closure#") {
                let ty = &function.locals[1].ty;
                if let Some(place) = closure_in(ty).first() {
                    names.by_closure.insert((*place).to_owned(), i);
                }
                continue;
            }
            for key in definition_keys(&function.path, sources, &aliases)? {
                if let Some((_, method)) = key.split_once(" as ") {
                    let method = method.replace(">::", "::");
                    names.by_trait.entry(method).or_default().push(i);
                }
                if let Some((owner, _)) = key.rsplit_once("::")
                    && is_type(last_segment(owner))
                {
                    names.owners.insert(owner.to_owned());
                }
                names.by_key.entry(key).or_default().push(i);
            }
        }
        Ok(names)
    }

    pub fn targets(&self, callee: &str) -> Targets {
        let mut targets = Targets::default();
        if callee.starts_with("move ") || callee.starts_with("copy ") {
            targets.unknown = true;
            return targets;
        }
        self.mentioned(callee, &mut targets.functions);
        let keys = call_keys(callee);
        let key = &keys[0];
        if let Some(found) = keys.iter().find_map(|key| self.by_key.get(key)) {
            targets.functions.extend(found);
        } else if let Some((ty, method)) = key.strip_prefix('<').and_then(|k| k.split_once(" as ")) {
            let method = method.replace(">::", "::");
            if method.starts_with("FnMut::") || method.starts_with("FnOnce::") || method.starts_with("Fn::") {
                targets.given = true;
            } else if let Some(found) = self.by_trait.get(&method)
                && (ty.len() == 1 || ty.starts_with("dyn ") || ty.starts_with("impl "))
            {
                targets.functions.extend(found);
            }
        }
        // An exported function by its name: the host may have put its own in its place.
        targets.unknown = targets.functions.is_empty() && last_segment(callee).starts_with("lua");
        targets
    }

    /// Whether a path belongs to a type of the crate, so that its function should have been found.
    pub fn is_own(&self, callee: &str) -> bool {
        let owner = |key: &String| key.rfind("::").is_some_and(|at| self.owners.contains(&key[..at]));
        call_keys(callee).iter().any(|key| !key.starts_with('<') && owner(key))
    }

    /// Closures and functions that a path has among its type arguments.
    fn mentioned(&self, path: &str, found: &mut Vec<usize>) {
        for place in closure_in(path) {
            found.extend(self.by_closure.get(place));
        }
        // `fn(A) -> B {path}`
        for (at, _) in path.match_indices(" {") {
            let rest = &path[at + 2..];
            if let Some(end) = rest.find('}') {
                let keys = call_keys(&rest[..end]);
                found.extend(keys.iter().find_map(|key| self.by_key.get(key)).into_iter().flatten());
            }
        }
    }
}

/// What functions are called in the list: the path of the module as the sources have it, the type, the name.
pub fn titles(functions: &[Function], sources: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let aliases = aliases(sources);
    let short =
        |ty: &str| aliases.iter().find(|(_, full)| *full == ty).map_or(ty, |(short, _)| short).to_owned();
    let module = |file: &str| {
        let path = file
            .rsplit("src/")
            .next()
            .unwrap_or(file)
            .trim_end_matches(".rs")
            .trim_end_matches("/mod")
            .replace('/', "::");
        if path == "lib" { String::new() } else { path + "::" }
    };
    let mut titles = Vec::new();
    for function in functions {
        let (path, closure) = match function.path.find("::{closure#") {
            Some(at) => function.path.split_at(at),
            None => (function.path.as_str(), ""),
        };
        let title = if let Some(at) = path.find("<impl at ") {
            let file = path[at + "<impl at ".len()..].split(':').next().unwrap_or_default();
            let key = definition_keys(path, sources, &aliases)?.swap_remove(0);
            let owner = key.rfind("::").map_or("", |at| &key[..at]);
            format!("{}{}::{}", module(file), short(owner), last_segment(path))
        } else {
            let name = last_segment(path);
            let prefix = path[..path.len() - name.len()].trim_end_matches("::");
            let starts = [format!("fn {name}("), format!("fn {name}<")];
            let defines = |text: &String| {
                let mut lines = text.lines().filter(|line| !line.starts_with([' ', '/']));
                lines.any(|line| starts.iter().any(|start| line.contains(start)))
            };
            let mut modules = sources
                .iter()
                .filter(|(_, text)| defines(text))
                .map(|(file, _)| module(file))
                .filter(|module| module.trim_end_matches("::").ends_with(prefix));
            match (modules.next(), modules.next()) {
                (Some(module), None) => format!("{module}{name}"),
                _ => path.to_owned(),
            }
        };
        titles.push(title + closure);
    }
    Ok(titles)
}

/// `src/x.rs:1:2: 3:4` of each `{closure@src/x.rs:1:2: 3:4}`.
fn closure_in(text: &str) -> Vec<&str> {
    let parts = text.split("{closure@").skip(1);
    parts.filter_map(|part| part.find('}').map(|end| &part[..end])).collect()
}

/// The crate's own names for types: `type Lua = Gc<Thread>;`.
fn aliases(sources: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let lines = sources.values().flat_map(|text| text.lines());
    let definitions =
        lines.filter_map(|line| line.strip_prefix("pub type ")?.strip_suffix(';')?.split_once(" = "));
    definitions.map(|(name, ty)| (name.to_owned(), plain(ty))).collect()
}

/// The keys of a definition.
fn definition_keys(
    path: &str,
    sources: &BTreeMap<String, String>,
    aliases: &BTreeMap<String, String>,
) -> Result<Vec<String>> {
    let Some(at) = path.find("<impl at ") else { return Ok(vec![path.to_owned()]) };
    let rest = &path[at + "<impl at ".len()..];
    let no_place = || Error::Place(path.into());
    let (place, rest) = rest.split_once('>').ok_or_else(no_place)?;
    let name = rest.trim_start_matches("::");
    let mut parts = place.split(':');
    let file = parts.next().unwrap_or_default();
    let line: usize = parts.next().unwrap_or_default().trim().parse().map_err(|_| no_place())?;
    let text = sources.get(file).ok_or_else(no_place)?;
    let text: Vec<&str> = text.lines().skip(line - 1).collect();
    let text = text.join(" ");
    if text.trim_start().starts_with("#[derive") || !text.contains("impl") {
        return Ok(vec![format!("derived {name}")]);
    }
    let header = text.split('{').next().unwrap_or_default().trim();
    let header = header.trim_start_matches("unsafe ").trim_start_matches("impl");
    let header = match header.strip_prefix('<') {
        Some(_) => &header[matching(header).unwrap_or(0) + 1..],
        None => header,
    };
    let header = header.split(" where ").next().unwrap_or(header).trim();
    let alias = |ty: &str| {
        let ty = plain(ty.trim());
        aliases.get(&ty).cloned().unwrap_or(ty)
    };
    Ok(match header.split_once(" for ") {
        Some((of, ty)) => vec![format!("<{} as {}>::{name}", bare(&alias(ty)), bare(&alias(of)))],
        None => {
            let ty = alias(header);
            let mut keys = vec![format!("{ty}::{name}")];
            if words(&ty).skip(1).all(|word| word.len() == 1) {
                keys.push(format!("{}::{name}", bare(&ty)));
            }
            keys
        }
    })
}

/// The keys under which a callee may be found, the likeliest first.
fn call_keys(callee: &str) -> Vec<String> {
    let mut segments = segments(callee);
    if segments.len() > 1 && segments.last().is_some_and(|s| s.starts_with('<')) {
        segments.pop();
    }
    let Some(name) = segments.pop() else { return vec![callee.to_owned()] };
    let Some(owner) = segments.pop() else { return vec![name.to_owned()] };
    let inner = owner.strip_prefix('<').and_then(|inner| inner.strip_suffix('>'));
    match (inner, segments.last()) {
        // `Type::<Arguments>::name`
        (Some(arguments), Some(ty)) if is_type(ty) => {
            vec![format!("{ty}<{}>::{name}", plain(arguments)), format!("{ty}::{name}")]
        }
        (Some(inner), _) => {
            let inner = inner.strip_prefix("impl ").unwrap_or(inner);
            vec![match split_as(inner) {
                Some((ty, of)) => format!("<{} as {}>::{name}", bare(&plain(ty)), bare(&plain(of))),
                None => format!("{}::{name}", plain(inner)),
            }]
        }
        (None, _) if is_type(owner) => vec![format!("{owner}::{name}")],
        (None, _) => {
            segments.extend([owner, name]);
            vec![segments.join("::")]
        }
    }
}

fn is_type(segment: &str) -> bool {
    segment.starts_with(|c: char| c.is_ascii_uppercase())
        || segment.starts_with("lua") && segment.contains("_")
}

/// `T as Trait` outside of brackets.
fn split_as(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    let bytes = text.as_bytes();
    for (i, b) in bytes.iter().enumerate() {
        match b {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            b'>' if i > 0 && bytes[i - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' => depth -= 1,
            b' ' if depth == 0 && text[i..].starts_with(" as ") => return Some((&text[..i], &text[i + 4..])),
            _ => {}
        }
    }
    None
}

/// A type without its arguments.
fn bare(ty: &str) -> String {
    let ty = ty.trim();
    if ty.starts_with(['&', '*', '[', '(', '{']) || ty.starts_with("impl ") || ty.starts_with("dyn ") {
        return ty.to_owned();
    }
    ty.split('<').next().unwrap_or(ty).trim_end_matches(':').to_owned()
}

/// The segments of a path: type arguments are segments of their own.
fn segments(path: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    let bytes = path.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            b'>' if i > 0 && bytes[i - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' => depth -= 1,
            b':' if depth == 0 && bytes.get(i + 1) == Some(&b':') => {
                parts.push(&path[start..i]);
                i += 1;
                start = i + 1;
            }
            _ => {}
        }
        i += 1;
    }
    parts.push(&path[start..]);
    parts
}
