//! The layers of the library: who may refer to whom. `docs/adr/0011-layers.md` has the reasons.
//!
//! What is read are the paths in the sources: `use` lines and paths in code, from the crate's root, from the parent
//! module or from an imported name, through re-exports to the file that defines the name; and the names of macros. What
//! no path shows, a call of a method or an operator, is made visible by a rule: an `impl` is in the layer of its type
//! or of its trait. So a method of a higher layer is one of a type or a trait of that layer, and who calls it has to
//! name that. Within a room, a call of a method leads to the file that has it when only one function has its name, and
//! an `impl` of a trait for a type, both of other files, is on a list. Modules for tests are not read: they may use the
//! whole library.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The rooms of `src/`, from the lowest to the highest. A file may refer to its own room and to those before it.
const ORDER: &[&str] = &[
    "sys", "consts", "boundary", "throw", "num", "messages", "code", "mem", "object", "gc", "vm", "jit",
    "chunk", "compiler", "api", "stdlib", "abi",
];

/// References upward that there have to be: from, to, why. None yet; there may be three.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Traits that a file declares so that a file above it in the same room, which has the `impl` for a type of another
/// file, can be called: trait, the file with the `impl`, why.
const INVERSIONS: &[(&str, &str, &str)] = &[
    ("RunLua", "vm/tier.rs", "a call runs a Lua function, which calls"),
    ("Raise", "vm/raise.rs", "an error at any place calls the message handler"),
];

/// Files that refer to each other in a circle are at most so many.
const LARGEST_CIRCLE: usize = 4;

/// Path from `src/` → text.
type Sources = BTreeMap<String, String>;

fn room(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

fn level(room: &str) -> Option<usize> {
    ORDER.iter().position(|r| *r == room)
}

/// The text without comments, literals and test modules, so that what is left are paths that mean something.
fn code(text: &str) -> String {
    let mut out = String::new();
    let b: Vec<char> = text.chars().collect();
    let mut i = 0;
    while i < b.len() {
        let two: String = b[i..b.len().min(i + 2)].iter().collect();
        if two == "//" {
            while i < b.len() && b[i] != '\n' {
                i += 1;
            }
        } else if b[i] == '"' {
            i += 1;
            while i < b.len() && b[i] != '"' {
                i += if b[i] == '\\' { 2 } else { 1 };
            }
            i += 1;
            out.push(' ');
        } else if b[i] == '\'' && b.get(i + 1) == Some(&'\\') {
            i += 3;
            while i < b.len() && b[i] != '\'' {
                i += 1;
            }
            i += 1;
        } else if b[i] == '\'' && b.get(i + 2) == Some(&'\'') {
            i += 3;
        } else {
            out.push(b[i]);
            i += 1;
        }
    }
    without_tests(&out)
}

/// The code without what is compiled for tests only.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|sign| rest.find(sign)).min() {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = item.find([';', '{']).unwrap_or(item.len());
        rest = match item[end..].starts_with('{') {
            true => &item[end + closing(&item[end..])..],
            false => &item[end..],
        };
    }
    out + rest
}

/// How many bytes there are up to the bracket that closes the first one, and with it.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (i, c) in text.char_indices() {
        match c {
            '{' | '<' | '(' => depth += 1,
            // Not that of an arrow.
            '>' if text[..i].ends_with('-') => {}
            '}' | '>' | ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i + c.len_utf8();
        }
    }
    text.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Paths of a `use` tree, each with the name that it gives.
