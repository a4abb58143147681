//! Library functions.

use super::header::{Gc, Header, Kind, gc_bits};
use super::slot::Slot;
use super::thread::Thread;
use super::value::{TAG_FUNCTION, Value};
use crate::throw::LResult;

/// A library function: takes its arguments from the stack of `l`, pushes results, returns how many.
pub type RustFn = fn(Gc<Thread>) -> LResult<i32>;

/// A fast entry of a library function: no frame is pushed. It writes the result to the slot and returns true, or returns
/// false, having changed nothing, when the case is not the common one. It may allocate (the caller checks the collector
/// afterwards) but neither raise nor call back. Native code calls it, too, with the four words in registers.
pub type FastFn = unsafe fn(l: Gc<Thread>, args: FastArguments, result: Slot) -> bool;

/// The arguments of a fast entry, which lie in slots of the stack.
#[derive(Clone, Copy)]
pub struct FastArguments {
    first: Slot,
    count: usize,
}

impl FastArguments {
    /// # Safety
    /// There are `count` values from `first` on, and they stay there as long as the arguments are used.
    #[inline(always)]
    pub unsafe fn new(first: Slot, count: usize) -> FastArguments {
        FastArguments { first, count }
    }
    #[inline(always)]
    pub fn count(self) -> usize {
        self.count
    }
    /// Argument `i`, counted from 0, if there are so many.
    #[inline(always)]
    pub fn get(self, i: usize) -> Option<Value> {
        // SAFETY: the promise of `new`: the slots up to `count` hold values.
        if i < self.count { Some(unsafe { self.first.above(i).read() }) } else { None }
    }
    /// The same, if it is a number.
    #[inline(always)]
    pub fn number(self, i: usize) -> Option<f64> {
        self.get(i)?.as_number()
    }
}

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
    /// `coroutine.yield`.
    Yield,
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
            header: Header::new(Kind::Builtin, gc_bits::FIXED | gc_bits::BLACK),
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

impl Value {
    #[inline(always)]
    pub fn builtin(b: &'static Builtin) -> Value {
        Self::boxed(TAG_FUNCTION, b)
    }
    #[inline(always)]
    pub fn as_builtin(self) -> Option<&'static Builtin> {
        if self.tag() == TAG_FUNCTION && self.header().kind() == Kind::Builtin {
            // SAFETY: only `Value::builtin` makes such values, from a `&'static Builtin`.
            Some(unsafe { &*self.payload::<Builtin>() })
        } else {
            None
        }
    }
}
