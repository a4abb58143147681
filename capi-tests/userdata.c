/* Userdata, user values, finalizers: their order, resurrection, errors; closing a state. */
#include "support.h"

static int gc_log(lua_State *L) {
  int *id = (int *)lua_touserdata(L, 1);
  say("  gc %d, top %d, status %s", *id, lua_gettop(L), status_name(lua_status(L)));
  return 0;
}

static int *new_object(lua_State *L, const char *type, int id) {
  int *p = (int *)lua_newuserdata(L, sizeof *p);
  *p = id;
  luaL_setmetatable(L, type);
  return p;
}

static void make_type(lua_State *L, const char *type, lua_CFunction gc) {
  luaL_newmetatable(L, type);
  if (gc != NULL) {
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_pop(L, 1);
}

static void collect(lua_State *L) { lua_gc(L, LUA_GCCOLLECT, 0); }

static void t_blocks(lua_State *L) {
  size_t size;
  unsigned char *p;
  for (size = 0; size < 5000; size = size * 3 + 1) {
    size_t i, wrong = 0;
    p = (unsigned char *)lua_newuserdata(L, size);
    say("%lu: aligned %d, rawlen %lu", (unsigned long)size, (size_t)p % 8 == 0, (unsigned long)lua_rawlen(L, -1));
    memset(p, (int)(size & 255), size);
    collect(L);
    for (i = 0; i < size; i++) wrong += p[i] != (unsigned char)(size & 255);
    if (wrong) say("changed bytes");
  }
  say("same pointer %d", lua_touserdata(L, -1) == p);
  lua_settop(L, 0);
}

static void t_user_values(lua_State *L) {
  lua_newuserdata(L, 4);
  lua_getuservalue(L, 1);
  show_value(L, "at first", -1);
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushliteral(L, "kept alive");
  lua_setfield(L, -2, "field");
  lua_setuservalue(L, 1);
  collect(L);
  collect(L);
  lua_getuservalue(L, 1);
  lua_getfield(L, -1, "field");
  show_stack(L, "table");
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_setuservalue(L, 1);
  lua_getuservalue(L, -1);
  show_stack(L, "nil again");
  lua_settop(L, 0);
  run_lua(L, "local u = io.stdout print(debug.getuservalue(u), debug.getuservalue(1), pcall(debug.setuservalue, u, 5)) "
             "debug.setuservalue(u, {7}) print(debug.getuservalue(u)[1]) debug.setuservalue(u, nil)");
}

static void t_types(lua_State *L) {
  void *p;
  say("new %d", luaL_newmetatable(L, "capi.A"));
  say("again %d", luaL_newmetatable(L, "capi.A"));
  say("the same table %d", lua_rawequal(L, -1, -2));
  lua_getfield(L, -1, "__name");
  show_value(L, "no __name in 5.2", -1);
  lua_settop(L, 0);
  luaL_newmetatable(L, "capi.B");
  lua_settop(L, 0);
  p = new_object(L, "capi.A", 1);
  say("A as A %d, as B %d, as unknown %d", luaL_testudata(L, 1, "capi.A") == p, luaL_testudata(L, 1, "capi.B") != NULL,
      luaL_testudata(L, 1, "capi.unknown") != NULL);
  lua_pushinteger(L, 5);
  lua_pushlightuserdata(L, p);
  say("number %d, light %d, absent %d", luaL_testudata(L, 2, "capi.A") != NULL, luaL_testudata(L, 3, "capi.A") != NULL,
      luaL_testudata(L, 9, "capi.A") != NULL);
  say("top %d", lua_gettop(L));
  say("checkudata %d", luaL_checkudata(L, 1, "capi.A") == p);
  lua_settop(L, 1);
  luaL_getmetatable(L, "capi.unknown");
  show_value(L, "unknown", -1);
  lua_pop(L, 1);
  luaL_setmetatable(L, "capi.unknown");
  say("after setmetatable by an unknown name: %d", lua_getmetatable(L, 1));
  lua_settop(L, 0);
}

static void t_order(lua_State *L) {
  int i;
  make_type(L, "capi.T", gc_log);
  for (i = 1; i <= 5; i++) new_object(L, "capi.T", i);
  say("in use");
  collect(L);
  lua_remove(L, 3);
  say("the third");
  collect(L);
  lua_settop(L, 0);
  say("the rest, last marked first");
  collect(L);
  say("at close");
  for (i = 11; i <= 14; i++) {
    new_object(L, "capi.T", i);
    lua_rawseti(L, LUA_REGISTRYINDEX, 1000 + i);
  }
}

/* __gc must be in the metatable when it is set */
static void t_marking(lua_State *L) {
  int *p;
  say("__gc added too late");
  lua_newuserdata(L, 4);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setmetatable(L, 1);
  lua_pushcfunction(L, gc_log);
  lua_setfield(L, -2, "__gc");
  lua_settop(L, 0);
  collect(L);
  say("placeholder first, function later");
  p = (int *)lua_newuserdata(L, sizeof *p);
  *p = 7;
  lua_newtable(L);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "__gc");
  lua_pushvalue(L, -1);
  lua_setmetatable(L, 1);
  lua_pushcfunction(L, gc_log);
  lua_setfield(L, -2, "__gc");
  lua_settop(L, 0);
  collect(L);
  say("not a function when it runs");
  lua_newuserdata(L, 4);
  lua_newtable(L);
  lua_pushliteral(L, "text");
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, 1);
  lua_settop(L, 0);
  collect(L);
  say("metatable removed before");
  make_type(L, "capi.T", gc_log);
  new_object(L, "capi.T", 8);
  lua_pushnil(L);
  lua_setmetatable(L, 1);
  lua_settop(L, 0);
  collect(L);
  say("tables too");
  run_lua(L, "setmetatable({n = 'table'}, {__gc = function(t) print('gc of', t.n) end}) collectgarbage()");
  run_lua(L, "local t = setmetatable({}, {}) getmetatable(t).__gc = function() print('never') end t = nil collectgarbage()");
}

