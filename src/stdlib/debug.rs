//! Library `debug` (manual 6.10).

use super::c_string;
use super::registry::library;
use crate::api::Lua;
use crate::api::{Bytes, lua_Debug};
use crate::boundary::Ret;
use crate::consts::*;
use crate::gc;
use crate::messages as msg;
use crate::object::Interior;
use crate::object::Value;
use crate::object::c_types::lua_State;
use crate::sys;
use crate::throw::LResult;
use crate::vm::debug::{self, info, variables};
use core::ffi::{CStr, c_char, c_void};

library! {
    DEBUG:
    FUNCTIONS {
        Debug "debug" debug;
        Gethook "gethook" gethook;
        Getinfo "getinfo" getinfo;
        Getlocal "getlocal" getlocal;
        Getmetatable "getmetatable" getmetatable;
        Getregistry "getregistry" getregistry;
        Getupvalue "getupvalue" getupvalue;
        Getuservalue "getuservalue" getuservalue;
        Sethook "sethook" sethook;
        Setlocal "setlocal" setlocal;
        Setmetatable "setmetatable" setmetatable;
        Setupvalue "setupvalue" setupvalue;
        Setuservalue "setuservalue" setuservalue;
        Traceback "traceback" traceback;
        Upvalueid "upvalueid" upvalueid;
        Upvaluejoin "upvaluejoin" upvaluejoin;
    }
}

pub fn open(l: Lua) -> LResult<i32> {
    l.aux_newlib(&FUNCTIONS)?;
    Ok(1)
}

/// A string of C, null standing for nil. Runs no finalizer.
///
/// # Safety
/// `s` is null or a terminated string.
#[inline(never)]
unsafe fn push_c_string(l: Lua, s: *const c_char) -> LResult<()> {
    // SAFETY: the caller's promise.
    let s = unsafe { s.as_ref() }.map(|s| unsafe { CStr::from_ptr(s) }.to_bytes());
    push_option(l, s)
}

#[inline(never)]
fn push_option(l: Lua, s: Option<&[u8]>) -> LResult<()> {
    match s {
        Some(s) => l.push_quietly(s).map(|_| ()),
        None => {
            l.pushnil();
            Ok(())
        }
    }
}

fn getregistry(l: Lua) -> LResult<i32> {
    l.pushvalue(LUA_REGISTRYINDEX);
    Ok(1)
}

fn getmetatable(l: Lua) -> LResult<i32> {
    l.aux_checkany(1)?;
    if !l.getmetatable(1) {
        l.pushnil();
    }
    Ok(1)
}

fn setmetatable(l: Lua) -> LResult<i32> {
    let t = l.type_(2);
    if t != LUA_TNIL && t != LUA_TTABLE {
        return Err(l.aux_argerror(2, msg::NIL_OR_TABLE_EXPECTED.as_bytes()));
    }
    l.settop(2);
    l.setmetatable_only(1);
    Ok(1)
}

fn getuservalue(l: Lua) -> LResult<i32> {
    if l.type_(1) == LUA_TUSERDATA {
        l.getuservalue(1);
    } else {
        l.pushnil();
    }
    Ok(1)
}

fn setuservalue(l: Lua) -> LResult<i32> {
    if l.type_(1) == LUA_TLIGHTUSERDATA {
        return Err(l.aux_argerror(1, msg::FULL_USERDATA_EXPECTED.as_bytes()));
    }
    l.aux_checktype(1, LUA_TUSERDATA)?;
    if !l.isnoneornil(2) {
        l.aux_checktype(2, LUA_TTABLE)?;
    }
    l.settop(2);
    l.setuservalue(1);
    Ok(1)
}

/// The thread that is the optional first argument (else the running one), and how many arguments that took.
fn target(l: Lua) -> (Lua, i32) {
    match l.tothread(1) {
        Some(thread) => (thread, 1),
        None => (l, 0),
    }
}

fn set_number(l: Lua, key: &[u8], n: i32) -> LResult<()> {
    l.pushinteger(n as isize);
    l.setfield(-2, key)
}

