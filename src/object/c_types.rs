//! Types of the C interface that layers below the API use, too: those of the host's functions, and `lua_Debug`, the
//! record that tells a hook about a call.

use crate::consts::LUA_IDSIZE;
use core::ffi::{CStr, c_char, c_void};

/// A thread as the host sees it: there are only pointers to it.
#[repr(C)]
#[allow(non_camel_case_types, reason = "C's name")]
pub struct lua_State {
    _opaque: [u8; 0],
}

/// The bytes of a C string.
///
/// # Safety
/// `s` ends in a zero byte and is there for as long as the result is used.
#[inline(always)]
pub unsafe fn text<'a>(s: *const c_char) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(s).to_bytes() }
}

/// A function of the host's for Lua to call.
#[allow(non_camel_case_types, reason = "C's name")]
pub type lua_CFunction = unsafe extern "C-unwind" fn(*mut lua_State) -> i32;
/// A hook, with the thread it looks at and a record of the call (`lua_Debug`).
#[allow(non_camel_case_types, reason = "C's name")]
pub type lua_Hook = unsafe extern "C-unwind" fn(*mut lua_State, *mut c_void);
/// Gives a chunk piece by piece.
#[allow(non_camel_case_types, reason = "C's name")]
pub type lua_Reader = unsafe extern "C-unwind" fn(*mut lua_State, *mut c_void, *mut usize) -> *const u8;
/// Takes a binary chunk piece by piece.
#[allow(non_camel_case_types, reason = "C's name")]
pub type lua_Writer = unsafe extern "C-unwind" fn(*mut lua_State, *const c_void, usize, *mut c_void) -> i32;

/// Activation record for the debug interface (manual 4.9).
#[repr(C)]
#[allow(non_camel_case_types, reason = "C's name")]
pub struct lua_Debug {
    pub event: i32,
    pub name: *const c_char,
    pub namewhat: *const c_char,
    pub what: *const c_char,
    pub source: *const c_char,
    pub currentline: i32,
    pub linedefined: i32,
    pub lastlinedefined: i32,
    pub nups: u8,
    pub nparams: u8,
    pub isvararg: c_char,
    pub istailcall: c_char,
    pub short_src: [c_char; LUA_IDSIZE],
    /// private: the CallInfo
    pub i_ci: *const c_void,
}

impl lua_Debug {
    pub const fn new() -> lua_Debug {
        lua_Debug {
            event: 0,
            name: core::ptr::null(),
            namewhat: core::ptr::null(),
            what: core::ptr::null(),
            source: core::ptr::null(),
            currentline: 0,
            linedefined: 0,
            lastlinedefined: 0,
            nups: 0,
            nparams: 0,
            isvararg: 0,
            istailcall: 0,
            short_src: [0; LUA_IDSIZE],
            i_ci: core::ptr::null(),
        }
    }
}

impl Default for lua_Debug {
    fn default() -> Self {
        Self::new()
    }
}

/// What a file handle holds (lauxlib.h).
#[repr(C)]
#[allow(non_camel_case_types, reason = "C's name")]
pub struct luaL_Stream {
    /// the stream; null for a handle whose creation is not complete
    pub f: *mut crate::sys::FILE,
    /// closes the stream; null when it is closed
    pub closef: Option<lua_CFunction>,
}
