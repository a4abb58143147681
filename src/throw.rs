//! How errors travel inside the library: as values.
//!
//! Whoever raises first pushes the error object on the stack of the running thread (for `Throw::MEMORY` the fixed
//! message is fetched by whoever catches), then returns `Err(throw)`. Nothing is dropped on the way.

use crate::consts::*;
use core::num::NonZeroU32;

/// Why a computation was left early. One register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Throw(NonZeroU32);

impl Throw {
    /// The running coroutine yields; the values are on its stack.
    pub const YIELD: Throw = Throw::new(LUA_YIELD as u32);
    /// Runtime error, the error object is on top of the stack.
    pub const RUNTIME: Throw = Throw::new(LUA_ERRRUN as u32);
    pub const SYNTAX: Throw = Throw::new(LUA_ERRSYNTAX as u32);
    pub const MEMORY: Throw = Throw::new(LUA_ERRMEM as u32);
    pub const GCMM: Throw = Throw::new(LUA_ERRGCMM as u32);
    /// Error while running the message handler.
    pub const HANDLER: Throw = Throw::new(LUA_ERRERR as u32);
    /// A foreign exception (C++ throw, Rust panic of the host, pthread_exit) is crossing the library.
    pub const FOREIGN: Throw = Throw::new(crate::boundary::FOREIGN as u32);
    /// A metamethod that the interpreter called for an instruction has set a hook: the loop that looks for hooks is to
    /// go on, once the instruction has its result, which is on the stack as after a yield.
    pub const HOOKS_SET: Throw = Throw::new(0x200);
    /// A metamethod that native code called for an instruction has got a frame, and is to be run. It interrupts the
    /// instruction.
    #[cfg(native_code)]
    pub const METAMETHOD_PUSHED: Throw = Throw::new(0x300);

    pub const fn new(code: u32) -> Throw {
        match NonZeroU32::new(code) {
            Some(c) => Throw(c),
            None => panic!("a throw has a non-zero code"),
        }
    }
    pub fn from_code(code: u64) -> Option<Throw> {
        NonZeroU32::new(code as u32).map(Throw)
    }
    pub fn code(self) -> u32 {
        self.0.get()
    }
    /// Whether an error object was pushed with it.
    pub fn carries_value(self) -> bool {
        matches!(self, Throw::RUNTIME | Throw::SYNTAX | Throw::GCMM)
    }
    /// The `LUA_*` status a protected call reports for it.
    pub fn status(self) -> i32 {
        self.0.get() as i32
    }
}

pub type LResult<T> = Result<T, Throw>;
