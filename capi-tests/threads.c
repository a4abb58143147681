/* Threads of the system: one state in each, states that move between them, small stacks; and
 * lua_sethook called from a signal handler or from another thread to stop a running script. */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

#define THREADS 6

static const char worker_code[] =
  "local id = ... local t = {} for i = 1, 3000 do t[i] = ('%d:%d'):format(id, i) end "
  "local errors = 0 for i = 1, 500 do if not pcall(function() error({i}) end) then errors = errors + 1 end end "
  "local co = coroutine.wrap(function() for i = 1, 1000 do coroutine.yield(i) end end) local s = 0 for i = 1, 1000 do s = s + co() end "
  "local r = table.concat(t, ','):gsub('%d+:', '') collectgarbage() "
  "return id, errors, s, #r, (r:sub(-12))";

static int c_error(lua_State *L) { return luaL_error(L, "error %d", (int)lua_tointeger(L, 1)); }

typedef struct Job {
  pthread_t thread;
  lua_State *L;
  int id, status, lost;
  char result[200];
} Job;

static void *work(void *arg) {
  Job *job = (Job *)arg;
  lua_State *L = luaL_newstate();
  int i;
  luaL_openlibs(L);
  for (i = 0; i < 2000; i++) {
    char expected[40];
    lua_pushcfunction(L, c_error);
    lua_pushinteger(L, i);
    lua_pcall(L, 1, 0, 0);
    sprintf(expected, "error %d", i);
    if (strcmp(lua_tostring(L, -1), expected) != 0) job->lost++;
    lua_pop(L, 1);
  }
  luaL_loadstring(L, worker_code);
  lua_pushinteger(L, job->id);
  job->status = lua_pcall(L, 1, LUA_MULTRET, 0);
  sprintf(job->result, "%.20s %.20s %.20s %.20s %.40s", lua_tostring(L, 1), lua_tostring(L, 2), lua_tostring(L, 3),
          lua_tostring(L, 4), lua_tostring(L, 5));
  lua_close(L);
  return NULL;
}

static void t_one_each(lua_State *L) {
  Job jobs[THREADS];
  int i;
  (void)L;
  for (i = 0; i < THREADS; i++) {
    memset(&jobs[i], 0, sizeof jobs[i]);
    jobs[i].id = i + 1;
    pthread_create(&jobs[i].thread, NULL, work, &jobs[i]);
  }
  for (i = 0; i < THREADS; i++) {
    pthread_join(jobs[i].thread, NULL);
    say("%s lost %d: %s", status_name(jobs[i].status), jobs[i].lost, jobs[i].result);
  }
}

/* made in one thread, run in others, closed in this one */
static void *go_on(void *arg) {
  Job *job = (Job *)arg;
  lua_State *co = lua_tothread(job->L, 1);
  job->status = lua_resume(co, job->L, 0);
  sprintf(job->result, "%.60s", lua_gettop(co) ? lua_tostring(co, -1) : "nothing");
  if (luaL_dostring(job->L, "error('from another thread')")) lua_pop(job->L, 1);
  return NULL;
}

static void t_moving_state(lua_State *L) {
  Job job;
  int i;
  lua_State *co = lua_newthread(L);
  compile(co, "for i = 1, 3 do coroutine.yield('turn ' .. i) end error('the end', 0)");
  job.L = L;
  for (i = 0; i < 4; i++) {
    pthread_create(&job.thread, NULL, go_on, &job);
    pthread_join(job.thread, NULL);
    say("%s %s", status_name(job.status), job.result);
  }
  lua_settop(L, 0);
}

