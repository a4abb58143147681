//! Open and closed upvalues.

pub use crate::gc::upvalues::close;
use crate::mem::OutOfMemory;
use crate::object::heap;
use crate::object::{Gc, Header, Kind, Slot, Thread, UpVal, Value};
use core::cell::Cell;

/// The open upvalue of the stack slot `level`, made when there is none yet.
#[inline(always)]
pub fn find(l: Gc<Thread>, level: Slot) -> Result<Gc<UpVal>, OutOfMemory> {
    let mut link = l.first_open();
    while let Some(uv) = link.get() {
        if uv.v.get() < level {
            break;
        }
        if uv.v.get() == level {
            heap::revive(l.global(), uv.erase());
            return Ok(uv);
        }
        link = uv.next_open();
    }
    let offset = l.save_slot(level);
    let uv = allocate(l)?;
    uv.v.set(l.restore_slot(offset));
    // An emergency collection may have unlinked dead upvalues: find the place again.
    let mut link = l.first_open();
    while let Some(o) = link.get() {
        if o.v.get() < uv.v.get() {
            break;
        }
        link = o.next_open();
    }
    uv.next_open().set(link.get());
    link.set(Some(uv));
    Ok(uv)
}

#[inline(always)]
fn allocate(l: Gc<Thread>) -> Result<Gc<UpVal>, OutOfMemory> {
    let p = heap::alloc_object(l, Kind::UpVal, size_of::<UpVal>())?.cast::<UpVal>();
    // SAFETY: a fresh block of the size of an upvalue.
    unsafe {
        p.write(UpVal {
            header: Header::new(Kind::UpVal, heap::current_white(l.global())),
            v: Cell::new(Slot::NULL),
            value: Cell::new(Value::NIL),
        });
        Ok(Gc::from_ptr(p))
    }
}

/// A new closed upvalue holding nil.
pub fn new_closed(l: Gc<Thread>) -> Result<Gc<UpVal>, OutOfMemory> {
    let uv = allocate(l)?;
    uv.v.set(Slot::from_ptr(uv.value.as_ptr()));
    heap::link(l.global(), uv.erase());
    Ok(uv)
}
