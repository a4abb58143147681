//! Limits of memory, steps, time and native stack, and requests to stop.

use crate::api::Lua;
use crate::gc;
use crate::object::limits::{NONE, luaX_Interrupt};
use crate::vm::interrupt;
use core::ffi::c_void;

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// What a limit given as a double means; negative numbers and NaN are none.
#[inline(never)]
fn units(n: f64) -> u64 {
    // The conversion takes what is too large for the largest number.
    if n >= 0.0 { (n as u64).min(NONE - 1) } else { NONE }
}

/// What is left of a limit, in units of which so many make one of the host's.
#[inline(never)]
fn left(n: u64, unit: f64) -> f64 {
    if n == NONE { -1.0 } else { n as f64 / unit }
}

impl Lua {
    /// `luaX_setmemlimit`.
    pub fn ext_setmemlimit(self, bytes: usize) -> usize {
        self.global().gc.memory.set_limit(bytes)
    }
    /// `luaX_external`.
    pub fn ext_external(self, bytes: isize) {
        gc::account_outside(&self.global().gc, bytes);
    }
    /// `luaX_setinterrupt`.
    pub fn ext_setinterrupt(self, f: Option<luaX_Interrupt>, ud: *mut c_void) {
        interrupt::set_function(*self, f, ud);
    }
    /// `luaX_interrupt`.
    pub fn ext_interrupt(self) {
        interrupt::request(*self);
    }
    /// `luaX_setsteps`.
    pub fn ext_setsteps(self, steps: f64) -> f64 {
        left(interrupt::set_steps(*self, units(steps)), 1.0)
    }
    /// `luaX_settime`.
    pub fn ext_settime(self, seconds: f64) -> f64 {
        left(interrupt::set_time(*self, units(seconds * SECOND)), SECOND)
    }
    /// `luaX_setnativestack`.
    pub fn ext_setnativestack(self, bytes: usize) -> usize {
        self.global().native_stack.allow(bytes)
    }
}
