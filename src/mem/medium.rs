//! Freed blocks of medium size, which a pool keeps for the next blocks of their size.
//!
//! The blocks are libc's. `malloc` looks for a place for each, and `free` joins it with its neighbours: for a string that
//! lives for one cycle of the collector that takes longer than all else. Most programs need blocks of the same few
//! sizes again, and here such a block is at hand.
//!
//! * Sizes are rounded up to those of a class, eight classes from one power of two to the next, so that a block serves all
//!   sizes of its class.
//! * No more is kept than `KEPT_BYTES`, or an eighth of what is in use. As many bytes go back to libc at the end of a
//!   collection as nobody needed since the end of the last one.

use super::pool::{Free, SMALL};
use crate::sys;

/// The largest size of such blocks.
pub const MEDIUM: usize = SMALL << DOUBLINGS;
const DOUBLINGS: usize = 4;
/// The least size that a block of libc's has.
pub const LEAST: usize = SMALL + SMALL / 8;
const KEPT_BYTES: usize = 64 << 10;

/// All-zero bytes are an empty one.
pub struct Medium {
    /// by class
    lists: [*mut Free; DOUBLINGS * 8],
    /// a bit for each list that is perhaps not empty
    filled: u32,
    /// of all blocks that are kept
    bytes: u32,
    /// the least number of `bytes` since the end of the last collection
    least: u32,
}

/// The exponent of the distance from the class of `size` to the next.
fn exponent(size: usize) -> u32 {
    (size - 1).ilog2() - 3
}

fn class(size: usize) -> usize {
    let e = exponent(size);
    ((e - exponent(SMALL + 1)) as usize * 8) + ((size - 1) >> e & 7)
}

/// The size of the blocks of class `c`.
fn class_size(c: u32) -> usize {
    (8 + c as usize % 8 + 1) << (exponent(SMALL + 1) + c / 8)
}

/// The size of the blocks that serve for `size` bytes, which are more than `SMALL`.
pub fn rounded(size: usize) -> usize {
    if size > MEDIUM { size } else { size.next_multiple_of(1 << exponent(size)) }
}

impl Medium {
    /// A block of `size` bytes, or null.
    ///
    /// # Safety
    /// `size` is more than `SMALL` and at most `MEDIUM`.
    pub unsafe fn alloc(&mut self, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise; the list has free blocks, with their link in front.
        unsafe {
            let list = self.lists.get_unchecked_mut(class(size));
            let block = *list;
            if block.is_null() {
                return self.fresh(size);
            }
            *list = (*block).next;
            self.bytes -= rounded(size) as u32;
            self.least = self.least.min(self.bytes);
            block.cast()
        }
    }
    /// A block from libc, or null; `size` may be more than `MEDIUM`.
    #[inline(never)]
    pub fn fresh(&mut self, size: usize) -> *mut u8 {
        // SAFETY: a plain allocation.
        let block: *mut u8 = unsafe { sys::malloc(rounded(size)).cast() };
        if !block.is_null() || self.bytes == 0 {
            return block;
        }
        self.give_back(self.bytes);
        // SAFETY: a plain allocation.
        unsafe { sys::malloc(rounded(size)).cast() }
    }
    /// # Safety
    /// `block` is one of libc's with `rounded(size)` bytes or more, and not used any more; `size` as in `alloc`. `in_use`
    /// bytes are in use with it.
    pub unsafe fn free(&mut self, block: *mut u8, size: usize, in_use: usize) {
        let bytes = self.bytes as usize + rounded(size);
        // SAFETY: the caller's promise; the block has room for the link.
        unsafe {
            if bytes > (in_use / 8).clamp(KEPT_BYTES, u32::MAX as usize) {
                return sys::free(block.cast());
            }
            self.bytes = bytes as u32;
            let c = class(size);
            self.filled |= 1 << c;
            let list = self.lists.get_unchecked_mut(c);
            block.cast::<Free>().write(Free { next: *list });
            *list = block.cast();
        }
    }
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.bytes as usize
    }
    /// The end of a collection.
    pub fn collected(&mut self) {
        self.give_back(self.least);
        self.least = self.bytes;
    }
    /// Gives everything back.
    pub fn clear(&mut self) {
        self.give_back(self.bytes);
    }
    /// Gives at least so many bytes back, the largest blocks first.
    fn give_back(&mut self, bytes: u32) {
        let rest = self.bytes - bytes;
        while self.bytes > rest {
            let c = self.filled.ilog2();
            let list = &mut self.lists[c as usize];
            let block = *list;
            if block.is_null() {
                self.filled &= !(1 << c);
                continue;
            }
            self.bytes -= class_size(c) as u32;
            // SAFETY: as in `alloc`; the block is libc's.
            unsafe {
                *list = (*block).next;
                sys::free(block.cast());
            }
        }
        self.least = self.least.min(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_serves_all_sizes_of_its_class() {
        for size in SMALL + 1..=MEDIUM {
            let whole = rounded(size);
            assert!(whole >= size && whole < size + size / 8 + 8, "{size}");
            assert_eq!((class(whole), rounded(whole)), (class(size), whole), "{size}");
            assert_eq!(class_size(class(size) as u32), whole, "{size}");
        }
        assert_eq!((class(SMALL + 1), rounded(SMALL + 1)), (0, LEAST));
        assert_eq!((class(MEDIUM), rounded(MEDIUM)), (DOUBLINGS * 8 - 1, MEDIUM));
        assert_eq!(rounded(MEDIUM + 1), MEDIUM + 1);
    }
}
