//! Marking: from white to grey to black.
//!
//! `mark_object` never recurses deeper than userdata → table or upvalue → userdata → table: everything with
//! references of its own goes to the grey stack. A visit returns the work done, in bytes.
//!
//! A table's slots are visited `PIECE` at a time, so that neither a step nor the grey stack grows with the size of
//! a table. What is left of it goes back on the stack, below what the visited piece pushed. Meanwhile the table is
//! black, so that stores into it raise the barrier; `entries_moved` takes care of entries that change places.

use super::{GcState, Phase};
use crate::object::heap::{is_white_value, push_again};
use crate::object::keep;
use crate::object::mark_stack::{self, Entry, entry};
use crate::object::table::Node;
use crate::object::{
    CClosure, Gc, GcRef, Global, Kind, LuaClosure, Metamethod, Proto, Str, Table, Thread, UpVal, Userdata,
    Value, gc_bits,
};
use crate::sys::arch;

/// Slots of a table visited at once.
const PIECE: u32 = 512;

/// Objects are fetched into the cache this far ahead, because marking mostly waits for memory.
const AHEAD: usize = 8;

/// Kinds of weak tables; the tags of the entries of `GcState::weak`.
pub(super) mod weak {
    pub const VALUES: usize = 1;
    pub const EPHEMERON: usize = 2;
    pub const ALL: usize = 3;
}

#[inline(always)]
pub(super) fn mark_value(g: &Global, v: Value) {
    if let Some(o) = v.object()
        && o.is_white()
    {
        mark_object(g, o);
    }
}
#[inline(always)]
pub(super) fn mark<T>(g: &Global, o: Gc<T>) {
    if o.header().is_white() {
        mark_object(g, o.erase());
    }
}
#[inline(always)]
fn mark_opt<T>(g: &Global, o: Option<Gc<T>>) {
    if let Some(o) = o {
        mark(g, o);
    }
}
#[inline(always)]
fn blacken(o: GcRef) {
    o.marked.set(o.marked.get() & !(gc_bits::WHITES | gc_bits::AWAITED) | gc_bits::BLACK);
}
fn add_traversed(gc: &GcState, size: usize) {
    gc.traversed.set(gc.traversed.get() + size);
}

/// A white object was reached.
pub(super) fn mark_object(g: &Global, o: GcRef) {
    debug_assert!(o.is_white());
    let gc = &g.gc;
    match o.kind() {
        Kind::ShortStr | Kind::LongStr => {
            blacken(o);
            // SAFETY: the kind names the type of the object.
            add_traversed(gc, unsafe { o.cast::<Str>() }.size());
        }
        Kind::Userdata => {
            let tag = awaited(o);
            blacken(o);
            if tag != 0 && !gc.grey.push(&g.gc.memory, entry(o, tag)) {
                no_room(gc, tag);
            }
            // SAFETY: the kind names the type of the object.
            let u: Gc<Userdata> = unsafe { o.cast() };
            add_traversed(gc, Userdata::size_of(u.len));
            mark_opt(g, u.metatable.get());
            mark_value(g, u.uservalue.get());
        }
        Kind::UpVal => {
            // SAFETY: the kind names the type of the object.
            let uv: Gc<UpVal> = unsafe { o.cast() };
            add_traversed(gc, size_of::<UpVal>());
            if uv.is_open() && gc.phase.get() != Phase::Atomic {
                // Its slot may be written without a barrier, and its thread may never be reached.
                o.marked.set(o.marked.get() & !gc_bits::WHITES);
                push_again(g, o);
            } else {
                blacken(o);
            }
            mark_value(g, uv.get());
        }
        kind => {
            let tag = awaited(o);
            o.marked.set(o.marked.get() & !(gc_bits::WHITES | gc_bits::AWAITED));
            if kind == Kind::Table {
                // SAFETY: the kind names the type of the object.
                arch::prefetch(unsafe { o.cast::<Table>() }.data());
            }
            if !gc.grey.push(&g.gc.memory, entry(o, tag)) {
                no_room(gc, tag);
            }
        }
    }
}

