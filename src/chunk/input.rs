//! The bytes of a chunk being loaded, in pieces as the host's reader gives them, or in one piece.
//!
//! Invariants
//! * The bytes from `at` to `end` are readable until the next call of the reader, which only `refill` makes.
//! * After the reader has ended the chunk (no piece, or an empty one) it is not called again.

use crate::boundary;
use crate::object::c_types::lua_Reader;
use crate::object::{Gc, Thread};
use crate::throw::LResult;
use crate::vm::call::foreign;
use core::ffi::c_void;

pub struct Input {
    at: *const u8,
    end: *const u8,
    reader: Option<lua_Reader>,
    data: *mut c_void,
}

impl Input {
    /// A chunk that is in memory as a whole.
    ///
    /// # Safety
    /// `bytes` stays where it is, unchanged, while the input is used.
    pub unsafe fn from_bytes(bytes: *const [u8]) -> Input {
        let at = bytes.cast::<u8>();
        Input { at, end: at.wrapping_add(bytes.len()), reader: None, data: core::ptr::null_mut() }
    }

    /// A chunk that `reader` gives.
    ///
    /// # Safety
    /// `reader` is a `lua_Reader` as the manual describes, good for `data`.
    pub unsafe fn from_reader(reader: lua_Reader, data: *mut c_void) -> Input {
        Input { at: core::ptr::null(), end: core::ptr::null(), reader: Some(reader), data }
    }

    /// The rest of the current piece.
    #[inline(always)]
    pub fn rest(&self) -> &'static [u8] {
        if self.at.is_null() {
            return &[];
        }
        // SAFETY: module invariant; callers do not use the slice after the next `refill`.
        unsafe { core::slice::from_raw_parts(self.at, self.end.offset_from(self.at) as usize) }
    }

    /// The next byte, which stays; `None` at the end of the chunk.
    #[inline(always)]
    pub fn peek(&mut self, l: Gc<Thread>) -> LResult<Option<u8>> {
        if self.at == self.end && !self.refill(l)? {
            return Ok(None);
        }
        // SAFETY: there is at least one byte before `end`.
        Ok(Some(unsafe { *self.at }))
    }

    /// Leaves `n` bytes of the current piece behind.
    #[inline(always)]
    pub fn skip(&mut self, n: usize) {
        debug_assert!(n <= self.rest().len());
        self.at = self.at.wrapping_add(n);
    }

    /// Whether no piece follows the current one, so that its end is the chunk's end.
    #[inline(always)]
    pub fn is_last(&self) -> bool {
        self.reader.is_none()
    }

    /// Gets the next piece when the current one is used up. False at the end of the chunk.
    #[cold]
    #[inline(never)]
    pub fn refill(&mut self, l: Gc<Thread>) -> LResult<bool> {
        debug_assert!(self.at == self.end);
        let Some(reader) = self.reader else { return Ok(false) };
        let mut size = 0usize;
        // SAFETY: `reader` is what `from_reader` was promised; the link is the running state's.
        let r = unsafe {
            boundary::call(
                foreign::link(l),
                reader as *const c_void,
                l.as_ptr() as usize,
                self.data as usize,
                &raw mut size as usize,
                0,
            )
        };
        if r.throw != boundary::NONE {
            return Err(foreign::landed(l, r.throw));
        }
        let piece = r.value as *const u8;
        if piece.is_null() || size == 0 {
            self.reader = None;
            return Ok(false);
        }
        self.at = piece;
        self.end = piece.wrapping_add(size);
        Ok(true)
    }

    /// Fills `to` with the next bytes. False when the chunk ends before.
    pub fn read(&mut self, l: Gc<Thread>, mut to: &mut [u8]) -> LResult<bool> {
        while !to.is_empty() {
            if self.at == self.end && !self.refill(l)? {
                return Ok(false);
            }
            let rest = self.rest();
            let n = rest.len().min(to.len());
            to[..n].copy_from_slice(&rest[..n]);
            self.skip(n);
            to = &mut to[n..];
        }
        Ok(true)
    }
}
