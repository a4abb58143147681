/* Calls, protected calls, errors of every kind, message handlers, the panic function. */
#include <setjmp.h>

#include "support.h"

static int three(lua_State *L) {
  lua_pushinteger(L, 1);
  lua_pushinteger(L, 2);
  lua_pushinteger(L, 3);
  return 3;
}
static int all_args(lua_State *L) { return lua_gettop(L); }
static int nothing(lua_State *L) {
  (void)L;
  return 0;
}
static int last_only(lua_State *L) {
  lua_pushliteral(L, "junk below");
  lua_pushliteral(L, "result");
  return 1;
}

static void t_results(lua_State *L) {
  static const int wanted[] = { 0, 1, 2, 3, 5, LUA_MULTRET };
  static const lua_CFunction list[] = { nothing, three, all_args, last_only };
  size_t i, j;
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    for (j = 0; j < sizeof wanted / sizeof wanted[0]; j++) {
      lua_pushliteral(L, "below");
      lua_pushcfunction(L, list[i]);
      lua_pushliteral(L, "x");
      lua_pushliteral(L, "y");
      lua_call(L, 2, wanted[j]);
      show_stack(L, "C");
      lua_settop(L, 0);
    }
  }
  compile(L, "return ..., 'more'");
  for (j = 0; j < sizeof wanted / sizeof wanted[0]; j++) {
    lua_pushvalue(L, 1);
    lua_pushliteral(L, "x");
    lua_pushliteral(L, "y");
    lua_call(L, 2, wanted[j]);
    lua_remove(L, 1);
    show_stack(L, "Lua");
    lua_settop(L, 0);
    compile(L, "return ..., 'more'");
  }
  lua_settop(L, 0);
}

static int raise_nil(lua_State *L) {
  lua_pushnil(L);
  return lua_error(L);
}
static int raise_number(lua_State *L) {
  lua_pushnumber(L, 42);
  return lua_error(L);
}
static int raise_table(lua_State *L) {
  lua_pushvalue(L, 1);
  return lua_error(L);
}
static int raise_text(lua_State *L) { return luaL_error(L, "%s %d %%", "text", 7); }
static int raise_with_junk(lua_State *L) {
  int i;
  for (i = 0; i < 10; i++) lua_pushinteger(L, i);
  lua_pushliteral(L, "the top one");
  return lua_error(L);
}

static void t_error_values(lua_State *L) {
  static const lua_CFunction list[] = { raise_nil, raise_number, raise_text, raise_with_junk };
  size_t i;
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    lua_pushliteral(L, "below");
    lua_pushcfunction(L, list[i]);
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 2);
    printf("%s ", status_name(lua_pcall(L, 2, 5, 0)));
    show_stack(L, "stack");
    lua_settop(L, 0);
  }
  lua_newtable(L);
  lua_pushcfunction(L, raise_table);
  lua_pushvalue(L, 1);
  say("%s", status_name(lua_pcall(L, 1, 0, 0)));
  say("same table %d", lua_rawequal(L, 1, -1));
  lua_settop(L, 0);
}

/* any value can be an error, and arrives as it is */
static int raise_argument(lua_State *L) {
  lua_pushvalue(L, 1);
  lua_pushliteral(L, "not this one");
  lua_insert(L, -2);
  return lua_error(L);
}
static int as_it_is(lua_State *L) { return lua_gettop(L); }

static void t_error_types(lua_State *L) {
  int i, n;
  lua_pushboolean(L, 0);
  lua_pushboolean(L, 1);
  lua_pushnumber(L, -0.5);
  lua_pushlstring(L, "zero\0inside", 11);
  lua_newtable(L);
  lua_pushcfunction(L, three);
  lua_pushinteger(L, 1);
  lua_pushcclosure(L, three, 1);
  compile(L, "return 1");
  lua_newuserdata(L, 3);
  lua_pushlightuserdata(L, &n);
  lua_newthread(L);
  lua_pushglobaltable(L);
  n = lua_gettop(L);
  for (i = 1; i <= n; i++) {
    int status, handled;
    lua_pushcfunction(L, raise_argument);
    lua_pushvalue(L, i);
    status = lua_pcall(L, 1, 0, 0);
    lua_pushcfunction(L, as_it_is);
    lua_pushcfunction(L, raise_argument);
    lua_pushvalue(L, i);
    handled = lua_pcall(L, 1, 0, n + 2);
    say("%s: %s, the same %d; with a handler %s, the same %d", luaL_typename(L, i), status_name(status), lua_rawequal(L, i, n + 1),
        status_name(handled), lua_rawequal(L, i, -1));
    lua_settop(L, n);
  }
  lua_settop(L, 0);
}

