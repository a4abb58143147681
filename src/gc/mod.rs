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
//! * `check`, `step`, `reclaim` and `control`: everything live is reachable; these may run finalizers, so they may raise, move
//!   any stack (also that of the running thread) and shrink the string table.
//! * `check_quietly`: as `check`, but it runs no finalizer.
//! * `emergency`, from inside of any allocation (`mem`): runs no finalizer and moves no stack.
//!
//! State machine: `Pause` → `Propagate` (roots marked, then grey objects one by one) → `Atomic` (in one go) →
//! `SweepStrings` → `SweepFinobj` → `SweepToBeFnz` → `SweepAll` → `Release` (free memory to the system) → `Pause`.

use crate::object::{Gc, GcRef, Global, Lua, UpVal, Value, mark as bits};
use crate::throw::LResult;
use core::cell::Cell;

mod atomic;
mod cycle;
mod finalize;
#[cfg(feature = "heapcheck")]
mod heapcheck;
mod mark;
#[cfg(feature = "stress-finalizers")]
mod mischief;
mod stack;
mod sweep;
#[cfg(test)]
mod tests;
mod waiting;

pub use cycle::{close, control, emergency, reclaim, step};
pub use finalize::check_finalizer;
pub(crate) use sweep::finish_strings;

use stack::MarkStack;
use waiting::Waiting;

/// The phases of the collector; see the head of this module. The order matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
enum Phase {
    Propagate,
    Atomic,
    SweepStrings,
    SweepFinobj,
    SweepToBeFnz,
    SweepAll,
    Release,
    Pause,
}

/// Pause between cycles, in percent of the memory in use after the last one.
const DEFAULT_PAUSE: i32 = 200;
/// Work per allocated byte, in 1/200.
const DEFAULT_STEPMUL: i32 = 200;
/// Growth that makes a generational collection a full one, in percent.
const DEFAULT_MAJORINC: i32 = 200;

/// How many collections a stress build does at (nearly) each allocation, and the size of heap at which that becomes every
/// other one.
#[cfg(feature = "stress-gc")]
const STRESS_OFTEN: usize = 5000;
#[cfg(feature = "stress-gc")]
const STRESS_SHARE: usize = if cfg!(feature = "stress-finalizers") { 8 << 10 } else { 32 << 10 };

/// The collector's part of the global state.
pub struct GcState {
    /// bytes in use, as accounted by `mem`, less `debt`
    pub total_bytes: Cell<isize>,
    /// bytes allocated not yet paid for by collection work; a step is due when it is positive
    pub debt: Cell<isize>,
    pub current_white: Cell<u8>,
    phase: Cell<Phase>,
    /// Steps and emergency collections are allowed (`LUA_GCSTOP`; also off while a finalizer runs).
    running: Cell<bool>,
    /// A step is going on: what it does must not start another collection.
    busy: Cell<bool>,
    /// An emergency collection is going on.
    in_emergency: Cell<bool>,
    /// The state is being closed: every object is dead.
    closing: Cell<bool>,
    generational: Cell<bool>,
    /// A grey object is on no stack.
    overflow: Cell<bool>,
    /// A weak table to be cleared is not on `weak`.
    weak_overflow: Cell<bool>,
    /// A grey object to be visited by the next generational collection is on no stack: make that a full one.
    lost: Cell<bool>,
    pause: Cell<i32>,
    stepmul: Cell<i32>,
    majorinc: Cell<i32>,
    pub allgc: Cell<Option<GcRef>>,
    finobj: Cell<Option<GcRef>>,
    tobefnz: Cell<Option<GcRef>>,
    /// Next link to look at in the list being swept.
    sweep_at: Cell<*const Cell<Option<GcRef>>>,
    /// Next chain of the string table to be swept.
    sweep_chain: Cell<u32>,
    /// Bytes of the objects marked in this cycle.
    traversed: Cell<usize>,
    /// Bytes that the last cycle found in use, without what only waited for its finalizer. In generational mode: after the last full collection, 0 when
    /// the next one is to be full.
    estimate: Cell<usize>,
    /// Bytes by which the next cycle begins later because the heap is small, as long as no object gets a finalizer.
    slack: Cell<usize>,
    grey: MarkStack,
    again: MarkStack,
    weak: MarkStack,
    waiting: Waiting,
    /// Allocations until the stress build collects again.
    #[cfg(feature = "stress-gc")]
    stress_rest: Cell<usize>,
    /// Collections that the stress build did.
    #[cfg(feature = "stress-gc")]
    stress_done: Cell<usize>,
    /// Checkpoints until the stress build does mischief again, and how often it did.
    #[cfg(feature = "stress-finalizers")]
    mischief_rest: Cell<usize>,
    #[cfg(feature = "stress-finalizers")]
    mischief_done: Cell<usize>,
    /// Pieces of work until the heap is checked again.
    #[cfg(feature = "heapcheck")]
    check_rest: Cell<usize>,
}

