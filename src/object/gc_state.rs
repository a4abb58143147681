//! What the collector knows about the objects of a state. `gc` explains colours, lists and phases.

use super::header::{GcRef, gc_bits};
use super::mark_stack::MarkStack;
use super::waiting::Waiting;
use crate::mem::{Allocator, Memory};
use core::cell::Cell;

/// What the collector is doing; see the module's text. The order matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Phase {
    Propagate,
    Atomic,
    SweepStrings,
    SweepFinobj,
    SweepToBeFnz,
    SweepAll,
    Release,
    Pause,
}

/// Objects that a sweep looks at in one piece of work.
pub const PIECE: usize = 100;
/// What looking at an object, or freeing it, costs a sweep, in the unit of work (bytes marked).
pub const COST: usize = 5;

/// Pause between cycles, in percent of the memory in use after the last one.
const DEFAULT_PAUSE: i32 = 200;
/// Work per allocated byte, in 1/200.
const DEFAULT_STEPMUL: i32 = 200;
/// Growth that makes a generational collection a full one, in percent.
const DEFAULT_MAJORINC: i32 = 200;

/// The collector's part of the global state.
pub struct GcState {
    pub memory: Memory,
    pub current_white: Cell<u8>,
    pub phase: Cell<Phase>,
    /// Steps and emergency collections are allowed (`LUA_GCSTOP`; also off while a finalizer runs).
    pub running: Cell<bool>,
    /// A step is going on: what it does must not start another collection.
    pub busy: Cell<bool>,
    /// An emergency collection is going on.
    pub in_emergency: Cell<bool>,
    /// The state is being closed: every object is dead.
    pub closing: Cell<bool>,
    pub generational: Cell<bool>,
    /// A grey object is on no stack.
    pub overflow: Cell<bool>,
    /// A weak table to be cleared is not on `weak`.
    pub weak_overflow: Cell<bool>,
    /// A grey object to be visited by the next generational collection is on no stack: make that a full one.
    pub lost: Cell<bool>,
    pub pause: Cell<i32>,
    pub stepmul: Cell<i32>,
    pub majorinc: Cell<i32>,
    pub allgc: Cell<Option<GcRef>>,
    pub finobj: Cell<Option<GcRef>>,
    pub tobefnz: Cell<Option<GcRef>>,
    /// Next link to look at in the list being swept.
    pub sweep_at: Cell<*const Cell<Option<GcRef>>>,
    /// Next chain of the string table to be swept.
    pub sweep_chain: Cell<u32>,
    /// Bytes of the objects marked in this cycle.
    pub traversed: Cell<usize>,
    /// Bytes that the last cycle found in use, without what only waited for its finalizer. In generational mode: after
    /// the last full collection, 0 when the next one is to be full.
    pub estimate: Cell<usize>,
    /// Bytes by which the next cycle begins later because the heap is small, as long as no object gets a finalizer.
    pub slack: Cell<usize>,
    /// Bytes that are not the state's, but go away with objects of it.
    pub external: Cell<usize>,
    pub cycles: Cell<u32>,
    /// Somebody wants to know the longest step.
    pub steps_are_timed: Cell<bool>,
    /// In nanoseconds, of the steps since then.
    pub longest_step: Cell<u64>,
    pub grey: MarkStack,
    pub again: MarkStack,
    pub weak: MarkStack,
    pub waiting: Waiting,
    /// Checkpoints until the stress build does mischief again, and how often it did.
    #[cfg(feature = "stress-finalizers")]
    pub mischief_rest: Cell<usize>,
    #[cfg(feature = "stress-finalizers")]
    pub mischief_done: Cell<usize>,
    /// Pieces of work until the heap is checked again.
    #[cfg(feature = "heapcheck")]
    pub check_rest: Cell<usize>,
}

impl GcState {
    /// The state of a collector that is off (until `start`).
    pub const fn new(allocator: Allocator) -> GcState {
        GcState {
            memory: Memory::new(allocator),
            current_white: Cell::new(gc_bits::WHITE0),
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
            external: Cell::new(0),
            cycles: Cell::new(0),
            steps_are_timed: Cell::new(false),
            longest_step: Cell::new(0),
            grey: MarkStack::empty(),
            again: MarkStack::empty(),
            weak: MarkStack::empty(),
            waiting: Waiting::empty(),
            #[cfg(feature = "stress-finalizers")]
            mischief_rest: Cell::new(0),
            #[cfg(feature = "stress-finalizers")]
            mischief_done: Cell::new(0),
            #[cfg(feature = "heapcheck")]
            check_rest: Cell::new(0),
        }
    }
    /// Bytes in use.
    #[inline(always)]
    pub fn total(&self) -> usize {
        self.memory.total()
    }
    /// Whether black objects must not refer to white ones now.
    #[inline(always)]
    pub fn keep_invariant(&self) -> bool {
        self.phase.get() <= Phase::Atomic || self.generational.get()
    }
    /// Whether objects of the other white are dead.
    #[inline(always)]
    pub fn is_sweeping(&self) -> bool {
        let p = self.phase.get();
        p >= Phase::SweepStrings && p < Phase::Pause
    }
    #[inline(always)]
    pub fn other_white(&self) -> u8 {
        self.current_white.get() ^ gc_bits::WHITES
    }
    /// To be freed by the sweep that is going on.
    #[inline(always)]
    pub fn is_dead(&self, o: GcRef) -> bool {
        o.marked.get() & (self.other_white() | gc_bits::FIXED) == self.other_white() || self.closing.get()
    }
    /// Mark bits that a survivor of a sweep loses and gets.
    pub fn survivor(&self) -> (u8, u8) {
        if self.generational.get() {
            // It becomes old and keeps its colour until a full collection.
            (0, gc_bits::OLD)
        } else {
            (gc_bits::WHITES | gc_bits::BLACK | gc_bits::OLD, self.current_white.get())
        }
    }
    /// Gives an object the colour of a new one.
    #[inline(always)]
    pub fn whiten(&self, o: GcRef) {
        o.marked.set(
            o.marked.get() & !(gc_bits::WHITES | gc_bits::BLACK | gc_bits::OLD) | self.current_white.get(),
        );
    }
}
