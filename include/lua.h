/* lua.h: the interface of Lua 5.2 to C.
 *
 * The mark after a function is its effect on the stack: [-popped, +pushed, errors], where errors is `-`: never,
 * `m`: out of memory, `e`: any, `v`: always; `?` depends on the situation, `|` means "or".
 */
#ifndef lua_h
#define lua_h

#include <stdarg.h>
#include <stddef.h>

#include "luaconf.h"

#define LUA_VERSION_MAJOR "5"
#define LUA_VERSION_MINOR "2"
#define LUA_VERSION_RELEASE "4"
#define LUA_VERSION_NUM 502
#define LUA_VERSION "Lua " LUA_VERSION_MAJOR "." LUA_VERSION_MINOR
#define LUA_RELEASE LUA_VERSION "." LUA_VERSION_RELEASE
#define LUA_COPYRIGHT LUA_RELEASE "  Copyright (C) 1994-2015 Lua.org, PUC-Rio"
#define LUA_AUTHORS "R. Ierusalimschy, L. H. de Figueiredo, W. Celes"

/* How a binary chunk begins. */
#define LUA_SIGNATURE "\033Lua"

/* All results, for lua_call and lua_pcall. */
#define LUA_MULTRET (-1)

/* Pseudo-indices. */
#define LUA_REGISTRYINDEX LUAI_FIRSTPSEUDOIDX
#define lua_upvalueindex(i) (LUA_REGISTRYINDEX - (i))

/* Status of a thread or of a protected call. */
#define LUA_OK 0
#define LUA_YIELD 1
#define LUA_ERRRUN 2
#define LUA_ERRSYNTAX 3
#define LUA_ERRMEM 4
#define LUA_ERRGCMM 5
#define LUA_ERRERR 6

/* Types of values. */
#define LUA_TNONE (-1)
#define LUA_TNIL 0
#define LUA_TBOOLEAN 1
#define LUA_TLIGHTUSERDATA 2
#define LUA_TNUMBER 3
#define LUA_TSTRING 4
#define LUA_TTABLE 5
#define LUA_TFUNCTION 6
#define LUA_TUSERDATA 7
#define LUA_TTHREAD 8
#define LUA_NUMTAGS 9

/* Free slots that a C function finds. */
#define LUA_MINSTACK 20

/* Integer keys of the registry. */
#define LUA_RIDX_MAINTHREAD 1
#define LUA_RIDX_GLOBALS 2
#define LUA_RIDX_LAST LUA_RIDX_GLOBALS

/* Operators of lua_arith and of lua_compare. */
#define LUA_OPADD 0
#define LUA_OPSUB 1
#define LUA_OPMUL 2
#define LUA_OPDIV 3
#define LUA_OPMOD 4
#define LUA_OPPOW 5
#define LUA_OPUNM 6
#define LUA_OPEQ 0
#define LUA_OPLT 1
#define LUA_OPLE 2

/* Requests of lua_gc. */
#define LUA_GCSTOP 0
#define LUA_GCRESTART 1
#define LUA_GCCOLLECT 2
#define LUA_GCCOUNT 3
#define LUA_GCCOUNTB 4
#define LUA_GCSTEP 5
#define LUA_GCSETPAUSE 6
#define LUA_GCSETSTEPMUL 7
#define LUA_GCSETMAJORINC 8
#define LUA_GCISRUNNING 9
#define LUA_GCGEN 10
#define LUA_GCINC 11

/* Events of hooks, and masks that choose them. */
#define LUA_HOOKCALL 0
#define LUA_HOOKRET 1
#define LUA_HOOKLINE 2
#define LUA_HOOKCOUNT 3
#define LUA_HOOKTAILCALL 4
#define LUA_MASKCALL (1 << LUA_HOOKCALL)
#define LUA_MASKRET (1 << LUA_HOOKRET)
#define LUA_MASKLINE (1 << LUA_HOOKLINE)
#define LUA_MASKCOUNT (1 << LUA_HOOKCOUNT)

