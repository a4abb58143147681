//! Whether a state is this library's.

use crate::api::Lua;
use crate::messages::{self as msg, Arg};
use crate::throw::LResult;
use crate::vm::state::VERSION;

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
