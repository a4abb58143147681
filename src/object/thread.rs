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

use super::c_types::{lua_CFunction, lua_Hook};
use super::global::Global;
use super::header::{Gc, Header};
use super::value::Value;
use super::{LuaClosure, UpVal};
use crate::vm::ExecInsn;
use core::cell::Cell;
use core::sync::atomic::AtomicU8;

/// Handle of a thread; what the C API calls `lua_State *`.
pub type Lua = Gc<Thread>;
#[allow(non_camel_case_types)]
pub type lua_State = Thread;

/// Slots kept free past `stack_last`.
pub const EXTRA_STACK: usize = 5;
/// Initial size of a stack, in slots.
pub const BASIC_STACK: usize = 2 * crate::consts::LUA_MINSTACK as usize;

/// Bit of `Thread::hook_mask`: the thread yields before its next Lua instruction. A library function could not be left
/// when its count hook yielded.
pub const YIELD_PENDING: u8 = 1 << 7;

/// Bits of `CallInfo::status`.
pub mod cist {
    /// The function is a Lua function.
    pub const LUA: u16 = 1 << 0;
    /// The call was made by a fresh invocation of the interpreter, which returns when it returns.
    pub const FRESH: u16 = 1 << 1;
    /// An unprotected error left the frame and those before it; the host's view of the stack begins here.
    pub const ABANDONED: u16 = 1 << 2;
    /// The call yielded (or its hook did).
    pub const YIELDED: u16 = 1 << 3;
    /// The frame is a yieldable protected call (`lua_pcallk` in a coroutine, or the library's pcall).
    pub const YPCALL: u16 = 1 << 4;
    /// The protected call ended with an error; `err_status` says which.
    pub const STAT: u16 = 1 << 5;
    /// The call was tail called.
    pub const TAIL: u16 = 1 << 6;
    /// The hook of the instruction at the saved pc already ran (and yielded).
    pub const HOOKYIELD: u16 = 1 << 7;
    /// The thread is suspended in this frame, whose `func` tells what the resumer may see; see `hide_below`.
    pub const HIDDEN: u16 = 1 << 8;
    /// Value of `allow_hook` before a protected call.
    pub const ALLOWHOOK: u16 = 1 << 9;
    /// A library function lets the count hook look in on what it does; a yield of the hook is kept for later.
    pub const POLL: u16 = 1 << 10;
    /// The frame is the library's pcall/xpcall, run by the interpreter without nesting.
    pub const PCALL: u16 = 1 << 11;
    /// A Lua function called by the Lua frame before it in the same invocation of the interpreter.
    pub const PLAIN: u16 = 1 << 12;
    /// The debug interface took values out of the frame of this C function, which `vm::keep` has.
    pub const KEPT: u16 = 1 << 15;
}

/// How a frame was called: the number of results wanted (-1: all), plus 1, and the `cist` bits, in one word because the
/// interpreter writes and tests them together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CallKind(u32);

impl CallKind {
    #[inline(always)]
    pub const fn new(nresults: i32, status: u16) -> CallKind {
        CallKind(nresults.wrapping_add(1) as u16 as u32 | (status as u32) << 16)
    }
    /// That of a Lua function called by the Lua frame before it.
    #[inline(always)]
    pub const fn plain(nresults: i32) -> CallKind {
        CallKind::new(nresults, cist::LUA | cist::PLAIN)
    }
    pub const fn bits(self) -> u32 {
        self.0
    }
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> CallKind {
        CallKind(bits)
    }
    #[inline(always)]
    pub const fn nresults(self) -> i32 {
        self.0 as u16 as i32 - 1
    }
    /// A Lua function called by the Lua frame before it (tail calls since do not matter) for one result, none, or all.
    #[inline(always)]
    pub fn is_plain(self) -> bool {
        const TAIL: u32 = (cist::TAIL as u32) << 16;
        (self.0 & !TAIL).wrapping_sub(CallKind::plain(-1).0) <= 2
    }
    /// A Lua function called for exactly `nresults` results by a fresh invocation of the interpreter.
    #[inline(always)]
    pub fn is_fresh(self, nresults: i32) -> bool {
        self == CallKind::new(nresults, cist::LUA | cist::FRESH)
    }
    #[inline(always)]
    pub const fn status(self) -> u16 {
        (self.0 >> 16) as u16
    }
}

