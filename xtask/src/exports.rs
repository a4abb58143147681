//! The exported functions, read from the lists `exports!` in `src/abi/`. Whoever wants to know them asks here: the
//! headers, the lists of names (and by that the Makefile), and the test of their documentation.

use crate::error::{self, Error, Result};
use quote::ToTokens;
use std::fs;
use std::path::Path;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Block, Expr, ExprLit, Ident, Item, Lit, Meta, Signature, Token};

/// Each header that declares functions, with the file that lists them and the macro that declares them.
const HEADERS: [(&str, &str, &str); 4] = [
    ("lua.h", "lua_h.rs", "LUA_API"),
    ("lauxlib.h", "lauxlib_h.rs", "LUALIB_API"),
    ("lualib.h", "lualib_h.rs", "LUAMOD_API"),
    (EXTENSION, "luax_h.rs", "LUA_API"),
];

/// The header of what Lua 5.2 does not have.
pub const EXTENSION: &str = "luax.h";

/// What the library exports beside functions.
const DATA: [&str; 1] = ["lua_ident"];

pub struct Export {
    pub name: String,
    pub header: &'static str,
    /// The lines of its documentation.
    pub documentation: Vec<String>,
    /// What the header says: a comment and the declaration.
    pub declaration: String,
}

/// All of them, in the order of the headers.
pub fn read(root: &Path) -> Result<Vec<Export>> {
    let mut found = Vec::new();
    for (header, file, mark) in HEADERS {
        let source = root.join("src/abi").join(file);
        let functions = functions(&source)?;
        let declarations = declarations(root, &functions)?;
        for (function, declaration) in functions.into_iter().zip(declarations) {
            let comment = comment(&function)?;
            found.push(Export {
                name: function.signature.ident.to_string(),
                header,
                documentation: function.documentation,
                declaration: format!("{comment}\n{mark} {declaration}\n"),
            });
        }
    }
    Ok(found)
}

/// The texts of `exports.txt` and `extension.txt`: the names that leave the library, those of Lua 5.2 and the others.
pub fn lists(exports: &[Export]) -> [String; 2] {
    let (extension, lua): (Vec<&Export>, Vec<&Export>) =
        exports.iter().partition(|export| export.header == EXTENSION);
    let text = |exports: Vec<&Export>, data: &[&str]| {
        let mut names: Vec<&str> =
            exports.iter().map(|export| export.name.as_str()).chain(data.iter().copied()).collect();
        names.sort_unstable();
        names.iter().flat_map(|name| [name, "\n"]).collect()
    };
    [text(lua, &DATA), text(extension, &[])]
}

/// `KIND fn NAME(PARAMETERS) -> RESULT { BODY }; else { BODY }`, as `exports!` takes it.
struct Function {
    documentation: Vec<String>,
    signature: Signature,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Function> {
        let documentation = input.call(Attribute::parse_outer)?.iter().filter_map(line).collect();
        input.parse::<Ident>()?;
        let signature = input.parse()?;
        input.parse::<Block>()?;
        if input.parse::<Option<Token![;]>>()?.is_some() {
            input.parse::<Token![else]>()?;
            input.parse::<Block>()?;
        }
        Ok(Function { documentation, signature })
    }
}

struct Functions(Vec<Function>);

impl Parse for Functions {
    fn parse(input: ParseStream) -> syn::Result<Functions> {
        let mut functions = Vec::new();
        while !input.is_empty() {
            functions.push(input.parse()?);
        }
        Ok(Functions(functions))
    }
}

/// The text of a line of documentation.
fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &meta.value else { return None };
    meta.path.is_ident("doc").then(|| text.value().trim().to_owned())
}

fn functions(path: &Path) -> Result<Vec<Function>> {
    let no_syntax = |error| Error::Syntax { path: path.into(), source: error };
    let file = syn::parse_file(&error::read(path)?).map_err(no_syntax)?;
    let mut found = Vec::new();
    for item in file.items {
        match item {
            Item::Macro(item) if item.mac.path.is_ident("exports") => {
                found.extend(item.mac.parse_body::<Functions>().map_err(no_syntax)?.0);
            }
            Item::Use(_) => {}
            other => {
                let item = other.to_token_stream().to_string();
                return Err(Error::NotExported { path: path.into(), item });
            }
        }
    }
    Ok(found)
}

/// The declarations in C, each on a line, without the mark in front. cbindgen gets the bare signatures to read.
fn declarations(root: &Path, functions: &[Function]) -> Result<Vec<String>> {
    let mut text = String::new();
    for Function { signature, .. } in functions {
        let mut signature = signature.clone();
        // It knows no variable arguments in a definition.
        signature.variadic = None;
        text += &format!(
            "#[unsafe(no_mangle)] pub unsafe extern \"C\" {} {{ loop {{}} }}\n",
            signature.to_token_stream()
        );
    }
    let signatures = std::env::temp_dir().join(format!("lua52-signatures-{}.rs", std::process::id()));
    fs::write(&signatures, text).map_err(error::of(&signatures))?;
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).map_err(Error::Settings)?;
    let bindings = cbindgen::Builder::new().with_config(config).with_src(&signatures).generate();
    fs::remove_file(&signatures).map_err(error::of(&signatures))?;
    let mut text = Vec::new();
    bindings?.write(&mut text);
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    if lines.len() != functions.len() {
        return Err(Error::Declarations { declarations: lines.len(), functions: functions.len() });
    }
    let declare = |(line, function): (&&str, &Function)| {
        let name = function.signature.ident.to_string();
        let (result, parameters) = line
            .split_once(&format!("{name}("))
            .ok_or_else(|| Error::Declaration { name: name.clone(), line: (*line).into() })?;
        let parameters = match function.signature.variadic {
            Some(_) => parameters.replace(");", ", ...);"),
            None => parameters.to_owned(),
        };
        // The parentheses keep a function-like macro of the same name from taking the declaration apart.
        Ok(format!("{result}({name})({parameters}"))
    };
    lines.iter().zip(functions).map(declare).collect()
}

/// The first paragraph of the documentation as a comment, on one line where it fits.
fn comment(function: &Function) -> Result<String> {
    let paragraph: Vec<&str> =
        function.documentation.iter().map(String::as_str).take_while(|line| !line.is_empty()).collect();
    if paragraph.is_empty() {
        return Err(Error::Undocumented(function.signature.ident.to_string()));
    }
    let text = paragraph.join(" ").replace('`', "");
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
    Ok(lines.join("\n"))
}
