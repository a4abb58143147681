/* Coroutines driven and yielded from C: resume, yieldk, continuations, status, moving values. */
#include "support.h"

/* a failed coroutine keeps its frames: only the message on the top is promised */
static void show_outcome(lua_State *co, int status) {
  if (status > LUA_YIELD) show_value(co, "top", -1);
  else show_stack(co, "stack");
}

static void resume(lua_State *L, lua_State *co, const char *label, int nargs) {
  int status = lua_resume(co, L, nargs);
  printf("%s: resume %s, status %s, ", label, status_name(status), status_name(lua_status(co)));
  show_outcome(co, status);
}

/* ---- plain resume and yield ------------------------------------------------------------- */

static void t_lua_body(lua_State *L) {
  lua_State *co = lua_newthread(L);
  say("fresh status %s top %d", status_name(lua_status(co)), lua_gettop(co));
  compile(co, "local a, b = ... local c = coroutine.yield(a + b, 'first') "
              "local d, e = coroutine.yield(c) coroutine.yield() return d, e, 'end'");
  lua_pushinteger(co, 1);
  lua_pushinteger(co, 2);
  resume(L, co, "1", 2);
  lua_settop(co, 0);
  lua_pushliteral(co, "c");
  resume(L, co, "2", 1);
  lua_settop(co, 0);
  lua_pushliteral(co, "d");
  lua_pushliteral(co, "e");
  resume(L, co, "3", 2);
  resume(L, co, "4", 0);
  resume(L, co, "dead", 0);
  lua_pop(L, 1);
}

static int yield_all(lua_State *L) { return lua_yield(L, lua_gettop(L)); }
static int yield_some(lua_State *L) {
  lua_pushliteral(L, "not given");
  lua_pushliteral(L, "given");
  return lua_yield(L, 1);
}

static void t_c_body(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, yield_all);
  lua_pushinteger(co, 1);
  lua_pushinteger(co, 2);
  resume(L, co, "yield all", 2);
  lua_settop(co, 0);
  lua_pushliteral(co, "back");
  resume(L, co, "the yield's results become the function's", 1);
  lua_settop(co, 0);
  lua_pushcfunction(co, yield_some);
  resume(L, co, "yielded values are alone", 0);
  lua_settop(co, 0);
  lua_pushliteral(co, "x");
  lua_pushliteral(co, "y");
  resume(L, co, "finished", 2);
  lua_settop(co, 0);
  /* a finished thread can be used again */
  lua_pushcfunction(co, yield_all);
  lua_pushliteral(co, "again");
  resume(L, co, "again", 1);
  lua_pop(L, 1);
}

static void t_values_below(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_pushliteral(co, "below 1");
  lua_pushliteral(co, "below 2");
  compile(co, "local x = coroutine.yield('y1', 'y2') return 'r', x");
  resume(L, co, "yielded", 0);
  lua_settop(co, 0);
  lua_pushliteral(co, "arg");
  resume(L, co, "returned", 1);
  lua_settop(co, 0);
  lua_pushliteral(co, "below");
  lua_pushcfunction(co, yield_all);
  lua_pushliteral(co, "v");
  resume(L, co, "yielded from C", 1);
  lua_pop(co, 1);
  resume(L, co, "returned", 0);
  lua_pop(L, 1);
}

/* what the resumer leaves on the stack is what the yield returns */
static void t_leftovers(lua_State *L) {
  lua_State *co = lua_newthread(L);
  compile(co, "return select('#', coroutine.yield(1, 2, 3)), coroutine.yield()");
  resume(L, co, "1", 0);
  lua_pushliteral(co, "extra");
  resume(L, co, "only the arguments go in", 1);
  lua_settop(co, 0);
  lua_pushliteral(co, "a");
  resume(L, co, "3", 1);
  lua_pop(L, 1);
}

/* ---- errors and wrong resumes -------------------------------------------------------------- */

static int raise(lua_State *L) {
  lua_pushliteral(L, "left");
  return luaL_error(L, "raised");
}

