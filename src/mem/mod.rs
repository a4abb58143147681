//! The only caller of the state's `lua_Alloc`.
//!
//! Contract with the host's allocator: a new object is asked for with `ptr == NULL` and `osize` = its `LUA_T*` type
//! tag (0 for blocks that are not objects), every later call carries the block's exact size, shrinking is assumed
//! not to fail, and NULL for a growth leads to an emergency collection, one more try, and `LUA_ERRMEM`.
//!
//! Every byte is accounted in `GcState`. Only `realloc` and `alloc_object` may start an emergency collection: callers
//! keep what they hold reachable.

use crate::consts::*;
use crate::gc;
use crate::object::{Header, Kind, Lua};
use crate::throw::{LResult, Throw};
use core::cell::Cell;
use core::ffi::c_void;

mod array;
pub use array::{Array, ByteBuf};

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

#[inline(always)]
fn raw(l: Lua, block: *mut u8, osize: usize, nsize: usize) -> *mut u8 {
    let g = l.global();
    // SAFETY: the host's allocator gets its own `ud` and the exact description of one of its blocks.
    unsafe { (g.frealloc.get())(g.ud.get(), block.cast(), osize, nsize).cast() }
}

fn allocate(l: Lua, block: *mut u8, osize: usize, nsize: usize) -> LResult<*mut u8> {
    let mut p = raw(l, block, osize, nsize);
    if p.is_null() {
        if nsize > isize::MAX as usize || !gc::emergency(l) {
            return Err(Throw::MEMORY);
        }
        p = raw(l, block, osize, nsize);
        if p.is_null() {
            return Err(Throw::MEMORY);
        }
    }
    Ok(p)
}

/// Memory for a new object; the caller writes the header and links it before anything else allocates.
#[inline(always)]
pub fn alloc_object(l: Lua, kind: Kind, size: usize) -> LResult<*mut Header> {
    let p = allocate(l, core::ptr::null_mut(), type_tag(kind), size)?;
    gc::account(l.global(), size as isize);
    Ok(p.cast())
}

/// Resizes, makes (`block` null, `osize` 0) or frees (`nsize` 0) a block that is not an object.
#[inline]
pub fn realloc(l: Lua, block: *mut u8, osize: usize, nsize: usize) -> LResult<*mut u8> {
    if nsize == 0 {
        free(l, block, osize);
        return Ok(core::ptr::null_mut());
    }
    let p = allocate(l, block, osize, nsize)?;
    gc::account(l.global(), nsize as isize - osize as isize);
    Ok(p)
}

#[inline]
pub fn free(l: Lua, block: *mut u8, size: usize) {
    if !block.is_null() {
        raw(l, block, size, 0);
        gc::account(l.global(), -(size as isize));
    }
}

/// Keeps `Cell` imports honest for the submodule.
pub(crate) type PtrCell<T> = Cell<*mut T>;
