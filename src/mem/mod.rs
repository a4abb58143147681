//! The only caller of the state's `lua_Alloc`.
//!
//! Contract with the host's allocator: a new object is asked for with `ptr == NULL` and `osize` = its `LUA_T*` type
//! tag (0 for blocks that are not objects), every later call carries the block's exact size, shrinking is assumed
//! not to fail, and NULL for a growth leads to an emergency collection, one more try, and `OutOfMemory`.
//!
//! `allocator` is that function and what is behind the default one.
//!
//! Every byte is accounted in `Memory`, which may have a limit: an allocation beyond it fails as if the allocator had
//! given NULL. Only `realloc` and `alloc` may start an emergency collection
//! (`Owner::make_room`): callers keep what they hold reachable.

use crate::throw::Throw;
use core::cell::Cell;
use core::ffi::c_void;

mod addresses;
mod allocator;
mod array;
mod big;
mod medium;
mod pool;
mod slab;
#[cfg(test)]
mod tests;
pub use allocator::{Allocator, default_function};
pub use array::{Array, ByteBuf, PushError};

/// There is no memory, also after all that can be freed was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfMemory;

impl From<OutOfMemory> for Throw {
    #[inline(always)]
    fn from(_: OutOfMemory) -> Throw {
        Throw::MEMORY
    }
}

/// The host's allocation function.
#[allow(non_camel_case_types, reason = "C's name")]
pub type lua_Alloc =
    unsafe extern "C" fn(ud: *mut c_void, ptr: *mut c_void, osize: usize, nsize: usize) -> *mut c_void;

/// The memory of a state: where it comes from, and how much there is.
pub struct Memory {
    pub allocator: Allocator,
    /// bytes in use, less `debt`
    pub total_bytes: Cell<isize>,
    /// bytes allocated that are not paid for by collection work yet; a step is due when it is positive
    pub debt: Cell<isize>,
    /// most bytes that may be in use; `usize::MAX`: as many as there are
    limit: Cell<usize>,
    /// Allocations until the stress build collects again.
    #[cfg(feature = "stress-gc")]
    stress_rest: Cell<usize>,
    /// Collections that the stress build did.
    #[cfg(feature = "stress-gc")]
    stress_done: Cell<usize>,
}

/// How many collections a stress build does at (nearly) each allocation, and the size of heap at which that becomes
/// every other one.
#[cfg(feature = "stress-gc")]
const STRESS_OFTEN: usize = 5000;
#[cfg(feature = "stress-gc")]
const STRESS_SHARE: usize = if cfg!(feature = "stress-finalizers") { 8 << 10 } else { 32 << 10 };

impl Memory {
    pub const fn new(allocator: Allocator) -> Memory {
        Memory {
            allocator,
            total_bytes: Cell::new(0),
            debt: Cell::new(0),
            limit: Cell::new(usize::MAX),
            #[cfg(feature = "stress-gc")]
            stress_rest: Cell::new(0),
            #[cfg(feature = "stress-gc")]
            stress_done: Cell::new(0),
        }
    }
    /// Bytes in use.
    #[inline(always)]
    pub fn total(&self) -> usize {
        self.total_bytes.get().wrapping_add(self.debt.get()) as usize
    }
    /// Most bytes that may be in use, 0: as many as there are.
    pub fn limit(&self) -> usize {
        if self.limit.get() == usize::MAX { 0 } else { self.limit.get() }
    }
    /// Sets that; what it was before.
    pub fn set_limit(&self, bytes: usize) -> usize {
        let before = self.limit();
        self.limit.set(if bytes == 0 { usize::MAX } else { bytes });
        self.allocator.set_bounded(self.limit.get() != usize::MAX);
        before
    }
    /// Whether `more` bytes are more than may be in use.
    fn forbids(&self, more: usize) -> bool {
        more > self.limit.get().saturating_sub(self.total())
    }
    /// There are `delta` bytes more.
    #[inline(always)]
    pub fn account(&self, delta: isize) {
        self.debt.set(self.debt.get().wrapping_add(delta))
    }
    /// Whether this allocation is one at which the stress build collects: each one at first, while the heap is small.
    /// In a large heap, and in a state that lives long, so seldom that programs come to an end.
    #[cfg(feature = "stress-gc")]
    pub fn is_stress_due(&self) -> bool {
        match self.stress_rest.get().checked_sub(1) {
            Some(rest) => {
                self.stress_rest.set(rest);
                false
            }
            None => {
                let done = self.stress_done.get();
                self.stress_done.set(done + 1);
                self.stress_rest.set(self.total() / if done < STRESS_OFTEN { STRESS_SHARE } else { 1 << 10 });
                true
            }
        }
    }
    #[cfg(not(feature = "stress-gc"))]
    #[inline(always)]
    pub fn is_stress_due(&self) -> bool {
        false
    }
}

/// For whom memory is asked.
pub trait Owner: Copy {
    fn memory(&self) -> &Memory;
    /// Memory is asked for, which those who count that want to know.
    fn note_allocation(&self);
    /// Frees what can be freed. False when nothing can be now.
    fn make_room(self) -> bool;
}

/// The byte that the stress build which looks for uses of freed memory fills it with. It fills [`MOST_DEAD`] bytes of a
/// block at most, because the rest of a large one may never have been written, and so takes no memory.
#[cfg(feature = "stress-finalizers")]
pub const DEAD: u8 = 0xDB;
#[cfg(feature = "stress-finalizers")]
const MOST_DEAD: usize = 1 << 20;

