/* The C side of src/boundary/portable.rs: what takes a C compiler to say. That is a frame that can be jumped to
   (setjmp), functions with variable arguments, and the pad's personality routine in its unwind table.

   C99 is enough. With GCC or Clang on a 64-bit ELF system, exceptions and destructors work as in the assembly versions;
   elsewhere, and with LUA52_PLAIN_C defined, every raise is a jump, and a foreign exception passes the pads without
   being noticed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__ELF__) && defined(__GNUC__) && defined(__LP64__) && !defined(__USING_SJLJ_EXCEPTIONS__) && \
    !defined(LUA52_PLAIN_C)
#define UNWINDS 1
/* As aligned as the stack is, or the frame would be arranged as it runs. */
#if __BIGGEST_ALIGNMENT__ < 16
#define ALIGNED __attribute__((aligned(8)))
#else
#define ALIGNED __attribute__((aligned(16)))
#endif
/* The compiler must keep a single copy of the pad, without parts of its frame allocated as it runs: trace.rs relies
   on the one distance between the stack pointer at the call and the structure. */
#define ONE_COPY __attribute__((noinline, noclone))
#if defined(__clang__)
#undef ONE_COPY
#define ONE_COPY __attribute__((noinline))
#endif
#else
#define UNWINDS 0
#define ALIGNED
#define ONE_COPY
#endif

/* The variants that leave the signal mask alone, where they are known to be there. */
#if defined(__unix__) || defined(__APPLE__)
#define SET(buffer) _setjmp(buffer)
#define JUMP(buffer) _longjmp(buffer, 1)
#else
#define SET(buffer) setjmp(buffer)
#define JUMP(buffer) longjmp(buffer, 1)
#endif

struct Pad;

/* boundary::Link; only the fields that are used here. */
struct Link {
  struct Pad *pad;
  void *foreign;
  uint32_t protected_calls;
};

/* boundary::Ret. */
struct Ret {
  uint64_t value;
  uint64_t thrown;
};

/* boundary::raise::Pad, with the registers behind it. */
struct Pad {
  uint64_t own[8];
  struct Link *link;
  struct Pad *previous;
  uint32_t protected_calls;
  volatile uint32_t jumped;
  jmp_buf registers;
} ALIGNED;

/* Where portable.rs expects the fields. */
#define OWN_TARGET 4
#define OWN_NEXT 5
#define CHECK(name, condition) typedef char check_##name[(condition) ? 1 : -1]
CHECK(link, offsetof(struct Pad, link) == 64);
CHECK(previous, offsetof(struct Pad, previous) == 72);
CHECK(protected_calls, offsetof(struct Pad, protected_calls) == 80);
CHECK(jumped, offsetof(struct Pad, jumped) == 84);
CHECK(link_protected_calls, offsetof(struct Link, protected_calls) == 16);

extern void lua52_portable_raise(struct Link *link, uint64_t thrown);
extern void lua52_portable_discard(struct Link *link);

/* --- the pad ------------------------------------------------------------------------------------------- */

typedef size_t Function(size_t, size_t, size_t, size_t);

/* boundary::call. Arguments and results are words: with the calling conventions of today's 64-bit systems that calls
   any function of up to four integers and pointers. */
ONE_COPY struct Ret lua52_portable_call(struct Link *link, Function *f, size_t a0, size_t a1, size_t a2, size_t a3) {
  struct Pad pad;
  struct Ret result;
#if UNWINDS
  __asm__ volatile(".hidden lua52_portable_personality\n\t.cfi_personality 0x1b, lua52_portable_personality");
#endif
  pad.own[OWN_TARGET] = 0;
  pad.own[OWN_NEXT] = 0;
  pad.link = link;
  pad.previous = link->pad;
  pad.protected_calls = link->protected_calls;
  pad.jumped = 0;
  link->pad = &pad;
  if (SET(pad.registers) == 0) {
    size_t value = f(a0, a1, a2, a3);
    pad.link->pad = pad.previous;
    result.value = value;
    result.thrown = 0;
    return result;
  }
  /* Only what is in memory is looked at from here on. */
  if (pad.link->foreign) lua52_portable_discard(pad.link);
  pad.link->pad = pad.previous;
  result.value = 0;
  result.thrown = pad.jumped;
  return result;
}

void lua52_portable_jump(struct Pad *pad) { JUMP(pad->registers); }

/* --- variable arguments -------------------------------------------------------------------------------- */

/* boundary::VaList. */
struct Arguments {
  va_list list;
};

int lua52_portable_int(struct Arguments *a) { return va_arg(a->list, int); }
size_t lua52_portable_size(struct Arguments *a) { return va_arg(a->list, size_t); }
void *lua52_portable_pointer(struct Arguments *a) { return va_arg(a->list, void *); }
double lua52_portable_double(struct Arguments *a) { return va_arg(a->list, double); }

/* The exported functions of src/abi with variable arguments, as stubs around their cores there. */
typedef struct lua_State lua_State;
extern struct Ret lua52_core_lua_pushvfstring(lua_State *L, const char *fmt, struct Arguments *arguments);
extern struct Ret lua52_core_lua_pushfstring(lua_State *L, const char *fmt, struct Arguments *arguments);
extern struct Ret lua52_core_luaL_error(lua_State *L, const char *fmt, struct Arguments *arguments);

extern const char *lua_pushvfstring(lua_State *L, const char *fmt, va_list argp);
extern const char *lua_pushfstring(lua_State *L, const char *fmt, ...);
extern int luaL_error(lua_State *L, const char *fmt, ...);

static uintptr_t finish(struct Ret result) {
  if (result.thrown) lua52_portable_raise((struct Link *)(uintptr_t)result.value, result.thrown);
  return (uintptr_t)result.value;
}

const char *lua_pushvfstring(lua_State *L, const char *fmt, va_list argp) {
  struct Arguments arguments;
  struct Ret result;
  va_copy(arguments.list, argp);
  result = lua52_core_lua_pushvfstring(L, fmt, &arguments);
  va_end(arguments.list);
  return (const char *)finish(result);
}

const char *lua_pushfstring(lua_State *L, const char *fmt, ...) {
  struct Arguments arguments;
  struct Ret result;
  va_start(arguments.list, fmt);
  result = lua52_core_lua_pushfstring(L, fmt, &arguments);
  va_end(arguments.list);
  return (const char *)finish(result);
}

int luaL_error(lua_State *L, const char *fmt, ...) {
  struct Arguments arguments;
  struct Ret result;
  va_start(arguments.list, fmt);
  result = lua52_core_luaL_error(L, fmt, &arguments);
  va_end(arguments.list);
  return (int)finish(result);
}

/* --- what the process was linked with ------------------------------------------------------------------ */

/* Addresses, or NULL, in the order that portable.rs knows. */
#if UNWINDS
#define EACH(_) \
  _(_Unwind_RaiseException) _(_Unwind_Resume) _(_Unwind_GetCFA) _(_Unwind_Backtrace) _(_Unwind_GetIPInfo) \
  _(_Unwind_GetRegionStart) _(_Unwind_GetLanguageSpecificData) \
  _(__cxa_begin_catch) _(__cxa_end_catch) _(__cxa_get_globals) _(__asan_handle_no_return)
#define DECLARE(name) extern void name(void) __attribute__((weak));
#define ADDRESS(name) name,
EACH(DECLARE)
void (*const lua52_portable_linked[11])(void) = {EACH(ADDRESS)};
#else
void (*const lua52_portable_linked[11])(void) = {NULL};
#endif

/* Whether the unwinder is to be used at all. */
const int lua52_portable_unwinds = UNWINDS;
