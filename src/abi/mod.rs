//! The C boundary: every exported symbol, one file a header, in the order of the header.
//!
//! Nothing is decided here. A function that may raise is a stub with its C signature (see `boundary`) around a
//! core, which turns pointers into types and calls the method of `api` with the function's name. A function that
//! cannot raise calls it directly. `exports.txt` lists the names that leave the library.
//!
//! The first line of a function's documentation goes to the header. In brackets it has the function's effect on the
//! stack: values popped, values pushed, and errors (`-` never, `m` out of memory, `e` any, `v` always).
//!
//! # Ownership
//!
//! What comes back by pointer belongs to Lua: text of a string as long as the string is reachable, the block of a
//! userdata as long as the userdata, names of the debug interface as long as the function they are of. Strings and
//! buffers that come in are copied; no pointer to them is kept, except `ud` of an allocator and light userdata, which
//! are never looked into. The host owns states (`lua_close`) and the structures it passes (`lua_Debug`, `luaL_Buffer`).
//!
//! # Safety
//!
//! For all of these functions the manual is the contract, and their `unsafe` code relies on it: `L` is a live thread
//! of a state that no other native thread uses meanwhile; indices are acceptable for it; the stack has room for what
//! is pushed (LUA_MINSTACK slots at a C function's start, else `lua_checkstack`) and holds what is popped; strings end
//! in a NUL or come with their length, and are readable; pointers for results are writable, or NULL where the
//! documentation says so. `apicheck` builds look for breaches.

#![allow(non_camel_case_types, non_snake_case, reason = "types and parameters are named as in C")]
#![allow(clippy::missing_safety_doc, reason = "one contract for all, above")]

use crate::api::Bytes;
use crate::api::auxlib::state::newstate;
use crate::api::misuse::{api_check, entered};
use crate::boundary::{Ret, VaList};
use crate::object::{Gc, Lua};
#[cfg(naked_stubs)]
use crate::raising_variadic;
use crate::throw::{LResult, Throw};
use crate::vm::call::native;
use crate::vm::state::{self, VERSION};
use crate::{raising, raising_number, stdlib};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

pub mod lauxlib_h;
pub mod lua_h;
pub mod lualib_h;
#[cfg(feature = "freestanding")]
mod runtime;

// The types of the signatures, under their names in C.
use crate::api::auxlib::c_lists::luaL_Reg;
use crate::api::{lua_Debug, lua_Reader, lua_Writer, luaL_Buffer, luaL_Buffer as Buffer};
use crate::mem::lua_Alloc;
use crate::object::thread::lua_State;
type lua_Number = f64;
type lua_Integer = isize;
type lua_Unsigned = u32;
type lua_CFunction = Option<crate::object::lua_CFunction>;
type lua_Hook = Option<crate::api::lua_Hook>;
#[cfg(naked_stubs)]
type va_list = *mut VaList;

/// The one function with variable arguments that Rust callers use, where it is in C (`boundary/portable.c`).
#[cfg(not(naked_stubs))]
mod variadic {
    use super::*;
    #[allow(improper_ctypes, reason = "C never looks into a thread")]
    unsafe extern "C-unwind" {
        pub fn luaL_error(L: *mut lua_State, fmt: *const c_char, ...) -> c_int;
    }
}

const IDENT: &str =
    concat!("$LuaVersion: Lua 5.2.4 $$LuaImplementation: liblua-rs ", env!("CARGO_PKG_VERSION"), " $\0");

/// `extern const char lua_ident[]`: what `ident` shows of a program that has this library inside.
#[unsafe(no_mangle)]
pub static lua_ident: [u8; IDENT.len()] = {
    let mut bytes = [0; IDENT.len()];
    bytes.copy_from_slice(IDENT.as_bytes());
    bytes
};

