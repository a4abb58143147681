/* An event loop for scripts. A script calls sleep, receive or fetch as if they blocked; each of them yields,
 * and the loop resumes the script when its event has come. Time is simulated, so the output is always the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#define MAX_TASKS 16

typedef enum Waiting { FREE, TIMER, MESSAGE } Waiting;

typedef struct Task {
  Waiting waiting;
  int ref;           /* keeps the coroutine alive */
  lua_State *thread;
  double wake;       /* TIMER: when */
  char channel[32];  /* MESSAGE: from where */
} Task;

static Task tasks[MAX_TASKS];
static double now;

static Task *task_of(lua_State *L) {
  for (int i = 0; i < MAX_TASKS; i++)
    if (tasks[i].waiting != FREE && tasks[i].thread == L) return &tasks[i];
  luaL_error(L, "not called from a task");
  return NULL;
}

/* spawn(f, ...): a new task that runs f(...) from the next turn of the loop on */
static int l_spawn(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  for (int i = 0; i < MAX_TASKS; i++) {
    Task *t = &tasks[i];
    if (t->waiting != FREE) continue;
    int n = lua_gettop(L);
    lua_State *co = lua_newthread(L);
    t->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    t->thread = co;
    t->waiting = TIMER;
    t->wake = now;
    lua_xmove(L, co, n);
    return 0;
  }
  return luaL_error(L, "too many tasks");
}

static int l_sleep(lua_State *L) {
  Task *t = task_of(L);
  t->waiting = TIMER;
  t->wake = now + luaL_checknumber(L, 1);
  return lua_yield(L, 0);
}

/* receive(channel): waits for a message; the values given to the resume are its results */
static int l_receive(lua_State *L) {
  Task *t = task_of(L);
  snprintf(t->channel, sizeof t->channel, "%s", luaL_checkstring(L, 1));
  t->waiting = MESSAGE;
  return lua_yield(L, 0);
}

/* send(channel, ...): hands the values to a task that waits there; tells whether there was one */
static int l_send(lua_State *L) {
  const char *channel = luaL_checkstring(L, 1);
  int n = lua_gettop(L) - 1;
  for (int i = 0; i < MAX_TASKS; i++) {
    Task *t = &tasks[i];
    if (t->waiting == MESSAGE && strcmp(t->channel, channel) == 0) {
      t->waiting = TIMER;
      t->wake = now;
      lua_xmove(L, t->thread, n);
      lua_pushboolean(L, 1);
      return 1;
    }
  }
  lua_pushboolean(L, 0);
  return 1;
}

/* fetch(url): takes several steps, so it is a C function that yields and is continued until the answer is there.
 * The step is the context of the continuation; what is on the C function's stack stays there. */
static int fetch_step(lua_State *L) {
  int step = 0;
  static const char *const steps[] = { "resolve", "connect", "transfer" };
  lua_getctx(L, &step);
  if (step == 3) {
    lua_pushfstring(L, "<content of %s>", lua_tostring(L, 1));
    lua_pushinteger(L, 200);
    return 2;
  }
  printf("%5.1f   fetch %s: %s\n", now, lua_tostring(L, 1), steps[step]);
  Task *t = task_of(L);
  t->waiting = TIMER;
  t->wake = now + 0.5;
  return lua_yieldk(L, 0, step + 1, fetch_step);
}

static int l_fetch(lua_State *L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  return fetch_step(L);
}

/* timeout_guard(f, ...): calls f protected, also when f yields on its way */
static int finish_guard(lua_State *L) {
  int status = lua_getctx(L, NULL);
  lua_pushboolean(L, status == LUA_YIELD);
  lua_insert(L, 1);
  return lua_gettop(L);
}

static int l_guard(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  int status = lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, finish_guard);
  lua_pushboolean(L, status == LUA_OK);
  lua_insert(L, 1);
  return lua_gettop(L);
}

static int l_log(lua_State *L) {
  int n = lua_gettop(L);
  printf("%5.1f ", now);
  for (int i = 1; i <= n; i++) {
    printf(" %s", luaL_tolstring(L, i, NULL));
    lua_pop(L, 1);
  }
  printf("\n");
  return 0;
}

static void end_task(lua_State *L, Task *t) {
  t->waiting = FREE;
  luaL_unref(L, LUA_REGISTRYINDEX, t->ref);
}

/* Resume the task whose time has come first; 0 when none is left that could ever run. */
static int turn(lua_State *L) {
  Task *next = NULL;
  for (int i = 0; i < MAX_TASKS; i++)
    if (tasks[i].waiting == TIMER && (next == NULL || tasks[i].wake < next->wake)) next = &tasks[i];
  if (next == NULL) return 0;
  if (next->wake > now) now = next->wake;
  lua_State *co = next->thread;
  /* a fresh task has its function below the arguments; a yielded one only what it receives */
  int n = lua_gettop(co) - (lua_status(co) == LUA_OK ? 1 : 0);
  int status = lua_resume(co, L, n);
  if (status == LUA_YIELD) {
    lua_settop(co, 0);
    return 1;
  }
  if (status != LUA_OK) {
    luaL_traceback(L, co, lua_tostring(co, -1), 0);
    printf("%5.1f  task failed: %s\n", now, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  end_task(L, next);
  return 1;
}

int main(void) {
  static const luaL_Reg functions[] = { { "spawn", l_spawn }, { "sleep", l_sleep }, { "receive", l_receive }, { "send", l_send },
                                        { "fetch", l_fetch }, { "guard", l_guard }, { "log", l_log }, { NULL, NULL } };
  lua_State *L = luaL_newstate();
  if (L == NULL) return EXIT_FAILURE;
  luaL_openlibs(L);
  lua_pushglobaltable(L);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
  if (luaL_dofile(L, "tasks.lua")) {
    printf("%s\n", lua_tostring(L, -1));
    return EXIT_FAILURE;
  }
  while (turn(L)) {}
  for (int i = 0; i < MAX_TASKS; i++)
    if (tasks[i].waiting == MESSAGE) printf("%5.1f  still waiting for '%s'\n", now, tasks[i].channel);
  lua_close(L);
  return EXIT_SUCCESS;
}
