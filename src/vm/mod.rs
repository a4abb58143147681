//! The virtual machine: lowering, the interpreter, calls, coroutines, metamethods, errors, debug and hooks.

#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "stack slots are raw pointers; see the invariants of object/thread.rs"
)]
pub mod call;
pub mod closure;
pub mod coroutine;
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "stack slots are raw pointers; see the invariants of object/thread.rs"
)]
pub mod debug;
pub mod error;
pub mod exec_insn;
#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "accesses to registers, constants and the next instruction share the argument above their macros"
)]
pub mod execute;
mod fields;
pub mod keep;
pub mod lower;
pub mod message;
pub mod meta;
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "stack slots are raw pointers; see the invariants of object/thread.rs"
)]
pub mod stack;
pub mod state;
pub mod upval;

pub use exec_insn::ExecInsn;
