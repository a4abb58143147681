//! Entries of ephemeron tables that wait: their key and their value are white. When the key is marked, the value must
//! be marked, too.
//!
//! This index makes the convergence of ephemerons linear: whoever marks a key finds the values that waited for it, and
//! no table is visited again to look for them. It exists within the atomic phase only, and only when one pass over the
//! tables has shown that there are chains of entries.
//!
//! Invariants
//! * While the index is `on`, every key in it that is white has the bit `AWAITED`, and every waiting entry of the
//!   tables visited since is in it. When an entry finds no memory the index is `lost`, and `converge` makes passes
//!   instead.
//! * Entries hold the addresses of nodes: no table changes its size in the atomic phase.
//! * `cap` is 0 or a power of two; chains are linked by indices plus one, 0 at the end.

use super::header::{GcRef, gc_bits};
use super::table::Node;
use super::value::Value;
use crate::mem::{self, Memory};
use core::cell::Cell;

struct Entry {
    node: Cell<*const Node>,
    /// The next entry of the same chain.
    next: Cell<u32>,
    /// The first entry of the chain that has this entry's index as its number.
    head: Cell<u32>,
}
const SIZE: usize = size_of::<Entry>();
const FIRST: usize = 64;

pub struct Waiting {
    block: Cell<*mut Entry>,
    len: Cell<usize>,
    cap: Cell<usize>,
    on: Cell<bool>,
    lost: Cell<bool>,
}

impl Waiting {
    pub const fn empty() -> Waiting {
        Waiting {
            block: Cell::new(core::ptr::null_mut()),
            len: Cell::new(0),
            cap: Cell::new(0),
            on: Cell::new(false),
            lost: Cell::new(false),
        }
    }
    /// Whether every waiting entry is in the index.
    pub fn is_on(&self) -> bool {
        self.on.get()
    }
    /// From now on waiting entries are added, unless some were lost before.
    pub fn begin(&self) {
        self.on.set(!self.lost.get());
    }
    /// There was no memory for something that waits, or for a key that was marked.
    pub fn lose(&self) {
        self.on.set(false);
        self.lost.set(true);
    }
    fn entry(&self, i: usize) -> &Entry {
        debug_assert!(i < self.cap.get());
        // SAFETY: below the capacity, where all entries are initialised.
        unsafe { &*self.block.get().add(i) }
    }
    fn node(&self, i: usize) -> &Node {
        // SAFETY: entries below `len` have nodes, whose tables outlive the atomic phase and do not change in it.
        unsafe { &*self.entry(i).node.get() }
    }
    /// The number of the chain of a key.
    fn chain(&self, key: GcRef) -> usize {
        let hash = (key.as_ptr() as u64).wrapping_mul(crate::num::GOLDEN) >> 32;
        hash as usize & (self.cap.get() - 1)
    }
    /// Adds the entry in `n`, whose key is `key`.
    pub fn add(&self, m: &Memory, key: GcRef, n: &Node) {
        let i = self.len.get();
        if i == self.cap.get() && !self.grow(m) {
            return self.lose();
        }
        self.entry(i).node.set(n);
        self.len.set(i + 1);
        self.put(i, key);
        key.marked.set(key.marked.get() | gc_bits::AWAITED);
    }
    fn put(&self, i: usize, key: GcRef) {
        let chain = self.chain(key);
        self.entry(i).next.set(self.entry(chain).head.replace(i as u32 + 1));
    }
    #[cold]
    fn grow(&self, m: &Memory) -> bool {
        let old = self.cap.get();
        let cap = (2 * old).max(FIRST);
        if cap > u32::MAX as usize {
            return false;
        }
        let Some(p) = mem::try_resize(m, self.block.get().cast(), old * SIZE, cap * SIZE) else {
            return false;
        };
        self.block.set(p.cast());
        self.cap.set(cap);
        for i in 0..old {
            self.entry(i).head.set(0);
        }
        for i in old..cap {
            let blank = Entry { node: Cell::new(core::ptr::null()), next: Cell::new(0), head: Cell::new(0) };
            // SAFETY: inside the block.
            unsafe { self.block.get().add(i).write(blank) };
        }
        for i in 0..self.len.get() {
            if let Some(key) = self.node(i).key.get().object() {
                self.put(i, key);
            }
        }
        true
    }
    /// `key` was marked: `mark` gets the values that waited for it.
    #[cold]
    pub fn release(&self, key: GcRef, mark: impl Fn(Value)) {
        let mut next = self.entry(self.chain(key)).head.get();
        while next != 0 {
            let i = next as usize - 1;
            next = self.entry(i).next.get();
            let n = self.node(i);
            if n.key.get().object() == Some(key) {
                mark(n.val.get());
            }
        }
    }
    /// The end of the atomic phase. Keys that are still white are dead, so their bits do not matter.
    pub fn end(&self, m: &Memory) {
        mem::free_block(m, self.block.get().cast(), self.cap.get() * SIZE);
        self.block.set(core::ptr::null_mut());
        self.len.set(0);
        self.cap.set(0);
        self.on.set(false);
        self.lost.set(false);
    }
}
