//! Verification of binary chunks before they may run.
use crate::object::{Gc, Proto};

/// Not written yet: accepts everything.
pub fn verify_main(_p: Gc<Proto>) -> Result<(), &'static str> {
    Ok(())
}