typedef struct lua_State lua_State;
typedef LUA_NUMBER lua_Number;
typedef LUA_INTEGER lua_Integer;
typedef LUA_UNSIGNED lua_Unsigned;

/* A function of C that Lua can call; returns the number of its results. */
typedef int (*lua_CFunction)(lua_State *L);

/* Gives the next piece of a chunk, or NULL at its end. */
typedef const char *(*lua_Reader)(lua_State *L, void *ud, size_t *sz);

/* Takes the next piece of a chunk; a result other than 0 stops the dump. */
typedef int (*lua_Writer)(lua_State *L, const void *p, size_t sz, void *ud);

/* Allocates (ptr is NULL), resizes, or frees (nsize is 0) a block. */
typedef void *(*lua_Alloc)(void *ud, void *ptr, size_t osize, size_t nsize);

/* What lua_getinfo tells about a function. The letter asks for the field. */
typedef struct lua_Debug lua_Debug;
struct lua_Debug {
  int event;
  const char *name;           /* n: NULL when there is none */
  const char *namewhat;       /* n: "global", "local", "method", "field", "upvalue", "metamethod" or "" */
  const char *what;           /* S: "Lua", "C" or "main" */
  const char *source;         /* S */
  int currentline;            /* l */
  int linedefined;            /* S */
  int lastlinedefined;        /* S */
  unsigned char nups;         /* u */
  unsigned char nparams;      /* u */
  char isvararg;              /* u */
  char istailcall;            /* t */
  char short_src[LUA_IDSIZE]; /* S */
  struct CallInfo *i_ci;      /* for the library only */
};

/* Called at the events chosen with lua_sethook. */
typedef void (*lua_Hook)(lua_State *L, lua_Debug *ar);

#if defined(LUA_USER_H)
#include LUA_USER_H
#endif

/* Version text inside the library. */
extern const char lua_ident[];

/* [-0, +0, -] Creates an independent state whose memory all comes from f; NULL when that fails. */
LUA_API lua_State *(lua_newstate)(lua_Alloc f, void *ud);

/* [-0, +0, -] Ends the state: runs all finalizers, then gives every block back to its allocator. */
LUA_API void (lua_close)(lua_State *L);

/* [-0, +1, m] Pushes a new thread that shares the globals with L, and returns it. */
LUA_API lua_State *(lua_newthread)(lua_State *L);

/* [-0, +0, -] Sets the function that is called for an error outside of any protected call; returns the old
   one. */
LUA_API lua_CFunction (lua_atpanic)(lua_State *L, lua_CFunction panicf);

/* [-0, +0, -] Returns the version number (502) of the state, or of the library when L is NULL. */
LUA_API const lua_Number *(lua_version)(lua_State *L);

/* [-0, +0, -] Returns the index that means the same slot as idx and does not depend on the top. */
LUA_API int (lua_absindex)(lua_State *L, int idx);

/* [-0, +0, -] Returns the number of values in the running function's part of the stack. */
LUA_API int (lua_gettop)(lua_State *L);

/* [-?, +?, -] Sets the top to idx: drops the values over it, or pushes nil up to it. */
LUA_API void (lua_settop)(lua_State *L, int idx);

/* [-0, +1, -] Pushes a copy of the value at idx. */
LUA_API void (lua_pushvalue)(lua_State *L, int idx);

/* [-1, +0, -] Takes the value at idx out; the values over it move down. */
LUA_API void (lua_remove)(lua_State *L, int idx);

/* [-1, +1, -] Moves the top value to idx; the values from there on move up. */
LUA_API void (lua_insert)(lua_State *L, int idx);

/* [-1, +0, -] Pops a value and stores it at idx, which may be an upvalue. */
LUA_API void (lua_replace)(lua_State *L, int idx);

/* [-0, +0, -] Copies the value at fromidx over that at toidx. */
LUA_API void (lua_copy)(lua_State *L, int fromidx, int toidx);

/* [-0, +0, -] Makes room for sz more values and returns 1, or 0 when the stack may not grow so far or memory
   is out. */
LUA_API int (lua_checkstack)(lua_State *L, int sz);

