//! The bottom layer: how control enters the library from C, how it leaves for foreign code, and how a Lua error or a
//! yield gets back across the C frames in between. It knows nothing of Lua states and depends on nothing above it.
//!
//! # The parts
//!
//! * A **stub** is the whole body of an exported function that may raise ([`stub!`] and friends). It calls a Rust
//!   core that returns a [`Ret`] in two registers, and returns its value when nothing was thrown. Otherwise it first
//!   leaves its own frame and then raises, so that to an unwinder the raise is called by the stub's caller.
//! * A **pad** ([`call`]) is the frame through which the library calls foreign code. It saves the callee-saved
//!   registers, links itself into its state's [`Link`] and turns whatever comes back into a [`Ret`].
//! * A **raise** takes a throw code from a stub to the innermost pad.
//! * [`NativeStack`] tells whether there is room for one more level of this.
//!
//! They are in assembly (`x86_64.rs`, `aarch64.rs`) or, for machines without, in C and Rust (`portable.rs`), where a
//! stub's frame is left by the raise itself.
//!
//! So native stack segments alternate: foreign frames, stub, Rust frames, pad, foreign frames, stub, ... A raise only
//! ever crosses foreign frames; Rust frames are left by returning.
//!
//! # Invariants
//!
//! 1. `link.pad` is the innermost pad whose foreign call has not ended. Each way out of a pad puts back the previous
//!    one. It may dangle only when foreign code left Lua with its own `longjmp` out of a pad's call (a panic function
//!    may, see [`call_apart`], when C functions are under way); the core then has `protected == 0` and must not raise.
//! 2. A core returns `throw != 0` only with `value` holding the `*mut Link`, and with nothing of its own left to undo:
//!    nothing of it runs again.
//! 3. Between a pad that returns a throw and the stub that raises it, no foreign code runs.
//! 4. A [`Link`] is used by one native thread at a time, like the state it belongs to.
//! 5. `protected` counts the calls in progress that stop a throw (protected calls, resumes). Whoever stops a throw
//!    restores the count it found when it started.
//! 6. `in_flight` counts the exceptions of this state's pads that are between their raise and their landing.
//! 7. Rust frames of this library have no cleanups: it is built with `panic = "abort"` and owns nothing by value.

// The kind of this boundary is chosen here: `arch` has stubs, pad and raise, `frames` tells what the frames on the way
// of a raise want. build.rs sets `naked_stubs` unless the feature `portable-boundary` is on, and refuses targets that
// have neither.
#[cfg(all(naked_stubs, target_arch = "aarch64"))]
#[path = "aarch64.rs"]
mod arch;
#[cfg(all(naked_stubs, target_arch = "x86_64"))]
#[path = "x86_64.rs"]
mod arch;
#[cfg(not(naked_stubs))]
#[path = "portable.rs"]
mod arch;
#[cfg(naked_stubs)]
#[path = "rules.rs"]
mod frames;
#[cfg(not(naked_stubs))]
#[path = "trace.rs"]
mod frames;

mod link;
#[cfg(naked_stubs)]
mod linked;

mod lsda;
mod native_stack;
mod raise;
mod stub;
mod unwind;
mod va_list;

use core::ffi::c_void;

#[cfg(naked_stubs)]
pub use arch::THUNK_STRIDE;
pub use arch::call;
#[cfg(naked_stubs)]
#[doc(hidden)]
pub use arch::raise as raise_entry;
#[cfg(not(naked_stubs))]
#[doc(hidden)]
pub use arch::{Thunks, finish};
pub use link::{FOREIGN, FOREIGN_CAUGHT, Link, NONE, Ret, UnwindException};
pub use native_stack::{NativeStack, Room};
#[doc(hidden)]
pub use stub::Returning;
pub use va_list::VaList;

/// [`call`] of a function with one argument that may leave by a jump of its own to foreign code further out: the link
/// is as before then, without this pad.
///
/// # Safety
/// As for [`call`].
pub unsafe fn call_apart(link: *mut Link, f: *const c_void, argument: usize) -> Ret {
    // SAFETY: the caller's promise.
    unsafe {
        let mut apart = Link { pad: (*link).pad, protected: (*link).protected, ..Link::new() };
        let r = call(&raw mut apart, f, argument, 0, 0, 0);
        (*link).foreign = apart.foreign;
        r
    }
}

/// The second half of [`builtin_thunks!`], the same for all that is in assembly.
#[cfg(naked_stubs)]
#[macro_export]
#[doc(hidden)]
macro_rules! thunk_addresses {
    () => {
        fn first_thunk() -> usize {
            (thunks as *const () as usize).next_multiple_of($crate::boundary::THUNK_STRIDE)
        }

        /// Address of the `i`-th thunk, a `lua_CFunction`.
        pub fn thunk_address(i: usize) -> *const ::core::ffi::c_void {
            debug_assert!(i < THUNKS);
            (first_thunk() + i * $crate::boundary::THUNK_STRIDE) as *const ::core::ffi::c_void
        }

        /// The number of the thunk that `f` is, if it is one.
        pub fn thunk_index(f: *const ::core::ffi::c_void) -> Option<usize> {
            let distance = (f as usize).wrapping_sub(first_thunk());
            if distance < THUNKS * $crate::boundary::THUNK_STRIDE {
                Some(distance / $crate::boundary::THUNK_STRIDE)
            } else {
                None
            }
        }
    };
}
