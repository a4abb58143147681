//! Which types are, or hold, pointers that a collection or a call can make dangle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Structures that live in memory of the state: a pointer to one is a pointer to watch.
const OBJECTS: [&str; 15] = [
    "Thread",
    "Table",
    "Str",
    "LongStr",
    "Userdata",
    "LuaClosure",
    "CClosure",
    "UpVal",
    "Proto",
    "Header",
    "CallInfo",
    "Node",
    "luaL_Stream",
    "ExecInsn",
    "FILE",
];
/// Structures that live as long as the state, or for ever.
const ETERNAL: [&str; 5] = ["Global", "Heap", "GcState", "Link", "Builtin"];
/// Pointers to watch themselves.
const POINTERS: [&str; 7] = ["Gc", "GcRef", "Value", "Slot", "Interior", "Bytes", "FrameRef"];

/// What can make a pointer of some type dangle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Threat {
    /// Memory of unreachable objects is freed.
    Frees,
    /// A stack moves.
    Moves,
    /// Foreign code or a script runs, which may change anything that it can reach.
    Runs,
}

/// A set of threats.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Threats(u8);

impl Threats {
    pub fn of(threats: &[Threat]) -> Threats {
        Threats(threats.iter().fold(0, |bits, t| bits | 1 << *t as u8))
    }
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Adds `other`; whether that was new.
    pub fn add(&mut self, other: Threats) -> bool {
        let old = self.0;
        self.0 |= other.0;
        self.0 != old
    }
    pub fn all() -> Threats {
        Threats::of(&[Threat::Frees, Threat::Moves, Threat::Runs])
    }
    pub fn and(self, other: Threats) -> Threats {
        Threats(self.0 & other.0)
    }
}

const WORDS: [(&str, Threat); 3] =
    [("frees", Threat::Frees), ("moves", Threat::Moves), ("runs", Threat::Runs)];

