//! `lualib.h`: the functions that open the standard libraries.

use super::*;

/// Runs the function that opens the library.
fn open(l: Lua, name: &str) -> LResult<i32> {
    match stdlib::LIBRARIES.iter().find(|library| library.0 == name) {
        Some(library) => (library.1.f)(l),
        None => Err(l.runtime_error("library not there")),
    }
}

/// `[-0, +1, e]` Opens the basic functions, as globals.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_base(L: *mut lua_State) -> c_int {
    raising!(open_base)
}
core!(open_base(L) => open(L, "_G"));

/// `[-0, +1, e]` Pushes the coroutine library.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_coroutine(L: *mut lua_State) -> c_int {
    raising!(open_coroutine)
}
core!(open_coroutine(L) => open(L, "coroutine"));

/// `[-0, +1, e]` Pushes the table library.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_table(L: *mut lua_State) -> c_int {
    raising!(open_table)
}
core!(open_table(L) => open(L, "table"));

/// `[-0, +1, e]` Pushes the input and output library.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_io(L: *mut lua_State) -> c_int {
    raising!(open_io)
}
core!(open_io(L) => open(L, "io"));

/// `[-0, +1, e]` Pushes the library of operating-system facilities.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_os(L: *mut lua_State) -> c_int {
    raising!(open_os)
}
core!(open_os(L) => open(L, "os"));

/// `[-0, +1, e]` Pushes the string library, and sets the metatable of strings.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_string(L: *mut lua_State) -> c_int {
    raising!(open_string)
}
core!(open_string(L) => open(L, "string"));

/// `[-0, +1, e]` Pushes the library of bitwise operations.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_bit32(L: *mut lua_State) -> c_int {
    raising!(open_bit32)
}
core!(open_bit32(L) => open(L, "bit32"));

/// `[-0, +1, e]` Pushes the mathematical library.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_math(L: *mut lua_State) -> c_int {
    raising!(open_math)
}
core!(open_math(L) => open(L, "math"));

/// `[-0, +1, e]` Pushes the debug library.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_debug(L: *mut lua_State) -> c_int {
    raising!(open_debug)
}
core!(open_debug(L) => open(L, "debug"));

/// `[-0, +1, e]` Pushes the package library, and sets `require`.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_package(L: *mut lua_State) -> c_int {
    raising!(open_package)
}
core!(open_package(L) => open(L, "package"));

/// `[-0, +0, e]` Opens all standard libraries.
///
/// Errors: any. Manual 6.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaL_openlibs(L: *mut lua_State) {
    raising!(aux_openlibs)
}
core!(aux_openlibs(L) => L.aux_openlibs());
