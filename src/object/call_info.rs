//! Activation records of calls.

use super::c_types::{lua_CFunction, lua_Debug};
pub use super::call_kind::{CallKind, FrameFlags};
use super::closure::LuaClosure;
use super::header::Gc;
use super::slot::{Slot, SlotOffset};
use super::value::Value;
use crate::code::exec::ExecInsn;
use crate::mem::{self, Owner};
use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

/// Activation record of a call.
#[repr(C)]
pub struct CallInfo {
    /// Lua: next instruction (executable form). First, because the interpreter stores it all the time.
    pub saved_pc: Cell<*const ExecInsn>,
    /// slot of the called function; arguments follow
    pub func: Cell<Slot>,
    /// first slot past those the frame may use
    pub top: Cell<Slot>,
    /// the frame that called this one; only the host's level has none
    pub prev: Cell<Option<FrameRef>>,
    /// the frame that this one called; behind the running frame a spare one
    pub next: Cell<Option<FrameRef>>,
    /// Lua: first register
    pub base: Cell<Slot>,
    pub kind: Cell<CallKind>,
    /// protected call: the message handler of those outside it
    pub outer_handler: Cell<SlotOffset>,
    pub(super) shared: Shared,
}

/// Words that frames of several kinds share. Any bits that one view of them has written are valid in each other view.
#[repr(C)]
pub(super) union Shared {
    c_function: ManuallyDrop<CFunctionFrame>,
    library_pcall: ManuallyDrop<LibraryPcallFrame>,
    suspended: ManuallyDrop<SuspendedFrame>,
    base: ManuallyDrop<BaseFrame>,
    #[cfg(native_code)]
    lua: ManuallyDrop<LuaFrame>,
}

/// What the frame of a C function keeps, which may be suspended in a call.
#[repr(C)]
pub struct CFunctionFrame {
    /// the function that goes on when the call, or the yield, is over
    pub continuation: Cell<Option<lua_CFunction>>,
    /// context given to the continuation
    pub context: Cell<i32>,
    /// what the continuation is told: `LUA_YIELD`, or the status of the error that ended the call
    pub status: Cell<i32>,
    /// with `FrameFlags::YIELDABLE_PCALL`: slot of the function called
    pub callee: Cell<SlotOffset>,
}

/// What the frame of the library's pcall or xpcall keeps (`FrameFlags::LIBRARY_PCALL`).
#[repr(C)]
pub struct LibraryPcallFrame {
    _continuation: Cell<usize>,
    /// the caller's count of protected calls (`vm::call::protected::here`)
    pub protected: Cell<u32>,
    _status: Cell<i32>,
    /// slots between the function and its callee (xpcall: one, the message handler's)
    pub skipped: Cell<usize>,
}

/// What the frame keeps in which the thread is suspended (`FrameFlags::HIDDEN`).
#[repr(C)]
pub struct SuspendedFrame {
    _continuation: Cell<usize>,
    _context: Cell<i32>,
    /// values that the C function yields
    pub yielded: Cell<i32>,
    /// bytes from the function's slot up to `CallInfo::func`
    hidden: Cell<isize>,
}

/// What the frame of the host's level keeps.
#[repr(C)]
pub struct BaseFrame {
    _continuation: Cell<usize>,
    /// protected calls that were in progress when the coroutine was resumed
    pub protected: Cell<u32>,
}

/// What a Lua frame keeps that calls another one in native code; `jit` says when it is right.
#[cfg(native_code)]
#[repr(C)]
pub struct LuaFrame {
    /// where it goes on when the callee returns
    pub returns_to: Cell<usize>,
    /// where it goes on when the result of a metamethod is where it belongs
    pub goes_on_at: Cell<usize>,
}

const _: () = assert!(size_of::<CallInfo>() == 11 * size_of::<usize>());