impl fmt::Display for Threats {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let words = WORDS.iter().filter(|(_, threat)| !self.and(Threats::of(&[*threat])).is_empty());
        f.write_str(&words.map(|(word, _)| *word).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Threats {
    type Err = ();
    fn from_str(text: &str) -> Result<Threats, ()> {
        let mut threats = Threats::default();
        for part in text.split(',').filter(|part| *part != "nothing") {
            let (_, threat) = WORDS.iter().find(|(word, _)| *word == part).ok_or(())?;
            threats.add(Threats::of(&[*threat]));
        }
        Ok(threats)
    }
}

/// The structures of the crate that hold pointers to watch.
pub struct Types {
    holders: BTreeSet<String>,
}

impl Types {
    /// Reads the definitions of structures and enumerations in the sources.
    pub fn read(sources: &BTreeMap<String, String>) -> Types {
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        for text in sources.values() {
            text.split("struct ").skip(1).for_each(|item| definition(item, str::to_owned, &mut fields));
            // The names of variants are no types.
            text.split("enum ").skip(1).for_each(|item| definition(item, payloads, &mut fields));
        }
        let mut types = Types { holders: BTreeSet::new() };
        loop {
            let more: Vec<String> = fields
                .iter()
                .filter(|(name, text)| {
                    !types.holders.contains(*name)
                        && !OBJECTS.contains(&name.as_str())
                        && !POINTERS.contains(&name.as_str())
                        && !ETERNAL.contains(&name.as_str())
                        && types.is_watched(text)
                })
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                return types;
            }
            types.holders.extend(more);
        }
    }

    /// Whether a local of the type `ty` is or may hold a pointer to watch.
    pub fn is_watched(&self, ty: &str) -> bool {
        // A function is code; what it takes says nothing.
        if ["fn(", "unsafe ", "extern ", "Option<fn(", "Option<unsafe "]
            .iter()
            .any(|start| ty.starts_with(start))
        {
            return false;
        }
        let eternal = |sign: &str| ETERNAL.map(|name| format!("{sign}{name}"));
        let mut ty = ty.to_owned();
        for pointer in ["*mut ", "*const ", "&"].map(eternal).concat() {
            ty = ty.replace(&pointer, "()");
        }
        let ty = ty.as_str();
        // Text, slices, and whatever a raw pointer leads to.
        const POINTING: [&str; 6] = ["&str", "CStr", "&[", "&mut [", "*const ", "*mut "];
        if POINTING.iter().any(|sign| ty.contains(sign)) {
            return true;
        }
        let parameter = |word: &str| word.len() == 1 && word.starts_with(|c: char| c.is_ascii_uppercase());
        words(ty).any(|word| {
            POINTERS.contains(&word)
                || self.holders.contains(word)
                || matches!(word, "closure" | "impl")
                || parameter(word)
        }) || OBJECTS.iter().any(|object| points_to(ty, object))
    }

    /// Whether a pointer of the type `ty` leads into an object, a stack or a table, rather than to a local of Rust.
    pub fn leads_to_object(&self, ty: &str) -> bool {
        let inner = ty.trim_start_matches("&mut ").trim_start_matches('&');
        let inner = inner.trim_start_matches("*const ").trim_start_matches("*mut ").trim_start();
        if ty.starts_with('*') && !self.holders.contains(inner) {
            return true;
        }
        inner.starts_with("Cell<") || OBJECTS.contains(&inner)
    }

    /// What can make a pointer of this type dangle.
    pub fn threats(&self, ty: &str) -> Threats {
        let inner = ty.trim_start_matches("core::").to_owned();
        let only = |names: &[&str]| {
            words(&inner).all(|word| !self.is_watched_word(word) || names.contains(&word))
                && !inner.contains("[u8]")
                && words(&inner).any(|word| names.contains(&word))
        };
        let place = inner.contains("*mut Value")
            || inner.contains("*const Value")
            || words(&inner).any(|w| w == "Slot");
        if place && only(&["Value", "Slot"]) {
            return Threats::of(&[Threat::Moves, Threat::Runs]);
        }
        if inner.contains("FILE") && only(&["FILE"]) {
            return Threats::of(&[Threat::Runs]);
        }
        Threats::of(&[Threat::Frees, Threat::Runs])
    }

    fn is_watched_word(&self, word: &str) -> bool {
        POINTERS.contains(&word) || OBJECTS.contains(&word) || self.holders.contains(word)
    }
}

/// Whether the type has a pointer to `object` in it.
fn points_to(ty: &str, object: &str) -> bool {
    ty.match_indices(object).any(|(at, _)| {
        let (before, after) = (&ty[..at], &ty[at + object.len()..]);
        let before = before.trim_end_matches("mut ").trim_end_matches("const ").trim_end_matches("'static ");
        before.ends_with(['&', '*']) && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

/// Name and body of the structure that the text begins with.
fn definition(text: &str, types_in: fn(&str) -> String, fields: &mut BTreeMap<String, String>) {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        return;
    }
    let rest = &text[name.len()..];
    let rest = match rest.strip_prefix('<') {
        Some(generic) => generic.split_once('>').map_or(rest, |(_, after)| after),
        None => rest,
    };
    let body = match rest.trim_start().chars().next() {
        Some('{') => rest.split_once('{').map(|(_, body)| body.split("\n}").next().unwrap_or(body)),
        Some('(') => rest.split_once('(').map(|(_, body)| body.split(");").next().unwrap_or(body)),
        _ => None,
    };
    if let Some(body) = body {
        let code: Vec<&str> = body
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("//") && !line.starts_with('#'))
            .collect();
        // Type parameters say nothing here; each use names its own types.
        fields.entry(name).or_default().push_str(&plain(&types_in(&code.join(" "))));
    }
}

/// What is inside of brackets.
fn payloads(text: &str) -> String {
    let mut depth = 0;
    text.chars()
        .filter(|c| {
            match c {
                '(' | '{' => depth += 1,
                ')' | '}' => depth -= 1,
                _ => {}
            }
            depth > 0
        })
        .collect()
}

pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// A type without the modules in front of names: `object::header::Gc<object::table::Table>` is `Gc<Table>`. The place
/// in the source that names a closure stays.
pub fn plain(ty: &str) -> String {
    let mut out = String::with_capacity(ty.len());
    let mut word_at = 0;
    let mut chars = ty.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if c == '\'' && out.ends_with('&') {
            // A reference's lifetime.
            while chars.next_if(|(_, c)| *c != ' ').is_some() {}
            chars.next();
            continue;
        }
        if c == ':' && ty[i + 1..].starts_with(':') {
            let lower = out[word_at..].starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
            if lower && !out[word_at..].contains('@') {
                out.truncate(word_at);
                chars.next();
                continue;
            }
        }
        out.push(c);
        if !c.is_alphanumeric() && c != '_' && c != '@' && c != '/' && c != '.' {
            word_at = out.len();
        }
    }
    out
}

/// The last segment of a path, without its type arguments.
pub fn last_segment(path: &str) -> &str {
    let mut path = path;
    while path.ends_with('>') {
        // The arguments go with the colons before them.
        let mut depth = 0;
        let bytes = path.as_bytes();
        let mut start = None;
        for i in (0..bytes.len()).rev() {
            match bytes[i] {
                b'>' if i > 0 && bytes[i - 1] == b'-' => {}
                b'>' => depth += 1,
                b'<' => {
                    depth -= 1;
                    if depth == 0 {
                        start = Some(i);
                        break;
                    }
                }
                _ => {}
            }
        }
        match start.and_then(|start| path[..start].strip_suffix("::")) {
            Some(rest) => path = rest,
            None => return path,
        }
    }
    path.rsplit("::").next().unwrap_or(path)
}
