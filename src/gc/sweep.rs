//! Sweeping: frees what is dead, gives what lives the colour of new objects.
//!
//! The position in a list is the link to the next object to look at (`GcState::sweep_at`). It is either a list head
//! or inside an object that was swept already, so pushing at the head does not disturb it; `unlinked` corrects it
//! when the object it is in leaves the list.

use super::{GcState, Phase};
use crate::mem;
use crate::object::proto::{LocVar, UpvalDesc};
use crate::object::{
    CClosure, Gc, GcRef, Kind, Lua, LuaClosure, Proto, Str, Table, Thread, UpVal, Userdata, Value,
    mark as bits,
};
use crate::sys::arch;
use crate::vm::call::frame;
use crate::vm::{stack, state, upval};
use core::cell::Cell;

/// Objects looked at in one piece of work.
const PIECE: usize = 100;
/// The cost of looking at an object, or freeing it, in the unit of work (bytes marked).
const COST: usize = 5;

/// Strings are fetched into the cache this many chains ahead.
const AHEAD: u32 = 8;

type Link = Cell<Option<GcRef>>;

pub(super) fn count_call_infos(th: Lua) -> usize {
    let mut n = 0;
    let mut ci = th.base_ci.next.get();
    while !ci.is_null() {
        n += 1;
        // SAFETY: the chain consists of live blocks.
        ci = unsafe { (*ci).next.get() };
    }
    n
}

/// Bytes of a prototype with its arrays.
pub(super) fn proto_size(p: Gc<Proto>) -> usize {
    size_of::<Proto>()
        + p.code.len() * 4
        + p.k.len() * size_of::<Value>()
        + p.protos.len() * size_of::<Gc<Proto>>()
        + p.lineinfo.len() * 4
        + p.locvars.len() * size_of::<LocVar>()
        + p.upvalues.len() * size_of::<UpvalDesc>()
        + p.entry().size()
}

