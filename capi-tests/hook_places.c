/* A hook does each thing it may do at each event of each of these programs, in the main program and in a coroutine: raises an
 * error, yields, calls, changes the hook, looks around. Suspended and dead coroutines are looked at in full. One line
 * tells of all that happened at an event: a checksum of its story. `hook_places PLACE` tells the stories of one place. */
#include "support.h"
#include <stdarg.h>

/* ---- the story of one run ----------------------------------------------------------------------------- */

static int aloud;
static unsigned long checksum;

static void tell(const char *format, ...) {
  char line[1000], *from, *to;
  va_list list;
  va_start(list, format);
  vsnprintf(line, sizeof line, format, list);
  va_end(list);
  /* which name of a library function is found first depends on a seed */
  for (from = to = line; *from; ) {
    if (strncmp(from, "_G.", 3) == 0) from += 3;
    else *to++ = *from++;
  }
  *to = 0;
  if (aloud) printf("    %s\n", line);
  for (from = line; *from; from++) checksum = (checksum * 33 + (unsigned char)*from) & 0xffffffffUL;
}

static const char *value(lua_State *L, int index) {
  static char text[4][300];
  static int turn;
  char *s = text[turn++ % 4];
  switch (lua_type(L, index)) {
    case LUA_TNUMBER: sprintf(s, "%.14g", (double)lua_tonumber(L, index)); break;
    case LUA_TSTRING: sprintf(s, "'%.250s'", lua_tostring(L, index)); break;
    case LUA_TBOOLEAN: sprintf(s, "%s", lua_toboolean(L, index) ? "true" : "false"); break;
    case LUA_TFUNCTION: sprintf(s, "%s function", lua_iscfunction(L, index) ? "C" : "Lua"); break;
    default: sprintf(s, "%s", luaL_typename(L, index)); break;
  }
  return s;
}

static void tell_values(lua_State *L, const char *what, int from) {
  int i;
  tell("%s: %d", what, lua_gettop(L) - from + 1);
  for (i = from; i <= lua_gettop(L); i++) tell("  %s", value(L, i));
}

/* All that the debug interface knows of the calls of a thread. */
static void look_around(lua_State *L, lua_State *thread, int temporaries) {
  lua_Debug ar;
  int level, n, top = lua_gettop(thread);
  lua_checkstack(thread, 10);
  for (level = 0; level < 30 && lua_getstack(thread, level, &ar); level++) {
    const char *name;
    int is_lua;
    if (!lua_getinfo(thread, "nSlutfL", &ar)) tell("wrong option");
    is_lua = !lua_iscfunction(thread, -2);
    tell("%d %s %s %s %s:%d-%d at %d, %d %d %d %d, %s %s", level, ar.namewhat, ar.name ? ar.name : "?", ar.what, ar.short_src, ar.linedefined,
      ar.lastlinedefined, ar.currentline, ar.nups, ar.nparams, ar.isvararg, ar.istailcall, value(thread, -2), value(thread, -1));
    lua_pop(thread, 2);
    if (lua_gettop(thread) != top) tell("stack of %d, not %d", lua_gettop(thread), top);
    if (!is_lua && (!temporaries || level > 0)) continue;
    /* of a C function only the arguments: what the library keeps above them is its own */
    for (n = 1; n < (is_lua ? 12 : 3) && (name = lua_getlocal(thread, &ar, n)) != NULL; n++) {
      /* what a call has put above the variables is no promise */
      if (*name == '(' && (is_lua || level > 0)) tell("  %d %s", n, name);
      else tell("  %d %s = %s", n, name, value(thread, -1));
      lua_pop(thread, 1);
      if (*name == '(' && (is_lua || level > 0)) break;
    }
    for (n = -1; n > -4 && (name = lua_getlocal(thread, &ar, n)) != NULL; n--) {
      tell("  %d %s = %s", n, name, value(thread, -1));
      lua_pop(thread, 1);
    }
    if (level == 0 && is_lua) {
      /* an assignment to a variable that is there changes it, any other nothing */
      for (n = 1; n < 3; n++) {
        name = lua_getlocal(thread, &ar, n);
        if (name == NULL) {
          lua_pushnil(thread);
          tell("  set %d: %s", n, lua_setlocal(thread, &ar, n) ? "yes" : "no");
        }
        else tell("  set %d: %s", n, lua_setlocal(thread, &ar, n));
      }
    }
  }
  luaL_traceback(L, thread, "a traceback", 0);
  tell("%s", lua_tostring(L, -1));
  lua_pop(L, 1);
}

