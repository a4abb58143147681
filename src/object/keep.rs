//! Keeps values alive that the debug interface takes out of the frame of a C function, until the frame ends.
//!
//! A C function, a library function above all, relies on its stack slots: a string there keeps the bytes that it works
//! on alive. `lua_setlocal` can overwrite any slot of any active frame, from a hook, a finalizer or a function that is
//! called back. So what it overwrites in the frame of a C function moves to a list of the thread.
//!
//! Invariants
//! * Slot 0 of a stack is that of the host's level, which is no function: it holds nil, or the thread's list.
//! * The list is a table that nothing else refers to: stack offset of a frame and value, in turn, from index 1 on.
//! * A frame with values on the list has the flag `FrameFlags::KEPT`. An entry is stale when its frame's function lies
//!   above that of the running frame: then the frame has ended. When no active frame has the flag, all entries are
//!   stale. (A frame that took the place of another one keeps what was kept for that one.)

use super::call_info::FrameFlags;
use super::{FrameRef, Gc, ObjectError, Table, Thread, Value};

/// The list of a thread.
pub fn list(th: Gc<Thread>) -> Option<Gc<Table>> {
    // SAFETY: a thread with a stack has slot 0.
    unsafe { th.stack.get().read() }.as_table()
}

/// Keeps `v` alive until the frame `ci` of `th` ends. `l` is the running thread. Runs no finalizer.
pub fn until_end_of(l: Gc<Thread>, th: Gc<Thread>, ci: FrameRef, v: Value) -> Result<(), ObjectError> {
    if !v.is_collectable() {
        return Ok(());
    }
    drop_ended(th);
    ci.add_flags(FrameFlags::KEPT);
    let t = match list(th) {
        Some(t) => t,
        None => {
            let t = Gc::<Table>::new(l)?;
            // SAFETY: a thread with a stack has slot 0.
            unsafe { th.stack.get().write(Value::table(t)) };
            t
        }
    };
    let n = t.length(l.global()) as i64;
    t.set_int(l, n + 1, Value::number(th.save_slot(ci.function_slot()).bytes() as f64))?;
    let r = t.set_int(l, n + 2, v);
    if r.is_err() {
        clear(t, n + 1);
    }
    r
}

/// Keeps what is in the slots of the running C function alive until it ends.
pub fn running_frame(l: Gc<Thread>) -> Result<(), ObjectError> {
    /// So far back a value is looked for that was put on the list for the same slot before.
    const RECENT: i64 = 64;
    let ci = l.call_info();
    let used = l.top.get().slots_above(ci.function_slot());
    for i in 1..used {
        // SAFETY: a slot of the frame.
        let v = unsafe { ci.function_slot().above(i).read() };
        let is_there = |t: Gc<Table>| {
            let n = t.length(l.global()) as i64;
            (1.max(n - RECENT)..=n).any(|i| t.get_int(i) == v)
        };
        if !(ci.has(FrameFlags::KEPT) && list(l).is_some_and(is_there)) {
            until_end_of(l, l, ci, v)?;
        }
    }
    Ok(())
}

/// Sets an element that the list has to nil.
#[inline(never)]
fn clear(t: Gc<Table>, i: i64) {
    if let Some(slot) = t.find_int(i) {
        slot.set(Value::NIL);
    }
}

/// Lets go of what belongs to frames that have ended. (The collector calls this, so it makes nothing. An empty list
/// stays: it may be about to be filled.)
#[inline(always)]
pub fn drop_ended(th: Gc<Thread>) {
    if let Some(t) = list(th) {
        drop_ended_of(th, t);
    }
}

#[cold]
#[inline(never)]
fn drop_ended_of(th: Gc<Thread>, t: Gc<Table>) {
    let running = th.save_slot(th.call_info().function_slot()).bytes() as f64;
    // An odd element at the end is half an entry that is being made.
    let mut n = t.length(th.global()) as i64 & !1;
    if n == 0 {
        return;
    }
    if !th.active_frames().any(|frame| frame.has(FrameFlags::KEPT)) {
        n = 0;
    }
    while n > 0 && t.get_int(n - 1).as_number().is_none_or(|frame| frame > running) {
        clear(t, n);
        clear(t, n - 1);
        n -= 2;
    }
    if n == 0 {
        // SAFETY: a thread with a stack has slot 0.
        unsafe { th.stack.get().write(Value::NIL) };
    }
}
