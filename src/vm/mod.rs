//! The virtual machine: lowering, the interpreter, calls, coroutines, metamethods, errors, debug and hooks.

mod access;
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "stack slots are raw pointers; see the invariants of object/thread.rs"
)]
pub mod call;
pub mod closure;
pub mod coroutine;
pub mod debug;
pub mod error;
#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "accesses to registers, constants and the next instruction share the argument above their macros"
)]
pub mod execute;
pub mod insn;
pub mod keep;
pub mod lower;
pub mod meta;
mod pcall;
pub mod state;
pub mod upval;

pub use insn::Insn;
