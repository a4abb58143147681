/* What a sequence works with: C functions, pieces of Lua, the hook and the finalizers. */
#include <stdlib.h>
#include <string.h>

#include "sequences.h"

/* ---- light userdata ---- */

static char places[4];
void *light_value(unsigned which) { return which % 5 == 4 ? NULL : places + which % 5; }
const char *light_name(const void *p) {
  static const char *const names[] = {"light0", "light1", "light2", "light3"};
  if (p == NULL) return "light NULL";
  return (const char *)p >= places && (const char *)p < places + 4 ? names[(const char *)p - places] : "light";
}

/* ---- C functions ---- */

/* The next records, as the body of a function. */
static int run_body(lua_State *L, const char *name, int continued) {
  Frame f = {0};
  int depth = run.depth, hooks = run.hooks;
  f.L = L;
  f.kind = FUNCTION;
  f.continued = continued;
  bound_depth(L);
  if (!continued) say("enter %s [%s]", name, show_stack(L, 0));
  /* An error that is caught inside would have the effect of a yield. */
  if (L != run.main && !may_yield(L)) return 0;
  run.depth = depth + 1;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  interpret(&f, 1000);
  run.depth = depth;
  run.hooks = hooks;
  if (!f.continued) say("leave %s with %d", name, f.results);
  return f.results;
}
int body(lua_State *L) { return run_body(L, "c1", 0); }
static int finalize(lua_State *L) { return run_body(L, "a finalizer", 0); }
static int other_body(lua_State *L) { return run_body(L, "c2", 0); }

/* An iterator, three steps long. */
static int iterate(lua_State *L) {
  lua_Number at = lua_tonumberx(L, 2, NULL);
  int n = at >= 0 && at < 3 ? (int)at : 3;
  bound_depth(L);
  say("c3 after %d", n);
  if (n == 3) return 0;
  lua_settop(L, 0);
  lua_pushinteger(L, n + 1);
  lua_pushliteral(L, "step");
  return 2;
}

/* What collectgarbage does. What lies in registers that are free may be kept. */
static int collect(lua_State *L) {
  if (run.mode != EXACT || !are_registers_seen(L) || !without(WITHOUT_collection_aside)) lua_gc(L, LUA_GCCOLLECT, 0);
  return 0;
}

static int raise(lua_State *L) {
  bound_depth(L);
  say("c4 raises [%s]", show_stack(L, 0));
  if (lua_gettop(L) == 0) return API(luaL_error)(L, "raised by %s", "c4");
  lua_settop(L, 1);
  return API(lua_error)(L);
}

static int yield(lua_State *L) {
  bound_depth(L);
  say("c5 yields [%s]", show_stack(L, 0));
  if (!may_yield(L)) return lua_gettop(L);
  return API(lua_yieldk)(L, lua_gettop(L), 0, NULL);
}

/* What is the same whether the call came back or its continuation was called, is done by the same records: in a coroutine, the
 * reference leaves the C frames when a protected call inside catches an error, and calls the continuation later. */
static int after_call(lua_State *L) { return run_body(L, "the continuation", 1); }

static int yielding_k(lua_State *L) {
  int context = 0, status = API(lua_getctx)(L, &context);
  say("c6 goes on, %s, context %d [%s]", status_name(status), context, show_stack(L, 0));
  if (context < 2 && may_yield(L)) return API(lua_yieldk)(L, lua_gettop(L) > 1, context + 1, yielding_k);
  return lua_gettop(L);
}
static int yielding(lua_State *L) {
  bound_depth(L);
  say("c6 yields [%s]", show_stack(L, 0));
  if (!may_yield(L)) return 0;
  return API(lua_yieldk)(L, lua_gettop(L) > 1, 1, yielding_k);
}

static int same(lua_State *L) { return lua_gettop(L); }

