//! Functions: Lua closures, C closures, library functions, and upvalues.
//!
//! Invariants
//! * An open upvalue's `v` points into the stack of the thread on whose `open_upvals` list it is, and its `next`
//!   is that list; a closed one's `v` points to its own `value` and its `next` is the collector's list.
//! * The upvalue arrays follow the fixed part; their length is `nupvalues`.

use super::c_types::lua_CFunction;
use super::gc_state as gc;
use super::header::{Gc, Header, Kind, mark};
use super::interior::Interior;
use super::slot::Slot;
use super::value::Value;
use super::{Proto, Thread};
use crate::mem::OutOfMemory;
use crate::throw::LResult;
use core::cell::Cell;

/// A library function: takes its arguments from the stack of `l`, pushes results, returns how many.
pub type RustFn = fn(Gc<Thread>) -> LResult<i32>;

/// A fast entry of a library function for the interpreter: no frame is pushed. `args` points to `nargs` values,
/// the result goes to `*out`. Returns false, having changed nothing, when the case is not the common one.
/// May allocate (the caller checks the collector afterwards) but neither raise nor call back.
pub type FastFn = unsafe fn(l: Gc<Thread>, args: *const Value, nargs: usize, out: *mut Value) -> bool;

/// The functions that the interpreter carries out itself instead of calling them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Intrinsic {
    /// None of them.
    None,
    Pcall,
    Xpcall,
    Next,
    /// The iterator of `ipairs`.
    IpairsStep,
}

/// What the one value means that a fast entry stores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FastResult {
    /// The function has one result.
    Only,
    /// The function may have several; so the fast entry serves only calls that want one.
    First,
    /// The function has no result; the value is nil.
    None,
}

/// A library function in static memory. A function value by itself (no upvalues, no allocation).
#[repr(C)]
pub struct Builtin {
    pub header: Header,
    pub f: RustFn,
    pub fast: Option<FastFn>,
    pub name: &'static str,
    /// which of the thunks is its view from C
    pub number: u16,
    pub intrinsic: Intrinsic,
    pub fast_result: FastResult,
}
// SAFETY: nothing writes to a `Builtin`: its mark has no white bit, so no collector touches it.
unsafe impl Sync for Builtin {}

impl Builtin {
    pub const fn new(number: u16, name: &'static str, f: RustFn) -> Builtin {
        Builtin {
            header: Header::new(Kind::Builtin, mark::FIXED | mark::BLACK),
            f,
            fast: None,
            name,
            number,
            intrinsic: Intrinsic::None,
            fast_result: FastResult::Only,
        }
    }
    pub const fn with_fast(mut self, fast: FastFn) -> Builtin {
        self.fast = Some(fast);
        self
    }
    pub const fn with_intrinsic(mut self, intrinsic: Intrinsic) -> Builtin {
        self.intrinsic = intrinsic;
        self
    }
    pub const fn with_fast_result(mut self, result: FastResult) -> Builtin {
        self.fast_result = result;
        self
    }
}

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
        l: Gc<Thread>,
        f: lua_CFunction,
        builtin: Option<&'static Builtin>,
        n: usize,
    ) -> Result<Gc<CClosure>, OutOfMemory> {
        debug_assert!(n <= 255);
        let p = gc::alloc_object(l, Kind::CClosure, CClosure::size_of(n))?.cast::<CClosure>();
        // SAFETY: fresh block with room for the fixed part and `n` upvalues.
        let c: Gc<CClosure> = unsafe {
            let header = Header::new(Kind::CClosure, gc::current_white(l.global()));
            p.write(CClosure { header, f, builtin, upvalues: [] });
            let upvalues = (&raw mut (*p).upvalues).cast::<Value>();
            for i in 0..n {
                upvalues.add(i).write(Value::NIL);
            }
            Gc::from_ptr(p)
        };
        c.header.aux0.set(n as u8);
        gc::link(l.global(), c.erase());
        Ok(c)
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
