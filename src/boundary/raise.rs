//! The way that a raise takes.
//!
//! 1. If no frame up to the pad wants anything, or one of them cannot be unwound at all, jump.
//! 2. If some want to clean up, unwind with an exception of our own, which ends at the pad.
//! 3. If some frame would catch everything or forbids exceptions, the library for C hosts jumps, which is what PUC
//!    compiled as C does, and the library for C++ hosts unwinds, which is what PUC compiled as C++ does.

use super::frames::Frame;
use super::unwind;
use super::{FOREIGN, Link, UnwindException, arch};
use crate::sys;
use core::mem::offset_of;
use core::ptr::null_mut;

/// An exception of ours. The unwinder sees the head.
#[repr(C)]
pub(super) struct Own {
    pub(super) head: UnwindException,
    /// The pad it goes to; null: not in flight.
    pub(super) target: *mut Pad,
    /// In the pad's own exception, the list of further ones.
    pub(super) next: *mut Own,
    pub(super) throw: u32,
    /// C++ exceptions in flight at the raise.
    pub(super) uncaught: u32,
    /// `link.value` at the raise.
    pub(super) value: u64,
}

/// The structure that a pad fills in and keeps in its frame. In assembly it begins at the pad's stack pointer, and the
/// saved registers follow.
#[repr(C)]
pub(super) struct Pad {
    pub(super) own: Own,
    pub(super) link: *mut Link,
    pub(super) previous: *mut Pad,
    /// `link.protected` when the pad was entered.
    pub(super) protected: u32,
    /// Throw code of a raise that jumped here; else 0.
    pub(super) jumped: u32,
}

// Where assembly and `portable.c` expect the fields.
const _: () = {
    assert!(offset_of!(Link, pad) == 0);
    assert!(offset_of!(Link, foreign) == 8);
    assert!(offset_of!(Link, protected) == 16);
    assert!(offset_of!(Pad, own) == 0);
    assert!(offset_of!(Own, target) == 32);
    assert!(offset_of!(Own, next) == 40);
    assert!(offset_of!(Pad, link) == 64);
    assert!(offset_of!(Pad, previous) == 72);
    assert!(offset_of!(Pad, protected) == 80);
    assert!(offset_of!(Pad, jumped) == 84);
};

/// How `raise` gets to the pad. It calls `function(argument)`, which raises an exception. It jumps if there is no
/// function, or if the function returns because nobody took the exception.
#[repr(C)]
pub(super) struct Plan {
    function: usize,
    /// The function's argument. For a jump it is the number of frames that the jump crosses, up to the most that
    /// matters.
    argument: usize,
}

impl Plan {
    fn jump(frames: usize) -> Plan {
        Plan { function: 0, argument: frames }
    }

    /// Calls the function, if there is one. It comes back only when nobody took the exception.
    ///
    /// # Safety
    /// All that [`plan`] asks for, and still true.
    #[cfg(not(naked_stubs))]
    #[inline(always)]
    pub(super) unsafe fn start(self) {
        // Where panics unwind, as in tests, the compiler may know both stub and host and must hear that this does.
        // Where they abort, it would put that between.
        #[cfg(panic = "unwind")]
        type Function = unsafe extern "C-unwind" fn(usize) -> core::ffi::c_int;
        #[cfg(not(panic = "unwind"))]
        type Function = unsafe extern "C" fn(usize) -> core::ffi::c_int;
        if self.function != 0 {
            // SAFETY: a function of the unwinder that takes an exception. The callers have no cleanups.
            unsafe { core::mem::transmute::<usize, Function>(self.function)(self.argument) };
        }
    }
}

/// More frames than this are not taken off the processor's return prediction.
const FRAMES_TAKEN_OFF: usize = 8;

