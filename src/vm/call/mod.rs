//! Calls.
//!
//! Rules
//! 1. Every call may move the stack (`vm::stack`).
//! 2. On `Err` the call chain (`Thread::ci`) is left as it was when the error was raised, for tracebacks of dead
//!    coroutines; whoever stops the error puts it back (`protected`, the interpreter's pcall, resume).
//! 3. Whoever stops an error also restores `non_yieldable_depth`, `native_depth`, `allow_hook`, `message_handler` and
//!    `Link::protected`.

use crate::consts::*;
use crate::object::{FrameRef, Gc, Kind, LuaClosure, Metamethod, Slot, SlotOffset, Thread, Value};
use crate::throw::{LResult, Throw};
use crate::vm::debug::hooks;
use crate::vm::error::Raise;
use crate::vm::stack;
use native::Native;

pub mod foreign;
pub mod frame;
pub mod intrinsic;
pub mod native;
pub mod pcall;
pub mod protected;
pub mod results;
pub mod unwinding;

/// Runs Lua functions, which calls need and which is above them: it calls, in its turn.
pub trait RunLua {
    /// Runs the Lua frame `ci`, which was just pushed, and what it calls, until it returns. Errors are stopped by the
    /// library's pcall frames above it.
    fn run(self, ci: FrameRef) -> LResult<()>;
}

/// The result of `prepare`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Prepared {
    /// A Lua frame was pushed; run it.
    Lua,
    /// The function was not a Lua function and has been called; results are in place.
    Done,
}

/// Prepares the call of the value at `func`, whose arguments reach up to the top.
#[inline]
pub fn prepare(l: Gc<Thread>, func: Slot, nresults: i32) -> LResult<Prepared> {
    // SAFETY: `func` is a live slot.
    let f = unsafe { func.read() };
    match callee(f) {
        Callee::Lua(cl) => {
            frame::push_lua(l, func, cl, nresults)?;
            if l.hook_mask() & LUA_MASKCALL as u8 != 0 {
                hooks::call_hook_of_lua(l)?;
            }
            Ok(Prepared::Lua)
        }
        Callee::Native(n) => native::call_native(l, func, n, nresults).map(|_| Prepared::Done),
        Callee::None => {
            let func = try_call_metamethod(l, func)?;
            prepare(l, func, nresults)
        }
    }
}

enum Callee {
    Lua(Gc<LuaClosure>),
    Native(Native),
    None,
}

/// The kind of function that a value is.
#[inline(always)]
fn callee(f: Value) -> Callee {
    use crate::object::value::*;
    match f.tag() {
        TAG_FUNCTION => {
            // SAFETY: a function value is the address of an object.
            let h = unsafe { &*f.payload::<crate::object::Header>() };
            match h.kind() {
                // SAFETY: the kind says which.
                Kind::LuaClosure => Callee::Lua(unsafe { Gc::from_ptr(f.payload()) }),
                Kind::Builtin => {
                    // SAFETY: the kind names the type of the object; builtins are static.
                    Callee::Native(Native::Rust(unsafe { (*f.payload::<crate::object::Builtin>()).f }))
                }
                _ => {
                    // SAFETY: the only other function object is the C closure.
                    let c: Gc<crate::object::CClosure> = unsafe { Gc::from_ptr(f.payload()) };
                    Callee::Native(match c.builtin {
                        Some(b) => Native::Rust(b.f),
                        None => Native::C(c.f),
                    })
                }
            }
        }
        TAG_LIGHTC => match f.as_light_c() {
            Some(f) => Callee::Native(Native::C(f)),
            None => Callee::None,
        },
        _ => Callee::None,
    }
}

/// Puts the `__call` metamethod of the value at `func` below it. Returns where it is.
#[cold]
#[inline(never)]
pub fn try_call_metamethod(l: Gc<Thread>, func: Slot) -> LResult<Slot> {
    // SAFETY: `func` is a live slot.
    let at = unsafe { super::error::ValueAt::at(func) };
    let metamethod = l.global().metamethod_of(at.value, Metamethod::Call);
    if !metamethod.is_function() {
        return Err(l.type_error(at, "call"));
    }
    let n = l.top.get().slots_above(func);
    // SAFETY: one slot above the top is free (`EXTRA_STACK`).
    unsafe { func.copy_to(func.above(1), n) };
    let offset = l.save_slot(func);
    l.top.set(l.top.get().above(1));
    // SAFETY: `func` is a slot of the stack, whose value was moved up.
    unsafe { func.write(metamethod) };
    stack::check(l, 1)?;
    Ok(l.restore_slot(offset))
}

/// Calls the function at `func` with the arguments above it; results replace it. The callee may yield.
pub fn call(l: Gc<Thread>, func: Slot, nresults: i32) -> LResult<()> {
    call_inline(l, func, nresults)
}