// The description of a frame is valid only as long as the frame, and a finalizer may resume a thread to its end. So
// these functions first take all that they want to know, as values of their own, and then let the collector have its
// turn. They put nothing on the stack of another thread: there may be no room, and an error would leave the value
// there.

fn getinfo(l: Lua) -> LResult<i32> {
    let mut ar = lua_Debug::new();
    let (thread, arg) = target(l);
    let options = l.aux_optlstring(arg + 2, Some(Bytes::fixed(b"flnStu")))?.unwrap_or_default().c_part();
    let mut what: &[u8] = &options;
    let mut function = None;
    if l.isnumber(arg + 1) {
        let level = l.tointegerx(arg + 1).unwrap_or(0) as i32;
        if !thread.getstack(level, &mut ar) {
            l.pushnil();
            return Ok(1);
        }
        if let [b'>', rest @ ..] = &options[..] {
            // As for `lua_getinfo`: what lies on top takes the level's place.
            (function, what) = (Some(thread.value(-1)), rest);
        }
    } else if l.type_(arg + 1) == LUA_TFUNCTION {
        function = Some(l.value(arg + 1));
    } else {
        return Err(l.aux_argerror(arg + 1, msg::FUNCTION_OR_LEVEL.as_bytes()));
    }
    let (function, known) = info::describe(*thread, what, &mut ar, function);
    if !known {
        return Err(l.aux_argerror(arg + 2, msg::INVALID_INFO_OPTION.as_bytes()));
    }
    l.push_table(0, 2)?;
    let wants = |c: u8| options.contains(&c);
    // SAFETY: `describe` filled in the fields of the options it was given.
    unsafe {
        if wants(b'S') {
            push_c_string(l, ar.source.cast())?;
            l.setfield(-2, b"source")?;
            push_c_string(l, ar.short_src.as_ptr().cast())?;
            l.setfield(-2, b"short_src")?;
            set_number(l, b"linedefined", ar.linedefined)?;
            set_number(l, b"lastlinedefined", ar.lastlinedefined)?;
            push_c_string(l, ar.what.cast())?;
            l.setfield(-2, b"what")?;
        }
        if wants(b'l') {
            set_number(l, b"currentline", ar.currentline)?;
        }
        if wants(b'u') {
            set_number(l, b"nups", ar.nups as i32)?;
            set_number(l, b"nparams", ar.nparams as i32)?;
            l.pushboolean(ar.isvararg != 0);
            l.setfield(-2, b"isvararg")?;
        }
        if wants(b'n') {
            push_c_string(l, ar.name.cast())?;
            l.setfield(-2, b"name")?;
            push_c_string(l, ar.namewhat.cast())?;
            l.setfield(-2, b"namewhat")?;
        }
    }
    if wants(b't') {
        l.pushboolean(ar.istailcall != 0);
        l.setfield(-2, b"istailcall")?;
    }
    if wants(b'L') {
        info::push_active_lines(*l, function)?;
        l.setfield(-2, b"activelines")?;
    }
    if wants(b'f') {
        l.push(function);
        l.setfield(-2, b"func")?;
    }
    gc::check(*l)?;
    Ok(1)
}

fn getlocal(l: Lua) -> LResult<i32> {
    let (thread, arg) = target(l);
    let n = l.aux_checkint(arg + 2)?;
    if l.type_(arg + 1) == LUA_TFUNCTION {
        push_option(l, variables::parameter_name(l.value(arg + 1), n).as_deref())?;
        return Ok(1);
    }
    let Some(ci) = debug::frame_at(*thread, l.aux_checkint(arg + 1)?) else {
        return Err(l.aux_argerror(arg + 1, msg::LEVEL_OUT_OF_RANGE.as_bytes()));
    };
    match variables::get_local(*thread, ci, n) {
        Some((name, v)) => {
            l.push(v);
            l.pushlstring(&name)?;
            l.insert(-2);
            Ok(2)
        }
        None => {
            l.pushnil();
            Ok(1)
        }
    }
}

