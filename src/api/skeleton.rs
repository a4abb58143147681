//! Signatures to be filled in, area by area, in files of their own.
#![allow(unused_variables)]
use super::*;

impl Lua {
    // stack
    pub fn absindex(self, idx: i32) -> i32 {
        todo!()
    }
    pub fn gettop(self) -> i32 {
        todo!()
    }
    pub fn settop(self, idx: i32) {
        todo!()
    }
    pub fn pop(self, n: i32) {
        self.settop(-n - 1)
    }
    pub fn pushvalue(self, idx: i32) {
        todo!()
    }
    pub fn remove(self, idx: i32) {
        todo!()
    }
    pub fn insert(self, idx: i32) {
        todo!()
    }
    pub fn replace(self, idx: i32) {
        todo!()
    }
    pub fn copy(self, from: i32, to: i32) {
        todo!()
    }
    pub fn checkstack(self, n: i32) -> bool {
        todo!()
    }
    pub fn xmove(self, to: Lua, n: i32) {
        todo!()
    }
    // access
    pub fn type_(self, idx: i32) -> i32 {
        todo!()
    }
    pub fn isnoneornil(self, idx: i32) -> bool {
        self.type_(idx) <= 0
    }
    /// static, no state needed
    pub fn typename(t: i32) -> &'static str {
        todo!()
    }
    pub fn iscfunction(self, idx: i32) -> bool {
        todo!()
    }
    pub fn isnumber(self, idx: i32) -> bool {
        todo!()
    }
    pub fn isstring(self, idx: i32) -> bool {
        todo!()
    }
    pub fn isuserdata(self, idx: i32) -> bool {
        todo!()
    }
    pub fn rawequal(self, a: i32, b: i32) -> bool {
        todo!()
    }
    pub fn compare(self, a: i32, b: i32, op: i32) -> LResult<bool> {
        todo!()
    }
    pub fn arith(self, op: i32) -> LResult<()> {
        todo!()
    }
    pub fn tonumberx(self, idx: i32) -> Option<f64> {
        todo!()
    }
    pub fn tointegerx(self, idx: i32) -> Option<isize> {
        todo!()
    }
    pub fn tounsignedx(self, idx: i32) -> Option<u32> {
        todo!()
    }
    pub fn toboolean(self, idx: i32) -> bool {
        todo!()
    }
    pub fn tolstring(self, idx: i32) -> LResult<Option<Bytes>> {
        todo!()
    }
    pub fn rawlen(self, idx: i32) -> usize {
        todo!()
    }
    pub fn tocfunction(self, idx: i32) -> Option<lua_CFunction> {
        todo!()
    }
    pub fn touserdata(self, idx: i32) -> *mut c_void {
        todo!()
    }
    pub fn tothread(self, idx: i32) -> Option<Lua> {
        todo!()
    }
    pub fn topointer(self, idx: i32) -> *const c_void {
        todo!()
    }
    // push
    pub fn pushnil(self) {
        todo!()
    }
    pub fn pushnumber(self, n: f64) {
        todo!()
    }
    pub fn pushinteger(self, n: isize) {
        todo!()
    }
    pub fn pushunsigned(self, n: u32) {
        todo!()
    }
    pub fn pushlstring(self, s: &[u8]) -> LResult<Bytes> {
        todo!()
    }
    /// lua_pushfstring for Rust callers
    pub fn pushfmt(self, fmt: &str, args: &[Arg]) -> LResult<Bytes> {
        todo!()
    }
    /// # Safety
    /// `args` holds what `fmt` asks for.
    pub unsafe fn pushvfstring(self, fmt: &[u8], args: &mut crate::boundary::VaList) -> LResult<Bytes> {
        todo!()
    }
    pub fn pushcclosure(self, f: lua_CFunction, n: i32) -> LResult<()> {
        todo!()
    }
    /// a library function; with `n` upvalues a closure
    pub fn pushbuiltin(self, f: &'static Builtin, n: i32) -> LResult<()> {
        todo!()
    }
    pub fn pushboolean(self, b: bool) {
        todo!()
    }
    pub fn pushlightuserdata(self, p: *mut c_void) -> LResult<()> {
        todo!()
    }
    pub fn pushthread(self) -> bool {
        todo!()
    }
    // get
    pub fn getglobal(self, name: &[u8]) -> LResult<()> {
        todo!()
    }
    pub fn gettable(self, idx: i32) -> LResult<()> {
        todo!()
    }
    pub fn getfield(self, idx: i32, k: &[u8]) -> LResult<()> {
        todo!()
    }
    pub fn rawget(self, idx: i32) {
        todo!()
    }
    pub fn rawgeti(self, idx: i32, n: i32) {
        todo!()
    }
    pub fn rawgetp(self, idx: i32, p: *const c_void) {
        todo!()
    }
    pub fn createtable(self, narr: i32, nrec: i32) -> LResult<()> {
        todo!()
    }
    pub fn newuserdata(self, size: usize) -> LResult<*mut c_void> {
        todo!()
    }
    pub fn getmetatable(self, idx: i32) -> bool {
        todo!()
    }
    pub fn getuservalue(self, idx: i32) {
        todo!()
    }
    // set
    pub fn setglobal(self, name: &[u8]) -> LResult<()> {
        todo!()
    }
    pub fn settable(self, idx: i32) -> LResult<()> {
        todo!()
    }
    pub fn setfield(self, idx: i32, k: &[u8]) -> LResult<()> {
        todo!()
    }
    pub fn rawset(self, idx: i32) -> LResult<()> {
        todo!()
    }
    pub fn rawseti(self, idx: i32, n: i32) -> LResult<()> {
        todo!()
    }
    pub fn rawsetp(self, idx: i32, p: *const c_void) -> LResult<()> {
        todo!()
    }
    pub fn setmetatable(self, idx: i32) {
        todo!()
    }
    pub fn setuservalue(self, idx: i32) {
        todo!()
    }
    // calls
    pub fn callk(self, nargs: i32, nresults: i32, ctx: i32, k: Option<lua_CFunction>) -> LResult<()> {
        todo!()
    }
    pub fn call(self, nargs: i32, nresults: i32) -> LResult<()> {
        self.callk(nargs, nresults, 0, None)
    }
    /// status; the Err side only for a yield or a foreign exception passing through
    pub fn pcallk(
        self,
        nargs: i32,
        nresults: i32,
        msgh: i32,
        ctx: i32,
        k: Option<lua_CFunction>,
    ) -> LResult<i32> {
        todo!()
    }
    pub fn pcall(self, nargs: i32, nresults: i32, msgh: i32) -> LResult<i32> {
        self.pcallk(nargs, nresults, msgh, 0, None)
    }
    /// (status, ctx)
    pub fn getctx(self) -> (i32, Option<i32>) {
        todo!()
    }
    pub fn load(
        self,
        reader: lua_Reader,
        data: *mut c_void,
        chunkname: Option<&[u8]>,
        mode: Option<&[u8]>,
    ) -> LResult<i32> {
        todo!()
    }
    pub fn dump(self, writer: lua_Writer, data: *mut c_void) -> LResult<i32> {
        todo!()
    }
    /// always `Err` (YIELD or an error) except inside hooks
    pub fn yieldk(self, nresults: i32, ctx: i32, k: Option<lua_CFunction>) -> LResult<i32> {
        todo!()
    }
    pub fn resume(self, from: Option<Lua>, nargs: i32) -> LResult<i32> {
        todo!()
    }
    pub fn status(self) -> i32 {
        todo!()
    }
    // misc
    pub fn gc(self, what: i32, data: i32) -> LResult<i32> {
        todo!()
    }
    /// raises the value on top
    pub fn error(self) -> Throw {
        todo!()
    }
    pub fn next(self, idx: i32) -> LResult<bool> {
        todo!()
    }
    pub fn concat(self, n: i32) -> LResult<()> {
        todo!()
    }
    pub fn len(self, idx: i32) -> LResult<()> {
        todo!()
    }
    pub fn newthread(self) -> LResult<Lua> {
        todo!()
    }
    pub fn atpanic(self, f: Option<lua_CFunction>) -> Option<lua_CFunction> {
        todo!()
    }
    // debug
    pub fn getstack(self, level: i32, ar: &mut lua_Debug) -> bool {
        todo!()
    }
    pub fn getinfo(self, what: &[u8], ar: &mut lua_Debug) -> LResult<bool> {
        todo!()
    }
    pub fn getlocal(self, ar: Option<&lua_Debug>, n: i32) -> LResult<Option<Bytes>> {
        todo!()
    }
    pub fn setlocal(self, ar: &lua_Debug, n: i32) -> LResult<Option<Bytes>> {
        todo!()
    }
    pub fn getupvalue(self, funcindex: i32, n: i32) -> Option<Bytes> {
        todo!()
    }
    pub fn setupvalue(self, funcindex: i32, n: i32) -> Option<Bytes> {
        todo!()
    }
    pub fn upvalueid(self, funcindex: i32, n: i32) -> *mut c_void {
        todo!()
    }
    pub fn upvaluejoin(self, f1: i32, n1: i32, f2: i32, n2: i32) {
        todo!()
    }
    pub fn sethook(self, f: Option<lua_Hook>, mask: i32, count: i32) {
        todo!()
    }
    pub fn gethook(self) -> Option<lua_Hook> {
        todo!()
    }
    pub fn gethookmask(self) -> i32 {
        todo!()
    }
    pub fn gethookcount(self) -> i32 {
        todo!()
    }

    // auxiliary library
    pub fn aux_getmetafield(self, obj: i32, e: &str) -> LResult<bool> {
        todo!()
    }
    pub fn aux_callmeta(self, obj: i32, e: &str) -> LResult<bool> {
        todo!()
    }
    pub fn aux_tolstring(self, idx: i32) -> LResult<Bytes> {
        todo!()
    }
    pub fn aux_argerror(self, arg: i32, msg: &[u8]) -> Throw {
        todo!()
    }
    pub fn aux_checklstring(self, arg: i32) -> LResult<Bytes> {
        todo!()
    }
    pub fn aux_optlstring(self, arg: i32, def: Option<Bytes>) -> LResult<Option<Bytes>> {
        todo!()
    }
    pub fn aux_checknumber(self, arg: i32) -> LResult<f64> {
        todo!()
    }
    pub fn aux_optnumber(self, arg: i32, def: f64) -> LResult<f64> {
        todo!()
    }
    pub fn aux_checkinteger(self, arg: i32) -> LResult<isize> {
        todo!()
    }
    pub fn aux_optinteger(self, arg: i32, def: isize) -> LResult<isize> {
        todo!()
    }
    pub fn aux_checkunsigned(self, arg: i32) -> LResult<u32> {
        todo!()
    }
    pub fn aux_optunsigned(self, arg: i32, def: u32) -> LResult<u32> {
        todo!()
    }
    /// luaL_checkint: (int) of luaL_checkinteger
    pub fn aux_checkint(self, arg: i32) -> LResult<i32> {
        Ok(self.aux_checkinteger(arg)? as i32)
    }
    pub fn aux_optint(self, arg: i32, def: i32) -> LResult<i32> {
        Ok(self.aux_optinteger(arg, def as isize)? as i32)
    }
    pub fn aux_checkstack(self, n: i32, msg: Option<&[u8]>) -> LResult<()> {
        todo!()
    }
    pub fn aux_checktype(self, arg: i32, t: i32) -> LResult<()> {
        todo!()
    }
    pub fn aux_checkany(self, arg: i32) -> LResult<()> {
        todo!()
    }
    pub fn aux_newmetatable(self, name: &[u8]) -> LResult<bool> {
        todo!()
    }
    pub fn aux_setmetatable(self, name: &[u8]) -> LResult<()> {
        todo!()
    }
    pub fn aux_testudata(self, arg: i32, name: &[u8]) -> LResult<*mut c_void> {
        todo!()
    }
    pub fn aux_checkudata(self, arg: i32, name: &[u8]) -> LResult<*mut c_void> {
        todo!()
    }
    pub fn aux_where(self, level: i32) -> LResult<()> {
        todo!()
    }
    pub fn aux_error(self, fmt: &str, args: &[Arg]) -> Throw {
        todo!()
    }
    /// index of the option found
    pub fn aux_checkoption(self, arg: i32, def: Option<&[u8]>, options: &[&str]) -> LResult<usize> {
        todo!()
    }
    pub fn aux_fileresult(self, ok: bool, name: Option<&[u8]>) -> LResult<i32> {
        todo!()
    }
    pub fn aux_execresult(self, stat: i32) -> LResult<i32> {
        todo!()
    }
    pub fn aux_ref(self, t: i32) -> LResult<i32> {
        todo!()
    }
    pub fn aux_unref(self, t: i32, r: i32) -> LResult<()> {
        todo!()
    }
    pub fn aux_loadfilex(self, filename: Option<&core::ffi::CStr>, mode: Option<&[u8]>) -> LResult<i32> {
        todo!()
    }
    pub fn aux_loadbufferx(self, buf: &[u8], name: &[u8], mode: Option<&[u8]>) -> LResult<i32> {
        todo!()
    }
    pub fn aux_len(self, idx: i32) -> LResult<i32> {
        todo!()
    }
    pub fn aux_gsub(self, s: &[u8], p: &[u8], r: &[u8]) -> LResult<Bytes> {
        todo!()
    }
    /// luaL_setfuncs for library functions
    pub fn aux_setfuncs(self, regs: &[Reg], nup: i32) -> LResult<()> {
        todo!()
    }
    /// luaL_newlib
    pub fn aux_newlib(self, regs: &[Reg]) -> LResult<()> {
        self.createtable(0, regs.len() as i32)?;
        self.aux_setfuncs(regs, 0)
    }
    pub fn aux_getsubtable(self, idx: i32, name: &[u8]) -> LResult<bool> {
        todo!()
    }
    pub fn aux_traceback(self, other: Lua, msg: Option<&[u8]>, level: i32) -> LResult<()> {
        todo!()
    }
    pub fn aux_requiref(self, name: &[u8], open: &'static Builtin, global: bool) -> LResult<()> {
        todo!()
    }
    pub fn aux_openlibs(self) -> LResult<()> {
        todo!()
    }
}

