//! Compiles Lua sources and compares the binary chunks, byte for byte, with those of the reference compiler.
//!
//! The reference is the program `luac5.2` (or `$LUAC`); without it there is nothing to compare with and the test says
//! so. `BYTECODE_CORPUS` names more directories to search for `.lua` files.

use lua52::abi::lua_State;
use lua52::api::{Lua, load_closure, state};
use lua52::chunk::{self, Input};
use lua52::object::{Gc, Proto, SlotOffset};
use lua52::vm::call::protected;
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::process::Command;

unsafe extern "C" fn alloc(_ud: *mut c_void, p: *mut c_void, _osize: usize, nsize: usize) -> *mut c_void {
    // SAFETY: `p` is null or came from here.
    unsafe {
        if nsize == 0 {
            libc::free(p);
            std::ptr::null_mut()
        } else {
            libc::realloc(p, nsize)
        }
    }
}

/// Loads `text`, source or binary, in protected mode: the prototype, or the message.
fn compile(l: Lua, text: &[u8], name: &[u8], piece: Option<usize>) -> Result<Gc<Proto>, String> {
    let mut closure = None;
    let mut pieces = Pieces { text: text.to_vec(), at: 0, size: piece.unwrap_or(0), piece: Vec::new() };
    let top = l.save_slot(l.top.get());
    let body = || {
        // SAFETY: `text` and `pieces` outlive the call.
        let mut input = unsafe {
            match piece {
                None => Input::from_bytes(text),
                Some(_) => Input::from_reader(next_piece, (&raw mut pieces).cast()),
            }
        };
        closure = Some(load_closure(l, &mut input, name, None)?);
        Ok(())
    };
    let status =
        protected::run_protected(*l, body, top, SlotOffset::NONE).expect("nothing foreign is called");
    match closure {
        Some(cl) if status == 0 => Ok(cl.proto),
        _ => Err(l
            .from_top(1)
            .as_string()
            .map_or("not a string".into(), |s| String::from_utf8_lossy(s.bytes()).into_owned())),
    }
}

fn dump(p: Gc<Proto>, strip: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let write = |piece: &[u8]| {
        bytes.extend_from_slice(piece);
        Ok(0)
    };
    chunk::dump_to(write, p, strip).expect("writing does not fail");
    bytes
}

fn count_functions(p: Gc<Proto>) -> usize {
    1 + p.protos.cells().iter().map(|inner| count_functions(inner.get())).sum::<usize>()
}

fn collect(dir: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(dir).map(|d| d.flatten().map(|e| e.path()).collect()).unwrap_or_default();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, extension, files);
        } else if path.extension().is_some_and(|e| e == extension) {
            files.push(path);
        }
    }
}

fn reference(luac: &str, args: &[&str], file: &Path) -> Result<Vec<u8>, String> {
    let out = Command::new(luac).args(args).args(["-o", "-", "--"]).arg(file).output().expect("luac runs");
    if out.status.success() {
        Ok(out.stdout)
    } else {
        Err(String::from_utf8_lossy(&out.stderr).trim().into())
    }
}

/// A chunk for a reader that gives it in pieces of `size` bytes.
struct Pieces {
    text: Vec<u8>,
    at: usize,
    size: usize,
    /// The last piece given: a copy, so that a use after the next call shows.
    piece: Vec<u8>,
}

unsafe extern "C-unwind" fn next_piece(_: *mut lua_State, data: *mut c_void, size: *mut usize) -> *const u8 {
    // SAFETY: `data` is the `Pieces` that the input was made with; `size` is the library's.
    unsafe {
        let p = &mut *data.cast::<Pieces>();
        p.piece.fill(b'?');
        let end = p.text.len().min(p.at + p.size);
        p.piece = p.text[p.at..end].to_vec();
        p.at = end;
        *size = p.piece.len();
        p.piece.as_ptr()
    }
}

struct Report {
    luac: String,
    functions: usize,
    rejected: usize,
    different: Vec<String>,
}

impl Report {
    fn new() -> Report {
        let luac = std::env::var("LUAC").unwrap_or("luac5.2".into());
        let there = Command::new(&luac).arg("-v").output().is_ok();
        assert!(there, "no {luac} to compare with: tools/needs test installs it, LUAC names another");
        Report { luac, functions: 0, rejected: 0, different: Vec::new() }
    }

