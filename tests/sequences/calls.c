/* Runs the records of a sequence, and what the operations share. An operation first says the call, then makes it, then shows
 * what it gave: a call that raises has no line of results. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sequences.h"

/* ---- exclusions ---- */

int without(Exclusion kind) {
  static const struct { const char *name, *group; } kinds[] = {
#define X(name, group, reason) {#name, #group},
#include "exclusions.h"
#undef X
  };
  static const char *with;
  static int known;
  if (!known) {
    with = getenv("SEQUENCES_WITH");
    known = 1;
  }
#ifdef FUZZING
  if (strcmp(kinds[kind].group, "BROKEN") != 0) return 0;
#endif
  return with == NULL || (strcmp(with, "all") != 0 && strstr(with, kinds[kind].name) == NULL);
}

/* Does a function of this coroutine run as an iterator or a comparison? */
int in_uncounted_place(lua_State *L) {
  lua_Debug ar;
  int level;
  for (level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "n", &ar);
    if (ar.name == NULL) continue;
    if (strcmp(ar.namewhat, "for iterator") == 0 || strcmp(ar.name, "for iterator") == 0) return 1;
    if (strcmp(ar.namewhat, "metamethod") == 0 && (strstr(ar.name, "lt") || strstr(ar.name, "le") || strstr(ar.name, "eq"))) return 1;
  }
  return 0;
}

int may_yield(lua_State *L) { return !(run.counting && without(WITHOUT_count_after_yield) && in_uncounted_place(L)); }

int hook_may_yield(lua_State *L) {
  lua_Debug ar;
  int level;
  /* Who resumes a coroutine of Lua's passes arguments, which a hook's yield has no place for. */
  if (L == run.main || thread_index(L) < 0 || !may_yield(L)) return 0;
  if (!without(WITHOUT_hook_yield_over_library)) return 1;
  for (level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sf", &ar);
    if (ar.what[0] == 'C' && strcmp(c_name(lua_tocfunction(L, -1)), "builtin") == 0) {
      lua_settop(L, -2);
      return 0;
    }
    lua_settop(L, -2);
  }
  return 1;
}

/* ---- threads ---- */

int thread_index(lua_State *L) {
  int i;
  for (i = 0; i < THREADS; i++)
    if (run.threads[i] == L) return i;
  return -1;
}

/* Runs, or waits for a coroutine that it resumed. */
int is_active(lua_State *L) {
  lua_Debug ar;
  return L == run.main || (lua_status(L) == LUA_OK && lua_getstack(L, 0, &ar));
}

/* ---- what operations share ---- */

/* At which level a recursion ends may differ by one or two: before that, the comparison ends. */
void bound_depth(lua_State *L) {
  lua_Debug ar;
  if (lua_getstack(L, 60, &ar)) run.cut = 1;
}

/* A function that a Lua function did not call by a call instruction: a metamethod, a message handler, a hook. */
static int is_called_aside(lua_State *L, int level) {
  lua_Debug ar;
  if (!lua_getstack(L, level + 1, &ar) || !lua_getinfo(L, "S", &ar) || strcmp(ar.what, "C") == 0) return 0;
  if (!lua_getstack(L, level, &ar) || !lua_getinfo(L, "n", &ar)) return 0;
  return *ar.namewhat == 0 || strcmp(ar.namewhat, "metamethod") == 0;
}

/* Whether a collection now may find what lies in registers of a Lua function that are free. */
int are_registers_seen(lua_State *L) {
  lua_Debug ar;
  int level;
  for (level = 0; lua_getstack(L, level, &ar); level++)
    if (is_called_aside(L, level)) return 1;
  return run.hooks != 0;
}

void call(Frame *f, const char *format, ...) {
  char text[1500];
  int thread = thread_index(f->L);
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  bound_depth(f->L);
  if (f->L == run.main) say("%s", text);
  else if (thread >= 0) say("%s, L = thread %d", text, thread);
  else say("%s, L = a thread", text);
}

void result(Frame *f, int index) { say("-> %s [%s]", show(f->L, index), show_stack(f->L, f->floor)); }
void done(Frame *f) { say("-> [%s]", show_stack(f->L, f->floor)); }

int pick(Frame *f, unsigned byte) {
  int count = lua_gettop(f->L) - f->floor;
  if (count == 0) {
    push_some(f, byte);
    count = 1;
  }
  if (byte & 1) return -1 - (int)(byte >> 1) % count;
  return f->floor + 1 + (int)(byte >> 1) % count;
}

