//! The state machine and its pacing: when to work, and how much.
//!
//! Each allocation adds its size to `debt`, and the collector's work is taken off. A step is due when the debt is
//! positive. At the end of a cycle the debt becomes negative: that many bytes may be allocated before the next cycle
//! (`pause`).

use super::{GcState, Phase, atomic, finalize, mark, sweep};
use crate::consts::*;
use crate::object::{Gc, Global, Thread};
use crate::sys;
use crate::throw::LResult;

/// Bytes of allocation between two steps.
const STEP: isize = 2400;
/// A smaller heap is treated as one of this many bytes.
const SMALL_HEAP: usize = 24 << 10;
/// The same for a heap in which objects get finalizers: what those hold must not pile up.
const FINALIZED_HEAP: usize = 20 << 10;
/// `stepmul` of this value means one byte of work per allocated byte.
const STEPMUL_UNIT: isize = 200;
/// Smaller multipliers would never finish a cycle.
const MIN_STEPMUL: isize = 40;
/// So many bytes given back to the system take as long as marking one.
const RELEASE_SHARE: usize = 32;
/// The atomic phase pays for at most this share of the bytes in use being allocated: until the sweep, garbage that is
/// as old as the cycle is still there.
const ATOMIC_SHARE: usize = 8;
/// Finalizers called in a step.
const FINALIZERS: usize = 16;
/// Growth (percent of `pause`) after which a generational collection is due.
const GEN_SHARE: usize = 8;

fn set_debt(gc: &GcState, debt: isize) {
    gc.memory
        .total_bytes
        .set(gc.memory.total_bytes.get().wrapping_add(gc.memory.debt.get()).wrapping_sub(debt));
    gc.memory.debt.set(debt);
}

/// An object got a finalizer: adds to the debt as if `bytes` more had been allocated, and ends the leniency with a
/// small heap.
pub(super) fn hasten(gc: &GcState, bytes: usize) {
    set_debt(gc, gc.memory.debt.get().wrapping_add((bytes + gc.slack.take()) as isize));
}

/// Objects hold so many bytes more outside of the state, or gave up so many: the collector keeps pace with them as if
/// they were the state's.
pub fn account_outside(gc: &GcState, bytes: isize) {
    /// Sums with it do not overflow.
    const MOST: usize = isize::MAX as usize / 4;
    let before = gc.external.get();
    let now = before.saturating_add_signed(bytes).min(MOST);
    gc.external.set(now);
    set_debt(gc, gc.memory.debt.get().saturating_add(now as isize - before as isize));
}

/// Waits until `percent` of `estimate` bytes are in use.
fn set_pause(gc: &GcState, estimate: usize, percent: usize) {
    let threshold = |size: usize| (size / 100).saturating_mul(percent).min(isize::MAX as usize);
    let outside = gc.external.get();
    let at = threshold(estimate.max(SMALL_HEAP) + outside);
    set_debt(gc, (gc.total() + outside) as isize - at as isize);
    gc.slack.set(at - threshold(estimate.max(FINALIZED_HEAP) + outside));
}
fn pause(gc: &GcState) -> usize {
    gc.pause.get().max(0) as usize
}

/// One piece of work; its cost. Leaves `Pause` when in it.
fn work(l: Gc<Thread>) -> usize {
    let g = l.global();
    let gc = &g.gc;
    match gc.phase.get() {
        Phase::Pause => {
            gc.cycles.set(gc.cycles.get().wrapping_add(1));
            gc.slack.set(0);
            atomic::mark_roots(g);
            gc.traversed.get() + g.strings.size.get() as usize
        }
        Phase::Propagate => match mark::propagate_one(g) {
            Some(cost) => cost,
            None => run_atomic(l, g),
        },
        Phase::Atomic => unreachable!("the atomic phase is not left half done"),
        Phase::SweepStrings => g.strings.sweep_some(l),
        Phase::SweepFinobj => sweep::sweep_list(l, Phase::SweepToBeFnz, &raw const gc.tobefnz),
        Phase::SweepToBeFnz => sweep::sweep_list(l, Phase::SweepAll, &raw const gc.allgc),
        Phase::SweepAll => {
            let cost = sweep::sweep_list(l, Phase::Release, core::ptr::null());
            if gc.phase.get() == Phase::Release {
                sweep::finish(l);
                g.gc.memory.allocator.collected();
            }
            cost
        }
        Phase::Release => {
            let bytes = g.gc.memory.allocator.release_some();
            if bytes == 0 {
                gc.phase.set(Phase::Pause);
            }
            bytes / RELEASE_SHARE
        }
    }
}

