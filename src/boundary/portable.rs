//! Stubs, pad and raise without assembly, for targets that have none of their own.
//!
//! The pad is a C function that remembers itself by `setjmp` (`portable.c`); a raise returns to it by `longjmp`, from
//! the stub or from the pad's personality routine. Everything else is as in the assembly versions: the same three ways
//! of a raise, the same passing of foreign exceptions. What is not: a stub is an ordinary function, so a raise leaves
//! the stub's frame too, which like all of ours has nothing to run; the frames on the way are looked at by the system
//! unwinder each time (`trace.rs`) rather than by remembered rules; and functions with variable arguments are in C.
//!
//! `longjmp` over the Rust frames of stub and raise is sound: they have no destructors and are done.

use super::frames::Frame;
use super::raise::{Pad, plan};
use super::stub::Returned;
use super::unwind::{self, FUNCTIONS};
use super::{FOREIGN_CAUGHT, Link, Ret, UnwindException};
use core::ffi::{c_int, c_void};
use core::hint::black_box;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

unsafe extern "C" {
    /// Calls `f(a0, a1, a2, a3)` as foreign code that may raise, with a frame of its own as the innermost pad of
    /// `link`.
    ///
    /// Returns the integer that `f` returns (only as many bits as its C type has are meaningful) or what was thrown.
    ///
    /// # Safety
    /// `link` is valid and used by this thread only; `f` is a C function that takes at most these arguments.
    #[link_name = "lua52_portable_call"]
    pub fn call(link: *mut Link, f: *const c_void, a0: usize, a1: usize, a2: usize, a3: usize) -> Ret;
    #[link_name = "lua52_portable_jump"]
    fn jump(pad: *mut Pad) -> !;
    #[link_name = "lua52_portable_linked"]
    static LINKED: [usize; 11];
    #[link_name = "lua52_portable_unwinds"]
    static UNWINDS: c_int;
}

/// Raises `throw` to the innermost pad of `link`.
///
/// # Safety
/// `link` and `throw` are what a core returned to its stub, whose caller is foreign.
#[doc(hidden)]
#[cold]
#[inline(never)]
#[unsafe(export_name = "lua52_portable_raise")]
pub unsafe extern "C-unwind" fn raise(link: *mut Link, throw: u64) -> ! {
    // Its address is in the last frame that is not looked at.
    let mut here = 0u8;
    // SAFETY: the link is valid, and so is its innermost pad (invariant 1 of the boundary).
    unsafe {
        plan(link, throw, Frame::above(black_box(&raw mut here))).start();
        // There was nothing to unwind, or nobody took the exception.
        let pad = (*link).pad.cast::<Pad>();
        unwind::abandon(pad);
        (*pad).jumped = throw as u32;
        jump(pad)
    }
}

/// Ends the unwinding at `pad`, from its personality routine: goes on there with `throw`, and with an `exception` to
/// discard if there is one.
///
/// # Safety
/// `pad` is active, and the frames above it are being unwound to it. `exception` is null or a foreign exception that
/// nobody else destroys.
pub(super) unsafe fn land(pad: *mut Pad, exception: *mut UnwindException, throw: u64) -> ! {
    no_return();
    // SAFETY: the pad is active. Foreign exceptions that are passed on are in the link already.
    unsafe {
        if !exception.is_null() {
            (*(*pad).link).foreign = exception;
        }
        (*pad).jumped = throw as u32;
        jump(pad)
    }
}

/// Called on a pad that a throw arrived at, with an exception in its link.
#[unsafe(export_name = "lua52_portable_discard")]
unsafe extern "C" fn discard(link: *mut Link) {
    // SAFETY: the pad's link; `land` has written both.
    unsafe {
        if (*(*link).pad.cast::<Pad>()).jumped as u64 == FOREIGN_CAUGHT {
            let exception = (*link).foreign;
            (*link).foreign = null_mut();
            unwind::discard(exception);
        }
    }
}

pub(super) fn linked_unwinder() -> [usize; FUNCTIONS.len()] {
    // SAFETY: a constant of `portable.c`.
    core::array::from_fn(|i| unsafe { LINKED[i] })
}

pub(super) fn linked_cxx() -> [usize; 2] {
    // SAFETY: a constant of `portable.c`.
    unsafe { [LINKED[7], LINKED[8]] }
}

pub(super) fn linked_cxx_globals() -> usize {
    // SAFETY: a constant of `portable.c`.
    unsafe { LINKED[9] }
}

/// Tells the address sanitizer, if there is one, that frames are left without returning.
pub(super) fn no_return() {
    // SAFETY: a constant of `portable.c`; the sanitizer's function has this type and may be called at any time.
    unsafe {
        let function = LINKED[10];
        if function != 0 {
            let function: unsafe extern "C" fn() = core::mem::transmute(function);
            function();
        }
    }
}

/// Whether the unwinder just found can be used.
pub(super) fn accept(found: &[usize; FUNCTIONS.len()]) -> bool {
    // SAFETY: a constant of `portable.c`; the addresses are those of the functions named above.
    unsafe { UNWINDS != 0 && super::frames::measure_pad(found) }
}

