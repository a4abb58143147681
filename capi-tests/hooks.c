/* Hooks: which events in which order with which lines; errors and yields in hooks. */
#include "support.h"

static int limit;

static const char *event_name(int event) {
  switch (event) {
    case LUA_HOOKCALL: return "call";
    case LUA_HOOKRET: return "return";
    case LUA_HOOKLINE: return "line";
    case LUA_HOOKCOUNT: return "count";
    case LUA_HOOKTAILCALL: return "tail call";
    default: return "?";
  }
}

static void trace(lua_State *L, lua_Debug *ar) {
  if (limit-- <= 0) return;
  if (ar->event == LUA_HOOKLINE) {
    int line = ar->currentline;
    lua_getinfo(L, "nSl", ar);
    say("  line %d (%d) in %s %s", line, ar->currentline, ar->what, ar->name ? ar->name : "?");
    return;
  }
  lua_getinfo(L, "nSlt", ar);
  say("  %s %s %s %s line %d tail %d", event_name(ar->event), ar->what, ar->namewhat, ar->name ? ar->name : "?",
      ar->currentline, ar->istailcall);
}

static void traced(lua_State *L, const char *label, int mask, int count, const char *code) {
  say("%s", label);
  compile(L, code);
  limit = 200;
  lua_sethook(L, trace, mask, count);
  show_status(L, "  status", lua_pcall(L, 0, 0, 0));
  lua_sethook(L, NULL, 0, 0);
  lua_settop(L, 0);
}

static const char program[] =
  "local function f(a)\n"
  "  local b = a\n"
  "  return b\n"
  "end\n"
  "local x = f(1)\n"
  "for i = 1, 2 do\n"
  "  x = f(i)\n"
  "end\n"
  "local function g() return f(2) end\n"
  "g()\n"
  "print('p')\n"
  "while x do x = nil end\n"
  "if x then\n"
  "  x = 1\n"
  "else\n"
  "  x = 2\n"
  "end\n"
  "repeat local y = x until y\n";

static void t_line(lua_State *L) {
  traced(L, "program", LUA_MASKLINE, 0, program);
  traced(L, "one-line loop", LUA_MASKLINE, 0, "for i = 1, 4 do local x = i end");
  traced(L, "one-line while", LUA_MASKLINE, 0, "local i = 0 while i < 3 do i = i + 1 end");
  traced(L, "one-line repeat", LUA_MASKLINE, 0, "local i = 0 repeat i = i + 1 until i > 2");
  traced(L, "goto backwards", LUA_MASKLINE, 0, "local i = 0\n::top::\ni = i + 1\nif i < 3 then goto top end");
  traced(L, "one-line goto", LUA_MASKLINE, 0, "local i = 0 ::top:: i = i + 1 if i < 3 then goto top end");
  traced(L, "statement over lines", LUA_MASKLINE, 0, "local a =\n1 +\n(2 *\n3)\nprint(\na,\n'b'\n)");
  traced(L, "table constructor", LUA_MASKLINE, 0, "local t = {\n1,\n2,\nx = 3,\n[4] = 5\n}");
  traced(L, "condition over lines", LUA_MASKLINE, 0, "local i = 0\nrepeat\n i = i + 1\nuntil i ==\n 3\nwhile i >\n 1\ndo i = i - 1 end\nif i ==\n 1 then\n i = 5 end");
  traced(L, "upvalues in loops", LUA_MASKLINE, 0, "local i = 0\nrepeat\n local f = function() return i end\n i = i + 1\nuntil f()\n > 2");
  traced(L, "generic for over lines", LUA_MASKLINE, 0, "for k, v\nin\npairs(\n{1, 2}\n)\ndo local a = v\n end");
  traced(L, "generic for", LUA_MASKLINE, 0, "for k, v in ipairs({1, 2}) do\n local z = v\nend");
  traced(L, "metamethod", LUA_MASKLINE, 0,
         "local t = setmetatable({}, {__index = function(t, k)\n return k\nend})\nlocal v = t.x\nv = t.y");
  traced(L, "recursion", LUA_MASKLINE, 0, "local function f(n)\n if n > 0 then\n f(n - 1)\n end\nend\nf(2)");
  traced(L, "error", LUA_MASKLINE, 0, "local t\npcall(function()\n t.x = 1\nend)\nlocal done = 1");
  traced(L, "coroutine has no hook of its own yet", LUA_MASKLINE, 0,
         "local co = coroutine.wrap(function()\n coroutine.yield(1)\n return 2\nend)\nco()\nco()");
}

