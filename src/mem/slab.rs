//! Slabs: where a pool that is no longer small has its blocks.
//!
//! * A segment is 1 MB of mapped memory at a multiple of its size. Its head describes the slabs it is cut into, so
//!   that an address leads to the description of its slab.
//! * A slab has blocks of one class. It keeps those that were freed on a list of its own, and counts those that were
//!   not: when nothing of it is in use is known without a look at the blocks.
//! * The pool takes the whole list of a slab at once, into its own list of the class (`used` counts those blocks, too).
//! * `listed` slabs are in the queue of their class: they have free blocks, or room that was never given out. A slab
//!   without either is in no queue; the first block that is freed puts it back. A slab without class is on the
//!   pool's list of empty slabs.
//! * All segments that are used are in `known`, so that an address tells whether it is in one.
//! * `touched` slabs take memory; the others are address space only.

use super::addresses::AddressSet;
use super::pool::{CLASSES, Free, GRAIN};
use crate::sys;
use core::ptr::null_mut;

pub const SEGMENT: usize = 1 << 20;
pub const SLAB: usize = 16 << 10;
const SLABS: usize = SEGMENT / SLAB;
/// Bytes of blocks given out at once from the untouched part of a slab.
const BATCH: usize = 2048;

#[derive(Clone, Copy)]
pub struct Slab {
    /// free blocks
    pub free: *mut Free,
    /// the next one of the queue or list it is on
    next: *mut Slab,
    /// the first block
    start: *mut u8,
    /// blocks that are not on `free`, of those that were given out
    pub used: u16,
    /// blocks that were given out at some time: the first ones
    carved: u16,
    /// class of its blocks, 0 for none
    class: u8,
    pub listed: bool,
    touched: bool,
}

pub struct Segment {
    next: *mut Segment,
    /// bytes of its slabs that are touched
    held: usize,
    slabs: [Slab; SLABS],
}
const _: () = assert!(size_of::<Slab>() == 32 && size_of::<Segment>() < SLAB / 4);

#[inline(always)]
fn segment_of(p: *mut u8) -> *mut Segment {
    p.map_addr(|a| a & !(SEGMENT - 1)).cast()
}

/// The slab that `p`, which is inside a segment, belongs to.
#[inline(always)]
pub fn slab_of(p: *mut u8) -> *mut Slab {
    let base = segment_of(p);
    let i = (p as usize & (SEGMENT - 1)) / SLAB;
    // SAFETY: the segment is there as long as one of its blocks is in use.
    unsafe { (&raw mut (*base).slabs).cast::<Slab>().add(i) }
}

#[derive(Clone, Copy)]
struct Queue {
    first: *mut Slab,
    last: *mut Slab,
}

impl Queue {
    const EMPTY: Queue = Queue { first: null_mut(), last: null_mut() };
    fn push(&mut self, s: *mut Slab) {
        // SAFETY: slabs in queues are there.
        unsafe {
            (*s).next = null_mut();
            if self.first.is_null() {
                self.first = s;
            } else {
                (*self.last).next = s;
            }
        }
        self.last = s;
    }
}

/// The segments of a pool.
pub struct Slabs {
    queues: [Queue; CLASSES],
    /// slabs without class, those with memory first
    empty: *mut Slab,
    segments: *mut Segment,
    /// wholly free segments, to be unmapped
    leaving: *mut Segment,
    /// the next segment whose free slabs' memory is to be given back
    cursor: *mut Segment,
    /// segments that must not be used; see `map`
    unusable: *mut Segment,
    known: AddressSet,
    /// bytes of touched slabs
    pub held: usize,
}

