//! Full userdata.
//!
//! Invariants
//! * What a library function takes for its own, or for a file, says so in `content`. Metatables, upvalues and fields of
//!   the registry do not tell: the debug library can change them all.

use super::error::ObjectError;
use super::header::{Gc, Header, Kind};
use super::heap::{self, InHeap};
use super::table::Table;
use super::value::{TAG_OBJECT, Value};
use core::cell::Cell;

/// The content that the block of a userdata is known to have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Content {
    /// something of the host's
    Unknown,
    /// a `luaL_Stream`: made by the library, or given the metatable of files by C code
    Stream,
    /// the state of an iterator that `gmatch` made
    Iteration,
}

#[repr(C)]
pub struct Userdata {
    /// aux0: `Content`
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
    pub fn has(&self, content: Content) -> bool {
        self.header.aux0.get() == content as u8
    }
    pub fn set_content(&self, content: Content) {
        self.header.aux0.set(content as u8)
    }
    #[inline(always)]
    pub fn data(&self) -> *mut u8 {
        (&raw const *self).wrapping_add(1).cast_mut().cast()
    }
}

impl Gc<Userdata> {
    /// A new userdata of `len` bytes, uninitialised.
    #[inline(always)]
    pub fn new(l: impl InHeap, len: usize) -> Result<Gc<Userdata>, ObjectError> {
        if len > isize::MAX as usize - size_of::<Userdata>() {
            // A size that cannot even be written down is an error of the caller, not of memory.
            let impossible = len.checked_add(size_of::<Userdata>() + 2).is_none();
            return Err(if impossible { ObjectError::BlockTooBig } else { ObjectError::Memory });
        }
        let p = heap::alloc_object(l, Kind::Userdata, Userdata::size_of(len))?.cast::<Userdata>();
        // SAFETY: fresh block with room for the fixed part.
        let u: Gc<Userdata> = unsafe {
            p.write(Userdata {
                header: Header::new(Kind::Userdata, heap::current_white(l.heap())),
                metatable: Cell::new(None),
                uservalue: Cell::new(Value::NIL),
                len,
            });
            Gc::from_ptr(p)
        };
        heap::link(l.heap(), u.erase());
        Ok(u)
    }
}

impl Value {
    #[inline(always)]
    pub fn userdata(u: Gc<Userdata>) -> Value {
        Self::boxed(TAG_OBJECT, u.as_ptr())
    }
    #[inline(always)]
    pub fn as_userdata(self) -> Option<Gc<Userdata>> {
        self.of_kind(TAG_OBJECT, Kind::Userdata)
    }
}
