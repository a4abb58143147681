/* The debug interface and hooks. */
#include <string.h>

#include "sequences.h"

static const char *const options[] = {"nSlut", "S", "l", "nt", "u", "Sl", "nSlutL", "nSf"};

/* One of those there are. */
static lua_State *some_thread(unsigned byte) {
  int i;
  for (i = 0; i < THREADS; i++)
    if (run.threads[(byte + (unsigned)i) % THREADS] != NULL) return run.threads[(byte + (unsigned)i) % THREADS];
  return NULL;
}

/* A thread whose functions can be looked at: this one or one that waits. */
static lua_State *pick_viewed(Frame *f, unsigned byte) {
  lua_State *thread = byte % 3 == 0 ? some_thread(byte / 3) : NULL;
  if (thread == NULL || thread == f->L || is_active(thread)) return f->L;
  return lua_checkstack(thread, 20) ? thread : f->L;
}
static const char *thread_name(Frame *f, lua_State *L) {
  static const char *const names[] = {"thread 0", "thread 1", "thread 2", "thread 3", "thread 4", "thread 5"};
  return L == f->L ? "L" : names[thread_index(L)];
}

static void getinfo(Frame *f) {
  lua_State *L = pick_viewed(f, f->a[0]);
  int level = f->a[1] % 5, known;
  const char *what = options[f->a[2] % LENGTH(options)];
  lua_Debug ar;
  memset(&ar, 0, sizeof ar);
  call(f, "lua_getstack(%s, %d, &ar)", thread_name(f, L), level);
  known = API(lua_getstack)(L, level, &ar);
  if (!known) {
    say("-> 0");
    return;
  }
  call(f, "lua_getinfo(%s, \"%s\", &ar)", thread_name(f, L), what);
  say("-> %d", API(lua_getinfo)(L, what, &ar));
  describe_info(L, &ar, what);
  if (strchr(what, 'L')) {
    if (lua_type(L, -1) == LUA_TTABLE) describe(L, -1);
    lua_settop(L, -2);
  }
  if (strchr(what, 'f')) {
    say("  %s", show(L, -1));
    lua_settop(L, -2);
  }
}
static void getinfo_of_function(Frame *f) {
  lua_State *L = f->L;
  const char *const what[] = {">nSlut", ">SL", ">u"};
  const char *w = what[f->a[1] % 3];
  lua_Debug ar;
  push_function(f, f->a[0]);
  if (lua_type(L, -1) != LUA_TFUNCTION) return;
  memset(&ar, 0, sizeof ar);
  call(f, "lua_getinfo(L, \"%s\", &ar)", w);
  say("-> %d", API(lua_getinfo)(L, w, &ar));
  describe_info(L, &ar, w);
  if (strchr(w, 'L')) {
    if (lua_type(L, -1) == LUA_TTABLE) describe(L, -1);
    lua_settop(L, -2);
  }
  done(f);
}

/* Only variables of the program have a name that does not begin with a parenthesis. The others may be the interpreter's own: to
 * change those is not allowed, and what they hold is not promised. */
static void locals(Frame *f) {
  lua_State *L = pick_viewed(f, f->a[0]);
  int level = f->a[1] % 5, n = f->a[2] % 6 - 2;
  const char *name;
  lua_Debug ar;
  if (!lua_getstack(L, level, &ar)) return;
  if (L == f->L && level == 0 && f->kind != FUNCTION && f->kind != IN_BUFFER) {
    lua_getinfo(L, "S", &ar);
    if (ar.what[0] == 'C') return; /* the hook's own values */
  }
  call(f, "lua_getlocal(%s, level %d, %d)", thread_name(f, L), level, n);
  name = API(lua_getlocal)(L, &ar, n);
  if ((name == NULL || strcmp(name, "(*temporary)") == 0) && (level > 0 || L != f->L || f->kind != FUNCTION) && without(WITHOUT_temporaries)) {
    if (name != NULL) lua_settop(L, -2);
    return;
  }
  if (name == NULL) {
    say("-> NULL");
    return;
  }
  say("-> %s, %s", name, show(L, -1));
  lua_settop(L, -2);
  if (f->a[3] % 2 == 0 && (name[0] != '(' || strcmp(name, "(*vararg)") == 0)) {
    lua_pushinteger(L, f->a[4]);
    call(f, "lua_setlocal(%s, level %d, %d) to %d", thread_name(f, L), level, n, f->a[4]);
    name = API(lua_setlocal)(L, &ar, n);
    say("-> %s", name ? name : "NULL");
  }
}
static void parameters(Frame *f) {
  lua_State *L = f->L;
  const char *name;
  int n = f->a[1] % 3 + 1;
  push_function(f, f->a[0] & ~7u);
  if (lua_type(L, -1) != LUA_TFUNCTION) return;
  call(f, "lua_getlocal(L, NULL, %d)", n);
  name = API(lua_getlocal)(L, NULL, n);
  say("-> %s [%s]", name ? name : "NULL", show_stack(L, f->floor));
}

