//! The library functions that a call instruction carries out without calling them: pcall, xpcall, and yield.

use super::{frame, pcall};
use crate::consts::*;
use crate::object::call_info::{CallKind, FrameFlags};
use crate::object::{Builtin, FastArguments, FastResult, FrameRef, Gc, Intrinsic, Slot, Thread};
use crate::throw::{LResult, Throw};
use crate::vm::stack;

/// Whether a call of `b` with `nargs` arguments is one of them. Where it is not, the library function is called, which
/// raises an error, or whose call hooks see.
#[inline(always)]
pub fn runs_here(l: Gc<Thread>, b: &Builtin, nargs: usize) -> bool {
    match b.intrinsic {
        Intrinsic::Pcall => nargs >= 1,
        Intrinsic::Xpcall => nargs >= 2,
        Intrinsic::Yield => can_yield(l),
        _ => false,
    }
}

/// Whether the fast entry of `b` has done a tail call at `func`, whose `nargs` arguments reach up to the top. All its
/// results are at `func` then, below the top: the instruction that follows returns them.
///
/// # Safety
/// The arguments are on the stack, and no hook is set.
#[inline(always)]
pub unsafe fn is_done_by_fast_entry(l: Gc<Thread>, func: Slot, b: &Builtin, nargs: usize) -> bool {
    let Some(fast) = b.fast else { return false };
    let done = b.fast_result != FastResult::First
        // SAFETY: `nargs` values follow the function, whose slot takes the result.
        && unsafe { fast(l, FastArguments::new(func.above(1), nargs), func) };
    if done {
        l.top.set(func.above((b.fast_result != FastResult::None) as usize));
    }
    done
}

/// Whether a yield is carried out here.
#[inline(always)]
pub fn can_yield(l: Gc<Thread>) -> bool {
    l.non_yieldable_depth.get() == 0 && l.hook_mask() == 0
}

/// Carries out the call of `b` at `func`, whose arguments reach up to the top. The current frame goes on then: that of
/// pcall's callee, or that of the caller. A yield ends with `Err(YIELD)`, as if the library function had been called.
#[inline(always)]
pub fn enter(l: Gc<Thread>, func: Slot, b: &'static Builtin, nresults: i32) -> LResult<()> {
    if b.intrinsic == Intrinsic::Yield {
        return Err(yield_at(l, func, nresults));
    }
    pcall::enter_pcall(l, func, b, nresults, FrameFlags::NONE)
}

/// Suspends the running coroutine in a frame of the library's yield.
#[inline(always)]
pub fn yield_at(l: Gc<Thread>, func: Slot, nresults: i32) -> Throw {
    let has_room = l.has_free_slots(LUA_MINSTACK as usize) && !cfg!(feature = "stress-stack");
    match l.call_info().next.get() {
        Some(ci) if has_room => yield_in(l, ci, func, nresults),
        _ => make_room_and_yield(l, func, nresults).unwrap_or_else(|throw| throw),
    }
}

/// The same where the frame has no place yet.
#[cold]
#[inline(never)]
fn make_room_and_yield(l: Gc<Thread>, func: Slot, nresults: i32) -> LResult<Throw> {
    let offset = l.save_slot(func);
    stack::check(l, LUA_MINSTACK as usize)?;
    let ci = frame::next(l)?;
    Ok(yield_in(l, ci, l.restore_slot(offset), nresults))
}

/// Makes the frame `ci` that of the library's yield.
#[inline(always)]
fn yield_in(l: Gc<Thread>, ci: FrameRef, func: Slot, nresults: i32) -> Throw {
    let values = l.top.get().slots_above(func) - 1;
    ci.func.set(func);
    ci.top.set(l.top.get().above(LUA_MINSTACK as usize));
    ci.kind.set(CallKind::new(nresults, FrameFlags::NONE));
    ci.c_function().continuation.set(None);
    l.set_call_info(ci);
    suspend(l, ci, values as i32)
}

/// Suspends the running coroutine in the frame `ci` of a C function, whose `nresults` topmost values are yielded.
#[inline(always)]
pub fn suspend(l: Gc<Thread>, ci: FrameRef, nresults: i32) -> Throw {
    l.set_status(LUA_YIELD as u8);
    // Destructors of C++ frames run before the resume takes the values; hidden below the frame, they are out of reach.
    ci.hide_below(l.top.get().below(1));
    ci.suspended().yielded.set(nresults);
    Throw::YIELD
}
