/* Chunks, libraries, the collector, allocators. */
#include <errno.h>
#include <string.h>

#include "sequences.h"

/* ---- chunks ---- */

typedef struct Source {
  const char *bytes;
  size_t size, piece, at;
  int calls, raises, uses, compiles;
} Source;

static const char *read_piece(lua_State *L, void *data, size_t *size) {
  Source *s = (Source *)data;
  size_t n = s->size - s->at;
  const char *p = s->bytes + s->at;
  if (++s->calls == s->raises) API(luaL_error)(L, "raised by a reader");
  if (s->uses) { /* it may use the stack */
    lua_pushfstring(L, "piece %d", s->calls);
    lua_createtable(L, 1, 0);
    lua_settop(L, -3);
  }
  if (n > s->piece) n = s->piece;
  s->at += n;
  *size = n;
  return n ? p : NULL;
}

static void load_source(Frame *f, Source *s, const char *what) {
  static const char *const names[] = {"=name", "@file.lua", "text\nof two lines", "=[C]"};
  static const char *const modes[] = {NULL, "t", "b", "bt"};
  const char *name = names[f->a[1] % 4], *mode = modes[f->a[1] / 4 % 8 > 3 ? 0 : f->a[1] / 4 % 4];
  int status;
  s->piece = f->a[2] % 4 == 0 ? 1 : f->a[2] % 4 == 1 ? 7 : 100000;
  s->uses = f->a[2] / 4 % 2 && !(s->bytes == (const char *)run.chunk && run.mode != EXACT && without(WITHOUT_collection_in_chunk));
  s->raises = f->a[2] / 8 % 8 == 0 ? 1 + f->a[3] % 3 * s->compiles : 0;
  call(f, "lua_load(L, reader of %s in pieces of %d%s, %s, %s)", what, (int)s->piece, s->raises ? ", raises" : "",
       show_bytes(name, strlen(name)), mode ? mode : "NULL");
  status = API(lua_load)(f->L, read_piece, s, name, mode);
  say("-> %s, %s", status_name(status), show(f->L, -1));
}
static void load(Frame *f) {
  Source s = {0};
  s.compiles = 1;
  s.bytes = snippet(f->a[0]);
  s.size = strlen(s.bytes);
  if (without(WITHOUT_reader_after_error)) {
    s.compiles = luaL_loadstring(f->L, s.bytes) == LUA_OK;
    lua_settop(f->L, -2);
  }
  load_source(f, &s, show_bytes(s.bytes, s.size));
}
static void load_chunk(Frame *f) {
  Source s = {0};
  if (run.chunk_size == 0) return;
  s.bytes = (const char *)run.chunk;
  s.compiles = 1;
  s.size = f->a[0] % 4 == 0 ? (size_t)f->a[4] * run.chunk_size / 256 : run.chunk_size;
  if (s.size == run.chunk_size) load_source(f, &s, "the chunk");
  else load_source(f, &s, "a part of the chunk");
}
static void loadbuffer(Frame *f) {
  lua_State *L = f->L;
  const char *text = snippet(f->a[0]);
  int status;
  switch (f->a[1] % 4) {
    case 0: case 1:
      call(f, "luaL_loadbufferx(L, %s, ..., \"=buffer\", \"t\")", show_bytes(text, strlen(text)));
      status = API(luaL_loadbufferx)(L, text, strlen(text), "=buffer", "t");
      break;
    case 2:
      call(f, "luaL_loadfilex(L, \"/nowhere/file.lua\", NULL)");
      status = API(luaL_loadfilex)(L, "/nowhere/file.lua", NULL);
      break;
    default:
      call(f, "luaL_loadfilex(L, \"/dev/null\", NULL)");
      status = API(luaL_loadfilex)(L, "/dev/null", NULL);
  }
  say("-> %s, %s", status_name(status), show(L, -1));
}

typedef struct Sink {
  size_t size, room;
} Sink;
static int write_piece(lua_State *L, const void *piece, size_t size, void *data) {
  Sink *s = (Sink *)data;
  (void)L;
  if (s->size + size > s->room) return 17;
  memcpy(run.chunk + s->size, piece, size);
  s->size += size;
  return 0;
}
static void dump(Frame *f) {
  lua_State *L = f->L;
  Sink s = {0};
  int status;
  push_function(f, f->a[0]);
  s.room = f->a[1] % 8 == 0 ? f->a[2] % 200 : sizeof run.chunk;
  run.chunk_size = 0;
  call(f, "lua_dump(L, writer, ...), %s", show(L, -1));
  if (lua_type(L, -1) != LUA_TFUNCTION) return;
  status = API(lua_dump)(L, write_piece, &s);
  if (status == 0) run.chunk_size = s.size;
  say("-> %d [%s]", status, show_stack(L, f->floor));
  if (status == 0) {
    unsigned sum = 0;
    size_t i;
    for (i = 0; i < s.size; i++) sum = sum * 31 + run.chunk[i];
    say("  %d bytes, %08x", (int)s.size, sum);
  }
}

