/* Reads its configuration from a Lua file: plain values, tables, and a function it calls back. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

typedef struct Config {
  char name[64];
  int port, workers;
  bool debug;
  char log_file[128];
} Config;

/* The getters leave the stack as it was and raise a Lua error that names the setting. */

static const char *get_string(lua_State *L, int table, const char *key, const char *fallback, char *out, size_t size) {
  lua_getfield(L, table, key);
  if (lua_isnil(L, -1) && fallback != NULL) {
    lua_pop(L, 1);
    lua_pushstring(L, fallback);
  }
  if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "setting '%s' must be a string, is a %s", key, luaL_typename(L, -1));
  snprintf(out, size, "%s", lua_tostring(L, -1));
  lua_pop(L, 1);
  return out;
}

static int get_integer(lua_State *L, int table, const char *key, int low, int high) {
  int isnum;
  lua_getfield(L, table, key);
  lua_Number n = lua_tonumberx(L, -1, &isnum);
  if (!isnum) luaL_error(L, "setting '%s' must be a number, is a %s", key, luaL_typename(L, -1));
  if (n < low || n > high || n != (int)n) luaL_error(L, "setting '%s' must be an integer from %d to %d", key, low, high);
  lua_pop(L, 1);
  return (int)n;
}

/* Runs under lua_pcall, so that one handler reports whatever goes wrong. Arguments: file name, Config. */
static int read_config(lua_State *L) {
  const char *file = luaL_checkstring(L, 1);
  Config *c = lua_touserdata(L, 2);
  if (luaL_loadfile(L, file) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);

  lua_pushglobaltable(L);
  int globals = lua_gettop(L);
  get_string(L, globals, "name", NULL, c->name, sizeof c->name);
  c->port = get_integer(L, globals, "port", 1, 65535);
  c->workers = get_integer(L, globals, "workers", 1, 64);
  lua_getfield(L, globals, "debug");
  c->debug = lua_toboolean(L, -1);
  lua_getfield(L, globals, "log");
  luaL_checktype(L, -1, LUA_TTABLE);
  get_string(L, lua_gettop(L), "file", "/dev/null", c->log_file, sizeof c->log_file);
  return 0;
}

static bool load_config(lua_State *L, const char *file, Config *c) {
  lua_pushcfunction(L, read_config);
  lua_pushstring(L, file);
  lua_pushlightuserdata(L, c);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return true;
  printf("%s: %s\n", file, lua_tostring(L, -1));
  lua_pop(L, 1);
  return false;
}

static void print_routes(lua_State *L) {
  lua_getglobal(L, "routes");
  int n = lua_istable(L, -1) ? (int)lua_rawlen(L, -1) : 0;
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, i);
    lua_getfield(L, -1, "path");
    lua_getfield(L, -2, "handler");
    lua_getfield(L, -3, "timeout");
    printf("  %-8s -> %s", lua_tostring(L, -3), lua_tostring(L, -2));
    if (lua_isnumber(L, -1)) printf(" (timeout %g s)", lua_tonumber(L, -1));
    printf("\n");
    lua_pop(L, 4);
  }
  lua_pop(L, 1);
}

static void ask(lua_State *L, const char *address, const char *path) {
  lua_getglobal(L, "allow");
  lua_pushstring(L, address);
  lua_pushstring(L, path);
  if (lua_pcall(L, 2, 2, 0) != LUA_OK) {
    printf("allow: %s\n", lua_tostring(L, -1));
    lua_pop(L, 1);
    return;
  }
  printf("  %s asks for %s: %s", address, path, lua_toboolean(L, -2) ? "yes" : "no");
  if (!lua_isnil(L, -1)) printf(", %s", lua_tostring(L, -1));
  printf("\n");
  lua_pop(L, 2);
}

int main(void) {
  Config c;
  lua_State *L = luaL_newstate();
  if (L == NULL) return EXIT_FAILURE;
  /* a configuration needs no files and no processes: open only what is harmless */
  luaL_requiref(L, "_G", luaopen_base, 1);
  luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
  luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
  lua_settop(L, 0);

  load_config(L, "missing.lua", &c);
  load_config(L, "broken.conf.lua", &c);
  if (!load_config(L, "server.conf.lua", &c)) return EXIT_FAILURE;
  printf("%s listens on port %d with %d workers, debug %s, log in %s\n", c.name, c.port, c.workers, c.debug ? "on" : "off",
         c.log_file);
  print_routes(L);
  ask(L, "10.1.2.3", "/");
  ask(L, "192.0.2.7", "/");
  ask(L, "127.0.0.1", "/admin");
  lua_close(L);
  return EXIT_SUCCESS;
}
