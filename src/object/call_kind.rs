//! How a frame was called, and what it has to remember: one word of its `CallInfo`.

/// The kind of a frame, and the events that it has to remember.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FrameFlags(u16);

impl FrameFlags {
    pub const NONE: FrameFlags = FrameFlags(0);
    /// The function is a Lua function.
    pub const LUA: FrameFlags = FrameFlags(1 << 0);
    /// The call was made by a fresh invocation of the interpreter, which returns when it returns.
    pub const FRESH: FrameFlags = FrameFlags(1 << 1);
    /// An unprotected error left the frame and those before it; the host's view of the stack begins here.
    pub const ABANDONED: FrameFlags = FrameFlags(1 << 2);
    /// The call yielded (or its hook did).
    pub const YIELDED: FrameFlags = FrameFlags(1 << 3);
    /// The frame's C function is in a protected call with a continuation (`lua_pcallk` in a coroutine).
    pub const YIELDABLE_PCALL: FrameFlags = FrameFlags(1 << 4);
    /// The frame's protected call ended with an error.
    pub const ERRORED: FrameFlags = FrameFlags(1 << 5);
    /// The call was tail called.
    pub const TAIL_CALLED: FrameFlags = FrameFlags(1 << 6);
    /// The hook of the instruction at the saved pc already ran (and yielded).
    pub const HOOK_YIELDED: FrameFlags = FrameFlags(1 << 7);
    /// The thread is suspended in this frame, whose `func` tells what the resumer may see; see `hide_below`.
    pub const HIDDEN: FrameFlags = FrameFlags(1 << 8);
    /// Hooks were allowed when the frame's protected call began.
    pub const HOOKS_WERE_ALLOWED: FrameFlags = FrameFlags(1 << 9);
    /// A library function lets the count hook look in on what it does; a yield of the hook is kept for later.
    pub const POLLING: FrameFlags = FrameFlags(1 << 10);
    /// The frame is the library's pcall or xpcall, run by the interpreter without nesting.
    pub const LIBRARY_PCALL: FrameFlags = FrameFlags(1 << 11);
    /// A Lua function called by the Lua frame before it in the same invocation of the interpreter.
    pub const PLAIN: FrameFlags = FrameFlags(1 << 12);
    /// A metamethod, called by an instruction of the Lua frame before it, which gets its result when it returns. It
    /// counts as a nested native call. Only native code makes such frames.
    #[cfg(native_code)]
    pub const METAMETHOD: FrameFlags = FrameFlags(1 << 13);
    /// Native code left while it waited in this Lua frame for a callee, and nothing ran the frame since: it goes on at
    /// `LuaFrame::returns_to`. In a frame of pcall: its caller so waits for it.
    #[cfg(native_code)]
    pub const WAITS: FrameFlags = FrameFlags(1 << 14);
    /// The debug interface took values out of the frame of this C function, which `object::keep` has.
    pub const KEPT: FrameFlags = FrameFlags(1 << 15);

    /// These and the others.
    #[inline(always)]
    pub const fn and(self, others: FrameFlags) -> FrameFlags {
        FrameFlags(self.0 | others.0)
    }
    /// Where they are in a `CallKind`.
    const fn in_kind(self) -> u32 {
        (self.0 as u32) << 16
    }
}

/// How a frame was called: the number of results wanted (-1: all), plus 1, and the flags, in one word because the
/// interpreter writes and tests them together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CallKind(u32);

impl CallKind {
    #[inline(always)]
    pub const fn new(nresults: i32, flags: FrameFlags) -> CallKind {
        CallKind(nresults.wrapping_add(1) as u16 as u32 | flags.in_kind())
    }
    /// That of a Lua function called by the Lua frame before it.
    #[inline(always)]
    pub const fn plain(nresults: i32) -> CallKind {
        CallKind::new(nresults, FrameFlags::LUA.and(FrameFlags::PLAIN))
    }
    /// The bit that a tail call since does not take away from what is plain.
    #[cfg(native_code)]
    pub const TAIL_CALLED: u32 = FrameFlags::TAIL_CALLED.in_kind();
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
        (self.0 & !FrameFlags::TAIL_CALLED.in_kind()).wrapping_sub(CallKind::plain(-1).0) <= 2
    }
    /// That of a metamethod with a frame that native code pushed.
    #[cfg(native_code)]
    pub const fn metamethod(nresults: i32) -> CallKind {
        CallKind::new(nresults, FrameFlags::LUA.and(FrameFlags::METAMETHOD))
    }
    /// That of a Lua function called by a fresh invocation of the interpreter.
    #[inline(always)]
    pub const fn fresh(nresults: i32) -> CallKind {
        CallKind::new(nresults, FrameFlags::LUA.and(FrameFlags::FRESH))
    }
    /// A Lua function called for exactly `nresults` results by a fresh invocation of the interpreter.
    #[inline(always)]
    pub fn is_fresh(self, nresults: i32) -> bool {
        self == CallKind::fresh(nresults)
    }
    #[inline(always)]
    pub const fn with(self, flags: FrameFlags) -> CallKind {
        CallKind(self.0 | flags.in_kind())
    }
    #[inline(always)]
    pub const fn without(self, flags: FrameFlags) -> CallKind {
        CallKind(self.0 & !flags.in_kind())
    }
    #[inline(always)]
    pub const fn has_any(self, flags: FrameFlags) -> bool {
        self.0 & flags.in_kind() != 0
    }
}