/* deep Lua recursion needs no C stack; deep C recursion is an error, not a crash */
static int c_levels(lua_State *L) {
  lua_pushcfunction(L, c_levels);
  lua_call(L, 0, 0);
  return 0;
}
static void *deep(void *arg) {
  Job *job = (Job *)arg;
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  job->status = luaL_dostring(L, "local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(150000)");
  sprintf(job->result, "%.60s", lua_tostring(L, -1));
  lua_settop(L, 0);
  lua_pushcfunction(L, c_levels);
  job->lost = lua_pcall(L, 0, 0, 0);
  strcat(job->result, ", ");
  strcat(job->result, lua_tostring(L, -1));
  lua_settop(L, 0);
  if (luaL_dostring(L, "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) if k == 0 then return 'bottom' end return t[k - 1] end return t[150]"))
    job->lost = -1;
  strcat(job->result, ", ");
  strcat(job->result, lua_tostring(L, -1));
  lua_close(L);
  return NULL;
}

static void t_small_stack(lua_State *L) {
  Job job;
  pthread_attr_t attr;
  (void)L;
  memset(&job, 0, sizeof job);
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 128 * 1024);
  pthread_create(&job.thread, &attr, deep, &job);
  pthread_join(job.thread, NULL);
  say("%d %s %s", job.status, status_name(job.lost), job.result);
}

/* every way to nest natively, on stacks that the reference copes with too; docs/BOUNDARY.md has a table of what each takes */
static int c_protected(lua_State *L) {
  lua_pushcfunction(L, c_protected);
  return lua_pcall(L, 0, 0, 0) ? lua_error(L) : 0;
}
static int c_index(lua_State *L) {
  lua_getfield(L, 1, "x");
  return 1;
}
static int c_load(lua_State *L) {
  /* which of the two runs out depends on how large their frames are */
  if (luaL_loadstring(L, "load()") != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}
static int c_resume(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, c_resume);
  if (lua_resume(co, L, 0) == LUA_OK) return 0;
  lua_xmove(co, L, 1);
  return lua_error(L);
}

typedef struct Nesting {
  int kilobytes;
  const char *code;
} Nesting;

static const Nesting nestings[] = {
  { 160, "c.levels()" },
  { 160, "c.protected()" },
  { 160, "return setmetatable({}, {__index = c.index}).x" },
  { 160, "load = c.load load()" },
  { 160, "c.resume()" },
  { 160, "local t t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x" },
  { 160, "local t t = setmetatable({}, {__newindex = function(t, k, v) t[k] = v end}) t.x = 1" },
  { 160, "local m = {} m.__eq = function(a, b) return a == b end return setmetatable({}, m) == setmetatable({}, m)" },
  { 160, "local m = {} m.__lt = function(a, b) return a < b end return setmetatable({}, m) < setmetatable({}, m)" },
  { 160, "local m = {} m.__add = function(a, b) return a + b end return setmetatable({}, m) + 1" },
  { 160, "local m = {} m.__concat = function(a, b) return a .. b end return setmetatable({}, m) .. 'x'" },
  { 160, "return #setmetatable({}, {__len = function(a) return #a + 1 end})" },
  { 160, "local t = setmetatable({}, {__tostring = function(t) return tostring(t) end}) tostring(t)" },
  { 160, "local function f() table.sort({1, 2, 3}, function(a, b) f() return a < b end) end f()" },
  { 160, "local function f() coroutine.wrap(f)() end f()" },
  { 160, "local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f()" },
  { 160, "local function f() local ok, e = xpcall(f, function(m) return m end) if not ok then error(e, 0) end end f()" },
  { 160, "local function f() for _ in pairs(setmetatable({}, {__pairs = f})) do end end f()" },
  { 160, "package.preload.m = function() package.loaded.m = nil return require 'm' end require 'm'" },
  { 160, "xpcall(function() error('x') end, function(m) error(m) end)" },
  { 160, "assert(load('return ' .. ('('):rep(1000)))" },
  { 160, "assert(load('return ' .. ('{'):rep(190) .. ('}'):rep(190)))" },
  { 160, "assert(load(('x = function() '):rep(1000)))" },
  { 160, "assert(load('return ' .. ('a..'):rep(1000) .. 'a'))" },
  { 160, "return string.find(('a'):rep(5000), ('a?'):rep(5000) .. 'b')" },
  { 320, "function f() local n = 0 load(function() n = n + 1 if n == 1 then f() return 'return' end end) end f()" },
  { 320, "local function f() setmetatable({}, {__gc = f}) collectgarbage() end f()" },
  { 2560, "local function f() string.gsub('x', 'x', f) end f()" },
  { 2560, "local function f() return ('%s'):format(setmetatable({}, {__tostring = function() return f() end})) end f()" }
};

