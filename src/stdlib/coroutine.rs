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
        Yield "yield" yield_;
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

/// The coroutine at index `idx`, which messages call argument 1.
fn check_coroutine(l: Lua, idx: i32) -> LResult<Lua> {
    match l.tothread(idx) {
        Some(co) => Ok(co),
        None => Err(l.aux_argerror(1, msg::COROUTINE_EXPECTED.as_bytes())),
    }
}

/// Resumes `co` with the top `nargs` values of `l`. `Ok(n)`: its `n` results are on top of `l`; `Err(())`: an error
/// object is.
fn resume_with(l: Lua, co: Lua, nargs: i32) -> LResult<Result<i32, ()>> {
    if !co.checkstack(nargs) {
        l.pushlstring(msg::TOO_MANY_RESUME_ARGUMENTS.as_bytes())?;
        return Ok(Err(()));
    }
    if co.status() == LUA_OK && co.gettop() == 0 {
        l.pushlstring(msg::RESUME_DEAD.as_bytes())?;
        return Ok(Err(()));
    }
    l.xmove(co, nargs);
    let status = co.resume(Some(l), nargs)?;
    if status == LUA_OK || status == LUA_YIELD {
        let n = co.gettop();
        // Room may need memory, and the coroutine may have taken itself away from where it was found.
        l.push(Value::thread(*co));
        let has_room = l.checkstack(n + 1);
        l.drop_values(1);
        if !has_room {
            co.pop(n);
            l.pushlstring(msg::TOO_MANY_RESUME_RESULTS.as_bytes())?;
            return Ok(Err(()));
        }
        co.xmove(l, n);
        Ok(Ok(n))
    } else {
        co.xmove(l, 1);
        Ok(Err(()))
    }
}

fn create(l: Lua) -> LResult<i32> {
    l.aux_checktype(1, LUA_TFUNCTION)?;
    let co = l.named_newthread()?;
    l.pushvalue(1);
    l.xmove(co, 1);
    Ok(1)
}

fn resume(l: Lua) -> LResult<i32> {
    let co = check_coroutine(l, 1)?;
    let results = resume_with(l, co, l.gettop() - 1)?;
    l.pushboolean(results.is_ok());
    let n = results.unwrap_or(1) + 1;
    l.insert(-n);
    Ok(n)
}

fn wrap(l: Lua) -> LResult<i32> {
    create(l)?;
    l.pushbuiltin(Id::Wrapped.builtin(), 1)?;
    Ok(1)
}

/// The function that `wrap` returns; the coroutine is its upvalue.
fn wrapped(l: Lua) -> LResult<i32> {
    let co = check_coroutine(l, lua_upvalueindex(1))?;
    match resume_with(l, co, l.gettop())? {
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
    let co = check_coroutine(l, 1)?;
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
