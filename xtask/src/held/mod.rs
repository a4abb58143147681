//! `cargo run -p xtask -- held [--findings | --reach]`: checks what Rust locals hold over calls that may collect.
//!
//! The rule, its reasons and what it cannot see are in `docs/adr/` ("What may be held"). The checker takes the
//! compiler's MIR of the library, finds every local that holds a pointer into memory of the state over a call that may
//! free, move or change it, and compares that with `src/held.txt`, which says for each why it is safe. What is not on
//! the list is an error, and so is a line of the list that nothing needs any more. Before that it has to find the
//! planted faults in `fixture.rs`.

mod error;
mod flow;
mod list;
mod mir;
mod names;
mod types;

use crate::error::{self as files, Result};
use crate::root;
pub use error::Error;
use flow::{Finding, Known};
use list::List;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use types::Types;

/// What the checker cannot see by itself. Functions are named by the ends of their paths.
const KNOWN: Known = Known {
    frees: &["gc::cycle::single"],
    moves: &["object::stack::reallocate"],
    runs: &["boundary::arch::call"],
    same: &[
        "Gc<T>::from_ptr",
        "Gc<T>::as_ptr",
        "Gc<T>::erase",
        "Gc<T>::header",
        "GcRef::cast",
        "<Gc as Deref>::deref",
        "<Gc as Clone>::clone",
        "Lua::of",
        "Lua::from_ptr",
        "<Lua as Deref>::deref",
        "Value::string",
        "Value::table",
        "Value::lua_closure",
        "Value::c_closure",
        "Value::userdata",
        "Value::thread",
        "Value::proto",
        "Value::boxed",
        "Value::payload",
        "Value::object",
        "Value::untag",
        "Value::header",
        "Value::as_string",
        "Value::as_table",
        "Value::table_unchecked",
        "Value::of_kind",
        "Value::as_lua_closure",
        "Value::as_c_closure",
        "Value::as_userdata",
        "Value::as_thread",
        "ValueAt::nowhere",
        "Str::data",
        "Str::bytes",
        "Userdata::data",
        "LuaClosure::upvals",
        "CClosure::upvalues",
        "Slot::from_ptr",
        "Slot::as_ptr",
        "Slot::above",
        "Slot::below",
        "Slot::offset",
        "Slot::above_bytes",
        "FrameRef::from_ptr",
        "FrameRef::as_ptr",
        "<FrameRef as Deref>::deref",
        "Interior<T>::new",
        "<Interior as Deref>::deref",
        "<Interior as Clone>::clone",
        "Bytes::part",
        "Bytes::c_part",
        "object::string::bytes_of",
        "object::chunkid::c_part",
        "stdlib::c_string",
        "vm::call::callee",
        "abi::thread",
        "abi::thread_or_null",
        "abi::text_or_null",
        "object::c_types::text",
    ],
    fixed: &[
        "object::value::type_name",
        "Lua::typename",
        "Interior<T>::fixed",
        "<Interior as Default>::default",
        "Value::builtin",
        "Value::as_builtin",
        "Value::number",
        "Value::boolean",
        "Value::light_c",
    ],
};

/// The known part and the list for the fixture.
const FIXTURE_KNOWN: Known = Known {
    frees: &["collect"],
    moves: &["move_stack"],
    runs: &["foreign"],
    same: &["Value::as_string", "Str::bytes", "<Gc as Deref>::deref"],
    fixed: &["type_name"],
};

struct Program {
    functions: Vec<mir::Function>,
    names: names::Names,
    types: Types,
}

impl Program {
    fn new(mir: &str, sources: &BTreeMap<String, String>) -> Result<Program> {
        let types = Types::read(sources);
        let mut functions = mir::parse(mir, &types)?;
        let titles = names::titles(&functions, sources)?;
        for (function, title) in functions.iter_mut().zip(titles) {
            function.title = title;
        }
        let names = names::Names::new(&functions, sources)?;
        Ok(Program { functions, names, types })
    }

    fn findings(&self, known: &Known, list: &List) -> Result<Vec<Finding>> {
        flow::findings(&self.functions, &self.names, &self.types, known, list)
    }
}

