//! What the layers below the machine need from those above them. Whoever makes a state puts the functions into it, so
//! that memory, objects and collector know nothing of the layers above them.

use super::{Gc, Thread, Value};
use crate::throw::LResult;

/// What the mischief of the collector runs in between.
#[cfg(feature = "stress-finalizers")]
pub type Accomplice = fn(Gc<Thread>) -> LResult<()>;

pub struct Upcalls {
    /// Frees what can be freed without running a finalizer, for an allocation that failed. False when nothing can be
    /// now.
    pub emergency: fn(Gc<Thread>) -> bool,
    /// Calls the finalizer of an object. With true an error in it is raised, else dropped.
    pub finalize: fn(Gc<Thread>, Value, bool) -> LResult<()>,
}
