//! What all who stop an error need: the counts of protected calls, the error's object, and undoing calls.

use super::foreign::link;
use crate::messages as msg;
use crate::object::call_info::FrameFlags;
use crate::object::{FrameRef, Gc, Slot, SlotOffset, Thread, Value, string};
use crate::throw::Throw;
use crate::vm::upval;

/// Protected calls in progress since the thread was resumed (the resume is one), or since the state began.
pub fn here(l: Gc<Thread>) -> u32 {
    // SAFETY: the link of a live state.
    unsafe { (*link(l)).protected }.wrapping_sub(l.base_ci.base_frame().protected.get())
}

/// Sets the count of [`here`] back to `n`, which it was at an earlier time, unless it is lower by now. It is lower when
/// the coroutine was suspended in between: the native frames of the calls that were counted then are gone, and the
/// resume counts as one protected call for all that has run since.
pub fn set_here(l: Gc<Thread>, n: u32) {
    if n < here(l) {
        set_count(l, (l.base_ci.base_frame().protected.get()).wrapping_add(n));
    }
}

/// One more protected call.
pub fn count(l: Gc<Thread>) {
    // SAFETY: the link of a live state; nobody holds a reference into it.
    unsafe { (*link(l)).protected += 1 }
}

pub fn set_count(l: Gc<Thread>, n: u32) {
    // SAFETY: the link of a live state; nobody holds a reference into it.
    unsafe { (*link(l)).protected = n }
}

/// Whether nothing will stop an error.
pub(super) fn is_unprotected(l: Gc<Thread>) -> bool {
    // SAFETY: the link of a live state.
    unsafe { (*link(l)).protected == 0 && !in_protected_frame(l) }
}

/// Whether the interpreter's own pcall is among the active calls of the thread.
fn in_protected_frame(l: Gc<Thread>) -> bool {
    l.active_frames().any(|frame| frame.has(FrameFlags::LIBRARY_PCALL))
}

/// Puts the object of an error that was stopped at `to` and ends the stack behind it.
pub fn set_error_object(l: Gc<Thread>, throw: Throw, to: Slot) {
    let v = match throw {
        Throw::MEMORY => memory_message(l),
        Throw::HANDLER => match string::new_str(l, msg::ERROR_IN_ERROR_HANDLING.as_bytes()) {
            Ok(s) => Value::string(s),
            Err(_) => memory_message(l),
        },
        _ => l.from_top(1),
    };
    // SAFETY: `to` is a slot of the stack at or below the top.
    unsafe { to.write(v) };
    l.top.set(to.above(1));
}

fn memory_message(l: Gc<Thread>) -> Value {
    match l.global().memory_message.get() {
        Some(s) => Value::string(s),
        None => Value::NIL,
    }
}

/// A foreign exception passes a library pcall frame.
fn leave_pcall(l: Gc<Thread>, ci: FrameRef) {
    l.message_handler.set(ci.outer_handler.get());
    set_here(l, ci.library_pcall().protected.get());
    l.allow_hook.set(ci.has(FrameFlags::HOOKS_WERE_ALLOWED));
}

/// Undoes the calls of and above the function whose slot's offset is given. A foreign exception is passing; the
/// caller's foreign code may catch it and go on, so it must find the thread as after a call without results.
pub(super) fn undo_calls(l: Gc<Thread>, func: SlotOffset) {
    let func = l.restore_slot(func);
    let mut ci = l.call_info();
    // The calls that ended before this are no longer in the chain; the caller's own function lies lower.
    while ci.func.get() >= func {
        if ci.has(FrameFlags::LIBRARY_PCALL) {
            leave_pcall(l, ci);
        }
        #[cfg(native_code)]
        if ci.has(FrameFlags::METAMETHOD) {
            uncount_metamethod(l);
        }
        // The caller's frame, at the latest the host's, is further out in the chain.
        let Some(caller) = ci.prev.get() else { break };
        ci = caller;
    }
    upval::close(l, func);
    l.set_call_info(ci);
    l.top.set(func);
}

/// A metamethod with a frame of its own does not count as a nested native call any more.
#[cfg(native_code)]
pub fn uncount_metamethod(l: Gc<Thread>) {
    l.native_depth.set(l.native_depth.get().wrapping_sub(1));
}

/// All frames of metamethods become first frames of invocations, as if they ran in nested ones that a throw has ended.
#[cfg(native_code)]
pub fn forget_metamethods(l: Gc<Thread>) {
    for ci in l.active_frames() {
        if ci.has(FrameFlags::METAMETHOD) {
            ci.clear_flags(FrameFlags::METAMETHOD);
            ci.add_flags(FrameFlags::FRESH);
        }
    }
}
