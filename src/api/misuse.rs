//! Misuse by the host (feature `apicheck`): says which call it was, which argument, and what was wrong, and aborts.
//!
//! Without the feature every check is a constant false condition and leaves no code.

use crate::api::Lua;
use crate::object::Value;
use crate::sys;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// `api_check!(cond, "lua_function", "argument", "what was wrong")`
macro_rules! api_check {
    ($cond:expr, $function:expr, $argument:literal, $what:literal) => {
        if cfg!(feature = "apicheck") && !$cond {
            $crate::api::misuse::misuse($function, $argument, $what)
        }
    };
}
pub(crate) use api_check;

/// `entered!(lua_frob)` at the start of an exported function or of its core: the checks that many functions share name
/// it.
macro_rules! entered {
    ($name:ident) => {
        if cfg!(feature = "apicheck") {
            static NAME: &str = stringify!($name);
            $crate::api::misuse::enter(&NAME)
        }
    };
}
pub(crate) use entered;

/// The name of the function that was entered last, by native thread (two threads may share a place; then a name can be
/// that of the other one).
static ENTERED: [AtomicPtr<&'static str>; 64] = [const { AtomicPtr::new(ptr::null_mut()) }; 64];

fn place() -> &'static AtomicPtr<&'static str> {
    let thread = sys::current_thread();
    &ENTERED[(thread >> 12 ^ thread >> 20) % ENTERED.len()]
}

pub(crate) fn enter(name: &'static &'static str) {
    place().store(ptr::from_ref(name).cast_mut(), Ordering::Relaxed);
}

/// Returns the name in C of the function that was entered last.
fn entered_name() -> Option<&'static str> {
    // SAFETY: null, or what `enter` stored.
    unsafe { place().load(Ordering::Relaxed).as_ref() }.copied()
}

/// `function` is the name, or a pattern for those that share the check.
#[cold]
#[inline(never)]
pub(crate) fn misuse(function: &str, argument: &str, what: &str) -> ! {
    let shared = function.ends_with('*');
    let function = entered_name().filter(|_| shared).unwrap_or(function);
    let mut line = [0u8; 160];
    let mut used = 0;
    for part in ["liblua: ", function, ": ", argument, ": ", what, "\n"] {
        let n = part.len().min(line.len() - used);
        line[used..used + n].copy_from_slice(&part.as_bytes()[..n]);
        used += n;
    }
    sys::print_error(&line[..used]);
    sys::abort()
}

impl Lua {
    /// Whether the running function owns at least `n` values.
    #[inline(always)]
    pub(super) fn has_elements(self, n: i32) -> bool {
        let own = self.top.get().bytes_above(self.call_info().func.get());
        (n as isize) < own / size_of::<Value>() as isize
    }
    /// Whether the frame has `n` free slots left.
    #[inline(always)]
    pub fn has_room(self, n: i32) -> bool {
        let free = self.call_info().top.get().bytes_above(self.top.get());
        n as isize <= free / size_of::<Value>() as isize
    }
    /// Whether the index names a value.
    #[inline(always)]
    pub(super) fn is_valid(self, idx: i32) -> bool {
        self.slot(idx) != super::stack::none()
    }
    /// Whether the index names a slot of the running function's part of the stack.
    #[inline(always)]
    pub(super) fn is_stack_index(self, idx: i32) -> bool {
        idx > crate::consts::LUA_REGISTRYINDEX && idx != 0 && self.is_valid(idx) && {
            idx > 0 || self.has_elements(-idx)
        }
    }
}
