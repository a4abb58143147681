//! The basic library (manual 6.1).

use super::registry::{fast_entry, library};
use super::{argument, c_string};
use crate::api::Bytes;
use crate::api::Lua;
use crate::api::lua_Reader;
use crate::boundary::Ret;
use crate::consts::*;
use crate::gc;
use crate::messages::{self as msg, Arg};
use crate::num::{self, NUMBER_BUFFER};
use crate::object::c_types::lua_State;
use crate::object::string::new_str;
use crate::object::{Builtin, Global, Table, Value};
use crate::sys;
use crate::throw::LResult;
use core::ffi::c_void;

library! {
    BASE:
    FUNCTIONS {
        Assert "assert" assert, fast assert_fast;
        Collectgarbage "collectgarbage" collectgarbage;
        Dofile "dofile" dofile;
        Error "error" error;
        Getmetatable "getmetatable" getmetatable, fast getmetatable_fast;
        Ipairs "ipairs" ipairs;
        Loadfile "loadfile" loadfile;
        Load "load" load;
        Next "next" next, fast next_fast, gives First, intrinsic Next;
        Pairs "pairs" pairs;
        Pcall "pcall" pcall, intrinsic Pcall;
        Print "print" print;
        Rawequal "rawequal" rawequal, fast rawequal_fast;
        Rawlen "rawlen" rawlen, fast rawlen_fast;
        Rawget "rawget" rawget, fast rawget_fast;
        Rawset "rawset" rawset, fast rawset_fast;
        Select "select" select, fast select_fast, gives First;
        Setmetatable "setmetatable" setmetatable, fast setmetatable_fast;
        Tonumber "tonumber" tonumber, fast tonumber_fast;
        Tostring "tostring" tostring, fast tostring_fast;
        Type "type" type_, fast type_fast;
        Xpcall "xpcall" xpcall, intrinsic Xpcall;
    }
    /// Functions that are reached only through other ones.
    HIDDEN {
        IpairsIterator "ipairs iterator" ipairs_iterator, intrinsic IpairsStep;
        PcallContinuation "pcall continuation" pcall_continuation;
        DofileContinuation "dofile continuation" dofile_continuation;
    }
}

pub fn open(l: Lua) -> LResult<i32> {
    #[cfg(feature = "stress-finalizers")]
    l.global().accomplice.set(Some(super::mischief::accomplice));
    l.rawgeti(LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    l.pushvalue(-1);
    l.setfield(-2, b"_G")?;
    l.aux_setfuncs(&FUNCTIONS, 0)?;
    l.getfield(-1, b"load")?;
    l.setfield(-2, b"loadstring")?;
    l.pushlstring(LUA_VERSION.to_bytes())?;
    l.setfield(-2, b"_VERSION")?;
    Ok(1)
}

fn write(f: *mut sys::FILE, bytes: &[u8]) {
    // SAFETY: the bytes are initialised; a failing write is ignored as the reference does.
    unsafe { sys::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), f) };
}

/// Each value goes through the global `tostring`, whatever that is by now; values that the original would turn into
/// text without a metamethod skip the call.
fn print(l: Lua) -> LResult<i32> {
    let n = l.gettop();
    // SAFETY: reads the C library's variable, which the host may assign.
    let out = sys::stdout();
    l.getglobal(b"tostring")?;
    // With a hook set, the calls of `tostring` must be seen.
    let plain = l.from_top(1) == Value::builtin(Id::Tostring.builtin()) && l.hook_mask() == 0;
    for i in 1..=n {
        let v = argument(l, i);
        if plain && has_plain_text(l.global(), v) {
            if i > 1 {
                write(out, b"\t");
            }
            if let Some(x) = v.as_number() {
                let mut buffer = [0; NUMBER_BUFFER];
                let len = num::format_g14(x, &mut buffer);
                write(out, &buffer[..len]);
            } else if let Some(s) = v.as_string() {
                write(out, s.bytes());
            }
            continue;
        }
        l.pushvalue(-1);
        l.pushvalue(i);
        l.call(1, 1)?;
        let Some(s) = l.tolstring(-1)? else {
            return Err(l.aux_error(msg::TOSTRING_RESULT, &[]));
        };
        if i > 1 {
            write(out, b"\t");
        }
        write(out, &s);
        l.pop(1);
    }
    write(out, b"\n");
    // SAFETY: `out` is an open stream.
    unsafe { sys::fflush(out) };
    Ok(0)
}