/// Whether everything held is on the list and everything on the list is held.
pub fn run(args: &[&str]) -> Result<bool> {
    let root = root();
    self_test(root)?;
    let mut sources = BTreeMap::new();
    read_sources(root, &root.join("src"), &mut sources)?;
    let program = Program::new(&library_mir(root)?, &sources)?;
    let list = List::read(&files::read(&root.join("src/held.txt"))?)?;
    if args == ["--reach"] {
        for (title, threats) in
            flow::reaches(&program.functions, &program.names, &program.types, &KNOWN, &list)?
        {
            if !threats.is_empty() {
                println!("{threats}  {title}");
            }
        }
        return Ok(true);
    }
    let findings = program.findings(&KNOWN, &list)?;
    if args == ["--findings"] {
        findings.iter().for_each(|finding| println!("{finding}"));
        return Ok(true);
    }
    let (covered, problems) = list.compare(&findings);
    problems.iter().for_each(|problem| println!("{problem}"));
    println!("{covered} passed, {} failed", problems.len());
    Ok(problems.is_empty())
}

/// The MIR of the library, without optimizations, so that nothing is inlined and every call is there.
fn library_mir(root: &Path) -> Result<String> {
    let target = root.join("target/held");
    let out = target.join("lua52.mir");
    if !out.exists() && target.exists() {
        // Cargo would find everything fresh.
        fs::remove_dir_all(&target).map_err(files::of(&target))?;
    }
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let status = Command::new(cargo)
        .current_dir(root)
        // Native code, too, where there is any.
        .args(["rustc", "--quiet", "-p", "liblua-rs", "--lib", "--features", "jit"])
        .args(["--target-dir", "target/held", "--"])
        .arg(format!("--emit=mir={}", out.display()))
        .args(["-Copt-level=0", "-Cdebug-assertions=no", "-Coverflow-checks=no", "-Cdebuginfo=0"])
        .env_remove("RUSTFLAGS")
        .status()
        .map_err(files::of(Path::new("cargo")))?;
    if !status.success() {
        return Err(Error::Compiler("the library").into());
    }
    files::read(&out)
}

/// Finds the faults planted in `fixture.rs`, and nothing else there.
fn self_test(root: &Path) -> Result<()> {
    let file = "xtask/src/held/fixture.rs";
    let out = root.join("target/held-fixture.mir");
    fs::create_dir_all(root.join("target")).map_err(files::of(&out))?;
    let status = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
        .current_dir(root)
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--crate-name=fixture",
            "-Cpanic=abort",
            "-Copt-level=0",
            file,
        ])
        .arg(format!("--emit=mir={}", out.display()))
        .status()
        .map_err(files::of(Path::new("rustc")))?;
    if !status.success() {
        return Err(Error::Compiler("the fixture").into());
    }
    let text = files::read(&root.join(file))?;
    let mut expected: Vec<String> =
        text.lines().filter_map(|line| line.trim().strip_prefix("// held: ")).map(str::to_owned).collect();
    expected.sort();
    let sources = BTreeMap::from([(file.to_owned(), text)]);
    let list = List::read(
        "quiet  held::fixture::allocate  a test\nlimit  held::fixture::emergency  frees  a test\n",
    )?;
    let program = Program::new(&files::read(&out)?, &sources)?;
    let mut found: Vec<String> = program
        .findings(&FIXTURE_KNOWN, &list)?
        .iter()
        .map(|finding| {
            format!("{} {}", finding.function.rsplit("::").next().unwrap_or_default(), finding.variable)
        })
        .collect();
    found.sort();
    if found != expected {
        return Err(Error::Fixture { found, planted: expected }.into());
    }
    Ok(())
}

fn read_sources(root: &Path, dir: &Path, sources: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(files::of(dir))? {
        let path = entry.map_err(files::of(dir))?.path();
        if path.is_dir() {
            read_sources(root, &path, sources)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            sources.insert(name, files::read(&path)?);
        }
    }
    Ok(())
}
