//! Making and raising errors.

use crate::messages::{self as msg, Arg};
use crate::object::{Lua, ObjectError, Slot, SlotOffset, Value};
use crate::throw::{LResult, Throw};
use crate::vm::debug::names;
use crate::vm::message;
use crate::vm::{call, debug, meta};

/// Makes an error of the objects' one of the machine's.
pub trait OrThrow<T> {
    fn or_throw(self, l: Lua) -> LResult<T>;
}

impl<T> OrThrow<T> for Result<T, ObjectError> {
    #[inline(always)]
    fn or_throw(self, l: Lua) -> LResult<T> {
        match self {
            Ok(v) => Ok(v),
            Err(e) => Err(raise(l, e)),
        }
    }
}

#[cold]
#[inline(never)]
fn raise(l: Lua, e: ObjectError) -> Throw {
    l.runtime_error(match e {
        ObjectError::Memory => return Throw::MEMORY,
        ObjectError::KeyIsNil => msg::INDEX_IS_NIL,
        ObjectError::KeyIsNan => msg::INDEX_IS_NAN,
        ObjectError::TableOverflow => msg::TABLE_OVERFLOW,
        ObjectError::BlockTooBig => msg::BLOCK_TOO_BIG,
    })
}

impl Lua {
    /// Raises a run-time error: `msg` with the position of the running Lua function in front, through the
    /// message handler. Use as `return Err(l.runtime_error(..))`.
    #[cold]
    #[inline(never)]
    pub fn runtime_error(self, msg: &str) -> Throw {
        self.runtime_error_fmt(msg, &[])
    }

    #[cold]
    #[inline(never)]
    pub fn runtime_error_fmt(self, fmt: &str, args: &[Arg]) -> Throw {
        let made = message::push(self, fmt, args).and_then(|_| debug::add_position(self));
        match made {
            Ok(()) => self.error_msg(),
            Err(t) => t,
        }
    }

    /// Raises the value on top of the stack: the message handler, if any, may replace it first.
    #[cold]
    pub fn error_msg(self) -> Throw {
        if self.message_handler.get() != SlotOffset::NONE
            && let Err(t) = self.run_message_handler()
        {
            return t;
        }
        Throw::RUNTIME
    }

    fn run_message_handler(self) -> LResult<()> {
        let slot = self.restore_slot(self.message_handler.get());
        // SAFETY: `message_handler` is the offset of a live slot below the running call.
        let handler = unsafe { slot.read() };
        if !handler.is_function() {
            return Err(Throw::HANDLER);
        }
        let value = self.from_top(1);
        self.drop_values(1);
        self.push(handler);
        self.push(value);
        let func = self.top.get().below(2);
        call::call_noyield(self, func, 1)
    }

    /// "attempt to `op` a ... value", with the name of the variable when it can be told.
    #[cold]
    #[inline(never)]
    pub fn type_error(self, v: ValueAt, op: &str) -> Throw {
        let type_name = Lua::typename(v.value.type_id());
        match names::var_info(self, v.slot) {
            Some((kind, name)) => self.runtime_error_fmt(
                msg::ATTEMPT_TO_NAMED,
                &[
                    Arg::S(op.as_bytes()),
                    Arg::S(kind.as_bytes()),
                    Arg::S(&name),
                    Arg::S(type_name.as_bytes()),
                ],
            ),
            None => self
                .runtime_error_fmt(msg::ATTEMPT_TO, &[Arg::S(op.as_bytes()), Arg::S(type_name.as_bytes())]),
        }
    }

    #[cold]
    #[inline(never)]
    pub fn arith_error(self, a: ValueAt, b: ValueAt) -> Throw {
        let culprit = if meta::to_number(a.value).is_none() { a } else { b };
        self.type_error(culprit, "perform arithmetic on")
    }

    #[cold]
    #[inline(never)]
    pub fn concat_error(self, a: ValueAt, b: ValueAt) -> Throw {
        let culprit = if a.value.is_string() || a.value.is_number() { b } else { a };
        self.type_error(culprit, "concatenate")
    }

    #[cold]
    #[inline(never)]
    pub fn order_error(self, a: Value, b: Value) -> Throw {
        let (ta, tb) = (Lua::typename(a.type_id()), Lua::typename(b.type_id()));
        if ta == tb {
            self.runtime_error_fmt(msg::COMPARE_SAME, &[Arg::S(ta.as_bytes())])
        } else {
            self.runtime_error_fmt(msg::COMPARE_DIFFERENT, &[Arg::S(ta.as_bytes()), Arg::S(tb.as_bytes())])
        }
    }
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
