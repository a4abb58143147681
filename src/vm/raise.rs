//! Raising errors: makes their messages, and calls the message handler.

use crate::messages::{self as msg, Arg};
use crate::object::value::type_name;
use crate::object::{Gc, SlotOffset, Thread, Value};
use crate::throw::{LResult, Throw};
use crate::vm::debug::names;
use crate::vm::error::{Raise, ValueAt};
use crate::vm::message;
use crate::vm::{call, debug, meta};

impl Raise for Gc<Thread> {
    #[cold]
    #[inline(never)]
    fn runtime_error(self, msg: &str) -> Throw {
        self.runtime_error_fmt(msg, &[])
    }

    #[cold]
    #[inline(never)]
    fn runtime_error_fmt(self, fmt: &str, args: &[Arg]) -> Throw {
        let made = message::push(self, fmt, args).and_then(|_| debug::add_position(self));
        match made {
            Ok(()) => self.error_msg(),
            Err(t) => t,
        }
    }

    #[cold]
    fn error_msg(self) -> Throw {
        if self.message_handler.get() != SlotOffset::NONE
            && let Err(t) = run_message_handler(self)
        {
            return t;
        }
        Throw::RUNTIME
    }

    #[cold]
    #[inline(never)]
    fn type_error(self, v: ValueAt, op: &str) -> Throw {
        let type_name = type_name(v.value.type_id());
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
    fn arith_error(self, a: ValueAt, b: ValueAt) -> Throw {
        let culprit = if meta::to_number(a.value).is_none() { a } else { b };
        self.type_error(culprit, "perform arithmetic on")
    }

    #[cold]
    #[inline(never)]
    fn concat_error(self, a: ValueAt, b: ValueAt) -> Throw {
        let culprit = if a.value.is_string() || a.value.is_number() { b } else { a };
        self.type_error(culprit, "concatenate")
    }

    #[cold]
    #[inline(never)]
    fn order_error(self, a: Value, b: Value) -> Throw {
        let (ta, tb) = (type_name(a.type_id()), type_name(b.type_id()));
        if ta == tb {
            self.runtime_error_fmt(msg::COMPARE_SAME, &[Arg::S(ta.as_bytes())])
        } else {
            self.runtime_error_fmt(msg::COMPARE_DIFFERENT, &[Arg::S(ta.as_bytes()), Arg::S(tb.as_bytes())])
        }
    }
}

fn run_message_handler(l: Gc<Thread>) -> LResult<()> {
    let slot = l.restore_slot(l.message_handler.get());
    // SAFETY: `message_handler` is the offset of a live slot below the running call.
    let handler = unsafe { slot.read() };
    if !handler.is_function() {
        return Err(Throw::HANDLER);
    }
    let value = l.from_top(1);
    l.drop_values(1);
    l.push(handler);
    l.push(value);
    let func = l.top.get().below(2);
    call::call_noyield(l, func, 1)
}
