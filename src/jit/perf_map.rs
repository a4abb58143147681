//! The list of functions that the profiler `perf` reads: with `LIBLUA_JIT_PERF=1` in the environment, each function
//! that is compiled adds a line to `/tmp/perf-PID.map`. Nobody is told when it cannot be written.

use super::compile;
use crate::object::chunkid::ChunkId;
use crate::object::{Gc, Proto, Thread};
use crate::sys;

use crate::vm::debug::{names, source_of};
use core::ffi::CStr;
use core::sync::atomic::{AtomicU8, Ordering};

/// Whether it is asked for; 0: not known yet.
static ASKED: AtomicU8 = AtomicU8::new(0);
const YES: u8 = 1;
const NO: u8 = 2;

/// What the environment asks for, read once.
fn is_asked() -> bool {
    if ASKED.load(Ordering::Relaxed) == 0 {
        let value = sys::trusted_environment(c"LIBLUA_JIT_PERF");
        let asked = if value == Some(c"1") { YES } else { NO };
        ASKED.store(asked, Ordering::Relaxed);
    }
    ASKED.load(Ordering::Relaxed) == YES
}

/// Text that is cut where there is no more room. The last byte is left for who ends it.
struct Text {
    bytes: [u8; 256],
    used: usize,
}

impl Text {
    const fn new() -> Text {
        Text { bytes: [0; 256], used: 0 }
    }
    fn add(&mut self, text: &[u8]) {
        for &b in text.iter().take(self.bytes.len() - 1 - self.used) {
            // One line each.
            self.bytes[self.used] = if b < b' ' { b'?' } else { b };
            self.used += 1;
        }
    }
    fn add_number(&mut self, n: usize, radix: usize) {
        if n >= radix {
            self.add_number(n / radix, radix);
        }
        self.add(&[b"0123456789abcdef"[n % radix]]);
    }
    /// The text with a last byte behind it.
    fn ended(&mut self, last: u8) -> &[u8] {
        self.bytes[self.used] = last;
        &self.bytes[..=self.used]
    }
}

/// Adds a function that was compiled just now, for the current frame or for a call that it makes.
pub fn add(l: Gc<Thread>, p: Gc<Proto>, code: *const u8) {
    if is_asked() {
        write(l, p, code);
    }
}

#[cold]
fn write(l: Gc<Thread>, p: Gc<Proto>, code: *const u8) {
    let (start, size) = compile::extent(code);
    let mut line = Text::new();
    line.add_number(code as usize, 16);
    line.add(b" ");
    line.add_number(start as usize + size - code as usize, 16);
    line.add(b" lua:");
    let ci = l.call_info();
    let runs = ci.is_lua() && ci.lua_closure().proto.as_ptr() == p.as_ptr();
    let name = match runs {
        true => names::func_name(l, ci),
        false if ci.is_lua() => names::callee_name(l, ci),
        false => None,
    };
    match name {
        _ if p.linedefined.get() == 0 => line.add(b"main"),
        Some((_, name)) => line.add(&name),
        None => line.add(b"?"),
    }
    line.add(b"@");
    line.add(ChunkId::new(&source_of(&p)).bytes());
    line.add(b":");
    line.add_number(p.linedefined.get().max(0) as usize, 10);
    let mut path = Text::new();
    path.add(b"/tmp/perf-");
    path.add_number(sys::process_number() as usize, 10);
    path.add(b".map");
    if let Ok(path) = CStr::from_bytes_with_nul(path.ended(0)) {
        sys::append_to_file(path, line.ended(b'\n'));
    }
}