static void t_call(lua_State *L) {
  int both = LUA_MASKCALL | LUA_MASKRET;
  traced(L, "calls and returns", both, 0, program);
  traced(L, "calls only", LUA_MASKCALL, 0, "local function f() end f() print('x')");
  traced(L, "returns only", LUA_MASKRET, 0, "local function f() end f() print('x')");
  traced(L, "tail calls", both, 0,
         "local function a() return 1 end local function b() return a() end local function c() return b() end c()");
  traced(L, "tail call to C", both, 0, "local function f() return print('tail') end f()");
  traced(L, "metamethods", both, 0,
         "local t = setmetatable({}, {__add = function() return 1 end, __call = function() end}) local x = t + 1 t()");
  traced(L, "error", both, 0, "pcall(function() error('x') end)");
  traced(L, "iterator", both, 0, "for i in function(_, i) if not i then return 1 end end do end");
  traced(L, "coroutine", both, 0, "local co = coroutine.wrap(function() coroutine.yield() end) co() co()");
  traced(L, "vararg", both, 0, "local function f(...) return ... end f(1, 2, 3)");
  traced(L, "everything", both | LUA_MASKLINE, 0, "local function f()\n return 1\nend\nf()");
}

/* ---- count ---------------------------------------------------------------------------------------- */

static int counted;

static void count_hook(lua_State *L, lua_Debug *ar) {
  (void)L;
  if (ar->event == LUA_HOOKCOUNT) counted++;
}

static void t_count(lua_State *L) {
  static const char *const list[] = { "local x = 0 for i = 1, 1000 do x = x + i end", "local x = 0 while x < 500 do x = x + 1 end",
    "for i = 1, 100 do local t = {i} end", "local function f() end for i = 1, 300 do f() end",
    "for k, v in pairs({10, 20, x = 30}) do local a = v end", "for k in function(_, i) i = (i or 0) + 1 return i < 9 and i or nil end do local a = k end",
    "local i = 0 repeat i = i + 1 until i == 40", "local i = 40 while true do i = i - 1 if i == 1 then break end end",
    "local i = 0 ::top:: i = i + 1 if i < 30 then goto top end", "local i = 0 repeat local f = function() return i end i = i + 1 until f() > 20",
    "local a, b = 1, nil local c, d, e, f, g = a or b, a and b, not a, a == b, a ~= 1 if a ~= 1 or b then c = 1 else c = 2 end",
    "local x = setmetatable({}, {__eq = function() return true end, __lt = function() return true end}) local y = x == setmetatable({}, getmetatable(x)), x < x, x <= x",
    "local t = {f = function(...) return ... end, 1, 2, x = 3, ...} t:f(t.f()) t[#t + 1] = -#t .. 'a' .. 1" };
  static const int counts[] = { 1, 2, 3, 10, 100, 1000, 1000000 };
  size_t i, j;
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    printf("%s:", list[i]);
    for (j = 0; j < sizeof counts / sizeof counts[0]; j++) {
      counted = 0;
      compile(L, list[i]);
      lua_sethook(L, count_hook, LUA_MASKCOUNT, counts[j]);
      lua_call(L, 0, 0);
      lua_sethook(L, NULL, 0, 0);
      printf(" %d:%d", counts[j], counted);
    }
    putchar('\n');
  }
  traced(L, "count 3 with lines", LUA_MASKCOUNT | LUA_MASKLINE, 3, "local a = 1\nlocal b = 2\nlocal c = a + b\nlocal d = c");
}

/* ---- getters ---------------------------------------------------------------------------------------- */

static void print_hook(lua_State *L, const char *label) {
  say("%s: function %s mask %d count %d", label, lua_gethook(L) == trace ? "trace" : lua_gethook(L) ? "other" : "none",
      lua_gethookmask(L), lua_gethookcount(L));
}

static void t_getters(lua_State *L) {
  lua_State *before = lua_newthread(L), *after;
  print_hook(L, "fresh");
  say("set %d", lua_sethook(L, trace, LUA_MASKCALL | LUA_MASKCOUNT, 7));
  print_hook(L, "set");
  after = lua_newthread(L);
  print_hook(before, "an older thread");
  print_hook(after, "a newer thread inherits");
  lua_sethook(after, NULL, 0, 0);
  print_hook(after, "cleared there");
  print_hook(L, "not here");
  lua_sethook(L, trace, 0, 5);
  print_hook(L, "zero mask");
  lua_sethook(L, trace, LUA_MASKLINE, 5);
  print_hook(L, "line");
  lua_sethook(L, NULL, LUA_MASKLINE, 5);
  print_hook(L, "no function");
  lua_settop(L, 0);
}

static void t_threads_inherit(lua_State *L) {
  limit = 100;
  lua_sethook(L, trace, LUA_MASKLINE, 0);
  run_lua(L, "local co = coroutine.wrap(function()\n coroutine.yield()\nend)\nco()\nco()");
  lua_sethook(L, NULL, 0, 0);
}

/* ---- what a hook may do ------------------------------------------------------------------------------ */

static void raising_hook(lua_State *L, lua_Debug *ar) {
  if (ar->event == LUA_HOOKLINE && ar->currentline < 3) return;
  luaL_error(L, "raised in the %s hook", event_name(ar->event));
}

