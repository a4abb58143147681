/* lauxlib.h: helpers for writing libraries in C, on top of lua.h. */
#ifndef lauxlib_h
#define lauxlib_h

#include <stddef.h>
#include <stdio.h>

#include "lua.h"

/* A file that luaL_loadfile could not open or read. */
#define LUA_ERRFILE (LUA_ERRERR + 1)

/* References that luaL_ref never gives to a value. */
#define LUA_NOREF (-2)
#define LUA_REFNIL (-1)

/* Metatable of file handles, in the registry. */
#define LUA_FILEHANDLE "FILE*"

/* One function of a library; a NULL name ends the list. */
typedef struct luaL_Reg {
  const char *name;
  lua_CFunction func;
} luaL_Reg;

/* A string under construction. While it is in use, it may keep one value on the stack. */
typedef struct luaL_Buffer {
  char *b;     /* the bytes: initb, or a userdata on the stack */
  size_t size; /* room at b */
  size_t n;    /* bytes used */
  lua_State *L;
  char initb[LUAL_BUFFERSIZE];
} luaL_Buffer;

/* How a userdata with metatable LUA_FILEHANDLE begins. */
typedef struct luaL_Stream {
  FILE *f;              /* NULL while the handle is being made */
  lua_CFunction closef; /* NULL once closed */
} luaL_Stream;

/* [-0, +0, e] Checks that the caller, this library and the state are of one version and one copy. */
LUALIB_API void (luaL_checkversion_)(lua_State *L, lua_Number ver);

/* [-0, +(0|1), m] Pushes field e of the value's metatable and returns 1; when there is none it pushes nothing
   and returns 0. */
LUALIB_API int (luaL_getmetafield)(lua_State *L, int obj, const char *e);

/* [-0, +(0|1), e] Calls metamethod e with the value as its argument, pushes its result and returns 1; when
   there is none it returns 0. */
LUALIB_API int (luaL_callmeta)(lua_State *L, int obj, const char *e);

/* [-0, +1, e] Pushes the value as readable text, by __tostring if it has that, and returns the bytes. */
LUALIB_API const char *(luaL_tolstring)(lua_State *L, int idx, size_t *len);

/* [-0, +0, v] Raises "bad argument" about argument numarg of the running function; does not return. */
LUALIB_API int (luaL_argerror)(lua_State *L, int numarg, const char *extramsg);

/* [-0, +0, e] Returns the bytes of argument numArg, which must be a string or number, and stores their count
   in *l, unless l is NULL. */
LUALIB_API const char *(luaL_checklstring)(lua_State *L, int numArg, size_t *l);

/* [-0, +0, e] Does what luaL_checklstring does, but gives def when the argument is absent or nil. */
LUALIB_API const char *(luaL_optlstring)(lua_State *L, int numArg, const char *def, size_t *l);

/* [-0, +0, e] Returns argument numArg, which must be a number. */
LUALIB_API lua_Number (luaL_checknumber)(lua_State *L, int numArg);

/* [-0, +0, e] Does what luaL_checknumber does, but gives def when the argument is absent or nil. */
LUALIB_API lua_Number (luaL_optnumber)(lua_State *L, int nArg, lua_Number def);

/* [-0, +0, e] Returns argument numArg, which must be a number, cut towards zero. */
LUALIB_API lua_Integer (luaL_checkinteger)(lua_State *L, int numArg);

/* [-0, +0, e] Does what luaL_checkinteger does, but gives def when the argument is absent or nil. */
LUALIB_API lua_Integer (luaL_optinteger)(lua_State *L, int nArg, lua_Integer def);

/* [-0, +0, e] Returns argument numArg, which must be a number, converted as lua_tounsigned does. */
LUALIB_API lua_Unsigned (luaL_checkunsigned)(lua_State *L, int numArg);

/* [-0, +0, e] Does what luaL_checkunsigned does, but gives def when the argument is absent or nil. */
LUALIB_API lua_Unsigned (luaL_optunsigned)(lua_State *L, int numArg, lua_Unsigned def);

/* [-0, +0, e] Makes room for sz more values, or raises "stack overflow", with msg unless that is NULL. */
LUALIB_API void (luaL_checkstack)(lua_State *L, int sz, const char *msg);

/* [-0, +0, e] Raises an error unless argument narg has type t. */
LUALIB_API void (luaL_checktype)(lua_State *L, int narg, int t);