static void t_call_errors(lua_State *L) {
  lua_pushnil(L);
  show_status(L, "call nil", lua_pcall(L, 0, 0, 0));
  lua_newtable(L);
  show_status(L, "call a table", lua_pcall(L, 0, 0, 0));
  lua_pushliteral(L, "s");
  lua_pushinteger(L, 1);
  show_status(L, "call a string", lua_pcall(L, 1, 0, 0));
  run_lua(L, "return setmetatable({}, {__call = function(self, ...) return type(self), select('#', ...), ... end})");
  lua_pushinteger(L, 1);
  lua_pushinteger(L, 2);
  say("%s", status_name(lua_pcall(L, 2, LUA_MULTRET, 0)));
  show_stack(L, "__call");
  lua_settop(L, 0);
  run_lua(L, "return setmetatable({}, {__call = setmetatable({}, {__call = print})})");
  show_status(L, "__call is a table", lua_pcall(L, 0, 0, 0));
  run_lua(L, "local t = setmetatable({}, {__call = 5}) return t");
  show_status(L, "__call is a number", lua_pcall(L, 0, 0, 0));
  lua_settop(L, 0);
}

static void t_runtime_errors(lua_State *L) {
  static const char *const list[] = {
    "local x x.y = 1", "return undefined_function()", "local t = {} t.a.b = 1", "return 1 + {}",
    "return 'a' < 1", "local s = 'x' return s:nomethod()", "return #5", "return -{}", "return {} .. 'x'",
    "for i = 1, 'x' do end", "for i = 1, 10, {} do end", "for i = {}, 10 do end", "error('m')", "error('m', 0)", "error('m', 2)", "error()",
    "error(nil)", "assert(false)", "assert(nil, 'said')", "assert(false, {})", "local a <b", "goto nowhere", "return ...x",
    "x = = 1", "string.rep()", "('x'):rep({})", "setmetatable(1, {})", "return math.floor('a')",
    "local function f() error('deep') end f()", "string.format('%d', 'x')", "local up = nil; (function() up() end)()",
    "return ({}).x.y", "return (nil)[1]", "table.concat({{}})", "next({}, 'x')", "rawset(1, 2, 3)", "select(0)", "return 2^53 < {}"
  };
  size_t i;
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    printf("%s -> ", list[i]);
    if (run_lua(L, list[i]) == LUA_OK) show_stack(L, "no error");
    lua_settop(L, 0);
  }
}

