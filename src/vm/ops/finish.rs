//! Finishing an instruction that was interrupted. The bytecode says what is left to do.

#[cfg(native_code)]
use super::end_of_concat;
use super::rk;
use crate::code::bytecode::{Instruction, Op};
#[cfg(native_code)]
use crate::gc;
use crate::object::{FrameRef, Gc, Metamethod, Slot, Thread};
use crate::throw::LResult;
use crate::vm::meta;

/// The instruction that a yield (or `Throw::HOOKS_SET`) interrupted in a metamethod or a call gets its result.
#[inline(always)]
pub(crate) fn finish(l: Gc<Thread>, ci: FrameRef) -> LResult<()> {
    let base = ci.base.get();
    let cl = ci.lua_closure();
    let p = cl.proto;
    let i = Instruction(p.code.get(ci.pc_in(cl) as usize));
    let ra = base.above(i.a() as usize);
    let pop = || {
        let v = l.from_top(1);
        l.drop_values(1);
        v
    };
    match i.op() {
        Op::Add
        | Op::Sub
        | Op::Mul
        | Op::Div
        | Op::Mod
        | Op::Pow
        | Op::Unm
        | Op::Len
        | Op::GetTabUp
        | Op::GetTable
        | Op::SelfOp => {
            let v = pop();
            // SAFETY: a register of the frame.
            unsafe { ra.write(v) };
        }
        Op::Lt | Op::Le | Op::Eq => {
            let mut res = !pop().is_falsy();
            if i.op() == Op::Le {
                // Without `__le` it was `__lt` with the operands swapped that was called.
                // SAFETY: operands are registers or constants of the frame.
                let b = unsafe { rk(base, Slot::from_ptr(p.k.as_ptr()), i.b()).read() };
                // SAFETY: operands are registers or constants of the frame.
                let c = unsafe { rk(base, Slot::from_ptr(p.k.as_ptr()), i.c()).read() };
                let g = l.global();
                if g.metamethod_of(b, Metamethod::Le).is_nil() && g.metamethod_of(c, Metamethod::Le).is_nil()
                {
                    res = !res;
                }
            }
            if res as u32 != i.a() {
                ci.saved_pc.set(ci.saved_pc.get().wrapping_add(1));
            }
        }
        Op::Concat => {
            // The result belongs where the two operands were; then the rest of the concatenation is done.
            let v = pop();
            let first = base.above(i.b() as usize);
            let top = l.top.get();
            // SAFETY: at least two operands were on the stack.
            unsafe { top.below(2).write(v) };
            l.top.set(top.below(1));
            let total = l.top.get().slots_above(first);
            if total > 1 {
                meta::concat(l, total)?;
            }
            let base = ci.base.get();
            // SAFETY: registers of the frame.
            unsafe { base.above(i.a() as usize).write(l.from_top(1)) };
        }
        Op::Call if i.c() == 0 => return Ok(()),
        _ => {}
    }
    if i.op() != Op::TailCall {
        l.top.set(ci.top.get());
    }
    Ok(())
}

/// The same when the metamethod has returned to a tier that gave it a frame. A concatenation ends with a checkpoint for
/// collections, as it does where its metamethod was called by it; a finalizer may set hooks.
#[cfg(native_code)]
#[inline(never)]
pub(crate) fn finish_called(l: Gc<Thread>, ci: FrameRef) -> LResult<()> {
    finish(l, ci)?;
    let cl = ci.lua_closure();
    let i = Instruction(cl.proto.code.get(ci.pc_in(cl) as usize));
    if i.op() == Op::Concat {
        let base = ci.base.get();
        l.top.set(end_of_concat(base.above(i.a() as usize), base.above(i.b() as usize)));
        gc::check(l)?;
        l.top.set(ci.top.get());
    }
    Ok(())
}