static void t_raise(lua_State *L) {
  static const int masks[] = { LUA_MASKLINE, LUA_MASKCOUNT, LUA_MASKCALL, LUA_MASKRET };
  size_t i;
  for (i = 0; i < 4; i++) {
    compile(L, "local a = 1\nlocal b = 2\nlocal function f()\n return a\nend\nlocal c = f()\nreturn c");
    lua_sethook(L, raising_hook, masks[i], 4);
    show_status(L, "status", lua_pcall(L, 0, 0, 0));
    lua_sethook(L, NULL, 0, 0);
  }
  /* pcall in Lua catches it as well */
  lua_sethook(L, raising_hook, LUA_MASKCOUNT, 100);
  run_lua(L, "print(pcall(function() while true do end end)) debug.sethook()");
  lua_sethook(L, NULL, 0, 0);
  run_lua(L, "return 'usable'");
  show_stack(L, "afterwards");
  lua_settop(L, 0);
}

static void calling_hook(lua_State *L, lua_Debug *ar) {
  if (limit-- <= 0) return;
  lua_getinfo(L, "l", ar);
  lua_getglobal(L, "in_hook");
  lua_pushinteger(L, ar->currentline);
  lua_call(L, 1, 1);
  show_value(L, "  the hook called Lua", -1);
}

static void t_call_in_hook(lua_State *L) {
  run_lua(L, "function in_hook(line) local t = {} for i = 1, 20 do t[i] = line end return table.concat(t, '-', 1, 3) end");
  limit = 5;
  lua_sethook(L, calling_hook, LUA_MASKLINE, 0);
  run_lua(L, "local a = 1\nlocal b = {a, 2, 3}\nprint(#b)\nreturn b[1], b[2]");
  lua_sethook(L, NULL, 0, 0);
  show_stack(L, "results");
  lua_settop(L, 0);
}

static void locals_hook(lua_State *L, lua_Debug *ar) {
  const char *name;
  int n;
  if (ar->event != LUA_HOOKLINE && ar->event != LUA_HOOKCALL) return;
  printf("  %s:", event_name(ar->event));
  for (n = 1; (name = lua_getlocal(L, ar, n)) != NULL && name[0] != '('; n++) {
    printf(" %s=", name);
    show(L, -1);
    lua_pop(L, 1);
  }
  putchar('\n');
}

static void changing_hook(lua_State *L, lua_Debug *ar) {
  if (ar->currentline == 2) {
    lua_pushinteger(L, 100);
    lua_setlocal(L, ar, 1);
  }
}

static void t_locals_in_hook(lua_State *L) {
  compile(L, "local a = 1\nlocal b = 'x'\ndo\n local c = a\nend\nreturn a");
  lua_sethook(L, locals_hook, LUA_MASKLINE | LUA_MASKCALL, 0);
  lua_call(L, 0, 0);
  lua_sethook(L, NULL, 0, 0);
  compile(L, "local a = 1\nlocal b = a\nreturn a, b");
  lua_sethook(L, changing_hook, LUA_MASKLINE, 0);
  lua_call(L, 0, LUA_MULTRET);
  lua_sethook(L, NULL, 0, 0);
  show_stack(L, "changed");
  lua_settop(L, 0);
}

/* removing and changing the hook inside the hook */
static void once_hook(lua_State *L, lua_Debug *ar) {
  say("  once: line %d", ar->currentline);
  lua_sethook(L, NULL, 0, 0);
}
static void switching_hook(lua_State *L, lua_Debug *ar) {
  say("  switch: line %d", ar->currentline);
  limit = 10;
  lua_sethook(L, trace, LUA_MASKRET, 0);
}

static void t_change_in_hook(lua_State *L) {
  lua_sethook(L, once_hook, LUA_MASKLINE, 0);
  run_lua(L, "local a = 1\nlocal b = 2\nlocal c = 3");
  print_hook(L, "after");
  lua_sethook(L, switching_hook, LUA_MASKLINE, 0);
  run_lua(L, "local a = 1\nlocal b = 2\ntostring(1)");
  lua_sethook(L, NULL, 0, 0);
}

/* ---- yields in hooks ------------------------------------------------------------------------------- */

static void yielding_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_yield(L, 0);
}

static void t_yield(lua_State *L) {
  static const int masks[] = { LUA_MASKLINE, LUA_MASKCOUNT };
  int i;
  for (i = 0; i < 2; i++) {
    lua_State *co = lua_newthread(L);
    int turns = 0, status;
    compile(co, "local s = 0\nfor i = 1, 20 do\n s = s + i\nend\nlocal t = setmetatable({}, {__index = function(t, k)\n return k .. '!'\nend})\n"
                "return s, t.x, pcall(function()\n error('e', 0)\n end)");
    lua_sethook(co, yielding_hook, masks[i], 5);
    while ((status = lua_resume(co, L, 0)) == LUA_YIELD) {
      turns++;
      if (lua_gettop(co) != 0 && turns < 3) show_stack(co, "  while yielded");
      lua_gc(L, LUA_GCSTEP, 0);
    }
    printf("%d turns, %s ", turns, status_name(status));
    show_stack(co, "results");
    lua_pop(L, 1);
  }
}

