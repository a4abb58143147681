//! How the interpreter gets at tables: by constant key with an inline-cache hint, by array index, and step by step in
//! loops over `next` and `ipairs`.
//!
//! Rules
//! 1. A hint is only a guess where a node is; it is trusted after comparing the size of the node part and the key of
//!    the node. Hints are written into the running instruction, which belongs to a live prototype.
//! 2. References to nodes and slots are used before the table changes.

use crate::code::bytecode::FIELDS_PER_FLUSH;
use crate::code::exec::{ExecInsn, Hint};
use crate::gc;
use crate::num;
use crate::object::table::Node;
use crate::object::{Gc, Interior, Metamethod, Slot, Str, Table, Thread, Value};
use crate::throw::LResult;
use crate::vm::error::{OrThrow, ValueAt};
use crate::vm::meta;

/// Steps of inheritance taken without the general look-up.
const MAX_INHERITANCE: usize = 16;

/// Looks a short-string key up in a table and remembers where it was.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(always)]
pub(crate) unsafe fn find_hinted(t: Gc<Table>, key: Gc<Str>, insn: *mut ExecInsn) -> Option<Interior<Node>> {
    let n = t.find_short(key)?;
    let hint = Hint::of(t.lsizenode(), t.data(), core::ptr::from_ref(n).cast());
    // SAFETY: `insn` is the running instruction of a live prototype; the node is in the table's block.
    unsafe {
        *insn = ExecInsn((*insn).0 & 0xFFFF_FFFF | (hint.0 as u64) << 32);
        Some(Interior::new(n))
    }
}

/// The node the hint points to, if it is the key's.
#[inline(always)]
pub fn hinted_node(t: Gc<Table>, key: Value, hint: Hint) -> Option<Interior<Node>> {
    if t.lsizenode() != hint.size_log() {
        return None;
    }
    // SAFETY: the hint was made for a node part of this size, so the address is one of its nodes.
    let n = unsafe { Interior::new(&*t.data().sub(hint.byte_distance()).cast::<Node>()) };
    if n.key.get() == key { Some(n) } else { None }
}

/// The node of a key in a class: by the hint, or looked up and remembered.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(always)]
unsafe fn class_node(class: Gc<Table>, key: Gc<Str>, insn: *mut ExecInsn) -> Option<Interior<Node>> {
    // SAFETY: `insn` is the running instruction.
    let hint = Hint(unsafe { (*insn).imm() });
    match hinted_node(class, Value::string(key), hint) {
        Some(n) => Some(n),
        // SAFETY: `insn` is the running instruction.
        None => unsafe { find_hinted(class, key, insn) },
    }
}

/// `obj[key]` with a short string for key; remembers where it was.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(never)]
pub(crate) unsafe fn get_field(
    l: Gc<Thread>,
    obj: ValueAt,
    key: Value,
    insn: *mut ExecInsn,
) -> LResult<Value> {
    if let (Some(t), Some(s)) = (obj.value.as_table(), key.as_string()) {
        // SAFETY: the running instruction.
        match unsafe { find_hinted(t, s, insn) } {
            Some(n) if !n.val.get().is_nil() => return Ok(n.val.get()),
            _ => {}
        }
        // SAFETY: the running instruction.
        if let Some(v) = unsafe { inherited(l, t, s, insn) } {
            return Ok(v);
        }
    }
    meta::get_at(l, obj, key)
}

/// The value that a table without such a field inherits through `__index` tables; `None` when a function is to be
/// asked.
///
/// # Safety
/// The contract of `vm::ops`.
pub(crate) unsafe fn inherited(
    l: Gc<Thread>,
    t: Gc<Table>,
    key: Gc<Str>,
    insn: *mut ExecInsn,
) -> Option<Value> {
    let mut t = t;
    for _ in 0..MAX_INHERITANCE {
        let metatable = t.metatable.get();
        if metatable.is_none() {
            return Some(Value::NIL);
        }
        let index = l.global().cached_metamethod(metatable, Metamethod::Index);
        if index.is_nil() {
            return Some(Value::NIL);
        }
        t = index.as_table()?;
        // SAFETY: the running instruction.
        let v = unsafe { find_hinted(t, key, insn) }.map_or(Value::NIL, |n| n.val.get());
        if !v.is_nil() {
            return Some(v);
        }
    }
    None
}

/// `obj[key] = val` with a short string for key; remembers where it is.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(never)]
pub(crate) unsafe fn set_field(
    l: Gc<Thread>,
    obj: ValueAt,
    key: Value,
    val: Value,
    insn: *mut ExecInsn,
) -> LResult<()> {
    if let (Some(t), Some(s)) = (obj.value.as_table(), key.as_string()) {
        let absent = t.metatable.get().is_none();
        // A field of a table just made, most of the time.
        let slot = if absent && let Some(n) = t.unused_main(s) {
            n.key.set(key);
            gc::barrier_back(l, t.erase(), key);
            // SAFETY: a part of the table.
            Some(unsafe { Interior::new(&n.val) })
        } else {
            // SAFETY: the running instruction.
            match unsafe { find_hinted(t, s, insn) } {
                // SAFETY: a part of the table.
                Some(n) if absent || !n.val.get().is_nil() => Some(unsafe { Interior::new(&n.val) }),
                None if absent => Some(t.new_key(l, key).or_throw(l)?),
                _ => None,
            }
        };
        if let Some(slot) = slot {
            slot.set(val);
            t.set_flags(0);
            gc::barrier_back(l, t.erase(), val);
            return Ok(());
        }
    }
    meta::set_at(l, obj, key, val)
}

