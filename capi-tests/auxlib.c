/* lauxlib: argument checks and their messages, options, references, modules, results of files. */
#include <errno.h>

#include "support.h"

/* ---- argument checks ------------------------------------------------------------------------ */

static int check_number(lua_State *L) {
  lua_pushnumber(L, luaL_checknumber(L, 1));
  return 1;
}
static int check_integer(lua_State *L) {
  lua_pushnumber(L, (lua_Number)luaL_checkinteger(L, 1));
  lua_pushnumber(L, luaL_checkint(L, 1));
  lua_pushnumber(L, (lua_Number)luaL_checklong(L, 1));
  return 3;
}
static int check_unsigned(lua_State *L) {
  lua_pushnumber(L, (lua_Number)luaL_checkunsigned(L, 1));
  return 1;
}
static int check_string(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  lua_pushlstring(L, s, len);
  lua_pushinteger(L, (lua_Integer)len);
  lua_pushstring(L, luaL_typename(L, 1));
  return 3;
}
static int check_types(lua_State *L) {
  luaL_checktype(L, 1, (int)lua_tointeger(L, 2));
  lua_pushliteral(L, "fine");
  return 1;
}
static int check_any(lua_State *L) {
  luaL_checkany(L, 1);
  luaL_checkany(L, 2);
  return 0;
}
static int check_udata(lua_State *L) {
  luaL_checkudata(L, 1, "capi.Type");
  return 0;
}
static int check_option(lua_State *L) {
  static const char *const list[] = { "first", "second", "", NULL };
  lua_pushinteger(L, luaL_checkoption(L, 1, lua_toboolean(L, 2) ? "second" : NULL, list));
  return 1;
}
static int check_cond(lua_State *L) {
  luaL_argcheck(L, lua_toboolean(L, 1), 1, "must be true");
  return 0;
}
static int optionals(lua_State *L) {
  size_t len = 77;
  const char *s;
  lua_settop(L, 4);
  lua_pushnumber(L, luaL_optnumber(L, 1, 1.5));
  lua_pushnumber(L, (lua_Number)luaL_optinteger(L, 2, -2));
  lua_pushnumber(L, luaL_optint(L, 2, -3));
  lua_pushnumber(L, (lua_Number)luaL_optlong(L, 2, -4));
  lua_pushnumber(L, (lua_Number)luaL_optunsigned(L, 3, 4000000000U));
  s = luaL_optlstring(L, 4, "default", &len);
  lua_pushstring(L, s);
  lua_pushinteger(L, (lua_Integer)len);
  s = luaL_optlstring(L, 4, NULL, &len);
  lua_pushboolean(L, s == NULL);
  lua_pushinteger(L, (lua_Integer)len);
  lua_pushstring(L, luaL_optstring(L, 4, "x"));
  lua_pushnumber(L, luaL_opt(L, luaL_checknumber, 1, 9));
  return 11;
}

static void t_checks(lua_State *L) {
  static const char *const calls[] = {
    "number(5)", "number('0x10')", "number()", "number(nil)", "number('x')", "number({})", "number(print)", "number(true)",
    "integer(5.9)", "integer(-5.9)", "integer('7.5')", "integer(2^40)", "integer('y')", "unsigned(-1)", "unsigned(2.5)", "unsigned({})",
    "string('s')", "string('a\\0b')", "string(12.5)", "string()", "string({})", "string(nil)", "any()", "any(nil)", "any(nil, nil)",
    "types('x', 4)", "types('x', 3)", "types(nil, 0)", "types()", "types({}, 6)", "types(io.stdout, 8)", "udata(5)", "udata(io.stdout)", "udata()", "udata({})",
    "option('first')", "option('second')", "option('')", "option('third')", "option(nil, true)", "option()", "option(nil)", "option({})", "option(5)",
    "cond(true)", "cond(false)", "optionals()", "optionals(nil, nil, nil, nil)", "optionals(1, 2, 3, 'four')", "optionals('x')",
    "optionals(1, {})", "optionals(1, 2, 'z')", "optionals(1, 2, 3, {})", "optionals(1, 2.7, 3.7, 4.5)"
  };
  static const luaL_Reg functions[] = {
    { "number", check_number }, { "integer", check_integer }, { "unsigned", check_unsigned }, { "string", check_string },
    { "types", check_types },   { "any", check_any },         { "udata", check_udata },       { "option", check_option },
    { "cond", check_cond },     { "optionals", optionals },   { NULL, NULL }
  };
  size_t i;
  luaL_newmetatable(L, "capi.Type");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_setglobal(L, "check");
  for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    lua_pushfstring(L, "return check.%s", calls[i]);
    printf("%s -> ", calls[i]);
    if (run_lua(L, lua_tostring(L, 1)) == LUA_OK) {
      lua_remove(L, 1);
      show_stack(L, "results");
    }
    lua_settop(L, 0);
  }
}

