//! Why an operation on an object failed. Who raises an error makes the message.

use crate::mem::OutOfMemory;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectError {
    Memory,
    /// nil as the key of a new entry of a table
    KeyIsNil,
    KeyIsNan,
    /// a table with more entries than a table can have
    TableOverflow,
    /// a userdata whose size is more than any size
    BlockTooBig,
}

impl From<OutOfMemory> for ObjectError {
    #[inline(always)]
    fn from(_: OutOfMemory) -> ObjectError {
        ObjectError::Memory
    }
}