fn run_atomic(l: Gc<Thread>, g: &Global) -> usize {
    let cost = atomic::run(g, l);
    sweep::begin(&g.gc);
    cost.min(g.gc.estimate.get() / ATOMIC_SHARE)
}

fn single(l: Gc<Thread>) -> usize {
    let gc = &l.global().gc;
    gc.busy.set(true);
    #[cfg(feature = "heapcheck")]
    let phase = gc.phase.get();
    let cost = work(l);
    gc.busy.set(false);
    #[cfg(feature = "heapcheck")]
    super::heapcheck::after_work(l, phase);
    cost
}

/// Works until the phase is `phase`.
fn run_until(l: Gc<Thread>, phase: Phase) {
    while l.global().gc.phase.get() != phase {
        single(l);
    }
}

/// A checkpoint found work to do.
#[cold]
#[inline(never)]
pub fn step(l: Gc<Thread>) -> LResult<()> {
    let gc = &l.global().gc;
    if !gc.running.get() || gc.busy.get() {
        set_debt(gc, -STEP);
        return Ok(());
    }
    #[cfg(feature = "stress-finalizers")]
    if super::mischief::is_due(l.global()) {
        return super::mischief::strike(l);
    }
    if cfg!(feature = "stress-gc") && !gc.generational.get() {
        if gc.memory.is_stress_due() {
            return full(l);
        }
        if gc.memory.debt.get() <= 0 {
            return Ok(());
        }
    }
    if gc.steps_are_timed.get() { timed_step(l) } else { forced_step(l) }
}

#[cold]
#[inline(never)]
fn timed_step(l: Gc<Thread>) -> LResult<()> {
    let start = sys::steady_time();
    let r = forced_step(l);
    let longest = &l.global().gc.longest_step;
    longest.set(longest.get().max(sys::steady_time() - start));
    r
}

/// A step that calls no finalizer.
#[cold]
#[inline(never)]
pub fn quiet_step(l: Gc<Thread>) {
    let gc = &l.global().gc;
    // A generational collection may be a full one, which begins and ends with finalizers: it is left to the next
    // `step`.
    if !gc.running.get() || gc.busy.get() || gc.generational.get() {
        return;
    }
    if cfg!(feature = "stress-gc") && gc.memory.is_stress_due() {
        whole_cycle(l);
    } else if gc.memory.debt.get() > 0 {
        incremental_step(l);
    }
}

/// A step, even when the collector is stopped.
fn forced_step(l: Gc<Thread>) -> LResult<()> {
    let g = l.global();
    if g.gc.generational.get() {
        minor(l)?;
    } else {
        incremental_step(l);
    }
    let mut called = 0;
    while finalize::pending(g) && (called < FINALIZERS || g.gc.phase.get() == Phase::Pause) {
        finalize::call_one(l, true)?;
        called += 1;
    }
    Ok(())
}

fn incremental_step(l: Gc<Thread>) {
    let gc = &l.global().gc;
    let stepmul = (gc.stepmul.get() as isize).max(MIN_STEPMUL);
    let mut todo = (gc.memory.debt.get() / STEPMUL_UNIT + 1).saturating_mul(stepmul);
    loop {
        todo -= single(l) as isize;
        if gc.phase.get() == Phase::Pause {
            set_pause(gc, gc.estimate.get(), pause(gc));
            return;
        }
        if todo <= -STEP {
            break;
        }
    }
    set_debt(gc, todo / stepmul * STEPMUL_UNIT);
}

/// A collection of what was made since the last one.
fn minor(l: Gc<Thread>) -> LResult<()> {
    let gc = &l.global().gc;
    if gc.estimate.get() == 0 || gc.lost.replace(false) {
        full(l)?;
    } else {
        let base = gc.estimate.get();
        run_until(l, Phase::Pause);
        // The survivors stay black; the next collection goes on from here.
        gc.phase.set(Phase::Propagate);
        let limit = (base / 100).saturating_mul(gc.majorinc.get().max(0) as usize);
        if gc.total() > limit {
            // The next one is to be a full one, and comes at once.
            gc.estimate.set(0);
            set_debt(gc, 0);
            return Ok(());
        }
        gc.estimate.set(base);
    }
    set_pause(gc, gc.total(), 100 + pause(gc) / GEN_SHARE);
    Ok(())
}

