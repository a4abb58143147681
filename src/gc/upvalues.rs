//! Closing upvalues: they leave the list of their thread for those of the collector.

use super::{mark, sweep};
use crate::object::heap::link;
use crate::object::{Gc, Slot, Thread, UpVal, gc_bits};

/// Closes all upvalues at or above the slot `level`.
#[inline]
pub fn close(l: Gc<Thread>, level: Slot) {
    if l.open_upvals.get().is_some_and(|uv| uv.v.get() >= level) {
        close_some(l, level);
    }
}

#[inline(never)]
fn close_some(l: Gc<Thread>, level: Slot) {
    while let Some(uv) = l.open_upvals.get() {
        if uv.v.get() < level {
            break;
        }
        l.open_upvals.set(uv.next_open().get());
        uv.value.set(uv.get());
        uv.v.set(Slot::from_ptr(uv.value.as_ptr()));
        closed(l, uv);
    }
}

/// `uv` was taken off its thread's list of open upvalues and closed (its value copied): puts it on the list of all
/// objects, or frees it when it is dead.
fn closed(l: Gc<Thread>, uv: Gc<UpVal>) {
    let g = l.global();
    let o = uv.erase();
    if g.gc.is_sweeping() && g.gc.is_dead(o) {
        sweep::free_object(l, o);
        return;
    }
    link(g, o);
    if g.gc.closing.get() {
        // What it refers to may be freed already.
        return;
    }
    if g.gc.keep_invariant() {
        if !o.is_white() {
            // Reached before: as a closed upvalue it is visited now. It is not old any more, or the sweep of what is
            // young would end at it, in front of younger objects.
            o.marked.set(o.marked.get() & !gc_bits::OLD | gc_bits::BLACK);
            mark::mark_value(g, uv.get());
        }
    } else {
        g.gc.whiten(o);
    }
}
