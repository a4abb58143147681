//! Calls: stack growth, frames, foreign functions, protected calls.
//!
//! Rules
//! 1. A function that may grow the stack moves it: re-derive every pointer into it afterwards (`Thread::save_slot`).
//! 2. On `Err` the call chain (`Thread::ci`) is left as it was when the error was raised, for tracebacks of dead
//!    coroutines; whoever stops the error puts it back (`protected`, the interpreter's pcall, resume).
//! 3. Whoever stops an error also restores `nny`, `n_c_calls`, `allow_hook`, `errfunc` and `Link::protected`.

use crate::boundary::{self, Link, Ret, Room};
use crate::bytecode::{Instruction, Op};
use crate::consts::*;
use crate::messages as msg;
use crate::object::thread::{BASIC_STACK, CallKind, EXTRA_STACK, cist};
use crate::object::{CallInfo, Gc, Kind, Lua, LuaClosure, Proto, TagMethod, Value, lua_CFunction, string};
use crate::throw::{LResult, Throw};
use crate::vm::{debug, execute, lower, pcall, upval};
use core::ffi::c_void;
use core::hint::cold_path;

const MAX_STACK: usize = LUAI_MAXSTACK as usize;
/// A stack up to this size is left as it is when an error is stopped: the next one may want it again.
const KEPT_STACK: usize = 8 * BASIC_STACK;
/// Size of a stack on which a stack overflow is being handled.
const ERROR_STACK: usize = MAX_STACK + 200;
/// Native nesting at which even error handling gives up.
const MAX_C_CALLS_IN_ERROR: u16 = LUAI_MAXCCALLS as u16 + (LUAI_MAXCCALLS as u16 >> 3);
/// So many nested native calls do not ask for room on the native stack: the host's, and one from what that called.
const UNMEASURED_LEVELS: u16 = 2;

// ---- stack ----------------------------------------------------------------------------------------------------

/// Makes room for `n` more slots above the top.
#[inline(always)]
pub fn check_stack(l: Lua, n: usize) -> LResult<()> {
    if (l.stack_last.get() as usize).wrapping_sub(l.top.get() as usize) as isize <= (n * 8) as isize {
        grow_stack(l, n)
    } else {
        if cfg!(feature = "stress-stack") && is_stress_due(l) {
            return realloc_stack(l, l.stack_size.get() as usize);
        }
        Ok(())
    }
}

/// Whether the stress build moves the stack now: always, while it is small; a deep recursion only at every n-th level,
/// or it would be quadratic.
fn is_stress_due(l: Lua) -> bool {
    let used = l.save_slot(l.top.get()) as usize / size_of::<Value>();
    used.is_multiple_of(1 + l.stack_size.get() as usize / 1024)
}

/// Grows the stack by at least `n` slots.
#[cold]
#[inline(never)]
pub fn grow_stack(l: Lua, n: usize) -> LResult<()> {
    let size = l.stack_size.get() as usize;
    if size > MAX_STACK {
        // Overflow while an overflow is handled.
        return Err(Throw::HANDLER);
    }
    let used = (l.top.get() as usize - l.stack.get() as usize) / 8;
    let needed = used + n + EXTRA_STACK;
    let new = (2 * size).min(MAX_STACK).max(needed);
    if new > MAX_STACK {
        realloc_stack(l, ERROR_STACK)?;
        return Err(l.runtime_error(msg::STACK_OVERFLOW));
    }
    realloc_stack(l, new)
}

/// Moves the stack to a block of `size` slots and corrects every pointer into it.
pub fn realloc_stack(l: Lua, size: usize) -> LResult<()> {
    let old = l.stack.get();
    let old_size = l.stack_size.get() as usize;
    let p = if cfg!(any(feature = "stress-stack", feature = "stress-finalizers")) {
        // A copy, so that the address surely changes.
        let p = crate::mem::realloc(l, core::ptr::null_mut(), 0, size * 8)?.cast::<Value>();
        // SAFETY: both blocks have at least the smaller number of slots.
        unsafe { core::ptr::copy_nonoverlapping(l.stack.get(), p, size.min(l.stack_size.get() as usize)) };
        crate::mem::free(l, l.stack.get().cast(), old_size * 8);
        p
    } else {
        crate::mem::realloc(l, old.cast(), old_size * 8, size * 8)?.cast::<Value>()
    };
    // The allocation may have collected, and a collection may have shrunk the stack.
    debug_assert!(old == l.stack.get() && old_size == l.stack_size.get() as usize);
    for i in old_size..size {
        // SAFETY: below `size`.
        unsafe { p.add(i).write(Value::NIL) };
    }
    let moved = |slot: *mut Value| p.wrapping_byte_offset(slot as isize - old as isize);
    l.stack.set(p);
    l.stack_size.set(size as u32);
    l.stack_last.set(p.wrapping_add(size - EXTRA_STACK));
    l.top.set(moved(l.top.get()));
    let mut up = l.open_upvals.get();
    while let Some(uv) = up {
        uv.v.set(moved(uv.v.get()));
        up = upval::next_link(&uv).get();
    }
    let mut ci = l.ci.get();
    while !ci.is_null() {
        // SAFETY: the chain of CallInfos from `ci` back to `base_ci` is live.
        let c = unsafe { &*ci };
        c.move_slots(moved);
        ci = c.prev.get();
    }
    Ok(())
}

