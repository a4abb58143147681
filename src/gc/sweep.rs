//! Sweeping: frees what is dead, gives what lives the colour of new objects.
//!
//! The position in a list is the link to the next object to look at (`GcState::sweep_at`). It is either a list head
//! or inside an object that was swept already, so pushing at the head does not disturb it; `unlinked` corrects it
//! when the object it is in leaves the list.

use super::upvalues;
use crate::object::gc_state::{COST, GcState, PIECE, Phase};
use crate::object::string_table::MIN_TABLE;
use crate::object::{Gc, GcRef, Kind, Thread, call_info, free, gc_bits, stack};
use core::cell::Cell;

type Link = Cell<Option<GcRef>>;

/// Frees an object that is on no list any more.
pub(super) fn free_object(l: Gc<Thread>, o: GcRef) {
    free::free(l, o, |th| {
        if !th.stack.get().is_null() {
            upvalues::close(th, th.stack.get());
        }
    });
}

/// Looks at up to `limit` objects from `at` on. Returns the next position, or null at the list's end (in
/// generational mode also at the first old object), and how many objects it looked at.
fn sweep_some(l: Gc<Thread>, mut at: *const Link, limit: usize) -> (*const Link, usize) {
    let gc = &l.global().gc;
    let dead_mask = gc.other_white() | gc_bits::FIXED;
    let dead = gc.other_white();
    let closing = gc.closing.get();
    let generational = gc.generational.get();
    let (clear, set) = gc.survivor();
    for seen in 0..limit {
        // SAFETY: the position is a list head or inside a live object (module invariant).
        let link = unsafe { &*at };
        let Some(o) = link.get() else { return (core::ptr::null(), seen) };
        let marked = o.marked.get();
        if marked & dead_mask == dead || closing {
            link.set(o.next.get());
            free_object(l, o);
        } else {
            if generational && marked & gc_bits::OLD != 0 {
                return (core::ptr::null(), seen);
            }
            if o.kind() == Kind::Thread {
                // SAFETY: the kind names the type of the object.
                sweep_thread(l, unsafe { o.cast() });
            }
            o.marked.set(marked & !clear | set);
            at = &raw const o.next;
        }
    }
    (at, limit)
}

/// Frees the dead open upvalues of a live thread, and memory it does not need.
fn sweep_thread(l: Gc<Thread>, th: Gc<Thread>) {
    let g = l.global();
    if th.stack.get().is_null() {
        return;
    }
    let (clear, set) = g.gc.survivor();
    let mut link = th.first_open();
    while let Some(uv) = link.get() {
        let o = uv.erase();
        if g.gc.is_dead(o) {
            link.set(uv.next_open().get());
            free_object(l, o);
        } else {
            o.marked.set(o.marked.get() & !clear | set);
            link = uv.next_open();
        }
    }
    call_info::free_after(l, &th.call_info());
    if !g.gc.in_emergency.get() {
        stack::shrink(th);
    }
}

/// Enters the first sweep phase.
pub(super) fn begin(gc: &GcState) {
    gc.sweep_chain.set(0);
    gc.phase.set(Phase::SweepStrings);
}

/// One piece of the sweep of the current list; work done. At its end goes on to `next`, whose list is `list`.
pub(super) fn sweep_list(l: Gc<Thread>, next: Phase, list: *const Link) -> usize {
    let gc = &l.global().gc;
    let (at, seen) = sweep_some(l, gc.sweep_at.get(), PIECE);
    if at.is_null() {
        gc.sweep_at.set(list);
        gc.phase.set(next);
    } else {
        gc.sweep_at.set(at);
    }
    (seen + 1) * COST
}

/// After the last list: the main thread, and what the state has too much of.
pub(super) fn finish(l: Gc<Thread>) {
    let g = l.global();
    let (clear, set) = g.gc.survivor();
    if let Some(main) = g.main_thread.get() {
        sweep_thread(l, main);
        main.header.marked.set(main.header.marked.get() & !clear | set);
    }
    if !g.gc.in_emergency.get() {
        let size = g.strings.size.get();
        let good = (g.strings.count.get() * 2).next_power_of_two().max(MIN_TABLE);
        if good < size {
            // Shrinking does not fail.
            let _ = g.strings.resize(l, good);
        }
        if g.scratch.is_empty() && g.scratch.capacity() > KEEP_SCRATCH {
            g.scratch.free(l);
        }
    }
}
/// Scratch bytes kept between collections.
const KEEP_SCRATCH: usize = 1024;

/// Frees everything on the lists and in the string table (the state is being closed).
pub(super) fn free_all(l: Gc<Thread>) {
    let g = l.global();
    let gc = &g.gc;
    gc.closing.set(true);
    for list in [&gc.finobj, &gc.tobefnz, &gc.allgc] {
        // Freeing a thread may put upvalues it closes on no list: they are dead, too.
        while list.get().is_some() {
            sweep_some(l, list, usize::MAX);
        }
    }
    g.strings.sweep_chains(l, 0, usize::MAX);
}

/// `o`, which `link` referred to, was taken off its list.
pub(super) fn unlinked(gc: &GcState, o: GcRef, link: *const Link) {
    if core::ptr::eq(gc.sweep_at.get(), &raw const o.next) {
        gc.sweep_at.set(link);
    }
}