/// A string under construction (luaL_Buffer): starts on the native stack, grows into a userdata on the Lua stack
/// (which takes one stack slot: stack discipline as for luaL_Buffer). Same layout as C's luaL_Buffer.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct luaL_Buffer {
    pub b: *mut u8,
    pub size: usize,
    pub n: usize,
    pub l: Lua,
    pub initb: [core::mem::MaybeUninit<u8>; crate::consts::LUAL_BUFFERSIZE],
}
pub type Buffer = luaL_Buffer;
impl Buffer {
    /// luaL_buffinit in place: `let mut b = MaybeUninit::uninit(); let b = Buffer::init(&mut b, l);`
    pub fn init(slot: &mut core::mem::MaybeUninit<Buffer>, l: Lua) -> &mut Buffer {
        todo!()
    }
    /// luaL_prepbuffsize: room for n more bytes (then `advance`)
    pub fn prep(&mut self, n: usize) -> LResult<*mut u8> {
        todo!()
    }
    pub fn advance(&mut self, n: usize) {
        self.n += n
    }
    pub fn add(&mut self, s: &[u8]) -> LResult<()> {
        todo!()
    }
    pub fn addbyte(&mut self, c: u8) -> LResult<()> {
        todo!()
    }
    /// luaL_addvalue: pops a string or number from the top
    pub fn addvalue(&mut self) -> LResult<()> {
        todo!()
    }
    /// luaL_pushresult
    pub fn pushresult(&mut self) -> LResult<Bytes> {
        todo!()
    }
    pub fn bytes(&self) -> &[u8] {
        todo!()
    }
}

pub use crate::object::thread::lua_Hook;
#[allow(non_camel_case_types)]
pub type lua_Reader = unsafe extern "C-unwind" fn(Lua, *mut c_void, *mut usize) -> *const u8;
#[allow(non_camel_case_types)]
pub type lua_Writer = unsafe extern "C-unwind" fn(Lua, *const c_void, usize, *mut c_void) -> i32;

/// Activation record for the debug interface (manual 4.9).
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct lua_Debug {
    pub event: i32,
    pub name: *const i8,
    pub namewhat: *const i8,
    pub what: *const i8,
    pub source: *const i8,
    pub currentline: i32,
    pub linedefined: i32,
    pub lastlinedefined: i32,
    pub nups: u8,
    pub nparams: u8,
    pub isvararg: i8,
    pub istailcall: i8,
    pub short_src: [i8; crate::consts::LUA_IDSIZE],
    /// private: the CallInfo
    pub i_ci: *const crate::object::CallInfo,
}