static void t_errors(lua_State *L) {
  lua_State *co = lua_newthread(L);
  resume(L, co, "empty thread", 0);
  resume(L, co, "once more", 0);
  co = lua_newthread(L);
  compile(co, "local kept = 'kept' error('oops')");
  resume(L, co, "error in Lua", 0);
  luaL_traceback(L, co, "tb", 0);
  show_value(L, "traceback of the dead one", -1);
  lua_pop(L, 1);
  resume(L, co, "resume it", 0);
  co = lua_newthread(L);
  lua_pushcfunction(co, raise);
  lua_pushinteger(co, 5);
  resume(L, co, "error in C", 1);
  show_stack(co, "the failed function's stack");
  co = lua_newthread(L);
  lua_pushnil(co);
  resume(L, co, "call nil", 0);
  co = lua_newthread(L);
  lua_pushliteral(co, "text");
  lua_pushinteger(co, 1);
  resume(L, co, "call a string", 1);
  co = lua_newthread(L);
  compile(co, "coroutine.yield()\nlocal t = nil\nlocal x = t.field");
  resume(L, co, "yield, then", 0);
  resume(L, co, "error", 0);
  lua_settop(L, 0);
}

static lua_State *self;
static int resume_self(lua_State *L) {
  int status = lua_resume(L, L, 0);
  printf("resume itself: %s ", status_name(status));
  show(L, -1);
  putchar('\n');
  return 0;
}
static int resume_outer(lua_State *L) {
  int status = lua_resume(self, L, 0);
  say("resume a normal one: %s %s", status_name(status), lua_tostring(self, -1));
  lua_pop(self, 1);
  return 0;
}

static void t_not_suspended(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, resume_self);
  resume(L, co, "running", 0);
  co = self = lua_newthread(L);
  lua_register(L, "resume_outer", resume_outer);
  compile(co, "coroutine.wrap(function() resume_outer() end)() return 'went on'");
  resume(L, co, "normal", 0);
  lua_settop(L, 0);
  run_lua(L, "local co co = coroutine.create(function() print(coroutine.status(co), coroutine.resume(co)) "
             "print(coroutine.wrap(function() return coroutine.status(co), coroutine.resume(co) end)()) end) coroutine.resume(co) "
             "print(coroutine.status(co), coroutine.resume(co)) "
             "local w = coroutine.wrap(error) print(pcall(w, 'e1')) print(pcall(w, 'e2')) "
             "print(type(select(2, pcall(coroutine.wrap(function() error({}) end)))))"
             "print(pcall(coroutine.create, 1)) print(pcall(coroutine.resume, 1)) print(pcall(coroutine.wrap)) print(pcall(coroutine.status))");
}

/* ---- continuations ------------------------------------------------------------------------- */

