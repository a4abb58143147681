/* Calls, errors, argument checks, coroutines. */
#include <string.h>

#include "sequences.h"

static int after_call(lua_State *L) { return c_functions[8](L); }

/* Pushes a function and arguments for it; how many. */
static int push_call(Frame *f) {
  int n = f->a[1] % 4, i;
  push_function(f, f->a[0]);
  for (i = 0; i < n; i++) {
    if ((f->a[2] >> i) & 1) push_some(f, (unsigned)(f->a[3] + 37 * i));
    else { /* a value from below the function */
      int count = lua_gettop(f->L) - f->floor - 1 - i, index = count > 0 ? (f->a[4] + i) % count + 1 : 0;
      if (index == 0) API(lua_pushnil)(f->L);
      else API(lua_pushvalue)(f->L, f->floor + index);
      say("push value %d", index);
    }
  }
  return n;
}
static int results_wanted(Frame *f) { return f->a[2] / 8 % 4 == 3 ? LUA_MULTRET : f->a[2] / 8 % 4; }

static void returned(Frame *f) {
  run.depth = run.depth < 0 ? 0 : run.depth;
  lua_checkstack(f->L, LUA_MINSTACK);
  done(f);
}

static void callk(Frame *f) {
  int n, depth = run.depth, results = results_wanted(f);
  int with_k = f->kind == FUNCTION && f->a[4] % 2;
  n = push_call(f);
  call(f, "lua_callk(L, %d, %d, 0, %s)", n, results, with_k ? "k" : "NULL");
  if (with_k) f->continued = 1;
  API(lua_callk)(f->L, n, results, with_k ? f->a[3] : 0, with_k ? after_call : NULL);
  run.depth = depth;
  if (with_k) {
    f->results = after_call(f->L);
    f->ended = 1;
  } else returned(f);
}

static int handler(lua_State *L) {
  say("message handler [%s], %s", show_stack(L, 0), show(L, 1));
  lua_settop(L, 1);
  lua_pushliteral(L, "handled");
  return 1;
}
static int tracing_handler(lua_State *L) {
  const char *message = lua_type(L, 1) == LUA_TSTRING ? lua_tolstring(L, 1, NULL) : "no string";
  const char *p;
  API(luaL_traceback)(L, L, message, 1);
  p = lua_tolstring(L, -1, NULL);
  while (*p) { /* a line at a time: it may be long */
    size_t n = strcspn(p, "\n");
    say("  %s", show_bytes(p, n));
    p += n + (p[n] != 0);
  }
  lua_settop(L, 1);
  return 1;
}

static void pcallk(Frame *f) {
  lua_State *L = f->L;
  int n, depth = run.depth, status, msgh = 0, results = results_wanted(f);
  int with_k = f->kind == FUNCTION && f->a[4] % 4 == 1;
  switch (f->a[4] / 4 % 5) {
    case 1: API(lua_pushcclosure)(L, handler, 0); break;
    case 2: API(lua_pushcclosure)(L, tracing_handler, 0); break;
    case 3: API(lua_pushcclosure)(L, c_functions[f->a[4] / 20 % 8], 0); break;
    default: msgh = -1;
  }
  if (msgh < 0) msgh = 0;
  else msgh = lua_gettop(L);
  n = push_call(f);
  call(f, "lua_pcallk(L, %d, %d, %d, 0, %s)", n, results, msgh ? msgh - f->floor : 0, with_k ? "k" : "NULL");
  if (with_k) f->continued = 1;
  status = API(lua_pcallk)(L, n, results, msgh, with_k ? f->a[3] : 0, with_k ? after_call : NULL);
  run.depth = depth;
  if (with_k) { /* the status is what the continuation would not be called with: it is not shown */
    f->results = after_call(L);
    f->ended = 1;
    return;
  }
  if (status != LUA_OK) say("-> %s, %s", status_name(status), show(L, -1));
  returned(f);
}

static void end_function(Frame *f) {
  int top = lua_gettop(f->L) - f->floor, n = f->a[0] % 4;
  if (f->kind != FUNCTION) {
    f->ended = 1;
    return;
  }
  if (n > top) n = top;
  call(f, "return %d", n);
  f->ended = 1;
  f->results = n;
}