fn tree(text: &str, prefix: &[String], out: &mut Vec<(Vec<String>, String)>) {
    let text = text.trim();
    let mut depth = 0;
    let mut start = 0;
    if !text.starts_with('{') && !text.contains('{') && !text.contains(',') {
        let (path, name) = match text.split_once(" as ") {
            Some((path, name)) => (path, Some(name.trim().to_owned())),
            None => (text, None),
        };
        let mut full = prefix.to_vec();
        full.extend(path.split("::").map(|s| s.trim().to_owned()).filter(|s| !s.is_empty() && s != "self"));
        let name = name.unwrap_or_else(|| full.last().cloned().unwrap_or_default());
        out.push((full, name));
        return;
    }
    if let Some(open) = text.find('{')
        && !text[..open].contains(',')
    {
        let mut full = prefix.to_vec();
        full.extend(text[..open].split("::").map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()));
        let end = text.rfind('}').unwrap_or(text.len());
        if text[end..].trim() == "}" || text[end..].trim().is_empty() {
            let inner = &text[open + 1..end];
            for (i, c) in inner.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        if !inner[start..i].trim().is_empty() {
                            tree(&inner[start..i], &full, out);
                        }
                        start = i + 1;
                    }
                    _ => {}
                }
            }
            if !inner[start..].trim().is_empty() {
                tree(&inner[start..], &full, out);
            }
        }
    }
}

/// What one file says.
struct File {
    /// The names its `use` lines give it, with their paths.
    imports: Vec<(Vec<String>, String)>,
    /// Paths in code.
    paths: Vec<Vec<String>>,
    impls: Vec<Impl>,
    /// Functions defined here, each as often as that is.
    functions: Vec<String>,
    /// Names of methods and of functions behind a path that are called here.
    calls: BTreeSet<String>,
    /// Types and traits defined here.
    types: BTreeSet<String>,
    /// Macros that are defined here for the whole library.
    macros: BTreeSet<String>,
    /// Macros that are called here.
    called: BTreeSet<String>,
}

struct Impl {
    /// The types and traits that it names: that it is of, and their arguments.
    names: BTreeSet<String>,
    /// Those of the trait and its arguments; none when it is of no trait.
    of_trait: BTreeSet<String>,
    functions: Vec<String>,
}

/// The functions that the text defines.
fn functions(text: &str) -> Vec<String> {
    let names = text.split("fn ").skip(1).map(|after| after.chars().take_while(|c| is_word(*c)).collect());
    names.filter(|name: &String| !name.is_empty()).collect()
}

/// What the head of an `impl` names, behind its parameters.
fn named(head: &str) -> BTreeSet<String> {
    let head = if head.starts_with('<') { &head[closing(head)..] } else { head };
    let head = head.split([';', '{']).next().unwrap().split(" where ").next().unwrap();
    let words = head.split(|c: char| !is_word(c));
    words.filter(|w| w.len() > 1 && *w != "for").map(str::to_owned).collect()
}

