/* lua_getstack, lua_getinfo, locals, upvalues. */
#include "support.h"

static void print_info(const char *what, lua_Debug *ar) {
  for (; *what; what++) {
    switch (*what) {
      case 'n': printf(" name=%s namewhat=%s", ar->name ? ar->name : "(null)", ar->namewhat); break;
      case 'S':
        printf(" what=%s source=%s short=%s defined=%d-%d", ar->what, ar->source, ar->short_src, ar->linedefined,
               ar->lastlinedefined);
        break;
      case 'l': printf(" line=%d", ar->currentline); break;
      case 'u': printf(" nups=%d nparams=%d vararg=%d", ar->nups, ar->nparams, ar->isvararg); break;
      case 't': printf(" tail=%d", ar->istailcall); break;
      default: break;
    }
  }
  putchar('\n');
}

static int show_levels(lua_State *L) {
  lua_Debug ar;
  int level;
  for (level = 0; lua_getstack(L, level, &ar); level++) {
    memset(ar.short_src, '?', sizeof ar.short_src);
    printf("level %d: ok %d", level, lua_getinfo(L, "nSltu", &ar));
    print_info("nSltu", &ar);
  }
  say("no level %d, no level -1: %d", level, lua_getstack(L, -1, &ar));
  return 0;
}

static void t_levels(lua_State *L) {
  lua_Debug ar;
  say("base level: %d", lua_getstack(L, 0, &ar));
  lua_register(L, "show_levels", show_levels);
  lua_pushcfunction(L, show_levels);
  lua_call(L, 0, 0);
  run_lua(L, "local function inner(a, b)\n show_levels()\nend\n"
             "local t = {method = function(self) inner() end}\n"
             "function global_function() t:method() end\n"
             "t.field = function() global_function() end\n"
             "t.field()");
  say("tail calls");
  run_lua(L, "local function f() return show_levels() end local function g() return f() end g()");
  say("metamethods");
  run_lua(L, "local t = setmetatable({}, {__index = function(t, k) show_levels() end}) local x = t.y");
  run_lua(L, "local t = setmetatable({}, {__add = function(t, k) show_levels() end}) local x = t + 1");
  run_lua(L, "local t = setmetatable({}, {__call = function(t, k) show_levels() end}) t()");
  say("iterator, upvalue, sort, pcall, coroutine");
  run_lua(L, "for x in function() show_levels() end do end");
  run_lua(L, "local up = function() show_levels() end (function() up() end)()");
  run_lua(L, "table.sort({1, 2}, function() if show_levels then show_levels() show_levels = nil end end)");
  lua_register(L, "show_levels", show_levels);
  run_lua(L, "pcall(function() show_levels() end)");
  run_lua(L, "coroutine.wrap(function() show_levels() end)()");
  run_lua(L, "return (function(...) show_levels(...) end)(1, 2)");
  run_lua(L, "local s = 'x' string.gsub(s, 'x', show_levels)");
  luaL_loadbuffer(L, "show_levels()", 13, "@file.lua");
  lua_call(L, 0, 0);
  luaL_loadstring(L, "show_levels()");
  lua_call(L, 0, 0);
}

static int c_func(lua_State *L) {
  (void)L;
  return 0;
}

static void t_functions(lua_State *L) {
  static const char *const list[] = { "return print", "return function() end", "return function(a, b, ...) end",
    "local u, v = 1, 2 return function(a) return u, v, print end", "return\n\nfunction()\n\nend", "return coroutine.wrap(print)" };
  size_t i;
  lua_Debug ar;
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    run_lua(L, list[i]);
    printf("%s: ok %d", list[i], lua_getinfo(L, ">nSlut", &ar));
    print_info("nSlut", &ar);
  }
  compile(L, "return 1\n\n");
  printf("main: ok %d", lua_getinfo(L, ">Su", &ar));
  print_info("Su", &ar);
  lua_pushinteger(L, 1);
  lua_pushinteger(L, 2);
  lua_pushcclosure(L, c_func, 2);
  printf("C closure: ok %d", lua_getinfo(L, ">Su", &ar));
  print_info("Su", &ar);
  say("top %d", lua_gettop(L));
}

static void t_wrong_option(lua_State *L) {
  lua_Debug ar;
  lua_pushcfunction(L, c_func);
  say("ok %d", lua_getinfo(L, ">SxS", &ar));
  say("what %s top %d", ar.what, lua_gettop(L));
  lua_pushcfunction(L, c_func);
  say("nothing asked %d", lua_getinfo(L, ">", &ar));
  lua_pushcfunction(L, c_func);
  say("f %d", lua_getinfo(L, ">f", &ar));
  show_stack(L, "function back");
  lua_settop(L, 0);
}

