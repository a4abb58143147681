//! Loading and dumping functions (manual 4.8, `lua_load`, `lua_dump`).

use super::lua_Writer;
use super::misuse::api_check;
use crate::api::Lua;
use crate::chunk::{self, Input};
use crate::compiler;
use crate::consts::*;
use crate::gc;
use crate::messages::{self as msg, Arg};
use crate::object::{Gc, LuaClosure};
use crate::throw::{LResult, Throw};
use crate::vm::call::protected;
use crate::vm::message;
use core::ffi::c_void;

impl Lua {
    /// Compiles the chunk that a reader gives. Pushes the function, or an error message, and returns the status.
    ///
    /// # Safety
    /// `reader` does with `data` what the manual says of a reader.
    pub unsafe fn load(
        self,
        reader: super::lua_Reader,
        data: *mut c_void,
        chunkname: Option<&[u8]>,
        mode: Option<&[u8]>,
    ) -> LResult<i32> {
        // SAFETY: the caller's promise.
        let mut input = unsafe { Input::from_reader(reader, data) };
        self.load_input(&mut input, chunkname.unwrap_or(b"?"), mode)
    }
    pub(crate) fn load_input(self, input: &mut Input, name: &[u8], mode: Option<&[u8]>) -> LResult<i32> {
        let at = self.save_slot(self.top.get());
        let status = protected::run_protected(
            *self,
            || load_closure(self, input, name, mode).map(|_| ()),
            at,
            self.message_handler.get(),
        )?;
        if status == LUA_OK
            && let Some(cl) = self.from_top(1).as_lua_closure()
            && cl.nupvalues() == 1
        {
            let (u, globals) = (cl.upval(0), self.globals());
            // SAFETY: an upvalue points to a live slot.
            unsafe { u.v.get().write(globals) };
            gc::barrier_upval(*self, u, globals);
        }
        Ok(status)
    }
    /// Gives the Lua function on top to the writer as a binary chunk. Returns what the writer returned last, or 1 when
    /// the value on top is something else.
    pub fn dump(self, writer: lua_Writer, data: *mut c_void) -> LResult<i32> {
        api_check!(self.has_elements(1), "lua_dump", "L", "no function on the stack");
        match self.from_top(1).as_lua_closure() {
            Some(cl) => chunk::dump(*self, cl.proto, writer, data, false),
            None => Ok(1),
        }
    }
}

/// Loads a chunk, in text or binary form, and pushes its function. [-0, +1, e]
///
/// `mode` says which forms are allowed (`b`, `t`); without it both are. Nothing called from here may yield.
pub fn load_closure(l: Lua, input: &mut Input, name: &[u8], mode: Option<&[u8]>) -> LResult<Gc<LuaClosure>> {
    l.non_yieldable_depth.set(l.non_yieldable_depth.get() + 1);
    let result = load_without_yields(l, input, name, mode);
    l.non_yieldable_depth.set(l.non_yieldable_depth.get() - 1);
    result
}

fn load_without_yields(
    l: Lua,
    input: &mut Input,
    name: &[u8],
    mode: Option<&[u8]>,
) -> LResult<Gc<LuaClosure>> {
    let is_binary = input.peek(*l)? == Some(LUA_SIGNATURE[0]);
    let form: &[u8] = if is_binary { b"binary" } else { b"text" };
    if let Some(mode) = mode
        && !mode.contains(&form[0])
    {
        message::push(*l, msg::LOAD_MODE, &[Arg::S(form), Arg::S(mode)])?;
        return Err(Throw::SYNTAX);
    }
    if is_binary { chunk::undump(*l, input, name) } else { compiler::compile(*l, input, name) }
}