static void raise(Frame *f) {
  switch (f->a[0] % 6) {
    case 0: case 1: case 2:
      need(f, 1);
      call(f, "lua_error(L), %s", show(f->L, -1));
      API(lua_error)(f->L);
      break;
    case 3:
      call(f, "luaL_error(L, ...)");
      API(luaL_error)(f->L, "an error: %s, %d", "text", f->a[1]);
      break;
    case 4:
      if (f->kind != FUNCTION) return;
      call(f, "luaL_argerror(L, %d, \"wrong\")", f->a[1] % 4 + 1);
      API(luaL_argerror)(f->L, f->a[1] % 4 + 1, "wrong");
      break;
    default:
      call(f, "luaL_where(L, %d)", f->a[1] % 4);
      API(luaL_where)(f->L, f->a[1] % 4);
      result(f, -1);
  }
}

static void check(Frame *f) {
  static const char *const options[] = {"a", "text", "k1", NULL};
  lua_State *L = f->L;
  int n = f->a[1] % 5 + 1;
  size_t length = 0;
  const char *s;
  if (f->kind != FUNCTION && f->kind != IN_BUFFER) return;
  if (f->kind == IN_BUFFER) n += f->floor;
  switch (f->a[0] % 12) {
    case 0:
      call(f, "luaL_checkany(L, %d)", n - f->floor);
      API(luaL_checkany)(L, n);
      break;
    case 1:
      call(f, "luaL_checktype(L, %d, %s)", n - f->floor, lua_typename(L, f->a[2] % 9));
      API(luaL_checktype)(L, n, f->a[2] % 9);
      break;
    case 2:
      call(f, "luaL_checknumber(L, %d)", n - f->floor);
      say("-> %s", API(luaL_checknumber)(L, n) == lua_tonumberx(L, n, NULL) ? "equal" : "not equal");
      break;
    case 3:
      call(f, "luaL_checkinteger(L, %d)", n - f->floor);
      say("-> %s", API(luaL_checkinteger)(L, n) == lua_tointegerx(L, n, NULL) ? "equal" : "not equal");
      break;
    case 4:
      call(f, "luaL_checkunsigned(L, %d)", n - f->floor);
      say("-> %s", API(luaL_checkunsigned)(L, n) == lua_tounsignedx(L, n, NULL) ? "equal" : "not equal");
      break;
    case 5:
      call(f, "luaL_checklstring(L, %d, &length)", n - f->floor);
      s = API(luaL_checklstring)(L, n, &length);
      say("-> %s", show_bytes(s, length));
      break;
    case 6:
      call(f, "luaL_optnumber(L, %d, 4)", n - f->floor);
      say("-> %.14g", API(luaL_optnumber)(L, n, 4) == 4 ? 4.0 : 0.0);
      break;
    case 7:
      call(f, "luaL_optinteger(L, %d, 5)", n - f->floor);
      say("-> %d", API(luaL_optinteger)(L, n, 5) == 5);
      break;
    case 8:
      call(f, "luaL_optunsigned(L, %d, 6)", n - f->floor);
      say("-> %d", API(luaL_optunsigned)(L, n, 6) == 6);
      break;
    case 9:
      call(f, "luaL_optlstring(L, %d, \"default\", &length)", n - f->floor);
      s = API(luaL_optlstring)(L, n, "default", &length);
      say("-> %s", show_bytes(s, length));
      break;
    case 10:
      call(f, "luaL_checkoption(L, %d, \"text\", options)", n - f->floor);
      say("-> %d", API(luaL_checkoption)(L, n, "text", options));
      break;
    default:
      call(f, "luaL_checkversion(L)");
      API(luaL_checkversion_)(L, LUA_VERSION_NUM);
      say("-> %g, %g", *API(lua_version)(L), *lua_version(NULL));
  }
}

/* ---- coroutines ---- */

static void anchor(lua_State *L, int slot) {
  static const char *const names[] = {"thread0", "thread1", "thread2", "thread3", "thread4", "thread5"};
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, names[slot]);
}

static void newthread(Frame *f) {
  int slot = f->a[0] % THREADS;
  lua_State *thread;
  if (run.threads[slot] != NULL && is_active(run.threads[slot])) return;
  call(f, "thread %d = lua_newthread(L)", slot);
  thread = API(lua_newthread)(f->L);
  anchor(f->L, slot);
  run.threads[slot] = thread;
  run.in_hook[slot] = 0;
  done(f);
}

/* One of the threads that may be looked at from outside. */
static lua_State *pick_thread(Frame *f, unsigned byte) {
  int i;
  for (i = 0; i < THREADS; i++) {
    lua_State *thread = run.threads[(byte + (unsigned)i) % THREADS];
    if (thread != NULL && thread != f->L && !is_active(thread)) return thread;
  }
  return NULL;
}

