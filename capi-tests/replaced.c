/* A host that defines functions of the API itself: the library calls the host's where the reference does. Each
 * definition notes its call and goes on to the library's, or does something else instead. */
#include <dlfcn.h>
#include <unistd.h>

#include "support.h"

static int noting;     /* note calls */
static int calls;      /* all of them */
static const char *other = ""; /* the function that does something else */

static void *next(const char *name) {
  void *f = dlsym(RTLD_NEXT, name);
  calls++;
  if (noting) say("  %s", name);
  if (f == NULL) {
    say("no %s", name);
    exit(3);
  }
  return f;
}
static int does_other(const char *name) { return strcmp(other, name) == 0; }

/* Define the function and a pointer `to` to the library's. */
#define REPLACED(result, name, params) \
  result(name) params { \
    result(*to) params; \
    *(void **)&to = next(#name);

REPLACED(lua_State *, lua_newstate, (lua_Alloc f, void *ud))
  return does_other("lua_newstate") ? NULL : to(f, ud);
}
REPLACED(lua_CFunction, lua_atpanic, (lua_State *L, lua_CFunction f))
  return to(L, f);
}
REPLACED(void, luaL_requiref, (lua_State *L, const char *name, lua_CFunction f, int glb))
  if (noting) say("  with %s", name);
  if (does_other("luaL_requiref")) luaL_error(L, "no %s here", name);
  to(L, name, f, glb);
}
REPLACED(int, luaL_loadfilex, (lua_State *L, const char *name, const char *mode))
  if (noting) say("  of %s, %s", name ? name : "stdin", mode ? mode : "any");
  if (does_other("luaL_loadfilex")) return luaL_loadstring(L, "return 'instead of a file'");
  if (does_other("raise")) return luaL_error(L, "may not load %s", name);
  return to(L, name, mode);
}
REPLACED(int, luaL_loadbufferx, (lua_State *L, const char *s, size_t n, const char *name, const char *mode))
  if (noting) say("  of %d bytes, %s, %s", (int)n, name ? name : "NULL", mode ? mode : "any");
  return to(L, s, n, name, mode);
}
REPLACED(int, lua_load, (lua_State *L, lua_Reader r, void *d, const char *name, const char *mode))
  if (noting) say("  of %s, %s", name ? name : "NULL", mode ? mode : "any");
  return to(L, r, d, name, does_other("lua_load") ? "t" : mode);
}
REPLACED(int, lua_dump, (lua_State *L, lua_Writer w, void *d))
  return does_other("lua_dump") ? 7 : to(L, w, d);
}
REPLACED(void, luaL_traceback, (lua_State *L, lua_State *L1, const char *msg, int level))
  if (noting) say("  after %s, level %d, of itself %d", msg ? msg : "NULL", level, L == L1);
  if (does_other("luaL_traceback")) lua_pushfstring(L, "<%s>", msg ? msg : "");
  else to(L, L1, msg, level);
}
REPLACED(int, lua_sethook, (lua_State *L, lua_Hook f, int mask, int count))
  if (noting) say("  mask %d, count %d", mask, count);
  if (does_other("lua_sethook")) return luaL_error(L, "the hook is the host's");
  return to(L, f, mask, count);
}
REPLACED(int, lua_gc, (lua_State *L, int what, int data))
  if (noting) say("  %d, %d", what, data);
  return does_other("lua_gc") ? 5 : to(L, what, data);
}
REPLACED(lua_State *, lua_newthread, (lua_State *L))
  if (does_other("lua_newthread")) luaL_error(L, "no threads");
  return to(L);
}
REPLACED(void, lua_close, (lua_State *L))
  to(L);
}

static int now(lua_State *L) {
  lua_pushinteger(L, 42);
  return 1;
}
#define OPENS(name) \
  REPLACED(int, name, (lua_State *L)) \
    if (noting) say("  as %s", luaL_checkstring(L, 1)); \
    if (does_other(#name)) { \
      lua_newtable(L); \
      lua_pushcfunction(L, now); \
      lua_setfield(L, -2, "time"); \
      return 1; \
    } \
    if (does_other("raise")) return luaL_error(L, "cannot open"); \
    return to(L); \
  }
OPENS(luaopen_base)
OPENS(luaopen_package)
OPENS(luaopen_coroutine)
OPENS(luaopen_table)
OPENS(luaopen_io)
OPENS(luaopen_os)
OPENS(luaopen_string)
OPENS(luaopen_bit32)
OPENS(luaopen_math)
OPENS(luaopen_debug)

/* Run code with calls noted and `what` doing something else. */
static void noted(lua_State *L, const char *what, const char *code) {
  int status;
  compile(L, code);
  say("%s", code);
  other = what;
  noting = 1;
  status = lua_pcall(L, 0, LUA_MULTRET, 0);
  noting = 0;
  other = "";
  if (status != LUA_OK) show_status(L, "error", status);
  show_stack(L, "results");
  lua_settop(L, 0);
}

static void t_newstate(lua_State *L) {
  lua_State *L2;
  (void)L;
  noting = 1;
  L2 = luaL_newstate();
  other = "lua_newstate";
  say("none: %d", luaL_newstate() == NULL);
  other = "";
  lua_close(L2);
  noting = 0;
}

static void t_openlibs(lua_State *L) {
  lua_State *L2 = luaL_newstate();
  (void)L;
  noting = 1;
  luaL_openlibs(L2);
  noting = 0;
  other = "luaopen_os";
  luaL_openlibs(L2);
  other = "";
  run_lua(L2, "return os.time(), os.execute, package.loaded.os == os, type(io.open)");
  show_stack(L2, "os is the host's");
  lua_settop(L2, 0);
  other = "luaopen_base";
  luaL_openlibs(L2);
  other = "";
  lua_getglobal(L2, "_G");
  lua_getfield(L2, -1, "time");
  show_stack(L2, "_G is the host's");
  lua_close(L2);
}

