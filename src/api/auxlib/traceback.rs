//! Tracebacks (manual 5, `luaL_traceback`) and the names of functions in messages.

use crate::api::{Buffer, Bytes, Lua};
use crate::messages as msg;
use crate::num;
use crate::object::chunkid::ChunkId;
use crate::object::string::bytes_of;
use crate::object::{FrameRef, Gc, Table, Value};
use crate::throw::LResult;
use crate::vm::debug;
use crate::vm::debug::names::{self, NameKind};
use core::mem::MaybeUninit;

/// Levels shown at the beginning and at the end of a long traceback.
const FIRST_LEVELS: i32 = 12;
const LAST_LEVELS: i32 = 10;

/// How the caller of the running function refers to it.
pub(super) struct CalledAs {
    pub name: Option<Bytes>,
    pub is_method: bool,
}

/// The place where a function is found: a global variable and, when that is a table, the field.
pub(super) type GlobalName = (Bytes, Option<Bytes>);

impl Lua {
    /// Returns `None` when no function is running.
    pub(super) fn called_as(self) -> Option<CalledAs> {
        let ci = debug::frame_at(*self, 0)?;
        Some(match names::func_name(*self, ci) {
            Some((kind, name)) => CalledAs { name: Some(name), is_method: kind == NameKind::Method },
            None => CalledAs { name: None, is_method: false },
        })
    }
    /// Searches the globals, and the fields of those that are tables, in table order.
    pub(super) fn global_name(self, func: Value) -> Option<GlobalName> {
        let globals = self.globals().as_table()?;
        let mut at = 0;
        while let Some((next, k, v)) = globals.next_from(at) {
            at = next;
            let Some(global) = k.as_string() else { continue };
            if v.raw_equal(func) {
                return Some((bytes_of(global), None));
            }
            if let Some(field) = v.as_table().and_then(|t| field_with(t, func)) {
                return Some((bytes_of(global), Some(field)));
            }
        }
        None
    }
    /// Pushes a traceback of `other`, from `level` on, after `message` and a newline.
    pub fn aux_traceback(self, other: Lua, message: Option<&[u8]>, level: i32) -> LResult<()> {
        let mut slot = MaybeUninit::uninit();
        let out = Buffer::init(&mut slot, self);
        if let Some(message) = message {
            out.add(message)?;
            out.addbyte(b'\n')?;
        }
        out.add(msg::TRACEBACK.as_bytes())?;
        add_frames(self, out, other, level)?;
        out.pushresult()?;
        Ok(())
    }
}

/// The first field of a table, in table order, that has this value and a string as its name.
#[inline(never)]
fn field_with(t: Gc<Table>, value: Value) -> Option<Bytes> {
    let mut at = 0;
    while let Some((next, k, v)) = t.next_from(at) {
        at = next;
        if let (Some(name), true) = (k.as_string(), v.raw_equal(value)) {
            return Some(bytes_of(name));
        }
    }
    None
}

/// Adds the frames of `other` from `level` on. Nothing here runs a finalizer: it could end the frames.
fn add_frames(l: Lua, out: &mut Buffer, other: Lua, level: i32) -> LResult<()> {
    let last = debug::frame_count(*other) - 1;
    let cut = if last > FIRST_LEVELS + LAST_LEVELS { FIRST_LEVELS } else { 0 };
    let mut level = level;
    while let Some(ci) = debug::frame_at(*other, level) {
        level += 1;
        if level == cut {
            put(out, &[msg::TRACEBACK_SKIPPED.as_bytes()])?;
            level = last - LAST_LEVELS;
        } else {
            add_frame(l, out, other, ci)?;
        }
    }
    Ok(())
}

/// Adds pieces of text of a frame. It is not inlined, since there are many calls, and looking up names takes far
/// longer.
#[inline(never)]
fn put(out: &mut Buffer, pieces: &[&[u8]]) -> LResult<()> {
    for piece in pieces {
        out.add(piece)?;
    }
    Ok(())
}

/// Adds a line number and what follows it.
fn put_line(out: &mut Buffer, line: i32, end: &[u8]) -> LResult<()> {
    let mut digits = [0; num::NUMBER_BUFFER];
    let len = num::format_signed(line as i64, &mut digits);
    put(out, &[&digits[..len], end])
}

fn add_frame(l: Lua, out: &mut Buffer, other: Lua, ci: FrameRef) -> LResult<()> {
    let func = ci.function();
    let lua = func.as_lua_closure();
    let id = match lua {
        Some(cl) => ChunkId::new(&debug::source_of(&cl.proto)),
        None => ChunkId::new(b"=[C]"),
    };
    put(out, &[b"\n\t", id.bytes(), b":"])?;
    let line = debug::current_line(ci);
    if line > 0 {
        put_line(out, line, b":")?;
    }
    put(out, &[b" in "])?;
    if let Some((_, name)) = names::func_name(*other, ci) {
        add_named(out, &name.c_part(), None)?;
    } else if let Some(cl) = lua {
        let line = cl.proto.linedefined.get();
        if line == 0 {
            put(out, &[msg::MAIN_CHUNK.as_bytes()])?;
        } else {
            put(out, &[b"function <", id.bytes(), b":"])?;
            put_line(out, line, b">")?;
        }
    // Of a suspended function that yielded some of its values, the reference looks up the value below those.
    } else if let Some((global, field)) = l.global_name(ci.func_value()) {
        add_named(out, &global.c_part(), field.map(Bytes::c_part).as_deref())?;
    } else {
        put(out, &[b"?"])?;
    }
    if ci.has(crate::object::call_info::FrameFlags::TAIL_CALLED) {
        put(out, &[msg::TRACEBACK_TAIL.as_bytes()])?;
    }
    Ok(())
}

fn add_named(out: &mut Buffer, name: &[u8], field: Option<&[u8]>) -> LResult<()> {
    match field {
        Some(field) => put(out, &[b"function '", name, b".", field, b"'"]),
        None => put(out, &[b"function '", name, b"'"]),
    }
}
