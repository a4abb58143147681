//! Library functions as C sees them.
//!
//! Invariant: the library function with number `i` and thunk `i` are the same function: the first as Lua code sees it
//! (a value in static memory), the second as C sees it (`lua_tocfunction`, `lua_topointer`, `luaL_Stream::closef`).

use crate::boundary::Ret;
use crate::object::{Builtin, Gc, Thread, lua_CFunction};
use crate::vm::call::native;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

crate::builtin_thunks!(lua52_builtin_entry, 192);

/// The functions whose thunks C has been given, by number. A function is entered before its thunk's address leaves the
/// library. So the way back from a thunk needs no list of all functions, which would keep all libraries in a program
/// that opens none.
static KNOWN_TO_C: [AtomicPtr<Builtin>; THUNKS] = [const { AtomicPtr::new(ptr::null_mut()) }; THUNKS];

/// What thunk `i` calls: runs library function `i` for a caller in C.
unsafe extern "C" fn lua52_builtin_entry(l: Gc<Thread>, i: usize) -> Ret {
    // SAFETY: who calls a thunk got its address from `c_of_builtin`, which entered the function.
    let b = unsafe { &*KNOWN_TO_C[i].load(Ordering::Acquire) };
    match (b.f)(l) {
        Ok(nresults) => Ret::ok(nresults as u32 as u64),
        Err(throw) => native::leave(l, throw),
    }
}

/// Whether a C function pointer is a thunk.
#[inline(always)]
pub fn is_thunk(f: lua_CFunction) -> bool {
    thunk_index(f as *const c_void).is_some()
}

/// The library function that a C function pointer stands for, if it is one of ours.
#[inline]
pub fn builtin_of_c(f: lua_CFunction) -> Option<&'static Builtin> {
    let known = KNOWN_TO_C.get(thunk_index(f as *const c_void)?)?.load(Ordering::Acquire);
    // SAFETY: null, or a function in static memory.
    unsafe { known.as_ref() }
}

/// The C function pointer that stands for a library function.
#[inline]
pub fn c_of_builtin(b: &'static Builtin) -> lua_CFunction {
    let i = b.number as usize;
    let (known, pointer) = (&KNOWN_TO_C[i], ptr::from_ref(b).cast_mut());
    // Nothing is written twice, so that threads with states of their own do not fight for the line.
    if known.load(Ordering::Relaxed) != pointer {
        known.store(pointer, Ordering::Release);
    }
    // SAFETY: a thunk is a C function of exactly this type.
    unsafe { core::mem::transmute::<*const c_void, lua_CFunction>(thunk_address(i)) }
}
