//! What all threads of one state share.

use super::c_types::lua_CFunction;
use super::header::Gc;
pub use super::light::WideLights;
use super::string::{Str, StringTable};
use super::table::Table;
use super::thread::Lua;
use super::value::Value;
use crate::boundary;
use crate::gc::GcState;
use crate::mem::{Allocator, Array, ByteBuf};
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;

/// Metamethods, in the order of their names in `TAG_METHOD_NAMES`. Those up to `Eq` have an absence bit in
/// `Table::flags`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum TagMethod {
    Index,
    NewIndex,
    Gc,
    Mode,
    Len,
    Eq,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Unm,
    Lt,
    Le,
    Concat,
    Call,
}

pub const TAG_METHOD_COUNT: usize = TagMethod::Call as usize + 1;
pub const TAG_METHOD_NAMES: [&str; TAG_METHOD_COUNT] = [
    "__index",
    "__newindex",
    "__gc",
    "__mode",
    "__len",
    "__eq",
    "__add",
    "__sub",
    "__mul",
    "__div",
    "__mod",
    "__pow",
    "__unm",
    "__lt",
    "__le",
    "__concat",
    "__call",
];

impl TagMethod {
    /// The metamethod of `LUA_OPADD` + n (also of the arithmetic opcodes, in the same order).
    pub fn from_arith(op: u8) -> TagMethod {
        const ARITH: [TagMethod; 7] = [
            TagMethod::Add,
            TagMethod::Sub,
            TagMethod::Mul,
            TagMethod::Div,
            TagMethod::Mod,
            TagMethod::Pow,
            TagMethod::Unm,
        ];
        // A number that a host made up is taken for the last one, as `number_arith` does.
        ARITH[(op as usize).min(ARITH.len() - 1)]
    }
}

pub struct Global {
    pub allocator: Allocator,
    pub gc: GcState,
    pub strings: StringTable,
    /// seed of all string hashes
    pub seed: Cell<u64>,
    pub registry: Cell<Value>,
    pub main_thread: Cell<Option<Lua>>,
    /// The coroutine that was resumed last and has not yielded or ended since. It and those that wait for it
    /// (`Thread::resumer`) live, though nothing else may refer to them.
    pub running: Cell<Option<Lua>>,
    pub panic: Cell<Option<lua_CFunction>>,
    /// Offset of the outermost function whose call an error left that nothing will stop; 0: none.
    pub failed_call: Cell<isize>,
    /// Nested native calls that a panic function may have jumped out of.
    pub abandoned_levels: Cell<u16>,
    /// What crosses the C boundary: innermost pad, exception in flight.
    pub link: UnsafeCell<boundary::Link>,
    pub native_stack: boundary::NativeStack,
    /// "not enough memory", made at start so that it needs no memory
    pub memory_message: Cell<Option<Gc<Str>>>,
    pub tm_names: [Cell<Option<Gc<Str>>>; TAG_METHOD_COUNT],
    /// metatables of the basic types
    pub metatables: [Cell<Option<Gc<Table>>>; crate::consts::LUA_NUMTAGS as usize],
    /// the metatable of file handles: what C code gives it to becomes one (`Content::Stream`)
    pub file_metatable: Cell<Option<Gc<Table>>>,
    /// handles of the C libraries that were loaded, in this order
    pub libraries: Array<*mut c_void>,
    pub wide_lights: WideLights,
    /// Scratch bytes for the lexer and for concatenation.
    pub scratch: ByteBuf,
    /// the main thread exists completely
    pub complete: Cell<bool>,
    /// the version number of the library that made the state; its address tells copies of the library apart
    pub version: &'static f64,
}

impl Global {
    #[inline(always)]
    pub fn tm_name(&self, tm: TagMethod) -> Gc<Str> {
        // SAFETY: all names are made while the state is opened and are fixed.
        unsafe { self.tm_names[tm as usize].get().unwrap_unchecked() }
    }
    /// The metatable of a value, if any.
    #[inline]
    pub fn metatable_of(&self, v: Value) -> Option<Gc<Table>> {
        if let Some(t) = v.as_table() {
            t.metatable.get()
        } else if let Some(u) = v.as_userdata() {
            u.metatable.get()
        } else {
            self.metatables[v.type_id() as usize].get()
        }
    }
    /// Metamethod in a metatable, with the absence cache (`tm` up to `Eq` only).
    #[inline(always)]
    pub fn fast_tm(&self, mt: Option<Gc<Table>>, tm: TagMethod) -> Value {
        let Some(mt) = mt else { return Value::NIL };
        if mt.flags() & 1 << tm as u8 != 0 {
            return Value::NIL;
        }
        let v = mt.get_short(self.tm_name(tm));
        if v.is_nil() {
            mt.set_flags(mt.flags() | 1 << tm as u8);
        }
        v
    }
    /// Metamethod of a value.
    pub fn tm_of(&self, v: Value, tm: TagMethod) -> Value {
        match self.metatable_of(v) {
            Some(mt) => mt.get_short(self.tm_name(tm)),
            None => Value::NIL,
        }
    }
}
