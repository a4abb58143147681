//! Pushes what tables and other objects have in their fields. Iteration over tables.

use super::misuse::api_check;
use crate::api::Lua;
use crate::consts::*;
use crate::gc;
use crate::messages as msg;
use crate::object::{Gc, Table, Userdata, Value, string};
use crate::throw::LResult;
use crate::vm::error::{OrThrow, Raise};
use crate::vm::meta;
use core::ffi::c_void;

impl Lua {
    /// The table that the registry is.
    #[inline(always)]
    pub(super) fn registry(self) -> Gc<Table> {
        // SAFETY: the registry is a table from the first moment of a state on; hosts may not replace it.
        unsafe { Gc::from_ptr(self.global().registry.get().payload()) }
    }
    /// The globals, as the registry has them.
    #[inline(always)]
    pub(super) fn globals(self) -> Value {
        self.registry().get_int(LUA_RIDX_GLOBALS as i64)
    }
    #[inline]
    pub fn getglobal(self, name: &[u8]) -> LResult<()> {
        self.get_string_key(self.globals(), name)
    }
    pub fn gettable(self, idx: i32) -> LResult<()> {
        api_check!(self.is_valid(idx), "lua_gettable", "idx", "invalid index");
        let t = self.value(idx);
        let v = meta::get(*self, t, self.from_top(1))?;
        self.set_top_value(v);
        Ok(())
    }
    #[inline]
    pub fn getfield(self, idx: i32, k: &[u8]) -> LResult<()> {
        api_check!(self.is_valid(idx), "lua_getfield", "idx", "invalid index");
        self.get_string_key(self.value(idx), k)
    }
    #[inline]
    fn get_string_key(self, t: Value, k: &[u8]) -> LResult<()> {
        let key = string::new_str(*self, k)?;
        if let (Some(table), true) = (t.as_table(), key.is_short()) {
            let v = table.get_short(key);
            if !v.is_nil() || table.metatable.get().is_none() {
                self.api_push(v);
                return Ok(());
            }
        }
        self.api_push(Value::string(key));
        let v = meta::get(*self, t, Value::string(key))?;
        self.set_top_value(v);
        Ok(())
    }
    /// The field of a table that `get` finds. What is no table has no fields: hosts should know better, but the
    /// library's own tables lie where `debug.setlocal` and `debug.getregistry` reach them.
    #[inline(always)]
    fn field_of(self, v: Value, get: impl FnOnce(Gc<Table>) -> Value) -> Value {
        api_check!(v.is_table(), "lua_raw*", "idx", "not a table");
        // SAFETY: the value is a table where it is taken for one. (`as_table` would compare twice.)
        if v.is_table() { get(unsafe { v.table_unchecked() }) } else { Value::NIL }
    }
    #[inline]
    pub fn rawget(self, idx: i32) {
        self.set_top_value(
            self.field_of(self.value_or_upvalue(idx), |t| t.get(self.global(), self.from_top(1))),
        )
    }
    #[inline]
    pub fn rawgeti(self, idx: i32, n: i32) {
        self.api_push(self.field_of(self.value(idx), |t| t.get_int(n as i64)))
    }
    /// `rawgeti`. Tables that are not on the stack are left to a function that is not inlined: without a call, no
    /// registers are saved.
    #[inline(always)]
    pub fn quick_rawgeti(self, idx: i32, n: i32) {
        #[inline(never)]
        fn of_pseudo(l: Lua, idx: i32, n: i32) {
            l.rawgeti(idx, n)
        }
        if idx > LUA_REGISTRYINDEX {
            let v = self.stack_value(idx).unwrap_or(Value::NIL);
            self.api_push(self.field_of(v, |t| t.get_int(n as i64)))
        } else {
            of_pseudo(self, idx, n)
        }
    }
    #[inline]
    pub fn rawgetp(self, idx: i32, p: *const c_void) {
        let key = Value::light(p.cast_mut()).or_else(|| self.global().wide_lights.find(p as u64));
        let get = |t: Gc<Table>| key.map_or(Value::NIL, |key| t.get(self.global(), key));
        self.api_push(self.field_of(self.value(idx), get))
    }
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
    pub fn createtable(self, narr: i32, nrec: i32) -> LResult<()> {
        gc::check(*self)?;
        self.push_table(narr, nrec)
    }
    /// `createtable` without a collector step.
    #[inline(always)]
    pub(crate) fn push_table(self, narr: i32, nrec: i32) -> LResult<()> {
        let t = Gc::<Table>::new(*self)?;
        self.api_push(Value::table(t));
        if narr > 0 || nrec > 0 {
            t.resize(*self, narr.max(0) as u32, nrec.max(0) as u32).or_throw(*self)?;
        }
        Ok(())
    }
    pub fn newuserdata(self, size: usize) -> LResult<*mut c_void> {
        gc::check(*self)?;
        Ok(self.new_block(size)?.data().cast())
    }
    /// `newuserdata` without a collector step.
    #[inline(always)]
    pub(crate) fn new_block(self, size: usize) -> LResult<Gc<Userdata>> {
        let u = Gc::<Userdata>::new(*self, size).or_throw(*self)?;
        self.api_push(Value::userdata(u));
        Ok(u)
    }
    /// Pushes the metatable, if there is one.
    #[inline]
    pub fn getmetatable(self, idx: i32) -> bool {
        match self.global().metatable_of(self.value(idx)) {
            Some(mt) => {
                self.api_push(Value::table(mt));
                true
            }
            None => false,
        }
    }
    pub fn getuservalue(self, idx: i32) {
        let u = self.value(idx).as_userdata();
        api_check!(u.is_some(), "lua_getuservalue", "idx", "not a full userdata");
        self.api_push(u.map_or(Value::NIL, |u| u.uservalue.get()))
    }
}
