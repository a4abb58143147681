//! What a host written in Rust reads in the headers, through bindgen. From it come the programs' view of the API and
//! the lists by which `tests/layout.rs` holds the crate to the headers. A test compares the reference's headers with
//! ours.
//!
//! bindgen needs libclang, so what it makes is committed: `make headers` and the tests need libclang, no build does.

use crate::error::{self, Error, Result};
use quote::ToTokens;
#[cfg(test)]
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::Command;
use syn::{Fields, ForeignItem, Item, ItemForeignMod, ItemStruct};

/// Items that differ from machine to machine: the arguments of a variadic function as a list, and directories.
const OF_THE_MACHINE: &str = "lua_pushvfstring|.*va_list.*|LUA_.*PATH_DEFAULT|LUA_CDIR2|DEB_HOST_MULTIARCH";

/// The headers that declare what Lua 5.2 has.
pub const LUA: [&str; 3] = ["lua.h", "lauxlib.h", "lualib.h"];

/// All constants are C's `int` to the programs, as in the crate.
#[derive(Debug)]
struct Integers;

impl bindgen::callbacks::ParseCallbacks for Integers {
    fn int_macro(&self, _: &str, _: i64) -> Option<bindgen::callbacks::IntKind> {
        Some(bindgen::callbacks::IntKind::Int)
    }
}

/// The API in Rust, as headers in the directory `include` declare it.
pub fn generate(root: &Path, include: &Path, headers: &[&str]) -> Result<String> {
    let text: String = headers.iter().map(|header| format!("#include <{header}>\n")).collect();
    // libclang comes without `stddef.h` and its like.
    let compiler = std::env::var("CC").unwrap_or("cc".into());
    let printed = Command::new(&compiler).arg("-print-file-name=include").output();
    let printed = printed.map_err(error::of(Path::new(&compiler)))?.stdout;
    let builder = bindgen::Builder::default()
        .header_contents("api.h", &text)
        .clang_arg(format!("-I{}", include.display()))
        .clang_arg(format!("-isystem{}", String::from_utf8_lossy(&printed).trim()))
        .allowlist_item("(lua|LUA).*")
        .blocklist_item(OF_THE_MACHINE)
        .blocklist_type("FILE|_IO_FILE|CallInfo")
        .raw_line("//! The API as `include/` declares it. `make headers` writes this file.\n")
        .raw_line("use ::core::ffi::c_void as FILE;")
        .raw_line("use ::core::ffi::c_void as CallInfo;")
        .parse_callbacks(Box::new(Integers))
        .override_abi(bindgen::Abi::CUnwind, ".*")
        .use_core()
        .generate_cstr(true)
        .merge_extern_blocks(true)
        .disable_header_comment()
        .generate_comments(false)
        .rust_target(bindgen::RustTarget::stable(88, 0).expect("bindgen knows Rust 1.88"))
        .rust_edition(bindgen::RustEdition::Edition2024)
        .rustfmt_configuration_file(Some(root.join("rustfmt.toml")));
    // It panics, with a message, when there is no libclang.
    let generated =
        panic::catch_unwind(AssertUnwindSafe(|| builder.generate())).map_err(|_| Error::NoLibclang)?;
    Ok(generated?.to_string())
}

/// The names of the constants, the fields of the structures and the types of the functions in `bindings`, as macros in
/// which `tests/layout.rs` compares them with the crate. `in_crate` are the names of the crate's constants.
pub fn lists(bindings: &str, in_crate: &[&str]) -> Result<String> {
    let (mut constants, mut structures, mut functions) = (String::new(), String::new(), String::new());
    for item in items(bindings)? {
        match item {
            Item::Const(item) if in_crate.contains(&item.ident.to_string().as_str()) => {
                constants += &format!("    {}\n", item.ident);
            }
            Item::Struct(ItemStruct { ident, fields: Fields::Named(fields), .. }) => {
                let names =
                    fields.named.iter().filter_map(|field| field.ident.as_ref()).map(ToString::to_string);
                let names: Vec<String> = names.filter(|name| name != "_unused").collect();
                if !names.is_empty() {
                    structures += &format!("    {ident} {{ {} }}\n", names.join(" "));
                }
            }
            Item::ForeignMod(ItemForeignMod { items, .. }) => {
                for item in items {
                    let ForeignItem::Fn(function) = item else { continue };
                    // The crate's stubs of variadic functions have no parameters that Rust knows.
                    if function.sig.variadic.is_none() {
                        functions += &format!("    {};\n", tidy(&function.sig.to_token_stream().to_string()));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(format!(
        "// What `include/` declares. `make headers` writes this file.\n\n\
         constants! {{\n{constants}}}\n\nstructures! {{\n{structures}}}\n\nfunctions! {{\n{functions}}}\n"
    ))
}

/// Tokens as a person would set them, with types of C by their last name.
fn tidy(tokens: &str) -> String {
    let spaces = [
        (" :: core :: ffi :: ", " "),
        (" (", "("),
        (" ,)", ")"),
        (" , ", ", "),
        (" : ", ": "),
        ("* mut", "*mut"),
        ("* const", "*const"),
    ];
    spaces.iter().fold(tokens.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn items(bindings: &str) -> Result<Vec<Item>> {
    let file = syn::parse_file(bindings);
    Ok(file.map_err(|source| Error::Syntax { path: "the bindings".into(), source })?.items)
}

/// The declarations one by one, for a comparison.
#[cfg(test)]
fn declarations(bindings: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for item in items(bindings)? {
        match item {
            Item::ForeignMod(block) => {
                found.extend(block.items.iter().map(|i| i.to_token_stream().to_string()))
            }
            other => {
                found.insert(other.to_token_stream().to_string());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root;

    /// Constants, layouts (as assertions of bindgen's) and signatures.
    #[test]
    fn the_references_headers_declare_the_same() {
        let include = std::env::var("REFERENCE").unwrap_or("/usr".into()) + "/include/lua5.2";
        let include = Path::new(&include);
        assert!(include.join("lua.h").exists(), "{} is missing: install liblua5.2-dev", include.display());
        let root = root();
        let ours = declarations(&generate(root, &root.join("include"), &LUA).unwrap()).unwrap();
        let theirs = declarations(&generate(root, include, &LUA).unwrap()).unwrap();
        assert!(theirs.len() > 250, "{}", theirs.len());
        let only_ours: Vec<&String> = ours.difference(&theirs).collect();
        let only_theirs: Vec<&String> = theirs.difference(&ours).collect();
        // The reference takes the C library's BUFSIZ, whose value bindgen does not see.
        assert!(only_theirs.is_empty(), "{only_theirs:#?}");
        assert!(matches!(only_ours[..], [size] if size.contains("LUAL_BUFFERSIZE")), "{only_ours:#?}");
    }
}