static int arg_error(lua_State *L) {
  return luaL_argerror(L, (int)lua_tointeger(L, lua_upvalueindex(1)), "extra text");
}

static void t_naming(lua_State *L) {
  int i;
  for (i = 0; i <= 2; i++) {
    lua_pushinteger(L, i);
    lua_pushcclosure(L, arg_error, 1);
    lua_setglobal(L, "fail");
    run_lua(L, "fail()");
    run_lua(L, "local fail = fail fail()");
    run_lua(L, "local t = {fail = fail} t.fail()");
    run_lua(L, "local t = {fail = fail} t:fail()");
    run_lua(L, "(function() fail() end)()");
    run_lua(L, "local f = fail (function() f() end)()");
    run_lua(L, "print(pcall(fail))");
    run_lua(L, "local t = setmetatable({}, {__index = fail, __add = fail}) print(pcall(function() return t.x end)) print(pcall(function() return t + 1 end))");
    run_lua(L, "for x in fail do end");
    run_lua(L, "return fail()");
    run_lua(L, "package.loaded.capimod = {deep = fail} fail2 = fail fail = nil print(pcall(fail2)) package.loaded.capimod.deep()");
    lua_getglobal(L, "fail2");
    try_c(L, "from C", arg_error, 0);
    lua_settop(L, 0);
    run_lua(L, "package.loaded.capimod = nil fail2 = nil");
  }
  run_lua(L, "string.rep()");
  run_lua(L, "('x').rep()");
  run_lua(L, "('x'):rep()");
  run_lua(L, "('x'):rep({})");
  run_lua(L, "local s = string s.rep()");
  run_lua(L, "io.stdout.write()");
  run_lua(L, "io.stdout.write({})");
  run_lua(L, "io.stdout:write({})");
  run_lua(L, "io.stdout.close(5)");
  run_lua(L, "string.char(256)");
  run_lua(L, "table.insert({}, 1, 2, 3)");
  run_lua(L, "table.insert(nil, 1)");
}

/* ---- references -------------------------------------------------------------------------------- */

static void t_references(lua_State *L) {
  int refs[8], i, n;
  lua_newtable(L);
  for (i = 0; i < 5; i++) {
    lua_pushfstring(L, "value %d", i);
    refs[i] = luaL_ref(L, 1);
    printf(" %d", refs[i]);
  }
  lua_pushnil(L);
  n = luaL_ref(L, 1);
  say(" nil %d, top %d", n, lua_gettop(L));
  luaL_unref(L, 1, refs[1]);
  luaL_unref(L, 1, refs[3]);
  luaL_unref(L, 1, LUA_NOREF);
  luaL_unref(L, 1, LUA_REFNIL);
  for (i = 5; i < 8; i++) {
    lua_pushfstring(L, "value %d", i);
    refs[i] = luaL_ref(L, 1);
    printf(" %d", refs[i]);
  }
  putchar('\n');
  for (i = 0; i < 8; i++) {
    lua_rawgeti(L, 1, refs[i]);
    show_value(L, "reference", -1);
    lua_pop(L, 1);
  }
  lua_settop(L, 0);
  lua_pushliteral(L, "in the registry");
  n = luaL_ref(L, LUA_REGISTRYINDEX);
  say("first in the registry %d", n);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_rawgeti(L, LUA_REGISTRYINDEX, n);
  show_stack(L, "globals untouched");
  luaL_unref(L, LUA_REGISTRYINDEX, n);
  lua_pushboolean(L, 1);
  say("again %d", luaL_ref(L, LUA_REGISTRYINDEX));
  lua_settop(L, 0);
}

/* ---- libraries and modules ------------------------------------------------------------------------ */