/// Gives back stack that a deep recursion or a stack overflow left over (collector, end of protected calls).
pub fn shrink_stack(l: Lua) {
    let mut limit = l.top.get();
    let mut ci = l.ci.get();
    while !ci.is_null() {
        // SAFETY: as in `realloc_stack`.
        let c = unsafe { &*ci };
        limit = limit.max(c.top.get());
        ci = c.prev.get();
    }
    let used = (limit as usize - l.stack.get() as usize) / 8 + 1;
    let good = (used + used / 8 + 2 * EXTRA_STACK).max(BASIC_STACK);
    let size = l.stack_size.get() as usize;
    if used <= MAX_STACK - EXTRA_STACK && good < size && good < MAX_STACK {
        // Shrinking cannot fail by contract; if it does the larger stack stays.
        let _ = realloc_stack(l, good);
    }
}

/// Gives back most of a stack that an error left empty. Shrinking looks at all frames, so that when errors pass one of many
/// protected calls after another it must not happen each time.
pub fn shrink_after_error(l: Lua) {
    let size = l.stack_size.get() as usize;
    if size <= KEPT_STACK {
        return;
    }
    let used = (l.top.get() as usize - l.stack.get() as usize) / 8;
    // An overflow is over as soon as the stack can have an ordinary size again.
    if used < size / 4 || size > MAX_STACK && used < MAX_STACK / 8 * 7 {
        shrink_stack(l);
    }
}

// ---- frames ---------------------------------------------------------------------------------------------------

/// The CallInfo after the current one, made when there is none to reuse.
#[inline(always)]
pub fn next_ci(l: Lua) -> LResult<&'static CallInfo> {
    let next = l.call_info().next.get();
    if next.is_null() {
        return extend_ci(l);
    }
    // SAFETY: spare CallInfos stay allocated.
    Ok(unsafe { &*next })
}

#[cold]
#[inline(never)]
fn extend_ci(l: Lua) -> LResult<&'static CallInfo> {
    let p = crate::mem::realloc(l, core::ptr::null_mut(), 0, size_of::<CallInfo>())?.cast::<CallInfo>();
    let ci = l.call_info();
    // SAFETY: `p` is a fresh block of the size of a CallInfo.
    unsafe { p.write(CallInfo::new()) };
    // An emergency collection frees spare CallInfos but makes none, so the link is still empty.
    debug_assert!(ci.next.get().is_null());
    ci.next.set(p);
    // SAFETY: just written.
    let new = unsafe { &*p };
    new.prev.set(l.ci.get().cast_mut());
    Ok(new)
}

/// Frees the CallInfos after `ci`, which are all spare.
pub fn free_call_infos(l: Lua, ci: &CallInfo) {
    free_chain(l, ci.next.replace(core::ptr::null_mut()));
}

/// Frees `next` and the CallInfos after it.
fn free_chain(l: Lua, mut next: *mut CallInfo) {
    while !next.is_null() {
        // SAFETY: the caller's CallInfos are live blocks that nothing uses.
        let after = unsafe { (*next).next.get() };
        crate::mem::free(l, next.cast(), size_of::<CallInfo>());
        next = after;
    }
}

/// How `precall` left things.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pre {
    /// A Lua frame was pushed; run it.
    Lua,
    /// The function was not a Lua function and has been called; results are in place.
    Done,
}

/// Prepares the call of the value at `func`, whose arguments reach up to the top.
#[inline]
pub fn precall(l: Lua, func: *mut Value, nresults: i32) -> LResult<Pre> {
    // SAFETY: `func` is a live slot.
    let f = unsafe { *func };
    match callee(f) {
        Callee::Lua(cl) => {
            push_lua_frame(l, func, cl, nresults)?;
            if l.hook_mask() & LUA_MASKCALL as u8 != 0 {
                call_hook_of_lua(l)?;
            }
            Ok(Pre::Lua)
        }
        Callee::Native(n) => call_native(l, func, n, nresults).map(|_| Pre::Done),
        Callee::None => {
            let func = try_call_metamethod(l, func)?;
            precall(l, func, nresults)
        }
    }
}