fn read(text: &str) -> File {
    let text = code(text);
    let mut file = File {
        imports: Vec::new(),
        paths: Vec::new(),
        impls: Vec::new(),
        types: BTreeSet::new(),
        macros: BTreeSet::new(),
        called: BTreeSet::new(),
        functions: functions(&text),
        calls: BTreeSet::new(),
    };
    let mut rest = String::new();
    let mut statements = text.as_str();
    while let Some(at) = statements.find("use ") {
        let before = &statements[..at];
        let is_statement = !before.ends_with(is_word);
        rest.push_str(before);
        let after = &statements[at + 4..];
        match after.find(';') {
            Some(end) if is_statement && !after[..end].contains(['(', '=']) => {
                tree(&after[..end], &[], &mut file.imports);
                statements = &after[end + 1..];
            }
            _ => {
                rest.push_str("use ");
                statements = after;
            }
        }
    }
    rest.push_str(statements);
    // Paths in code: words joined by `::`.
    let chars: Vec<char> = rest.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        if is_word(chars[i])
            && (i == 0 || !is_word(chars[i - 1]))
            && !(i >= 2 && chars[i - 1] == ':' && chars[i - 2] == ':')
        {
            let mut segments = Vec::new();
            loop {
                let start = i;
                while i < chars.len() && is_word(chars[i]) {
                    i += 1;
                }
                segments.push(chars[start..i].iter().collect::<String>());
                if i + 2 < chars.len() && chars[i] == ':' && chars[i + 1] == ':' && is_word(chars[i + 2]) {
                    i += 2;
                } else {
                    break;
                }
            }
            if segments.len() > 1 {
                file.paths.push(segments);
            }
        } else {
            i += 1;
        }
    }
    let mut exported = false;
    for line in rest.lines().map(str::trim) {
        for key in ["struct ", "enum ", "union ", "type ", "trait "] {
            if let Some((before, after)) = line.split_once(key)
                && (before.is_empty() || before.starts_with("pub") || before == "unsafe ")
            {
                file.types.insert(after.chars().take_while(|c| is_word(*c)).collect());
            }
        }
        if let Some(name) = line.strip_prefix("macro_rules! ")
            && std::mem::take(&mut exported)
        {
            file.macros.insert(name.chars().take_while(|c| is_word(*c)).collect());
        }
        exported |= line.starts_with("#[macro_export");
    }
    for (at, _) in rest
        .match_indices("impl")
        .filter(|(at, _)| rest[..*at].lines().last().unwrap_or("").trim().is_empty())
    {
        let head = &rest[at + "impl".len()..];
        if head.starts_with([' ', '<']) {
            // The end is the first bracket that closes at the start of a line.
            let body = head.split_once('{').map_or("", |(_, body)| body.split("\n}").next().unwrap());
            let of_trait = head.split('{').next().unwrap().split_once(" for ").map(|(of, _)| named(of));
            let of_trait = of_trait.unwrap_or_default();
            file.impls.push(Impl { names: named(head), of_trait, functions: functions(body) });
        }
    }
    for (at, _) in rest.match_indices('(') {
        let name: String = rest[..at].chars().rev().take_while(|c| is_word(*c)).collect();
        if rest[..at - name.len()].ends_with(['.', ':']) {
            file.calls.insert(name.chars().rev().collect());
        }
    }
    for (at, _) in rest.match_indices('!') {
        let name: String = rest[..at].chars().rev().take_while(|c| is_word(*c)).collect();
        file.called.insert(name.chars().rev().collect());
    }
    file
}

struct Crate {
    files: BTreeMap<String, File>,
}

impl Crate {
    fn new(sources: &Sources) -> Crate {
        Crate { files: sources.iter().map(|(path, text)| (path.clone(), read(text))).collect() }
    }

    /// The module that a file is.
    fn module(file: &str) -> Vec<String> {
        let path = file.strip_suffix("/mod.rs").or(file.strip_suffix(".rs")).unwrap_or(file);
        path.split('/').map(str::to_owned).collect()
    }

    fn file_of(&self, module: &[String]) -> Option<String> {
        let base = module.join("/");
        [format!("{base}.rs"), format!("{base}/mod.rs")].into_iter().find(|f| self.files.contains_key(f))
    }