/* ---- the hook ------------------------------------------------------------------------------------------ */

enum { ERROR, NIL_ERROR, YIELD, YIELD_FOR_VALUES, PCALL, CALL, LOOK, CLEAR, OTHER, RESUME, CLEAR_AND_ERROR, CLEAR_AND_YIELD, ACTIONS };
static const char *const action_names[] = { "error", "nil error", "yield", "yield for values", "pcall", "call", "look", "clear", "other",
  "resume", "clear and error", "clear and yield" };
static int calm, action, target, seen, later, nothing_more, values_wanted;

static void other_hook(lua_State *L, lua_Debug *ar) {
  if (later++ < 20) {
    int line = ar->currentline;
    lua_getinfo(L, "nS", ar);
    tell("  event %d at %d in %s", ar->event, line, ar->what);
  }
}

static void run_in_hook(lua_State *L, const char *code) {
  if (luaL_loadstring(L, code) != LUA_OK) tell("hook's code: %s", lua_tostring(L, -1));
  lua_call(L, 0, 2);
  tell("in the hook: %s %s", value(L, -2), value(L, -1));
}

static int action_yields(int what) { return what == YIELD || what == YIELD_FOR_VALUES || what == CLEAR_AND_YIELD; }

static void hook(lua_State *L, lua_Debug *ar) {
  int line = ar->currentline, is_c, status;
  if (nothing_more || ++seen != target) return;
  lua_getinfo(L, "nSf", ar);
  is_c = lua_iscfunction(L, -1);
  lua_pop(L, 1);
  tell("event %d at %d in %s %s", ar->event, line, ar->what, ar->name ? ar->name : "?");
  /* The hook of a Lua function's call or return: the thread runs on with the status of a yield. On the reference the
   * debug interface is not to be used any more then, and apicheck refuses calls. */
  if (!is_c && line < 0 && ar->event != LUA_HOOKCOUNT && (!calm || getenv("CAPI_TESTS_APICHECK") != NULL) &&
      action_yields(action))
    return;
  switch (action) {
    case CLEAR_AND_ERROR: lua_sethook(L, NULL, 0, 0); /* FALLTHROUGH */
    case ERROR: luaL_error(L, "from the hook"); break;
    case NIL_ERROR: lua_pushnil(L); lua_error(L); break;
    case YIELD_FOR_VALUES: values_wanted = is_c; nothing_more = 1; lua_yield(L, 0); break;
    case CLEAR_AND_YIELD: lua_sethook(L, NULL, 0, 0); nothing_more = 1; lua_yield(L, 0); break;
    case YIELD: nothing_more = 1; lua_yield(L, 0); break;
    case PCALL:
      luaL_loadstring(L, "local t = nil; t.x = 1");
      status = lua_pcall(L, 0, 1, 0);
      tell("status %d: %s", status, value(L, -1));
      break;
    case CALL: run_in_hook(L, "local function f(n) if n > 0 then return f(n - 1) end return pcall(error, 'e') end return f(5)"); break;
    case LOOK: look_around(L, L, 0); break;
    case CLEAR: lua_sethook(L, NULL, 0, 0); break;
    case OTHER: lua_sethook(L, other_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 3); break;
    case RESUME: run_in_hook(L, "local co = coroutine.wrap(function(a) local b = coroutine.yield(a) error(b, 0) end) co(1) return pcall(co, 2)"); break;
  }
}

