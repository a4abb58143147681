//! Arithmetic and comparison.

use crate::object::{Gc, Metamethod, Slot, Thread, Value};
use crate::throw::LResult;
use crate::vm::error::ValueAt;
use crate::vm::meta;

/// Arithmetic whose plain result is a NaN: no pair of numbers, or really a NaN.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(never)]
pub(crate) unsafe fn arith(l: Gc<Thread>, event: Metamethod, x: Slot, y: Slot) -> LResult<Value> {
    // SAFETY: operands of the running instruction.
    let (x, y) = unsafe { (ValueAt::at(x), ValueAt::at(y)) };
    meta::arith_at(l, event, x, y)
}

/// Equality of two values of a kind that has `__eq`.
#[inline(never)]
pub(crate) fn equal(l: Gc<Thread>, a: Value, b: Value) -> LResult<bool> {
    meta::equal(l, a, b)
}
