/* The extension header luax.h: its version, and native code on and off. What is printed is the same in every mode. */
#include "support.h"
#include <luax.h>

static void t_version(lua_State *L) {
  (void)L;
  say("%d %d", luaX_version(), LUAX_API_VERSION == luaX_version());
}

/* What a program computes does not depend on the mode. */
static const char program[] =
  "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end "
  "local co = coroutine.wrap(function(...) for i = 1, 300 do coroutine.yield(fib(3) + i) end end) "
  "local sum = 0 for i = 1, 300 do sum = sum + co() if set then set(i) end end print(fib(15), sum)";

static int set(lua_State *L) {
  int i = (int)lua_tointeger(L, 1);
  luaX_jit(L, i % 5);
  return 0;
}

static void t_jit(lua_State *L) {
  int there = luaX_jit(L, LUAX_JITQUERY) >= 0 || luaX_jit(L, LUAX_JITON) >= 0;
  int i;
  const int bad[] = { -1, 5, 100, -2147483647 - 1, 2147483647 };
  for (i = 0; i < 5; i++) say("bad mode: %d", luaX_jit(L, bad[i]));
  for (i = 0; i < 3; i++) {
    int before;
    luaX_jit(L, i);
    before = luaX_jit(L, LUAX_JITQUERY);
    say("mode as set: %d", before == (there ? i : -1));
    run_lua(L, program);
    say("flush gives the mode: %d", luaX_jit(L, LUAX_JITFLUSH) == before && luaX_jit(L, LUAX_JITQUERY) == before);
    run_lua(L, program);
  }
  say("the state's, not the thread's: %d", luaX_jit(lua_newthread(L), LUAX_JITQUERY) == luaX_jit(L, LUAX_JITQUERY));
  lua_pop(L, 1);
}

/* Each mode set, and all code thrown away, while functions run and coroutines wait. */
static void t_changes(lua_State *L) {
  int i;
  lua_register(L, "set", set);
  for (i = 0; i < 3; i++) {
    luaX_jit(L, i);
    run_lua(L, program);
  }
}

/* From a finalizer, a hook and another state. */
static int flush(lua_State *L) {
  luaX_jit(L, LUAX_JITFLUSH);
  return 0;
}
static void hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  luaX_jit(L, LUAX_JITFLUSH);
}

static void t_places(lua_State *L) {
  lua_register(L, "flush", flush);
  luaX_jit(L, LUAX_JITALWAYS);
  run_lua(L, "local function f(i) return setmetatable({i}, {__gc = flush, __index = flush}) end "
             "for i = 1, 200 do local x = f(i).y end collectgarbage() print(pcall(flush), select('#', f(1)))");
  lua_sethook(L, hook, LUA_MASKCOUNT | LUA_MASKCALL | LUA_MASKRET, 7);
  run_lua(L, program);
  lua_sethook(L, NULL, 0, 0);
  run_lua(L, program);
}

static const Section sections[] = {
  { "version", t_version },
  { "jit", t_jit },
  { "changes", t_changes },
  { "places", t_places },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