static int where_levels(lua_State *L) {
  int i;
  for (i = 0; i < 4; i++) {
    luaL_where(L, i);
    printf("[%s]", lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  putchar('\n');
  return luaL_error(L, "raised");
}

static void t_where(lua_State *L) {
  lua_register(L, "where_levels", where_levels);
  luaL_where(L, 0);
  luaL_where(L, 1);
  luaL_where(L, 100);
  show_stack(L, "outside of any function");
  lua_settop(L, 0);
  try_c(L, "called from C", where_levels, 0);
  run_lua(L, "where_levels()");
  run_lua(L, "local function f()\n\n where_levels() end\n f()");
  run_lua(L, "local function f() return where_levels() end f()");
  luaL_loadstring(L, "\nwhere_levels()");
  show_status(L, "a string chunk", lua_pcall(L, 0, 0, 0));
  luaL_loadbuffer(L, "where_levels()", 14, "@file.lua");
  show_status(L, "a file chunk", lua_pcall(L, 0, 0, 0));
}

/* ---- message handlers --------------------------------------------------------------- */

static int describe_handler(lua_State *L) {
  printf("handler: top %d, ", lua_gettop(L));
  show(L, 1);
  putchar('\n');
  lua_pushliteral(L, "ignored");
  lua_pushfstring(L, "handled %s", luaL_typename(L, 1));
  return 1;
}
static int traceback_handler(lua_State *L) {
  luaL_traceback(L, L, lua_tostring(L, 1), 1);
  return 1;
}
static int no_result_handler(lua_State *L) {
  (void)L;
  return 0;
}
static int failing_handler(lua_State *L) {
  static int times = 0;
  times++;
  lua_pushfstring(L, "handler fails %d", times > 5 ? 6 : times);
  return lua_error(L);
}
static int fail_once_handler(lua_State *L) {
  static int times = 0;
  if (times++ == 0) return luaL_error(L, "first failure");
  lua_pushliteral(L, "second call: ");
  lua_pushvalue(L, 1);
  lua_concat(L, 2);
  return 1;
}
static int calling_handler(lua_State *L) {
  run_lua(L, "return pcall(error, 'inside')");
  show_stack(L, "in the handler");
  lua_settop(L, 1);
  return 1;
}

static void with_handler(lua_State *L, const char *label, lua_CFunction h, const char *code) {
  int status;
  lua_pushliteral(L, "below");
  lua_pushcfunction(L, h);
  compile(L, code);
  lua_pushliteral(L, "argument");
  status = lua_pcall(L, 1, LUA_MULTRET, 2);
  printf("%s: %s ", label, status_name(status));
  show_stack(L, "stack");
  lua_settop(L, 0);
}

static void t_handlers(lua_State *L) {
  with_handler(L, "no error", describe_handler, "return ...");
  with_handler(L, "string", describe_handler, "error('m')");
  with_handler(L, "table", describe_handler, "error({})");
  with_handler(L, "nil", describe_handler, "error(nil)");
  with_handler(L, "runtime", describe_handler, "local x = nil; return x.y");
  with_handler(L, "no result", no_result_handler, "error('m')");
  with_handler(L, "traceback", traceback_handler,
               "local function inner() error('deep') end\nlocal function outer()\n inner()\n end\n outer()");
  with_handler(L, "traceback in a tail call", traceback_handler,
               "local function inner() error('deep') end\nlocal function outer()\n return inner()\n end\n outer()");
  with_handler(L, "traceback through pcall", traceback_handler,
               "local function f() pcall(function() error('caught') end) error('uncaught') end f()");
  with_handler(L, "traceback in a metamethod", traceback_handler,
               "local t = setmetatable({}, {__index = function(t, k) error('no ' .. k) end}) local y = t.x");
  with_handler(L, "fails always", failing_handler, "error('m')");
  with_handler(L, "fails once", fail_once_handler, "error('m')");
  with_handler(L, "calls", calling_handler, "error('m')");
  lua_pushnil(L);
  compile(L, "error('m')");
  show_status(L, "handler is nil", lua_pcall(L, 0, 0, 1));
  lua_settop(L, 0);
  run_lua(L, "return function(m) return 'from Lua: ' .. m end");
  compile(L, "error('m', 0)");
  show_status(L, "handler in Lua", lua_pcall(L, 0, 0, -2));
  lua_settop(L, 0);
  run_lua(L, "print(xpcall(function(...) return ... end, print, 1, 2))"
             "print(xpcall(error, function(m) return m .. '!' end, 'm'))"
             "print(xpcall(error, function(m) error('again') end, 'm'))"
             "print(pcall(xpcall)) print(pcall(xpcall, print))");
}

/* the nearest handler gets the error, the outer one nothing */
static int outer_pcall(lua_State *L) {
  int status;
  lua_pushcfunction(L, describe_handler);
  compile(L, "error('inner', 0)");
  status = lua_pcall(L, 0, 0, -2);
  show_status(L, "inner pcall", status);
  lua_pushcfunction(L, raise_text);
  lua_call(L, 0, 0);
  return 0;
}
static void t_nested_handlers(lua_State *L) {
  lua_pushcfunction(L, describe_handler);
  lua_pushcfunction(L, outer_pcall);
  show_status(L, "outer pcall", lua_pcall(L, 0, 0, 1));
  lua_pushcfunction(L, describe_handler);
  compile(L, "print(pcall(error, 'no handler for this one', 0)) error('this one', 0)");
  show_status(L, "pcall in Lua below a handler", lua_pcall(L, 0, 0, -2));
  lua_settop(L, 0);
}

/* ---- overflow ------------------------------------------------------------------------ */

static int c_recursion(lua_State *L) {
  lua_pushcfunction(L, c_recursion);
  lua_call(L, 0, 0);
  return 0;
}
static int depth;
static int c_levels(lua_State *L) {
  depth++;
  lua_pushcfunction(L, c_levels);
  lua_call(L, 0, 0);
  return 0;
}
static int overflow_handler(lua_State *L) {
  const char *m = lua_tostring(L, 1);
  lua_pushfstring(L, "handled: %s", m == NULL ? "no text" : strstr(m, "stack overflow") ? "overflow" : m);
  return 1;
}

static void t_overflow(lua_State *L) {
  const char *m;
  int status;
  compile(L, "local function f() return 1 + f() end return f()");
  status = lua_pcall(L, 0, 0, 0);
  m = lua_tostring(L, -1);
  say("%s %d %d", status_name(status), strncmp(m, "test:1: stack overflow", 22) == 0, lua_gettop(L));
  say("%s", m);
  lua_settop(L, 0);
  try_c(L, "C recursion", c_recursion, 0);
  lua_pushcfunction(L, c_levels);
  status = lua_pcall(L, 0, 0, 0);
  say("%s at C level %d", status_name(status), depth);
  lua_settop(L, 0);
  lua_pushcfunction(L, overflow_handler);
  compile(L, "local function f() return 1 + f() end return f()");
  show_status(L, "handler after an overflow", lua_pcall(L, 0, 0, 1));
  lua_settop(L, 0);
  run_lua(L, "local t = {} for i = 1, 300000 do t[i] = i end print(pcall(table.unpack, t, 1, 2000000)) "
             "print(select('#', table.unpack(t, 1, 200000)))");
  run_lua(L, "local mt = {} mt.__index = function(t, k) return t[k] end "
             "local ok, m = pcall(function() return setmetatable({}, mt).x end) print(ok, m)");
  run_lua(L, "local s = string.rep('(', 300) .. '1' .. string.rep(')', 300) print(load('return ' .. s))");
  run_lua(L, "local ok, m = pcall(string.gsub, 'x', 'x', function() return (string.rep('a', 10)) end) print(ok, m)");
  run_lua(L, "local function f() local ok, m = pcall(f) if not ok then return tostring(m) end return m end "
             "local m = f() print(m:match('stack overflow') or m:match('error in error'), #m < 250)");
  run_lua(L, "local f = function() end for i = 1, 100 do local g = f f = function() return g() end end print(pcall(f))");
  run_lua(L, "local co = coroutine.wrap(function() local function f() return 1 + f() end return f() end) print(pcall(co))");
  run_lua(L, "print(xpcall(function() local function f() return 1 + f() end return f() end, function(m) return 'H ' .. m end))");
  run_lua(L, "local function f() f() end local ok, m = xpcall(f, function(m) local function g() g() end g() end) print(ok, m)");
}

/* The states above an overflow are usable, and the stack shrinks again */
static void t_after_overflow(lua_State *L) {
  int i;
  for (i = 0; i < 3; i++) {
    compile(L, "local function f(...) return 1 + f(...) end return f(1, 2, 3)");
    say("%s", status_name(lua_pcall(L, 0, 0, 0)));
    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT, 0);
    run_lua(L, "local n = 0 local function f(k) if k > 0 then n = n + 1 return (f(k - 1)) end end f(50000) print(n)");
  }
}

/* ---- panic ---------------------------------------------------------------------------- */

static jmp_buf escape;

static int jumping_panic(lua_State *L) {
  show_value(L, "panic with", -1);
  say("top %d", lua_gettop(L) > 0);
  longjmp(escape, 1);
  return 0;
}
static int other_panic(lua_State *L) {
  (void)L;
  return 0;
}

static void panic_with(lua_State *L, lua_CFunction f) {
  if (setjmp(escape) == 0) {
    lua_pushcfunction(L, f);
    lua_call(L, 0, 0);
    say("no panic");
  }
}

static int nested_pcall_then_raise(lua_State *L) {
  lua_pushcfunction(L, raise_text);
  show_status(L, "caught first", lua_pcall(L, 0, 0, 0));
  return luaL_error(L, "not caught");
}

static void t_panic(lua_State *unused) {
  lua_State *L = luaL_newstate();
  lua_CFunction old;
  (void)unused;
  lua_settop(L, 0);
  old = lua_atpanic(L, other_panic);
  say("luaL_newstate sets one %d", old != NULL);
  say("returns the old one %d", lua_atpanic(L, jumping_panic) == other_panic);
  panic_with(L, raise_text);
  panic_with(L, raise_nil);
  panic_with(L, raise_number);
  panic_with(L, nested_pcall_then_raise);
  if (setjmp(escape) == 0) {
    lua_pushliteral(L, "directly");
    lua_error(L);
  }
  if (setjmp(escape) == 0) {
    lua_pushnil(L);
    lua_call(L, 0, 0);
  }
  if (setjmp(escape) == 0) {
    lua_newtable(L);
    lua_arith(L, LUA_OPUNM);
  }
  lua_settop(L, 0);
  /* the state goes on working after the panic function jumped away */
  lua_pushcfunction(L, three);
  lua_call(L, 0, LUA_MULTRET);
  show_stack(L, "afterwards");
  lua_pushcfunction(L, raise_text);
  show_status(L, "pcall afterwards", lua_pcall(L, 0, 0, 0));
  lua_close(L);
}

/* The frames that failed are there for a traceback; the host goes on from what it sees of the stack. */
static int tracing;
static int tracing_panic(lua_State *L) {
  if (tracing) {
    luaL_traceback(L, L, lua_tostring(L, -1), 0);
    show_value(L, "panic with", -1);
  }
  longjmp(escape, 1);
  return 0;
}
static void panic_again(lua_State *L, const char *code, int times) {
  volatile int i;
  for (i = 0; i < times; i++) {
    tracing = i == 0;
    if (setjmp(escape) == 0) {
      lua_pushnil(L);
      luaL_loadstring(L, code);
      lua_call(L, 0, 0);
      say("no panic");
    }
    lua_settop(L, 0);
  }
  lua_pushcfunction(L, three);
  lua_call(L, 0, LUA_MULTRET);
  show_stack(L, "usable");
  lua_settop(L, 0);
  show_status(L, "pcall", (lua_pushcfunction(L, raise_text), lua_pcall(L, 0, 0, 0)));
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
}
static void t_panic_from_lua(lua_State *unused) {
  static const char *const list[] = {
    "local function f(a) error('in Lua') end f(1)",
    "local up = {} kept = function() return up end local function f(a, b, c) local x = up.x.y end f(1)",
    "local t = setmetatable({}, {__index = function(t, k) error(k) end}) return t.key",
    "local function f() raise_text() end f()",
    "pcall(error, 'caught') coroutine.wrap(function() error('in a coroutine') end)()"
  };
  size_t i;
  (void)unused;
  for (i = 0; i < sizeof list / sizeof *list; i++) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_register(L, "raise_text", raise_text);
    lua_atpanic(L, tracing_panic);
    panic_again(L, list[i], 150);
    lua_close(L);
  }
}