    /// The path from the crate's root that a path in `file` stands for.
    fn absolute(&self, file: &str, path: &[String]) -> Option<Vec<String>> {
        let own = Crate::module(file);
        match path[0].as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([&own[..], &path[1..]].concat()),
            "super" => {
                let ups = path.iter().take_while(|s| *s == "super").count();
                Some([&own[..own.len().checked_sub(ups)?], &path[ups..]].concat())
            }
            name => {
                let child = [&own[..], &[name.to_owned()]].concat();
                if self.file_of(&child).is_some() {
                    return Some([&own[..], path].concat());
                }
                let (import, _) =
                    self.files[file].imports.iter().find(|(_, n)| n == name && name != "crate")?;
                if import[0] == *name {
                    return None;
                }
                let base = self.absolute(file, import)?;
                Some([&base[..], &path[1..]].concat())
            }
        }
    }

    /// The file that defines what a path from the root leads to.
    fn target(&self, path: &[String], depth: usize) -> Option<String> {
        let n = (1..=path.len()).rev().find(|n| self.file_of(&path[..*n]).is_some())?;
        let file = self.file_of(&path[..n])?;
        // A name that the file has from elsewhere.
        if let Some(name) = path.get(n)
            && depth < 8
            && !self.files[&file].types.contains(name)
            && let Some((import, _)) = self.files[&file].imports.iter().find(|(_, given)| given == name)
            && let Some(full) = self.absolute(&file, import)
            && full != path[..n + 1]
        {
            let full = [&full[..], &path[n + 1..]].concat();
            return self.target(&full, depth + 1).or(Some(file));
        }
        Some(file)
    }

    /// The files that each file refers to.
    fn references(&self) -> BTreeMap<&str, BTreeSet<String>> {
        let methods = self.methods();
        let mut all = BTreeMap::new();
        for (name, file) in &self.files {
            let mut to = BTreeSet::new();
            for path in file.imports.iter().map(|(p, _)| p).chain(&file.paths) {
                let path: Vec<String> = path.iter().filter(|s| *s != "*").cloned().collect();
                if path.is_empty() {
                    continue;
                }
                if let Some(full) = self.absolute(name, &path)
                    && let Some(target) = self.target(&full, 0)
                    && target != *name
                {
                    to.insert(target);
                }
            }
            // Those of one room do not count: a macro that each processor has makes a circle of files that never meet.
            let of_other =
                |f: &&String| room(f) != room(name) && !self.files[*f].macros.is_disjoint(&file.called);
            to.extend(self.files.keys().filter(of_other).cloned());
            for (method, of) in &methods {
                if of != name && room(of) == room(name) && file.calls.contains(*method) {
                    to.insert((*of).to_owned());
                }
            }
            all.insert(name.as_str(), to);
        }
        all
    }

    /// Whether a file defines one of the types and traits that an `impl` names.
    fn defines(&self, file: &str, of: &Impl) -> bool {
        !self.files[file].types.is_disjoint(&of.names)
    }

    /// Methods whose `impl` is in another file than its type, with that file, when no other function has their name.
    fn methods(&self) -> BTreeMap<&str, &str> {
        let mut times = BTreeMap::<&str, usize>::new();
        for name in self.files.values().flat_map(|file| &file.functions) {
            *times.entry(name).or_default() += 1;
        }
        let mut found = BTreeMap::new();
        for (path, file) in &self.files {
            for of in file.impls.iter().filter(|of| of.of_trait.is_empty() && !self.defines(path, of)) {
                let own = of.functions.iter().filter(|name| times[name.as_str()] == 1);
                found.extend(own.map(|name| (name.as_str(), path.as_str())));
            }
        }
        found
    }

    /// Implementations of this room's traits for types, both of other files, that are on no list; and what is on the
    /// list and is none.
    fn inversions(&self) -> Vec<String> {
        let mut listed: BTreeSet<_> = INVERSIONS.iter().map(|(of, file, _)| (*of, *file)).collect();
        let mut found = Vec::new();
        for (path, file) in &self.files {
            let own_room = |of: &&Impl| of.of_trait.iter().any(|n| self.room_of(path, n) == Some(room(path)));
            for of in file.impls.iter().filter(|of| !self.defines(path, of)).filter(own_room) {
                let entry =
                    listed.iter().find(|(name, file)| file == path && of.of_trait.contains(*name)).copied();
                if entry.is_none_or(|entry| !listed.remove(&entry)) {
                    found.push(format!("{path} has an impl of {:?}, all of other files", of.names));
                }
            }
        }
        found.extend(listed.iter().map(|(name, file)| format!("{file} has no impl of {name}")));
        found
    }

    /// References to a higher layer.
    fn upward(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (from, targets) in self.references() {
            let Some(own) = level(room(from)) else {
                found.push(format!("{from}: the room {} has no place in the order", room(from)));
                continue;
            };
            for to in targets {
                let excepted = EXCEPTIONS.iter().any(|(a, b, _)| *a == from && *b == to);
                match level(room(&to)) {
                    Some(other) if other <= own => {}
                    _ if excepted => {}
                    _ => found.push(format!("{from} refers to {to}, which is above it")),
                }
            }
        }
        found
    }

    /// The room that has what a file knows by a name; `None` if the library does not define it.
    fn room_of<'a>(&'a self, file: &'a str, name: &str) -> Option<&'a str> {
        if self.files[file].types.contains(name) {
            return Some(room(file));
        }
        let import = self.files[file].imports.iter().find(|(_, given)| given == name);
        if let Some((path, _)) = import {
            let target = self.target(&self.absolute(file, path)?, 0)?;
            return self.files.get_key_value(&target).map(|(file, _)| room(file));
        }
        let defines = |f: &&String| self.files[*f].types.contains(name);
        let mut rooms = self.files.keys().filter(defines).map(|f| room(f));
        let first = rooms.next();
        rooms.find(|r| *r == room(file)).or(first)
    }

    /// What a layer gives to types of others by traits of others or by none: who uses that names nothing of this layer.
    fn hidden(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (file, text) in &self.files {
            for Impl { names, .. } in &text.impls {
                let rooms: BTreeSet<&str> =
                    names.iter().filter_map(|name| self.room_of(file, name)).collect();
                if !rooms.is_empty() && !rooms.contains(room(file)) {
                    found.push(format!("{file} has an impl of {names:?}, which are all of other layers"));
                }
            }
        }
        found
    }

    /// Sets of files each of which leads to all others of its set.
    fn circles(&self) -> Vec<BTreeSet<String>> {
        let references = self.references();
        let reach = |from: &str| {
            let mut seen = BTreeSet::new();
            let mut todo = vec![from.to_owned()];
            while let Some(file) = todo.pop() {
                for to in &references[file.as_str()] {
                    if seen.insert(to.clone()) {
                        todo.push(to.clone());
                    }
                }
            }
            seen
        };
        let reached: BTreeMap<&str, BTreeSet<String>> = references.keys().map(|f| (*f, reach(f))).collect();
        let mut found: Vec<BTreeSet<String>> = Vec::new();
        for (file, set) in &reached {
            if found.iter().any(|c| c.contains(*file)) {
                continue;
            }
            let circle: BTreeSet<String> =
                set.iter().filter(|other| reached[other.as_str()].contains(*file)).cloned().collect();
            if circle.len() > 1 {
                found.push(circle);
            }
        }
        found
    }

    /// Circles that are too large: for each file of one, which others of it it refers to.
    fn large_circles(&self) -> Vec<String> {
        let references = self.references();
        let mut circles = self.circles();
        circles.retain(|circle| circle.len() > LARGEST_CIRCLE);
        let within = |circle: &BTreeSet<String>| {
            let line = |file: &String| format!("{file} -> {:?}", &references[file.as_str()] & circle);
            let lines: Vec<String> = circle.iter().map(line).collect();
            format!("a circle of {} files: {lines:#?}", circle.len())
        };
        circles.iter().map(within).collect()
    }
}

