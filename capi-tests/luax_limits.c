/* The limits of luax.h: memory, steps, time, native stack; interrupts from functions, signals and other threads. */
#include "support.h"
#include <luax.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Runs code; prints the status and the message without its line. */
static int attempt(lua_State *L, const char *label, const char *code) {
  int status = luaL_loadstring(L, code);
  if (status == LUA_OK) status = lua_pcall(L, 0, 0, 0);
  if (status != LUA_OK) {
    const char *message = lua_tostring(L, -1);
    const char *end = message != NULL ? strstr(message, ":1: ") : NULL;
    say("%s: %s %s", label, status_name(status), message == NULL ? "no text" : end != NULL ? end + 4 : message);
    lua_pop(L, 1);
  } else {
    say("%s: %s", label, status_name(status));
  }
  return status;
}

static const char forever[] = "while true do end";

/* --- memory */

static const char eats[] = "local t = {} while true do t[#t + 1] = {} end";
static const char eats_strings[] = "local s = 'x' while true do s = s .. s end";

static size_t in_use(lua_State *L) {
  return (size_t)lua_gc(L, LUA_GCCOUNT, 0) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB, 0);
}

static size_t most, counted;
static void *counting_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud;
  if (ptr == NULL) osize = 0;
  if (nsize == 0) {
    counted -= osize;
    free(ptr);
    return NULL;
  }
  ptr = realloc(ptr, nsize);
  if (ptr != NULL) counted += nsize - osize;
  if (counted > most) most = counted;
  return ptr;
}

static void with_limit(lua_State *L, size_t bytes) {
  say("before: %d", (int)luaX_setmemlimit(L, bytes));
  attempt(L, "tables", eats);
  say("under it: %d", in_use(L) <= bytes);
  attempt(L, "strings", eats_strings);
  attempt(L, "caught", "for i = 1, 5 do local ok, m = pcall(function() local t = {} while true do t[#t + 1] = {} end end) "
                       "assert(not ok and m == 'not enough memory', m) end");
  attempt(L, "handler", "local ok, m = xpcall(error, function(m) return m .. '!' end, 'x') assert(m == 'x!')");
  attempt(L, "garbage is no matter", "for i = 1, 1e5 do local t = {i} end");
  attempt(L, "coroutines", "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end");
  attempt(L, "load", "local t = {} for i = 1, 1e9 do t[i] = load('return ' .. i) end");
  say("under it: %d", in_use(L) <= bytes);
  say("before: %d", (int)luaX_setmemlimit(L, 0) == (int)bytes);
  attempt(L, "without", "local t = {} for i = 1, 1e5 do t[i] = {} end");
}

static void t_memory(lua_State *L) {
  lua_State *own = lua_newstate(counting_alloc, NULL);
  luaL_openlibs(own);
  with_limit(L, 400000);
  most = counted;
  with_limit(own, 400000);
  lua_close(own);
  say("all given back: %d", (int)counted);
}