/* ---- the programs -------------------------------------------------------------------------------------- */

static int same(lua_State *L) { return lua_gettop(L); }
static int c_error(lua_State *L) { lua_settop(L, 1); return lua_error(L); }
static int says(lua_State *L) { return luaL_error(L, "said %s", luaL_checkstring(L, 1)); }
static int c_call(lua_State *L) { lua_call(L, lua_gettop(L) - 1, LUA_MULTRET); return lua_gettop(L); }
static int c_pcall(lua_State *L) { lua_pushinteger(L, lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0)); return lua_gettop(L); }
static int after(lua_State *L) { lua_pushinteger(L, lua_getctx(L, NULL)); return lua_gettop(L); }
static int c_callk(lua_State *L) { lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 7, after); return after(L); }
static int c_pcallk(lua_State *L) { lua_pushinteger(L, lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 7, after)); return lua_gettop(L); }
static int c_yield(lua_State *L) { return lua_yield(L, lua_gettop(L)); }
static int c_yield_one(lua_State *L) { return lua_yield(L, 1); }
static int c_yieldk(lua_State *L) { return lua_yieldk(L, 1, 3, after); }
static int c_less(lua_State *L) { lua_pushboolean(L, lua_tonumber(L, 1) < lua_tonumber(L, 2)); return 1; }
static int c_next(lua_State *L) { int i = (int)lua_tointeger(L, 2) + 1; if (i > lua_tointeger(L, 1)) return 0; lua_pushinteger(L, i); return 1; }
static const luaL_Reg functions[] = { {"same", same}, {"c_error", c_error}, {"says", says}, {"c_call", c_call}, {"c_pcall", c_pcall},
  {"c_callk", c_callk}, {"c_pcallk", c_pcallk}, {"c_yield", c_yield}, {"c_yield_one", c_yield_one}, {"c_yieldk", c_yieldk}, {"c_less", c_less},
  {"c_next", c_next}, {NULL, NULL} };

