//! What `libc` lacks of the C library's streams.

use libc::FILE;

unsafe extern "C" {
    pub static stdin: *mut FILE;
    pub static stdout: *mut FILE;
    pub static stderr: *mut FILE;
    // A flag is one access: taking the stream's lock for it would change nothing.
    pub fn clearerr_unlocked(f: *mut FILE);
    pub fn ferror_unlocked(f: *mut FILE) -> libc::c_int;
}
