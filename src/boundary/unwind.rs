//! The system unwinder: our own exceptions, the pad's personality routine, and what passes through a pad from
//! elsewhere.
//!
//! The unwinder is looked up when it is first needed, so a host in plain C never loads it.

use super::arch;
use super::raise::{Own, Pad};
use super::{FOREIGN, FOREIGN_CAUGHT, UnwindException};
use crate::sys;
use core::ffi::{CStr, c_int, c_void};
use core::mem::transmute;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Whether this is the library for C++ hosts.
pub(super) const CXX_FLAVOUR: bool = cfg!(feature = "cxx");

/// Class of our exceptions: vendor and language, four bytes each.
pub(super) const OWN_CLASS: u64 = u64::from_be_bytes(*b"LUA\0RS52");
/// Class of the panics of Rust hosts. They must not be destroyed by anyone else. (Rust has written it both ways.)
const RUST_CLASS: u64 = u64::from_be_bytes(*b"MOZ\0RUST");
const RUST_CLASS_SWAPPED: u64 = RUST_CLASS.swap_bytes();
/// Classes of C++ exceptions, but for the last byte.
const GNU_CXX: u64 = u64::from_be_bytes(*b"GNUCC++\0");
const CLANG_CXX: u64 = u64::from_be_bytes(*b"CLNGC++\0");

const SEARCH_PHASE: c_int = 1;
const HANDLER_FRAME: c_int = 4;

const FOREIGN_EXCEPTION_CAUGHT: c_int = 1;
const HANDLER_FOUND: c_int = 6;
#[cfg(naked_stubs)]
const INSTALL_CONTEXT: c_int = 7;
const CONTINUE_UNWIND: c_int = 8;

pub(super) type Context = c_void;

/// The functions of the unwinder that are used. `portable.c` has the second list, too.
#[cfg(naked_stubs)]
pub(super) const FUNCTIONS: [&CStr; 5] =
    [c"_Unwind_RaiseException", c"_Unwind_Resume", c"_Unwind_GetCFA", c"_Unwind_SetGR", c"_Unwind_SetIP"];
#[cfg(not(naked_stubs))]
pub(super) const FUNCTIONS: [&CStr; 7] = [
    c"_Unwind_RaiseException",
    c"_Unwind_Resume",
    c"_Unwind_GetCFA",
    c"_Unwind_Backtrace",
    c"_Unwind_GetIPInfo",
    c"_Unwind_GetRegionStart",
    c"_Unwind_GetLanguageSpecificData",
];

// Their places there; `trace.rs` knows those that only it uses.
const RAISE_EXCEPTION: usize = 0;
const RESUME: usize = 1;
pub(super) const GET_CFA: usize = 2;
#[cfg(naked_stubs)]
const SET_GR: usize = 3;
#[cfg(naked_stubs)]
const SET_IP: usize = 4;

/// Their addresses.
pub(super) struct Unwinder([AtomicUsize; FUNCTIONS.len()]);

static UNWINDER: Unwinder = Unwinder([const { AtomicUsize::new(0) }; FUNCTIONS.len()]);