fn setlocal(l: Lua) -> LResult<i32> {
    let (thread, arg) = target(l);
    let Some(ci) = debug::frame_at(*thread, l.aux_checkint(arg + 1)?) else {
        return Err(l.aux_argerror(arg + 1, msg::LEVEL_OUT_OF_RANGE.as_bytes()));
    };
    l.aux_checkany(arg + 3)?;
    l.settop(arg + 3);
    let n = l.aux_checkint(arg + 2)?;
    push_option(l, variables::set_local(*l, *thread, ci, n, l.from_top(1)).as_deref())?;
    Ok(1)
}

fn getupvalue(l: Lua) -> LResult<i32> {
    let n = l.aux_checkint(2)?;
    l.aux_checktype(1, LUA_TFUNCTION)?;
    let Some(name) = l.getupvalue(1, n) else { return Ok(0) };
    l.pushlstring(&name)?;
    l.insert(-2);
    Ok(2)
}

fn setupvalue(l: Lua) -> LResult<i32> {
    l.aux_checkany(3)?;
    let n = l.aux_checkint(2)?;
    l.aux_checktype(1, LUA_TFUNCTION)?;
    let Some(name) = l.setupvalue(1, n) else { return Ok(0) };
    l.pushlstring(&name)?;
    Ok(1)
}

/// Index of an upvalue (argument `nth`) that the function (argument `function`) has.
fn check_upvalue(l: Lua, function: i32, nth: i32) -> LResult<i32> {
    let mut ar = lua_Debug::new();
    let n = l.aux_checkint(nth)?;
    l.aux_checktype(function, LUA_TFUNCTION)?;
    l.pushvalue(function);
    l.getinfo(b">u", &mut ar)?;
    if n < 1 || n > ar.nups as i32 {
        return Err(l.aux_argerror(nth, msg::INVALID_UPVALUE.as_bytes()));
    }
    Ok(n)
}

fn upvalueid(l: Lua) -> LResult<i32> {
    let n = check_upvalue(l, 1, 2)?;
    l.pushlightuserdata(l.upvalueid(1, n))?;
    Ok(1)
}

fn upvaluejoin(l: Lua) -> LResult<i32> {
    let n1 = check_upvalue(l, 1, 2)?;
    let n2 = check_upvalue(l, 3, 4)?;
    for arg in [1, 3] {
        if l.iscfunction(arg) {
            return Err(l.aux_argerror(arg, msg::LUA_FUNCTION_EXPECTED.as_bytes()));
        }
    }
    l.upvaluejoin(1, n1, 3, n2);
    Ok(0)
}

/// Field of the registry with the hook functions: a table with threads as weak keys.
const HOOKS: &[u8] = b"_HKEY";

fn push_hooks(l: Lua) -> LResult<()> {
    if !l.aux_getsubtable(LUA_REGISTRYINDEX, HOOKS)? {
        l.pushlstring(b"k")?;
        l.setfield(-2, b"__mode")?;
        l.pushvalue(-1);
        l.setmetatable(-2);
    }
    Ok(())
}

crate::stub! {
    /// The hook of threads that `sethook` gave one: calls the Lua function.
    fn hook(l: *mut lua_State, ar: *mut c_void) = hook_core
}

/// Whether the thread's hook is the one that calls a Lua function.
fn has_own_hook(l: Lua) -> bool {
    l.gethook().is_some_and(|f| f as *const c_void == hook as *const c_void)
}

unsafe extern "C" fn hook_core(l: *mut lua_State, ar: *mut c_void) -> Ret {
    // SAFETY: the hook's caller passes the running thread, and a record with event and line.
    let (l, ar) = unsafe { (Lua::from_ptr(l.cast()), &mut *ar.cast()) };
    match run_hook(l, ar) {
        Ok(()) => Ret::ok(0),
        Err(throw) => crate::vm::call::native::leave(*l, throw),
    }
}

fn run_hook(l: Lua, ar: &mut lua_Debug) -> LResult<()> {
    const EVENTS: [&str; 5] = ["call", "return", "line", "count", "tail call"];
    push_hooks(l)?;
    l.pushthread();
    l.rawget(-2);
    if l.type_(-1) == LUA_TFUNCTION {
        l.pushlstring(EVENTS[ar.event as usize].as_bytes())?;
        if ar.currentline >= 0 {
            l.pushinteger(ar.currentline as isize);
        } else {
            l.pushnil();
        }
        l.call(2, 0)?;
    }
    Ok(())
}

