//! Strings under construction (manual 5, `luaL_Buffer`).
//!
//! Invariants
//! * The layout is that of C's `luaL_Buffer`: macros in the header write to its fields.
//! * `b` points to `initb`, or to the block of a userdata that lies on the stack (so a grown buffer has one slot).
//! * A buffer stays where it was initialised.
//! * Adding to a buffer runs no finalizer. So what is added, and what else the caller holds, must be reachable (for
//!   example from a table), but it need not be on the stack. Only `pushresult` may run a step of the collector.

use super::Bytes;
use crate::api::Lua;
use crate::gc;
use crate::messages as msg;
use crate::object::c_types::lua_State;
use crate::object::string::bytes_of;
use crate::object::{Value, string};
use crate::throw::LResult;
use core::ffi::c_char;
use core::mem::{MaybeUninit, offset_of};

/// A buffer as the library sees it.
#[repr(C)]
pub struct Buffer {
    pub b: *mut u8,
    pub size: usize,
    pub n: usize,
    pub l: Lua,
    pub initb: [MaybeUninit<u8>; crate::consts::LUAL_BUFFERSIZE],
}

/// A buffer as the host sees it.
#[repr(C)]
#[allow(non_camel_case_types, non_snake_case, reason = "C's names")]
pub struct luaL_Buffer {
    pub b: *mut c_char,
    pub size: usize,
    pub n: usize,
    pub L: *mut lua_State,
    pub initb: [MaybeUninit<c_char>; crate::consts::LUAL_BUFFERSIZE],
}

const _: () = assert!(
    size_of::<Buffer>() == size_of::<luaL_Buffer>()
        && offset_of!(Buffer, b) == offset_of!(luaL_Buffer, b)
        && offset_of!(Buffer, size) == offset_of!(luaL_Buffer, size)
        && offset_of!(Buffer, n) == offset_of!(luaL_Buffer, n)
        && offset_of!(Buffer, l) == offset_of!(luaL_Buffer, L)
        && offset_of!(Buffer, initb) == offset_of!(luaL_Buffer, initb)
);

impl Buffer {
    /// `luaL_buffinit` in place: `let mut slot = MaybeUninit::uninit(); let b = Buffer::init(&mut slot, l);`
    #[inline(always)]
    pub fn init(slot: &mut MaybeUninit<Buffer>, l: Lua) -> &mut Buffer {
        let p = slot.as_mut_ptr();
        // SAFETY: `p` is valid for writing; every field that needs a value gets one (`initb` needs none).
        unsafe {
            (&raw mut (*p).b).write((&raw mut (*p).initb).cast());
            (&raw mut (*p).size).write(crate::consts::LUAL_BUFFERSIZE);
            (&raw mut (*p).n).write(0);
            (&raw mut (*p).l).write(l);
            &mut *p
        }
    }
    #[inline(always)]
    fn is_boxed(&self) -> bool {
        !core::ptr::eq(self.b, self.initb.as_ptr().cast())
    }
    /// Returns room for `n` more bytes; `advance` is to be called after they were written.
    #[inline(always)]
    pub fn prep(&mut self, n: usize) -> LResult<*mut u8> {
        if self.size - self.n < n {
            self.grow(n, -1)?;
        }
        Ok(self.b.wrapping_add(self.n))
    }
    /// Moves the bytes to a larger box, which goes to stack index `box_index` (as the stack is afterwards).
    #[cold]
    #[inline(never)]
    fn grow(&mut self, n: usize, box_index: i32) -> LResult<()> {
        let l = self.l;
        let Some(needed) = self.n.checked_add(n) else {
            return Err(l.aux_error(msg::BUFFER_TOO_LARGE, &[]));
        };
        let size = self.size.saturating_mul(2).max(needed);
        let boxed = self.is_boxed();
        gc::check_quietly(*l);
        let block = l.new_block(size)?.data();
        // SAFETY: the new block is larger than the `n` bytes in use; the blocks are different.
        unsafe { core::ptr::copy_nonoverlapping(self.b, block, self.n) };
        if boxed {
            l.replace(box_index - 1);
        } else if box_index < -1 {
            l.insert(box_index);
        }
        self.b = block;
        self.size = size;
        Ok(())
    }
    #[inline(always)]
    pub fn advance(&mut self, n: usize) {
        self.n += n
    }
    #[inline(always)]
    pub fn add(&mut self, s: &[u8]) -> LResult<()> {
        let to = self.prep(s.len())?;
        // SAFETY: `prep` made room; `s` is not inside the buffer's free part.
        unsafe { core::ptr::copy_nonoverlapping(s.as_ptr(), to, s.len()) };
        self.n += s.len();
        Ok(())
    }
    /// Adds up to 16 bytes if there is room for them. Returns whether it did.
    #[inline(always)]
    pub fn quick_add(&mut self, s: &[u8]) -> bool {
        if s.len() > 16 || s.len() > self.size - self.n {
            return false;
        }
        // SAFETY: there is room; `s` is not inside the buffer's free part.
        unsafe { string::copy_few(s.as_ptr(), self.b.wrapping_add(self.n), s.len()) };
        self.n += s.len();
        true
    }
    #[inline(always)]
    pub fn addbyte(&mut self, c: u8) -> LResult<()> {
        let to = self.prep(1)?;
        // SAFETY: `prep` made room for it.
        unsafe { *to = c };
        self.n += 1;
        Ok(())
    }
    /// `luaL_addvalue`: takes a string or number from the top, which is above the box.
    pub fn addvalue(&mut self) -> LResult<()> {
        let l = self.l;
        let Some(s) = l.tolstring(-1)? else {
            super::misuse::api_check!(false, "luaL_addvalue", "L", "neither string nor number on the top");
            l.pop(1);
            return Ok(());
        };
        if self.size - self.n < s.len() {
            self.grow(s.len(), -2)?;
        }
        self.add(&s)?;
        l.pop(1);
        Ok(())
    }
    /// `luaL_pushresult`: the string replaces the box, if there is one.
    pub fn pushresult(&mut self) -> LResult<Bytes> {
        gc::check(*self.l)?;
        self.finish()
    }
    /// `pushresult` without a collector step.
    #[inline]
    pub(super) fn finish(&mut self) -> LResult<Bytes> {
        let l = self.l;
        let s = string::new_str(*l, self.bytes())?;
        if self.is_boxed() {
            l.set_top_value(Value::string(s));
        } else {
            l.api_push(Value::string(s));
        }
        Ok(bytes_of(s))
    }
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the first `n` bytes were written.
        unsafe { core::slice::from_raw_parts(self.b, self.n) }
    }
}
