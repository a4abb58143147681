//! The collector.

use crate::object::{Gc, GcRef, Global, Lua, UpVal, Value, mark};
use crate::throw::LResult;
use core::cell::Cell;

/// The collector's part of the global state.
pub struct GcState {
    /// bytes in use, as accounted by `mem`, less `debt`
    pub total_bytes: Cell<isize>,
    /// bytes allocated not yet paid for by collection work; a step is due when it is positive
    pub debt: Cell<isize>,
    pub current_white: Cell<u8>,
    pub allgc: Cell<Option<GcRef>>,
}

impl GcState {
    pub const fn new() -> GcState {
        GcState {
            total_bytes: Cell::new(0),
            debt: Cell::new(0),
            current_white: Cell::new(mark::WHITE0),
            allgc: Cell::new(None),
        }
    }
}

impl Default for GcState {
    fn default() -> Self {
        Self::new()
    }
}

#[inline(always)]
pub fn account(g: &Global, delta: isize) {
    g.gc.debt.set(g.gc.debt.get() + delta)
}
#[inline(always)]
pub fn current_white(g: &Global) -> u8 {
    g.gc.current_white.get() & mark::WHITES
}
/// Puts a new object on the list of all objects.
#[inline(always)]
pub fn link(g: &Global, o: GcRef) {
    o.next.set(g.gc.allgc.get());
    g.gc.allgc.set(Some(o));
}
/// A dead short string found in its chain is wanted again.
#[inline(always)]
pub fn revive(g: &Global, o: GcRef) {
    let _ = (g, o);
}
/// Collects everything that can be collected without calling finalizers. False when not possible now.
pub fn emergency(l: Lua) -> bool {
    let _ = l;
    false
}
/// `o` got a reference to `v`: a black `o` is made grey again (for tables: many writes are likely).
#[inline(always)]
pub fn barrier_back(l: Lua, o: GcRef, v: Value) {
    let _ = (l, o, v);
}
/// `o` got a reference to `v`: `v` is marked (for objects rarely written).
#[inline(always)]
pub fn barrier(l: Lua, o: GcRef, v: Value) {
    let _ = (l, o, v);
}
/// `barrier` for a reference to an object.
#[inline(always)]
pub fn barrier_object<T>(l: Lua, o: GcRef, to: Gc<T>) {
    let _ = (l, o, to);
}
/// A value was stored in a closed upvalue.
#[inline(always)]
pub fn barrier_upval(l: Lua, uv: Gc<UpVal>, v: Value) {
    let _ = (l, uv, v);
}
/// Collection checkpoint: does a step when one is due. Everything live must be reachable.
///
/// A step may call finalizers, whose errors come out here (`Throw::GCMM`), and may move any stack.
#[inline(always)]
pub fn check(l: Lua) -> LResult<()> {
    if l.global().gc.debt.get() > 0 { step(l) } else { Ok(()) }
}
#[cold]
pub fn step(l: Lua) -> LResult<()> {
    let _ = l;
    Ok(())
}
/// `uv` was taken off its thread's list of open upvalues and closed (its value copied): puts it on the list of all
/// objects, or frees it when it is dead.
pub fn upval_closed(l: Lua, uv: Gc<UpVal>) {
    link(l.global(), uv.erase());
}
/// `lua_gc`: option `what` with its argument.
pub fn control(l: Lua, what: i32, data: i32) -> LResult<i32> {
    let _ = (l, what, data);
    Ok(0)
}
/// `o` got the metatable `mt`: when that has `__gc`, `o` is moved to the list of objects with finalizers.
pub fn check_finalizer(l: Lua, o: GcRef, mt: Gc<crate::object::Table>) {
    let _ = (l, o, mt);
}
/// Frees every object (`lua_close`), after calling all pending finalizers.
pub fn close(l: Lua) -> LResult<()> {
    let _ = l;
    Ok(())
}

/// `l` has an open upvalue now.
pub fn thread_has_upvals(l: Lua) {
    let _ = l;
}
/// The state is complete: collection may begin.
pub fn start(l: Lua) {
    let _ = l;
}
/// Bytes in use.
pub fn bytes_in_use(g: &Global) -> isize {
    g.gc.total_bytes.get() + g.gc.debt.get()
}
