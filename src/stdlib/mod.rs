//! The standard library: a file or folder each for its libraries, with what several of them use here.
//!
//! Each begins with a list of its functions, [`library!`](registry): the static function values, the C function
//! pointers that stand for them, and the tables that the `luaopen_*` functions fill all derive from it. To add a
//! function, add its line, and to the count in `registry`.
//!
//! Invariant: a library function that has upvalues is a C closure whose `builtin` is set; it finds them at
//! `lua_upvalueindex(i)` like any C function.

use crate::api::{Bytes, Lua};
use crate::object::{Interior, Value, lua_CFunction};
use crate::throw::LResult;
use crate::vm::thunk::builtin_of_c;
use core::ffi::CStr;

pub mod base;
pub mod bit32;
pub mod coroutine;
pub mod debug;
pub mod io;
pub mod math;
#[cfg(feature = "stress-finalizers")]
mod mischief;
pub mod os;
pub mod package;
mod registry;
pub mod string;
pub mod table;

/// Argument `i` of the running function, which has that many.
#[inline(always)]
fn argument(l: Lua, i: i32) -> Value {
    debug_assert!(i >= 1 && i <= l.gettop());
    // SAFETY: arguments follow the function's slot.
    unsafe { l.call_info().func.get().above(i as usize).read() }
}

/// Calls a C function in the running function's frame.
fn call_c(l: Lua, f: lua_CFunction) -> LResult<i32> {
    match builtin_of_c(f) {
        Some(b) => (b.f)(*l),
        None => crate::vm::call::foreign::call_c(*l, f),
    }
}

/// A string as C sees it: up to its first zero byte, with its terminator.
fn c_string(s: Bytes) -> Interior<CStr> {
    // SAFETY: `Bytes` are zero-terminated in memory; they belong to the same string.
    unsafe { Interior::new(CStr::from_ptr(s.as_ptr().cast())) }
}
