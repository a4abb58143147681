//! Function prototypes: PUC 5.2 bytecode, constants, debug information, and the executable form made from them.
//!
//! Invariants
//! * Arrays are exact: allocated with precisely the stated length (the compiler trims them).
//! * The executable form (`entry`) is made when the function first runs; it has `code.len()` instructions, and
//!   instruction `i` of it stands for instruction `i` of `code`, so one pc serves both.
//! * The strings of debug information may be absent (stripped chunk).

use super::closure::LuaClosure;
use super::header::{Gc, Header, Kind};
use super::heap::{self, InHeap};
use super::string::Str;
use super::value::{TAG_OBJECT, Value};
use crate::code::exec::ExecInsn;
use crate::mem::{Array, OutOfMemory};
use core::cell::Cell;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct LocVar {
    pub name: Option<Gc<Str>>,
    /// first pc where the variable is active
    pub startpc: i32,
    /// first pc where it is dead
    pub endpc: i32,
}

#[derive(Clone, Copy)]
#[repr(C)]
pub struct UpvalDesc {
    pub name: Option<Gc<Str>>,
    /// whether it is a local of the enclosing function (else one of its upvalues)
    pub instack: bool,
    pub index: u8,
}

/// Calls and turns of loops after which a function runs often.
#[cfg(native_code)]
pub(super) const OFTEN: i32 = 100;

/// What a prototype knows of its native code.
#[cfg(native_code)]
pub struct NativeCode {
    /// where a call begins, or null
    pub(super) code: Cell<*const u8>,
    /// how many calls and turns of loops until the function runs often
    pub(super) left: Cell<i32>,
    /// look-ups of fields that were not where the code looked first, since it was made
    pub(super) misses: Cell<u16>,
    /// codes that were made for the function
    pub(super) made: Cell<u8>,
    /// those of them that were not freed: the last ones
    pub(super) kept: Cell<u8>,
}

#[cfg(native_code)]
impl NativeCode {
    const fn new() -> NativeCode {
        NativeCode {
            code: Cell::new(core::ptr::null()),
            left: Cell::new(OFTEN),
            misses: Cell::new(0),
            made: Cell::new(0),
            kept: Cell::new(0),
        }
    }
}

#[repr(C)]
pub struct Proto {
    /// aux0: numparams, aux1: is_vararg, aux32: see `entry`
    pub header: Header,
    pub code: Array<u32>,
    pub k: Array<Value>,
    pub protos: Array<Gc<Proto>>,
    /// line of each instruction; empty when stripped
    pub lineinfo: Array<i32>,
    pub locvars: Array<LocVar>,
    pub upvalues: Array<UpvalDesc>,
    /// Executable form (owned; `code.len()` long) or null: see `entry`.
    pub(super) exec: Cell<*mut ExecInsn>,
    /// Native code, and how far the function is from getting some: see `entry`.
    #[cfg(native_code)]
    pub(super) native: NativeCode,
    /// Last closure made from this prototype, reused while it captures the same upvalues. Weak.
    pub cache: Cell<Option<Gc<LuaClosure>>>,
    pub source: Cell<Option<Gc<Str>>>,
    pub linedefined: Cell<i32>,
    pub lastlinedefined: Cell<i32>,
}

impl Proto {
    #[inline(always)]
    pub fn numparams(&self) -> u8 {
        self.header.aux0.get()
    }
    #[inline(always)]
    pub fn is_vararg(&self) -> bool {
        self.header.aux1.get() != 0
    }
    /// Bytes of a prototype with its arrays.
    pub fn size(&self) -> usize {
        size_of::<Proto>()
            + self.code.len() * 4
            + self.k.len() * size_of::<Value>()
            + self.protos.len() * size_of::<Gc<Proto>>()
            + self.lineinfo.len() * 4
            + self.locvars.len() * size_of::<LocVar>()
            + self.upvalues.len() * size_of::<UpvalDesc>()
            + self.entry().size()
    }
    pub fn set_numparams(&self, n: u8) {
        self.header.aux0.set(n)
    }
    pub fn set_vararg(&self, v: bool) {
        self.header.aux1.set(v as u8)
    }
}

impl Gc<Proto> {
    /// A prototype with nothing in it.
    pub fn new(l: impl InHeap) -> Result<Gc<Proto>, OutOfMemory> {
        let p = heap::alloc_object(l, Kind::Proto, size_of::<Proto>())?.cast::<Proto>();
        // SAFETY: a fresh block of the size of a prototype.
        let p: Gc<Proto> = unsafe {
            p.write(Proto {
                header: Header::new(Kind::Proto, heap::current_white(l.heap())),
                code: Array::empty(),
                k: Array::empty(),
                protos: Array::empty(),
                lineinfo: Array::empty(),
                locvars: Array::empty(),
                upvalues: Array::empty(),
                exec: Cell::new(core::ptr::null_mut()),
                #[cfg(native_code)]
                native: NativeCode::new(),
                cache: Cell::new(None),
                source: Cell::new(None),
                linedefined: Cell::new(0),
                lastlinedefined: Cell::new(0),
            });
            Gc::from_ptr(p)
        };
        p.set_maxstacksize(0);
        heap::link(l.heap(), p.erase());
        Ok(p)
    }
    /// Frees the arrays; the prototype is dead (collector only).
    pub fn free_parts(self, l: impl InHeap) {
        self.entry().free(l);
        self.code.free(l);
        self.k.free(l);
        self.protos.free(l);
        self.lineinfo.free(l);
        self.locvars.free(l);
        self.upvalues.free(l);
    }
}

impl Value {
    /// Only in stack slots, to keep a prototype alive while it is being made: not a value of the language.
    #[inline(always)]
    pub fn proto(p: Gc<Proto>) -> Value {
        Self::boxed(TAG_OBJECT, p.as_ptr())
    }
}
