//! The object model: values, object layouts, and the operations that need nothing but the layout and memory.

mod border;
pub mod builtin;
mod c_closure;
pub mod c_types;
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "CallInfos are raw pointers; see the invariants of thread.rs"
)]
pub mod call_info;
pub mod call_kind;
pub mod chunkid;
pub mod closure;
pub mod effects;
pub mod entry;
mod error;
pub mod free;
pub mod gc_state;
pub mod global;
pub mod header;
pub mod heap;
pub mod interior;
pub mod keep;
#[cfg(native_code)]
pub mod layout;
pub mod light;
pub mod limits;
pub mod mark_stack;
pub mod metamethod;
#[cfg(native_code)]
pub mod native;
mod node;
pub mod proto;
pub mod slot;
pub mod stack;
pub mod string;
pub mod string_table;
pub mod table;
pub mod thread;
pub mod upcalls;
pub mod userdata;
pub mod value;
mod waiting;

pub use builtin::{Builtin, FastArguments, FastResult, Intrinsic, RustFn};
pub use c_closure::CClosure;
pub use c_types::lua_CFunction;
pub use call_info::{CallInfo, FrameRef};
pub use closure::{LuaClosure, UpVal};
pub use error::ObjectError;
pub use global::Global;
pub use header::{Gc, GcRef, Header, Kind, gc_bits};
pub use interior::Interior;
pub use metamethod::Metamethod;
pub use proto::{LocVar, Proto, UpvalDesc};
pub use slot::{Slot, SlotOffset};
pub use string::Str;
pub use table::Table;
pub use thread::Thread;
pub use userdata::Userdata;
pub use value::Value;
