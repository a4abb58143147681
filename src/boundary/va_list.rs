//! The C compiler's `va_list`, for the functions that take one or build one.

use core::ffi::c_void;

/// The structure that a `va_list` parameter points to.
///
/// On x86-64 `va_list` is an array of one structure, so a parameter of that type is a pointer to it.
#[repr(C)]
#[cfg(all(naked_stubs, target_arch = "x86_64"))]
pub struct VaList {
    gp_offset: u32,
    fp_offset: u32,
    overflow: *mut u8,
    saved: *mut u8,
}

#[cfg(all(naked_stubs, target_arch = "x86_64"))]
impl VaList {
    /// Address of the next argument of class INTEGER, one eightbyte.
    ///
    /// # Safety
    /// The caller of the variadic function passed one more argument of this class.
    #[inline]
    unsafe fn integer(&mut self) -> *const u8 {
        if self.gp_offset < 48 {
            let at = self.saved.wrapping_add(self.gp_offset as usize);
            self.gp_offset += 8;
            at
        } else {
            self.stack()
        }
    }

    /// Address of the next argument of class SSE.
    ///
    /// # Safety
    /// The caller of the variadic function passed one more argument of this class.
    #[inline]
    unsafe fn vector(&mut self) -> *const u8 {
        if self.fp_offset < 176 {
            let at = self.saved.wrapping_add(self.fp_offset as usize);
            self.fp_offset += 16;
            at
        } else {
            self.stack()
        }
    }

    #[inline]
    fn stack(&mut self) -> *const u8 {
        let at = self.overflow;
        self.overflow = at.wrapping_add(8);
        at
    }
}

/// The structure that a `va_list` parameter points to.
///
/// On 64-bit Arm `va_list` is a structure of more than 16 bytes, so a parameter of that type is a pointer to a copy.
#[repr(C)]
#[cfg(all(naked_stubs, target_arch = "aarch64"))]
pub struct VaList {
    stack: *mut u8,
    general_top: *mut u8,
    vector_top: *mut u8,
    /// The saved registers that were not read yet, as a negative distance from their top.
    general_left: i32,
    vector_left: i32,
}

#[cfg(all(naked_stubs, target_arch = "aarch64"))]
impl VaList {
    /// Address of the next argument in a general register.
    ///
    /// # Safety
    /// The caller of the variadic function passed one more argument of this class.
    #[inline]
    unsafe fn integer(&mut self) -> *const u8 {
        if self.general_left < 0 {
            let at = self.general_top.wrapping_offset(self.general_left as isize);
            self.general_left += 8;
            at
        } else {
            self.stack()
        }
    }

    /// Address of the next argument in a vector register.
    ///
    /// # Safety
    /// The caller of the variadic function passed one more argument of this class.
    #[inline]
    unsafe fn vector(&mut self) -> *const u8 {
        if self.vector_left < 0 {
            let at = self.vector_top.wrapping_offset(self.vector_left as isize);
            self.vector_left += 16;
            at
        } else {
            self.stack()
        }
    }

    #[inline]
    fn stack(&mut self) -> *const u8 {
        let at = self.stack;
        self.stack = at.wrapping_add(8);
        at
    }
}

/// Stands for a structure that only `portable.c` knows.
#[repr(C)]
#[cfg(not(naked_stubs))]
pub struct VaList {
    _in_c: [u8; 0],
}

#[cfg(not(naked_stubs))]
unsafe extern "C" {
    fn lua52_portable_int(list: *mut VaList) -> i32;
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "for hosts of the boundary alone"))]
    fn lua52_portable_size(list: *mut VaList) -> usize;
    fn lua52_portable_pointer(list: *mut VaList) -> *mut c_void;
    fn lua52_portable_double(list: *mut VaList) -> f64;
}

impl VaList {
    /// The next argument, an `int`.
    ///
    /// # Safety
    /// The caller passed one more argument, of this type. The same holds for the others.
    #[inline]
    pub unsafe fn next_i32(&mut self) -> i32 {
        #[cfg(naked_stubs)]
        // SAFETY: the promise of the caller.
        return unsafe { self.integer().cast::<i32>().read() };
        #[cfg(not(naked_stubs))]
        // SAFETY: the promise of the caller.
        return unsafe { lua52_portable_int(self) };
    }

    /// The next argument, a `size_t`.
    ///
    /// # Safety
    /// See [`VaList::next_i32`].
    #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "for hosts of the boundary alone"))]
    #[inline]
    pub unsafe fn next_usize(&mut self) -> usize {
        #[cfg(naked_stubs)]
        // SAFETY: the promise of the caller.
        return unsafe { self.integer().cast::<usize>().read() };
        #[cfg(not(naked_stubs))]
        // SAFETY: the promise of the caller.
        return unsafe { lua52_portable_size(self) };
    }

    /// The next argument, a pointer.
    ///
    /// # Safety
    /// See [`VaList::next_i32`].
    #[inline]
    pub unsafe fn next_ptr(&mut self) -> *mut c_void {
        #[cfg(naked_stubs)]
        // SAFETY: the promise of the caller.
        return unsafe { self.integer().cast::<*mut c_void>().read() };
        #[cfg(not(naked_stubs))]
        // SAFETY: the promise of the caller.
        return unsafe { lua52_portable_pointer(self) };
    }

    /// The next argument, a `double`.
    ///
    /// # Safety
    /// See [`VaList::next_i32`].
    #[inline]
    pub unsafe fn next_f64(&mut self) -> f64 {
        #[cfg(naked_stubs)]
        // SAFETY: the promise of the caller.
        return unsafe { self.vector().cast::<f64>().read() };
        #[cfg(not(naked_stubs))]
        // SAFETY: the promise of the caller.
        return unsafe { lua52_portable_double(self) };
    }
}
