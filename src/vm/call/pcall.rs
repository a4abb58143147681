//! The library's pcall and xpcall without native nesting: frames marked `FrameFlags::LIBRARY_PCALL` in the
//! interpreter's own chain.
//!
//! Rules
//! 1. Such a frame keeps the message handler (`outer_handler`), the count of protected calls and `allow_hook` of its
//!    caller, and how many slots lie between its function and its callee (`LibraryPcallFrame`).
//! 2. Its callee returns to it with all results; `finish_pcall` hands them on. An error is caught by the invocation of
//!    the interpreter that runs the frame, or by resume.
//! 3. The frame has the flag while the callee runs. The call hook runs before that, and the return hook afterwards. So
//!    the frame does not stop their errors, and they find handler, counts and `allow_hook` as the caller has them.

use super::{Prepared, frame, prepare, results, unwinding};
use crate::consts::*;
use crate::object::call_info::{CallKind, FrameFlags};
use crate::object::{Builtin, FrameRef, Gc, Intrinsic, Slot, SlotOffset, Thread, Value};
use crate::throw::{LResult, Throw};
use crate::vm::debug::hooks;
use crate::vm::{stack, upval};

/// Stops an error at the innermost library pcall frame of this invocation, which began with these values of
/// `non_yieldable_depth` and `native_depth`; the frame's caller goes on. What its return hook raises goes to the next
/// one.
pub fn catch(
    l: Gc<Thread>,
    entry: Option<FrameRef>,
    mut throw: Throw,
    (non_yieldable_depth, native_depth): (u16, u16),
) -> LResult<()> {
    loop {
        let Some(ci) = catching_frame(l, entry, throw) else { return Err(throw) };
        #[cfg(native_code)]
        let in_metamethods = l.native_depth.get() != native_depth;
        catch_in_pcall(l, ci, throw);
        l.non_yieldable_depth.set(non_yieldable_depth);
        l.native_depth.set(native_depth);
        #[cfg(native_code)]
        if in_metamethods {
            // Those that go on.
            let inner = ci.with_callers().take_while(|frame| Some(*frame) != entry);
            let metamethods = inner.filter(|frame| frame.has(FrameFlags::METAMETHOD)).count();
            l.native_depth.set(native_depth + metamethods as u16);
        }
        match finish_pcall(l, ci) {
            Ok(()) => {
                #[cfg(native_code)]
                if ci.has(FrameFlags::WAITS) {
                    l.call_info().add_flags(FrameFlags::WAITS);
                }
                return Ok(());
            }
            Err(t) => throw = t,
        }
    }
}

/// The library pcall frame of this invocation that stops an error.
fn catching_frame(l: Gc<Thread>, entry: Option<FrameRef>, throw: Throw) -> Option<FrameRef> {
    if throw == Throw::YIELD || throw == Throw::FOREIGN {
        return None;
    }
    let entry = entry?;
    for frame in l.active_frames().take_while(|frame| *frame != entry) {
        if frame.has(FrameFlags::LIBRARY_PCALL) {
            return Some(frame);
        }
        if frame.has(FrameFlags::YIELDABLE_PCALL) {
            // A C function's protected call is the innermost; resume goes on in its continuation.
            return None;
        }
    }
    None
}

/// Unwinds to a library pcall frame and leaves the error object as its result.
pub fn catch_in_pcall(l: Gc<Thread>, ci: FrameRef, throw: Throw) {
    let func = ci.func.get();
    let offset = l.save_slot(func);
    upval::close(l, func.above(1));
    unwinding::set_error_object(l, throw, func.above(1));
    l.set_call_info(ci);
    l.allow_hook.set(ci.has(FrameFlags::HOOKS_WERE_ALLOWED));
    stack::shrink_after_error(l);
    debug_assert_eq!(offset, l.save_slot(ci.func.get()));
    ci.add_flags(FrameFlags::ERRORED);
}

/// A library pcall frame's callee returned, or its error was caught: hands the results to the caller.
pub fn finish_pcall(l: Gc<Thread>, ci: FrameRef) -> LResult<()> {
    // The status takes the slot before the callee's results.
    let (status, mut first) = if ci.has(FrameFlags::ERRORED) {
        cold_path!();
        (Value::FALSE, ci.func.get())
    } else {
        (Value::TRUE, ci.func.get().above(ci.library_pcall().skipped.get()))
    };
    if l.hook_mask() == 0 {
        let results = first.above(1);
        hand_on(l, ci, status, results, l.top.get().slots_above(results));
        return Ok(());
    }
    end_protection(l, ci);
    first = before_return_hook(l, ci, first);
    // SAFETY: below the results, above or at the frame's function.
    unsafe { first.write(status) };
    if !results::end_call(l, ci, first)? {
        let caller = l.call_info();
        debug_assert!(caller.is_lua());
        l.top.set(caller.top.get());
    }
    Ok(())
}

