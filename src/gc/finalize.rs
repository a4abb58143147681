//! Finalizers.
//!
//! An object gets on `finobj` when a metatable with `__gc` is set, newest first. Found unreachable, it moves to the
//! end of `tobefnz`, so finalizers run in the reverse order of marking. Just before its finalizer is called it goes
//! back to `allgc` as an ordinary object; `FINALIZED` keeps it from being finalized again.

use super::{cycle, mark, sweep};
use crate::messages::{self as msg, Arg};
use crate::object::{Gc, GcRef, Global, Kind, Lua, Metamethod, Table, Userdata, Value, mark as bits};
use crate::throw::{LResult, Throw};
use crate::vm::call::protected;
use core::cell::Cell;

/// Bytes that the smallest object with a finalizer counts for in the collector's debt.
const LEAST_COST: usize = 88;

/// `o` got the metatable `mt`: when that has `__gc`, `o` is moved to the list of objects with finalizers.
pub fn check_finalizer(l: Lua, o: GcRef, mt: Gc<Table>) {
    let g = l.global();
    if o.marked.get() & (bits::SEPARATED | bits::FINALIZED) != 0
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
    o.marked.set(o.marked.get() | bits::SEPARATED);
    recolour(g, o);
    let size = match o.kind() {
        // SAFETY: the kind says so.
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
        o.marked.set(o.marked.get() & !bits::OLD);
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
        // SAFETY: as above.
        let next: &Cell<Option<GcRef>> = unsafe { &*(&raw const (*o.as_ptr()).next) };
        if !all && !o.is_white() {
            link = next;
            continue;
        }
        o.marked.set(o.marked.get() | bits::FINALIZED);
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
    super::link(g, o);
    o.marked.set(o.marked.get() & !bits::SEPARATED);
    recolour(g, o);
    Some(match o.kind() {
        // SAFETY: the kind says so.
        Kind::Table => Value::table(unsafe { o.cast() }),
        // SAFETY: only tables and userdata have metatables of their own.
        _ => Value::userdata(unsafe { o.cast() }),
    })
}

/// Calls the finalizer that is due first. With `raise` an error in it is raised, else dropped.
pub(super) fn call_one(l: Lua, raise: bool) -> LResult<()> {
    let g = l.global();
    let Some(v) = take_due(g) else { return Ok(()) };
    let f = g.metamethod_of(v, Metamethod::Gc);
    if !f.is_function() {
        return Ok(());
    }
    // No hooks, no collection within; an emergency collection neither.
    let (hooks, running) = (l.allow_hook.get(), g.gc.running.get());
    l.allow_hook.set(false);
    g.gc.running.set(false);
    l.push(f);
    l.push(v);
    let status = protected::protected(l, l.top.get().wrapping_sub(2), 0, 0);
    l.allow_hook.set(hooks);
    g.gc.running.set(running);
    // `Err`: a foreign exception passes through.
    let status = status?;
    if status == crate::consts::LUA_OK {
        return Ok(());
    }
    if !raise {
        l.drop_values(1);
        return Ok(());
    }
    if status == Throw::RUNTIME.status() {
        let e = l.from_top(1);
        let string = e.as_string();
        let text = match &string {
            Some(s) => s.bytes(),
            None => msg::NO_MESSAGE.as_bytes(),
        };
        // The error object stays on the stack below its text.
        l.pushfmt(msg::GC_METAMETHOD, &[Arg::S(text)])?;
        return Err(Throw::GCMM);
    }
    if status == Throw::MEMORY.status() {
        // Whoever catches it fetches the message.
        l.drop_values(1);
    }
    Err(Throw::new(status as u32))
}

/// Calls all finalizers that are due.
pub(super) fn call_all(l: Lua, raise: bool) -> LResult<()> {
    while pending(l.global()) {
        call_one(l, raise)?;
    }
    Ok(())
}