/// A function that is not written in Lua.
#[derive(Clone, Copy)]
pub enum Native {
    Rust(crate::object::RustFn),
    C(lua_CFunction),
}

enum Callee {
    Lua(Gc<LuaClosure>),
    Native(Native),
    None,
}

/// What kind of function a value is.
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
                    // SAFETY: the kind says so; builtins are static.
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
pub fn try_call_metamethod(l: Lua, func: *mut Value) -> LResult<*mut Value> {
    // SAFETY: `func` is a live slot.
    let at = unsafe { super::error::ValueAt::at(func) };
    let tm = l.global().tm_of(at.value, TagMethod::Call);
    if !tm.is_function() {
        return Err(l.type_error(at, "call"));
    }
    let n = (l.top.get() as usize - func as usize) / 8;
    // SAFETY: one slot above the top is free (`EXTRA_STACK`).
    unsafe { core::ptr::copy(func, func.add(1), n) };
    let offset = l.save_slot(func);
    l.top.set(l.top.get().wrapping_add(1));
    // SAFETY: as above.
    unsafe { *func = tm };
    check_stack(l, 1)?;
    Ok(l.restore_slot(offset))
}

/// Pushes the frame of a Lua function.
#[inline(always)]
pub fn push_lua_frame(
    l: Lua,
    func: *mut Value,
    cl: Gc<LuaClosure>,
    nresults: i32,
) -> LResult<&'static CallInfo> {
    let p = cl.proto;
    let (mut func, mut p_exec) = (func, p.exec.get().cast_const());
    let size = p.maxstacksize() as usize;
    if p_exec.is_null() {
        let offset = l.save_slot(func);
        p_exec = lower::lower(l, p)?;
        func = l.restore_slot(offset);
    }
    let nargs = (l.top.get() as usize - func as usize) / 8 - 1;
    let params = p.numparams() as usize;
    // The frame of a vararg function starts above all its parameters, missing ones included.
    let room = if p.is_vararg() { params + size } else { size };
    if (l.stack_last.get() as isize - l.top.get() as isize) <= (room * 8) as isize
        || cfg!(feature = "stress-stack")
    {
        let offset = l.save_slot(func);
        check_stack(l, room)?;
        func = l.restore_slot(offset);
    }
    if nargs < params {
        fill(l.top.get(), params - nargs);
        l.top.set(func.wrapping_add(1 + params));
    }
    let base = if p.is_vararg() { move_parameters(l, func, params) } else { func.wrapping_add(1) };
    let ci = next_ci(l)?;
    ci.func.set(func);
    ci.base.set(base);
    ci.top.set(base.wrapping_add(size));
    ci.savedpc.set(p_exec);
    ci.kind.set(CallKind::new(nresults, cist::LUA));
    l.top.set(ci.top.get());
    l.ci.set(ci);
    Ok(ci)
}

/// Function and arguments of a call instruction: counted by its operand B, or, if that is 0, up to the top.
#[inline(always)]
pub fn given(l: Lua, func: *mut Value, b: usize) -> usize {
    match b {
        0 => (l.top.get() as usize - func as usize) / 8,
        b => b,
    }
}

/// Pushes the frame of a function called by the Lua frame `ci` with what `given` counts for the operand `b`, if that
/// takes nothing but stores: else (varargs, no room, no spare frame, never run before) does nothing. The interpreter
/// knows where the function begins; it saves that in the frame when something may ask for it.
#[inline(always)]
pub fn push_plain_frame(
    l: Lua,
    ci: &CallInfo,
    func: *mut Value,
    p: Gc<Proto>,
    b: usize,
    kind: CallKind,
) -> Option<&'static CallInfo> {
    let next = ci.next.get();
    if next.is_null() || !fits_plainly(l, func, p) {
        cold_path();
        return None;
    }
    let params = p.numparams() as usize;
    if b <= params {
        cold_path();
        fill_registers(func, given(l, func, b), params + 1);
    }
    // SAFETY: spare CallInfos stay allocated.
    let new = unsafe { &*next };
    let top = func.wrapping_byte_add(p.frame_bytes());
    new.func.set(func);
    new.base.set(func.wrapping_add(1));
    new.top.set(top);
    new.kind.set(kind);
    l.top.set(top);
    l.ci.set(new);
    Some(new)
}