/* preemptive scheduling of two endless loops */
static void t_scheduler(lua_State *L) {
  lua_State *co[2];
  int i, turn;
  for (i = 0; i < 2; i++) {
    co[i] = lua_newthread(L);
    lua_sethook(co[i], yielding_hook, LUA_MASKCOUNT, 100);
    luaL_loadstring(co[i], "local name = ... n = n or {} while true do n[name] = (n[name] or 0) + 1 end");
    lua_pushinteger(co[i], i + 1);
    lua_resume(co[i], L, 1);
  }
  for (turn = 0; turn < 50; turn++)
    for (i = 0; i < 2; i++) lua_resume(co[i], L, 0);
  run_lua(L, "return n[1] > 100, n[2] > 100, math.abs(n[1] - n[2]) < 100");
  show_stack(L, "both ran");
  lua_settop(L, 0);
}

/* a yield before each instruction, and before each line, changes nothing: not the results, and not how many there are */
static void t_yield_everywhere(lua_State *L) {
  static const char *const bodies[] = {
    "local t = {} for i = 1, 5 do t[#t + 1] = i * i end\nreturn table.concat(t, ' ')",
    "local n = 0\nfor k, v in pairs({10, 20, x = 30}) do\n n = n + v\nend\nreturn n",
    "local function v(...)\n return select('#', ...), ...\nend\nreturn v(1, nil, v('x', 'y'))",
    "local f\ndo local a = 1\n f = function() a = a + 1 return a end end\nf()\nreturn f(), f()",
    "local t = setmetatable({}, {__index = function(t, k)\n return k .. k end, __add = function(a, b) return 'sum' end,\n"
      "__lt = function() return true end, __concat = function() return 'joined' end, __eq = function() return true end,\n"
      "__call = function(self, a) return a end, __len = function() return 7 end, __newindex = function(t, k, v) rawset(t, k, v * 2) end})\n"
      "t.y = 4\nreturn t.x, t + 1, t < t, not (t <= t), t .. 'a', 'a' .. t, #t, t(5), t.y, t == setmetatable({}, getmetatable(t))",
    "local ok, m = pcall(function()\n local x = nil\n return x.y\nend)\nreturn ok, m, pcall(error, 'e', 0)",
    "return xpcall(function()\n error('e', 0) end, function(m)\n local r = m .. '!'\n return r\n end)",
    "local function tail(n)\n if n > 0 then return tail(n - 1) end\n return 'bottom' end\nreturn tail(5)",
    "local r = {}\nfor i = 3, 1, -1 do\n for j in function(s, c) c = (c or 0) + 1 return c < i and c or nil end do r[#r + 1] = i * 10 + j end\nend\nreturn table.concat(r, ',')",
    "local s, i = '', 0\nrepeat i = i + 1\n s = s .. i .. (i % 2 == 0 and 'e' or 'o')\nuntil i == 4\nwhile i > 0 do i = i - 1 if i == 1 then break end end\nreturn s, i",
    "local co = coroutine.wrap(function(a)\n local b = coroutine.yield(a + 1)\n return b * 2\nend)\nreturn co(1), co(10)",
    "goto on\n::back:: do return 'end' end\n::on::\ngoto back"
  };
  static const int masks[] = { LUA_MASKCOUNT, LUA_MASKLINE };
  size_t i;
  int m;
  for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    for (m = 0; m < 2; m++) {
      lua_State *co = lua_newthread(L);
      int turns = 0, status;
      compile(co, bodies[i]);
      lua_sethook(co, yielding_hook, masks[m], 1);
      while ((status = lua_resume(co, L, 0)) == LUA_YIELD && turns < 10000) {
        turns++;
        if (turns % 7 == 0) lua_gc(L, LUA_GCCOLLECT, 0);
      }
      /* the reference counts one more where such a call was interrupted; see differences.c */
      if (m == 0 && (strstr(bodies[i], "__lt") || strstr(bodies[i], "in function"))) turns = 0;
      printf("%d %s turns %d, %s ", (int)i, m ? "lines" : "instructions", turns, status_name(status));
      show_stack(co, "results");
      lua_pop(L, 1);
    }
  }
}

/* where the hook's function runs above a C function that cannot go on later, the yield is an error there */
static void t_yield_over_c(lua_State *L) {
  static const char *const bodies[] = {
    "return pcall(table.sort, {3, 1, 2}, function(a, b)\n return a < b\nend)", "return pcall(string.gsub, 'abc', '.', function(c)\n return c\nend)",
    "return pcall(tostring, setmetatable({}, {__tostring = function()\n return 'x'\nend}))", "return pcall(load, function()\n return nil\nend)",
    "setmetatable({}, {__gc = function()\n local x = 1\nend})\nreturn pcall(collectgarbage)"
  };
  size_t i;
  for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    lua_State *co = lua_newthread(L);
    int turns = 0, status;
    compile(co, bodies[i]);
    lua_sethook(co, yielding_hook, LUA_MASKLINE, 0);
    while ((status = lua_resume(co, L, 0)) == LUA_YIELD) turns++;
    printf("%d turns, %s ", turns, status_name(status));
    show_stack(co, "results");
    lua_pop(L, 1);
  }
}