impl Unwinder {
    /// Finds the functions; `None` if the process has no unwinder and none can be loaded.
    pub(super) fn get() -> Option<&'static Unwinder> {
        // The last one written; the others are seen with it.
        if UNWINDER.0[FUNCTIONS.len() - 1].load(Ordering::Acquire) == 0 {
            UNWINDER.look_up()?;
        }
        Some(&UNWINDER)
    }

    /// Whether it was found before.
    #[cfg(not(naked_stubs))]
    pub(super) fn is_known() -> bool {
        UNWINDER.function(FUNCTIONS.len() - 1) != 0
    }

    /// Threads that race here find the same addresses.
    #[cold]
    fn look_up(&self) -> Option<()> {
        let linked = arch::linked_unwinder();
        let found = if linked.iter().all(|&f| f != 0) {
            linked
        } else {
            // It stays loaded, frames of others may need it from now on.
            let handle = sys::open_library(sys::UNWINDER_LIBRARY, false);
            if handle.is_null() {
                return None;
            }
            // SAFETY: a valid handle and name.
            let found = FUNCTIONS.map(|name| unsafe { sys::symbol(handle, name) } as usize);
            if found.contains(&0) {
                return None;
            }
            found
        };
        #[cfg(not(naked_stubs))]
        if !arch::accept(&found) {
            return None;
        }
        for (place, address) in self.0.iter().zip(found) {
            place.store(address, Ordering::Release);
        }
        Some(())
    }

    #[inline(always)]
    pub(super) fn function(&self, place: usize) -> usize {
        self.0[place].load(Ordering::Relaxed)
    }

    /// The pad whose frame the unwinder is at.
    ///
    /// # Safety
    /// The unwinder called the personality routine of a pad with this context.
    unsafe fn pad(&self, context: *mut Context) -> *mut Pad {
        // SAFETY: the address of the function of this type; the context comes from the unwinder.
        unsafe {
            let get: unsafe extern "C" fn(*mut Context) -> usize = transmute(self.function(GET_CFA));
            get(context).wrapping_add(pad_offset()) as *mut Pad
        }
    }

    /// Makes the unwinder go on at the pad's landing with `throw`, or where it also discards `exception`, the two
    /// values being in the registers that the ABI reserves for this.
    ///
    /// # Safety
    /// The unwinder called the personality routine of `pad` with this context, in its second phase.
    #[cfg(naked_stubs)]
    unsafe fn land(
        &self,
        context: *mut Context,
        _pad: *mut Pad,
        exception: *mut UnwindException,
        throw: u64,
    ) -> c_int {
        let target = if exception.is_null() { arch::landing_address() } else { arch::caught_address() };
        // SAFETY: the unwinder calls the personality routine with this context, in which these registers may be set.
        unsafe {
            let set_gr: unsafe extern "C" fn(*mut Context, c_int, usize) = transmute(self.function(SET_GR));
            let set_ip: unsafe extern "C" fn(*mut Context, usize) = transmute(self.function(SET_IP));
            set_gr(context, arch::DATA_REGISTERS[0], exception as usize);
            set_gr(context, arch::DATA_REGISTERS[1], throw as usize);
            set_ip(context, target);
        }
        INSTALL_CONTEXT
    }

    /// Leaves the unwinder for the pad, with an exception to discard or null.
    ///
    /// # Safety
    /// The unwinder called the personality routine of `pad` with this context, in its second phase.
    #[cfg(not(naked_stubs))]
    unsafe fn land(
        &self,
        _context: *mut Context,
        pad: *mut Pad,
        exception: *mut UnwindException,
        throw: u64,
    ) -> c_int {
        // SAFETY: the caller's promise.
        unsafe { arch::land(pad, exception, throw) }
    }
}

/// From the stack pointer of a pad's frame to its [`Pad`].
#[cfg(naked_stubs)]
fn pad_offset() -> usize {
    0
}
#[cfg(not(naked_stubs))]
use super::frames::pad_offset;

/// Address of `_Unwind_RaiseException`, if there is one.
pub(super) fn raise_function() -> Option<usize> {
    Unwinder::get().map(|u| u.function(RAISE_EXCEPTION))
}

/// Address of `_Unwind_Resume`.
pub(super) fn resume_function() -> Option<usize> {
    Unwinder::get().map(|u| u.function(RESUME))
}

