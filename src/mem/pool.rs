//! The allocator of states made by `luaL_newstate`: a pool of size classes behind the `lua_Alloc` signature.
//!
//! * A block of at most `SMALL` bytes comes from the free list of its class (multiples of 8 bytes), a larger one
//!   from libc. Small blocks have no header: the caller always tells the old size.
//! * Free lists are filled from chunks. A chunk goes back to the system in `trim`, when all of it is free.
//! * The pool lives in a block of libc's. It has no reference count: it is destroyed when its last block is freed
//!   (that is the state's main block), or when it fails to give out a first one.
//! * Nothing is shared between pools, so a pool needs no lock; like its state it is used by one thread at a time.
//!
//! The host sees it through `lua_getallocf` and may wrap it, as long as the sizes it passes on stay consistent.

use core::ffi::c_void;
use core::ptr::null_mut;

/// Largest size with a class, in bytes.
pub const SMALL: usize = 512;
const GRAIN: usize = 8;
const CLASSES: usize = SMALL / GRAIN + 1;
const FIRST_CHUNK: usize = 16 << 10;
const LARGEST_CHUNK: usize = 1 << 20;
/// Chunks of at least this size are mapped, so that freeing them gives them back to the system.
const MAPPED: usize = 128 << 10;
/// `trim` leaves a pool alone that has no more than this to spare.
const SPARE: usize = 256 << 10;

struct Free {
    next: *mut Free,
}

/// Header of a chunk; blocks follow.
struct Chunk {
    next: *mut Chunk,
    /// bytes with this header
    size: usize,
    /// in `trim`: free bytes found in it
    free: usize,
}
const CHUNK_HEAD: usize = size_of::<Chunk>().next_multiple_of(GRAIN);

/// What a large block takes at least: enough to become a chunk with one small block (`shrink_in_place`).
const SMALLEST_LARGE: usize = SMALL + CHUNK_HEAD;

pub struct Pool {
    /// by class: `lists[c]` has blocks of `c * GRAIN` bytes
    lists: [*mut Free; CLASSES],
    /// bytes given out, in whole grains for small blocks
    live: usize,
    /// part of `live` that came from libc
    large: usize,
    /// the part of the newest chunk that was never given out
    bump: *mut u8,
    end: *mut u8,
    chunks: *mut Chunk,
    chunk_bytes: usize,
    /// about the bytes allocated since the last `trim`
    credit: usize,
}

#[inline(always)]
fn class(size: usize) -> usize {
    size.div_ceil(GRAIN)
}

/// A new pool, to be passed to `pool_alloc` as `ud`.
pub fn new_pool() -> Option<*mut c_void> {
    // SAFETY: plain allocation; all-zero bytes are a valid empty pool.
    let p = unsafe { libc::calloc(1, size_of::<Pool>()) };
    if p.is_null() { None } else { Some(p) }
}

