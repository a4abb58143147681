//! Calling, raising, coroutines (manual 4.4, 4.7 and 4.8).

use super::misuse::api_check;
use crate::api::Lua;
use crate::consts::*;
use crate::object::call_info::FrameFlags;
use crate::object::{Slot, SlotOffset, lua_CFunction};
use crate::throw::{LResult, Throw};
use crate::vm::call::{self, protected, results};
use crate::vm::coroutine;
use crate::vm::error::Raise;

impl Lua {
    #[inline(always)]
    fn callee_slot(self, nargs: i32) -> Slot {
        self.top.get().below(nargs as usize + 1)
    }
    #[inline(always)]
    fn check_call(self, function: &str, nargs: i32, nresults: i32, k: Option<lua_CFunction>) {
        api_check!(k.is_none() || !self.call_info().is_lua(), function, "k", "continuation inside a hook");
        api_check!(
            self.has_elements(nargs + 1),
            function,
            "nargs",
            "fewer values than function and arguments"
        );
        api_check!(self.status() == LUA_OK, function, "L", "thread is not running normally");
        api_check!(
            nresults == LUA_MULTRET || self.has_room(nresults - nargs - 1),
            function,
            "nresults",
            "results do not fit the stack"
        );
    }
    #[inline(always)]
    pub fn callk(self, nargs: i32, nresults: i32, ctx: i32, k: Option<lua_CFunction>) -> LResult<()> {
        self.check_call("lua_callk", nargs, nresults, k);
        let func = self.callee_slot(nargs);
        if k.is_some() && self.non_yieldable_depth.get() == 0 {
            let ci = self.call_info();
            ci.c_function().continuation.set(k);
            ci.c_function().context.set(ctx);
            call::call(*self, func, nresults)?;
        } else {
            call::call_noyield_inline(*self, func, nresults)?;
        }
        results::follow_open_results(*self, nresults);
        Ok(())
    }
    #[inline]
    pub fn call(self, nargs: i32, nresults: i32) -> LResult<()> {
        self.callk(nargs, nresults, 0, None)
    }
    /// Returns the status. `Err` is only for what passes through: a yield, a foreign exception, and, with a
    /// continuation in a coroutine, an error (the resume then calls the continuation with its status).
    pub fn pcallk(
        self,
        nargs: i32,
        nresults: i32,
        msgh: i32,
        ctx: i32,
        k: Option<lua_CFunction>,
    ) -> LResult<i32> {
        self.check_call("lua_pcallk", nargs, nresults, k);
        let handler = if msgh == 0 {
            SlotOffset::NONE
        } else {
            api_check!(
                self.is_stack_index(msgh),
                "lua_pcallk",
                "msgh",
                "not an index of a value on the stack"
            );
            self.save_slot(self.slot(msgh))
        };
        let func = self.callee_slot(nargs);
        let status = if k.is_none() || self.non_yieldable_depth.get() > 0 {
            protected::protected(*self, func, nresults, handler)?
        } else {
            protected::call_yieldable(*self, func, nresults, handler, (k, ctx))?;
            LUA_OK
        };
        results::follow_open_results(*self, nresults);
        Ok(status)
    }
    pub fn pcall(self, nargs: i32, nresults: i32, msgh: i32) -> LResult<i32> {
        self.pcallk(nargs, nresults, msgh, 0, None)
    }
    /// Returns the status and, in a continuation, the context.
    pub fn getctx(self) -> (i32, Option<i32>) {
        let ci = self.call_info();
        if !ci.has(FrameFlags::YIELDED) {
            return (LUA_OK, None);
        }
        let frame = ci.c_function();
        (frame.status.get(), Some(frame.context.get()))
    }
    /// Returns `Err` always (a yield or an error), except inside hooks.
    pub fn yieldk(self, nresults: i32, ctx: i32, k: Option<lua_CFunction>) -> LResult<i32> {
        api_check!(self.has_elements(nresults), "lua_yieldk", "nresults", "more values than there are");
        api_check!(
            k.is_none() || !self.call_info().is_lua(),
            "lua_yieldk",
            "k",
            "continuation inside a hook"
        );
        coroutine::yield_(*self, nresults, ctx, k)
    }
    pub fn resume(self, from: Option<Lua>, nargs: i32) -> LResult<i32> {
        let needed = if self.status() == LUA_OK { nargs + 1 } else { nargs };
        api_check!(self.has_elements(needed), "lua_resume", "nargs", "more values than there are");
        coroutine::resume(*self, from.map(|l| *l), nargs)
    }
    #[inline]
    pub fn status(self) -> i32 {
        self.raw_status() as i32
    }
    /// Raises the value on top.
    pub fn error(self) -> Throw {
        api_check!(self.has_elements(1), "lua_error", "L", "no value to raise");
        self.error_msg()
    }
}
