//! Resume and yield.
//!
//! A coroutine runs in an interpreter of its own on the native stack of whoever resumes it. A yield is a throw that
//! nothing but resume stops; the frames of the coroutine stay, and the next resume finishes the instruction or the
//! C function that was interrupted and goes on from there.

use crate::boundary::Room;
use crate::consts::*;
use crate::messages as msg;
use crate::object::call_info::FrameFlags;
use crate::object::thread::YIELD_PENDING;
use crate::object::{FrameRef, Gc, Thread, Value, lua_CFunction, string};
use crate::throw::{LResult, Throw};
use crate::vm::call::{self, Prepared, RunLua, foreign, intrinsic, pcall, protected, results, unwinding};
use crate::vm::error::Raise;
use crate::vm::interrupt;
use crate::vm::ops::finish;
use crate::vm::tier;
use core::sync::atomic::Ordering;

/// Resumes `l` with the `nargs` topmost values of its stack; the status. After an error its object is on top of the
/// stack of `l`. `Err` only for a foreign exception passing through.
pub fn resume(l: Gc<Thread>, from: Option<Gc<Thread>>, nargs: i32) -> LResult<i32> {
    let n = from.map_or(0, |f| f.native_depth.get());
    let depth_before = l.non_yieldable_depth.get();
    if n >= LUAI_MAXCCALLS as u16 || l.global().native_stack.room(n + 1) != Room::Enough {
        return refuse(l, msg::C_STACK_OVERFLOW, nargs);
    }
    let starting = l.raw_status() as i32 == LUA_OK;
    if starting {
        if !l.is_at_host() {
            return refuse(l, msg::RESUME_NON_SUSPENDED, nargs);
        }
    } else if l.raw_status() as i32 != LUA_YIELD {
        return refuse(l, msg::RESUME_DEAD, nargs);
    } else if !l.call_info().has(FrameFlags::HIDDEN) {
        // The hook of a call yielded, and no instruction has taken notice: it runs, or ran to its end.
        let ended = l.is_at_host();
        return refuse(l, if ended { msg::RESUME_DEAD } else { msg::RESUME_NON_SUSPENDED }, nargs);
    }
    // SAFETY: the link of a live state.
    let protected = unsafe { (*foreign::link(l)).protected };
    unwinding::set_count(l, protected + 1);
    l.base_ci.base_frame().protected.set(protected);
    l.native_depth.set(n + 1);
    l.non_yieldable_depth.set(0);
    let g = l.global();
    l.resumer.set(g.running.replace(Some(l)));
    interrupt::follow(l);
    let mut r = if starting { start(l, nargs) } else { proceed(l, nargs) };
    loop {
        if r.is_ok() {
            r = unroll(l);
        }
        match r {
            // A protected call of the coroutine stops the error.
            Err(t) if t != Throw::YIELD && t != Throw::FOREIGN && recover(l, t) => {
                settle(l, n + 1);
                unwinding::set_count(l, protected + 1);
                r = Ok(());
            }
            _ => break,
        }
    }
    if r.is_err() {
        settle(l, n + 1);
    }
    g.running.set(l.resumer.take());
    if let Some(running) = g.running.get() {
        interrupt::follow(running);
    }
    if l.hook_mask() & YIELD_PENDING != 0 {
        // It yields now for another reason, or no longer.
        l.hook_mask_atomic().fetch_and(!YIELD_PENDING, Ordering::Relaxed);
    }
    unwinding::set_count(l, protected);
    l.non_yieldable_depth.set(depth_before);
    l.native_depth.set(l.native_depth.get().wrapping_sub(1));
    match r {
        Ok(()) => Ok(LUA_OK),
        Err(Throw::YIELD) => {
            show_yielded(l);
            Ok(LUA_YIELD)
        }
        Err(Throw::FOREIGN) => {
            l.set_status(LUA_ERRRUN as u8);
            Err(Throw::FOREIGN)
        }
        Err(t) => {
            l.set_status(t.status() as u8);
            // On top of what the failed function left, the raised value among it.
            unwinding::set_error_object(l, t, l.top.get());
            l.call_info().top.set(l.top.get());
            Ok(t.status())
        }
    }
}

/// A throw ended all invocations of the coroutine, but for that of resume, which is at this level of native calls.
#[inline(always)]
fn settle(l: Gc<Thread>, level: u16) {
    #[cfg(native_code)]
    if l.native_depth.get() != level {
        unwinding::forget_metamethods(l);
    }
    l.native_depth.set(level);
}

/// An error of resume itself: the arguments are replaced by the message, the coroutine is not touched.
fn refuse(l: Gc<Thread>, message: &str, nargs: i32) -> LResult<i32> {
    l.drop_values(nargs as usize);
    let v = match string::new_str(l, message.as_bytes()) {
        Ok(s) => Value::string(s),
        Err(_) => l.global().memory_message.get().map_or(Value::NIL, Value::string),
    };
    l.push(v);
    Ok(LUA_ERRRUN)
}