/* ---- hooks that are set and cleared while the interpreter waits --------------------------------------- */

/* What happens next is told: events up to the chunk's end. */
static int armed_mask, told;
static void told_hook(lua_State *L, lua_Debug *ar) {
  int line = ar->currentline;
  if (told++ >= 6) return;
  lua_getinfo(L, "Sl", ar);
  printf(" %s %s %d,", event_name(ar->event), ar->what, line < 0 ? ar->currentline : line);
}
static int arm(lua_State *L) {
  if (armed_mask != 0) lua_sethook(L, told_hook, armed_mask, 2);
  else lua_sethook(L, NULL, 0, 0);
  lua_settop(L, 1);
  return 1;
}
static int armed_compare(lua_State *L) {
  arm(L);
  lua_pushboolean(L, 1);
  return 1;
}
static int armed_once(lua_State *L) {
  if (lua_toboolean(L, 2)) return 0;
  arm(L);
  lua_pushinteger(L, 1);
  return 1;
}
static int armed_piece(lua_State *L) {
  arm(L);
  return 0;
}
static int arm_main(lua_State *L) {
  lua_State *main_thread;
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  main_thread = lua_tothread(L, -1);
  return arm(main_thread == L ? L : main_thread);
}

static void t_set_in_foreign_code(lua_State *L) {
  static const char *const lines[] = {
    "local a = t.x", "local a = t[1]", "local a = t[k]", "local a = t[{}]", "local a = undefined", "local a = up.x", "local a = up[k]", "t:method()",
    "t.x = 1", "t.x = k", "t[1] = 1", "t[1] = k", "t[k] = 1", "t[k] = k", "t[{}] = {}", "undefined = 1", "undefined = k", "up[k] = 1", "up[k] = k",
    "local a = t + t", "local a = t + 1", "local a = 1 + t", "local a = t - t", "local a = t - 1", "local a = 1 - t", "local a = t * 2",
    "local a = t / 2", "local a = t % 2", "local a = t ^ 2", "local a = 2 ^ t", "local a = -t", "local a = #t", "local a = t .. 'x'",
    "local a = 'x' .. 'y' .. t .. 'z'", "local a = t == u", "local a = t ~= u", "local a = t < u", "local a = t < 1", "local a = 1 < t",
    "local a = t <= u", "local a = t <= 1", "local a = 1 <= t", "local a = not (t < u)", "local a = not (1 <= t)", "if t < u then k = 2 end",
    "if t == u then k = 2 else k = 3 end", "if not (t <= 1) then k = 2 end", "while t < u do k = 3 break end", "t()", "local a = t(1, 2)",
    "for i in armed_once do k = 4 end", "for i in t do k = 5 break end", "pcall(arm)", "xpcall(error, arm)", "pcall(pcall, arm)", "arm()", "local a = arm(1)",
    "local a = {arm(1)}", "table.sort({1, 2}, armed_compare)", "local a = ('x'):gsub('x', arm)", "local a = load(armed_piece)", "local a = tostring(t)",
    "setmetatable({}, {__gc = arm}) collectgarbage()", "local co = coroutine.wrap(arm) co()", "coroutine.wrap(function() arm_main() end)()",
    "coroutine.wrap(function() coroutine.yield(arm_main()) end)()", "local a = (function() local x = t + 1 return x end)()", "local a = select('#', arm())"
  };
  static const int masks[] = { LUA_MASKLINE, LUA_MASKCOUNT, LUA_MASKLINE | LUA_MASKCOUNT, LUA_MASKCALL | LUA_MASKRET, 0 };
  static const luaL_Reg functions[] = { {"arm", arm}, {"armed_compare", armed_compare}, {"armed_once", armed_once}, {"armed_piece", armed_piece},
    {"arm_main", arm_main}, {NULL, NULL} };
  size_t i, m;
  lua_pushglobaltable(L);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
  for (i = 0; i < sizeof lines / sizeof lines[0]; i++)
    for (m = 0; m < sizeof masks / sizeof masks[0]; m++) {
      int status;
      printf("%s, %d:", lines[i], masks[m]);
      lua_pushfstring(L,
        "local m = {__index = arm, __newindex = arm, __add = arm, __sub = arm, __mul = arm, __div = arm, __mod = arm, __pow = arm, __unm = arm, __len = arm,\n"
        "__concat = arm, __call = arm, __eq = armed_compare, __lt = armed_compare, __le = armed_compare, __tostring = function() arm() return '' end}\n"
        "local up, u, k, _ENV = setmetatable({}, m), setmetatable({}, m), 'k', setmetatable({t = setmetatable({method = 1}, m)}, {__index = function(_, name)\n"
        "if name == 'undefined' then arm() end return _G[name] end, __newindex = arm})\nlocal t = setmetatable({}, m)\nreturn function()\nlocal k = k local z = u\n"
        "%s\nlocal after = 1\nlocal last = 2\nend", lines[i]);
      armed_mask = 0;
      if (luaL_dostring(L, lua_tostring(L, -1)) != LUA_OK) {
        say("%s", lua_tostring(L, -1));
        lua_settop(L, 0);
        continue;
      }
      told = 0;
      armed_mask = masks[m];
      /* with no mask the hook is there and goes */
      if (armed_mask == 0) lua_sethook(L, told_hook, LUA_MASKLINE, 0);
      status = lua_pcall(L, 0, 0, 0);
      lua_sethook(L, NULL, 0, 0);
      say(" %s", status == LUA_OK ? "" : lua_tostring(L, -1));
      lua_settop(L, 0);
    }
}