/* A protected call written in C, which lets yields pass. */
static int protect_k(lua_State *L) {
  int context = 0, status = API(lua_getctx)(L, &context);
  say("c8 goes on, %s [%s]", status == LUA_OK || status == LUA_YIELD ? "fine" : status_name(status), show_stack(L, 0));
  return lua_gettop(L);
}
static int protect(lua_State *L) {
  int status;
  luaL_checkany(L, 1);
  bound_depth(L);
  if ((L != run.main && !may_yield(L)) || lua_status(L) != LUA_OK) return 0;
  say("c8 protects %s", show(L, 1));
  status = API(lua_pcallk)(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 8, protect_k);
  say("c8 goes on, %s [%s]", status == LUA_OK ? "fine" : status_name(status), show_stack(L, 0));
  return lua_gettop(L);
}

const lua_CFunction c_functions[] = {body, other_body, iterate, raise, yield, yielding, same, protect, after_call, NULL};
const char *const c_names[] = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", NULL};
const char *c_name(lua_CFunction function) {
  int i;
  for (i = 0; c_names[i] != NULL; i++)
    if (c_functions[i] == function) return c_names[i];
  return function == finalize_quietly || function == finalize ? "finalizer" : function == after_call ? "k" : "builtin";
}

/* A finalizer whose time does not matter: it makes garbage, works on what only finalizers see, and collects. */
int finalize_quietly(lua_State *L) {
  unsigned turn = ++run.finalized;
  lua_settop(L, 1);
  lua_pushfstring(L, "finalized %d", (int)(turn % 50));
  lua_createtable(L, 3, 1);
  lua_pushvalue(L, 2);
  lua_setfield(L, 3, "name");
  lua_getfield(L, LUA_REGISTRYINDEX, "finalized");
  if (lua_type(L, 4) == LUA_TTABLE) {
    lua_pushvalue(L, 3);
    lua_rawseti(L, 4, (int)(turn % 7) + 1);
    if (turn % 5 == 0) { /* comes alive again, for a time */
      lua_pushvalue(L, 1);
      lua_rawseti(L, 4, 8);
    }
  }
  if (!run.closing || !without(WITHOUT_collection_at_close)) {
    if (turn % 3 == 0) lua_gc(L, LUA_GCSTEP, (int)(turn % 4));
    if (turn % 11 == 0) lua_gc(L, LUA_GCCOLLECT, 0);
  }
  /* elsewhere the error would be that of whoever allocates */
  if (turn % 4 == 0 && (run.closing || run.mode == FAILING)) return luaL_error(L, "an error in a finalizer");
  return 0;
}

/* Messages name a function by what is found among the globals: there shall be one way to each. */
void one_name_each(lua_State *L) {
  static const char *const names[] = {"_G", "unpack", "loadstring"};
  size_t i;
  for (i = 0; i < LENGTH(names); i++) {
    lua_pushnil(L);
    lua_setglobal(L, names[i]);
  }
}

void register_functions(lua_State *L) {
  int i;
  for (i = 0; c_names[i] != NULL; i++) {
    lua_pushcclosure(L, c_functions[i], 0);
    lua_setglobal(L, c_names[i]);
  }
  one_name_each(L);
  lua_pushcclosure(L, collect, 0);
  lua_setglobal(L, "collect");
  lua_pushcclosure(L, run.mode != EXACT ? finalize_quietly : finalize, 0);
  lua_setglobal(L, "finalizer");
  /* A new string could lie where a key was that is gone, and be taken for it. */
  lua_pushliteral(L, "a key that no table has");
  lua_setfield(L, LUA_REGISTRYINDEX, "no key");
  lua_createtable(L, 0, 0);
  lua_setfield(L, LUA_REGISTRYINDEX, "finalized");
}

/* ---- the hook ---- */

/* May the hook call any function of the API here? */
static int may_act(const lua_Debug *ar) {
  if (ar->event == LUA_HOOKLINE || ar->event == LUA_HOOKCOUNT) return 1;
  return !(ar->event == LUA_HOOKRET && ar->what[0] != 'C' && without(WITHOUT_variable_in_return_hook));
}

