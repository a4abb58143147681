//! The auxiliary library's way to a state: a new one with the usual functions, and whether one is this library's.

use crate::mem;
use crate::messages::{self as msg, Arg};
use crate::object::Lua;
use crate::object::c_types::lua_State;
use crate::sys;
use crate::throw::LResult;
use crate::vm::state::VERSION;

/// `luaL_newstate`: a state with the default allocator and a panic function that prints the message.
pub fn newstate() -> Option<Lua> {
    crate::host::new_state(mem::default_function, core::ptr::null_mut(), print_panic)
}

/// Says why the process is about to end.
unsafe extern "C-unwind" fn print_panic(l: *mut lua_State) -> i32 {
    // SAFETY: the library calls its panic function with a live thread.
    let l = unsafe { Lua::from_ptr(l.cast()) };
    let message = match l.tolstring(-1) {
        Ok(Some(m)) => m,
        _ => b"(null)",
    };
    let parts: [&[u8]; 3] = [b"PANIC: unprotected error in call to Lua API (", message, b")\n"];
    for part in parts {
        sys::print_error(part);
    }
    0
}

impl Lua {
    /// `luaL_checkversion_`
    pub fn aux_checkversion(self, wanted: f64) -> LResult<()> {
        let own = self.global().version;
        if !core::ptr::eq(own, &VERSION) {
            return Err(self.aux_error(msg::MULTIPLE_VMS, &[]));
        }
        if *own != wanted {
            return Err(self.aux_error(msg::VERSION_MISMATCH, &[Arg::F(wanted), Arg::F(*own)]));
        }
        Ok(())
    }
}