/// Whether `v` is a number or string that no `__tostring` speaks for.
#[inline(always)]
fn has_plain_text(g: &Global, v: Value) -> bool {
    if v.is_number() {
        return g.metatables[LUA_TNUMBER as usize].get().is_none();
    }
    if !v.is_string() {
        return false;
    }
    let Some(mt) = g.metatables[LUA_TSTRING as usize].get() else { return true };
    // The string library's metatable has one field. If it has more, a program has changed it: take the general way.
    mt.asize() == 0
        && mt.hsize() == 1
        && match mt.node(0).key.get().as_string() {
            Some(key) => key.bytes() != b"__tostring",
            None => true,
        }
}

fn tostring(l: Lua) -> LResult<i32> {
    l.aux_checkany(1)?;
    l.aux_tolstring(1)?;
    Ok(1)
}

fast_entry! {
    fn tostring_fast(l, args) {
        let v = args.get(0)?;
        let g = l.global();
        if v.is_nil() || v.is_boolean() {
            if g.metatables[v.type_id() as usize].get().is_some() {
                return None;
            }
            let name: &[u8] = match v {
                Value::NIL => b"nil",
                Value::FALSE => b"false",
                _ => b"true",
            };
            return new_str(l, name).ok().map(Value::string);
        }
        if !has_plain_text(g, v) {
            return None;
        }
        match v.as_number() {
            None => Some(v),
            Some(x) => {
                let mut buffer = [0; NUMBER_BUFFER];
                let len = num::format_g14(x, &mut buffer);
                new_str(l, &buffer[..len]).ok().map(Value::string)
            }
        }
    }
}

fn tonumber(l: Lua) -> LResult<i32> {
    if l.isnoneornil(2) {
        if let Some(n) = l.tonumberx(1) {
            l.pushnumber(n);
            return Ok(1);
        }
        l.aux_checkany(1)?;
    } else {
        let text = l.aux_checklstring(1)?;
        let base = l.aux_checkint(2)?;
        if !(2..=36).contains(&base) {
            return Err(l.aux_argerror(2, msg::BASE_OUT_OF_RANGE.as_bytes()));
        }
        if let Some(n) = parse_integer(&text, base as u32) {
            l.pushnumber(n);
            return Ok(1);
        }
    }
    l.pushnil();
    Ok(1)
}

fast_entry! {
    fn tonumber_fast(_, args) {
        if args.count() != 1 {
            return None;
        }
        let v = args.get(0)?;
        Some(if v.is_number() {
            v
        } else if let Some(s) = v.as_string() {
            match num::parse(s.bytes()) {
                Some(n) => Value::number(n),
                None => Value::NIL,
            }
        } else {
            Value::NIL
        })
    }
}

