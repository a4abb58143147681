/* luaL_Buffer: every function and macro, growth past the initial buffer, the stack slot it keeps. */
#include "support.h"

static void t_simple(lua_State *L) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_pushresult(&b);
  show_stack(L, "empty");
  luaL_buffinit(L, &b);
  luaL_addchar(&b, 'a');
  luaL_addstring(&b, "bc");
  luaL_addlstring(&b, "d\0e", 3);
  lua_pushnumber(L, 12.5);
  luaL_addvalue(&b);
  lua_pushliteral(L, "value");
  luaL_addvalue(&b);
  luaL_addstring(&b, "");
  luaL_addlstring(&b, NULL, 0);
  luaL_pushresult(&b);
  show_stack(L, "mixed");
  lua_settop(L, 0);
}

static void t_areas(lua_State *L) {
  luaL_Buffer b;
  char *p;
  luaL_buffinit(L, &b);
  p = luaL_prepbuffer(&b);
  memset(p, 'x', 100);
  luaL_addsize(&b, 100);
  p = luaL_prepbuffsize(&b, 10000);
  memset(p, 'y', 10000);
  luaL_addsize(&b, 9000);
  luaL_addsize(&b, 1000);
  luaL_pushresult(&b);
  show_stack(L, "areas");
  lua_settop(L, 0);
  p = luaL_buffinitsize(L, &b, 5);
  memcpy(p, "hello", 5);
  luaL_pushresultsize(&b, 5);
  show_stack(L, "small initsize");
  lua_settop(L, 0);
  p = luaL_buffinitsize(L, &b, 100000);
  memset(p, 'z', 100000);
  luaL_pushresultsize(&b, 100000);
  show_stack(L, "big initsize");
  lua_settop(L, 0);
}

/* once grown, the buffer keeps one value on the stack, under which nothing may be taken away */
static void t_box(lua_State *L) {
  luaL_Buffer b;
  int i;
  lua_pushliteral(L, "below");
  luaL_buffinit(L, &b);
  say("top at first %d", lua_gettop(L));
  for (i = 0; i < 100000; i++) {
    luaL_addchar(&b, 'a' + i % 26);
    if (i == 10 || i == LUAL_BUFFERSIZE - 1 || i == LUAL_BUFFERSIZE || i == 50000)
      say("after %d: top %d in the initial buffer %d", i == LUAL_BUFFERSIZE ? -1 : i == LUAL_BUFFERSIZE - 1 ? -2 : i, lua_gettop(L), b.b == b.initb);
  }
  say("n %lu, capacity enough %d", (unsigned long)b.n, b.size >= b.n);
  say("type of the slot %s", luaL_typename(L, -1));
  luaL_pushresult(&b);
  show_stack(L, "result alone");
  lua_settop(L, 0);
}

static void t_addvalue_grown(lua_State *L) {
  luaL_Buffer b;
  int i;
  luaL_buffinit(L, &b);
  for (i = 0; i < 3000; i++) {
    lua_pushfstring(L, "item %d;", i);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  show_stack(L, "many values");
  lua_settop(L, 0);
  luaL_buffinit(L, &b);
  lua_pushlstring(L, NULL, 0);
  luaL_addvalue(&b);
  {
    char big[5000];
    memset(big, 'B', sizeof big);
    lua_pushlstring(L, big, sizeof big);
  }
  luaL_addvalue(&b);
  luaL_addchar(&b, '!');
  luaL_pushresult(&b);
  show_stack(L, "one big value");
  lua_settop(L, 0);
}

/* two buffers at once work as long as the stack discipline holds */
static void t_two(lua_State *L) {
  luaL_Buffer a, b;
  int i;
  luaL_buffinit(L, &a);
  for (i = 0; i < 5000; i++) luaL_addchar(&a, 'a');
  luaL_buffinit(L, &b);
  for (i = 0; i < 5000; i++) luaL_addchar(&b, 'b');
  luaL_pushresult(&b);
  luaL_addvalue(&a);
  luaL_pushresult(&a);
  show_stack(L, "nested");
  lua_settop(L, 0);
}

static void t_collected_while_growing(lua_State *L) {
  luaL_Buffer b;
  int i;
  luaL_buffinit(L, &b);
  for (i = 0; i < 200; i++) {
    luaL_addstring(&b, "some text that makes it grow; ");
    lua_gc(L, LUA_GCCOLLECT, 0);
  }
  luaL_pushresult(&b);
  show_stack(L, "grown under collections");
  lua_settop(L, 0);
}

/* a buffer given up because of an error leaves nothing behind but garbage */
static int abandon(lua_State *L) {
  luaL_Buffer b;
  int i;
  luaL_buffinit(L, &b);
  for (i = 0; i < 50000; i++) luaL_addchar(&b, 'q');
  return luaL_error(L, "given up");
}

static int too_large(lua_State *L) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "some");
  luaL_prepbuffsize(&b, (size_t)-3);
  return 0;
}
static int larger_than_memory(lua_State *L) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_prepbuffsize(&b, ((size_t)-1) / 2);
  return 0;
}

static void t_errors(lua_State *L) {
  int before, after;
  try_c(L, "abandon", abandon, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  before = lua_gc(L, LUA_GCCOUNT, 0);
  try_c(L, "abandon", abandon, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  after = lua_gc(L, LUA_GCCOUNT, 0);
  say("nothing left %d", after - before < 5);
  try_c(L, "size overflow", too_large, 0);
  try_c(L, "larger than memory", larger_than_memory, 0);
  run_lua(L, "print(pcall(string.rep, 'x', 1e18)) print(#string.rep('x', 2^40-1)) "
             "print(pcall(string.rep, ('x'):rep(2^20), 2^45)) print(pcall(table.concat, {('x'):rep(100)}, 'x', 1, 2))");
}

static int upper(lua_State *L) {
  luaL_Buffer b;
  size_t i, len;
  const char *s = luaL_checklstring(L, 1, &len);
  char *p = luaL_buffinitsize(L, &b, len);
  for (i = 0; i < len; i++) p[i] = (char)(s[i] >= 'a' && s[i] <= 'z' ? s[i] - 32 : s[i]);
  luaL_pushresultsize(&b, len);
  return 1;
}

static void t_in_a_function(lua_State *L) {
  lua_register(L, "upper", upper);
  run_lua(L, "local u = upper(('abc'):rep(1000)) print(#u, u:sub(1, 6), upper(''), upper('x'))");
}

static const Section sections[] = {
  { "simple", t_simple },
  { "areas", t_areas },
  { "box", t_box },
  { "addvalue_grown", t_addvalue_grown },
  { "two", t_two },
  { "collected_while_growing", t_collected_while_growing },
  { "errors", t_errors },
  { "in_a_function", t_in_a_function },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
