//! Native code: when it is made.

use crate::api::Lua;
#[cfg(native_code)]
use crate::jit;

impl Lua {
    /// `luaX_jit`.
    #[cfg(native_code)]
    pub fn ext_jit(self, mode: i32) -> i32 {
        use crate::consts::*;
        let asked = match mode {
            LUAX_JITQUERY | LUAX_JITFLUSH => None,
            LUAX_JITOFF..=LUAX_JITALWAYS => Some(jit::Mode::ALL[mode as usize]),
            _ => return -1,
        };
        // The mode of the stress test is a kind of the last one.
        let before = (jit::mode_of(*self) as i32 - jit::Mode::Off as i32).min(LUAX_JITALWAYS);
        if let Some(asked) = asked {
            jit::set_mode(*self, asked);
        } else if mode == LUAX_JITFLUSH {
            jit::flush(*self);
        }
        before
    }
    #[cfg(not(native_code))]
    pub fn ext_jit(self, _mode: i32) -> i32 {
        -1
    }
}
