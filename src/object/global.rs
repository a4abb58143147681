//! The global state, which all threads of one state share, and where it has the metamethods of a value.

use super::c_types::lua_CFunction;
use super::effects::EffectCounts;
use super::header::Gc;
use super::heap::Heap;
use super::light::WideLights;
use super::limits::Limits;
use super::metamethod::{METAMETHOD_COUNT, Metamethod};
use super::slot::SlotOffset;
use super::string::Str;
use super::table::Table;
use super::thread::Thread;
use super::upcalls::Upcalls;
use super::value::Value;
use crate::boundary;
use crate::mem::{Array, ByteBuf};
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::ops::Deref;

pub struct Global {
    pub heap: Heap,
    pub upcalls: &'static Upcalls,
    /// Runs code of all kinds, at any checkpoint (set by the base library).
    #[cfg(feature = "stress-finalizers")]
    pub accomplice: Cell<Option<super::upcalls::Accomplice>>,
    pub registry: Cell<Value>,
    pub main_thread: Cell<Option<Gc<Thread>>>,
    /// The coroutine that was resumed last and has not yielded or ended since. It and those that wait for it
    /// (`Thread::resumer`) live, though nothing else may refer to them.
    pub running: Cell<Option<Gc<Thread>>>,
    pub panic: Cell<Option<lua_CFunction>>,
    /// Offset of the outermost function whose call an error left that nothing will stop; 0: none.
    pub failed_call: Cell<SlotOffset>,
    /// Nested native calls that a panic function may have jumped out of.
    pub abandoned_levels: Cell<u16>,
    /// The state of the C boundary: innermost pad, exception in flight.
    pub link: UnsafeCell<boundary::Link>,
    pub native_stack: boundary::NativeStack,
    /// "not enough memory", made at start so that it needs no memory
    pub memory_message: Cell<Option<Gc<Str>>>,
    pub metamethod_names: [Cell<Option<Gc<Str>>>; METAMETHOD_COUNT],
    /// metatables of the basic types
    pub metatables: [Cell<Option<Gc<Table>>>; crate::consts::LUA_NUMTAGS as usize],
    /// the metatable of file handles: what C code gives it to becomes one (`Content::Stream`)
    pub file_metatable: Cell<Option<Gc<Table>>>,
    /// handles of the C libraries that were loaded, in this order
    pub libraries: Array<*mut c_void>,
    pub wide_lights: WideLights,
    pub effects: EffectCounts,
    pub limits: Limits,
    #[cfg(native_code)]
    pub native: super::native::NativeState,
    /// Scratch bytes for the lexer and for concatenation.
    pub scratch: ByteBuf,
    /// the main thread exists completely
    pub complete: Cell<bool>,
    /// the version number of the library that made the state; its address tells copies of the library apart
    pub version: &'static f64,
}

/// A global state is a heap, and more: its objects take it for that.
impl Deref for Global {
    type Target = Heap;
    #[inline(always)]
    fn deref(&self) -> &Heap {
        &self.heap
    }
}

impl Global {
    #[inline(always)]
    pub fn metamethod_name(&self, event: Metamethod) -> Gc<Str> {
        // SAFETY: all names are made while the state is opened and are fixed.
        unsafe { self.metamethod_names[event as usize].get().unwrap_unchecked() }
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
    /// Metamethod in a metatable, with the absence cache (`event` up to `Eq` only).
    #[inline(always)]
    pub fn cached_metamethod(&self, mt: Option<Gc<Table>>, event: Metamethod) -> Value {
        let Some(mt) = mt else { return Value::NIL };
        if mt.flags() & 1 << event as u8 != 0 {
            return Value::NIL;
        }
        let v = mt.get_short(self.metamethod_name(event));
        if v.is_nil() {
            mt.set_flags(mt.flags() | 1 << event as u8);
        }
        v
    }
    /// Metamethod of a value.
    pub fn metamethod_of(&self, v: Value, event: Metamethod) -> Value {
        match self.metatable_of(v) {
            Some(mt) => mt.get_short(self.metamethod_name(event)),
            None => Value::NIL,
        }
    }
}