/// Activation record of a call.
#[repr(C)]
pub struct CallInfo {
    /// Lua: next instruction (executable form). First, because the interpreter stores it all the time.
    pub savedpc: Cell<*const ExecInsn>,
    /// slot of the called function; arguments follow
    pub func: Cell<*mut Value>,
    /// first slot past those the frame may use
    pub top: Cell<*mut Value>,
    pub prev: Cell<*mut CallInfo>,
    pub next: Cell<*mut CallInfo>,
    /// Lua: first register
    pub base: Cell<*mut Value>,
    /// C: continuation
    pub k: Cell<Option<lua_CFunction>>,
    /// context given to the continuation
    pub ctx: Cell<i32>,
    pub kind: Cell<CallKind>,
    /// protected call: offset of the previous message handler
    pub old_errfunc: Cell<isize>,
    /// protected call: stack offset of the called function; with `cist::HIDDEN`: how far below `func` the function is
    pub extra: Cell<isize>,
    /// with `cist::STAT`: status of the error
    pub err_status: Cell<i32>,
}

impl CallInfo {
    pub const fn new() -> CallInfo {
        CallInfo {
            func: Cell::new(core::ptr::null_mut()),
            top: Cell::new(core::ptr::null_mut()),
            prev: Cell::new(core::ptr::null_mut()),
            next: Cell::new(core::ptr::null_mut()),
            base: Cell::new(core::ptr::null_mut()),
            savedpc: Cell::new(core::ptr::null()),
            k: Cell::new(None),
            ctx: Cell::new(0),
            kind: Cell::new(CallKind::new(0, 0)),
            old_errfunc: Cell::new(0),
            extra: Cell::new(0),
            err_status: Cell::new(0),
        }
    }
    #[inline(always)]
    pub fn nresults(&self) -> i32 {
        self.kind.get().nresults()
    }
    #[inline(always)]
    pub fn status(&self) -> u16 {
        self.kind.get().status()
    }
    #[inline(always)]
    pub fn is_lua(&self) -> bool {
        self.has(cist::LUA)
    }
    #[inline(always)]
    pub fn has(&self, bits: u16) -> bool {
        self.status() & bits != 0
    }
    #[inline(always)]
    pub fn add_status(&self, bits: u16) {
        self.kind.set(CallKind(self.kind.get().0 | (bits as u32) << 16))
    }
    #[inline(always)]
    pub fn clear_status(&self, bits: u16) {
        self.kind.set(CallKind(self.kind.get().0 & !((bits as u32) << 16)))
    }
    /// The called function. (Not of the frame in which a thread is suspended: `function`.)
    #[inline(always)]
    pub fn func_value(&self) -> Value {
        // SAFETY: `func` is a slot of the live stack.
        unsafe { *self.func.get() }
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
    pub fn move_slots(&self, moved: impl Fn(*mut Value) -> *mut Value) {
        self.func.set(moved(self.func.get()));
        self.top.set(moved(self.top.get()));
        if self.is_lua() {
            self.base.set(moved(self.base.get()));
        }
    }
    /// Slot of the called function, also while `func` hides it.
    pub fn function_slot(&self) -> *mut Value {
        let hidden = if self.has(cist::HIDDEN) { self.extra.get() } else { 0 };
        self.func.get().wrapping_byte_offset(-hidden)
    }
    /// The called function of any frame.
    pub fn function(&self) -> Value {
        // SAFETY: a slot of the live stack.
        unsafe { *self.function_slot() }
    }
    /// The closure of any Lua frame.
    pub fn closure(&self) -> Gc<LuaClosure> {
        debug_assert!(self.is_lua());
        // SAFETY: the function slot of a Lua frame holds a Lua closure.
        unsafe { Gc::from_ptr(self.function().payload()) }
    }
    /// The thread is being suspended in this frame: its indices begin after `to` until `show_all`.
    #[inline(always)]
    pub fn hide_below(&self, to: *mut Value) {
        self.extra.set(to as isize - self.func.get() as isize);
        self.func.set(to);
        self.add_status(cist::HIDDEN);
    }
    /// Lets the resumer see the `n` values below, too.
    #[inline(always)]
    pub fn show_values(&self, n: usize) {
        debug_assert!(self.has(cist::HIDDEN));
        self.extra.set(self.extra.get() - (n * size_of::<Value>()) as isize);
        self.func.set(self.func.get().wrapping_sub(n));
    }
    /// The thread goes on.
    #[inline(always)]
    pub fn show_all(&self) {
        debug_assert!(self.has(cist::HIDDEN));
        self.func.set(self.func.get().wrapping_byte_sub(self.extra.get() as usize));
        self.clear_status(cist::HIDDEN);
    }
    /// Index of the instruction being run by a Lua frame (the one before `savedpc`).
    pub fn current_pc(&self) -> i32 {
        self.pc_in(self.closure())
    }
    /// The same for those who know the closure.
    #[inline(always)]
    pub fn pc_in(&self, cl: Gc<LuaClosure>) -> i32 {
        let exec = cl.proto.exec.get();
        // SAFETY: `savedpc` points into, or one past, the executable form of the frame's prototype.
        unsafe { self.savedpc.get().offset_from(exec) as i32 - 1 }
    }
}

impl Default for CallInfo {
    fn default() -> Self {
        Self::new()
    }
}

#[repr(C)]
pub struct Thread {
    /// aux0: status (`LUA_OK`, `LUA_YIELD`, or the error that killed it)
    pub header: Header,
    /// first free slot
    pub top: Cell<*mut Value>,
    pub g: *const Global,
    pub ci: Cell<*const CallInfo>,
    pub stack: Cell<*mut Value>,
    pub stack_last: Cell<*mut Value>,
    /// slots allocated, including the extra ones
    pub stack_size: Cell<u32>,
    /// calls that cannot yield on the native stack
    pub nny: Cell<u16>,
    /// nested native calls
    pub n_c_calls: Cell<u16>,
    /// open upvalues, highest slot first
    pub open_upvals: Cell<Option<Gc<UpVal>>>,
    /// While the coroutine runs, or another one that it resumed: the coroutine that was running when it was resumed.
    pub resumer: Cell<Option<Lua>>,
    /// offset in bytes from `stack` of the message handler; 0: none
    pub errfunc: Cell<isize>,
    pub hook: Cell<Option<lua_Hook>>,
    /// Last instruction that the line hook saw.
    pub old_pc: Cell<*const ExecInsn>,
    pub base_hook_count: Cell<i32>,
    pub hook_count: Cell<i32>,
    /// `LUA_MASK*` bits and `YIELD_PENDING`. Written by signal handlers: read it with `hook_mask()`.
    pub hook_mask: Cell<u8>,
    pub allow_hook: Cell<bool>,
    /// CallInfo of the host's level
    pub base_ci: CallInfo,
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
    pub fn call_info(&self) -> &'static CallInfo {
        // SAFETY: `ci` is always valid; CallInfos are not freed while they are in use.
        unsafe { &*self.ci.get() }
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
    /// Offset in bytes of a slot from the stack's start; survives moves of the stack.
    #[inline(always)]
    pub fn save_slot(&self, p: *const Value) -> isize {
        p as isize - self.stack.get() as isize
    }
    #[inline(always)]
    pub fn restore_slot(&self, offset: isize) -> *mut Value {
        self.stack.get().wrapping_byte_offset(offset)
    }
    /// Pushes without checking for space.
    #[inline(always)]
    pub fn push(&self, v: Value) {
        let top = self.top.get();
        debug_assert!(top < self.stack_last.get().wrapping_add(EXTRA_STACK));
        // SAFETY: callers have reserved the slot (`LUA_MINSTACK`, `stack::check`, or the extra slots).
        unsafe { *top = v };
        self.top.set(top.wrapping_add(1));
    }
    /// Value `n` slots below the top (1: the topmost).
    #[inline(always)]
    pub fn from_top(&self, n: usize) -> Value {
        // SAFETY: the caller knows that there are `n` values.
        unsafe { *self.top.get().sub(n) }
    }
    #[inline(always)]
    pub fn drop_values(&self, n: usize) {
        self.top.set(self.top.get().wrapping_sub(n));
    }
}
