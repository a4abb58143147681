//! Making closures.

use crate::gc;
use crate::mem::OutOfMemory;
use crate::object::heap;
use crate::object::{
    FrameRef, Gc, Header, Kind, LuaClosure, Proto, SlotOffset, Thread, UpVal, UpvalDesc, Value,
};
use crate::throw::LResult;
use crate::vm::upval;
use core::cell::Cell;

/// A Lua closure whose upvalues are still missing. Nothing may run until all of them are there.
#[inline(always)]
pub fn new_lua(l: Gc<Thread>, p: Gc<Proto>, nupvalues: usize) -> Result<Gc<LuaClosure>, OutOfMemory> {
    let p0 = heap::alloc_object(l, Kind::LuaClosure, LuaClosure::size_of(nupvalues))?;
    // SAFETY: a fresh block with room for the header, the prototype and the upvalue slots.
    let cl: Gc<LuaClosure> = unsafe {
        p0.write(Header::new(Kind::LuaClosure, heap::current_white(l.global())));
        let cl = p0.cast::<LuaClosure>();
        (&raw mut (*cl).proto).write(p);
        let slots = cl.add(1).cast::<Cell<Option<Gc<UpVal>>>>();
        for i in 0..nupvalues {
            slots.add(i).write(Cell::new(None));
        }
        Gc::from_ptr(cl)
    };
    cl.header.aux0.set(nupvalues as u8);
    heap::link(l.global(), cl.erase());
    Ok(cl)
}

/// The closure of a loaded chunk, with fresh upvalues that hold nil, in the stack slot at offset `slot`.
pub fn new_main(l: Gc<Thread>, p: Gc<Proto>, slot: SlotOffset) -> LResult<Gc<LuaClosure>> {
    let cl = new_lua(l, p, p.upvalues.len())?;
    // SAFETY: the caller's slot, below the top.
    unsafe { l.restore_slot(slot).write(Value::lua_closure(cl)) };
    for up in cl.upvals() {
        let uv = upval::new_closed(l)?;
        up.set(Some(uv));
        gc::barrier_object(l, cl.erase(), uv);
    }
    Ok(cl)
}

/// Puts the closure of a nested prototype in register `a` of the running frame `ci`: the last one made, when it would
/// capture the same variables, else a new one.
#[inline(never)]
pub fn instantiate(
    l: Gc<Thread>,
    p: Gc<Proto>,
    outer: Gc<LuaClosure>,
    ci: FrameRef,
    a: usize,
) -> LResult<()> {
    let upvalues = p.upvalues.cells();
    let register = |n: usize| ci.base.get().above(n);
    // SAFETY: a register of the frame.
    let put = |v: Value| unsafe { register(a).write(v) };
    let captured = |d: UpvalDesc| {
        let n = d.index as usize;
        if d.instack { register(n) } else { outer.upval(n).v.get() }
    };
    if let Some(last) = p.cache.get()
        && upvalues.iter().enumerate().all(|(i, d)| last.upval(i).v.get() == captured(d.get()))
    {
        heap::revive(l.global(), last.erase());
        put(Value::lua_closure(last));
        return Ok(());
    }
    let cl = new_lua(l, p, upvalues.len())?;
    // Anchored while upvalues are made.
    put(Value::lua_closure(cl));
    for (slot, d) in cl.upvals().iter().zip(upvalues) {
        let d = d.get();
        let uv = if d.instack {
            match upval::find(l, register(d.index as usize)) {
                Ok(uv) => uv,
                Err(e) => {
                    put(Value::NIL);
                    return Err(e.into());
                }
            }
        } else {
            outer.upval(d.index as usize)
        };
        slot.set(Some(uv));
        gc::barrier_object(l, cl.erase(), uv);
    }
    p.cache.set(Some(cl));
    gc::barrier_back(l, p.erase(), Value::lua_closure(cl));
    Ok(())
}