static int int_order(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* option 'L' pushes a table whose keys are the lines with code; sorted here */
static void show_lines(lua_State *L) {
  int lines[100], n = 0, i;
  if (!lua_istable(L, -1)) {
    say("lines: %s", luaL_typename(L, -1));
    lua_pop(L, 1);
    return;
  }
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lines[n++] = (int)lua_tointeger(L, -2);
    if (!lua_toboolean(L, -1)) say("not true");
    lua_pop(L, 1);
  }
  qsort(lines, (size_t)n, sizeof lines[0], int_order);
  printf("lines:");
  for (i = 0; i < n; i++) printf(" %d", lines[i]);
  putchar('\n');
  lua_pop(L, 1);
}

static void t_active_lines(lua_State *L) {
  lua_Debug ar;
  compile(L, "local a = 1\n\n-- comment\nif a then\n  a = 2\nelse\n  a = 3\nend\n\nlocal function f()\n  return a\nend\n"
             "for i = 1, 2 do\n  f()\nend\nwhile a do\n break\nend\nreturn\n  f(\n    a)\n");
  lua_pushvalue(L, -1);
  lua_getinfo(L, ">L", &ar);
  show_lines(L);
  lua_getinfo(L, ">fL", &ar);
  show_lines(L);
  show_stack(L, "function below the lines");
  lua_settop(L, 0);
  run_lua(L, "return function() end");
  lua_getinfo(L, ">L", &ar);
  show_lines(L);
  lua_pushcfunction(L, c_func);
  lua_getinfo(L, ">L", &ar);
  show_lines(L);
}

static int current_function(lua_State *L) {
  lua_Debug ar;
  lua_getstack(L, 0, &ar);
  lua_getinfo(L, "f", &ar);
  lua_getstack(L, 1, &ar);
  lua_getinfo(L, "f", &ar);
  say("level 0 is me %d, level 1 is the caller %d", lua_tocfunction(L, -2) == current_function,
      lua_rawequal(L, -1, 1));
  lua_getinfo(L, "l", &ar);
  say("line %d", ar.currentline);
  return 0;
}

static void t_running_function(lua_State *L) {
  lua_register(L, "current_function", current_function);
  run_lua(L, "local function f()\n current_function(f)\nend");
  run_lua(L, "local f\nf = function()\n current_function(f)\n end\n f()");
}

/* 'f' and 'L' of an active function: the function first, then the lines, however the options are ordered */
static int push_order(lua_State *L) {
  static const char *const options[] = { "f", "L", "fL", "Lf", "nSltufL", "LSf", "ff", "" };
  lua_Debug ar;
  size_t i;
  int level;
  for (level = 0; level < 2; level++) {
    for (i = 0; i < sizeof options / sizeof options[0]; i++) {
      lua_settop(L, 0);
      lua_getstack(L, level, &ar);
      printf("level %d '%s' ok %d:", level, options[i], lua_getinfo(L, options[i], &ar));
      show_stack(L, " stack");
    }
  }
  lua_settop(L, 0);
  lua_getstack(L, 1, &ar);
  lua_getinfo(L, "L", &ar);
  show_lines(L);
  return 0;
}

static void t_push_order(lua_State *L) {
  lua_register(L, "push_order", push_order);
  run_lua(L, "local a = 1\npush_order()\n\nlocal b = a");
}

/* an unknown option: 0, and the others are answered all the same */
static int ask_wrongly(lua_State *L) {
  static const char *const options[] = { "x", "nSx", "xl", "l>", "lL?f" };
  lua_Debug ar;
  size_t i;
  for (i = 0; i < sizeof options / sizeof options[0]; i++) {
    int ok;
    lua_settop(L, 0);
    lua_getstack(L, 1, &ar);
    ar.currentline = -77;
    ar.what = "not set";
    ok = lua_getinfo(L, options[i], &ar);
    printf("'%s' ok %d, line %d, what %s, ", options[i], ok, ar.currentline, ar.what);
    show_stack(L, "stack");
  }
  lua_settop(L, 0);
  return 0;
}
static void t_wrong_option_active(lua_State *L) {
  lua_register(L, "ask_wrongly", ask_wrongly);
  run_lua(L, "local a = 1\nask_wrongly()\nlocal b");
}

