//! liblua-rs: a C-ABI compatible replacement of liblua 5.2.
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
pub mod api;
#[doc(hidden)]
pub mod boundary;
pub mod bytecode;
pub mod chunk;
pub mod compiler;
pub mod consts;
pub mod gc;
mod host;
pub mod mem;
pub mod messages;
pub mod num;
pub mod object;
pub mod stdlib;
pub mod throw;
pub mod vm;
