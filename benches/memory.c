/* What memory costs: bytes of each kind of object, the distribution of the collector's pauses beside a heap of a million
 * objects, the longest single operations, and what is resident before and after a peak. Uses the public API only.
 *   memory [PART]   footprint, peak, pauses or operations; one line a figure: name, value, unit
 * Times are of the thread's CPU, so that a busy machine does not show as a pause. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}
static double bytes(lua_State *L) { return lua_gc(L, LUA_GCCOUNT, 0) * 1024.0 + lua_gc(L, LUA_GCCOUNTB, 0); }
static void settle(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
}
static void report(const char *name, double value, const char *unit) {
  printf("%-34s %14.2f %s\n", name, value, unit);
  fflush(stdout);
}
static void run(lua_State *L, const char *code) {
  if (luaL_dostring(L, code)) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    exit(1);
  }
}
static lua_State *fresh(void) {
  lua_State *L = luaL_newstate();
  if (L == NULL) exit(1);
  luaL_openlibs(L);
  return L;
}
static double resident_mb(void) {
  long size, pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f == NULL || fscanf(f, "%ld %ld", &size, &pages) != 2) pages = 0;
  if (f) fclose(f);
  return pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* ---- footprint ------------------------------------------------------------------------------------------ */

static int new_userdata(lua_State *L) {
  lua_newuserdata(L, 16);
  return 1;
}
/* bytes of what `code` makes in t[1..n], by `count` times n */
static double cost(const char *code, double count) {
  lua_State *L = fresh();
  double before;
  const int n = 20000;
  lua_register(L, "userdata", new_userdata);
  if (luaL_loadstring(L, code)) exit(1);
  lua_createtable(L, n, 0);
  settle(L);
  before = bytes(L);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushinteger(L, n);
  lua_call(L, 2, 0);
  settle(L);
  before = (bytes(L) - before) / (n * count);
  lua_close(L);
  return before;
}

static void footprint(void) {
  lua_State *L;
  double closure, b;
  report("empty table", cost("local t, n = ... for i = 1, n do t[i] = {} end", 1), "bytes");
  report("array element", cost("local t, n = ... for i = 1, n / 1000 do local r = {} for k = 1, 1024 do r[k] = k end t[i] = r end", 1.024), "bytes");
  report("hash node", cost("local t, n = ... local h = {} t[1] = h for i = 1, 16384 do h[i + 0.5] = i end", 16384 / 20000.0), "bytes");
  closure = cost("local t, n = ... for i = 1, n do t[i] = function() return i end end", 1);
  b = cost("local t, n = ... for i = 1, n do local a, b = i, i t[i] = function() return i, a, b end end", 1);
  report("closure with its own upvalue", closure, "bytes");
  report("another upvalue", (b - closure) / 2, "bytes");
  report("string of 8 bytes", cost("local t, n = ... for i = 1, n do t[i] = ('%08d'):format(i) end", 1), "bytes");
  report("string of 32 bytes", cost("local t, n = ... for i = 1, n do t[i] = ('%032d'):format(i) end", 1), "bytes");
  report("string of 100 bytes", cost("local t, n = ... for i = 1, n do t[i] = ('%099d'):format(i) .. '!' end", 1), "bytes");
  report("userdata of 16 bytes", cost("local t, n = ... for i = 1, n do t[i] = userdata() end", 1), "bytes");
  report("coroutine, not started", cost("local t, n = ... local f = function() end for i = 1, n do t[i] = coroutine.create(f) end", 1), "bytes");
  report("coroutine, suspended", cost("local t, n = ... local f = function() coroutine.yield() end for i = 1, n do local c = coroutine.create(f) coroutine.resume(c) t[i] = c end", 1), "bytes");
  report("chunk 'return 1', loaded", cost("local t, n = ... for i = 1, n do t[i] = load('return 1') end", 1), "bytes");
  report("line of code, loaded", cost("local t, n = ... local text = {} for i = 1, n / 10 do text[i] = 'do local function f(a, b) local c = a.x + b return c * 2, a:m(c) end end' end "
                                      "t[1] = assert(load(table.concat(text, '\\n')))", 0.1), "bytes");
  report("line of code, having run", cost("local t, n = ... local text = {} for i = 1, n / 10 do text[i] = 'do local function f(a, b) local c = a.x + b return c * 2, a:m(c) end end' end "
                                      "local f = assert(load(table.concat(text, '\\n'))) f() t[1] = f", 0.1), "bytes");
  L = luaL_newstate();
  settle(L);
  report("fresh state", bytes(L), "bytes");
  luaL_openlibs(L);
  settle(L);
  report("state with all libraries", bytes(L), "bytes");
  lua_close(L);
}

