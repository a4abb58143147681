//! Reads values on the stack: their types, conversions to C's types, comparison. Arithmetic, concatenation, length.

use super::Bytes;
use super::misuse::api_check;
use crate::api::Lua;
use crate::consts::*;
use crate::gc;
use crate::num;
use crate::object::string::bytes_of;
use crate::object::value::{TAG_LIGHT, TAG_OBJECT, type_name};
use crate::object::{Metamethod, Value, lua_CFunction, string};
use crate::throw::LResult;
use crate::vm::meta;
use crate::vm::thunk;
use core::ffi::c_void;

impl Lua {
    #[inline]
    pub fn type_(self, idx: i32) -> i32 {
        if idx <= LUA_REGISTRYINDEX {
            return self.type_at_pseudo_index(idx);
        }
        self.stack_value(idx).map_or(LUA_TNONE, Value::type_id)
    }
    #[inline(never)]
    fn type_at_pseudo_index(self, idx: i32) -> i32 {
        let p = self.slot(idx);
        // SAFETY: `slot` gives a readable slot.
        if p == super::stack::none() { LUA_TNONE } else { unsafe { p.read() }.type_id() }
    }
    #[inline]
    pub fn isnoneornil(self, idx: i32) -> bool {
        self.value(idx).is_nil()
    }
    #[inline]
    pub fn istable(self, idx: i32) -> bool {
        self.value(idx).is_table()
    }
    /// Returns the name of a type; this needs no state.
    pub fn typename(t: i32) -> &'static str {
        api_check!((LUA_TNONE..LUA_NUMTAGS).contains(&t), "lua_typename", "tp", "not a type");
        type_name(t)
    }
    #[inline]
    pub fn iscfunction(self, idx: i32) -> bool {
        let v = self.value(idx);
        v.is_function() && v.as_lua_closure().is_none()
    }
    #[inline]
    pub fn isnumber(self, idx: i32) -> bool {
        self.tonumberx(idx).is_some()
    }
    #[inline]
    pub fn isstring(self, idx: i32) -> bool {
        let v = self.value(idx);
        v.is_string() || v.is_number()
    }
    #[inline]
    pub fn isuserdata(self, idx: i32) -> bool {
        matches!(self.value(idx).type_id(), LUA_TUSERDATA | LUA_TLIGHTUSERDATA)
    }
    /// Two values, if there are some at both indices.
    #[inline(always)]
    fn two_values(self, a: i32, b: i32) -> Option<(Value, Value)> {
        let (a, b) = (self.slot(a), self.slot(b));
        if a == super::stack::none() || b == super::stack::none() {
            return None;
        }
        // SAFETY: both are live slots.
        unsafe { Some((a.read(), b.read())) }
    }
    #[inline]
    pub fn rawequal(self, a: i32, b: i32) -> bool {
        self.two_values(a, b).is_some_and(|(x, y)| x.raw_equal(y))
    }
    pub fn compare(self, a: i32, b: i32, op: i32) -> LResult<bool> {
        let Some((x, y)) = self.two_values(a, b) else { return Ok(false) };
        match op {
            LUA_OPEQ => meta::equal(*self, x, y),
            LUA_OPLT => meta::less_than(*self, x, y),
            LUA_OPLE => meta::less_equal(*self, x, y),
            _ => {
                api_check!(false, "lua_compare", "op", "not a comparison");
                Ok(false)
            }
        }
    }
    pub fn arith(self, op: i32) -> LResult<()> {
        api_check!((LUA_OPADD..=LUA_OPUNM).contains(&op), "lua_arith", "op", "not an operation");
        if op == LUA_OPUNM {
            api_check!(self.has_elements(1), "lua_arith", "L", "no operand");
            self.push(self.from_top(1));
        }
        api_check!(self.has_elements(2), "lua_arith", "L", "fewer than two operands");
        let r = meta::arith(*self, Metamethod::from_arith(op as u8), self.from_top(2), self.from_top(1))?;
        self.drop_values(1);
        self.set_top_value(r);
        Ok(())
    }
    /// Overwrites the topmost value.
    #[inline(always)]
    pub(super) fn set_top_value(self, v: Value) {
        // SAFETY: callers have at least one value on the stack.
        unsafe { self.top.get().below(1).write(v) }
    }
    #[inline(always)]
    pub fn tonumberx(self, idx: i32) -> Option<f64> {
        match self.quick_number(idx) {
            Some(n) => Some(n),
            None => self.other_to_number(idx),
        }
    }
    #[inline(never)]
    fn other_to_number(self, idx: i32) -> Option<f64> {
        meta::to_number(self.value_or_upvalue(idx))
    }
    #[inline]
    pub fn tointegerx(self, idx: i32) -> Option<isize> {
        self.tonumberx(idx).map(num::to_integer)
    }
    #[inline]
    pub fn tounsignedx(self, idx: i32) -> Option<u32> {
        self.tonumberx(idx).map(num::to_unsigned)
    }
    #[inline]
    pub fn toboolean(self, idx: i32) -> bool {
        !self.value(idx).is_falsy()
    }
    /// Returns the string at `idx`; a number there becomes a string.
    #[inline]
    pub fn tolstring(self, idx: i32) -> LResult<Option<Bytes>> {
        match self.value(idx).as_string() {
            Some(s) => Ok(Some(bytes_of(s))),
            None => self.number_to_string(idx),
        }
    }
    #[inline(never)]
    fn number_to_string(self, idx: i32) -> LResult<Option<Bytes>> {
        let Some(s) = meta::to_str(*self, self.value(idx))? else { return Ok(None) };
        self.set_value(idx, Value::string(s));
        gc::check(*self)?;
        Ok(Some(bytes_of(s)))
    }
    #[inline]
    pub fn rawlen(self, idx: i32) -> usize {
        let v = self.value(idx);
        if let Some(t) = v.as_table() {
            t.length(self.global()) as usize
        } else if let Some(s) = v.as_string() {
            s.len()
        } else {
            v.as_userdata().map_or(0, |u| u.len)
        }
    }
    pub fn concat(self, n: i32) -> LResult<()> {
        api_check!(n >= 0 && self.has_elements(n), "lua_concat", "n", "more values than there are");
        if n >= 2 {
            // The collector comes last: a finalizer may take the operands out of their slots.
            meta::concat(*self, n as usize)?;
            gc::check(*self)?;
        } else if n == 0 {
            let empty = string::new_str(*self, b"")?;
            self.api_push(Value::string(empty));
        }
        Ok(())
    }
    pub fn len(self, idx: i32) -> LResult<()> {
        let v = meta::len(*self, self.value(idx))?;
        self.api_push(v);
        Ok(())
    }
    pub fn tocfunction(self, idx: i32) -> Option<lua_CFunction> {
        let v = self.value(idx);
        if let Some(f) = v.as_light_c() {
            Some(f)
        } else if let Some(c) = v.as_c_closure() {
            Some(c.f)
        } else {
            v.as_builtin().map(thunk::c_of_builtin)
        }
    }
    #[inline]
    pub fn touserdata(self, idx: i32) -> *mut c_void {
        let v = self.value_or_upvalue(idx);
        match v.tag() {
            TAG_OBJECT => v.as_userdata().map_or(core::ptr::null_mut(), |u| u.data().cast()),
            TAG_LIGHT => v.payload(),
            _ => match v.as_wide_light() {
                Some(i) => self.global().wide_lights.pattern(i) as *mut c_void,
                None => core::ptr::null_mut(),
            },
        }
    }
    #[inline]
    pub fn tothread(self, idx: i32) -> Option<Lua> {
        self.value(idx).as_thread().map(Lua::of)
    }
    pub fn topointer(self, idx: i32) -> *const c_void {
        let v = self.value(idx);
        // A library function is the C function that stands for it, like any without upvalues.
        if let Some(builtin) = v.as_builtin() {
            return thunk::c_of_builtin(builtin) as *const c_void;
        }
        match v.type_id() {
            LUA_TTABLE | LUA_TFUNCTION | LUA_TTHREAD => v.payload::<c_void>(),
            LUA_TUSERDATA | LUA_TLIGHTUSERDATA => self.touserdata(idx),
            _ => core::ptr::null(),
        }
    }
}
