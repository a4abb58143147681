/* Tables from C: get, set, raw access, traversal, metatables, fields of the globals. */
#include <math.h>

#include "support.h"

static int get(lua_State *L) {
  lua_gettable(L, 1);
  return 1;
}
static int set(lua_State *L) {
  lua_settable(L, 1);
  return 0;
}
static int get_field(lua_State *L) {
  lua_getfield(L, 1, "field");
  return lua_gettop(L) - 1;
}
static int set_field(lua_State *L) {
  lua_setfield(L, 1, "field");
  return lua_gettop(L) - 1;
}
static int raw_set(lua_State *L) {
  lua_rawset(L, 1);
  return 0;
}
static int step_next(lua_State *L) { return lua_next(L, 1) ? 2 : 0; }

static void t_get_set(lua_State *L) {
  static int key;
  lua_createtable(L, 4, 4);
  lua_pushliteral(L, "v1");
  lua_setfield(L, 1, "a");
  lua_pushliteral(L, "b");
  lua_pushliteral(L, "v2");
  lua_settable(L, 1);
  lua_pushnumber(L, 1.5);
  lua_pushliteral(L, "v3");
  lua_rawset(L, 1);
  lua_pushliteral(L, "v4");
  lua_rawseti(L, 1, 3);
  lua_pushliteral(L, "v5");
  lua_rawseti(L, -2, -100);
  lua_pushliteral(L, "v6");
  lua_rawsetp(L, 1, &key);
  lua_pushboolean(L, 1);
  lua_pushliteral(L, "v7");
  lua_settable(L, -3);

  lua_getfield(L, 1, "a");
  lua_pushliteral(L, "b");
  lua_gettable(L, 1);
  lua_pushnumber(L, 1.5);
  lua_rawget(L, 1);
  lua_rawgeti(L, 1, 3);
  lua_rawgeti(L, 1, -100);
  lua_rawgetp(L, 1, &key);
  lua_pushboolean(L, 1);
  lua_rawget(L, 1);
  lua_rawgeti(L, 1, 4);
  lua_getfield(L, 1, "missing");
  lua_pushnil(L);
  lua_rawget(L, 1);
  lua_pushlightuserdata(L, &key);
  lua_rawget(L, 1);
  show_stack(L, "read back");
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_setfield(L, 1, "a");
  lua_getfield(L, 1, "a");
  show_stack(L, "cleared");
  lua_settop(L, 0);
}

static void t_meta(lua_State *L) {
  run_lua(L, "local log = {} "
             "local base = {field = 'base', [1] = 'one'} "
             "return setmetatable({own = 1}, {__index = base}),"
             "setmetatable({}, {__index = function(t, k) return 'made ' .. tostring(k), 'lost' end}),"
             "setmetatable({}, {__index = setmetatable({}, {__index = base})}),"
             "setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v .. '!') end}),"
             "setmetatable({}, {__newindex = base}), base");
  lua_getfield(L, 1, "field");
  lua_getfield(L, 1, "own");
  lua_getfield(L, 2, "field");
  lua_getfield(L, 3, "field");
  lua_rawgeti(L, 1, 1);
  lua_pushinteger(L, 1);
  lua_gettable(L, 1);
  lua_pushliteral(L, "field");
  lua_rawget(L, 1);
  show_stack(L, "index");
  lua_settop(L, 6);
  lua_pushliteral(L, "new");
  lua_setfield(L, 4, "x");
  lua_pushliteral(L, "again");
  lua_setfield(L, 4, "x");
  lua_getfield(L, 4, "x");
  lua_pushliteral(L, "through");
  lua_setfield(L, 5, "x");
  lua_pushliteral(L, "x");
  lua_rawget(L, 5);
  lua_getfield(L, 6, "x");
  show_stack(L, "newindex");
  lua_settop(L, 0);
}

