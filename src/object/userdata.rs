//! Full userdata.

use super::header::{Gc, Header};
use super::table::Table;
use super::value::Value;
use core::cell::Cell;

#[repr(C)]
pub struct Userdata {
    pub header: Header,
    pub metatable: Cell<Option<Gc<Table>>>,
    /// nil or a table
    pub uservalue: Cell<Value>,
    pub len: usize,
    // `len` bytes of the host's data follow
}

impl Userdata {
    pub const fn size_of(len: usize) -> usize {
        size_of::<Userdata>() + len
    }
    #[inline(always)]
    pub fn data(&self) -> *mut u8 {
        (&raw const *self).wrapping_add(1).cast_mut().cast()
    }
}
