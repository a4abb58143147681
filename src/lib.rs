//! liblua-rs is a C-ABI compatible replacement of liblua 5.2: C programs, and modules compiled for PUC-Rio Lua 5.2.4,
//! run on it unchanged.
//!
//! # From C
//!
//! `make` builds what takes the place of a distribution's packages: `liblua5.2.so.0` with all symbols at version
//! `LUA_5.2`, the flavour for C++ hosts, static libraries, headers, programs. `cargo build --release` builds
//! `target/release/liblua52.so` and `liblua52.a`, which have no version and no soname; the headers are in `include/`:
//!
//! ```text
//! cc -Iinclude host.c -Ltarget/release -llua52
//! cc -Iinclude host.c target/release/liblua52.a -lm -ldl -lgcc_s
//! ```
//!
//! # From Rust
//!
//! [`abi`] is the public interface: the functions of the C API under their names, with the documentation of each. A
//! Rust host that links this crate calls them as it would call the C library, and what the manual asks of a C host it
//! asks of a Rust host, too. Errors leave a function written in Rust as they leave one in C: without running
//! destructors. So the frames that an error passes own nothing that must be dropped.
//!
//! ```
//! use lua52::abi::{lauxlib_h::*, lua_h::*, lualib_h::*};
//!
//! // SAFETY: the state is used by this thread alone and closed once; indices and types are checked.
//! let sum = unsafe {
//!     let lua = luaL_newstate();
//!     luaL_openlibs(lua);
//!     assert_eq!(luaL_loadstring(lua, c"return 1 + 2".as_ptr()), 0);
//!     assert_eq!(lua_pcallk(lua, 0, 1, 0, 0, None), 0);
//!     let sum = lua_tonumberx(lua, -1, std::ptr::null_mut());
//!     lua_close(lua);
//!     sum
//! };
//! assert_eq!(sum, 3.0);
//! ```
//!
//! # Features
//!
//! | feature | what |
//! |---|---|
//! | `cxx` | the flavour for C++ hosts: Lua errors and C++ exceptions meet as in a Lua compiled as C++ |
//! | `apicheck` | each call of the API is checked, as PUC's `lua_assert` would |
//! | `system-alloc` | `luaL_newstate` gives each object a block of its own, for memory checkers |
//! | `portable-boundary` | stubs and pads in C in place of assembly, for targets without |
//! | `internals` | the inside is public, without any promise, for this repository's tests, benchmarks and `luac` |
//! | `jit` | native code for functions that run often, on x86-64 Linux; not on by default yet: `docs/NATIVE.md` |
//! | `freestanding` | set by `make`: no standard library, a panic handler of its own; needs the Makefile's link |
//! | `stress-gc`, `stress-stack`, `stress-finalizers`, `stress-jit`, `heapcheck` | for the library's own tests |
//!
//! How the library is built inside is told in `docs/ARCHITECTURE.md`, and at the head of each module.

#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(clippy::eq_op, reason = "x == x is the test for NaN")]
#![allow(clippy::deref_addrof, reason = "it ends the borrow of a table for slots used at once")]

#[cfg(any(test, not(feature = "freestanding")))]
extern crate std;

/// Marks the path to it as rare. A function around the compiler's own would lose the mark.
#[cfg(cold_path)]
macro_rules! cold_path {
    () => {{
        #[allow(clippy::incompatible_msrv, reason = "build.rs looks whether the compiler has it")]
        core::hint::cold_path();
    }};
}
/// Compilers before Rust 1.95 know only rare functions.
#[cfg(not(cold_path))]
macro_rules! cold_path {
    () => {{
        #[cold]
        fn rare() {}
        rare();
    }};
}

pub mod abi;
pub mod consts;

// Modules rely on promises of each other that no type shows, so their safe functions are no safe ones for strangers.
// With the feature `internals` this repository's tests, fuzz targets, benchmarks and `luac` see them. Each is declared
// twice, since no attribute changes a visibility, and rustfmt does not follow modules that a macro declares.
#[cfg(not(feature = "internals"))]
mod api;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod api;
#[cfg(not(feature = "internals"))]
mod boundary;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod boundary;
#[cfg(not(feature = "internals"))]
mod chunk;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod chunk;
#[cfg(not(feature = "internals"))]
mod code;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod code;
#[cfg(not(feature = "internals"))]
mod compiler;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod compiler;
#[cfg(not(feature = "internals"))]
mod gc;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod gc;
#[cfg(all(native_code, not(feature = "internals")))]
mod jit;
#[cfg(all(native_code, feature = "internals"))]
#[doc(hidden)]
pub mod jit;
#[cfg(not(feature = "internals"))]
mod mem;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod mem;
#[cfg(not(feature = "internals"))]
mod messages;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod messages;
#[cfg(not(feature = "internals"))]
mod num;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod num;
#[cfg(not(feature = "internals"))]
mod object;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod object;
#[cfg(not(feature = "internals"))]
mod stdlib;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod stdlib;
mod sys;
#[cfg(not(feature = "internals"))]
mod throw;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod throw;
#[cfg(not(feature = "internals"))]
mod vm;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod vm;