/* A calm one has no C function that asks the debug interface. */
static const struct { int calm; const char *name, *code; } places[] = {
  { 1, "pcall", "local a, b = pcall(function(x)\n return x\nend, 1)\nlocal c = 2\nreturn a, b, c" },
  { 1, "pcall_c", "local a, b = pcall(same, 1, 2)\nlocal c = 2\nreturn a, b, c" },
  { 0, "pcall_error", "local a, b = pcall(error, 'e')\nlocal c = 2\nreturn a, b, c" },
  { 0, "pcall_deep_error", "local a, b = pcall(function()\n local t\n return t.x\nend)\nlocal c = 2\nreturn a, b, c" },
  { 0, "pcall_tail", "local function f(...)\n return pcall(...)\nend\nlocal a, b = f(same, 1)\nlocal c, d = f(error, 2)\nreturn a, b, c, d" },
  { 0, "pcall_whole", "return pcall(same, 1, 2, 3)" },
  { 0, "pcall_pcall", "local a, b, c = pcall(pcall, error, 'e')\nlocal x, y = pcall(function()\n return pcall(same, 1)\nend)\nreturn a, b, c, x, y" },
  { 0, "pcall_in_pcall", "local function f(n)\n if n <= 0 then return error('bottom', 0) end\n local ok, m = pcall(f, n - 1)\n error(m .. n, 0)\nend\nreturn pcall(f, 3)" },
  { 0, "pcall_wrong", "local a, b = pcall()\nreturn a, b" },
  { 0, "xpcall", "local a, b = xpcall(function(x)\n return x\nend, same, 1)\nreturn a, b" },
  { 0, "xpcall_error", "local a, b = xpcall(function()\n error('e')\nend, function(m)\n return m .. '!'\nend)\nreturn a, b" },
  { 0, "xpcall_handler_fails", "local n = 0\nlocal a, b = xpcall(error, function(m)\n n = n + 1\n if n < 4 then error('again') end\n return n\nend)\nreturn a, b, n" },
  { 0, "xpcall_handler_is_none", "local a, b = xpcall(error, 1)\nlocal c, d = xpcall(same, nil, 4)\nreturn a, b, c, d" },
  { 0, "from_c", "local a, b = c_pcall(same, 1)\nlocal c, d = c_pcall(error, 'e')\nlocal e = c_call(function()\n return 1\nend)\nreturn a, b, c, d, e" },
  { 0, "continuations", "local a, b = c_pcallk(same, 1)\nlocal c, d = c_pcallk(error, 'e')\nlocal e, f = c_callk(function()\n return 1\nend)\nreturn a, b, c, d, e, f" },
  { 1, "continuations_yield", "local a, b = c_pcallk(function(...)\n c_yield_one(...)\n error('x')\nend, 1, 2)\nlocal e, f = c_callk(c_yield, 5)\nreturn a, b, e, f, c_yieldk(4)" },
  { 0, "pcall_from_c", "local a, b, c = c_call(pcall, same, 1)\nlocal d, e, f = c_callk(pcall, error, 'x')\nreturn a, b, c, d, e, f" },
  { 0, "resume", "local co = coroutine.create(function(a)\n local b = coroutine.yield(a)\n return b\nend)\nlocal a, b = coroutine.resume(co, 1)\n"
              "local c, d = coroutine.resume(co, 2)\nlocal e, f = coroutine.resume(co)\nreturn a, b, c, d, e, f" },
  { 0, "resume_error", "local co = coroutine.create(function(a)\n local t\n return t.x\nend)\nlocal a, b = coroutine.resume(co, 1)\nreturn a, b, debug.traceback(co)" },
  { 0, "wrap", "local f = coroutine.wrap(function(a)\n local b = coroutine.yield(a)\n error('w')\nend)\nlocal a = f(1)\nlocal b, c = pcall(f, 2)\nreturn a, b, c" },
  { 1, "yield", "local a = coroutine.yield(1, 2)\nlocal b = c_yield(3)\nlocal c, d = pcall(function(...)\n local x = coroutine.yield(...)\n return c_yield_one(4, 5, 6)\nend, 1)\nreturn a, b, c, d" },
  { 1, "yield_tail", "local function f(...)\n return coroutine.yield(...)\nend\nlocal a = f(1, 2)\nreturn c_yield_one(3, 4)" },
  { 1, "index", "local t = setmetatable({}, {__index = function(t, k)\n return k\nend, __newindex = function(t, k, v)\n rawset(t, k, v)\nend})\nlocal a = t.x\nt.y = 2\nreturn a, t.y" },
  { 1, "arith", "local t = setmetatable({}, {__add = function(a, b)\n return 1\nend, __unm = same, __len = function() return 5 end, __concat = function() return 'c' end})\n"
             "local a = t + 1\nlocal b = #t\nlocal c = 'x' .. 'y' .. t\nlocal d = -t\nreturn a, b, c, d == t" },
  { 1, "compare", "local m = {__lt = function(a, b)\n return true\nend, __eq = function()\n return true\nend}\nlocal t, u = setmetatable({}, m), setmetatable({}, m)\n"
               "local n = 0\nif t < u then n = n + 1 end\nif t <= u then n = n + 2 end\nif t == u then n = n + 4 end\nreturn n" },
  { 0, "c_metamethods", "local t = setmetatable({}, {__index = same, __add = same, __lt = c_less, __call = same, __concat = c_error})\n"
                     "local a, b, c, d = t.x, t + 2, t(3), pcall(function()\n return t .. 'x'\nend)\nreturn a == t, b == t, c == t, d" },
  { 0, "meta_yield", "local t = setmetatable({}, {__index = function(t, k)\n return coroutine.yield(k)\nend, __add = coroutine.yield, __lt = c_yield})\n"
                  "local a = t.x\nlocal b = t + 1\nlocal c = t < t\nreturn a, b, c" },
  { 1, "call", "local t = setmetatable({}, {__call = function(self, a)\n return a\nend})\nlocal a = t(1)\nlocal b, c = pcall(t, 2)\nreturn a, b, c, t(3)" },
  { 0, "iterator", "local n = 0\nfor i in function(s, i)\n if not i then return 1 end\nend do\n n = n + i\nend\nfor i in c_next, 3 do\n n = n + i\nend\nfor k, v in pairs({1, 2}) do n = n + v end\nreturn n" },
  { 0, "iterator_yield", "local n = 0\nfor i in coroutine.wrap(function()\n coroutine.yield(1)\n coroutine.yield(2)\nend) do\n n = n + i\nend\nfor i in coroutine.yield do\n n = n + 1\nend\nreturn n" },
  { 0, "sort", "local t = {3, 1, 2}\ntable.sort(t, function(a, b)\n return a < b\nend)\nlocal u = {2, 1}\ntable.sort(u, c_less)\nlocal v = {2, 3, 1}\ntable.sort(v)\nreturn t[1], t[2], t[3], u[1], v[1]" },
  { 0, "gsub", "local a = ('abc'):gsub('.', function(c)\n return c .. c\nend)\nlocal b = ('abc'):gsub('b', same)\nlocal n = 0\nfor w in ('a b'):gmatch('%a') do\n n = n + 1\nend\nreturn a, b, n, tostring(12)" },
  { 0, "tostring", "local t = setmetatable({}, {__tostring = function()\n return 'T'\nend})\nlocal a = tostring(t)\nreturn a" },
  { 0, "load", "local n = 0\nlocal f = load(function()\n n = n + 1\n return ({'return', ' 7'})[n]\nend)\nreturn f()" },
  { 0, "collect", "setmetatable({}, {__gc = function()\n local x = 1\nend})\ncollectgarbage()\nlocal a = 1\nreturn a" },
  { 1, "tail", "local function f(n)\n if n > 0 then return f(n - 1) end\n return same(n)\nend\nlocal a = f(2)\nreturn f(1)" },
  { 1, "varargs", "local function f(...)\n local a, b = ...\n return select('#', ...), ...\nend\nlocal a, b, c = f(1, 2, 3)\nreturn a, b, c, (f())" },
  { 1, "loops", "local n = 0\nfor i = 1, 3 do\n n = n + i\nend\nwhile n > 4 do n = n - 1 end\nrepeat\n n = n + 1\nuntil n > 6\nreturn n" },
  { 1, "closures", "local f\ndo\n local a = 1\n f = function() a = a + 1 return a end\nend\nlocal b = f()\nreturn f(), b" },
  { 0, "error", "local a = 1\nlocal t = nil\nreturn t.x" },
  { 0, "error_c", "local a = 1\nsays('it')" },
  { 0, "error_arith", "local a = {}\nlocal b = 1 + 2 + a\nreturn b" },
  { 0, "error_call", "local a = 1\nreturn same(2, 3, undefined(4))" },
  { 0, "error_concat", "local a = 'x' .. 1 .. {}\nreturn a" },
  { 0, "error_compare", "local a = 1\nreturn a < 'x'" },
  { 0, "error_for", "for i = 1, 'x' do end" },
  { 0, "error_value", "local a = 1\nc_error({})" },
};