/// The end of a stub: gives the core's value back, or raises what it threw.
///
/// # Safety
/// As for [`raise`].
#[doc(hidden)]
#[inline(always)]
pub unsafe fn finish<T: Returned>(got: Ret) -> T {
    if got.throw != super::NONE {
        // SAFETY: the caller's promise; a core that throws returns the link (invariant 2 of the boundary).
        unsafe { raise(got.value as *mut Link, got.throw) }
    }
    T::returned(got.value)
}

/// The whole body of an exported function that may raise.
///
/// `raising!(core, (L, n))` calls `core`, which returns [`Ret`], and returns its value.
#[macro_export]
#[doc(hidden)]
macro_rules! raising {
    ($core:path, ($($argument:expr),* $(,)?)) => {
        // SAFETY: who calls the stub promises what the core wants.
        unsafe { $crate::boundary::finish($core($($argument),*)) }
    };
}

/// As [`raising!`], for functions that return a `lua_Number`.
#[macro_export]
#[doc(hidden)]
macro_rules! raising_number {
    ($($call:tt)*) => { $crate::raising!($($call)*) };
}

/// A C function of the library's own, see [`builtin_thunks!`].
#[doc(hidden)]
pub type Thunk = unsafe extern "C-unwind" fn(*mut c_void) -> c_int;

/// The first `N` functions of a table.
#[doc(hidden)]
pub struct Thunks<const N: usize> {
    table: [Thunk; 256],
    /// The least and the greatest address, once they are known. Most functions that are asked about are outside.
    first: AtomicUsize,
    last: AtomicUsize,
}

impl<const N: usize> Thunks<N> {
    pub const fn new(table: [Thunk; 256]) -> Self {
        Thunks { table, first: AtomicUsize::new(0), last: AtomicUsize::new(0) }
    }

    pub fn address(&self, i: usize) -> usize {
        self.table[..N][i] as usize
    }

    pub fn index(&self, address: usize) -> Option<usize> {
        let addresses = || self.table[..N].iter().map(|&f| f as usize);
        // Threads that race here find the same.
        let mut last = self.last.load(Ordering::Acquire);
        if last == 0 {
            last = addresses().max().unwrap_or(0);
            self.first.store(addresses().min().unwrap_or(0), Ordering::Relaxed);
            self.last.store(last, Ordering::Release);
        }
        if address > last || address < self.first.load(Ordering::Relaxed) {
            return None;
        }
        addresses().position(|thunk| thunk == address)
    }
}

/// Defines `THUNKS: usize`, `thunk_address(i) -> *const c_void` and `thunk_index(ptr) -> Option<usize>` for `$count`
/// C functions (`int (lua_State *)`), of which the i-th calls `$entry(L, i) -> Ret` and raises what that throws.
///
/// They give C a real `lua_CFunction` for each function of our own library, and give us the function back.
#[macro_export]
#[doc(hidden)]
macro_rules! builtin_thunks {
    ($entry:path, $count:literal) => {
        /// Number of thunks.
        pub const THUNKS: usize = $count;

        unsafe extern "C-unwind" fn thunk<const I: usize>(l: *mut ::core::ffi::c_void) -> ::core::ffi::c_int {
            type Entry = unsafe extern "C" fn(*mut ::core::ffi::c_void, usize) -> $crate::boundary::Ret;
            // SAFETY: the entry takes the pointer that C passes, and a number; who calls the stub promises the rest.
            unsafe {
                let entry = ::core::mem::transmute::<*const (), Entry>($entry as *const ());
                $crate::boundary::finish(entry(l, I))
            }
        }

        static THUNK_TABLE: $crate::boundary::Thunks<THUNKS> =
            $crate::boundary::Thunks::new($crate::numbered!(thunk));

        /// Address of the `i`-th thunk, a `lua_CFunction`.
        pub fn thunk_address(i: usize) -> *const ::core::ffi::c_void {
            THUNK_TABLE.address(i) as *const ::core::ffi::c_void
        }

        /// The number of the thunk that `f` is, if it is one.
        pub fn thunk_index(f: *const ::core::ffi::c_void) -> Option<usize> {
            THUNK_TABLE.index(f as usize)
        }
    };
}

/// `[thunk::<0>, ... thunk::<255>]`
#[macro_export]
#[doc(hidden)]
macro_rules! numbered {
    ($thunk:ident) => {
        $crate::numbered!($thunk, 0 16 32 48 64 80 96 112 128 144 160 176 192 208 224 240)
    };
    ($thunk:ident, $($row:literal)*) => {
        $crate::numbered!(@all $thunk, $([
            $row + 0, $row + 1, $row + 2, $row + 3, $row + 4, $row + 5, $row + 6, $row + 7,
            $row + 8, $row + 9, $row + 10, $row + 11, $row + 12, $row + 13, $row + 14, $row + 15
        ])*)
    };
    (@all $thunk:ident, $([$($i:expr),*])*) => { [$($($thunk::<{ $i }>),*),*] };
}
