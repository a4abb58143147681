//! `lua.h`: the core API.

use super::*;

exports! {
    // --- state manipulation

    /// `[-0, +0, -]` Creates an independent state whose memory all comes from `f`; NULL when that fails.
    ///
    /// The host owns the state and ends it with `lua_close`. `f` gets `ud` with each request and must stay
    /// callable as long as the state lives. Manual 4.8.
    bare fn lua_newstate(f: lua_Alloc, ud: *mut c_void) -> *mut lua_State {
        maybe_null(crate::api::state::new_state(f, ud))
    }

    /// `[-0, +0, -]` Ends the state: runs all finalizers, then gives every block back to its allocator.
    ///
    /// Any thread of the state may be given; all of them are gone afterwards. Errors in finalizers are ignored.
    /// Manual 4.8.
    plain fn lua_close(L: *mut lua_State) {
        crate::api::state::close_state(*L)
    }

    /// `[-0, +1, m]` Pushes a new thread that shares the globals with `L`, and returns it.
    ///
    /// The collector owns the thread: it lives as long as something refers to it. It inherits the hook of `L`.
    /// Errors: LUA_ERRMEM. Manual 4.8.
    raising fn lua_newthread(L: *mut lua_State) -> *mut lua_State {
        L.newthread()
    }

    /// `[-0, +0, -]` Sets the function that is called for an error outside of any protected call; returns the old
    /// one.
    ///
    /// When `panicf` returns, the process aborts; it may leave by a long jump of its own instead. More on this is in
    /// manual 4.6. Manual 4.8.
    plain fn lua_atpanic(L: *mut lua_State, panicf: lua_CFunction) -> lua_CFunction {
        L.atpanic(panicf)
    }

    /// `[-0, +0, -]` Returns the version number (502) of the state, or of the library when `L` is NULL.
    ///
    /// The number is a constant of the library, never freed. Equal addresses mean the same copy of the library.
    /// Manual 4.8.
    bare fn lua_version(L: *mut lua_State) -> *const lua_Number {
        match thread_or_null(L) {
            Some(l) => l.global().version,
            None => &raw const VERSION,
        }
    }

    // --- basic stack manipulation

    /// `[-0, +0, -]` Returns the index that means the same slot as `idx` and does not depend on the top.
    ///
    /// Pseudo-indices and positive indices are returned as they are. Manual 4.8.
    plain fn lua_absindex(L: *mut lua_State, idx: c_int) -> c_int {
        L.absindex(idx)
    }

    /// `[-0, +0, -]` Returns the number of values in the running function's part of the stack.
    ///
    /// Manual 4.8.
    plain fn lua_gettop(L: *mut lua_State) -> c_int {
        L.gettop()
    }

    /// `[-?, +?, -]` Sets the top to `idx`: drops the values over it, or pushes nil up to it.
    ///
    /// 0 removes everything. Growing beyond the room that `lua_checkstack` gave is an error of the host. Manual
    /// 4.8.
    plain fn lua_settop(L: *mut lua_State, idx: c_int) {
        L.settop(idx)
    }

    /// `[-0, +1, -]` Pushes a copy of the value at `idx`.
    ///
    /// Manual 4.8.
    plain fn lua_pushvalue(L: *mut lua_State, idx: c_int) {
        L.pushvalue(idx)
    }

    /// `[-1, +0, -]` Takes the value at `idx` out; the values over it move down.
    ///
    /// `idx` must be a real stack slot. Manual 4.8.
    plain fn lua_remove(L: *mut lua_State, idx: c_int) {
        L.remove(idx)
    }

    /// `[-1, +1, -]` Moves the top value to `idx`; the values from there on move up.
    ///
    /// `idx` must be a real stack slot. Manual 4.8.
    plain fn lua_insert(L: *mut lua_State, idx: c_int) {
        L.insert(idx)
    }

    /// `[-1, +0, -]` Pops a value and stores it at `idx`, which may be an upvalue.
    ///
    /// Manual 4.8.
    plain fn lua_replace(L: *mut lua_State, idx: c_int) {
        L.replace(idx)
    }

    /// `[-0, +0, -]` Copies the value at `fromidx` over that at `toidx`.
    ///
    /// Manual 4.8.
    plain fn lua_copy(L: *mut lua_State, fromidx: c_int, toidx: c_int) {
        L.copy(fromidx, toidx)
    }

    /// `[-0, +0, -]` Makes room for `sz` more values and returns 1, or 0 when the stack may not grow so far or
    /// memory is out.
    ///
    /// It never shrinks the stack, and it never raises. Manual 4.8.
    plain fn lua_checkstack(L: *mut lua_State, sz: c_int) -> c_int {
        L.checkstack(sz).into()
    }

    /// `[-?, +?, -]` Pops `n` values from one thread and pushes them on another of the same state.
    ///
    /// Manual 4.8.
    plain fn lua_xmove(from: *mut lua_State, to: *mut lua_State, n: c_int) {
        from.xmove(thread(to), n)
    }

    // --- access functions (stack to C)

    /// `[-0, +0, -]` Returns 1 for a number and for a string that converts to one, else 0.
    ///
    /// Manual 4.8.
    plain fn lua_isnumber(L: *mut lua_State, idx: c_int) -> c_int {
        L.isnumber(idx).into()
    }

    /// `[-0, +0, -]` Returns 1 for a string and for a number, else 0.
    ///
    /// Manual 4.8.
    plain fn lua_isstring(L: *mut lua_State, idx: c_int) -> c_int {
        L.isstring(idx).into()
    }

    /// `[-0, +0, -]` Returns 1 for a function written in C, else 0.
    ///
    /// Manual 4.8.
    plain fn lua_iscfunction(L: *mut lua_State, idx: c_int) -> c_int {
        L.iscfunction(idx).into()
    }

    /// `[-0, +0, -]` Returns 1 for a userdata, full or light, else 0.
    ///
    /// Manual 4.8.
    plain fn lua_isuserdata(L: *mut lua_State, idx: c_int) -> c_int {
        L.isuserdata(idx).into()
    }

    /// `[-0, +0, -]` Returns the type of the value, or LUA_TNONE when there is no such slot.
    ///
    /// Manual 4.8.
    plain fn lua_type(L: *mut lua_State, idx: c_int) -> c_int {
        L.type_(idx)
    }

    /// `[-0, +0, -]` Returns the name of a type that `lua_type` returned.
    ///
    /// The string is a constant of the library. Manual 4.8.
    bare fn lua_typename(L: *mut lua_State, tp: c_int) -> *const c_char {
        let _ = L;
        type_name(tp)
    }

    /// `[-0, +0, -]` Returns the value as a number, or 0 when it is not one. Unless `isnum` is NULL, `*isnum`
    /// becomes 1 for a number and 0 otherwise.
    ///
    /// A numeric string converts, without changing the slot. Manual 4.8.
    plain fn lua_tonumberx(L: *mut lua_State, idx: c_int, isnum: *mut c_int) -> lua_Number {
        optional(L.tonumberx(idx), isnum)
    }

    /// `[-0, +0, -]` Returns the value as an integer, cut towards zero, or 0 when it is not a number. Unless
    /// `isnum` is NULL, `*isnum` becomes 1 for a number and 0 otherwise.
    ///
    /// Manual 4.8.
    plain fn lua_tointegerx(L: *mut lua_State, idx: c_int, isnum: *mut c_int) -> lua_Integer {
        optional(L.tointegerx(idx), isnum)
    }

    /// `[-0, +0, -]` Returns the value as an unsigned integer, modulo 2^32, or 0 when it is not a number. Unless
    /// `isnum` is NULL, `*isnum` becomes 1 for a number and 0 otherwise.
    ///
    /// A fraction rounds to the nearest integer. Manual 4.8.
    plain fn lua_tounsignedx(L: *mut lua_State, idx: c_int, isnum: *mut c_int) -> lua_Unsigned {
        optional(L.tounsignedx(idx), isnum)
    }

    /// `[-0, +0, -]` Returns 0 for false, nil and an empty slot, else 1.
    ///
    /// Manual 4.8.
    plain fn lua_toboolean(L: *mut lua_State, idx: c_int) -> c_int {
        L.toboolean(idx).into()
    }

    /// `[-0, +0, m]` Returns the bytes of a string and stores their count in `*len`, unless `len` is NULL.
    /// Returns NULL for other values.
    ///
    /// A number in the slot becomes a string, which confuses `lua_next` when it is a key. The bytes belong to
    /// Lua, end in a NUL that does not count, and stay valid as long as the string is reachable. On failure
    /// `*len` is 0. Errors: LUA_ERRMEM. Manual 4.8.
    quick fn lua_tolstring(L: *mut lua_State, idx: c_int, len: *mut usize) -> *const c_char {
        L.quick_string(idx).map(|s| string_result(s, len))
    }; else {
        sized(L.tolstring(idx), len)
    }

    /// `[-0, +0, -]` Returns the length of a string, table (border) or userdata (bytes) without metamethods; 0
    /// for other values.
    ///
    /// Manual 4.8.
    plain fn lua_rawlen(L: *mut lua_State, idx: c_int) -> usize {
        L.rawlen(idx)
    }

    /// `[-0, +0, -]` Returns the C function at `idx`, or NULL for other values.
    ///
    /// Manual 4.8.
    plain fn lua_tocfunction(L: *mut lua_State, idx: c_int) -> lua_CFunction {
        L.tocfunction(idx)
    }

    /// `[-0, +0, -]` Returns the block of a full userdata, the pointer of a light one, else NULL.
    ///
    /// The block lives as long as the userdata. Manual 4.8.
    plain fn lua_touserdata(L: *mut lua_State, idx: c_int) -> *mut c_void {
        L.touserdata(idx)
    }

    /// `[-0, +0, -]` Returns the thread at `idx`, or NULL for other values.
    ///
    /// Manual 4.8.
    plain fn lua_tothread(L: *mut lua_State, idx: c_int) -> *mut lua_State {
        maybe_null(L.tothread(idx))
    }

    /// `[-0, +0, -]` Returns an address that identifies a table, thread, function or userdata, else NULL.
    ///
    /// It is only for comparing and printing. Manual 4.8.
    plain fn lua_topointer(L: *mut lua_State, idx: c_int) -> *const c_void {
        L.topointer(idx)
    }

    // --- comparison and arithmetic

    /// `[-(2|1), +1, e]` Pops the operands (one for LUA_OPUNM) and pushes the result of the operation `op`.
    ///
    /// Metamethods take part as for the operator in Lua. Errors: any. Manual 4.8.
    quick fn lua_arith(L: *mut lua_State, op: c_int) {
        L.quick_arith(op).then_some(())
    }; else {
        L.arith(op)
    }

    /// `[-0, +0, -]` Returns 1 when the values are equal without metamethods, else 0, also when a slot is empty.
    ///
    /// Manual 4.8.
    plain fn lua_rawequal(L: *mut lua_State, idx1: c_int, idx2: c_int) -> c_int {
        L.rawequal(idx1, idx2).into()
    }

    /// `[-0, +0, e]` Returns 1 when LUA_OPEQ, LUA_OPLT or LUA_OPLE holds between the values, else 0, also when a
    /// slot is empty.
    ///
    /// Metamethods take part as for the operator in Lua. Errors: any. Manual 4.8.
    quick fn lua_compare(L: *mut lua_State, idx1: c_int, idx2: c_int, op: c_int) -> c_int {
        L.quick_compare(idx1, idx2, op).map(c_int::from)
    }; else {
        L.compare(idx1, idx2, op)
    }

    // --- push functions (C to stack)

    /// `[-0, +1, -]` Pushes nil.
    ///
    /// Manual 4.8.
    plain fn lua_pushnil(L: *mut lua_State) {
        L.pushnil()
    }

    /// `[-0, +1, -]` Pushes a number.
    ///
    /// Manual 4.8.
    plain fn lua_pushnumber(L: *mut lua_State, n: lua_Number) {
        L.pushnumber(n)
    }

    /// `[-0, +1, -]` Pushes an integer as a number.
    ///
    /// Manual 4.8.
    plain fn lua_pushinteger(L: *mut lua_State, n: lua_Integer) {
        L.pushinteger(n)
    }

    /// `[-0, +1, -]` Pushes an unsigned integer as a number.
    ///
    /// Manual 4.8.
    plain fn lua_pushunsigned(L: *mut lua_State, n: lua_Unsigned) {
        L.pushunsigned(n)
    }

    /// `[-0, +1, m]` Pushes a string of `l` bytes, whatever they are, and returns Lua's own copy of them.
    ///
    /// Errors: LUA_ERRMEM. Manual 4.8.
    raising fn lua_pushlstring(L: *mut lua_State, s: *const c_char, l: usize) -> *const c_char {
        L.pushlstring(bytes(s, l))
    }

    /// `[-0, +1, m]` Pushes a NUL-terminated string and returns Lua's own copy; for NULL it pushes nil and
    /// returns NULL.
    ///
    /// Errors: LUA_ERRMEM. Manual 4.8.
    raising fn lua_pushstring(L: *mut lua_State, s: *const c_char) -> *const c_char {
        match text_or_null(s) {
            Some(s) => L.pushlstring(s).map(Some),
            None => {
                L.pushnil();
                Ok(None)
            }
        }
    }

    /// `[-0, +1, m]` Pushes and returns a formatted string as `lua_pushfstring` does, with a va_list.
    ///
    /// Errors: LUA_ERRMEM. Manual 4.8.
    variadic fn lua_pushvfstring(L: *mut lua_State, fmt: *const c_char, argp: va_list) -> *const c_char {
        L.pushvfstring(text(fmt), &mut *argp)
    }

    /// `[-0, +1, m]` Pushes a string made by `fmt` with %s %d %f %p %c and %%, without modifiers; returns it.
    ///
    /// Errors: LUA_ERRMEM. Manual 4.8.
    variadic fn lua_pushfstring(L: *mut lua_State, fmt: *const c_char, args: ...) -> *const c_char {
        L.pushvfstring(text(fmt), &mut *args)
    }

    /// `[-n, +1, m]` Pushes a C function with `n` upvalues, which it pops; at most 255.
    ///
    /// Errors: LUA_ERRMEM. Manual 4.8.
    quick fn lua_pushcclosure(L: *mut lua_State, r#fn: lua_CFunction, n: c_int) {
        (n == 0 && L.quick_pushcfunction(r#fn.unwrap_unchecked())).then_some(())
    }; else {
        L.pushcclosure(r#fn.unwrap_unchecked(), n)
    }

    /// `[-0, +1, -]` Pushes false for 0 and true for any other value.
    ///
    /// Manual 4.8.
    plain fn lua_pushboolean(L: *mut lua_State, b: c_int) {
        L.pushboolean(b != 0)
    }

    /// `[-0, +1, m]` Pushes a light userdata, which is any pointer.
    ///
    /// Only patterns outside the address space can raise: they need memory for a side table. Errors: LUA_ERRMEM.
    /// Manual 4.8.
    quick fn lua_pushlightuserdata(L: *mut lua_State, p: *mut c_void) {
        L.quick_pushlightuserdata(p).then_some(())
    }; else {
        L.pushlightuserdata(p)
    }

    /// `[-0, +1, -]` Pushes the thread `L` itself and returns 1 when it is the main thread, else 0.
    ///
    /// Manual 4.8.
    plain fn lua_pushthread(L: *mut lua_State) -> c_int {
        L.pushthread().into()
    }

    // --- get functions (Lua to stack)

    /// `[-0, +1, e]` Pushes the value of a global.
    ///
    /// An `__index` metamethod of the globals may run. Errors: any. Manual 4.8.
    raising fn lua_getglobal(L: *mut lua_State, var: *const c_char) {
        L.getglobal(text(var))
    }

    /// `[-1, +1, e]` Replaces the key on top by `t[key]`, t being the value at `idx`.
    ///
    /// An `__index` metamethod may run. Errors: any. Manual 4.8.
    quick fn lua_gettable(L: *mut lua_State, idx: c_int) {
        L.quick_gettable(idx).then_some(())
    }; else {
        L.gettable(idx)
    }

    /// `[-0, +1, e]` Pushes `t[k]`, t being the value at `idx`.
    ///
    /// An `__index` metamethod may run. Errors: any. Manual 4.8.
    raising fn lua_getfield(L: *mut lua_State, idx: c_int, k: *const c_char) {
        L.getfield(idx, text(k))
    }

    /// `[-1, +1, -]` Does what `lua_gettable` does, on a table and without metamethods.
    ///
    /// Manual 4.8.
    plain fn lua_rawget(L: *mut lua_State, idx: c_int) {
        L.rawget(idx)
    }

    /// `[-0, +1, -]` Pushes `t[n]` of the table at `idx`, without metamethods.
    ///
    /// Manual 4.8.
    plain fn lua_rawgeti(L: *mut lua_State, idx: c_int, n: c_int) {
        L.quick_rawgeti(idx, n)
    }

    /// `[-0, +1, -]` Pushes `t[p]` of the table at `idx`, `p` being a light userdata, without metamethods.
    ///
    /// Manual 4.8.
    plain fn lua_rawgetp(L: *mut lua_State, idx: c_int, p: *const c_void) {
        L.rawgetp(idx, p)
    }

    /// `[-0, +1, m]` Pushes a new table with room for `narr` list items and `nrec` other fields.
    ///
    /// Errors: LUA_ERRMEM. Manual 4.8.
    raising fn lua_createtable(L: *mut lua_State, narr: c_int, nrec: c_int) {
        L.createtable(narr, nrec)
    }

    /// `[-0, +1, m]` Pushes a new full userdata and returns its block of `sz` bytes.
    ///
    /// The collector owns the block, which is aligned to 8 bytes and not initialised. Errors: LUA_ERRMEM. Manual
    /// 4.8.
    raising fn lua_newuserdata(L: *mut lua_State, sz: usize) -> *mut c_void {
        L.newuserdata(sz)
    }

    /// `[-0, +(0|1), -]` Pushes the value's metatable and returns 1; for a value without one it pushes nothing
    /// and returns 0.
    ///
    /// Manual 4.8.
    plain fn lua_getmetatable(L: *mut lua_State, objindex: c_int) -> c_int {
        L.getmetatable(objindex).into()
    }

    /// `[-0, +1, -]` Pushes the value (a table or nil) associated with the full userdata at `idx`.
    ///
    /// Manual 4.8.
    plain fn lua_getuservalue(L: *mut lua_State, idx: c_int) {
        L.getuservalue(idx)
    }

    // --- set functions (stack to Lua)

    /// `[-1, +0, e]` Pops a value into a global.
    ///
    /// A `__newindex` metamethod of the globals may run. Errors: any. Manual 4.8.
    raising fn lua_setglobal(L: *mut lua_State, var: *const c_char) {
        L.setglobal(text(var))
    }

    /// `[-2, +0, e]` Does `t[k] = v` and pops both, v being on top and k below it.
    ///
    /// A `__newindex` metamethod may run. Errors: any. Manual 4.8.
    raising fn lua_settable(L: *mut lua_State, idx: c_int) {
        L.settable(idx)
    }

    /// `[-1, +0, e]` Does `t[k] = v` and pops v.
    ///
    /// A `__newindex` metamethod may run. Errors: any. Manual 4.8.
    raising fn lua_setfield(L: *mut lua_State, idx: c_int, k: *const c_char) {
        L.setfield(idx, text(k))
    }

    /// `[-2, +0, e]` Does what `lua_settable` does, on a table and without metamethods.
    ///
    /// A nil or NaN key is an error. Errors: any. Manual 4.8.
    quick fn lua_rawset(L: *mut lua_State, idx: c_int) {
        L.quick_rawset(idx).then_some(())
    }; else {
        L.rawset(idx)
    }

    /// `[-1, +0, m]` Does `t[n] = v` on the table at `idx` without metamethods, and pops v.
    ///
    /// Errors: LUA_ERRMEM. Manual 4.8.
    quick fn lua_rawseti(L: *mut lua_State, idx: c_int, n: c_int) {
        L.quick_rawseti(idx, n).then_some(())
    }; else {
        L.rawseti(idx, n)
    }

    /// `[-1, +0, m]` Does `t[p] = v` with `p` as a light userdata without metamethods, and pops v.
    ///
    /// Errors: LUA_ERRMEM. Manual 4.8.
    quick fn lua_rawsetp(L: *mut lua_State, idx: c_int, p: *const c_void) {
        L.quick_rawsetp(idx, p).then_some(())
    }; else {
        L.rawsetp(idx, p)
    }

    /// `[-1, +0, -]` Pops a table or nil and makes it the value's metatable; returns 1.
    ///
    /// For types other than table and userdata all values of the type share it. Only a metatable that has `__gc`
    /// now marks the object for finalization. Manual 4.8.
    plain fn lua_setmetatable(L: *mut lua_State, objindex: c_int) -> c_int {
        L.setmetatable(objindex);
        1

    }

    /// `[-1, +0, -]` Pops a table or nil and associates it with the full userdata at `idx`.
    ///
    /// Manual 4.8.
    plain fn lua_setuservalue(L: *mut lua_State, idx: c_int) {
        L.setuservalue(idx)
    }

    // --- load and call functions

    /// `[-(nargs + 1), +nresults, e]` Calls a function that was pushed before its `nargs` arguments, and leaves
    /// `nresults` results.
    ///
    /// With LUA_MULTRET as `nresults` all results stay. An error passes the caller. When the call yields, the
    /// continuation `k` runs later in place of the caller, and `ctx` is for it; see manual 4.7. Errors: any. Manual
    /// 4.8.
    raising fn lua_callk(L: *mut lua_State, nargs: c_int, nresults: c_int, ctx: c_int, k: lua_CFunction) {
        L.callk(nargs, nresults, ctx, k)
    }

    /// `[-0, +0, -]` Returns LUA_YIELD or the error's status in a continuation, and stores the given context in
    /// `*ctx`; elsewhere it returns LUA_OK.
    ///
    /// Outside of a continuation `*ctx` stays as it is. Manual 4.8.
    plain fn lua_getctx(L: *mut lua_State, ctx: *mut c_int) -> c_int {
        let (status, value) = L.getctx();
        if let Some(value) = value
            && !ctx.is_null()
        {
            *ctx = value;
        }
        status

    }

    /// `[-(nargs + 1), +(nresults|1), -]` Does what `lua_callk` does, but stops an error: then it returns the
    /// status and leaves the error value only.
    ///
    /// `errfunc` is 0 or the stack index of a handler that gets the error value while the stack of the error is
    /// intact. Memory errors skip the handler. Manual 4.8.
    raising fn lua_pcallk(
        L: *mut lua_State, nargs: c_int, nresults: c_int, errfunc: c_int, ctx: c_int, k: lua_CFunction
    ) -> c_int {
        L.pcallk(nargs, nresults, errfunc, ctx, k)
    }

    /// `[-0, +1, -]` Compiles the chunk that `reader` gives and pushes it as a function, or pushes a message and
    /// returns the status.
    ///
    /// `mode` allows "t"ext, "b"inary or "bt" (also NULL). The first upvalue, if it is the only one, is set to
    /// the globals. Manual 4.8.
    raising fn lua_load(
        L: *mut lua_State, reader: lua_Reader, dt: *mut c_void, chunkname: *const c_char, mode: *const c_char
    ) -> c_int {
        L.load(reader, dt, text_or_null(chunkname), text_or_null(mode))
    }

    /// `[-0, +0, e]` Gives the Lua function on top to `writer` as a binary chunk; returns the last result of
    /// `writer`.
    ///
    /// For anything but a Lua function it returns 1. The values of upvalues are not part of a chunk. Errors: any.
    /// Manual 4.8.
    raising fn lua_dump(L: *mut lua_State, writer: lua_Writer, data: *mut c_void) -> c_int {
        L.dump(writer, data)
    }

    // --- coroutines

    /// `[-?, +?, e]` Suspends the coroutine and passes `nresults` values to `lua_resume`; does not return to the
    /// caller.
    ///
    /// After the resume `k` runs. Without it the calling C function returns to Lua with the values given to the
    /// resume. A hook may yield, with no values; there this function returns. Errors: any. Manual 4.8.
    raising fn lua_yieldk(L: *mut lua_State, nresults: c_int, ctx: c_int, k: lua_CFunction) -> c_int {
        L.yieldk(nresults, ctx, k)
    }

    /// `[-?, +?, -]` Starts or continues the coroutine `L` with `narg` arguments and returns LUA_YIELD, LUA_OK or
    /// an error's status.
    ///
    /// Only the results or the yielded values are then on its stack. After an error the stack stays as it was, for
    /// debugging, with the error value on top. `from` is the coroutine that resumes, or NULL. Manual 4.8.
    raising fn lua_resume(L: *mut lua_State, from: *mut lua_State, narg: c_int) -> c_int {
        L.resume(thread_or_null(from), narg)
    }

    /// `[-0, +0, -]` Returns LUA_OK, LUA_YIELD for a suspended coroutine, or the status of the error that ended
    /// it.
    ///
    /// Manual 4.8.
    plain fn lua_status(L: *mut lua_State) -> c_int {
        L.status()
    }

    // --- garbage collection

    /// `[-0, +0, e]` Controls the collector, as the request in `what` (LUA_GC...) asks.
    ///
    /// LUA_GCCOUNT returns the memory in use in units of 1,024 bytes, and LUA_GCCOUNTB the rest in bytes. `data` of
    /// LUA_GCSTEP is in units of 1,024 bytes, that of the parameters in percent. An unknown request returns -1. A
    /// collection may run finalizers; an error in one is raised as LUA_ERRGCMM. Errors: any. Manual 4.8.
    raising fn lua_gc(L: *mut lua_State, what: c_int, data: c_int) -> c_int {
        L.gc(what, data)
    }

    // --- miscellaneous

    /// `[-1, +0, v]` Raises the value on top as an error; does not return.
    ///
    /// Errors: always. Manual 4.8.
    raising fn lua_error(L: *mut lua_State) -> c_int {
        never(L.error())
    }

    /// `[-1, +(2|0), e]` Pops a key, pushes the pair after it in the table at `idx` and returns 1; at the end it
    /// pushes nothing and returns 0.
    ///
    /// The key nil stands before the first pair. A key that is not in the table is an error. Errors: any. Manual 4.8.
    quick fn lua_next(L: *mut lua_State, idx: c_int) -> c_int {
        L.quick_next(idx).map(c_int::from)
    }; else {
        L.next(idx)
    }

    /// `[-n, +1, e]` Replaces `n` values by their concatenation; when `n` is 0 it pushes "".
    ///
    /// Metamethods take part as for the operator in Lua. Errors: any. Manual 4.8.
    raising fn lua_concat(L: *mut lua_State, n: c_int) {
        L.concat(n)
    }

    /// `[-0, +1, e]` Pushes the length of the value as the operator # does.
    ///
    /// Errors: any. Manual 4.8.
    raising fn lua_len(L: *mut lua_State, idx: c_int) {
        L.len(idx)
    }

    /// `[-0, +0, -]` Returns the state's allocation function and stores its argument in `*ud`, unless `ud` is
    /// NULL. The function of a state made by luaL_newstate is plain `realloc` and `free`, and good for any use.
    ///
    /// Manual 4.8.
    plain fn lua_getallocf(L: *mut lua_State, ud: *mut *mut c_void) -> lua_Alloc {
        let (f, its_ud) = L.global().gc.memory.allocator.function();
        if !ud.is_null() {
            *ud = its_ud;
        }
        f

    }

    /// `[-0, +0, -]` Replaces the allocation function, at any time. The new one must accept the blocks of the one
    /// before, unless that was the default one: then it never sees them.
    ///
    /// Manual 4.8.
    plain fn lua_setallocf(L: *mut lua_State, f: lua_Alloc, ud: *mut c_void) {
        L.global().gc.memory.allocator.set_function(f, ud);

    }

    // --- debug interface

    /// `[-0, +0, -]` Identifies the activation at `level` in `ar` and returns 1, or 0 when there is none. Level 0
    /// is the running function.
    ///
    /// Manual 4.9.
    plain fn lua_getstack(L: *mut lua_State, level: c_int, ar: *mut lua_Debug) -> c_int {
        L.getstack(level, &mut *ar).into()
    }

    /// `[-(0|1), +(0|1|2), m]` Fills the fields of `ar` that the letters of `what` ask for, and returns 0 when a
    /// letter is unknown, else 1.
    ///
    /// With '>' it pops a function and tells about that one. 'f' pushes the function, and after that 'L' pushes a
    /// table of its lines. The strings in `ar` are valid as long as the function. Errors: LUA_ERRMEM. Manual 4.9.
    quick fn lua_getinfo(L: *mut lua_State, what: *const c_char, ar: *mut lua_Debug) -> c_int {
        L.quick_getinfo(letters(what), &mut *ar).map(c_int::from)
    }; else {
        L.getinfo(text(what), &mut *ar)
    }

    /// `[-(0|1), +(0|1), -]` Pushes the n-th local of an activation and returns its name; when there is none it
    /// pushes nothing and returns NULL.
    ///
    /// Negative `n` counts variable arguments. With NULL as `ar` it pops a function and only names its
    /// parameters. Manual 4.9.
    raising fn lua_getlocal(L: *mut lua_State, ar: *const lua_Debug, n: c_int) -> *const c_char {
        L.getlocal(ar.as_ref(), n)
    }

    /// `[-1, +0, -]` Pops a value into the n-th local of an activation and returns its name; NULL when there is
    /// none.
    ///
    /// The value is popped even then. Manual 4.9.
    raising fn lua_setlocal(L: *mut lua_State, ar: *const lua_Debug, n: c_int) -> *const c_char {
        L.setlocal(&*ar, n)
    }

    /// `[-0, +(0|1), -]` Pushes the n-th upvalue of a function and returns its name, "" for a C function; NULL
    /// when there is none.
    ///
    /// Manual 4.9.
    plain fn lua_getupvalue(L: *mut lua_State, funcindex: c_int, n: c_int) -> *const c_char {
        name(L.getupvalue(funcindex, n))
    }

    /// `[-(0|1), +0, -]` Pops a value into the n-th upvalue of a function and returns its name; NULL and nothing
    /// popped when there is none.
    ///
    /// Manual 4.9.
    plain fn lua_setupvalue(L: *mut lua_State, funcindex: c_int, n: c_int) -> *const c_char {
        name(L.setupvalue(funcindex, n))
    }

    /// `[-0, +0, -]` Returns an address that is the same for two upvalues when they are the same variable.
    ///
    /// Manual 4.9.
    plain fn lua_upvalueid(L: *mut lua_State, fidx: c_int, n: c_int) -> *mut c_void {
        L.upvalueid(fidx, n)
    }

    /// `[-0, +0, -]` Makes upvalue `n1` of one Lua function the same variable as upvalue `n2` of another.
    ///
    /// Manual 4.9.
    plain fn lua_upvaluejoin(L: *mut lua_State, fidx1: c_int, n1: c_int, fidx2: c_int, n2: c_int) {
        L.upvaluejoin(fidx1, n1, fidx2, n2)
    }

    /// `[-0, +0, -]` Sets the function called at the events of `mask`, LUA_MASKCOUNT each `count` instructions;
    /// returns 1.
    ///
    /// NULL as `func` or 0 as `mask` turns hooks off. A signal handler may call this function. Manual 4.9.
    plain fn lua_sethook(L: *mut lua_State, func: lua_Hook, mask: c_int, count: c_int) -> c_int {
        L.sethook(func, mask, count);
        1

    }

    /// `[-0, +0, -]` Returns the current hook.
    ///
    /// Manual 4.9.
    plain fn lua_gethook(L: *mut lua_State) -> lua_Hook {
        L.gethook()
    }

    /// `[-0, +0, -]` Returns the mask of the current hook.
    ///
    /// Manual 4.9.
    plain fn lua_gethookmask(L: *mut lua_State) -> c_int {
        L.gethookmask()
    }

    /// `[-0, +0, -]` Returns the count of the current hook.
    ///
    /// Manual 4.9.
    plain fn lua_gethookcount(L: *mut lua_State) -> c_int {
        L.gethookcount()
    }
}