/* The host uses a thread that does not run: suspended in a hook, or dead. What it calls sets a hook. */
static void t_set_on_waiting_thread(lua_State *L) {
  static const char *const bodies[] = { "local a = 1\nlocal b = 2\nreturn b", "local a\nlocal b = a.x" };
  size_t i;
  lua_register(L, "arm", arm);
  armed_mask = LUA_MASKLINE;
  run_lua(L, "return setmetatable({}, {__index = arm, __newindex = arm, __eq = arm, __lt = arm, __concat = arm, __len = arm, __add = arm})");
  for (i = 0; i < 2; i++) {
    lua_State *co = lua_newthread(L);
    int status;
    compile(co, bodies[i]);
    if (i == 0) lua_sethook(co, yielding_hook, LUA_MASKLINE, 0);
    status = lua_resume(co, L, 0);
    show_status(co, "stopped", status);
    lua_sethook(co, NULL, 0, 0);
    lua_checkstack(co, 20);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_getfield(co, -1, "x");
    lua_sethook(co, NULL, 0, 0);
    lua_pushvalue(co, -2);
    lua_arith(co, LUA_OPADD);
    lua_sethook(co, NULL, 0, 0);
    lua_pushvalue(co, -1);
    lua_setfield(co, -2, "y");
    printf("  %d %d %s,", lua_compare(co, -1, -1, LUA_OPLT), lua_compare(co, -1, -1, LUA_OPEQ), luaL_typename(co, -1));
    told = 0;
    lua_settop(co, 0);
    if (status == LUA_YIELD) status = lua_resume(co, L, 0);
    say(" %s, %d", status_name(status), lua_gettop(co) > 0 ? (int)lua_tointeger(co, -1) : 0);
    lua_settop(L, 1);
  }
  lua_settop(L, 0);
}

/* A finalizer sets the hook, whatever instruction ran the collector: the first line it tells of is the next. */
static int line_of_finalizer, line_told;
static void first_line_hook(lua_State *L, lua_Debug *ar) {
  line_told = ar->currentline;
  lua_sethook(L, NULL, 0, 0);
}
static int arming_finalizer(lua_State *L) {
  lua_Debug ar;
  int level;
  for (level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (*ar.what != 'C') break;
  }
  if (line_of_finalizer == 0 && ar.currentline > 1) {
    line_of_finalizer = ar.currentline;
    lua_sethook(L, first_line_hook, LUA_MASKLINE, 0);
  }
  return 0;
}
static int is_line_told(lua_State *L) {
  lua_pushboolean(L, line_told != 0);
  return 1;
}
static void t_set_by_collector(lua_State *L) {
  static const char *const lines[] = { "t = {t and 1}", "s = t .. i", "do local u = i f = function() return u end end", "t = ('x'):rep(i)", "t = {1, 2, 3, i}", "t = ('x'):upper() .. i" };
  size_t i;
  int n;
  lua_register(L, "finalizer", arming_finalizer);
  lua_register(L, "is_line_told", is_line_told);
  for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, "local t, s, f, i = 'a', 'b', nil, 100 setmetatable({}, {__gc = finalizer}) for turn = 1, 3000 do if is_line_told() then break end\n");
    for (n = 0; n < 200; n++) {
      luaL_addstring(&b, lines[i]);
      luaL_addstring(&b, strstr(lines[i], "{") ? "\n" : " i = turn\n");
    }
    luaL_addstring(&b, "end");
    luaL_pushresult(&b);
    compile(L, lua_tostring(L, -1));
    lua_gc(L, LUA_GCCOLLECT, 0);
    line_of_finalizer = line_told = 0;
    lua_call(L, 0, 0);
    lua_sethook(L, NULL, 0, 0);
    /* the last line of the loop is 201 */
    say("%s: %s", lines[i], line_of_finalizer == 0 ? "not finalized" : line_told == line_of_finalizer + 1 || line_of_finalizer == 201 ? "next line" : "late");
    lua_settop(L, 0);
  }
}

