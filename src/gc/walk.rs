//! All objects of a state, one by one. Those who ask neither make nor free objects meanwhile. Library functions in static
//! memory are not among them.

use crate::object::{Gc, GcRef, Global, Kind, Thread};

/// Calls `f` with each object that may refer to others: those on the lists, the main thread and open upvalues, known to
/// be dead or not.
#[inline(never)]
pub(super) fn each_listed(g: &Global, f: &mut dyn FnMut(GcRef)) {
    if let Some(main) = g.main_thread.get() {
        f(main.erase());
        each_open_upval(main, f);
    }
    for list in [&g.gc.allgc, &g.gc.finobj, &g.gc.tobefnz] {
        let mut next = list.get();
        while let Some(o) = next {
            next = o.next.get();
            f(o);
            if o.kind() == Kind::Thread {
                // SAFETY: the kind names the type of the object.
                each_open_upval(unsafe { o.cast() }, f);
            }
        }
    }
}
fn each_open_upval(th: Gc<Thread>, f: &mut dyn FnMut(GcRef)) {
    let mut next = th.open_upvals.get().map(Gc::erase);
    while let Some(uv) = next {
        next = uv.next.get();
        f(uv);
    }
}

/// The same without those that are known to be dead. The main thread is on no list that is swept.
#[inline(never)]
fn each_living(g: &Global, f: &mut dyn FnMut(GcRef)) {
    let main = g.main_thread.get().map(Gc::erase);
    each_listed(g, &mut |o| {
        if Some(o) == main || !g.gc.is_dead(o) {
            f(o);
        }
    });
}

/// Calls `f` with each object of the state that is not known to be dead, whether something refers to it or not.
pub fn each_object(g: &Global, f: &mut dyn FnMut(GcRef)) {
    each_living(g, f);
    for i in 0..g.strings.size.get() {
        let chain = core::iter::successors(g.strings.bucket(i).get(), |o| o.next.get());
        chain.filter(|&o| !g.gc.is_dead(o)).for_each(&mut *f);
    }
}

/// The same for threads.
pub fn each_thread(g: &Global, mut f: impl FnMut(Gc<Thread>)) {
    each_living(g, &mut |o| {
        if o.kind() == Kind::Thread {
            // SAFETY: the kind names the type of the object.
            f(unsafe { o.cast() });
        }
    });
}
