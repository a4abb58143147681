//! Indices and the basic stack operations (manual 4.1 to 4.3).

use super::misuse::api_check;
use crate::api::Lua;
use crate::consts::*;
use crate::gc;
use crate::object::Slot;
use crate::object::Value;
use crate::object::thread::EXTRA_STACK;
use crate::vm::stack;

/// The place of an acceptable index that has no slot. It reads as nil and is recognised by its address.
#[inline(always)]
pub(super) fn none() -> Slot {
    static NONE: Value = Value::NIL;
    Slot::from_ptr((&raw const NONE).cast_mut())
}

impl Lua {
    /// Returns the slot of an index that is not a pseudo-index, if it has a value.
    #[inline(always)]
    pub(super) fn stack_slot(self, idx: i32) -> Option<Slot> {
        if idx > 0 {
            let p = self.call_info().func.get().above(idx as usize);
            (p < self.top.get()).then_some(p)
        } else if idx > LUA_REGISTRYINDEX {
            api_check!(
                idx != 0 && self.has_elements(-idx),
                "lua_*",
                "idx",
                "outside the stack of the function"
            );
            Some(self.top.get().offset(idx as isize))
        } else {
            None
        }
    }
    /// Returns the slot that an acceptable index refers to, or `none()` when there is no value.
    #[inline(always)]
    pub(super) fn slot(self, idx: i32) -> Slot {
        if idx > LUA_REGISTRYINDEX { self.stack_slot(idx).unwrap_or(none()) } else { self.pseudo_slot(idx) }
    }
    /// Returns the slot of the index of an upvalue, if the function that runs has it.
    #[inline(always)]
    fn upvalue_slot(self, idx: i32) -> Option<Slot> {
        let n = (LUA_REGISTRYINDEX - idx) as usize;
        let f = self.call_info().func_value().as_c_closure()?;
        Some(Slot::from_ptr(f.upvalues().get(n - 1)?.as_ptr()))
    }
    #[inline(never)]
    fn pseudo_slot(self, idx: i32) -> Slot {
        if idx == LUA_REGISTRYINDEX {
            return Slot::from_ptr(self.global().registry.as_ptr());
        }
        self.upvalue_slot(idx).unwrap_or(none())
    }
    /// The first upvalue of the running C function, and nil when it has none.
    #[inline(always)]
    pub fn first_upvalue(self) -> Value {
        let closure = self.call_info().func_value().as_c_closure();
        closure.and_then(|c| c.upvalues().first().map(|v| v.get())).unwrap_or(Value::NIL)
    }
    /// Returns the value at an acceptable index, and nil when there is none.
    #[inline(always)]
    pub fn value(self, idx: i32) -> Value {
        // SAFETY: `slot` gives a live slot or the constant nil.
        unsafe { self.slot(idx).read() }
    }
    /// The same where the index is often that of an upvalue.
    #[inline(always)]
    pub(super) fn value_or_upvalue(self, idx: i32) -> Value {
        if idx >= LUA_REGISTRYINDEX {
            return self.value(idx);
        }
        // SAFETY: a live slot.
        self.upvalue_slot(idx).map_or(Value::NIL, |p| unsafe { p.read() })
    }
    /// Stores at a valid index, with the barrier that an upvalue needs. (The registry is marked again before each
    /// cycle ends.)
    #[inline(always)]
    pub(super) fn set_value(self, idx: i32, v: Value) {
        // SAFETY: a valid index gives a live slot.
        unsafe { self.slot(idx).write(v) };
        if idx < LUA_REGISTRYINDEX
            && let Some(c) = self.call_info().func_value().as_c_closure()
        {
            gc::barrier(*self, c.erase(), v);
        }
    }
    /// Pushes without asking whether the frame has room (apicheck does).
    #[inline(always)]
    pub(super) fn api_push(self, v: Value) {
        api_check!(self.has_room(1), "lua_push*", "L", "no free stack slot (lua_checkstack not called)");
        self.push(v)
    }

