//! Chunks: where their bytes come from, and their binary form.

pub mod input;

pub use input::Input;

use crate::object::{Gc, Lua, LuaClosure};
use crate::throw::LResult;
pub fn undump(l: Lua, _input: &mut Input, _name: &[u8]) -> LResult<Gc<LuaClosure>> {
    Err(l.runtime_error("binary chunks are not supported yet"))
}