/// `core!(name(L, arguments) => expression)`: the core of a raising stub. The expression has the thread as `L` (or
/// the buffer as `B`) and gives an `LResult` of anything that is a [`Word`].
macro_rules! core {
    ($(#[$attr:meta])* $name:ident($L:ident $(, $arg:ident: $ty:ty)*) => $body:expr) => {
        $(#[$attr])*
        unsafe extern "C" fn $name($L: *mut lua_State $(, $arg: $ty)*) -> Ret {
            // SAFETY: the contract at the head of this module.
            #[allow(unused_unsafe, reason = "some bodies need no unsafe operation")]
            unsafe {
                entered!();
                let $L = thread($L);
                leave($L, $body)
            }
        }
    };
    ($name:ident($B:ident: Buffer $(, $arg:ident: $ty:ty)*) => $body:expr) => {
        unsafe extern "C" fn $name($B: *mut Buffer $(, $arg: $ty)*) -> Ret {
            // SAFETY: the contract at the head of this module; the buffer was initialised by `luaL_buffinit`.
            #[allow(unused_unsafe, reason = "some bodies need no unsafe operation")]
            unsafe {
                entered!();
                let $B = &mut *$B;
                let l = $B.l;
                leave(l, $body)
            }
        }
    };
}
use core;

/// `plain!(L => expression)`: the body of a function that cannot raise.
macro_rules! plain {
    ($L:ident => $body:expr) => {
        // SAFETY: the contract at the head of this module.
        #[allow(unused_unsafe, reason = "some bodies need no unsafe operation")]
        unsafe {
            entered!();
            let $L = thread($L);
            $body
        }
    };
}
use plain;

/// `quick!(L => common, stub!(core)(arguments) -> type)`: the body of a function that may raise but mostly is done
/// without. `common` is an `Option` of the result; for `None` the stub does it all. Nothing is owned here, so the call of
/// the stub is a jump (and were it a call, a raise would cross a frame that has nothing to clean up).
macro_rules! quick {
    ($L:ident => $common:expr, $raising:ident!($core:ident)($($arg:ident: $ty:ty),*) $(-> $ret:ty)?) => {{
        #[cfg_attr(naked_stubs, unsafe(naked))]
        #[cfg_attr(not(naked_stubs), inline(always))]
        unsafe extern "C-unwind" fn stub($L: *mut lua_State, $($arg: $ty),*) $(-> $ret)? {
            $raising!($core($L, $($arg),*))
        }
        // SAFETY: the contract at the head of this module.
        unsafe {
            let pointer = $L;
            let $L = thread(pointer);
            // The checks of the API are on the long way.
            if !cfg!(feature = "apicheck")
                && let Some(result) = $common
            {
                return result;
            }
            stub(pointer, $($arg),*)
        }
    }};
}
use quick;

/// The pointer C gets for a string, and the length where it wants it.
///
/// # Safety
/// `len` is writable or null.
#[inline(always)]
unsafe fn string_result(s: Bytes, len: *mut usize) -> *const c_char {
    if !len.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *len = s.len() };
    }
    s.as_ptr().cast()
}

/// A result of a core as the machine word that the stub returns.
trait Word {
    fn word(self) -> u64;
}

/// Implements `Word` for types by an expression.
macro_rules! words {
    ($($ty:ty: $value:ident => $word:expr;)*) => {
        $(impl Word for $ty {
            #[inline(always)]
            fn word(self) -> u64 {
                let $value = self;
                $word
            }
        })*
    };
}
words! {
    (): _v => 0;
    bool: v => v as u64;
    i32: v => v as u32 as u64;
    u32: v => v as u64;
    isize: v => v as u64;
    usize: v => v as u64;
    f64: v => v.to_bits();
    Bytes: v => v.as_ptr() as u64;
    Option<Bytes>: v => name(v) as u64;
    Lua: v => v.as_ptr() as u64;
}
impl<T> Word for *mut T {
    #[inline(always)]
    fn word(self) -> u64 {
        self as u64
    }
}
impl<T> Word for *const T {
    #[inline(always)]
    fn word(self) -> u64 {
        self as u64
    }
}

