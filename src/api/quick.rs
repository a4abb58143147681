//! The common cases of functions that may raise. These cannot raise, so an exported function can do them before its
//! stub is entered. `None` or false says that nothing was changed, and that the core has to do the work.

use super::Bytes;
use crate::api::Lua;
use crate::consts::*;
use crate::gc;
use crate::num;
use crate::object::c_types::lua_Debug;
use crate::object::string::bytes_of;
use crate::object::{Metamethod, Table, Value, lua_CFunction};
use crate::vm::debug::info;
use crate::vm::meta;
use crate::vm::thunk;

impl Lua {
    #[inline(always)]
    pub(super) fn stack_value(self, idx: i32) -> Option<Value> {
        // SAFETY: a live slot.
        self.stack_slot(idx).map(|p| unsafe { p.read() })
    }
    /// Reads a number on the stack.
    #[inline(always)]
    pub fn quick_number(self, idx: i32) -> Option<f64> {
        let p = self.stack_slot(idx)?;
        // SAFETY: a live slot; any bits are a double. The number is loaded by itself, since the way from an integer
        // register to a vector register takes longer than a second load (hence volatile).
        unsafe { p.read().is_number().then(|| p.as_ptr().cast::<f64>().read_volatile()) }
    }
    /// Reads a string on the stack.
    #[inline(always)]
    pub fn quick_string(self, idx: i32) -> Option<Bytes> {
        self.stack_value(idx)?.as_string().map(bytes_of)
    }
    #[inline(always)]
    pub fn quick_compare(self, a: i32, b: i32, op: i32) -> Option<bool> {
        let (x, y) = (self.quick_number(a)?, self.quick_number(b)?);
        match op {
            LUA_OPEQ => Some(x == y),
            LUA_OPLT => Some(x < y),
            LUA_OPLE => Some(x <= y),
            _ => None,
        }
    }
    /// Does an operation on two numbers.
    #[inline(always)]
    pub fn quick_arith(self, op: i32) -> bool {
        if !(LUA_OPADD..LUA_OPUNM).contains(&op) {
            return false;
        }
        let (Some(x), Some(y)) = (self.quick_number(-2), self.quick_number(-1)) else { return false };
        let result = match op {
            LUA_OPADD => x + y,
            LUA_OPSUB => x - y,
            LUA_OPMUL => x * y,
            LUA_OPDIV => x / y,
            _ => meta::number_arith(Metamethod::from_arith(op as u8), x, y),
        };
        self.drop_values(2);
        self.api_push(Value::number(result));
        true
    }
    #[inline(always)]
    pub fn quick_gettable(self, idx: i32) -> bool {
        let Some(t) = self.stack_value(idx).and_then(Value::as_table) else { return false };
        let key = self.from_top(1);
        let v = match key.as_string() {
            Some(s) if s.is_short() => t.get_short(s),
            _ => t.get(self.global(), key),
        };
        if v.is_nil() && t.metatable.get().is_some() {
            return false;
        }
        self.set_top_value(v);
        true
    }
    #[inline(always)]
    pub fn quick_next(self, idx: i32) -> Option<bool> {
        let t = self.stack_value(idx)?.as_table()?;
        if let Some((k, v)) = next_in_array(&t, self.from_top(1)) {
            self.set_top_value(k);
            self.api_push(v);
            return Some(true);
        }
        match t.next(self.global(), self.from_top(1)).ok()? {
            Some((k, v)) => {
                self.set_top_value(k);
                self.api_push(v);
                Some(true)
            }
            None => {
                self.drop_values(1);
                Some(false)
            }
        }
    }
    #[inline(always)]
    pub fn quick_getinfo(self, what: impl Iterator<Item = u8>, ar: &mut lua_Debug) -> Option<bool> {
        info::quick_info(*self, what, ar)
    }
    /// Pushes a C function that is no library function.
    #[inline(always)]
    pub fn quick_pushcfunction(self, f: lua_CFunction) -> bool {
        if thunk::is_thunk(f) {
            return false;
        }
        self.api_push(Value::light_c(f));
        true
    }
    /// Assigns to an element that the table has.
    #[inline(always)]
    pub fn quick_rawseti(self, idx: i32, n: i32) -> bool {
        let Some(t) = self.stack_value(idx).and_then(Value::as_table) else { return false };
        let index = (n as u32).wrapping_sub(1);
        if index >= t.asize() {
            return false;
        }
        let v = self.from_top(1);
        // SAFETY: below the size of the array part.
        unsafe { *t.array_ptr().add(index as usize) = v };
        gc::barrier_back(*self, t.erase(), v);
        self.drop_values(1);
        true
    }
    #[inline(always)]
    pub fn quick_rawset(self, idx: i32) -> bool {
        self.quick_rawset_at(self.stack_value(idx), self.from_top(2), 2)
    }
    #[inline(always)]
    pub fn quick_rawsetp(self, idx: i32, p: *const core::ffi::c_void) -> bool {
        Value::light(p.cast_mut()).is_some_and(|key| self.quick_rawset_at(Some(self.value(idx)), key, 1))
    }
    /// Assigns the topmost value to a field that the table has, and pops `drop` values.
    #[inline(always)]
    fn quick_rawset_at(self, table: Option<Value>, key: Value, drop: usize) -> bool {
        let Some(t) = table.and_then(Value::as_table) else { return false };
        let Some(slot) = t.find(self.global(), key) else { return false };
        let v = self.from_top(1);
        slot.set(v);
        t.set_flags(0);
        gc::barrier_back(*self, t.erase(), v);
        self.drop_values(drop);
        true
    }
    /// Pushes a light userdata whose bits fit a value.
    #[inline(always)]
    pub fn quick_pushlightuserdata(self, p: *mut core::ffi::c_void) -> bool {
        match Value::light(p) {
            Some(v) => {
                self.api_push(v);
                true
            }
            None => false,
        }
    }
}

/// Returns the element after `key` when both are in the array part.
#[inline(always)]
fn next_in_array(t: &Table, key: Value) -> Option<(Value, Value)> {
    let at = if key.is_nil() { 0 } else { num::exact_int32(key.as_number()?)? as u32 };
    let array = t.array();
    // A key that is not in the array part is not before an element of it.
    if key.is_nil() || (1..=array.len() as u32).contains(&at) {
        let v = array.get(at as usize)?.get();
        return (!v.is_nil()).then(|| (Value::number((at + 1) as f64), v));
    }
    None
}
