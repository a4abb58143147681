//! Library functions.

use super::header::{Gc, Header, Kind, gc_bits};
use super::thread::Thread;
use super::value::{TAG_FUNCTION, Value};
use crate::throw::LResult;

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
