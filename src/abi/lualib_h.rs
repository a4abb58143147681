//! `lualib.h`: the functions that open the standard libraries.

use super::*;

/// `[-0, +1, e]` Opens the basic functions, as globals.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_base(L: *mut lua_State) -> c_int {
    raising!(open_base(L))
}
core!(open_base(L) => stdlib::base::open(L));

/// `[-0, +1, e]` Pushes the coroutine library.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_coroutine(L: *mut lua_State) -> c_int {
    raising!(open_coroutine(L))
}
core!(open_coroutine(L) => stdlib::coroutine::open(L));

/// `[-0, +1, e]` Pushes the table library.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_table(L: *mut lua_State) -> c_int {
    raising!(open_table(L))
}
core!(open_table(L) => stdlib::table::open(L));

/// `[-0, +1, e]` Pushes the input and output library.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_io(L: *mut lua_State) -> c_int {
    raising!(open_io(L))
}
core!(open_io(L) => stdlib::io::open(L));

/// `[-0, +1, e]` Pushes the library of operating-system facilities.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_os(L: *mut lua_State) -> c_int {
    raising!(open_os(L))
}
core!(open_os(L) => stdlib::os::open(L));

/// `[-0, +1, e]` Pushes the string library, and sets the metatable of strings.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_string(L: *mut lua_State) -> c_int {
    raising!(open_string(L))
}
core!(open_string(L) => stdlib::string::open(L));

/// `[-0, +1, e]` Pushes the library of bitwise operations.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_bit32(L: *mut lua_State) -> c_int {
    raising!(open_bit32(L))
}
core!(open_bit32(L) => stdlib::bit32::open(L));

/// `[-0, +1, e]` Pushes the mathematical library.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_math(L: *mut lua_State) -> c_int {
    raising!(open_math(L))
}
core!(open_math(L) => stdlib::math::open(L));

/// `[-0, +1, e]` Pushes the debug library.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_debug(L: *mut lua_State) -> c_int {
    raising!(open_debug(L))
}
core!(open_debug(L) => stdlib::debug::open(L));

/// `[-0, +1, e]` Pushes the package library, and sets `require`.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_package(L: *mut lua_State) -> c_int {
    raising!(open_package(L))
}
core!(open_package(L) => stdlib::package::open(L));

/// `[-0, +0, e]` Opens all standard libraries.
///
/// Errors: any. Manual 6.
#[cfg_attr(naked_stubs, unsafe(naked))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaL_openlibs(L: *mut lua_State) {
    raising!(aux_openlibs(L))
}
core!(aux_openlibs(L) => L.aux_openlibs());
