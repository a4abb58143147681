//! The atomic phase: finishes marking, clears weak tables and decides which finalizers are due.

use super::mark::{self, weak};
use super::{Phase, finalize, walk};
use crate::object::mark_stack::{self, Entry};
use crate::object::{Gc, Global, Kind, Table, Thread, Value};

/// Starts a cycle: everything is white; marks the roots.
pub(super) fn mark_roots(g: &Global) {
    let gc = &g.gc;
    gc.grey.clear();
    gc.again.clear();
    gc.weak.clear();
    gc.overflow.set(false);
    gc.weak_overflow.set(false);
    gc.traversed.set(0);
    gc.phase.set(Phase::Propagate);
    mark_global_references(g);
    finalize::mark_due(g);
}

fn mark_global_references(g: &Global) {
    if let Some(th) = g.main_thread.get() {
        mark::mark(g, th);
    }
    if let Some(th) = g.running.get() {
        mark::mark(g, th);
    }
    mark::mark_value(g, g.registry.get());
    // SAFETY: the state's own link; nothing here touches it otherwise.
    unsafe { &*g.link.get() }.held(|word| mark::mark_value(g, Value(word)));
    for mt in g.metatables.iter().chain([&g.file_metatable]).filter_map(|mt| mt.get()) {
        mark::mark(g, mt);
    }
}

/// The whole phase; `l` is the thread that works (another than the running one, when something is pushed there).
/// Returns the work done.
pub(super) fn run(g: &Global, l: Gc<Thread>) -> usize {
    let gc = &g.gc;
    debug_assert!(gc.grey.is_empty() || gc.generational.get());
    gc.phase.set(Phase::Atomic);
    let before = gc.traversed.get();
    mark::mark(g, l);
    mark_global_references(g);
    drain(g);
    visit_again(g);
    converge_ephemerons(g);
    // Everything strongly reachable is marked.
    clear_weak(g, true, 0);
    let cleared = if gc.weak_overflow.get() { 0 } else { gc.weak.len() };
    gc.estimate.set(gc.traversed.get());
    finalize::separate(g, false);
    finalize::mark_due(g);
    drain(g);
    converge_ephemerons(g);
    // So is everything that finalizers can reach.
    clear_weak(g, false, 0);
    clear_weak(g, true, if gc.weak_overflow.get() { 0 } else { cleared });
    if !gc.generational.get() {
        gc.again.reset(&g.gc.memory);
    }
    gc.grey.reset(&g.gc.memory);
    gc.weak.reset(&g.gc.memory);
    gc.waiting.end(&g.gc.memory);
    gc.current_white.set(gc.other_white());
    gc.traversed.get() - before
}

/// Visits the objects kept for this phase. In generational mode threads and weak tables are kept for the next
/// collection too.
fn visit_again(g: &Global) {
    let again = &g.gc.again;
    let now = again.len();
    for i in 0..now {
        let before = g.gc.traversed.get();
        mark::visit(g, mark_stack::object(again.get(i)));
        // Its size was counted when it was visited first.
        g.gc.traversed.set(before);
    }
    drain(g);
    again.drop_first(now);
}

/// Visits all grey objects, also those that no stack had room for.
#[inline(never)]
fn drain(g: &Global) {
    mark::propagate_all(g);
    while g.gc.overflow.replace(false) {
        walk::each_listed(g, &mut |o| {
            // A weak table, or in generational mode a thread, visited again comes on a stack twice, which does no
            // harm.
            if o.is_grey() {
                mark::visit(g, o);
            }
        });
        mark::propagate_all(g);
    }
}

/// Calls `f` for each weak table that may have something to clear, from index `from` of the stack on.
fn each_weak(g: &Global, from: usize, mut f: impl FnMut(Gc<Table>, usize)) {
    if g.gc.weak_overflow.get() {
        walk::each_listed(g, &mut |o| {
            if o.is_grey() && o.kind() == Kind::Table {
                // SAFETY: the kind names the type of the object.
                let t: Gc<Table> = unsafe { o.cast() };
                f(t, mark::weakness(g, t));
            }
        });
        return;
    }
    for i in from..g.gc.weak.len() {
        let e: Entry = g.gc.weak.get(i);
        // SAFETY: only tables are on this stack.
        f(unsafe { mark_stack::object(e).cast() }, e & mark_stack::TAGS);
    }
}

/// Marks values of ephemeron tables until no entry has a marked key and a white value: with one pass when that marks
/// nothing, else with one more that fills the index of what waits. When there is no memory for the index, with as many
/// as it takes.
fn converge_ephemerons(g: &Global) {
    let waiting = &g.gc.waiting;
    if waiting.is_on() {
        // `drain` has followed all chains.
        return;
    }
    loop {
        let mut marked = false;
        // Tables reached meanwhile are visited as they are reached.
        each_weak(g, 0, |t, kind| {
            if kind == weak::EPHEMERON && mark::visit_ephemeron(g, t).0 {
                drain(g);
                marked = true;
            }
        });
        if !marked || waiting.is_on() {
            return;
        }
        waiting.begin();
    }
}

fn clear_weak(g: &Global, values: bool, from: usize) {
    each_weak(g, from, |t, kind| {
        if kind == weak::ALL || kind == if values { weak::VALUES } else { weak::EPHEMERON } {
            mark::clear_entries(g, t, values);
        }
    });
}
