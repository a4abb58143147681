//! The functions of the unwinder, the C++ runtime and the address sanitizer that the process has because something in
//! it was linked with them. This file is for targets whose boundary is in assembly.

use super::arch::linked;
use super::unwind::FUNCTIONS;

/// The functions in [`FUNCTIONS`], 0 for those that are not there.
pub(super) fn linked_unwinder() -> [usize; FUNCTIONS.len()] {
    [
        linked!("_Unwind_RaiseException"),
        linked!("_Unwind_Resume"),
        linked!("_Unwind_GetCFA"),
        linked!("_Unwind_SetGR"),
        linked!("_Unwind_SetIP"),
    ]
}

pub(super) fn linked_cxx() -> [usize; 2] {
    [linked!("__cxa_begin_catch"), linked!("__cxa_end_catch")]
}

pub(super) fn linked_cxx_globals() -> usize {
    linked!("__cxa_get_globals")
}

/// Tells the address sanitizer, if there is one, that frames are left without returning.
#[inline(always)]
pub(super) fn no_return() {
    let function = linked!("__asan_handle_no_return");
    if function != 0 {
        // SAFETY: the sanitizer's function has this type.
        let function: unsafe extern "C" fn() = unsafe { core::mem::transmute(function) };
        // SAFETY: it takes nothing, and only marks as usable what this thread has above its stack pointer.
        unsafe { function() }
    }
}
