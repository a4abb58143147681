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

static const Section sections[] = {
  { "one_each", t_one_each },
  { "moving_state", t_moving_state },
  { "small_stack", t_small_stack },
  { "signal", t_signal },
  { "signal_coroutine", t_signal_coroutine },
  { "other_thread", t_other_thread },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