/// Makes the Lua frame `ci` the frame of the function it tail calls with `given` - 1 arguments, on the terms of
/// `push_plain_frame`. The frame's upvalues are closed.
#[inline(always)]
pub fn replace_plain_frame(l: Lua, ci: &CallInfo, func: *mut Value, p: Gc<Proto>, given: usize) -> bool {
    let to = ci.func.get();
    if !fits_plainly(l, to, p) {
        cold_path();
        return false;
    }
    for i in 0..given {
        // SAFETY: `to` is below `func` on the same stack, which holds `given` values.
        unsafe { *to.add(i) = *func.add(i) };
    }
    fill_registers(to, given, p.numparams() as usize + 1);
    let top = to.wrapping_byte_add(p.frame_bytes());
    ci.base.set(to.wrapping_add(1));
    ci.top.set(top);
    ci.add_status(cist::TAIL);
    l.top.set(top);
    true
}

/// Making the function's frame behind `func` takes nothing but stores.
#[inline(always)]
fn fits_plainly(l: Lua, func: *mut Value, p: Gc<Proto>) -> bool {
    l.stack_last.get() as isize - func as isize > p.frame_bytes() as isize
}

/// Missing arguments are nil: slots `from..to` after `func`.
#[inline(always)]
fn fill_registers(func: *mut Value, from: usize, to: usize) {
    if from < to {
        cold_path();
        fill(func.wrapping_add(from), to - from);
    }
}

/// Sets `n` slots, for which there is room, to nil.
#[inline(never)]
pub fn fill(first: *mut Value, n: usize) {
    for i in 0..n {
        // SAFETY: the caller knows that the slots are there.
        unsafe { *first.add(i) = Value::NIL };
    }
}

/// Vararg function: the fixed parameters are moved above the arguments, which become the varargs.
fn move_parameters(l: Lua, func: *mut Value, params: usize) -> *mut Value {
    let base = l.top.get();
    let fixed = func.wrapping_add(1);
    for i in 0..params {
        let from = fixed.wrapping_add(i);
        // SAFETY: `check_stack` made room for the frame, of which the parameters are part.
        unsafe {
            l.push(*from);
            *from = Value::NIL;
        }
    }
    base
}

#[cold]
#[inline(never)]
pub fn call_hook_of_lua(l: Lua) -> LResult<()> {
    let ci = l.call_info();
    // The hook sees the pc of the first instruction.
    ci.savedpc.set(ci.savedpc.get().wrapping_add(1));
    let prev = ci.prev.get();
    // SAFETY: every frame but the host's has a previous one.
    let prev = unsafe { &*prev };
    let mut event = LUA_HOOKCALL;
    if prev.is_lua() {
        let caller = prev.lua_closure();
        let code = caller.proto.code.get(prev.pc_in(caller) as usize);
        if Instruction(code).op() == Op::TailCall {
            ci.add_status(cist::TAIL);
            event = LUA_HOOKTAILCALL;
        }
    }
    debug::call_hook_inline(l, event, -1)?;
    ci.savedpc.set(ci.savedpc.get().wrapping_sub(1));
    Ok(())
}

/// Calls a function that is not written in Lua, in a frame of its own.
pub fn call_native(l: Lua, func: *mut Value, f: Native, nresults: i32) -> LResult<()> {
    call_native_inline(l, func, f, nresults)
}

#[inline(always)]
fn call_native_inline(l: Lua, func: *mut Value, f: Native, nresults: i32) -> LResult<()> {
    let mut func = func;
    if (l.stack_last.get() as isize - l.top.get() as isize) <= LUA_MINSTACK as isize * 8
        || cfg!(feature = "stress-stack")
    {
        let offset = l.save_slot(func);
        check_stack(l, LUA_MINSTACK as usize)?;
        func = l.restore_slot(offset);
    }
    let ci = next_ci(l)?;
    ci.func.set(func);
    ci.top.set(l.top.get().wrapping_add(LUA_MINSTACK as usize));
    ci.kind.set(CallKind::new(nresults, 0));
    ci.k.set(None);
    l.ci.set(ci);
    if l.hook_mask() & LUA_MASKCALL as u8 != 0 {
        debug::call_hook(l, LUA_HOOKCALL, -1)?;
    }
    let n = match f {
        Native::Rust(f) => f(l)?,
        Native::C(f) => call_c(l, f)?,
    };
    poscall(l, ci, l.top.get().wrapping_sub(n as usize))?;
    Ok(())
}

/// The boundary's part of the state.
#[inline(always)]
pub fn link(l: Lua) -> *mut Link {
    l.global().link.get()
}

/// Calls a C function (or continuation) through a pad.
#[inline]
pub fn call_c(l: Lua, f: lua_CFunction) -> LResult<i32> {
    // SAFETY: the host promised a function of this type; the link is the running state's.
    let r = unsafe { boundary::call(link(l), f as *const c_void, l.as_ptr() as usize, 0, 0, 0) };
    if r.throw == boundary::NONE { Ok(r.value as i32) } else { Err(landed(l, r.throw)) }
}