/* an error in a coroutine that nobody protects goes to resume, not to the panic function */
static void t_panic_and_threads(lua_State *L) {
  lua_State *L1 = lua_newthread(L);
  lua_pushcfunction(L1, raise_text);
  say("%s", status_name(lua_resume(L1, L, 0)));
  show_stack(L1, "thread");
  L1 = lua_newthread(L);
  lua_atpanic(L, jumping_panic);
  if (setjmp(escape) == 0) {
    lua_pushliteral(L1, "raised on a thread that does not run");
    lua_error(L1);
  }
  lua_settop(L, 0);
}

/* on a thread that does not run the error goes to the protected call of the one that does; see differences.c, too */
static int raise_elsewhere(lua_State *L) {
  lua_State *other = lua_tothread(L, 1);
  lua_pushliteral(other, "raised elsewhere");
  return lua_error(other);
}
static void t_other_threads_error(lua_State *L) {
  lua_newthread(L);
  lua_pushvalue(L, 1);
  try_c(L, "from a function", raise_elsewhere, 1);
  lua_pushvalue(L, 1);
  try_c(L, "once more", raise_elsewhere, 1);
  lua_settop(L, 0);
}

/* ---- nobody protects and nobody jumps: each case ends its process ------------------------- */

static int raises_again(lua_State *L) {
  static int times = 0;
  printf("panic %d with ", ++times);
  show(L, -1);
  putchar('\n');
  if (times < 3) {
    lua_pushfstring(L, "raised in the panic function, %d", times);
    lua_error(L);
  }
  return 0;
}
static int returns(lua_State *L) {
  show_value(L, "panic with", -1);
  return 0;
}
static void *plain_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud, (void)osize;
  if (nsize == 0) {
    free(ptr);
    return NULL;
  }
  return realloc(ptr, nsize);
}

