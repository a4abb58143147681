//! The virtual machine: lowering, the interpreter, calls, coroutines, metamethods, errors, debug and hooks.

pub mod error;

/// One instruction of the executable form (see `lower`).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Insn(pub u64);
