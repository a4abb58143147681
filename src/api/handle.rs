//! The handle of the API.
//!
//! The layers below know a thread as `Gc<Thread>`. `Lua` is the same pointer as a type of its own: a file must import
//! it from here to call the API. `*l` is the thread of a handle; `Lua::of` makes a handle of a thread. Both cost
//! nothing.

use crate::object::{Builtin, Gc, Thread};
use crate::throw::LResult;
use core::ops::Deref;

/// A thread, on which the functions of the manual are methods.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Lua(Gc<Thread>);

impl Lua {
    #[inline(always)]
    pub const fn of(thread: Gc<Thread>) -> Lua {
        Lua(thread)
    }
    /// # Safety
    /// `p` is a live thread.
    #[inline(always)]
    pub unsafe fn from_ptr(p: *mut Thread) -> Lua {
        // SAFETY: the caller's promise.
        Lua(unsafe { Gc::from_ptr(p) })
    }
}

impl Deref for Lua {
    type Target = Gc<Thread>;
    #[inline(always)]
    fn deref(&self) -> &Gc<Thread> {
        &self.0
    }
}

/// A library function that is written against the API.
pub const fn library_function(number: u16, name: &'static str, f: fn(Lua) -> LResult<i32>) -> Builtin {
    // SAFETY: the machine calls it with a live thread, and `Lua` is passed as what it consists of.
    Builtin::new(number, name, unsafe {
        core::mem::transmute::<fn(Lua) -> LResult<i32>, fn(Gc<Thread>) -> LResult<i32>>(f)
    })
}
