//! What states know of native code, and how to ask a prototype for it. The tier that makes it is above all layers that
//! use this.

use super::call_info::FrameRef;
use super::entry::{Entry, Exit};
use super::global::Global;
use super::header::Gc;
use super::proto::OFTEN;
use super::thread::Thread;
use core::cell::Cell;
use core::ffi::c_void;

/// A tier of native code, as the layers below it see it. Whoever makes a state may give it one.
pub struct NativeTier {
    /// Runs the current frame, a Lua frame, while no hook is set: a tier in the sense of `vm::tier`.
    pub run: fn(Gc<Thread>) -> Exit,
    /// Frees the native code of a function, which does not run any more, and what it had before.
    pub free: fn(&Global, Entry),
    /// The state is closed.
    pub close: fn(&Global),
    /// Where a frame goes on of which a register was changed from outside (`LuaFrame::returns_to`).
    pub changed: fn(&Thread, FrameRef) -> usize,
}

/// What a state knows of its tier of native code.
pub struct NativeState {
    pub tier: Cell<Option<&'static NativeTier>>,
    /// the same, or none while native code is switched off
    pub runs: Cell<Option<&'static NativeTier>>,
    /// when functions are compiled, in the tier's own numbers
    pub mode: Cell<u8>,
    /// how many times native code was entered and not left yet; when an exception or the end of a thread of the host
    /// passed it, more than there are
    pub entered: Cell<u32>,
    /// another thread than the main thread was made
    pub has_coroutines: Cell<bool>,
    /// the tier's own
    pub data: Cell<*mut c_void>,
}

impl NativeState {
    pub(crate) const fn new() -> NativeState {
        NativeState {
            tier: Cell::new(None),
            runs: Cell::new(None),
            mode: Cell::new(0),
            entered: Cell::new(0),
            has_coroutines: Cell::new(false),
            data: Cell::new(core::ptr::null_mut()),
        }
    }
}

/// Bits of `NativeCode::kept`: a number, and the mark that `is_replaced` reads.
const KEPT: u8 = 0x7f;
const REPLACED: u8 = 0x80;

impl Entry<'_> {
    /// Native code that a call of the function begins with, or null.
    #[inline(always)]
    pub fn native(self) -> *const u8 {
        self.0.native.code.get()
    }
    /// The function has this native code from now on, which is freed with it.
    pub fn set_native(self, code: *const u8) {
        let native = &self.0.native;
        native.code.set(code);
        native.misses.set(0);
        native.made.set(native.made.get().saturating_add(1));
        let kept = (native.kept.get() & KEPT) + 1;
        native.kept.set(if kept > 1 { kept | REPLACED } else { kept });
    }
    /// All that was made for the function was freed: it is as if nothing had ever been.
    pub fn clear_native(self) {
        let native = &self.0.native;
        native.code.set(core::ptr::null());
        native.misses.set(0);
        native.made.set(0);
        native.kept.set(0);
    }
    /// How many native codes were made for the function.
    pub fn native_made(self) -> usize {
        self.0.native.made.get() as usize
    }
    /// How many of them are still there: the last one, and those that were made before it.
    pub fn native_kept(self) -> usize {
        (self.0.native.kept.get() & KEPT) as usize
    }
    /// Its native code took the place of another since `take_replaced`.
    #[inline(always)]
    pub fn is_replaced(self) -> bool {
        self.0.native.kept.get() > KEPT
    }
    pub fn take_replaced(self) {
        self.0.native.kept.set(self.0.native.kept.get() & KEPT);
    }
    /// All but the last one were freed.
    pub fn keep_last_native(self) {
        self.0.native.kept.set(1);
    }
    /// The native code looked for fields in the wrong place so many times more; how often it had done so before.
    pub fn count_misses(self, count: u16) -> u16 {
        let before = self.0.native.misses.get();
        self.0.native.misses.set(before.saturating_add(count));
        before
    }
    /// Marks the function until `take_mark`; its misses are forgotten.
    pub fn mark(self) {
        self.0.native.misses.set(u16::MAX)
    }
    /// Whether the function was marked. It is not any more.
    pub fn take_mark(self) -> bool {
        self.0.native.misses.replace(0) == u16::MAX
    }
    /// The interpreter calls the function or runs a loop of it once more. Whether it runs often enough to be run in
    /// another way.
    #[inline(always)]
    pub fn warm_up(self) -> bool {
        let left = self.0.native.left.get().wrapping_sub(1);
        self.0.native.left.set(left);
        left < 0
    }
    /// The interpreter says "often enough" again after so many more calls and turns.
    pub fn cool(self, turns: i32) {
        self.0.native.left.set(turns)
    }
    /// It was cooled for longer than a function needs to run often.
    pub fn is_refused(self) -> bool {
        self.0.native.left.get() > OFTEN
    }
    /// Frees the native code with the rest of what runs the function.
    pub(super) fn free_native(self, l: Gc<Thread>) {
        if let Some(tier) = l.global().native.tier.get()
            && !self.native().is_null()
        {
            (tier.free)(l.global(), self);
        }
    }
}