/// A complete cycle. Nothing that was unreachable at its start survives (but for finalizers).
pub(super) fn full(l: Gc<Thread>) -> LResult<()> {
    finalize::call_all(l, true)?;
    whole_cycle(l);
    finalize::call_all(l, true)
}

/// The system lacks something that garbage with finalizers may hold: collects everything, also with `lua_gc`'s options
/// set to do so late. False when it may not: the host has stopped the collector, or a finalizer runs.
#[cold]
#[inline(never)]
pub fn reclaim(l: Gc<Thread>) -> LResult<bool> {
    let gc = &l.global().gc;
    let may = gc.running.get() && !gc.busy.get();
    if may {
        full(l)?;
    }
    Ok(may)
}

fn whole_cycle(l: Gc<Thread>) {
    let g = l.global();
    let gc = &g.gc;
    let generational = gc.generational.replace(false);
    if generational || gc.phase.get() <= Phase::Atomic {
        // Everything becomes white; as the white has not changed nothing is freed.
        sweep::begin(gc);
    }
    run_until(l, Phase::Pause);
    run_until(l, Phase::Propagate);
    run_until(l, Phase::Pause);
    if generational {
        enter_generational(l);
    }
    set_pause(gc, gc.total(), pause(gc));
}

/// From `Pause`: the next collection starts with everything white.
fn enter_generational(l: Gc<Thread>) {
    let gc = &l.global().gc;
    run_until(l, Phase::Pause);
    run_until(l, Phase::Propagate);
    gc.generational.set(true);
    gc.estimate.set(gc.total());
}

fn leave_generational(l: Gc<Thread>) {
    let gc = &l.global().gc;
    gc.generational.set(false);
    sweep::begin(gc);
    run_until(l, Phase::Pause);
}

/// Collects everything that can be collected without calling finalizers. False when not possible now.
#[cold]
#[inline(never)]
pub fn emergency(l: Gc<Thread>) -> bool {
    let gc = &l.global().gc;
    if !gc.running.get() || gc.busy.get() || gc.in_emergency.get() {
        return false;
    }
    gc.in_emergency.set(true);
    whole_cycle(l);
    gc.in_emergency.set(false);
    true
}

/// `lua_gc`: option `what` with its argument.
pub fn control(l: Gc<Thread>, what: i32, data: i32) -> LResult<i32> {
    let gc = &l.global().gc;
    Ok(match what {
        LUA_GCSTOP => {
            gc.running.set(false);
            0
        }
        LUA_GCRESTART => {
            set_debt(gc, 0);
            gc.running.set(true);
            0
        }
        LUA_GCCOLLECT => {
            full(l)?;
            0
        }
        LUA_GCCOUNT => (gc.total() >> 10) as i32,
        LUA_GCCOUNTB => (gc.total() & 0x3FF) as i32,
        LUA_GCSTEP => {
            if gc.generational.get() {
                let major = gc.estimate.get() == 0;
                forced_step(l)?;
                major as i32
            } else {
                let mut debt = data as isize * 1024 - STEP;
                if gc.running.get() {
                    debt += gc.memory.debt.get();
                }
                set_debt(gc, debt);
                forced_step(l)?;
                (gc.phase.get() == Phase::Pause) as i32
            }
        }
        LUA_GCSETPAUSE => gc.pause.replace(data),
        LUA_GCSETSTEPMUL => gc.stepmul.replace(data),
        LUA_GCSETMAJORINC => gc.majorinc.replace(data),
        LUA_GCISRUNNING => gc.running.get() as i32,
        LUA_GCGEN => {
            if !gc.generational.get() {
                enter_generational(l);
            }
            0
        }
        LUA_GCINC => {
            if gc.generational.get() {
                leave_generational(l);
            }
            0
        }
        _ => -1,
    })
}

/// Frees every object (`lua_close`), after calling all finalizers; `l` is the main thread. Errors of finalizers are
/// dropped.
pub fn close(l: Gc<Thread>) -> LResult<()> {
    let g = l.global();
    let gc = &g.gc;
    let mut result = Ok(());
    if g.complete.get() {
        finalize::separate(g, true);
        while finalize::pending(g) {
            // Only a foreign exception comes out; the other finalizers are called all the same.
            result = finalize::call_one(l, false).and(result);
        }
    }
    gc.running.set(false);
    gc.busy.set(true);
    sweep::free_all(l);
    gc.grey.free(&gc.memory);
    gc.again.free(&gc.memory);
    gc.weak.free(&gc.memory);
    result
}
