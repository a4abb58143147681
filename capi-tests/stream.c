/* luaL_Stream is shared with C modules: handles made by C work in io, handles made by io work in C. */
#include "support.h"

static int closes;
static int close_mine(lua_State *L) {
  luaL_Stream *p = (luaL_Stream *)luaL_checkudata(L, 1, LUA_FILEHANDLE);
  closes++;
  say("  closed by our function, closef cleared before the call: %d", p->closef == NULL);
  return luaL_fileresult(L, fclose(p->f) == 0, NULL);
}
static int close_refused(lua_State *L) {
  lua_pushnil(L);
  lua_pushliteral(L, "cannot close this one");
  return 2;
}

static luaL_Stream *new_stream(lua_State *L, FILE *f, lua_CFunction close) {
  luaL_Stream *p = (luaL_Stream *)lua_newuserdata(L, sizeof *p);
  p->closef = NULL; /* still unfinished: a closed handle for everyone */
  luaL_setmetatable(L, LUA_FILEHANDLE);
  p->f = f;
  p->closef = close;
  return p;
}

static void t_made_by_c(lua_State *L) {
  FILE *f = tmpfile();
  fputs("line 1\nline 2\n42 0x10 rest", f);
  rewind(f);
  new_stream(L, f, close_mine);
  lua_setglobal(L, "f");
  run_lua(L, "print(io.type(f), tostring(f):match('^file %(0x') ~= nil) print(f:read()) print(f:read('*L')) print(f:read('*n', '*n')) print(f:read('*a')) "
             "print(f:read('*a'), f:read()) print(f:seek('set', 7), f:read(4)) for l in f:lines() do print('line', l) end");
  run_lua(L, "io.input(f) f:seek('set') print(io.read()) print(f:seek('end')) print(f:write('more', 1, 2.5) == f) f:seek('set') print(#f:read('*a'))");
  run_lua(L, "io.input(io.stdin) print(f:close()) print(io.type(f), tostring(f)) print(pcall(f.read, f)) print(pcall(f.close, f)) print(pcall(f.lines, f))");
  say("closes %d", closes);
}

static void t_collected(lua_State *L) {
  closes = 0;
  new_stream(L, tmpfile(), close_mine);
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  say("closes %d", closes);
  /* an unfinished one is left alone */
  new_stream(L, NULL, NULL);
  lua_pushvalue(L, 1);
  lua_setglobal(L, "u");
  lua_settop(L, 0);
  run_lua(L, "print(io.type(u), tostring(u), pcall(u.read, u)) u = nil collectgarbage()");
  say("closes %d", closes);
  new_stream(L, stdout, close_refused);
  lua_setglobal(L, "r");
  run_lua(L, "print(r:close()) print(io.type(r))");
}

static void t_made_by_lua(lua_State *L) {
  luaL_Stream *p;
  char line[100];
  run_lua(L, "local f = io.open('stream.tmp', 'w+') f:write('from Lua\\nsecond\\n') f:seek('set') return f");
  p = (luaL_Stream *)luaL_checkudata(L, 1, LUA_FILEHANDLE);
  say("open %d", p->f != NULL && p->closef != NULL);
  if (fgets(line, sizeof line, p->f) != NULL) printf("C reads: %s", line);
  lua_getfield(L, 1, "read");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  show_value(L, "Lua goes on", -1);
  lua_pop(L, 1);
  lua_getfield(L, 1, "close");
  lua_pushvalue(L, 1);
  lua_call(L, 1, LUA_MULTRET);
  show_stack(L, "close");
  say("closed %d", p->closef == NULL);
  lua_settop(L, 0);
  run_lua(L, "return io.stdin, io.stdout, io.stderr");
  say("standard files %d %d %d", ((luaL_Stream *)lua_touserdata(L, 1))->f == stdin, ((luaL_Stream *)lua_touserdata(L, 2))->f == stdout,
      ((luaL_Stream *)lua_touserdata(L, 3))->f == stderr);
  lua_settop(L, 0);
  run_lua(L, "print(pcall(io.close, io.stdout)) print(io.stdout:close())");
  run_lua(L, "local p = io.popen('echo from a pipe', 'r') return p");
  p = (luaL_Stream *)luaL_checkudata(L, 1, LUA_FILEHANDLE);
  if (fgets(line, sizeof line, p->f) != NULL) printf("C reads: %s", line);
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  remove("stream.tmp");
}

static void t_output_order(lua_State *L) {
  printf("C ");
  run_lua(L, "io.write('Lua ') io.stdout:write('stdout ') io.output():write('output\\n')");
  run_lua(L, "print(io.open('/no/such/file')) print(pcall(io.lines, '/no/such/file')) print(pcall(io.open, 'x', 'bad mode'))");
}

static const Section sections[] = {
  { "made_by_c", t_made_by_c },
  { "collected", t_collected },
  { "made_by_lua", t_made_by_lua },
  { "output_order", t_output_order },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
