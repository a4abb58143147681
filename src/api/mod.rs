//! The API of Lua 5.2 as methods of `Lua` (a thread handle): what `lua_X` does is `l.X(..)`, what `luaL_X` does is
//! `l.aux_X(..)`. The library functions are written against it; `abi` exports it to C.
//!
//! Conventions
//! * Indices, counts and constants are as in the manual. A function that may raise returns `LResult`; one that
//!   always raises returns the `Throw` for the caller to return.
//! * C strings come in as byte slices without their terminator; `Bytes` results are zero-terminated in memory.
//! * A `Bytes` is valid while the string it was read from is on the stack (or anchored elsewhere).

pub(crate) mod access;
pub mod auxlib;
mod buffer;
pub mod by_name;
mod call;
mod chunks;
mod debug;
pub mod extension;
mod get;
mod handle;
pub(crate) mod misuse;
mod push;
mod quick;
mod set;
mod stack;
pub mod state;

pub use crate::object::c_types::{lua_Debug, lua_Hook, lua_Reader, lua_Writer};
pub use crate::object::string::Bytes;
pub use buffer::{Buffer, luaL_Buffer};
#[cfg(feature = "internals")]
pub use chunks::load_closure;
pub use handle::{Lua, library_function};
