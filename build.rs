//! Checks that `src/abi/exports.txt`, from which the version script, the static library and the tests are made, names
//! exactly the functions that `src/abi/` exports. A name missing in either would show only when a host links.

use std::collections::BTreeSet;
use std::fs;

fn main() {
    let mut listed: BTreeSet<String> =
        read("src/abi/exports.txt").lines().filter(|l| *l != "lua_ident").map(str::to_owned).collect();
    for file in ["src/abi/lua_h.rs", "src/abi/lauxlib_h.rs", "src/abi/lualib_h.rs"] {
        for line in read(file).lines() {
            let Some(rest) = line.strip_prefix("pub unsafe extern \"C-unwind\" fn ") else { continue };
            let name = rest.split('(').next().unwrap_or(rest);
            assert!(listed.remove(name), "{file} exports {name}, which src/abi/exports.txt does not list");
        }
    }
    assert!(listed.is_empty(), "src/abi/exports.txt lists what src/abi does not export: {listed:?}");
}

fn read(file: &str) -> String {
    println!("cargo:rerun-if-changed={file}");
    fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"))
}
