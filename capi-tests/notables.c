/* flags: -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions -fomit-frame-pointer */
/* Errors and yields must cross C frames that have no unwind tables at all. */
#include "support.h"

static int raise(lua_State *L) { return luaL_error(L, "through frames without tables"); }

static int deep(lua_State *L) {
  volatile char room[300];
  int n = (int)lua_tointeger(L, 1);
  room[n % 300] = 1;
  lua_pushcfunction(L, n > 0 ? deep : raise);
  lua_pushinteger(L, n - 1);
  lua_call(L, 1, 0);
  return room[0];
}
static int pass(lua_State *L) {
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}
static int k(lua_State *L) { return lua_gettop(L); }
static int yields(lua_State *L) { return lua_yieldk(L, lua_gettop(L), 0, k); }
static int pass_k(lua_State *L) {
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, k);
  return k(L);
}

static void t_errors(lua_State *L) {
  int i;
  for (i = 0; i < 30; i += 7) {
    lua_pushinteger(L, i);
    try_c(L, "error", deep, 1);
  }
  lua_register(L, "raise", raise);
  lua_register(L, "pass", pass);
  run_lua(L, "print(pcall(pass, raise)) print(pcall(pass, pass, pass, error, 'm')) "
             "print(pcall(pass, function() local t = nil; return t.x end)) print(select('#', pass(table.unpack, {1, 2, 3})))");
  for (i = 0; i < 2000; i++) {
    lua_pushcfunction(L, deep);
    lua_pushinteger(L, i % 5);
    lua_pcall(L, 1, 0, 0);
    lua_pop(L, 1);
  }
  show_stack(L, "after 2000");
}

static void t_yields(lua_State *L) {
  lua_register(L, "yields", yields);
  lua_register(L, "pass_k", pass_k);
  lua_register(L, "pass", pass);
  run_lua(L, "local co = coroutine.wrap(function(...) return pass_k(yields, ...) end) print(co(1, 2)) print(co(3))");
  run_lua(L, "local co = coroutine.create(function() return pass(yields) end) print(coroutine.resume(co))");
  run_lua(L, "local co = coroutine.wrap(function() return pcall(pass_k, pass_k, function() yields('y') error('after', 0) end) end) print(co()) print(co())");
}

static void t_sort(lua_State *L) {
  lua_register(L, "raise", raise);
  run_lua(L, "print(pcall(table.sort, {3, 1, 2}, raise)) print(pcall(string.gsub, 'x', 'x', raise))");
}

static const Section sections[] = {
  { "errors", t_errors },
  { "yields", t_yields },
  { "sort", t_sort },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