static void default_message(lua_State *L) {
  lua_pushcfunction(L, raise_text);
  lua_call(L, 0, 0);
}
static void default_for_no_text(lua_State *L) {
  lua_newtable(L);
  lua_error(L);
}
static void default_for_number(lua_State *L) {
  lua_pushnumber(L, 1.5);
  lua_error(L);
}
static void default_in_lua(lua_State *L) {
  compile(L, "local t = nil\nt.x = 1");
  lua_call(L, 0, 0);
}
static void default_in_metamethod(lua_State *L) {
  run_lua(L, "return setmetatable({}, {__index = function(t, k) error('no ' .. k) end})");
  lua_getfield(L, -1, "field");
}
static void default_after_pcall(lua_State *L) {
  lua_pushcfunction(L, nested_pcall_then_raise);
  lua_call(L, 0, 0);
}
static void panic_returns(lua_State *L) {
  lua_atpanic(L, returns);
  default_message(L);
}
static void panic_raises(lua_State *L) {
  lua_atpanic(L, raises_again);
  default_message(L);
}
static void no_panic_function(lua_State *unused) {
  lua_State *L = lua_newstate(plain_alloc, NULL);
  (void)unused;
  say("none set: %d", lua_atpanic(L, NULL) == NULL);
  default_message(L);
}
static void yield_in_main(lua_State *L) {
  lua_yield(L, 0);
}
static void in_thread(lua_State *L) {
  lua_State *L1 = lua_newthread(L);
  lua_pushliteral(L1, "on another thread");
  lua_error(L1);
}

