//! Where the blocks of a state come from: the host's function, or the pool behind the default one.
//!
//! * From outside the default function is plain `realloc` and `free` without state, and what a host asks of it is
//!   served so. A state that is made with it has a pool, which nobody else ever sees.
//! * As long as the host has not set another function all blocks are the pool's (`sole`). After that each block is
//!   either the pool's or the host's, and its address decides: the pool knows its chunks and segments, and large blocks
//!   of the host's are in `records`. A block of the pool never reaches the host's function.
//! * New blocks are the host's from then on, also those that blocks of the pool grow into; when the default function is
//!   set again, they are the pool's again.
//! * Objects are aligned to `ALIGN`. Where the host's function gives a block that is not, it gets it back and is asked
//!   for `ALIGN` bytes more, from then on for each block: the object begins at the next multiple, with the distance in
//!   the byte before. Such blocks are in `records`, with the mark.
//! * The pool and the records are not borrowed while the host's function runs, which may call `lua_setallocf`.

use super::addresses::AddressSet;
use super::lua_Alloc;
use super::pool::{Pool, SMALL};
use crate::sys;
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::ptr::null_mut;

const ALIGN: usize = 8;

pub struct Allocator {
    /// the pool, as long as all blocks are its own; else null
    sole: Cell<*mut Pool>,
    /// the same, or null while each new block must be looked at (`Memory::limit`)
    quick: Cell<*mut Pool>,
    function: Cell<lua_Alloc>,
    ud: Cell<*mut c_void>,
    /// the pool, or null
    pool: *mut Pool,
    /// in a state with a pool the large blocks of the host's; everywhere those that do not begin where the object does
    records: UnsafeCell<AddressSet>,
    /// there is a pool that is not the `sole` source, or a block was not aligned: blocks must be told apart
    is_apart: Cell<bool>,
    /// a function of the host's did not align its blocks, so no block of a host is trusted any more
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
            sys::free(ptr);
            return null_mut();
        }
        sys::realloc(ptr, nsize)
    }
}

fn is_default(f: lua_Alloc) -> bool {
    core::ptr::fn_addr_eq(f, default_function as lua_Alloc)
}

fn is_aligned(p: *mut u8) -> bool {
    (p as usize).is_multiple_of(ALIGN)
}

/// The place of an object in a block from a host that does not align its blocks.
fn object_in(block: *mut u8) -> *mut u8 {
    block.map_addr(|a| (a | (ALIGN - 1)) + 1)
}

/// # Safety
/// `object` is `object_in(block)`, of a live block.
unsafe fn keep_distance(block: *mut u8, object: *mut u8) {
    // SAFETY: the byte before the object is the block's.
    unsafe { *object.sub(1) = (object as usize - block as usize) as u8 };
}

