//! Links `lua` with the static library that `make` built, and lets it export the API to C modules.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBLUA_DIR");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let exports = root.join("src/abi/exports.txt");
    println!("cargo:rerun-if-changed={}", exports.display());
    let Ok(dir) = std::env::var("LIBLUA_DIR") else {
        println!("cargo:warning=LIBLUA_DIR is not set: build the programs with `make`");
        return;
    };
    println!("cargo:rerun-if-changed={dir}/liblua5.2.a");
    println!("cargo:rustc-link-arg-bin=lua={dir}/liblua5.2.a");
    println!("cargo:rustc-link-arg-bin=lua=-lm");
    println!("cargo:rustc-link-arg-bin=lua=-ldl");

    let names = std::fs::read_to_string(&exports).expect("src/abi/exports.txt");
    let list = Path::new(&std::env::var("OUT_DIR").expect("set by cargo")).join("exports.list");
    let mut text = String::from("{\n");
    for name in names.lines() {
        text += &format!("  {name};\n");
    }
    text += "};\n";
    std::fs::write(&list, text).expect("OUT_DIR is writable");
    println!("cargo:rustc-link-arg-bin=lua=-Wl,--dynamic-list={}", list.display());
}
