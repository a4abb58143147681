//! States and threads, the panic function, the collector.

use super::misuse::api_check;
use crate::gc;
use crate::object::{Lua, lua_CFunction};
use crate::throw::LResult;
use crate::vm::state;

impl Lua {
    pub fn newthread(self) -> LResult<Lua> {
        api_check!(self.has_room(1), "lua_newthread", "L", "no free stack slot");
        state::new_thread(self)
    }
    /// `lua_gc`: option `what` with its argument.
    pub fn gc(self, what: i32, data: i32) -> LResult<i32> {
        gc::control(self, what, data)
    }
    /// Sets the panic function; the old one.
    pub fn atpanic(self, f: Option<lua_CFunction>) -> Option<lua_CFunction> {
        self.global().panic.replace(f)
    }
}