/// A throw arrived at a pad: takes the error object in flight to the running thread.
#[cold]
#[inline(never)]
pub fn landed(l: Lua, code: u64) -> Throw {
    if code == boundary::FOREIGN_CAUGHT {
        return match string::new_str(l, msg::CXX_EXCEPTION.as_bytes()) {
            Ok(s) => {
                l.push(Value::string(s));
                Throw::RUNTIME
            }
            Err(t) => t,
        };
    }
    let throw = Throw::from_code(code).unwrap_or(Throw::RUNTIME);
    if throw.carries_value() {
        // SAFETY: the link of a live state; `leave` put the value there.
        l.push(Value(unsafe { core::mem::replace(&mut (*link(l)).value, Value::NIL.0) }));
    }
    throw
}

/// A core called from C ends with an error: what its stub has to be told so that it raises. An error that
/// nothing will stop goes to the panic function here, with the stack as it is.
#[cold]
#[inline(never)]
pub fn leave(l: Lua, throw: Throw) -> Ret {
    let link = link(l);
    if throw != Throw::FOREIGN {
        // SAFETY: the link of a live state.
        if unsafe { !(*link).has_pad() } || is_unprotected(l) {
            return panic_out(l, throw);
        }
        if throw.carries_value() {
            // Not on the stack: destructors on the way may call anything.
            // SAFETY: the link of a live state.
            unsafe { (*link).value = l.from_top(1).0 };
            l.drop_values(1);
        }
    }
    Ret::raise(link, throw.code() as u64)
}

/// Whether nothing will stop an error.
fn is_unprotected(l: Lua) -> bool {
    // SAFETY: the link of a live state.
    unsafe { (*link(l)).protected == 0 && !in_protected_frame(l) }
}

/// Whether the interpreter's own pcall is among the active calls of the thread.
fn in_protected_frame(l: Lua) -> bool {
    let mut ci = l.ci.get();
    while !ci.is_null() {
        // SAFETY: the chain of active frames is live.
        let c = unsafe { &*ci };
        if c.has(cist::PCALL) {
            return true;
        }
        ci = c.prev.get();
    }
    false
}

/// Error outside any protected call: the panic function, then the end. It finds the message on top, and below it the
/// frames that failed, for a traceback. It may leave by an exception of its own, which is seen here, or by a jump, which is
/// not: so what those frames counted is set right before, and they themselves go with the next such error.
#[cold]
fn panic_out(l: Lua, throw: Throw) -> Ret {
    let g = l.global();
    let mut failed = g.failed_call.replace(0);
    // SAFETY: the link of a live state.
    if unsafe { !(*link(l)).has_pad() } {
        // Nothing of the library is under way, so the host called from outside.
        failed -= drop_abandoned(l);
        l.nny.set(1);
        l.n_c_calls.set(0);
        l.allow_hook.set(true);
        if !core::ptr::eq(l.ci.get(), &l.base_ci) {
            l.call_info().add_status(cist::ABANDONED);
        }
    } else {
        g.abandoned_levels.set(l.n_c_calls.get());
    }
    l.set_status(throw.status() as u8);
    if !throw.carries_value() {
        set_error_object(l, throw, l.top.get());
    }
    let ci = l.call_info();
    if ci.top.get() < l.top.get() {
        ci.top.set(l.top.get());
    }
    if let Some(panic) = g.panic.get() {
        // SAFETY: the host's function; the link is the running state's.
        let r = unsafe { boundary::call_apart(link(l), panic as *const c_void, l.as_ptr() as usize) };
        if r.throw == boundary::FOREIGN {
            if failed > 0 {
                undo_calls(l, failed);
            }
            return Ret::raise(link(l), boundary::FOREIGN);
        }
    }
    // SAFETY: ends the process, as the manual says.
    unsafe { libc::abort() }
}