/* ---- libraries ---- */

static int open_nothing(lua_State *L) {
  say("open '%s' [%s]", lua_tolstring(L, 1, NULL), show_stack(L, 0));
  lua_createtable(L, 0, 0);
  return 1;
}

static void requiref(Frame *f) {
  static const struct { const char *name; lua_CFunction open; int at; } libraries[] = {
    {"_G", luaopen_base, AT_luaopen_base}, {"package", luaopen_package, AT_luaopen_package},
    {"coroutine", luaopen_coroutine, AT_luaopen_coroutine}, {"table", luaopen_table, AT_luaopen_table},
    {"io", luaopen_io, AT_luaopen_io}, {"os", luaopen_os, AT_luaopen_os}, {"string", luaopen_string, AT_luaopen_string},
    {"bit32", luaopen_bit32, AT_luaopen_bit32}, {"math", luaopen_math, AT_luaopen_math}, {"debug", luaopen_debug, AT_luaopen_debug}};
  lua_State *L = f->L;
  unsigned n = f->a[0] % (LENGTH(libraries) + 3);
  if (n >= LENGTH(libraries)) {
    call(f, "luaL_requiref(L, \"mine\", open, %d)", f->a[1] % 2);
    API(luaL_requiref)(L, "mine", open_nothing, f->a[1] % 2);
    result(f, -1);
    return;
  }
  call(f, "luaL_requiref(L, \"%s\", luaopen_%s, 0)", libraries[n].name, libraries[n].name);
  ++api_calls[libraries[n].at];
  API(luaL_requiref)(L, libraries[n].name, libraries[n].open, 0);
  result(f, -1);
  lua_settop(L, -2);
  one_name_each(L);
}

static void setfuncs(Frame *f) {
  static const luaL_Reg list[] = {{"k1", NULL}, {"k2", NULL}, {NULL, NULL}};
  luaL_Reg functions[3];
  lua_State *L = f->L;
  int n = f->a[0] % 3;
  memcpy(functions, list, sizeof list);
  functions[0].func = c_functions[f->a[1] % 8];
  functions[1].func = c_functions[6];
  switch (f->a[2] % 3) {
    case 0:
      call(f, "lua_createtable, then luaL_setfuncs(L, {%s, c7}, %d)", c_names[f->a[1] % 8], n);
      API(lua_createtable)(L, 0, 2);
      push_some(f, f->a[3]);
      push_some(f, f->a[4]);
      lua_settop(L, n - 3);
      API(luaL_setfuncs)(L, functions, n);
      describe(L, -1);
      break;
    case 1:
      call(f, "luaL_openlib(L, NULL, {%s, c7}, 0)", c_names[f->a[1] % 8]);
      API(lua_createtable)(L, 0, 2);
      API(luaL_openlib)(L, NULL, functions, 0);
      break;
    default:
      call(f, "luaL_pushmodule(L, \"module%d\", 1)", f->a[1] % 3);
      API(luaL_pushmodule)(L, f->a[1] % 3 == 0 ? "module0" : f->a[1] % 3 == 1 ? "module1" : "string.sub", 1);
  }
  done(f);
}

static void results_of_system(Frame *f) {
  lua_State *L = f->L;
  int n;
  switch (f->a[0] % 4) {
    case 0:
      call(f, "luaL_fileresult(L, 1, NULL)");
      n = API(luaL_fileresult)(L, 1, NULL);
      break;
    case 1:
      call(f, "luaL_fileresult(L, 0, \"file\"), ENOENT");
      errno = ENOENT;
      n = API(luaL_fileresult)(L, 0, "file");
      break;
    default: {
      static const int statuses[] = {0, 1 << 8, 9, 3 << 8};
      call(f, "luaL_execresult(L, %d)", statuses[f->a[1] % 4]);
      n = API(luaL_execresult)(L, statuses[f->a[1] % 4]);
    }
  }
  say("-> %d [%s] %s", n, show_stack(L, f->floor), show(L, -1));
}

/* ---- the collector ---- */

