//! Open and closed upvalues.

use crate::gc;
use crate::mem;
use crate::object::{Gc, Header, Kind, Lua, UpVal, Value};
use crate::throw::LResult;
use core::cell::Cell;

/// The open upvalue of the stack slot `level`, made when there is none yet.
#[inline(always)]
pub fn find(l: Lua, level: *mut Value) -> LResult<Gc<UpVal>> {
    let mut link: &Cell<Option<Gc<UpVal>>> = &l.open_upvals;
    while let Some(uv) = link.get() {
        if uv.v.get() < level {
            break;
        }
        if uv.v.get() == level {
            gc::revive(l.global(), uv.erase());
            return Ok(uv);
        }
        link = next_link(&uv);
    }
    let offset = l.save_slot(level);
    let uv = allocate(l)?;
    uv.v.set(l.restore_slot(offset));
    // An emergency collection may have unlinked dead upvalues: find the place again.
    let mut link: &Cell<Option<Gc<UpVal>>> = &l.open_upvals;
    while let Some(o) = link.get() {
        if o.v.get() < uv.v.get() {
            break;
        }
        link = next_link(&o);
    }
    next_link(&uv).set(link.get());
    link.set(Some(uv));
    Ok(uv)
}

/// The list link of an open upvalue (`Header::next`, typed).
pub fn next_link(uv: &Gc<UpVal>) -> &'static Cell<Option<Gc<UpVal>>> {
    // SAFETY: both are nullable pointers to an object that starts with a header; the list holds upvalues only.
    // The reference is used before the upvalue can be freed.
    unsafe { &*(&raw const uv.header.next).cast() }
}

#[inline(always)]
fn allocate(l: Lua) -> LResult<Gc<UpVal>> {
    let p = mem::alloc_object(l, Kind::UpVal, size_of::<UpVal>())?.cast::<UpVal>();
    // SAFETY: a fresh block of the size of an upvalue.
    unsafe {
        p.write(UpVal {
            header: Header::new(Kind::UpVal, gc::current_white(l.global())),
            v: Cell::new(core::ptr::null_mut()),
            value: Cell::new(Value::NIL),
        });
        Ok(Gc::from_ptr(p))
    }
}

/// A new closed upvalue holding nil.
pub fn new_closed(l: Lua) -> LResult<Gc<UpVal>> {
    let uv = allocate(l)?;
    uv.v.set(uv.value.as_ptr());
    gc::link(l.global(), uv.erase());
    Ok(uv)
}

/// Closes all upvalues at or above the slot `level`.
#[inline]
pub fn close(l: Lua, level: *mut Value) {
    if l.open_upvals.get().is_some_and(|uv| uv.v.get() >= level) {
        close_some(l, level);
    }
}

#[inline(never)]
fn close_some(l: Lua, level: *mut Value) {
    while let Some(uv) = l.open_upvals.get() {
        if uv.v.get() < level {
            break;
        }
        l.open_upvals.set(next_link(&uv).get());
        uv.value.set(uv.get());
        uv.v.set(uv.value.as_ptr());
        gc::upval_closed(l, uv);
    }
}
