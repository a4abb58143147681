//! Hooks: setting them, calling them, and counting for them.

use crate::boundary;
use crate::code::bytecode::{Instruction, Op};
use crate::consts::*;
use crate::object::c_types::{lua_Debug, lua_Hook};
use crate::object::call_info::FrameFlags;
use crate::object::keep;
use crate::object::thread::{ATTENTION, COUNTING, OWN_BITS, YIELD_PENDING};
use crate::object::{FrameRef, Gc, Slot, Thread};
use crate::throw::{LResult, Throw};
use crate::vm::call::foreign;
use crate::vm::error::OrThrow;
use crate::vm::{interrupt, stack};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::sync::atomic::{Ordering, compiler_fence};

/// `lua_sethook`. May be called from a signal handler that interrupted this thread anywhere, and from another thread:
/// it only stores, and the mask, which makes the rest visible, last. (So it does not look at the running function,
/// which may be gone before it is read.)
pub fn set_hook(l: Gc<Thread>, hook: Option<lua_Hook>, mask: i32, count: i32) {
    let (hook, mask) = if hook.is_none() || mask == 0 { (None, 0) } else { (hook, mask as u8) };
    l.hook.set(hook);
    l.base_hook_count.set(count);
    l.hook_count.set(count);
    compiler_fence(Ordering::SeqCst);
    // A yield that waits for its instruction goes on waiting, and limits hold.
    l.hook_mask_atomic().fetch_and(OWN_BITS, Ordering::Relaxed);
    l.hook_mask_atomic().fetch_or(mask, Ordering::Relaxed);
}

/// Calls the hook, if there is one and hooks are allowed. The frame's limit and the top are as before afterwards.
#[cold]
#[inline(never)]
pub fn call_hook(l: Gc<Thread>, event: i32, line: i32) -> LResult<()> {
    call_hook_inline(l, event, line)
}

#[inline(always)]
pub fn call_hook_inline(l: Gc<Thread>, event: i32, line: i32) -> LResult<()> {
    let Some(hook) = l.hook.get() else { return Ok(()) };
    if !l.allow_hook.get() {
        return Ok(());
    }
    l.global().effects.call();
    let ci = l.call_info();
    let (top, limit) = (l.save_slot(l.top.get()), l.save_slot(ci.top.get()));
    let mut record = MaybeUninit::<lua_Debug>::uninit();
    let ar = record.as_mut_ptr();
    // SAFETY: valid for writing; the rest of the record is for `lua_getinfo` to fill.
    unsafe {
        (&raw mut (*ar).event).write(event);
        (&raw mut (*ar).currentline).write(line);
        (&raw mut (*ar).i_ci).write(ci.as_ptr().cast());
    }
    stack::check(l, LUA_MINSTACK as usize)?;
    ci.top.set(l.top.get().above(LUA_MINSTACK as usize));
    l.allow_hook.set(false);
    // SAFETY: the host's hook, called with its own thread and a record that lives as long as the call.
    let r = unsafe {
        boundary::call(foreign::link(l), hook as *const c_void, l.as_ptr() as usize, ar as usize, 0, 0)
    };
    if r.throw != boundary::NONE && r.throw != boundary::FOREIGN {
        // Whoever stops the error allows hooks again.
        return Err(foreign::landed(l, r.throw));
    }
    l.allow_hook.set(true);
    ci.top.set(l.restore_slot(limit));
    l.top.set(l.restore_slot(top));
    // Nobody stops a foreign exception.
    if r.throw == boundary::NONE { Ok(()) } else { Err(foreign::landed(l, r.throw)) }
}

