//! Functions that are not written in Lua: their calls, the way of an error to foreign code and back, and how deep the
//! native stack may get.

use super::foreign::{call_c, link};
use super::unwinding::{is_unprotected, set_error_object, undo_calls};
use super::{frame, results};
use crate::boundary::{self, Ret, Room};
use crate::consts::*;
use crate::messages as msg;
use crate::object::call_info::{CallKind, FrameFlags};
use crate::object::{Gc, Slot, SlotOffset, Thread, Value, lua_CFunction};
use crate::sys;
use crate::throw::{LResult, Throw};
use crate::vm::debug::hooks;
use crate::vm::error::Raise;
use crate::vm::{stack, upval};
use core::ffi::c_void;

/// Native nesting at which even error handling gives up.
const MAX_C_CALLS_IN_ERROR: u16 = LUAI_MAXCCALLS as u16 + (LUAI_MAXCCALLS as u16 >> 3);
/// So many nested native calls do not ask for room on the native stack: the host's, and one from what that called.
const UNMEASURED_LEVELS: u16 = 2;

/// A function that is not written in Lua.
#[derive(Clone, Copy)]
pub enum Native {
    Rust(crate::object::RustFn),
    C(lua_CFunction),
}

/// Calls a function that is not written in Lua, in a frame of its own.
pub fn call_native(l: Gc<Thread>, func: Slot, f: Native, nresults: i32) -> LResult<()> {
    call_native_inline(l, func, f, nresults)
}

#[inline(always)]
pub(super) fn call_native_inline(l: Gc<Thread>, func: Slot, f: Native, nresults: i32) -> LResult<()> {
    l.global().effects.call();
    let mut func = func;
    if !l.has_free_slots(LUA_MINSTACK as usize) || cfg!(feature = "stress-stack") {
        let offset = l.save_slot(func);
        stack::check(l, LUA_MINSTACK as usize)?;
        func = l.restore_slot(offset);
    }
    let ci = frame::next(l)?;
    ci.func.set(func);
    ci.top.set(l.top.get().above(LUA_MINSTACK as usize));
    ci.kind.set(CallKind::new(nresults, FrameFlags::NONE));
    ci.c_function().continuation.set(None);
    l.set_call_info(ci);
    if l.hook_mask() & LUA_MASKCALL as u8 != 0 {
        hooks::call_hook(l, LUA_HOOKCALL, -1)?;
    }
    let n = match f {
        Native::Rust(f) => f(l)?,
        Native::C(f) => call_c(l, f)?,
    };
    results::end_call(l, ci, l.top.get().below(n as usize))?;
    Ok(())
}

/// A core called from C ends with an error: what its stub has to be told so that it raises. An error that
/// nothing will stop goes to the panic function here, with the stack as it is.
#[cold]
#[inline(never)]
pub fn leave(l: Gc<Thread>, throw: Throw) -> Ret {
    let link = link(l);
    if throw != Throw::FOREIGN {
        // SAFETY: the link of a live state.
        if unsafe { !(*link).has_pad() } || is_unprotected(l) {
            return panic_out(l, throw);
        }
        if throw.carries_value() {
            // Not on the stack: destructors on the way may call anything.
            // SAFETY: the link of a live state.
            unsafe { (*link).value = l.from_top(1).0 };
            l.drop_values(1);
        }
    }
    Ret::raise(link, throw.code() as u64)
}

/// Error outside any protected call: the panic function, then the end. It finds the message on top, and below it the
/// frames that failed, for a traceback. It may leave by an exception of its own, which is seen here, or by a jump,
/// which is not: so what those frames counted is set right before, and they themselves go with the next such error.
#[cold]
pub(super) fn panic_out(l: Gc<Thread>, throw: Throw) -> Ret {
    let g = l.global();
    let mut failed = g.failed_call.replace(SlotOffset::NONE);
    #[cfg(native_code)]
    l.native_instruction.set(core::ptr::null());
    // SAFETY: the link of a live state.
    if unsafe { !(*link(l)).has_pad() } {
        // Nothing of the library is under way, so the host called from outside.
        failed = failed.below(drop_abandoned(l));
        l.non_yieldable_depth.set(1);
        l.native_depth.set(0);
        l.allow_hook.set(true);
        if !l.is_at_host() {
            l.call_info().add_flags(FrameFlags::ABANDONED);
        }
    } else {
        g.abandoned_levels.set(l.native_depth.get());
    }
    l.set_status(throw.status() as u8);
    if !throw.carries_value() {
        set_error_object(l, throw, l.top.get());
    }
    let ci = l.call_info();
    if ci.top.get() < l.top.get() {
        ci.top.set(l.top.get());
    }
    if let Some(panic) = g.panic.get() {
        // SAFETY: the host's function; the link is the running state's.
        let r = unsafe { boundary::call_apart(link(l), panic as *const c_void, l.as_ptr() as usize) };
        if r.throw == boundary::FOREIGN {
            if failed > SlotOffset::NONE {
                undo_calls(l, failed);
            }
            return Ret::raise(link(l), boundary::FOREIGN);
        }
    }
    sys::abort()
}

