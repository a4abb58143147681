//! What may stop a script from outside: requests of the host, and limits of steps and time.
//!
//! Invariants
//! * `requested` and `interrupters` are written by other native threads and by signal handlers, all else by the state's
//!   own thread.
//! * Whoever asks for attention stores what he wants first, and then sets the bit `ATTENTION` of the thread that runs.
//!   Whoever makes another thread the running one stores that first, and then looks whether somebody asked.
//! * While a limit is set, all threads have the bit `COUNTING`.

use super::c_types::lua_State;
use core::cell::Cell;
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicU16, Ordering, fence};

/// The host's function, which is called where a count hook would be.
#[allow(non_camel_case_types, reason = "C's name")]
pub type luaX_Interrupt = unsafe extern "C-unwind" fn(l: *mut lua_State, reason: i32, ud: *mut c_void);

/// No limit of steps or time.
pub const NONE: u64 = u64::MAX;

pub struct Limits {
    /// Somebody wants the script to be interrupted.
    pub requested: AtomicBool,
    /// How many are looking for the running thread now, which must not be freed meanwhile.
    pub interrupters: AtomicU16,
    pub function: Cell<Option<luaX_Interrupt>>,
    pub ud: Cell<*mut c_void>,
    /// The function runs: it is not interrupted itself.
    pub inside: Cell<bool>,
    /// steps left, or `NONE`
    pub steps: Cell<u64>,
    /// when time is over, in nanoseconds of the system's steady clock, or `NONE`
    pub deadline: Cell<u64>,
    /// steps until the clock is looked at
    pub until_look: Cell<u16>,
    /// `deadline` has passed.
    pub late: Cell<bool>,
}

impl Limits {
    pub(crate) const fn new() -> Limits {
        Limits {
            requested: AtomicBool::new(false),
            interrupters: AtomicU16::new(0),
            function: Cell::new(None),
            ud: Cell::new(core::ptr::null_mut()),
            inside: Cell::new(false),
            steps: Cell::new(NONE),
            deadline: Cell::new(NONE),
            until_look: Cell::new(0),
            late: Cell::new(false),
        }
    }
    /// A thread is to be freed, which does not run any more: waits until nobody is about to ask it for attention.
    #[inline(never)]
    pub fn wait_for_interrupters(&self) {
        fence(Ordering::SeqCst);
        while self.interrupters.load(Ordering::SeqCst) != 0 {
            core::hint::spin_loop();
        }
    }
    /// Whether steps are to be counted.
    pub fn counts(&self) -> bool {
        self.steps.get() != NONE || self.deadline.get() != NONE
    }
}
