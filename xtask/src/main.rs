//! `cargo run -p xtask -- headers [--check]`: writes `include/` (or says what is stale there).
//!
//! The functions of a header come from cbindgen, which reads the signatures in `src/abi/`; the values of constants
//! come from `src/consts.rs`; types, macros and comments from `xtask/templates/`. In a template
//!
//! * `@const A B@` becomes a `#define` for each name,
//! * `@function F@` becomes the declaration of F,
//! * `@functions@` becomes the declarations of all the functions not named so, in the order of the source.
//!
//! `cargo run -p xtask -- held`: checks what Rust locals hold over calls that may collect (`held/mod.rs`).

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

mod held;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Each header with the file of `src/abi/` that holds its functions and the macro that declares them.
const HEADERS: [(&str, Option<(&str, &str)>); 5] = [
    ("luaconf.h", None),
    ("lua.h", Some(("lua_h.rs", "LUA_API"))),
    ("lauxlib.h", Some(("lauxlib_h.rs", "LUALIB_API"))),
    ("lualib.h", Some(("lualib_h.rs", "LUAMOD_API"))),
    ("lua.hpp", None),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["headers"] => headers(false),
        ["headers", "--check"] => headers(true),
        ["held", ref options @ ..] => held::run(options),
        _ => {
            eprintln!("usage: xtask headers [--check] | held [--findings | --reach]");
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace")?;
    let exports = fs::read_to_string(root.join("src/abi/exports.txt"))?;
    let mut missing: BTreeSet<&str> = exports.lines().collect();
    missing.remove("lua_ident");
    let constants = Constants::read(&root.join("src/consts.rs"))?;
    let mut fresh = true;
    for (header, source) in HEADERS {
        let template = fs::read_to_string(root.join(format!("xtask/templates/{header}.in")))?;
        let functions = match source {
            Some((file, mark)) => declarations(root, file, mark)?,
            None => Vec::new(),
        };
        for (name, _) in &functions {
            if !missing.remove(name.as_str()) {
                return Err(format!("{name} is not in exports.txt, or declared twice").into());
            }
        }
        let text = fill(&template, &constants, &functions).map_err(|e| format!("{header}: {e}"))?;
        let target = root.join("include").join(header);
        let same = fs::read_to_string(&target).is_ok_and(|old| old == text);
        if check && !same {
            eprintln!("include/{header} is stale: run `make headers`");
            fresh = false;
        } else if !same {
            fs::write(&target, text)?;
        }
    }
    if !missing.is_empty() {
        return Err(format!("in exports.txt but not in src/abi: {missing:?}").into());
    }
    Ok(fresh)
}

/// The C declaration of each function in `src/abi/FILE`, with its name.
fn declarations(root: &Path, file: &str, mark: &str) -> Result<Vec<(String, String)>> {
    let source = root.join("src/abi").join(file);
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let mut text = Vec::new();
    cbindgen::Builder::new().with_config(config).with_src(&source).generate()?.write(&mut text);
    let text = String::from_utf8(text)?;
    let rust = fs::read_to_string(&source)?;
    let mut found = Vec::new();
    for item in text.split(");\n").map(str::trim).filter(|item| !item.is_empty()) {
        let (comment, code) = match item.rfind("*/") {
            Some(at) => (comment(&item[..at]), item[at + 2..].trim()),
            None => return Err(format!("no documentation: {item}").into()),
        };
        let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
        let open = code.find('(').ok_or_else(|| format!("not a function: {code}"))?;
        let start =
            code[..open].rfind(|c: char| !c.is_alphanumeric() && c != '_').ok_or("no result type")? + 1;
        let name = &code[start..open];
        // A naked function cannot be declared variadic in stable Rust; its stub says that it is.
        let body = rust.split(&format!("fn {name}(")).nth(1).ok_or("function not found")?;
        let body = body.split("\n}").next().unwrap_or(body);
        let tail = if body.contains("raising_variadic!") { ", ...);" } else { ");" };
        let arguments = &code[open + 1..];
        // The parentheses keep a function-like macro of the same name from taking the declaration apart.
        found
            .push((name.into(), format!("{comment}\n{mark} {}({name})({arguments}{tail}\n", &code[..start])));
    }
    Ok(found)
}

/// The first paragraph of cbindgen's comment, on one line where it fits.
fn comment(text: &str) -> String {
    let words = text.lines().skip(1).map(|line| line.trim().trim_start_matches('*').trim());
    let text = words.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ").replace('`', "");
    let mut lines = vec![String::from("/*")];
    for word in text.split(' ').chain(["*/"]) {
        let line = lines.last_mut().expect("never empty");
        if line.len() + 1 + word.len() > 110 {
            lines.push(format!("   {word}"));
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}

fn fill(template: &str, constants: &Constants, functions: &[(String, String)]) -> Result<String> {
    let named: Vec<&str> = template.lines().filter_map(|line| directive(line, "@function ")).collect();
    let mut out = String::new();
    for line in template.lines() {
        if let Some(names) = directive(line, "@const ") {
            for name in names.split_whitespace() {
                out += &format!("#define {name} {}\n", constants.c_text(name)?);
            }
        } else if let Some(name) = directive(line, "@function ") {
            let function =
                functions.iter().find(|f| f.0 == name).ok_or_else(|| format!("no function {name}"))?;
            out += &function.1;
        } else if line == "@functions@" {
            for (name, text) in functions {
                if !named.contains(&name.as_str()) {
                    out += text;
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

fn directive<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.strip_prefix(word)?.strip_suffix('@')
}

/// The items of `src/consts.rs`: name and expression.
struct Constants(Vec<(String, String)>);

impl Constants {
    fn read(path: &Path) -> Result<Constants> {
        let mut items = Vec::new();
        for line in fs::read_to_string(path)?.lines() {
            let Some(rest) = line.strip_prefix("pub const ") else { continue };
            let Some((name, rest)) = rest.split_once(": ") else { continue };
            let Some((_, value)) = rest.split_once(" = ") else { continue };
            items.push((name.to_owned(), value.trim_end_matches(';').to_owned()));
        }
        Ok(Constants(items))
    }

    /// The value of `name` as C reads it. Expressions over literals and other items are the same in both languages.
    fn c_text(&self, name: &str) -> Result<String> {
        let item = self.0.iter().find(|item| item.0 == name);
        let value = &item.ok_or_else(|| format!("src/consts.rs has no {name} on one line"))?.1;
        if let Some(string) = value.strip_prefix('c').filter(|s| s.starts_with('"')) {
            return Ok(string.to_owned());
        }
        let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        Ok(if plain { value.clone() } else { format!("({value})") })
    }
}
