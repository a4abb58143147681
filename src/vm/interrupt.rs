//! Interrupting scripts: requests of the host, and limits of steps and time (`object/limits.rs`).
//!
//! Rules
//! 1. The bit `ATTENTION` of a thread's hook mask says that something is due. All tiers look at the mask at calls and
//!    backward jumps, and leave for the loop with hooks, which comes to `attend` before its next instruction. Library
//!    functions that may take long come by `hooks::count_steps`.
//! 2. Steps are counted by the loop with hooks, at calls of Lua functions and backward jumps, and by `count_steps`. So
//!    while a limit is set, the bit `COUNTING` keeps all threads in that loop.
//! 3. A limit that is reached stays reached: each step asks for attention again, until the host changes the limit. So
//!    does a request that no function of the host's has taken.

use crate::boundary;
use crate::consts::{LUA_MINSTACK, LUAX_REQUESTED, LUAX_STEPS, LUAX_TIME};
use crate::gc::walk;
use crate::messages as msg;
use crate::object::limits::{NONE, luaX_Interrupt};
use crate::object::thread::{ATTENTION, COUNTING};
use crate::object::{Gc, Thread};
use crate::sys;
use crate::throw::LResult;
use crate::vm::call::foreign;
use crate::vm::error::Raise;
use crate::vm::stack;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

/// The clock is looked at after so many steps: between two of them there may be a call that takes long.
const LOOK: u16 = 16;

/// `luaX_interrupt`: asks for attention. It may be called from a signal handler that interrupted this thread anywhere,
/// and from other threads.
pub fn request(l: Gc<Thread>) {
    let g = l.global();
    let limits = &g.limits;
    // Until the end the running thread is not freed (`wait_for_interrupters`). Whoever waits for that takes no request,
    // so nobody else comes so far meanwhile.
    if limits.requested.load(Ordering::SeqCst) {
        return;
    }
    limits.interrupters.fetch_add(1, Ordering::SeqCst);
    limits.requested.store(true, Ordering::SeqCst);
    // Whoever makes another thread the running one now looks at the request, or we see that thread.
    sys::order_other_processors();
    // SAFETY: a word of the live state; null stands for none.
    let running = unsafe { AtomicPtr::<Thread>::from_ptr(g.running.as_ptr().cast()) }.load(Ordering::SeqCst);
    let main = g.main_thread.get().map_or(null_mut(), Gc::as_ptr);
    for thread in [running, main] {
        if !thread.is_null() {
            // SAFETY: the main thread lives as long as the state, the running one until `interrupters` is 0.
            unsafe { (*thread).hook_mask_atomic() }.fetch_or(ATTENTION, Ordering::SeqCst);
        }
    }
    limits.interrupters.fetch_sub(1, Ordering::SeqCst);
}

/// `l` is the running thread from now on: passes a request on to it.
#[inline(always)]
pub fn follow(l: Gc<Thread>) {
    if l.global().limits.requested.load(Ordering::Relaxed) {
        ask(l);
    }
}

/// The thread is to come to `attend`.
#[cold]
#[inline(never)]
fn ask(l: Gc<Thread>) {
    l.hook_mask_atomic().fetch_or(ATTENTION, Ordering::Relaxed);
}

/// `steps` more were done, while a limit is set.
#[cold]
#[inline(never)]
pub fn count(l: Gc<Thread>, steps: u32) {
    let limits = &l.global().limits;
    let left = limits.steps.get();
    if left != NONE {
        limits.steps.set(left.saturating_sub(steps.into()));
    }
    if limits.deadline.get() != NONE {
        let until = limits.until_look.get().saturating_sub(steps.min(LOOK.into()) as u16);
        limits.until_look.set(until);
        if until == 0 {
            limits.until_look.set(LOOK);
            limits.late.set(sys::steady_time() >= limits.deadline.get());
        }
    }
    if due(l).is_some() {
        ask(l);
    }
}

