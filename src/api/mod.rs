//! The API of Lua 5.2 as methods of `Lua` (a thread handle): what `lua_X` does is `l.X(..)`, what `luaL_X` does is
//! `l.aux_X(..)`. The library functions are written against it; `abi` exports it to C.
//!
//! Conventions
//! * Indices, counts and constants are as in the manual. A function that may raise returns `LResult`; one that
//!   always raises returns the `Throw` for the caller to return.
//! * C strings come in as byte slices without their terminator; `Bytes` results are zero-terminated in memory.
//! * A `Bytes` is valid while the string it was read from is on the stack (or anchored elsewhere).

use core::ffi::c_void;

pub(crate) mod access;
pub mod auxlib;
mod buffer;
mod call;
mod chunks;
mod debug;
mod get;
pub(crate) mod misuse;
mod push;
mod quick;
mod set;
mod stack;
mod state;

pub use crate::object::c_types::{lua_Debug, lua_Hook, lua_Reader, lua_Writer};
pub use buffer::{Buffer, luaL_Buffer};

/// Bytes of a Lua string; see the module's conventions for how long they live.
pub type Bytes = &'static [u8];

/// Argument of a message format (`messages`).
#[derive(Clone, Copy)]
pub enum Arg<'a> {
    S(&'a [u8]),
    D(i64),
    C(u8),
    F(f64),
    P(*const c_void),
}
