//! Freeing objects. The collector decides which are dead.

use super::{CClosure, Gc, GcRef, Kind, LuaClosure, Proto, Str, Table, Thread, UpVal, Userdata};
use crate::mem;

/// Gives back all memory of an object that nothing refers to any more. An open upvalue of a thread is none of its
/// parts: `close` closes those of a thread.
#[inline(always)]
pub fn free(l: Gc<Thread>, o: GcRef, close: impl FnOnce(Gc<Thread>)) {
    // SAFETY: the kind names the type of the object, in all arms.
    let size = unsafe {
        match o.kind() {
            Kind::Table => {
                o.cast::<Table>().free_parts(l);
                size_of::<Table>()
            }
            Kind::ShortStr | Kind::LongStr => o.cast::<Str>().size(),
            Kind::LuaClosure => LuaClosure::size_of(o.cast::<LuaClosure>().nupvalues()),
            Kind::CClosure => CClosure::size_of(o.cast::<CClosure>().nupvalues()),
            Kind::UpVal => size_of::<UpVal>(),
            Kind::Userdata => Userdata::size_of(o.cast::<Userdata>().len),
            Kind::Thread => {
                l.global().limits.wait_for_interrupters();
                close(o.cast());
                o.cast::<Thread>().free_parts(l);
                size_of::<Thread>()
            }
            Kind::Proto => {
                #[cfg(native_code)]
                o.cast::<Proto>().entry().free_native(l);
                o.cast::<Proto>().free_parts(l);
                size_of::<Proto>()
            }
            Kind::Builtin => {
                debug_assert!(false, "a static object is on a list");
                return;
            }
        }
    };
    mem::free_small(l, o.as_ptr().cast(), size);
}