    #[inline]
    pub fn absindex(self, idx: i32) -> i32 {
        if idx > 0 || idx <= LUA_REGISTRYINDEX { idx } else { self.gettop() + 1 + idx }
    }
    #[inline(always)]
    pub fn gettop(self) -> i32 {
        self.top.get().slots_above(self.call_info().func.get()) as i32 - 1
    }
    #[inline]
    pub fn settop(self, idx: i32) {
        let top = self.top.get();
        if idx < 0 {
            api_check!(
                self.has_elements(-(idx + 1)),
                "lua_settop",
                "idx",
                "more values dropped than there are"
            );
            self.top.set(top.offset(idx as isize + 1));
            return;
        }
        let new = self.call_info().func.get().above(1 + idx as usize);
        api_check!(self.has_room(idx - self.gettop()), "lua_settop", "idx", "above the free stack slots");
        let mut p = top;
        while p < new {
            // SAFETY: the slots up to the frame's limit are allocated.
            unsafe { p.write(Value::NIL) };
            p = p.above(1);
        }
        self.top.set(new);
    }
    #[inline]
    pub fn pop(self, n: i32) {
        self.settop(-n - 1)
    }
    #[inline]
    pub fn pushvalue(self, idx: i32) {
        self.api_push(self.value_or_upvalue(idx))
    }
    /// Removes the value at a stack index; the values above it move down.
    #[inline]
    pub fn remove(self, idx: i32) {
        api_check!(self.is_stack_index(idx), "lua_remove", "idx", "not an index of a value on the stack");
        let last = self.top.get().below(1);
        // An index above the top removes the top value, as in the reference's shared library.
        if let Some(p) = self.stack_slot(idx) {
            // SAFETY: `p..=last` are live slots.
            unsafe { p.above(1).copy_to(p, last.slots_above(p)) };
        }
        self.top.set(last);
    }
    /// Moves the top value to a stack index; the values from there on move up.
    #[inline]
    pub fn insert(self, idx: i32) {
        api_check!(self.is_stack_index(idx), "lua_insert", "idx", "not an index of a value on the stack");
        let Some(p) = self.stack_slot(idx) else { return };
        let last = self.top.get().below(1);
        // SAFETY: `p..=last` are live slots.
        unsafe {
            let v = last.read();
            p.copy_to(p.above(1), last.slots_above(p));
            p.write(v);
        }
    }
    #[inline]
    pub fn replace(self, idx: i32) {
        api_check!(self.has_elements(1), "lua_replace", "L", "no value to take");
        api_check!(self.is_valid(idx), "lua_replace", "idx", "invalid index");
        self.set_value(idx, self.from_top(1));
        self.drop_values(1);
    }
    #[inline]
    pub fn copy(self, from: i32, to: i32) {
        api_check!(self.is_valid(to), "lua_copy", "toidx", "invalid index");
        self.set_value(to, self.value(from))
    }
    /// Makes room for `n` values. Returns false when that is not possible (too many, or no memory); never raises.
    #[inline]
    pub fn checkstack(self, n: i32) -> bool {
        api_check!(n >= 0, "lua_checkstack", "n", "negative");
        let n = n.max(0) as usize;
        if !self.has_free_slots(n) && !self.grow_by(n) {
            return false;
        }
        let ci = self.call_info();
        let limit = self.top.get().above(n);
        if ci.top.get() < limit {
            ci.top.set(limit);
        }
        true
    }
    #[cold]
    #[inline(never)]
    fn grow_by(self, n: usize) -> bool {
        let used = self.top.get().slots_above(self.stack.get()) + EXTRA_STACK;
        if used > (LUAI_MAXSTACK as usize).saturating_sub(n) {
            return false;
        }
        let top = self.save_slot(self.top.get());
        let grown = stack::grow(*self, n).is_ok();
        if !grown {
            self.top.set(self.restore_slot(top));
        }
        grown
    }
    /// Moves the `n` top values to another thread of the same state.
    pub fn xmove(self, to: Lua, n: i32) {
        if self == to {
            return;
        }
        api_check!(self.has_elements(n), "lua_xmove", "n", "more values moved than there are");
        api_check!(self.g == to.g, "lua_xmove", "to", "a thread of another state");
        api_check!(to.has_room(n), "lua_xmove", "to", "no free stack slots");
        self.drop_values(n as usize);
        // SAFETY: `n` live values start at the new top; `to` has room for them; the stacks are different blocks.
        unsafe {
            if n == 1 {
                to.top.get().write(self.top.get().read());
            } else {
                self.top.get().copy_to(to.top.get(), n as usize);
            }
        }
        to.top.set(to.top.get().above(n as usize));
    }
}
