//! Compiles what of the portable boundary is in C, if it is wanted.

use std::process::Command;

fn main() {
    // Without such a line any change in the repository, such as of a document, would compile everything again.
    println!("cargo:rerun-if-changed=build.rs");
    check_target();
    check_compiler();
    println!("cargo:rustc-check-cfg=cfg(naked_stubs)");
    println!("cargo:rustc-check-cfg=cfg(native_code)");
    if cfg!(all(feature = "jit", not(feature = "portable-boundary")))
        && of_target("OS") == "linux"
        && of_target("ARCH") == "x86_64"
    {
        println!("cargo:rustc-cfg=native_code");
    }
    #[cfg(feature = "portable-boundary")]
    compile_portable_boundary();
    #[cfg(not(feature = "portable-boundary"))]
    println!("cargo:rustc-cfg=naked_stubs");
}

fn of_target(what: &str) -> String {
    std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default()
}

/// Says so in one line where the crate would have many to say.
fn check_target() {
    let in_assembly =
        of_target("OS") == "linux" && ["x86_64", "aarch64"].contains(&of_target("ARCH").as_str());
    if of_target("POINTER_WIDTH") != "64" {
        println!("cargo::error=liblua-rs is for targets with 64-bit pointers");
    } else if !in_assembly && cfg!(not(feature = "portable-boundary")) {
        println!(
            "cargo::error=src/boundary has no assembly for this target: use the feature portable-boundary"
        );
    }
}

/// Tells `src/lib.rs` whether the compiler has `core::hint::cold_path`, which came with Rust 1.95.
fn check_compiler() {
    println!("cargo:rustc-check-cfg=cfg(cold_path)");
    let rustc = std::env::var_os("RUSTC").expect("set by cargo");
    let version = Command::new(rustc).arg("--version").output().expect("rustc runs").stdout;
    let version = String::from_utf8_lossy(&version);
    // As in "rustc 1.95.0 (59807616e 2026-04-14)".
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    if minor.is_some_and(|minor| minor >= 95) {
        println!("cargo:rustc-cfg=cold_path");
    }
}

/// The C side of `src/boundary/portable.rs`.
#[cfg(feature = "portable-boundary")]
fn compile_portable_boundary() {
    const SOURCE: &str = "src/boundary/portable.c";
    println!("cargo:rerun-if-changed={SOURCE}");
    cc::Build::new()
        .file(SOURCE)
        .std("gnu99")
        .opt_level(2)
        .pic(true)
        .warnings(true)
        .extra_warnings(true)
        // Exceptions pass the pad; the one part of a function that may be moved away is not to lose its personality.
        .flag_if_supported("-fexceptions")
        .flag_if_supported("-fasynchronous-unwind-tables")
        .flag_if_supported("-fno-reorder-blocks-and-partition")
        // The C library's check of `longjmp` takes a host with several stacks for a mistake.
        .flag_if_supported("-U_FORTIFY_SOURCE")
        .compile("lua52_portable");
}
