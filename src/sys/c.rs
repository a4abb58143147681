//! The part of the C library that the C standard defines.

use core::ffi::{c_char, c_double, c_int};

pub use libc::{
    _IOFBF, _IOLBF, _IONBF, EOF, EXIT_FAILURE, EXIT_SUCCESS, FILE, LC_ALL, LC_COLLATE, LC_CTYPE, LC_MONETARY,
    LC_NUMERIC, LC_TIME, RAND_MAX, SEEK_CUR, SEEK_END, SEEK_SET, calloc, exit, fclose, feof, ferror, fflush,
    fgetc, fgets, fopen, fputs, fread, free, freopen, fscanf, fwrite, getenv, malloc, memchr, mktime, rand,
    setlocale, setvbuf, snprintf, srand, strcmp, strcoll, strerror, strftime, strlen, strtod, system, time,
    tm, tmpfile, ungetc,
};

/// Seconds, which have 64 bits wherever addresses have.
#[allow(non_camel_case_types, reason = "the name that C has")]
pub type time_t = i64;

unsafe extern "C" {
    pub fn rename(from: *const c_char, to: *const c_char) -> c_int;
    pub fn remove(name: *const c_char) -> c_int;
    pub safe fn difftime(end: time_t, start: time_t) -> c_double;
}

/// Ends the process at once.
#[cold]
pub fn abort() -> ! {
    // SAFETY: no preconditions.
    unsafe { libc::abort() }
}

/// The mathematical functions.
pub mod libm {
    unsafe extern "C" {
        pub safe fn acos(x: f64) -> f64;
        pub safe fn asin(x: f64) -> f64;
        pub safe fn atan(x: f64) -> f64;
        pub safe fn atan2(y: f64, x: f64) -> f64;
        pub safe fn cos(x: f64) -> f64;
        pub safe fn cosh(x: f64) -> f64;
        pub safe fn exp(x: f64) -> f64;
        pub safe fn fmod(x: f64, y: f64) -> f64;
        pub fn frexp(x: f64, e: *mut i32) -> f64;
        pub safe fn ldexp(x: f64, e: i32) -> f64;
        #[link_name = "log"]
        safe fn log_of_the_c_library(x: f64) -> f64;
        pub safe fn log10(x: f64) -> f64;
        pub fn modf(x: f64, whole: *mut f64) -> f64;
        pub safe fn pow(a: f64, b: f64) -> f64;
        pub safe fn sin(x: f64) -> f64;
        pub safe fn sinh(x: f64) -> f64;
        #[cfg(not(target_arch = "x86_64"))]
        pub safe fn sqrt(x: f64) -> f64;
        pub safe fn tan(x: f64) -> f64;
        pub safe fn tanh(x: f64) -> f64;
    }

    /// The natural logarithm. Of a negative number it is the NaN that the processor makes of 0/0: new versions of C
    /// libraries say so, too, and a shared library for old and new ones is linked with the old version.
    #[inline]
    pub fn log(x: f64) -> f64 {
        if x < 0.0 { (x - x) / (x - x) } else { log_of_the_c_library(x) }
    }
}