/// Returns `obj[key]`, unless a metamethod decides that. Raises nothing.
#[inline(never)]
pub fn get_plain(l: Gc<Thread>, obj: Value, key: Value) -> Option<Value> {
    let t = obj.as_table()?;
    let v = match key.as_string() {
        Some(s) if s.is_short() => t.get_short(s),
        _ => t.get(l.global(), key),
    };
    (!v.is_nil() || t.metatable.get().is_none()).then_some(v)
}

/// `obj[key] = val` with any key.
#[inline(never)]
pub(crate) fn set_index(l: Gc<Thread>, obj: ValueAt, key: Value, val: Value) -> LResult<()> {
    let Some(t) = obj.value.as_table() else { return meta::set_at(l, obj, key, val) };
    let plain = t.metatable.get().is_none();
    let slot = match key.as_string() {
        Some(s) if s.is_short() => t.find_short(s).map(|n| &n.val),
        _ => t.find(l.global(), key),
    };
    match slot {
        Some(s) if plain || !s.get().is_nil() => s.set(val),
        None if plain => t.slot(l, key).or_throw(l)?.set(val),
        _ => return meta::set_at(l, obj, key, val),
    }
    t.set_flags(0);
    gc::barrier_back(l, t.erase(), val);
    Ok(())
}

/// The method of an object whose class is its metatable's `__index` table; nil when it is not that simple.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(always)]
pub(crate) unsafe fn find_method(l: Gc<Thread>, t: Gc<Table>, key: Gc<Str>, insn: *mut ExecInsn) -> Value {
    if let Some(n) = t.find_short(key)
        && !n.val.get().is_nil()
    {
        return n.val.get();
    }
    let Some(class) = class_of(l, t.metatable.get()) else { return Value::NIL };
    // SAFETY: the running instruction.
    unsafe { class_node(class, key, insn) }.map_or(Value::NIL, |n| n.val.get())
}

#[inline(always)]
fn class_of(l: Gc<Thread>, metatable: Option<Gc<Table>>) -> Option<Gc<Table>> {
    l.global().cached_metamethod(metatable, Metamethod::Index).as_table()
}

/// A method of strings, from the `__index` table of their metatable; nil when it is not there.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(never)]
pub(crate) unsafe fn find_string_method(
    l: Gc<Thread>,
    obj: Value,
    name: Gc<Str>,
    insn: *mut ExecInsn,
) -> Value {
    if !obj.is_string() {
        return Value::NIL;
    }
    let Some(class) = class_of(l, l.global().metatable_of(obj)) else { return Value::NIL };
    // SAFETY: the running instruction.
    unsafe { class_node(class, name, insn) }.map_or(Value::NIL, |n| n.val.get())
}

/// `SelfField` when neither the table nor its class has the field.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(never)]
pub(crate) unsafe fn get_method(
    l: Gc<Thread>,
    obj: ValueAt,
    key: Value,
    insn: *mut ExecInsn,
) -> LResult<Value> {
    if let (Some(name), Some(t)) = (key.as_string(), obj.value.as_table())
        && let Some(class) = class_of(l, t.metatable.get())
        // SAFETY: the running instruction.
        && let Some(v) = unsafe { inherited(l, class, name, insn) }
    {
        return Ok(v);
    }
    meta::get_at(l, obj, key)
}

/// Integer view of a number: exact for the integers a table's array part can hold, garbage otherwise.
#[inline(always)]
pub fn truncate(n: f64) -> i64 {
    num::to_integer(n) as i64
}

/// Value in the array part for a number key.
#[inline(always)]
pub fn array_slot(t: Gc<Table>, n: f64) -> Option<Slot> {
    let i = truncate(n);
    if i as f64 == n && (i as u64).wrapping_sub(1) < t.asize() as u64 {
        Some(Slot::from_ptr(t.array_ptr()).above(i as usize - 1))
    } else {
        None
    }
}

/// The node of a table that a hint leads to, if it is the key's; none when `obj` is no table.
#[inline(always)]
pub fn node_of(obj: Value, key: Value, hint: Hint) -> Option<Interior<Node>> {
    if !obj.is_table() {
        return None;
    }
    // SAFETY: the test above has shown that it is a table.
    hinted_node(unsafe { obj.table_unchecked() }, key, hint)
}

/// The array slot of a table for an index counted from 0; none when `obj` is no table.
#[inline(always)]
pub fn slot_at(obj: Value, index: u32) -> Option<Slot> {
    if !obj.is_table() {
        return None;
    }
    // SAFETY: the test above has shown that it is a table.
    let t = unsafe { obj.table_unchecked() };
    if index < t.asize() { Some(Slot::from_ptr(t.array_ptr()).above(index as usize)) } else { None }
}

/// The array slot of a table for a number key; none when `obj` is no table.
#[inline(always)]
pub fn slot_of(obj: Value, n: f64) -> Option<Slot> {
    if !obj.is_table() {
        return None;
    }
    // SAFETY: the test above has shown that it is a table.
    array_slot(unsafe { obj.table_unchecked() }, n)
}

/// Stores the `n` values from `first` on in a table under construction, as its batch number `batch`.
///
/// # Safety
/// The contract of `vm::ops`.
#[inline(never)]
pub(crate) unsafe fn set_list(l: Gc<Thread>, t: Gc<Table>, first: Slot, n: usize, batch: u32) -> LResult<()> {
    let start = (batch - 1) * FIELDS_PER_FLUSH;
    let last = start + n as u32;
    if last > t.asize() {
        t.resize(l, last, t.hsize()).or_throw(l)?;
    }
    for i in (1..=n).rev() {
        // SAFETY: `n` values start at `first`; nothing below moves the stack.
        let v = unsafe { first.above(i - 1).read() };
        t.set_int(l, (start + i as u32) as i64, v).or_throw(l)?;
    }
    Ok(())
}