static void collect(Frame *f) {
  lua_State *L = f->L;
  int i;
  if (run.mode == EXACT) {
    if (are_registers_seen(L) && without(WITHOUT_collection_aside)) return;
    call(f, "lua_gc(L, LUA_GCCOLLECT, 0)");
    say("-> %d", API(lua_gc)(L, LUA_GCCOLLECT, 0));
    return;
  }
  switch (f->a[0] % 8) {
    case 0: case 1:
      call(f, "lua_gc(L, LUA_GCSTEP, %d)", f->a[1] % 16);
      API(lua_gc)(L, LUA_GCSTEP, f->a[1] % 16);
      break;
    case 2:
      call(f, "lua_gc(L, LUA_GCCOLLECT, 0)");
      API(lua_gc)(L, LUA_GCCOLLECT, 0);
      break;
    case 3:
      call(f, "lua_gc(L, LUA_GCSETPAUSE, %d)", f->a[1] * 4 + 10);
      say("-> %d", API(lua_gc)(L, LUA_GCSETPAUSE, f->a[1] * 4 + 10));
      break;
    case 4:
      call(f, "lua_gc(L, LUA_GCSETSTEPMUL, %d)", f->a[1] * 4 + 10);
      say("-> %d", API(lua_gc)(L, LUA_GCSETSTEPMUL, f->a[1] * 4 + 10));
      break;
    case 5:
      call(f, "lua_gc(L, %s, 0)", f->a[1] & 1 ? "LUA_GCGEN" : "LUA_GCINC");
      API(lua_gc)(L, f->a[1] & 1 ? LUA_GCGEN : LUA_GCINC, 0);
      break;
    case 6:
      call(f, "lua_gc(L, %s, 0)", f->a[1] & 1 ? "LUA_GCSTOP" : "LUA_GCRESTART");
      API(lua_gc)(L, f->a[1] & 1 ? LUA_GCSTOP : LUA_GCRESTART, 0);
      break;
    default:
      call(f, "garbage");
      for (i = 0; i < 40; i++) {
        lua_createtable(L, i % 5, i % 3);
        lua_pushfstring(L, "garbage %d", i);
        lua_rawseti(L, -2, 1);
        lua_settop(L, -2);
      }
      if (lua_gc(L, LUA_GCCOUNT, 0) < 0 || lua_gc(L, LUA_GCCOUNTB, 0) > 1023) say("-> a wrong count");
  }
  say("-> running %d", API(lua_gc)(L, LUA_GCISRUNNING, 0));
}

/* A weak table with entries that go and entries that stay, and what a collection leaves of it. */
static void weak(Frame *f) {
  static const char *const modes[] = {"k", "v", "kv"};
  lua_State *L = f->L;
  const char *mode = modes[f->a[0] % 3];
  int kept = pick(f, f->a[1]), i, table;
  if (run.mode == COLLECTING || run.hooks != 0) return;
  if (!lua_checkstack(L, 8)) return;
  kept = lua_absindex(L, kept);
  call(f, "a table with __mode = \"%s\", %d is kept", mode, kept - f->floor);
  API(lua_createtable)(L, 0, 0);
  table = lua_gettop(L);
  API(lua_createtable)(L, 0, 1);
  API(lua_pushstring)(L, mode);
  API(lua_setfield)(L, -2, "__mode");
  API(lua_setmetatable)(L, table);
  for (i = 1; i < 5; i++) {
    switch (f->a[i] % 6) {
      case 0: /* a value that goes */
        lua_createtable(L, 0, 0);
        lua_rawseti(L, table, i);
        continue;
      case 1: /* one that stays */
        lua_pushvalue(L, kept);
        lua_rawseti(L, table, i);
        continue;
      case 2: /* a key that goes, with a value of its own */
        lua_createtable(L, 0, 0);
        lua_pushvalue(L, -1);
        break;
      case 3: /* a key that goes */
        lua_createtable(L, 0, 0);
        lua_pushinteger(L, i);
        break;
      case 4: /* a key that may stay, with a value that nothing else has */
        if (lua_type(L, kept) <= LUA_TNUMBER) lua_pushliteral(L, "a key");
        else lua_pushvalue(L, kept);
        lua_createtable(L, 0, 0);
        break;
      default: /* strings are values, not objects */
        lua_pushfstring(L, "a string %d", i);
        lua_pushfstring(L, "its value %d", i);
    }
    lua_rawset(L, table);
  }
  describe(L, table);
  if (f->a[0] & 4 && !(are_registers_seen(L) && without(WITHOUT_collection_aside))) API(lua_gc)(L, LUA_GCCOLLECT, 0);
  describe(L, table);
  done(f);
}

static void steps(lua_State *L, int count, int size) {
  while (count-- > 0) API(lua_gc)(L, LUA_GCSTEP, size);
}