/* joined upvalues share one variable also while it is still a local, and outlive who had it first */
static int join(lua_State *L) {
  lua_upvaluejoin(L, 1, (int)lua_tointeger(L, 3), 2, (int)lua_tointeger(L, 4));
  return 0;
}
static void t_join(lua_State *L) {
  lua_register(L, "join", join);
  run_lua(L, "local get, set, keep\n"
             "do local a, b = 'a', 'b'\n"
             "  local function ga() return a end\n local function sb(v) b = v end\n"
             "  join(ga, sb, 1, 1) b = 'changed while open' print(ga(), a)\n get, set = ga, sb\nend\n"
             "collectgarbage() print(get()) set('changed when closed') print(get())\n"
             "set = nil collectgarbage() collectgarbage() print(get())\n"
             "local co = coroutine.wrap(function() local inner = 'of a coroutine' coroutine.yield(function() return inner end) inner = 'changed there' coroutine.yield() end)\n"
             "local other = co() join(get, other, 1, 1) print(get()) co() print(get()) co, other = nil collectgarbage() collectgarbage() print(get())");
  run_lua(L, "local a = 'itself' local function f() return a end join(f, f, 1, 1) collectgarbage() print(f())");
}

/* ---- locals -------------------------------------------------------------------------------- */

static int show_locals(lua_State *L) {
  int level = (int)luaL_optinteger(L, 1, 1), n;
  lua_Debug ar;
  const char *name;
  if (!lua_getstack(L, level, &ar)) return luaL_error(L, "no level");
  for (n = 1; (name = lua_getlocal(L, &ar, n)) != NULL && name[0] != '('; n++) {
    printf(" %s=", name);
    show(L, -1);
    lua_pop(L, 1);
  }
  if (name != NULL) lua_pop(L, 1);
  for (n = -1; (name = lua_getlocal(L, &ar, n)) != NULL; n--) {
    printf(" %s %d=", name, n);
    show(L, -1);
    lua_pop(L, 1);
  }
  say(" top %d", lua_gettop(L));
  return 0;
}

static int set_locals(lua_State *L) {
  lua_Debug ar;
  int i, fails;
  lua_getstack(L, 1, &ar);
  for (i = 1; i <= 2; i++) {
    const char *name;
    lua_pushfstring(L, "set %d", i);
    name = lua_setlocal(L, &ar, i);
    say("set %s", name ? name : "(null)");
  }
  lua_pushliteral(L, "vararg set");
  say("set %s", lua_setlocal(L, &ar, -2));
  say("top %d", lua_gettop(L));
  lua_pushliteral(L, "nowhere");
  fails = lua_setlocal(L, &ar, 200) == NULL;
  say("fails %d, but pops: top %d", fails, lua_gettop(L));
  lua_pushliteral(L, "nowhere");
  fails = lua_setlocal(L, &ar, -20) == NULL;
  say("fails %d, but pops: top %d", fails, lua_gettop(L));
  return 0;
}

static int own_locals(lua_State *L) {
  lua_Debug ar;
  const char *name;
  int n;
  lua_getstack(L, 0, &ar);
  for (n = 1; (name = lua_getlocal(L, &ar, n)) != NULL; n++) {
    printf(" %s=", name);
    show(L, -1);
    lua_pop(L, 1);
  }
  say(" vararg %d", lua_getlocal(L, &ar, -1) != NULL);
  return 0;
}

static void t_locals(lua_State *L) {
  lua_register(L, "show_locals", show_locals);
  lua_register(L, "set_locals", set_locals);
  lua_register(L, "own_locals", own_locals);
  run_lua(L, "local a, b = 1, 'two' do local hidden = 3 end show_locals() local c = {} show_locals()");
  run_lua(L, "local function f(x, y, ...) local z = x show_locals() do local z = 'inner' show_locals() end end f(1) f(1, 2, 3, 4)");
  run_lua(L, "for i = 1, 2 do local v = i * 10 show_locals() end for k, v in ipairs{'a'} do show_locals() end");
  run_lua(L, "local function f(a, b, ...) set_locals() return a, b, ... end print(f(1, 2, 3, 4))");
  run_lua(L, "local a = 1 local function g() show_locals(2) end g()");
  run_lua(L, "local a = 1 local co = coroutine.wrap(function(p) local q = 2 show_locals() end) co('param')");
  run_lua(L, "own_locals('arg 1', 2)");
  run_lua(L, "local a = 1 local a = 2 local b = a show_locals() do goto on local never ::on:: end show_locals()");
}

/* temporaries exist and are named so; how many there are is the compiler's affair */
static int has_temporary(lua_State *L) {
  lua_Debug ar;
  const char *name;
  lua_getstack(L, 1, &ar);
  name = lua_getlocal(L, &ar, 2);
  say("second: %s", name ? name : "(null)");
  lua_settop(L, 0);
  lua_getstack(L, 0, &ar);
  say("C function without values: %s", lua_getlocal(L, &ar, 1) ? "one" : "none");
  lua_pushinteger(L, 5);
  say("with a value: %s", lua_getlocal(L, &ar, 1));
  return 0;
}

