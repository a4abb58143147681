//! `lualib.h`: the functions that open the standard libraries.

use super::*;

exports! {
    /// `[-0, +1, e]` Opens the basic functions, as globals.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_base(L: *mut lua_State) -> c_int {
        stdlib::base::open(L)
    }

    /// `[-0, +1, e]` Pushes the coroutine library.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_coroutine(L: *mut lua_State) -> c_int {
        stdlib::coroutine::open(L)
    }

    /// `[-0, +1, e]` Pushes the table library.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_table(L: *mut lua_State) -> c_int {
        stdlib::table::open(L)
    }

    /// `[-0, +1, e]` Pushes the input and output library.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_io(L: *mut lua_State) -> c_int {
        stdlib::io::open(L)
    }

    /// `[-0, +1, e]` Pushes the library of operating-system facilities.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_os(L: *mut lua_State) -> c_int {
        stdlib::os::open(L)
    }

    /// `[-0, +1, e]` Pushes the string library, and sets the metatable of strings.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_string(L: *mut lua_State) -> c_int {
        stdlib::string::open(L)
    }

    /// `[-0, +1, e]` Pushes the library of bitwise operations.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_bit32(L: *mut lua_State) -> c_int {
        stdlib::bit32::open(L)
    }

    /// `[-0, +1, e]` Pushes the mathematical library.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_math(L: *mut lua_State) -> c_int {
        stdlib::math::open(L)
    }

    /// `[-0, +1, e]` Pushes the debug library.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_debug(L: *mut lua_State) -> c_int {
        stdlib::debug::open(L)
    }

    /// `[-0, +1, e]` Pushes the package library, and sets `require`.
    ///
    /// Errors: any. Manual 6.
    raising fn luaopen_package(L: *mut lua_State) -> c_int {
        stdlib::package::open(L)
    }

    /// `[-0, +0, e]` Opens all standard libraries.
    ///
    /// Errors: any. Manual 6.
    raising fn luaL_openlibs(L: *mut lua_State) {
        L.aux_openlibs()
    }
}
