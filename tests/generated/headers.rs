// What `include/` declares. `make headers` writes this file.

constants! {
    LUA_DIRSEP
    LUA_ENV
    LUA_IDSIZE
    LUAI_MAXSHORTLEN
    LUAI_MAXSTACK
    LUAI_FIRSTPSEUDOIDX
    LUAL_BUFFERSIZE
    LUA_NUMBER_SCAN
    LUA_NUMBER_FMT
    LUAI_MAXNUMBER2STR
    LUA_VERSION_NUM
    LUA_VERSION
    LUA_RELEASE
    LUA_SIGNATURE
    LUA_MULTRET
    LUA_REGISTRYINDEX
    LUA_OK
    LUA_YIELD
    LUA_ERRRUN
    LUA_ERRSYNTAX
    LUA_ERRMEM
    LUA_ERRGCMM
    LUA_ERRERR
    LUA_TNONE
    LUA_TNIL
    LUA_TBOOLEAN
    LUA_TLIGHTUSERDATA
    LUA_TNUMBER
    LUA_TSTRING
    LUA_TTABLE
    LUA_TFUNCTION
    LUA_TUSERDATA
    LUA_TTHREAD
    LUA_NUMTAGS
    LUA_MINSTACK
    LUA_RIDX_MAINTHREAD
    LUA_RIDX_GLOBALS
    LUA_RIDX_LAST
    LUA_OPADD
    LUA_OPSUB
    LUA_OPMUL
    LUA_OPDIV
    LUA_OPMOD
    LUA_OPPOW
    LUA_OPUNM
    LUA_OPEQ
    LUA_OPLT
    LUA_OPLE
    LUA_GCSTOP
    LUA_GCRESTART
    LUA_GCCOLLECT
    LUA_GCCOUNT
    LUA_GCCOUNTB
    LUA_GCSTEP
    LUA_GCSETPAUSE
    LUA_GCSETSTEPMUL
    LUA_GCSETMAJORINC
    LUA_GCISRUNNING
    LUA_GCGEN
    LUA_GCINC
    LUA_HOOKCALL
    LUA_HOOKRET
    LUA_HOOKLINE
    LUA_HOOKCOUNT
    LUA_HOOKTAILCALL
    LUA_MASKCALL
    LUA_MASKRET
    LUA_MASKLINE
    LUA_MASKCOUNT
    LUA_ERRFILE
    LUA_NOREF
    LUA_REFNIL
    LUA_FILEHANDLE
    LUA_COLIBNAME
    LUA_TABLIBNAME
    LUA_IOLIBNAME
    LUA_OSLIBNAME
    LUA_STRLIBNAME
    LUA_BITLIBNAME
    LUA_MATHLIBNAME
    LUA_DBLIBNAME
    LUA_LOADLIBNAME
    LUAX_API_VERSION
    LUAX_REQUESTED
    LUAX_STEPS
    LUAX_TIME
    LUAX_JITOFF
    LUAX_JITON
    LUAX_JITALWAYS
    LUAX_JITFLUSH
    LUAX_JITQUERY
}

structures! {
    lua_Debug { event name namewhat what source currentline linedefined lastlinedefined nups nparams isvararg istailcall short_src i_ci }
    luaL_Reg { name func }
    luaL_Buffer { b size n L initb }
    luaL_Stream { f closef }
    luaX_Count { count bytes }
    luaX_Stats { size bytes limit external strings tables functions userdata threads prototypes upvalues shared_strings native_code phase cycles longest_step stack_slots c_levels }
}

