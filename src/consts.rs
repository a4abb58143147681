//! The numbers and strings that are part of the C interface.
//!
//! This module is the one place where such a value is written down. The core uses it, and `make headers`
//! fills the macro templates of `include/` from it, so that the library and its headers cannot disagree:
//! a `pub const` here named like a macro becomes the value of that macro. C's `int` is `i32`;
//! strings are NUL-terminated `&CStr`.
//!
//! Keep each item on one line, a literal or an expression over earlier items: the header tool reads the text.

#![allow(missing_docs, reason = "the names are those of the C macros, which the manual describes")]

use core::ffi::CStr;

// Version (manual 4.8 `lua_version`, lua.h).
pub const LUA_VERSION_NUM: i32 = 502;
pub const LUA_VERSION: &CStr = c"Lua 5.2";
pub const LUA_RELEASE: &CStr = c"Lua 5.2.4";

/// The first bytes of a binary chunk.
pub const LUA_SIGNATURE: &[u8; 4] = b"\x1bLua";

/// "All results" as a count of results for `lua_call` and `lua_pcall`.
pub const LUA_MULTRET: i32 = -1;

// Limits and pseudo-indices (manual 4.3).
/// Slots a Lua stack may have, including those of all active functions.
pub const LUAI_MAXSTACK: i32 = 1000000;
/// Extra slots, over the limit, for the handling of a stack overflow itself.
pub const LUAI_STACKRESERVE: i32 = -LUAI_FIRSTPSEUDOIDX - LUAI_MAXSTACK;
pub const LUAI_FIRSTPSEUDOIDX: i32 = -LUAI_MAXSTACK - 1000;
pub const LUA_REGISTRYINDEX: i32 = LUAI_FIRSTPSEUDOIDX;
/// Free slots that a C function may count on when it starts.
pub const LUA_MINSTACK: i32 = 20;
/// Nested C calls and syntactic nesting levels.
pub const LUAI_MAXCCALLS: i32 = 200;
/// Largest length of an interned string.
pub const LUAI_MAXSHORTLEN: usize = 40;

/// The pseudo-index of the running C function's upvalue `i`, which starts at 1.
pub const fn lua_upvalueindex(i: i32) -> i32 {
    LUA_REGISTRYINDEX - i
}

// Thread status and results of protected calls (manual 4.8 `lua_pcall`, `lua_status`).
pub const LUA_OK: i32 = 0;
pub const LUA_YIELD: i32 = 1;
pub const LUA_ERRRUN: i32 = 2;
pub const LUA_ERRSYNTAX: i32 = 3;
pub const LUA_ERRMEM: i32 = 4;
pub const LUA_ERRGCMM: i32 = 5;
pub const LUA_ERRERR: i32 = 6;
/// Only from `luaL_loadfile`.
pub const LUA_ERRFILE: i32 = LUA_ERRERR + 1;

// Types of values (manual 4.8 `lua_type`).
pub const LUA_TNONE: i32 = -1;
pub const LUA_TNIL: i32 = 0;
pub const LUA_TBOOLEAN: i32 = 1;
pub const LUA_TLIGHTUSERDATA: i32 = 2;
pub const LUA_TNUMBER: i32 = 3;
pub const LUA_TSTRING: i32 = 4;
pub const LUA_TTABLE: i32 = 5;
pub const LUA_TFUNCTION: i32 = 6;
pub const LUA_TUSERDATA: i32 = 7;
pub const LUA_TTHREAD: i32 = 8;
pub const LUA_NUMTAGS: i32 = 9;

// Keys of the registry (manual 4.5).
pub const LUA_RIDX_MAINTHREAD: i32 = 1;
pub const LUA_RIDX_GLOBALS: i32 = 2;
pub const LUA_RIDX_LAST: i32 = LUA_RIDX_GLOBALS;

// Operators of `lua_arith` and `lua_compare`.
pub const LUA_OPADD: i32 = 0;
pub const LUA_OPSUB: i32 = 1;
pub const LUA_OPMUL: i32 = 2;
pub const LUA_OPDIV: i32 = 3;
pub const LUA_OPMOD: i32 = 4;
pub const LUA_OPPOW: i32 = 5;
pub const LUA_OPUNM: i32 = 6;
pub const LUA_OPEQ: i32 = 0;
pub const LUA_OPLT: i32 = 1;
pub const LUA_OPLE: i32 = 2;

