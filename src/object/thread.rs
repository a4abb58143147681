//! Threads (`lua_State`), their stacks and their call chain.
//!
//! Invariants
//! * `stack <= ci.func < top <= stack_last + EXTRA_STACK`; the `EXTRA_STACK` slots past `stack_last` are always
//!   allocated, for metamethod calls and error objects in a stack overflow.
//! * Every slot of the stack holds a valid `Value` (slots past `top` may hold values of dead objects; the
//!   collector clears them in its atomic phase).
//! * The stack may move whenever it grows (`stack::grow`, any call). Pointers into it are re-derived afterwards;
//!   `func`, `top`, `base` of CallInfos and `v` of open upvalues are corrected by the move.
//! * `CallInfo`s form a doubly linked chain starting at `base_ci`; those past `ci` are spare. They do not move.

use super::c_types::lua_Hook;
use super::call_info::{self, CallInfo, FrameRef};
use super::closure::UpVal;
use super::global::Global;
use super::header::{Gc, Header, Kind};
use super::heap::{Heap, InHeap};
use super::interior::Interior;
use super::slot::{Slot, SlotOffset};
use super::value::{TAG_OBJECT, Value};
use crate::code::exec::ExecInsn;
use crate::mem;
use core::cell::Cell;
use core::sync::atomic::AtomicU8;

/// Slots kept free past `stack_last`.
pub const EXTRA_STACK: usize = 5;
/// Initial size of a stack, in slots.
pub const BASIC_STACK: usize = 2 * crate::consts::LUA_MINSTACK as usize;

/// Bit of `Thread::hook_mask`: the thread yields before its next Lua instruction. A library function could not be left
/// when its count hook yielded.
pub const YIELD_PENDING: u8 = 1 << 7;
/// Bit of `Thread::hook_mask`: something is to be done before the next instruction (`vm::interrupt`).
pub const ATTENTION: u8 = 1 << 6;
/// Bit of `Thread::hook_mask`: calls and backward jumps are counted (`vm::interrupt`).
pub const COUNTING: u8 = 1 << 5;
/// The bits of `Thread::hook_mask` that are no hooks of the host's.
pub const OWN_BITS: u8 = YIELD_PENDING | ATTENTION | COUNTING;

#[repr(C)]
pub struct Thread {
    /// aux0: status (`LUA_OK`, `LUA_YIELD`, or the error that killed it)
    pub header: Header,
    /// first free slot
    pub top: Cell<Slot>,
    pub g: *const Global,
    pub ci: Cell<*const CallInfo>,
    pub stack: Cell<Slot>,
    pub stack_last: Cell<Slot>,
    /// slots allocated, including the extra ones
    pub stack_size: Cell<u32>,
    /// calls that cannot yield on the native stack
    pub non_yieldable_depth: Cell<u16>,
    /// nested native calls
    pub native_depth: Cell<u16>,
    /// open upvalues, highest slot first
    pub open_upvals: Cell<Option<Gc<UpVal>>>,
    /// While the coroutine runs, or another one that it resumed: the coroutine that was running when it was resumed.
    pub resumer: Cell<Option<Gc<Thread>>>,
    /// where the message handler is
    pub message_handler: Cell<SlotOffset>,
    pub hook: Cell<Option<lua_Hook>>,
    /// Last instruction that the line hook saw.
    pub old_pc: Cell<*const ExecInsn>,
    pub base_hook_count: Cell<i32>,
    pub hook_count: Cell<i32>,
    /// `LUA_MASK*` bits and `OWN_BITS`. Written by signal handlers: read it with `hook_mask()`.
    pub hook_mask: Cell<u8>,
    pub allow_hook: Cell<bool>,
    /// The frame in which native code does an instruction whose metamethods are to be pushed, not run, if they are
    /// written in Lua; or null
    #[cfg(native_code)]
    pub native_instruction: Cell<*const CallInfo>,
    /// CallInfo of the host's level
    pub base_ci: CallInfo,
}

impl mem::Owner for Gc<Thread> {
    #[inline(always)]
    fn memory(&self) -> &mem::Memory {
        &self.global().gc.memory
    }
    #[inline(always)]
    fn note_allocation(&self) {
        self.global().effects.allocation();
    }
    /// An emergency collection.
    fn make_room(self) -> bool {
        (self.global().upcalls.emergency)(self)
    }
}

impl InHeap for Gc<Thread> {
    #[inline(always)]
    fn heap(&self) -> &Heap {
        self.global()
    }
}

