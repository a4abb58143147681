//! Blocks of 128 KB and more, each in a mapping of its own.
//!
//! `malloc` would keep them for later once some of them were freed, beside what the pool keeps. Here some are kept,
//! whole or in parts, for the next blocks and for others to grow into: until small blocks need more memory, or a
//! collection has ended twice.
//!
//! The length of a mapping follows from the size of its block.

use crate::sys;
use crate::sys::map;
use core::ptr::null_mut;

/// The smallest size of such blocks.
pub const BIG: usize = 128 << 10;
/// Lengths are multiples of this. Where pages are larger the system rounds up, each time in the same way.
const PAGE: usize = 4096;
/// As many bytes are kept for later as are in use, but not fewer than these.
const KEPT_BYTES: usize = 1 << 20;
/// No more than so many are kept: the list is walked each time.
const KEPT_MAPPINGS: usize = 32;

/// A mapping that is kept, at its start.
struct Mapping {
    next: *mut Mapping,
    len: usize,
    /// ends of collections since
    age: usize,
}

/// The place that refers to a kept mapping.
type Link = *mut *mut Mapping;

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
        let mut best = self.find(len);
        if !best.is_null() {
            // SAFETY: a kept mapping of at least this size.
            return unsafe { self.take(best, len) };
        }
        // Or one that is nearly so large.
        best = self.find(len / 3 * 2);
        // SAFETY: a kept mapping; when it cannot grow, it goes back.
        unsafe {
            if !best.is_null() {
                let old = (**best).len;
                let m = self.take(best, old);
                let q = sys::remap(m.cast(), old, len);
                if !q.is_null() {
                    return q;
                }
                sys::unmap(m.cast(), old);
            }
        }
        let p = map(len);
        if !p.is_null() || self.bytes == 0 {
            return p;
        }
        self.clear();
        map(len)
    }
    /// The smallest kept mapping of at least `len` bytes, or null.
    fn find(&mut self, len: usize) -> Link {
        let (mut best, mut best_len): (Link, usize) = (null_mut(), usize::MAX);
        let mut link: Link = &raw mut self.first;
        // SAFETY: kept mappings are there, with their link in front.
        unsafe {
            while !(*link).is_null() {
                let m = (**link).len;
                if m >= len && m < best_len {
                    (best, best_len) = (link, m);
                }
                link = &raw mut (**link).next;
            }
        }
        best
    }
    /// The kept mapping that begins at `p`, or null.
    fn at(&mut self, p: *mut u8) -> Link {
        let mut link: Link = &raw mut self.first;
        // SAFETY: kept mappings are there, with their link in front.
        unsafe {
            while !(*link).is_null() && (*link).cast() != p {
                link = &raw mut (**link).next;
            }
            if (*link).is_null() { null_mut() } else { link }
        }
    }
    /// Takes `len` bytes off the front of a kept mapping; the rest stays, and the block can grow into it.
    ///
    /// # Safety
    /// `link` refers to a kept mapping of at least `len` bytes, which are multiples of `PAGE`.
    unsafe fn take(&mut self, link: Link, len: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            let m = *link;
            let Mapping { next, len: all, age } = m.read();
            *link = next;
            self.bytes -= len;
            if all > len {
                let rest = m.cast::<u8>().add(len).cast::<Mapping>();
                rest.write(Mapping { next, len: all - len, age });
                *link = rest;
            }
            m.cast()
        }
    }
    /// # Safety
    /// `p` is a block of `size` bytes from here, not used any more; `in_use` bytes are in use with it.
    pub unsafe fn free(&mut self, mut p: *mut u8, size: usize, in_use: usize) {
        let mut len = length(size);
        // SAFETY: the caller's promise; kept mappings are there, with their link in front.
        unsafe {
            if self.bytes + len > KEPT_BYTES.max(in_use) {
                sys::unmap(p, len);
                return;
            }
            self.bytes += len;
            // Becomes one with its neighbours.
            let mut count = 0;
            let mut link: Link = &raw mut self.first;
            while !(*link).is_null() {
                let Mapping { next, len: other, .. } = (*link).read();
                let start: *mut u8 = (*link).cast();
                let before = start.wrapping_add(other) == p;
                if before || p.wrapping_add(len) == start {
                    *link = next;
                    len += other;
                    if before {
                        p = start;
                    }
                    continue;
                }
                count += 1;
                link = &raw mut (**link).next;
            }
            if count >= KEPT_MAPPINGS {
                self.bytes -= len;
                sys::unmap(p, len);
                return;
            }
            p.cast::<Mapping>().write(Mapping { next: self.first, len, age: 0 });
            self.first = p.cast();
        }
    }
    /// Changes the size of a block in place or moves it, mostly without a copy. Null when there is no memory; the block
    /// is as it was then.
    ///
    /// # Safety
    /// `p` is a block of `osize` bytes from here; `in_use` bytes are in use with it.
    pub unsafe fn resize(&mut self, p: *mut u8, osize: usize, nsize: usize, in_use: usize) -> *mut u8 {
        let Some(len) = nsize.checked_next_multiple_of(PAGE) else { return null_mut() };
        let old = length(osize);
        // SAFETY: `p` is a mapping of `old` bytes by the caller's promise. `find` and `at` give links to kept mappings
        // of at least the size that is taken.
        unsafe {
            if len <= old {
                if len < old {
                    sys::unmap(p.add(len).cast(), old - len);
                }
                return p;
            }
            let behind = self.at(p.wrapping_add(old));
            if !behind.is_null() && (**behind).len >= len - old {
                self.take(behind, len - old);
                return p;
            }
            let other = self.find(len);
            if !other.is_null() {
                // A copy takes less time than the first use of fresh memory.
                let q = self.take(other, len);
                core::ptr::copy_nonoverlapping(p, q, osize);
                self.free(p, osize, in_use);
                return q;
            }
            let q = sys::remap(p, old, len);
            if !q.is_null() {
                return q;
            }
            // A block that was put together from several mappings cannot be moved as one.
            let q = map(len);
            if !q.is_null() {
                core::ptr::copy_nonoverlapping(p, q, osize);
                sys::unmap(p, old);
            }
            q
        }
    }
    /// A collection has ended: gives back what was not needed during two of them.
    pub fn collected(&mut self) {
        self.release(1, 1);
    }
    /// Small blocks need more memory: gives back what was not needed since the last collection.
    pub fn make_room(&mut self) {
        self.release(0, 0);
    }
    /// Gives everything back.
    pub fn clear(&mut self) {
        self.release(1, 0);
    }
    /// `ends` collections have ended. Gives back what is older than `age` of them.
    #[inline(never)]
    fn release(&mut self, ends: usize, age: usize) {
        let mut link = &raw mut self.first;
        // SAFETY: kept mappings are there, with nothing in them but the link.
        unsafe {
            while !(*link).is_null() {
                let m = *link;
                (*m).age += ends;
                if (*m).age > age {
                    *link = (*m).next;
                    self.bytes -= (*m).len;
                    sys::unmap(m.cast(), (*m).len);
                } else {
                    link = &raw mut (*m).next;
                }
            }
        }
    }
}
