//! The API as `include/` declares it. `make headers` writes this file.

use ::core::ffi::c_void as FILE;
use ::core::ffi::c_void as CallInfo;

pub const LUA_ROOT: &::core::ffi::CStr = c"/usr/local/";
pub const LUA_ROOT2: &::core::ffi::CStr = c"/usr/";
pub const LUA_DIRSEP: &::core::ffi::CStr = c"/";
pub const LUA_ENV: &::core::ffi::CStr = c"_ENV";
pub const LUA_IDSIZE: ::core::ffi::c_int = 60;
pub const LUAI_MAXSHORTLEN: ::core::ffi::c_int = 40;
pub const LUAI_BITSINT: ::core::ffi::c_int = 32;
pub const LUAI_MAXSTACK: ::core::ffi::c_int = 1000000;
pub const LUAI_FIRSTPSEUDOIDX: ::core::ffi::c_int = -1001000;
pub const LUAL_BUFFERSIZE: ::core::ffi::c_int = 8192;
pub const LUA_NUMBER_SCAN: &::core::ffi::CStr = c"%lf";
pub const LUA_NUMBER_FMT: &::core::ffi::CStr = c"%.14g";
pub const LUAI_MAXNUMBER2STR: ::core::ffi::c_int = 32;
pub const LUA_IEEEENDIAN: ::core::ffi::c_int = 0;
pub const LUA_VERSION_MAJOR: &::core::ffi::CStr = c"5";
pub const LUA_VERSION_MINOR: &::core::ffi::CStr = c"2";
pub const LUA_VERSION_RELEASE: &::core::ffi::CStr = c"4";
pub const LUA_VERSION_NUM: ::core::ffi::c_int = 502;
pub const LUA_VERSION: &::core::ffi::CStr = c"Lua 5.2";
pub const LUA_RELEASE: &::core::ffi::CStr = c"Lua 5.2.4";
pub const LUA_COPYRIGHT: &::core::ffi::CStr = c"Lua 5.2.4  Copyright (C) 1994-2015 Lua.org, PUC-Rio";
pub const LUA_AUTHORS: &::core::ffi::CStr = c"R. Ierusalimschy, L. H. de Figueiredo, W. Celes";
pub const LUA_SIGNATURE: &::core::ffi::CStr = c"\u{1b}Lua";
pub const LUA_MULTRET: ::core::ffi::c_int = -1;
pub const LUA_REGISTRYINDEX: ::core::ffi::c_int = -1001000;
pub const LUA_OK: ::core::ffi::c_int = 0;
pub const LUA_YIELD: ::core::ffi::c_int = 1;
pub const LUA_ERRRUN: ::core::ffi::c_int = 2;
pub const LUA_ERRSYNTAX: ::core::ffi::c_int = 3;
pub const LUA_ERRMEM: ::core::ffi::c_int = 4;
pub const LUA_ERRGCMM: ::core::ffi::c_int = 5;
pub const LUA_ERRERR: ::core::ffi::c_int = 6;
pub const LUA_TNONE: ::core::ffi::c_int = -1;
pub const LUA_TNIL: ::core::ffi::c_int = 0;
pub const LUA_TBOOLEAN: ::core::ffi::c_int = 1;
pub const LUA_TLIGHTUSERDATA: ::core::ffi::c_int = 2;
pub const LUA_TNUMBER: ::core::ffi::c_int = 3;
pub const LUA_TSTRING: ::core::ffi::c_int = 4;
pub const LUA_TTABLE: ::core::ffi::c_int = 5;
pub const LUA_TFUNCTION: ::core::ffi::c_int = 6;
pub const LUA_TUSERDATA: ::core::ffi::c_int = 7;
pub const LUA_TTHREAD: ::core::ffi::c_int = 8;
pub const LUA_NUMTAGS: ::core::ffi::c_int = 9;
pub const LUA_MINSTACK: ::core::ffi::c_int = 20;
pub const LUA_RIDX_MAINTHREAD: ::core::ffi::c_int = 1;
pub const LUA_RIDX_GLOBALS: ::core::ffi::c_int = 2;
pub const LUA_RIDX_LAST: ::core::ffi::c_int = 2;
pub const LUA_OPADD: ::core::ffi::c_int = 0;
pub const LUA_OPSUB: ::core::ffi::c_int = 1;
pub const LUA_OPMUL: ::core::ffi::c_int = 2;
pub const LUA_OPDIV: ::core::ffi::c_int = 3;
pub const LUA_OPMOD: ::core::ffi::c_int = 4;
pub const LUA_OPPOW: ::core::ffi::c_int = 5;
pub const LUA_OPUNM: ::core::ffi::c_int = 6;
pub const LUA_OPEQ: ::core::ffi::c_int = 0;
pub const LUA_OPLT: ::core::ffi::c_int = 1;
pub const LUA_OPLE: ::core::ffi::c_int = 2;
pub const LUA_GCSTOP: ::core::ffi::c_int = 0;
pub const LUA_GCRESTART: ::core::ffi::c_int = 1;
pub const LUA_GCCOLLECT: ::core::ffi::c_int = 2;
pub const LUA_GCCOUNT: ::core::ffi::c_int = 3;
pub const LUA_GCCOUNTB: ::core::ffi::c_int = 4;
pub const LUA_GCSTEP: ::core::ffi::c_int = 5;
pub const LUA_GCSETPAUSE: ::core::ffi::c_int = 6;
pub const LUA_GCSETSTEPMUL: ::core::ffi::c_int = 7;
pub const LUA_GCSETMAJORINC: ::core::ffi::c_int = 8;
pub const LUA_GCISRUNNING: ::core::ffi::c_int = 9;
pub const LUA_GCGEN: ::core::ffi::c_int = 10;
pub const LUA_GCINC: ::core::ffi::c_int = 11;
pub const LUA_HOOKCALL: ::core::ffi::c_int = 0;
pub const LUA_HOOKRET: ::core::ffi::c_int = 1;
pub const LUA_HOOKLINE: ::core::ffi::c_int = 2;
pub const LUA_HOOKCOUNT: ::core::ffi::c_int = 3;
pub const LUA_HOOKTAILCALL: ::core::ffi::c_int = 4;
pub const LUA_MASKCALL: ::core::ffi::c_int = 1;
pub const LUA_MASKRET: ::core::ffi::c_int = 2;
pub const LUA_MASKLINE: ::core::ffi::c_int = 4;
pub const LUA_MASKCOUNT: ::core::ffi::c_int = 8;
pub const LUA_ERRFILE: ::core::ffi::c_int = 7;
pub const LUA_NOREF: ::core::ffi::c_int = -2;
pub const LUA_REFNIL: ::core::ffi::c_int = -1;
pub const LUA_FILEHANDLE: &::core::ffi::CStr = c"FILE*";
pub const LUA_COLIBNAME: &::core::ffi::CStr = c"coroutine";
pub const LUA_TABLIBNAME: &::core::ffi::CStr = c"table";
pub const LUA_IOLIBNAME: &::core::ffi::CStr = c"io";
pub const LUA_OSLIBNAME: &::core::ffi::CStr = c"os";
pub const LUA_STRLIBNAME: &::core::ffi::CStr = c"string";
pub const LUA_BITLIBNAME: &::core::ffi::CStr = c"bit32";
pub const LUA_MATHLIBNAME: &::core::ffi::CStr = c"math";
pub const LUA_DBLIBNAME: &::core::ffi::CStr = c"debug";
pub const LUA_LOADLIBNAME: &::core::ffi::CStr = c"package";
pub const LUAX_API_VERSION: ::core::ffi::c_int = 1;
pub const LUAX_REQUESTED: ::core::ffi::c_int = 1;
pub const LUAX_STEPS: ::core::ffi::c_int = 2;
pub const LUAX_TIME: ::core::ffi::c_int = 3;
pub const LUAX_JITOFF: ::core::ffi::c_int = 0;
pub const LUAX_JITON: ::core::ffi::c_int = 1;
pub const LUAX_JITALWAYS: ::core::ffi::c_int = 2;
pub const LUAX_JITFLUSH: ::core::ffi::c_int = 3;
pub const LUAX_JITQUERY: ::core::ffi::c_int = 4;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct lua_State {
    _unused: [u8; 0],
}
pub type lua_Number = f64;
pub type lua_Integer = isize;
pub type lua_Unsigned = ::core::ffi::c_uint;
pub type lua_CFunction =
    ::core::option::Option<unsafe extern "C-unwind" fn(L: *mut lua_State) -> ::core::ffi::c_int>;