static void *nest(void *arg) {
  Job *job = (Job *)arg;
  const Nesting *n = &nestings[job->id];
  lua_State *L = luaL_newstate();
  const char *m;
  luaL_openlibs(L);
  lua_newtable(L);
  lua_pushcfunction(L, c_levels);
  lua_setfield(L, -2, "levels");
  lua_pushcfunction(L, c_protected);
  lua_setfield(L, -2, "protected");
  lua_pushcfunction(L, c_index);
  lua_setfield(L, -2, "index");
  lua_pushcfunction(L, c_load);
  lua_setfield(L, -2, "load");
  lua_pushcfunction(L, c_resume);
  lua_setfield(L, -2, "resume");
  lua_setglobal(L, "c");
  job->status = luaL_dostring(L, n->code);
  m = job->status ? lua_tostring(L, -1) : NULL;
  sprintf(job->result, "%s", m == NULL ? "done" : strstr(m, "overflow") || strstr(m, "too many C levels") || strstr(m, "too complex") ? "too deep" : m);
  lua_close(L);
  return NULL;
}

static void t_nested_natively(lua_State *L) {
  size_t i;
  (void)L;
  for (i = 0; i < sizeof nestings / sizeof nestings[0]; i++) {
    Job job;
    pthread_attr_t attr;
    memset(&job, 0, sizeof job);
    job.id = (int)i;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, (size_t)nestings[i].kilobytes * 1024);
    pthread_create(&job.thread, &attr, nest, &job);
    pthread_join(job.thread, NULL);
    say("%.60s: %.50s", nestings[i].code, job.result);
  }
}

/* ---- stopping a script -------------------------------------------------------------------------- */

static lua_State *running;

static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "stopped");
}

