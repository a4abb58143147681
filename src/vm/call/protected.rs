//! Protected calls: of the library's own, and of C functions that can be suspended in one.
//!
//! A C function in a coroutine that gives a continuation calls in three parts, because a yield or an error may take its
//! native frame away: `call_yieldable` marks the frame `YIELDABLE_PCALL` and calls; when the native frame survives, the
//! same function ends the call. Otherwise resume goes on: after an error `recover_yieldable` unwinds to the frame, and
//! then (or after a yield) `end_yieldable` takes the mark away before the continuation runs.

use super::foreign::link;
use super::unwinding::{count, here, set_count, set_error_object, set_here};
use super::{call, call_noyield};
use crate::consts::*;
use crate::object::call_info::FrameFlags;
use crate::object::{FrameRef, Gc, Slot, SlotOffset, Thread, lua_CFunction};
use crate::throw::{LResult, Throw};
use crate::vm::{stack, upval};

/// The state of the thread that a protected call restores when it stops an error.
pub struct Saved {
    ci: FrameRef,
    non_yieldable_depth: u16,
    native_depth: u16,
    allow_hook: bool,
    message_handler: SlotOffset,
    protected: u32,
}

impl Saved {
    pub fn new(l: Gc<Thread>) -> Saved {
        // SAFETY: the link of a live state.
        let protected = unsafe { (*link(l)).protected };
        Saved {
            ci: l.call_info(),
            non_yieldable_depth: l.non_yieldable_depth.get(),
            native_depth: l.native_depth.get(),
            allow_hook: l.allow_hook.get(),
            message_handler: l.message_handler.get(),
            protected,
        }
    }
    pub fn restore(&self, l: Gc<Thread>) {
        l.set_call_info(self.ci);
        l.non_yieldable_depth.set(self.non_yieldable_depth);
        l.native_depth.set(self.native_depth);
        l.allow_hook.set(self.allow_hook);
        l.message_handler.set(self.message_handler);
        set_count(l, self.protected);
    }
}

/// Runs `body` with a message handler and stops its errors: the status; with an error its
/// object is at `func_offset` and the stack ends there. `Err` only for what a protected call does not stop: yields
/// and foreign exceptions.
pub fn run_protected(
    l: Gc<Thread>,
    mut body: impl FnMut() -> LResult<()>,
    func_offset: SlotOffset,
    message_handler: SlotOffset,
) -> LResult<i32> {
    let saved = Saved::new(l);
    set_count(l, saved.protected + 1);
    l.message_handler.set(message_handler);
    match body() {
        Ok(()) => {
            l.message_handler.set(saved.message_handler);
            set_count(l, saved.protected);
            Ok(LUA_OK)
        }
        Err(Throw::YIELD) => {
            set_count(l, saved.protected);
            Err(Throw::YIELD)
        }
        Err(throw) => {
            let func = l.restore_slot(func_offset);
            upval::close(l, func);
            if throw == Throw::FOREIGN {
                saved.restore(l);
                l.top.set(func);
                return Err(throw);
            }
            set_error_object(l, throw, func);
            saved.restore(l);
            stack::shrink_after_error(l);
            Ok(throw.status())
        }
    }
}

/// Protected call of the function at `func`.
pub fn protected(l: Gc<Thread>, func: Slot, nresults: i32, message_handler: SlotOffset) -> LResult<i32> {
    let offset = l.save_slot(func);
    run_protected(l, || call_noyield(l, l.restore_slot(offset), nresults), offset, message_handler)
}

/// Protected call of the function at `func` by a C function that may be suspended in it and then goes on in `k` with
/// `ctx`. Errors pass: resume stops them.
#[inline(always)]
pub fn call_yieldable(
    l: Gc<Thread>,
    func: Slot,
    nresults: i32,
    message_handler: SlotOffset,
    (k, ctx): (Option<lua_CFunction>, i32),
) -> LResult<()> {
    let ci = l.call_info();
    ci.c_function().continuation.set(k);
    ci.c_function().context.set(ctx);
    ci.c_function().callee.set(l.save_slot(func));
    ci.outer_handler.set(l.message_handler.get());
    l.message_handler.set(message_handler);
    let hooks = if l.allow_hook.get() { FrameFlags::HOOKS_WERE_ALLOWED } else { FrameFlags::NONE };
    ci.clear_flags(FrameFlags::HOOKS_WERE_ALLOWED);
    ci.add_flags(FrameFlags::YIELDABLE_PCALL.and(hooks));
    let protected = here(l);
    count(l);
    let called = call(l, func, nresults);
    if matches!(called, Ok(()) | Err(Throw::FOREIGN)) {
        set_here(l, protected);
        ci.clear_flags(FrameFlags::YIELDABLE_PCALL);
        l.message_handler.set(ci.outer_handler.get());
    }
    called
}

/// Resume stops an error at the frame `ci` of such a call: the error is its result.
pub fn recover_yieldable(l: Gc<Thread>, ci: FrameRef, throw: Throw) {
    let old_top = l.restore_slot(ci.c_function().callee.get());
    upval::close(l, old_top);
    set_error_object(l, throw, old_top);
    l.set_call_info(ci);
    l.allow_hook.set(ci.has(FrameFlags::HOOKS_WERE_ALLOWED));
    stack::shrink(l);
    l.message_handler.set(ci.outer_handler.get());
    ci.add_flags(FrameFlags::ERRORED);
    ci.c_function().status.set(throw.status());
}

/// The call of the frame `ci`, protected or not, is over after all, with an error or after a yield. What its
/// continuation is told is set.
pub fn end_yieldable(l: Gc<Thread>, ci: FrameRef) {
    if ci.has(FrameFlags::YIELDABLE_PCALL) {
        l.message_handler.set(ci.outer_handler.get());
    }
    if !ci.has(FrameFlags::ERRORED) {
        ci.c_function().status.set(LUA_YIELD);
    }
    ci.clear_flags(FrameFlags::YIELDABLE_PCALL.and(FrameFlags::ERRORED));
    ci.add_flags(FrameFlags::YIELDED);
}
