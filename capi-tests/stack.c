/* The stack: indices, pseudo-indices, moving values, growing it. */
#include "support.h"

static void push_letters(lua_State *L, int n) {
  int i;
  for (i = 0; i < n; i++) {
    char c = (char)('a' + i);
    lua_pushlstring(L, &c, 1);
  }
}

static void t_top(lua_State *L) {
  say("top %d", lua_gettop(L));
  push_letters(L, 5);
  show_stack(L, "five");
  lua_settop(L, 7);
  show_stack(L, "settop 7");
  lua_settop(L, -3);
  show_stack(L, "settop -3");
  lua_pop(L, 2);
  show_stack(L, "pop 2");
  lua_settop(L, -1);
  show_stack(L, "settop -1");
  lua_pop(L, 0);
  lua_settop(L, 0);
  show_stack(L, "settop 0");
}

static void t_absindex(lua_State *L) {
  push_letters(L, 4);
  say("%d %d %d %d", lua_absindex(L, 1), lua_absindex(L, -1), lua_absindex(L, -4), lua_absindex(L, 9));
  say("registry %d", lua_absindex(L, LUA_REGISTRYINDEX) == LUA_REGISTRYINDEX);
  say("upvalue 1 %d", lua_absindex(L, lua_upvalueindex(1)) == lua_upvalueindex(1));
  say("upvalue 255 %d", lua_absindex(L, lua_upvalueindex(255)) == lua_upvalueindex(255));
  lua_settop(L, 0);
}

static void t_moves(lua_State *L) {
  int i;
  for (i = 1; i <= 5; i++) {
    push_letters(L, 5);
    lua_remove(L, i);
    show_stack(L, "remove");
    lua_pushliteral(L, "X");
    lua_insert(L, i);
    show_stack(L, "insert");
    lua_pushliteral(L, "Y");
    lua_replace(L, -i - 1);
    show_stack(L, "replace from the top");
    lua_pushvalue(L, i);
    lua_pushvalue(L, -i);
    show_stack(L, "pushvalue both ways");
    lua_copy(L, 1, i);
    lua_copy(L, -1, -i);
    show_stack(L, "copy");
    lua_settop(L, 0);
  }
  lua_pushliteral(L, "one");
  lua_insert(L, 1);
  lua_insert(L, -1);
  lua_copy(L, 1, 1);
  show_stack(L, "to itself");
  lua_pushliteral(L, "two");
  lua_replace(L, -1);
  show_stack(L, "replace the top by itself");
  lua_remove(L, -1);
  show_stack(L, "remove the top");
}

/* A misuse that hosts rely on: apicheck refuses it, and else it does the same on both. */
static void t_above_the_top(lua_State *L) {
  if (getenv("CAPI_TESTS_APICHECK") != NULL) return;
  lua_settop(L, 3);
  lua_remove(L, 5);
  show_stack(L, "remove above the top");
}

static void t_absent(lua_State *L) {
  size_t len = 99;
  int isnum = 99;
  lua_pushinteger(L, 10);
  say("type %d none %d noneornil %d nil %d", lua_type(L, 2), lua_isnone(L, 2), lua_isnoneornil(L, 2),
      lua_isnil(L, 2));
  say("number %d string %d cfunction %d userdata %d", lua_isnumber(L, 5), lua_isstring(L, 5),
      lua_iscfunction(L, 5), lua_isuserdata(L, 5));
  say("tonumber %g", (double)lua_tonumberx(L, 3, &isnum));
  say("isnum %d", isnum);
  isnum = 99;
  say("tointeger %d", (int)lua_tointegerx(L, 3, &isnum));
  say("isnum %d", isnum);
  isnum = 99;
  say("tounsigned %u", (unsigned)lua_tounsignedx(L, 3, &isnum));
  say("isnum %d", isnum);
  say("toboolean %d", lua_toboolean(L, 3));
  say("tolstring null %d", lua_tolstring(L, 3, &len) == NULL);
  say("len %lu", (unsigned long)len);
  say("rawlen %lu", (unsigned long)lua_rawlen(L, 3));
  say("pointers %d %d %d %d", lua_tocfunction(L, 3) == NULL, lua_touserdata(L, 3) == NULL,
      lua_tothread(L, 3) == NULL, lua_topointer(L, 3) == NULL);
  say("rawequal %d compare %d %d", lua_rawequal(L, 1, 3), lua_compare(L, 3, 1, LUA_OPLT),
      lua_compare(L, 3, 3, LUA_OPEQ));
  say("typename %s %s", luaL_typename(L, 3), lua_typename(L, LUA_TNONE));
  lua_pop(L, 1);
}