static int k_show(lua_State *L) {
  int ctx = -1, status = lua_getctx(L, &ctx);
  if (lua_getctx(L, NULL) != status) say("  another status without a place for ctx");
  printf("  continuation: %s ctx %d ", status_name(status), ctx);
  show_stack(L, "stack");
  lua_pushliteral(L, "from k");
  return lua_gettop(L);
}
static int yieldk(lua_State *L) {
  int ctx = 99;
  say("  before: getctx %s", status_name(lua_getctx(L, &ctx)));
  say("  ctx %d", ctx);
  lua_pushliteral(L, "kept");
  lua_pushliteral(L, "v1");
  lua_pushliteral(L, "v2");
  return lua_yieldk(L, 2, 1234567, k_show);
}
static int callk(lua_State *L) {
  lua_pushliteral(L, "kept");
  compile(L, "local r = coroutine.yield(...) return r, 'ret'");
  lua_pushliteral(L, "arg");
  lua_callk(L, 1, LUA_MULTRET, 42, k_show);
  say("  returned without a yield");
  return k_show(L);
}
static int callk_fixed(lua_State *L) {
  lua_pushliteral(L, "kept");
  compile(L, "coroutine.yield() return 1, 2, 3, 4, 5");
  lua_callk(L, 0, 2, 43, k_show);
  return 0;
}
static int callk_no_yield(lua_State *L) {
  compile(L, "return 'straight'");
  lua_callk(L, 0, LUA_MULTRET, 44, k_show);
  return k_show(L);
}
static int pcallk(lua_State *L) {
  int status;
  lua_pushliteral(L, "kept");
  compile(L, "local r = coroutine.yield('y') if r == 'fail' then error('failed after the yield') end return r");
  status = lua_pcallk(L, 0, LUA_MULTRET, 0, 55, k_show);
  say("  pcallk returned %s", status_name(status));
  return k_show(L);
}
static int pcallk_fails_at_once(lua_State *L) {
  int status;
  compile(L, "error('at once', 0)");
  status = lua_pcallk(L, 0, LUA_MULTRET, 0, 56, k_show);
  say("  pcallk returned %s", status_name(status));
  return k_show(L);
}
static int handler(lua_State *L) {
  lua_pushliteral(L, "handled: ");
  lua_insert(L, 1);
  lua_concat(L, 2);
  return 1;
}
static int pcallk_handler(lua_State *L) {
  lua_pushcfunction(L, handler);
  compile(L, "coroutine.yield('y') error('late', 0)");
  lua_pcallk(L, 0, 0, 1, 57, k_show);
  say("  not reached");
  return 0;
}
static int call_without_k(lua_State *L) {
  compile(L, "coroutine.yield('y')");
  lua_call(L, 0, 0);
  return 0;
}
static int pcall_without_k(lua_State *L) {
  compile(L, "coroutine.yield('y')");
  show_status(L, "  inner", lua_pcall(L, 0, 0, 0));
  return 0;
}
static int loop_k(lua_State *L) {
  int n = 0;
  if (lua_getctx(L, &n) == LUA_YIELD) printf("  turn %d ", n), show_stack(L, "got");
  lua_settop(L, 0);
  if (n >= 3) {
    lua_pushliteral(L, "done");
    return 1;
  }
  lua_pushinteger(L, n);
  return lua_yieldk(L, 1, n + 1, loop_k);
}

static void drive(lua_State *L, const char *label, lua_CFunction f, const char *answer) {
  lua_State *co = lua_newthread(L);
  int turn = 0, status;
  say("%s", label);
  lua_pushcfunction(co, f);
  lua_pushliteral(co, "initial");
  status = lua_resume(co, L, 1);
  for (;;) {
    printf("  %s ", status_name(status));
    show_outcome(co, status);
    if (status != LUA_YIELD || ++turn > 10) break;
    lua_settop(co, 0);
    lua_pushstring(co, answer);
    status = lua_resume(co, L, 1);
  }
  lua_pop(L, 1);
}

static void t_continuations(lua_State *L) {
  drive(L, "yieldk", yieldk, "answer");
  drive(L, "callk", callk, "answer");
  drive(L, "callk with fixed results", callk_fixed, "answer");
  drive(L, "callk that does not yield", callk_no_yield, "answer");
  drive(L, "pcallk", pcallk, "answer");
  drive(L, "pcallk, error after the yield", pcallk, "fail");
  drive(L, "pcallk, error at once", pcallk_fails_at_once, "answer");
  drive(L, "pcallk with a handler", pcallk_handler, "answer");
  drive(L, "call without a continuation", call_without_k, "answer");
  drive(L, "pcall without a continuation", pcall_without_k, "answer");
  drive(L, "loop", loop_k, "answer");
}