/* [-0, +0, e] Raises an error unless there is an argument narg, nil included. */
LUALIB_API void (luaL_checkany)(lua_State *L, int narg);

/* [-0, +1, m] Pushes the metatable registered as tname; makes it and returns 1 if there was none, else 0. */
LUALIB_API int (luaL_newmetatable)(lua_State *L, const char *tname);

/* [-0, +0, m] Gives the value on top the metatable registered as tname. */
LUALIB_API void (luaL_setmetatable)(lua_State *L, const char *tname);

/* [-0, +0, m] Returns the block of the userdata ud if its metatable is the one registered as tname, else
   NULL. */
LUALIB_API void *(luaL_testudata)(lua_State *L, int ud, const char *tname);

/* [-0, +0, e] Does what luaL_testudata does, but raises an error instead of returning NULL. */
LUALIB_API void *(luaL_checkudata)(lua_State *L, int ud, const char *tname);

/* [-0, +1, m] Pushes "chunk:line: " for the function at level lvl, or "" when its line is not known. */
LUALIB_API void (luaL_where)(lua_State *L, int lvl);

/* [-0, +0, v] Raises a message made as lua_pushfstring does, with the position of the caller in front; does
   not return. */
LUALIB_API int (luaL_error)(lua_State *L, const char *fmt, ...);

/* [-0, +0, e] Finds argument narg, a string, in the NULL-terminated list and returns its position. */
LUALIB_API int (luaL_checkoption)(lua_State *L, int narg, const char *def, const char *const *lst);

/* [-0, +(1|3), m] Pushes the results of a file operation: true, or nil, a message from errno and its number.
   */
LUALIB_API int (luaL_fileresult)(lua_State *L, int stat, const char *fname);

/* [-0, +3, m] Pushes the results of a process: true or nil, "exit" or "signal", and the code. */
LUALIB_API int (luaL_execresult)(lua_State *L, int stat);

/* [-1, +0, e] Pops a value into the table at t under a fresh integer key and returns the key; for nil it
   returns LUA_REFNIL. */
LUALIB_API int (luaL_ref)(lua_State *L, int t);

/* [-0, +0, e] Frees a reference of luaL_ref with its value, so that it can be used again. */
LUALIB_API void (luaL_unref)(lua_State *L, int t, int ref);

/* [-0, +1, m] Loads a file, or the standard input for NULL, as lua_load does; also returns LUA_ERRFILE. */
LUALIB_API int (luaL_loadfilex)(lua_State *L, const char *filename, const char *mode);

/* [-0, +1, -] Loads sz bytes as lua_load does. */
LUALIB_API int (luaL_loadbufferx)(lua_State *L, const char *buff, size_t sz, const char *name, const char *mode);

/* [-0, +1, -] Loads a NUL-terminated string as lua_load does; it is its own chunk name. */
LUALIB_API int (luaL_loadstring)(lua_State *L, const char *s);

/* [-0, +0, -] Creates a state with an allocator of the library and a panic function that prints the message;
   NULL when that fails. */
LUALIB_API lua_State *(luaL_newstate)(void);

/* [-0, +0, e] Returns the length of the value as the operator # gives it; that must be a number. */
LUALIB_API int (luaL_len)(lua_State *L, int idx);

/* [-0, +1, m] Pushes and returns a copy of s in which each p is replaced by r. */
LUALIB_API const char *(luaL_gsub)(lua_State *L, const char *s, const char *p, const char *r);

/* [-nup, +0, m] Stores each function of the list in the table below nup values, which become upvalues shared
   by all and are popped. */
LUALIB_API void (luaL_setfuncs)(lua_State *L, const luaL_Reg *l, int nup);

/* [-0, +1, e] Pushes the table t[fname], where t is the value at idx, and returns 1 if it was there, or 0 if
   it was made. */
LUALIB_API int (luaL_getsubtable)(lua_State *L, int idx, const char *fname);

/* [-0, +1, m] Pushes a traceback of L1 from level on, after msg unless that is NULL. */
LUALIB_API void (luaL_traceback)(lua_State *L, lua_State *L1, const char *msg, int level);

/* [-0, +1, e] Calls openf with the name, stores the result in package.loaded, and as a global too if glb;
   pushes it. */
LUALIB_API void (luaL_requiref)(lua_State *L, const char *modname, lua_CFunction openf, int glb);

