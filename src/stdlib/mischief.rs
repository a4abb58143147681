//! What the mischief of the collector (`gc::mischief`) runs in between.

use super::coroutine::Id;
use crate::api::Lua;
use crate::chunk::Input;
use crate::consts::*;
use crate::object::c_types::lua_State;
use crate::object::{Gc, SlotOffset, Thread, Value};
use crate::throw::LResult;
use crate::vm::call::protected;
use crate::vm::debug::hooks;
use crate::vm::stack;
use core::ffi::c_void;

/// Nests calls, makes garbage of many sizes, yields, and fails in the end.
const ACCOMPLICE: &[u8] = b"
local yield = ...
local function nest(n, ...)
  if n == 0 then return yield and yield(n) end
  local made = {n, n .. 'th', key = {n}, [n .. 'k'] = function() return n end}
  local a, b, c = nest(n - 1, made, ...)
  return made, a, b
end
nest(12)
nest(3)
if yield then local x = nil + 1 end";

/// Runs it, with hooks off as in a finalizer. Errors are dropped.
pub fn accomplice(l: Gc<Thread>) -> LResult<()> {
    let l = Lua::of(l);
    let hooks = l.allow_hook.replace(false);
    let top = l.save_slot(l.top.get());
    let done = protected::run_protected(*l, || run_accomplice(l), top, SlotOffset::NONE);
    l.top.set(l.restore_slot(top));
    l.allow_hook.set(hooks);
    done.map(|_| ())
}

/// Compiles a chunk and runs it: here, and in coroutines that yield, yield again and fail, with hooks for all events.
fn run_accomplice(l: Lua) -> LResult<()> {
    stack::check(*l, LUA_MINSTACK as usize)?;
    // SAFETY: the text is constant.
    let mut input = unsafe { Input::from_bytes(ACCOMPLICE) };
    if l.load_input(&mut input, b"=mischief", None)? != LUA_OK {
        return Ok(());
    }
    let kept = (l.hook.get(), l.hook_mask(), l.base_hook_count.get(), l.hook_count.get(), l.old_pc.get());
    hooks::set_hook(*l, Some(idle), LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 3);
    let done = run_coroutines(l);
    // Without a hook, which would count instructions of the program's own.
    hooks::set_hook(*l, None, 0, 0);
    let done = done.and_then(|()| l.call(0, 0));
    hooks::set_hook(*l, kept.0, kept.1 as i32, kept.2);
    l.hook_count.set(kept.3);
    l.old_pc.set(kept.4);
    done
}

/// The function on top, in new threads, which inherit the hook.
fn run_coroutines(l: Lua) -> LResult<()> {
    for resumes in 1..=3 {
        let th = l.newthread()?;
        th.push(l.from_top(2));
        th.push(Value::builtin(Id::Yield.builtin()));
        for i in 0..resumes {
            th.resume(Some(l), (i == 0) as i32)?;
            if th.raw_status() as i32 == LUA_YIELD {
                th.settop(0);
            }
        }
        l.drop_values(1);
    }
    Ok(())
}

unsafe extern "C-unwind" fn idle(_: *mut lua_State, _: *mut c_void) {}
