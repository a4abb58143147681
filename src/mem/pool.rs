//! Where states with the default function have their blocks: a pool of size classes.
//!
//! * A block of at most `SMALL` bytes comes from the free list of its class (multiples of 8 bytes), a larger one
//!   from libc, which gets it back at once (modules `medium` and `big` keep some). Small blocks have no header: the
//!   caller always tells the old size.
//! * As long as the pool is small, the lists are filled from `chunks` of libc's, where blocks of all classes are side
//!   by side and which stay until the end; their blocks go back to the lists. After that, the lists are filled from
//!   slabs (module `slab`), whose blocks go back to their slab: memory of slabs goes back to the system in
//!   `release_some`.
//! * What a block is follows from its size and its address: all chunks are between `low` and `low + span`, where no
//!   segment is. Only when memory ran out there may be blocks of another kind (`Odd`).
//! * Whether a small block is the pool's at all, its address tells too (`owns_small`).
//! * The pool lives in a block of libc's, as long as its state.
//! * Nothing is shared between pools, so a pool needs no lock; like its state it is used by one thread at a time.

use super::big::{self, BIG};
use super::medium::{self, MEDIUM, Medium};
use super::slab::{Slabs, slab_of};
use crate::sys;
use core::ptr::null_mut;

/// Largest size with a class, in bytes.
pub const SMALL: usize = 512;
pub const GRAIN: usize = 8;
pub const CLASSES: usize = SMALL / GRAIN + 1;
const CHUNK: usize = 16 << 10;
/// So many bytes of chunks make a pool large.
const LARGE_POOL: usize = 256 << 10;
/// The chunks must not be farther apart than this.
const LARGEST_SPAN: usize = 64 << 20;
/// A pool that has no more than this to spare gives nothing back.
const SPARE: usize = 256 << 10;

pub struct Free {
    pub next: *mut Free,
}

/// Header of a chunk; blocks follow.
struct Chunk {
    next: *mut Chunk,
    size: usize,
}
const CHUNK_HEAD: usize = size_of::<Chunk>().next_multiple_of(GRAIN);

/// A large block that had to become a smaller one of another kind when there was no memory: header, block.
struct Odd {
    next: *mut Odd,
    /// the size it was allocated with
    size: usize,
}
const ODD_HEAD: usize = 16;
// A large block can become an odd one.
const _: () = assert!(SMALL + ODD_HEAD <= medium::LEAST);

pub struct Pool {
    /// by class: `lists[c]` has blocks of `c * GRAIN` bytes
    lists: [*mut Free; CLASSES],
    /// bytes given out, in whole grains for small blocks
    live: usize,
    /// where `free_small` takes blocks for those of chunks: where the chunks are, or everywhere while there are odd
    /// blocks
    low: usize,
    span: usize,
    /// part of `live` that is neither from chunks nor from slabs
    large: usize,
    /// the part of the newest chunk that was never given out
    bump: *mut u8,
    end: *mut u8,
    chunks: *mut Chunk,
    chunk_bytes: usize,
    /// addresses between which all chunks are
    chunk_low: usize,
    chunk_high: usize,
    /// there will be no more chunks
    is_large: bool,
    odd: *mut Odd,
    /// about the bytes allocated since memory was given back
    credit: usize,
    slabs: Slabs,
    medium: Medium,
    kept: big::Kept,
}

#[inline(always)]
fn class(size: usize) -> usize {
    size.div_ceil(GRAIN)
}

