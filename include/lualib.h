/* lualib.h: the standard libraries. */
#ifndef lualib_h
#define lualib_h

#include "lua.h"

/* The names under which the libraries are loaded. */
#define LUA_COLIBNAME "coroutine"
#define LUA_TABLIBNAME "table"
#define LUA_IOLIBNAME "io"
#define LUA_OSLIBNAME "os"
#define LUA_STRLIBNAME "string"
#define LUA_BITLIBNAME "bit32"
#define LUA_MATHLIBNAME "math"
#define LUA_DBLIBNAME "debug"
#define LUA_LOADLIBNAME "package"

/* [-0, +1, e] Opens the basic functions, as globals. */
LUAMOD_API int (luaopen_base)(lua_State *L);

/* [-0, +1, e] Pushes the coroutine library. */
LUAMOD_API int (luaopen_coroutine)(lua_State *L);

/* [-0, +1, e] Pushes the table library. */
LUAMOD_API int (luaopen_table)(lua_State *L);

/* [-0, +1, e] Pushes the input and output library. */
LUAMOD_API int (luaopen_io)(lua_State *L);

/* [-0, +1, e] Pushes the library of operating-system facilities. */
LUAMOD_API int (luaopen_os)(lua_State *L);

/* [-0, +1, e] Pushes the string library, and sets the metatable of strings. */
LUAMOD_API int (luaopen_string)(lua_State *L);

/* [-0, +1, e] Pushes the library of bitwise operations. */
LUAMOD_API int (luaopen_bit32)(lua_State *L);

/* [-0, +1, e] Pushes the mathematical library. */
LUAMOD_API int (luaopen_math)(lua_State *L);

/* [-0, +1, e] Pushes the debug library. */
LUAMOD_API int (luaopen_debug)(lua_State *L);

/* [-0, +1, e] Pushes the package library, and sets require. */
LUAMOD_API int (luaopen_package)(lua_State *L);

/* [-0, +0, e] Opens all standard libraries. */
LUAMOD_API void (luaL_openlibs)(lua_State *L);

#if !defined(lua_assert)
#define lua_assert(x) ((void)0)
#endif

#endif