/* ---- pauses ------------------------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}
static void distribution(const char *what, double *t, long n) {
  static const struct { const char *name; double at; } points[] = {
    { "median", 0.5 }, { "99 %", 0.99 }, { "99.9 %", 0.999 }, { "longest", 1 }
  };
  char name[64];
  size_t i;
  qsort(t, n, sizeof *t, ascending);
  for (i = 0; i < sizeof points / sizeof points[0]; i++) {
    long k = (long)(points[i].at * (n - 1));
    sprintf(name, "%s, %s", what, points[i].name);
    report(name, t[k], "us");
  }
}

#define SAMPLES 1000000
static double sample[SAMPLES];

static void pauses(void) {
  lua_State *L = fresh();
  long n = 0, i;
  double t;
  lua_gc(L, LUA_GCSTOP, 0);
  run(L, "local t = {} for i = 1, 250000 do t[i] = { i, name = 'object number ' .. i, f = function() return i end } end HEAP = t");
  settle(L);
  do {
    int done;
    t = now_us();
    done = lua_gc(L, LUA_GCSTEP, 8);
    sample[n++] = now_us() - t;
    if (done) break;
  } while (n < SAMPLES);
  report("steps of 8 KB in a cycle", n, "");
  distribution("step of 8 KB", sample, n);
  lua_gc(L, LUA_GCRESTART, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  for (n = 0; n < 400000; n++) {
    int k;
    t = now_us();
    for (k = 0; k < 10; k++) {
      lua_createtable(L, 2, 0);
      lua_pop(L, 1);
    }
    sample[n] = now_us() - t;
  }
  distribution("10 new tables", sample, n);
  /* a million garbage strings and tables to sweep, in steps */
  lua_gc(L, LUA_GCSTOP, 0);
  lua_pushnil(L);
  lua_setglobal(L, "HEAP");
  n = 0;
  for (i = 0; i < SAMPLES; i++) {
    int done;
    t = now_us();
    done = lua_gc(L, LUA_GCSTEP, 8);
    sample[n++] = now_us() - t;
    if (done && i > 2) break;
  }
  distribution("step that frees", sample, n);
  lua_close(L);
}

/* ---- single operations whose work cannot be split ---------------------------------------------------------- */

static void operations(void) {
  lua_State *L;
  long i;
  double t, worst;
  L = fresh();
  lua_gc(L, LUA_GCSTOP, 0);
  worst = 0;
  lua_createtable(L, 1100000, 0);
  for (i = 1; i <= 1100000; i++) {
    char text[32];
    int len = sprintf(text, "string %ld", i);
    t = now_us();
    lua_pushlstring(L, text, (size_t)len);
    t = now_us() - t;
    if (t > worst) worst = t;
    lua_rawseti(L, 1, (int)i);
  }
  report("new string, 1M there: longest", worst, "us");
  lua_settop(L, 0);
  lua_newtable(L);
  worst = 0;
  for (i = 1; i <= 2100000; i++) {
    lua_pushboolean(L, 1);
    t = now_us();
    lua_rawseti(L, 1, (int)i);
    t = now_us() - t;
    if (t > worst) worst = t;
  }
  report("append to 2M elements: longest", worst, "us");
  lua_settop(L, 0);
  lua_newtable(L);
  worst = 0;
  for (i = 1; i <= 1100000; i++) {
    lua_pushnumber(L, (double)i + 0.5);
    lua_pushboolean(L, 1);
    t = now_us();
    lua_rawset(L, 1);
    t = now_us() - t;
    if (t > worst) worst = t;
  }
  report("new key, 1M there: longest", worst, "us");
  lua_close(L);
}

/* ---- a peak ---------------------------------------------------------------------------------------------------- */

static void peak(void) {
  lua_State *L = fresh();
  report("resident, libraries open", resident_mb(), "MB");
  run(L, "local t = {} for i = 1, 400000 do t[i] = { i, name = 'object number ' .. i } end HEAP = t");
  report("resident at the peak", resident_mb(), "MB");
  run(L, "HEAP = nil collectgarbage()");
  report("resident after a collection", resident_mb(), "MB");
  /* one object in a thousand survives: what fragmentation costs */
  run(L, "local t = {} for i = 1, 400000 do t[i] = { i, name = 'object number ' .. i } end HEAP = {} for i = 1, 400000, 1000 do HEAP[#HEAP + 1] = t[i] end");
  run(L, "collectgarbage()");
  report("resident, 1 of 1000 survives", resident_mb(), "MB");
  lua_close(L);
  report("resident after lua_close", resident_mb(), "MB");
}

int main(int argc, char **argv) {
  const char *part = argc > 1 ? argv[1] : "";
  if (*part == 0 || strcmp(part, "footprint") == 0) footprint();
  if (*part == 0 || strcmp(part, "peak") == 0) peak();
  if (*part == 0 || strcmp(part, "pauses") == 0) pauses();
  if (*part == 0 || strcmp(part, "operations") == 0) operations();
  return 0;
}