static int opened;
static int show_upvalues(lua_State *L) {
  printf("  upvalues:");
  show(L, lua_upvalueindex(1));
  putchar(' ');
  show(L, lua_upvalueindex(2));
  putchar(' ');
  show(L, lua_upvalueindex(3));
  putchar('\n');
  return 0;
}
static int open_module(lua_State *L) {
  say("  opened with '%s', top %d", lua_tostring(L, 1), lua_gettop(L));
  opened++;
  lua_newtable(L);
  lua_pushinteger(L, opened);
  lua_setfield(L, -2, "n");
  return 1;
}

static void t_libraries(lua_State *L) {
  static const luaL_Reg functions[] = {
    { "a", show_upvalues }, { "b", show_upvalues }, { "placeholder", NULL }, { NULL, NULL }
  };
  int i;
  lua_newtable(L);
  lua_pushliteral(L, "up1");
  lua_newtable(L);
  luaL_setfuncs(L, functions, 2);
  show_stack(L, "setfuncs with upvalues");
  lua_getfield(L, 1, "a");
  lua_call(L, 0, 0);
  lua_getfield(L, 1, "b");
  lua_call(L, 0, 0);
  lua_settop(L, 0);
  (void)functions[2];
  luaL_newlibtable(L, functions);
  show_stack(L, "newlibtable");
  lua_settop(L, 0);
  for (i = 0; i < 2; i++) {
    luaL_requiref(L, "capi.mod", open_module, i);
    show_stack(L, "requiref");
    lua_getfield(L, -1, "n");
    lua_getglobal(L, "capi.mod");
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_getfield(L, -1, "capi.mod");
    say("loaded is the module %d", lua_rawequal(L, -1, 1));
    lua_settop(L, 3);
    show_stack(L, "n and global");
    lua_settop(L, 0);
  }
  run_lua(L, "print(require('capi.mod').n, package.loaded['capi.mod'].n)");
}

static void t_each_library(lua_State *unused) {
  static const luaL_Reg list[] = { { "_G", luaopen_base },       { LUA_COLIBNAME, luaopen_coroutine }, { LUA_TABLIBNAME, luaopen_table },
                                   { LUA_IOLIBNAME, luaopen_io }, { LUA_OSLIBNAME, luaopen_os },       { LUA_STRLIBNAME, luaopen_string },
                                   { LUA_BITLIBNAME, luaopen_bit32 }, { LUA_MATHLIBNAME, luaopen_math }, { LUA_DBLIBNAME, luaopen_debug },
                                   { LUA_LOADLIBNAME, luaopen_package } };
  size_t i;
  lua_State *L = luaL_newstate();
  (void)unused;
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    int n = 0;
    luaL_requiref(L, list[i].name, list[i].func, 1);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
      n++;
      lua_pop(L, 1);
    }
    say("%s: %d fields", list[i].name, n);
    lua_settop(L, 0);
  }
  say("%d", luaL_dostring(L, "local n = {} for k in pairs(package.loaded) do n[#n + 1] = k end table.sort(n) print(table.concat(n, ' '))"));
  lua_close(L);
}