/// The end of a core: its value, or the throw for the stub to raise.
#[inline(always)]
fn leave<T: Word>(l: Lua, result: LResult<T>) -> Ret {
    match result {
        Ok(value) => Ret::ok(value.word()),
        Err(throw) => native::leave(l, throw),
    }
}

/// For functions that always raise.
fn never(throw: Throw) -> LResult<()> {
    Err(throw)
}

/// # Safety
/// As for all of this module: a live thread.
#[inline(always)]
unsafe fn thread(L: *mut lua_State) -> Lua {
    // SAFETY: the caller's promise.
    unsafe { Gc::from_ptr(L) }
}

/// # Safety
/// A live thread or null.
unsafe fn thread_or_null(L: *mut lua_State) -> Option<Lua> {
    // SAFETY: the caller's promise.
    if L.is_null() { None } else { Some(unsafe { thread(L) }) }
}

fn maybe_null(l: Option<Lua>) -> *mut lua_State {
    l.map_or(ptr::null_mut(), Gc::as_ptr)
}

/// # Safety
/// `n` readable bytes, or `n` is 0.
#[inline(always)]
unsafe fn bytes(s: *const c_char, n: usize) -> Bytes {
    if n == 0 {
        return b"";
    }
    // SAFETY: the caller's promise. The lifetime is as long as the host keeps the argument.
    unsafe { core::slice::from_raw_parts(s.cast(), n) }
}

/// # Safety
/// A C string.
#[inline(always)]
unsafe fn text(s: *const c_char) -> Bytes {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(s).to_bytes() }
}

/// The bytes of a C string one by one, for the short ones that are not worth measuring first.
///
/// # Safety
/// A C string.
#[inline(always)]
unsafe fn letters(s: *const c_char) -> impl Iterator<Item = u8> {
    // SAFETY: the caller's promise; nothing is read after the zero.
    (0..).map(move |i| unsafe { *s.add(i) } as u8).take_while(|&b| b != 0)
}

/// # Safety
/// A C string or null.
#[inline(always)]
unsafe fn text_or_null(s: *const c_char) -> Option<Bytes> {
    // SAFETY: the caller's promise.
    if s.is_null() { None } else { Some(unsafe { text(s) }) }
}

/// A name given by the debug interface, which ends in a NUL.
fn name(s: Option<Bytes>) -> *const c_char {
    s.map_or(ptr::null(), |s| s.as_ptr().cast())
}

/// Stores the length of the string where the caller wants it, 0 when there is none.
///
/// # Safety
/// `len` is writable or null.
#[inline(always)]
unsafe fn sized(s: LResult<impl Into<Option<Bytes>>>, len: *mut usize) -> LResult<Option<Bytes>> {
    let s = s?.into();
    if !len.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *len = s.map_or(0, <[u8]>::len) };
    }
    Ok(s)
}

/// The number, or 0; `*isnum` tells which.
///
/// # Safety
/// `isnum` is writable or null.
#[inline(always)]
unsafe fn optional<T: Default>(n: Option<T>, isnum: *mut c_int) -> T {
    if !isnum.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *isnum = n.is_some().into() };
    }
    n.unwrap_or_default()
}

/// The text of `lua_typename`.
fn type_name(tp: c_int) -> *const c_char {
    api_check!(
        (crate::consts::LUA_TNONE..crate::consts::LUA_NUMTAGS).contains(&tp),
        "lua_typename",
        "tp",
        "not a type"
    );
    const NAMES: [&CStr; 10] = [
        c"no value",
        c"nil",
        c"boolean",
        c"userdata",
        c"number",
        c"string",
        c"table",
        c"function",
        c"userdata",
        c"thread",
    ];
    NAMES.get((tp + 1) as usize).map_or(ptr::null(), |name| name.as_ptr())
}