impl Slabs {
    /// Free blocks of class `c`: the first of a list of them. Null when there is no memory.
    pub fn take(&mut self, c: usize, forbidden: (usize, usize)) -> *mut Free {
        let size = c * GRAIN;
        loop {
            let mut s = self.queues[c].first;
            if s.is_null() {
                s = self.empty;
                if s.is_null() {
                    if !self.new_segment(forbidden) {
                        return null_mut();
                    }
                    s = self.empty;
                }
                // SAFETY: slabs on lists are there.
                self.empty = unsafe { (*s).next };
                self.assign(s, c);
            }
            // SAFETY: slabs on lists are there; nothing else refers to it now.
            let s = unsafe { &mut *s };
            let room = s.capacity() - s.carved as usize;
            let mut blocks = core::mem::replace(&mut s.free, null_mut());
            if !blocks.is_null() {
                s.used = s.carved;
            } else if room > 0 {
                let n = (BATCH / size).clamp(1, room);
                let first = s.start.wrapping_add(s.carved as usize * size);
                for i in (0..n).rev() {
                    let b: *mut Free = first.wrapping_add(i * size).cast();
                    // SAFETY: `room` blocks fit in what was not given out yet.
                    unsafe { (*b).next = blocks };
                    blocks = b;
                }
                s.carved += n as u16;
                s.used += n as u16;
            }
            if s.carved as usize == s.capacity() {
                self.queues[c].first = s.next;
                s.listed = false;
            }
            if !blocks.is_null() {
                return blocks;
            }
        }
    }
    /// Whether `take` will use memory that is not held yet.
    pub fn needs_memory(&self, c: usize) -> bool {
        // SAFETY: slabs on lists are there.
        self.queues[c].first.is_null() && (self.empty.is_null() || unsafe { !(*self.empty).touched })
    }
    /// Whether `p` is in a segment.
    pub fn contains(&mut self, p: *mut u8) -> bool {
        self.known.get(segment_of(p) as usize).is_some()
    }
    fn assign(&mut self, s: *mut Slab, c: usize) {
        // SAFETY: `s` is one of the descriptions in the head of a segment, which stays mapped as long as the pool.
        unsafe {
            (*s).class = c as u8;
            (*s).listed = true;
            if !(*s).touched {
                (*s).touched = true;
                (*segment_of(s.cast())).held += SLAB;
                self.held += SLAB;
            }
        }
        self.queues[c].push(s);
    }
    /// A block of `s`, which had no free one, was freed.
    #[cold]
    #[inline(never)]
    pub fn available(&mut self, s: *mut Slab) {
        // SAFETY: the slab of a block.
        unsafe {
            if !(*s).listed {
                (*s).listed = true;
                self.queues[(*s).class as usize].push(s);
            }
        }
    }
    fn new_segment(&mut self, forbidden: (usize, usize)) -> bool {
        let mut g = self.leaving;
        if g.is_null() {
            if !self.known.reserve() {
                return false;
            }
            g = self.map(forbidden);
            if g.is_null() {
                return false;
            }
            self.known.insert(g as usize, false);
        } else {
            // SAFETY: a segment of the pool.
            self.leaving = unsafe { (*g).next };
        }
        // SAFETY: a segment without blocks in use. All-zero bytes, as fresh ones have them, are valid slabs.
        unsafe {
            (*g).next = self.segments;
            self.segments = g;
            let mut start = g.add(1).cast::<u8>();
            let end = g.cast::<u8>().wrapping_add(SEGMENT);
            for s in &mut (*g).slabs {
                s.start = start;
                s.clear();
                start = s.end();
            }
            debug_assert!(start == end);
            for s in (*g).slabs.iter_mut().rev() {
                s.next = self.empty;
                self.empty = s;
            }
        }
        true
    }
    /// A fresh segment, or null. One that overlaps with the addresses `forbidden` is kept, but not used: blocks there
    /// are taken for others.
    fn map(&mut self, forbidden: (usize, usize)) -> *mut Segment {
        loop {
            let g = map_segment();
            if g.is_null() || g as usize >= forbidden.1 || g as usize + SEGMENT <= forbidden.0 {
                return g;
            }
            // SAFETY: mapped just now.
            unsafe { (*g).next = self.unusable };
            self.unusable = g;
        }
    }
    /// The end of a collection: looks at all slabs (not at their blocks) and makes the lists anew, so that any class
    /// can use slabs of which nothing is in use. With `release` the memory of such slabs is to be given back;
    /// `release_some` does it.
    pub fn sort(&mut self, release: bool) {
        self.queues = [Queue::EMPTY; CLASSES];
        let (mut touched, mut others) = (Queue::EMPTY, Queue::EMPTY);
        let mut g = core::mem::replace(&mut self.segments, null_mut());
        let mut last: *mut Segment = null_mut();
        while !g.is_null() {
            // SAFETY: the segments of the pool.
            let segment = unsafe { &mut *g };
            let next = segment.next;
            if release && segment.slabs.iter().all(|s| s.used == 0) {
                segment.next = self.leaving;
                self.leaving = g;
                g = next;
                continue;
            }
            for s in &mut segment.slabs {
                if s.used == 0 {
                    s.clear();
                    if s.touched { touched.push(s) } else { others.push(s) }
                } else if !s.free.is_null() || (s.carved as usize) < s.capacity() {
                    s.listed = true;
                    self.queues[s.class as usize].push(s);
                } else {
                    s.listed = false;
                }
            }
            if last.is_null() {
                self.segments = g;
            } else {
                // SAFETY: `last` is a segment of this list, which the loop has kept.
                unsafe { (*last).next = g };
            }
            segment.next = null_mut();
            last = g;
            g = next;
        }
        if touched.first.is_null() {
            self.empty = others.first;
        } else {
            // SAFETY: slabs in queues are there.
            unsafe { (*touched.last).next = others.first };
            self.empty = touched.first;
        }
        if release {
            self.cursor = self.segments;
        }
    }
    /// Gives the memory of one segment, or of the free slabs of one, back to the system. How many bytes; 0 when there
    /// is nothing left to do.
    #[cold]
    #[inline(never)]
    pub fn release_some(&mut self) -> usize {
        // SAFETY: the segments of the pool; of those leaving nothing is in use.
        unsafe {
            let g = self.leaving;
            if !g.is_null() {
                self.leaving = (*g).next;
                let held = (*g).held;
                self.held -= held;
                self.known.remove(g as usize);
                sys::unmap(g.cast(), SEGMENT);
                return held.max(SLAB);
            }
            let mut n = 0;
            while n == 0 && !self.cursor.is_null() {
                n = decommit(&mut (*self.cursor).slabs);
                (*self.cursor).held -= n;
                self.held -= n;
                self.cursor = (*self.cursor).next;
            }
            n
        }
    }
    /// Unmaps everything.
    ///
    /// # Safety
    /// No block is in use.
    pub unsafe fn destroy(&mut self) {
        for mut g in [self.segments, self.leaving, self.unusable] {
            while !g.is_null() {
                // SAFETY: the segments of the pool; the caller's promise.
                unsafe {
                    let next = (*g).next;
                    sys::unmap(g.cast(), SEGMENT);
                    g = next;
                }
            }
        }
        self.known.free();
    }
}

