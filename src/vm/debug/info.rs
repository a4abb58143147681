//! `lua_getinfo`: what an activation record is filled with.

use super::names::func_name;
use super::{current_line, source_of};
use crate::gc;
use crate::object::c_types::lua_Debug;
use crate::object::call_info::FrameFlags;
use crate::object::string::Bytes;
use crate::object::{FrameRef, Gc, Table, Thread, Value, chunkid};
use crate::throw::LResult;
use crate::vm::error::OrThrow;
use core::ffi::c_char;

/// The value of `lua_Debug::istailcall` for a tail call. Hosts that print or compare it know the reference's value.
const TRUE_TAIL_CALL: c_char = 64;

fn c_text(b: Bytes) -> *const c_char {
    b.as_ptr().cast()
}

/// The information that the options of `lua_getinfo` ask for.
mod wants {
    pub const SOURCE: u32 = 1;
    pub const LINE: u32 = 2;
    pub const UPVALUES: u32 = 4;
    pub const TAIL_CALL: u32 = 8;
    pub const NAME: u32 = 16;
    pub const LINES: u32 = 32;
    pub const FUNCTION: u32 = 64;
    pub const UNKNOWN: u32 = 128;

    pub fn options(letters: impl Iterator<Item = u8>) -> u32 {
        letters.fold(0, |wanted, letter| {
            wanted
                | match letter {
                    b'S' => SOURCE,
                    b'l' => LINE,
                    b'u' => UPVALUES,
                    b't' => TAIL_CALL,
                    b'n' => NAME,
                    b'L' => LINES,
                    b'f' => FUNCTION,
                    _ => UNKNOWN,
                }
        })
    }
}

/// `lua_getinfo` where it only fills in what it knows of a frame; `None` when there is more to do.
#[inline(always)]
pub fn quick_info(l: Gc<Thread>, options: impl Iterator<Item = u8>, ar: &mut lua_Debug) -> Option<bool> {
    let wanted = wants::options(options);
    if wanted & (wants::LINES | wants::FUNCTION | wants::UNKNOWN) != 0 {
        return None;
    }
    // SAFETY: without '>', which is none of these options, the record is that of an active frame.
    let ci = unsafe { FrameRef::of_record(ar) }?;
    fill(l, wanted, ar, ci.function(), Some(ci));
    Some(true)
}

/// Fills in what the options ask for about a function or the frame of the record. The function, and whether all options
/// are known.
pub fn describe(l: Gc<Thread>, options: &[u8], ar: &mut lua_Debug, func: Option<Value>) -> (Value, bool) {
    let wanted = wants::options(options.iter().copied());
    // SAFETY: without a function the record comes from `lua_getstack` or a hook and its frame is still active.
    let ci = if func.is_some() { None } else { unsafe { FrameRef::of_record(ar) } };
    let func = func.or_else(|| ci.map(|frame| frame.function())).unwrap_or(Value::NIL);
    fill(l, wanted, ar, func, ci);
    (func, wanted & wants::UNKNOWN == 0)
}

/// `lua_getinfo`: false when an option is unknown.
pub fn get_info(l: Gc<Thread>, what: &[u8], ar: &mut lua_Debug) -> LResult<bool> {
    let (what, of_top) = match what.split_first() {
        Some((b'>', rest)) => (rest, true),
        _ => (what, false),
    };
    let wanted = wants::options(what.iter().copied());
    let (func, known) = describe(l, what, ar, of_top.then(|| l.from_top(1)));
    // A function given on the stack stays there until everything about it is told: it may have no other anchor.
    if wanted & wants::FUNCTION != 0 && !of_top {
        l.push(func);
    }
    if wanted & wants::LINES != 0 {
        push_active_lines(l, func)?;
        gc::check(l)?;
    }
    if of_top && wanted & wants::FUNCTION == 0 {
        let lines = l.from_top(1);
        l.drop_values(1);
        if wanted & wants::LINES != 0 {
            // SAFETY: the slot of the function, below the table of lines.
            unsafe { l.top.get().below(1).write(lines) };
        }
    }
    Ok(known)
}

/// Fills in what is wanted of a function and, if it is active, its frame.
fn fill(l: Gc<Thread>, wanted: u32, ar: &mut lua_Debug, func: Value, ci: Option<FrameRef>) {
    let lua = func.as_lua_closure();
    if wanted & wants::SOURCE != 0 {
        let source = match lua {
            Some(cl) => {
                let p = cl.proto;
                ar.linedefined = p.linedefined.get();
                ar.lastlinedefined = p.lastlinedefined.get();
                ar.what = if ar.linedefined == 0 { c"main" } else { c"Lua" }.as_ptr();
                source_of(&p)
            }
            None => {
                ar.linedefined = -1;
                ar.lastlinedefined = -1;
                ar.what = c"C".as_ptr();
                Bytes::fixed(c"=[C]".to_bytes())
            }
        };
        ar.source = c_text(source);
        // SAFETY: `c_char` is a byte.
        chunkid::write(&source, unsafe { &mut *(&raw mut ar.short_src).cast() });
    }
    if wanted & wants::LINE != 0 {
        ar.currentline = ci.map_or(-1, current_line);
    }
    if wanted & wants::UPVALUES != 0 {
        (ar.nups, ar.nparams, ar.isvararg) = match lua {
            Some(cl) => (cl.nupvalues() as u8, cl.proto.numparams(), cl.proto.is_vararg() as c_char),
            None => (func.as_c_closure().map_or(0, |c| c.nupvalues() as u8), 0, 1),
        }
    }
    if wanted & wants::TAIL_CALL != 0 {
        ar.istailcall = if ci.is_some_and(|ci| ci.has(FrameFlags::TAIL_CALLED)) { TRUE_TAIL_CALL } else { 0 };
    }
    if wanted & wants::NAME != 0 {
        (ar.namewhat, ar.name) = match ci.and_then(|ci| func_name(l, ci)) {
            Some((kind, name)) => (kind.text().as_ptr(), c_text(name)),
            None => (c"".as_ptr(), core::ptr::null()),
        }
    }
}

/// Pushes the table whose keys are the lines that have code; nil for a function that is not written in Lua. The
/// function is reachable. Runs no finalizer.
pub fn push_active_lines(l: Gc<Thread>, func: Value) -> LResult<()> {
    let Some(cl) = func.as_lua_closure() else {
        l.push(Value::NIL);
        return Ok(());
    };
    let t = Gc::<Table>::new(l)?;
    l.push(Value::table(t));
    for line in cl.proto.lineinfo.cells() {
        t.set_int(l, line.get() as i64, Value::TRUE).or_throw(l)?;
    }
    Ok(())
}
