//! The debug interface (manual 4.9): what `vm::debug` knows, by index and activation record.

use super::Bytes;
use super::misuse::api_check;
use crate::api::Lua;
use crate::gc;
use crate::object::c_types::{lua_Debug, lua_Hook};
use crate::object::string::bytes_of;
use crate::object::thread::OWN_BITS;
use crate::object::{FrameRef, Interior, UpVal, Value};
use crate::throw::LResult;
use crate::vm::debug::{self, hooks, info, variables};
use core::cell::Cell;
use core::ffi::c_void;

const NO_NAME: Bytes = Bytes::fixed(c"".to_bytes());

/// An upvalue of either kind of closure.
enum Upvalue {
    Lua(crate::object::Gc<UpVal>),
    C(Interior<Cell<Value>>),
}

impl Lua {
    pub fn getstack(self, level: i32, ar: &mut lua_Debug) -> bool {
        match debug::frame_at(*self, level) {
            Some(ci) => {
                ar.i_ci = ci.as_ptr().cast();
                true
            }
            None => false,
        }
    }
    /// Returns false when `what` has an unknown option.
    pub fn getinfo(self, what: &[u8], ar: &mut lua_Debug) -> LResult<bool> {
        api_check!(
            what.first() != Some(&b'>') || self.has_elements(1) && self.value(-1).is_function(),
            "lua_getinfo",
            "what",
            "'>' without a function on the top"
        );
        info::get_info(*self, what, ar)
    }
    fn frame_of(ar: &lua_Debug) -> FrameRef {
        api_check!(!ar.i_ci.is_null(), "lua_getlocal", "ar", "not filled by lua_getstack");
        // SAFETY: the record comes from `lua_getstack` or a hook, and its function is still active.
        unsafe { FrameRef::from_ptr(ar.i_ci.cast()) }
    }
    /// Without a record: returns the name of a parameter of the function on top.
    pub fn getlocal(self, ar: Option<&lua_Debug>, n: i32) -> LResult<Option<Bytes>> {
        Ok(match ar {
            Some(ar) => variables::get_local(*self, Self::frame_of(ar), n).map(|(name, v)| {
                self.api_push(v);
                name
            }),
            None => variables::parameter_name(self.from_top(1), n),
        })
    }
    /// Takes the value from the top even when there is no such variable.
    pub fn setlocal(self, ar: &lua_Debug, n: i32) -> LResult<Option<Bytes>> {
        api_check!(self.has_elements(1), "lua_setlocal", "L", "no value to assign");
        let name = variables::set_local(*self, *self, Self::frame_of(ar), n, self.from_top(1));
        self.drop_values(1);
        Ok(name)
    }

    fn upvalue(self, funcindex: i32, n: i32) -> Option<(Bytes, Upvalue)> {
        let f = self.value(funcindex);
        let i = usize::try_from(n).ok()?.checked_sub(1)?;
        if let Some(cl) = f.as_lua_closure() {
            let u = cl.upvals().get(i)?.get()?;
            let name = cl.proto.upvalues.cells().get(i).and_then(|d| d.get().name);
            return Some((name.map_or(NO_NAME, bytes_of), Upvalue::Lua(u)));
        }
        let closure = f.as_c_closure()?;
        let u = closure.upvalues().get(i)?;
        // SAFETY: a part of the closure, which is on the stack while it is used.
        Some((NO_NAME, Upvalue::C(unsafe { Interior::new(u) })))
    }
    pub fn getupvalue(self, funcindex: i32, n: i32) -> Option<Bytes> {
        let (name, u) = self.upvalue(funcindex, n)?;
        self.api_push(match u {
            Upvalue::Lua(u) => u.get(),
            Upvalue::C(u) => u.get(),
        });
        Some(name)
    }
    /// Takes the value from the top only when there is such an upvalue.
    pub fn setupvalue(self, funcindex: i32, n: i32) -> Option<Bytes> {
        api_check!(self.has_elements(1), "lua_setupvalue", "L", "no value to assign");
        let (name, u) = self.upvalue(funcindex, n)?;
        let v = self.from_top(1);
        match u {
            Upvalue::Lua(u) => {
                // SAFETY: an upvalue points to a live slot.
                unsafe { u.v.get().write(v) };
                gc::barrier_upval(*self, u, v);
            }
            Upvalue::C(u) => {
                u.set(v);
                if let Some(o) = self.value(funcindex).object() {
                    gc::barrier(*self, o, v);
                }
            }
        }
        self.drop_values(1);
        Some(name)
    }
    /// Returns an address that tells upvalues apart, or null when there is no such upvalue.
    pub fn upvalueid(self, funcindex: i32, n: i32) -> *mut c_void {
        match self.upvalue(funcindex, n) {
            Some((_, Upvalue::Lua(u))) => u.as_ptr().cast(),
            Some((_, Upvalue::C(u))) => u.as_ptr().cast(),
            None => core::ptr::null_mut(),
        }
    }
    /// Makes upvalue `n1` of one Lua closure refer to upvalue `n2` of another.
    pub fn upvaluejoin(self, f1: i32, n1: i32, f2: i32, n2: i32) {
        let to = self.value(f1).as_lua_closure();
        let from = self.value(f2).as_lua_closure();
        api_check!(to.is_some(), "lua_upvaluejoin", "fidx1", "not a Lua function");
        api_check!(from.is_some(), "lua_upvaluejoin", "fidx2", "not a Lua function");
        let (Some(to), Some(from)) = (to, from) else { return };
        let (i, j) = ((n1 as usize).wrapping_sub(1), (n2 as usize).wrapping_sub(1));
        api_check!(i < to.nupvalues(), "lua_upvaluejoin", "n1", "no such upvalue");
        api_check!(j < from.nupvalues(), "lua_upvaluejoin", "n2", "no such upvalue");
        if let (Some(slot), Some(Some(u))) = (to.upvals().get(i), from.upvals().get(j).map(Cell::get)) {
            slot.set(Some(u));
            gc::barrier_object(*self, to.erase(), u);
        }
    }

    pub fn sethook(self, f: Option<lua_Hook>, mask: i32, count: i32) {
        hooks::set_hook(*self, f, mask, count)
    }
    pub fn gethook(self) -> Option<lua_Hook> {
        self.hook.get()
    }
    pub fn gethookmask(self) -> i32 {
        (self.hook_mask() & !OWN_BITS) as i32
    }
    pub fn gethookcount(self) -> i32 {
        self.base_hook_count.get()
    }
}
