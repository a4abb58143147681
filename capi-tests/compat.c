/* flags: -DLUA_COMPAT_ALL */
/* The 5.1 names that LUA_COMPAT_ALL keeps: luaL_register, luaL_openlib, module, lua_strlen, ... */
#include "support.h"

static int hello(lua_State *L) {
  lua_pushfstring(L, "hello %s", luaL_typename(L, lua_upvalueindex(1)));
  return 1;
}

static const luaL_Reg functions[] = { { "hello", hello }, { "hi", hello }, { NULL, NULL } };

static void t_register(lua_State *L) {
  luaL_register(L, "compat1", functions);
  show_stack(L, "new library");
  lua_getglobal(L, "compat1");
  say("is the global %d", lua_rawequal(L, 1, 2));
  lua_settop(L, 0);
  luaL_register(L, "deep.er.lib", functions);
  run_lua(L, "print(deep.er.lib.hello(), package.loaded['deep.er.lib'] == deep.er.lib)");
  lua_settop(L, 0);
  luaL_register(L, "compat1", functions);
  lua_getglobal(L, "compat1");
  say("again the same %d", lua_rawequal(L, 1, 2));
  lua_settop(L, 0);
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  show_stack(L, "into the table on the top");
  lua_getfield(L, 1, "hi");
  lua_call(L, 0, 1);
  show_stack(L, "called");
  lua_settop(L, 0);
  lua_pushliteral(L, "upvalue");
  luaL_openlib(L, "compat2", functions, 1);
  run_lua(L, "print(compat2.hello(), compat2.hi())");
  show_stack(L, "with an upvalue");
  lua_settop(L, 0);
  luaL_openlib(L, "compat3", NULL, 0);
  show_stack(L, "no functions");
  lua_settop(L, 0);
}

static int register_conflict(lua_State *L) {
  luaL_register(L, "print", functions);
  return 0;
}

static void t_pushmodule(lua_State *L) {
  luaL_pushmodule(L, "pushed.module", 3);
  luaL_pushmodule(L, "pushed.module", 3);
  say("same %d", lua_rawequal(L, 1, 2));
  lua_settop(L, 0);
  run_lua(L, "print(type(pushed.module), package.loaded['pushed.module'] == pushed.module)");
  try_c(L, "conflict with a global", register_conflict, 0);
}

static void t_macros(lua_State *L) {
  lua_pushliteral(L, "12345");
  say("%lu %lu", (unsigned long)lua_strlen(L, 1), (unsigned long)lua_objlen(L, 1));
  lua_pushliteral(L, "12345");
  lua_pushnumber(L, 1);
  lua_pushnumber(L, 2);
  say("%d %d", lua_equal(L, 1, 2), lua_lessthan(L, 3, 4));
  lua_settop(L, 0);
  luaL_checkstack(L, 1, "x");
}

static void t_lua_side(lua_State *L) {
  run_lua(L, "module('compat.lua', package.seeall) function f() return 'in the module' end x = type(print)");
  run_lua(L, "print(compat.lua.f(), compat.lua.x, compat.lua._NAME, compat.lua._PACKAGE, compat.lua._M == compat.lua)");
  run_lua(L, "print(unpack({1, 2})) print(math.log10(1000)) print(table.maxn({1, 2, [10] = 3, [2.5] = 1})) print(loadstring('return 5')()) print(package.loaders == package.searchers)");
  run_lua(L, "print(loadstring('x =')) print(pcall(module, 'print')) print(pcall(module)) print(pcall(table.maxn))");
}

static const Section sections[] = {
  { "register", t_register },
  { "pushmodule", t_pushmodule },
  { "macros", t_macros },
  { "lua_side", t_lua_side },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