#[inline(always)]
fn start(l: Gc<Thread>, nargs: i32) -> LResult<()> {
    let func = l.top.get().below(nargs as usize + 1);
    if call::prepare(l, func, LUA_MULTRET)? == Prepared::Lua {
        l.run(l.call_info())?;
    }
    Ok(())
}

/// Ends the yield, whose results are the resume's arguments.
#[inline(always)]
fn proceed(l: Gc<Thread>, nargs: i32) -> LResult<()> {
    l.set_status(LUA_OK as u8);
    let ci = l.call_info();
    let first = l.top.get().below(nargs as usize);
    ci.show_all();
    if ci.is_lua() {
        // Yielded inside a hook: the arguments are dropped and the instruction runs again without the hook.
        l.top.set(first);
        tier::go_on(l)?;
    } else {
        let mut first = first;
        if let Some(k) = ci.c_function().continuation.get() {
            ci.c_function().status.set(LUA_YIELD);
            ci.add_flags(FrameFlags::YIELDED);
            let n = foreign::call_c(l, k)?;
            first = l.top.get().below(n as usize);
        }
        results::end_call(l, ci, first)?;
    }
    Ok(())
}

/// Finishes every frame that was interrupted, innermost first.
#[inline(always)]
fn unroll(l: Gc<Thread>) -> LResult<()> {
    while !l.is_at_host() {
        let ci = l.call_info();
        if ci.is_lua() {
            match finish::finish(l, ci) {
                // One more metamethod of its, which set a hook.
                Err(Throw::HOOKS_SET) => continue,
                r => r?,
            }
            tier::go_on(l)?;
        } else if ci.has(FrameFlags::LIBRARY_PCALL) {
            pcall::finish_pcall(l, ci)?;
        } else {
            finish_c_call(l, ci)?;
        }
    }
    Ok(())
}

/// A C function whose call of Lua was interrupted goes on in its continuation.
fn finish_c_call(l: Gc<Thread>, ci: FrameRef) -> LResult<()> {
    // Results of the interrupted call are in place; a call for all results needs the frame's limit moved.
    results::follow_open_results(l, ci.nresults());
    let Some(k) = ci.c_function().continuation.get() else {
        debug_assert!(false, "a C function without continuation cannot have been suspended");
        return Ok(());
    };
    protected::end_yieldable(l, ci);
    let n = foreign::call_c(l, k)?;
    results::end_call(l, ci, l.top.get().below(n as usize))?;
    Ok(())
}

/// Unwinds to the innermost protected call among the coroutine's frames, which then goes on as if its callee had
/// returned the error. False when there is none.
fn recover(l: Gc<Thread>, throw: Throw) -> bool {
    for frame in l.active_frames() {
        if frame.has(FrameFlags::LIBRARY_PCALL) {
            pcall::catch_in_pcall(l, frame, throw);
            l.non_yieldable_depth.set(0);
            return true;
        }
        if frame.has(FrameFlags::YIELDABLE_PCALL) {
            protected::recover_yieldable(l, frame, throw);
            l.non_yieldable_depth.set(0);
            return true;
        }
    }
    false
}

/// Suspends the running coroutine; its `nresults` topmost values go to whoever resumed it. `Err(YIELD)` when it does;
/// inside a hook it returns and the hook's return completes the yield, or, when that is the hook of a library function
/// that cannot be left, the next instruction. (Where that cannot yield, as in the main program, the yield is none.)
pub fn yield_(l: Gc<Thread>, nresults: i32, ctx: i32, k: Option<lua_CFunction>) -> LResult<i32> {
    let ci = l.call_info();
    if l.non_yieldable_depth.get() > 0 {
        if ci.has(FrameFlags::POLLING) {
            l.hook_mask_atomic().fetch_or(YIELD_PENDING, Ordering::Relaxed);
            return Ok(0);
        }
        let main = l.global().main_thread.get();
        return Err(if main == Some(l) {
            l.runtime_error(msg::YIELD_OUTSIDE)
        } else {
            l.runtime_error(msg::YIELD_ACROSS_C)
        });
    }
    if ci.is_lua() {
        l.set_status(LUA_YIELD as u8);
        return Ok(0);
    }
    ci.c_function().continuation.set(k);
    if k.is_some() {
        ci.c_function().context.set(ctx);
    }
    Err(intrinsic::suspend(l, ci, nresults))
}

/// Called when a C function's yield has arrived at the resume. The resumer sees the yielded values only; the values
/// below them stay hidden until the coroutine goes on.
fn show_yielded(l: Gc<Thread>) {
    let ci = l.call_info();
    if !ci.is_lua() {
        l.top.set(ci.func.get().above(1));
        ci.show_values(ci.suspended().yielded.get() as usize);
    }
}
