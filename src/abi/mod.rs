//! The C boundary: every exported symbol, one file a header, in the order of the header.
//!
//! Nothing is decided here. A function that may raise is a stub with its C signature (see `boundary`) around a
//! core, which turns pointers into types and calls the method of `api` with the function's name. A function that
//! cannot raise calls it directly.
//!
//! `exports!` is the one list of the functions. From it come the symbols here, and by `make headers` their
//! declarations in `include/` and the lists `exports.txt` and, of `luax.h`, `extension.txt`, from which the Makefile has
//! the names that leave the library.
//!
//! The first paragraph of a function's documentation goes to the header. In brackets it has the function's effect on
//! the stack: values popped, values pushed, and errors (`-` never, `m` out of memory, `e` any, `v` always).
//!
//! # Ownership
//!
//! Memory that a function returns by pointer belongs to Lua. The text of a string stays as long as the string is
//! reachable, the block of a userdata as long as the userdata, names of the debug interface as long as the function
//! they are of. Strings and buffers that come in are copied; no pointer to them is kept, except `ud` of an allocator
//! and light userdata, which are never looked into. The host owns states (`lua_close`) and the structures it passes
//! (`lua_Debug`, `luaL_Buffer`).
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

use crate::api::by_name::newstate;
use crate::api::misuse::{api_check, entered};
use crate::api::{Buffer, Bytes, Lua};
use crate::boundary::{Ret, Returning, VaList};
use crate::object::c_types::text;
use crate::object::value::TYPE_NAMES;
use crate::throw::{LResult, Throw};
#[cfg(naked_stubs)]
use crate::variadic_stub;
use crate::vm::call::native;
use crate::vm::state::VERSION;
use crate::{number_stub, stdlib, stub};
use core::convert::Infallible;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

pub mod lauxlib_h;
pub mod lua_h;
pub mod lualib_h;
pub mod luax_h;
#[cfg(feature = "freestanding")]
mod runtime;

// The types of the signatures, under their names in C.
pub use crate::api::auxlib::c_lists::luaL_Reg;
pub use crate::api::extension::stats::{luaX_Count, luaX_Stats};
pub use crate::api::{lua_Debug, lua_Reader, lua_Writer, luaL_Buffer};
pub use crate::mem::lua_Alloc;
pub use crate::object::c_types::lua_State;
pub type lua_Number = f64;
pub type lua_Integer = isize;
pub type lua_Unsigned = u32;
pub type lua_CFunction = Option<crate::object::lua_CFunction>;
pub type lua_Hook = Option<crate::api::lua_Hook>;
pub type luaX_Interrupt = Option<crate::object::limits::luaX_Interrupt>;

const IDENT: &str =
    concat!("$LuaVersion: Lua 5.2.4 $$LuaImplementation: liblua-rs ", env!("CARGO_PKG_VERSION"), " $\0");

/// `extern const char lua_ident[]`: what `ident` shows of a program that has this library inside.
#[unsafe(no_mangle)]
pub static lua_ident: [u8; IDENT.len()] = {
    let mut bytes = [0; IDENT.len()];
    bytes.copy_from_slice(IDENT.as_bytes());
    bytes
};

