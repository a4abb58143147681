//! The block of a thread's stack: moving it, and giving back what is too much of it.

use super::slot::Slot;
use super::thread::{BASIC_STACK, EXTRA_STACK};
use super::{Gc, Thread, Value};
use crate::consts::LUAI_MAXSTACK;
use crate::mem::{self, OutOfMemory};

/// Slots of the largest stack.
pub const MAX_STACK: usize = LUAI_MAXSTACK as usize;

/// Moves the stack to a block of `size` slots and corrects every pointer into it.
pub fn reallocate(l: Gc<Thread>, size: usize) -> Result<(), OutOfMemory> {
    let old = l.stack.get();
    let old_size = l.stack_size.get() as usize;
    let p = if cfg!(any(feature = "stress-stack", feature = "stress-finalizers")) {
        // A copy, so that the address surely changes.
        let p = mem::realloc(l, core::ptr::null_mut(), 0, size * size_of::<Value>())?.cast::<Value>();
        // SAFETY: both blocks have at least the smaller number of slots.
        unsafe { core::ptr::copy_nonoverlapping(old.as_ptr(), p, size.min(l.stack_size.get() as usize)) };
        mem::free(l, old.as_ptr().cast(), old_size * size_of::<Value>());
        p
    } else {
        mem::realloc(l, old.as_ptr().cast(), old_size * size_of::<Value>(), size * size_of::<Value>())?
            .cast::<Value>()
    };
    // The allocation may have collected, and a collection may have shrunk the stack.
    debug_assert!(old == l.stack.get() && old_size == l.stack_size.get() as usize);
    for i in old_size..size {
        // SAFETY: below `size`.
        unsafe { p.add(i).write(Value::NIL) };
    }
    let p = Slot::from_ptr(p);
    let moved = |slot: Slot| p.above_bytes(slot.bytes_above(old));
    l.stack.set(p);
    l.stack_size.set(size as u32);
    l.stack_last.set(p.above(size - EXTRA_STACK));
    l.top.set(moved(l.top.get()));
    let mut up = l.open_upvals.get();
    while let Some(uv) = up {
        uv.v.set(moved(uv.v.get()));
        up = uv.next_open().get();
    }
    for frame in l.active_frames() {
        frame.move_slots(moved);
    }
    Ok(())
}

/// Gives back stack that a deep recursion or a stack overflow left over (collector, end of protected calls).
pub fn shrink(l: Gc<Thread>) {
    let mut limit = l.top.get();
    for frame in l.active_frames() {
        limit = limit.max(frame.top.get());
    }
    let used = limit.slots_above(l.stack.get()) + 1;
    let good = (used + used / 8 + 2 * EXTRA_STACK).max(BASIC_STACK);
    let size = l.stack_size.get() as usize;
    if used <= MAX_STACK - EXTRA_STACK && good < size && good < MAX_STACK {
        // Shrinking cannot fail by contract; if it does the larger stack stays.
        let _ = reallocate(l, good);
    }
}
