//! Blocks of 128 KB and more, each in a mapping of its own.
//!
//! `malloc` would keep them for later once some of them were freed, beside what the pool keeps. Here they go back at
//! once, but for a few that are kept for the next blocks until a collection has ended twice.
//!
//! The length of a mapping follows from the size of its block.

use super::slab::map;
use core::ptr::null_mut;

/// The smallest size of such blocks.
pub const BIG: usize = 128 << 10;
/// Lengths are multiples of this. Where pages are larger the system rounds up, each time in the same way.
const PAGE: usize = 4096;
/// As many bytes are kept for later as are in use, but not fewer than these.
const KEPT_BYTES: usize = 1 << 20;

/// A mapping that is kept, at its start.
struct Mapping {
    next: *mut Mapping,
    len: usize,
    /// ends of collections since
    age: usize,
}

pub struct Kept {
    first: *mut Mapping,
    pub bytes: usize,
}

fn length(size: usize) -> usize {
    size.next_multiple_of(PAGE)
}

impl Kept {
    /// A block of `size` bytes, or null.
    pub fn alloc(&mut self, size: usize) -> *mut u8 {
        let Some(len) = size.checked_next_multiple_of(PAGE) else { return null_mut() };
        // The kept mapping nearest in size, if it is near.
        let (mut best, mut best_diff) = (null_mut::<*mut Mapping>(), len / 3);
        let mut link = &raw mut self.first;
        // SAFETY: kept mappings are there, with their link in front.
        unsafe {
            while !(*link).is_null() {
                let diff = (**link).len.abs_diff(len);
                if diff < best_diff {
                    (best, best_diff) = (link, diff);
                }
                link = &raw mut (**link).next;
            }
            if best.is_null() {
                return map(len);
            }
            let m = *best;
            let old = (*m).len;
            *best = (*m).next;
            self.bytes -= old;
            let p = remap(m.cast(), old, len);
            if p.is_null() {
                libc::munmap(m.cast(), old);
            }
            p
        }
    }
    /// # Safety
    /// `p` is a block of `size` bytes from here, not used any more; `in_use` bytes are in use with it.
    pub unsafe fn free(&mut self, p: *mut u8, size: usize, in_use: usize) {
        let len = length(size);
        // SAFETY: the caller's promise.
        unsafe {
            if self.bytes + len <= KEPT_BYTES.max(in_use) {
                p.cast::<Mapping>().write(Mapping { next: self.first, len, age: 0 });
                self.first = p.cast();
                self.bytes += len;
            } else {
                libc::munmap(p.cast(), len);
            }
        }
    }
    /// Changes the size of a block in place or moves it, mostly without a copy. Null when there is no memory; the block is
    /// as it was then.
    ///
    /// # Safety
    /// `p` is a block of `osize` bytes from here; `in_use` bytes are in use with it.
    pub unsafe fn resize(&mut self, p: *mut u8, osize: usize, nsize: usize, in_use: usize) -> *mut u8 {
        let Some(len) = nsize.checked_next_multiple_of(PAGE) else { return null_mut() };
        let mut link = &raw mut self.first;
        // SAFETY: the caller's promise; kept mappings are there, with their link in front.
        unsafe {
            while len > osize && !(*link).is_null() {
                let m = *link;
                if (*m).len == len {
                    // A copy takes less time than the first use of fresh memory.
                    *link = (*m).next;
                    self.bytes -= len;
                    core::ptr::copy_nonoverlapping(p, m.cast(), osize);
                    self.free(p, osize, in_use);
                    return m.cast();
                }
                link = &raw mut (*m).next;
            }
            remap(p, length(osize), len)
        }
    }
    /// A collection has ended: gives back what was not needed during two of them, and what is too much beside `in_use`
    /// bytes.
    pub fn collected(&mut self, in_use: usize) {
        self.release(1, KEPT_BYTES.max(in_use));
    }
    /// Gives everything back.
    pub fn clear(&mut self) {
        self.release(0, 0);
    }
    fn release(&mut self, ends: usize, limit: usize) {
        let mut link = &raw mut self.first;
        // SAFETY: kept mappings are there, with nothing in them but the link.
        unsafe {
            while !(*link).is_null() {
                let m = *link;
                (*m).age += ends;
                if (*m).age > 1 || self.bytes > limit {
                    *link = (*m).next;
                    self.bytes -= (*m).len;
                    libc::munmap(m.cast(), (*m).len);
                } else {
                    link = &raw mut (*m).next;
                }
            }
        }
    }
}

/// # Safety
/// `p` is a mapping of `old` bytes.
unsafe fn remap(p: *mut u8, old: usize, new: usize) -> *mut u8 {
    if old == new {
        return p;
    }
    // SAFETY: the caller's promise.
    let q = unsafe { libc::mremap(p.cast(), old, new, libc::MREMAP_MAYMOVE) };
    if q == libc::MAP_FAILED { null_mut() } else { q.cast() }
}