/* a continuation that itself calls and yields again */
static int chain_k(lua_State *L);
static int chain(lua_State *L) {
  compile(L, "return coroutine.yield('from the call')");
  lua_callk(L, 0, 1, 1, chain_k);
  return chain_k(L);
}
static int chain_k(lua_State *L) {
  int ctx = 0;
  lua_getctx(L, &ctx);
  printf("  chain ctx %d ", ctx);
  show_stack(L, "stack");
  switch (ctx) {
    case 1: return lua_yieldk(L, 1, 2, chain_k);
    case 2:
      compile(L, "coroutine.yield('in pcallk') error('E', 0)");
      lua_pcallk(L, 0, 0, 0, 3, chain_k);
      say("  not reached");
      return 0;
    default: return lua_gettop(L);
  }
}

/* pcallk below pcallk, an error that passes one and is caught by the other */
static int inner_pcallk_k(lua_State *L) {
  int ctx = 0, status = lua_getctx(L, &ctx);
  printf("  inner ctx %d %s ", ctx, status_name(status));
  show_stack(L, "stack");
  return luaL_error(L, "second");
}
static int inner_pcallk(lua_State *L) {
  compile(L, "coroutine.yield(1) error('first', 0)");
  lua_pcallk(L, 0, 0, 0, 7, inner_pcallk_k);
  return inner_pcallk_k(L);
}
static int outer_pcallk(lua_State *L) {
  lua_pushcfunction(L, inner_pcallk);
  lua_pcallk(L, 0, 0, 0, 8, k_show);
  return k_show(L);
}

static void t_chains(lua_State *L) {
  drive(L, "chain", chain, "answer");
  drive(L, "pcallk in pcallk", outer_pcallk, "answer");
}

/* ---- yields across what the VM calls ---------------------------------------------------------- */

/* each yield is answered with "r1", "r2", ..., after a collection */
static void run_to_end(lua_State *L, const char *body) {
  lua_State *co = lua_newthread(L);
  int status, turn = 0;
  say("%s", body);
  compile(co, body);
  status = lua_resume(co, L, 0);
  while (status == LUA_YIELD && ++turn < 10) {
    show_stack(co, "  yield");
    lua_settop(co, 0);
    lua_pushfstring(co, "r%d", turn);
    lua_gc(L, LUA_GCCOLLECT, 0);
    status = lua_resume(co, L, 1);
  }
  printf("  %s ", status_name(status));
  show_outcome(co, status);
  lua_pop(L, 1);
}

static void t_across(lua_State *L) {
  static const char *const bodies[] = {
    "local t = setmetatable({}, {__index = function(t, k) return coroutine.yield(k) end}) return t.field",
    "local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, coroutine.yield(v)) end}) t.x = 1 return t.x",
    "local t = setmetatable({}, {__add = function(a, b) return coroutine.yield('add') end}) return t + 1, 1 + t",
    "local t = setmetatable({}, {__eq = function(a, b) return coroutine.yield('eq') end}) local u = setmetatable({}, getmetatable(t)) return t == u, t ~= u",
    "local t = setmetatable({}, {__lt = function(a, b) return coroutine.yield('lt') end}) return t < t, t <= t, not (t < t)",
    "local t = setmetatable({}, {__le = function(a, b) return coroutine.yield('le') end}) if t <= t then return 'yes' end return 'no'",
    "local t = setmetatable({}, {__concat = function(a, b) return coroutine.yield('cc') end}) return 'a' .. 'b' .. t .. 'c' .. 'd'",
    "local t = setmetatable({}, {__len = function(a) return coroutine.yield('len') end}) return #t",
    "local t = setmetatable({}, {__unm = function(a) return coroutine.yield('unm') end}) return -t",
    "local t = setmetatable({}, {__call = function(self, a) return coroutine.yield(a) end}) return t('arg')",
    "local s = '' for a in function(_, c) c = (c or 0) + 1 if c < 4 then return coroutine.yield(c) and c end end do s = s .. a end return s",
    "return pcall(function() return coroutine.yield('in pcall') end)",
    "return pcall(function() coroutine.yield('in pcall') error('after', 0) end)",
    "return xpcall(function() coroutine.yield('in xpcall') error('after', 0) end, function(m) return 'H' .. m end)",
    "return pcall(pcall, pcall, function() return coroutine.yield('deep') end)",
    "return dofile == nil or select('#', coroutine.yield(1, 2, 3))",
    "return pcall(table.sort, {3, 2, 1}, function(a, b) coroutine.yield() return a < b end)",
    "return pcall(string.gsub, 'abc', 'b', function() coroutine.yield() end)",
    "return pcall(load, function() coroutine.yield() end)",
    "return pcall(tostring, setmetatable({}, {__tostring = function() coroutine.yield() end}))",
    "return pcall(table.concat, setmetatable({}, {__len = function() coroutine.yield() return 0 end}))",
    "for k, v in pairs(setmetatable({}, {__pairs = function() coroutine.yield('pairs') return next, {1}, nil end})) do return k, v end",
    "local function gen(n) if n > 0 then gen(n - 1) coroutine.yield(n) end end gen(3) return 'gen'",
    "local inner = coroutine.wrap(function() coroutine.yield('i1') coroutine.yield('i2') end) return inner(), coroutine.yield('outer'), inner()",
    "return coroutine.yield(coroutine.isyieldable, coroutine.running() ~= nil)",
    "local t = {} for i = 1, 50 do t[i] = i end return select('#', coroutine.yield(table.unpack(t)))"
  };
  size_t i;
  for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) run_to_end(L, bodies[i]);
}