/// The reason for an interrupt that is due, and the message it has without a function of the host's.
fn due(l: Gc<Thread>) -> Option<(i32, &'static str)> {
    let limits = &l.global().limits;
    if limits.inside.get() {
        None
    } else if limits.requested.load(Ordering::Relaxed) {
        Some((LUAX_REQUESTED, msg::INTERRUPTED))
    } else if limits.steps.get() == 0 {
        Some((LUAX_STEPS, msg::STEP_LIMIT))
    } else if limits.late.get() {
        Some((LUAX_TIME, msg::TIME_LIMIT))
    } else {
        None
    }
}

/// Somebody asked for attention: interrupts the running function, where a count hook would be called.
#[cold]
#[inline(never)]
pub fn attend(l: Gc<Thread>) -> LResult<()> {
    l.hook_mask_atomic().fetch_and(!ATTENTION, Ordering::Relaxed);
    let Some((reason, message)) = due(l) else { return Ok(()) };
    let limits = &l.global().limits;
    let Some(function) = limits.function.get() else {
        // The next step raises again.
        ask(l);
        return Err(l.runtime_error(message));
    };
    if reason == LUAX_REQUESTED {
        limits.requested.store(false, Ordering::SeqCst);
    }
    l.global().effects.call();
    let ci = l.call_info();
    let (top, limit) = (l.save_slot(l.top.get()), l.save_slot(ci.top.get()));
    stack::check(l, LUA_MINSTACK as usize)?;
    ci.top.set(l.top.get().above(LUA_MINSTACK as usize));
    limits.inside.set(true);
    // SAFETY: the host's function, called with its own thread and what the host gave it.
    let r = unsafe {
        boundary::call(
            foreign::link(l),
            function as *const c_void,
            l.as_ptr() as usize,
            reason as usize,
            limits.ud.get() as usize,
            0,
        )
    };
    limits.inside.set(false);
    if due(l).is_some() {
        ask(l);
    }
    if r.throw != boundary::NONE && r.throw != boundary::FOREIGN {
        return Err(foreign::landed(l, r.throw));
    }
    ci.top.set(l.restore_slot(limit));
    l.top.set(l.restore_slot(top));
    if r.throw == boundary::NONE { Ok(()) } else { Err(foreign::landed(l, r.throw)) }
}

/// `luaX_setinterrupt`. A request that no function has taken is forgotten.
pub fn set_function(l: Gc<Thread>, f: Option<luaX_Interrupt>, ud: *mut c_void) {
    let limits = &l.global().limits;
    limits.function.set(f);
    limits.ud.set(ud);
    limits.requested.store(false, Ordering::SeqCst);
}

/// `luaX_setsteps`: the steps left before.
pub fn set_steps(l: Gc<Thread>, steps: u64) -> u64 {
    let before = l.global().limits.steps.replace(steps);
    changed(l);
    before
}

/// `luaX_settime`: time is over in so many nanoseconds. What was left before.
pub fn set_time(l: Gc<Thread>, nanoseconds: u64) -> u64 {
    let limits = &l.global().limits;
    let now = sys::steady_time();
    let deadline = if nanoseconds == NONE { NONE } else { now.saturating_add(nanoseconds).min(NONE - 1) };
    let before = limits.deadline.replace(deadline);
    limits.late.set(nanoseconds == 0);
    limits.until_look.set(LOOK);
    changed(l);
    if before == NONE { NONE } else { before.saturating_sub(now) }
}

/// A limit was changed: all threads count, or none.
fn changed(l: Gc<Thread>) {
    let counts = l.global().limits.counts();
    walk::each_thread(l.global(), |thread| {
        let mask = thread.hook_mask_atomic();
        if counts {
            mask.fetch_or(COUNTING, Ordering::Relaxed);
        } else {
            mask.fetch_and(!COUNTING, Ordering::Relaxed);
        }
    });
    if due(l).is_some() {
        ask(l);
    }
}