pub type lua_Reader = ::core::option::Option<
    unsafe extern "C-unwind" fn(
        L: *mut lua_State,
        ud: *mut ::core::ffi::c_void,
        sz: *mut usize,
    ) -> *const ::core::ffi::c_char,
>;
pub type lua_Writer = ::core::option::Option<
    unsafe extern "C-unwind" fn(
        L: *mut lua_State,
        p: *const ::core::ffi::c_void,
        sz: usize,
        ud: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int,
>;
pub type lua_Alloc = ::core::option::Option<
    unsafe extern "C-unwind" fn(
        ud: *mut ::core::ffi::c_void,
        ptr: *mut ::core::ffi::c_void,
        osize: usize,
        nsize: usize,
    ) -> *mut ::core::ffi::c_void,
>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct lua_Debug {
    pub event: ::core::ffi::c_int,
    pub name: *const ::core::ffi::c_char,
    pub namewhat: *const ::core::ffi::c_char,
    pub what: *const ::core::ffi::c_char,
    pub source: *const ::core::ffi::c_char,
    pub currentline: ::core::ffi::c_int,
    pub linedefined: ::core::ffi::c_int,
    pub lastlinedefined: ::core::ffi::c_int,
    pub nups: ::core::ffi::c_uchar,
    pub nparams: ::core::ffi::c_uchar,
    pub isvararg: ::core::ffi::c_char,
    pub istailcall: ::core::ffi::c_char,
    pub short_src: [::core::ffi::c_char; 60usize],
    pub i_ci: *mut CallInfo,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of lua_Debug"][::core::mem::size_of::<lua_Debug>() - 128usize];
    ["Alignment of lua_Debug"][::core::mem::align_of::<lua_Debug>() - 8usize];
    ["Offset of field: lua_Debug::event"][::core::mem::offset_of!(lua_Debug, event) - 0usize];
    ["Offset of field: lua_Debug::name"][::core::mem::offset_of!(lua_Debug, name) - 8usize];
    ["Offset of field: lua_Debug::namewhat"][::core::mem::offset_of!(lua_Debug, namewhat) - 16usize];
    ["Offset of field: lua_Debug::what"][::core::mem::offset_of!(lua_Debug, what) - 24usize];
    ["Offset of field: lua_Debug::source"][::core::mem::offset_of!(lua_Debug, source) - 32usize];
    ["Offset of field: lua_Debug::currentline"][::core::mem::offset_of!(lua_Debug, currentline) - 40usize];
    ["Offset of field: lua_Debug::linedefined"][::core::mem::offset_of!(lua_Debug, linedefined) - 44usize];
    ["Offset of field: lua_Debug::lastlinedefined"]
        [::core::mem::offset_of!(lua_Debug, lastlinedefined) - 48usize];
    ["Offset of field: lua_Debug::nups"][::core::mem::offset_of!(lua_Debug, nups) - 52usize];
    ["Offset of field: lua_Debug::nparams"][::core::mem::offset_of!(lua_Debug, nparams) - 53usize];
    ["Offset of field: lua_Debug::isvararg"][::core::mem::offset_of!(lua_Debug, isvararg) - 54usize];
    ["Offset of field: lua_Debug::istailcall"][::core::mem::offset_of!(lua_Debug, istailcall) - 55usize];
    ["Offset of field: lua_Debug::short_src"][::core::mem::offset_of!(lua_Debug, short_src) - 56usize];
    ["Offset of field: lua_Debug::i_ci"][::core::mem::offset_of!(lua_Debug, i_ci) - 120usize];
};
pub type lua_Hook =
    ::core::option::Option<unsafe extern "C-unwind" fn(L: *mut lua_State, ar: *mut lua_Debug)>;
pub type __off_t = ::core::ffi::c_long;
pub type __off64_t = ::core::ffi::c_long;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct _IO_marker {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct _IO_codecvt {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct _IO_wide_data {
    _unused: [u8; 0],
}
pub type _IO_lock_t = ::core::ffi::c_void;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct luaL_Reg {
    pub name: *const ::core::ffi::c_char,
    pub func: lua_CFunction,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of luaL_Reg"][::core::mem::size_of::<luaL_Reg>() - 16usize];
    ["Alignment of luaL_Reg"][::core::mem::align_of::<luaL_Reg>() - 8usize];
    ["Offset of field: luaL_Reg::name"][::core::mem::offset_of!(luaL_Reg, name) - 0usize];
    ["Offset of field: luaL_Reg::func"][::core::mem::offset_of!(luaL_Reg, func) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct luaL_Buffer {
    pub b: *mut ::core::ffi::c_char,
    pub size: usize,
    pub n: usize,
    pub L: *mut lua_State,
    pub initb: [::core::ffi::c_char; 8192usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of luaL_Buffer"][::core::mem::size_of::<luaL_Buffer>() - 8224usize];
    ["Alignment of luaL_Buffer"][::core::mem::align_of::<luaL_Buffer>() - 8usize];
    ["Offset of field: luaL_Buffer::b"][::core::mem::offset_of!(luaL_Buffer, b) - 0usize];
    ["Offset of field: luaL_Buffer::size"][::core::mem::offset_of!(luaL_Buffer, size) - 8usize];
    ["Offset of field: luaL_Buffer::n"][::core::mem::offset_of!(luaL_Buffer, n) - 16usize];
    ["Offset of field: luaL_Buffer::L"][::core::mem::offset_of!(luaL_Buffer, L) - 24usize];
    ["Offset of field: luaL_Buffer::initb"][::core::mem::offset_of!(luaL_Buffer, initb) - 32usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct luaL_Stream {
    pub f: *mut FILE,
    pub closef: lua_CFunction,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of luaL_Stream"][::core::mem::size_of::<luaL_Stream>() - 16usize];
    ["Alignment of luaL_Stream"][::core::mem::align_of::<luaL_Stream>() - 8usize];
    ["Offset of field: luaL_Stream::f"][::core::mem::offset_of!(luaL_Stream, f) - 0usize];
    ["Offset of field: luaL_Stream::closef"][::core::mem::offset_of!(luaL_Stream, closef) - 8usize];
};
pub type luaX_Interrupt = ::core::option::Option<
    unsafe extern "C-unwind" fn(L: *mut lua_State, reason: ::core::ffi::c_int, ud: *mut ::core::ffi::c_void),
>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct luaX_Count {
    pub count: usize,
    pub bytes: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of luaX_Count"][::core::mem::size_of::<luaX_Count>() - 16usize];
    ["Alignment of luaX_Count"][::core::mem::align_of::<luaX_Count>() - 8usize];
    ["Offset of field: luaX_Count::count"][::core::mem::offset_of!(luaX_Count, count) - 0usize];
    ["Offset of field: luaX_Count::bytes"][::core::mem::offset_of!(luaX_Count, bytes) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct luaX_Stats {
    pub size: usize,
    pub bytes: usize,
    pub limit: usize,
    pub external: usize,
    pub strings: luaX_Count,
    pub tables: luaX_Count,
    pub functions: luaX_Count,
    pub userdata: luaX_Count,
    pub threads: luaX_Count,
    pub prototypes: luaX_Count,
    pub upvalues: luaX_Count,
    pub shared_strings: usize,
    pub native_code: usize,
    pub phase: usize,
    pub cycles: usize,
    pub longest_step: usize,
    pub stack_slots: usize,
    pub c_levels: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of luaX_Stats"][::core::mem::size_of::<luaX_Stats>() - 200usize];
    ["Alignment of luaX_Stats"][::core::mem::align_of::<luaX_Stats>() - 8usize];
    ["Offset of field: luaX_Stats::size"][::core::mem::offset_of!(luaX_Stats, size) - 0usize];
    ["Offset of field: luaX_Stats::bytes"][::core::mem::offset_of!(luaX_Stats, bytes) - 8usize];
    ["Offset of field: luaX_Stats::limit"][::core::mem::offset_of!(luaX_Stats, limit) - 16usize];
    ["Offset of field: luaX_Stats::external"][::core::mem::offset_of!(luaX_Stats, external) - 24usize];
    ["Offset of field: luaX_Stats::strings"][::core::mem::offset_of!(luaX_Stats, strings) - 32usize];
    ["Offset of field: luaX_Stats::tables"][::core::mem::offset_of!(luaX_Stats, tables) - 48usize];
    ["Offset of field: luaX_Stats::functions"][::core::mem::offset_of!(luaX_Stats, functions) - 64usize];
    ["Offset of field: luaX_Stats::userdata"][::core::mem::offset_of!(luaX_Stats, userdata) - 80usize];
    ["Offset of field: luaX_Stats::threads"][::core::mem::offset_of!(luaX_Stats, threads) - 96usize];
    ["Offset of field: luaX_Stats::prototypes"][::core::mem::offset_of!(luaX_Stats, prototypes) - 112usize];
    ["Offset of field: luaX_Stats::upvalues"][::core::mem::offset_of!(luaX_Stats, upvalues) - 128usize];
    ["Offset of field: luaX_Stats::shared_strings"]
        [::core::mem::offset_of!(luaX_Stats, shared_strings) - 144usize];
    ["Offset of field: luaX_Stats::native_code"][::core::mem::offset_of!(luaX_Stats, native_code) - 152usize];
    ["Offset of field: luaX_Stats::phase"][::core::mem::offset_of!(luaX_Stats, phase) - 160usize];
    ["Offset of field: luaX_Stats::cycles"][::core::mem::offset_of!(luaX_Stats, cycles) - 168usize];
    ["Offset of field: luaX_Stats::longest_step"]
        [::core::mem::offset_of!(luaX_Stats, longest_step) - 176usize];
    ["Offset of field: luaX_Stats::stack_slots"][::core::mem::offset_of!(luaX_Stats, stack_slots) - 184usize];
    ["Offset of field: luaX_Stats::c_levels"][::core::mem::offset_of!(luaX_Stats, c_levels) - 192usize];
};
unsafe extern "C" {
    pub static lua_ident: [::core::ffi::c_char; 0usize];
}
unsafe extern "C-unwind" {
    pub fn lua_newstate(f: lua_Alloc, ud: *mut ::core::ffi::c_void) -> *mut lua_State;
    pub fn lua_close(L: *mut lua_State);
    pub fn lua_newthread(L: *mut lua_State) -> *mut lua_State;
    pub fn lua_atpanic(L: *mut lua_State, panicf: lua_CFunction) -> lua_CFunction;
    pub fn lua_version(L: *mut lua_State) -> *const lua_Number;
    pub fn lua_absindex(L: *mut lua_State, idx: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_gettop(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn lua_settop(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_pushvalue(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_remove(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_insert(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_replace(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_copy(L: *mut lua_State, fromidx: ::core::ffi::c_int, toidx: ::core::ffi::c_int);
    pub fn lua_checkstack(L: *mut lua_State, sz: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_xmove(from: *mut lua_State, to: *mut lua_State, n: ::core::ffi::c_int);
    pub fn lua_isnumber(L: *mut lua_State, idx: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_isstring(L: *mut lua_State, idx: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_iscfunction(L: *mut lua_State, idx: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_isuserdata(L: *mut lua_State, idx: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_type(L: *mut lua_State, idx: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_typename(L: *mut lua_State, tp: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
    pub fn lua_tonumberx(
        L: *mut lua_State,
        idx: ::core::ffi::c_int,
        isnum: *mut ::core::ffi::c_int,
    ) -> lua_Number;
    pub fn lua_tointegerx(
        L: *mut lua_State,
        idx: ::core::ffi::c_int,
        isnum: *mut ::core::ffi::c_int,
    ) -> lua_Integer;
    pub fn lua_tounsignedx(
        L: *mut lua_State,
        idx: ::core::ffi::c_int,
        isnum: *mut ::core::ffi::c_int,
    ) -> lua_Unsigned;
    pub fn lua_toboolean(L: *mut lua_State, idx: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_tolstring(
        L: *mut lua_State,
        idx: ::core::ffi::c_int,
        len: *mut usize,
    ) -> *const ::core::ffi::c_char;
    pub fn lua_rawlen(L: *mut lua_State, idx: ::core::ffi::c_int) -> usize;
    pub fn lua_tocfunction(L: *mut lua_State, idx: ::core::ffi::c_int) -> lua_CFunction;
    pub fn lua_touserdata(L: *mut lua_State, idx: ::core::ffi::c_int) -> *mut ::core::ffi::c_void;
    pub fn lua_tothread(L: *mut lua_State, idx: ::core::ffi::c_int) -> *mut lua_State;
    pub fn lua_topointer(L: *mut lua_State, idx: ::core::ffi::c_int) -> *const ::core::ffi::c_void;
    pub fn lua_arith(L: *mut lua_State, op: ::core::ffi::c_int);
    pub fn lua_rawequal(
        L: *mut lua_State,
        idx1: ::core::ffi::c_int,
        idx2: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn lua_compare(
        L: *mut lua_State,
        idx1: ::core::ffi::c_int,
        idx2: ::core::ffi::c_int,
        op: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn lua_pushnil(L: *mut lua_State);
    pub fn lua_pushnumber(L: *mut lua_State, n: lua_Number);
    pub fn lua_pushinteger(L: *mut lua_State, n: lua_Integer);
    pub fn lua_pushunsigned(L: *mut lua_State, n: lua_Unsigned);
    pub fn lua_pushlstring(
        L: *mut lua_State,
        s: *const ::core::ffi::c_char,
        l: usize,
    ) -> *const ::core::ffi::c_char;
    pub fn lua_pushstring(L: *mut lua_State, s: *const ::core::ffi::c_char) -> *const ::core::ffi::c_char;
    pub fn lua_pushfstring(
        L: *mut lua_State,
        fmt: *const ::core::ffi::c_char,
        ...
    ) -> *const ::core::ffi::c_char;
    pub fn lua_pushcclosure(L: *mut lua_State, fn_: lua_CFunction, n: ::core::ffi::c_int);
    pub fn lua_pushboolean(L: *mut lua_State, b: ::core::ffi::c_int);
    pub fn lua_pushlightuserdata(L: *mut lua_State, p: *mut ::core::ffi::c_void);
    pub fn lua_pushthread(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn lua_getglobal(L: *mut lua_State, var: *const ::core::ffi::c_char);
    pub fn lua_gettable(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_getfield(L: *mut lua_State, idx: ::core::ffi::c_int, k: *const ::core::ffi::c_char);
    pub fn lua_rawget(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_rawgeti(L: *mut lua_State, idx: ::core::ffi::c_int, n: ::core::ffi::c_int);
    pub fn lua_rawgetp(L: *mut lua_State, idx: ::core::ffi::c_int, p: *const ::core::ffi::c_void);
    pub fn lua_createtable(L: *mut lua_State, narr: ::core::ffi::c_int, nrec: ::core::ffi::c_int);
    pub fn lua_newuserdata(L: *mut lua_State, sz: usize) -> *mut ::core::ffi::c_void;
    pub fn lua_getmetatable(L: *mut lua_State, objindex: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_getuservalue(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_setglobal(L: *mut lua_State, var: *const ::core::ffi::c_char);
    pub fn lua_settable(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_setfield(L: *mut lua_State, idx: ::core::ffi::c_int, k: *const ::core::ffi::c_char);
    pub fn lua_rawset(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_rawseti(L: *mut lua_State, idx: ::core::ffi::c_int, n: ::core::ffi::c_int);
    pub fn lua_rawsetp(L: *mut lua_State, idx: ::core::ffi::c_int, p: *const ::core::ffi::c_void);
    pub fn lua_setmetatable(L: *mut lua_State, objindex: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_setuservalue(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_callk(
        L: *mut lua_State,
        nargs: ::core::ffi::c_int,
        nresults: ::core::ffi::c_int,
        ctx: ::core::ffi::c_int,
        k: lua_CFunction,
    );
    pub fn lua_getctx(L: *mut lua_State, ctx: *mut ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_pcallk(
        L: *mut lua_State,
        nargs: ::core::ffi::c_int,
        nresults: ::core::ffi::c_int,
        errfunc: ::core::ffi::c_int,
        ctx: ::core::ffi::c_int,
        k: lua_CFunction,
    ) -> ::core::ffi::c_int;
    pub fn lua_load(
        L: *mut lua_State,
        reader: lua_Reader,
        dt: *mut ::core::ffi::c_void,
        chunkname: *const ::core::ffi::c_char,
        mode: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn lua_dump(
        L: *mut lua_State,
        writer: lua_Writer,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn lua_yieldk(
        L: *mut lua_State,
        nresults: ::core::ffi::c_int,
        ctx: ::core::ffi::c_int,
        k: lua_CFunction,
    ) -> ::core::ffi::c_int;
    pub fn lua_resume(
        L: *mut lua_State,
        from: *mut lua_State,
        narg: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn lua_status(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn lua_gc(
        L: *mut lua_State,
        what: ::core::ffi::c_int,
        data: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn lua_error(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn lua_next(L: *mut lua_State, idx: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn lua_concat(L: *mut lua_State, n: ::core::ffi::c_int);
    pub fn lua_len(L: *mut lua_State, idx: ::core::ffi::c_int);
    pub fn lua_getallocf(L: *mut lua_State, ud: *mut *mut ::core::ffi::c_void) -> lua_Alloc;
    pub fn lua_setallocf(L: *mut lua_State, f: lua_Alloc, ud: *mut ::core::ffi::c_void);
    pub fn lua_getstack(
        L: *mut lua_State,
        level: ::core::ffi::c_int,
        ar: *mut lua_Debug,
    ) -> ::core::ffi::c_int;
    pub fn lua_getinfo(
        L: *mut lua_State,
        what: *const ::core::ffi::c_char,
        ar: *mut lua_Debug,
    ) -> ::core::ffi::c_int;
    pub fn lua_getlocal(
        L: *mut lua_State,
        ar: *const lua_Debug,
        n: ::core::ffi::c_int,
    ) -> *const ::core::ffi::c_char;
    pub fn lua_setlocal(
        L: *mut lua_State,
        ar: *const lua_Debug,
        n: ::core::ffi::c_int,
    ) -> *const ::core::ffi::c_char;
    pub fn lua_getupvalue(
        L: *mut lua_State,
        funcindex: ::core::ffi::c_int,
        n: ::core::ffi::c_int,
    ) -> *const ::core::ffi::c_char;
    pub fn lua_setupvalue(
        L: *mut lua_State,
        funcindex: ::core::ffi::c_int,
        n: ::core::ffi::c_int,
    ) -> *const ::core::ffi::c_char;
    pub fn lua_upvalueid(
        L: *mut lua_State,
        fidx: ::core::ffi::c_int,
        n: ::core::ffi::c_int,
    ) -> *mut ::core::ffi::c_void;
    pub fn lua_upvaluejoin(
        L: *mut lua_State,
        fidx1: ::core::ffi::c_int,
        n1: ::core::ffi::c_int,
        fidx2: ::core::ffi::c_int,
        n2: ::core::ffi::c_int,
    );
    pub fn lua_sethook(
        L: *mut lua_State,
        func: lua_Hook,
        mask: ::core::ffi::c_int,
        count: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn lua_gethook(L: *mut lua_State) -> lua_Hook;
    pub fn lua_gethookmask(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn lua_gethookcount(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaL_checkversion_(L: *mut lua_State, ver: lua_Number);
    pub fn luaL_getmetafield(
        L: *mut lua_State,
        obj: ::core::ffi::c_int,
        e: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn luaL_callmeta(
        L: *mut lua_State,
        obj: ::core::ffi::c_int,
        e: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn luaL_tolstring(
        L: *mut lua_State,
        idx: ::core::ffi::c_int,
        len: *mut usize,
    ) -> *const ::core::ffi::c_char;
    pub fn luaL_argerror(
        L: *mut lua_State,
        numarg: ::core::ffi::c_int,
        extramsg: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn luaL_checklstring(
        L: *mut lua_State,
        numArg: ::core::ffi::c_int,
        l: *mut usize,
    ) -> *const ::core::ffi::c_char;
    pub fn luaL_optlstring(
        L: *mut lua_State,
        numArg: ::core::ffi::c_int,
        def: *const ::core::ffi::c_char,
        l: *mut usize,
    ) -> *const ::core::ffi::c_char;
    pub fn luaL_checknumber(L: *mut lua_State, numArg: ::core::ffi::c_int) -> lua_Number;
    pub fn luaL_optnumber(L: *mut lua_State, nArg: ::core::ffi::c_int, def: lua_Number) -> lua_Number;
    pub fn luaL_checkinteger(L: *mut lua_State, numArg: ::core::ffi::c_int) -> lua_Integer;
    pub fn luaL_optinteger(L: *mut lua_State, nArg: ::core::ffi::c_int, def: lua_Integer) -> lua_Integer;
    pub fn luaL_checkunsigned(L: *mut lua_State, numArg: ::core::ffi::c_int) -> lua_Unsigned;
    pub fn luaL_optunsigned(L: *mut lua_State, numArg: ::core::ffi::c_int, def: lua_Unsigned)
    -> lua_Unsigned;
    pub fn luaL_checkstack(L: *mut lua_State, sz: ::core::ffi::c_int, msg: *const ::core::ffi::c_char);
    pub fn luaL_checktype(L: *mut lua_State, narg: ::core::ffi::c_int, t: ::core::ffi::c_int);
    pub fn luaL_checkany(L: *mut lua_State, narg: ::core::ffi::c_int);
    pub fn luaL_newmetatable(L: *mut lua_State, tname: *const ::core::ffi::c_char) -> ::core::ffi::c_int;
    pub fn luaL_setmetatable(L: *mut lua_State, tname: *const ::core::ffi::c_char);
    pub fn luaL_testudata(
        L: *mut lua_State,
        ud: ::core::ffi::c_int,
        tname: *const ::core::ffi::c_char,
    ) -> *mut ::core::ffi::c_void;
    pub fn luaL_checkudata(
        L: *mut lua_State,
        ud: ::core::ffi::c_int,
        tname: *const ::core::ffi::c_char,
    ) -> *mut ::core::ffi::c_void;
    pub fn luaL_where(L: *mut lua_State, lvl: ::core::ffi::c_int);
    pub fn luaL_error(L: *mut lua_State, fmt: *const ::core::ffi::c_char, ...) -> ::core::ffi::c_int;
    pub fn luaL_checkoption(
        L: *mut lua_State,
        narg: ::core::ffi::c_int,
        def: *const ::core::ffi::c_char,
        lst: *const *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn luaL_fileresult(
        L: *mut lua_State,
        stat: ::core::ffi::c_int,
        fname: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn luaL_execresult(L: *mut lua_State, stat: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn luaL_ref(L: *mut lua_State, t: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn luaL_unref(L: *mut lua_State, t: ::core::ffi::c_int, ref_: ::core::ffi::c_int);
    pub fn luaL_loadfilex(
        L: *mut lua_State,
        filename: *const ::core::ffi::c_char,
        mode: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn luaL_loadbufferx(
        L: *mut lua_State,
        buff: *const ::core::ffi::c_char,
        sz: usize,
        name: *const ::core::ffi::c_char,
        mode: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn luaL_loadstring(L: *mut lua_State, s: *const ::core::ffi::c_char) -> ::core::ffi::c_int;
    pub fn luaL_newstate() -> *mut lua_State;
    pub fn luaL_len(L: *mut lua_State, idx: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn luaL_gsub(
        L: *mut lua_State,
        s: *const ::core::ffi::c_char,
        p: *const ::core::ffi::c_char,
        r: *const ::core::ffi::c_char,
    ) -> *const ::core::ffi::c_char;
    pub fn luaL_setfuncs(L: *mut lua_State, l: *const luaL_Reg, nup: ::core::ffi::c_int);
    pub fn luaL_getsubtable(
        L: *mut lua_State,
        idx: ::core::ffi::c_int,
        fname: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn luaL_traceback(
        L: *mut lua_State,
        L1: *mut lua_State,
        msg: *const ::core::ffi::c_char,
        level: ::core::ffi::c_int,
    );
    pub fn luaL_requiref(
        L: *mut lua_State,
        modname: *const ::core::ffi::c_char,
        openf: lua_CFunction,
        glb: ::core::ffi::c_int,
    );
    pub fn luaL_buffinit(L: *mut lua_State, B: *mut luaL_Buffer);
    pub fn luaL_prepbuffsize(B: *mut luaL_Buffer, sz: usize) -> *mut ::core::ffi::c_char;
    pub fn luaL_addlstring(B: *mut luaL_Buffer, s: *const ::core::ffi::c_char, l: usize);
    pub fn luaL_addstring(B: *mut luaL_Buffer, s: *const ::core::ffi::c_char);
    pub fn luaL_addvalue(B: *mut luaL_Buffer);
    pub fn luaL_pushresult(B: *mut luaL_Buffer);
    pub fn luaL_pushresultsize(B: *mut luaL_Buffer, sz: usize);
    pub fn luaL_buffinitsize(L: *mut lua_State, B: *mut luaL_Buffer, sz: usize) -> *mut ::core::ffi::c_char;
    pub fn luaopen_base(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaopen_coroutine(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaopen_table(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaopen_io(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaopen_os(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaopen_string(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaopen_bit32(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaopen_math(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaopen_debug(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaopen_package(L: *mut lua_State) -> ::core::ffi::c_int;
    pub fn luaL_openlibs(L: *mut lua_State);
    pub fn luaX_version() -> ::core::ffi::c_int;
    pub fn luaX_setmemlimit(L: *mut lua_State, bytes: usize) -> usize;
    pub fn luaX_external(L: *mut lua_State, bytes: isize);
    pub fn luaX_setinterrupt(L: *mut lua_State, f: luaX_Interrupt, ud: *mut ::core::ffi::c_void);
    pub fn luaX_interrupt(L: *mut lua_State);
    pub fn luaX_setsteps(L: *mut lua_State, steps: lua_Number) -> lua_Number;
    pub fn luaX_settime(L: *mut lua_State, seconds: lua_Number) -> lua_Number;
    pub fn luaX_setnativestack(L: *mut lua_State, bytes: usize) -> usize;
    pub fn luaX_stats(L: *mut lua_State, out: *mut luaX_Stats) -> ::core::ffi::c_int;
    pub fn luaX_jit(L: *mut lua_State, mode: ::core::ffi::c_int) -> ::core::ffi::c_int;
}
