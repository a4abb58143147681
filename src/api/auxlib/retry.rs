//! A second try for calls that the system refused because it has run out of something that garbage may hold, such as
//! descriptors.

use crate::api::Lua;
use crate::gc;
use crate::sys;
use crate::throw::LResult;

impl Lua {
    /// Returns what `attempt` gives. If that is nothing because the system is out of descriptors, processes or memory,
    /// a whole collection runs finalizers, which may close files, and `attempt` is called once more; `errno` is then
    /// that of the second call. Finalizers may change everything that is not on the stack, so `attempt` must read what
    /// it needs there each time.
    pub(crate) fn retrying<T>(self, mut attempt: impl FnMut() -> LResult<Option<T>>) -> LResult<Option<T>> {
        let first = attempt()?;
        if first.is_none() && self.reclaims()? { attempt() } else { Ok(first) }
    }
    #[cold]
    #[inline(never)]
    fn reclaims(self) -> LResult<bool> {
        Ok(sys::is_shortage(sys::errno()) && gc::reclaim(*self)?)
    }
}
