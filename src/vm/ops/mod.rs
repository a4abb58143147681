//! Slow paths of operations: what an operation does when the short way that a tier has in its own code does not apply.
//!
//! The contract, for whatever tier calls them:
//! 1. The running frame is `Thread::ci`, a Lua frame. Its saved pc is past the instruction: messages, tracebacks, hooks
//!    and a later resume look there. Its registers are in their slots.
//! 2. The stack's top is the frame's limit, unless the operation takes an open number of values, which end there.
//! 3. A pointer to a value is that of a register or a constant of the frame, or of an upvalue. A pointer to an
//!    instruction is that of the running one in the executable form, where hints are written.
//! 4. What returns `LResult` may call functions and collect. So it may move the stack: the tier reads the frame's base
//!    again afterwards and keeps no other pointer into the stack. It may also set hooks.
//! 5. A result is returned. The tier stores it, in register A as the table of operations says.
//! 6. On `Err` the tier leaves with the throw (`vm::tier`). A yield, and `Throw::HOOKS_SET`, interrupt the instruction;
//!    when the frame goes on, `finish` gives it its result.
//!
//! What an operation may do at most is in the table of operations (`code::exec`).

use super::tier::Exit;
use crate::code::bytecode::{is_k, k_index};
use crate::gc;
use crate::object::{FrameRef, Gc, Slot, Thread};

pub(crate) mod arith;
pub(crate) mod finish;
pub(crate) mod loops;
pub(crate) mod tables;
pub(crate) mod varargs;

/// A collection, with `live` as the stack's end; the reason to leave the tier.
#[cold]
#[inline(never)]
pub(crate) fn collect(l: Gc<Thread>, ci: FrameRef, live: Slot) -> Option<Exit> {
    let quiet = l.hook_mask() == 0;
    l.top.set(live);
    if let Err(t) = gc::check(l) {
        return Some(Exit::Throw(t));
    }
    l.top.set(ci.top.get());
    // Finalizers may have set hooks.
    (quiet && l.hook_mask() != 0).then_some(Exit::Switch)
}

/// The stack's end at the checkpoint of a concatenation of registers from `rb` on into `ra`.
#[inline(always)]
pub(crate) fn end_of_concat(ra: Slot, rb: Slot) -> Slot {
    if ra >= rb { ra.above(1) } else { rb }
}

/// Operand given as RK in a raw pair.
#[inline(always)]
pub fn rk(base: Slot, k: Slot, operand: u32) -> Slot {
    if is_k(operand) { k.above(k_index(operand) as usize) } else { base.above(operand as usize) }
}