/* In the middle of a cycle, an object gets a reference to another that nothing else refers to. */
static void store(Frame *f) {
  static const char *const names[] = {"table", "C closure", "userdata", "Lua closure", "metatable", "registry", "thread", "joined upvalue"};
  lua_State *L = f->L, *thread = NULL;
  int kind = f->a[0] % 8, object, i;
  if (run.mode == EXACT || !lua_checkstack(L, 12)) return;
  call(f, "store in a %s after %d steps", names[kind], f->a[1] % 8);
  switch (kind) {
    case 0: lua_createtable(L, 0, 0); break;
    case 1:
      lua_pushnil(L);
      lua_pushcclosure(L, c_functions[6], 1);
      break;
    case 2: lua_newuserdata(L, 8); break;
    case 4: lua_createtable(L, 0, 0); break;
    case 5: lua_pushvalue(L, LUA_REGISTRYINDEX); break;
    case 6: thread = lua_newthread(L); break;
    default:
      if (luaL_loadstring(L, "local up return function() return up end") != LUA_OK) return;
      if (lua_pcallk(L, 0, 1, 0, 0, NULL) != LUA_OK) return;
  }
  object = lua_gettop(L);
  steps(L, f->a[1] % 8, f->a[2] % 3);
  lua_createtable(L, 1, 0);
  lua_pushfstring(L, "stored %d", f->a[4]);
  lua_rawseti(L, -2, 1);
  switch (kind) {
    case 0: API(lua_rawseti)(L, object, 1); break;
    case 1: case 3: API(lua_setupvalue)(L, object, 1); break;
    case 2: API(lua_setuservalue)(L, object); break;
    case 4: API(lua_setmetatable)(L, object); break;
    case 5: API(lua_setfield)(L, object, "stored"); break;
    case 6: API(lua_xmove)(L, thread, 1); break;
    default: /* the upvalue that has it comes from another closure, which goes */
      if (luaL_loadstring(L, "local up = ... return function() return up end") != LUA_OK) return;
      lua_insert(L, -2);
      if (lua_pcallk(L, 1, 1, 0, 0, NULL) != LUA_OK) return;
      API(lua_upvaluejoin)(L, object, 1, -1, 1);
      lua_settop(L, object);
  }
  steps(L, 4 + f->a[3] % 16, f->a[3] / 16);
  for (i = 0; i < 12; i++) { /* takes the place of what was freed */
    lua_createtable(L, 1, 0);
    lua_pushfstring(L, "garbage %d", i);
    lua_rawseti(L, -2, 1);
    lua_settop(L, object);
  }
  switch (kind) {
    case 0: API(lua_rawgeti)(L, object, 1); break;
    case 2: API(lua_getuservalue)(L, object); break;
    case 4: API(lua_getmetatable)(L, object); break;
    case 5:
      API(lua_getfield)(L, object, "stored");
      lua_pushnil(L);
      lua_setfield(L, object, "stored");
      break;
    case 6: API(lua_xmove)(thread, L, 1); break;
    default: API(lua_getupvalue)(L, object, 1);
  }
  lua_rawgeti(L, -1, 1);
  result(f, -1);
  lua_settop(L, object - 1);
}

static void state(Frame *f) {
  lua_State *L = f->L;
  void *ud;
  switch (f->a[0] % 4) {
    case 0: {
      lua_CFunction old = API(lua_atpanic)(L, NULL);
      call(f, "lua_atpanic(L, NULL)");
      say("-> %s", old ? "the function" : "NULL");
      lua_atpanic(L, old);
      break;
    }
    case 1: {
      lua_Alloc allocator = API(lua_getallocf)(L, &ud);
      call(f, "lua_setallocf(L, the same, the same)");
      API(lua_setallocf)(L, allocator, ud);
      done(f);
      break;
    }
    case 2: {
      lua_Alloc allocator = API(lua_getallocf)(L, &ud);
      call(f, "lua_setallocf(L, allocate, another)");
      if (allocator == allocate) API(lua_setallocf)(L, allocate, ud == &run ? (void *)&api_calls : (void *)&run);
      else API(lua_setallocf)(L, reallocate, NULL);
      done(f);
      break;
    }
    default:
      call(f, "lua_ident");
      ++api_calls[AT_lua_ident];
      say("-> %.18s", lua_ident);
  }
}

const Operation other_operations[] = {
  {load, 5}, {load_chunk, 5}, {loadbuffer, 3}, {dump, 6}, {requiref, 3}, {setfuncs, 3}, {results_of_system, 2}, {collect, 7}, {weak, 4}, {store, 6},
  {state, 3},
  {NULL, 0}};
