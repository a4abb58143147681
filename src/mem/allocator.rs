//! Where the blocks of a state come from: the host's function, or the pool behind the default one.
//!
//! * From outside the default function is plain `realloc` and `free` without state, and what a host asks of it is served
//!   so. A state that is made with it has a pool, which nobody else ever sees.
//! * As long as the host has not set another function all blocks are the pool's (`sole`). After that each block is
//!   either the pool's or the host's, and its address decides: the pool knows its chunks and segments, and large blocks of the
//!   host's are in `records`. A block of the pool never reaches the host's function.
//! * New blocks are the host's from then on, also those that blocks of the pool grow into; when the default function is
//!   set again, they are the pool's again.
//! * Objects are aligned to `ALIGN`. Where the host's function gives a block that is not, it gets it back and is asked for
//!   `ALIGN` bytes more, from then on for each block: the object begins at the next multiple, with the distance in the byte
//!   before. Such blocks are in `records`, with the mark.
//! * The pool and the records are not borrowed while the host's function runs, which may call `lua_setallocf`.

use super::addresses::AddressSet;
use super::lua_Alloc;
use super::pool::{Pool, SMALL};
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::ptr::null_mut;

const ALIGN: usize = 8;

pub struct Allocator {
    /// the pool, as long as all blocks are its own; else null
    sole: Cell<*mut Pool>,
    function: Cell<lua_Alloc>,
    ud: Cell<*mut c_void>,
    /// the pool, or null
    pool: *mut Pool,
    /// in a state with a pool the large blocks of the host's; everywhere those that do not begin where the object does
    records: UnsafeCell<AddressSet>,
    /// the host's function does not align its blocks
    unaligned: Cell<bool>,
}

/// The default function. It does not look at `ud` and `osize`, and may be used by any thread, as `realloc` may.
///
/// # Safety
/// `ptr` is null or a live block of the C library's.
pub unsafe extern "C" fn default_function(
    _ud: *mut c_void,
    ptr: *mut c_void,
    _osize: usize,
    nsize: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe {
        if nsize == 0 {
            libc::free(ptr);
            return null_mut();
        }
        libc::realloc(ptr, nsize)
    }
}

fn is_default(f: lua_Alloc) -> bool {
    core::ptr::fn_addr_eq(f, default_function as lua_Alloc)
}

fn is_aligned(p: *mut u8) -> bool {
    (p as usize).is_multiple_of(ALIGN)
}

/// Where an object begins in a block from a host that does not align.
fn object_in(block: *mut u8) -> *mut u8 {
    block.map_addr(|a| (a | (ALIGN - 1)) + 1)
}

/// # Safety
/// `object` is `object_in(block)`, of a live block.
unsafe fn keep_distance(block: *mut u8, object: *mut u8) {
    // SAFETY: the byte before the object is the block's.
    unsafe { *object.sub(1) = (object as usize - block as usize) as u8 };
}