/// The exception in which a raise to `pad` travels: the pad's own, or another one while that is in flight (a destructor
/// that it runs raises in turn). `None`: out of memory.
///
/// # Safety
/// `pad` is the innermost pad.
pub(super) unsafe fn new_exception(pad: *mut Pad, throw: u64) -> Option<*mut Own> {
    // SAFETY: the innermost pad and its link are alive, and so are the exceptions in its list; a new
    // block is large enough. The count of exceptions is this thread's own.
    unsafe {
        let link = (*pad).link;
        let mut own = &raw mut (*pad).own;
        if !(*own).target.is_null() {
            own = sys::malloc(size_of::<Own>()).cast();
            if own.is_null() {
                return None;
            }
            (*own).next = (*pad).own.next;
            (*pad).own.next = own;
        }
        (*own).head = UnwindException { class: OWN_CLASS, cleanup: dropped as *mut c_void, private: [0; 2] };
        (*own).target = pad;
        (*own).throw = throw as u32;
        (*own).uncaught = cxx_uncaught().map_or(0, |count| *count);
        (*own).value = (*link).value;
        (*link).in_flight += 1;
        Some(own)
    }
}

/// Forgets the exceptions that are in flight to a pad which control is about to leave.
///
/// # Safety
/// `pad` is an active pad.
#[cold]
pub(super) unsafe fn abandon(pad: *mut Pad) {
    // SAFETY: an active pad and its link are alive; its list holds blocks that `new_exception` allocated and nobody
    // freed.
    unsafe {
        let link = (*pad).link;
        if !(*pad).own.target.is_null() {
            (*pad).own.target = null_mut();
            (*link).in_flight -= 1;
        }
        let mut own = (*pad).own.next;
        (*pad).own.next = null_mut();
        while !own.is_null() {
            let next = (*own).next;
            sys::free(own.cast());
            (*link).in_flight -= 1;
            own = next;
        }
    }
}

/// Called when a foreign handler has caught one of our exceptions and is done with it.
unsafe extern "C" fn dropped(_reason: c_int, own: *mut Own) {
    // SAFETY: the exception is ours. Its pad is further out than the handler, so it is alive, and so is all of its
    // list.
    unsafe {
        let pad = (*own).target;
        (*own).target = null_mut();
        (*(*pad).link).in_flight -= 1;
        let mut at = &raw mut (*pad).own.next;
        while !(*at).is_null() {
            if *at == own {
                *at = (*own).next;
                sys::free(own.cast());
                return;
            }
            at = &raw mut (**at).next;
        }
    }
}

/// The pad's personality routine: stops our own exceptions at the pad they are meant for, and takes part in the
/// passing of all others as a cleanup.
///
/// # Safety
/// The unwinder calls this for a frame of a pad.
#[cfg_attr(not(naked_stubs), unsafe(export_name = "lua52_portable_personality"))]
pub(super) unsafe extern "C" fn personality(
    _version: c_int,
    actions: c_int,
    class: u64,
    exception: *mut UnwindException,
    context: *mut Context,
) -> c_int {
    let Some(unwinder) = Unwinder::get() else { return CONTINUE_UNWIND };
    // SAFETY: the unwinder asks about a frame of `call`, and `link` stays valid while the state's frames are on the
    // stack.
    unsafe {
        let pad = unwinder.pad(context);
        let own = exception.cast::<Own>();
        let ours = class == OWN_CLASS && (*own).target == pad;
        if actions & SEARCH_PHASE != 0 {
            return if ours || catches(class, pad) { HANDLER_FOUND } else { CONTINUE_UNWIND };
        }
        let mut caught = null_mut();
        let throw = if ours {
            let throw = (*own).throw as u64;
            (*(*pad).link).value = (*own).value;
            if let Some(count) = cxx_uncaught() {
                *count = (*own).uncaught;
            }
            throw
        } else if actions & HANDLER_FRAME != 0 {
            caught = exception;
            FOREIGN_CAUGHT
        } else {
            (*(*pad).link).foreign = exception;
            FOREIGN
        };
        abandon(pad);
        unwinder.land(context, pad, caught, throw)
    }
}