/// The grey stack could not take an entry with this tag.
#[cold]
#[inline(never)]
fn no_room(gc: &GcState, tag: usize) {
    gc.overflow.set(true);
    if tag != 0 {
        gc.waiting.lose();
    }
}

/// The tag of a white object's entry on the grey stack: whether values wait for it.
#[inline(always)]
fn awaited(o: GcRef) -> usize {
    const _: () = assert!(gc_bits::AWAITED as usize >> 6 == mark_stack::AWAITED);
    (o.marked.get() & gc_bits::AWAITED) as usize >> 6
}

/// Keeps a grey object for the next generational collection.
fn keep_for_next(g: &Global, o: GcRef) {
    if !g.gc.again.push(&g.gc.memory, entry(o, 0)) {
        g.gc.lost.set(true);
    }
}

/// Visits one grey object, or a piece of one. `None` when the grey stack is empty.
pub(super) fn propagate_one(g: &Global) -> Option<usize> {
    let e = g.gc.grey.pop()?;
    if e & mark_stack::TAGS != 0 {
        if e & mark_stack::AWAITED != 0 {
            let o = mark_stack::object(e);
            g.gc.waiting.release(o, |v| mark_value(g, v));
            return Some(visit(g, o));
        }
        // The rest of a table, if it was not made grey again (then it is visited from its start later).
        let o = mark_stack::object(g.gc.grey.pop()?);
        if !o.is_black() {
            return Some(1);
        }
        // SAFETY: only tables are visited in pieces.
        return Some(visit_strong(g, unsafe { o.cast() }, (e >> 1) as u32));
    }
    Some(visit(g, mark_stack::object(e)))
}

/// Visits every grey object on the stack.
pub(super) fn propagate_all(g: &Global) -> usize {
    let mut work = 0;
    while let Some(w) = propagate_one(g) {
        work += w;
    }
    work
}

/// Visits a grey object: marks what it refers to.
pub(super) fn visit(g: &Global, o: GcRef) -> usize {
    if !o.is_grey() {
        return 1;
    }
    let work = match o.kind() {
        // SAFETY: the kind names the type of the object, in all arms.
        Kind::Table => return visit_table(g, unsafe { o.cast() }),
        Kind::LuaClosure => {
            blacken(o);
            // SAFETY: the kind names the type of the object.
            visit_lua_closure(g, unsafe { o.cast() })
        }
        Kind::CClosure => {
            blacken(o);
            // SAFETY: the kind names the type of the object.
            let c: Gc<CClosure> = unsafe { o.cast() };
            c.upvalues().iter().for_each(|v| mark_value(g, v.get()));
            CClosure::size_of(c.nupvalues())
        }
        Kind::Proto => {
            blacken(o);
            // SAFETY: the kind names the type of the object.
            visit_proto(g, unsafe { o.cast() })
        }
        // SAFETY: the kind names the type of the object.
        Kind::Thread => visit_thread(g, unsafe { o.cast() }),
        Kind::UpVal => {
            // An open upvalue that was reached before the atomic phase.
            blacken(o);
            // SAFETY: the kind names the type of the object.
            mark_value(g, unsafe { o.cast::<UpVal>() }.get());
            return size_of::<UpVal>();
        }
        Kind::ShortStr | Kind::LongStr | Kind::Userdata | Kind::Builtin => {
            debug_assert!(false, "an object without references was grey");
            blacken(o);
            1
        }
    };
    add_traversed(&g.gc, work);
    work
}

fn visit_lua_closure(g: &Global, c: Gc<LuaClosure>) -> usize {
    mark(g, c.proto);
    for uv in c.upvals() {
        mark_opt(g, uv.get());
    }
    LuaClosure::size_of(c.nupvalues())
}

