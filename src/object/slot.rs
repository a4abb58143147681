//! Slots: places of values, most of them on Lua stacks.

use super::value::Value;
use core::ptr;

/// Pointer to the place of a value: a slot of a stack, a constant, the place of an upvalue, an element of a table. That
/// of a slot of a stack is right until the stack moves; what must stay right longer is kept as a [`SlotOffset`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Slot(*mut Value);

impl Slot {
    pub const NULL: Slot = Slot(ptr::null_mut());

    #[inline(always)]
    pub const fn from_ptr(p: *mut Value) -> Slot {
        Slot(p)
    }
    #[inline(always)]
    pub const fn as_ptr(self) -> *mut Value {
        self.0
    }
    /// The slot `n` slots further up the stack.
    #[inline(always)]
    pub const fn above(self, n: usize) -> Slot {
        Slot(self.0.wrapping_add(n))
    }
    /// The slot `n` slots further down.
    #[inline(always)]
    pub const fn below(self, n: usize) -> Slot {
        Slot(self.0.wrapping_sub(n))
    }
    /// The slot `n` slots further up, or down when `n` is negative.
    #[inline(always)]
    pub const fn offset(self, n: isize) -> Slot {
        Slot(self.0.wrapping_offset(n))
    }
    #[inline(always)]
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }
    /// How many slots this one is above `low`, which is not above it.
    #[inline(always)]
    pub fn slots_above(self, low: Slot) -> usize {
        (self.0 as usize - low.0 as usize) / size_of::<Value>()
    }
    /// How many bytes this one is above `low`; negative when it is below.
    #[inline(always)]
    pub fn bytes_above(self, low: Slot) -> isize {
        (self.0 as isize).wrapping_sub(low.0 as isize)
    }
    /// The slot `n` bytes, a whole number of slots, further up.
    #[inline(always)]
    pub const fn above_bytes(self, n: isize) -> Slot {
        Slot(self.0.wrapping_byte_offset(n))
    }
    /// # Safety
    /// A slot of a live stack, or another live place of a value.
    #[inline(always)]
    pub unsafe fn read(self) -> Value {
        // SAFETY: the caller's promise.
        unsafe { *self.0 }
    }
    /// # Safety
    /// As for `read`.
    #[inline(always)]
    pub unsafe fn write(self, v: Value) {
        // SAFETY: the caller's promise.
        unsafe { *self.0 = v }
    }
    /// Copies the `n` values from here on to `to` and the slots above; the two ranges may overlap.
    ///
    /// # Safety
    /// Both are ranges of `n` slots of live stacks.
    #[inline(always)]
    pub unsafe fn copy_to(self, to: Slot, n: usize) {
        // SAFETY: the caller's promise.
        unsafe { ptr::copy(self.0, to.0, n) }
    }
}

/// Distance in bytes from the first slot of a stack to another slot; it stays right when the stack moves. The first
/// slot itself is the host's and holds no function, so that its offset stands for "none".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct SlotOffset(isize);

impl SlotOffset {
    pub const NONE: SlotOffset = SlotOffset(0);

    /// Offset of `slot` in the stack that begins at `first`.
    #[inline(always)]
    pub fn of(slot: Slot, first: Slot) -> SlotOffset {
        SlotOffset(slot.bytes_above(first))
    }
    /// The slot in the stack that begins at `first`.
    #[inline(always)]
    pub fn in_stack(self, first: Slot) -> Slot {
        first.above_bytes(self.0)
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
    /// Offset of the slot `n` slots further up.
    #[inline(always)]
    pub const fn above(self, n: usize) -> SlotOffset {
        SlotOffset(self.0 + (n * size_of::<Value>()) as isize)
    }
    /// Offset of the slot `n` slots further down.
    #[inline(always)]
    pub const fn below(self, n: usize) -> SlotOffset {
        SlotOffset(self.0 - (n * size_of::<Value>()) as isize)
    }
}