/* resurrected objects are finalized once, even when the metatable is set again */
static int resurrect(lua_State *L) {
  int *id = (int *)lua_touserdata(L, 1);
  say("  gc %d", *id);
  lua_pushvalue(L, 1);
  lua_setglobal(L, "resurrected");
  return 0;
}

static void t_resurrection(lua_State *L) {
  int i;
  make_type(L, "capi.R", resurrect);
  new_object(L, "capi.R", 1);
  lua_settop(L, 0);
  collect(L);
  lua_getglobal(L, "resurrected");
  say("back: %d", *(int *)lua_touserdata(L, 1));
  lua_settop(L, 0);
  lua_pushnil(L);
  lua_setglobal(L, "resurrected");
  collect(L);
  say("not finalized again");
  new_object(L, "capi.R", 2);
  lua_settop(L, 0);
  collect(L);
  lua_getglobal(L, "resurrected");
  luaL_setmetatable(L, "capi.R");
  lua_settop(L, 0);
  lua_pushnil(L);
  lua_setglobal(L, "resurrected");
  for (i = 0; i < 3; i++) collect(L);
  say("not even after setmetatable");
}

/* what is reachable only from a finalized object is alive in its finalizer */
static void t_reachable(lua_State *L) {
  run_lua(L, "do local inner = {name = 'inner'} "
             "setmetatable({inner}, {__gc = function(t) print('sees', t[1].name) end}) "
             "local a, b = {}, {} a.other, b.other = b, a a.n, b.n = 'a', 'b' "
             "local mt = {__gc = function(t) print(t.n, 'sees', t.other.n) end} setmetatable(a, mt) setmetatable(b, mt) end "
             "collectgarbage() collectgarbage()");
}

static int gc_error(lua_State *L) {
  int *id = (int *)lua_touserdata(L, 1);
  return luaL_error(L, "error in finalizer %d", *id);
}
static int gc_error_table(lua_State *L) {
  lua_newtable(L);
  return lua_error(L);
}
static int full_collection(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_pushliteral(L, "went through");
  return 1;
}