/// Takes frames away that an unprotected error left behind, when the panic function jumped out of it to the host. The
/// host's view of the stack since then, which begins at the last of them, is the base frame's from now on. What is above them
/// has failed, too. Returns by how many bytes the stack above them moved down.
fn drop_abandoned(l: Lua) -> isize {
    let mut ci = l.ci.get();
    // SAFETY: the chain of CallInfos from `ci` back to `base_ci` is live.
    while let Some(c) = unsafe { ci.as_ref() }
        && !c.has(cist::ABANDONED)
    {
        ci = c.prev.get();
    }
    // SAFETY: as above.
    let Some(last) = (unsafe { ci.as_ref() }) else { return 0 };
    upval::close(l, l.stack.get());
    let bottom = l.base_ci.func.get();
    let distance = last.func.get() as isize - bottom as isize;
    let count = (l.top.get() as usize - last.func.get() as usize) / size_of::<Value>();
    // SAFETY: both ranges are slots of the stack, whose top is the end of the upper one.
    unsafe { core::ptr::copy(last.func.get(), bottom, count) };
    // SAFETY: the slot below the base frame's first value is the stack's first.
    unsafe { *bottom = Value::NIL };
    let moved = |slot: *mut Value| slot.wrapping_byte_offset(-distance);
    l.top.set(moved(l.top.get()));
    l.base_ci.top.set(moved(last.top.get()));
    let (first, after) = (l.base_ci.next.get(), last.next.replace(core::ptr::null_mut()));
    l.base_ci.next.set(after);
    // SAFETY: the CallInfos after `last`, in use or spare, are live.
    if let Some(c) = unsafe { after.as_ref() } {
        c.prev.set((&raw const l.base_ci).cast_mut());
    }
    if core::ptr::eq(l.ci.get(), last) {
        l.ci.set(&l.base_ci);
    }
    let mut ci = l.ci.get();
    while !core::ptr::eq(ci, &l.base_ci) {
        // SAFETY: the chain back to `base_ci` is live.
        let c = unsafe { &*ci };
        c.move_slots(moved);
        ci = c.prev.get();
    }
    free_chain(l, first);
    distance
}

/// Ends the call of `ci`: fires the return hook, moves results from `first` on to where the caller wants them.
/// Returns whether all results were kept (the top then marks their end).
#[inline]
pub fn poscall(l: Lua, ci: &CallInfo, first: *mut Value) -> LResult<bool> {
    let mut first = first;
    if l.hook_mask() != 0 {
        first = return_hook(l, ci, first)?;
    }
    let to = ci.func.get();
    l.ci.set(ci.prev.get());
    let n = (l.top.get() as usize - first as usize) / 8;
    Ok(match ci.nresults() {
        wanted @ 0..=1 => move_results(l, to, first, n, wanted),
        wanted => move_results_slow(l, to, first, n, wanted),
    })
}

/// Moves `n` results, padded or cut to `wanted`; sets the top behind them.
#[inline(always)]
fn move_results(l: Lua, to: *mut Value, first: *mut Value, n: usize, wanted: i32) -> bool {
    match wanted {
        // The commonest first: the loops below have more to set up than to do then.
        0 => {
            l.top.set(to);
            return false;
        }
        1 => {
            // SAFETY: `to` was the function's slot; a result is above it.
            unsafe { *to = if n == 0 { Value::NIL } else { *first } };
            l.top.set(to.wrapping_add(1));
            return false;
        }
        _ => {}
    }
    let count = if wanted < 0 { n } else { wanted as usize };
    let have = n.min(count);
    for i in 0..have {
        // SAFETY: results are above the called function's slot, inside the stack.
        unsafe { *to.add(i) = *first.add(i) };
    }
    for i in have..count {
        // SAFETY: a caller that wants `count` results has room for them.
        unsafe { *to.add(i) = Value::NIL };
    }
    l.top.set(to.wrapping_add(count));
    wanted < 0
}

/// `move_results` out of line, for the less common counts.
#[inline(never)]
fn move_results_slow(l: Lua, to: *mut Value, first: *mut Value, n: usize, wanted: i32) -> bool {
    move_results(l, to, first, n, wanted)
}

#[cold]
#[inline(never)]
pub fn return_hook(l: Lua, ci: &CallInfo, first: *mut Value) -> LResult<*mut Value> {
    let mut first = first;
    if l.hook_mask() & LUA_MASKRET as u8 != 0 {
        let offset = l.save_slot(first);
        debug::call_hook_inline(l, LUA_HOOKRET, -1)?;
        first = l.restore_slot(offset);
    }
    // SAFETY: a called frame has a previous one.
    let prev = unsafe { &*ci.prev.get() };
    if prev.is_lua() {
        l.old_pc.set(prev.savedpc.get());
    }
    Ok(first)
}

// ---- calls ----------------------------------------------------------------------------------------------------

/// Counts a nested native call; the error when there are too many.
#[inline(always)]
pub fn enter_native(l: Lua) -> LResult<()> {
    let n = l.n_c_calls.get().wrapping_add(1);
    l.n_c_calls.set(n);
    if n <= UNMEASURED_LEVELS { Ok(()) } else { enter_deep(l, n) }
}

#[inline(never)]
fn enter_deep(l: Lua, mut n: u16) -> LResult<()> {
    if n == LUAI_MAXCCALLS as u16 {
        // A panic function that jumps out of C functions leaves their levels counted. It may have left fewer than there were;
        // so the count can fall below 0 later, and then starts anew.
        n = n.saturating_sub(l.global().abandoned_levels.replace(0)).max(1);
        l.n_c_calls.set(n);
    } else if n > MAX_C_CALLS_IN_ERROR {
        n = 1;
        l.n_c_calls.set(n);
    }
    native_room(l, n)?;
    if n < LUAI_MAXCCALLS as u16 {
        Ok(())
    } else if n == LUAI_MAXCCALLS as u16 {
        Err(l.runtime_error(msg::C_STACK_OVERFLOW))
    } else if n >= MAX_C_CALLS_IN_ERROR {
        Err(Throw::HANDLER)
    } else {
        Ok(())
    }
}