impl GcState {
    /// The state of a collector that is off (until `start`).
    #[allow(clippy::new_without_default, reason = "there is one per state, made in one place")]
    pub const fn new() -> GcState {
        GcState {
            total_bytes: Cell::new(0),
            debt: Cell::new(0),
            current_white: Cell::new(bits::WHITE0),
            phase: Cell::new(Phase::Pause),
            running: Cell::new(false),
            busy: Cell::new(false),
            in_emergency: Cell::new(false),
            closing: Cell::new(false),
            generational: Cell::new(false),
            overflow: Cell::new(false),
            weak_overflow: Cell::new(false),
            lost: Cell::new(false),
            pause: Cell::new(DEFAULT_PAUSE),
            stepmul: Cell::new(DEFAULT_STEPMUL),
            majorinc: Cell::new(DEFAULT_MAJORINC),
            allgc: Cell::new(None),
            finobj: Cell::new(None),
            tobefnz: Cell::new(None),
            sweep_at: Cell::new(core::ptr::null()),
            sweep_chain: Cell::new(0),
            traversed: Cell::new(0),
            estimate: Cell::new(0),
            slack: Cell::new(0),
            grey: MarkStack::new(),
            again: MarkStack::new(),
            weak: MarkStack::new(),
            waiting: Waiting::new(),
            #[cfg(feature = "stress-gc")]
            stress_rest: Cell::new(0),
            #[cfg(feature = "stress-gc")]
            stress_done: Cell::new(0),
            #[cfg(feature = "stress-finalizers")]
            mischief_rest: Cell::new(0),
            #[cfg(feature = "stress-finalizers")]
            mischief_done: Cell::new(0),
            #[cfg(feature = "heapcheck")]
            check_rest: Cell::new(0),
        }
    }
    /// Whether this allocation is one at which the stress build collects: each one at first, while the heap is small. In
    /// a large heap, and in a state that lives long, so seldom that programs come to an end.
    #[cfg(feature = "stress-gc")]
    pub fn is_stress_due(&self) -> bool {
        match self.stress_rest.get().checked_sub(1) {
            Some(rest) => {
                self.stress_rest.set(rest);
                false
            }
            None => {
                let done = self.stress_done.get();
                self.stress_done.set(done + 1);
                self.stress_rest.set(self.total() / if done < STRESS_OFTEN { STRESS_SHARE } else { 1 << 10 });
                true
            }
        }
    }
    #[cfg(not(feature = "stress-gc"))]
    #[inline(always)]
    pub fn is_stress_due(&self) -> bool {
        false
    }
    /// Bytes in use.
    #[inline(always)]
    pub fn total(&self) -> usize {
        self.total_bytes.get().wrapping_add(self.debt.get()) as usize
    }
    /// Whether black objects must not refer to white ones now.
    #[inline(always)]
    fn keep_invariant(&self) -> bool {
        self.phase.get() <= Phase::Atomic || self.generational.get()
    }
    /// Whether objects of the other white are dead.
    #[inline(always)]
    fn is_sweeping(&self) -> bool {
        let p = self.phase.get();
        p >= Phase::SweepStrings && p < Phase::Pause
    }
    #[inline(always)]
    fn other_white(&self) -> u8 {
        self.current_white.get() ^ bits::WHITES
    }
    /// To be freed by the sweep that is going on.
    #[inline(always)]
    fn is_dead(&self, o: GcRef) -> bool {
        o.marked.get() & (self.other_white() | bits::FIXED) == self.other_white() || self.closing.get()
    }
    /// Gives an object the colour of a new one.
    #[inline(always)]
    fn whiten(&self, o: GcRef) {
        o.marked.set(o.marked.get() & !(bits::WHITES | bits::BLACK | bits::OLD) | self.current_white.get());
    }
}

