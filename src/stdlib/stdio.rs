//! The C library's standard streams.

use libc::FILE;

unsafe extern "C" {
    pub static mut stdout: *mut FILE;
}
