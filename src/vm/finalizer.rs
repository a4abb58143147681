//! Calling finalizers. The collector says when, and of which object.

use crate::consts::LUA_OK;
use crate::messages::{self as msg, Arg};
use crate::object::{Gc, Metamethod, SlotOffset, Thread, Value};
use crate::throw::{LResult, Throw};
use crate::vm::call::protected;
use crate::vm::message;

/// Calls the finalizer of `v`. With `raise` an error in it is raised, else dropped.
pub fn call(l: Gc<Thread>, v: Value, raise: bool) -> LResult<()> {
    let f = l.global().metamethod_of(v, Metamethod::Gc);
    if !f.is_function() {
        return Ok(());
    }
    // No hooks within.
    let hooks = l.allow_hook.replace(false);
    l.push(f);
    l.push(v);
    let status = protected::protected(l, l.top.get().below(2), 0, SlotOffset::NONE);
    l.allow_hook.set(hooks);
    // `Err`: a foreign exception passes through.
    let status = status?;
    if status == LUA_OK {
        return Ok(());
    }
    if !raise {
        l.drop_values(1);
        return Ok(());
    }
    if status == Throw::RUNTIME.status() {
        let e = l.from_top(1);
        let string = e.as_string();
        let text = match &string {
            Some(s) => s.bytes(),
            None => msg::NO_MESSAGE.as_bytes(),
        };
        // The error object stays on the stack below its text.
        message::push(l, msg::GC_METAMETHOD, &[Arg::S(text)])?;
        return Err(Throw::GCMM);
    }
    if status == Throw::MEMORY.status() {
        // Whoever catches it fetches the message.
        l.drop_values(1);
    }
    Err(Throw::new(status as u32))
}