static int upvalues(lua_State *L) {
  int i;
  for (i = 0; i <= 4; i++) {
    printf(" %d:", i);
    if (i > 0) show(L, lua_upvalueindex(i));
  }
  say(" 255:%d 256:%d", lua_type(L, lua_upvalueindex(255)), lua_type(L, lua_upvalueindex(256)));
  lua_pushinteger(L, lua_tointeger(L, lua_upvalueindex(1)) + 1);
  lua_replace(L, lua_upvalueindex(1));
  lua_copy(L, lua_upvalueindex(1), lua_upvalueindex(3));
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushliteral(L, "!");
  lua_concat(L, 2);
  lua_replace(L, lua_upvalueindex(2));
  return 0;
}

static void t_upvalues(lua_State *L) {
  int i;
  lua_pushinteger(L, 41);
  lua_pushliteral(L, "up");
  lua_newtable(L);
  lua_pushcclosure(L, upvalues, 3);
  for (i = 0; i < 3; i++) {
    lua_pushvalue(L, 1);
    lua_call(L, 0, 0);
  }
  lua_pop(L, 1);
}

static int sum_upvalues(lua_State *L) {
  int i;
  double s = 0;
  for (i = 1; i <= 255; i++) s += lua_tonumber(L, lua_upvalueindex(i));
  lua_pushnumber(L, s);
  lua_pushboolean(L, lua_isnone(L, lua_upvalueindex(256)));
  return 2;
}

static void t_many_upvalues(lua_State *L) {
  int i;
  luaL_checkstack(L, 300, "no room");
  for (i = 1; i <= 255; i++) lua_pushinteger(L, i);
  lua_pushcclosure(L, sum_upvalues, 255);
  lua_call(L, 0, LUA_MULTRET);
  show_stack(L, "255 upvalues");
  lua_settop(L, 0);
}

static int light(lua_State *L) {
  say("no upvalues: %d", lua_type(L, lua_upvalueindex(1)));
  return 0;
}

static void t_light_function(lua_State *L) {
  lua_pushcfunction(L, light);
  lua_pushvalue(L, -1);
  lua_pushcfunction(L, light);
  say("same pointer equal %d, tocfunction %d", lua_rawequal(L, -1, -2), lua_tocfunction(L, -1) == light);
  lua_pop(L, 1);
  lua_pushinteger(L, 1);
  lua_pushcclosure(L, light, 1);
  lua_pushinteger(L, 1);
  lua_pushcclosure(L, light, 1);
  say("closures equal %d, with the light one %d, with itself %d", lua_rawequal(L, -1, -2),
      lua_rawequal(L, -1, 1), lua_rawequal(L, -1, -1));
  say("tocfunction %d", lua_tocfunction(L, -1) == light);
  lua_settop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, 1);
  lua_pushliteral(L, "value under a light function");
  lua_rawset(L, 2);
  lua_pushcfunction(L, light);
  lua_rawget(L, 2);
  show_value(L, "as a key", -1);
  lua_settop(L, 1);
  lua_call(L, 0, 0);
}

static int too_deep(lua_State *L) {
  luaL_checkstack(L, 2000000, "much too much");
  return 0;
}
static int too_deep_quiet(lua_State *L) {
  luaL_checkstack(L, 2000000, NULL);
  return 0;
}
static int big_push(lua_State *L) {
  int i, n = 200000;
  say("checkstack %d", lua_checkstack(L, n));
  for (i = 1; i <= n; i++) lua_pushinteger(L, i);
  say("middle %d last %d top %d", (int)lua_tointeger(L, n / 2), (int)lua_tointeger(L, -1), lua_gettop(L));
  say("more %d", lua_checkstack(L, 1000000));
  say("much more %d", lua_checkstack(L, 790000));
  return 1;
}