/// The error when the native stack has no room for level `n`.
#[inline(always)]
pub fn native_room(l: Lua, n: u16) -> LResult<()> {
    match l.global().native_stack.room(n) {
        Room::Enough => Ok(()),
        Room::Short => Err(l.runtime_error(msg::C_STACK_OVERFLOW)),
        Room::None => Err(Throw::HANDLER),
    }
}

/// Calls the function at `func` with the arguments above it; results replace it. The callee may yield.
pub fn call(l: Lua, func: *mut Value, nresults: i32) -> LResult<()> {
    call_inline(l, func, nresults)
}

#[inline(always)]
fn call_inline(l: Lua, func: *mut Value, nresults: i32) -> LResult<()> {
    let offset = l.save_slot(func);
    enter_native(l)?;
    // SAFETY: `func` is a live slot.
    let called = match callee(unsafe { *func }) {
        Callee::Lua(cl) => call_lua(l, func, cl, nresults),
        Callee::Native(f) => call_native_inline(l, func, f, nresults),
        Callee::None => call_other(l, func, nresults),
    };
    if let Err(throw) = called {
        return Err(pass(l, offset, throw));
    }
    leave_native(l);
    Ok(())
}

/// Counts the end of a nested native call. (Wraps when an unprotected error made the count forget calls that the host
/// did not abandon, see `enter_deep`.)
#[inline(always)]
fn leave_native(l: Lua) {
    l.n_c_calls.set(l.n_c_calls.get().wrapping_sub(1));
}

/// Calls a Lua function and runs it to its end.
#[inline(always)]
fn call_lua(l: Lua, func: *mut Value, cl: Gc<LuaClosure>, nresults: i32) -> LResult<()> {
    let ci = push_lua_frame(l, func, cl, nresults)?;
    if l.hook_mask() & LUA_MASKCALL as u8 != 0 {
        call_hook_of_lua(l)?;
    }
    ci.add_status(cist::FRESH);
    execute::execute(l, ci)
}

/// Calls a value that is no function.
#[cold]
#[inline(never)]
fn call_other(l: Lua, func: *mut Value, nresults: i32) -> LResult<()> {
    if precall(l, func, nresults)? == Pre::Lua {
        let ci = l.call_info();
        ci.add_status(cist::FRESH);
        execute::execute(l, ci)?;
    }
    Ok(())
}

/// A throw passes `call`, with `func` the offset of the called function's slot.
#[cold]
#[inline(never)]
fn pass(l: Lua, func: isize, throw: Throw) -> Throw {
    if throw == Throw::FOREIGN {
        undo_calls(l, func);
    } else if throw != Throw::YIELD && is_unprotected(l) {
        // The outermost call has the last word.
        l.global().failed_call.set(func);
    }
    leave_native(l);
    throw
}

/// Undoes the calls of and above the function whose slot's offset is given. A foreign exception is passing; the caller's
/// foreign code may catch it and go on, so it must find the thread as after a call without results.
fn undo_calls(l: Lua, func: isize) {
    let func = l.restore_slot(func);
    let mut ci = l.call_info();
    // The calls that ended before this are no longer in the chain; the caller's own function lies lower.
    while ci.func.get() >= func {
        if ci.has(cist::PCALL) {
            pcall::leave_pcall(l, ci);
        }
        // SAFETY: the caller's frame, at the latest the host's, is further out in the chain.
        ci = unsafe { &*ci.prev.get() };
    }
    upval::close(l, func);
    l.ci.set(ci);
    l.top.set(func);
}

/// `call` for callers that cannot be suspended.
pub fn call_noyield(l: Lua, func: *mut Value, nresults: i32) -> LResult<()> {
    l.nny.set(l.nny.get() + 1);
    let called = call(l, func, nresults);
    end_noyield(l, called)
}

/// `call_noyield`, for the API function that does little else.
#[inline(always)]
pub fn call_noyield_inline(l: Lua, func: *mut Value, nresults: i32) -> LResult<()> {
    l.nny.set(l.nny.get() + 1);
    let called = call_inline(l, func, nresults);
    end_noyield(l, called)
}

#[inline(always)]
fn end_noyield(l: Lua, called: LResult<()>) -> LResult<()> {
    l.nny.set(l.nny.get() - 1);
    called
}

