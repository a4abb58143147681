//! Entering a Lua function, leaving it, stopping errors, and going on at a pc: what all tiers that run Lua functions
//! have in common. There are two: the interpreter, and native code with the feature `jit` ([the
//! decision](../../docs/adr/0012-tiers.md)).
//!
//! Rules
//! 1. A tier runs `Thread::ci`, a Lua frame, from its saved pc. It may run what that calls and returns to, up to the
//!    first frame marked `FRESH`; then it leaves with `Exit`. Whatever it keeps elsewhere is in the frame by then:
//!    registers in their slots, and the next instruction in `saved_pc`.
//! 2. A pc is a position in the executable form (`Entry::code`), whatever tier runs the function. So frames of all
//!    tiers look alike to the debug interface, to resume and to each other.
//! 3. On `Exit::Throw` the frames are as they were when the error was raised.

#[cfg(native_code)]
use super::call::unwinding;
use super::call::{RunLua, pcall, results};
use super::interpreter;
use super::ops::finish;
use crate::object::call_info::FrameFlags;
pub(crate) use crate::object::entry::Exit;
use crate::object::{FrameRef, Gc, Slot, Thread, Value};
use crate::throw::{LResult, Throw};

impl RunLua for Gc<Thread> {
    #[inline(always)]
    fn run(self, ci: FrameRef) -> LResult<()> {
        ci.add_flags(FrameFlags::FRESH);
        execute(self, Some(ci))
    }
}

/// Goes on with the current Lua frame at its saved pc, until the frame marked `FRESH` at or below it returns. Errors
/// are for resume to stop.
#[inline(always)]
pub fn go_on(l: Gc<Thread>) -> LResult<()> {
    execute(l, None)
}

/// Runs the current Lua frame until the frame marked `FRESH` at or below it returns. `entry` is that frame, or none
/// when errors are not to be stopped here.
#[inline(always)]
fn execute(l: Gc<Thread>, entry: Option<FrameRef>) -> LResult<()> {
    let depth = (l.non_yieldable_depth.get(), l.native_depth.get());
    match run(l) {
        Exit::Done => Ok(()),
        Exit::Throw(Throw::YIELD) => Err(Throw::YIELD),
        exit => stop_and_go_on(l, entry, exit, depth),
    }
}

/// Runs the current frame in the tier and the mode that fit, which leave when that changes.
#[inline(always)]
fn run(l: Gc<Thread>) -> Exit {
    #[cfg(native_code)]
    {
        let native = &l.global().native;
        if let Some(tier) = native.runs.get()
            && l.hook_mask() == 0
        {
            return (tier.run)(l);
        }
        if native.tier.get().is_some() {
            l.call_info().clear_flags(FrameFlags::WAITS);
        }
    }
    interpret(l)
}

/// Runs the current frame in the interpreter, in the mode that fits.
#[inline(always)]
fn interpret(l: Gc<Thread>) -> Exit {
    if l.hook_mask() != 0 { interpreter::run::<true, false>(l) } else { interpreter::run::<false, false>(l) }
}

/// The same for a tier of native code, while no hook is set: it also leaves when a function runs often.
#[cfg(native_code)]
pub(crate) fn interpret_and_count(l: Gc<Thread>) -> Exit {
    interpreter::run::<false, true>(l)
}

/// The ways out of a tier that are not the end: stops an error in a library pcall frame, finishes an instruction, or
/// goes over to another mode; and on.
#[inline(never)]
fn stop_and_go_on(l: Gc<Thread>, entry: Option<FrameRef>, mut exit: Exit, depth: (u16, u16)) -> LResult<()> {
    loop {
        match exit {
            Exit::Done => return Ok(()),
            Exit::Switch => {}
            Exit::Throw(Throw::HOOKS_SET) => {
                if let Err(t) = finish::finish(l, l.call_info()) {
                    exit = Exit::Throw(t);
                    continue;
                }
            }
            Exit::Throw(t) => pcall::catch(l, entry, t, depth)?,
        }
        exit = run(l);
    }
}

/// Ends the Lua frame `ci` with `n` results from `first` on; the Lua frame to go on with, or none when it was the
/// invocation's first.
#[inline(never)]
pub(crate) fn leave(l: Gc<Thread>, ci: FrameRef, first: Slot, n: usize) -> LResult<Option<FrameRef>> {
    // SAFETY: before a Lua frame there is another frame.
    let caller = unsafe { ci.caller() };
    // What is above such a frame is its callee, or a message handler, which is the first of its invocation.
    if caller.has(FrameFlags::LIBRARY_PCALL) && !ci.has(FrameFlags::FRESH) && l.hook_mask() == 0 {
        pcall::hand_on(l, caller, Value::TRUE, first, n);
        return Ok(Some(l.call_info()));
    }
    l.top.set(first.above(n));
    let open = results::end_call(l, ci, first)?;
    if ci.has(FrameFlags::FRESH) {
        return Ok(None);
    }
    #[cfg(native_code)]
    if ci.has(FrameFlags::METAMETHOD) {
        unwinding::uncount_metamethod(l);
        finish::finish_called(l, l.call_info())?;
        return Ok(Some(l.call_info()));
    }
    let prev = l.call_info();
    if !prev.is_lua() {
        debug_assert!(prev.has(FrameFlags::LIBRARY_PCALL));
        pcall::finish_pcall(l, prev)?;
        return Ok(Some(l.call_info()));
    }
    if !open {
        l.top.set(prev.top.get());
    }
    Ok(Some(prev))
}
