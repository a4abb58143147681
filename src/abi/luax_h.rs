//! `luax.h`: what this library has beside the API of Lua 5.2.

use super::*;

exports! {
    // --- the library

    /// `[-0, +0, -]` Returns the version of this interface (LUAX_API_VERSION) that the library has.
    ///
    /// A library with a higher version has all functions of the lower ones, and they mean the same. Since version 1.
    bare fn luaX_version() -> c_int {
        crate::consts::LUAX_API_VERSION
    }

    // --- limits

    /// `[-0, +0, -]` Sets how many bytes the state may hold at most, 0: as many as there are. Returns what was set
    /// before.
    ///
    /// What the host's allocator gives counts as what the default one gives, in the bytes that were asked for, as
    /// `collectgarbage "count"` has them. An allocation that would break the limit is preceded by a collection
    /// that calls no finalizers; if that does not help, it fails as if the allocator had given NULL: LUA_ERRMEM. A limit
    /// below what is in use is allowed: then nothing grows until enough is freed. Native code and memory told
    /// by `luaX_external` do not count. Since version 1.
    plain fn luaX_setmemlimit(L: *mut lua_State, bytes: usize) -> usize {
        L.ext_setmemlimit(bytes)
    }

    /// `[-0, +0, -]` Tells the collector that an object of the state holds so many bytes more outside of the state, such
    /// as the pixels of an image; a negative number: that it gave them up.
    ///
    /// The collector then works as fast as if the state itself had allocated them. They are told when they are taken,
    /// and again, negated, when they are freed, as in the object's finalizer. `lua_gc` and limits do not count them.
    /// Since version 1.
    plain fn luaX_external(L: *mut lua_State, bytes: isize) {
        L.ext_external(bytes)
    }

    /// `[-0, +0, -]` Sets the function that interrupts scripts, and what it is given as `ud`. With NULL an interrupt
    /// raises "interrupted", "step limit reached" or "time limit reached".
    ///
    /// The function runs where a count hook would: between two instructions of a Lua function, or in the middle of
    /// a library function that takes long. It is told one of the reasons LUAX_REQUESTED, LUAX_STEPS and
    /// LUAX_TIME. It may return, raise an error, or, as a hook may, yield without values as the last thing it does
    /// (`return lua_yield(L, 0)`, where the thread can yield). It is not interrupted itself. A request is over when the
    /// function is called for it. Limits stay reached: the function is called again at the next step, until it or
    /// another one sets them anew. Without a function, errors are raised again at each step in the same way, also
    /// after a script has caught one; a request is over then when this function is called. `ud` must stay good as long
    /// as it is set. Since version 1.
    plain fn luaX_setinterrupt(L: *mut lua_State, f: luaX_Interrupt, ud: *mut c_void) {
        L.ext_setinterrupt(f, ud)
    }

    /// `[-0, +0, -]` Asks for an interrupt for the reason LUAX_REQUESTED, as soon as possible.
    ///
    /// It may be called by any native thread and by signal handlers, whatever the state is doing, also by several at
    /// once, who ask together for one interrupt. The host sees to it that no call begins when `lua_close` may have
    /// returned. `L` is best the main thread; another one must not be collected meanwhile. Since version 1.
    plain fn luaX_interrupt(L: *mut lua_State) {
        L.ext_interrupt()
    }

    /// `[-0, +0, -]` Sets after how many more steps scripts of the state are interrupted for the reason LUAX_STEPS, < 0:
    /// never. Returns how many were left, -1 when there was no limit.
    ///
    /// A step is a call of a Lua function or a jump backward; long library functions count their work as steps.
    /// Steps of all threads of the state count. Fractions are cut off. Since version 1.
    plain fn luaX_setsteps(L: *mut lua_State, steps: lua_Number) -> lua_Number {
        L.ext_setsteps(steps)
    }

    /// `[-0, +0, -]` Sets after how many seconds from now on scripts of the state are interrupted for the reason
    /// LUAX_TIME, < 0: never. Returns how many were left, 0 when time is over, -1 when there was no limit.
    ///
    /// It is the time of a clock that nobody sets; waiting counts. A function of C is not interrupted. Since version 1.
    plain fn luaX_settime(L: *mut lua_State, seconds: lua_Number) -> lua_Number {
        L.ext_settime(seconds)
    }

    /// `[-0, +0, -]` Sets how many bytes of the native stack nested calls may take, 0: as many as the thread has. Returns
    /// what was set before.
    ///
    /// They count from the frame in which the calling native thread uses the state first after this call. Where
    /// they do not suffice, the error is "C stack overflow"; some kilobytes more may be taken to handle it. More than
    /// the thread has is the same as all of it. On a stack that is not the thread's own, such as that of a host's
    /// fiber, nothing is checked. Since version 1.
    plain fn luaX_setnativestack(L: *mut lua_State, bytes: usize) -> usize {
        L.ext_setnativestack(bytes)
    }

    // --- what there is

    /// `[-0, +0, -]` Fills `*out` with what the state has. The caller sets `out->size` to `sizeof(luaX_Stats)` first.
    /// Returns 0, or -1 when there is no room.
    ///
    /// It looks at each object once, and allocates nothing. As many fields are filled as both the caller and the library
    /// know; `out->size` is set to their bytes. The longest step is measured from the first call on. Since
    /// version 1.
    plain fn luaX_stats(L: *mut lua_State, out: *mut luaX_Stats) -> c_int {
        L.ext_stats(out)
    }

    // --- native code

    /// `[-0, +0, -]` Sets when native code is made for functions of the state: LUAX_JITOFF, LUAX_JITON or
    /// LUAX_JITALWAYS; or throws it away (LUAX_JITFLUSH), or only asks (LUAX_JITQUERY). Returns the mode before, or -1
    /// where there is no native code.
    ///
    /// A new state has the mode that the environment variable `LIBLUA_JIT` gives. LUAX_JITON compiles functions that
    /// run often, LUAX_JITALWAYS each function before it runs first. The mode is the state's, whatever thread of it
    /// `L` is. What runs in native code at the moment, such as the function that called this one, goes on in it until
    /// it returns to the host; LUAX_JITFLUSH leaves such functions their code. Any other mode changes nothing, and the
    /// result is -1. Since version 1.
    plain fn luaX_jit(L: *mut lua_State, mode: c_int) -> c_int {
        L.ext_jit(mode)
    }
}
