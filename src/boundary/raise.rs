//! Which way a raise takes.

use super::Link;

/// Decides how `throw` gets to the innermost pad.
///
/// # Safety
/// `link` is valid; `pc`, `sp` and `fp` are the stub's caller's.
pub(super) unsafe extern "C" fn decide(link: *mut Link, throw: u64, pc: usize, sp: usize, fp: usize) {
    let _ = (throw, pc, sp, fp);
    // SAFETY: the caller promises a valid link.
    if unsafe { (*link).pad.is_null() } {
        fail(b"liblua: error raised with no call in progress\n");
    }
}

/// Prints one line and aborts: the caller broke an invariant, and no frame can be trusted.
#[cold]
pub(super) fn fail(line: &[u8]) -> ! {
    // SAFETY: writes a valid buffer; abort has no preconditions.
    unsafe {
        libc::write(2, line.as_ptr().cast(), line.len());
        libc::abort()
    }
}