impl CallInfo {
    pub const fn new() -> CallInfo {
        CallInfo {
            func: Cell::new(Slot::NULL),
            top: Cell::new(Slot::NULL),
            prev: Cell::new(None),
            next: Cell::new(None),
            base: Cell::new(Slot::NULL),
            saved_pc: Cell::new(core::ptr::null()),
            kind: Cell::new(CallKind::new(0, FrameFlags::NONE)),
            outer_handler: Cell::new(SlotOffset::NONE),
            shared: Shared {
                c_function: ManuallyDrop::new(CFunctionFrame {
                    continuation: Cell::new(None),
                    context: Cell::new(0),
                    status: Cell::new(0),
                    callee: Cell::new(SlotOffset::NONE),
                }),
            },
        }
    }
    /// The words of a C function's frame.
    #[inline(always)]
    pub fn c_function(&self) -> &CFunctionFrame {
        // SAFETY: all words are written by `new`, and valid in each view (see `Shared`).
        unsafe { &self.shared.c_function }
    }
    /// The words of a frame of the library's pcall or xpcall.
    #[inline(always)]
    pub fn library_pcall(&self) -> &LibraryPcallFrame {
        // SAFETY: all words are written by `new`, and valid in each view.
        unsafe { &self.shared.library_pcall }
    }
    /// The words of the frame in which the thread is suspended.
    #[inline(always)]
    pub fn suspended(&self) -> &SuspendedFrame {
        // SAFETY: all words are written by `new`, and valid in each view.
        unsafe { &self.shared.suspended }
    }
    /// The words of the frame of the host's level.
    #[inline(always)]
    pub fn base_frame(&self) -> &BaseFrame {
        // SAFETY: all words are written by `new`, and valid in each view.
        unsafe { &self.shared.base }
    }
    /// The words of a Lua frame.
    #[cfg(native_code)]
    pub fn lua_frame(&self) -> &LuaFrame {
        // SAFETY: all words are written by `new`, and valid in each view.
        unsafe { &self.shared.lua }
    }
    #[inline(always)]
    pub fn nresults(&self) -> i32 {
        self.kind.get().nresults()
    }
    #[inline(always)]
    pub fn is_lua(&self) -> bool {
        self.has(FrameFlags::LUA)
    }
    #[inline(always)]
    pub fn has(&self, flag: FrameFlags) -> bool {
        self.kind.get().has_any(flag)
    }
    #[inline(always)]
    pub fn add_flags(&self, flags: FrameFlags) {
        self.kind.set(self.kind.get().with(flags))
    }
    #[inline(always)]
    pub fn clear_flags(&self, flags: FrameFlags) {
        self.kind.set(self.kind.get().without(flags))
    }
    /// The called function. (Not of the frame in which a thread is suspended: `function`.)
    #[inline(always)]
    pub fn func_value(&self) -> Value {
        // SAFETY: `func` is a slot of the live stack.
        unsafe { self.func.get().read() }
    }
    /// The closure of a Lua frame. (Not of the frame in which a thread is suspended: `closure`.)
    #[inline(always)]
    pub fn lua_closure(&self) -> Gc<LuaClosure> {
        debug_assert!(self.is_lua());
        // SAFETY: the function slot of a Lua frame holds a Lua closure.
        unsafe { Gc::from_ptr(self.func_value().payload()) }
    }
    /// The stack's values were moved: corrects what points to slots.
    #[inline(always)]
    pub fn move_slots(&self, moved: impl Fn(Slot) -> Slot) {
        self.func.set(moved(self.func.get()));
        self.top.set(moved(self.top.get()));
        if self.is_lua() {
            self.base.set(moved(self.base.get()));
        }
    }
    /// Slot of the called function, also while `func` hides it.
    pub fn function_slot(&self) -> Slot {
        let hidden = if self.has(FrameFlags::HIDDEN) { self.suspended().hidden.get() } else { 0 };
        self.func.get().above_bytes(-hidden)
    }
    /// The called function of any frame.
    pub fn function(&self) -> Value {
        // SAFETY: a slot of the live stack.
        unsafe { self.function_slot().read() }
    }
    /// The closure of any Lua frame.
    pub fn closure(&self) -> Gc<LuaClosure> {
        debug_assert!(self.is_lua());
        // SAFETY: the function slot of a Lua frame holds a Lua closure.
        unsafe { Gc::from_ptr(self.function().payload()) }
    }
    /// The thread is being suspended in this frame: its indices begin after `to` until `show_all`.
    #[inline(always)]
    pub fn hide_below(&self, to: Slot) {
        self.suspended().hidden.set(to.bytes_above(self.func.get()));
        self.func.set(to);
        self.add_flags(FrameFlags::HIDDEN);
    }
    /// Lets the resumer see the `n` values below, too.
    #[inline(always)]
    pub fn show_values(&self, n: usize) {
        debug_assert!(self.has(FrameFlags::HIDDEN));
        self.suspended().hidden.set(self.suspended().hidden.get() - (n * size_of::<Value>()) as isize);
        self.func.set(self.func.get().below(n));
    }
    /// The thread goes on.
    #[inline(always)]
    pub fn show_all(&self) {
        debug_assert!(self.has(FrameFlags::HIDDEN));
        self.func.set(self.func.get().above_bytes(-self.suspended().hidden.get()));
        self.clear_flags(FrameFlags::HIDDEN);
    }
    /// Index of the instruction being run by a Lua frame (the one before `saved_pc`).
    pub fn current_pc(&self) -> i32 {
        self.pc_in(self.closure())
    }
    /// The same for those who know the closure.
    #[inline(always)]
    pub fn pc_in(&self, cl: Gc<LuaClosure>) -> i32 {
        cl.proto.entry().index_of(self.saved_pc.get()) as i32 - 1
    }
}