static void t_errors(lua_State *L) {
  lua_pushnil(L);
  try_c(L, "getfield of nil", get_field, 1);
  lua_pushnumber(L, 1);
  try_c(L, "getfield of a number", get_field, 1);
  lua_pushboolean(L, 1);
  lua_pushliteral(L, "v");
  try_c(L, "setfield of a boolean", set_field, 2);
  lua_pushliteral(L, "string");
  lua_pushliteral(L, "len");
  try_c(L, "a string's method", get, 2);
  lua_pushliteral(L, "string");
  lua_pushliteral(L, "v");
  try_c(L, "set a string's field", set_field, 2);
  lua_newtable(L);
  lua_pushnil(L);
  lua_pushliteral(L, "v");
  try_c(L, "nil key", set, 3);
  lua_newtable(L);
  lua_pushnumber(L, HUGE_VAL - HUGE_VAL);
  lua_pushliteral(L, "v");
  try_c(L, "nan key", set, 3);
  lua_newtable(L);
  lua_pushnil(L);
  lua_pushliteral(L, "v");
  try_c(L, "raw nil key", raw_set, 3);
  lua_newtable(L);
  lua_pushnumber(L, HUGE_VAL - HUGE_VAL);
  lua_pushliteral(L, "v");
  try_c(L, "raw nan key", raw_set, 3);
  lua_newtable(L);
  lua_pushnumber(L, HUGE_VAL - HUGE_VAL);
  try_c(L, "get nan", get, 2);
  lua_newtable(L);
  lua_pushnil(L);
  try_c(L, "get nil", get, 2);
  lua_newtable(L);
  lua_pushliteral(L, "not there");
  try_c(L, "next after a key that is not there", step_next, 2);
  run_lua(L, "local t = {} return setmetatable(t, {__index = t})");
  try_c(L, "loop in index", get_field, 1);
  run_lua(L, "local t = {} return setmetatable(t, {__newindex = t}), 1");
  try_c(L, "loop in newindex", set_field, 2);
  run_lua(L, "return setmetatable({}, {__index = 5})");
  try_c(L, "__index is a number", get_field, 1);
  run_lua(L, "return setmetatable({}, {__index = function() error({}) end})");
  try_c(L, "__index raises a table", get_field, 1);
}

static void t_numeric_keys(lua_State *L) {
  lua_newtable(L);
  lua_pushnumber(L, 2.0);
  lua_pushliteral(L, "two");
  lua_rawset(L, 1);
  lua_rawgeti(L, 1, 2);
  lua_pushnumber(L, -0.0);
  lua_pushliteral(L, "zero");
  lua_rawset(L, 1);
  lua_rawgeti(L, 1, 0);
  lua_pushnumber(L, 9007199254740992.0);
  lua_pushliteral(L, "2^53");
  lua_rawset(L, 1);
  lua_pushnumber(L, 9007199254740992.0);
  lua_rawget(L, 1);
  lua_pushnumber(L, HUGE_VAL);
  lua_pushliteral(L, "inf");
  lua_rawset(L, 1);
  lua_pushnumber(L, HUGE_VAL);
  lua_rawget(L, 1);
  lua_pushliteral(L, "2");
  lua_rawget(L, 1);
  lua_pushliteral(L, "min");
  lua_rawseti(L, 1, -2147483647 - 1);
  lua_pushnumber(L, -2147483648.0);
  lua_rawget(L, 1);
  lua_pushliteral(L, "max");
  lua_rawseti(L, 1, 2147483647);
  lua_rawgeti(L, 1, 2147483647);
  show_stack(L, "values");
  lua_settop(L, 0);
}

static void t_next(lua_State *L) {
  double keys = 0, values = 0;
  int i, count = 0;
  lua_newtable(L);
  lua_pushnil(L);
  i = lua_next(L, 1);
  say("empty %d, top %d", i, lua_gettop(L));
  for (i = 1; i <= 100; i++) {
    lua_pushinteger(L, i * i);
    lua_rawseti(L, 1, i);
    lua_pushfstring(L, "k%d", i);
    lua_pushinteger(L, i);
    lua_rawset(L, 1);
    lua_pushnumber(L, i + 0.5);
    lua_pushinteger(L, 1);
    lua_rawset(L, 1);
  }
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    count++;
    if (lua_type(L, -2) == LUA_TNUMBER) keys += lua_tonumber(L, -2);
    values += lua_tonumber(L, -1);
    /* assigning to existing fields, also nil, is allowed */
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    if (count % 2) lua_pushnil(L);
    else lua_pushboolean(L, 1);
    lua_rawset(L, 1);
    if (count % 50 == 0) lua_gc(L, LUA_GCCOLLECT, 0);
  }
  say("count %d keys %g values %g top %d", count, keys, values, lua_gettop(L));
  count = 0;
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    count++;
    lua_pop(L, 1);
  }
  say("left %d", count);
  lua_settop(L, 0);
  run_lua(L, "return {10, 20, 30}");
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    show_stack(L, "array order");
    lua_pop(L, 1);
  }
  lua_settop(L, 0);
}