int pick_any(Frame *f, unsigned byte) {
  if (byte >= 232 && (f->kind == FUNCTION || f->kind == IN_BUFFER)) return lua_upvalueindex((int)byte % 4 + 1);
  if (byte >= 224) return LUA_REGISTRYINDEX;
  return pick(f, byte);
}

int pick_valid(Frame *f, unsigned byte) {
  int index = pick_any(f, byte);
  return lua_type(f->L, index) == LUA_TNONE ? pick(f, byte) : index;
}

int pick_type(Frame *f, unsigned byte, int type) {
  int top = lua_gettop(f->L), count = top - f->floor, i;
  for (i = 0; i < count; i++) {
    int index = f->floor + 1 + ((int)byte + i) % count;
    if (lua_type(f->L, index) == type) return (byte & 64) ? index - top - 1 : index;
  }
  return 0;
}

int pick_table(Frame *f, unsigned byte) {
  int index = pick_type(f, byte, LUA_TTABLE);
  if (index == 0) {
    call(f, "lua_createtable(L, 0, 0)");
    API(lua_createtable)(f->L, 0, 0);
    index = -1;
  }
  return index;
}

void need(Frame *f, int count) {
  while (lua_gettop(f->L) - f->floor < count) push_some(f, (unsigned)(f->a[4] + count));
}

static const char *const keys[] = {"k1", "k2", "k3", "x", "__index", "__call", "f", "n"};
const char *key_name(unsigned byte) { return keys[byte % LENGTH(keys)]; }

static const lua_Number numbers[] = {0, -0.0, 1, -1, 2, 3, 1.5, 3.7, -2.5, 1e15, 9007199254740992.0, 2147483648.0, 4294967296.5, 1e300, 1e-7};
static const struct { const char *text; size_t length; } strings[] = {
  {"", 0}, {"a", 1}, {"10", 2}, {" 0x10 ", 6}, {"1e1", 3}, {"k1", 2}, {"with\0zero", 9}, {"text", 4}, {"3.5x", 4},
  {"a string that is longer than forty bytes, which are not shared", 61}};

void push_key(Frame *f, unsigned byte) {
  lua_State *L = f->L;
  switch (byte % 8) {
    case 0: case 1: case 2:
      call(f, "lua_pushinteger(L, %d)", (int)byte % 7);
      API(lua_pushinteger)(L, (int)byte % 7);
      break;
    case 3: case 4: case 5:
      call(f, "lua_pushstring(L, \"%s\")", key_name(byte / 8));
      API(lua_pushstring)(L, key_name(byte / 8));
      break;
    case 6:
      call(f, "lua_pushnumber(L, %g)", numbers[byte % LENGTH(numbers)]);
      API(lua_pushnumber)(L, numbers[byte % LENGTH(numbers)]);
      break;
    default: {
      int index = pick(f, byte);
      call(f, "lua_pushvalue(L, %d)", index);
      API(lua_pushvalue)(L, index);
    }
  }
}

/* One of the simple values. */
void push_some(Frame *f, unsigned byte) {
  lua_State *L = f->L;
  unsigned which = byte / 10;
  switch (byte % 10) {
    case 0:
      call(f, "lua_pushnil(L)");
      API(lua_pushnil)(L);
      break;
    case 1:
      call(f, "lua_pushboolean(L, %d)", (int)which & 1);
      API(lua_pushboolean)(L, (int)which & 1);
      break;
    case 2:
      call(f, "lua_pushinteger(L, %d)", (int)which - 3);
      API(lua_pushinteger)(L, (int)which - 3);
      break;
    case 3:
      call(f, "lua_pushnumber(L, %.14g)", numbers[which % LENGTH(numbers)]);
      API(lua_pushnumber)(L, numbers[which % LENGTH(numbers)]);
      break;
    case 4: {
      static volatile lua_Number zero;
      static const char *const names[] = {"HUGE_VAL", "-HUGE_VAL", "nan"};
      call(f, "lua_pushnumber(L, %s)", names[which % 3]);
      API(lua_pushnumber)(L, which % 3 == 2 ? zero / zero : (which % 3 ? -1 : 1) / zero);
      break;
    }
    case 5:
      call(f, "lua_pushunsigned(L, %u)", which * 0x12345678u);
      API(lua_pushunsigned)(L, which * 0x12345678u);
      break;
    case 6: case 7: {
      size_t n = which % LENGTH(strings);
      call(f, "lua_pushlstring(L, %s, %d)", show_bytes(strings[n].text, strings[n].length), (int)strings[n].length);
      API(lua_pushlstring)(L, strings[n].text, strings[n].length);
      break;
    }
    case 8:
      call(f, "lua_pushlightuserdata(L, %s)", light_name(light_value(which)));
      API(lua_pushlightuserdata)(L, light_value(which));
      break;
    default:
      call(f, "lua_createtable(L, %d, %d)", (int)which % 4, (int)which % 3);
      API(lua_createtable)(L, (int)which % 4, (int)which % 3);
  }
}