static void t_memory_values(lua_State *L) {
  size_t used;
  say("huge: %d", (int)luaX_setmemlimit(L, (size_t)-1));
  attempt(L, "huge", "local t = {} for i = 1, 1e4 do t[i] = {} end");
  /* What is in use is more: nothing grows, and what is there works. */
  luaX_setmemlimit(L, 1);
  attempt(L, "below", "x = 1 + 1");
  say("nothing grows: %d", lua_checkstack(L, 100000));
  luaX_setmemlimit(L, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  used = in_use(L);
  run_lua(L, "kept = {} for i = 1, 5000 do kept[i] = {} end");
  luaX_setmemlimit(L, used + 100000);
  attempt(L, "over it", "local t = {} for i = 1, 100 do t[i] = {} end");
  luaX_setmemlimit(L, 0);
  run_lua(L, "kept = nil");
  luaX_setmemlimit(L, used + 100000);
  attempt(L, "under it again", "local t = {} for i = 1, 100 do t[i] = {} end");
  luaX_setmemlimit(L, 0);
}

/* The collector comes earlier when objects hold memory outside. */
static int cycles(lua_State *L, ptrdiff_t outside) {
  luaX_Stats stats;
  size_t before;
  int i;
  stats.size = sizeof stats;
  luaX_stats(L, &stats);
  before = stats.cycles;
  for (i = 0; i < 100; i++) {
    lua_newuserdata(L, 1);
    lua_pop(L, 1);
    luaX_external(L, outside);
  }
  stats.size = sizeof stats;
  luaX_stats(L, &stats);
  say("told: %d", (int)stats.external);
  luaX_external(L, -(ptrdiff_t)stats.external);
  return (int)(stats.cycles - before);
}

static void t_external(lua_State *L) {
  int few = cycles(L, 0), many = cycles(L, 1000000);
  int count = lua_gc(L, LUA_GCCOUNT, 0), i;
  say("more cycles: %d", many > few);
  for (i = 0; i < 10; i++) luaX_external(L, (ptrdiff_t)((size_t)-1 / 2));
  say("not counted: %d", lua_gc(L, LUA_GCCOUNT, 0) <= count + 1);
  run_lua(L, "for i = 1, 1e4 do local t = {} end collectgarbage() print('huge')");
  for (i = 0; i < 10; i++) luaX_external(L, -(ptrdiff_t)((size_t)-1 / 2) - 1);
  run_lua(L, "for i = 1, 1e4 do local t = {} end collectgarbage() print('very negative')");
  luaX_external(L, 0);
}

static void t_stats(lua_State *L) {
  struct { luaX_Stats stats; size_t guard; } larger;
  luaX_Stats a, b;
  a.size = sizeof a;
  say("%d", luaX_stats(L, &a));
  say("size %d, sum %d, some of each %d", a.size == sizeof a,
      a.bytes >= a.strings.bytes + a.tables.bytes + a.functions.bytes + a.userdata.bytes + a.prototypes.bytes + a.upvalues.bytes,
      a.strings.count > a.shared_strings - 1 && a.tables.count > 5 && a.threads.count == 1 && a.userdata.count >= 3);
  run_lua(L, "kept = {} for i = 1, 100 do kept[i] = {} end co = coroutine.create(print)");
  b.size = sizeof b;
  luaX_stats(L, &b);
  say("%d tables more, %d thread", (int)(b.tables.count - a.tables.count), (int)(b.threads.count - a.threads.count));
  lua_gc(L, LUA_GCCOLLECT, 0);
  run_lua(L, "for i = 1, 1e5 do local t = {} end");
  luaX_stats(L, &b);
  say("cycles %d, longest %d", b.cycles > a.cycles, b.longest_step > 0);
  say("none: %d", luaX_stats(L, NULL));
  b.size = sizeof(size_t) - 1;
  say("too small: %d", luaX_stats(L, &b));
  b.size = 3 * sizeof(size_t);
  b.external = 77;
  say("a part: %d", luaX_stats(L, &b));
  say("filled: %d %d", b.size == 3 * sizeof(size_t), (int)b.external);
  larger.stats.size = sizeof larger;
  larger.guard = 78;
  say("more: %d", luaX_stats(L, &larger.stats));
  say("filled: %d %d", larger.stats.size == sizeof(luaX_Stats), (int)larger.guard);
  luaX_setmemlimit(L, 1);
  b.size = sizeof b;
  say("without memory: %d", luaX_stats(L, &b));
  say("limit: %d", (int)b.limit);
  luaX_setmemlimit(L, 0);
}

/* --- native stack */

static int depth;
static int nest(lua_State *L) {
  volatile char room[4000];
  room[lua_gettop(L)] = 1;
  depth++;
  lua_pushcfunction(L, nest);
  lua_call(L, 0, 0);
  return room[lua_gettop(L)] * 0;
}

static void t_stack(lua_State *L) {
  const size_t sizes[] = { 1, 100000, 400000, (size_t)-1, 0 };
  int i, depths[5];
  for (i = 0; i < 5; i++) {
    say("before: %d", (int)luaX_setnativestack(L, sizes[i]));
    depth = 0;
    try_c(L, "nested", nest, 0);
    depths[i] = depth;
    attempt(L, "gsub", "local function f(n) if n > 0 then return (string.gsub('x', 'x', function() return f(n - 1) end)) end end f(300)");
    attempt(L, "plain", "local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end assert(f(10000) == 10000)");
  }
  say("%d %d %d %d", depths[0] <= depths[1], depths[1] < depths[2], depths[2] < depths[3], depths[3] == depths[4]);
  say("in about so many bytes: %d %d", depths[1] > 5 && depths[1] < 40, depths[2] > 60 && depths[2] < 110);
}

/* --- steps */

static void t_steps(lua_State *L) {
  const double inf = HUGE_VAL;
  int i;
  say("none: %g", luaX_setsteps(L, 1000));
  attempt(L, "loop", forever);
  say("left: %g", luaX_setsteps(L, 1000));
  attempt(L, "calls", "local function f() return 0 end local function g(n) f() return g(n + 1) end g(1)");
  luaX_setsteps(L, 1e5);
  attempt(L, "pcall", "local function f(n) if n > 0 then pcall(f, n - 1) pcall(f, n - 1) end end f(40)");
  luaX_setsteps(L, 1e5);
  attempt(L, "caught", "while true do pcall(function() while true do end end) end");
  luaX_setsteps(L, 1e5);
  attempt(L, "handler", "xpcall(function() while true do end end, function() while true do end end) while true do end");
  luaX_setsteps(L, 1e5);
  attempt(L, "coroutine", "while true do local co = coroutine.wrap(function() while true do coroutine.yield() end end) pcall(co) end");
  luaX_setsteps(L, 1e5);
  attempt(L, "metamethods", "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) while true do pcall(function() return t[1] end) end");
  luaX_setsteps(L, 1e5);
  attempt(L, "goto", "::top:: goto top");
  luaX_setsteps(L, 1e5);
  attempt(L, "pattern", "string.find(string.rep('a', 5000), string.rep('a-', 50) .. 'b')");
  luaX_setsteps(L, 1e5);
  attempt(L, "gsub", "while true do string.gsub('xxxx', 'x', 'y') end");
  luaX_setsteps(L, 1e5);
  attempt(L, "sort", "local t = {} for i = 1, 1e4 do t[i] = i % 77 end while true do table.sort(t, function(a, b) return a < b end) end");
  luaX_setsteps(L, 1e5);
  attempt(L, "concat", "local t = {} for i = 1, 1e4 do t[i] = 'x' end while true do pcall(table.concat, t) end");
  luaX_setsteps(L, 1e4);
  attempt(L, "load", "pcall(load, string.rep('x = 1 ', 1e5))");
  luaX_setsteps(L, 1e4);
  attempt(L, "reader", "load(function() return 'x = 1 ' end)");
  luaX_setsteps(L, 1e4);
  attempt(L, "hook", "debug.sethook(function() while true do end end, 'l') \nlocal x = 1");
  lua_sethook(L, NULL, 0, 0);
  luaX_setsteps(L, 1e4);
  attempt(L, "finalizer", "setmetatable({}, {__gc = function() while true do end end}) collectgarbage() while true do end");
  /* the host's reset */
  luaX_setsteps(L, -1);
  attempt(L, "reset", "for i = 1, 1e5 do end");
  say("none: %g", luaX_setsteps(L, 0));
  attempt(L, "zero", forever);
  say("left: %g", luaX_setsteps(L, 0.5));
  attempt(L, "fraction", forever);
  say("left: %g", luaX_setsteps(L, sqrt(-1)));
  attempt(L, "no number", "for i = 1, 1e4 do end");
  say("left: %g", luaX_setsteps(L, inf));
  attempt(L, "infinite", "for i = 1, 1e4 do end");
  say("left: %d", luaX_setsteps(L, -inf) > 1e18);
  say("left: %g", luaX_setsteps(L, 2000));
  attempt(L, "counted", "for i = 1, 1000 do end");
  say("left: %g", luaX_setsteps(L, -1));
  /* each state for itself */
  {
    lua_State *other = luaL_newstate();
    luaL_openlibs(other);
    run_lua(other, "setmetatable({}, {__gc = function() while true do end end})");
    luaX_setsteps(other, 10);
    attempt(L, "the other", "for i = 1, 1e4 do end");
    attempt(other, "this", forever);
    lua_close(other);
  }
  /* deterministic */
  for (i = 0; i < 2; i++) {
    luaX_setsteps(L, 12345);
    run_lua(L, "local function f(n) return n < 2 and n or f(n - 1) + f(n - 2) end f(12) for w in ('a b c'):gmatch '%a' do end");
    say("left: %g", luaX_setsteps(L, -1));
  }
}

static int calls_of_hook;
static void count_hook(lua_State *L, lua_Debug *ar) {
  (void)L;
  (void)ar;
  calls_of_hook++;
}

/* A count hook keeps its counts, whatever the limits do. */
static void t_with_hook(lua_State *L) {
  const char *code = "local x = 0 for i = 1, 20000 do x = x + i end for i = 1, 100 do pcall(error) end";
  int i, plain = 0;
  for (i = 0; i < 3; i++) {
    calls_of_hook = 0;
    lua_sethook(L, count_hook, LUA_MASKCOUNT, 1000);
    if (i > 0) luaX_setsteps(L, 1e9);
    if (i > 1) luaX_settime(L, 1000);
    run_lua(L, code);
    lua_sethook(L, NULL, 0, 0);
    if (i == 0) plain = calls_of_hook;
    say("same: %d, mask %d", calls_of_hook == plain && plain > 10, lua_gethookmask(L));
  }
  lua_sethook(L, count_hook, LUA_MASKCOUNT, 1000);
  say("mask: %d count: %d", lua_gethookmask(L), lua_gethookcount(L));
  luaX_setsteps(L, 1000);
  attempt(L, "both", forever);
  say("left: %g mask: %d", luaX_setsteps(L, -1), lua_gethookmask(L));
  lua_sethook(L, NULL, 0, 0);
  luaX_settime(L, -1);
}

/* --- interrupt functions */

static int fired[4], last_reason, budget;
static void *last_ud;
static void note(lua_State *L, int reason, void *ud) {
  fired[reason]++;
  last_reason = reason;
  last_ud = ud;
  if (reason == LUAX_STEPS) luaX_setsteps(L, 100);
  if (reason == LUAX_TIME) luaX_settime(L, -1);
  if (--budget == 0) luaL_error(L, "enough of %d", reason);
}
static void preempt(lua_State *L, int reason, void *ud) {
  (void)ud;
  fired[reason]++;
  if (reason == LUAX_STEPS) luaX_setsteps(L, 100);
  lua_yield(L, 0);
}

static void t_function(lua_State *L) {
  luaX_setinterrupt(L, note, &budget);
  luaX_setsteps(L, 100);
  budget = 10;
  attempt(L, "function", forever);
  say("fired %d, reason %d, ud %d, stack %d", fired[LUAX_STEPS], last_reason, last_ud == &budget, lua_gettop(L));
  luaX_setsteps(L, -1);
  luaX_settime(L, 0);
  budget = 100;
  attempt(L, "time", "for i = 1, 1e5 do end");
  say("fired %d", fired[LUAX_TIME]);
  luaX_interrupt(L);
  luaX_interrupt(L);
  attempt(L, "request", "for i = 1, 100 do end");
  say("fired once: %d", fired[LUAX_REQUESTED]);
  /* in the middle of library functions, whose values stay */
  luaX_setsteps(L, 100);
  budget = 1 << 30;
  attempt(L, "library", "local t = {} for i = 1, 3000 do t[i] = (i * 7919) % 3001 end table.sort(t, function(a, b) return a < b end) "
                        "for i = 2, #t do assert(t[i - 1] <= t[i]) end assert(#string.rep('ab', 1000):gsub('a(b)', '%1') == 1000)");
  luaX_setsteps(L, -1);
  luaX_setinterrupt(L, NULL, NULL);
}

/* Two coroutines that never yield by themselves take turns. */
static void t_preempt(lua_State *L) {
  lua_State *a, *b;
  int i, yields = 0;
  luaX_setinterrupt(L, preempt, NULL);
  luaX_setsteps(L, 100);
  a = lua_newthread(L);
  b = lua_newthread(L);
  compile(a, "n = 0 while true do n = n + 1 end");
  compile(b, "m = 0 while true do m = m + 1 string.rep('x', 10):gsub('x', 'y') end");
  for (i = 0; i < 20; i++) {
    int r = lua_resume(i % 2 ? b : a, L, 0);
    yields += r == LUA_YIELD;
    if (r > LUA_YIELD) show_status(i % 2 ? b : a, "resume", r);
  }
  say("yields: %d", yields);
  luaX_setsteps(L, -1);
  run_lua(L, "print(n > 500, m > 50)");
  /* The main program cannot yield. */
  luaX_setsteps(L, 100);
  attempt(L, "main", forever);
  luaX_setinterrupt(L, NULL, NULL);
  luaX_setsteps(L, -1);
  lua_settop(L, 0);
}

/* --- time */

static void t_time(lua_State *L) {
  double start = now();
  say("none: %g", luaX_settime(L, 0.05));
  attempt(L, "loop", forever);
  attempt(L, "again", "while true do pcall(function() while true do end end) end");
  say("in time: %d", now() - start < (under_checker() ? 60 : 2));
  say("left: %g", luaX_settime(L, 1e300));
  attempt(L, "huge", "for i = 1, 1e5 do end");
  say("left: %d", luaX_settime(L, 100) > 1e9);
  say("left: %d", luaX_settime(L, sqrt(-1)) > 90);
  say("none: %g", luaX_settime(L, 0));
  attempt(L, "zero", forever);
  say("none: %g", luaX_settime(L, -5));
  say("none: %g", luaX_settime(L, -1));
  luaX_settime(L, 0.02);
  attempt(L, "pattern", "string.find(string.rep('a', 50000), string.rep('a-', 50) .. 'b')");
  luaX_settime(L, -1);
}

/* --- requests from elsewhere */

static lua_State *volatile target;
static volatile int stop;

static void *requests(void *p) {
  (void)p;
  while (!stop) luaX_interrupt(target);
  return NULL;
}

static void on_alarm(int s) {
  (void)s;
  luaX_interrupt(target);
}

static void t_signal(lua_State *L) {
  target = L;
  signal(SIGALRM, on_alarm);
  ualarm(20000, 0);
  attempt(L, "signal", "while true do pcall(function() while true do end end) end");
  attempt(L, "until reset", forever);
  luaX_setinterrupt(L, NULL, NULL);
  attempt(L, "reset", "for i = 1, 1000 do end");
  ualarm(20000, 0);
  attempt(L, "in a coroutine", "while true do coroutine.resume(coroutine.create(function() while true do end end)) end");
  luaX_setinterrupt(L, NULL, NULL);
  ualarm(20000, 0);
  attempt(L, "in a pattern", "while true do string.find(string.rep('a', 5000), string.rep('a-', 50) .. 'b') end");
  luaX_setinterrupt(L, NULL, NULL);
  signal(SIGALRM, SIG_DFL);
}

static void t_threads(lua_State *L) {
  pthread_t threads[10];
  int i;
  target = L;
  stop = 0;
  luaX_setinterrupt(L, note, NULL);
  fired[LUAX_REQUESTED] = 0;
  budget = 1 << 30;
  for (i = 0; i < 10; i++) pthread_create(&threads[i], NULL, requests, NULL);
  attempt(L, "ten threads", "for i = 1, 100 do local co = coroutine.wrap(function() for j = 1, 30 do coroutine.yield({}) end end) for j = 1, 20 do co() end end collectgarbage()");
  while (fired[LUAX_REQUESTED] == 0) run_lua(L, "for i = 1, 10 do end");
  budget = 1;
  attempt(L, "raised", "while true do end");
  luaX_setinterrupt(L, NULL, NULL);
  attempt(L, "messages", "while true do local co = coroutine.wrap(function() while true do end end) pcall(co) end");
  stop = 1;
  for (i = 0; i < 10; i++) pthread_join(threads[i], NULL);
  luaX_setinterrupt(L, NULL, NULL);
  attempt(L, "after", "for i = 1, 1000 do end");
}

static const Section sections[] = {
  { "memory", t_memory },
  { "memory_values", t_memory_values },
  { "external", t_external },
  { "stats", t_stats },
  { "stack", t_stack },
  { "steps", t_steps },
  { "with_hook", t_with_hook },
  { "function", t_function },
  { "preempt", t_preempt },
  { "time", t_time },
  { "signal", t_signal },
  { "threads", t_threads },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