/* every name that the libraries define */
static void t_all_names(lua_State *L) {
  run_lua(L, "local n = {} for k, v in pairs(_G) do if type(v) ~= 'table' then n[#n + 1] = k elseif k ~= '_G' then "
             "for f, x in pairs(v) do n[#n + 1] = k .. '.' .. tostring(f) .. (type(x) == 'function' and '' or ':' .. type(x)) end end end "
             "table.sort(n) for i, k in ipairs(n) do print(k) end");
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static void t_gsub(lua_State *L) {
  say("%s", luaL_gsub(L, "a.b.c", ".", "::"));
  say("%s", luaL_gsub(L, "nothing here", "x", "y"));
  say("%s", luaL_gsub(L, "aaa", "aa", "b"));
  say("%s|", luaL_gsub(L, "xx", "x", ""));
  say("%s", luaL_gsub(L, "", "x", "y"));
  say("top %d", lua_gettop(L));
  lua_settop(L, 0);
}

static int file_result(lua_State *L) {
  int ok = (int)lua_tointeger(L, 1);
  const char *name = lua_tostring(L, 2);
  errno = (int)lua_tointeger(L, 3);
  return luaL_fileresult(L, ok, name);
}
static int exec_result(lua_State *L) {
  errno = ENOENT;
  return luaL_execresult(L, (int)lua_tointeger(L, 1));
}

static void t_results(lua_State *L) {
  static const int stats[] = { 0, 256, 3 * 256, 9, 15, -1 };
  size_t i;
  lua_pushinteger(L, 1);
  try_c(L, "success", file_result, 1);
  lua_pushinteger(L, 0);
  lua_pushliteral(L, "some file");
  lua_pushinteger(L, ENOENT);
  try_c(L, "failure", file_result, 3);
  lua_pushinteger(L, 0);
  lua_pushnil(L);
  lua_pushinteger(L, EACCES);
  try_c(L, "without a name", file_result, 3);
  for (i = 0; i < sizeof stats / sizeof stats[0]; i++) {
    lua_pushinteger(L, stats[i]);
    try_c(L, "exec", exec_result, 1);
  }
  run_lua(L, "print(os.execute('exit 3')) print(os.execute('true')) print(os.execute()) print(io.popen('exit 5'):close()) print(os.execute('kill -9 $$'))");
}

static int wrong_version(lua_State *L) {
  luaL_checkversion_(L, 501);
  return 0;
}

static void t_version(lua_State *L) {
  luaL_checkversion(L);
  try_c(L, "version 501", wrong_version, 0);
  say("%d %s %s", LUA_VERSION_NUM, LUA_VERSION, LUA_RELEASE);
}

static int raise_formats(lua_State *L) {
  return luaL_error(L, "%s|%d|%f|%c|%%|%s", "str", -5, 0.5, 'c', (char *)NULL);
}

static void t_error_formats(lua_State *L) {
  try_c(L, "luaL_error", raise_formats, 0);
}

static void t_macros(lua_State *L) {
  say("%d %d %d %d %d %d %d %d", LUA_OK, LUA_YIELD, LUA_ERRRUN, LUA_ERRSYNTAX, LUA_ERRMEM, LUA_ERRGCMM, LUA_ERRERR, LUA_ERRFILE);
  say("%d %d %d %d %d %d %d %d %d %d", LUA_TNONE, LUA_TNIL, LUA_TBOOLEAN, LUA_TLIGHTUSERDATA, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE,
      LUA_TFUNCTION, LUA_TUSERDATA, LUA_TTHREAD);
  say("%d %d %d %d %d %d", LUA_MULTRET, LUA_REGISTRYINDEX, lua_upvalueindex(1), LUA_MINSTACK, LUA_RIDX_LAST, LUA_NUMTAGS);
  say("%d %d %d %d %d %d %d", LUA_OPADD, LUA_OPSUB, LUA_OPMUL, LUA_OPDIV, LUA_OPMOD, LUA_OPPOW, LUA_OPUNM);
  say("%d %d %d %d %d", LUA_HOOKCALL, LUA_HOOKRET, LUA_HOOKLINE, LUA_HOOKCOUNT, LUA_HOOKTAILCALL);
  say("%d %d %d %d", LUA_MASKCALL, LUA_MASKRET, LUA_MASKLINE, LUA_MASKCOUNT);
  say("%d %d %d %d %d %d %d %d %d %d %d %d", LUA_GCSTOP, LUA_GCRESTART, LUA_GCCOLLECT, LUA_GCCOUNT, LUA_GCCOUNTB, LUA_GCSTEP, LUA_GCSETPAUSE,
      LUA_GCSETSTEPMUL, LUA_GCSETMAJORINC, LUA_GCISRUNNING, LUA_GCGEN, LUA_GCINC);
  say("%d %d %d %d", LUA_NOREF, LUA_REFNIL, LUA_IDSIZE, (int)LUAL_BUFFERSIZE);
  say("%lu %lu %lu", (unsigned long)sizeof(lua_Debug), (unsigned long)sizeof(luaL_Buffer), (unsigned long)sizeof(luaL_Stream));
  say("%lu %lu %lu", (unsigned long)sizeof(lua_Number), (unsigned long)sizeof(lua_Integer), (unsigned long)sizeof(lua_Unsigned));
  say("%s %s %s", LUA_FILEHANDLE, LUA_SIGNATURE + 1, LUA_QL("x"));
  say("%s | %s", LUA_PATH_DEFAULT[0] ? "path" : "", LUA_CPATH_DEFAULT[0] ? "cpath" : "");
  (void)L;
}

static const Section sections[] = {
  { "checks", t_checks },
  { "naming", t_naming },
  { "references", t_references },
  { "libraries", t_libraries },
  { "each_library", t_each_library },
  { "all_names", t_all_names },
  { "gsub", t_gsub },
  { "results", t_results },
  { "version", t_version },
  { "error_formats", t_error_formats },
  { "macros", t_macros },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
