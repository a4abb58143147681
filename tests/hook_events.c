/* hook_events SCRIPT MASK: runs a script under a hook and prints the first events, one a line. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

#define EVENTS 100000

static int events;

static void hook(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "Sl", ar);
  printf("%d %s:%d\n", ar->event, ar->what, ar->currentline);
  if (++events == EVENTS) luaL_error(L, "enough");
}

int main(int argc, char **argv) {
  lua_State *L = luaL_newstate();
  if (argc != 3 || L == NULL) return 2;
  luaL_openlibs(L);
  if (luaL_loadfile(L, argv[1]) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    return 2;
  }
  /* Programs take their size as an argument. */
  lua_pushinteger(L, 8);
  lua_sethook(L, hook, atoi(argv[2]), 1);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) printf("%s\n", lua_tostring(L, -1));
  lua_close(L);
  return 0;
}