#[cold]
#[inline(never)]
pub fn call_hook_of_lua(l: Gc<Thread>) -> LResult<()> {
    let ci = l.call_info();
    // The hook sees the pc of the first instruction.
    ci.saved_pc.set(ci.saved_pc.get().wrapping_add(1));
    let mut event = LUA_HOOKCALL;
    if let Some(caller) = ci.prev.get()
        && caller.is_lua()
    {
        let cl = caller.lua_closure();
        let code = cl.proto.code.get(caller.pc_in(cl) as usize);
        if Instruction(code).op() == Op::TailCall {
            ci.add_flags(FrameFlags::TAIL_CALLED);
            event = LUA_HOOKTAILCALL;
        }
    }
    call_hook(l, event, -1)?;
    ci.saved_pc.set(ci.saved_pc.get().wrapping_sub(1));
    Ok(())
}

#[cold]
#[inline(never)]
pub fn return_hook(l: Gc<Thread>, ci: FrameRef, first: Slot) -> LResult<Slot> {
    let mut first = first;
    if l.hook_mask() & LUA_MASKRET as u8 != 0 {
        let offset = l.save_slot(first);
        call_hook(l, LUA_HOOKRET, -1)?;
        first = l.restore_slot(offset);
    }
    if let Some(caller) = ci.prev.get()
        && caller.is_lua()
    {
        l.old_pc.set(caller.saved_pc.get());
    }
    Ok(first)
}

/// The count and line hooks of one instruction of a Lua function: called before it runs, when the hook count has come
/// down to 0, the line hook is on or a yield is pending, with the frame's saved pc already past it. `Err(YIELD)` when a
/// hook yielded; the instruction then runs after the resume.
#[inline(never)]
pub fn trace_exec(l: Gc<Thread>) -> LResult<()> {
    let ci = l.call_info();
    if l.hook_mask() & ATTENTION != 0 {
        interrupt::attend(l)?;
        if yields(l) {
            // The instruction is not counted before it runs.
            l.hook_count.set(l.hook_count.get() + 1);
            return Err(suspend(l, ci));
        }
    }
    let mask = l.hook_mask() as i32;
    if mask & YIELD_PENDING as i32 != 0 && pending_yield(l, ci)? {
        return Ok(());
    }
    let count_due = mask & LUA_MASKCOUNT != 0 && l.hook_count.get() == 0;
    if count_due {
        l.hook_count.set(l.base_hook_count.get());
    }
    if ci.has(FrameFlags::HOOK_YIELDED) {
        // The hook ran before the yield.
        ci.clear_flags(FrameFlags::HOOK_YIELDED);
        return Ok(());
    }
    if count_due {
        call_hook(l, LUA_HOOKCOUNT, -1)?;
    }
    if mask & LUA_MASKLINE != 0 {
        let p = ci.lua_closure().proto;
        let lines = p.lineinfo.cells();
        let line_at = |pc: usize| lines.get(pc).map_or(0, |line| line.get());
        let pc = p.entry().index_of(ci.saved_pc.get()) - 1;
        let line = line_at(pc);
        // Wraps for the code of another function.
        let old = p.entry().index_of(l.old_pc.get()).wrapping_sub(1);
        // A new function, a jump back, or a new line.
        if pc == 0 || pc <= old || line != line_at(old) {
            call_hook_inline(l, LUA_HOOKLINE, line)?;
        }
    }
    l.old_pc.set(ci.saved_pc.get());
    if yields(l) {
        if count_due {
            l.hook_count.set(1);
        }
        ci.add_flags(FrameFlags::HOOK_YIELDED);
        return Err(suspend(l, ci));
    }
    Ok(())
}

/// Whether a hook has yielded. (That of a call may have been followed by a call that cannot yield.)
fn yields(l: Gc<Thread>) -> bool {
    i32::from(l.raw_status()) == LUA_YIELD && l.non_yieldable_depth.get() == 0
}

/// Takes the yield that a library function kept. When the running function cannot, the next count that is over will say
/// so; whether no hook is due now.
#[cold]
#[inline(never)]
fn pending_yield(l: Gc<Thread>, ci: FrameRef) -> LResult<bool> {
    l.hook_mask_atomic().fetch_and(!YIELD_PENDING, Ordering::Relaxed);
    if l.non_yieldable_depth.get() == 0 {
        // The instruction is not counted before it runs.
        l.hook_count.set(l.hook_count.get() + 1);
        return Err(suspend(l, ci));
    }
    Ok(l.hook_mask() & LUA_MASKLINE as u8 == 0 && l.hook_count.get() != 0)
}