/// The exported functions of a header, each with its documentation and its signature in C behind a word for its kind:
///
/// * `plain` cannot raise. In its body, `L` is the thread.
/// * `raising` may raise. Its body, the core, has the thread as `L`, or the buffer as `B`, and gives an `LResult` of
///   anything that is a [`Word`] for the result's type in C.
/// * `quick` may raise, but its common case cannot: `{ common }; else { core }`. `common` tries that case before the
///   stub is entered. It gives an `Option` of the result; for `None` the core does everything.
/// * `variadic` has variable arguments (`args: ...`) or a `va_list` behind a text `fmt`; the core has them as a
///   `*mut VaList`.
/// * `bare` has no thread to work in: its body is the function's as it stands.
///
/// The core of `lua_frob` is `lua_frob::core`. All bodies are unsafe code under the contract at the head of this
/// module.
macro_rules! exports {
    ($(
        $(#[$doc:meta])*
        $kind:ident fn $name:ident($($parameters:tt)*) $(-> $(* $pointee:ident)? $result:ident)?
            $body:block $(; else $otherwise:block)?
    )*) => {
        $(export! {
            $kind $name [$(#[$doc])*] ($($parameters)*) [$(-> $(* $pointee)? $result)?] $body $($otherwise)?
        })*
    };
}
use exports;

/// One function of [`exports!`].
macro_rules! export {
    (bare $name:ident [$($doc:tt)*] ($($arg:ident: $ty:ty),*) [$($result:tt)*] $body:block) => {
        $($doc)*
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name($($arg: $ty),*) $($result)* {
            // SAFETY: the contract at the head of this module.
            #[allow(unused_unsafe, reason = "some bodies need no unsafe operation")]
            unsafe { $body }
        }
    };
    (plain $name:ident [$($doc:tt)*] ($L:ident: *mut lua_State $(, $arg:ident: $ty:ty)*) [$($result:tt)*]
        $body:block
    ) => {
        $($doc)*
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name($L: *mut lua_State $(, $arg: $ty)*) $($result)* {
            // SAFETY: the contract at the head of this module.
            #[allow(unused_unsafe, reason = "some bodies need no unsafe operation")]
            unsafe {
                entered!($name);
                let $L = thread($L);
                $body
            }
        }
    };
    (raising $name:ident [$($doc:tt)*] ($($parameters:tt)*) [$($result:tt)*] $body:block) => {
        mod $name {
            use super::*;
            core_of! { $name [] ($($parameters)*) [$($result)*] $body }
        }
        stub_of! { [$($doc)* #[unsafe(no_mangle)]] [pub] $name ($($parameters)*) [$($result)*] $name::core }
    };
    // The call of the stub is a jump, since nothing is owned here. (Were it a call, a raise would cross a frame that
    // has nothing to clean up.)
    (quick $name:ident [$($doc:tt)*] ($L:ident: *mut $struct:ident $(, $arg:ident: $ty:ty)*) [$($result:tt)*]
        $common:block $otherwise:block
    ) => {
        mod $name {
            use super::*;
            core_of! { $name [] ($L: *mut $struct $(, $arg: $ty)*) [$($result)*] $otherwise }
            stub_of! {
                [#[cfg_attr(not(naked_stubs), inline(always))]] [pub(super)]
                stub ($L: *mut $struct $(, $arg: $ty)*) [$($result)*] core
            }
        }
        $($doc)*
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name($L: *mut $struct $(, $arg: $ty)*) $($result)* {
            // SAFETY: the contract at the head of this module.
            unsafe {
                let pointer = $L;
                let $L = handle!($struct pointer);
                // The checks of the API are on the long way.
                if !cfg!(feature = "apicheck")
                    && let Some(result) = $common
                {
                    return result;
                }
                $name::stub(pointer, $($arg),*)
            }
        }
    };
    // Without assembly the stubs of variadic functions are in `boundary/portable.c`.
    (variadic $name:ident [$($doc:tt)*] ($L:ident: *mut lua_State, $fmt:ident: $text:ty, $args:ident: ...)
        [$($result:tt)*] $body:block
    ) => {
        export! { variadic $name ($L: *mut lua_State, $fmt: $text, $args) [$($result)*] $body }
        #[cfg(naked_stubs)]
        variadic_stub! {
            $($doc)* #[unsafe(no_mangle)] pub fn $name($L: *mut lua_State, $fmt: $text, ...) $($result)* = $name::core
        }
        #[cfg(not(naked_stubs))]
        #[allow(improper_ctypes, reason = "C never looks into a thread")]
        unsafe extern "C-unwind" {
            $($doc)* pub fn $name($L: *mut lua_State, $fmt: $text, ...) $($result)*;
        }
    };
    (variadic $name:ident [$($doc:tt)*] ($L:ident: *mut lua_State, $fmt:ident: $text:ty, $args:ident: va_list)
        [$($result:tt)*] $body:block
    ) => {
        export! { variadic $name ($L: *mut lua_State, $fmt: $text, $args) [$($result)*] $body }
        #[cfg(naked_stubs)]
        stub! {
            $($doc)*
            #[unsafe(no_mangle)]
            pub fn $name($L: *mut lua_State, $fmt: $text, $args: *mut VaList) $($result)* = $name::core
        }
    };
    (
        variadic $name:ident ($L:ident: *mut lua_State, $fmt:ident: $text:ty, $args:ident)
        [$($result:tt)*] $body:block
    ) => {
        mod $name {
            use super::*;
            core_of! {
                $name [#[cfg_attr(not(naked_stubs), unsafe(export_name = concat!("lua52_core_", stringify!($name))))]]
                ($L: *mut lua_State, $fmt: $text, $args: *mut VaList) [$($result)*] $body
            }
        }
    };
}
use export;

/// The core of an exported function. Its parameters are tied to the signature by the stub, its result by [`Word`].
macro_rules! core_of {
    ($name:ident [$($attribute:tt)*] ($subject:ident: *mut $struct:ident $(, $arg:ident: $ty:ty)*) [$(-> $result:ty)?]
        $body:block
    ) => {
        $($attribute)*
        pub(super) unsafe extern "C" fn core($subject: *mut $struct $(, $arg: $ty)*) -> Ret {
            // SAFETY: the contract at the head of this module; a buffer was initialised by `luaL_buffinit`.
            #[allow(unused_unsafe, reason = "some bodies need no unsafe operation")]
            unsafe {
                entered!($name);
                let $subject = handle!($struct $subject);
                let l = thread_of!($struct $subject);
                leave::<fn() $(-> $result)?, _>(l, $body)
            }
        }
    };
}
use core_of;

/// The stub of an exported function.
macro_rules! stub_of {
    ([$($attribute:tt)*] [$vis:vis] $name:ident ($($parameters:tt)*) [-> lua_Number] $core:path) => {
        number_stub! { $($attribute)* $vis fn $name($($parameters)*) -> lua_Number = $core }
    };
    ([$($attribute:tt)*] [$vis:vis] $name:ident ($($parameters:tt)*) [$($result:tt)*] $core:path) => {
        stub! { $($attribute)* $vis fn $name($($parameters)*) $($result)* = $core }
    };
}
use stub_of;

/// Turns the first pointer into what the body of a core works with: a thread or a buffer.
macro_rules! handle {
    (lua_State $pointer:ident) => {
        thread($pointer)
    };
    (luaL_Buffer $pointer:ident) => {
        &mut *$pointer.cast::<Buffer>()
    };
}
use handle;

/// The thread that raises.
macro_rules! thread_of {
    (lua_State $handle:ident) => {
        $handle
    };
    (luaL_Buffer $handle:ident) => {
        $handle.l
    };
}
use thread_of;

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

/// A result of a core as the machine word of a stub that returns an `R` to C.
trait Word<R> {
    fn word(self) -> u64;
}

/// Implements `Word` for types by an expression.
macro_rules! words {
    ($($ty:ty as $result:ty: $value:ident => $word:expr;)*) => {
        $(impl Word<$result> for $ty {
            #[inline(always)]
            fn word(self) -> u64 {
                let $value = self;
                $word
            }
        })*
    };
}
words! {
    () as (): _v => 0;
    bool as c_int: v => v as u64;
    c_int as c_int: v => v as u32 as u64;
    lua_Unsigned as lua_Unsigned: v => v as u64;
    lua_Integer as lua_Integer: v => v as u64;
    lua_Number as lua_Number: v => v.to_bits();
    Bytes as *const c_char: v => v.as_ptr() as u64;
    Option<Bytes> as *const c_char: v => name(v) as u64;
    Lua as *mut lua_State: v => v.as_ptr() as u64;
    *mut u8 as *mut c_char: v => v as u64;
    *mut c_void as *mut c_void: v => v as u64;
}
/// For functions that always raise.
impl<R> Word<R> for Infallible {
    fn word(self) -> u64 {
        match self {}
    }
}

/// The end of a core: its value, or the throw for the stub to raise.
#[inline(always)]
fn leave<F: Returning, T: Word<F::Result>>(l: Lua, result: LResult<T>) -> Ret {
    match result {
        Ok(value) => Ret::ok(value.word()),
        Err(throw) => native::leave(*l, throw),
    }
}

/// For functions that always raise.
fn never(throw: Throw) -> LResult<Infallible> {
    Err(throw)
}

/// # Safety
/// As for all of this module: a live thread.
#[inline(always)]
unsafe fn thread(L: *mut lua_State) -> Lua {
    // SAFETY: the caller's promise.
    unsafe { Lua::from_ptr(L.cast()) }
}

/// # Safety
/// A live thread or null.
unsafe fn thread_or_null(L: *mut lua_State) -> Option<Lua> {
    // SAFETY: the caller's promise.
    if L.is_null() { None } else { Some(unsafe { thread(L) }) }
}

fn maybe_null(l: Option<Lua>) -> *mut lua_State {
    l.map_or(ptr::null_mut(), |l| l.as_ptr().cast())
}

/// # Safety
/// `n` readable bytes, or `n` is 0.
#[inline(always)]
unsafe fn bytes<'a>(s: *const c_char, n: usize) -> &'a [u8] {
    if n == 0 {
        return b"";
    }
    // SAFETY: the caller's promise. The lifetime is as long as the host keeps the argument.
    unsafe { core::slice::from_raw_parts(s.cast(), n) }
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
unsafe fn text_or_null<'a>(s: *const c_char) -> Option<&'a [u8]> {
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
        unsafe { *len = s.map_or(0, |s| s.len()) };
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
    TYPE_NAMES.get((tp + 1) as usize).map_or(ptr::null(), |name| name.as_ptr())
}
