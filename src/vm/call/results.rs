//! The end of a call: its results go where the caller wants them.

use crate::consts::LUA_MULTRET;
use crate::object::{FrameRef, Gc, Slot, Thread, Value};
use crate::throw::LResult;
use crate::vm::debug::hooks;

/// Ends the call of `ci`: fires the return hook, moves results from `first` on to where the caller wants them.
/// Returns whether all results were kept (the top then marks their end).
#[inline]
pub fn end_call(l: Gc<Thread>, ci: FrameRef, first: Slot) -> LResult<bool> {
    let mut first = first;
    if l.hook_mask() != 0 {
        first = hooks::return_hook(l, ci, first)?;
    }
    let to = ci.func.get();
    // SAFETY: the host's level is no call.
    l.set_call_info(unsafe { ci.caller() });
    let n = l.top.get().slots_above(first);
    Ok(match ci.nresults() {
        wanted @ 0..=1 => move_results(l, to, first, n, wanted),
        wanted => move_results_slow(l, to, first, n, wanted),
    })
}

/// Moves `n` results, padded or cut to `wanted`; sets the top behind them.
#[inline(always)]
fn move_results(l: Gc<Thread>, to: Slot, first: Slot, n: usize, wanted: i32) -> bool {
    match wanted {
        // The commonest first: the loops below have more to set up than to do then.
        0 => {
            l.top.set(to);
            return false;
        }
        1 => {
            // SAFETY: `to` was the function's slot; a result is above it.
            unsafe { to.write(if n == 0 { Value::NIL } else { first.read() }) };
            l.top.set(to.above(1));
            return false;
        }
        _ => {}
    }
    let count = if wanted < 0 { n } else { wanted as usize };
    let have = n.min(count);
    for i in 0..have {
        // SAFETY: results are above the called function's slot, inside the stack.
        unsafe { to.above(i).write(first.above(i).read()) };
    }
    for i in have..count {
        // SAFETY: a caller that wants `count` results has room for them.
        unsafe { to.above(i).write(Value::NIL) };
    }
    l.top.set(to.above(count));
    wanted < 0
}

/// `move_results` out of line, for the less common counts.
#[inline(never)]
fn move_results_slow(l: Gc<Thread>, to: Slot, first: Slot, n: usize, wanted: i32) -> bool {
    move_results(l, to, first, n, wanted)
}

/// With all results kept, the limit of the caller's frame follows the top.
#[inline(always)]
pub fn follow_open_results(l: Gc<Thread>, nresults: i32) {
    let ci = l.call_info();
    if nresults == LUA_MULTRET && ci.top.get() < l.top.get() {
        ci.top.set(l.top.get());
    }
}