    /// Compares what both compilers make of `text`, the content of `file`, read in pieces of `piece` bytes.
    fn compare(&mut self, file: &Path, text: &[u8], piece: Option<usize>) {
        // SAFETY: `alloc` is an allocator as the manual describes.
        let l = unsafe { state::new_state(alloc, std::ptr::null_mut()) }.expect("a state");
        // `luac` compiles inside a C function called by the host: one level of nesting is taken.
        l.native_depth.set(1);
        // What `luaL_loadfile` does with a first line for the shell: the line stays, empty.
        let start = if text.first() == Some(&b'#') {
            text.iter().position(|&b| b == b'\n').unwrap_or(text.len())
        } else {
            0
        };
        let name = [b"@", file.as_os_str().as_encoded_bytes()].concat();
        let ours = compile(l, &text[start..], &name, piece);
        match (ours, reference(&self.luac, &[], file)) {
            (Ok(p), Ok(expected)) => {
                for (strip, expected) in
                    [(false, expected), (true, reference(&self.luac, &["-s"], file).unwrap())]
                {
                    let bytes = dump(p, strip);
                    if bytes != expected {
                        self.different.push(format!("{}: code differs", file.display()));
                    }
                    // The verifier accepts it, and nothing is lost.
                    match compile(l, &bytes, &name, piece) {
                        Ok(loaded) if dump(loaded, strip) == bytes => {}
                        Ok(_) => self.different.push(format!("{}: changed by loading", file.display())),
                        Err(message) => self.different.push(format!("{}: {message}", file.display())),
                    }
                }
                self.functions += count_functions(p);
            }
            (Err(message), Err(expected)) => {
                let expected = expected.split_once(": ").map_or("", |(_, message)| message);
                if expected != message {
                    self.different.push(format!("{}: {message:?} instead of {expected:?}", file.display()));
                }
                self.rejected += 1;
            }
            (ours, theirs) => self.different.push(format!(
                "{}: ours {:?}, reference {:?}",
                file.display(),
                ours.err(),
                theirs.err()
            )),
        }
        state::close_state(*l);
    }

    fn finish(self, what: &str) {
        eprintln!("{what}: {} functions compared, {} chunks rejected by both", self.functions, self.rejected);
        let n = self.different.len();
        assert!(n == 0, "{n} differences:\n{}", self.different.join("\n"));
    }
}

fn corpus(extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus")), extension, &mut files);
    assert!(!files.is_empty(), "no corpus");
    files
}

#[test]
fn same_as_the_reference_compiler() {
    let mut report = Report::new();
    let mut files = corpus("lua");
    for dir in std::env::var("BYTECODE_CORPUS").unwrap_or_default().split(':').filter(|d| !d.is_empty()) {
        collect(Path::new(dir), "lua", &mut files);
    }
    for file in &files {
        report.compare(file, &std::fs::read(file).expect("readable"), None);
    }
    report.finish(&format!("{} files", files.len()));
}

#[test]
fn same_from_pieces() {
    let mut report = Report::new();
    for file in corpus("lua") {
        let text = std::fs::read(&file).expect("readable");
        for size in [1, 2, 7, 100] {
            report.compare(&file, &text, Some(size));
        }
    }
    report.finish("in pieces");
}