impl Allocator {
    /// `None` when there is no memory for a pool.
    pub fn new(f: lua_Alloc, ud: *mut c_void) -> Option<Allocator> {
        let mut pool = null_mut();
        if is_default(f) && cfg!(not(feature = "system-alloc")) {
            pool = Pool::new();
            if pool.is_null() {
                return None;
            }
        }
        Some(Allocator {
            sole: Cell::new(pool),
            function: Cell::new(f),
            ud: Cell::new(ud),
            pool,
            records: UnsafeCell::new(AddressSet::EMPTY),
            unaligned: Cell::new(false),
        })
    }
    /// What the host has set.
    pub fn function(&self) -> (lua_Alloc, *mut c_void) {
        (self.function.get(), self.ud.get())
    }
    pub fn set_function(&self, f: lua_Alloc, ud: *mut c_void) {
        self.function.set(f);
        self.ud.set(ud);
        self.unaligned.set(false);
        if !is_default(f) {
            self.sole.set(null_mut());
        }
    }
    /// Frees the last block and what the library has for itself.
    ///
    /// # Safety
    /// `block` is a block of `size` bytes from here, if not null; no other is in use, and nothing is allocated again.
    pub unsafe fn close(self, block: *mut u8, size: usize) {
        if !block.is_null() {
            // SAFETY: the caller's promise.
            unsafe { self.resize(block, size, 0) };
        }
        self.records().free();
        if !self.pool.is_null() {
            // SAFETY: the caller's promise.
            unsafe { Pool::destroy(self.pool) };
        }
    }
    /// Makes (`block` null, `osize` the type tag), resizes or frees (`nsize` 0) a block.
    ///
    /// # Safety
    /// `block` is null or a block from here, of `osize` bytes.
    #[inline(always)]
    pub unsafe fn resize(&self, block: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        let pool = self.sole.get();
        // SAFETY: the pool is there as long as the state, and nothing else refers to it now; all blocks are the pool's.
        unsafe {
            if !pool.is_null() {
                let pool = &mut *pool;
                if block.is_null() && nsize <= SMALL && nsize > 0 {
                    return pool.alloc_small(nsize).cast();
                }
                if nsize == 0 && osize <= SMALL && !block.is_null() {
                    pool.free_small(block.cast(), osize);
                    return null_mut();
                }
            }
            self.resize_any(block, osize, nsize)
        }
    }
    #[inline(never)]
    unsafe fn resize_any(&self, block: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        let pool = self.pool;
        // SAFETY: the caller's promise, and what the addresses of blocks tell.
        unsafe {
            let is_pools = !self.sole.get().is_null()
                || !pool.is_null()
                    && if block.is_null() {
                        is_default(self.function.get())
                    } else if osize <= SMALL {
                        (*pool).owns_small(block)
                    } else {
                        self.records().get(block as usize).is_none()
                    };
            if !is_pools {
                if block.is_null() {
                    return self.new_host_block(osize, nsize);
                }
                return self.resize_host_block(block, osize, nsize);
            }
            if nsize == 0 || is_default(self.function.get()) || Pool::is_same(osize, nsize) {
                return (*pool).resize(block, osize, nsize);
            }
            let p = self.new_host_block(0, nsize);
            if !p.is_null() {
                core::ptr::copy_nonoverlapping(block, p, osize.min(nsize));
                (*pool).resize(block, osize, 0);
            } else if nsize < osize {
                return (*pool).shrink_in_place(block, osize, nsize);
            }
            p
        }
    }
    /// The end of a collection: looks whether there is much free memory, to be given back by `release_some`.
    pub fn collected(&self) {
        if !self.pool.is_null() {
            // SAFETY: the pool is there as long as the state, and nothing else refers to it now.
            unsafe { (*self.pool).collected(!is_default(self.function.get())) };
        }
    }
    /// Gives a bounded amount of memory back to the system: about how many bytes, 0 when there is nothing more to do.
    pub fn release_some(&self) -> usize {
        // SAFETY: as in `collected`.
        if self.pool.is_null() { 0 } else { unsafe { (*self.pool).release_some() } }
    }
    /// Whether the pool holds much more than is in use.
    #[cfg(test)]
    pub fn is_sparse(&self) -> bool {
        // SAFETY: as in `collected`.
        !self.pool.is_null() && unsafe { (*self.pool).is_sparse() }
    }
    #[allow(clippy::mut_from_ref)]
    fn records(&self) -> &mut AddressSet {
        // SAFETY: nobody keeps the reference longer than for one operation, and none of these calls out.
        unsafe { &mut *self.records.get() }
    }
    /// Whether the address tells nothing about a block of this size of the host's.
    fn is_recorded(&self, size: usize) -> bool {
        !self.pool.is_null() && size > SMALL
    }
    unsafe fn ask(&self, block: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        // SAFETY: the host's function gets its own `ud` and the exact description of one of its blocks.
        unsafe { (self.function.get())(self.ud.get(), block.cast(), osize, nsize).cast() }
    }
    unsafe fn new_host_block(&self, tag: usize, size: usize) -> *mut u8 {
        // SAFETY: a new block, or one given just now.
        unsafe {
            if !self.unaligned.get() {
                if self.is_recorded(size) && !self.records().reserve() {
                    return null_mut();
                }
                let p = self.ask(null_mut(), tag, size);
                if is_aligned(p) {
                    if self.is_recorded(size) && !p.is_null() {
                        self.records().insert(p as usize, false);
                    }
                    return p;
                }
                self.ask(p, size, 0);
                self.unaligned.set(true);
            }
            let Some(larger) = size.checked_add(ALIGN) else { return null_mut() };
            if !self.records().reserve() {
                return null_mut();
            }
            let block = self.ask(null_mut(), tag, larger);
            if block.is_null() {
                return block;
            }
            let p = object_in(block);
            keep_distance(block, p);
            self.records().insert(p as usize, true);
            p
        }
    }
    /// # Safety
    /// `p` is a block of the host's of `osize` bytes.
    unsafe fn resize_host_block(&self, p: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        let record = self.records().get(p as usize);
        // SAFETY: the caller's promise, and what the record says.
        unsafe {
            if record == Some(true) {
                return self.resize_unaligned(p, osize, nsize);
            }
            if nsize == 0 {
                self.records().remove(p as usize);
                return self.ask(p, osize, 0);
            }
            if self.unaligned.get() {
                let q = self.new_host_block(0, nsize);
                if !q.is_null() {
                    core::ptr::copy_nonoverlapping(p, q, osize.min(nsize));
                    self.records().remove(p as usize);
                    self.ask(p, osize, 0);
                    return q;
                }
                if nsize > osize {
                    return q;
                }
            }
            if self.is_recorded(nsize) && record.is_none() && !self.records().reserve() {
                return null_mut();
            }
            let q = self.ask(p, osize, nsize);
            if q.is_null() {
                return q;
            }
            self.records().remove(p as usize);
            if !is_aligned(q) && !self.unaligned.get() {
                self.unaligned.set(true);
                let r = self.new_host_block(0, nsize);
                if !r.is_null() {
                    core::ptr::copy_nonoverlapping(q, r, osize.min(nsize));
                    self.ask(q, nsize, 0);
                    return r;
                }
                // The old block is gone and there is no memory for one with room: this one is all there is.
            }
            if self.is_recorded(nsize) {
                self.records().insert(q as usize, false);
            }
            q
        }
    }
    /// # Safety
    /// `p` is an object of `osize` bytes that `new_host_block` put into a larger block.
    unsafe fn resize_unaligned(&self, p: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        // SAFETY: the byte before the object tells where its block begins, which has `ALIGN` bytes more.
        unsafe {
            let distance = *p.sub(1) as usize;
            let block = p.sub(distance);
            let larger = if nsize == 0 { Some(0) } else { nsize.checked_add(ALIGN) };
            let Some(larger) = larger else { return null_mut() };
            let moved = self.ask(block, osize + ALIGN, larger);
            if nsize > 0 && moved.is_null() {
                return moved;
            }
            self.records().remove(p as usize);
            if nsize == 0 {
                return null_mut();
            }
            let q = object_in(moved);
            core::ptr::copy(moved.add(distance), q, osize.min(nsize));
            keep_distance(moved, q);
            self.records().insert(q as usize, true);
            q
        }
    }
}