/// # Safety
/// `object` is one in a larger block.
unsafe fn block_of(object: *mut u8) -> *mut u8 {
    // SAFETY: the byte before such an object is the block's, and holds the distance that `keep_distance` wrote.
    unsafe { object.sub(*object.sub(1) as usize) }
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
            quick: Cell::new(pool),
            function: Cell::new(f),
            ud: Cell::new(ud),
            pool,
            records: UnsafeCell::new(AddressSet::EMPTY),
            is_apart: Cell::new(false),
            unaligned: Cell::new(false),
        })
    }
    /// The function that the host has set, and its argument.
    pub fn function(&self) -> (lua_Alloc, *mut c_void) {
        (self.function.get(), self.ud.get())
    }
    pub fn set_function(&self, f: lua_Alloc, ud: *mut c_void) {
        self.function.set(f);
        self.ud.set(ud);
        if !is_default(f) {
            self.sole.set(null_mut());
            self.quick.set(null_mut());
            self.is_apart.set(self.is_apart.get() || !self.pool.is_null());
        }
    }
    /// Whether there is a limit that the next small block may break.
    pub fn set_bounded(&self, bounded: bool) {
        self.quick.set(if bounded { null_mut() } else { self.sole.get() });
    }
    /// Frees the last block and what the library has for itself.
    ///
    /// # Safety
    /// `block` is a block of `size` bytes from here, if not null; no other is in use, and nothing is allocated again.
    pub unsafe fn close(self, block: *mut u8, size: usize) {
        if !block.is_null() {
            // SAFETY: the caller's promise.
            unsafe { self.free(block, size) };
        }
        self.records().free();
        if !self.pool.is_null() {
            // SAFETY: the caller's promise.
            unsafe { Pool::destroy(self.pool) };
        }
    }
    /// The pool, when it serves a new block of this size and nothing else is to be looked at.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "the pool is not a part of this")]
    pub fn quick_pool(&self, size: usize) -> Option<&mut Pool> {
        let pool = self.quick.get();
        // SAFETY: the pool is there as long as the state, and nothing else refers to it now.
        if !pool.is_null() && size <= SMALL { Some(unsafe { &mut *pool }) } else { None }
    }
    /// # Safety
    /// `block` is a block from here of `size` bytes, not used any more.
    #[inline(always)]
    pub unsafe fn free(&self, block: *mut u8, size: usize) {
        let pool = self.sole.get();
        // SAFETY: the caller's promise. While `sole` is set, all blocks are of the pool that it names.
        unsafe {
            if !pool.is_null() && size <= SMALL {
                return (*pool).free_small(block, size);
            }
            self.free_any(block, size)
        }
    }
    /// Changes the size of a block. Returns null when there is no memory; then the block is as it was.
    ///
    /// # Safety
    /// `block` is a block from here of `osize` bytes; `nsize` is not zero.
    #[inline(always)]
    pub unsafe fn resize(&self, block: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        // SAFETY: the caller's promise. While `sole` is set, all blocks are of the pool that it names.
        unsafe {
            if !self.sole.get().is_null() {
                return (*self.pool).resize(block, osize, nsize);
            }
            if self.is_apart.get() {
                return self.resize_apart(block, osize, nsize);
            }
            let p = self.ask(block, osize, nsize);
            if is_aligned(p) { p } else { self.align(p, osize, nsize) }
        }
    }
    /// A new block, or null; `tag` is what the host's function is told about it.
    ///
    /// # Safety
    /// The state lives, or begins to; `size` is not zero.
    #[inline(never)]
    pub unsafe fn alloc(&self, tag: usize, size: usize) -> *mut u8 {
        // SAFETY: a pool that `sole` names is there as long as the state.
        unsafe {
            if !self.sole.get().is_null() {
                return (*self.pool).alloc(size);
            }
            if self.is_apart.get() {
                return self.alloc_apart(tag, size);
            }
            let p = self.ask(null_mut(), tag, size);
            if is_aligned(p) { p } else { self.align(p, 0, size) }
        }
    }
    /// # Safety
    /// `block` is a live block of this allocator of `size` bytes, which is not used again.
    #[inline(never)]
    unsafe fn free_any(&self, block: *mut u8, size: usize) {
        // SAFETY: while `sole` is set, all blocks are of the pool that it names.
        unsafe {
            if !self.sole.get().is_null() {
                return (*self.pool).free(block, size);
            }
            if self.is_apart.get() {
                return self.free_apart(block, size);
            }
            self.ask(block, size, 0);
        }
    }
    /// Whether a block of `size` bytes is the pool's.
    fn is_pools(&self, block: *mut u8, size: usize) -> bool {
        if self.pool.is_null() {
            return false;
        }
        if size > SMALL {
            return self.records().get(block as usize).is_none();
        }
        // SAFETY: the pool is there as long as the state.
        unsafe { (*self.pool).owns_small(block) }
    }
    /// # Safety
    /// As for `alloc`.
    #[inline(never)]
    unsafe fn alloc_apart(&self, tag: usize, size: usize) -> *mut u8 {
        // SAFETY: a pool that is set is there as long as the state.
        unsafe {
            if self.pool.is_null() || !is_default(self.function.get()) {
                return self.new_host_block(tag, size);
            }
            (*self.pool).alloc(size)
        }
    }
    /// # Safety
    /// `block` is a live block of this allocator of `size` bytes, which is not used again.
    #[inline(never)]
    unsafe fn free_apart(&self, block: *mut u8, size: usize) {
        // SAFETY: by the caller's promise the block is live; its address tells whose it is.
        unsafe {
            if self.is_pools(block, size) {
                return (*self.pool).free(block, size);
            }
            self.free_host_block(block, size)
        }
    }
    /// # Safety
    /// `block` is a live block of this allocator of `osize` bytes.
    #[inline(never)]
    unsafe fn resize_apart(&self, block: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        // SAFETY: by the caller's promise the block is live; its address tells whose it is.
        unsafe {
            if !self.is_pools(block, osize) {
                return self.resize_host_block(block, osize, nsize);
            }
            if is_default(self.function.get()) || Pool::is_same(osize, nsize) {
                return (*self.pool).resize(block, osize, nsize);
            }
            let p = self.new_host_block(0, nsize);
            if !p.is_null() {
                core::ptr::copy_nonoverlapping(block, p, osize.min(nsize));
                (*self.pool).free(block, osize);
            } else if nsize < osize {
                return (*self.pool).shrink_in_place(block, osize, nsize);
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
        // SAFETY: the pool is there as long as the state, and nothing else refers to it now.
        if self.pool.is_null() { 0 } else { unsafe { (*self.pool).release_some() } }
    }
    /// Whether the pool holds much more than is in use.
    #[cfg(test)]
    pub fn is_sparse(&self) -> bool {
        // SAFETY: the pool is there as long as the state, and nothing else refers to it now.
        !self.pool.is_null() && unsafe { (*self.pool).is_sparse() }
    }
    #[allow(clippy::mut_from_ref, reason = "the set is in a cell")]
    fn records(&self) -> &mut AddressSet {
        // SAFETY: nobody keeps the reference longer than for one operation, and none of these calls out.
        unsafe { &mut *self.records.get() }
    }
    /// Whether the address tells nothing about a block of this size of the host's.
    fn is_recorded(&self, size: usize) -> bool {
        !self.pool.is_null() && size > SMALL
    }
    /// # Safety
    /// `block` is null, or a block of the host's of `osize` bytes, which is used again only if the result is null and
    /// `nsize` is not 0.
    unsafe fn ask(&self, block: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        // SAFETY: the host's function gets its own `ud` and the exact description of one of its blocks.
        unsafe { (self.function.get())(self.ud.get(), block.cast(), osize, nsize).cast() }
    }
    /// # Safety
    /// As for `alloc`.
    unsafe fn new_host_block(&self, tag: usize, size: usize) -> *mut u8 {
        // SAFETY: a new block, or one given just now.
        unsafe {
            if !self.unaligned.get() {
                if self.is_recorded(size) && !self.records().reserve() {
                    return null_mut();
                }
                let p = self.ask(null_mut(), tag, size);
                if !is_aligned(p) {
                    return self.align(p, 0, size);
                }
                if self.is_recorded(size) && !p.is_null() {
                    self.records().insert(p as usize, false);
                }
                return p;
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
    /// The host's function gave the first block that is not aligned, for one of `osize` bytes or for none (0). What to
    /// use instead. Where there is no memory for that it is null for a new block; a block that replaced another is
    /// kept.
    ///
    /// # Safety
    /// `p` is a block of `size` bytes of the host's, and not recorded.
    #[cold]
    #[inline(never)]
    unsafe fn align(&self, p: *mut u8, osize: usize, size: usize) -> *mut u8 {
        self.is_apart.set(true);
        self.unaligned.set(true);
        // SAFETY: the caller's promise.
        unsafe {
            if osize == 0 {
                // Perhaps it fits only when this one is gone.
                self.ask(p, size, 0);
                return self.new_host_block(0, size);
            }
            let q = self.new_host_block(0, size);
            if q.is_null() {
                return p;
            }
            core::ptr::copy_nonoverlapping(p, q, osize.min(size));
            self.ask(p, size, 0);
            q
        }
    }
    /// # Safety
    /// `p` is a block of the host's of `size` bytes.
    unsafe fn free_host_block(&self, p: *mut u8, size: usize) {
        let record = self.records().get(p as usize);
        self.records().remove(p as usize);
        // SAFETY: by the caller's promise the block is the host's; its record tells whether the object begins behind a
        // distance.
        unsafe {
            if record == Some(true) {
                self.ask(block_of(p), size + ALIGN, 0);
            } else {
                self.ask(p, size, 0);
            }
        }
    }
    /// # Safety
    /// `p` is a block of the host's of `osize` bytes.
    unsafe fn resize_host_block(&self, p: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
        let record = self.records().get(p as usize);
        // SAFETY: by the caller's promise the block is the host's; its record tells whether the object begins behind a
        // distance.
        unsafe {
            if record == Some(true) {
                return self.resize_unaligned(p, osize, nsize);
            }
            if self.unaligned.get() {
                let q = self.new_host_block(0, nsize);
                if !q.is_null() {
                    core::ptr::copy_nonoverlapping(p, q, osize.min(nsize));
                    self.free_host_block(p, osize);
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
                let r = self.align(q, osize, nsize);
                if r != q {
                    return r;
                }
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
        let Some(larger) = nsize.checked_add(ALIGN) else { return null_mut() };
        // SAFETY: the caller's promise.
        unsafe {
            let block = block_of(p);
            let distance = p as usize - block as usize;
            let moved = self.ask(block, osize + ALIGN, larger);
            if moved.is_null() {
                return moved;
            }
            self.records().remove(p as usize);
            let q = object_in(moved);
            core::ptr::copy(moved.add(distance), q, osize.min(nsize));
            keep_distance(moved, q);
            self.records().insert(q as usize, true);
            q
        }
    }
}
