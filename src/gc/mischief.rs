//! Mischief (feature `stress-finalizers`). The finalizers of a program may do many things at a checkpoint of the
//! collector that no correct program notices. This module does all of them, at as many checkpoints as possible in
//! reasonable time.
//!
//! A pointer that the library holds in Rust over a checkpoint is wrong afterwards, unless it is anchored and read
//! again:
//! * every table's block is somewhere else, as if entries had been added and removed,
//! * every stack is somewhere else, as if its coroutine had been resumed,
//! * every long string that is a key or a value of a table, in a closed upvalue or an upvalue of a library function is
//!   another object with the same bytes, and the old one is freed: strings have no identity in Lua. (Other objects
//!   have one; that they are not missed can only be tried with scripts that take them away: `tests/hostile`.)
//! * what is above the top of the running stack is overwritten, and freed blocks are (in `mem`),
//! * a chunk has been compiled; coroutines have been made, resumed, ended, failed and left half done; hooks have been
//!   set, called and put back; calls have nested and spare frames are gone,
//! * and everything was collected, before, in between and afterwards.
//!
//! Invariants
//! * It happens only where a finalizer may run: in `step`, for the running thread, never in an emergency collection or
//!   a finalizer. As for finalizers, hooks are off and collections too, but those that it asks for.
//! * It is a function of the number of checkpoints passed: the same program sees it at the same places.
//! * It leaves behind nothing but garbage. When memory is short it does less.

use super::{cycle, walk};
use crate::mem;
use crate::object::{
    CClosure, Gc, GcRef, Global, Kind, Table, Thread, UpVal, Value, gc_bits, keep, stack, string,
};
use crate::throw::LResult;

/// A heap of so many bytes lets about one checkpoint pass between two that are used, one of twice that size two, and so
/// on: in a young state and in an old one. With a large heap, where each takes longer, they are fewer still.
const YOUNG_SHARE: usize = 192 << 10;
const OLD_SHARE: usize = 4 << 10;
const YOUNG: usize = 4000;
const LARGE_SHARE: usize = 256 << 10;
/// Every so many times code is run, too.
const ACCOMPLICE_EACH: usize = 4;

/// Whether the strike is due at this checkpoint.
pub(super) fn is_due(g: &Global) -> bool {
    let gc = &g.gc;
    match gc.mischief_rest.get().checked_sub(1) {
        Some(rest) => {
            gc.mischief_rest.set(rest);
            false
        }
        None => {
            let done = gc.mischief_done.get();
            gc.mischief_done.set(done + 1);
            let share = if done < YOUNG { YOUNG_SHARE } else { OLD_SHARE };
            let between = gc.total() / share + (gc.total() / LARGE_SHARE).pow(2);
            // Not in step with what the program does.
            let draw = done.wrapping_mul(crate::num::GOLDEN as usize) >> 33;
            gc.mischief_rest.set(draw % (2 * between + 1));
            true
        }
    }
}

/// Does it, and collects in full with the finalizers that are due.
pub(super) fn strike(l: Gc<Thread>) -> LResult<()> {
    let g = l.global();
    // Dead objects refer to objects that are freed already.
    cycle::full(l)?;
    g.gc.running.set(false);
    move_everything(l, g);
    g.gc.running.set(true);
    cycle::full(l)?;
    if g.gc.mischief_done.get().is_multiple_of(ACCOMPLICE_EACH) {
        if let Some(accomplice) = g.accomplice.get() {
            g.gc.running.set(false);
            let done = accomplice(l);
            g.gc.running.set(true);
            done?;
        }
        cycle::full(l)?;
    }
    overwrite_dead_slots(l);
    Ok(())
}

/// Gives the parts of all objects new places.
fn move_everything(l: Gc<Thread>, g: &Global) {
    // Strings that are kept for a library function are in use: no program sees them, so nobody could replace them. The
    // bit has no meaning outside of the atomic phase.
    walk::each_thread(g, |th| {
        if let Some(kept) = keep::list(th) {
            kept.erase().marked.set(kept.erase().marked.get() | gc_bits::AWAITED);
        }
    });
    for list in [&g.gc.allgc, &g.gc.finobj, &g.gc.tobefnz] {
        let mut next = list.get();
        while let Some(o) = next {
            next = o.next.get();
            move_parts(l, o);
        }
    }
    if let Some(main) = g.main_thread.get() {
        move_stack(main);
    }
}

fn move_parts(l: Gc<Thread>, o: GcRef) {
    if o.marked.get() & gc_bits::AWAITED != 0 {
        o.marked.set(o.marked.get() & !gc_bits::AWAITED);
        return;
    }
    match o.kind() {
        Kind::Table => {
            // SAFETY: the kind names the type of the object.
            let t: Gc<Table> = unsafe { o.cast() };
            t.relocate(l);
            t.array().iter().for_each(|v| renew(l, o, v));
            for i in 0..t.hsize() {
                let n = t.node(i);
                if !n.val.get().is_nil() {
                    renew(l, o, &n.key);
                    renew(l, o, &n.val);
                }
            }
        }
        Kind::UpVal => {
            // SAFETY: the kind names the type of the object.
            let uv: Gc<UpVal> = unsafe { o.cast() };
            if !uv.is_open() {
                renew(l, o, &uv.value);
            }
        }
        Kind::CClosure => {
            // SAFETY: the kind names the type of the object. (Those of the host may count on the pointers that they
            // got.)
            let c: Gc<CClosure> = unsafe { o.cast() };
            if c.builtin.is_some() {
                c.upvalues().iter().for_each(|v| renew(l, o, v));
            }
        }
        // SAFETY: the kind names the type of the object.
        Kind::Thread => move_stack(unsafe { o.cast() }),
        _ => {}
    }
}

fn move_stack(th: Gc<Thread>) {
    if !th.stack.get().is_null() {
        // Without memory it stays where it is.
        let _ = stack::reallocate(th, th.stack_size.get() as usize);
    }
}

/// A long string in a part of `o` becomes another one with the same bytes.
fn renew(l: Gc<Thread>, o: GcRef, cell: &core::cell::Cell<Value>) {
    let Some(s) = cell.get().as_string() else { return };
    if s.is_short() {
        return;
    }
    let (from, len) = (s.data(), s.len());
    // SAFETY: the old string is reachable, and the new one has as many bytes.
    let copy = string::new_long(l, len, |to| unsafe { core::ptr::copy_nonoverlapping(from, to, len) });
    if let Ok(copy) = copy {
        let v = Value::string(copy);
        cell.set(v);
        super::barrier_back(l, o, v);
    }
}

/// No slot above the top has a value that anybody may look for.
fn overwrite_dead_slots(l: Gc<Thread>) {
    let end = l.stack.get().above(l.stack_size.get() as usize);
    let mut slot = l.top.get();
    while slot < end {
        // SAFETY: between the top and the end of the stack's block. The pattern is a number's.
        unsafe { slot.write(Value(u64::from_ne_bytes([mem::DEAD; 8]))) };
        slot = slot.above(1);
    }
}