/* ---- protected calls have ended when their return hook runs --------------------------------------------- */

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}
static void pcall_in_return_hook(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "n", ar);
  if (ar->name && strcmp(ar->name, "xpcall") == 0) {
    lua_sethook(L, NULL, 0, 0);
    lua_pushcfunction(L, nothing);
    show_status(L, "  pcall in the hook", lua_pcall(L, 0, 0, 0));
    run_lua(L, "local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end return select('#', pcall(f, 150))");
    show_value(L, "  calls", -1);
  }
}
/* the levels of C that a handler used up, failing for ever, are free again */
static void t_return_hook_after_handler(lua_State *L) {
  static const char *const bodies[] = { "local ok, e = xpcall(error, error) return ok, e", "return xpcall(error, error)",
    "return coroutine.wrap(function() local ok, e = xpcall(error, error) return ok, e end)()",
    "local function f() return f() + 1 end local ok, e = xpcall(f, function(m) return #m > 0 end) return ok, e" };
  size_t i;
  for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    say("%s", bodies[i]);
    compile(L, bodies[i]);
    lua_sethook(L, pcall_in_return_hook, LUA_MASKRET, 0);
    show_status(L, "  status", lua_pcall(L, 0, 2, 0));
    lua_sethook(L, NULL, 0, 0);
    show_stack(L, "  results");
    lua_settop(L, 0);
  }
}

/* the function that the return hook is told of is the one that returns, and its results are there */
static void results_hook(lua_State *L, lua_Debug *ar) {
  int n;
  lua_getinfo(L, "Snf", ar);
  if (*ar->what != 'C' || !ar->name || !strstr(ar->name, "pcall")) {
    lua_pop(L, 1);
    return;
  }
  lua_getglobal(L, ar->name);
  printf("  %s, %s function:", ar->name, lua_rawequal(L, -1, -2) ? "that" : "another");
  lua_pop(L, 2);
  for (n = 1; n < 5 && lua_getlocal(L, ar, n) != NULL; n++) {
    putchar(' ');
    show(L, -1);
    lua_pop(L, 1);
  }
  putchar('\n');
}
static void t_return_hook_of_pcall(lua_State *L) {
  lua_sethook(L, results_hook, LUA_MASKRET, 0);
  run_lua(L, "local a = pcall(math.max, 1, 2) local b = pcall(error, 'e') local c = xpcall(math.max, print, 1, 2) local d = xpcall(error, tostring, 'f')\n"
             "return pcall(select, 2, 'x', 'y', 'z')");
  lua_sethook(L, NULL, 0, 0);
  show_stack(L, "results");
  lua_settop(L, 0);
}

/* ---- a scheduler whose tasks are in the libraries ------------------------------------------------------- */

static void t_yield_in_libraries(lua_State *L) {
  static const char *const bodies[] = {
    "local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1000 end table.sort(t) return t[1], t[1000]",
    "local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1000 end table.sort(t, rawequal) return #t",
    "local s = ('a'):rep(3000) return s:find('b'), (s:find('.-b'))",
    "local s = ('a'):rep(16) return s:find(('a?'):rep(16) .. '[bc]')",
    "local s, p = ('a'):rep(16), ('a?'):rep(16) .. '[bc]' local a, b = s:gsub(p, ''), s:match(p) for x in s:gmatch(p) do end return #a, b",
    "local s = ('key=value;'):rep(5000) local n = 0 for k in s:gmatch('%w+=%w+') do n = n + 1 end return n",
    "local s = ('x y '):rep(20000) return #s:gsub('%s', '_'), s:match('^(.-)$') == s",
    "local s = ('a'):rep(3000) local ok, i = pcall(string.find, s, '.-b') local ok2, e = pcall(string.find, s, '.-(b') return ok, i, ok2, e",
    "local s, p = ('a'):rep(16), ('a?'):rep(16) .. '[bc]' local m = getmetatable('') m.__add, m.__call = s.find, s.find local a = s + p local b = s(p) return a, b",
    "local f, e = load(('x = 1; do end '):rep(300):gmatch('.')) return f ~= nil, e",
    "local s, p = ('a'):rep(16), ('a?'):rep(16) .. '[bc]' return coroutine.wrap(function() return s:find(p), coroutine.yield() end)(), pcall(s.gsub, s, p, '')"
  };
  static const int counts[] = { 100, 1000, 7 };
  size_t i, c;
  for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
    for (c = 0; c < sizeof counts / sizeof counts[0]; c++) {
      lua_State *co = lua_newthread(L);
      int status;
      compile(co, bodies[i]);
      lua_sethook(co, yielding_hook, LUA_MASKCOUNT, counts[c]);
      do status = lua_resume(co, L, 0); while (status == LUA_YIELD && lua_gettop(co) == 0);
      printf("%d %d %s ", (int)i, counts[c], status_name(status));
      show_stack(co, "results");
      lua_pop(L, 1);
    }
}

