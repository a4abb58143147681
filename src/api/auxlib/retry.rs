//! A second try for what the system refused because it has no more of something that garbage may hold.

use crate::gc;
use crate::object::Lua;
use crate::sys;
use crate::throw::LResult;

impl Lua {
    /// What `attempt` gives. When that is nothing, for lack of what files and children hold until their finalizers have run,
    /// everything is collected and `attempt` made once more; `errno` is then that of the second. Finalizers may change all
    /// that is not on the stack, so `attempt` must look for what it needs there each time.
    pub(crate) fn retrying<T>(self, mut attempt: impl FnMut() -> LResult<Option<T>>) -> LResult<Option<T>> {
        let first = attempt()?;
        if first.is_none() && self.reclaims()? { attempt() } else { Ok(first) }
    }
    #[cold]
    #[inline(never)]
    fn reclaims(self) -> LResult<bool> {
        Ok(sys::is_shortage(sys::errno()) && gc::reclaim(self)?)
    }
}
