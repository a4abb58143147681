//! Library `coroutine` (manual 6.2).

use super::registry::library;
use crate::api::Lua;
use crate::api::lua_Debug;
use crate::consts::*;
use crate::messages as msg;
use crate::object::Value;
use crate::throw::LResult;

library! {
    COROUTINE:
    FUNCTIONS {
        Create "create" create;
        Resume "resume" resume;
        Running "running" running;
        Status "status" status;
        Wrap "wrap" wrap;
        Yield "yield" yield_, intrinsic Yield;
    }
    /// Functions that are reached only through other ones.
    HIDDEN {
        Wrapped "wrapped coroutine" wrapped;
    }
}

pub fn open(l: Lua) -> LResult<i32> {
    l.aux_newlib(&FUNCTIONS)?;
    Ok(1)
}

/// The coroutine that `v` is, which messages call argument 1.
#[inline(always)]
fn check_coroutine(l: Lua, v: Value) -> LResult<Lua> {
    match v.as_thread() {
        Some(co) => Ok(Lua::of(co)),
        None => Err(l.aux_argerror(1, msg::COROUTINE_EXPECTED.as_bytes())),
    }
}

/// Resumes `co` with the top `nargs` values of `l`. `Ok(n)`: its `n` results are on top of `l`, behind true if that is
/// asked for; `Err(())`: an error object is.
fn resume_with(l: Lua, co: Lua, nargs: i32, with_true: bool) -> LResult<Result<i32, ()>> {
    if !co.has_room(nargs) && !co.checkstack(nargs) {
        l.pushlstring(msg::TOO_MANY_RESUME_ARGUMENTS.as_bytes())?;
        return Ok(Err(()));
    }
    if co.status() == LUA_OK && co.gettop() == 0 {
        l.pushlstring(msg::RESUME_DEAD.as_bytes())?;
        return Ok(Err(()));
    }
    l.xmove(co, nargs);
    let status = co.resume(Some(l), nargs)?;
    if status != LUA_YIELD && status != LUA_OK {
        co.xmove(l, 1);
        return Ok(Err(()));
    }
    let n = co.gettop();
    if !l.has_room(n + 1) && !make_room(l, co, n + 1) {
        co.pop(n);
        l.pushlstring(msg::TOO_MANY_RESUME_RESULTS.as_bytes())?;
        return Ok(Err(()));
    }
    if with_true {
        l.push(Value::TRUE);
    }
    co.xmove(l, n);
    Ok(Ok(n))
}

/// Makes room for `n` values. That may need memory, and the coroutine may have taken itself away from where it was
/// found.
#[cold]
#[inline(never)]
fn make_room(l: Lua, co: Lua, n: i32) -> bool {
    l.push(Value::thread(*co));
    let has_room = l.checkstack(n);
    l.drop_values(1);
    has_room
}

fn create(l: Lua) -> LResult<i32> {
    l.aux_checktype(1, LUA_TFUNCTION)?;
    let co = l.named_newthread()?;
    l.pushvalue(1);
    l.xmove(co, 1);
    Ok(1)
}

fn resume(l: Lua) -> LResult<i32> {
    let co = check_coroutine(l, l.value(1))?;
    match resume_with(l, co, l.gettop() - 1, true)? {
        Ok(n) => Ok(n + 1),
        Err(()) => {
            l.pushboolean(false);
            l.insert(-2);
            Ok(2)
        }
    }
}

fn wrap(l: Lua) -> LResult<i32> {
    create(l)?;
    l.pushbuiltin(Id::Wrapped.builtin(), 1)?;
    Ok(1)
}

/// The function that `wrap` returns; the coroutine is its upvalue.
fn wrapped(l: Lua) -> LResult<i32> {
    let co = check_coroutine(l, l.first_upvalue())?;
    match resume_with(l, co, l.gettop(), false)? {
        Ok(n) => Ok(n),
        Err(()) => {
            if l.isstring(-1) {
                l.aux_where(1)?;
                l.insert(-2);
                l.concat(2)?;
            }
            Err(l.error())
        }
    }
}

fn yield_(l: Lua) -> LResult<i32> {
    l.yieldk(l.gettop(), 0, None)
}

fn status(l: Lua) -> LResult<i32> {
    let co = check_coroutine(l, l.value(1))?;
    let text = if l == co {
        "running"
    } else {
        match co.status() {
            LUA_YIELD => "suspended",
            LUA_OK => {
                if co.getstack(0, &mut lua_Debug::new()) {
                    "normal"
                } else if co.gettop() == 0 {
                    "dead"
                } else {
                    "suspended"
                }
            }
            _ => "dead",
        }
    };
    l.pushlstring(text.as_bytes())?;
    Ok(1)
}

fn running(l: Lua) -> LResult<i32> {
    let is_main = l.pushthread();
    l.pushboolean(is_main);
    Ok(2)
}
