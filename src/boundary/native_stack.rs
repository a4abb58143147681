//! How much of the native stack is left, so that deep nesting is an error also where it is small.
//!
//! # Invariants
//!
//! 1. `low` and `reserve` are of the stack that the system gave to `thread`. Elsewhere (a host's fiber, a signal's
//!    stack) an address is not in the reserve, so there only the number of levels is a bound. Until `measured` the
//!    reserve is all that is some way below the first address seen: asking for the bounds reads files, and most
//!    programs never come so far.
//! 2. The reserve is what the deepest piece of work between two checks may use: a library function with its buffer, the
//!    message handler, the unwinder.

use crate::sys::{current_thread, own_stack};
use core::cell::Cell;
use core::mem::MaybeUninit;

/// Bytes kept free where the stack is large enough for it.
const MIN_RESERVE: usize = 32 * 1024;
const MAX_RESERVE: usize = 64 * 1024;
/// Bytes below the first address seen on a thread that are used without asking for the bounds.
const UNMEASURED: usize = 4 * 1024;

/// Whether there is room for one more level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    Enough,
    /// There is no room. One level is told so and raises the error; the levels above it, which handle the error, may
    /// use a part of the reserve.
    Short,
    /// Not even for that.
    None,
}

/// The stack of the thread that used a state last.
pub struct NativeStack {
    thread: Cell<usize>,
    low: Cell<usize>,
    reserve: Cell<usize>,
    /// `reserve`, or everything while some level is told `Short`, so that `look` answers
    limit: Cell<usize>,
    measured: Cell<bool>,
    /// bytes below the first address seen on the thread that nested calls may take, or 0 for as many as there are
    allowed: Cell<usize>,
    /// that first address
    first: Cell<usize>,
    /// in the reserve: below it there is no room for the handling of an error either
    floor: Cell<usize>,
    /// The level that was told `Short`; `NO_LEVEL` when a level up to it has had room since.
    short_at: Cell<u16>,
}

const NO_LEVEL: u16 = u16::MAX;

impl NativeStack {
    pub const fn new() -> NativeStack {
        NativeStack {
            thread: Cell::new(0),
            low: Cell::new(0),
            reserve: Cell::new(0),
            limit: Cell::new(0),
            measured: Cell::new(false),
            allowed: Cell::new(0),
            first: Cell::new(0),
            floor: Cell::new(0),
            short_at: Cell::new(NO_LEVEL),
        }
    }

    /// Sets how many bytes nested calls may take, 0: as many as there are; what was set before. They count from where
    /// the thread is now, or from where it uses the state first.
    pub fn allow(&self, bytes: usize) -> usize {
        // The next call looks anew.
        self.thread.set(0);
        self.allowed.replace(bytes)
    }

    /// The room that the calling thread has for native level `level` of the state.
    #[inline(always)]
    pub fn room(&self, level: u16) -> Room {
        if current_thread() == self.thread.get() && self.left(here()) >= self.limit.get() {
            Room::Enough
        } else {
            self.look(level)
        }
    }

    /// `room`, where one compare does not tell.
    #[cold]
    #[inline(never)]
    fn look(&self, level: u16) -> Room {
        let here = here();
        let thread = current_thread();
        if thread != self.thread.get() {
            self.thread.set(thread);
            self.low.set(0);
            self.first.set(here);
            self.set_reserve(here.saturating_sub(UNMEASURED), 0);
            self.measured.set(false);
        }
        if self.left(here) < self.reserve.get() && !self.measured.get() {
            let (low, size) = own_stack().unwrap_or((0, 0));
            self.measured.set(true);
            self.low.set(low);
            let reserve = (size / 8).clamp(MIN_RESERVE, MAX_RESERVE).min(size / 2);
            let forbidden = match self.allowed.get() {
                0 => 0,
                allowed => self.first.get().saturating_sub(allowed).saturating_sub(low),
            };
            let reserve = reserve.max(forbidden);
            // The rest is for the handling of an error.
            self.set_reserve(reserve, reserve - (reserve / 2).min(MAX_RESERVE / 2));
        }
        let left = self.left(here);
        if left >= self.reserve.get() {
            if level <= self.short_at.get() {
                self.short_at.set(NO_LEVEL);
                self.limit.set(self.reserve.get());
            }
            Room::Enough
        } else if level <= self.short_at.get() {
            self.short_at.set(level);
            self.limit.set(usize::MAX);
            Room::Short
        } else if left >= self.floor.get() {
            Room::Enough
        } else {
            Room::None
        }
    }

