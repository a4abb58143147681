//! Information about a running or suspended call (lines, names, variables), and the hooks.
//!
//! Invariants
//! * Everything is told from the PUC bytecode: instruction `i` of the executable form stands for `code[i]`, and the
//!   saved pc of a frame is one past the instruction being run (`CallInfo::current_pc`).
//! * Debug information may be absent (stripped chunks) and is not trusted: every access is checked.
//! * Names point into strings that the function's prototype keeps alive, or to static text; both are followed by a
//!   zero byte, so that `lua_Debug` can hold them.
//! * `Thread::old_pc` may be stale (another function, even a freed one): it is compared, never dereferenced.

use crate::messages::{self as msg, Arg};
use crate::object::chunkid::ChunkId;
use crate::object::string::{Bytes, bytes_of};
use crate::object::{FrameRef, Gc, Proto, Thread};
use crate::throw::LResult;
use crate::vm::message;

pub mod hooks;
pub mod info;
pub mod names;
pub mod variables;

/// The frame `level` calls below the running one (0); `None` past the last one. The host's own level does not count.
pub fn frame_at(l: Gc<Thread>, level: i32) -> Option<FrameRef> {
    calls(l).nth(usize::try_from(level).ok()?)
}

/// Number of calls in progress.
pub fn frame_count(l: Gc<Thread>) -> i32 {
    calls(l).count() as i32
}

/// The frames of the calls in progress, from the running one on; the host's level is none.
fn calls(l: Gc<Thread>) -> impl Iterator<Item = FrameRef> {
    let host = l.host_frame();
    l.active_frames().take_while(move |frame| *frame != host)
}

/// Source line of an instruction; 0 when the lines were stripped.
fn line_of(p: &Proto, pc: i32) -> i32 {
    p.lineinfo.cells().get(pc as usize).map_or(0, |c| c.get())
}

/// The line a frame is at; -1 for functions that are not written in Lua.
pub fn current_line(ci: FrameRef) -> i32 {
    if ci.is_lua() { line_of(&ci.closure().proto, ci.current_pc()) } else { -1 }
}

/// Short source and line of the function at `level`, when it has lines.
pub fn position(l: Gc<Thread>, level: i32) -> Option<(ChunkId, i32)> {
    let ci = frame_at(l, level)?;
    let line = current_line(ci);
    (line > 0).then(|| (ChunkId::new(&source_of(&ci.closure().proto)), line))
}

/// Name of the chunk a function comes from.
pub fn source_of(p: &Proto) -> Bytes {
    p.source.get().map_or(Bytes::fixed(c"=?".to_bytes()), bytes_of)
}

/// Pushes the message on top with "source:line: " in front when a Lua function is running. (The message itself stays
/// below, where who looks at the stack of a coroutine that died of it will find it.)
pub fn add_position(l: Gc<Thread>) -> LResult<()> {
    let ci = l.call_info();
    if !ci.is_lua() {
        return Ok(());
    }
    let line = Arg::D(current_line(ci) as i64);
    let message = l.from_top(1).as_string().map_or(Bytes::default(), bytes_of);
    match ci.closure().proto.source.get() {
        Some(s) => {
            let id = ChunkId::new(&bytes_of(s));
            message::push(l, msg::POSITION, &[Arg::S(id.bytes()), line, Arg::S(&message)])?;
        }
        None => {
            message::push(l, msg::POSITION, &[Arg::S(b"?"), line, Arg::S(&message)])?;
        }
    }
    Ok(())
}