impl Pool {
    /// A small block of `size` bytes when one is at hand: the fast path of `alloc`.
    ///
    /// # Safety
    /// `size` is not zero.
    #[inline(always)]
    pub unsafe fn alloc_small(&mut self, size: usize) -> *mut c_void {
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
    pub unsafe fn free_small(&mut self, p: *mut c_void, size: usize) {
        let c = class(size);
        let b: *mut Free = p.cast();
        // SAFETY: the block is the pool's again; `size` has a class.
        unsafe {
            let list = self.lists.get_unchecked_mut(c);
            (*b).next = *list;
            *list = b;
        }
        self.live -= c * GRAIN;
    }
    /// A block of class `c`, whose list is empty.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, c: usize) -> *mut c_void {
        let size = c * GRAIN;
        let mut room = self.end as usize - self.bump as usize;
        if room < size {
            if !self.new_chunk() {
                return null_mut();
            }
            room = self.end as usize - self.bump as usize;
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
    fn new_chunk(&mut self) -> bool {
        // What is left of the old chunk becomes a free block.
        let rest = self.end as usize - self.bump as usize;
        debug_assert!(rest <= SMALL && rest.is_multiple_of(GRAIN));
        let size = (self.chunk_bytes / 8).clamp(FIRST_CHUNK, LARGEST_CHUNK).next_multiple_of(4096);
        let mut size = size;
        let mut p = get_chunk(size);
        if p.is_null() {
            // Memory is short: what is enough for a while.
            size = 4096;
            p = get_chunk(size);
            if p.is_null() {
                return false;
            }
        }
        if rest > 0 {
            let b: *mut Free = self.bump.cast();
            // SAFETY: `rest` bytes of the old chunk were never given out.
            unsafe { (*b).next = self.lists[class(rest)] };
            self.lists[class(rest)] = b;
        }
        // SAFETY: a fresh block of `size` bytes.
        unsafe { p.write(Chunk { next: self.chunks, size, free: 0 }) };
        self.chunks = p;
        self.chunk_bytes += size;
        self.bump = p.cast::<u8>().wrapping_add(CHUNK_HEAD);
        self.end = p.cast::<u8>().wrapping_add(size);
        true
    }
    /// Whether much more is held than is in use.
    pub fn is_sparse(&self) -> bool {
        let used = self.live - self.large;
        self.chunk_bytes > 3 * used + SPARE
    }
    /// The end of a collection, before which about as much was allocated as is live now; blocks that did not come from
    /// chunks do not pay. Trims a sparse pool, but only
    /// so often that the walk over its free blocks is paid for by as many bytes allocated.
    pub fn collected(&mut self) {
        self.credit = self.credit.saturating_add(self.live - self.large);
        if self.is_sparse() && self.credit >= self.chunk_bytes {
            self.credit = 0;
            self.trim();
        }
    }
    /// Gives wholly free chunks back to the system. Walks all free blocks once, the lists side by side: each step waits
    /// for memory, and those of different lists can wait together.
    #[cold]
    fn trim(&mut self) {
        let mut count = 0;
        let mut c = self.chunks;
        while !c.is_null() {
            count += 1;
            // SAFETY: the chunks of the pool.
            c = unsafe { (*c).next };
        }
        if count == 0 {
            return;
        }
        // SAFETY: plain allocations; all-zero bytes are valid runs. Without memory nothing is trimmed now.
        let (table, runs): (*mut *mut Chunk, *mut Run) = unsafe {
            (
                libc::malloc(count * size_of::<*mut Chunk>()).cast(),
                libc::calloc(count * CLASSES, size_of::<Run>()).cast(),
            )
        };
        if !table.is_null() && !runs.is_null() {
            // SAFETY: `count` elements are written before they are read; there are as many runs as are asked for.
            unsafe {
                let mut c = self.chunks;
                for i in 0..count {
                    (*c).free = 0;
                    table.add(i).write(c);
                    c = (*c).next;
                }
                self.release_free(
                    core::slice::from_raw_parts_mut(table, count),
                    core::slice::from_raw_parts_mut(runs, count * CLASSES),
                );
            }
        }
        // SAFETY: from `malloc` and `calloc`, or null.
        unsafe {
            libc::free(table.cast());
            libc::free(runs.cast());
        }
    }
    /// Sorts the free blocks by chunk into `runs`, `CLASSES` of them for each of `chunks`, which are all chunks of the
    /// pool. Frees the chunks that are wholly free and makes the lists anew from the other ones' runs.
    fn release_free(&mut self, chunks: &mut [*mut Chunk], runs: &mut [Run]) {
        // SAFETY: the slice is what it says. The sort of core would be 30 KB of code.
        unsafe {
            libc::qsort(chunks.as_mut_ptr().cast(), chunks.len(), size_of::<*mut Chunk>(), Some(by_address))
        };
        let chunks: &[*mut Chunk] = chunks;
        let owner = |p: *const u8| chunks.partition_point(|&c| c as usize <= p as usize) - 1;
        if self.bump != self.end {
            // SAFETY: a chunk of the pool.
            unsafe { (*chunks[owner(self.bump)]).free += self.end as usize - self.bump as usize };
        }
        // The lists not yet at their end: class, next block, chunk of the last one.
        let mut open = [(0, null_mut::<Free>(), 0); CLASSES];
        let mut n = 0;
        for (class, list) in self.lists.iter_mut().enumerate() {
            if !list.is_null() {
                open[n] = (class, core::mem::replace(list, null_mut()), 0);
                n += 1;
            }
        }
        while n > 0 {
            let mut i = 0;
            while i < n {
                let (class, b, last) = &mut open[i];
                // SAFETY: free blocks are valid and inside a chunk of the pool.
                unsafe {
                    // Blocks of a chunk tend to be neighbours on the lists.
                    if (*b as usize).wrapping_sub(chunks[*last] as usize) >= (*chunks[*last]).size {
                        *last = owner(b.cast());
                    }
                    let next = (**b).next;
                    let run = &mut runs[*last * CLASSES + *class];
                    (**b).next = run.first;
                    if run.first.is_null() {
                        run.last = *b;
                    }
                    run.first = *b;
                    (*chunks[*last]).free += *class * GRAIN;
                    *b = next;
                }
                if b.is_null() {
                    n -= 1;
                    open[i] = open[n];
                } else {
                    i += 1;
                }
            }
        }
        // SAFETY: the chunks of the pool.
        let is_free = |c: *mut Chunk| unsafe { (*c).free == (*c).size - CHUNK_HEAD };
        if self.bump != self.end && is_free(chunks[owner(self.bump)]) {
            self.bump = null_mut();
            self.end = null_mut();
        }
        self.chunks = null_mut();
        for (&c, runs) in chunks.iter().zip(runs.chunks_exact(CLASSES)).rev() {
            // SAFETY: a chunk of the pool; nothing refers to it or its blocks when it is freed.
            unsafe {
                if is_free(c) {
                    self.chunk_bytes -= (*c).size;
                    release_chunk(c);
                    continue;
                }
                (*c).next = self.chunks;
                self.chunks = c;
                for (list, run) in self.lists.iter_mut().zip(runs) {
                    if !run.first.is_null() {
                        (*run.last).next = *list;
                        *list = run.first;
                    }
                }
            }
        }
    }
}

/// In `trim`: the free blocks of a class in one chunk.
struct Run {
    first: *mut Free,
    last: *mut Free,
}

fn get_chunk(size: usize) -> *mut Chunk {
    // SAFETY: plain allocations.
    unsafe {
        if size < MAPPED {
            return libc::malloc(size).cast();
        }
        let p = libc::mmap(
            null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if p == libc::MAP_FAILED { null_mut() } else { p.cast() }
    }
}

/// # Safety
/// `c` came from `get_chunk` with the size it states, and no block of it is in use.
unsafe fn release_chunk(c: *mut Chunk) {
    // SAFETY: the caller's promise.
    unsafe {
        let size = (*c).size;
        if size < MAPPED {
            libc::free(c.cast());
        } else {
            libc::munmap(c.cast(), size);
        }
    }
}

/// # Safety
/// No block of the pool is in use, and the pool is not used again.
unsafe fn destroy(pool: *mut Pool) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut c = (*pool).chunks;
        while !c.is_null() {
            let next = (*c).next;
            release_chunk(c);
            c = next;
        }
        libc::free(pool.cast());
    }
}

/// The `lua_Alloc` of pools.
///
/// # Safety
/// `ud` is a pool; `ptr` is null or one of its blocks, of `osize` bytes. After the last block is freed the pool is
/// gone.
pub unsafe extern "C" fn pool_alloc(
    ud: *mut c_void,
    ptr: *mut c_void,
    osize: usize,
    nsize: usize,
) -> *mut c_void {
    // SAFETY: the caller's promises, handed on; the pool is not used after `destroy`.
    unsafe {
        let pool: *mut Pool = ud.cast();
        if ptr.is_null() {
            if nsize == 0 {
                return null_mut();
            }
            let p = alloc(&mut *pool, nsize);
            if p.is_null() && (*pool).live == 0 {
                destroy(pool);
            }
            return p;
        }
        if nsize == 0 {
            release(&mut *pool, ptr, osize);
            if (*pool).live == 0 {
                destroy(pool);
            }
            return null_mut();
        }
        if osize > SMALL && nsize > SMALL {
            let p = libc::realloc(ptr, nsize.max(SMALLEST_LARGE));
            if !p.is_null() {
                (*pool).live = (*pool).live.wrapping_sub(osize).wrapping_add(nsize);
                (*pool).large = (*pool).large.wrapping_sub(osize).wrapping_add(nsize);
            }
            return p;
        }
        if osize <= SMALL && class(osize) == class(nsize) {
            return ptr;
        }
        let p = alloc(&mut *pool, nsize);
        if p.is_null() {
            return if nsize < osize { shrink_in_place(&mut *pool, ptr, osize, nsize) } else { null_mut() };
        }
        core::ptr::copy_nonoverlapping(ptr.cast::<u8>(), p.cast(), osize.min(nsize));
        release(&mut *pool, ptr, osize);
        p
    }
}

unsafe fn alloc(pool: &mut Pool, size: usize) -> *mut c_void {
    // SAFETY: `size` is not zero (`pool_alloc`).
    unsafe {
        if size <= SMALL {
            return pool.alloc_small(size);
        }
        let p = libc::malloc(size.max(SMALLEST_LARGE));
        if !p.is_null() {
            pool.live += size;
            pool.large += size;
        }
        p
    }
}

/// Shrinking must not fail, even when there is no memory for the smaller block.
#[cold]
unsafe fn shrink_in_place(pool: &mut Pool, p: *mut c_void, osize: usize, nsize: usize) -> *mut c_void {
    let size = class(nsize) * GRAIN;
    // SAFETY: `p` is a block of the pool of `osize` bytes, more than `size` in whole grains.
    unsafe {
        if osize <= SMALL {
            // The tail becomes a free block of its own.
            let tail = p.cast::<u8>().add(size).cast();
            let rest = class(osize) * GRAIN - size;
            pool.free_small(tail, rest);
            return p;
        }
        // The block becomes a chunk with one block in it.
        let block = p.cast::<u8>().add(CHUNK_HEAD);
        core::ptr::copy(p.cast::<u8>(), block, nsize);
        let chunk: *mut Chunk = p.cast();
        chunk.write(Chunk { next: pool.chunks, size: CHUNK_HEAD + size, free: 0 });
        pool.chunks = chunk;
        pool.chunk_bytes += CHUNK_HEAD + size;
        pool.large -= osize;
        pool.live = pool.live - osize + size;
        block.cast()
    }
}

unsafe fn release(pool: &mut Pool, p: *mut c_void, size: usize) {
    // SAFETY: `p` is a block of the pool with this size (`pool_alloc`).
    unsafe {
        if size <= SMALL {
            pool.free_small(p, size);
        } else {
            libc::free(p);
            pool.live -= size;
            pool.large -= size;
        }
    }
}

/// Orders pointers for `qsort`.
extern "C" fn by_address(a: *const libc::c_void, b: *const libc::c_void) -> libc::c_int {
    // SAFETY: `qsort` passes elements of the table.
    let (a, b) = unsafe { (*a.cast::<usize>(), *b.cast::<usize>()) };
    a.cmp(&b) as libc::c_int
}