static void t_temporaries(lua_State *L) {
  lua_register(L, "has_temporary", has_temporary);
  run_lua(L, "local a = 1 print('temporary', 2, has_temporary())");
}

static void t_parameters(lua_State *L) {
  const char *name;
  int n;
  run_lua(L, "return function(a, b, c, ...) local d end");
  for (n = 1;; n++) {
    lua_pushvalue(L, 1);
    name = lua_getlocal(L, NULL, n);
    printf(" %s", name ? name : "(null)");
    if (name == NULL) break;
  }
  say(" top %d", lua_gettop(L));
  lua_settop(L, 0);
  lua_pushcfunction(L, c_func);
  say("C function: %d", lua_getlocal(L, NULL, 1) == NULL);
  lua_settop(L, 0);
}

/* numbers that name nothing, of Lua and C functions */
static int beyond_locals(lua_State *L) {
  static const int numbers[] = { 100, 2147483647, -4, -100 };
  lua_Debug ar;
  size_t i;
  int level;
  for (level = 0; level < 2; level++) {
    lua_getstack(L, level, &ar);
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
      const char *got = lua_getlocal(L, &ar, numbers[i]), *set;
      lua_pushnil(L);
      set = lua_setlocal(L, &ar, numbers[i]);
      say("level %d, %d: %s %s top %d", level, numbers[i], got ? got : "(null)", set ? set : "(null)", lua_gettop(L));
    }
  }
  return 0;
}
static void t_beyond_locals(lua_State *L) {
  lua_register(L, "beyond_locals", beyond_locals);
  run_lua(L, "local function f(a, ...) local b = a beyond_locals() return b, ... end print(f(1, 2, 3, 4))");
}

static void t_thread_locals(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_Debug ar;
  const char *name;
  compile(co, "local a, b = 'local of a suspended one', 2 local function inner(p) local q = 3 coroutine.yield() return q end "
              "local r = inner('arg') return a, r");
  lua_resume(co, L, 0);
  say("level 1 %d", lua_getstack(co, 1, &ar));
  name = lua_getlocal(co, &ar, 1);
  say("%s=%s", name, lua_tostring(co, -1));
  lua_settop(co, 0);
  name = lua_getlocal(co, &ar, 2);
  say("%s=%s", name, lua_tostring(co, -1));
  lua_settop(co, 0);
  lua_pushliteral(co, "changed from outside");
  say("set %s", lua_setlocal(co, &ar, 2));
  lua_getstack(co, 2, &ar);
  lua_pushliteral(co, "outer changed");
  say("set %s", lua_setlocal(co, &ar, 1));
  say("no level 3: %d", lua_getstack(co, 3, &ar));
  lua_resume(co, L, 0);
  show_stack(co, "results");
  lua_settop(L, 0);
}

/* ---- upvalues ---------------------------------------------------------------------------------- */

static int counter(lua_State *L) {
  lua_pushinteger(L, lua_tointeger(L, lua_upvalueindex(1)) + 1);
  lua_pushvalue(L, -1);
  lua_replace(L, lua_upvalueindex(1));
  return 1;
}

static void t_upvalues(lua_State *L) {
  const char *name;
  int n;
  run_lua(L, "local a, b = 'va', {} return function() return a, b, print end");
  for (n = 1; (name = lua_getupvalue(L, 1, n)) != NULL; n++) {
    say("%d %s %s", n, name, luaL_typename(L, -1));
    lua_pop(L, 1);
  }
  say("0: %d, top %d", lua_getupvalue(L, 1, 0) == NULL, lua_gettop(L));
  lua_pushliteral(L, "new a");
  name = lua_setupvalue(L, 1, 1);
  say("set %s, top %d", name, lua_gettop(L));
  lua_pushliteral(L, "nowhere");
  name = lua_setupvalue(L, 1, 9);
  say("set out of range %d, does not pop: top %d", name == NULL, lua_gettop(L));
  lua_pop(L, 1);
  lua_call(L, 0, 1);
  show_stack(L, "called");
  lua_settop(L, 0);
  lua_pushinteger(L, 10);
  lua_pushnil(L);
  lua_pushcclosure(L, counter, 2);
  name = lua_getupvalue(L, -1, 1);
  say("C upvalue name '%s' value %d", name, (int)lua_tointeger(L, -1));
  lua_pop(L, 1);
  lua_pushinteger(L, 100);
  say("set '%s'", lua_setupvalue(L, 1, 1));
  lua_call(L, 0, 1);
  show_stack(L, "counter");
  lua_settop(L, 0);
  lua_pushcfunction(L, counter);
  say("light function %d", lua_getupvalue(L, 1, 1) == NULL);
  lua_newtable(L);
  say("table %d", lua_getupvalue(L, 2, 1) == NULL);
  lua_settop(L, 0);
}