functions! {
    fn lua_newstate(f: lua_Alloc, ud: *mut c_void) -> *mut lua_State;
    fn lua_close(L: *mut lua_State);
    fn lua_newthread(L: *mut lua_State) -> *mut lua_State;
    fn lua_atpanic(L: *mut lua_State, panicf: lua_CFunction) -> lua_CFunction;
    fn lua_version(L: *mut lua_State) -> *const lua_Number;
    fn lua_absindex(L: *mut lua_State, idx: c_int) -> c_int;
    fn lua_gettop(L: *mut lua_State) -> c_int;
    fn lua_settop(L: *mut lua_State, idx: c_int);
    fn lua_pushvalue(L: *mut lua_State, idx: c_int);
    fn lua_remove(L: *mut lua_State, idx: c_int);
    fn lua_insert(L: *mut lua_State, idx: c_int);
    fn lua_replace(L: *mut lua_State, idx: c_int);
    fn lua_copy(L: *mut lua_State, fromidx: c_int, toidx: c_int);
    fn lua_checkstack(L: *mut lua_State, sz: c_int) -> c_int;
    fn lua_xmove(from: *mut lua_State, to: *mut lua_State, n: c_int);
    fn lua_isnumber(L: *mut lua_State, idx: c_int) -> c_int;
    fn lua_isstring(L: *mut lua_State, idx: c_int) -> c_int;
    fn lua_iscfunction(L: *mut lua_State, idx: c_int) -> c_int;
    fn lua_isuserdata(L: *mut lua_State, idx: c_int) -> c_int;
    fn lua_type(L: *mut lua_State, idx: c_int) -> c_int;
    fn lua_typename(L: *mut lua_State, tp: c_int) -> *const c_char;
    fn lua_tonumberx(L: *mut lua_State, idx: c_int, isnum: *mut c_int) -> lua_Number;
    fn lua_tointegerx(L: *mut lua_State, idx: c_int, isnum: *mut c_int) -> lua_Integer;
    fn lua_tounsignedx(L: *mut lua_State, idx: c_int, isnum: *mut c_int) -> lua_Unsigned;
    fn lua_toboolean(L: *mut lua_State, idx: c_int) -> c_int;
    fn lua_tolstring(L: *mut lua_State, idx: c_int, len: *mut usize) -> *const c_char;
    fn lua_rawlen(L: *mut lua_State, idx: c_int) -> usize;
    fn lua_tocfunction(L: *mut lua_State, idx: c_int) -> lua_CFunction;
    fn lua_touserdata(L: *mut lua_State, idx: c_int) -> *mut c_void;
    fn lua_tothread(L: *mut lua_State, idx: c_int) -> *mut lua_State;
    fn lua_topointer(L: *mut lua_State, idx: c_int) -> *const c_void;
    fn lua_arith(L: *mut lua_State, op: c_int);
    fn lua_rawequal(L: *mut lua_State, idx1: c_int, idx2: c_int) -> c_int;
    fn lua_compare(L: *mut lua_State, idx1: c_int, idx2: c_int, op: c_int) -> c_int;
    fn lua_pushnil(L: *mut lua_State);
    fn lua_pushnumber(L: *mut lua_State, n: lua_Number);
    fn lua_pushinteger(L: *mut lua_State, n: lua_Integer);
    fn lua_pushunsigned(L: *mut lua_State, n: lua_Unsigned);
    fn lua_pushlstring(L: *mut lua_State, s: *const c_char, l: usize) -> *const c_char;
    fn lua_pushstring(L: *mut lua_State, s: *const c_char) -> *const c_char;
    fn lua_pushcclosure(L: *mut lua_State, fn_: lua_CFunction, n: c_int);
    fn lua_pushboolean(L: *mut lua_State, b: c_int);
    fn lua_pushlightuserdata(L: *mut lua_State, p: *mut c_void);
    fn lua_pushthread(L: *mut lua_State) -> c_int;
    fn lua_getglobal(L: *mut lua_State, var: *const c_char);
    fn lua_gettable(L: *mut lua_State, idx: c_int);
    fn lua_getfield(L: *mut lua_State, idx: c_int, k: *const c_char);
    fn lua_rawget(L: *mut lua_State, idx: c_int);
    fn lua_rawgeti(L: *mut lua_State, idx: c_int, n: c_int);
    fn lua_rawgetp(L: *mut lua_State, idx: c_int, p: *const c_void);
    fn lua_createtable(L: *mut lua_State, narr: c_int, nrec: c_int);
    fn lua_newuserdata(L: *mut lua_State, sz: usize) -> *mut c_void;
    fn lua_getmetatable(L: *mut lua_State, objindex: c_int) -> c_int;
    fn lua_getuservalue(L: *mut lua_State, idx: c_int);
    fn lua_setglobal(L: *mut lua_State, var: *const c_char);
    fn lua_settable(L: *mut lua_State, idx: c_int);
    fn lua_setfield(L: *mut lua_State, idx: c_int, k: *const c_char);
    fn lua_rawset(L: *mut lua_State, idx: c_int);
    fn lua_rawseti(L: *mut lua_State, idx: c_int, n: c_int);
    fn lua_rawsetp(L: *mut lua_State, idx: c_int, p: *const c_void);
    fn lua_setmetatable(L: *mut lua_State, objindex: c_int) -> c_int;
    fn lua_setuservalue(L: *mut lua_State, idx: c_int);
    fn lua_callk(L: *mut lua_State, nargs: c_int, nresults: c_int, ctx: c_int, k: lua_CFunction);
    fn lua_getctx(L: *mut lua_State, ctx: *mut c_int) -> c_int;
    fn lua_pcallk(L: *mut lua_State, nargs: c_int, nresults: c_int, errfunc: c_int, ctx: c_int, k: lua_CFunction) -> c_int;
    fn lua_load(L: *mut lua_State, reader: lua_Reader, dt: *mut c_void, chunkname: *const c_char, mode: *const c_char) -> c_int;
    fn lua_dump(L: *mut lua_State, writer: lua_Writer, data: *mut c_void) -> c_int;
    fn lua_yieldk(L: *mut lua_State, nresults: c_int, ctx: c_int, k: lua_CFunction) -> c_int;
    fn lua_resume(L: *mut lua_State, from: *mut lua_State, narg: c_int) -> c_int;
    fn lua_status(L: *mut lua_State) -> c_int;
    fn lua_gc(L: *mut lua_State, what: c_int, data: c_int) -> c_int;
    fn lua_error(L: *mut lua_State) -> c_int;
    fn lua_next(L: *mut lua_State, idx: c_int) -> c_int;
    fn lua_concat(L: *mut lua_State, n: c_int);
    fn lua_len(L: *mut lua_State, idx: c_int);
    fn lua_getallocf(L: *mut lua_State, ud: *mut *mut c_void) -> lua_Alloc;
    fn lua_setallocf(L: *mut lua_State, f: lua_Alloc, ud: *mut c_void);
    fn lua_getstack(L: *mut lua_State, level: c_int, ar: *mut lua_Debug) -> c_int;
    fn lua_getinfo(L: *mut lua_State, what: *const c_char, ar: *mut lua_Debug) -> c_int;
    fn lua_getlocal(L: *mut lua_State, ar: *const lua_Debug, n: c_int) -> *const c_char;
    fn lua_setlocal(L: *mut lua_State, ar: *const lua_Debug, n: c_int) -> *const c_char;
    fn lua_getupvalue(L: *mut lua_State, funcindex: c_int, n: c_int) -> *const c_char;
    fn lua_setupvalue(L: *mut lua_State, funcindex: c_int, n: c_int) -> *const c_char;
    fn lua_upvalueid(L: *mut lua_State, fidx: c_int, n: c_int) -> *mut c_void;
    fn lua_upvaluejoin(L: *mut lua_State, fidx1: c_int, n1: c_int, fidx2: c_int, n2: c_int);
    fn lua_sethook(L: *mut lua_State, func: lua_Hook, mask: c_int, count: c_int) -> c_int;
    fn lua_gethook(L: *mut lua_State) -> lua_Hook;
    fn lua_gethookmask(L: *mut lua_State) -> c_int;
    fn lua_gethookcount(L: *mut lua_State) -> c_int;
    fn luaL_checkversion_(L: *mut lua_State, ver: lua_Number);
    fn luaL_getmetafield(L: *mut lua_State, obj: c_int, e: *const c_char) -> c_int;
    fn luaL_callmeta(L: *mut lua_State, obj: c_int, e: *const c_char) -> c_int;
    fn luaL_tolstring(L: *mut lua_State, idx: c_int, len: *mut usize) -> *const c_char;
    fn luaL_argerror(L: *mut lua_State, numarg: c_int, extramsg: *const c_char) -> c_int;
    fn luaL_checklstring(L: *mut lua_State, numArg: c_int, l: *mut usize) -> *const c_char;
    fn luaL_optlstring(L: *mut lua_State, numArg: c_int, def: *const c_char, l: *mut usize) -> *const c_char;
    fn luaL_checknumber(L: *mut lua_State, numArg: c_int) -> lua_Number;
    fn luaL_optnumber(L: *mut lua_State, nArg: c_int, def: lua_Number) -> lua_Number;
    fn luaL_checkinteger(L: *mut lua_State, numArg: c_int) -> lua_Integer;
    fn luaL_optinteger(L: *mut lua_State, nArg: c_int, def: lua_Integer) -> lua_Integer;
    fn luaL_checkunsigned(L: *mut lua_State, numArg: c_int) -> lua_Unsigned;
    fn luaL_optunsigned(L: *mut lua_State, numArg: c_int, def: lua_Unsigned) -> lua_Unsigned;
    fn luaL_checkstack(L: *mut lua_State, sz: c_int, msg: *const c_char);
    fn luaL_checktype(L: *mut lua_State, narg: c_int, t: c_int);
    fn luaL_checkany(L: *mut lua_State, narg: c_int);
    fn luaL_newmetatable(L: *mut lua_State, tname: *const c_char) -> c_int;
    fn luaL_setmetatable(L: *mut lua_State, tname: *const c_char);
    fn luaL_testudata(L: *mut lua_State, ud: c_int, tname: *const c_char) -> *mut c_void;
    fn luaL_checkudata(L: *mut lua_State, ud: c_int, tname: *const c_char) -> *mut c_void;
    fn luaL_where(L: *mut lua_State, lvl: c_int);
    fn luaL_checkoption(L: *mut lua_State, narg: c_int, def: *const c_char, lst: *const *const c_char) -> c_int;
    fn luaL_fileresult(L: *mut lua_State, stat: c_int, fname: *const c_char) -> c_int;
    fn luaL_execresult(L: *mut lua_State, stat: c_int) -> c_int;
    fn luaL_ref(L: *mut lua_State, t: c_int) -> c_int;
    fn luaL_unref(L: *mut lua_State, t: c_int, ref_: c_int);
    fn luaL_loadfilex(L: *mut lua_State, filename: *const c_char, mode: *const c_char) -> c_int;
    fn luaL_loadbufferx(L: *mut lua_State, buff: *const c_char, sz: usize, name: *const c_char, mode: *const c_char) -> c_int;
    fn luaL_loadstring(L: *mut lua_State, s: *const c_char) -> c_int;
    fn luaL_newstate() -> *mut lua_State;
    fn luaL_len(L: *mut lua_State, idx: c_int) -> c_int;
    fn luaL_gsub(L: *mut lua_State, s: *const c_char, p: *const c_char, r: *const c_char) -> *const c_char;
    fn luaL_setfuncs(L: *mut lua_State, l: *const luaL_Reg, nup: c_int);
    fn luaL_getsubtable(L: *mut lua_State, idx: c_int, fname: *const c_char) -> c_int;
    fn luaL_traceback(L: *mut lua_State, L1: *mut lua_State, msg: *const c_char, level: c_int);
    fn luaL_requiref(L: *mut lua_State, modname: *const c_char, openf: lua_CFunction, glb: c_int);
    fn luaL_buffinit(L: *mut lua_State, B: *mut luaL_Buffer);
    fn luaL_prepbuffsize(B: *mut luaL_Buffer, sz: usize) -> *mut c_char;
    fn luaL_addlstring(B: *mut luaL_Buffer, s: *const c_char, l: usize);
    fn luaL_addstring(B: *mut luaL_Buffer, s: *const c_char);
    fn luaL_addvalue(B: *mut luaL_Buffer);
    fn luaL_pushresult(B: *mut luaL_Buffer);
    fn luaL_pushresultsize(B: *mut luaL_Buffer, sz: usize);
    fn luaL_buffinitsize(L: *mut lua_State, B: *mut luaL_Buffer, sz: usize) -> *mut c_char;
    fn luaopen_base(L: *mut lua_State) -> c_int;
    fn luaopen_coroutine(L: *mut lua_State) -> c_int;
    fn luaopen_table(L: *mut lua_State) -> c_int;
    fn luaopen_io(L: *mut lua_State) -> c_int;
    fn luaopen_os(L: *mut lua_State) -> c_int;
    fn luaopen_string(L: *mut lua_State) -> c_int;
    fn luaopen_bit32(L: *mut lua_State) -> c_int;
    fn luaopen_math(L: *mut lua_State) -> c_int;
    fn luaopen_debug(L: *mut lua_State) -> c_int;
    fn luaopen_package(L: *mut lua_State) -> c_int;
    fn luaL_openlibs(L: *mut lua_State);
    fn luaX_version() -> c_int;
    fn luaX_setmemlimit(L: *mut lua_State, bytes: usize) -> usize;
    fn luaX_external(L: *mut lua_State, bytes: isize);
    fn luaX_setinterrupt(L: *mut lua_State, f: luaX_Interrupt, ud: *mut c_void);
    fn luaX_interrupt(L: *mut lua_State);
    fn luaX_setsteps(L: *mut lua_State, steps: lua_Number) -> lua_Number;
    fn luaX_settime(L: *mut lua_State, seconds: lua_Number) -> lua_Number;
    fn luaX_setnativestack(L: *mut lua_State, bytes: usize) -> usize;
    fn luaX_stats(L: *mut lua_State, out: *mut luaX_Stats) -> c_int;
    fn luaX_jit(L: *mut lua_State, mode: c_int) -> c_int;
}
