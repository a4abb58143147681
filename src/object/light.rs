//! Light userdata whose 64-bit pattern does not fit a value's payload: interned, the value holds the index.
//!
//! Invariants
//! * One block: `cap` patterns, then `2 * cap` slots (`u32`) of an open hash; a slot holds an index plus one, 0 when
//!   free. `cap` is a power of two or 0.
//! * Patterns are never removed, so an index stays valid as long as the state.

use super::value::Value;
use crate::mem::{self, OutOfMemory, Owner};
use core::cell::Cell;

/// Indices fit a value's payload with room to spare.
const MAX: u32 = 1 << 30;

pub struct WideLights {
    patterns: Cell<*mut u64>,
    len: Cell<u32>,
    cap: Cell<u32>,
}

impl WideLights {
    pub const fn empty() -> WideLights {
        WideLights { patterns: Cell::new(core::ptr::null_mut()), len: Cell::new(0), cap: Cell::new(0) }
    }
    /// The pattern with this index.
    pub fn pattern(&self, index: u32) -> u64 {
        debug_assert!(index < self.len.get());
        // SAFETY: values hold only indices that `intern` gave out.
        unsafe { *self.patterns.get().add(index as usize) }
    }
    fn block_size(cap: u32) -> usize {
        cap as usize * (size_of::<u64>() + 2 * size_of::<u32>())
    }
    fn slots(&self) -> *mut u32 {
        self.patterns.get().wrapping_add(self.cap.get() as usize).cast()
    }
    /// The slot that holds the pattern's index, or the free one where it belongs.
    fn slot(&self, bits: u64) -> *mut u32 {
        let mask = 2 * self.cap.get() - 1;
        let mut i = (bits.wrapping_mul(crate::num::GOLDEN) >> 32) as u32 & mask;
        loop {
            // SAFETY: `i` is below the number of slots; at least half of them are free, so the loop ends.
            let (slot, index) = unsafe {
                let slot = self.slots().add(i as usize);
                (slot, *slot)
            };
            if index == 0 || self.pattern(index - 1) == bits {
                return slot;
            }
            i = (i + 1) & mask;
        }
    }
    /// The value of a pattern that was interned before.
    pub fn find(&self, bits: u64) -> Option<Value> {
        if self.cap.get() == 0 {
            return None;
        }
        // SAFETY: `slot` points into the block.
        let index = unsafe { *self.slot(bits) };
        (index != 0).then(|| Value::wide_light(index - 1))
    }
    /// The value of any pattern.
    pub fn intern(&self, l: impl Owner, bits: u64) -> Result<Value, OutOfMemory> {
        if let Some(v) = self.find(bits) {
            return Ok(v);
        }
        let (len, cap) = (self.len.get(), self.cap.get());
        if len == cap {
            if len >= MAX {
                return Err(OutOfMemory);
            }
            self.grow(l, (2 * cap).max(8))?;
        }
        // SAFETY: there is room for one more pattern; `slot` points into the block.
        unsafe {
            *self.patterns.get().add(len as usize) = bits;
            *self.slot(bits) = len + 1;
        }
        self.len.set(len + 1);
        Ok(Value::wide_light(len))
    }
    fn grow(&self, l: impl Owner, cap: u32) -> Result<(), OutOfMemory> {
        let block = mem::realloc(l, core::ptr::null_mut(), 0, Self::block_size(cap))?.cast::<u64>();
        let (old, old_cap) = (self.patterns.get(), self.cap.get());
        // SAFETY: the fresh block has room for `cap` patterns and twice as many slots; the old one has `len`.
        unsafe {
            core::ptr::copy_nonoverlapping(
                old,
                block,
                if old.is_null() { 0 } else { self.len.get() as usize },
            );
            core::ptr::write_bytes(block.add(cap as usize).cast::<u32>(), 0, 2 * cap as usize);
        }
        self.patterns.set(block);
        self.cap.set(cap);
        for i in 0..self.len.get() {
            // SAFETY: `slot` points into the block.
            unsafe { *self.slot(self.pattern(i)) = i + 1 };
        }
        mem::free(l, old.cast(), Self::block_size(old_cap));
        Ok(())
    }
    /// Frees the block (when the state is closed).
    pub fn free(&self, l: impl Owner) {
        mem::free(l, self.patterns.get().cast(), Self::block_size(self.cap.get()));
        self.patterns.set(core::ptr::null_mut());
        self.len.set(0);
        self.cap.set(0);
    }
}
