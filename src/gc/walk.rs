//! All objects of a state, one by one.

use crate::object::{Gc, GcRef, Global, Kind, Thread};

/// Calls `f` with each object of the state that is not known to be dead, whether something refers to it or not. `f`
/// neither makes nor frees objects. Library functions in static memory are not among them.
#[inline(never)]
pub fn each_object(g: &Global, f: &mut dyn FnMut(GcRef)) {
    for first in [&g.gc.allgc, &g.gc.finobj, &g.gc.tobefnz] {
        each_listed(g, first.get(), f);
    }
    if let Some(main) = g.main_thread.get() {
        f(main.erase());
        each_listed(g, main.open_upvals.get().map(Gc::erase), f);
    }
    for i in 0..g.strings.size.get() {
        each_listed(g, g.strings.bucket(i).get(), f);
    }
}

/// The objects of a list, and the open upvalues of the threads on it.
#[inline(never)]
fn each_listed(g: &Global, first: Option<GcRef>, f: &mut dyn FnMut(GcRef)) {
    for o in core::iter::successors(first, |o| o.next.get()).filter(|&o| !g.gc.is_dead(o)) {
        f(o);
        if o.kind() == Kind::Thread {
            // SAFETY: the kind names the type of the object.
            let thread: Gc<Thread> = unsafe { o.cast() };
            for upvalue in core::iter::successors(thread.open_upvals.get(), |uv| uv.next_open().get()) {
                f(upvalue.erase());
            }
        }
    }
}
