//! Planted faults for the checker's self-test: it must find what the lines `held: FUNCTION VARIABLE` name, and nothing
//! else. The library's types and calls are here in miniature.

#![allow(dead_code)]

use std::cell::Cell;
use std::ops::Deref;

pub struct Thread {
    top: Cell<*mut Value>,
    ci: Cell<*const CallInfo>,
    table: Gc<Table>,
}
pub struct CallInfo {
    func: Cell<*mut Value>,
}
pub struct Table {
    slot: Cell<Value>,
}
pub struct Str {
    bytes: [u8; 8],
}
#[derive(Clone, Copy, PartialEq)]
pub struct Value(u64);
pub struct Gc<T>(*const T);
impl<T> Clone for Gc<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Gc<T> {}
impl<T> Deref for Gc<T> {
    type Target = T;
    fn deref(&self) -> &T {
        unsafe { &*self.0 }
    }
}
pub type Lua = Gc<Thread>;

impl Value {
    fn as_string(self) -> Option<Gc<Str>> {
        Some(Gc(self.0 as *const Str))
    }
}
impl Str {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
impl Table {
    fn get(&self) -> Value {
        self.slot.get()
    }
}
fn type_name(v: Value) -> &'static [u8] {
    if v.0 == 0 { b"nil" } else { b"other" }
}

/// Stands for a piece of the collector's work.
#[inline(never)]
fn collect(_: Lua) {}
/// Stands for the growth of a stack.
#[inline(never)]
fn move_stack(_: Lua) {}
/// Stands for assembly that calls out.
#[inline(never)]
fn foreign(_: Lua) {}
/// Frees, but moves nothing: the list says so.
fn emergency(l: Lua) {
    collect(l);
    move_stack(l);
}
fn allocate(l: Lua, allocator: fn(usize) -> usize) -> Result<u64, u32> {
    emergency(l);
    Ok(allocator(8) as u64)
}
fn malloc(n: usize) -> usize {
    n
}
fn new(l: Lua) -> Result<Value, u32> {
    allocate(l, malloc).map(Value)
}
fn call(f: fn(Lua), l: Lua) {
    f(l)
}

/// An element is used after an allocation.
// held: value_over_allocation v
pub fn value_over_allocation(l: Lua) -> Result<bool, u32> {
    let v = l.table.get();
    let other = new(l)?;
    Ok(v == other)
}

/// Only bytes are passed on, but the callee keeps them over its allocation.
// held: bytes_passed_on s
pub fn bytes_passed_on(l: Lua) -> Result<usize, u32> {
    let Some(s) = l.table.get().as_string() else { return Ok(0) };
    add(l, s.bytes())
}
fn add(l: Lua, bytes: &[u8]) -> Result<usize, u32> {
    prepare(l)?;
    Ok(bytes.len() + bytes[0] as usize)
}
fn prepare(l: Lua) -> Result<(), u32> {
    new(l).map(drop)
}

/// A closure carries the pointer.
// held: closure_captures t
pub fn closure_captures(l: Lua) -> Result<u64, u32> {
    let t = Gc(&raw const *l.table);
    let t = pick(t);
    filled(l, || t.slot.get().0)
}
fn pick(t: Gc<Table>) -> Gc<Table> {
    t
}
fn filled(l: Lua, fill: impl Fn() -> u64) -> Result<u64, u32> {
    new(l)?;
    Ok(fill())
}

/// The closure that runs is what collects.
// held: closure_collects v
pub fn closure_collects(l: Lua) -> u64 {
    let v = l.table.get();
    twice(|| collect(l));
    v.0
}
fn twice(mut f: impl FnMut()) {
    f();
    f();
}

/// A pointer into the stack over a move of it.
// held: slot_over_move top
pub fn slot_over_move(l: Lua) -> u64 {
    let top = l.top.get();
    move_stack(l);
    unsafe { (*top).0 }
}
/// The same is fine where nothing but objects can be freed.
pub fn slot_over_emergency(l: Lua) -> u64 {
    let top = l.top.get();
    emergency(l);
    unsafe { (*top).0 }
}

/// A frame over a call through a pointer.
// held: frame_over_call ci
pub fn frame_over_call(l: Lua, hook: fn(Lua)) -> *mut Value {
    let ci = unsafe { &*l.ci.get() };
    call(hook, l);
    ci.func.get()
}

/// The same where the compiler does not see the call.
// held: frame_over_foreign ci
pub fn frame_over_foreign(l: Lua) -> *mut Value {
    let ci = unsafe { &*l.ci.get() };
    foreign(l);
    ci.func.get()
}

/// Held in one round of a loop for the next.
// held: over_the_loop last
pub fn over_the_loop(l: Lua, n: u32) -> u64 {
    let mut last = Value(0);
    let mut sum = 0;
    for _ in 0..n {
        sum += last.0;
        last = l.table.get();
        collect(l);
    }
    sum
}

/// A structure of Rust's keeps the pointer.
// held: kept_in_structure matcher
pub fn kept_in_structure(l: Lua) -> u64 {
    let mut matcher = Matcher { subject: l.table.get(), steps: 0 };
    matcher.run(l);
    matcher.steps
}
struct Matcher {
    subject: Value,
    steps: u64,
}
impl Matcher {
    fn run(&mut self, l: Lua) {
        collect(l);
        self.steps += self.subject.0;
    }
}

/// The parameter is what the caller answers for.
pub fn callers_business(l: Lua, v: Value) -> u64 {
    collect(l);
    v.0
}
/// Read anew.
pub fn read_anew(l: Lua) -> u64 {
    let first = l.table.get().0;
    collect(l);
    first + l.table.get().0
}
/// Static names live for ever.
pub fn static_name(l: Lua) -> usize {
    let name = type_name(Value(1));
    collect(l);
    name.len()
}
