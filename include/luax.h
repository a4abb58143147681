/* luax.h: what liblua-rs has beside the interface of Lua 5.2.
 *
 * The functions are exported at the version node LIBLUA_RS_1: a program that needs them does not start with another
 * library of Lua 5.2. A program that only wants them where they are looks them up with dlsym, or declares them weak.
 *
 * The mark after a function is its effect on the stack, as in lua.h. A double that is no number (NaN) counts as -1.
 */
#ifndef luax_h
#define luax_h

#include <stddef.h>

#if defined(__cplusplus)
extern "C" {
#endif

#include "lua.h"

/* The version of this interface: functions are added, never changed or taken away. */
#define LUAX_API_VERSION 1

/* Modes and requests of luaX_jit. */
#define LUAX_JITOFF 0
#define LUAX_JITON 1
#define LUAX_JITALWAYS 2
#define LUAX_JITFLUSH 3
#define LUAX_JITQUERY 4

/* [-0, +0, -] Returns the version of this interface (LUAX_API_VERSION) that the library has. */
LUA_API int (luaX_version)(void);

/* [-0, +0, -] Sets when native code is made for functions of the state: LUAX_JITOFF, LUAX_JITON or
   LUAX_JITALWAYS; or throws it away (LUAX_JITFLUSH), or only asks (LUAX_JITQUERY). Returns the mode before,
   or -1 where there is no native code. */
LUA_API int (luaX_jit)(lua_State *L, int mode);

#if defined(__cplusplus)
}
#endif

#endif
