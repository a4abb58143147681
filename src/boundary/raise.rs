//! Which way a raise takes.
//!
//! 1. If no frame up to the pad wants anything, or one of them cannot be unwound at all, jump.
//! 2. If some want to clean up, unwind with an exception of our own, which ends at the pad.
//! 3. If some frame would catch everything or forbids exceptions, the library for C hosts jumps, which is what PUC
//!    compiled as C does, and the library for C++ hosts unwinds, which is what PUC compiled as C++ does.

use super::lsda::Landing;
use super::rules::{Frame, Opaque, Rules};
use super::unwind::{self, CXX_FLAVOUR};
use super::{FOREIGN, Link, UnwindException, arch};
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

/// The frame of a pad, from its stack pointer up. The assembly fills it in.
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

/// What `raise` shall do: call `function(argument)`, an exception, or jump if there is none (or if it returns).
#[repr(C)]
pub(super) struct Plan {
    function: usize,
    /// Of a jump, how many frames it crosses, as far as is worth knowing.
    argument: usize,
}

impl Plan {
    fn jump(frames: usize) -> Plan {
        Plan { function: 0, argument: frames }
    }
}

/// More frames than this are not taken off the processor's return prediction.
const FRAMES_TAKEN_OFF: usize = 8;

/// Decides how `throw` gets to the innermost pad.
///
/// # Safety
/// `link` is valid, and `pc`, `sp` and `fp` are the stub's caller's.
pub(super) unsafe extern "C" fn decide(link: *mut Link, throw: u64, pc: usize, sp: usize, fp: usize) -> Plan {
    // SAFETY: the link is valid, and so is its innermost pad (invariant 1 of the boundary).
    unsafe {
        if throw == FOREIGN {
            return resume(link);
        }
        let pad = (*link).pad.cast::<Pad>();
        if pad.is_null() {
            fail(b"liblua: error raised with no call in progress\n");
        }
        let (frame, frames) = Frame { pc, sp, fp }.skip_plain(pad as usize);
        if frame.sp != pad as usize && unwinds(frame, pad as usize) {
            return unwind(pad, throw);
        }
        arch::no_return();
        if !(*pad).own.target.is_null() || !(*pad).own.next.is_null() {
            unwind::abandon(pad);
        }
        Plan::jump(frames.min(FRAMES_TAKEN_OFF))
    }
}

/// Gives the exception in flight back to the unwinder.
#[cold]
unsafe fn resume(link: *mut Link) -> Plan {
    // SAFETY: as in `decide`.
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
    }
    Plan::jump(0)
}

/// Whether the frames from `frame` up to the pad want unwinding rather than a jump.
#[inline(never)]
unsafe fn unwinds(mut frame: Frame, pad: usize) -> bool {
    let mut rules = Rules::new();
    let mut strongest = Landing::Clean;
    while frame.sp != pad {
        if frame.sp > pad {
            // The pad is on another stack than the raise. Only a jump gets there.
            return false;
        }
        // SAFETY: the frame is on the stack, below the pad.
        let rule = unsafe { rules.of(frame.pc) };
        match rule.runs() {
            Ok(Landing::Clean) => {}
            Ok(Landing::Cleanup) => strongest = Landing::Cleanup,
            Ok(Landing::Handler) => return CXX_FLAVOUR,
            Err(Opaque::NoTable) => return false,
            Err(Opaque::Unknown) => return true,
        }
        // SAFETY: as above. A rule that leads nowhere is for the unwinder to judge.
        frame = match unsafe { frame.caller(rule, pad) } {
            Some(frame) => frame,
            None => return true,
        };
    }
    strongest != Landing::Clean
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
    // SAFETY: writes a valid buffer; abort has no preconditions.
    unsafe {
        libc::write(2, line.as_ptr().cast(), line.len());
        libc::abort()
    }
}