/// In the stress build a block that changes its size has another place afterwards, if there is memory for that.
#[cfg(feature = "stress-finalizers")]
fn raw(m: &Memory, block: *mut u8, osize: usize, nsize: usize, tag: usize) -> *mut u8 {
    if !block.is_null() && osize.max(nsize) <= MOST_DEAD {
        let other = raw_block(m, core::ptr::null_mut(), 0, nsize, 0);
        if !other.is_null() {
            // SAFETY: two blocks, and both have at least the smaller number of bytes; the old one is not used any more.
            unsafe { core::ptr::copy_nonoverlapping(block, other, osize.min(nsize)) };
            give_back(m, block, osize);
            return other;
        }
    }
    raw_block(m, block, osize, nsize, tag)
}
#[cfg(not(feature = "stress-finalizers"))]
use raw_block as raw;

#[inline(always)]
fn give_back(m: &Memory, block: *mut u8, size: usize) {
    #[cfg(feature = "stress-finalizers")]
    // SAFETY: a block of this size.
    unsafe {
        block.write_bytes(DEAD, size.min(MOST_DEAD))
    };
    // SAFETY: the block has this size and nobody uses it any more.
    unsafe { m.allocator.free(block, size) };
}

/// `tag` is for a new block.
#[inline(always)]
fn raw_block(m: &Memory, block: *mut u8, osize: usize, nsize: usize, tag: usize) -> *mut u8 {
    debug_assert!(nsize > 0);
    // SAFETY: sizes are those the blocks were asked for with.
    unsafe {
        if !block.is_null() {
            resized(m, block, osize, nsize)
        } else if let Some(pool) = m.allocator.quick_pool(nsize) {
            pool.alloc_small(nsize)
        } else {
            new_block(m, tag, nsize)
        }
    }
}

/// # Safety
/// As for `Allocator::alloc`.
#[inline(never)]
unsafe fn new_block(m: &Memory, tag: usize, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    if m.forbids(size) { core::ptr::null_mut() } else { unsafe { m.allocator.alloc(tag, size) } }
}

/// # Safety
/// As for `Allocator::resize`.
#[inline(never)]
unsafe fn resized(m: &Memory, block: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
    if nsize > osize && m.forbids(nsize - osize) {
        return core::ptr::null_mut();
    }
    // SAFETY: the caller's promise.
    unsafe { m.allocator.resize(block, osize, nsize) }
}

#[inline(always)]
fn allocate<O: Owner>(
    l: O,
    block: *mut u8,
    osize: usize,
    nsize: usize,
    tag: usize,
) -> Result<*mut u8, OutOfMemory> {
    l.note_allocation();
    if nsize > osize && l.memory().is_stress_due() {
        l.make_room();
    }
    let p = raw(l.memory(), block, osize, nsize, tag);
    if p.is_null() { retry(l, block, if block.is_null() { tag } else { osize }, nsize) } else { Ok(p) }
}

/// An allocation failed: frees what can be freed and tries once more. Without a block `osize` is the tag.
#[cold]
#[inline(never)]
fn retry<O: Owner>(l: O, block: *mut u8, osize: usize, nsize: usize) -> Result<*mut u8, OutOfMemory> {
    if nsize <= isize::MAX as usize && l.make_room() {
        let p = raw(l.memory(), block, osize, nsize, osize);
        if !p.is_null() {
            return Ok(p);
        }
    }
    Err(OutOfMemory)
}

/// Memory for a new object, which the allocator is told by `tag`.
#[inline(always)]
pub fn alloc<O: Owner>(l: O, tag: usize, size: usize) -> Result<*mut u8, OutOfMemory> {
    let p = allocate(l, core::ptr::null_mut(), 0, size, tag)?;
    l.memory().account(size as isize);
    Ok(p)
}

/// Resizes, makes (`block` null, `osize` 0) or frees (`nsize` 0) a block that is not an object.
#[inline]
pub fn realloc<O: Owner>(l: O, block: *mut u8, osize: usize, nsize: usize) -> Result<*mut u8, OutOfMemory> {
    debug_assert!(!block.is_null() || osize == 0);
    if nsize == 0 {
        free(l, block, osize);
        return Ok(core::ptr::null_mut());
    }
    if nsize == osize {
        return Ok(block);
    }
    let p = allocate(l, block, osize, nsize, 0)?;
    l.memory().account(nsize as isize - osize as isize);
    Ok(p)
}

#[inline(never)]
pub fn free<O: Owner>(l: O, block: *mut u8, size: usize) {
    free_block(l.memory(), block, size)
}

/// `free` for blocks that are small most of the time, where much time is spent on it.
#[inline(always)]
pub(crate) fn free_small<O: Owner>(l: O, block: *mut u8, size: usize) {
    free_block(l.memory(), block, size)
}

/// `free` for the collector, which may have no thread at hand.
#[inline(always)]
pub(crate) fn free_block(m: &Memory, block: *mut u8, size: usize) {
    if !block.is_null() {
        give_back(m, block, size);
        m.account(-(size as isize));
    }
}

/// `realloc` for the collector: no emergency collection, no error.
pub(crate) fn try_resize(m: &Memory, block: *mut u8, osize: usize, nsize: usize) -> Option<*mut u8> {
    let p = raw(m, block, osize, nsize, 0);
    if p.is_null() {
        return None;
    }
    m.account(nsize as isize - osize as isize);
    Some(p)
}
