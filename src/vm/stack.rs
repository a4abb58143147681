//! The Lua stack of a thread: makes room on it, grows, moves and shrinks it.
//!
//! Rule: a function that may grow the stack moves it. Re-derive every pointer into it afterwards (`Thread::save_slot`).

use crate::consts::LUAI_MAXSTACK;
use crate::messages as msg;
use crate::object::thread::{BASIC_STACK, EXTRA_STACK};
use crate::object::{Lua, Value};
use crate::throw::{LResult, Throw};
use crate::vm::upval;

const MAX_STACK: usize = LUAI_MAXSTACK as usize;
/// A stack up to this size does not shrink when an error is stopped, because the next error may need it again.
const KEPT_STACK: usize = 8 * BASIC_STACK;
/// Size of a stack on which a stack overflow is being handled.
const ERROR_STACK: usize = MAX_STACK + 200;

/// Makes room for `n` more slots above the top.
#[inline(always)]
pub fn check(l: Lua, n: usize) -> LResult<()> {
    if (l.stack_last.get() as usize).wrapping_sub(l.top.get() as usize) as isize <= (n * 8) as isize {
        grow(l, n)
    } else {
        if cfg!(feature = "stress-stack") && is_stress_due(l) {
            return reallocate(l, l.stack_size.get() as usize);
        }
        Ok(())
    }
}

/// Whether the stress build moves the stack now: always, while it is small; a deep recursion only at every n-th level,
/// or it would be quadratic; a stack overflow no more, since programs overflow the stack many times.
fn is_stress_due(l: Lua) -> bool {
    const LARGE: usize = 64 << 10;
    let size = l.stack_size.get() as usize;
    let used = l.save_slot(l.top.get()) as usize / size_of::<Value>();
    size <= LARGE && used.is_multiple_of(1 + size / 1024)
}

/// Grows the stack by at least `n` slots.
#[cold]
#[inline(never)]
pub fn grow(l: Lua, n: usize) -> LResult<()> {
    let size = l.stack_size.get() as usize;
    if size > MAX_STACK {
        // Overflow while an overflow is handled.
        return Err(Throw::HANDLER);
    }
    let used = (l.top.get() as usize - l.stack.get() as usize) / 8;
    let needed = used + n + EXTRA_STACK;
    let new = (2 * size).min(MAX_STACK).max(needed);
    if new > MAX_STACK {
        reallocate(l, ERROR_STACK)?;
        return Err(l.runtime_error(msg::STACK_OVERFLOW));
    }
    reallocate(l, new)
}

/// Moves the stack to a block of `size` slots and corrects every pointer into it.
pub fn reallocate(l: Lua, size: usize) -> LResult<()> {
    let old = l.stack.get();
    let old_size = l.stack_size.get() as usize;
    let p = if cfg!(any(feature = "stress-stack", feature = "stress-finalizers")) {
        // A copy, so that the address surely changes.
        let p = crate::mem::realloc(l, core::ptr::null_mut(), 0, size * 8)?.cast::<Value>();
        // SAFETY: both blocks have at least the smaller number of slots.
        unsafe { core::ptr::copy_nonoverlapping(l.stack.get(), p, size.min(l.stack_size.get() as usize)) };
        crate::mem::free(l, l.stack.get().cast(), old_size * 8);
        p
    } else {
        crate::mem::realloc(l, old.cast(), old_size * 8, size * 8)?.cast::<Value>()
    };
    // The allocation may have collected, and a collection may have shrunk the stack.
    debug_assert!(old == l.stack.get() && old_size == l.stack_size.get() as usize);
    for i in old_size..size {
        // SAFETY: below `size`.
        unsafe { p.add(i).write(Value::NIL) };
    }
    let moved = |slot: *mut Value| p.wrapping_byte_offset(slot as isize - old as isize);
    l.stack.set(p);
    l.stack_size.set(size as u32);
    l.stack_last.set(p.wrapping_add(size - EXTRA_STACK));
    l.top.set(moved(l.top.get()));
    let mut up = l.open_upvals.get();
    while let Some(uv) = up {
        uv.v.set(moved(uv.v.get()));
        up = upval::next_link(&uv).get();
    }
    let mut ci = l.ci.get();
    while !ci.is_null() {
        // SAFETY: the chain of CallInfos from `ci` back to `base_ci` is live.
        let c = unsafe { &*ci };
        c.move_slots(moved);
        ci = c.prev.get();
    }
    Ok(())
}

/// Gives back stack that a deep recursion or a stack overflow left over (collector, end of protected calls).
pub fn shrink(l: Lua) {
    let mut limit = l.top.get();
    let mut ci = l.ci.get();
    while !ci.is_null() {
        // SAFETY: as in `reallocate`.
        let c = unsafe { &*ci };
        limit = limit.max(c.top.get());
        ci = c.prev.get();
    }
    let used = (limit as usize - l.stack.get() as usize) / 8 + 1;
    let good = (used + used / 8 + 2 * EXTRA_STACK).max(BASIC_STACK);
    let size = l.stack_size.get() as usize;
    if used <= MAX_STACK - EXTRA_STACK && good < size && good < MAX_STACK {
        // Shrinking cannot fail by contract; if it does the larger stack stays.
        let _ = reallocate(l, good);
    }
}

/// Gives back most of a stack that an error left empty. Shrinking looks at all frames, so that when errors pass one of many
/// protected calls after another it must not happen each time.
pub fn shrink_after_error(l: Lua) {
    let size = l.stack_size.get() as usize;
    if size <= KEPT_STACK {
        return;
    }
    let used = (l.top.get() as usize - l.stack.get() as usize) / 8;
    // An overflow is over as soon as the stack can have an ordinary size again.
    if used < size / 4 || size > MAX_STACK && used < MAX_STACK / 8 * 7 {
        shrink(l);
    }
}

/// Sets `n` slots, for which there is room, to nil.
#[inline(never)]
pub fn fill(first: *mut Value, n: usize) {
    for i in 0..n {
        // SAFETY: the caller knows that the slots are there.
        unsafe { *first.add(i) = Value::NIL };
    }
}
