//! Lua closures and upvalues.
//!
//! Invariants
//! * An open upvalue's `v` points into the stack of the thread on whose `open_upvals` list it is, and its `next`
//!   is that list; a closed one's `v` points to its own `value` and its `next` is the collector's list.
//! * The array of upvalues follows the fixed part; its length is `nupvalues`.

use super::header::{Gc, Header, Kind};
use super::interior::Interior;
use super::proto::Proto;
use super::slot::Slot;
use super::value::{TAG_FUNCTION, Value};
use core::cell::Cell;

#[repr(C)]
pub struct LuaClosure {
    /// aux0: number of upvalues
    pub header: Header,
    pub proto: Gc<Proto>,
    pub(super) upvals: [Cell<Option<Gc<UpVal>>>; 0],
}

impl LuaClosure {
    pub const fn size_of(nupvalues: usize) -> usize {
        size_of::<LuaClosure>() + nupvalues * size_of::<Gc<UpVal>>()
    }
    #[inline(always)]
    pub fn nupvalues(&self) -> usize {
        self.header.aux0.get() as usize
    }
    /// Upvalue slots; a slot is `None` only while the closure is being built.
    #[inline(always)]
    pub fn upvals(&self) -> &[Cell<Option<Gc<UpVal>>>] {
        // SAFETY: `nupvalues` slots follow the fixed part (module invariant).
        unsafe { core::slice::from_raw_parts(self.upvals.as_ptr(), self.nupvalues()) }
    }
    #[inline(always)]
    pub fn upval(&self, i: usize) -> Gc<UpVal> {
        debug_assert!(i < self.nupvalues());
        // SAFETY: `i` is below `nupvalues` (compiler or verifier) and a running closure is complete.
        unsafe { (*self.upvals.as_ptr().add(i)).get().unwrap_unchecked() }
    }
}

impl Value {
    #[inline(always)]
    pub fn lua_closure(c: Gc<LuaClosure>) -> Value {
        Self::boxed(TAG_FUNCTION, c.as_ptr())
    }
    #[inline(always)]
    pub fn as_lua_closure(self) -> Option<Gc<LuaClosure>> {
        self.of_kind(TAG_FUNCTION, Kind::LuaClosure)
    }
}

#[repr(C)]
pub struct UpVal {
    pub header: Header,
    pub v: Cell<Slot>,
    pub value: Cell<Value>,
}

impl UpVal {
    /// The list link of an open upvalue (`Header::next`, typed).
    pub fn next_open(&self) -> Interior<Cell<Option<Gc<UpVal>>>> {
        // SAFETY: both are nullable pointers to an object that starts with a header; the list holds upvalues only.
        unsafe { Interior::new(&*(&raw const self.header.next).cast()) }
    }
    #[inline(always)]
    pub fn is_open(&self) -> bool {
        !core::ptr::eq(self.v.get().as_ptr(), self.value.as_ptr())
    }
    #[inline(always)]
    pub fn get(&self) -> Value {
        // SAFETY: `v` points to a live stack slot or to `value` (module invariant).
        unsafe { self.v.get().read() }
    }
}