/* A function of the library that may be called with any values. */
static const struct { const char *library, *name; } builtins[] = {
  {"_G", "pcall"}, {"_G", "error"}, {"_G", "select"}, {"_G", "rawget"}, {"_G", "setmetatable"}, {"_G", "getmetatable"},
  {"_G", "tonumber"}, {"_G", "type"}, {"_G", "ipairs"}, {"_G", "assert"}, {"_G", "rawequal"}, {"_G", "xpcall"},
  {"string", "gsub"}, {"string", "find"}, {"string", "sub"}, {"string", "byte"}, {"string", "match"}, {"string", "reverse"},
  {"table", "concat"}, {"table", "insert"}, {"table", "remove"}, {"table", "sort"}, {"table", "unpack"}, {"table", "pack"},
  {"coroutine", "yield"}, {"coroutine", "status"}, {"coroutine", "running"}, {"coroutine", "create"}, {"coroutine", "wrap"},
{"math", "floor"}, {"math", "max"}, {"bit32", "band"}, {"bit32", "rshift"}, {"debug", "traceback"}};

/* Pushes a function of any kind and says which; its status if it is one that did not compile. */
int push_function(Frame *f, unsigned byte) {
  lua_State *L = f->L;
  unsigned which = byte / 8;
  int index;
  switch (byte % 8) {
    case 0: case 1: case 2: case 3: {
      const char *text = snippet((unsigned)(f->a[3] * 7 + which));
      int status;
      call(f, "luaL_loadstring(L, %s)", show_bytes(text, strlen(text)));
      status = API(luaL_loadstring)(L, text);
      if (status == LUA_OK) return status;
      say("-> %s, %s", status_name(status), show(L, -1));
      API(lua_settop)(L, -2);
      call(f, "lua_pushcclosure(L, c7, 0)");
      API(lua_pushcclosure)(L, c_functions[6], 0);
      return LUA_OK;
    }
    case 4: case 5:
      call(f, "lua_pushcclosure(L, %s, 0)", c_names[which % 8]);
      API(lua_pushcclosure)(L, c_functions[which % 8], 0);
      return LUA_OK;
    case 6: {
      unsigned n = which % LENGTH(builtins);
      call(f, "push %s.%s", builtins[n].library, builtins[n].name);
      if (strcmp(builtins[n].library, "_G") == 0) lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
      else {
        lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
        lua_getfield(L, -1, builtins[n].library);
        lua_remove(L, -2);
      }
      API(lua_pushstring)(L, builtins[n].name);
      API(lua_rawget)(L, -2);
      API(lua_remove)(L, -2);
      return LUA_OK;
    }
    default:
      index = pick_type(f, byte, LUA_TFUNCTION);
      if (index == 0) index = pick(f, byte);
      call(f, "lua_pushvalue(L, %d)", index);
      API(lua_pushvalue)(L, index);
      return LUA_OK;
  }
}

/* ---- the records ---- */

static const Operation *operations[256];

void choose_operations(void) {
  static const Operation *const lists[] = {stack_operations, table_operations, call_operations, debug_operations, other_operations};
  int total = 0, sum = 0, next = 0;
  size_t i;
  const Operation *o;
  for (i = 0; i < LENGTH(lists); i++)
    for (o = lists[i]; o->run != NULL; o++) total += o->weight;
  for (i = 0; i < LENGTH(lists); i++)
    for (o = lists[i]; o->run != NULL; o++) {
      int end;
      sum += o->weight;
      end = sum * 256 / total;
      if (end == next) abort(); /* too many operations for a byte */
      while (next < end) operations[next++] = o;
    }
}

void interpret(Frame *f, int records) {
  lua_State *L = f->L;
  int depth = run.depth, hooks = run.hooks;
  while (records-- > 0 && run.end - run.at >= RECORD) {
    unsigned operation = *run.at;
    f->a = run.at + 1;
    run.at += RECORD;
    if (lua_gettop(L) > f->floor + 14) {
      call(f, "lua_settop(L, %d)", 6);
      API(lua_settop)(L, f->floor + 6);
    }
    operations[operation]->run(f);
    run.depth = depth;
    run.hooks = hooks;
    if (f->ended) return;
  }
}
