//! What objects ask of the state that they are in, and what making and changing them has to do for the collector.
//!
//! The state is above the objects: threads have values, and the global state has tables. So the functions here and
//! those of objects know of it only the [`Heap`], and of the thread that asks only that it is [`InHeap`].

use super::gc_state::{GcState, Phase};
use super::header::{GcRef, Header, Kind, gc_bits};
use super::mark_stack::entry;
use super::string_table::StringTable;
use super::value::Value;
use crate::consts::*;
use crate::mem::{self, Allocator, OutOfMemory, Owner};
use core::cell::Cell;

/// The part of a state that its objects need.
pub struct Heap {
    pub gc: GcState,
    pub strings: StringTable,
    /// seed of all string hashes
    pub seed: Cell<u64>,
}

impl Heap {
    /// An empty heap, whose collector is off (until `start`).
    pub const fn new(allocator: Allocator, seed: u64) -> Heap {
        Heap { gc: GcState::new(allocator), strings: StringTable::empty(), seed: Cell::new(seed) }
    }
}

/// Who makes and changes objects.
pub trait InHeap: Owner {
    fn heap(&self) -> &Heap;
}

/// What the allocator is told of a new object of this kind (lua_Alloc's contract, manual §4.8).
fn type_tag(kind: Kind) -> usize {
    let tag = match kind {
        Kind::ShortStr | Kind::LongStr => LUA_TSTRING,
        Kind::Table => LUA_TTABLE,
        Kind::LuaClosure | Kind::CClosure | Kind::Builtin => LUA_TFUNCTION,
        Kind::Userdata => LUA_TUSERDATA,
        Kind::Thread => LUA_TTHREAD,
        Kind::Proto => LUA_NUMTAGS,
        Kind::UpVal => LUA_NUMTAGS + 1,
    };
    tag as usize
}

/// Memory for a new object; the caller writes the header and links it before anything else allocates.
#[inline(always)]
pub fn alloc_object(l: impl InHeap, kind: Kind, size: usize) -> Result<*mut Header, OutOfMemory> {
    Ok(mem::alloc(l, type_tag(kind), size)?.cast())
}

#[inline(always)]
pub fn current_white(h: &Heap) -> u8 {
    h.gc.current_white.get()
}
/// Puts a new object on the list of all objects.
#[inline(always)]
pub fn link(h: &Heap, o: GcRef) {
    o.next.set(h.gc.allgc.get());
    h.gc.allgc.set(Some(o));
}
/// A short string found in its chain is wanted: a dead one is brought back to life.
#[inline(always)]
pub fn revive(h: &Heap, o: GcRef) {
    if o.marked.get() & h.gc.other_white() != 0 {
        h.gc.whiten(o);
    }
}
#[inline(always)]
pub fn is_white_value(v: Value) -> bool {
    v.object().is_some_and(|o| o.is_white())
}
/// `o` got a reference to `v`: a black `o` is made grey again (for tables: many writes are likely).
#[inline(always)]
pub fn barrier_back(l: impl InHeap, o: GcRef, v: Value) {
    if o.is_black() && is_white_value(v) {
        back(l.heap(), o);
    }
}
/// Entries of the table `t` changed their places, perhaps from the part not visited yet to the visited one. All code
/// that moves entries without `barrier_back` for each must call this.
#[inline(always)]
pub fn entries_moved(h: &Heap, t: GcRef) {
    if t.is_black() && h.gc.phase.get() == Phase::Propagate {
        back(h, t);
    }
}
#[cold]
#[inline(never)]
fn back(h: &Heap, o: GcRef) {
    if h.gc.keep_invariant() {
        o.marked.set(o.marked.get() & !gc_bits::BLACK);
        push_again(h, o);
    } else {
        h.gc.whiten(o);
    }
}
/// Keeps a grey object for the atomic phase.
pub fn push_again(h: &Heap, o: GcRef) {
    if !h.gc.again.push(&h.gc.memory, entry(o, 0)) {
        h.gc.overflow.set(true);
    }
}
