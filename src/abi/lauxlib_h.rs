//! `lauxlib.h`: the auxiliary library.

use super::*;

exports! {
    /// `[-0, +0, e]` Checks that the caller, this library and the state are of one version and one copy.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_checkversion_(L: *mut lua_State, ver: lua_Number) {
        L.aux_checkversion(ver)
    }

    /// `[-0, +(0|1), m]` Pushes field `e` of the value's metatable and returns 1; when there is none it pushes
    /// nothing and returns 0.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_getmetafield(L: *mut lua_State, obj: c_int, e: *const c_char) -> c_int {
        L.aux_getmetafield(obj, text(e))
    }

    /// `[-0, +(0|1), e]` Calls metamethod `e` with the value as its argument, pushes its result and returns 1;
    /// when there is none it returns 0.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_callmeta(L: *mut lua_State, obj: c_int, e: *const c_char) -> c_int {
        L.aux_callmeta(obj, text(e))
    }

    /// `[-0, +1, e]` Pushes the value as readable text, by `__tostring` if it has that, and returns the bytes.
    ///
    /// The value itself stays as it is. The bytes belong to the string that is pushed. Errors: any. Manual 5.1.
    raising fn luaL_tolstring(L: *mut lua_State, idx: c_int, len: *mut usize) -> *const c_char {
        sized(L.aux_tolstring(idx), len)
    }

    /// `[-0, +0, v]` Raises "bad argument" about argument `numarg` of the running function; does not return.
    ///
    /// Errors: always. Manual 5.1.
    raising fn luaL_argerror(L: *mut lua_State, numarg: c_int, extramsg: *const c_char) -> c_int {
        never(L.aux_argerror(numarg, text(extramsg)))
    }

    /// `[-0, +0, e]` Returns the bytes of argument `numArg`, which must be a string or number, and stores their
    /// count in `*l`, unless `l` is NULL.
    ///
    /// The bytes belong to Lua and stay valid as long as the string is reachable. A number in the slot becomes a
    /// string. Errors: any. Manual 5.1.
    quick fn luaL_checklstring(L: *mut lua_State, numArg: c_int, l: *mut usize) -> *const c_char {
        L.quick_string(numArg).map(|s| string_result(s, l))
    }; else {
        sized(L.aux_checklstring(numArg), l)
    }

    /// `[-0, +0, e]` Does what `luaL_checklstring` does, but gives `def` when the argument is absent or nil.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_optlstring(
        L: *mut lua_State, numArg: c_int, def: *const c_char, l: *mut usize
    ) -> *const c_char {
        sized(L.aux_optlstring(numArg, text_or_null(def).map(|s| Bytes::new(s))), l)
    }

    /// `[-0, +0, e]` Returns argument `numArg`, which must be a number.
    ///
    /// Errors: any. Manual 5.1.
    quick fn luaL_checknumber(L: *mut lua_State, numArg: c_int) -> lua_Number {
        L.quick_number(numArg)
    }; else {
        L.aux_checknumber(numArg)
    }

    /// `[-0, +0, e]` Does what `luaL_checknumber` does, but gives `def` when the argument is absent or nil.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_optnumber(L: *mut lua_State, nArg: c_int, def: lua_Number) -> lua_Number {
        L.aux_optnumber(nArg, def)
    }

    /// `[-0, +0, e]` Returns argument `numArg`, which must be a number, cut towards zero.
    ///
    /// Errors: any. Manual 5.1.
    quick fn luaL_checkinteger(L: *mut lua_State, numArg: c_int) -> lua_Integer {
        L.quick_number(numArg).map(crate::num::to_integer)
    }; else {
        L.aux_checkinteger(numArg)
    }

    /// `[-0, +0, e]` Does what `luaL_checkinteger` does, but gives `def` when the argument is absent or nil.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_optinteger(L: *mut lua_State, nArg: c_int, def: lua_Integer) -> lua_Integer {
        L.aux_optinteger(nArg, def)
    }

    /// `[-0, +0, e]` Returns argument `numArg`, which must be a number, converted as `lua_tounsigned` does.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_checkunsigned(L: *mut lua_State, numArg: c_int) -> lua_Unsigned {
        L.aux_checkunsigned(numArg)
    }

    /// `[-0, +0, e]` Does what `luaL_checkunsigned` does, but gives `def` when the argument is absent or nil.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_optunsigned(L: *mut lua_State, numArg: c_int, def: lua_Unsigned) -> lua_Unsigned {
        L.aux_optunsigned(numArg, def)
    }

    /// `[-0, +0, e]` Makes room for `sz` more values, or raises "stack overflow", with `msg` unless that is NULL.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_checkstack(L: *mut lua_State, sz: c_int, msg: *const c_char) {
        L.aux_checkstack(sz, text_or_null(msg))
    }

    /// `[-0, +0, e]` Raises an error unless argument `narg` has type `t`.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_checktype(L: *mut lua_State, narg: c_int, t: c_int) {
        L.aux_checktype(narg, t)
    }

    /// `[-0, +0, e]` Raises an error unless there is an argument `narg`, nil included.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_checkany(L: *mut lua_State, narg: c_int) {
        L.aux_checkany(narg)
    }

    /// `[-0, +1, m]` Pushes the metatable registered as `tname`; makes it and returns 1 if there was none, else
    /// 0.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_newmetatable(L: *mut lua_State, tname: *const c_char) -> c_int {
        L.aux_newmetatable(text(tname))
    }

    /// `[-0, +0, m]` Gives the value on top the metatable registered as `tname`.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_setmetatable(L: *mut lua_State, tname: *const c_char) {
        L.aux_setmetatable(text(tname))
    }

    /// `[-0, +0, m]` Returns the block of the userdata `ud` if its metatable is the one registered as `tname`,
    /// else NULL.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_testudata(L: *mut lua_State, ud: c_int, tname: *const c_char) -> *mut c_void {
        L.aux_testudata(ud, text(tname))
    }

    /// `[-0, +0, e]` Does what `luaL_testudata` does, but raises an error instead of returning NULL.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_checkudata(L: *mut lua_State, ud: c_int, tname: *const c_char) -> *mut c_void {
        L.aux_checkudata(ud, text(tname))
    }

    /// `[-0, +1, m]` Pushes "chunk:line: " for the function at level `lvl`, or "" when its line is not known.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_where(L: *mut lua_State, lvl: c_int) {
        L.aux_where(lvl)
    }

    /// `[-0, +0, v]` Raises a message made as `lua_pushfstring` does, with the position of the caller in front;
    /// does not return.
    ///
    /// Errors: always. Manual 5.1.
    variadic fn luaL_error(L: *mut lua_State, fmt: *const c_char, args: ...) -> c_int {
        never(L.aux_verror(text(fmt), &mut *args))
    }

    /// `[-0, +0, e]` Finds argument `narg`, a string, in the NULL-terminated list and returns its position.
    ///
    /// `def`, unless NULL, stands for an absent argument. A string that is not in the list is an error. Errors:
    /// any. Manual 5.1.
    raising fn luaL_checkoption(
        L: *mut lua_State, narg: c_int, def: *const c_char, lst: *const *const c_char
    ) -> c_int {
        L.aux_checkoption_c(narg, text_or_null(def).map(|s| Bytes::new(s)), lst)
    }

    /// `[-0, +(1|3), m]` Pushes the results of a file operation: true, or nil, a message from errno and its
    /// number.
    ///
    /// Returns how many. Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_fileresult(L: *mut lua_State, stat: c_int, fname: *const c_char) -> c_int {
        L.aux_fileresult(stat != 0, text_or_null(fname))
    }

    /// `[-0, +3, m]` Pushes the results of a process: true or nil, "exit" or "signal", and the code.
    ///
    /// Returns how many. Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_execresult(L: *mut lua_State, stat: c_int) -> c_int {
        L.aux_execresult(stat)
    }

    /// `[-1, +0, e]` Pops a value into the table at `t` under a fresh integer key and returns the key; for nil it
    /// returns LUA_REFNIL.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_ref(L: *mut lua_State, t: c_int) -> c_int {
        L.aux_ref(t)
    }

    /// `[-0, +0, e]` Frees a reference of `luaL_ref` with its value, so that it can be used again.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_unref(L: *mut lua_State, t: c_int, r#ref: c_int) {
        L.aux_unref(t, r#ref)
    }

    /// `[-0, +1, m]` Loads a file, or the standard input for NULL, as `lua_load` does; also returns LUA_ERRFILE.
    ///
    /// A first line that begins with # is skipped. Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_loadfilex(L: *mut lua_State, filename: *const c_char, mode: *const c_char) -> c_int {
        L.aux_loadfilex((!filename.is_null()).then(|| CStr::from_ptr(filename)), text_or_null(mode))
    }

    /// `[-0, +1, -]` Loads `sz` bytes as `lua_load` does.
    ///
    /// Manual 5.1.
    raising fn luaL_loadbufferx(
        L: *mut lua_State, buff: *const c_char, sz: usize, name: *const c_char, mode: *const c_char
    ) -> c_int {
        L.aux_loadbufferx(bytes(buff, sz), text_or_null(name), text_or_null(mode))
    }

    /// `[-0, +1, -]` Loads a NUL-terminated string as `lua_load` does; it is its own chunk name.
    ///
    /// Manual 5.1.
    raising fn luaL_loadstring(L: *mut lua_State, s: *const c_char) -> c_int {
        L.named_loadbufferx(text(s), text(s), None)
    }

    /// `[-0, +0, -]` Creates a state with an allocator of the library and a panic function that prints the
    /// message; NULL when that fails.
    ///
    /// The host ends it with `lua_close`. Manual 5.1.
    bare fn luaL_newstate() -> *mut lua_State {
        maybe_null(newstate())
    }

    /// `[-0, +0, e]` Returns the length of the value as the operator # gives it; that must be a number.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_len(L: *mut lua_State, idx: c_int) -> c_int {
        L.aux_len(idx)
    }

    /// `[-0, +1, m]` Pushes and returns a copy of `s` in which each `p` is replaced by `r`.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_gsub(
        L: *mut lua_State, s: *const c_char, p: *const c_char, r: *const c_char
    ) -> *const c_char {
        L.aux_gsub(text(s), text(p), text(r))
    }

    /// `[-nup, +0, m]` Stores each function of the list in the table below `nup` values, which become upvalues
    /// shared by all and are popped.
    ///
    /// A NULL function stores false. Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_setfuncs(L: *mut lua_State, l: *const luaL_Reg, nup: c_int) {
        L.aux_setfuncs_c(l, nup)
    }

    /// `[-0, +1, e]` Pushes the table `t[fname]`, where t is the value at `idx`, and returns 1 if it was there,
    /// or 0 if it was made.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_getsubtable(L: *mut lua_State, idx: c_int, fname: *const c_char) -> c_int {
        L.aux_getsubtable(idx, text(fname))
    }

    /// `[-0, +1, m]` Pushes a traceback of `L1` from `level` on, after `msg` unless that is NULL.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_traceback(L: *mut lua_State, L1: *mut lua_State, msg: *const c_char, level: c_int) {
        L.aux_traceback(thread(L1), text_or_null(msg), level)
    }

    /// `[-0, +1, e]` Calls `openf` with the name, stores the result in package.loaded, and as a global too if
    /// `glb`; pushes it.
    ///
    /// Errors: any. Manual 5.1.
    raising fn luaL_requiref(L: *mut lua_State, modname: *const c_char, openf: lua_CFunction, glb: c_int) {
        L.aux_requiref_c(text(modname), openf, glb != 0)
    }

    /// `[-0, +0, -]` Makes an empty buffer.
    ///
    /// The host owns the structure; what grows beyond it is a userdata on the stack. Manual 5.1.
    plain fn luaL_buffinit(L: *mut lua_State, B: *mut luaL_Buffer) {
        Buffer::init(&mut *B.cast(), L);

    }

    /// `[-?, +?, m]` Makes room for `sz` bytes at the end of the buffer and returns it; luaL_addsize then says
    /// how many are used.
    ///
    /// The room belongs to the buffer, and its address is valid until the buffer's next operation. Errors: LUA_ERRMEM.
    /// Manual 5.1.
    raising fn luaL_prepbuffsize(B: *mut luaL_Buffer, sz: usize) -> *mut c_char {
        B.prep(sz)
    }

    /// `[-?, +?, m]` Adds `l` bytes.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    quick fn luaL_addlstring(B: *mut luaL_Buffer, s: *const c_char, l: usize) {
        B.quick_add(bytes(s, l)).then_some(())
    }; else {
        B.add(bytes(s, l))
    }

    /// `[-?, +?, m]` Adds a NUL-terminated string.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_addstring(B: *mut luaL_Buffer, s: *const c_char) {
        B.add(text(s))
    }

    /// `[-1, +?, m]` Pops a string or number and adds it.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_addvalue(B: *mut luaL_Buffer) {
        B.addvalue()
    }

    /// `[-?, +1, m]` Ends the buffer and pushes its string.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_pushresult(B: *mut luaL_Buffer) {
        B.pushresult().map(|_| ())
    }

    /// `[-?, +1, m]` Does what `luaL_addsize` and then `luaL_pushresult` do.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_pushresultsize(B: *mut luaL_Buffer, sz: usize) {
        B.advance(sz);
        B.pushresult().map(|_| ())
    }

    /// `[-?, +?, m]` Does what `luaL_buffinit` and then `luaL_prepbuffsize` do.
    ///
    /// Errors: LUA_ERRMEM. Manual 5.1.
    raising fn luaL_buffinitsize(L: *mut lua_State, B: *mut luaL_Buffer, sz: usize) -> *mut c_char {
        Buffer::init(&mut *B.cast(), L).prep(sz)
    }

    /// `[-0, +1, e]` Pushes the table of module `modname` in package.loaded. If there is none, it takes the
    /// global table of that name, or makes one.
    ///
    /// From Lua 5.1. Errors: any. Manual 5.1.
    raising fn luaL_pushmodule(L: *mut lua_State, modname: *const c_char, sizehint: c_int) {
        L.aux_pushmodule(text(modname), sizehint)
    }

    /// `[-nup, +(0|1), e]` Does what `luaL_setfuncs` does. Unless `libname` is NULL, it stores into the table of
    /// that module and leaves the table on the stack.
    ///
    /// From Lua 5.1, where it was called luaL_register without upvalues. Errors: any. Manual 5.1.
    raising fn luaL_openlib(L: *mut lua_State, libname: *const c_char, l: *const luaL_Reg, nup: c_int) {
        L.aux_openlib_c(text_or_null(libname), l, nup)
    }
}