/* what lua_getinfo knows in a hook of each kind */
static void asking_hook(lua_State *L, lua_Debug *ar) {
  int top = lua_gettop(L), ok;
  if (limit-- <= 0) return;
  ok = lua_getinfo(L, "nSltufL", ar);
  say("  %s ok %d: %s '%s' %s %s:%d-%d at %d, ups %d params %d vararg %d tail %d, pushed %d: %s, %s", event_name(ar->event), ok, ar->namewhat,
      ar->name ? ar->name : "?", ar->what, ar->short_src, ar->linedefined, ar->lastlinedefined, ar->currentline, ar->nups, ar->nparams,
      ar->isvararg, ar->istailcall, lua_gettop(L) - top, luaL_typename(L, top + 1), luaL_typename(L, top + 2));
}
static void t_getinfo_in_hook(lua_State *L) {
  static const int masks[] = { LUA_MASKCALL, LUA_MASKRET, LUA_MASKLINE, LUA_MASKCOUNT };
  int i;
  for (i = 0; i < 4; i++) {
    compile(L, "local up = 1\nlocal function f(a, b, ...)\n return up\nend\nlocal function g() return f(1) end\ng()\ntostring(g())");
    limit = 12;
    lua_sethook(L, asking_hook, masks[i], 3);
    lua_call(L, 0, 0);
    lua_sethook(L, NULL, 0, 0);
  }
}

static void t_yield_outside(lua_State *L) {
  compile(L, "local a = 1\nlocal b = 2");
  lua_sethook(L, yielding_hook, LUA_MASKLINE, 0);
  show_status(L, "not in a coroutine", lua_pcall(L, 0, 0, 0));
  lua_sethook(L, NULL, 0, 0);
}

/* ---- the Lua side ------------------------------------------------------------------------------------ */

static void t_debug_sethook(lua_State *L) {
  run_lua(L, "local log = {} debug.sethook(function(e, l) log[#log + 1] = e .. ':' .. tostring(l) end, 'crl')\n"
             "local function f()\n return 1\nend\nf()\nlocal function g() return f() end\ng()\ndebug.sethook()\nprint(table.concat(log, ' '))");
  run_lua(L, "local n = 0 debug.sethook(function(e) n = n + 1 if n == 1 then print(e, select(2, debug.gethook())) end end, '', 100) "
             "for i = 1, 1000 do end debug.sethook() print(n)");
  run_lua(L, "print(debug.gethook()) print(pcall(debug.sethook, print)) print(debug.gethook())");
  run_lua(L, "local co = coroutine.create(function() local x = 1\n local y = 2 end) "
             "debug.sethook(co, function(e, l) print('in co', e, l) end, 'l') coroutine.resume(co) print(debug.gethook()) print(debug.gethook(co) ~= nil)");
  print_hook(L, "external");
  lua_sethook(L, trace, LUA_MASKLINE, 0);
  limit = 0;
  run_lua(L, "print(debug.gethook())");
  lua_sethook(L, NULL, 0, 0);
}

/* with a hook set, library functions written in C still report the right places */
static void t_where_in_hook(lua_State *L) {
  lua_sethook(L, raising_hook, LUA_MASKCALL, 0);
  compile(L, "tostring(1)");
  show_status(L, "call hook of the chunk", lua_pcall(L, 0, 0, 0));
  lua_sethook(L, NULL, 0, 0);
  compile(L, "local f = ...\nf(\n)\n");
  run_lua(L, "return function()\n local x\nend");
  lua_sethook(L, raising_hook, LUA_MASKRET, 0);
  show_status(L, "return hook", lua_pcall(L, 1, 0, 0));
  lua_sethook(L, NULL, 0, 0);
}

static const Section sections[] = {
  { "line", t_line },
  { "call", t_call },
  { "count", t_count },
  { "getters", t_getters },
  { "threads_inherit", t_threads_inherit },
  { "raise", t_raise },
  { "call_in_hook", t_call_in_hook },
  { "locals_in_hook", t_locals_in_hook },
  { "change_in_hook", t_change_in_hook },
  { "yield", t_yield },
  { "scheduler", t_scheduler },
  { "yield_everywhere", t_yield_everywhere },
  { "yield_over_c", t_yield_over_c },
  { "set_in_foreign_code", t_set_in_foreign_code },
  { "set_on_waiting_thread", t_set_on_waiting_thread },
  { "set_by_collector", t_set_by_collector },
  { "return_hook_after_handler", t_return_hook_after_handler },
  { "return_hook_of_pcall", t_return_hook_of_pcall },
  { "yield_in_libraries", t_yield_in_libraries },
  { "getinfo_in_hook", t_getinfo_in_hook },
  { "yield_outside", t_yield_outside },
  { "debug_sethook", t_debug_sethook },
  { "where_in_hook", t_where_in_hook },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
