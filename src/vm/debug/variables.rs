//! Local variables of active calls.

use super::Bytes;
use super::names::local_name;
use crate::object::keep;
use crate::object::{FrameRef, Gc, Slot, Thread, Value};

/// Name and slot of the `n`-th local variable of a frame; with `n` negative, of a vararg.
#[inline(never)]
fn find_local(l: Gc<Thread>, ci: FrameRef, n: i32) -> Option<(Bytes, Slot)> {
    let func = ci.function_slot();
    let mut base = func.above(1);
    let mut name = None;
    if ci.is_lua() {
        let p = ci.closure().proto;
        if n < 0 {
            // Varargs lie between the function and the base, after the slots the fixed parameters came from.
            let (n, params) = (n.unsigned_abs() as usize, p.numparams() as usize);
            let below = ci.base.get().slots_above(func);
            let slot = func.above(params + n);
            return (params + n < below).then_some((Bytes::fixed(c"(*vararg)".to_bytes()), slot));
        }
        base = ci.base.get();
        // A binary chunk may name more variables than there are registers.
        name = local_name(&p, n, ci.current_pc()).filter(|_| n <= p.maxstacksize() as i32);
    }
    if name.is_none() {
        let limit = next_function(l, ci).unwrap_or(l.top.get());
        let room = limit.max(base).slots_above(base);
        if n > 0 && n as usize <= room {
            name = Some(Bytes::fixed(c"(*temporary)".to_bytes()));
        }
    }
    name.map(|name| (name, base.above((n as usize).wrapping_sub(1))))
}

/// The slot of the function that the frame has called.
fn next_function(l: Gc<Thread>, ci: FrameRef) -> Option<Slot> {
    if ci == l.call_info() { None } else { ci.next.get().map(|callee| callee.function_slot()) }
}

/// Name and value of a local variable.
pub fn get_local(l: Gc<Thread>, ci: FrameRef, n: i32) -> Option<(Bytes, Value)> {
    // SAFETY: a slot of an active frame.
    find_local(l, ci, n).map(|(name, slot)| (name, unsafe { slot.read() }))
}

/// Name of a parameter of a function that is not active.
pub fn parameter_name(func: Value, n: i32) -> Option<Bytes> {
    local_name(&func.as_lua_closure()?.proto, n, 0)
}

/// Assigns `v`, which is reachable, to a local variable of a frame of `th`; its name. `None` when there is no such
/// variable, or no memory. `l` is the running thread.
pub fn set_local(l: Gc<Thread>, th: Gc<Thread>, ci: FrameRef, n: i32, v: Value) -> Option<Bytes> {
    let (name, slot) = find_local(th, ci, n)?;
    // A variable may lie where the next frame is: made-up debug information says so, and at a return what is behind the
    // results is gone. That frame relies on what its function is.
    if next_function(th, ci).is_some_and(|next| slot >= next) {
        return None;
    }
    // SAFETY: a slot of an active frame.
    unsafe {
        if !ci.is_lua() {
            keep::until_end_of(l, th, ci, slot.read()).ok()?;
        }
        slot.write(v);
    }
    #[cfg(native_code)]
    if let Some(native) = l.global().native.tier.get()
        && ci.is_lua()
    {
        // Native code of the frame may rely on what the register held.
        ci.lua_frame().returns_to.set((native.changed)(&th, ci));
    }
    Some(name)
}
