//! Compiles tests/sequences, the interpreter of sequences of API calls, for the fuzz target `sequence`.

use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let out = std::env::var("OUT_DIR").expect("set by cargo");
    let exports = root.join("src/abi/exports.txt");
    let names: String = std::fs::read_to_string(&exports)
        .expect("readable")
        .lines()
        .map(|name| format!("X({name}) "))
        .collect();
    std::fs::write(Path::new(&out).join("functions.h"), format!("#define X_FUNCTIONS(X) {names}\n"))
        .expect("written");

    let sequences = root.join("tests/sequences");
    let mut build = cc::Build::new();
    build.std("gnu99").opt_level(1).include(root.join("include")).include(&out);
    build.define("FUZZING", None).define("LUA_COMPAT_ALL", None).define("_GNU_SOURCE", None);
    // The C library's check of `longjmp` takes a jump between coroutines' frames for a mistake.
    build.flag_if_supported("-U_FORTIFY_SOURCE");
    for entry in std::fs::read_dir(&sequences).expect("a directory").flatten() {
        let path = entry.path();
        println!("cargo:rerun-if-changed={}", path.display());
        if path.extension().is_some_and(|e| e == "c") {
            build.file(path);
        }
    }
    println!("cargo:rerun-if-changed={}", exports.display());
    build.compile("sequences");
}
