//! The errors of the machine, and who raises them. How they are raised is in `raise`, which is above the calls, since a
//! message handler is called.

use crate::messages::{self as msg, Arg};
use crate::object::{Gc, ObjectError, Slot, Thread, Value};
use crate::throw::{LResult, Throw};

/// Makes an error of the objects' one of the machine's.
pub trait OrThrow<T> {
    fn or_throw(self, l: Gc<Thread>) -> LResult<T>;
}

impl<T> OrThrow<T> for Result<T, ObjectError> {
    #[inline(always)]
    fn or_throw(self, l: Gc<Thread>) -> LResult<T> {
        match self {
            Ok(v) => Ok(v),
            Err(e) => Err(raise(l, e)),
        }
    }
}

#[cold]
#[inline(never)]
fn raise(l: Gc<Thread>, e: ObjectError) -> Throw {
    l.runtime_error(match e {
        ObjectError::Memory => return Throw::MEMORY,
        ObjectError::KeyIsNil => msg::INDEX_IS_NIL,
        ObjectError::KeyIsNan => msg::INDEX_IS_NAN,
        ObjectError::TableOverflow => msg::TABLE_OVERFLOW,
        ObjectError::BlockTooBig => msg::BLOCK_TOO_BIG,
    })
}

/// The errors that a thread raises. Use as `return Err(l.runtime_error(..))`.
pub trait Raise {
    /// Raises a run-time error: `msg` with the position of the running Lua function in front, through the
    /// message handler.
    fn runtime_error(self, msg: &str) -> Throw;
    fn runtime_error_fmt(self, fmt: &str, args: &[Arg]) -> Throw;
    /// Raises the value on top of the stack: the message handler, if any, may replace it first.
    fn error_msg(self) -> Throw;
    /// "attempt to `op` a ... value", with the name of the variable when it can be told.
    fn type_error(self, v: ValueAt, op: &str) -> Throw;
    fn arith_error(self, a: ValueAt, b: ValueAt) -> Throw;
    fn concat_error(self, a: ValueAt, b: ValueAt) -> Throw;
    fn order_error(self, a: Value, b: Value) -> Throw;
}

/// A value and, where the operand was a register, constant or upvalue, its address: error messages name the
/// variable that lives there.
#[derive(Clone, Copy)]
pub struct ValueAt {
    pub value: Value,
    pub slot: Slot,
}

impl ValueAt {
    pub fn nowhere(value: Value) -> ValueAt {
        ValueAt { value, slot: Slot::NULL }
    }
    /// # Safety
    /// `slot` is valid for reading.
    pub unsafe fn at(slot: Slot) -> ValueAt {
        // SAFETY: the caller's promise.
        ValueAt { value: unsafe { slot.read() }, slot }
    }
}