fn visit_proto(g: &Global, p: Gc<Proto>) -> usize {
    if let Some(c) = p.cache.get()
        && c.header.is_white()
    {
        p.cache.set(None);
    }
    mark_opt(g, p.source.get());
    p.k.cells().iter().for_each(|v| mark_value(g, v.get()));
    p.upvalues.cells().iter().for_each(|u| mark_opt(g, u.get().name));
    p.protos.cells().iter().for_each(|f| mark(g, f.get()));
    p.locvars.cells().iter().for_each(|v| mark_opt(g, v.get().name));
    p.size()
}

fn visit_thread(g: &Global, th: Gc<Thread>) -> usize {
    let o = th.erase();
    let gc = &g.gc;
    let atomic = gc.phase.get() == Phase::Atomic;
    if !atomic {
        // Stacks are written without barriers, so threads stay grey until the atomic phase.
        push_again(g, o);
    } else if gc.generational.get() {
        keep_for_next(g, o);
    } else {
        blacken(o);
    }
    mark_opt(g, th.resumer.get());
    let stack = th.stack.get();
    if stack.is_null() {
        return th.size();
    }
    keep::drop_ended(th);
    let size = th.stack_size.get() as usize;
    let used = th.top.get().slots_above(stack);
    for i in 0..used {
        // SAFETY: every slot of the stack holds a valid value.
        mark_value(g, unsafe { stack.above(i).read() });
    }
    if atomic {
        for i in used..size {
            // SAFETY: inside the block. What is past the top is dead: nobody may find it there later.
            unsafe { stack.above(i).write(Value::NIL) };
        }
    }
    th.size()
}

/// The kind of weakness that the metatable asks for; 0 for none.
pub(super) fn weakness(g: &Global, t: Gc<Table>) -> usize {
    let mode = g.cached_metamethod(t.metatable.get(), Metamethod::Mode);
    let Some(mode) = mode.as_string() else { return 0 };
    let keys = mode.bytes().contains(&b'k');
    let values = mode.bytes().contains(&b'v');
    match (keys, values) {
        (true, true) => weak::ALL,
        (true, false) => weak::EPHEMERON,
        (false, true) => weak::VALUES,
        (false, false) => 0,
    }
}

#[inline(always)]
fn visit_table(g: &Global, t: Gc<Table>) -> usize {
    if let Some(mt) = t.metatable.get() {
        mark(g, mt);
        let kind = weakness(g, t);
        if kind != 0 {
            return visit_weak(g, t, kind);
        }
    }
    blacken(t.erase());
    add_traversed(&g.gc, t.size());
    visit_strong(g, t, 0)
}

/// Marks what slots `from`.. of a strong table refer to (array part, then nodes).
fn visit_strong(g: &Global, t: Gc<Table>, from: u32) -> usize {
    let (asize, hsize) = (t.asize(), t.hsize());
    let total = asize + hsize;
    let mut end = total;
    if total.saturating_sub(from) > PIECE {
        end = from + PIECE;
        let o = t.erase();
        if !g.gc.grey.push(&g.gc.memory, entry(o, 0))
            || !g.gc.grey.push(&g.gc.memory, (end as Entry) << 1 | 1)
        {
            // No memory for the rest (an entry without a number is harmless: the object is not grey).
            end = total;
        }
    }
    let first_node = from.max(asize);
    if from < asize {
        let part = &t.array()[from as usize..asize.min(end) as usize];
        for (i, v) in part.iter().enumerate() {
            if let Some(ahead) = part.get(i + AHEAD)
                && let Some(o) = ahead.get().object()
            {
                arch::prefetch(o.as_ptr().cast());
            }
            mark_value(g, v.get());
        }
    }
    for i in first_node..end.max(first_node) {
        let n = t.node(i - asize);
        if n.val.get().is_nil() {
            bury_key(n);
        } else {
            mark_value(g, n.key.get());
            mark_value(g, n.val.get());
        }
    }
    let elements = asize.min(end).saturating_sub(from) as usize;
    let nodes = end.saturating_sub(first_node) as usize;
    size_of::<Table>() + elements * size_of::<Value>() + nodes * size_of::<Node>()
}