/* [-0, +0, -] Makes an empty buffer. */
LUALIB_API void (luaL_buffinit)(lua_State *L, luaL_Buffer *B);

/* [-?, +?, m] Makes room for sz bytes at the end of the buffer and returns it; luaL_addsize then says how
   many are used. */
LUALIB_API char *(luaL_prepbuffsize)(luaL_Buffer *B, size_t sz);

/* [-?, +?, m] Adds l bytes. */
LUALIB_API void (luaL_addlstring)(luaL_Buffer *B, const char *s, size_t l);

/* [-?, +?, m] Adds a NUL-terminated string. */
LUALIB_API void (luaL_addstring)(luaL_Buffer *B, const char *s);

/* [-1, +?, m] Pops a string or number and adds it. */
LUALIB_API void (luaL_addvalue)(luaL_Buffer *B);

/* [-?, +1, m] Ends the buffer and pushes its string. */
LUALIB_API void (luaL_pushresult)(luaL_Buffer *B);

/* [-?, +1, m] Does what luaL_addsize and then luaL_pushresult do. */
LUALIB_API void (luaL_pushresultsize)(luaL_Buffer *B, size_t sz);

/* [-?, +?, m] Does what luaL_buffinit and then luaL_prepbuffsize do. */
LUALIB_API char *(luaL_buffinitsize)(lua_State *L, luaL_Buffer *B, size_t sz);

/* The library functions of Lua 5.1. */
#if defined(LUA_COMPAT_MODULE)
/* [-0, +1, e] Pushes the table of module modname in package.loaded. If there is none, it takes the global
   table of that name, or makes one. */
LUALIB_API void (luaL_pushmodule)(lua_State *L, const char *modname, int sizehint);
/* [-nup, +(0|1), e] Does what luaL_setfuncs does. Unless libname is NULL, it stores into the table of that
   module and leaves the table on the stack. */
LUALIB_API void (luaL_openlib)(lua_State *L, const char *libname, const luaL_Reg *l, int nup);
#define luaL_register(L, n, l) (luaL_openlib(L, (n), (l), 0))
#endif

#define luaL_checkversion(L) luaL_checkversion_(L, LUA_VERSION_NUM)

#define luaL_newlibtable(L, l) lua_createtable(L, 0, sizeof(l) / sizeof((l)[0]) - 1)
#define luaL_newlib(L, l) (luaL_newlibtable(L, l), luaL_setfuncs(L, l, 0))

#define luaL_argcheck(L, cond, numarg, extramsg) ((void)((cond) || luaL_argerror(L, (numarg), (extramsg))))
#define luaL_checkstring(L, n) (luaL_checklstring(L, (n), NULL))
#define luaL_optstring(L, n, d) (luaL_optlstring(L, (n), (d), NULL))
#define luaL_checkint(L, n) ((int)luaL_checkinteger(L, (n)))
#define luaL_optint(L, n, d) ((int)luaL_optinteger(L, (n), (d)))
#define luaL_checklong(L, n) ((long)luaL_checkinteger(L, (n)))
#define luaL_optlong(L, n, d) ((long)luaL_optinteger(L, (n), (d)))
#define luaL_opt(L, f, n, d) (lua_isnoneornil(L, (n)) ? (d) : f(L, (n)))
#define luaL_typename(L, i) lua_typename(L, lua_type(L, (i)))
#define luaL_getmetatable(L, n) (lua_getfield(L, LUA_REGISTRYINDEX, (n)))

#define luaL_loadfile(L, f) luaL_loadfilex(L, f, NULL)
#define luaL_loadbuffer(L, s, sz, n) luaL_loadbufferx(L, s, sz, n, NULL)
#define luaL_dofile(L, fn) (luaL_loadfile(L, fn) || lua_pcall(L, 0, LUA_MULTRET, 0))
#define luaL_dostring(L, s) (luaL_loadstring(L, s) || lua_pcall(L, 0, LUA_MULTRET, 0))

#define luaL_prepbuffer(B) luaL_prepbuffsize(B, LUAL_BUFFERSIZE)
#define luaL_addsize(B, s) ((B)->n += (s))
#define luaL_addchar(B, c) \
  ((void)((B)->n < (B)->size || luaL_prepbuffsize((B), 1)), ((B)->b[(B)->n++] = (c)))

#endif