/* [-?, +?, -] Pops n values from one thread and pushes them on another of the same state. */
LUA_API void (lua_xmove)(lua_State *from, lua_State *to, int n);

/* [-0, +0, -] Returns 1 for a number and for a string that converts to one, else 0. */
LUA_API int (lua_isnumber)(lua_State *L, int idx);

/* [-0, +0, -] Returns 1 for a string and for a number, else 0. */
LUA_API int (lua_isstring)(lua_State *L, int idx);

/* [-0, +0, -] Returns 1 for a function written in C, else 0. */
LUA_API int (lua_iscfunction)(lua_State *L, int idx);

/* [-0, +0, -] Returns 1 for a userdata, full or light, else 0. */
LUA_API int (lua_isuserdata)(lua_State *L, int idx);

/* [-0, +0, -] Returns the type of the value, or LUA_TNONE when there is no such slot. */
LUA_API int (lua_type)(lua_State *L, int idx);

/* [-0, +0, -] Returns the name of a type that lua_type returned. */
LUA_API const char *(lua_typename)(lua_State *L, int tp);

/* [-0, +0, -] Returns the value as a number, or 0 when it is not one. Unless isnum is NULL, *isnum becomes 1
   for a number and 0 otherwise. */
LUA_API lua_Number (lua_tonumberx)(lua_State *L, int idx, int *isnum);

/* [-0, +0, -] Returns the value as an integer, cut towards zero, or 0 when it is not a number. Unless isnum
   is NULL, *isnum becomes 1 for a number and 0 otherwise. */
LUA_API lua_Integer (lua_tointegerx)(lua_State *L, int idx, int *isnum);

/* [-0, +0, -] Returns the value as an unsigned integer, modulo 2^32, or 0 when it is not a number. Unless
   isnum is NULL, *isnum becomes 1 for a number and 0 otherwise. */
LUA_API lua_Unsigned (lua_tounsignedx)(lua_State *L, int idx, int *isnum);

/* [-0, +0, -] Returns 0 for false, nil and an empty slot, else 1. */
LUA_API int (lua_toboolean)(lua_State *L, int idx);

/* [-0, +0, m] Returns the bytes of a string and stores their count in *len, unless len is NULL. Returns NULL
   for other values. */
LUA_API const char *(lua_tolstring)(lua_State *L, int idx, size_t *len);

/* [-0, +0, -] Returns the length of a string, table (border) or userdata (bytes) without metamethods; 0 for
   other values. */
LUA_API size_t (lua_rawlen)(lua_State *L, int idx);

/* [-0, +0, -] Returns the C function at idx, or NULL for other values. */
LUA_API lua_CFunction (lua_tocfunction)(lua_State *L, int idx);

/* [-0, +0, -] Returns the block of a full userdata, the pointer of a light one, else NULL. */
LUA_API void *(lua_touserdata)(lua_State *L, int idx);

/* [-0, +0, -] Returns the thread at idx, or NULL for other values. */
LUA_API lua_State *(lua_tothread)(lua_State *L, int idx);

/* [-0, +0, -] Returns an address that identifies a table, thread, function or userdata, else NULL. */
LUA_API const void *(lua_topointer)(lua_State *L, int idx);

/* [-(2|1), +1, e] Pops the operands (one for LUA_OPUNM) and pushes the result of the operation op. */
LUA_API void (lua_arith)(lua_State *L, int op);

/* [-0, +0, -] Returns 1 when the values are equal without metamethods, else 0, also when a slot is empty. */
LUA_API int (lua_rawequal)(lua_State *L, int idx1, int idx2);

/* [-0, +0, e] Returns 1 when LUA_OPEQ, LUA_OPLT or LUA_OPLE holds between the values, else 0, also when a
   slot is empty. */
LUA_API int (lua_compare)(lua_State *L, int idx1, int idx2, int op);

/* [-0, +1, -] Pushes nil. */
LUA_API void (lua_pushnil)(lua_State *L);

/* [-0, +1, -] Pushes a number. */
LUA_API void (lua_pushnumber)(lua_State *L, lua_Number n);