static int open_all(lua_State *L) {
  luaL_openlibs(L);
  return 0;
}

static void t_openlibs_raise(lua_State *L) {
  other = "raise";
  try_c(L, "open function", open_all, 0);
  other = "luaL_requiref";
  try_c(L, "luaL_requiref", open_all, 0);
  other = "";
  try_c(L, "again", open_all, 0);
}

static void t_files(lua_State *L) {
  FILE *f = fopen("replaced_module.lua", "w");
  fputs("return 'file', ...\n", f);
  fclose(f);
  run_lua(L, "package.path = './?.lua'");
  noted(L, "", "return dofile('replaced_module.lua')");
  noted(L, "", "return loadfile('replaced_module.lua', 't', {})()");
  noted(L, "", "return require 'replaced_module'");
  noted(L, "", "return loadfile('no such file')");
  noted(L, "luaL_loadfilex", "return dofile('replaced_module.lua')");
  noted(L, "luaL_loadfilex", "return loadfile('no such file')()");
  noted(L, "luaL_loadfilex", "package.loaded.replaced_module = nil return require 'replaced_module'");
  noted(L, "raise", "return dofile('replaced_module.lua')");
  noted(L, "raise", "return pcall(loadfile, 'replaced_module.lua')");
  remove("replaced_module.lua");
}

static void t_chunks(lua_State *L) {
  noted(L, "", "return load('return 1 + 1')()");
  noted(L, "", "return load('return ...', '=name', 'bt', {})(3)");
  noted(L, "", "return load('return +')");
  noted(L, "", "local n = 0 return load(function() n = n + 1 return ({'return ', '7'})[n] end)()");
  noted(L, "", "return load(function() error('reader', 0) end, '@x')");
  noted(L, "", "return loadstring(string.dump(function() return 8 end))()");
  noted(L, "lua_load", "return load(string.dump(function() return 8 end))");
  noted(L, "lua_load", "return load(string.dump(function() return 8 end), 'x', 'b')");
  noted(L, "lua_load", "local s = string.dump(load'') return load(function() local r = s s = nil return r end, '=b')");
  noted(L, "lua_dump", "return string.dump(function() end)");
  noted(L, "", "return string.dump(print)");
  noted(L, "", "return #string.dump(load(('local s = %q; '):format(('x'):rep(3000)):rep(10))) > 30000");
  noting = 1;
  say("luaL_loadstring %d", luaL_loadstring(L, "return 9"));
  say("luaL_loadbuffer %d", luaL_loadbuffer(L, "return 9", 8, "=nine"));
  say("without a name %d", luaL_loadbuffer(L, "return +", 8, NULL));
  noting = 0;
  show_stack(L, "loaded");
  lua_settop(L, 0);
}

static void t_debug(lua_State *L) {
  noted(L, "", "return (debug.traceback('text', 1):gsub('\\n.*', ''))");
  noted(L, "", "return (debug.traceback(coroutine.create(print), 'text', 0):gsub('\\n.*', ''))");
  noted(L, "luaL_traceback", "return debug.traceback('text')");
  noted(L, "luaL_traceback", "return debug.traceback(7), debug.traceback(), debug.traceback(print) == print");
  noted(L, "", "debug.sethook(function() end, 'crl', 100) debug.sethook()");
  noted(L, "", "debug.sethook(coroutine.create(print), function() end, 'c')");
  noted(L, "lua_sethook", "return pcall(debug.sethook, function() end, 'l')");
}

static void t_state(lua_State *L) {
  noted(L, "", "return collectgarbage('stop'), collectgarbage('restart'), collectgarbage('isrunning')");
  noted(L, "", "return collectgarbage('count') > 1, collectgarbage('setpause', 200)");
  noted(L, "lua_gc", "return collectgarbage(), collectgarbage('count'), collectgarbage('step', 3)");
  noted(L, "", "return coroutine.resume(coroutine.create(function() return 1 end))");
  noted(L, "", "return coroutine.wrap(function() return 2 end)()");
  noted(L, "lua_newthread", "return pcall(coroutine.create, print)");
  noted(L, "lua_newthread", "return coroutine.wrap(print)");
}

/* Ends the child before a checker looks for the parent's states in it. */
static void end(void) {
  fflush(stdout);
  _exit(0);
}
static void exit_and_close(lua_State *L) {
  noting = 1;
  atexit(end);
  run_lua(L, "setmetatable({}, {__gc = function() print('finalizer') io.stdout:flush() end}) os.exit(true, true)");
}

static void t_exit(lua_State *L) {
  (void)L;
  say("closing: %s", in_child(exit_and_close));
}

static void t_many(lua_State *L) {
  int i;
  calls = 0;
  run_lua(L, "for i = 1, 1000 do load('return ' .. i)() coroutine.wrap(print) collectgarbage('count') end");
  say("%d calls", calls);
  other = "raise";
  for (i = 0; i < 300; i++)
    if (!luaL_dostring(L, "return dofile('x')")) say("no error");
    else lua_pop(L, 1);
  other = "";
}

static const Section sections[] = {
  { "newstate", t_newstate },
  { "openlibs", t_openlibs },
  { "openlibs_raise", t_openlibs_raise },
  { "files", t_files },
  { "chunks", t_chunks },
  { "debug", t_debug },
  { "state", t_state },
  { "exit", t_exit },
  { "many", t_many },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
