//! C closures.
//!
//! Invariant: the array of upvalues follows the fixed part; its length is `nupvalues`.

use super::builtin::Builtin;
use super::c_types::lua_CFunction;
use super::header::{Gc, Header, Kind};
use super::heap::{self, InHeap};
use super::value::{TAG_FUNCTION, Value};
use crate::mem::OutOfMemory;
use core::cell::Cell;

#[repr(C)]
pub struct CClosure {
    /// aux0: number of upvalues
    pub header: Header,
    pub f: lua_CFunction,
    /// Set when `f` is the C view of a library function: called directly then.
    pub builtin: Option<&'static Builtin>,
    upvalues: [Cell<Value>; 0],
}

impl CClosure {
    pub const fn size_of(nupvalues: usize) -> usize {
        size_of::<CClosure>() + nupvalues * size_of::<Value>()
    }
    #[inline(always)]
    pub fn nupvalues(&self) -> usize {
        self.header.aux0.get() as usize
    }
    #[inline(always)]
    pub fn upvalues(&self) -> &[Cell<Value>] {
        // SAFETY: `nupvalues` slots follow the fixed part (module invariant).
        unsafe { core::slice::from_raw_parts(self.upvalues.as_ptr(), self.nupvalues()) }
    }
}

impl Gc<CClosure> {
    /// A new closure whose `n` upvalues are nil.
    pub fn new(
        l: impl InHeap,
        f: lua_CFunction,
        builtin: Option<&'static Builtin>,
        n: usize,
    ) -> Result<Gc<CClosure>, OutOfMemory> {
        debug_assert!(n <= 255);
        let p = heap::alloc_object(l, Kind::CClosure, CClosure::size_of(n))?.cast::<CClosure>();
        // SAFETY: fresh block with room for the fixed part and `n` upvalues.
        let c: Gc<CClosure> = unsafe {
            let header = Header::new(Kind::CClosure, heap::current_white(l.heap()));
            p.write(CClosure { header, f, builtin, upvalues: [] });
            let upvalues = (&raw mut (*p).upvalues).cast::<Value>();
            for i in 0..n {
                upvalues.add(i).write(Value::NIL);
            }
            Gc::from_ptr(p)
        };
        c.header.aux0.set(n as u8);
        heap::link(l.heap(), c.erase());
        Ok(c)
    }
}

impl Value {
    #[inline(always)]
    pub fn c_closure(c: Gc<CClosure>) -> Value {
        Self::boxed(TAG_FUNCTION, c.as_ptr())
    }
    #[inline(always)]
    pub fn as_c_closure(self) -> Option<Gc<CClosure>> {
        self.of_kind(TAG_FUNCTION, Kind::CClosure)
    }
}