/* [-0, +1, -] Pushes an integer as a number. */
LUA_API void (lua_pushinteger)(lua_State *L, lua_Integer n);

/* [-0, +1, -] Pushes an unsigned integer as a number. */
LUA_API void (lua_pushunsigned)(lua_State *L, lua_Unsigned n);

/* [-0, +1, m] Pushes a string of l bytes, whatever they are, and returns Lua's own copy of them. */
LUA_API const char *(lua_pushlstring)(lua_State *L, const char *s, size_t l);

/* [-0, +1, m] Pushes a NUL-terminated string and returns Lua's own copy; for NULL it pushes nil and returns
   NULL. */
LUA_API const char *(lua_pushstring)(lua_State *L, const char *s);

/* [-0, +1, m] Pushes and returns a formatted string as lua_pushfstring does, with a va_list. */
LUA_API const char *(lua_pushvfstring)(lua_State *L, const char *fmt, va_list argp);

/* [-0, +1, m] Pushes a string made by fmt with %s %d %f %p %c and %%, without modifiers; returns it. */
LUA_API const char *(lua_pushfstring)(lua_State *L, const char *fmt, ...);

/* [-n, +1, m] Pushes a C function with n upvalues, which it pops; at most 255. */
LUA_API void (lua_pushcclosure)(lua_State *L, lua_CFunction fn, int n);

/* [-0, +1, -] Pushes false for 0 and true for any other value. */
LUA_API void (lua_pushboolean)(lua_State *L, int b);

/* [-0, +1, m] Pushes a light userdata, which is any pointer. */
LUA_API void (lua_pushlightuserdata)(lua_State *L, void *p);

/* [-0, +1, -] Pushes the thread L itself and returns 1 when it is the main thread, else 0. */
LUA_API int (lua_pushthread)(lua_State *L);

/* [-0, +1, e] Pushes the value of a global. */
LUA_API void (lua_getglobal)(lua_State *L, const char *var);

/* [-1, +1, e] Replaces the key on top by t[key], t being the value at idx. */
LUA_API void (lua_gettable)(lua_State *L, int idx);

/* [-0, +1, e] Pushes t[k], t being the value at idx. */
LUA_API void (lua_getfield)(lua_State *L, int idx, const char *k);

/* [-1, +1, -] Does what lua_gettable does, on a table and without metamethods. */
LUA_API void (lua_rawget)(lua_State *L, int idx);

/* [-0, +1, -] Pushes t[n] of the table at idx, without metamethods. */
LUA_API void (lua_rawgeti)(lua_State *L, int idx, int n);

/* [-0, +1, -] Pushes t[p] of the table at idx, p being a light userdata, without metamethods. */
LUA_API void (lua_rawgetp)(lua_State *L, int idx, const void *p);

/* [-0, +1, m] Pushes a new table with room for narr list items and nrec other fields. */
LUA_API void (lua_createtable)(lua_State *L, int narr, int nrec);

/* [-0, +1, m] Pushes a new full userdata and returns its block of sz bytes. */
LUA_API void *(lua_newuserdata)(lua_State *L, size_t sz);

/* [-0, +(0|1), -] Pushes the value's metatable and returns 1; for a value without one it pushes nothing and
   returns 0. */
LUA_API int (lua_getmetatable)(lua_State *L, int objindex);

/* [-0, +1, -] Pushes the value (a table or nil) associated with the full userdata at idx. */
LUA_API void (lua_getuservalue)(lua_State *L, int idx);

/* [-1, +0, e] Pops a value into a global. */
LUA_API void (lua_setglobal)(lua_State *L, const char *var);

/* [-2, +0, e] Does t[k] = v and pops both, v being on top and k below it. */
LUA_API void (lua_settable)(lua_State *L, int idx);

/* [-1, +0, e] Does t[k] = v and pops v. */
LUA_API void (lua_setfield)(lua_State *L, int idx, const char *k);

/* [-2, +0, e] Does what lua_settable does, on a table and without metamethods. */
LUA_API void (lua_rawset)(lua_State *L, int idx);