/// Snippets with errors, one file for the reference compiler each.
#[test]
fn same_messages() {
    let mut report = Report::new();
    let dir = std::env::temp_dir().join(format!("lua52-bytecode-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for file in corpus("txt") {
        let text = std::fs::read_to_string(&file).expect("readable");
        for (i, snippet) in text.strip_suffix('\n').unwrap_or(&text).split("\n===\n").enumerate() {
            let path = dir.join(format!("{}-{}", file.file_stem().unwrap().to_str().unwrap(), i + 1));
            std::fs::write(&path, snippet).unwrap();
            report.compare(&path, snippet.as_bytes(), None);
            report.compare(&path, snippet.as_bytes(), Some(1));
        }
    }
    report.finish("snippets");
    std::fs::remove_dir_all(&dir).unwrap();
}

/// An allocator that refuses from some request on, and counts the bytes it has given.
struct Budget {
    requests_left: usize,
    bytes: usize,
}

unsafe extern "C" fn limited_alloc(
    ud: *mut c_void,
    p: *mut c_void,
    osize: usize,
    nsize: usize,
) -> *mut c_void {
    // SAFETY: `ud` is the test's `Budget`; `p` is null or came from `alloc`.
    unsafe {
        let b = &mut *ud.cast::<Budget>();
        let osize = if p.is_null() { 0 } else { osize };
        if nsize > osize {
            if b.requests_left == 0 {
                return std::ptr::null_mut();
            }
            b.requests_left -= 1;
        }
        b.bytes = b.bytes - osize + nsize;
        alloc(ud, p, osize, nsize)
    }
}

/// Loading with less and less memory: an error each time, and nothing is left behind.
#[test]
fn memory_runs_out() {
    for file in corpus("lua") {
        let text = std::fs::read(&file).expect("readable");
        // SAFETY: `alloc` is an allocator as the manual describes.
        let l = unsafe { state::new_state(alloc, std::ptr::null_mut()) }.expect("a state");
        let binary = dump(compile(l, &text, b"=x", None).expect("compiles"), false);
        state::close_state(*l);
        for chunk in [&text, &binary] {
            let (mut n, mut refused) = (0, 0);
            loop {
                let mut budget = Budget { requests_left: usize::MAX, bytes: 0 };
                let ud = (&raw mut budget).cast();
                // SAFETY: `budget` lives longer than the state.
                let l = unsafe { state::new_state(limited_alloc, ud) }.expect("a state");
                // SAFETY: the state's allocator is not running.
                unsafe { (*ud.cast::<Budget>()).requests_left = n };
                let result = compile(l, chunk, b"=x", Some(100));
                // SAFETY: the state's allocator is not running.
                unsafe { (*ud.cast::<Budget>()).requests_left = usize::MAX };
                state::close_state(*l);
                assert_eq!(budget.bytes, 0, "{}: {n} requests granted", file.display());
                match result {
                    Ok(_) => break,
                    Err(message) => assert_eq!(message, "not enough memory"),
                }
                refused += 1;
                // The large file makes very many requests.
                n += 1 + n / 100;
            }
            assert!(refused > 10);
        }
    }
}

/// A name, sizes around a limit, and what makes a text of some size.
type AtLimit = (&'static str, std::ops::RangeInclusive<usize>, fn(usize) -> String);

fn repeat(n: usize, mut piece: impl FnMut(usize) -> String) -> String {
    (0..n).map(&mut piece).collect()
}

/// Texts of sizes around every limit of the compiler.
fn texts_at_limits() -> Vec<AtLimit> {
    fn names(n: usize) -> String {
        repeat(n, |i| format!("{}a{i}", if i > 0 { "," } else { "" }))
    }
    fn list(n: usize) -> String {
        repeat(n, |i| format!("{}{i}", if i > 0 { "," } else { "" }))
    }
    vec![
        // Local variables and registers.
        ("locals", 199..=201, |n| repeat(n, |i| format!("local a{i}\n"))),
        ("locals at once", 199..=201, |n| format!("local {}", names(n))),
        ("locals and a loop", 195..=201, |n| format!("local {} for i = 1, 2 do end", names(n))),
        ("locals and an iteration", 194..=201, |n| format!("local {} for k, v in x do end", names(n))),
        ("parameters", 199..=201, |n| format!("return function({}) end", names(n))),
        ("self and parameters", 198..=201, |n| format!("function t:m({}) end", names(n))),
        ("local variables in all", 32766..=32769, |n| repeat(n, |i| format!("do local a{i} end\n"))),
        ("arguments", 245..=256, |n| format!("f({})", list(n))),
        ("arguments after locals", 46..=52, |n| format!("local {} f({})", names(200), list(n))),
        ("values", 245..=256, |n| format!("local x = f({})", list(n))),
        ("returned values", 245..=256, |n| format!("return {}", list(n))),
        ("more values than variables", 245..=256, |n| format!("a = {}", list(n))),
        ("operands of a concatenation", 195..=204, |n| {
            format!("return {}", repeat(n, |i| format!("{}x", if i > 0 { ".." } else { "" })))
        }),
        ("items", 48..=52, |n| format!("return {{{}}}", list(n))),
        ("nested calls", 195..=204, |n| format!("return {}1{}", "f(".repeat(n), ")".repeat(n))),
        ("nested calls with more arguments", 80..=90, |n| {
            format!("return {}1{}", "f(1, 2, ".repeat(n), ")".repeat(n))
        }),
        // Upvalues.
        ("upvalues", 254..=257, |n| {
            let (a, b) = (n.min(150), n.saturating_sub(150));
            format!(
                "{}\nlocal function outer()\n{}\nreturn function()\n{}{}\nend end",
                repeat(a, |i| format!("local u{i}\n")),
                repeat(b, |i| format!("local v{i}\n")),
                repeat(a, |i| format!("u{i}=1\n")),
                repeat(b, |i| format!("v{i}=1\n"))
            )
        }),
        // Levels of syntax.
        ("parentheses", 195..=203, |n| format!("return {}1{}", "(".repeat(n), ")".repeat(n))),
        ("minus signs", 195..=203, |n| format!("return {}x", "- ".repeat(n))),
        ("negations", 195..=203, |n| format!("return {}x", "not ".repeat(n))),
        ("powers", 195..=203, |n| format!("return {}x", "x^".repeat(n))),
        ("sums", 195..=203, |n| format!("return {}x", "x+".repeat(n))),
        ("tables", 195..=203, |n| format!("return {}{}", "{".repeat(n), "}".repeat(n))),
        ("indices", 195..=203, |n| format!("return {}1{}", "t[".repeat(n), "]".repeat(n))),
        ("blocks", 195..=203, |n| format!("{}{}", "do ".repeat(n), "end ".repeat(n))),
        ("conditions", 195..=203, |n| format!("{}{}", "if x then ".repeat(n), "end ".repeat(n))),
        ("alternatives", 195..=203, |n| format!("if x then {} end", "elseif y then ".repeat(n))),
        ("loops", 195..=203, |n| format!("{}{}", "while x do ".repeat(n), "end ".repeat(n))),
        ("numeric loops", 48..=52, |n| format!("{}{}", "for i=1,2 do ".repeat(n), "end ".repeat(n))),
        ("repetitions", 195..=203, |n| format!("{}{}", "repeat ".repeat(n), "until x ".repeat(n))),
        ("functions", 97..=102, |n| format!("{}{}", "return function() ".repeat(n), "end ".repeat(n))),
        ("targets", 195..=203, |n| format!("{}a = 1", "a, ".repeat(n))),
        ("indexed targets", 122..=128, |n| format!("{}a = 1", "t[1], ".repeat(n))),
        // Jumps.
        ("a long loop", 131_064..=131_074, |n| format!("while x do {} end", nops(n))),
        ("a long condition", 131_066..=131_074, |n| format!("if x then {} end", nops(n))),
        ("a long numeric loop", 131_066..=131_074, |n| format!("for i = 1, 2 do {} end", nops(n))),
        ("a long repetition", 131_066..=131_074, |n| format!("repeat {} until x", nops(n))),
        ("a long jump", 131_066..=131_074, |n| format!("::a:: {} goto a", nops(n))),
        ("gotos", 32766..=32769, |n| format!("do {} end ::a::", "if x then goto a end\n".repeat(n))),
        ("labels in a row", 198..=202, |n| repeat(n, |i| format!("::a{i}::\n"))),
        // Constants and functions: more than an operand holds, more than an instruction holds.
        ("constants", 254..=258, |n| repeat(n, |i| format!("a = b + {i}\n"))),
        ("string constants", 254..=258, |n| repeat(n, |i| format!("t.k{i} = u.l{i}\n"))),
        ("very many constants", 262_143..=262_145, |n| repeat(n, |i| format!("a={i}.5\n"))),
        ("very many constants of all kinds", 90_000..=90_000, |n| {
            repeat(n, |i| format!("t.k{i}={i}.5 u[{i}.25]=nil;u[nil]=true\n"))
        }),
        ("very many items", 270_000..=270_000, |n| format!("return {{{}}}", list(n))),
        ("items before extended batches", 25_549..=25_552, |n| format!("return {{{}, f()}}", list(n))),
        ("fields", 1000..=1001, |n| format!("return {{{}}}", repeat(n, |i| format!("k{i} = {i}, ")))),
        ("very many functions", 262_143..=262_145, |n| "f=function()end\n".repeat(n)),
    ]
}

/// Statements of one instruction each.
fn nops(n: usize) -> String {
    "local a ".repeat(n.min(1)) + &"a=1 ".repeat(n.saturating_sub(1))
}

/// The same code, or the same message, at every limit of the compiler.
#[test]
fn same_at_limits() {
    let mut report = Report::new();
    let dir = std::env::temp_dir().join(format!("lua52-limits-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for (name, around, make) in texts_at_limits() {
        let (mut taken, before) = (0, report.rejected);
        for n in around {
            let text = make(n);
            let path = dir.join(format!("{}-{n}", name.replace(' ', "-")));
            std::fs::write(&path, &text).unwrap();
            report.compare(&path, text.as_bytes(), None);
            std::fs::remove_file(&path).unwrap();
            taken += 1;
        }
        if std::env::var("LIMITS_VERBOSE").is_ok() {
            eprintln!("{name}: {} of {taken} rejected", report.rejected - before);
        }
    }
    std::fs::remove_dir_all(&dir).unwrap();
    report.finish("at limits");
}