/// [`plan`] for a raise in assembly.
///
/// # Safety
/// `link` is valid, and `pc`, `sp` and `fp` are the stub's caller's.
#[cfg(naked_stubs)]
pub(super) unsafe extern "C" fn decide(link: *mut Link, throw: u64, pc: usize, sp: usize, fp: usize) -> Plan {
    // SAFETY: the caller's promise.
    unsafe { plan(link, throw, Frame { pc, sp, fp }) }
}

/// The unwinder came back: the raise in assembly jumps instead, and the exception will not arrive.
///
/// # Safety
/// `link` is valid and has a pad.
#[cfg(naked_stubs)]
pub(super) unsafe extern "C" fn give_up(link: *mut Link) {
    // SAFETY: the caller's promise.
    unsafe { unwind::abandon((*link).pad.cast()) }
}

/// Decides how `throw` gets to the innermost pad.
///
/// # Safety
/// `link` is valid, and `from` is where the stub's caller starts.
#[inline(always)]
pub(super) unsafe fn plan(link: *mut Link, throw: u64, from: Frame) -> Plan {
    // SAFETY: the link is valid, and so is its innermost pad (invariant 1 of the boundary).
    unsafe {
        if throw == FOREIGN {
            return resume(link);
        }
        let pad = (*link).pad.cast::<Pad>();
        if pad.is_null() {
            fail(b"liblua: error raised with no call in progress\n");
        }
        let Some(frames) = from.crossing(pad as usize) else { return unwind(pad, throw) };
        arch::no_return();
        if !(*pad).own.target.is_null() || !(*pad).own.next.is_null() {
            unwind::abandon(pad);
        }
        Plan::jump(frames.min(FRAMES_TAKEN_OFF))
    }
}

/// Gives the exception in flight back to the unwinder.
///
/// # Safety
/// `link` is the link of a live state that has a pad.
#[cold]
unsafe fn resume(link: *mut Link) -> Plan {
    // SAFETY: the link is valid, and so is its innermost pad (invariant 1 of the boundary).
    unsafe {
        let exception = (*link).foreign;
        (*link).foreign = null_mut();
        arch::no_return();
        match unwind::resume_function() {
            Some(function) if !exception.is_null() => Plan { function, argument: exception as usize },
            _ => fail(b"liblua: foreign exception lost\n"),
        }
    }
}

/// Unwinds to `pad` if that is possible.
///
/// # Safety
/// `pad` is the innermost pad of its link.
#[cold]
unsafe fn unwind(pad: *mut Pad, throw: u64) -> Plan {
    arch::no_return();
    // SAFETY: `decide` passes the innermost pad.
    unsafe {
        if let Some(function) = unwind::raise_function()
            && let Some(own) = unwind::new_exception(pad, throw)
        {
            return Plan { function, argument: own as usize };
        }
        unwind::abandon(pad);
    }
    Plan::jump(0)
}

/// Calls `f` for the value of each exception in flight to `pad` and the pads further out.
///
/// # Safety
/// `pad` is null or an active pad.
#[cold]
pub(super) unsafe fn each_in_flight(mut pad: *const Pad, f: &mut dyn FnMut(u64)) {
    // SAFETY: active pads and the exceptions they list are alive.
    unsafe {
        while !pad.is_null() {
            let mut own = &raw const (*pad).own;
            while !own.is_null() {
                if !(*own).target.is_null() {
                    f((*own).value);
                }
                own = (*own).next;
            }
            pad = (*pad).previous;
        }
    }
}

/// Prints one line and aborts: the caller broke an invariant, and no frame can be trusted.
#[cold]
fn fail(line: &[u8]) -> ! {
    sys::print_error(line);
    sys::abort()
}

impl Link {
    /// Calls `f` for the word of each throw that has not arrived yet.
    pub fn held(&self, mut f: impl FnMut(u64)) {
        f(self.value);
        if self.in_flight != 0 {
            // SAFETY: the pads are frames of this thread's stack (invariant 1).
            unsafe { each_in_flight(self.pad.cast(), &mut f) };
        }
    }
}