fn sources() -> Sources {
    fn walk(dir: &Path, prefix: &str, out: &mut Sources) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{prefix}{name}/"), out);
            } else if name.ends_with(".rs") && name != "lib.rs" && !name.ends_with("tests.rs") {
                out.insert(format!("{prefix}{name}"), std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let mut out = Sources::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut out);
    out
}

#[test]
fn nothing_refers_upward() {
    let found = Crate::new(&sources()).upward();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_room_has_its_place() {
    assert!(EXCEPTIONS.len() <= 3);
    let sources = sources();
    let rooms: BTreeSet<&str> = sources.keys().map(|file| room(file)).collect();
    assert_eq!(rooms, ORDER.iter().copied().collect());
}

#[test]
fn an_impl_belongs_to_the_layer_of_its_type_or_trait() {
    let found = Crate::new(&sources()).hidden();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_impl_of_what_other_files_define_is_listed() {
    let found = Crate::new(&sources()).inversions();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn circles_are_small() {
    let found = Crate::new(&sources()).large_circles();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The sources with one line more in a file.
fn with(file: &str, line: &str) -> Crate {
    let mut sources = sources();
    let text = sources.get_mut(file).unwrap_or_else(|| panic!("{file} does not exist"));
    text.push_str(line);
    Crate::new(&sources)
}

#[test]
fn an_upward_line_is_found() {
    let upward = |file, line| with(file, line).upward().iter().any(|f| f.starts_with(file));
    assert!(upward("mem/mod.rs", "\nuse crate::vm::call;\n"));
    assert!(upward("mem/array.rs", "\nuse crate::{consts, object::Gc};\n"));
    assert!(upward("object/table.rs", "\nfn f() { crate::gc::barrier() }\n"));
    assert!(upward("object/table.rs", "\nuse super::super::vm;\n"));
    assert!(upward("gc/mod.rs", "\nuse crate::vm::error::OrThrow as _;\n"));
    assert!(upward("chunk/undump.rs", "\npub(crate) use crate::compiler::{self, Tok};\n"));
    assert!(!upward("vm/meta.rs", "\nuse crate::object::Table as T;\n// use crate::api::Lua;\n"));
    assert!(!upward("vm/meta.rs", "\n#[cfg(test)]\nmod tests {\n    use crate::api::Lua;\n}\n"));
    let after_tests = "\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}\nfn g(_: crate::api::Lua) {}\n";
    assert!(upward("vm/meta.rs", after_tests));
}

#[test]
fn a_macro_of_a_higher_layer_is_found() {
    let sources = |from: &str| {
        let defined = "#[macro_export]\n#[doc(hidden)]\nmacro_rules! high {\n    () => {};\n}\n";
        let called = "fn f() {\n    high!()\n}\n";
        Crate::new(
            &[("vm/mod.rs", defined), (from, called)].map(|(f, t)| (f.to_owned(), t.to_owned())).into(),
        )
    };
    assert_eq!(sources("gc/mod.rs").upward().len(), 1);
    assert!(sources("api/mod.rs").upward().is_empty());
}

/// A call that no path shows: for a lower layer to call a method of the API on what it has, one of these is needed.
#[test]
fn a_hidden_method_is_found() {
    let hidden = |file: &str, lines| with(file, lines).hidden().iter().any(|f| f.starts_with(file));
    assert!(hidden("vm/meta.rs", "\nimpl Table {\n    fn f(&self) {}\n}\n"));
    assert!(hidden("api/get.rs", "\nimpl Gc<Table> {\n    fn f(&self) {}\n}\n"));
    assert!(hidden("api/get.rs", "\nimpl<T: Copy> From<Gc<T>> for Value {\n    fn from(_: Gc<T>) {}\n}\n"));
    assert!(hidden("vm/meta.rs", "\nimpl core::ops::Add for Value {\n    type Output = Value;\n}\n"));
    assert!(hidden("gc/mod.rs", "\nimpl crate::mem::Owner for Global {\n}\n"));
    assert!(!hidden("vm/meta.rs", "\ntrait Own {}\nimpl Own for Gc<Table> {}\n"));
    assert!(!hidden("vm/meta.rs", "\nstruct Own;\nimpl From<Value> for Own {}\n"));
}

#[test]
fn an_inversion_is_found() {
    let inversions = |file: &str, lines| with(file, lines).inversions().iter().any(|f| f.starts_with(file));
    assert!(inversions("vm/debug/names.rs", "\nimpl crate::vm::call::RunLua for Gc<Proto> {\n}\n"));
    assert!(inversions("object/table.rs", "\nimpl From<Gc<Str>> for Value {\n}\n"));
    assert!(!inversions("object/table.rs", "\nimpl From<Gc<Table>> for Value {\n}\n"));
    assert!(!inversions("vm/meta.rs", "\ntrait Own {}\nimpl Own for Gc<Table> {}\n"));
}

/// A file below that calls a method which a file above gives to a type.
#[test]
fn a_call_of_a_method_closes_a_circle() {
    let circle = |method: &str| {
        let mut sources = sources();
        let text = sources.get_mut("object/value.rs").unwrap();
        text.push_str(&format!("\nfn f(v: Value) {{ v.{method}(); }}\n"));
        !Crate::new(&sources).large_circles().is_empty()
    };
    assert!(circle("table_unchecked"));
    assert!(!circle("is_collectable"));
}

#[test]
fn a_large_circle_is_found() {
    let chain = |n: usize| {
        let file = |i| (format!("gc/f{i}.rs"), format!("use super::f{}::X;\n", (i + 1) % n));
        Crate::new(&(0..n).map(file).collect())
    };
    assert!(chain(LARGEST_CIRCLE).large_circles().is_empty());
    assert_eq!(chain(LARGEST_CIRCLE + 1).large_circles().len(), 1);
}
