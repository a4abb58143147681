//! Growable arrays and byte buffers over the state's allocator.
//!
//! Neither frees itself: the owner (a prototype, the compiler's state, the global state) calls `free` with the
//! state at hand. A failing operation leaves the array as it was.

use super::{OutOfMemory, Owner, free, realloc};
use core::cell::Cell;

/// Why an array did not take one more element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushError {
    Memory,
    /// It has as many elements as it may.
    Limit,
}

/// A block of `len` elements that are all initialised. Growth is explicit (`push` keeps the count elsewhere).
pub struct Array<T: Copy> {
    ptr: Cell<*mut T>,
    len: Cell<u32>,
}

impl<T: Copy> Array<T> {
    /// Where in it the pointer to the first element is.
    #[cfg(native_code)]
    pub const POINTER: usize = core::mem::offset_of!(Array<T>, ptr);

    pub const fn empty() -> Array<T> {
        Array { ptr: Cell::new(core::ptr::null_mut()), len: Cell::new(0) }
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len.get() as usize
    }
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len.get() == 0
    }
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut T {
        self.ptr.get()
    }
    #[inline(always)]
    pub fn cells(&self) -> &[Cell<T>] {
        if self.is_empty() {
            return &[];
        }
        // SAFETY: `len` initialised elements start at `ptr`; `Cell<T>` has the layout of `T`.
        unsafe { core::slice::from_raw_parts(self.ptr.get().cast(), self.len()) }
    }
    #[inline(always)]
    pub fn get(&self, i: usize) -> T {
        self.cells()[i].get()
    }
    #[inline(always)]
    pub fn set(&self, i: usize, v: T) {
        self.cells()[i].set(v)
    }
    /// Changes the length; new elements are `fill`.
    pub fn resize<O: Owner>(&self, l: O, len: usize, fill: T) -> Result<(), OutOfMemory> {
        if len > u32::MAX as usize {
            return Err(OutOfMemory);
        }
        let p = resize_block(
            l,
            self.ptr.get().cast(),
            self.len(),
            len,
            size_of::<T>(),
            (&raw const fill).cast(),
        )?;
        self.ptr.set(p.cast());
        self.len.set(len as u32);
        Ok(())
    }
    /// Stores `v` at index `used`, growing the block (doubling) when it is full. `limit` elements at most.
    pub fn push<O: Owner>(&self, l: O, used: usize, v: T, limit: usize) -> Result<(), PushError> {
        if used >= self.len() {
            if used >= limit {
                return Err(PushError::Limit);
            }
            self.resize(l, (used * 2).clamp(4, limit.max(4)), v).map_err(|OutOfMemory| PushError::Memory)?;
        }
        self.set(used, v);
        Ok(())
    }
    pub fn free<O: Owner>(&self, l: O) {
        free(l, self.ptr.get().cast(), self.len() * size_of::<T>());
        self.ptr.set(core::ptr::null_mut());
        self.len.set(0);
    }
}

/// Resizes a block of `old` elements of `size` bytes to `len`; new ones are copies of the one at `fill`. One function
/// for elements of all types.
#[inline(never)]
fn resize_block<O: Owner>(
    l: O,
    block: *mut u8,
    old: usize,
    len: usize,
    size: usize,
    fill: *const u8,
) -> Result<*mut u8, OutOfMemory> {
    let p = realloc(l, block, old * size, len * size)?;
    if len > old {
        let first = p.wrapping_add(old * size);
        let bytes = (len - old) * size;
        let mut done = size;
        // SAFETY: the block has room for `len` elements. What is copied lies before where it goes to.
        unsafe {
            core::ptr::copy_nonoverlapping(fill, first, size);
            while done < bytes {
                let n = done.min(bytes - done);
                core::ptr::copy_nonoverlapping(first, first.add(done), n);
                done += n;
            }
        }
    }
    Ok(p)
}

/// A growable byte string. Its content moves when it grows.
pub struct ByteBuf {
    ptr: Cell<*mut u8>,
    len: Cell<usize>,
    cap: Cell<usize>,
}

impl ByteBuf {
    pub const fn empty() -> ByteBuf {
        ByteBuf { ptr: Cell::new(core::ptr::null_mut()), len: Cell::new(0), cap: Cell::new(0) }
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len.get()
    }
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len.get() == 0
    }
    #[inline(always)]
    pub fn clear(&self) {
        self.len.set(0)
    }
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        if self.is_empty() {
            return &[];
        }
        // SAFETY: `len` initialised bytes start at `ptr`.
        unsafe { core::slice::from_raw_parts(self.ptr.get(), self.len()) }
    }
    /// Makes room for `n` more bytes and returns where they go (`advance` after writing them).
    #[inline]
    pub fn reserve<O: Owner>(&self, l: O, n: usize) -> Result<*mut u8, OutOfMemory> {
        if self.cap.get() - self.len.get() < n {
            let need = self.len.get().checked_add(n).ok_or(OutOfMemory)?;
            let cap = need.max(self.cap.get().saturating_mul(2)).max(64);
            self.ptr.set(realloc(l, self.ptr.get(), self.cap.get(), cap)?);
            self.cap.set(cap);
        }
        Ok(self.ptr.get().wrapping_add(self.len.get()))
    }
    #[inline(always)]
    pub fn advance(&self, n: usize) {
        debug_assert!(self.len.get() + n <= self.cap.get());
        self.len.set(self.len.get() + n)
    }
    #[inline]
    pub fn push<O: Owner>(&self, l: O, b: u8) -> Result<(), OutOfMemory> {
        let p = self.reserve(l, 1)?;
        // SAFETY: `reserve` made room for one byte.
        unsafe { *p = b };
        self.advance(1);
        Ok(())
    }
    #[inline]
    pub fn extend<O: Owner>(&self, l: O, bytes: &[u8]) -> Result<(), OutOfMemory> {
        let p = self.reserve(l, bytes.len())?;
        // SAFETY: `reserve` made room; `bytes` is not inside this buffer.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), p, bytes.len()) };
        self.advance(bytes.len());
        Ok(())
    }
    pub fn capacity(&self) -> usize {
        self.cap.get()
    }
    pub fn free<O: Owner>(&self, l: O) {
        free(l, self.ptr.get(), self.cap.get());
        self.ptr.set(core::ptr::null_mut());
        self.len.set(0);
        self.cap.set(0);
    }
}
