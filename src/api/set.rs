//! Stores values of the stack in fields of tables and other objects.

use super::misuse::api_check;
use crate::api::Lua;
use crate::gc;
use crate::object::c_types::luaL_Stream;
use crate::object::userdata::Content;
use crate::object::{Gc, Metamethod, Table, Value, string};
use crate::throw::{LResult, Throw};
use crate::vm::error::{OrThrow, Raise, ValueAt};
use crate::vm::meta;
use core::ffi::c_void;

impl Lua {
    #[inline]
    pub fn setglobal(self, name: &[u8]) -> LResult<()> {
        api_check!(self.has_elements(1), "lua_setglobal", "L", "no value to assign");
        self.set_string_key(self.globals(), name)
    }
    pub fn settable(self, idx: i32) -> LResult<()> {
        api_check!(self.has_elements(2), "lua_settable", "L", "no key and value on the stack");
        api_check!(self.is_valid(idx), "lua_settable", "idx", "invalid index");
        meta::set(*self, self.value(idx), self.from_top(2), self.from_top(1))?;
        self.drop_values(2);
        Ok(())
    }
    #[inline]
    pub fn setfield(self, idx: i32, k: &[u8]) -> LResult<()> {
        api_check!(self.has_elements(1), "lua_setfield", "L", "no value to assign");
        api_check!(self.is_valid(idx), "lua_setfield", "idx", "invalid index");
        self.set_string_key(self.value(idx), k)
    }
    #[inline]
    fn set_string_key(self, t: Value, k: &[u8]) -> LResult<()> {
        let key = string::new_str(*self, k)?;
        if let (Some(table), true) = (t.as_table(), key.is_short()) {
            if let Some(node) = table.find_short(key)
                && !node.val.get().is_nil()
            {
                let v = self.from_top(1);
                node.val.set(v);
                table.set_flags(0);
                gc::barrier_back(*self, table.erase(), v);
                self.drop_values(1);
                return Ok(());
            }
            if self.global().cached_metamethod(table.metatable.get(), Metamethod::NewIndex).is_nil() {
                self.push(Value::string(key));
                table.set_str(*self, key, self.from_top(2)).or_throw(*self)?;
                self.drop_values(2);
                return Ok(());
            }
        }
        self.push(Value::string(key));
        meta::set(*self, t, Value::string(key), self.from_top(2))?;
        self.drop_values(2);
        Ok(())
    }
    #[inline(always)]
    fn table_to_set(self, idx: i32, n: i32) -> LResult<Gc<Table>> {
        api_check!(self.has_elements(n), "lua_rawset*", "L", "no value to assign");
        let t = self.value(idx).as_table();
        api_check!(t.is_some(), "lua_rawset*", "idx", "not a table");
        t.ok_or_else(|| self.not_a_table(idx))
    }
    #[cold]
    #[inline(never)]
    fn not_a_table(self, idx: i32) -> Throw {
        self.type_error(ValueAt::nowhere(self.value(idx)), "index")
    }
    #[inline]
    pub fn rawset(self, idx: i32) -> LResult<()> {
        let t = self.table_to_set(idx, 2)?;
        t.set(*self, self.from_top(2), self.from_top(1)).or_throw(*self)?;
        self.drop_values(2);
        Ok(())
    }
    #[inline]
    pub fn rawseti(self, idx: i32, n: i32) -> LResult<()> {
        let t = self.table_to_set(idx, 1)?;
        t.set_int(*self, n as i64, self.from_top(1)).or_throw(*self)?;
        self.drop_values(1);
        Ok(())
    }
    pub fn rawsetp(self, idx: i32, p: *const c_void) -> LResult<()> {
        let t = self.table_to_set(idx, 1)?;
        let key = match Value::light(p.cast_mut()) {
            Some(k) => k,
            None => self.global().wide_lights.intern(*self, p as u64)?,
        };
        t.set(*self, key, self.from_top(1)).or_throw(*self)?;
        self.drop_values(1);
        Ok(())
    }
    /// Takes a table or nil from the top as the metatable of the value at `idx` (of its type, for a basic type). A
    /// userdata with the metatable of files is a file from then on, so this is for callers that know what it holds.
    pub fn setmetatable(self, idx: i32) {
        api_check!(self.has_elements(1), "lua_setmetatable", "L", "no value on the stack");
        api_check!(self.is_valid(idx), "lua_setmetatable", "idx", "invalid index");
        let v = self.value(idx);
        let top = self.from_top(1);
        api_check!(
            top.is_nil() || top.is_table(),
            "lua_setmetatable",
            "L",
            "metatable neither table nor nil"
        );
        let mt = top.as_table();
        if let Some(t) = v.as_table() {
            t.metatable.set(mt);
            if let Some(mt) = mt {
                gc::barrier_back(*self, t.erase(), top);
                gc::check_finalizer(*self, t.erase(), mt);
            }
        } else if let Some(u) = v.as_userdata() {
            u.metatable.set(mt);
            if let Some(mt) = mt {
                if self.global().file_metatable.get() == Some(mt)
                    && u.len >= size_of::<luaL_Stream>()
                    && u.has(Content::Unknown)
                {
                    u.set_content(Content::Stream);
                }
                gc::barrier_object(*self, u.erase(), mt);
                gc::check_finalizer(*self, u.erase(), mt);
            }
        } else {
            self.global().metatables[v.type_id() as usize].set(mt);
        }
        self.drop_values(1);
    }
    /// `setmetatable` for a script, which says nothing about what a userdata holds.
    pub fn setmetatable_only(self, idx: i32) {
        let unknown = self.value(idx).as_userdata().filter(|u| u.has(Content::Unknown));
        self.setmetatable(idx);
        if let Some(u) = unknown {
            u.set_content(Content::Unknown);
        }
    }
    /// Takes a table or nil from the top as the user value of the userdata at `idx`.
    pub fn setuservalue(self, idx: i32) {
        api_check!(self.has_elements(1), "lua_setuservalue", "L", "no value on the stack");
        let v = self.from_top(1);
        api_check!(v.is_nil() || v.is_table(), "lua_setuservalue", "L", "user value neither table nor nil");
        let u = self.value(idx).as_userdata();
        api_check!(u.is_some(), "lua_setuservalue", "idx", "not a full userdata");
        if let Some(u) = u {
            u.uservalue.set(v);
            gc::barrier(*self, u.erase(), v);
        }
        self.drop_values(1);
    }
}
