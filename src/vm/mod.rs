//! The virtual machine: the interpreter, calls, coroutines, metamethods, errors, debug and hooks.

pub mod call;
pub mod closure;
pub mod coroutine;
pub mod debug;
pub mod error;
pub mod finalizer;
#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "accesses to registers, constants and the next instruction share the argument above their macros"
)]
mod interpreter;
pub mod interrupt;
pub mod message;
pub mod meta;
#[cfg(not(native_code))]
mod ops;
#[cfg(native_code)]
pub(crate) mod ops;
mod raise;
pub mod stack;
pub mod state;
pub mod thunk;
#[cfg(not(native_code))]
mod tier;
#[cfg(native_code)]
pub(crate) mod tier;
pub mod upval;
mod watch;