/* C functions that yield with a continuation, reached in every way a C function is reached */
static int k_last(lua_State *L) {
  lua_pushvalue(L, -1);
  return 1;
}
static int yield_last(lua_State *L) {
  lua_settop(L, 1);
  lua_pushliteral(L, "from C");
  return lua_yieldk(L, 1, 0, k_last);
}
static int index_in_c(lua_State *L) {
  lua_getfield(L, 1, "field");
  return 1;
}
static int callk_last(lua_State *L) {
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, k_last);
  return k_last(L);
}
static int pcallk_last(lua_State *L) {
  lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, k_last);
  return k_last(L);
}

static void t_across_in_c(lua_State *L) {
  static const char *const bodies[] = {
    "return setmetatable({}, {__index = Y}).x", "local t = setmetatable({}, {__newindex = Y}) t.x = 1 return 'assigned'",
    "return setmetatable({}, {__add = Y}) + 1", "return setmetatable({}, {__concat = Y}) .. 'x' .. 'y'", "return #setmetatable({}, {__len = Y})",
    "local m = {__eq = Y} return setmetatable({}, m) == setmetatable({}, m)", "local m = {__le = Y} return setmetatable({}, m) <= setmetatable({}, m)",
    "local m = {__lt = Y} return setmetatable({}, m) <= setmetatable({}, m)", "return setmetatable({}, {__call = Y})()", "return -setmetatable({}, {__unm = Y})",
    "local n = 0 for i in function(s, c) n = n + 1 return Y(n < 3 or nil) end do if n > 2 then break end end return n",
    "local n = 0 for i in Y do n = n + 1 if n > 2 then return i end end", "return pcall(Y)", "return select(2, xpcall(Y, print))", "return C(Y)", "return C(C, C, Y)",
    "return P(P, C, Y)", "return P(function() Y() error('late', 0) end)", "return P(P, function() Y() local t = nil return t.x end)",
    "return C(function() return setmetatable({}, {__index = Y}).x end)", "return coroutine.wrap(function() return C(Y) end)()",
    "return pcall(index_in_c, setmetatable({}, {__index = Y}))", "return pcall(table.sort, {2, 1}, Y)", "return pcall(string.gsub, 'x', 'x', Y)",
    "return pcall(load, Y)", "return pcall(tostring, setmetatable({}, {__tostring = Y}))", "package.preload.yields = Y return pcall(require, 'yields')",
    "file = os.tmpname() local f = io.open(file, 'w') f:write('return Y(...)') f:close() return dofile(file)",
    "local name = file file = nil return (function(...) os.remove(name) return (...) end)(pcall(dofile, name))", "for k, v in pairs(setmetatable({}, {__pairs = Y})) do end", "return pcall(next, {}, Y)",
    "setmetatable({}, {__gc = Y}) return pcall(collectgarbage)"
  };
  size_t i;
  lua_register(L, "Y", yield_last);
  lua_register(L, "C", callk_last);
  lua_register(L, "P", pcallk_last);
  lua_register(L, "index_in_c", index_in_c);
  for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) run_to_end(L, bodies[i]);
}