/* Something is resumed: a new thread with a function, one that yielded, or one that cannot be. */
static void resume(Frame *f) {
  lua_State *L = f->L, *thread = pick_thread(f, f->a[4]);
  int status, n, depth = run.depth, fresh;
  if (thread == NULL) {
    newthread(f);
    thread = pick_thread(f, f->a[4]);
    if (thread == NULL) return;
  }
  if (!lua_checkstack(thread, 40)) return;
  status = API(lua_status)(thread);
  fresh = status == LUA_OK;
  if (fresh && lua_gettop(thread) == 0) { /* needs a function */
    n = push_call(f);
    call(f, "lua_xmove(L, thread %d, %d)", thread_index(thread), n + 1);
    API(lua_xmove)(L, thread, n + 1);
  } else if (status == LUA_YIELD) {
    lua_settop(thread, 0);
    n = run.in_hook[thread_index(thread)] ? 0 : f->a[1] % 3; /* what a hook yields has no results */
    need(f, n);
    API(lua_xmove)(L, thread, n);
    say("lua_xmove(L, thread %d, %d)", thread_index(thread), n);
  } else n = 0;
  if (fresh && lua_type(thread, -n - 1) == LUA_TNONE) return;
  call(f, "lua_resume(thread %d, L, %d), %s", thread_index(thread), n, status_name(status));
  run.in_hook[thread_index(thread)] = 0;
  status = API(lua_resume)(thread, f->a[2] % 16 == 0 ? NULL : L, n);
  run.depth = depth;
  if (status == LUA_OK || status == LUA_YIELD) {
    n = lua_gettop(thread);
    say("-> %s, %d values [%s]", status_name(status), n, show_stack(thread, 0));
    if (n > 4) lua_settop(thread, n = 4);
    if (!lua_checkstack(L, n + LUA_MINSTACK)) n = 0;
    API(lua_xmove)(thread, L, n);
    if (status == LUA_OK) lua_settop(thread, 0);
  } else {
    say("-> %s, %s", status_name(status), show(thread, -1));
    if (!without(WITHOUT_dead_top)) say("  %d values", lua_gettop(thread));
  }
  done(f);
}

static void yield(Frame *f) {
  lua_State *L = f->L;
  int n = f->a[0] % 4, context = f->a[1];
  if (f->kind != FUNCTION || !may_yield(L)) return;
  if (n > lua_gettop(L)) n = lua_gettop(L);
  if (f->a[2] % 2) {
    call(f, "lua_yieldk(L, %d, %d, k)", n, context);
    f->results = API(lua_yieldk)(L, n, context, after_call);
  } else {
    call(f, "lua_yieldk(L, %d, 0, NULL)", n);
    f->results = API(lua_yieldk)(L, n, 0, NULL);
  }
  f->ended = 1;
}

static void getctx(Frame *f) {
  int context = -1, status;
  if (f->kind != FUNCTION || f->continued) return;
  call(f, "lua_getctx(L, &context)");
  status = API(lua_getctx)(f->L, &context);
  say("-> %s, %d", status_name(status), context);
}

/* Values are put on a thread that waits, and taken from it. */
static void xmove(Frame *f) {
  lua_State *L = f->L, *thread = pick_thread(f, f->a[4]);
  int n = f->a[0] % 3, have;
  if (thread == NULL || lua_status(thread) > LUA_YIELD || !lua_checkstack(thread, 40)) return;
  have = lua_gettop(thread);
  if (f->a[1] % 2) {
    if (n > have || lua_status(thread) == LUA_OK) n = have;
    if (n > 5) n = 5;
    call(f, "lua_xmove(thread %d, L, %d)", thread_index(thread), n);
    API(lua_xmove)(thread, L, n);
  } else {
    if (have > 20 || lua_status(thread) == LUA_OK) return;
    need(f, n);
    call(f, "lua_xmove(L, thread %d, %d)", thread_index(thread), n);
    API(lua_xmove)(L, thread, n);
  }
  say("-> [%s] and [%s]", show_stack(L, f->floor), show_stack(thread, 0));
}

static void status(Frame *f) {
  lua_State *thread = run.threads[f->a[0] % THREADS];
  if (thread == NULL) return;
  call(f, "lua_status(thread %d)", f->a[0] % THREADS);
  say("-> %s", status_name(API(lua_status)(thread)));
}

const Operation call_operations[] = {
  {callk, 16}, {pcallk, 20}, {end_function, 20}, {raise, 7}, {check, 8}, {newthread, 4}, {resume, 22}, {yield, 10}, {getctx, 2},
  {xmove, 4}, {status, 2}, {NULL, 0}};
