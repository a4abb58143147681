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

/* Why a script is interrupted. */
#define LUAX_REQUESTED 1
#define LUAX_STEPS 2
#define LUAX_TIME 3

/* Called where a script is interrupted, for one of these reasons. */
typedef void (*luaX_Interrupt)(lua_State *L, int reason, void *ud);

/* What luaX_stats tells. Bytes of objects are those of their parts, too. */
typedef struct luaX_Count luaX_Count;
struct luaX_Count {
  size_t count;
  size_t bytes;
};
typedef struct luaX_Stats luaX_Stats;
struct luaX_Stats {
  size_t size;            /* bytes of this structure: set by the caller, then by luaX_stats */
  size_t bytes;           /* in use */
  size_t limit;           /* of luaX_setmemlimit */
  size_t external;        /* told by luaX_external */
  luaX_Count strings;     /* with the table in which equal ones are found */
  luaX_Count tables;
  luaX_Count functions;   /* closures */
  luaX_Count userdata;
  luaX_Count threads;     /* with their stacks */
  luaX_Count prototypes;  /* with their code */
  luaX_Count upvalues;
  size_t shared_strings;  /* of the strings: short ones, which exist once */
  size_t native_code;     /* bytes, which are not among those in use */
  size_t phase;           /* of the collector: 0 waits, 1 marks, 2 frees */
  size_t cycles;          /* that it has begun */
  size_t longest_step;    /* of it, in nanoseconds, since the first luaX_stats */
  size_t stack_slots;     /* of L, in use */
  size_t c_levels;        /* of L: native calls inside each other */
};

/* Modes and requests of luaX_jit. */
#define LUAX_JITOFF 0
#define LUAX_JITON 1
#define LUAX_JITALWAYS 2
#define LUAX_JITFLUSH 3
#define LUAX_JITQUERY 4

/* [-0, +0, -] Returns the version of this interface (LUAX_API_VERSION) that the library has. */
LUA_API int (luaX_version)(void);

/* [-0, +0, -] Sets how many bytes the state may hold at most, 0: as many as there are. Returns what was set
   before. */
LUA_API size_t (luaX_setmemlimit)(lua_State *L, size_t bytes);

/* [-0, +0, -] Tells the collector that an object of the state holds so many bytes more outside of the state,
   such as the pixels of an image; a negative number: that it gave them up. */
LUA_API void (luaX_external)(lua_State *L, ptrdiff_t bytes);

/* [-0, +0, -] Sets the function that interrupts scripts, and what it is given as ud. With NULL an interrupt
   raises "interrupted", "step limit reached" or "time limit reached". */
LUA_API void (luaX_setinterrupt)(lua_State *L, luaX_Interrupt f, void *ud);

/* [-0, +0, -] Asks for an interrupt for the reason LUAX_REQUESTED, as soon as possible. */
LUA_API void (luaX_interrupt)(lua_State *L);

/* [-0, +0, -] Sets after how many more steps scripts of the state are interrupted for the reason LUAX_STEPS,
   < 0: never. Returns how many were left, -1 when there was no limit. */
LUA_API lua_Number (luaX_setsteps)(lua_State *L, lua_Number steps);

/* [-0, +0, -] Sets after how many seconds from now on scripts of the state are interrupted for the reason
   LUAX_TIME, < 0: never. Returns how many were left, 0 when time is over, -1 when there was no limit. */
LUA_API lua_Number (luaX_settime)(lua_State *L, lua_Number seconds);

/* [-0, +0, -] Sets how many bytes of the native stack nested calls may take, 0: as many as the thread has.
   Returns what was set before. */
LUA_API size_t (luaX_setnativestack)(lua_State *L, size_t bytes);

/* [-0, +0, -] Fills *out with what the state has. The caller sets out->size to sizeof(luaX_Stats) first.
   Returns 0, or -1 when there is no room. */
LUA_API int (luaX_stats)(lua_State *L, luaX_Stats *out);

/* [-0, +0, -] Sets when native code is made for functions of the state: LUAX_JITOFF, LUAX_JITON or
   LUAX_JITALWAYS; or throws it away (LUAX_JITFLUSH), or only asks (LUAX_JITQUERY). Returns the mode before,
   or -1 where there is no native code. */
LUA_API int (luaX_jit)(lua_State *L, int mode);

#if defined(__cplusplus)
}
#endif

#endif