static void t_abort(lua_State *unused) {
  static const struct Case {
    const char *name;
    void (*run)(lua_State *L);
  } cases[] = {
    { "default_message", default_message }, { "default_for_no_text", default_for_no_text }, { "default_for_number", default_for_number },
    { "default_in_lua", default_in_lua }, { "default_in_metamethod", default_in_metamethod }, { "default_after_pcall", default_after_pcall },
    { "panic_returns", panic_returns }, { "panic_raises", panic_raises }, { "no_panic_function", no_panic_function },
    { "yield_in_main", yield_in_main }, { "in_thread", in_thread }
  };
  size_t i;
  (void)unused;
  for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    say("%s", cases[i].name);
    say("  %s", in_child(cases[i].run));
  }
}

/* ---- continuations outside coroutines ------------------------------------------------- */

static int k_never(lua_State *L) {
  say("the continuation must not run");
  return lua_gettop(L);
}
static int plain_callk(lua_State *L) {
  int ctx = 77, status;
  status = lua_getctx(L, &ctx);
  say("getctx %s ctx %d", status_name(status), ctx);
  lua_pushcfunction(L, three);
  lua_callk(L, 0, LUA_MULTRET, 5, k_never);
  lua_pushcfunction(L, raise_text);
  status = lua_pcallk(L, 0, 0, 0, 6, k_never);
  say("pcallk %s", status_name(status));
  status = lua_getctx(L, &ctx);
  say("getctx %s ctx %d", status_name(status), ctx);
  return lua_gettop(L);
}
static int yielder(lua_State *L) { return lua_yield(L, 0); }
static int yielder_k(lua_State *L) { return lua_yieldk(L, 0, 1, k_never); }