/* ---- values between threads, states as coroutines ----------------------------------------------- */

static void t_xmove(lua_State *L) {
  lua_State *a = lua_newthread(L), *b = lua_newthread(L);
  compile(a, "while true do coroutine.yield('from a', {}) end");
  resume(L, a, "a", 0);
  lua_xmove(a, b, 2);
  show_stack(a, "a");
  show_stack(b, "b");
  lua_xmove(b, L, 1);
  say("type %s", luaL_typename(L, -1));
  resume(L, a, "a again", 0);
  lua_settop(L, 0);
}

static void t_main_as_coroutine(lua_State *unused) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  compile(L, "local x = coroutine.yield('from a main thread') return x");
  resume(NULL, L, "main thread resumed", 0);
  lua_settop(L, 0);
  lua_pushliteral(L, "in");
  resume(NULL, L, "again", 1);
  lua_settop(L, 0);
  compile(L, "return select(2, coroutine.running())");
  resume(NULL, L, "is main", 0);
  lua_close(L);
  (void)unused;
}

static void t_status(lua_State *L) {
  lua_State *co = lua_newthread(L);
  say("main %s", status_name(lua_status(L)));
  compile(co, "coroutine.yield() error('x')");
  say("loaded %s", status_name(lua_status(co)));
  lua_resume(co, L, 0);
  say("suspended %s", status_name(lua_status(co)));
  lua_resume(co, L, 0);
  say("failed %s", status_name(lua_status(co)));
  lua_setglobal(L, "co");
  run_lua(L, "print(coroutine.status(co), coroutine.resume(co))");
}

/* seen from the innermost of three: the others are normal, which the API calls OK */
static lua_State *outer[2];
static int show_outer(lua_State *L) {
  say("outer %s, middle %s, innermost %s", status_name(lua_status(outer[0])), status_name(lua_status(outer[1])), status_name(lua_status(L)));
  say("values there: %d and %d", lua_gettop(outer[0]), lua_gettop(outer[1]));
  show_status(outer[0], "resume the outer", lua_resume(outer[0], L, 0));
  show_status(outer[1], "resume the middle", lua_resume(outer[1], L, 0));
  return 0;
}
static int resume_innermost(lua_State *L) {
  lua_State *co = lua_newthread(L);
  int status;
  outer[1] = L;
  lua_pushcfunction(co, show_outer);
  status = lua_resume(co, L, 0);
  say("innermost: %s", status_name(status));
  lua_pushliteral(L, "middle done");
  return 1;
}
static int resume_middle(lua_State *L) {
  lua_State *co = lua_newthread(L);
  int status;
  outer[0] = L;
  lua_pushcfunction(co, resume_innermost);
  status = lua_resume(co, L, 0);
  printf("middle: %s ", status_name(status));
  show_outcome(co, status);
  return lua_yield(L, 0);
}
static void t_nested_in_c(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, resume_middle);
  resume(L, co, "outer", 0);
  resume(L, co, "outer again", 0);
  lua_settop(L, 0);
}

