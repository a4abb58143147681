/* A host, linked with the static library, that defines functions of the API itself: an allocator for luaL_newstate, a
 * harmless os, files from memory, tracebacks and text chunks only. tests/exports compares its output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
#include <lua.hpp>
#else
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#endif

static int blocks;

static void *counting(void *ud, void *p, size_t old, size_t size) {
  (void)ud;
  (void)old;
  blocks++;
  if (size == 0) {
    free(p);
    return NULL;
  }
  return realloc(p, size);
}

lua_State *(luaL_newstate)(void) {
  return lua_newstate(counting, NULL);
}

static int now(lua_State *L) {
  lua_pushinteger(L, 42);
  return 1;
}

int (luaopen_os)(lua_State *L) {
  static const luaL_Reg functions[] = {{"time", now}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}

int (luaL_loadfilex)(lua_State *L, const char *name, const char *mode) {
  if (name != NULL && strcmp(name, "./inside.lua") == 0)
    return luaL_loadbufferx(L, "return 'inside'", 15, "@inside", mode);
  lua_pushfstring(L, "no file %s here", name);
  return LUA_ERRFILE;
}

void (luaL_traceback)(lua_State *L, lua_State *other, const char *message, int level) {
  (void)other;
  lua_pushfstring(L, "%s from level %d", message ? message : "nothing", level);
}

int (lua_sethook)(lua_State *L, lua_Hook f, int mask, int count) {
  (void)f;
  (void)mask;
  (void)count;
  return luaL_error(L, "no hooks");
}

static void show(lua_State *L, const char *code) {
  int i;
  if (luaL_dostring(L, code)) printf("error: ");
  for (i = 1; i <= lua_gettop(L); i++) printf("%s ", luaL_tolstring(L, i, NULL)), lua_pop(L, 1);
  printf("\n");
  lua_settop(L, 0);
}

int main(void) {
  lua_State *L = luaL_newstate();
  int at_first = blocks;
  luaL_openlibs(L);
  printf("%d %d\n", at_first > 0, blocks > at_first);
  show(L, "return os.time(), os.execute, type(io.open), os == package.loaded.os");
  show(L, "package.path = './?.lua' return 1");
  show(L, "return loadfile('x')");
  show(L, "return dofile('./inside.lua')");
  show(L, "return pcall(dofile, 'x')");
  show(L, "return debug.traceback('text', 3), debug.traceback()");
  show(L, "return pcall(debug.sethook, print, 'l')");
  show(L, "return load('return 1 + ...')(2)");
  lua_close(L);
  return 0;
}