/// The running Lua function is suspended before its instruction.
#[cold]
#[inline(never)]
fn suspend(l: Gc<Thread>, ci: FrameRef) -> Throw {
    l.set_status(LUA_YIELD as u8);
    ci.saved_pc.set(ci.saved_pc.get().wrapping_sub(1));
    ci.hide_below(l.top.get().below(1));
    Throw::YIELD
}

/// Lets the count hook look in on a long computation: `steps` of it count like instructions. The reference never does;
/// without a count hook there is no difference. The hook may raise an error. When it yields, its thread does before its
/// next Lua instruction; where that cannot yield, the count goes on, and an instruction will raise the error.
/// Interrupts come here, too, and the steps count for the host's limit.
pub fn count_steps(l: Gc<Thread>, steps: i32) -> LResult<()> {
    if l.hook_mask() & (LUA_MASKCOUNT as u8 | ATTENTION | COUNTING) == 0 {
        return Ok(());
    }
    poll(l, steps as u32)?;
    if l.hook_mask() & LUA_MASKCOUNT as u8 == 0 {
        return Ok(());
    }
    let left = l.hook_count.get().saturating_sub(steps);
    if left > 0 {
        l.hook_count.set(left);
        return Ok(());
    }
    l.hook_count.set(l.base_hook_count.get());
    look_in(l, |l| call_hook(l, LUA_HOOKCOUNT, -1))
}

/// `count_steps` without hooks: for interrupts and limits only.
#[inline(always)]
pub fn poll(l: Gc<Thread>, steps: u32) -> LResult<()> {
    if l.hook_mask() & (ATTENTION | COUNTING) == 0 { Ok(()) } else { count_for_limits(l, steps) }
}

#[cold]
#[inline(never)]
fn count_for_limits(l: Gc<Thread>, steps: u32) -> LResult<()> {
    if l.hook_mask() & COUNTING != 0 {
        interrupt::count(l, steps);
    }
    if l.hook_mask() & ATTENTION == 0 { Ok(()) } else { look_in(l, interrupt::attend) }
}

/// Calls a function of the host's in the middle of a library function.
fn look_in(l: Gc<Thread>, call: impl FnOnce(Gc<Thread>) -> LResult<()>) -> LResult<()> {
    // A hook in C uses this function's frame as its own, so it may pop the values that the function works on. (Nobody
    // asks here whether the hook is the debug library's: that would link the debug library into every static host.)
    keep::running_frame(l).or_throw(l)?;
    let ci = l.call_info();
    ci.add_flags(FrameFlags::POLLING);
    // Whoever stops an error sets `non_yieldable_depth` back.
    l.non_yieldable_depth.set(l.non_yieldable_depth.get() + 1);
    let r = call(l);
    if r.is_ok() || r == Err(Throw::FOREIGN) {
        l.non_yieldable_depth.set(l.non_yieldable_depth.get() - 1);
    }
    ci.clear_flags(FrameFlags::POLLING);
    r
}

/// Lets the count hook look in on a loop after each `LOOK` of its steps.
pub struct LongLoop {
    l: Gc<Thread>,
    steps: u32,
}

impl LongLoop {
    const LOOK: u32 = 1024;

    pub fn new(l: Gc<Thread>) -> LongLoop {
        LongLoop { l, steps: 0 }
    }
    /// One more step.
    #[inline(always)]
    pub fn step(&mut self) -> LResult<()> {
        self.steps += 1;
        if self.steps.is_multiple_of(LongLoop::LOOK) {
            count_steps(self.l, LongLoop::LOOK as i32)
        } else {
            Ok(())
        }
    }
}