/* [-1, +0, m] Does t[n] = v on the table at idx without metamethods, and pops v. */
LUA_API void (lua_rawseti)(lua_State *L, int idx, int n);

/* [-1, +0, m] Does t[p] = v with p as a light userdata without metamethods, and pops v. */
LUA_API void (lua_rawsetp)(lua_State *L, int idx, const void *p);

/* [-1, +0, -] Pops a table or nil and makes it the value's metatable; returns 1. */
LUA_API int (lua_setmetatable)(lua_State *L, int objindex);

/* [-1, +0, -] Pops a table or nil and associates it with the full userdata at idx. */
LUA_API void (lua_setuservalue)(lua_State *L, int idx);

/* [-(nargs + 1), +nresults, e] Calls a function that was pushed before its nargs arguments, and leaves
   nresults results. */
LUA_API void (lua_callk)(lua_State *L, int nargs, int nresults, int ctx, lua_CFunction k);

/* [-0, +0, -] Returns LUA_YIELD or the error's status in a continuation, and stores the given context in
   *ctx; elsewhere it returns LUA_OK. */
LUA_API int (lua_getctx)(lua_State *L, int *ctx);

/* [-(nargs + 1), +(nresults|1), -] Does what lua_callk does, but stops an error: then it returns the status
   and leaves the error value only. */
LUA_API int (lua_pcallk)(lua_State *L, int nargs, int nresults, int errfunc, int ctx, lua_CFunction k);

/* [-0, +1, -] Compiles the chunk that reader gives and pushes it as a function, or pushes a message and
   returns the status. */
LUA_API int (lua_load)(lua_State *L, lua_Reader reader, void *dt, const char *chunkname, const char *mode);

/* [-0, +0, e] Gives the Lua function on top to writer as a binary chunk; returns the last result of writer.
   */
LUA_API int (lua_dump)(lua_State *L, lua_Writer writer, void *data);

/* [-?, +?, e] Suspends the coroutine and passes nresults values to lua_resume; does not return to the caller.
   */
LUA_API int (lua_yieldk)(lua_State *L, int nresults, int ctx, lua_CFunction k);

/* [-?, +?, -] Starts or continues the coroutine L with narg arguments and returns LUA_YIELD, LUA_OK or an
   error's status. */
LUA_API int (lua_resume)(lua_State *L, lua_State *from, int narg);

/* [-0, +0, -] Returns LUA_OK, LUA_YIELD for a suspended coroutine, or the status of the error that ended it.
   */
LUA_API int (lua_status)(lua_State *L);

/* [-0, +0, e] Controls the collector, as the request in what (LUA_GC...) asks. */
LUA_API int (lua_gc)(lua_State *L, int what, int data);

/* [-1, +0, v] Raises the value on top as an error; does not return. */
LUA_API int (lua_error)(lua_State *L);

/* [-1, +(2|0), e] Pops a key, pushes the pair after it in the table at idx and returns 1; at the end it
   pushes nothing and returns 0. */
LUA_API int (lua_next)(lua_State *L, int idx);

/* [-n, +1, e] Replaces n values by their concatenation; when n is 0 it pushes "". */
LUA_API void (lua_concat)(lua_State *L, int n);

/* [-0, +1, e] Pushes the length of the value as the operator # does. */
LUA_API void (lua_len)(lua_State *L, int idx);

/* [-0, +0, -] Returns the state's allocation function and stores its argument in *ud, unless ud is NULL. The
   function of a state made by luaL_newstate is plain realloc and free, and good for any use. */
LUA_API lua_Alloc (lua_getallocf)(lua_State *L, void **ud);

/* [-0, +0, -] Replaces the allocation function, at any time. The new one must accept the blocks of the one
   before, unless that was the default one: then it never sees them. */
LUA_API void (lua_setallocf)(lua_State *L, lua_Alloc f, void *ud);

/* [-0, +0, -] Identifies the activation at level in ar and returns 1, or 0 when there is none. Level 0 is the
   running function. */
LUA_API int (lua_getstack)(lua_State *L, int level, lua_Debug *ar);

