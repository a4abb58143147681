//! The interpreter of tests/sequences, which is C and calls the exported functions, as any host does.

// The exported functions are only named in C.
#[allow(unused_imports, reason = "the exported functions must be linked")]
use lua52::abi as _;
use std::sync::Once;

/// As in tests/sequences/sequences.h.
pub const HEADER: usize = 4;
pub const RECORD: usize = 6;

unsafe extern "C" {
    fn choose_operations();
    fn run_sequence(bytes: *const u8, count: usize);
}

/// Runs a sequence in a state of its own. What goes wrong ends the process.
pub fn run(bytes: &[u8]) {
    static READY: Once = Once::new();
    // SAFETY: fills a table, once.
    READY.call_once(|| unsafe { choose_operations() });
    // SAFETY: the bytes are only read, and the state is gone afterwards.
    unsafe { run_sequence(bytes.as_ptr(), bytes.len()) }
}