impl Thread {
    #[inline(always)]
    pub fn global(&self) -> &'static Global {
        // SAFETY: the global state lives longer than every thread of it; the reference is not kept across
        // `lua_close`.
        unsafe { &*self.g }
    }
    #[inline(always)]
    pub fn raw_status(&self) -> u8 {
        self.header.aux0.get()
    }
    #[inline(always)]
    pub fn set_status(&self, s: u8) {
        self.header.aux0.set(s)
    }
    #[inline(always)]
    pub fn call_info(&self) -> FrameRef {
        // SAFETY: `ci` is the running frame; CallInfos are not freed while they are in use.
        unsafe { FrameRef::from_ptr(self.ci.get()) }
    }
    /// Makes a frame of the chain the running one.
    #[inline(always)]
    pub fn set_call_info(&self, frame: FrameRef) {
        self.ci.set(frame.as_ptr())
    }
    /// The active frames, from the running one to that of the host's level.
    #[inline(always)]
    pub fn active_frames(&self) -> impl Iterator<Item = FrameRef> + use<> {
        self.call_info().with_callers()
    }
    /// The frame of the host's level.
    pub fn host_frame(&self) -> FrameRef {
        // SAFETY: a part of the thread, which is live.
        unsafe { FrameRef::from_ptr(&self.base_ci) }
    }
    /// Whether no call is in progress.
    pub fn is_at_host(&self) -> bool {
        core::ptr::eq(self.ci.get(), &self.base_ci)
    }
    #[inline(always)]
    pub fn hook_mask(&self) -> u8 {
        // SAFETY: a plain byte; volatile because a signal handler may write it.
        unsafe { self.hook_mask.as_ptr().read_volatile() }
    }
    /// The same for changes that must not undo those of a signal handler or another thread.
    pub fn hook_mask_atomic(&self) -> &AtomicU8 {
        // SAFETY: a plain byte of a live thread.
        unsafe { AtomicU8::from_ptr(self.hook_mask.as_ptr()) }
    }
    #[inline(always)]
    pub fn save_slot(&self, slot: Slot) -> SlotOffset {
        SlotOffset::of(slot, self.stack.get())
    }
    #[inline(always)]
    pub fn restore_slot(&self, offset: SlotOffset) -> Slot {
        offset.in_stack(self.stack.get())
    }
    /// Whether `n` more slots above the top, and one to spare, are in the stack.
    #[inline(always)]
    pub fn has_free_slots(&self, n: usize) -> bool {
        self.stack_last.get().bytes_above(self.top.get()) > (n * size_of::<Value>()) as isize
    }
    /// The link to the first open upvalue.
    pub fn first_open(&self) -> Interior<Cell<Option<Gc<UpVal>>>> {
        // SAFETY: a part of the thread.
        unsafe { Interior::new(&self.open_upvals) }
    }
    /// Pushes without checking for space.
    #[inline(always)]
    pub fn push(&self, v: Value) {
        let top = self.top.get();
        debug_assert!(top < self.stack_last.get().above(EXTRA_STACK));
        // SAFETY: callers have reserved the slot (`LUA_MINSTACK`, `stack::check`, or the extra slots).
        unsafe { top.write(v) };
        self.top.set(top.above(1));
    }
    /// Value `n` slots below the top (1: the topmost).
    #[inline(always)]
    #[allow(clippy::wrong_self_convention, reason = "it counts from the top")]
    pub fn from_top(&self, n: usize) -> Value {
        // SAFETY: the caller knows that there are `n` values.
        unsafe { self.top.get().below(n).read() }
    }
    /// Bytes of a thread with its stack and its frames.
    pub fn size(&self) -> usize {
        size_of::<Thread>()
            + self.stack_size.get() as usize * size_of::<Value>()
            + call_info::count(&self.base_ci) * size_of::<CallInfo>()
    }
    #[inline(always)]
    pub fn drop_values(&self, n: usize) {
        self.top.set(self.top.get().below(n));
    }
}

impl Gc<Thread> {
    /// Frees the stack and the call chain of a dead thread, whose upvalues are closed (collector only).
    pub fn free_parts(self, l: Gc<Thread>) {
        if self.stack.get().is_null() {
            return;
        }
        call_info::free_after(l, &self.base_ci);
        mem::free(l, self.stack.get().as_ptr().cast(), self.stack_size.get() as usize * size_of::<Value>());
        self.stack.set(Slot::NULL);
    }
}

impl Value {
    #[inline(always)]
    pub fn thread(t: Gc<Thread>) -> Value {
        Self::boxed(TAG_OBJECT, t.as_ptr())
    }
    #[inline(always)]
    pub fn as_thread(self) -> Option<Gc<Thread>> {
        self.of_kind(TAG_OBJECT, Kind::Thread)
    }
}
