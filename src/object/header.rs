//! The header every collectable object starts with, and the pointer type to objects.
//!
//! Invariants
//! * Every object type is `repr(C)` and starts with a `Header`; `Header::kind` never changes after creation.
//! * All mutable fields of objects are `Cell`s, so shared references to live objects may coexist freely; a
//!   state is used by one OS thread at a time.
//! * A `Gc<T>` points to a live object. What keeps it alive (a stack slot, another object, a fixed mark) is the
//!   business of whoever holds it across a possible collection.

use core::cell::Cell;
use core::ops::Deref;
use core::ptr::NonNull;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    ShortStr,
    LongStr,
    Table,
    LuaClosure,
    CClosure,
    /// Library function in static memory; never on a collector list.
    Builtin,
    Userdata,
    Thread,
    Proto,
    UpVal,
}

/// The collector's bits of an object (`Header::marked`): its colour, and what else is to know of it. An object with
/// neither white nor black bit is grey.
pub mod gc_bits {
    pub const WHITE0: u8 = 1 << 0;
    pub const WHITE1: u8 = 1 << 1;
    pub const WHITES: u8 = WHITE0 | WHITE1;
    pub const BLACK: u8 = 1 << 2;
    /// The object's finalizer was called (or is due) once: it is never called again.
    pub const FINALIZED: u8 = 1 << 3;
    /// The object lives on the list of objects with finalizers (or on the list of those to be finalized).
    pub const SEPARATED: u8 = 1 << 4;
    /// Never collected.
    pub const FIXED: u8 = 1 << 5;
    /// Survived a collection in generational mode.
    pub const OLD: u8 = 1 << 6;
    /// A white key that entries of ephemeron tables wait for (`gc::waiting`).
    pub const AWAITED: u8 = 1 << 7;
}

#[repr(C)]
pub struct Header {
    /// Next object of the collector's list this object is on (string table chain for short strings, list of
    /// open upvalues for open upvalues).
    pub next: Cell<Option<GcRef>>,
    pub(super) kind: Kind,
    pub marked: Cell<u8>,
    /// Small fields of the concrete type, named by its accessors.
    pub aux0: Cell<u8>,
    pub aux1: Cell<u8>,
    pub aux32: Cell<u32>,
}

impl Header {
    pub const fn new(kind: Kind, marked: u8) -> Header {
        Header {
            next: Cell::new(None),
            kind,
            marked: Cell::new(marked),
            aux0: Cell::new(0),
            aux1: Cell::new(0),
            aux32: Cell::new(0),
        }
    }
    #[inline(always)]
    pub fn kind(&self) -> Kind {
        self.kind
    }
    #[inline(always)]
    pub fn is_white(&self) -> bool {
        self.marked.get() & gc_bits::WHITES != 0
    }
    #[inline(always)]
    pub fn is_black(&self) -> bool {
        self.marked.get() & gc_bits::BLACK != 0
    }
    #[inline(always)]
    pub fn is_grey(&self) -> bool {
        self.marked.get() & (gc_bits::WHITES | gc_bits::BLACK) == 0
    }
}

/// Pointer to a live object.
#[repr(transparent)]
pub struct Gc<T>(NonNull<T>);

pub type GcRef = Gc<Header>;

impl<T> Clone for Gc<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Gc<T> {}
impl<T> PartialEq for Gc<T> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Gc<T> {}
impl<T> Deref for Gc<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: `Gc` invariant: the object is live; its mutable fields are cells.
        unsafe { self.0.as_ref() }
    }
}
impl<T> Gc<T> {
    /// # Safety
    /// `p` points to a live object of type `T`.
    #[inline(always)]
    pub unsafe fn from_ptr(p: *mut T) -> Gc<T> {
        debug_assert!(!p.is_null());
        // SAFETY: the caller's promise implies that `p` is not null.
        Gc(unsafe { NonNull::new_unchecked(p) })
    }
    #[inline(always)]
    pub fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }
    /// The same object seen as its header.
    #[inline(always)]
    pub fn erase(self) -> GcRef {
        Gc(self.0.cast())
    }
    #[inline(always)]
    pub fn header(&self) -> &Header {
        // SAFETY: every object type starts with a `Header`.
        unsafe { self.0.cast().as_ref() }
    }
}
impl GcRef {
    /// # Safety
    /// The object has the kind that belongs to `T`.
    #[inline(always)]
    pub unsafe fn cast<T>(self) -> Gc<T> {
        Gc(self.0.cast())
    }
}