static void t_errors(lua_State *L) {
  make_type(L, "capi.E", gc_error);
  make_type(L, "capi.ET", gc_error_table);
  make_type(L, "capi.T", gc_log);
  new_object(L, "capi.T", 1);
  new_object(L, "capi.E", 2);
  new_object(L, "capi.T", 3);
  lua_settop(L, 0);
  try_c(L, "collect", full_collection, 0);
  try_c(L, "the others come later", full_collection, 0);
  new_object(L, "capi.ET", 4);
  lua_settop(L, 0);
  try_c(L, "not a string", full_collection, 0);
  run_lua(L, "setmetatable({}, {__gc = function() error('from Lua') end}) collectgarbage()");
  run_lua(L, "setmetatable({}, {__gc = function() error('no position', 0) end}) print(pcall(collectgarbage))");
  run_lua(L, "setmetatable({}, {__gc = function() local x = nil; x.y = 1 end}) print(pcall(collectgarbage))");
  run_lua(L, "setmetatable({}, {__gc = function() error() end}) print(pcall(collectgarbage))");
  say("at close errors are ignored");
  new_object(L, "capi.E", 5);
  lua_setglobal(L, "e5");
  new_object(L, "capi.T", 6);
  lua_setglobal(L, "t6");
}

static int gc_makes_objects(lua_State *L) {
  static int times = 0;
  int *id = (int *)lua_touserdata(L, 1);
  say("  gc %d", *id);
  if (++times <= 3) {
    new_object(L, "capi.M", *id + 1);
    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT, 0);
    say("  collected inside gc %d", *id);
  }
  return 0;
}

static void t_inside(lua_State *L) {
  make_type(L, "capi.M", gc_makes_objects);
  new_object(L, "capi.M", 1);
  lua_settop(L, 0);
  collect(L);
  say("once more");
  collect(L);
  collect(L);
  run_lua(L, "local n = 0 local function make() setmetatable({}, {__gc = function() n = n + 1 if n < 5 then make() end end}) end "
             "make() for i = 1, 10 do collectgarbage() end print(n)");
}

/* a finalizer cannot yield, and calls from it see a usable state */
static void t_inside_coroutine(lua_State *L) {
  run_lua(L, "local co = coroutine.wrap(function() setmetatable({}, {__gc = function() print(pcall(coroutine.yield)) end}) "
             "collectgarbage() return 'end of the coroutine' end) print(co())");
  run_lua(L, "local log = {} setmetatable({}, {__gc = function() log[#log + 1] = debug.traceback('in gc') end}) "
             "collectgarbage() print((log[1]:gsub('%[C%]:.*', '[C]')))");
}

static lua_State *thread_for_close;

static int gc_at_close(lua_State *L) {
  int *id = (int *)lua_touserdata(L, 1);
  lua_getglobal(L, "kept");
  say("  gc %d: globals still there %s", *id, luaL_typename(L, -1));
  if (*id == 2) {
    new_object(L, "capi.C", 100);
    lua_setglobal(L, "made_at_close");
  }
  return 0;
}

static void t_close(lua_State *unused) {
  lua_State *L = luaL_newstate();
  int i;
  (void)unused;
  luaL_openlibs(L);
  lua_pushboolean(L, 1);
  lua_setglobal(L, "kept");
  make_type(L, "capi.C", gc_at_close);
  for (i = 1; i <= 3; i++) {
    new_object(L, "capi.C", i);
    lua_rawseti(L, LUA_REGISTRYINDEX, 100 + i);
  }
  run_lua(L, "t = setmetatable({}, {__gc = function() print('  a table at close', kept) end})");
  say("closed from another thread of the state");
  thread_for_close = lua_newthread(L);
  compile(thread_for_close, "coroutine.yield()");
  lua_resume(thread_for_close, L, 0);
  lua_close(thread_for_close);
  say("closed");
}

/* many objects, some kept, over several cycles */
static int live;
static int gc_count(lua_State *L) {
  (void)L;
  live--;
  return 0;
}

static void t_many(lua_State *L) {
  int i;
  make_type(L, "capi.N", gc_count);
  lua_newtable(L);
  for (i = 0; i < 20000; i++) {
    new_object(L, "capi.N", i);
    live++;
    if (i % 10 == 0) lua_rawseti(L, 1, i / 10 + 1);
    else lua_pop(L, 1);
  }
  collect(L);
  say("kept %d of %d", live, i);
  lua_settop(L, 0);
  collect(L);
  say("left %d", live);
}

static const Section sections[] = {
  { "blocks", t_blocks },
  { "user_values", t_user_values },
  { "types", t_types },
  { "order", t_order },
  { "marking", t_marking },
  { "resurrection", t_resurrection },
  { "reachable", t_reachable },
  { "errors", t_errors },
  { "inside", t_inside },
  { "inside_coroutine", t_inside_coroutine },
  { "close", t_close },
  { "many", t_many },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
