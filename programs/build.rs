//! Links `lua` with the library, and lets it export the API to C modules.
//!
//! `make` says in `LIBLUA_DIR` where the static library is that it built. Without that, as for `cargo build
//! --workspace` and `cargo install --path programs`, the crate takes its place (`lua_from_crate`): it is compiled
//! without the Makefile's switches, so the program is slower.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBLUA_DIR");
    println!("cargo:rustc-check-cfg=cfg(lua_from_crate)");
    println!("cargo:rustc-check-cfg=cfg(native_code)");
    // As the library's own build.rs has it.
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if cfg!(feature = "jit") && target("OS") == "linux" && target("ARCH") == "x86_64" {
        println!("cargo:rustc-cfg=native_code");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut names = String::new();
    for list in ["src/abi/exports.txt", "src/abi/extension.txt"] {
        let list = root.join(list);
        println!("cargo:rerun-if-changed={}", list.display());
        names += &std::fs::read_to_string(&list).expect("a list of names");
    }

    let option = |option: &str| println!("cargo:rustc-link-arg-bin=lua={option}");
    if let Ok(dir) = std::env::var("LIBLUA_DIR") {
        println!("cargo:rerun-if-changed={dir}/liblua5.2.a");
        option(&format!("{dir}/liblua5.2.a"));
        option("-lm");
        option("-ldl");
    } else {
        println!("cargo:rustc-cfg=lua_from_crate");
        // The linker takes nothing from an archive that nobody asks for; modules ask later.
        for name in names.lines() {
            option(&format!("-Wl,--undefined={name}"));
        }
    }
    // The libraries of tools/glibc to link with, and the program's first instructions with them.
    println!("cargo:rerun-if-env-changed=LIBLUA_GLIBC");
    if let Ok(stubs) = std::env::var("LIBLUA_GLIBC") {
        println!("cargo:rerun-if-changed={stubs}/start.o");
        // Compared with the stubs, the installed libgcc_s needs too much.
        for option in [
            &format!("-L{stubs}"),
            &format!("{stubs}/start.o"),
            "-Wl,--entry=lua52_start,--allow-shlib-undefined",
        ] {
            println!("cargo:rustc-link-arg-bins={option}");
        }
    }
    let list = Path::new(&std::env::var("OUT_DIR").expect("set by cargo")).join("exports.list");
    let lines: String = names.lines().map(|name| format!("  {name};\n")).collect();
    std::fs::write(&list, format!("{{\n{lines}}};\n")).expect("OUT_DIR is writable");
    option(&format!("-Wl,--dynamic-list={}", list.display()));
}