static void t_checkstack(lua_State *L) {
  say("%d %d %d", lua_checkstack(L, 0), lua_checkstack(L, 1), lua_checkstack(L, 1000));
  say("%d %d", lua_checkstack(L, 999000), lua_checkstack(L, 1000001));
  say("twice %d", lua_checkstack(L, 999000));
  try_c(L, "luaL_checkstack", too_deep, 0);
  try_c(L, "luaL_checkstack without text", too_deep_quiet, 0);
  try_c(L, "big push", big_push, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  show_stack(L, "after");
}

static void t_strings_survive(lua_State *L) {
  const char *s = lua_pushliteral(L, "a string that is kept on the stack while it grows and moves");
  lua_checkstack(L, 100000);
  say("same pointer %d", s == lua_tostring(L, 1));
  lua_pop(L, 1);
}

static void t_xmove(lua_State *L) {
  lua_State *L1 = lua_newthread(L);
  push_letters(L, 4);
  lua_xmove(L, L1, 3);
  show_stack(L, "from");
  show_stack(L1, "to");
  lua_xmove(L1, L, 2);
  show_stack(L, "back");
  lua_xmove(L, L, 1);
  lua_xmove(L, L1, 0);
  show_stack(L1, "rest");
  lua_pushthread(L1);
  lua_xmove(L1, L, 1);
  say("thread %d", lua_tothread(L, -1) == L1);
  say("main? %d %d", lua_pushthread(L), lua_pushthread(L1));
  say("own %d", lua_tothread(L, -1) == L);
  lua_settop(L, 0);
}

static void t_registry(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  say("main thread %d", lua_tothread(L, -1) == L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushglobaltable(L);
  say("globals %d", lua_rawequal(L, -1, -2));
  lua_pushvalue(L, LUA_REGISTRYINDEX);
  show_stack(L, "types");
  say("registry itself %d", lua_rawequal(L, -1, LUA_REGISTRYINDEX));
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_FILEHANDLE);
  lua_getfield(L, LUA_REGISTRYINDEX, "nothing here");
  show_stack(L, "fields");
  lua_settop(L, 0);
  lua_newtable(L);
  lua_pushvalue(L, 1);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_getglobal(L, "print");
  show_value(L, "print with new globals", -1);
  compile(L, "x = 1 return _ENV");
  lua_call(L, 0, 1);
  say("a chunk gets the new globals %d", lua_rawequal(L, -1, 1));
  lua_settop(L, 0);
}

static void t_replace_global_registry_value(lua_State *L) {
  lua_pushinteger(L, 7);
  lua_setfield(L, LUA_REGISTRYINDEX, "capi.value");
  lua_getfield(L, LUA_REGISTRYINDEX, "capi.value");
  lua_pushliteral(L, "capi.value");
  lua_gettable(L, LUA_REGISTRYINDEX);
  lua_pushliteral(L, "capi.value");
  lua_rawget(L, LUA_REGISTRYINDEX);
  show_stack(L, "three ways");
  lua_settop(L, 0);
}

static int min_stack(lua_State *L) {
  int i;
  for (i = 0; i < LUA_MINSTACK; i++) lua_pushinteger(L, i);
  return LUA_MINSTACK;
}

static void t_minstack(lua_State *L) {
  int i;
  lua_checkstack(L, 100);
  for (i = 0; i < 40; i++) lua_pushinteger(L, -i);
  lua_pushcfunction(L, min_stack);
  lua_insert(L, 1);
  lua_call(L, 40, LUA_MULTRET);
  show_stack(L, "results");
  lua_settop(L, 0);
}

static void t_states(lua_State *L) {
  lua_State *a = luaL_newstate(), *b = luaL_newstate();
  lua_pushliteral(a, "same");
  lua_pushliteral(b, "same");
  say("version %g, of no state %g, same place %d", (double)*lua_version(a), (double)*lua_version(NULL),
      lua_version(a) == lua_version(NULL));
  luaL_checkversion(a);
  lua_setglobal(a, "x");
  lua_getglobal(b, "x");
  show_stack(b, "other state");
  lua_close(b);
  lua_getglobal(a, "x");
  show_stack(a, "state");
  lua_close(a);
  say("ident %d", strncmp(lua_ident, "$Lua", 4) == 0);
  (void)L;
}

static const Section sections[] = {
  { "top", t_top },
  { "absindex", t_absindex },
  { "moves", t_moves },
  { "above_the_top", t_above_the_top },
  { "absent", t_absent },
  { "upvalues", t_upvalues },
  { "many_upvalues", t_many_upvalues },
  { "light_function", t_light_function },
  { "checkstack", t_checkstack },
  { "strings_survive", t_strings_survive },
  { "xmove", t_xmove },
  { "registry", t_registry },
  { "registry_fields", t_replace_global_registry_value },
  { "minstack", t_minstack },
  { "states", t_states },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