/// Takes frames away that an unprotected error left behind, when the panic function jumped out of it to the host. The
/// host's view of the stack since then, which begins at the last of them, is the base frame's from now on. What is
/// above them has failed, too. Returns by how many slots the stack above them moved down.
pub(super) fn drop_abandoned(l: Gc<Thread>) -> usize {
    let Some(last) = l.active_frames().find(|frame| frame.has(FrameFlags::ABANDONED)) else { return 0 };
    upval::close(l, l.stack.get());
    let bottom = l.base_ci.func.get();
    let distance = last.func.get().slots_above(bottom);
    let count = l.top.get().slots_above(last.func.get());
    // SAFETY: both ranges are slots of the stack, whose top is the end of the upper one.
    unsafe { last.func.get().copy_to(bottom, count) };
    // SAFETY: the slot below the base frame's first value is the stack's first.
    unsafe { bottom.write(Value::NIL) };
    let moved = |slot: Slot| slot.below(distance);
    l.top.set(moved(l.top.get()));
    l.base_ci.top.set(moved(last.top.get()));
    let host = l.host_frame();
    let after = last.next.take();
    let first = host.next.replace(after);
    if let Some(frame) = after {
        frame.prev.set(Some(host));
    }
    if l.call_info() == last {
        l.set_call_info(host);
    }
    for frame in l.active_frames().take_while(|frame| *frame != host) {
        frame.move_slots(moved);
    }
    frame::free_chain(l, first);
    distance
}

/// Counts a nested native call; the error when there are too many.
#[inline(always)]
pub fn enter(l: Gc<Thread>) -> LResult<()> {
    let n = l.native_depth.get().wrapping_add(1);
    l.native_depth.set(n);
    if n <= UNMEASURED_LEVELS { Ok(()) } else { enter_deep(l, n) }
}

/// The same for what needs nothing of the native stack.
#[cfg(native_code)]
#[inline(always)]
pub(super) fn count(l: Gc<Thread>) -> LResult<()> {
    let n = l.native_depth.get().wrapping_add(1);
    l.native_depth.set(n);
    if n < LUAI_MAXCCALLS as u16 { Ok(()) } else { enter_deep(l, n) }
}

#[inline(never)]
pub(super) fn enter_deep(l: Gc<Thread>, mut n: u16) -> LResult<()> {
    if n == LUAI_MAXCCALLS as u16 {
        // A panic function that jumps out of C functions leaves their levels counted. It may have left fewer than there
        // were; so the count can fall below 0 later, and then starts anew.
        n = n.saturating_sub(l.global().abandoned_levels.replace(0)).max(1);
        l.native_depth.set(n);
    } else if n > MAX_C_CALLS_IN_ERROR {
        n = 1;
        l.native_depth.set(n);
    }
    room(l, n)?;
    if n < LUAI_MAXCCALLS as u16 {
        Ok(())
    } else if n == LUAI_MAXCCALLS as u16 {
        Err(l.runtime_error(msg::C_STACK_OVERFLOW))
    } else if n >= MAX_C_CALLS_IN_ERROR {
        Err(Throw::HANDLER)
    } else {
        Ok(())
    }
}

/// The error when the native stack has no room for level `n`.
#[inline(always)]
pub fn room(l: Gc<Thread>, n: u16) -> LResult<()> {
    match l.global().native_stack.room(n) {
        Room::Enough => Ok(()),
        Room::Short => Err(l.runtime_error(msg::C_STACK_OVERFLOW)),
        Room::None => Err(Throw::HANDLER),
    }
}

/// Counts the end of a nested native call. (Wraps when an unprotected error made the count forget calls that the host
/// did not abandon, see `enter_deep`.)
#[inline(always)]
pub(super) fn exit(l: Gc<Thread>) {
    l.native_depth.set(l.native_depth.get().wrapping_sub(1));
}
