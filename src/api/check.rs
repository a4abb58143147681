//! Misuse by the host (feature `apicheck`): which call, which argument, what was wrong; then abort.
//!
//! Without the feature every check is a constant false condition and leaves no code.

use crate::object::{Lua, Value};

/// `api_check!(cond, "lua_function", "argument", "what was wrong")`
macro_rules! api_check {
    ($cond:expr, $function:expr, $argument:literal, $what:literal) => {
        if cfg!(feature = "apicheck") && !$cond {
            $crate::api::check::misuse($function, $argument, $what)
        }
    };
}
pub(crate) use api_check;

#[cold]
#[inline(never)]
pub(crate) fn misuse(function: &str, argument: &str, what: &str) -> ! {
    let mut line = [0u8; 160];
    let mut used = 0;
    for part in ["liblua: ", function, ": ", argument, ": ", what, "\n"] {
        let n = part.len().min(line.len() - used);
        line[used..used + n].copy_from_slice(&part.as_bytes()[..n]);
        used += n;
    }
    // SAFETY: the buffer is live and initialised; `abort` has no preconditions.
    unsafe {
        libc::write(2, line.as_ptr().cast(), used);
        libc::abort()
    }
}

impl Lua {
    /// The running function owns at least `n` values.
    #[inline(always)]
    pub(super) fn has_elements(self, n: i32) -> bool {
        let own = self.top.get() as isize - self.call_info().func.get() as isize;
        (n as isize) < own / size_of::<Value>() as isize
    }
    /// The frame has `n` free slots left.
    #[inline(always)]
    pub(super) fn has_room(self, n: i32) -> bool {
        let free = self.call_info().top.get() as isize - self.top.get() as isize;
        n as isize <= free / size_of::<Value>() as isize
    }
    /// The index names a value.
    #[inline(always)]
    pub(super) fn is_valid(self, idx: i32) -> bool {
        !core::ptr::eq(self.slot(idx), &super::stack::NONE)
    }
    /// The index names a slot of the running function's part of the stack.
    #[inline(always)]
    pub(super) fn is_stack_index(self, idx: i32) -> bool {
        idx > crate::consts::LUA_REGISTRYINDEX && idx != 0 && self.is_valid(idx) && {
            idx > 0 || self.has_elements(-idx)
        }
    }
}
