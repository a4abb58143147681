//! Iteration, concatenation, length, threads, the panic function.

use super::check::api_check;
use crate::gc;
use crate::messages as msg;
use crate::object::{Lua, Value, lua_CFunction, string};
use crate::throw::LResult;
use crate::vm::{meta, state};

impl Lua {
    pub fn next(self, idx: i32) -> LResult<bool> {
        let t = self.value(idx).as_table();
        api_check!(t.is_some(), "lua_next", "idx", "not a table");
        let Some(t) = t else { return Ok(false) };
        match t.next(self.global(), self.from_top(1)) {
            Ok(Some((k, v))) => {
                self.set_top_value(k);
                self.api_push(v);
                Ok(true)
            }
            Ok(None) => {
                self.drop_values(1);
                Ok(false)
            }
            Err(_) => Err(self.runtime_error(msg::INVALID_KEY_TO_NEXT)),
        }
    }
    pub fn concat(self, n: i32) -> LResult<()> {
        api_check!(n >= 0 && self.has_elements(n), "lua_concat", "n", "more values than there are");
        if n >= 2 {
            gc::check(self)?;
            meta::concat(self, n as usize)?;
        } else if n == 0 {
            let empty = string::new_str(self, b"")?;
            self.api_push(Value::string(empty));
        }
        Ok(())
    }
    pub fn len(self, idx: i32) -> LResult<()> {
        let v = meta::len(self, self.value(idx))?;
        self.api_push(v);
        Ok(())
    }
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
