//! Stubs: whole functions that C calls and that may raise.
//!
//! `stub! { fn name(l: *mut T, n: c_int) -> c_int = core }` defines the function. The core is an `extern "C"` function
//! of the same parameters that returns a [`Ret`](super::Ret). Both are compared when they are compiled, on each target:
//! in assembly a stub leaves the arguments in their registers and looks at none.
//!
//! ```
//! # use lua52::boundary::Ret;
//! unsafe extern "C" fn core(_: *mut u8, n: i32) -> Ret {
//!     Ret::ok(n as u64)
//! }
//! lua52::stub! { fn stub(l: *mut u8, n: i32) -> i32 = core }
//! ```
//!
//! Another type of a parameter does not compile, nor does another place for the result:
//!
//! ```compile_fail,E0308
//! # use lua52::boundary::Ret;
//! # unsafe extern "C" fn core(_: *mut u8, n: i32) -> Ret {
//! #     Ret::ok(n as u64)
//! # }
//! lua52::stub! { fn stub(l: *mut u8, n: f64) -> i32 = core }
//! ```
//!
//! ```compile_fail,E0080
//! # use lua52::boundary::Ret;
//! # unsafe extern "C" fn core(_: *mut u8, n: i32) -> Ret {
//! #     Ret::ok(n as u64)
//! # }
//! lua52::stub! { fn stub(l: *mut u8, n: i32) -> f64 = core }
//! ```

/// The result of a function type, which in C may be none.
#[doc(hidden)]
pub trait Returning {
    type Result: Returned;
    /// Whether it goes back in a vector register.
    const NUMBER: bool = Self::Result::NUMBER;
}
impl<R: Returned> Returning for fn() -> R {
    type Result = R;
}

/// The types that a stub may return.
#[doc(hidden)]
pub trait Returned {
    const NUMBER: bool = false;
    #[cfg_attr(naked_stubs, allow(dead_code, reason = "the stubs in assembly need no conversion"))]
    fn returned(word: u64) -> Self;
}

macro_rules! returned {
    ($($ty:ty: $word:ident => $value:expr;)*) => {
        $(impl Returned for $ty {
            #[inline(always)]
            fn returned($word: u64) -> Self {
                $value
            }
        })*
    };
}
returned! {
    (): _word => ();
    i32: word => word as i32;
    u32: word => word as u32;
    i64: word => word as i64;
    isize: word => word as isize;
    usize: word => word as usize;
}
impl Returned for f64 {
    const NUMBER: bool = true;
    #[inline(always)]
    fn returned(word: u64) -> Self {
        f64::from_bits(word)
    }
}
impl<T> Returned for *mut T {
    #[inline(always)]
    fn returned(word: u64) -> Self {
        word as usize as *mut T
    }
}
impl<T> Returned for *const T {
    #[inline(always)]
    fn returned(word: u64) -> Self {
        word as usize as *const T
    }
}

/// Defines a function that is a stub around a core.
#[macro_export]
#[doc(hidden)]
macro_rules! stub {
    ($(#[$attribute:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $result:ty)? = $core:path) => {
        $(#[$attribute])*
        #[cfg_attr(naked_stubs, unsafe(naked))]
        $vis unsafe extern "C-unwind" fn $name($($arg: $ty),*) $(-> $result)? {
            $crate::raising!($core, ($($arg),*))
        }
        const _: () = {
            let _: unsafe extern "C" fn($($ty),*) -> $crate::boundary::Ret = $core;
            assert!(
                !<fn() $(-> $result)? as $crate::boundary::Returning>::NUMBER,
                "a number goes back in another register: use number_stub!"
            );
        };
    };
}

/// As [`stub!`], for functions that return a `lua_Number`.
#[macro_export]
#[doc(hidden)]
macro_rules! number_stub {
    ($(#[$attribute:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $result:ty = $core:path) => {
        $(#[$attribute])*
        #[cfg_attr(naked_stubs, unsafe(naked))]
        $vis unsafe extern "C-unwind" fn $name($($arg: $ty),*) -> $result {
            $crate::raising_number!($core, ($($arg),*))
        }
        const _: () = {
            let _: unsafe extern "C" fn($($ty),*) -> $crate::boundary::Ret = $core;
            assert!(
                <fn() -> $result as $crate::boundary::Returning>::NUMBER,
                "what is no number goes back in another register: use stub!"
            );
        };
    };
}

/// As [`stub!`], for a C variadic function of two integer parameters before the `...`. The core gets these and a
/// `*mut VaList`. Rust cannot say so in the signature: its callers pass no further arguments.
#[cfg(naked_stubs)]
#[macro_export]
#[doc(hidden)]
macro_rules! variadic_stub {
    ($(#[$attribute:meta])* $vis:vis fn $name:ident($first:ident: $ty1:ty, $second:ident: $ty2:ty, ...)
        $(-> $result:ty)? = $core:path
    ) => {
        $(#[$attribute])*
        #[unsafe(naked)]
        $vis unsafe extern "C-unwind" fn $name($first: $ty1, $second: $ty2) $(-> $result)? {
            $crate::raising_variadic!($core, 2)
        }
        const _: () = {
            let _: unsafe extern "C" fn($ty1, $ty2, *mut $crate::boundary::VaList) -> $crate::boundary::Ret = $core;
            assert!(!<fn() $(-> $result)? as $crate::boundary::Returning>::NUMBER, "it goes back in a vector register");
        };
    };
}