impl Pool {
    /// A new pool, or null.
    pub fn new() -> *mut Pool {
        // SAFETY: plain allocation; all-zero bytes are a valid empty pool.
        unsafe { sys::calloc(1, size_of::<Pool>()).cast() }
    }
    /// # Safety
    /// No block of the pool is in use, and the pool is not used again.
    pub unsafe fn destroy(pool: *mut Pool) {
        // SAFETY: the caller's promise.
        unsafe {
            debug_assert_eq!((*pool).live, 0);
            let mut c = (*pool).chunks;
            while !c.is_null() {
                let next = (*c).next;
                sys::free(c.cast());
                c = next;
            }
            (*pool).slabs.destroy();
            (*pool).medium.clear();
            (*pool).kept.clear();
            sys::free(pool.cast());
        }
    }
    /// A block of `size` bytes, or null.
    ///
    /// # Safety
    /// `size` is not zero.
    #[inline(never)]
    pub unsafe fn alloc(&mut self, size: usize) -> *mut u8 {
        if size <= SMALL {
            // SAFETY: the caller's promise.
            return unsafe { self.alloc_small(size) };
        }
        let p = self.alloc_large(size);
        if !p.is_null() {
            self.live += size;
            self.large += size;
        }
        p
    }
    /// # Safety
    /// `p` is a block of this pool of `size` bytes, not used any more.
    #[inline(never)]
    pub unsafe fn free(&mut self, p: *mut u8, size: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            if size <= SMALL {
                return self.free_small(p, size);
            }
            if self.odd.is_null() || !self.free_odd(p) {
                self.free_large(p, size);
            }
        }
        self.live -= size;
        self.large -= size;
    }
    /// Null when there is no memory; the block is as it was then.
    ///
    /// # Safety
    /// `p` is a block of this pool of `osize` bytes; `nsize` is not zero.
    #[inline(never)]
    pub unsafe fn resize(&mut self, p: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        unsafe {
            if osize > SMALL && nsize > SMALL && (osize >= BIG) == (nsize >= BIG) && self.odd.is_null() {
                let q: *mut u8 = if osize >= BIG {
                    self.kept.resize(p, osize, nsize, self.live)
                } else if medium::rounded(osize) == medium::rounded(nsize) {
                    p
                } else {
                    sys::realloc(p.cast(), medium::rounded(nsize)).cast()
                };
                if !q.is_null() {
                    self.recount(osize, nsize);
                }
                return q;
            }
            if Pool::is_same(osize, nsize) {
                return p;
            }
            let q = self.alloc(nsize);
            if q.is_null() {
                return if nsize < osize { self.shrink_in_place(p, osize, nsize) } else { q };
            }
            core::ptr::copy_nonoverlapping(p, q, osize.min(nsize));
            self.free(p, osize);
            q
        }
    }
    /// Whether a block of `osize` bytes is one of `nsize` bytes, too.
    pub fn is_same(osize: usize, nsize: usize) -> bool {
        osize <= SMALL && class(osize) == class(nsize)
    }
    /// Whether a block of at most `SMALL` bytes is this pool's.
    pub fn owns_small(&mut self, p: *mut u8) -> bool {
        if self.is_in_chunk(p as usize) {
            // Other blocks of libc's may be between chunks.
            let mut c = self.chunks;
            while !c.is_null() {
                // SAFETY: chunks are there as long as the pool.
                unsafe {
                    if (p as usize).wrapping_sub(c as usize) < (*c).size {
                        return true;
                    }
                    c = (*c).next;
                }
            }
        }
        self.slabs.contains(p) || self.is_odd(p.cast())
    }
    /// A small block of `size` bytes when one is at hand: the fast path of `alloc`.
    ///
    /// # Safety
    /// `size` is not zero.
    #[inline(always)]
    pub unsafe fn alloc_small(&mut self, size: usize) -> *mut u8 {
        let c = class(size);
        // SAFETY: the caller saw to it that `size` has a class.
        let list = unsafe { self.lists.get_unchecked_mut(c) };
        let b = *list;
        if b.is_null() {
            return self.refill(c);
        }
        // SAFETY: blocks on a free list are valid, with their link in front.
        *list = unsafe { (*b).next };
        self.live += c * GRAIN;
        b.cast()
    }
    /// # Safety
    /// `p` is a block of this pool of `size` bytes, at most `SMALL`, not zero.
    #[inline(always)]
    pub unsafe fn free_small(&mut self, p: *mut u8, size: usize) {
        let c = class(size);
        self.live -= c * GRAIN;
        if (p as usize).wrapping_sub(self.low) < self.span {
            if self.odd.is_null() {
                // SAFETY: the block is the pool's again; `size` has a class.
                unsafe { self.put(p, c) }
            } else {
                self.free_any(p, c);
            }
        } else {
            self.free_in_slab(p);
        }
    }
    /// # Safety
    /// `p` is a free block of class `c`.
    #[inline(always)]
    unsafe fn put(&mut self, p: *mut u8, c: usize) {
        let b: *mut Free = p.cast();
        // SAFETY: the caller's promise.
        unsafe {
            let list = self.lists.get_unchecked_mut(c);
            (*b).next = *list;
            *list = b;
        }
    }
    /// `p` is a block of a slab.
    #[inline(always)]
    fn free_in_slab(&mut self, p: *mut u8) {
        let s = slab_of(p.cast());
        let b: *mut Free = p.cast();
        // SAFETY: the block is its slab's again.
        let was = unsafe {
            let was = (*s).free;
            (*b).next = was;
            (*s).free = b;
            (*s).used -= 1;
            was
        };
        if was.is_null() {
            self.slabs.available(s);
        }
    }
    /// `free_small` while there are odd blocks; `live` is right already.
    #[cold]
    #[inline(never)]
    fn free_any(&mut self, p: *mut u8, c: usize) {
        if self.free_odd(p) {
            return;
        }
        if self.is_in_chunk(p as usize) {
            // SAFETY: a block of class `c`, as its address says.
            unsafe { self.put(p, c) };
        } else {
            self.free_in_slab(p);
        }
    }
    fn is_in_chunk(&self, a: usize) -> bool {
        a >= self.chunk_low && a < self.chunk_high
    }
    /// A block of class `c`, whose list is empty.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, c: usize) -> *mut u8 {
        let size = c * GRAIN;
        let mut room = self.end as usize - self.bump as usize;
        if room < size && !self.is_large && self.new_chunk() {
            room = self.end as usize - self.bump as usize;
        }
        if room < size {
            if self.kept.bytes > 0 && self.slabs.needs_memory(c) {
                self.kept.make_room();
            }
            let mut b = self.slabs.take(c, (self.chunk_low, self.chunk_high));
            if b.is_null() && self.kept.bytes > 0 {
                self.kept.clear();
                b = self.slabs.take(c, (self.chunk_low, self.chunk_high));
            }
            if !b.is_null() {
                // Chunks made from now on could be where segments are.
                self.is_large = true;
                // SAFETY: a list of free blocks.
                self.lists[c] = unsafe { (*b).next };
                self.live += size;
            }
            return b.cast();
        }
        // The larger the pool, the more blocks at once.
        let batch = (self.chunk_bytes / 64).clamp(size, 2048) / size;
        let n = batch.clamp(1, room / size);
        let first = self.bump;
        for i in 1..n {
            // SAFETY: `n` blocks fit in the room of the chunk.
            unsafe {
                let b: *mut Free = first.add(i * size).cast();
                (*b).next = if i + 1 < n { first.add((i + 1) * size).cast() } else { null_mut() };
            }
        }
        if n > 1 {
            self.lists[c] = first.wrapping_add(size).cast();
        }
        self.bump = first.wrapping_add(n * size);
        self.live += size;
        first.cast()
    }
    /// A new chunk; false when the pool has enough of them, or too little memory.
    fn new_chunk(&mut self) -> bool {
        if self.chunk_bytes >= LARGE_POOL {
            self.is_large = true;
            return false;
        }
        let mut size = CHUNK;
        // SAFETY: plain allocations.
        let mut p: *mut Chunk = unsafe { sys::malloc(size).cast() };
        if p.is_null() {
            // Memory is short, so the pool asks for less, which is enough for a while.
            size = 4096;
            // SAFETY: a plain allocation.
            p = unsafe { sys::malloc(size).cast() };
            if p.is_null() {
                return false;
            }
        }
        let (mut low, mut high) = (p as usize, p as usize + size);
        if !self.chunks.is_null() {
            low = low.min(self.chunk_low);
            high = high.max(self.chunk_high);
        }
        if high - low > LARGEST_SPAN {
            // SAFETY: allocated just now.
            unsafe { sys::free(p.cast()) };
            self.is_large = true;
            return false;
        }
        (self.chunk_low, self.chunk_high) = (low, high);
        self.set_range();
        // The rest of the old chunk becomes a free block.
        let rest = self.end as usize - self.bump as usize;
        debug_assert!(rest <= SMALL && rest.is_multiple_of(GRAIN));
        if rest > 0 {
            // SAFETY: `rest` bytes of the old chunk were never given out.
            unsafe { self.put(self.bump.cast(), class(rest)) };
        }
        // SAFETY: a fresh block of `size` bytes.
        unsafe { p.write(Chunk { next: self.chunks, size }) };
        self.chunks = p;
        self.chunk_bytes += size;
        self.bump = p.cast::<u8>().wrapping_add(CHUNK_HEAD);
        self.end = p.cast::<u8>().wrapping_add(size);
        true
    }
    fn set_range(&mut self) {
        (self.low, self.span) = if self.odd.is_null() {
            (self.chunk_low, self.chunk_high - self.chunk_low)
        } else {
            (0, usize::MAX)
        };
    }
    /// Whether much more is held than is in use.
    pub fn is_sparse(&self) -> bool {
        let used = self.live - self.large;
        self.held() > 3 * used + SPARE
    }
    /// Bytes of memory for small blocks, in use or not.
    pub fn held(&self) -> usize {
        self.chunk_bytes + self.slabs.held
    }
    /// Bytes of medium blocks kept for later.
    #[cfg(test)]
    pub fn kept_medium(&self) -> usize {
        self.medium.bytes()
    }
    /// Bytes of big blocks kept for later.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.kept.bytes
    }
    /// The end of a collection, before which about as much was allocated as is live now; large blocks do not pay. When
    /// the pool is sparse, memory is given back by calls of `release_some`, but only so often that getting it
    /// again is paid for by as many bytes allocated, unless nothing is allocated here any more (`retired`).
    #[cold]
    #[inline(never)]
    pub fn collected(&mut self, retired: bool) {
        self.credit = self.credit.saturating_add(self.live - self.large);
        let release = self.is_sparse() && (retired || self.credit >= self.slabs.held);
        if release {
            self.credit = 0;
            self.flush();
        }
        self.slabs.sort(release);
        if retired {
            self.medium.clear()
        } else {
            self.medium.collected()
        }
        self.kept.collected();
    }
    /// Gives some memory back to the system: about how many bytes, 0 when there is nothing more to do.
    pub fn release_some(&mut self) -> usize {
        self.slabs.release_some()
    }
    /// A block of `size` bytes, more than `SMALL`, or null.
    #[inline(never)]
    fn alloc_large(&mut self, size: usize) -> *mut u8 {
        match size {
            // SAFETY: the size is one of those.
            ..=MEDIUM => unsafe { self.medium.alloc(size) },
            BIG.. => self.kept.alloc(size),
            _ => self.medium.fresh(size),
        }
    }
    /// # Safety
    /// `p` is a block of `size` bytes, more than `SMALL`, not used any more.
    #[inline(never)]
    unsafe fn free_large(&mut self, p: *mut u8, size: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match size {
                ..=MEDIUM => self.medium.free(p, size, self.live),
                BIG.. => self.kept.free(p, size, self.live),
                _ => sys::free(p.cast()),
            }
        }
    }
    /// A block of `osize` bytes has `nsize` now.
    fn recount(&mut self, osize: usize, nsize: usize) {
        let counts = |size: usize| if size <= SMALL { (class(size) * GRAIN, 0) } else { (size, size) };
        let ((old, old_large), (new, new_large)) = (counts(osize), counts(nsize));
        self.live = self.live.wrapping_sub(old).wrapping_add(new);
        self.large = self.large.wrapping_sub(old_large).wrapping_add(new_large);
    }
    /// Takes the blocks of slabs off the lists.
    #[inline(never)]
    fn flush(&mut self) {
        for c in 1..CLASSES {
            let mut b = core::mem::replace(&mut self.lists[c], null_mut());
            while !b.is_null() {
                // SAFETY: free blocks of class `c`.
                unsafe {
                    let next = (*b).next;
                    if self.is_in_chunk(b as usize) {
                        self.put(b.cast(), c);
                    } else {
                        self.free_in_slab(b.cast());
                    }
                    b = next;
                }
            }
        }
    }
    /// Frees `p` if it is an odd block.
    fn free_odd(&mut self, p: *mut u8) -> bool {
        let mut link = &raw mut self.odd;
        // SAFETY: odd blocks are there, with their header.
        unsafe {
            while !(*link).is_null() {
                let o = *link;
                if o.cast::<u8>().add(ODD_HEAD).cast() == p {
                    *link = (*o).next;
                    self.free_large(o.cast(), (*o).size);
                    self.set_range();
                    return true;
                }
                link = &raw mut (*o).next;
            }
        }
        false
    }
    fn is_odd(&self, p: *mut u8) -> bool {
        let mut o = self.odd;
        while !o.is_null() {
            // SAFETY: odd blocks are there, with their header.
            unsafe {
                if o.cast::<u8>().add(ODD_HEAD).cast() == p {
                    return true;
                }
                o = (*o).next;
            }
        }
        false
    }
    /// Shrinking must not fail, even when there is no memory for the smaller block.
    ///
    /// # Safety
    /// `p` is a block of this pool of `osize` bytes, which are more than `nsize` and not the same.
    #[cold]
    pub unsafe fn shrink_in_place(&mut self, p: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        self.recount(osize, nsize);
        if self.is_odd(p.cast()) {
            return p;
        }
        // SAFETY: the caller's promise.
        unsafe {
            if osize <= SMALL {
                if self.is_in_chunk(p as usize) {
                    // The tail becomes a free block of its own. A slab will free the block as a whole.
                    let size = class(nsize) * GRAIN;
                    self.put(p.add(size).cast(), class(osize) - class(nsize));
                }
                return p;
            }
            let block = p.add(ODD_HEAD);
            core::ptr::copy(p, block, nsize);
            p.cast::<Odd>().write(Odd { next: self.odd, size: osize });
            self.odd = p.cast();
            self.set_range();
            block
        }
    }
}