static int run_in_hook(lua_State *L) {
  Frame f = {0};
  int records = (int)lua_tointegerx(L, 1, NULL);
  lua_settop(L, 0);
  f.L = L;
  f.kind = CALL_HOOK;
  interpret(&f, records);
  return 0;
}

void hook(lua_State *L, lua_Debug *ar) {
  static const char *const events[] = {"call", "return", "line", "count", "tail call"};
  const unsigned char *a = run.at;
  int depth = run.depth;
  Frame f = {0};
  bound_depth(L);
  API(lua_getinfo)(L, "nSlt", ar);
  say("hook: %s, line %d, %s '%s' %s", events[ar->event], ar->currentline, ar->what, ar->name ? ar->name : "", ar->namewhat);
  f.L = L;
  f.floor = lua_gettop(L);
  f.kind = ar->event == LUA_HOOKLINE || ar->event == LUA_HOOKCOUNT ? STEP_HOOK : CALL_HOOK;
  if (++run.events % run.hook_pace != 0 || run.end - run.at < RECORD) return;
  if (ar->event == LUA_HOOKCOUNT && (lua_gethookmask(L) & LUA_MASKLINE) && without(WITHOUT_count_before_line)) return;
  run.at += RECORD;
  run.depth = depth + 1;
  if (a[1] % 8 < 2) {
    if (f.kind == STEP_HOOK && hook_may_yield(L)) {
      say("lua_yield(L, 0) in a hook");
      run.depth = depth;
      if (thread_index(L) >= 0) run.in_hook[thread_index(L)] = 1;
      API(lua_yieldk)(L, 0, 0, NULL);
      return;
    }
  } else if (a[1] % 8 == 2) {
    say("luaL_error(L, \"raised by a hook\")");
    API(luaL_error)(L, "raised by a hook");
  } else if (may_act(ar)) {
    if (a[1] % 8 == 3) {
      say("lua_sethook(L, NULL, 0, 0)");
      API(lua_sethook)(L, NULL, 0, 0);
    } else {
      run.hooks++;
      /* In a call or return hook the stack is the function's, and has the library's own values on it. */
      if (f.kind == STEP_HOOK && (L == run.main || !without(WITHOUT_metamethod_in_hook))) {
        interpret(&f, 1 + a[2] % 4);
        lua_settop(L, f.floor);
      } else {
        lua_pushcclosure(L, run_in_hook, 0);
        lua_pushinteger(L, 1 + a[2] % 4);
        lua_callk(L, 1, 0, 0, NULL);
      }
      run.hooks--;
    }
  }
  run.depth = depth;
}

/* ---- Lua ---- */