static void t_continuations_outside(lua_State *L) {
  try_c(L, "callk and pcallk", plain_callk, 0);
  try_c(L, "yield", yielder, 0);
  try_c(L, "yieldk", yielder_k, 0);
  run_lua(L, "coroutine.yield(1)");
  run_lua(L, "print(select(2, coroutine.running()))");
}

/* ---- many calls deep -------------------------------------------------------------------- */

static int deep(lua_State *L) {
  int n = (int)lua_tointeger(L, 1);
  if (n == 0) return luaL_error(L, "bottom");
  lua_pushcfunction(L, deep);
  lua_pushinteger(L, n - 1);
  lua_call(L, 1, 0);
  return 0;
}
static int deep_pcall(lua_State *L) {
  int n = (int)lua_tointeger(L, 1);
  if (n == 0) return luaL_error(L, "bottom");
  lua_pushcfunction(L, deep_pcall);
  lua_pushinteger(L, n - 1);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    lua_pushfstring(L, "%d<%s", n, lua_tostring(L, -1));
    return lua_error(L);
  }
  return 0;
}

static void t_deep(lua_State *L) {
  int i;
  for (i = 0; i < 150; i += 37) {
    lua_pushinteger(L, i);
    try_c(L, "through C frames", deep, 1);
  }
  lua_pushinteger(L, 20);
  try_c(L, "rethrown", deep_pcall, 1);
  for (i = 0; i < 1000; i++) {
    lua_pushcfunction(L, deep);
    lua_pushinteger(L, i % 10);
    if (lua_pcall(L, 1, 0, 0) != LUA_ERRRUN) say("lost an error");
    lua_pop(L, 1);
  }
  /* locals held in registers must survive an error caught below */
  {
    double a = 1.5, b = 2.5;
    long c = 3;
    const char *s = "kept";
    lua_pushcfunction(L, raise_text);
    lua_pcall(L, 0, 0, 0);
    say("%g %g %ld %s", a + lua_gettop(L), b, c, s);
    lua_pop(L, 1);
  }
}

static void t_upvalues_closed_by_errors(lua_State *L) {
  run_lua(L, "local get pcall(function() local v = 'closed' get = function() return v end error('x') end) print(get())"
             "local set pcall(function() local v = 1 set = function() v = v + 1 return v end local t = nil; t.x = 1 end) print(set(), set())");
}

static const Section sections[] = {
  { "results", t_results },
  { "error_values", t_error_values },
  { "error_types", t_error_types },
  { "call_errors", t_call_errors },
  { "runtime_errors", t_runtime_errors },
  { "where", t_where },
  { "handlers", t_handlers },
  { "nested_handlers", t_nested_handlers },
  { "overflow", t_overflow },
  { "after_overflow", t_after_overflow },
  { "panic", t_panic },
  { "panic_from_lua", t_panic_from_lua },
  { "panic_and_threads", t_panic_and_threads },
  { "other_threads_error", t_other_threads_error },
  { "abort", t_abort },
  { "continuations_outside", t_continuations_outside },
  { "deep", t_deep },
  { "upvalues_closed_by_errors", t_upvalues_closed_by_errors },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