static void t_length(lua_State *L) {
  int i;
  lua_newtable(L);
  say("%lu", (unsigned long)lua_rawlen(L, 1));
  for (i = 1; i <= 1000; i++) {
    lua_pushinteger(L, i);
    lua_rawseti(L, 1, i);
  }
  say("%lu", (unsigned long)lua_rawlen(L, 1));
  for (i = 1000; i > 500; i--) {
    lua_pushnil(L);
    lua_rawseti(L, 1, i);
  }
  say("%lu %d", (unsigned long)lua_rawlen(L, 1), luaL_len(L, 1));
  lua_settop(L, 0);
  lua_createtable(L, 10, 0);
  for (i = 1; i <= 3; i++) {
    lua_pushinteger(L, i);
    lua_rawseti(L, 1, i);
  }
  say("with hint %lu", (unsigned long)lua_rawlen(L, 1));
  lua_settop(L, 0);
  lua_createtable(L, 0, 10);
  for (i = 8; i >= 1; i--) {
    lua_pushinteger(L, i);
    lua_rawseti(L, 1, i);
  }
  say("backwards %lu", (unsigned long)lua_rawlen(L, 1));
  lua_settop(L, 0);
}

static int huge_hash(lua_State *L) {
  lua_createtable(L, 0, 2147483647);
  return 1;
}

static void t_hints(lua_State *L) {
  lua_createtable(L, 1, 0);
  lua_createtable(L, 0, 1);
  lua_createtable(L, 1000, 1000);
  show_stack(L, "hints");
  lua_settop(L, 0);
  try_c(L, "absurd hash hint", huge_hash, 0);
}

static void t_metatables(lua_State *L) {
  int i;
  lua_newtable(L);
  i = lua_getmetatable(L, 1);
  say("none %d, top %d", i, lua_gettop(L));
  lua_newtable(L);
  lua_pushvalue(L, 2);
  say("set %d", lua_setmetatable(L, 1));
  i = lua_getmetatable(L, 1);
  say("get %d same %d", i, lua_rawequal(L, -1, 2));
  lua_pushnil(L);
  lua_setmetatable(L, 1);
  lua_settop(L, 1);
  say("removed: %d", lua_getmetatable(L, 1));
  lua_settop(L, 0);

  /* basic types share one metatable for the type */
  lua_pushnil(L);
  lua_pushboolean(L, 1);
  lua_pushnumber(L, 5);
  lua_pushcfunction(L, get);
  lua_pushthread(L);
  lua_pushlightuserdata(L, L);
  for (i = 1; i <= 6; i++) {
    lua_newtable(L);
    lua_pushstring(L, luaL_typename(L, i));
    lua_setfield(L, -2, "kind");
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, i);
  }
  for (i = 1; i <= 6; i++) {
    lua_getfield(L, i, "kind");
    show_value(L, "kind", -1);
    lua_pop(L, 1);
  }
  run_lua(L, "return (7).kind, (nil).kind, (false).kind, (print).kind, coroutine.create(print).kind");
  show_stack(L, "from Lua");
  for (i = 1; i <= 6; i++) {
    lua_pushnil(L);
    lua_setmetatable(L, i);
  }
  lua_settop(L, 0);
  lua_pushliteral(L, "s");
  say("string metatable %d", lua_getmetatable(L, 1));
  lua_settop(L, 0);
  say("absent value %d", lua_getmetatable(L, 3));
}

static void t_metafields(lua_State *L) {
  run_lua(L, "return setmetatable({}, {__name = 'N', __x = function(o) return type(o) .. ' called', 'lost' end}), {}");
  say("%d", luaL_getmetafield(L, 1, "__name"));
  say("%d", luaL_getmetafield(L, 1, "__none"));
  say("%d", luaL_getmetafield(L, 2, "__name"));
  show_stack(L, "metafields");
  lua_settop(L, 2);
  say("%d", luaL_callmeta(L, 1, "__x"));
  say("%d", luaL_callmeta(L, -2, "__x"));
  say("%d", luaL_callmeta(L, 1, "__y"));
  show_stack(L, "callmeta");
  lua_settop(L, 0);
}

