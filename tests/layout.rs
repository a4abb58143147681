//! What a C compiler reads in `include/` is what the library was compiled with: the values of the constants, the
//! layouts of the structures that both sides touch, and the types of the functions.
//!
//! bindgen reads the headers. `make headers` commits what it finds as `programs/src/c_api.rs`, and the names in it as
//! `tests/generated/headers.rs`; `tests/headers.py` fails when these are stale.

#![allow(non_snake_case, reason = "parameters are named as in C")]

use std::ffi::CStr;
use std::path::Path;
use std::process::Command;

#[allow(
    dead_code,
    non_camel_case_types,
    missing_docs,
    unused_imports,
    reason = "only the programs use it all"
)]
#[path = "../programs/src/c_api.rs"]
mod header;

/// A constant, for the comparison.
#[derive(Debug, PartialEq)]
enum Value<'a> {
    Number(i64),
    Text(&'a [u8]),
}
impl From<i32> for Value<'_> {
    fn from(n: i32) -> Self {
        Value::Number(n.into())
    }
}
impl From<usize> for Value<'_> {
    fn from(n: usize) -> Self {
        Value::Number(n as i64)
    }
}
impl<'a> From<&'a CStr> for Value<'a> {
    fn from(text: &'a CStr) -> Self {
        Value::Text(text.to_bytes())
    }
}
impl<'a> From<&'a [u8; 4]> for Value<'a> {
    fn from(bytes: &'a [u8; 4]) -> Self {
        Value::Text(bytes)
    }
}

macro_rules! constants {
    ($($name:ident)*) => {
        #[test]
        fn constants_agree() {
            $(assert_eq!(Value::from(header::$name), Value::from(lua52::consts::$name), stringify!($name));)*
        }
    };
}

macro_rules! structures {
    ($($name:ident { $($field:ident)* })*) => {
        #[test]
        fn structures_agree() {
            use lua52::abi::{lua_Debug, luaL_Buffer, luaL_Reg, luaX_Count, luaX_Stats};
            use lua52::object::c_types::luaL_Stream;
            use std::mem::offset_of;
            $(
                assert_eq!(size_of::<header::$name>(), size_of::<$name>(), stringify!($name));
                assert_eq!(align_of::<header::$name>(), align_of::<$name>(), stringify!($name));
                $(assert_eq!(offset_of!(header::$name, $field), offset_of!($name, $field), stringify!($field));)*
            )*
        }
    };
}

macro_rules! functions {
    ($(fn $name:ident($($parameter:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        /// The compiler compares these.
        mod functions_agree {
            use lua52::abi::{lauxlib_h::*, lua_h::*, lualib_h::*, luax_h::*, *};
            use std::ffi::{c_char, c_int, c_void};
            $(const _: unsafe extern "C-unwind" fn($($parameter: $type),*) $(-> $result)? = $name;)*
        }
    };
}

include!("generated/headers.rs");

/// The preprocessor puts these together from parts, and each machine has its own.
#[test]
fn paths_agree() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) = (dir.join("paths.c"), dir.join("paths"));
    let text = "#include <stdio.h>\n#include <lua.h>\n\
                int main(void) { puts(LUA_PATH_DEFAULT); puts(LUA_CPATH_DEFAULT); }\n";
    std::fs::write(&source, text).unwrap();
    let include = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/include");
    let compiled = Command::new(std::env::var("CC").unwrap_or("cc".into()))
        .args([include, "-o"])
        .args([&program, &source])
        .status()
        .unwrap();
    assert!(compiled.success());
    let printed = String::from_utf8(Command::new(&program).output().unwrap().stdout).unwrap();
    let ours = [lua52::consts::LUA_PATH_DEFAULT, lua52::consts::LUA_CPATH_DEFAULT];
    assert_eq!(printed.lines().collect::<Vec<_>>(), ours.map(|path| path.to_str().unwrap()));
}
