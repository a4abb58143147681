//! Places on Lua stacks.

use super::Value;
use core::ops::{Add, Sub};

/// Distance in bytes from the first slot of a stack to another slot; it stays right when the stack moves. The first slot
/// itself is the host's and holds no function, so that its offset stands for "none".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct SlotOffset(isize);

impl SlotOffset {
    pub const NONE: SlotOffset = SlotOffset(0);

    #[inline(always)]
    pub const fn from_bytes(n: isize) -> SlotOffset {
        SlotOffset(n)
    }
    #[inline(always)]
    pub const fn bytes(self) -> isize {
        self.0
    }
    /// The number of slots before it.
    #[inline(always)]
    pub const fn index(self) -> usize {
        self.0 as usize / size_of::<Value>()
    }
}
/// The slot `n` slots above.
impl Add<usize> for SlotOffset {
    type Output = SlotOffset;
    #[inline(always)]
    fn add(self, n: usize) -> SlotOffset {
        SlotOffset(self.0 + (n * size_of::<Value>()) as isize)
    }
}
/// The slot `n` slots below.
impl Sub<usize> for SlotOffset {
    type Output = SlotOffset;
    #[inline(always)]
    fn sub(self, n: usize) -> SlotOffset {
        SlotOffset(self.0 - (n * size_of::<Value>()) as isize)
    }
}