static int c_global(lua_State *L) {
  lua_getglobal(L, "undefined_name");
  return 1;
}
static int c_set_global(lua_State *L) {
  lua_pushinteger(L, 1);
  lua_setglobal(L, "undefined_name");
  return 0;
}

static void t_globals(lua_State *L) {
  lua_pushliteral(L, "value");
  lua_setglobal(L, "capi_global");
  lua_getglobal(L, "capi_global");
  run_lua(L, "return capi_global, _G.capi_global");
  show_stack(L, "global");
  lua_settop(L, 0);
  lua_register(L, "capi_get", get_field);
  run_lua(L, "return capi_get({field = 9})");
  show_stack(L, "registered");
  lua_settop(L, 0);
  run_lua(L, "setmetatable(_G, {__index = function(_, n) error('no global ' .. n, 0) end,"
             "__newindex = function(_, n) error('no new global ' .. n, 0) end})");
  try_c(L, "strict get", c_global, 0);
  try_c(L, "strict set", c_set_global, 0);
}

static void t_subtable(lua_State *L) {
  lua_newtable(L);
  say("new %d", luaL_getsubtable(L, 1, "sub"));
  lua_pushinteger(L, 5);
  lua_setfield(L, -2, "v");
  say("there %d", luaL_getsubtable(L, -2, "sub"));
  lua_getfield(L, -1, "v");
  show_stack(L, "subtable");
  lua_settop(L, 1);
  lua_pushinteger(L, 5);
  lua_setfield(L, 1, "number");
  say("replaces a number %d", luaL_getsubtable(L, 1, "number"));
  show_stack(L, "subtable");
  lua_settop(L, 0);
}

/* a protected metatable hides from Lua, never from C; rawset goes past __newindex */
static void t_protected_metatable(lua_State *L) {
  run_lua(L, "local t = setmetatable({}, {__metatable = 'locked', __newindex = function() error('no') end}) "
             "print(getmetatable(t), pcall(setmetatable, t, {})) return t");
  say("C sees %d", lua_getmetatable(L, 1));
  say("a %s", luaL_typename(L, -1));
  lua_pop(L, 1);
  lua_pushinteger(L, 3);
  lua_rawseti(L, 1, 1);
  lua_newtable(L);
  lua_setmetatable(L, 1);
  run_lua(L, "return ...");
  lua_pushvalue(L, 1);
  lua_setglobal(L, "t");
  run_lua(L, "return #t, type(getmetatable(t))");
  show_stack(L, "afterwards");
  lua_settop(L, 0);
}

/* growing one table by every kind of key while collecting */
static void t_rehash(lua_State *L) {
  int i, wrong = 0;
  lua_newtable(L);
  for (i = 0; i < 20000; i++) {
    switch (i % 4) {
      case 0: lua_pushinteger(L, i); break;
      case 1: lua_pushfstring(L, "key %d", i); break;
      case 2: lua_pushnumber(L, i / 7.0 + 0.01); break;
      default: lua_pushlightuserdata(L, (char *)0 + i); break;
    }
    lua_pushinteger(L, i);
    lua_rawset(L, 1);
    if (i % 5000 == 0) lua_gc(L, LUA_GCCOLLECT, 0);
  }
  for (i = 0; i < 20000; i++) {
    switch (i % 4) {
      case 0: lua_pushinteger(L, i); break;
      case 1: lua_pushfstring(L, "key %d", i); break;
      case 2: lua_pushnumber(L, i / 7.0 + 0.01); break;
      default: lua_pushlightuserdata(L, (char *)0 + i); break;
    }
    lua_rawget(L, 1);
    if (lua_tointeger(L, -1) != i) wrong++;
    lua_pop(L, 1);
  }
  say("wrong %d", wrong);
  lua_pop(L, 1);
}

static const Section sections[] = {
  { "get_set", t_get_set },
  { "meta", t_meta },
  { "errors", t_errors },
  { "numeric_keys", t_numeric_keys },
  { "next", t_next },
  { "length", t_length },
  { "hints", t_hints },
  { "metatables", t_metatables },
  { "metafields", t_metafields },
  { "globals", t_globals },
  { "subtable", t_subtable },
  { "protected_metatable", t_protected_metatable },
  { "rehash", t_rehash },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
