//! Finalizers.
//!
//! An object moves to the head of the list `finobj` when it gets a metatable with `__gc`. When the collector finds it
//! unreachable, it moves to the end of the list `tobefnz`. So the object that got its metatable last is finalized
//! first. Just before its finalizer is called, the object goes back to `allgc` as an ordinary object; the bit
//! `FINALIZED` says that its finalizer is not called again.

use super::{cycle, mark, sweep};
use crate::object::heap::link;
use crate::object::{Gc, GcRef, Global, Kind, Metamethod, Table, Thread, Userdata, Value, gc_bits};
use crate::throw::LResult;
use core::cell::Cell;

/// Bytes that the smallest object with a finalizer counts for in the collector's debt.
const LEAST_COST: usize = 88;

/// `o` got the metatable `mt`: when that has `__gc`, `o` is moved to the list of objects with finalizers.
pub fn check_finalizer(l: Gc<Thread>, o: GcRef, mt: Gc<Table>) {
    let g = l.global();
    if o.marked.get() & (gc_bits::SEPARATED | gc_bits::FINALIZED) != 0
        || g.cached_metamethod(Some(mt), Metamethod::Gc).is_nil()
    {
        return;
    }
    let gc = &g.gc;
    let mut link: &Cell<Option<GcRef>> = &gc.allgc;
    while let Some(other) = link.get()
        && other != o
    {
        // SAFETY: the list consists of live objects, and `o` is on it.
        link = unsafe { &*(&raw const (*other.as_ptr()).next) };
    }
    debug_assert!(link.get() == Some(o));
    link.set(o.next.get());
    sweep::unlinked(gc, o, link);
    o.next.set(gc.finobj.get());
    gc.finobj.set(Some(o));
    o.marked.set(o.marked.get() | gc_bits::SEPARATED);
    recolour(g, o);
    let size = match o.kind() {
        // SAFETY: the kind names the type of the object.
        Kind::Table => unsafe { o.cast::<Table>() }.size(),
        // SAFETY: only tables and userdata have metatables of their own.
        _ => Userdata::size_of(unsafe { o.cast::<Userdata>() }.len),
    };
    // The account does not know what the object holds outside of the heap (a file, memory of a C library). That must be
    // freed as soon as with the reference, whose objects and whose smallest heap are larger.
    cycle::hasten(gc, (size / 2).max(LEAST_COST.saturating_sub(size)));
}

/// An object changed lists: the sweep may have passed its new place already.
fn recolour(g: &Global, o: GcRef) {
    if g.gc.keep_invariant() {
        o.marked.set(o.marked.get() & !gc_bits::OLD);
    } else {
        g.gc.whiten(o);
    }
}

/// Moves unreachable objects (or `all`) from `finobj` to the end of `tobefnz`.
pub(super) fn separate(g: &Global, all: bool) {
    let gc = &g.gc;
    let mut end: &Cell<Option<GcRef>> = &gc.tobefnz;
    while let Some(o) = end.get() {
        // SAFETY: the list consists of live objects.
        end = unsafe { &*(&raw const (*o.as_ptr()).next) };
    }
    let mut link: &Cell<Option<GcRef>> = &gc.finobj;
    while let Some(o) = link.get() {
        // SAFETY: the list consists of live objects, whose links stay where they are.
        let next: &Cell<Option<GcRef>> = unsafe { &*(&raw const (*o.as_ptr()).next) };
        if !all && !o.is_white() {
            link = next;
            continue;
        }
        o.marked.set(o.marked.get() | gc_bits::FINALIZED);
        link.set(next.get());
        next.set(None);
        end.set(Some(o));
        end = next;
    }
}

/// Marks the objects whose finalizers are due, with all they need.
pub(super) fn mark_due(g: &Global) {
    let mut next = g.gc.tobefnz.get();
    while let Some(o) = next {
        next = o.next.get();
        if o.is_white() {
            mark::mark_object(g, o);
        }
    }
}

pub(super) fn pending(g: &Global) -> bool {
    g.gc.tobefnz.get().is_some()
}

/// The first object on `tobefnz`, made an ordinary object.
fn take_due(g: &Global) -> Option<Value> {
    let gc = &g.gc;
    let o = gc.tobefnz.get()?;
    gc.tobefnz.set(o.next.get());
    sweep::unlinked(gc, o, &raw const gc.tobefnz);
    link(g, o);
    o.marked.set(o.marked.get() & !gc_bits::SEPARATED);
    recolour(g, o);
    Some(match o.kind() {
        // SAFETY: the kind names the type of the object.
        Kind::Table => Value::table(unsafe { o.cast() }),
        // SAFETY: only tables and userdata have metatables of their own.
        _ => Value::userdata(unsafe { o.cast() }),
    })
}

/// Has the machine call the finalizer that is due first. With `raise` an error in it is raised, else dropped.
pub(super) fn call_one(l: Gc<Thread>, raise: bool) -> LResult<()> {
    let g = l.global();
    let Some(v) = take_due(g) else { return Ok(()) };
    // No collection within; an emergency collection neither.
    let running = g.gc.running.replace(false);
    let called = (g.upcalls.finalize)(l, v, raise);
    g.gc.running.set(running);
    called
}

/// Calls all finalizers that are due.
pub(super) fn call_all(l: Gc<Thread>, raise: bool) -> LResult<()> {
    while pending(l.global()) {
        call_one(l, raise)?;
    }
    Ok(())
}
