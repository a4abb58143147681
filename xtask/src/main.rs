//! `cargo run -p xtask -- headers [--check]`: writes `include/`, the lists of names in `src/abi/`, the programs' view
//! of the API and the lists for `tests/layout.rs` (or says what is stale there).
//!
//! The functions of a header come from the lists in `src/abi/` (`exports.rs`); the values of constants come from
//! `src/consts.rs`; types, macros and comments from `xtask/templates/`. In a template
//!
//! * `@const A B@` becomes a `#define` for each name,
//! * `@function F@` becomes the declaration of F,
//! * `@functions@` becomes the declarations of all the functions not named so, in the order of the source.
//!
//! `cargo run -p xtask -- exports`: prints the exported functions with their documentation.
//!
//! `cargo run -p xtask -- test`: runs the suites of tests (`test/mod.rs`).
//!
//! `cargo run -p xtask -- held`: checks what Rust locals hold over calls that may collect (`held/mod.rs`).

use error::{Error, Result, read};
use exports::Export;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

mod bindings;
mod error;
mod exports;
mod held;
mod test;

const HEADERS: [&str; 6] = ["luaconf.h", "lua.h", "lauxlib.h", "lualib.h", "lua.hpp", exports::EXTENSION];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["headers"] => headers(false),
        ["headers", "--check"] => headers(true),
        ["exports"] => print_exports(),
        ["test", ref options @ ..] => test::run(options, root()).map_err(Error::from),
        ["held", ref options @ ..] => held::run(options),
        _ => {
            eprintln!(
                "usage: xtask headers [--check] | exports | held [--findings | --reach] | \
                 test [--full] [--list] [--build DIR] [NAME...]"
            );
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything was, or is now, as it should be.
fn headers(check: bool) -> Result<bool> {
    let root = root();
    let exports = exports::read(root)?;
    let constants = Constants::read(&root.join("src/consts.rs"))?;
    let mut fresh = true;
    let mut update = |path: String, text: String| -> Result<()> {
        let target = root.join(&path);
        let same = fs::read_to_string(&target).is_ok_and(|old| old == text);
        if check && !same {
            eprintln!("{path} is stale: run `make headers`");
            fresh = false;
        } else if !same {
            fs::write(&target, text).map_err(error::of(&target))?;
        }
        Ok(())
    };
    for header in HEADERS {
        let template =
            Template { name: header, text: read(&root.join(format!("xtask/templates/{header}.in")))? };
        let functions: Vec<&Export> = exports.iter().filter(|export| export.header == header).collect();
        update(format!("include/{header}"), template.fill(&constants, &functions)?)?;
    }
    let [lua, extension] = exports::lists(&exports);
    update("src/abi/exports.txt".into(), lua)?;
    update("src/abi/extension.txt".into(), extension)?;
    // From the headers as they are now.
    let bindings = bindings::generate(
        root,
        &root.join("include"),
        &[&bindings::LUA[..], &[exports::EXTENSION]].concat(),
    )?;
    update("tests/generated/headers.rs".into(), bindings::lists(&bindings, &constants.names())?)?;
    update("programs/src/c_api.rs".into(), bindings)?;
    Ok(fresh)
}

/// Prints the exported functions: a line with the name, then the documentation, indented.
fn print_exports() -> Result<bool> {
    for export in exports::read(root())? {
        println!("{}", export.name);
        for line in &export.documentation {
            println!("    {line}");
        }
    }
    Ok(true)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// What a header is made from.
struct Template {
    name: &'static str,
    text: String,
}

impl Template {
    fn fill(&self, constants: &Constants, functions: &[&Export]) -> Result<String> {
        let lines = || self.text.lines();
        let named: Vec<&str> = lines().filter_map(|line| directive(line, "@function ")).collect();
        let mut out = String::new();
        for line in lines() {
            if let Some(names) = directive(line, "@const ") {
                for name in names.split_whitespace() {
                    let value = constants
                        .c_text(name)
                        .ok_or_else(|| Error::NoConstant { template: self.name.into(), name: name.into() })?;
                    out += &format!("#define {name} {value}\n");
                }
            } else if let Some(name) = directive(line, "@function ") {
                let function = functions
                    .iter()
                    .find(|f| f.name == name)
                    .ok_or_else(|| Error::NoFunction { template: self.name.into(), name: name.into() })?;
                out += &function.declaration;
            } else if line == "@functions@" {
                for function in functions {
                    if !named.contains(&function.name.as_str()) {
                        out += &function.declaration;
                        out.push('\n');
                    }
                }
            } else {
                out += line;
                out.push('\n');
            }
        }
        Ok(out)
    }
}

fn directive<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.strip_prefix(word)?.strip_suffix('@')
}

/// The items of `src/consts.rs`: name and expression.
struct Constants(Vec<(String, String)>);

impl Constants {
    fn read(path: &Path) -> Result<Constants> {
        let mut items = Vec::new();
        for line in read(path)?.lines() {
            let Some(rest) = line.strip_prefix("pub const ") else { continue };
            let Some((name, rest)) = rest.split_once(": ") else { continue };
            let Some((_, value)) = rest.split_once(" = ") else { continue };
            items.push((name.to_owned(), value.trim_end_matches(';').to_owned()));
        }
        Ok(Constants(items))
    }

    /// The value of `name` as C reads it. Expressions over literals and other items are the same in both languages.
    fn c_text(&self, name: &str) -> Option<String> {
        let value = &self.0.iter().find(|item| item.0 == name)?.1;
        if let Some(string) = value.strip_prefix('c').filter(|s| s.starts_with('"')) {
            return Some(string.to_owned());
        }
        let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        Some(if plain { value.clone() } else { format!("({value})") })
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|item| item.0.as_str()).collect()
    }
}
