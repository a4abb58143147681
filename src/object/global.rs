//! The global state, which all threads of one state share.

use super::Thread;
use super::c_types::lua_CFunction;
use super::effects::EffectCounts;
use super::gc_state::GcState;
use super::header::Gc;
pub use super::light::WideLights;
use super::metamethod::METAMETHOD_COUNT;
use super::slot::SlotOffset;
use super::string::{Str, StringTable};
use super::table::Table;
use super::upcalls::Upcalls;
use super::value::Value;
use crate::boundary;
use crate::mem::{Array, ByteBuf};
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;

pub struct Global {
    pub gc: GcState,
    pub upcalls: &'static Upcalls,
    /// Runs code of all kinds, at any checkpoint (set by the base library).
    #[cfg(feature = "stress-finalizers")]
    pub accomplice: Cell<Option<super::upcalls::Accomplice>>,
    pub strings: StringTable,
    /// seed of all string hashes
    pub seed: Cell<u64>,
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
    #[cfg(native_code)]
    pub native: super::native::NativeState,
    /// Scratch bytes for the lexer and for concatenation.
    pub scratch: ByteBuf,
    /// the main thread exists completely
    pub complete: Cell<bool>,
    /// the version number of the library that made the state; its address tells copies of the library apart
    pub version: &'static f64,
}
