//! What both programs use: the C API, as a host reads it in the headers, and their arguments and output.

#![allow(non_snake_case, reason = "parameters are named as in C")]

#[allow(non_camel_case_types, missing_docs, reason = "the names are those of C, which the manual describes")]
mod c_api;

pub use c_api::*;
use std::ffi::{CStr, CString, c_char, c_int};
use std::io::{self, Write};

#[cfg(native_code)]
#[path = "../../src/jit/mode.rs"]
mod mode;

/// When functions are compiled to native code in this process, in the words of the environment's variable; none where
/// the library has no native code.
pub fn native_code() -> Option<&'static str> {
    #[cfg(native_code)]
    {
        unsafe extern "C" {
            fn secure_getenv(name: *const c_char) -> *const c_char;
        }
        // SAFETY: a terminated name; what comes back is null or a C string, read before anybody changes the
        // environment.
        let value = unsafe {
            let value = secure_getenv(mode::VARIABLE.as_ptr());
            (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes())
        };
        Some(mode::Mode::asked(value).name())
    }
    #[cfg(not(native_code))]
    None
}

/// `lua_pop`
///
/// # Safety
/// The stack holds `n` values of the running function.
pub unsafe fn lua_pop(L: *mut lua_State, n: c_int) {
    // SAFETY: the caller's promise.
    unsafe { lua_settop(L, -n - 1) }
}

/// The program's arguments.
///
/// The programs have C's `main`: Rust's would open `/dev/null` for standard files that are closed, and ignore SIGPIPE.
///
/// # Safety
/// What `main` was given.
pub unsafe fn arguments(argc: c_int, argv: *const *const c_char) -> Vec<CString> {
    // SAFETY: the caller's promise.
    (0..argc as usize).map(|i| unsafe { CStr::from_ptr(*argv.add(i)) }.to_owned()).collect()
}

/// What is wrong with the options.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum BadOption {
    #[error("'{0}' needs argument")]
    NeedsArgument(String),
    #[error("unrecognized option '{0}'")]
    Unrecognized(String),
}

/// Prints the version, with what there is to say of the library behind its own. Programs read the line's beginning, and
/// look for PUC-Rio at its end. That nobody can read it is no reason to stop.
pub fn print_version(more: &str) {
    let own = env!("CARGO_PKG_VERSION");
    let _ =
        writeln!(io::stdout(), "Lua 5.2.4 (liblua-rs {own}{more})  Copyright (C) 1994-2015 Lua.org, PUC-Rio");
}

/// Writes to standard error. When that fails, there is no one left to tell.
pub fn tell(text: &[u8]) {
    let _ = io::stderr().write_all(text);
}
