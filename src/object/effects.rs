//! Counts of effects: calls and allocations. The table of operations says which effects each operation may have, and
//! the interpreter compares (`vm::watch`). Only debug builds and those that check the heap count.

use core::cell::Cell;

#[derive(Clone, Default, PartialEq)]
pub struct EffectCounts {
    #[cfg(any(debug_assertions, feature = "heapcheck"))]
    calls: Cell<u64>,
    #[cfg(any(debug_assertions, feature = "heapcheck"))]
    allocations: Cell<u64>,
    #[cfg(not(any(debug_assertions, feature = "heapcheck")))]
    _none: Cell<()>,
}

#[cfg(any(debug_assertions, feature = "heapcheck"))]
impl EffectCounts {
    pub const fn new() -> EffectCounts {
        EffectCounts { calls: Cell::new(0), allocations: Cell::new(0) }
    }
    pub fn call(&self) {
        self.calls.set(self.calls.get() + 1);
    }
    pub fn allocation(&self) {
        self.allocations.set(self.allocations.get() + 1);
    }
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }
    pub fn allocations(&self) -> u64 {
        self.allocations.get()
    }
}

#[cfg(not(any(debug_assertions, feature = "heapcheck")))]
impl EffectCounts {
    pub const fn new() -> EffectCounts {
        EffectCounts { _none: Cell::new(()) }
    }
    #[inline(always)]
    pub fn call(&self) {}
    #[inline(always)]
    pub fn allocation(&self) {}
}
