//! The collector: incremental, tri-colour, mark and sweep, non-moving.
//!
//! Colours (bits in `Header::marked`)
//! * *white*: one of two white bits. `GcState::current_white` is the white of new objects. While a sweep is going
//!   on, the other white means dead; outside of a sweep no object has the other white.
//! * *grey*: neither white nor black: reached, its references are yet to be visited.
//! * *black*: reached and visited (or visited in part: a large table is visited in pieces, see `mark`).
//!
//! Where objects are
//! * Short strings are on the chains of the string table; the main thread is on no list; an open upvalue is on
//!   its thread's `open_upvals`. Every other object is, through `Header::next`, on exactly one of
//!     - `allgc`: no finalizer, or one that was called already,
//!     - `finobj`: has a finalizer (bit `SEPARATED`),
//!     - `tobefnz`: was found unreachable, its finalizer is due (bits `SEPARATED` and `FINALIZED`).
//! * A grey object is on the stack `grey` (to visit during `Propagate`), or on the stack `again` (to visit in the
//!   atomic phase: threads, weak tables, open upvalues, and what a back barrier made grey), or, within the atomic
//!   phase only, on the stack `weak`. When one of the stacks cannot grow, `overflow` (`weak_overflow`) is set and
//!   the grey objects are found by walking the lists. A stack never has an object that is not grey, except the
//!   rest of a large table, which is black.
//!
//! Invariants
//! * While `keep_invariant` (phases `Propagate` and `Atomic`, and always in generational mode) no black object
//!   refers to a white one, except a prototype to its cached closure, and a weak table to its weak parts.
//!   The barriers keep this up: `barrier_back` makes the written object grey again, `barrier` marks the new
//!   referent. In a sweep they make the written object white, so that it needs no more barriers.
//! * The collector never calls the allocator for more memory, except for its mark stacks, and that never leads to
//!   another collection. Freeing and shrinking happen in sweeps and at their end.
//!
//! When a collection can happen
//! * `check`, `step`, `reclaim` and `control`: everything live is reachable; these may run finalizers, so they may
//!   raise, move any stack (also that of the running thread) and shrink the string table.
//! * `check_quietly`: as `check`, but it runs no finalizer.
//! * `emergency`, from inside of any allocation (`mem`): runs no finalizer and moves no stack.
//!
//! State machine: `Pause` → `Propagate` (roots marked, then grey objects one by one) → `Atomic` (in one go) →
//! `SweepStrings` → `SweepFinobj` → `SweepToBeFnz` → `SweepAll` → `Release` (free memory to the system) →
//! `Pause`.

use crate::object::gc_state::{GcState, Phase};
pub use crate::object::heap::{barrier_back, entries_moved};
use crate::object::{Gc, GcRef, Global, Thread, UpVal, Value};
use crate::throw::LResult;

mod atomic;
mod cycle;
mod finalize;
#[cfg(feature = "heapcheck")]
mod heapcheck;
mod mark;
#[cfg(feature = "stress-finalizers")]
mod mischief;
mod sweep;
#[cfg(test)]
mod tests;
pub mod upvalues;
pub mod walk;

pub use cycle::{account_outside, close, control, emergency, reclaim, step};
pub use finalize::check_finalizer;

/// Allows collections: the state is complete.
pub fn start(l: Gc<Thread>) {
    l.global().gc.running.set(true)
}
/// `o` got a reference to `v`: `v` is marked (for objects rarely written).
#[inline(always)]
pub fn barrier(l: Gc<Thread>, o: GcRef, v: Value) {
    if o.is_black()
        && let Some(to) = v.object()
        && to.is_white()
    {
        forward(l.global(), o, to);
    }
}
/// `barrier` for a reference to an object.
#[inline(always)]
pub fn barrier_object<T>(l: Gc<Thread>, o: GcRef, to: Gc<T>) {
    if o.is_black() && to.header().is_white() {
        forward(l.global(), o, to.erase());
    }
}
/// A value was stored in an upvalue. (An open one is grey while the invariant matters.)
#[inline(always)]
pub fn barrier_upval(l: Gc<Thread>, uv: Gc<UpVal>, v: Value) {
    barrier(l, uv.erase(), v);
}
#[cold]
#[inline(never)]
fn forward(g: &Global, o: GcRef, to: GcRef) {
    if g.gc.keep_invariant() {
        mark::mark_object(g, to);
    } else {
        g.gc.whiten(o);
    }
}
/// Collection checkpoint: does a step when one is due. Everything live must be reachable.
///
/// A step may call finalizers, whose errors come out here (`Throw::GCMM`), and may move any stack.
#[inline(always)]
pub fn check(l: Gc<Thread>) -> LResult<()> {
    if cfg!(feature = "stress-gc") || l.global().gc.memory.debt.get() > 0 { step(l) } else { Ok(()) }
}
/// `check` for places that hold more than what is reachable by its own right (bytes, frames, open files): it frees
/// memory, but runs no finalizer, so nothing that was reachable before goes away or changes. Finalizers wait for the
/// next `check`.
#[inline(always)]
pub fn check_quietly(l: Gc<Thread>) {
    if cfg!(feature = "stress-gc") || l.global().gc.memory.debt.get() > 0 {
        cycle::quiet_step(l)
    }
}