/* ---- running ------------------------------------------------------------------------------------------- */

static int handler(lua_State *L) {
  tell("handler: %s", value(L, 1));
  lua_settop(L, 1);
  return 1;
}

static void run_main(lua_State *L, const char *code, int mask) {
  int status;
  lua_pushcfunction(L, handler);
  compile(L, code);
  lua_sethook(L, hook, mask, 1);
  status = lua_pcall(L, 0, LUA_MULTRET, 1);
  lua_sethook(L, NULL, 0, 0);
  tell("status %d", status);
  tell_values(L, "results", 2);
  lua_settop(L, 0);
}

static void run_coroutine(lua_State *L, const char *code, int mask) {
  lua_State *co = lua_newthread(L);
  int status, turns = 0, nargs = 0, i;
  compile(co, code);
  look_around(L, co, 1);
  lua_sethook(co, hook, mask, 1);
  while ((status = lua_resume(co, L, nargs)) == LUA_YIELD && turns++ < 40) {
    tell_values(co, "yields", 1);
    look_around(L, co, 1);
    lua_settop(co, 0);
    nargs = values_wanted;
    values_wanted = 0;
    for (i = 0; i < nargs; i++) lua_pushinteger(co, 10 + i);
  }
  tell("status %d", status);
  if (status == LUA_OK || status == LUA_YIELD) tell_values(co, "results", 1);
  else {
    /* below are registers that nothing was put into yet, and what the hook left */
    look_around(L, co, 0);
    if (seen < target) tell("dead with %d", lua_gettop(co));
    i = lua_gettop(co) - (seen < target ? 2 : 0);
    tell_values(co, "the topmost", i > 0 ? i : 1);
  }
  lua_settop(L, 0);
}

