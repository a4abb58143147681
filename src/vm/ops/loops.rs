//! The beginning of numeric loops, and steps of loops over `next` and `ipairs`.

use super::tables::{array_slot, truncate};
use crate::code::exec::ExecInsn;
use crate::messages as msg;
use crate::object::table::NO_HASH;
use crate::object::{Gc, Slot, Table, Thread, Value};
use crate::throw::LResult;
use crate::vm::error::Raise;
use crate::vm::meta;

/// The start of a numeric loop whose three control values, from `ra` on, are not all numbers.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(never)]
pub(crate) unsafe fn for_prepare(l: Gc<Thread>, ra: Slot) -> LResult<()> {
    // SAFETY: the three control registers of the loop.
    unsafe {
        let init = meta::to_number(ra.read());
        let limit = meta::to_number(ra.above(1).read());
        let step = meta::to_number(ra.above(2).read());
        let Some(init) = init else { return Err(l.runtime_error(msg::FOR_INITIAL)) };
        let Some(limit) = limit else { return Err(l.runtime_error(msg::FOR_LIMIT)) };
        let Some(step) = step else { return Err(l.runtime_error(msg::FOR_STEP)) };
        ra.write(Value::number(init - step));
        ra.above(1).write(Value::number(limit));
        ra.above(2).write(Value::number(step));
    }
    Ok(())
}

/// One step of `for k, v in next, t`: the hint of the instruction is the position after the last key. False when
/// the general way must be taken (a key that is not there raises).
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(always)]
pub(crate) unsafe fn iterate_next(l: Gc<Thread>, t: Gc<Table>, ra: Slot, insn: *mut ExecInsn) -> bool {
    // SAFETY: `ra` and the registers above it are those of the loop, in the frame's slots; `insn` is the running
    // instruction, which has room for a hint.
    unsafe {
        let key = ra.above(2).read();
        let asize = t.asize();
        let hint = (*insn).imm();
        let position = if key.is_nil() {
            0
        } else if key.is_number() && array_slot(t, key.raw_number()).is_some() {
            key.raw_number() as u32
        } else {
            let node = hint.wrapping_sub(asize).wrapping_sub(1);
            if t.lsizenode() != NO_HASH && node < t.hsize() && t.node(node).key.get() == key {
                hint
            } else {
                match t.next(l.global(), key) {
                    Err(_) => return false,
                    Ok(None) => {
                        ra.above(3).write(Value::NIL);
                        return true;
                    }
                    Ok(Some((k, v))) => {
                        ra.above(3).write(k);
                        ra.above(4).write(v);
                        return true;
                    }
                }
            }
        };
        match t.next_from(position) {
            Some((at, k, v)) => {
                *insn = ExecInsn((*insn).0 & 0xFFFF_FFFF | (at as u64) << 32);
                ra.above(3).write(k);
                ra.above(4).write(v);
            }
            None => ra.above(3).write(Value::NIL),
        }
        true
    }
}

/// One step of ipairs over a table.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(always)]
pub(crate) unsafe fn iterate_ipairs(t: Gc<Table>, ra: Slot) -> bool {
    // SAFETY: `ra` and the registers above it are those of the loop, in the frame's slots.
    unsafe {
        let Some(n) = ra.above(2).read().as_number() else { return false };
        let i = truncate(n) + 1;
        let v = t.get_int(i);
        if v.is_nil() {
            ra.above(3).write(Value::NIL);
        } else {
            ra.above(3).write(Value::number(i as f64));
            ra.above(4).write(v);
        }
        true
    }
}

/// Puts the iterator of a generic loop and its arguments where they are called, below the top; where the iterator is.
///
/// # Safety
/// The contract of `vm::ops`; `ra` is the loop's first register.
#[inline(always)]
pub(crate) unsafe fn copy_iterator(l: Gc<Thread>, ra: Slot) -> Slot {
    let to = ra.above(3);
    // SAFETY: three registers above the loop variables' start are reserved for the call.
    unsafe {
        to.above(2).write(ra.above(2).read());
        to.above(1).write(ra.above(1).read());
        to.write(ra.read());
    }
    l.top.set(to.above(3));
    to
}
