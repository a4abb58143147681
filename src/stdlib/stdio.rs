//! The C library's standard streams.

use libc::FILE;

unsafe extern "C" {
    pub static stdin: *mut FILE;
    pub static stdout: *mut FILE;
    pub static stderr: *mut FILE;
}