fn sethook(l: Lua) -> LResult<i32> {
    let (thread, arg) = target(l);
    let (function, mask, count): (Option<crate::api::lua_Hook>, i32, i32);
    if l.isnoneornil(arg + 1) {
        l.settop(arg + 1);
        (function, mask, count) = (None, 0, 0);
    } else {
        let letters = l.aux_checklstring(arg + 2)?.c_part();
        l.aux_checktype(arg + 1, LUA_TFUNCTION)?;
        count = l.aux_optint(arg + 3, 0)?;
        function = Some(hook);
        let bit = |letter: u8, bit: i32| if letters.contains(&letter) { bit } else { 0 };
        mask = bit(b'c', LUA_MASKCALL)
            | bit(b'r', LUA_MASKRET)
            | bit(b'l', LUA_MASKLINE)
            | if count > 0 { LUA_MASKCOUNT } else { 0 };
    }
    push_hooks(l)?;
    l.push(Value::thread(*thread));
    l.pushvalue(arg + 1);
    l.rawset(-3)?;
    l.named_sethook(thread, function, mask, count)?;
    Ok(0)
}

fn gethook(l: Lua) -> LResult<i32> {
    let (thread, _) = target(l);
    let mask = thread.gethookmask();
    match thread.gethook() {
        Some(_) if !has_own_hook(thread) => {
            l.pushlstring(b"external hook")?;
        }
        _ => {
            push_hooks(l)?;
            l.push(Value::thread(*thread));
            l.rawget(-2);
            l.remove(-2);
        }
    }
    let mut letters = [0; 3];
    let mut n = 0;
    for (letter, bit) in [(b'c', LUA_MASKCALL), (b'r', LUA_MASKRET), (b'l', LUA_MASKLINE)] {
        if mask & bit != 0 {
            letters[n] = letter;
            n += 1;
        }
    }
    l.pushlstring(&letters[..n])?;
    l.pushinteger(thread.gethookcount() as isize);
    Ok(3)
}

/// Reads lines from the standard input and runs them, up to one that says `cont`.
fn debug(l: Lua) -> LResult<i32> {
    /// Longest line, with its end and a terminator.
    const LINE: usize = 250;
    loop {
        let mut line = [0u8; LINE];
        // SAFETY: the C library's open streams; `fgets` terminates what it read.
        let command = unsafe {
            sys::fputs(c"lua_debug> ".as_ptr(), sys::stderr());
            sys::fflush(sys::stderr());
            if sys::fgets(line.as_mut_ptr().cast(), LINE as i32, sys::stdin()).is_null() {
                return Ok(0);
            }
            CStr::from_ptr(line.as_ptr().cast()).to_bytes()
        };
        if command == b"cont\n" {
            return Ok(0);
        }
        let failed = l.named_loadbufferx(command, c"=(debug command)".to_bytes(), None)? != LUA_OK
            || l.pcall(0, 0, 0)? != LUA_OK;
        if failed {
            let text = l.tolstring(-1)?.map_or(Interior::fixed(c"(null)"), c_string);
            // SAFETY: a terminated string and the C library's stream.
            unsafe {
                sys::fputs(text.as_ptr(), sys::stderr());
                sys::fputs(c"\n".as_ptr(), sys::stderr());
                sys::fflush(sys::stderr());
            }
        }
        l.settop(0);
    }
}

fn traceback(l: Lua) -> LResult<i32> {
    let (thread, arg) = target(l);
    let text = l.tolstring(arg + 1)?;
    if text.is_none() && !l.isnoneornil(arg + 1) {
        // A message that is no string is returned as it is.
        l.pushvalue(arg + 1);
    } else {
        let level = l.aux_optint(arg + 2, (l == thread) as i32)?;
        l.named_traceback(thread, text.map(Bytes::c_part).as_deref(), level)?;
    }
    Ok(1)
}
