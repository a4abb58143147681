//! The table of all short strings, and its sweep.
//!
//! Invariant: the table has the same size from the start of its sweep to the end; who changes it ends the sweep first.

use super::gc_state::{COST, PIECE, Phase};
use super::header::{GcRef, gc_bits};
use super::heap::InHeap;
use super::string::Str;
use crate::mem::{self, OutOfMemory};
use crate::sys::arch;
use core::cell::Cell;

/// Fewest chains of a table.
pub const MIN_TABLE: u32 = 32;
/// How many chains ahead strings are fetched when the table changes its size.
const AHEAD: u32 = 16;
/// The same when it is swept.
const SWEPT_AHEAD: u32 = 8;

/// The first string of a chain.
type Bucket = Cell<Option<GcRef>>;

/// The table of all short strings: chains through `Header::next`.
pub struct StringTable {
    pub buckets: Cell<*mut Bucket>,
    /// number of buckets, a power of two
    pub size: Cell<u32>,
    /// number of strings
    pub count: Cell<u32>,
}

impl StringTable {
    pub const fn empty() -> StringTable {
        StringTable { buckets: Cell::new(core::ptr::null_mut()), size: Cell::new(0), count: Cell::new(0) }
    }
    /// Bytes of so many buckets.
    pub const fn block_size(size: u32) -> usize {
        size as usize * size_of::<Bucket>()
    }
    #[inline(always)]
    pub fn bucket(&self, i: u32) -> &Bucket {
        debug_assert!(i < self.size.get());
        // SAFETY: `size` buckets are allocated.
        unsafe { &*self.buckets.get().add(i as usize) }
    }
    /// Changes the number of buckets. When memory is short a growth is skipped (chains only get longer).
    pub fn resize(&self, l: impl InHeap, newsize: u32) -> Result<(), OutOfMemory> {
        self.finish_sweep(l);
        let old = self.size.get();
        if newsize > old {
            self.grow_array(l, old, newsize)?;
        }
        let live = old.min(newsize);
        for i in 0..old {
            // The strings of neighbouring chains are anywhere in memory: the first ones, then the second ones.
            if i + 2 * AHEAD < old
                && let Some(first) = self.bucket(i + 2 * AHEAD).get()
            {
                arch::prefetch(first.as_ptr().cast());
            }
            if i + AHEAD < old
                && let Some(first) = self.bucket(i + AHEAD).get()
                && let Some(second) = first.next.get()
            {
                arch::prefetch(second.as_ptr().cast());
            }
            let mut chain = self.bucket(i).take();
            while let Some(s) = chain {
                chain = s.next.get();
                let b = self.bucket(s.aux32.get() & (newsize - 1));
                s.next.set(b.get());
                b.set(Some(s));
            }
            // Every string of bucket `i` went to a bucket that is congruent to `i`: when shrinking, below
            // `live`; when growing, never to a bucket between `i` and `old`, so none is moved twice.
            debug_assert!(newsize > old || i < live || self.bucket(i).get().is_none());
        }
        if newsize < old {
            let b =
                mem::realloc(l, self.buckets.get().cast(), Self::block_size(old), Self::block_size(newsize))?;
            self.buckets.set(b.cast());
        }
        self.size.set(newsize);
        Ok(())
    }
    fn grow_array(&self, l: impl InHeap, old: u32, new: u32) -> Result<(), OutOfMemory> {
        let b = mem::realloc(l, self.buckets.get().cast(), Self::block_size(old), Self::block_size(new))?;
        let b = b.cast::<Bucket>();
        for i in old..new {
            // SAFETY: the block has room for `new` buckets.
            unsafe { b.add(i as usize).write(Cell::new(None)) };
        }
        self.buckets.set(b);
        self.size.set(new);
        Ok(())
    }
    pub fn init(&self, l: impl InHeap) -> Result<(), OutOfMemory> {
        self.grow_array(l, 0, MIN_TABLE)
    }
    /// Before the string table changes its size: its sweep must be complete.
    fn finish_sweep(&self, l: impl InHeap) {
        let gc = &l.heap().gc;
        while gc.phase.get() == Phase::SweepStrings {
            self.sweep_some(l);
        }
    }
    /// One piece of the sweep of the string table; work done.
    pub fn sweep_some(&self, l: impl InHeap) -> usize {
        let gc = &l.heap().gc;
        let (i, seen) = self.sweep_chains(l, gc.sweep_chain.get(), PIECE);
        gc.sweep_chain.set(i);
        if i >= self.size.get() {
            gc.sweep_at.set(&raw const gc.finobj);
            gc.phase.set(Phase::SweepFinobj);
        }
        seen * COST
    }
    /// Sweeps chains of the string table from `first` on, until it has looked at `limit` chains and strings, or all.
    /// Returns the next chain, and at how many it looked.
    pub fn sweep_chains(&self, l: impl InHeap, first: u32, limit: usize) -> (u32, usize) {
        let gc = &l.heap().gc;
        let dead_mask = gc.other_white() | gc_bits::FIXED;
        let dead = gc.other_white();
        let closing = gc.closing.get();
        let (clear, set) = gc.survivor();
        let size = self.size.get();
        let (mut i, mut seen, mut freed) = (first, 0, 0);
        while seen < limit && i < size {
            // The strings of neighbouring chains are anywhere in memory.
            if i + SWEPT_AHEAD < size
                && let Some(first) = self.bucket(i + SWEPT_AHEAD).get()
            {
                arch::prefetch(first.as_ptr().cast());
            }
            let mut link: *const Cell<Option<GcRef>> = self.bucket(i);
            i += 1;
            seen += 1;
            loop {
                // SAFETY: a bucket or a link inside a live string.
                let at = unsafe { &*link };
                let Some(o) = at.get() else { break };
                seen += 1;
                let marked = o.marked.get();
                if marked & dead_mask == dead || closing {
                    at.set(o.next.get());
                    // SAFETY: only short strings are on the chains.
                    mem::free_small(l, o.as_ptr().cast(), unsafe { o.cast::<Str>() }.size());
                    freed += 1;
                } else {
                    o.marked.set(marked & !clear | set);
                    link = &raw const o.next;
                }
            }
        }
        self.count.set(self.count.get() - freed);
        (i, seen)
    }
    /// Frees the table; the strings in it are gone (when the state is closed).
    pub fn free(&self, l: impl InHeap) {
        mem::free(l, self.buckets.get().cast(), Self::block_size(self.size.get()));
    }
}