impl Default for CallInfo {
    fn default() -> Self {
        Self::new()
    }
}

/// Handle of a CallInfo, as `Gc` is that of an object. It is valid as long as the frame is in use: the collector and
/// the end of the thread free only spare ones.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct FrameRef(NonNull<CallInfo>);

impl FrameRef {
    /// # Safety
    /// `p` points to a CallInfo that stays allocated while the handle is used.
    #[inline(always)]
    pub unsafe fn from_ptr(p: *const CallInfo) -> FrameRef {
        // SAFETY: a CallInfo is not at address 0.
        FrameRef(unsafe { NonNull::new_unchecked(p.cast_mut()) })
    }
    /// The frame of a record that `lua_getstack` or a hook filled in.
    ///
    /// # Safety
    /// The frame is still active.
    pub unsafe fn of_record(ar: &lua_Debug) -> Option<FrameRef> {
        NonNull::new(ar.i_ci.cast::<CallInfo>().cast_mut()).map(FrameRef)
    }
    /// The frame that called this one.
    ///
    /// # Safety
    /// It is not the frame of the host's level.
    #[inline(always)]
    pub unsafe fn caller(self) -> FrameRef {
        // SAFETY: every frame but the host's has a previous one.
        unsafe { self.prev.get().unwrap_unchecked() }
    }
    /// This frame and those further out, to the frame of the host's level.
    #[inline(always)]
    pub fn with_callers(self) -> impl Iterator<Item = FrameRef> {
        core::iter::successors(Some(self), |frame| frame.prev.get())
    }
    #[inline(always)]
    pub fn as_ptr(self) -> *mut CallInfo {
        self.0.as_ptr()
    }
}

impl Deref for FrameRef {
    type Target = CallInfo;
    #[inline(always)]
    fn deref(&self) -> &CallInfo {
        // SAFETY: the invariant of the handle: the CallInfo is allocated; all its fields are cells.
        unsafe { self.0.as_ref() }
    }
}

/// Frees the CallInfos after `ci`, which are all spare.
pub fn free_after(l: impl Owner, ci: &CallInfo) {
    free_chain(l, ci.next.take());
}

/// Frees `first` and the CallInfos after it.
pub fn free_chain(l: impl Owner, first: Option<FrameRef>) {
    let mut next = first;
    while let Some(spare) = next {
        next = spare.next.get();
        mem::free(l, spare.as_ptr().cast(), size_of::<CallInfo>());
    }
}

/// How many CallInfos there are after `ci`.
pub fn count(ci: &CallInfo) -> usize {
    core::iter::successors(ci.next.get(), |frame| frame.next.get()).count()
}