#[inline(always)]
fn call_inline(l: Gc<Thread>, func: Slot, nresults: i32) -> LResult<()> {
    let offset = l.save_slot(func);
    native::enter(l)?;
    // SAFETY: `func` is a live slot.
    let called = match callee(unsafe { func.read() }) {
        Callee::Lua(cl) => call_lua(l, func, cl, nresults),
        Callee::Native(f) => native::call_native_inline(l, func, f, nresults),
        Callee::None => call_other(l, func, nresults),
    };
    if let Err(throw) = called {
        pass(l, offset, throw);
    }
    native::exit(l);
    called
}

/// Calls a Lua function and runs it to its end.
#[inline(always)]
fn call_lua(l: Gc<Thread>, func: Slot, cl: Gc<LuaClosure>, nresults: i32) -> LResult<()> {
    let ci = frame::push_lua(l, func, cl, nresults)?;
    if l.hook_mask() & LUA_MASKCALL as u8 != 0 {
        hooks::call_hook_of_lua(l)?;
    }
    l.run(ci)
}

/// Calls a value that is no function.
#[cold]
#[inline(never)]
fn call_other(l: Gc<Thread>, func: Slot, nresults: i32) -> LResult<()> {
    if prepare(l, func, nresults)? == Prepared::Lua {
        l.run(l.call_info())?;
    }
    Ok(())
}

/// A throw passes `call`, with `func` the offset of the called function's slot.
#[inline(always)]
fn pass(l: Gc<Thread>, func: SlotOffset, throw: Throw) {
    // SAFETY: the link of a live state.
    if throw == Throw::FOREIGN || unsafe { (*foreign::link(l)).protected == 0 } {
        pass_far(l, func, throw);
    }
}

/// `pass` of what may leave the state: a foreign exception, and an error that no protected call of C's stops.
#[cold]
#[inline(never)]
fn pass_far(l: Gc<Thread>, func: SlotOffset, throw: Throw) {
    if throw == Throw::FOREIGN {
        unwinding::undo_calls(l, func);
    } else if throw != Throw::YIELD && unwinding::is_unprotected(l) {
        // The outermost call has the last word.
        l.global().failed_call.set(func);
    }
}

/// `call` for callers that cannot be suspended.
pub fn call_noyield(l: Gc<Thread>, func: Slot, nresults: i32) -> LResult<()> {
    l.non_yieldable_depth.set(l.non_yieldable_depth.get() + 1);
    let called = call(l, func, nresults);
    end_noyield(l, called)
}

/// `call_noyield`, for the API function that does little else.
#[inline(always)]
pub fn call_noyield_inline(l: Gc<Thread>, func: Slot, nresults: i32) -> LResult<()> {
    l.non_yieldable_depth.set(l.non_yieldable_depth.get() + 1);
    let called = call_inline(l, func, nresults);
    end_noyield(l, called)
}

#[inline(always)]
fn end_noyield(l: Gc<Thread>, called: LResult<()>) -> LResult<()> {
    l.non_yieldable_depth.set(l.non_yieldable_depth.get() - 1);
    called
}

/// Calls a metamethod with arguments and takes `nresults` (0 or 1) results; a yield is allowed only when the
/// running function is a Lua function, which can finish its instruction later. So it can, and has to, when the
/// metamethod has set a hook (`Throw::HOOKS_SET`).
pub fn call_metamethod(l: Gc<Thread>, f: Value, args: &[Value], nresults: i32) -> LResult<Value> {
    l.push(f);
    for &a in args {
        l.push(a);
    }
    stack::check(l, 0)?;
    let func = l.top.get().below(args.len() + 1);
    #[cfg(native_code)]
    if core::ptr::eq(l.native_instruction.get(), l.ci.get())
        && l.hook_mask() == 0
        && let Some(cl) = f.as_lua_closure()
    {
        return Err(push_metamethod(l, func, cl, nresults).map_or_else(|t| t, |()| Throw::METAMETHOD_PUSHED));
    }
    if l.call_info().is_lua() {
        let quiet = l.hook_mask() == 0;
        call(l, func, nresults)?;
        // In a hook, or when the host uses a thread that is suspended or dead, it is not the interpreter that called.
        let interpreted = l.allow_hook.get() && l.raw_status() as i32 == LUA_OK;
        if quiet && l.hook_mask() != 0 && interpreted {
            return Err(Throw::HOOKS_SET);
        }
    } else {
        call_noyield(l, func, nresults)?;
    }
    if nresults == 0 {
        return Ok(Value::NIL);
    }
    let v = l.from_top(1);
    l.drop_values(1);
    Ok(v)
}

/// Pushes the frame of a metamethod, which `vm::tier` has returned from.
#[cfg(native_code)]
#[inline(never)]
fn push_metamethod(l: Gc<Thread>, func: Slot, cl: Gc<LuaClosure>, nresults: i32) -> LResult<()> {
    native::count(l)?;
    match frame::push_lua(l, func, cl, nresults) {
        Ok(ci) => {
            ci.add_flags(crate::object::call_info::FrameFlags::METAMETHOD);
            Ok(())
        }
        Err(throw) => {
            unwinding::uncount_metamethod(l);
            Err(throw)
        }
    }
}
