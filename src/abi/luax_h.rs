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