/// Whether a protected call between `pad` and the stub through which this stretch of the library was entered stops a
/// foreign exception of this class.
///
/// # Safety
/// `pad` is an active pad.
unsafe fn catches(class: u64, pad: *mut Pad) -> bool {
    if !CXX_FLAVOUR || matches!(class, OWN_CLASS | RUST_CLASS | RUST_CLASS_SWAPPED) {
        return false;
    }
    // SAFETY: an active pad is alive, and so are the pads further out.
    unsafe {
        let outside = (*pad).previous;
        let before = if outside.is_null() { 0 } else { (*outside).protected };
        (*pad).protected > before
    }
}

/// The C++ runtime's count of exceptions in flight on this thread. `throw;` in a `catch (...)` counts our exceptions
/// too, and it would be ours to count them down again.
fn cxx_uncaught() -> Option<*mut u32> {
    #[repr(C)]
    struct Globals {
        caught: *mut c_void,
        uncaught: u32,
    }
    let get = if CXX_FLAVOUR { arch::linked_cxx_globals() } else { 0 };
    if get == 0 {
        return None;
    }
    // SAFETY: the function and the structure are laid down by the C++ ABI.
    unsafe {
        let get: unsafe extern "C" fn() -> *mut Globals = transmute(get);
        Some(&raw mut (*get()).uncaught)
    }
}

/// Destroys a foreign exception that a pad caught. Runs on the pad's frame, after the unwinding.
pub(super) unsafe extern "C" fn discard(exception: *mut UnwindException) {
    // SAFETY: the exception was caught and is ours to destroy; the addresses are of functions of these types.
    unsafe {
        let class = (*exception).class & !0xff;
        if class == GNU_CXX || class == CLANG_CXX {
            // The runtime counts exceptions in flight, so it must be told. Its copy is in the process already.
            let begin = cxx_function(0, c"__cxa_begin_catch");
            let end = cxx_function(1, c"__cxa_end_catch");
            if begin != 0 && end != 0 {
                let begin: unsafe extern "C" fn(*mut UnwindException) -> *mut c_void = transmute(begin);
                let end: unsafe extern "C" fn() = transmute(end);
                begin(exception);
                end();
                return;
            }
        }
        if !(*exception).cleanup.is_null() {
            let cleanup: unsafe extern "C" fn(c_int, *mut UnwindException) = transmute((*exception).cleanup);
            cleanup(FOREIGN_EXCEPTION_CAUGHT, exception);
        }
    }
}

fn cxx_function(which: usize, name: &CStr) -> usize {
    let linked = arch::linked_cxx()[which];
    if linked != 0 {
        return linked;
    }
    // A module may have brought the C++ library with it, invisible to us. The function stays: whoever threw holds the
    // library, too.
    function_of_loaded(&sys::CXX_LIBRARIES, name)
}

/// The address of a function in the first of these libraries that is loaded and has it, or 0. (A process can have
/// several: libc++abi beside libstdc++, and a library of that name need not have the function.)
fn function_of_loaded(libraries: &[&CStr], name: &CStr) -> usize {
    for library in libraries {
        let handle = sys::find_library(library);
        if handle.is_null() {
            continue;
        }
        // SAFETY: the handle is valid, and is given back once.
        let at = unsafe {
            let at = sys::symbol(handle, name) as usize;
            sys::close_library(handle);
            at
        };
        if at != 0 {
            return at;
        }
    }
    0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::function_of_loaded;

    #[test]
    fn all_loaded_libraries_are_asked() {
        // The C library has no unwinder, and a test is linked with both.
        let with = function_of_loaded(&[c"libgcc_s.so.1"], c"_Unwind_GetCFA");
        assert_ne!(with, 0);
        assert_eq!(function_of_loaded(&[c"libc.so.6"], c"_Unwind_GetCFA"), 0);
        assert_eq!(
            function_of_loaded(&[c"no-such.so", c"libc.so.6", c"libgcc_s.so.1"], c"_Unwind_GetCFA"),
            with
        );
        assert_eq!(function_of_loaded(&[c"libc.so.6", c"libgcc_s.so.1"], c"no such function"), 0);
    }
}