/// Frees an object that is on no list any more.
pub(super) fn free_object(l: Lua, o: GcRef) {
    // SAFETY: the kind says so, in all arms.
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
                state::free_stack(l, o.cast());
                size_of::<Thread>()
            }
            Kind::Proto => {
                free_arrays(l, o.cast());
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

fn free_arrays(l: Lua, p: Gc<Proto>) {
    p.entry().free(l);
    p.code.free(l);
    p.k.free(l);
    p.protos.free(l);
    p.lineinfo.free(l);
    p.locvars.free(l);
    p.upvalues.free(l);
}

/// Mark bits that a survivor loses and gets.
fn survivor(gc: &GcState) -> (u8, u8) {
    if gc.generational.get() {
        // It becomes old and keeps its colour until a full collection.
        (0, bits::OLD)
    } else {
        (bits::WHITES | bits::BLACK | bits::OLD, gc.current_white.get())
    }
}

/// Looks at up to `limit` objects from `at` on. Returns the next position, or null at the list's end (in
/// generational mode also at the first old object), and how many objects it looked at.
fn sweep_some(l: Lua, mut at: *const Link, limit: usize) -> (*const Link, usize) {
    let gc = &l.global().gc;
    let dead_mask = gc.other_white() | bits::FIXED;
    let dead = gc.other_white();
    let closing = gc.closing.get();
    let generational = gc.generational.get();
    let (clear, set) = survivor(gc);
    for seen in 0..limit {
        // SAFETY: the position is a list head or inside a live object (module invariant).
        let link = unsafe { &*at };
        let Some(o) = link.get() else { return (core::ptr::null(), seen) };
        let marked = o.marked.get();
        if marked & dead_mask == dead || closing {
            link.set(o.next.get());
            free_object(l, o);
        } else {
            if generational && marked & bits::OLD != 0 {
                return (core::ptr::null(), seen);
            }
            if o.kind() == Kind::Thread {
                // SAFETY: the kind says so.
                sweep_thread(l, unsafe { o.cast() });
            }
            o.marked.set(marked & !clear | set);
            at = &raw const o.next;
        }
    }
    (at, limit)
}

/// Frees the dead open upvalues of a live thread, and memory it does not need.
fn sweep_thread(l: Lua, th: Lua) {
    let g = l.global();
    if th.stack.get().is_null() {
        return;
    }
    let (clear, set) = survivor(&g.gc);
    let mut link = &th.open_upvals;
    while let Some(uv) = link.get() {
        let o = uv.erase();
        if g.gc.is_dead(o) {
            link.set(upval::next_link(&uv).get());
            free_object(l, o);
        } else {
            o.marked.set(o.marked.get() & !clear | set);
            link = upval::next_link(&uv);
        }
    }
    frame::free_after(l, th.call_info());
    if !g.gc.in_emergency.get() {
        stack::shrink(th);
    }
}

/// Sweeps a chain of the string table; how many strings it looked at.
fn sweep_chain(l: Lua, i: u32) -> usize {
    let g = l.global();
    let gc = &g.gc;
    let dead_mask = gc.other_white() | bits::FIXED;
    let dead = gc.other_white();
    let closing = gc.closing.get();
    let (clear, set) = survivor(gc);
    let mut link: *const Link = g.strings.bucket(i);
    let (mut seen, mut freed) = (0, 0);
    loop {
        // SAFETY: a bucket or a link inside a live string.
        let at = unsafe { &*link };
        let Some(o) = at.get() else { break };
        seen += 1;
        let marked = o.marked.get();
        if marked & dead_mask == dead || closing {
            at.set(o.next.get());
            // SAFETY: only short strings are on the chains.
            mem::free_small(l, o.as_ptr().cast(), unsafe { o.cast::<Str>() }.size());
            freed += 1;
        } else {
            o.marked.set(marked & !clear | set);
            link = &raw const o.next;
        }
    }
    if freed > 0 {
        g.strings.count.set(g.strings.count.get() - freed);
    }
    seen
}

/// Enters the first sweep phase.
pub(super) fn begin(gc: &GcState) {
    gc.sweep_chain.set(0);
    gc.phase.set(Phase::SweepStrings);
}

/// Before the string table changes its size: its sweep must be complete.
pub(crate) fn finish_strings(l: Lua) {
    let gc = &l.global().gc;
    while gc.phase.get() == Phase::SweepStrings {
        sweep_strings(l);
    }
}

/// One piece of the sweep of the string table; work done.
pub(super) fn sweep_strings(l: Lua) -> usize {
    let g = l.global();
    let gc = &g.gc;
    let mut seen = 0;
    let mut i = gc.sweep_chain.get();
    while seen < PIECE && i < g.strings.size.get() {
        // The strings of neighbouring chains are anywhere in memory.
        if i + AHEAD < g.strings.size.get()
            && let Some(first) = g.strings.bucket(i + AHEAD).get()
        {
            arch::prefetch(first.as_ptr().cast());
        }
        seen += 1 + sweep_chain(l, i);
        i += 1;
    }
    gc.sweep_chain.set(i);
    if i >= g.strings.size.get() {
        gc.sweep_at.set(&raw const gc.finobj);
        gc.phase.set(Phase::SweepFinobj);
    }
    seen * COST
}

/// One piece of the sweep of the current list; work done. At its end goes on to `next`, whose list is `list`.
pub(super) fn sweep_list(l: Lua, next: Phase, list: *const Link) -> usize {
    let gc = &l.global().gc;
    let (at, seen) = sweep_some(l, gc.sweep_at.get(), PIECE);
    if at.is_null() {
        gc.sweep_at.set(list);
        gc.phase.set(next);
    } else {
        gc.sweep_at.set(at);
    }
    (seen + 1) * COST
}

/// After the last list: the main thread, and what the state has too much of.
pub(super) fn finish(l: Lua) {
    let g = l.global();
    let (clear, set) = survivor(&g.gc);
    if let Some(main) = g.main_thread.get() {
        sweep_thread(l, main);
        main.header.marked.set(main.header.marked.get() & !clear | set);
    }
    if !g.gc.in_emergency.get() {
        let size = g.strings.size.get();
        let good = (g.strings.count.get() * 2).next_power_of_two().max(MIN_STRING_TABLE);
        if good < size {
            // Shrinking does not fail.
            let _ = g.strings.resize(l, good);
        }
        if g.scratch.is_empty() && g.scratch.capacity() > KEEP_SCRATCH {
            g.scratch.free(l);
        }
    }
}
const MIN_STRING_TABLE: u32 = 32;
/// Scratch bytes kept between collections.
const KEEP_SCRATCH: usize = 1024;

/// Frees everything on the lists and in the string table (the state is being closed).
pub(super) fn free_all(l: Lua) {
    let g = l.global();
    let gc = &g.gc;
    gc.closing.set(true);
    for list in [&gc.finobj, &gc.tobefnz, &gc.allgc] {
        // Freeing a thread may put upvalues it closes on no list: they are dead, too.
        while list.get().is_some() {
            sweep_some(l, list, usize::MAX);
        }
    }
    for i in 0..g.strings.size.get() {
        sweep_chain(l, i);
    }
}

/// `o`, which `link` referred to, was taken off its list.
pub(super) fn unlinked(gc: &GcState, o: GcRef, link: *const Link) {
    if core::ptr::eq(gc.sweep_at.get(), &raw const o.next) {
        gc.sweep_at.set(link);
    }
}
