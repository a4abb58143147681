//! What a `no_std` library must bring along when it is linked into a C program: the end of a Rust panic, and the
//! personality routine that functions of Rust's core name.
//!
//! No code here panics on purpose (errors are values), so a panic is a bug in this library. It must not
//! unwind into frames of the host: it says where it happened and aborts.

/// Collects the message on the stack, since a panic may come from inside the allocator. Without core's formatting,
/// of which less than a kilobyte is needed otherwise.
struct Line {
    bytes: [u8; 512],
    used: usize,
}

impl Line {
    fn add(&mut self, text: &[u8]) {
        for (to, from) in self.bytes[self.used..].iter_mut().zip(text) {
            *to = *from;
            self.used += 1;
        }
    }
    fn add_number(&mut self, n: u32) {
        if n >= 10 {
            self.add_number(n / 10);
        }
        self.add(&[b'0' + (n % 10) as u8]);
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let mut line = Line { bytes: [0; 512], used: 0 };
    line.add(b"liblua: internal error: ");
    line.add(info.message().as_str().unwrap_or("a check of Rust's core failed").as_bytes());
    if let Some(at) = info.location() {
        line.add(b" (");
        line.add(at.file().as_bytes());
        line.add(b":");
        line.add_number(at.line());
        line.add(b")");
    }
    line.add(b"\n");
    // SAFETY: the pointer and the length describe initialised bytes of a live local array; `abort` has no
    // preconditions.
    unsafe {
        libc::write(2, line.bytes.as_ptr().cast(), line.used);
        libc::abort()
    }
}

/// The personality routine of functions of core that were compiled with cleanups. Since nothing unwinds through frames
/// of this library (see `boundary`), it is asked only in the search for a handler of a foreign exception, and has none.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() -> core::ffi::c_int {
    const URC_CONTINUE_UNWIND: core::ffi::c_int = 8;
    URC_CONTINUE_UNWIND
}