/// An integer in the given base, with a sign and white space around it; it may have any number of digits.
fn parse_integer(text: &[u8], base: u32) -> Option<f64> {
    let is_space = |c: &u8| matches!(c, b' ' | 9..=13);
    let start = text.iter().position(|c| !is_space(c))?;
    let (negative, digits) = match &text[start..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut n = 0.0;
    let mut used = 0;
    for &c in digits {
        match num::digit_value(c) {
            Some(d) if d < base => n = n * f64::from(base) + f64::from(d),
            _ => break,
        }
        used += 1;
    }
    if used == 0 || !digits[used..].iter().all(is_space) {
        return None;
    }
    Some(if negative { -n } else { n })
}

fn error(l: Lua) -> LResult<i32> {
    let level = l.aux_optint(2, 1)?;
    l.settop(1);
    if l.isstring(1) && level > 0 {
        l.aux_where(level)?;
        l.pushvalue(1);
        l.concat(2)?;
    }
    Err(l.error())
}

fn getmetatable(l: Lua) -> LResult<i32> {
    l.aux_checkany(1)?;
    if !l.getmetatable(1) {
        l.pushnil();
        return Ok(1);
    }
    l.aux_getmetafield(1, b"__metatable")?;
    Ok(1)
}

/// A small metatable is known to lack `__metatable` when none of its keys is that.
fn is_unprotected(mt: &Table) -> bool {
    mt.asize() == 0
        && mt.hsize() <= 4
        && (0..mt.hsize()).all(|i| match mt.node(i).key.get().as_string() {
            Some(key) => key.bytes() != b"__metatable",
            None => true,
        })
}

fast_entry! {
    fn getmetatable_fast(l, args) {
        match l.global().metatable_of(args.get(0)?) {
            None => Some(Value::NIL),
            Some(mt) if is_unprotected(&mt) => Some(Value::table(mt)),
            Some(_) => None,
        }
    }
}

fn setmetatable(l: Lua) -> LResult<i32> {
    let t = l.type_(2);
    l.aux_checktype(1, LUA_TTABLE)?;
    if t != LUA_TNIL && t != LUA_TTABLE {
        return Err(l.aux_argerror(2, msg::NIL_OR_TABLE_EXPECTED.as_bytes()));
    }
    if l.aux_getmetafield(1, b"__metatable")? {
        return Err(l.aux_error(msg::PROTECTED_METATABLE, &[]));
    }
    l.settop(2);
    l.setmetatable(1);
    Ok(1)
}

fast_entry! {
    fn setmetatable_fast(l, args) {
        let (object, mt) = (args.get(0)?, args.get(1)?);
        let (t, mt) = (object.as_table()?, mt.as_table()?);
        if t.metatable.get().is_some_and(|old| !is_unprotected(&old)) {
            return None;
        }
        t.metatable.set(Some(mt));
        gc::barrier_back(l, t.erase(), Value::table(mt));
        gc::check_finalizer(l, t.erase(), mt);
        Some(object)
    }
}

fn rawequal(l: Lua) -> LResult<i32> {
    l.aux_checkany(1)?;
    l.aux_checkany(2)?;
    let r = l.rawequal(1, 2);
    l.pushboolean(r);
    Ok(1)
}

fast_entry! {
    fn rawequal_fast(_, args) {
        Some(Value::boolean(args.get(0)?.raw_equal(args.get(1)?)))
    }
}

fn rawlen(l: Lua) -> LResult<i32> {
    let t = l.type_(1);
    if t != LUA_TTABLE && t != LUA_TSTRING {
        return Err(l.aux_argerror(1, msg::TABLE_OR_STRING_EXPECTED.as_bytes()));
    }
    l.pushinteger(l.rawlen(1) as isize);
    Ok(1)
}

fast_entry! {
    fn rawlen_fast(l, args) {
        let v = args.get(0)?;
        let n = match v.as_table() {
            Some(t) => t.length(l.global()) as f64,
            None => v.as_string()?.len() as f64,
        };
        Some(Value::number(n))
    }
}

fn rawget(l: Lua) -> LResult<i32> {
    l.aux_checktype(1, LUA_TTABLE)?;
    l.aux_checkany(2)?;
    l.settop(2);
    l.rawget(1);
    Ok(1)
}

fast_entry! {
    fn rawget_fast(l, args) {
        Some(args.get(0)?.as_table()?.get(l.global(), args.get(1)?))
    }
}

fn rawset(l: Lua) -> LResult<i32> {
    l.aux_checktype(1, LUA_TTABLE)?;
    l.aux_checkany(2)?;
    l.aux_checkany(3)?;
    l.settop(3);
    l.rawset(1)?;
    Ok(1)
}

fast_entry! {
    fn rawset_fast(l, args) {
        let (table, key, v) = (args.get(0)?, args.get(1)?, args.get(2)?);
        let t = table.as_table()?;
        // A key that is there needs no memory.
        t.find(l.global(), key)?.set(v);
        t.set_flags(0);
        gc::barrier_back(l, t.erase(), v);
        Some(table)
    }
}

fn collectgarbage(l: Lua) -> LResult<i32> {
    const OPTIONS: [&str; 11] = [
        "stop",
        "restart",
        "collect",
        "count",
        "step",
        "setpause",
        "setstepmul",
        "setmajorinc",
        "isrunning",
        "generational",
        "incremental",
    ];
    const REQUESTS: [i32; 11] = [
        LUA_GCSTOP,
        LUA_GCRESTART,
        LUA_GCCOLLECT,
        LUA_GCCOUNT,
        LUA_GCSTEP,
        LUA_GCSETPAUSE,
        LUA_GCSETSTEPMUL,
        LUA_GCSETMAJORINC,
        LUA_GCISRUNNING,
        LUA_GCGEN,
        LUA_GCINC,
    ];
    let request = REQUESTS[l.aux_checkoption(1, Some(b"collect"), &OPTIONS)?];
    let data = l.aux_optint(2, 0)?;
    let r = l.named_gc(request, data)?;
    match request {
        LUA_GCCOUNT => {
            let bytes = l.named_gc(LUA_GCCOUNTB, 0)?;
            l.pushnumber(f64::from(r) + f64::from(bytes) / 1024.0);
            l.pushinteger(bytes as isize);
            return Ok(2);
        }
        LUA_GCSTEP | LUA_GCISRUNNING => l.pushboolean(r != 0),
        _ => l.pushinteger(r as isize),
    }
    Ok(1)
}

fn type_(l: Lua) -> LResult<i32> {
    l.aux_checkany(1)?;
    l.pushlstring(Lua::typename(l.type_(1)).as_bytes())?;
    Ok(1)
}

fast_entry! {
    fn type_fast(l, args) {
        new_str(l, Lua::typename(args.get(0)?.type_id()).as_bytes()).ok().map(Value::string)
    }
}

/// Pushes the results of `pairs` and `ipairs`: those of the metamethod, or an iterator, the table and a start.
fn iteration(l: Lua, metamethod: &[u8], iterator: &'static Builtin, start: Value) -> LResult<i32> {
    if l.aux_getmetafield(1, metamethod)? {
        l.pushvalue(1);
        l.call(1, 3)?;
    } else {
        l.aux_checktype(1, LUA_TTABLE)?;
        l.push(Value::builtin(iterator));
        l.pushvalue(1);
        l.push(start);
    }
    Ok(3)
}

fn pairs(l: Lua) -> LResult<i32> {
    iteration(l, b"__pairs", Id::Next.builtin(), Value::NIL)
}

fn ipairs(l: Lua) -> LResult<i32> {
    iteration(l, b"__ipairs", Id::IpairsIterator.builtin(), Value::number(0.0))
}

fn next(l: Lua) -> LResult<i32> {
    l.aux_checktype(1, LUA_TTABLE)?;
    l.settop(2);
    if l.next(1)? {
        return Ok(2);
    }
    l.pushnil();
    Ok(1)
}

// The key alone.
fast_entry! {
    fn next_fast(l, args) {
        let t = args.get(0)?.as_table()?;
        let entry = t.next(l.global(), args.get(1).unwrap_or(Value::NIL)).ok()?;
        Some(entry.map_or(Value::NIL, |(key, _)| key))
    }
}

fn ipairs_iterator(l: Lua) -> LResult<i32> {
    let i = l.aux_checkint(2)?;
    l.aux_checktype(1, LUA_TTABLE)?;
    let i = i.wrapping_add(1);
    l.pushinteger(i as isize);
    l.rawgeti(1, i);
    Ok(if l.from_top(1).is_nil() { 1 } else { 2 })
}

fn select(l: Lua) -> LResult<i32> {
    let n = l.gettop();
    if let Some(s) = (n > 0).then(|| argument(l, 1).as_string()).flatten()
        && s.bytes().first() == Some(&b'#')
    {
        l.pushinteger((n - 1) as isize);
        return Ok(1);
    }
    let i = l.aux_checkint(1)?;
    let i = if i < 0 { n + i } else { i.min(n) };
    if i < 1 {
        return Err(l.aux_argerror(1, msg::INDEX_OUT_OF_RANGE.as_bytes()));
    }
    Ok(n - i)
}

// The number of arguments, or the first of the selected ones.
fast_entry! {
    fn select_fast(_, args) {
        let v = args.get(0)?;
        if v.is_number() {
            let i = num::to_int(v.raw_number()) as isize;
            let i = if i < 0 { args.count() as isize + i } else { i };
            return (i >= 1).then(|| args.get(i as usize).unwrap_or(Value::NIL));
        }
        let counts = v.as_string()?.bytes().first() == Some(&b'#');
        counts.then(|| Value::number((args.count() - 1) as f64))
    }
}

fn assert(l: Lua) -> LResult<i32> {
    if !l.toboolean(1) {
        let text = l.aux_optlstring(2, Some(Bytes::fixed(msg::ASSERTION_FAILED.as_bytes())))?;
        return Err(l.aux_error("%s", &[Arg::S(&text.unwrap_or_default().c_part())]));
    }
    Ok(l.gettop())
}

// One argument, the usual case, and it is returned.
fast_entry! {
    fn assert_fast(_, args) {
        args.get(0).filter(|v| args.count() == 1 && !v.is_falsy())
    }
}

/// Results of a protected call: a boolean in the first slot, what the call left behind it.
fn finish_pcall(l: Lua, ok: bool) -> LResult<i32> {
    if !l.checkstack(1) {
        l.settop(0);
        l.pushboolean(false);
        l.pushlstring(msg::STACK_OVERFLOW.as_bytes())?;
        return Ok(2);
    }
    l.pushboolean(ok);
    l.replace(1);
    Ok(l.gettop())
}

/// The continuation of `pcall` and `xpcall`, after a yield inside the called function.
fn pcall_continuation(l: Lua) -> LResult<i32> {
    let (status, _) = l.getctx();
    finish_pcall(l, status == LUA_YIELD)
}

fn pcall(l: Lua) -> LResult<i32> {
    l.aux_checkany(1)?;
    l.pushnil();
    l.insert(1);
    let k = Id::PcallContinuation.c_function();
    let status = l.pcallk(l.gettop() - 2, LUA_MULTRET, 0, 0, Some(k))?;
    finish_pcall(l, status == LUA_OK)
}

fn xpcall(l: Lua) -> LResult<i32> {
    let n = l.gettop();
    if n < 2 {
        return Err(l.aux_argerror(2, msg::VALUE_EXPECTED.as_bytes()));
    }
    l.pushvalue(1);
    l.copy(2, 1);
    l.replace(2);
    let k = Id::PcallContinuation.c_function();
    let status = l.pcallk(n - 2, LUA_MULTRET, 1, 0, Some(k))?;
    finish_pcall(l, status == LUA_OK)
}

/// Results of a load: the function, with the environment at index `env` (if that is not 0), or nil and a message.
fn finish_load(l: Lua, status: i32, env: i32) -> LResult<i32> {
    if status == LUA_OK {
        if env != 0 {
            l.pushvalue(env);
            if l.setupvalue(-2, 1).is_none() {
                l.pop(1);
            }
        }
        return Ok(1);
    }
    l.pushnil();
    l.insert(-2);
    Ok(2)
}

/// Index of an optional environment argument: an explicit nil counts, no argument does not.
fn environment(l: Lua, arg: i32) -> i32 {
    if l.type_(arg) == LUA_TNONE { 0 } else { arg }
}

fn loadfile(l: Lua) -> LResult<i32> {
    let name = l.aux_optlstring(1, None)?.map(c_string);
    let mode = l.aux_optlstring(2, None)?.map(Bytes::c_part);
    let env = environment(l, 3);
    let status = l.named_loadfilex(name.as_deref(), mode.as_deref())?;
    finish_load(l, status, env)
}

/// Stack index that anchors the piece the reader function returned last.
const PIECE: i32 = 5;

fn load(l: Lua) -> LResult<i32> {
    let mode = l.aux_optlstring(3, Some(Bytes::fixed(c"bt".to_bytes())))?.unwrap_or_default().c_part();
    let env = environment(l, 4);
    let status = if let Some(text) = l.tolstring(1)? {
        let name = l.aux_optlstring(2, Some(text))?.unwrap_or_default().c_part();
        l.named_loadbufferx(&text, &name, Some(&mode))?
    } else {
        let name =
            l.aux_optlstring(2, Some(Bytes::fixed(c"=(load)".to_bytes())))?.unwrap_or_default().c_part();
        l.aux_checktype(1, LUA_TFUNCTION)?;
        l.settop(PIECE);
        let reader: lua_Reader = function_reader;
        // SAFETY: the reader asks the thread for its function and takes no data.
        unsafe {
            match l.replaced_load(reader, core::ptr::null_mut(), Some(&name), Some(&mode)) {
                Some(loaded) => loaded?,
                None => l.load(reader, core::ptr::null_mut(), Some(&name), Some(&mode))?,
            }
        }
    };
    finish_load(l, status, env)
}

crate::stub! {
    /// A `lua_Reader` that gets its pieces from the function at index 1.
    fn function_reader(l: *mut lua_State, data: *mut c_void, size: *mut usize) -> *const u8 = function_reader_core
}

unsafe extern "C" fn function_reader_core(l: *mut lua_State, _: *mut c_void, size: *mut usize) -> Ret {
    // SAFETY: the loader passes the running thread.
    let l = unsafe { Lua::from_ptr(l.cast()) };
    match next_piece(l) {
        Ok(piece) => {
            // SAFETY: the loader passes a valid place for the size.
            unsafe { *size = piece.len() };
            Ret::ok(piece.as_ptr() as u64)
        }
        Err(throw) => crate::vm::call::native::leave(*l, throw),
    }
}

/// The next piece of the chunk, empty at its end.
fn next_piece(l: Lua) -> LResult<Bytes> {
    l.aux_checkstack(2, Some(msg::TOO_MANY_NESTED.as_bytes()))?;
    if l.value(1).as_lua_closure().is_none() {
        // There may be no end to the digits that `os.time` gives.
        crate::vm::debug::hooks::count_steps(*l, 1)?;
    }
    l.pushvalue(1);
    l.call(0, 1)?;
    if l.from_top(1).is_nil() {
        l.pop(1);
        return Ok(Bytes::default());
    }
    if !l.isstring(-1) {
        return Err(l.aux_error(msg::READER_RESULT, &[]));
    }
    l.replace(PIECE);
    Ok(l.tolstring(PIECE)?.unwrap_or_default())
}

fn dofile(l: Lua) -> LResult<i32> {
    let name = l.aux_optlstring(1, None)?.map(c_string);
    l.settop(1);
    if l.named_loadfilex(name.as_deref(), None)? != LUA_OK {
        return Err(l.error());
    }
    l.callk(0, LUA_MULTRET, 0, Some(Id::DofileContinuation.c_function()))?;
    dofile_continuation(l)
}

fn dofile_continuation(l: Lua) -> LResult<i32> {
    Ok(l.gettop() - 1)
}