impl Slab {
    fn end(&self) -> *mut u8 {
        self.start.map_addr(|a| (a | (SLAB - 1)) + 1)
    }
    fn capacity(&self) -> usize {
        let room = self.end() as usize - self.start as usize;
        (room as u32 / (self.class as u32 * GRAIN as u32)) as usize
    }
    /// Without class. All its blocks are free.
    fn clear(&mut self) {
        self.class = 0;
        self.listed = false;
        self.carved = 0;
        self.free = null_mut();
    }
}

/// Gives back the memory of the slabs without class; how many bytes.
fn decommit(slabs: &mut [Slab; SLABS]) -> usize {
    let page = sys::page_size();
    let mut bytes = 0;
    for s in slabs {
        if s.class == 0 && s.touched && page <= SLAB {
            let start = s.start.map_addr(|a| a.next_multiple_of(page));
            let size = s.end() as usize - start as usize;
            // SAFETY: nothing in the slab is in use; it ends with a page.
            if unsafe { sys::discard(start, size) } {
                s.touched = false;
                bytes += SLAB;
            }
        }
    }
    bytes
}

/// Fresh memory of zeros for a segment, or null.
fn map_segment() -> *mut Segment {
    let p = sys::map(SEGMENT);
    if p.is_null() || (p as usize).is_multiple_of(SEGMENT) {
        return p.cast();
    }
    // SAFETY: mapped just now; in the larger mapping, what is unmapped is outside of what is returned.
    unsafe {
        sys::unmap(p, SEGMENT);
        let p = sys::map(2 * SEGMENT);
        if p.is_null() {
            return null_mut();
        }
        let start = p.map_addr(|a| a.next_multiple_of(SEGMENT));
        let before = start as usize - p as usize;
        if before > 0 {
            sys::unmap(p, before);
        }
        sys::unmap(start.add(SEGMENT), SEGMENT - before);
        start.cast()
    }
}