    /// Bytes between the end of the stack and `here`; very many if that is somewhere else.
    #[inline(always)]
    fn left(&self, here: usize) -> usize {
        here.wrapping_sub(self.low.get())
    }

    /// For a stack that is new to us: no level of it has been told anything.
    fn set_reserve(&self, reserve: usize, floor: usize) {
        self.reserve.set(reserve);
        self.floor.set(floor);
        self.limit.set(reserve);
        self.short_at.set(NO_LEVEL);
    }
}

impl Default for NativeStack {
    fn default() -> Self {
        NativeStack::new()
    }
}

/// An address on the stack in use.
#[inline(always)]
fn here() -> usize {
    let local = MaybeUninit::<u8>::uninit();
    local.as_ptr() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::hint::black_box;

    /// Goes down to `left` bytes over the end of the thread's own stack.
    fn room_with(stack: &NativeStack, left: usize, level: u16) -> Room {
        let page = black_box([0u8; 512]);
        let (low, _) = own_stack().unwrap();
        let room = if (&raw const page as usize) - low > left + 2048 {
            room_with(stack, left, level)
        } else {
            stack.room(level)
        };
        black_box(page);
        room
    }

    fn on_thread<T: Send + 'static>(kilobytes: usize, run: fn() -> T) -> T {
        std::thread::Builder::new().stack_size(kilobytes << 10).spawn(run).unwrap().join().unwrap()
    }

    #[test]
    fn is_short_once_and_then_handles_it() {
        on_thread(256, || {
            let stack = NativeStack::new();
            assert_eq!(room_with(&stack, 100 << 10, 10), Room::Enough);
            assert_eq!(room_with(&stack, 28 << 10, 20), Room::Short);
            assert_eq!(room_with(&stack, 24 << 10, 21), Room::Enough);
            assert_eq!(room_with(&stack, 10 << 10, 22), Room::None);
            assert_eq!(room_with(&stack, 28 << 10, 20), Room::Short);
            assert_eq!(room_with(&stack, 100 << 10, 19), Room::Enough);
            assert_eq!(room_with(&stack, 28 << 10, 21), Room::Short);
        });
    }

    #[test]
    fn follows_the_thread() {
        let stack = NativeStack::new();
        assert_eq!(stack.room(1), Room::Enough);
        on_thread(64, || {
            let stack = NativeStack::new();
            assert_eq!(room_with(&stack, 40 << 10, 1), Room::Enough);
            assert_eq!(room_with(&stack, 16 << 10, 1), Room::Short);
        });
        let moved = on_thread(128, || {
            let stack = NativeStack::new();
            assert_eq!(stack.room(1), Room::Enough);
            assert_eq!(room_with(&stack, 16 << 10, 1), Room::Short);
            stack.low.get()
        });
        // As if the state came from that thread.
        stack.thread.set(1);
        stack.low.set(moved);
        stack.measured.set(true);
        assert_eq!(stack.room(1), Room::Enough);
        assert_ne!(stack.low.get(), moved);
        assert!(!stack.measured.get());
    }

    #[test]
    fn another_stack_has_no_bound_in_bytes() {
        let stack = NativeStack::new();
        stack.room(1);
        let here = 0u8;
        stack.low.set(&raw const here as usize + (1 << 20));
        assert_eq!(stack.room(1), Room::Enough);
    }
}