/* [-(0|1), +(0|1|2), m] Fills the fields of ar that the letters of what ask for, and returns 0 when a letter
   is unknown, else 1. */
LUA_API int (lua_getinfo)(lua_State *L, const char *what, lua_Debug *ar);

/* [-(0|1), +(0|1), -] Pushes the n-th local of an activation and returns its name; when there is none it
   pushes nothing and returns NULL. */
LUA_API const char *(lua_getlocal)(lua_State *L, const lua_Debug *ar, int n);

/* [-1, +0, -] Pops a value into the n-th local of an activation and returns its name; NULL when there is
   none. */
LUA_API const char *(lua_setlocal)(lua_State *L, const lua_Debug *ar, int n);

/* [-0, +(0|1), -] Pushes the n-th upvalue of a function and returns its name, "" for a C function; NULL when
   there is none. */
LUA_API const char *(lua_getupvalue)(lua_State *L, int funcindex, int n);

/* [-(0|1), +0, -] Pops a value into the n-th upvalue of a function and returns its name; NULL and nothing
   popped when there is none. */
LUA_API const char *(lua_setupvalue)(lua_State *L, int funcindex, int n);

/* [-0, +0, -] Returns an address that is the same for two upvalues when they are the same variable. */
LUA_API void *(lua_upvalueid)(lua_State *L, int fidx, int n);

/* [-0, +0, -] Makes upvalue n1 of one Lua function the same variable as upvalue n2 of another. */
LUA_API void (lua_upvaluejoin)(lua_State *L, int fidx1, int n1, int fidx2, int n2);

/* [-0, +0, -] Sets the function called at the events of mask, LUA_MASKCOUNT each count instructions; returns
   1. */
LUA_API int (lua_sethook)(lua_State *L, lua_Hook func, int mask, int count);

/* [-0, +0, -] Returns the current hook. */
LUA_API lua_Hook (lua_gethook)(lua_State *L);

/* [-0, +0, -] Returns the mask of the current hook. */
LUA_API int (lua_gethookmask)(lua_State *L);

/* [-0, +0, -] Returns the count of the current hook. */
LUA_API int (lua_gethookcount)(lua_State *L);

#define lua_call(L, n, r) lua_callk(L, (n), (r), 0, NULL)
#define lua_pcall(L, n, r, f) lua_pcallk(L, (n), (r), (f), 0, NULL)
#define lua_yield(L, n) lua_yieldk(L, (n), 0, NULL)

#define lua_tonumber(L, i) lua_tonumberx(L, i, NULL)
#define lua_tointeger(L, i) lua_tointegerx(L, i, NULL)
#define lua_tounsigned(L, i) lua_tounsignedx(L, i, NULL)
#define lua_tostring(L, i) lua_tolstring(L, (i), NULL)

#define lua_isfunction(L, n) (lua_type(L, (n)) == LUA_TFUNCTION)
#define lua_istable(L, n) (lua_type(L, (n)) == LUA_TTABLE)
#define lua_islightuserdata(L, n) (lua_type(L, (n)) == LUA_TLIGHTUSERDATA)
#define lua_isnil(L, n) (lua_type(L, (n)) == LUA_TNIL)
#define lua_isboolean(L, n) (lua_type(L, (n)) == LUA_TBOOLEAN)
#define lua_isthread(L, n) (lua_type(L, (n)) == LUA_TTHREAD)
#define lua_isnone(L, n) (lua_type(L, (n)) == LUA_TNONE)
#define lua_isnoneornil(L, n) (lua_type(L, (n)) <= 0)

#define lua_pop(L, n) lua_settop(L, -(n)-1)
#define lua_newtable(L) lua_createtable(L, 0, 0)
#define lua_pushcfunction(L, f) lua_pushcclosure(L, (f), 0)
#define lua_register(L, n, f) (lua_pushcfunction(L, (f)), lua_setglobal(L, (n)))
#define lua_pushliteral(L, s) lua_pushlstring(L, "" s, (sizeof(s) / sizeof(char)) - 1)
#define lua_pushglobaltable(L) lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS)

#endif
