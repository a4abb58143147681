//! The collector's stacks of objects.
//!
//! Objects have no field to link grey ones, so these are blocks of their own. They grow through the state's
//! allocator without an emergency collection; a failed growth is reported and the caller manages without.

use super::header::{Gc, GcRef, Header};
use crate::mem::{self, Memory};
use core::cell::Cell;

/// One word: the address of an object, with a small number in the bits that are zero by alignment, or, with the
/// lowest bit set, a number that belongs to the object below.
pub type Entry = usize;

pub const TAGS: usize = 7;
/// Tag of a grey object, or black userdata, that entries of ephemeron tables wait for.
pub const AWAITED: usize = 2;
const FIRST: usize = 32;
/// A block of up to this many entries is kept between collections.
const KEEP: usize = 64;

pub struct MarkStack {
    block: Cell<*mut Entry>,
    len: Cell<usize>,
    cap: Cell<usize>,
}

pub fn entry(o: GcRef, tag: usize) -> Entry {
    debug_assert!(o.as_ptr() as usize & TAGS == 0 && tag <= TAGS);
    o.as_ptr() as usize | tag
}
/// The object of an entry.
#[inline(always)]
pub fn object(e: Entry) -> GcRef {
    // SAFETY: `entry` made it from a live object, and marked objects are not freed while they are on a stack.
    unsafe { Gc::from_ptr((e & !TAGS) as *mut Header) }
}

impl MarkStack {
    pub const fn empty() -> MarkStack {
        MarkStack { block: Cell::new(core::ptr::null_mut()), len: Cell::new(0), cap: Cell::new(0) }
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len.get()
    }
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len.get() == 0
    }
    pub fn get(&self, i: usize) -> Entry {
        debug_assert!(i < self.len());
        // SAFETY: below the length.
        unsafe { *self.block.get().add(i) }
    }
    /// False when there is no memory for it.
    #[inline(always)]
    pub fn push(&self, m: &Memory, e: Entry) -> bool {
        if self.len.get() == self.cap.get() && !self.grow(m) {
            return false;
        }
        // SAFETY: there is room for one more.
        unsafe { *self.block.get().add(self.len.get()) = e };
        self.len.set(self.len.get() + 1);
        true
    }
    #[inline(always)]
    pub fn pop(&self) -> Option<Entry> {
        let n = self.len.get().checked_sub(1)?;
        self.len.set(n);
        // SAFETY: `n` was below the length.
        Some(unsafe { *self.block.get().add(n) })
    }
    /// Removes the first `n` entries.
    pub fn drop_first(&self, n: usize) {
        debug_assert!(n <= self.len());
        let rest = self.len() - n;
        if rest > 0 {
            // SAFETY: both ranges are inside the `len` entries.
            unsafe { core::ptr::copy(self.block.get().add(n), self.block.get(), rest) };
        }
        self.len.set(rest);
    }
    pub fn clear(&self) {
        self.len.set(0)
    }
    #[cold]
    #[inline(never)]
    fn grow(&self, m: &Memory) -> bool {
        let cap = (self.cap.get() * 2).max(FIRST);
        let size = size_of::<Entry>();
        match mem::try_resize(m, self.block.get().cast(), self.cap.get() * size, cap * size) {
            Some(p) => {
                self.block.set(p.cast());
                self.cap.set(cap);
                true
            }
            None => false,
        }
    }
    /// Empties the stack and gives back a large block.
    pub fn reset(&self, m: &Memory) {
        self.clear();
        if self.cap.get() > KEEP {
            self.free(m);
        }
    }
    pub fn free(&self, m: &Memory) {
        mem::free_block(m, self.block.get().cast(), self.cap.get() * size_of::<Entry>());
        self.block.set(core::ptr::null_mut());
        self.cap.set(0);
        self.clear();
    }
    #[cfg(feature = "heapcheck")]
    pub fn block_size(&self) -> usize {
        self.cap.get() * size_of::<Entry>()
    }
}