static void t_upvalue_identity(lua_State *L) {
  run_lua(L, "local a, b = 1, 2 local function inc() a = a + 1 return a end local function get() return b, a end "
             "local function other() local x = 'x' return function() return x end end return inc, get, other(), other()");
  say("shared %d", lua_upvalueid(L, 1, 1) == lua_upvalueid(L, 2, 2));
  say("different %d %d", lua_upvalueid(L, 1, 1) != lua_upvalueid(L, 2, 1),
      lua_upvalueid(L, 3, 1) != lua_upvalueid(L, 4, 1));
  lua_upvaluejoin(L, 3, 1, 1, 1);
  say("joined %d", lua_upvalueid(L, 3, 1) == lua_upvalueid(L, 1, 1));
  lua_pushvalue(L, 1);
  lua_call(L, 0, 0);
  lua_pushvalue(L, 3);
  lua_call(L, 0, 1);
  lua_pushvalue(L, 4);
  lua_call(L, 0, 1);
  lua_replace(L, 1);
  lua_replace(L, 2);
  lua_settop(L, 2);
  show_stack(L, "values");
  lua_settop(L, 0);
  lua_pushinteger(L, 1);
  lua_pushcclosure(L, counter, 1);
  lua_pushinteger(L, 1);
  lua_pushcclosure(L, counter, 1);
  say("C closures: same %d different %d", lua_upvalueid(L, 1, 1) == lua_upvalueid(L, 1, 1),
      lua_upvalueid(L, 1, 1) != lua_upvalueid(L, 2, 1));
  lua_settop(L, 0);
  run_lua(L, "local u = {} for i = 1, 3 do u[i] = function() return i end end "
             "print(debug.upvalueid(u[1], 1) ~= debug.upvalueid(u[2], 1)) debug.upvaluejoin(u[1], 1, u[3], 1) print(u[1](), u[2](), u[3]())");
  lua_gc(L, LUA_GCCOLLECT, 0);
}

/* an open upvalue and the local it refers to are one variable */
static void t_open_upvalue(lua_State *L) {
  run_lua(L, "local v = 1 local function get() return v end debug.setupvalue(get, 1, 'by upvalue') print(v, get()) "
             "debug.setlocal(1, 1, 'by local') print(v, get())");
}

static void t_traceback(lua_State *L) {
  lua_State *co;
  luaL_traceback(L, L, NULL, 0);
  show_value(L, "empty", -1);
  luaL_traceback(L, L, "message", 0);
  show_value(L, "message", -1);
  lua_settop(L, 0);
  run_lua(L, "local function f(n) if n == 0 then return debug.traceback('deep') end return (f(n - 1)) end print(f(5)) print(f(40))");
  run_lua(L, "local t = {} function t.f() print(debug.traceback('level 2', 2)) end function t:g() t.f() end t:g()");
  run_lua(L, "print(debug.traceback({}) ~= nil, debug.traceback(nil) == nil, debug.traceback(12))");
  run_lua(L, "print(debug.traceback('level 100', 100))");
  co = lua_newthread(L);
  compile(co, "local function inner()\n coroutine.yield()\nend\ninner()");
  lua_resume(co, L, 0);
  luaL_traceback(L, co, "suspended", 0);
  show_value(L, "other thread", -1);
  luaL_traceback(L, co, NULL, 1);
  show_value(L, "from level 1", -1);
  lua_settop(L, 0);
}

static const Section sections[] = {
  { "levels", t_levels },
  { "functions", t_functions },
  { "wrong_option", t_wrong_option },
  { "wrong_option_active", t_wrong_option_active },
  { "push_order", t_push_order },
  { "active_lines", t_active_lines },
  { "running_function", t_running_function },
  { "locals", t_locals },
  { "temporaries", t_temporaries },
  { "parameters", t_parameters },
  { "beyond_locals", t_beyond_locals },
  { "join", t_join },
  { "thread_locals", t_thread_locals },
  { "upvalues", t_upvalues },
  { "upvalue_identity", t_upvalue_identity },
  { "open_upvalue", t_open_upvalue },
  { "traceback", t_traceback },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