static void on_alarm(int signal_number) {
  (void)signal_number;
  lua_sethook(running, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

static const char *const endless[] = {
  "while true do end",
  "repeat until false",
  "for i = 1, math.huge do end",
  "local i = 0 ::top:: i = i + 1 goto top",
  "local function f() return f() end f()",
  "local t = {} while true do t.x = (t.x or 0) + 1 end",
  "local s = 'x' while true do local u = s .. 'y' end",
  "for i in function() return 1 end do end",
  "for k = 1, 1e9 do for j = 1, 1e9 do end end",
  "local t = setmetatable({}, {__index = function(t, k) return k end}) while true do local x = t.y end",
  "while true do string.rep('x', 10) end",
  "local a, b = 1, 2 while a < b do end",
  "while true do local f = function() end end",
  "for _, v in pairs({1}) do while v do end end",
  "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end"
};

static void t_signal(lua_State *L) {
  size_t i;
  struct itimerval timer;
  memset(&timer, 0, sizeof timer);
  signal(SIGALRM, on_alarm);
  running = L;
  for (i = 0; i < sizeof endless / sizeof endless[0]; i++) {
    compile(L, endless[i]);
    timer.it_value.tv_usec = 10000;
    setitimer(ITIMER_REAL, &timer, NULL);
    {
      int status = lua_pcall(L, 0, 0, 0);
      const char *m = lua_tostring(L, -1);
      size_t len = m ? strlen(m) : 0;
      say("%s: %s %s", endless[i], status_name(status), len >= 7 ? m + len - 7 : "?");
    }
    lua_settop(L, 0);
  }
  signal(SIGALRM, SIG_DFL);
  run_lua(L, "return 'usable'");
  show_stack(L, "afterwards");
  lua_settop(L, 0);
}

/* a running coroutine has a hook of its own */
static void t_signal_coroutine(lua_State *L) {
  struct itimerval timer;
  lua_State *co = lua_newthread(L);
  memset(&timer, 0, sizeof timer);
  signal(SIGALRM, on_alarm);
  running = co;
  compile(co, "while true do end");
  timer.it_value.tv_usec = 10000;
  setitimer(ITIMER_REAL, &timer, NULL);
  say("%s", status_name(lua_resume(co, L, 0)));
  show_value(co, "message", -1);
  signal(SIGALRM, SIG_DFL);
  lua_settop(L, 0);
}

static void *stop_later(void *arg) {
  struct timespec delay;
  delay.tv_sec = 0;
  delay.tv_nsec = 15000000;
  nanosleep(&delay, NULL);
  lua_sethook((lua_State *)arg, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
  return NULL;
}

static void t_other_thread(lua_State *L) {
  int i;
  for (i = 0; i < 4; i++) {
    pthread_t thread;
    compile(L, endless[i]);
    pthread_create(&thread, NULL, stop_later, L);
    show_status(L, "stopped from another thread", lua_pcall(L, 0, 0, 0));
    pthread_join(thread, NULL);
  }
}

/* ---- lua_sethook all the time, from outside, while a script runs that must not notice; from another
 * thread in differences.c, where the reference crashes now and then --------------------------------- */

static volatile int hook_calls;
static void counting(lua_State *L, lua_Debug *ar) {
  lua_Debug caller;
  hook_calls++;
  lua_getinfo(L, "Slnu", ar);
  if (lua_getstack(L, 1, &caller)) lua_getinfo(L, "Sl", &caller);
  if (hook_calls % 3 == 0) lua_sethook(L, NULL, 0, 0);
}
static const int storm_masks[] = { LUA_MASKCOUNT, LUA_MASKLINE, LUA_MASKCALL, LUA_MASKRET, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 0 };
static unsigned storm_turn;
static void next_hook(lua_State *L) {
  int mask = storm_masks[storm_turn % 6];
  lua_sethook(L, mask ? counting : NULL, mask, 1 + (int)(storm_turn % 40));
  storm_turn++;
}
static void on_storm(int signal_number) {
  (void)signal_number;
  next_hook(running);
}
static const char busy[] =
  "local sum, errors, text = 0, 0, {} local mt = {__index = function(t, k) return k * 2 end, __lt = function(a, b) return a[1] < b[1] end} "
  "for round = 1, 60 do "
  "  local t = setmetatable({}, mt) for i = 1, 40 do sum = sum + t[i] end "
  "  if not pcall(function() local x = nil; x.y = 1 end) then errors = errors + 1 end "
  "  if not pcall(error, {}) then errors = errors + 1 end "
  "  local co = coroutine.wrap(function(n) for i = 1, n do coroutine.yield(i) end return 0 end) repeat local v = co(10) sum = sum + v until v == 0 "
  "  text[#text + 1] = ('%d:%s'):format(round, ('x'):rep(round)):gsub('x', {x = 'y'}) "
  "  local list = {} for i = 1, 30 do list[i] = setmetatable({(i * 37) % 31}, mt) end table.sort(list) sum = sum + list[1][1] "
  "  setmetatable({}, {__gc = function() sum = sum + 1 end}) "
  "end collectgarbage() return sum, errors, #table.concat(text)";

/* runs `busy` until the hook was called often enough, each time with the same results */
static void under_storm(lua_State *L) {
  int runs = 0, wrong = 0;
  compile(L, busy);
  lua_pushvalue(L, 1);
  lua_call(L, 0, 3);
  while (runs < 10 || (hook_calls < 3000 && runs < 20000)) {
    int i, status;
    lua_pushvalue(L, 1);
    status = lua_pcall(L, 0, 3, 0);
    if (status != LUA_OK) {
      show_value(L, "error", -1);
      wrong++;
      break;
    }
    for (i = 2; i <= 4; i++) wrong += !lua_rawequal(L, i, i + 3);
    lua_settop(L, 4);
    runs++;
  }
  say("wrong %d, the hook was called often %d", wrong, hook_calls >= 3000);
  lua_settop(L, 0);
}
static void t_signal_storm(lua_State *L) {
  struct itimerval timer;
  hook_calls = 0;
  running = L;
  signal(SIGALRM, on_storm);
  timer.it_value.tv_sec = timer.it_interval.tv_sec = 0;
  timer.it_value.tv_usec = timer.it_interval.tv_usec = 150;
  setitimer(ITIMER_REAL, &timer, NULL);
  under_storm(L);
  memset(&timer, 0, sizeof timer);
  setitimer(ITIMER_REAL, &timer, NULL);
  signal(SIGALRM, SIG_IGN);
  lua_sethook(L, NULL, 0, 0);
  signal(SIGALRM, SIG_DFL);
}
/* a timer that makes coroutines yield: time shared between endless loops */
static lua_State *scheduled;
static void yield_now(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  lua_yield(L, 0);
}
static void on_slice(int signal_number) {
  (void)signal_number;
  lua_sethook(scheduled, yield_now, LUA_MASKCOUNT, 1);
}
static void t_preempt(lua_State *L) {
  lua_State *co[3];
  struct itimerval timer;
  int i, turn, wrong = 0;
  signal(SIGALRM, on_slice);
  for (i = 0; i < 3; i++) {
    co[i] = lua_newthread(L);
    compile(co[i], "local id = ... n = n or {} local s, t = 0, {} while true do s = s + 1 t[s % 100] = {s} n[id] = s "
                   "if t[s % 100][1] ~= s then error('lost') end end");
    lua_pushinteger(co[i], i + 1);
  }
  memset(&timer, 0, sizeof timer);
  for (turn = 0; turn < 10; turn++) {
    for (i = 0; i < 3; i++) {
      scheduled = co[i];
      timer.it_value.tv_usec = 1000;
      setitimer(ITIMER_REAL, &timer, NULL);
      if (lua_resume(co[i], L, turn == 0) != LUA_YIELD) wrong++;
    }
  }
  signal(SIGALRM, SIG_DFL);
  run_lua(L, "return n[1] > 100, n[2] > 100, n[3] > 100");
  lua_replace(L, 1);
  lua_replace(L, 2);
  lua_replace(L, 3);
  printf("not yielded %d, ", wrong);
  show_stack(L, "all went on");
  lua_settop(L, 0);
}

/* ---- errors that cross C frames in many threads at once, with coroutines that move ------------------- */

static int in_turns(lua_State *L) {
  int n = (int)lua_tointeger(L, 1);
  if (n == 0) return luaL_error(L, "bottom %p", (void *)NULL);
  lua_pushcfunction(L, in_turns);
  lua_pushinteger(L, n - 1);
  if (n % 2) return lua_pcall(L, 1, 0, 0) ? lua_error(L) : 0;
  lua_call(L, 1, 0);
  return 0;
}
static void *raise_often(void *arg) {
  Job *job = (Job *)arg;
  int i;
  for (i = 0; i < 20; i++) {
    lua_State *L = luaL_newstate();
    int j;
    for (j = 0; j < 100; j++) {
      lua_pushcfunction(L, in_turns);
      lua_pushinteger(L, j % 9);
      if (lua_pcall(L, 1, 0, 0) != LUA_ERRRUN || strncmp(lua_tostring(L, -1), "bottom", 6) != 0) job->lost++;
      lua_settop(L, 0);
    }
    lua_close(L);
  }
  return NULL;
}
static void t_raise_often(lua_State *L) {
  Job jobs[THREADS];
  int i, lost = 0;
  (void)L;
  memset(jobs, 0, sizeof jobs);
  for (i = 0; i < THREADS; i++) pthread_create(&jobs[i].thread, NULL, raise_often, &jobs[i]);
  for (i = 0; i < THREADS; i++) {
    pthread_join(jobs[i].thread, NULL);
    lost += jobs[i].lost;
  }
  say("lost %d", lost);
}

/* ---- states of other threads made with the function of a master state ------------------------------ */

/* Each lane has states by lua_newstate(f, ud) and blocks of the function's own, which it passes on to the next lane, while the master works too
 * and is closed before the lanes end. */
#define LANE_BLOCKS 64
static lua_Alloc lanes_function;
static void *lanes_ud;
static pthread_mutex_t lanes_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct { void *p; size_t size; } passed_on[LANE_BLOCKS];

static void pass_on(unsigned n) {
  size_t size = 1 + n * 7919u % 3000, other, k;
  char *p = (char *)lanes_function(lanes_ud, NULL, 0, size), *q;
  memset(p, (int)(size & 127), size);
  pthread_mutex_lock(&lanes_mutex);
  q = (char *)passed_on[n % LANE_BLOCKS].p;
  other = passed_on[n % LANE_BLOCKS].size;
  passed_on[n % LANE_BLOCKS].p = p;
  passed_on[n % LANE_BLOCKS].size = size;
  pthread_mutex_unlock(&lanes_mutex);
  if (q == NULL) return;
  for (k = 0; k < other; k++)
    if (q[k] != (char)(other & 127)) abort();
  q = (char *)lanes_function(lanes_ud, q, 0, other + 500);
  if (q[other - 1] != (char)(other & 127)) abort();
  lanes_function(lanes_ud, q, 0, 0);
}

static int pass_on_from_lua(lua_State *L) {
  pass_on((unsigned)lua_tointeger(L, 1));
  return 0;
}

static void *lane(void *arg) {
  Job *job = (Job *)arg;
  int i;
  for (i = 0; i < 4; i++) {
    lua_State *L = lua_newstate(lanes_function, lanes_ud);
    void *ud = &ud;
    if (lua_getallocf(L, &ud) != lanes_function || ud != lanes_ud) job->lost++;
    luaL_openlibs(L);
    lua_register(L, "pass_on", pass_on_from_lua);
    luaL_loadstring(L, worker_code);
    lua_pushinteger(L, job->id);
    job->lost += lua_pcall(L, 1, 0, 0) != LUA_OK;
    if (i % 2) lua_setallocf(L, lanes_function, &job);
    job->lost += luaL_dostring(L,
      "local t = {} for i = 1, 4000 do t[i % 500] = {i, tostring(i)} if i % 10 == 0 then pass_on(i) end end "
      "local s = ('x'):rep(200000) for i = 1, 5 do s = s .. s:sub(1, i * 10000) end t = nil collectgarbage() return #s == 350000 or error()") != LUA_OK;
    lua_close(L);
  }
  return NULL;
}

static void t_lanes(lua_State *L) {
  Job jobs[THREADS];
  int i, lost = 0;
  lua_State *master = luaL_newstate();
  (void)L;
  luaL_openlibs(master);
  lanes_function = lua_getallocf(master, &lanes_ud);
  memset(jobs, 0, sizeof jobs);
  for (i = 0; i < THREADS; i++) {
    jobs[i].id = i + 1;
    pthread_create(&jobs[i].thread, NULL, lane, &jobs[i]);
  }
  lost += luaL_dostring(master, "for k = 1, 20 do local t = {} for i = 1, 2000 do t[i] = {tostring(i), i} end end") != LUA_OK;
  for (i = 0; i < 500; i++) pass_on((unsigned)i);
  lua_close(master);
  for (i = 0; i < THREADS; i++) {
    pthread_join(jobs[i].thread, NULL);
    lost += jobs[i].lost;
  }
  for (i = 0; i < LANE_BLOCKS; i++) {
    lanes_function(NULL, passed_on[i].p, 0, 0);
    passed_on[i].p = NULL;
  }
  say("lost %d", lost);
}

static const Section sections[] = {
  { "one_each", t_one_each },
  { "moving_state", t_moving_state },
  { "small_stack", t_small_stack },
  { "nested_natively", t_nested_natively },
  { "signal", t_signal },
  { "signal_coroutine", t_signal_coroutine },
  { "other_thread", t_other_thread },
  { "signal_storm", t_signal_storm },
  { "preempt", t_preempt },
  { "raise_often", t_raise_often },
  { "lanes", t_lanes },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