/// Errors go where they went before the library pcall frame was made.
fn end_protection(l: Gc<Thread>, ci: FrameRef) {
    l.message_handler.set(ci.outer_handler.get());
    unwinding::set_here(l, ci.library_pcall().protected.get());
}

/// Ends a library pcall frame, while no hook is set, with the status and `n` results of the callee from `first` on.
pub fn hand_on(l: Gc<Thread>, ci: FrameRef, status: Value, first: Slot, n: usize) {
    end_protection(l, ci);
    // SAFETY: a frame of pcall has been called.
    l.set_call_info(unsafe { ci.caller() });
    debug_assert!(l.call_info().is_lua());
    let to = ci.func.get();
    // SAFETY: the results are above the frame's function; the caller, a Lua frame, has room for as many as it wants.
    unsafe {
        to.write(status);
        let to = to.above(1);
        let wanted = ci.nresults();
        let count = if wanted < 0 { n } else { (wanted as usize).saturating_sub(1) };
        for i in 0..count {
            to.above(i).write(if i < n { first.above(i).read() } else { Value::NIL });
        }
        l.top.set(if wanted < 0 { to.above(n) } else { l.call_info().top.get() });
    }
}

/// The return hook may raise an error, which is the caller's, and may ask for the function: makes room for the status
/// above that if it would take its place. Returns where the status goes.
#[cold]
#[inline(never)]
fn before_return_hook(l: Gc<Thread>, ci: FrameRef, first: Slot) -> Slot {
    ci.clear_flags(FrameFlags::LIBRARY_PCALL.and(FrameFlags::ERRORED).and(FrameFlags::HOOKS_WERE_ALLOWED));
    if first != ci.func.get() {
        return first;
    }
    let results = first.above(1);
    let n = l.top.get().slots_above(results);
    // SAFETY: one slot above the top is free (`EXTRA_STACK`).
    unsafe { results.copy_to(results.above(1), n) };
    l.top.set(l.top.get().above(1));
    results
}

/// Pushes the frame of pcall or xpcall, called at `func` with at least its function argument, and prepares its callee.
/// `waits` is `WAITS` when the caller runs in native code, and goes on there after an error.
#[inline(never)]
pub fn enter_pcall(
    l: Gc<Thread>,
    func: Slot,
    b: &'static Builtin,
    nresults: i32,
    waits: FrameFlags,
) -> LResult<()> {
    let offset = l.save_slot(func);
    stack::check(l, LUA_MINSTACK as usize)?;
    let func = l.restore_slot(offset);
    let ci = frame::next(l)?;
    ci.func.set(func);
    ci.top.set(l.top.get().above(LUA_MINSTACK as usize));
    ci.c_function().continuation.set(None);
    l.set_call_info(ci);
    if l.hook_mask() & LUA_MASKCALL as u8 != 0 {
        ci.kind.set(CallKind::new(nresults, FrameFlags::NONE));
        hooks::call_hook(l, LUA_HOOKCALL, -1)?;
    }
    let hook = if l.allow_hook.get() { FrameFlags::HOOKS_WERE_ALLOWED } else { FrameFlags::NONE };
    ci.kind.set(CallKind::new(nresults, FrameFlags::LIBRARY_PCALL.and(hook).and(waits)));
    ci.outer_handler.set(l.message_handler.get());
    ci.library_pcall().protected.set(unwinding::here(l));
    let func = ci.func.get();
    let skip = if b.intrinsic == Intrinsic::Xpcall {
        // The handler goes below the function: pcall's layout with one slot more.
        // SAFETY: xpcall has at least two arguments here.
        unsafe { core::ptr::swap(func.above(1).as_ptr(), func.above(2).as_ptr()) };
        l.message_handler.set(l.save_slot(func.above(1)));
        1
    } else {
        l.message_handler.set(SlotOffset::NONE);
        0
    };
    ci.library_pcall().skipped.set(skip);
    unwinding::count(l);
    let callee = func.above(1 + skip);
    // SAFETY: an argument of pcall.
    if let Some(cl) = unsafe { callee.read() }.as_lua_closure()
        && l.hook_mask() == 0
        && let kind = CallKind::new(LUA_MULTRET, FrameFlags::LUA)
        && let Some(new) = frame::push_plain(l, ci, callee, cl.proto, 0, kind)
    {
        new.saved_pc.set(cl.proto.entry().code());
        return Ok(());
    }
    match prepare(l, callee, LUA_MULTRET)? {
        Prepared::Lua => Ok(()),
        Prepared::Done => finish_pcall(l, ci),
    }
}
