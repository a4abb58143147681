//! States and threads, the panic function, the collector.

use super::misuse::api_check;
use crate::api::Lua;
use crate::compiler::RESERVED;
use crate::gc;
use crate::mem::lua_Alloc;
use crate::object::lua_CFunction;
use crate::throw::LResult;
use crate::vm::state;
pub use crate::vm::state::close_state;
use core::ffi::c_void;

impl Lua {
    pub fn newthread(self) -> LResult<Lua> {
        api_check!(self.has_room(1), "lua_newthread", "L", "no free stack slot");
        state::new_thread(*self).map(Lua::of)
    }
    /// `lua_gc`: does what `what` asks for; `data` is its argument.
    pub fn gc(self, what: i32, data: i32) -> LResult<i32> {
        gc::control(*self, what, data)
    }
    /// Sets the panic function, and returns the old one.
    pub fn atpanic(self, f: Option<lua_CFunction>) -> Option<lua_CFunction> {
        self.global().panic.replace(f)
    }
}

/// `lua_newstate`: makes a state whose memory all comes from `f`. Returns `None` when there is not enough memory.
///
/// # Safety
/// `f` is an allocator as in the manual's `lua_Alloc`, good for `ud`, as long as the state lives.
pub unsafe fn new_state(f: lua_Alloc, ud: *mut c_void) -> Option<Lua> {
    // SAFETY: the caller's promise.
    let l = unsafe { state::new_state(f, ud, &RESERVED) };
    #[cfg(native_code)]
    if let Some(l) = l {
        crate::jit::attach(l);
    }
    l.map(Lua::of)
}