/// What a protected call restores when it stops an error.
pub struct Saved {
    ci: *const CallInfo,
    nny: u16,
    n_c_calls: u16,
    allow_hook: bool,
    errfunc: isize,
    protected: u32,
}

impl Saved {
    pub fn new(l: Lua) -> Saved {
        // SAFETY: the link of a live state.
        let protected = unsafe { (*link(l)).protected };
        Saved {
            ci: l.ci.get(),
            nny: l.nny.get(),
            n_c_calls: l.n_c_calls.get(),
            allow_hook: l.allow_hook.get(),
            errfunc: l.errfunc.get(),
            protected,
        }
    }
    pub fn restore(&self, l: Lua) {
        l.ci.set(self.ci);
        l.nny.set(self.nny);
        l.n_c_calls.set(self.n_c_calls);
        l.allow_hook.set(self.allow_hook);
        l.errfunc.set(self.errfunc);
        set_protected(l, self.protected);
    }
}

/// Protected calls in progress since the thread was resumed (the resume is one), or since the state began.
pub fn protected_here(l: Lua) -> u32 {
    // SAFETY: the link of a live state.
    unsafe { (*link(l)).protected }.wrapping_sub(l.base_ci.ctx.get() as u32)
}

/// Goes back to what `protected_here` was. A coroutine suspended in between has forgotten calls of before: whatever
/// they were, all native frames since its resume are in one stretch, which counts as protected once.
pub fn set_protected_here(l: Lua, n: u32) {
    if n < protected_here(l) {
        set_protected(l, (l.base_ci.ctx.get() as u32).wrapping_add(n));
    }
}

/// One more protected call.
pub fn count_protected(l: Lua) {
    // SAFETY: the link of a live state; nobody holds a reference into it.
    unsafe { (*link(l)).protected += 1 }
}

pub fn set_protected(l: Lua, n: u32) {
    // SAFETY: the link of a live state; nobody holds a reference into it.
    unsafe { (*link(l)).protected = n }
}

/// Runs `body` with a message handler (stack offset, 0 for none) and stops its errors: the status; with an error its
/// object is at `func_offset` and the stack ends there. `Err` only for what a protected call does not stop: yields
/// and foreign exceptions.
pub fn run_protected(
    l: Lua,
    mut body: impl FnMut() -> LResult<()>,
    func_offset: isize,
    errfunc: isize,
) -> LResult<i32> {
    let saved = Saved::new(l);
    set_protected(l, saved.protected + 1);
    l.errfunc.set(errfunc);
    match body() {
        Ok(()) => {
            l.errfunc.set(saved.errfunc);
            set_protected(l, saved.protected);
            Ok(LUA_OK)
        }
        Err(Throw::YIELD) => {
            set_protected(l, saved.protected);
            Err(Throw::YIELD)
        }
        Err(throw) => {
            let func = l.restore_slot(func_offset);
            upval::close(l, func);
            if throw == Throw::FOREIGN {
                saved.restore(l);
                l.top.set(func);
                return Err(throw);
            }
            set_error_object(l, throw, func);
            saved.restore(l);
            shrink_after_error(l);
            Ok(throw.status())
        }
    }
}

/// Protected call of the function at `func`.
pub fn protected(l: Lua, func: *mut Value, nresults: i32, errfunc: isize) -> LResult<i32> {
    let offset = l.save_slot(func);
    run_protected(l, || call_noyield(l, l.restore_slot(offset), nresults), offset, errfunc)
}

/// Puts the object of an error that was stopped at `to` and ends the stack behind it.
pub fn set_error_object(l: Lua, throw: Throw, to: *mut Value) {
    let v = match throw {
        Throw::MEMORY => memory_message(l),
        Throw::HANDLER => match string::new_str(l, msg::ERROR_IN_ERROR_HANDLING.as_bytes()) {
            Ok(s) => Value::string(s),
            Err(_) => memory_message(l),
        },
        _ => l.from_top(1),
    };
    // SAFETY: `to` is a slot of the stack at or below the top.
    unsafe { *to = v };
    l.top.set(to.wrapping_add(1));
}

fn memory_message(l: Lua) -> Value {
    match l.global().memory_message.get() {
        Some(s) => Value::string(s),
        None => Value::NIL,
    }
}

/// Calls a metamethod with arguments and takes `nresults` (0 or 1) results; a yield is allowed only when the
/// running function is a Lua function, which can finish its instruction later. So it can, and has to, when the metamethod has
/// set a hook (`Throw::HOOKS_SET`).
pub fn call_metamethod(l: Lua, f: Value, args: &[Value], nresults: i32) -> LResult<Value> {
    l.push(f);
    for &a in args {
        l.push(a);
    }
    check_stack(l, 0)?;
    let func = l.top.get().wrapping_sub(args.len() + 1);
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