// Requests of `lua_gc`.
pub const LUA_GCSTOP: i32 = 0;
pub const LUA_GCRESTART: i32 = 1;
pub const LUA_GCCOLLECT: i32 = 2;
pub const LUA_GCCOUNT: i32 = 3;
pub const LUA_GCCOUNTB: i32 = 4;
pub const LUA_GCSTEP: i32 = 5;
pub const LUA_GCSETPAUSE: i32 = 6;
pub const LUA_GCSETSTEPMUL: i32 = 7;
pub const LUA_GCSETMAJORINC: i32 = 8;
pub const LUA_GCISRUNNING: i32 = 9;
pub const LUA_GCGEN: i32 = 10;
pub const LUA_GCINC: i32 = 11;

// Hook events and masks (manual 4.9).
pub const LUA_HOOKCALL: i32 = 0;
pub const LUA_HOOKRET: i32 = 1;
pub const LUA_HOOKLINE: i32 = 2;
pub const LUA_HOOKCOUNT: i32 = 3;
pub const LUA_HOOKTAILCALL: i32 = 4;
pub const LUA_MASKCALL: i32 = 1 << LUA_HOOKCALL;
pub const LUA_MASKRET: i32 = 1 << LUA_HOOKRET;
pub const LUA_MASKLINE: i32 = 1 << LUA_HOOKLINE;
pub const LUA_MASKCOUNT: i32 = 1 << LUA_HOOKCOUNT;

/// Size of `lua_Debug::short_src`, with its NUL.
pub const LUA_IDSIZE: usize = 60;

// The auxiliary library (manual 5).
/// Bytes inside a `luaL_Buffer`. PUC takes the C library's BUFSIZ, which is this number in glibc. A number of the
/// library's own is the same for all hosts and modules, whatever they were compiled with.
pub const LUAL_BUFFERSIZE: usize = 8192;
pub const LUA_NOREF: i32 = -2;
pub const LUA_REFNIL: i32 = -1;
/// Name of the metatable of file handles in the registry.
pub const LUA_FILEHANDLE: &CStr = c"FILE*";

// Numbers (luaconf.h).
pub const LUA_NUMBER_FMT: &CStr = c"%.14g";
pub const LUA_NUMBER_SCAN: &CStr = c"%lf";
/// Enough for any number formatted with `LUA_NUMBER_FMT`.
pub const LUAI_MAXNUMBER2STR: usize = 32;

/// Name of the upvalue that holds the globals.
pub const LUA_ENV: &CStr = c"_ENV";
pub const LUA_DIRSEP: &CStr = c"/";

// The extension's interface (luax.h).
pub const LUAX_API_VERSION: i32 = 1;
pub const LUAX_REQUESTED: i32 = 1;
pub const LUAX_STEPS: i32 = 2;
pub const LUAX_TIME: i32 = 3;
pub const LUAX_JITOFF: i32 = 0;
pub const LUAX_JITON: i32 = 1;
pub const LUAX_JITALWAYS: i32 = 2;
pub const LUAX_JITFLUSH: i32 = 3;
pub const LUAX_JITQUERY: i32 = 4;

// Names of the libraries (lualib.h).
pub const LUA_COLIBNAME: &CStr = c"coroutine";
pub const LUA_TABLIBNAME: &CStr = c"table";
pub const LUA_IOLIBNAME: &CStr = c"io";
pub const LUA_OSLIBNAME: &CStr = c"os";
pub const LUA_STRLIBNAME: &CStr = c"string";
pub const LUA_BITLIBNAME: &CStr = c"bit32";
pub const LUA_MATHLIBNAME: &CStr = c"math";
pub const LUA_DBLIBNAME: &CStr = c"debug";
pub const LUA_LOADLIBNAME: &CStr = c"package";

// Tables of modules in the registry, which C programs read by these names, too.
pub const LOADED_TABLE: &[u8] = b"_LOADED";
pub const PRELOAD_TABLE: &[u8] = b"_PRELOAD";

// Where `require` looks (luaconf.h) depends on the system.
pub use crate::sys::{LUA_CPATH_DEFAULT, LUA_PATH_DEFAULT};