/* They are called with any values, get at C functions c1 to c8 as globals, and stop after a few steps. */
static const char *const texts[] = {
  "return ...",
  "local a, b = ...\nreturn b, a",
  "local t = {...}\nreturn #t, t[1]",
  "local a = ...\nreturn c1(a)",
  "local a = ...\nlocal r = c1(a, 2)\nreturn r",
  "return pcall(c1, ...)",
  "local ok, e = pcall(c2, ...)\nreturn ok, e",
  "return xpcall(c1, c2, ...)",
  "local ok, e = xpcall(function(...)\n  return c1(...)\nend, function(m)\n  c2(m)\n  return m\nend, ...)\nreturn ok, e",
  "local ok, e = pcall(...)\nc1(ok, e)\nreturn e",
  "local a, b = ...\nreturn a + b",
  "local a, b = ...\nlocal r = a - b\nreturn r * a, r / 2",
  "local a, b = ...\nreturn a % b, a ^ b",
  "local a, b = ...\nlocal r = a .. b\nreturn r .. 1 .. a",
  "local a, b = ...\nif a < b then return 1 end\nif a <= b then return 2 end\nif a == b then return 3 end\nreturn 4",
  "local a, b = ...\nreturn a ~= b, not a, a and b, a or b",
  "local a = ...\nreturn #a",
  "local a = ...\nreturn -a, a == -a",
  "local a, k = ...\nreturn a[k]",
  "local a, k, v = ...\na[k] = v\nreturn a[k]",
  "local a = ...\na.k1.x = 1\nreturn a.k1",
  "local a = ...\nreturn a.k1, a.k2(a), a:k3(1)",
  "for i = 1, 3 do\n  c1(i)\nend",
  "for i = 3, 1, -1 do c1(i) end",
  "for i in c3, ... do\n  c1(i)\nend\nreturn 'end'",
  "local n = 0\nfor i, s in c3, nil, 0 do\n  n = n + i\n  c2(n, s)\nend\nreturn n",
  "local n = 0\nfor i, v in ipairs({1, 2, 3}) do n = n + v c1(n) end\nreturn n",
  "local n = 0\nfor i in c1, ... do\n  n = n + 1\n  if n == 3 then break end\nend\nreturn n",
  "local n = 0\nfor i in (function(_, i)\n  i = (i or 0) + 1\n  c5(i)\n  if i < 3 then return i end\nend) do n = n + i end\nreturn n",
  "local n = 0\nfor k, v in pairs(...) do\n  n = n + 1\n  if n == 3 then break end\nend\nreturn n",
  "local up = ...\nreturn function(x)\n  local r = up\n  up = x\n  return r\nend",
  "local up, other = 1, ...\nlocal function f()\n  up = up + 1\n  return up, other\nend\nreturn f, function(v) other = v end",
  "local fs = {}\nfor i = 1, 3 do\n  fs[i] = function() i = i + 1 return i end\nend\nreturn fs[1], fs[2], fs[1]()",
  "local function f(n)\n  if n == 0 then return c1() end\n  return f(n - 1)\nend\nreturn f(3)",
  "local function f(n)\n  if n > 0 then\n    local r = f(n - 1)\n    return r\n  end\n  local r = c1(n)\n  return r\nend\nreturn f(4)",
  "local co = coroutine.wrap(function(...)\n  local x = coroutine.yield(...)\n  c1(x)\n  return x\nend)\nlocal r = co(...)\nreturn r, co(r)",
  "local co = coroutine.create(c1)\nlocal t = {}\nfor i = 1, 3 do\n  t[i] = {coroutine.resume(co, ...)}\nend\nreturn coroutine.status(co), t[1][1], t[2][2], t[3][2]",
  "local co = coroutine.wrap(function()\n  return pcall(function()\n    c5(1)\n    error('in a coroutine')\n  end)\nend)\nreturn co(), co()",
  "local a = coroutine.yield(...)\nreturn a",
  "local a = coroutine.yield(...)\nlocal b = coroutine.yield(a)\nc1(b)\nreturn b",
  "return coroutine.yield(...)",
  "return pcall(coroutine.yield, ...)",
  "return select(2, pcall(function(...) return c5(...) end, ...))",
  "local function f(...) return c6(...) end\nlocal a, b = f(1, ...)\nreturn b, a",
  "local ok, running = coroutine.running()\nreturn running, coroutine.status(ok)",
  "return (string.gsub('abc', '%w', c1))",
  "return (string.gsub('abc', '%w', ...))",
  "local n = 0\nfor w in string.gmatch('one two', '%a+') do\n  n = n + #w\n  c1(w)\nend\nreturn n",
  "local t = {3, 1, 2, ...}\nlocal ok, e = pcall(table.sort, t, c2)\nreturn ok, e",
  "local t = {3, 1, 2, 5, 4}\ntable.sort(t, function(a, b)\n  return a < b\nend)\nreturn t[1], t[5]",
  "local t = {'b', 'a', ...}\ntable.sort(t)\nreturn t[1]",
  "local t = setmetatable({}, {__index = c1, __newindex = c2, __call = c3})\nlocal x = t.k1\nt.k2 = x\nreturn t(x), t",
  "local mt = {}\nfor _, n in ipairs{'__add', '__concat', '__unm', '__len', '__lt', '__le', '__eq'} do mt[n] = c1 end\n"
    "local a, b = setmetatable({}, mt), setmetatable({}, mt)\nlocal x = a + 1\nlocal y = a .. 'x'\nlocal z = a < b\nreturn x, y, z, a <= b, a == b, #a, -a",
  "local mt = {__index = function(t, k)\n  return c5(k)\nend, __lt = function(a, b)\n  return c5(1)\nend, __concat = function(a, b)\n  return c5(a, b)\nend}\n"
    "local a = setmetatable({}, mt)\nlocal x = a.field\nlocal y = 'x' .. a .. 'y'\nreturn x, a < a, not (a < a)",
  "error(...)",
  "error('message', 2)",
  "local t = {}\nerror(setmetatable(t, {__tostring = c1}))",
  "local a = ...\nlocal b = a.b.c\nreturn b",
  "g1.x.y()",
  "local t = {}\nt:nomethod()",
  "local t = {f = {}}\nreturn t.f.g()",
  "g1 = ...\nlocal a = g1\ng2 = a\nreturn g1 == g2",
  "local a = g1\nreturn a, g2, g3",
  "return select('#', ...), (select(-1, ...))",
  "local i = 1\n::top::\ni = i + 1\nif i < 4 then goto top end\nreturn i",
  "local a, b, c = ...\nlocal t = {a, b, c; k1 = a, k2 = b}\nt[1], t[2] = t[2], t[1]\nreturn t, t[1]",
  "local n = 0\nreturn load(function()\n  n = n + 1\n  return ({'return ', '1', ' + 1'})[n]\nend)",
  "return load('return ...', 'chunk', 'b')",
  "return assert(load('local a <', '=wrong'))",
  "return debug.traceback('traced')",
  "local i = debug.getinfo(1, 'nSlut')\nreturn i.currentline, i.namewhat, i.nparams, i.istailcall",
  "local function f()\n  local i = debug.getinfo(2, 'nl')\n  return i and i.name, i and i.currentline\nend\nlocal a, b = f()\nreturn a, b",
  "local a, b = 1, 2\nlocal n, v = debug.getlocal(1, 2)\ndebug.setlocal(1, 1, v)\nreturn a, n",
  "return string.format('%d %5.2f %q %s', 1, 2.5, 'x\\ny', 'z')",
  "return string.format('%d', ...)",
  "local s = ('ab'):rep(30)\nreturn s, s:upper():sub(1, 3), #s",
  "local t = {}\nfor i = 1, 10 do t[i] = i end\nt[5] = nil\nreturn table.remove(t, 1), t[1], table.concat({1, 2, 3}, ',')",
  "return table.concat({1, ..., 3}, '-')",
  "return math.max(1, ...), math.floor(3.7), bit32.band(7, 10)",
  "return table.unpack({1, 2, ...})",
  "local a = ...\nreturn getmetatable(a), rawequal(a, a), rawlen(a)",
  "return setmetatable(...)",
  "local t = setmetatable({}, {__gc = finalizer})\nt = nil\nreturn 1",
  "collect()\nreturn 1",
  "local a = ...\ndo\n  local b = a\n  local f = function() return b end\n  b = 2\n  a = f\nend\nlocal c = 3\nreturn a, c",
  "local function f(a, ...)\n  local b, c = ...\n  c1(a)\n  return b, c, select('#', ...)\nend\nreturn f(1, ...)",
  "local a = {}\nfor i = 1, 60 do a[i] = {i, tostring(i)} end\nreturn #a, a[60][2]",
  "local s = ''\nfor i = 1, 5 do s = s .. i end\nreturn s",
  "return string.rep((...), 3)",
  "while c1() do\n  if c2() then break end\nend",
  "repeat\n  local x = c1()\nuntil not x or c2(x)",
  "local a <",
  "x = ",
  "return return",
  "goto nowhere",
  "for i = 1 do end",
  "local s = 'unfinished",
  "local t = {1, 2, 3",
  "break",
  "return ... .. 'x', (...)",
  "\\",
};
const char *snippet(unsigned which) { return texts[which % LENGTH(texts)]; }
size_t snippets(void) { return LENGTH(texts); }
