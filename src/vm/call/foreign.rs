//! Calls of foreign functions: through a pad, and the way of a throw from there to the running thread.

use crate::boundary::{self, Link};
use crate::messages as msg;
use crate::object::{Gc, Thread, Value, lua_CFunction, string};
use crate::throw::{LResult, Throw};
use core::ffi::c_void;

/// The boundary's part of the state.
#[inline(always)]
pub fn link(l: Gc<Thread>) -> *mut Link {
    l.global().link.get()
}

/// Calls a C function (or continuation) through a pad.
#[inline]
pub fn call_c(l: Gc<Thread>, f: lua_CFunction) -> LResult<i32> {
    l.global().effects.call();
    // SAFETY: the host promised a function of this type; the link is the running state's.
    let r = unsafe { boundary::call(link(l), f as *const c_void, l.as_ptr() as usize, 0, 0, 0) };
    if r.throw == boundary::NONE { Ok(r.value as i32) } else { Err(landed(l, r.throw)) }
}

/// A throw arrived at a pad: takes the error object in flight to the running thread.
#[cold]
#[inline(never)]
pub fn landed(l: Gc<Thread>, code: u64) -> Throw {
    if code == boundary::FOREIGN_CAUGHT {
        return match string::new_str(l, msg::CXX_EXCEPTION.as_bytes()) {
            Ok(s) => {
                l.push(Value::string(s));
                Throw::RUNTIME
            }
            Err(e) => e.into(),
        };
    }
    let throw = Throw::from_code(code).unwrap_or(Throw::RUNTIME);
    if throw.carries_value() {
        // SAFETY: the link of a live state; `leave` put the value there.
        l.push(Value(unsafe { core::mem::replace(&mut (*link(l)).value, Value::NIL.0) }));
    }
    throw
}