/// The entry has no value: a key that is about to be collected is replaced by its dead form.
#[inline(always)]
fn bury_key(n: &Node) {
    let key = n.key.get();
    if is_white_value(key) {
        n.key.set(key.dead_key());
    }
}

/// A weak table stays grey: it is visited again in the atomic phase, and then stays on `weak` if it has anything
/// to clear.
fn visit_weak(g: &Global, t: Gc<Table>, kind: usize) -> usize {
    let atomic = g.gc.phase.get() == Phase::Atomic;
    if !atomic {
        push_again(g, t.erase());
    } else if g.gc.generational.get() {
        keep_for_next(g, t.erase());
    }
    let to_clear = match kind {
        weak::VALUES => visit_weak_values(g, t),
        weak::EPHEMERON => visit_ephemeron(g, t).1,
        _ => t.asize() + t.hsize() > 0,
    };
    if atomic && to_clear && !g.gc.weak.push(&g.gc.memory, entry(t.erase(), kind)) {
        g.gc.weak_overflow.set(true);
    }
    add_traversed(&g.gc, if atomic { 0 } else { t.size() });
    t.size()
}

/// Marks the keys of entries with a value. Whether there may be values to clear.
fn visit_weak_values(g: &Global, t: Gc<Table>) -> bool {
    let mut to_clear = t.asize() > 0;
    for i in 0..t.hsize() {
        let n = t.node(i);
        if n.val.get().is_nil() {
            bury_key(n);
        } else {
            mark_value(g, n.key.get());
            to_clear |= is_cleared(g, n.val.get());
        }
    }
    to_clear
}

/// Marks the values of entries whose key is marked. Whether anything was marked, and whether there are entries
/// with a white key.
#[inline(never)]
pub(super) fn visit_ephemeron(g: &Global, t: Gc<Table>) -> (bool, bool) {
    let (mut marked, mut to_clear) = (false, false);
    for v in t.array() {
        marked |= mark_if_white(g, v.get());
    }
    for i in 0..t.hsize() {
        let n = t.node(i);
        if n.val.get().is_nil() {
            bury_key(n);
        } else if is_cleared(g, n.key.get()) {
            to_clear = true;
            if g.gc.waiting.is_on()
                && is_white_value(n.val.get())
                && let Some(key) = n.key.get().object()
            {
                g.gc.waiting.add(&g.gc.memory, key, n);
            }
        } else {
            marked |= mark_if_white(g, n.val.get());
        }
    }
    (marked, to_clear)
}
fn mark_if_white(g: &Global, v: Value) -> bool {
    let white = is_white_value(v);
    if white {
        mark_value(g, v);
    }
    white
}

/// Whether an entry with this weak key or value is to be removed. Strings are values, never removed.
pub(super) fn is_cleared(g: &Global, v: Value) -> bool {
    let Some(o) = v.object() else { return false };
    if !o.is_white() {
        return false;
    }
    if v.is_string() {
        mark_object(g, o);
        return false;
    }
    true
}

/// Removes the entries of a weak table that have a cleared value (`values`) or key. The latter comes last, when all
/// that lives is marked, and then sees to the keys of all entries without a value.
pub(super) fn clear_entries(g: &Global, t: Gc<Table>, values: bool) {
    if values {
        for v in t.array() {
            if is_cleared(g, v.get()) {
                v.set(Value::NIL);
            }
        }
    }
    for i in 0..t.hsize() {
        let n = t.node(i);
        let v = n.val.get();
        if v.is_nil() && values {
            continue;
        }
        if v.is_nil() || is_cleared(g, if values { v } else { n.key.get() }) {
            n.val.set(Value::NIL);
            bury_key(n);
        }
    }
}
