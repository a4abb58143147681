//! The Lua stack of a thread: makes room on it, grows, moves and shrinks it.
//!
//! Rule: a function that may grow the stack moves it. Re-derive every pointer into it afterwards (`Thread::save_slot`).

use crate::messages as msg;
use crate::object::stack::MAX_STACK;
pub use crate::object::stack::{reallocate, shrink};
use crate::object::thread::{BASIC_STACK, EXTRA_STACK};
use crate::object::{Gc, Slot, Thread, Value};
use crate::throw::{LResult, Throw};
use crate::vm::error::Raise;

/// A stack up to this size does not shrink when an error is stopped, because the next error may need it again.
const KEPT_STACK: usize = 8 * BASIC_STACK;
/// Size of a stack on which a stack overflow is being handled.
const ERROR_STACK: usize = MAX_STACK + 200;

/// Makes room for `n` more slots above the top.
#[inline(always)]
pub fn check(l: Gc<Thread>, n: usize) -> LResult<()> {
    if !l.has_free_slots(n) {
        grow(l, n)
    } else {
        if cfg!(feature = "stress-stack") && is_stress_due(l) {
            return Ok(reallocate(l, l.stack_size.get() as usize)?);
        }
        Ok(())
    }
}

/// Whether the stress build moves the stack now: always, while it is small; a deep recursion only at every n-th level,
/// or it would be quadratic; a stack overflow no more, since programs overflow the stack many times.
fn is_stress_due(l: Gc<Thread>) -> bool {
    const LARGE: usize = 8 << 10;
    let size = l.stack_size.get() as usize;
    let used = l.save_slot(l.top.get()).index();
    size <= LARGE && used.is_multiple_of(1 + size / 1024)
}

/// Grows the stack by at least `n` slots.
#[cold]
#[inline(never)]
pub fn grow(l: Gc<Thread>, n: usize) -> LResult<()> {
    let size = l.stack_size.get() as usize;
    if size > MAX_STACK {
        // Overflow while an overflow is handled.
        return Err(Throw::HANDLER);
    }
    let used = l.top.get().slots_above(l.stack.get());
    let needed = used + n + EXTRA_STACK;
    let new = (2 * size).min(MAX_STACK).max(needed);
    if new > MAX_STACK {
        reallocate(l, ERROR_STACK)?;
        return Err(l.runtime_error(msg::STACK_OVERFLOW));
    }
    Ok(reallocate(l, new)?)
}

/// Gives back most of a stack that an error left empty. Shrinking looks at all frames, so that when errors pass one of
/// many protected calls after another it must not happen each time.
pub fn shrink_after_error(l: Gc<Thread>) {
    let size = l.stack_size.get() as usize;
    if size <= KEPT_STACK {
        return;
    }
    let used = l.top.get().slots_above(l.stack.get());
    // An overflow is over as soon as the stack can have an ordinary size again.
    if used < size / 4 || size > MAX_STACK && used < MAX_STACK / 8 * 7 {
        shrink(l);
    }
}

/// Sets `n` slots, for which there is room, to nil.
#[inline(never)]
pub fn fill(first: Slot, n: usize) {
    for i in 0..n {
        // SAFETY: the caller knows that the slots are there.
        unsafe { first.above(i).write(Value::NIL) };
    }
}