/* The state can be used. */
static void use(lua_State *L) {
  if (luaL_dostring(L, "local co = coroutine.wrap(function(...) local a = coroutine.yield(...) error(a, 0) end)\n"
    "local t = {3, 1, 2} table.sort(t, function(a, b) return a < b end)\n"
    "return co(1, 2) + t[3], select(2, pcall(co, 'e')), pcall(error, 'x', 0)")) tell("error");
  tell_values(L, "afterwards", 1);
  lua_settop(L, 0);
}

/* The number of events. */
static int run(const char *code, int in_coroutine, int mask, int what, int when) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  lua_pushglobaltable(L);
  luaL_setfuncs(L, functions, 0);
  lua_settop(L, 0);
  action = what;
  target = when;
  checksum = 5381;
  seen = later = nothing_more = values_wanted = 0;
  (in_coroutine ? run_coroutine : run_main)(L, code, mask);
  use(L);
  lua_close(L);
  return seen;
}

int main(int argc, char **argv) {
  static const int masks[] = { LUA_MASKCALL | LUA_MASKRET, LUA_MASKLINE, LUA_MASKCOUNT };
  static const char *const mask_names[] = { "calls", "lines", "instructions" };
  size_t place;
  int in_coroutine, mask, what, when;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  aloud = argc > 1;
  for (place = 0; place < sizeof places / sizeof places[0]; place++) {
    if (argc > 1 && strcmp(argv[1], places[place].name) != 0) continue;
    for (in_coroutine = 0; in_coroutine < 2; in_coroutine++)
      for (mask = 0; mask < 3; mask++)
        for (what = 0; what < ACTIONS; what++) {
          int events = 1;
          /* the reference counts one more where an iterator was interrupted; see differences.c */
          if ((what == OTHER || masks[mask] == LUA_MASKCOUNT) && strcmp(places[place].name, "iterator_yield") == 0) continue;
          printf("%s %s %s %s:", places[place].name, in_coroutine ? "coroutine" : "main", mask_names[mask], action_names[what]);
          for (when = 1; when <= events; when++) {
            if (aloud) printf("\n  %s %s %s %s %d:\n", places[place].name, in_coroutine ? "coroutine" : "main", mask_names[mask], action_names[what], when);
            calm = places[place].calm;
            if (when == 1) events = run(places[place].code, in_coroutine, masks[mask], what, 1000000);
            run(places[place].code, in_coroutine, masks[mask], what, when);
            printf(" %08lx", checksum);
          }
          putchar('\n');
        }
  }
  return 0;
}
