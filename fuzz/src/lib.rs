//! What the fuzz targets share.

#[path = "../../tests/sandbox/mod.rs"]
pub mod sandbox;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod programs;
pub mod sequences;

use lua52::api::Lua;
use lua52::vm::state;
use sandbox::{Budget, Outcome};
use std::cell::Cell;

/// Inputs that one state gets, if none of them destroys it: what one leaves behind is there for the next.
const INPUTS_PER_STATE: u32 = 100;

thread_local! {
    static STATE: Cell<Option<(Lua, *mut Budget, u32)>> = const { Cell::new(None) };
}

/// Tries an input. Closing the state afterwards must give back all memory.
pub fn try_input(bytes: &[u8], mode: &[u8]) -> Outcome {
    let (l, budget, uses) = STATE.take().unwrap_or_else(|| {
        let budget = Box::into_raw(Box::new(Budget { bytes: 0 }));
        // SAFETY: just made; freed below after the state.
        (sandbox::new_state(unsafe { &mut *budget }), budget, 0)
    });
    let outcome = sandbox::try_chunk(l, bytes, mode);
    if uses + 1 < INPUTS_PER_STATE && sandbox::is_intact(l) {
        STATE.set(Some((l, budget, uses + 1)));
    } else {
        state::close_state(*l);
        // SAFETY: made by `Box::into_raw`; the state that used it is gone.
        let budget = unsafe { Box::from_raw(budget) };
        assert_eq!(budget.bytes, 0);
    }
    outcome
}

/// Copies a changed input back into libFuzzer's buffer; its new size.
pub fn put_back(changed: &[u8], data: &mut [u8], max_size: usize) -> usize {
    let n = changed.len().min(max_size).min(data.len());
    data[..n].copy_from_slice(&changed[..n]);
    n
}