/* the results of one coroutine become the arguments of another, over the main thread and directly */
static void t_pipeline(lua_State *L) {
  lua_State *from = lua_newthread(L), *to = lua_newthread(L);
  int i, status;
  compile(from, "for i = 1, 4 do coroutine.yield(i, {i}, 'item ' .. i) end return 'dry'");
  compile(to, "local log = {} local n, t, s = ... while n do log[#log + 1] = n .. t[1] .. s n, t, s = coroutine.yield(#log) end return table.concat(log, ', ')");
  for (i = 0; i < 4; i++) {
    status = lua_resume(from, L, 0);
    if (i % 2) lua_xmove(from, to, 3);
    else {
      lua_xmove(from, L, 3);
      lua_xmove(L, to, 3);
    }
    printf("%s, %d left there, ", status_name(status), lua_gettop(from));
    status = lua_resume(to, L, 3);
    printf("%s ", status_name(status));
    show_stack(to, "count");
    lua_settop(to, 0);
    lua_gc(L, LUA_GCCOLLECT, 0);
  }
  resume(L, from, "source", 0);
  resume(L, to, "sink", 0);
  lua_xmove(to, to, 1);
  show_stack(to, "moved to itself");
  lua_settop(L, 0);
}

/* a suspended thread is collected while closures still use its locals */
static void t_collected_suspended(lua_State *L) {
  run_lua(L, "local get do local co = coroutine.wrap(function() local v = {'open upvalue'} "
             "get = function() return v[1] end coroutine.yield() end) co() end "
             "for i = 1, 5 do collectgarbage() end print(get())");
  run_lua(L, "local n = 0 for i = 1, 2000 do local co = coroutine.wrap(function() local t = {} coroutine.yield(function() return t end) end) co() "
             "if i % 500 == 0 then collectgarbage() end end print('2000 abandoned')");
  lua_newthread(L);
  {
    lua_State *co = lua_tothread(L, -1);
    compile(co, "local v = 'before' coroutine.yield(function() return v end)");
    lua_resume(co, L, 0);
    lua_xmove(co, L, 1);
  }
  lua_remove(L, 1);
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_call(L, 0, 1);
  show_stack(L, "closed");
  lua_pop(L, 1);
}

/* a coroutine inside a coroutine inside ...: bounded, and the error is a message */
static void t_nesting(lua_State *L) {
  run_lua(L, "local function nest(n) local co = coroutine.create(function() return nest(n + 1) end) "
             "local ok, v = coroutine.resume(co) if not ok then return n, v end return v, select(3, ok, v) end "
             "local n, m = nest(1) print(n > 100, type(n), n < 250)");
  run_lua(L, "local function nest(n) if n == 0 then return 'bottom' end return coroutine.wrap(nest)(n - 1) end print(nest(150))");
}

static int resume_in_c(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  int n, status = lua_resume(co, L, lua_gettop(L) - 1);
  n = lua_gettop(co);
  lua_pushstring(L, status_name(status));
  lua_xmove(co, L, n);
  return n + 1;
}

static void t_resume_from_c_function(lua_State *L) {
  lua_register(L, "resume_in_c", resume_in_c);
  run_lua(L, "local co = coroutine.create(function() coroutine.yield(1) coroutine.yield(2, 3) error('e', 0) end) "
             "for i = 1, 4 do print(resume_in_c(co)) end");
}

/* a new thread shares globals and registry but has its own stack */
static void t_new_thread(lua_State *L) {
  lua_State *a = lua_newthread(L);
  lua_pushliteral(a, "set by a");
  lua_setglobal(a, "shared");
  run_lua(L, "return shared");
  show_stack(L, "main");
  show_stack(a, "a");
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_settop(L, 0);
}

static const Section sections[] = {
  { "lua_body", t_lua_body },
  { "c_body", t_c_body },
  { "values_below", t_values_below },
  { "leftovers", t_leftovers },
  { "errors", t_errors },
  { "not_suspended", t_not_suspended },
  { "continuations", t_continuations },
  { "chains", t_chains },
  { "across", t_across },
  { "across_in_c", t_across_in_c },
  { "xmove", t_xmove },
  { "pipeline", t_pipeline },
  { "nested_in_c", t_nested_in_c },
  { "main_as_coroutine", t_main_as_coroutine },
  { "status", t_status },
  { "collected_suspended", t_collected_suspended },
  { "nesting", t_nesting },
  { "resume_from_c_function", t_resume_from_c_function },
  { "new_thread", t_new_thread },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
