//! What a state, its pads and its stubs have in common.

use core::ffi::c_void;

/// Throw code: nothing was thrown.
pub const NONE: u64 = 0;
/// Throw code: a foreign exception or a forced unwind is in flight, in [`Link::foreign`]. Nothing may stop it; each
/// core restores its state and passes it on, and the outermost stub hands it back to the unwinder.
pub const FOREIGN: u64 = 0x100;
/// Throw code: a pad caught a foreign exception and destroyed it (C++ flavour, inside a protected call). The core turns
/// it into an ordinary error.
pub const FOREIGN_CAUGHT: u64 = 0x101;

/// The result of a core for its stub, and of a pad for its core, in the two return registers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Ret {
    /// The C return value (for `lua_Number` its bits), or the `*mut Link` when `throw` is not 0.
    pub value: u64,
    /// 0, or one of the core's small nonzero codes, or [`FOREIGN`], [`FOREIGN_CAUGHT`].
    pub throw: u64,
}

impl Ret {
    /// A plain return.
    #[inline(always)]
    pub const fn ok(value: u64) -> Ret {
        Ret { value, throw: NONE }
    }

    /// A `lua_Number` return, for [`number_stub!`].
    #[cfg_attr(
        not(feature = "internals"),
        allow(dead_code, reason = "the exported functions make one by themselves")
    )]
    #[inline(always)]
    pub const fn number(value: f64) -> Ret {
        Ret { value: value.to_bits(), throw: NONE }
    }

    /// The result of a core whose stub is to raise `throw` to the innermost pad of `link`.
    #[inline(always)]
    pub fn raise(link: *mut Link, throw: u64) -> Ret {
        Ret { value: link as u64, throw }
    }
}

/// Head of every exception the system unwinder handles (`struct _Unwind_Exception`), as aligned as anything in C.
#[cfg_attr(not(target_arch = "s390x"), repr(C, align(16)))]
#[cfg_attr(target_arch = "s390x", repr(C, align(8)))]
pub struct UnwindException {
    pub(super) class: u64,
    pub(super) cleanup: *mut c_void,
    pub(super) private: [usize; 2],
}

/// The boundary's part of a Lua state, shared by all its threads.
#[repr(C)]
pub struct Link {
    /// Innermost pad frame on the native stack, null if there is none. Must stay the first field.
    pub(super) pad: *mut u8,
    /// Set from the landing of a [`FOREIGN`] throw to its resumption.
    pub(super) foreign: *mut UnwindException,
    /// Protected calls in progress; the core counts.
    pub protected: u32,
    /// Own exceptions in flight.
    pub(super) in_flight: u32,
    /// A word that travels with a throw: set by the core before it returns the throw, and again there when a pad
    /// returns that throw, even if destructors that ran meanwhile raised and caught others. A collector finds the word,
    /// and those of throws that are still under way, with [`Link::held`].
    pub value: u64,
}

impl Link {
    /// A link of a state that has no native frames yet.
    pub const fn new() -> Link {
        Link {
            pad: core::ptr::null_mut(),
            foreign: core::ptr::null_mut(),
            protected: 0,
            in_flight: 0,
            value: 0,
        }
    }

    /// Whether some pad is active, that is, whether a raise has a place to go.
    #[inline(always)]
    pub fn has_pad(&self) -> bool {
        !self.pad.is_null()
    }
}

impl Default for Link {
    fn default() -> Self {
        Link::new()
    }
}
