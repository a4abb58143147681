//! The parts that a `no_std` library must have itself when it is linked into a C program: the end of a Rust panic, and
//! the personality routine that functions of Rust's core name.
//!
//! No code here panics on purpose (errors are values), so a panic is a bug in this library. It must not
//! unwind into frames of the host: it says where it happened and aborts.

use crate::sys;
use core::fmt::{self, Write};

/// Collects the message on the stack, since a panic may come from inside the allocator.
struct Line {
    bytes: [u8; 512],
    used: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.len() - 1 - self.used;
        let n = text.len().min(room);
        self.bytes[self.used..self.used + n].copy_from_slice(&text.as_bytes()[..n]);
        self.used += n;
        Ok(())
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let mut line = Line { bytes: [0; 512], used: 0 };
    let _ = write!(line, "liblua: internal error: {}", info.message());
    if let Some(at) = info.location() {
        let _ = write!(line, " ({}:{})", at.file(), at.line());
    }
    line.bytes[line.used] = b'\n';
    sys::print_error(&line.bytes[..line.used + 1]);
    sys::abort()
}

/// The personality routine of functions of core that were compiled with cleanups. Since nothing unwinds through frames
/// of this library (see `boundary`), it is asked only in the search for a handler of a foreign exception, and has none.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() -> core::ffi::c_int {
    const URC_CONTINUE_UNWIND: core::ffi::c_int = 8;
    URC_CONTINUE_UNWIND
}
