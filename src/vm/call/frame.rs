//! Makes and frees frames, and pushes the frame of a Lua function.

pub use crate::object::call_info::free_chain;
use crate::object::call_info::{CallKind, FrameFlags};
use crate::object::entry::Tier;
use crate::object::{CallInfo, FrameRef, Gc, LuaClosure, Proto, Slot, Thread, Value};
use crate::throw::LResult;
use crate::vm::{stack, upval};

/// The CallInfo after the current one, made when there is none to reuse.
#[inline(always)]
pub fn next(l: Gc<Thread>) -> LResult<FrameRef> {
    match l.call_info().next.get() {
        Some(spare) => Ok(spare),
        None => extend(l),
    }
}

#[cold]
#[inline(never)]
pub(super) fn extend(l: Gc<Thread>) -> LResult<FrameRef> {
    let p = crate::mem::realloc(l, core::ptr::null_mut(), 0, size_of::<CallInfo>())?.cast::<CallInfo>();
    let ci = l.call_info();
    // SAFETY: `p` is a fresh block of the size of a CallInfo.
    unsafe { p.write(CallInfo::new()) };
    // An emergency collection frees spare CallInfos but makes none, so the link is still empty.
    debug_assert!(ci.next.get().is_none());
    // SAFETY: just written; the collector frees spare CallInfos only while the thread is not running.
    let new = unsafe { FrameRef::from_ptr(p) };
    new.prev.set(Some(ci));
    ci.next.set(Some(new));
    Ok(new)
}

/// Pushes the frame of a Lua function.
#[inline(always)]
pub fn push_lua(l: Gc<Thread>, func: Slot, cl: Gc<LuaClosure>, nresults: i32) -> LResult<FrameRef> {
    l.global().effects.call();
    let p = cl.proto;
    let mut func = func;
    let size = p.maxstacksize() as usize;
    let code = match p.entry().tier() {
        Tier::Interpreted(code) => code,
        Tier::NotLowered => {
            let offset = l.save_slot(func);
            let code = p.entry().lower(l)?;
            func = l.restore_slot(offset);
            code
        }
    };
    let nargs = l.top.get().slots_above(func) - 1;
    let params = p.numparams() as usize;
    // The frame of a vararg function starts above all its parameters, missing ones included.
    let room = if p.is_vararg() { params + size } else { size };
    if !l.has_free_slots(room) || cfg!(feature = "stress-stack") {
        let offset = l.save_slot(func);
        stack::check(l, room)?;
        func = l.restore_slot(offset);
    }
    if nargs < params {
        stack::fill(l.top.get(), params - nargs);
        l.top.set(func.above(1 + params));
    }
    let base = if p.is_vararg() { move_parameters(l, func, params) } else { func.above(1) };
    let ci = next(l)?;
    ci.func.set(func);
    ci.base.set(base);
    ci.top.set(base.above(size));
    ci.saved_pc.set(code);
    ci.kind.set(CallKind::new(nresults, FrameFlags::LUA));
    l.top.set(ci.top.get());
    l.set_call_info(ci);
    Ok(ci)
}

/// Function and arguments of a call instruction: counted by its operand B, or, if that is 0, up to the top.
#[inline(always)]
pub fn given(l: Gc<Thread>, func: Slot, b: usize) -> usize {
    match b {
        0 => l.top.get().slots_above(func),
        b => b,
    }
}

/// Pushes the frame of a function called by the Lua frame `ci` with what `given` counts for the operand `b`, if that
/// takes nothing but stores: else (varargs, no room, no spare frame, never run before) does nothing. The interpreter
/// knows where the function begins; it saves that in the frame when something may ask for it.
#[inline(always)]
pub fn push_plain(
    l: Gc<Thread>,
    ci: FrameRef,
    func: Slot,
    p: Gc<Proto>,
    b: usize,
    kind: CallKind,
) -> Option<FrameRef> {
    let Some(new) = ci.next.get().filter(|_| fits_plainly(l, func, p)) else {
        cold_path!();
        return None;
    };
    let params = p.numparams() as usize;
    if b <= params {
        cold_path!();
        fill_registers(func, given(l, func, b), params + 1);
    }
    let top = func.above_bytes(p.entry().plain_frame_bytes());
    new.func.set(func);
    new.base.set(func.above(1));
    new.top.set(top);
    new.kind.set(kind);
    l.top.set(top);
    l.set_call_info(new);
    Some(new)
}

/// Makes the Lua frame `ci` the frame of the function it tail calls with `given` - 1 arguments, on the terms of
/// `push_plain`. The frame's upvalues are closed.
#[inline(always)]
pub fn replace_plain(l: Gc<Thread>, ci: FrameRef, func: Slot, p: Gc<Proto>, given: usize) -> bool {
    let to = ci.func.get();
    if !fits_plainly(l, to, p) {
        cold_path!();
        return false;
    }
    for i in 0..given {
        // SAFETY: `to` is below `func` on the same stack, which holds `given` values.
        unsafe { to.above(i).write(func.above(i).read()) };
    }
    fill_registers(to, given, p.numparams() as usize + 1);
    let top = to.above_bytes(p.entry().plain_frame_bytes());
    ci.base.set(to.above(1));
    ci.top.set(top);
    ci.add_flags(FrameFlags::TAIL_CALLED);
    l.top.set(top);
    true
}

/// Making the function's frame behind `func` takes nothing but stores.
#[inline(always)]
pub(super) fn fits_plainly(l: Gc<Thread>, func: Slot, p: Gc<Proto>) -> bool {
    l.stack_last.get().bytes_above(func) > p.entry().plain_frame_bytes()
}

/// Missing arguments are nil: slots `from..to` after `func`.
#[inline(always)]
pub(super) fn fill_registers(func: Slot, from: usize, to: usize) {
    if from < to {
        cold_path!();
        stack::fill(func.above(from), to - from);
    }
}

/// Vararg function: the fixed parameters are moved above the arguments, which become the varargs.
pub(super) fn move_parameters(l: Gc<Thread>, func: Slot, params: usize) -> Slot {
    let base = l.top.get();
    let fixed = func.above(1);
    for i in 0..params {
        let from = fixed.above(i);
        // SAFETY: `stack::check` made room for the frame, of which the parameters are part.
        unsafe {
            l.push(from.read());
            from.write(Value::NIL);
        }
    }
    base
}

/// Moves the frame that was just pushed over the frame `old` that tail called it.
#[inline(never)]
pub fn replace_pushed(l: Gc<Thread>, old: FrameRef, closes: bool) -> FrameRef {
    let new = l.call_info();
    if closes {
        upval::close(l, old.base.get());
    }
    let (from, to) = (new.func.get(), old.func.get());
    let p = new.lua_closure().proto;
    let limit = new.base.get().above(p.numparams() as usize);
    let n = limit.slots_above(from);
    // SAFETY: `to` is below `from` on the same stack.
    unsafe { from.copy_to(to, n) };
    old.base.set(new.base.get().above_bytes(to.bytes_above(from)));
    old.top.set(old.base.get().above(p.maxstacksize() as usize));
    old.saved_pc.set(new.saved_pc.get());
    old.add_flags(FrameFlags::TAIL_CALLED);
    l.top.set(old.top.get());
    l.set_call_info(old);
    old
}