/* A function of Lua or of ours; what upvalues of the library's hold is not the host's. */
static int pick_closure(Frame *f, unsigned byte) {
  lua_State *L = f->L;
  int index = pick_type(f, byte, LUA_TFUNCTION);
  if (index == 0 || strcmp(c_name(lua_tocfunction(L, index)), "builtin") == 0) {
    if (index == 0 || lua_tocfunction(L, index) != NULL) {
      const char *text = snippet(byte);
      call(f, "luaL_loadstring(L, %s)", show_bytes(text, strlen(text)));
      if (API(luaL_loadstring)(L, text) != LUA_OK) {
        lua_settop(L, -2);
        lua_pushcclosure(L, c_functions[0], 0);
      }
      return lua_gettop(L);
    }
  }
  return lua_absindex(L, index);
}
static void upvalues(Frame *f) {
  lua_State *L = f->L;
  int index = pick_closure(f, f->a[0]), n = f->a[1] % 4 + 1;
  const char *name;
  if (f->a[2] % 2) {
    call(f, "lua_getupvalue(L, %d, %d)", index - f->floor, n);
    name = API(lua_getupvalue)(L, index, n);
    say("-> '%s' %s", name ? name : "NULL", name ? show(L, -1) : "");
    if (name != NULL) { /* a C function must not become a field of the globals, where messages look names up */
      lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
      lua_settop(L, lua_rawequal(L, -1, -2) ? -3 : -2);
    }
  } else {
    push_some(f, f->a[3]);
    call(f, "lua_setupvalue(L, %d, %d)", index - f->floor, n);
    name = API(lua_setupvalue)(L, index, n);
    say("-> '%s' [%s]", name ? name : "NULL", show_stack(L, f->floor));
  }
}
static int count_upvalues(lua_State *L, int index) {
  int n = 0;
  while (lua_getupvalue(L, index, n + 1) != NULL) {
    lua_settop(L, -2);
    n++;
  }
  return n;
}
static void join(Frame *f) {
  lua_State *L = f->L;
  int one = pick_closure(f, f->a[0]), other = pick_closure(f, f->a[1]);
  int n = count_upvalues(L, one), m = count_upvalues(L, other);
  if (n == 0 || m == 0 || lua_tocfunction(L, one) != NULL || lua_tocfunction(L, other) != NULL) {
    if (n == 0) return;
    call(f, "lua_upvalueid(L, %d, %d)", one - f->floor, n);
    say("-> %s", API(lua_upvalueid)(L, one, n) ? "one" : "NULL");
    return;
  }
  n = f->a[2] % n + 1;
  m = f->a[3] % m + 1;
  say("-> %s before", API(lua_upvalueid)(L, one, n) == lua_upvalueid(L, other, m) ? "one upvalue" : "two upvalues");
  call(f, "lua_upvaluejoin(L, %d, %d, %d, %d)", one - f->floor, n, other - f->floor, m);
  API(lua_upvaluejoin)(L, one, n, other, m);
  say("-> %s", lua_upvalueid(L, one, n) == lua_upvalueid(L, other, m) ? "one upvalue" : "two upvalues");
}

static void traceback(Frame *f) {
  lua_State *L = f->L, *viewed = pick_viewed(f, f->a[0]);
  const char *p;
  call(f, "luaL_traceback(L, %s, %s, %d)", thread_name(f, viewed), f->a[1] & 1 ? "\"message\"" : "NULL", f->a[2] % 4);
  API(luaL_traceback)(L, viewed, f->a[1] & 1 ? "message" : NULL, f->a[2] % 4);
  p = lua_tolstring(L, -1, NULL);
  while (*p) {
    size_t n = strcspn(p, "\n");
    say("  %s", show_bytes(p, n));
    p += n + (p[n] != 0);
  }
  lua_settop(L, -2); /* its length is not the same, for one of several names may be in it */
}

/* ---- hooks ---- */

static void sethook(Frame *f) {
  lua_State *L = f->a[0] % 3 == 0 ? some_thread(f->a[0] / 3u) : f->L;
  static const int masks[] = {LUA_MASKLINE, LUA_MASKCOUNT, LUA_MASKCALL | LUA_MASKRET, LUA_MASKLINE | LUA_MASKCOUNT, LUA_MASKRET,
    LUA_MASKLINE | LUA_MASKCALL | LUA_MASKRET, LUA_MASKCALL, 0};
  static const char *const names[] = {"line", "count", "call and return", "line and count", "return", "line, call and return", "call", "no"};
  int which = f->a[1] % 8, count = f->a[2] % 6 + 1;
  if (L == NULL) return;
  if (L != f->L && is_active(L)) return;
  if (thread_index(L) >= 0 && run.in_hook[thread_index(L)] && without(WITHOUT_hook_of_yielded)) return;
  if ((masks[which] & LUA_MASKCOUNT) && without(WITHOUT_count_after_yield) && in_uncounted_place(L)) return;
  call(f, "lua_sethook(%s, hook, %s events, %d)", thread_name(f, L), names[which], count);
  if (masks[which] & LUA_MASKCOUNT) run.counting = 1;
  run.hook_pace = f->a[3] % 4 + 1;
  API(lua_sethook)(L, hook, masks[which], count);
  say("-> mask %d, count %d, %s", API(lua_gethookmask)(L), API(lua_gethookcount)(L), API(lua_gethook)(L) == hook ? "the hook" : "no hook");
}

const Operation debug_operations[] = {
  {getinfo, 8}, {getinfo_of_function, 2}, {locals, 8}, {parameters, 1}, {upvalues, 5}, {join, 3}, {traceback, 5}, {sethook, 9}, {NULL, 0}};
