//! The part of the C API that the programs use, declared as a host of the library would.

#![allow(non_camel_case_types, non_snake_case, missing_docs)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io::{self, Write};

/// What `-v` prints. Programs read the version at the line's beginning, and look for PUC-Rio at its end.
pub const VERSION: &str = concat!(
    "Lua 5.2.4 (liblua-rs ",
    env!("CARGO_PKG_VERSION"),
    ")  Copyright (C) 1994-2015 Lua.org, PUC-Rio"
);

/// A Lua thread; only pointers to it exist.
#[repr(C)]
pub struct lua_State {
    _opaque: [u8; 0],
}

/// An activation record; only pointers to it are handed on.
#[repr(C)]
pub struct lua_Debug {
    _opaque: [u8; 0],
}

pub type lua_CFunction = unsafe extern "C-unwind" fn(*mut lua_State) -> c_int;
pub type lua_Writer = unsafe extern "C-unwind" fn(*mut lua_State, *const c_void, usize, *mut c_void) -> c_int;
pub type lua_Hook = unsafe extern "C-unwind" fn(*mut lua_State, *mut lua_Debug);

pub const LUA_OK: c_int = 0;
pub const LUA_ERRSYNTAX: c_int = 3;
pub const LUA_MULTRET: c_int = -1;
pub const LUA_REGISTRYINDEX: c_int = -1_001_000;
pub const LUA_GCSTOP: c_int = 0;
pub const LUA_GCRESTART: c_int = 1;
pub const LUA_GCCOLLECT: c_int = 2;
pub const LUA_MASKCALL: c_int = 1;
pub const LUA_MASKRET: c_int = 2;
pub const LUA_MASKCOUNT: c_int = 8;
pub const LUA_TNIL: c_int = 0;
pub const LUA_TSTRING: c_int = 4;
pub const LUA_TTABLE: c_int = 5;
pub const LUA_TFUNCTION: c_int = 6;
pub const LUA_RIDX_GLOBALS: c_int = 2;

unsafe extern "C-unwind" {
    pub fn luaL_newstate() -> *mut lua_State;
    pub fn luaL_openlibs(L: *mut lua_State);
    pub fn luaL_checkversion_(L: *mut lua_State, version: f64);
    pub fn luaL_checkstack(L: *mut lua_State, n: c_int, message: *const c_char);
    pub fn luaL_callmeta(L: *mut lua_State, index: c_int, event: *const c_char) -> c_int;
    pub fn luaL_traceback(L: *mut lua_State, other: *mut lua_State, message: *const c_char, level: c_int);
    pub fn luaL_error(L: *mut lua_State, format: *const c_char, ...) -> c_int;
    pub fn luaL_loadfilex(L: *mut lua_State, name: *const c_char, mode: *const c_char) -> c_int;
    pub fn luaL_loadbufferx(
        L: *mut lua_State,
        bytes: *const c_char,
        size: usize,
        name: *const c_char,
        mode: *const c_char,
    ) -> c_int;
    pub fn lua_error(L: *mut lua_State) -> c_int;
    pub fn lua_dump(L: *mut lua_State, writer: lua_Writer, data: *mut c_void) -> c_int;
    pub fn luaL_getmetafield(L: *mut lua_State, index: c_int, event: *const c_char) -> c_int;
    pub fn lua_checkstack(L: *mut lua_State, extra: c_int) -> c_int;
    pub fn lua_pushnil(L: *mut lua_State);
    pub fn lua_rawget(L: *mut lua_State, index: c_int);
    pub fn lua_rawgeti(L: *mut lua_State, index: c_int, key: c_int);
    pub fn lua_next(L: *mut lua_State, index: c_int) -> c_int;
    pub fn lua_close(L: *mut lua_State);
    pub fn lua_gc(L: *mut lua_State, what: c_int, data: c_int) -> c_int;
    pub fn lua_gettop(L: *mut lua_State) -> c_int;
    pub fn lua_settop(L: *mut lua_State, index: c_int);
    pub fn lua_insert(L: *mut lua_State, index: c_int);
    pub fn lua_remove(L: *mut lua_State, index: c_int);
    pub fn lua_pushvalue(L: *mut lua_State, index: c_int);
    pub fn lua_type(L: *mut lua_State, index: c_int) -> c_int;
    pub fn lua_toboolean(L: *mut lua_State, index: c_int) -> c_int;
    pub fn lua_tointegerx(L: *mut lua_State, index: c_int, is_number: *mut c_int) -> isize;
    pub fn lua_tolstring(L: *mut lua_State, index: c_int, length: *mut usize) -> *const c_char;
    pub fn lua_touserdata(L: *mut lua_State, index: c_int) -> *mut c_void;
    pub fn lua_pushboolean(L: *mut lua_State, value: c_int);
    pub fn lua_pushinteger(L: *mut lua_State, value: isize);
    pub fn lua_pushlightuserdata(L: *mut lua_State, value: *mut c_void);
    pub fn lua_pushlstring(L: *mut lua_State, bytes: *const c_char, size: usize) -> *const c_char;
    pub fn lua_pushstring(L: *mut lua_State, text: *const c_char) -> *const c_char;
    pub fn lua_pushcclosure(L: *mut lua_State, function: lua_CFunction, upvalues: c_int);
    pub fn lua_createtable(L: *mut lua_State, items: c_int, fields: c_int);
    pub fn lua_getglobal(L: *mut lua_State, name: *const c_char);
    pub fn lua_setglobal(L: *mut lua_State, name: *const c_char);
    pub fn lua_getfield(L: *mut lua_State, index: c_int, name: *const c_char);
    pub fn lua_setfield(L: *mut lua_State, index: c_int, name: *const c_char);
    pub fn lua_rawseti(L: *mut lua_State, index: c_int, key: c_int);
    pub fn lua_pcallk(
        L: *mut lua_State,
        arguments: c_int,
        results: c_int,
        handler: c_int,
        context: c_int,
        continuation: Option<lua_CFunction>,
    ) -> c_int;
    pub fn lua_sethook(L: *mut lua_State, hook: Option<lua_Hook>, mask: c_int, count: c_int) -> c_int;
}

/// `lua_pop`
///
/// # Safety
/// The stack holds `n` values of the running function.
pub unsafe fn lua_pop(L: *mut lua_State, n: c_int) {
    // SAFETY: the caller's promise.
    unsafe { lua_settop(L, -n - 1) }
}

/// The program's arguments.
///
/// The programs have C's `main`: Rust's would open `/dev/null` for standard files that are closed, and ignore SIGPIPE.
///
/// # Safety
/// What `main` was given.
pub unsafe fn arguments(argc: c_int, argv: *const *const c_char) -> Vec<CString> {
    // SAFETY: the caller's promise.
    (0..argc as usize).map(|i| unsafe { CStr::from_ptr(*argv.add(i)) }.to_owned()).collect()
}

/// Prints the version. That nobody can read it is no reason to stop.
pub fn print_version() {
    let _ = writeln!(io::stdout(), "{VERSION}");
}

/// Writes to standard error. When that fails, there is no one left to tell.
pub fn tell(text: &[u8]) {
    let _ = io::stderr().write_all(text);
}