/// Allows collections: the state is complete.
pub fn start(l: Lua) {
    l.global().gc.running.set(true)
}
/// Bytes in use.
pub fn bytes_in_use(g: &Global) -> isize {
    g.gc.total() as isize
}
#[inline(always)]
pub fn account(g: &Global, delta: isize) {
    g.gc.debt.set(g.gc.debt.get().wrapping_add(delta))
}
#[inline(always)]
pub fn current_white(g: &Global) -> u8 {
    g.gc.current_white.get()
}
/// Puts a new object on the list of all objects.
#[inline(always)]
pub fn link(g: &Global, o: GcRef) {
    o.next.set(g.gc.allgc.get());
    g.gc.allgc.set(Some(o));
}
/// A short string found in its chain is wanted: a dead one is brought back to life.
#[inline(always)]
pub fn revive(g: &Global, o: GcRef) {
    if o.marked.get() & g.gc.other_white() != 0 {
        g.gc.whiten(o);
    }
}
#[inline(always)]
fn is_white_value(v: Value) -> bool {
    v.object().is_some_and(|o| o.is_white())
}
/// `o` got a reference to `v`: a black `o` is made grey again (for tables: many writes are likely).
#[inline(always)]
pub fn barrier_back(l: Lua, o: GcRef, v: Value) {
    if o.is_black() && is_white_value(v) {
        back(l.global(), o);
    }
}
/// `o` got a reference to `v`: `v` is marked (for objects rarely written).
#[inline(always)]
pub fn barrier(l: Lua, o: GcRef, v: Value) {
    if o.is_black()
        && let Some(to) = v.object()
        && to.is_white()
    {
        forward(l.global(), o, to);
    }
}
/// `barrier` for a reference to an object.
#[inline(always)]
pub fn barrier_object<T>(l: Lua, o: GcRef, to: Gc<T>) {
    if o.is_black() && to.header().is_white() {
        forward(l.global(), o, to.erase());
    }
}
/// A value was stored in an upvalue. (An open one is grey while the invariant matters.)
#[inline(always)]
pub fn barrier_upval(l: Lua, uv: Gc<UpVal>, v: Value) {
    barrier(l, uv.erase(), v);
}
/// Entries of the table `t` changed their places, perhaps from the part not visited yet to the visited one. All code that
/// moves entries without `barrier_back` for each must call this.
#[inline(always)]
pub fn entries_moved(g: &Global, t: GcRef) {
    if t.is_black() && g.gc.phase.get() == Phase::Propagate {
        back(g, t);
    }
}
#[cold]
#[inline(never)]
fn back(g: &Global, o: GcRef) {
    if g.gc.keep_invariant() {
        o.marked.set(o.marked.get() & !bits::BLACK);
        mark::push_again(g, o);
    } else {
        g.gc.whiten(o);
    }
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
pub fn check(l: Lua) -> LResult<()> {
    if cfg!(feature = "stress-gc") || l.global().gc.debt.get() > 0 { step(l) } else { Ok(()) }
}
/// `check` for places that hold more than what is reachable by its own right (bytes, frames, open files): it frees memory,
/// but runs no finalizer, so nothing that was reachable before goes away or changes. Finalizers wait for the next `check`.
#[inline(always)]
pub fn check_quietly(l: Lua) {
    if cfg!(feature = "stress-gc") || l.global().gc.debt.get() > 0 {
        cycle::quiet_step(l)
    }
}
/// `uv` was taken off its thread's list of open upvalues and closed (its value copied): puts it on the list of all
/// objects, or frees it when it is dead.
pub fn upval_closed(l: Lua, uv: Gc<UpVal>) {
    let g = l.global();
    let o = uv.erase();
    if g.gc.is_sweeping() && g.gc.is_dead(o) {
        sweep::free_object(l, o);
        return;
    }
    link(g, o);
    if g.gc.closing.get() {
        // Objects that it refers to may be freed already.
        return;
    }
    if g.gc.keep_invariant() {
        if !o.is_white() {
            // Reached before: as a closed upvalue it is visited now.
            o.marked.set(o.marked.get() | bits::BLACK);
            mark::mark_value(g, uv.get());
        }
    } else {
        g.gc.whiten(o);
    }
}
