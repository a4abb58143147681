//! The only caller of the state's `lua_Alloc`.
//!
//! Contract with the host's allocator: a new object is asked for with `ptr == NULL` and `osize` = its `LUA_T*` type
//! tag (0 for blocks that are not objects), every later call carries the block's exact size, shrinking is assumed
//! not to fail, and NULL for a growth leads to an emergency collection, one more try, and `OutOfMemory`.
//!
//! `allocator` is that function and what is behind the default one.
//!
//! Every byte is accounted in `GcState`. Only `realloc` and `alloc_object` may start an emergency collection: callers
//! keep what they hold reachable.

use crate::consts::*;
use crate::gc;
use crate::object::{Global, Header, Kind, Lua};
use core::ffi::c_void;

mod addresses;
mod allocator;
mod array;
mod big;
mod pool;
mod slab;
#[cfg(test)]
mod tests;
pub use allocator::{Allocator, default_function};
pub use array::{Array, ByteBuf, PushError};

/// There is no memory, also after all that can be freed was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfMemory;

/// The host's allocation function.
#[allow(non_camel_case_types)]
pub type lua_Alloc =
    unsafe extern "C" fn(ud: *mut c_void, ptr: *mut c_void, osize: usize, nsize: usize) -> *mut c_void;

/// `osize` for a new object of this kind (lua_Alloc's contract, manual §4.8).
fn type_tag(kind: Kind) -> usize {
    let tag = match kind {
        Kind::ShortStr | Kind::LongStr => LUA_TSTRING,
        Kind::Table => LUA_TTABLE,
        Kind::LuaClosure | Kind::CClosure | Kind::Builtin => LUA_TFUNCTION,
        Kind::Userdata => LUA_TUSERDATA,
        Kind::Thread => LUA_TTHREAD,
        Kind::Proto => LUA_NUMTAGS,
        Kind::UpVal => LUA_NUMTAGS + 1,
    };
    tag as usize
}

/// The byte that the stress build which looks for uses of freed memory fills it with. It fills [`MOST_DEAD`] bytes of a block
/// at most, because the rest of a large one may never have been written, and so takes no memory.
#[cfg(feature = "stress-finalizers")]
pub const DEAD: u8 = 0xDB;
#[cfg(feature = "stress-finalizers")]
const MOST_DEAD: usize = 1 << 20;

/// In the stress build a block that changes its size has another place afterwards, if there is memory for that.
#[cfg(feature = "stress-finalizers")]
fn raw(g: &Global, block: *mut u8, osize: usize, nsize: usize, tag: usize) -> *mut u8 {
    if !block.is_null() && osize.max(nsize) <= MOST_DEAD {
        let other = raw_block(g, core::ptr::null_mut(), 0, nsize, 0);
        if !other.is_null() {
            // SAFETY: two blocks, and both have at least the smaller number of bytes; the old one is not used any more.
            unsafe { core::ptr::copy_nonoverlapping(block, other, osize.min(nsize)) };
            give_back(g, block, osize);
            return other;
        }
    }
    raw_block(g, block, osize, nsize, tag)
}
#[cfg(not(feature = "stress-finalizers"))]
use raw_block as raw;

#[inline(always)]
fn give_back(g: &Global, block: *mut u8, size: usize) {
    #[cfg(feature = "stress-finalizers")]
    // SAFETY: a block of this size.
    unsafe {
        block.write_bytes(DEAD, size.min(MOST_DEAD))
    };
    // SAFETY: the block has this size and nobody uses it any more.
    unsafe { g.allocator.free(block, size) };
}

/// `tag` is for a new block.
#[inline(always)]
fn raw_block(g: &Global, block: *mut u8, osize: usize, nsize: usize, tag: usize) -> *mut u8 {
    debug_assert!(nsize > 0);
    // SAFETY: sizes are those the blocks were asked for with.
    unsafe {
        if block.is_null() { g.allocator.alloc(tag, nsize) } else { g.allocator.resize(block, osize, nsize) }
    }
}

#[inline(always)]
fn allocate(l: Lua, block: *mut u8, osize: usize, nsize: usize, tag: usize) -> Result<*mut u8, OutOfMemory> {
    l.global().effects.allocation();
    if nsize > osize && l.global().gc.is_stress_due() {
        gc::emergency(l);
    }
    let p = raw(l.global(), block, osize, nsize, tag);
    if p.is_null() { retry(l, block, if block.is_null() { tag } else { osize }, nsize) } else { Ok(p) }
}

/// An allocation failed: frees what can be freed and tries once more. Without a block `osize` is the tag.
#[cold]
#[inline(never)]
fn retry(l: Lua, block: *mut u8, osize: usize, nsize: usize) -> Result<*mut u8, OutOfMemory> {
    if nsize <= isize::MAX as usize && gc::emergency(l) {
        let p = raw(l.global(), block, osize, nsize, osize);
        if !p.is_null() {
            return Ok(p);
        }
    }
    Err(OutOfMemory)
}

/// Memory for a new object; the caller writes the header and links it before anything else allocates.
#[inline(always)]
pub fn alloc_object(l: Lua, kind: Kind, size: usize) -> Result<*mut Header, OutOfMemory> {
    let p = allocate(l, core::ptr::null_mut(), 0, size, type_tag(kind))?;
    gc::account(l.global(), size as isize);
    Ok(p.cast())
}

/// Resizes, makes (`block` null, `osize` 0) or frees (`nsize` 0) a block that is not an object.
#[inline]
pub fn realloc(l: Lua, block: *mut u8, osize: usize, nsize: usize) -> Result<*mut u8, OutOfMemory> {
    debug_assert!(!block.is_null() || osize == 0);
    if nsize == 0 {
        free(l, block, osize);
        return Ok(core::ptr::null_mut());
    }
    if nsize == osize {
        return Ok(block);
    }
    let p = allocate(l, block, osize, nsize, 0)?;
    gc::account(l.global(), nsize as isize - osize as isize);
    Ok(p)
}

#[inline(never)]
pub fn free(l: Lua, block: *mut u8, size: usize) {
    free_block(l.global(), block, size)
}

/// `free` for blocks that are small most of the time, where much time is spent on it.
#[inline(always)]
pub(crate) fn free_small(l: Lua, block: *mut u8, size: usize) {
    free_block(l.global(), block, size)
}

/// `free` for the collector, which may have no thread at hand.
#[inline(always)]
pub(crate) fn free_block(g: &Global, block: *mut u8, size: usize) {
    if !block.is_null() {
        give_back(g, block, size);
        gc::account(g, -(size as isize));
    }
}

/// `realloc` for the collector: no emergency collection, no error.
pub(crate) fn try_resize(g: &Global, block: *mut u8, osize: usize, nsize: usize) -> Option<*mut u8> {
    let p = raw(g, block, osize, nsize, 0);
    if p.is_null() {
        return None;
    }
    gc::account(g, nsize as isize - osize as isize);
    Some(p)
}
