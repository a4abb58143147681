/* flags: -fexceptions
 * What is different on purpose. Each library has an expected output of its own in expected/; docs/COMPATIBILITY.md says why. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

/* ---- cleanups of C frames that an error or a yield leaves ------------------------------------------- */

static int cleaned;
static void clean(int *what) { cleaned = cleaned * 10 + *what; }

static int raises(lua_State *L) {
  int one __attribute__((cleanup(clean))) = 1;
  int two __attribute__((cleanup(clean))) = 2;
  (void)one;
  (void)two;
  return luaL_error(L, "raised");
}
static int yields(lua_State *L) {
  int three __attribute__((cleanup(clean))) = 3;
  (void)three;
  return lua_yield(L, 0);
}

/* ---- functions of the API that the host defines, but that the library does not call by name ----------- */

static int asked;
static void *library_s(const char *name) {
  asked++;
  return dlsym(RTLD_NEXT, name);
}
const char *(luaL_tolstring)(lua_State *L, int idx, size_t *len) {
  const char *(*f)(lua_State *, int, size_t *);
  *(void **)&f = library_s("luaL_tolstring");
  return f(L, idx, len);
}
lua_Number (luaL_checknumber)(lua_State *L, int arg) {
  lua_Number (*f)(lua_State *, int);
  *(void **)&f = library_s("luaL_checknumber");
  return f(L, arg);
}
int (lua_resume)(lua_State *L, lua_State *from, int narg) {
  int (*f)(lua_State *, lua_State *, int);
  *(void **)&f = library_s("lua_resume");
  return f(L, from, narg);
}

static void t_direct_calls(lua_State *L) {
  asked = 0;
  run_lua(L, "local x = tostring(print), math.sin(1), coroutine.resume(coroutine.create(type), 1)");
  say("the library calls the host's %d times", asked);
}

static void t_cleanups(lua_State *L) {
  lua_State *co = lua_newthread(L);
  int status;
  cleaned = 0;
  lua_pushcfunction(L, raises);
  status = lua_pcall(L, 0, 0, 0);
  say("%s, cleanups %d", status_name(status), cleaned);
  cleaned = 0;
  lua_pushcfunction(co, yields);
  status = lua_resume(co, L, 0);
  say("%s, cleanups %d", status_name(status), cleaned);
  lua_settop(L, 0);
}

/* ---- nesting that takes no native stack here -------------------------------------------------------- */

static void t_nesting(lua_State *L) {
  run_lua(L,
    "local function levels(protect) "
    "  local n = 0 "
    "  local function f() n = n + 1 if n < 1000 then protect(f) end end "
    "  f() "
    "  return n == 1000 and 'a thousand levels' or n < 250 and 'at most the native levels' "
    "end "
    "return levels(pcall), levels(function(f) xpcall(f, function(e) return e end) end)");
  say("pcall: %s", lua_tostring(L, -2));
  say("xpcall: %s", lua_tostring(L, -1));
  lua_settop(L, 0);
}

/* ---- an error on a thread that does not run ---------------------------------------------------------- */

static lua_State *main_thread;
static int raise_on_main(lua_State *L) {
  (void)L;
  return luaL_error(main_thread, "raised on the main thread");
}
static int raise_on(lua_State *L) {
  lua_State *other = lua_tothread(L, 1);
  lua_pushliteral(other, "raised on another thread");
  return lua_error(other);
}
static void t_other_thread(lua_State *L) {
  lua_State *other = lua_newthread(L);
  int status;
  lua_pushcfunction(L, raise_on);
  lua_pushvalue(L, 1);
  status = lua_pcall(L, 1, 0, 0);
  say("%s '%s', the other thread %s", status_name(status), lua_tostring(L, -1), status_name(lua_status(other)));
  lua_settop(L, 0);
  main_thread = L;
  lua_register(L, "raise_on_main", raise_on_main);
  compile(L, "co = coroutine.create(raise_on_main) return select(2, coroutine.resume(co))");
  status = lua_pcall(L, 0, 1, 0);
  say("by a coroutine: %s '%s'", status_name(status), lua_tostring(L, -1));
  lua_settop(L, 0);
  run_lua(L, "return coroutine.status(co)");
  say("the coroutine: %s", lua_tostring(L, -1));
  lua_settop(L, 0);
}

/* ---- a count hook after a yield ---------------------------------------------------------------------- */

static int steps;
static void count_step(lua_State *L, lua_Debug *ar) {
  (void)L;
  (void)ar;
  steps++;
}
static void t_count_after_yield(lua_State *L) {
  static const char *const code = "for i in function(_, i) return select(2, pcall(step, (i or 0) + 1)) end do if i == 4 then break end end";
  int i;
  for (i = 0; i < 2; i++) {
    lua_State *co = lua_newthread(L);
    run_lua(L, i ? "step = coroutine.yield" : "step = math.abs");
    compile(co, code);
    lua_sethook(co, count_step, LUA_MASKCOUNT, 1);
    steps = 0;
    while (lua_resume(co, L, lua_gettop(co) > 0 && lua_status(co) == LUA_YIELD) == LUA_YIELD) continue;
    say("%s: %d instructions", i ? "with yields" : "without", steps);
    lua_settop(L, 0);
  }
}

/* ---- count hooks that look in on the library ---------------------------------------------------------- */

static int polls;
static void yield_in_c(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "S", ar);
  if (*ar->what != 'C') return;
  polls++;
  lua_yield(L, 0);
}
static int c_call(lua_State *L) {
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

/* the yield waits for the next instruction of a function that can be left; where there is none it is no error */
static void t_yield_in_library(lua_State *L) {
  static const char *const bodies[] = {
    "local a = s:find(p)\nlocal b = s:gsub(p, '')\nreturn a, #b",
    "return s:find(p)",
    "local a = c_call(s.find, s, p)\nreturn a",
    "local a, b = pcall(s.find, s, p)\nlocal t = {}\nfor i = 1, 2000 do t[i] = i * 7 % 2001 end\ntable.sort(t)\nreturn a, t[1]",
    "local a = c_call(function() return s:find(p), 1 end)\nreturn a"
  };
  size_t i;
  int m;
  lua_register(L, "c_call", c_call);
  run_lua(L, "s = ('a'):rep(18) p = ('a?'):rep(18) .. '[bc]'");
  for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
    for (m = 0; m < 2; m++) {
      lua_State *co = m ? lua_newthread(L) : L;
      lua_Debug ar;
      int status;
      polls = 0;
      compile(co, bodies[i]);
      lua_sethook(co, yield_in_c, LUA_MASKCOUNT, 500);
      if (m == 0) status = lua_pcall(L, 0, LUA_MULTRET, 0);
      else while ((status = lua_resume(co, L, 0)) == LUA_YIELD) {
        lua_getstack(co, 0, &ar);
        lua_getinfo(co, "Sl", &ar);
        say("  yields at line %d of %s", ar.currentline, ar.what);
      }
      lua_sethook(co, NULL, 0, 0);
      printf("%d %s, %s, ", (int)i, polls > 3 ? "often" : polls > 0 ? "a few times" : "never", status_name(status));
      show_stack(co, "results");
      lua_settop(L, 0);
    }
}

/* ---- nesting on a small native stack ---------------------------------------------------------------- */

static int c_protected(lua_State *L) {
  lua_pushcfunction(L, c_protected);
  return lua_pcall(L, 0, 0, 0) ? lua_error(L) : 0;
}

/* without the resumer the count of levels begins anew in each coroutine */
static int c_resume(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, c_resume);
  if (lua_resume(co, NULL, 0) == LUA_OK) return 0;
  lua_xmove(co, L, 1);
  return lua_error(L);
}

static const char *const deep[] = {
  "protected()",
  "resume()",
  "local function f() string.gsub('x', 'x', f) end f()",
  "local function f() return ('%s'):format(setmetatable({}, {__tostring = function() return f() end})) end f()"
};

/* the error, a traceback made where it happened, and the error of a handler that goes as deep again */
static void *go_deep(void *code) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  lua_register(L, "protected", c_protected);
  lua_register(L, "resume", c_resume);
  lua_pushstring(L, (const char *)code);
  lua_setglobal(L, "code");
  run_lua(L,
    "local f = assert(load(code)) "
    "local _, plain = xpcall(f, function(m) return m end) "
    "local _, traced = xpcall(f, function(m) return debug.traceback(m) end) "
    "local _, again = xpcall(f, function(m) f() end) "
    "local function overflow(m) return m and m:find('C stack overflow', 1, true) and 'C stack overflow' or tostring(m) end "
    "return overflow(plain) .. ', ' .. (traced:find('traceback', 1, true) and overflow(traced) or 'not traced')"
    "  .. ', ' .. again");
  say("%s", lua_tostring(L, -1));
  lua_close(L);
  return NULL;
}

static void t_small_stack(lua_State *L) {
  size_t i;
  (void)L;
  for (i = 0; i < sizeof deep / sizeof deep[0]; i++) {
    pid_t child;
    int status = 0;
    say("%s", deep[i]);
    fflush(stdout);
    child = fork();
    if (child == 0) {
      pthread_t thread;
      pthread_attr_t attr;
      pthread_attr_init(&attr);
      pthread_attr_setstacksize(&attr, 96 * 1024);
      pthread_create(&thread, &attr, go_deep, (void *)deep[i]);
      pthread_join(thread, NULL);
      fflush(stdout);
      _exit(0);
    }
    waitpid(child, &status, 0);
    if (!WIFEXITED(status)) say("died");
  }
}

/* ---- lua_sethook from another thread all the time ----------------------------------------------------- */

#ifdef REFERENCE
static void t_thread_storm(lua_State *L) {
  (void)L;
  say("not tried: it crashes now and then");
}
#else
static volatile int hook_calls, storm_over;
static void counting(lua_State *L, lua_Debug *ar) {
  hook_calls++;
  lua_getinfo(L, "Slnu", ar);
  if (hook_calls % 3 == 0) lua_sethook(L, NULL, 0, 0);
}
static void *storm(void *arg) {
  static const int masks[] = { LUA_MASKCOUNT, LUA_MASKLINE, LUA_MASKCALL, LUA_MASKRET, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 0 };
  struct timespec delay;
  unsigned turn;
  delay.tv_sec = 0;
  delay.tv_nsec = 20000;
  for (turn = 0; !storm_over; turn++) {
    lua_sethook((lua_State *)arg, turn % 6 < 5 ? counting : NULL, masks[turn % 6], 1 + (int)(turn % 40));
    if (turn % 8 == 0) nanosleep(&delay, NULL);
  }
  return NULL;
}
static void t_thread_storm(lua_State *L) {
  pthread_t thread;
  int runs = 0, wrong = 0;
  compile(L, "local sum, errors = 0, 0 local mt = {__index = function(t, k) return k * 2 end} local function deep(n) if n > 0 then return 1 + deep(n - 1) end return 0 end "
             "for round = 1, 20 do local t = setmetatable({}, mt) for i = 1, 40 do sum = sum + t[i] end sum = sum + deep(round * 10) "
             "if not pcall(function() local x = nil; x.y = 1 end) then errors = errors + 1 end "
             "local co = coroutine.wrap(function(n) for i = 1, n do coroutine.yield(i) end return 0 end) repeat local v = co(10) sum = sum + v until v == 0 "
             "collectgarbage('step', 10) end collectgarbage() return sum + errors");
  lua_pushvalue(L, 1);
  lua_call(L, 0, 1);
  pthread_create(&thread, NULL, storm, L);
  while (runs < 10 || (hook_calls < 5000 && runs < 20000)) {
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK || !lua_rawequal(L, 2, 3)) wrong++;
    lua_settop(L, 2);
    runs++;
  }
  storm_over = 1;
  pthread_join(thread, NULL);
  lua_sethook(L, NULL, 0, 0);
  say("wrong %d, the hook was called often %d", wrong, hook_calls >= 5000);
  lua_settop(L, 0);
}
#endif

/* ---- numbers ------------------------------------------------------------------------------------------ */

/* a NaN keeps its meaning, but not the bits that mean nothing */
static void t_nan(lua_State *L) {
  static const unsigned int payload[2] = { 0x12345678u, 0x7ff8abcdu };
  unsigned int bits[2];
  double d;
  memcpy(&d, payload, sizeof d);
  lua_pushnumber(L, d);
  d = lua_tonumber(L, -1);
  memcpy(bits, &d, sizeof d);
  say("a NaN %s, its payload %s", d != d ? "stays one" : "is lost", bits[0] == payload[0] && bits[1] == payload[1] ? "too" : "does not");
  lua_settop(L, 0);
}

/* ---- light userdata --------------------------------------------------------------------------------- */

/* a pattern that is no address needs memory once, so pushing it can fail */
static int budget = -1;
static void *limited(void *ud, void *block, size_t old, size_t size) {
  (void)ud;
  (void)old;
  if (size == 0) {
    free(block);
    return NULL;
  }
  if (budget == 0 && (block == NULL || size > old)) return NULL;
  return realloc(block, size);
}
static void *pattern;
static int push_pattern(lua_State *L) {
  lua_pushlightuserdata(L, pattern);
  return lua_touserdata(L, -1) == pattern;
}
static void t_light(lua_State *unused) {
  lua_State *L = lua_newstate(limited, NULL);
  int status;
  (void)unused;
  pattern = &budget;
  lua_pushcfunction(L, push_pattern);
  say("an address: %s", status_name(lua_pcall(L, 0, 0, 0)));
  pattern = (void *)0xfedcba9876543210UL;
  lua_pushcfunction(L, push_pattern);
  budget = 0;
  status = lua_pcall(L, 0, 1, 0);
  budget = -1;
  say("without memory: %s", status_name(status));
  lua_pushcfunction(L, push_pattern);
  say("with memory: %s", status_name(lua_pcall(L, 0, 1, 0)));
  lua_close(L);
}

/* ---- what random sequences of calls met (tests/sequences) -------------------------------------------- */

/* a C function that called Lua with a continuation, while an error was caught below it */
static int goes_on(lua_State *L) {
  lua_pushliteral(L, "the continuation was called");
  return 1;
}
static int calls_on(lua_State *L) {
  lua_callk(L, 0, 0, 0, goes_on);
  lua_pushliteral(L, "the call came back");
  return 1;
}
static void t_caught_below(lua_State *L) {
  int i;
  for (i = 0; i < 2; i++) {
    lua_State *co = lua_newthread(L);
    lua_pushcfunction(co, calls_on);
    compile(co, i ? "pcall(error, 'caught')" : "return");
    lua_resume(co, L, 1);
    say("%s: %s", i ? "an error was caught" : "no error", lua_tostring(co, -1));
    lua_settop(L, 0);
  }
}

static int fail_with_zero(lua_State *L) {
  lua_pushlstring(L, "before\0after", 12);
  return lua_error(L);
}
static int collect(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  return 0;
}
static void t_finalizer_message(lua_State *L) {
  size_t length;
  const char *message;
  lua_newtable(L);
  lua_newtable(L);
  lua_pushcfunction(L, fail_with_zero);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_settop(L, 0);
  lua_pushcfunction(L, collect);
  say("%s", status_name(lua_pcall(L, 0, 0, 0)));
  message = lua_tolstring(L, -1, &length);
  say("'%s', then %s", message, length > strlen(message) ? message + strlen(message) + 1 : "nothing");
  lua_settop(L, 0);
}

typedef struct Text {
  const char *at;
  int calls;
} Text;
static const char *one_byte(lua_State *L, void *data, size_t *size) {
  Text *text = (Text *)data;
  (void)L;
  text->calls++;
  *size = *text->at != 0;
  return text->at++;
}
static void t_reader_calls(lua_State *L) {
  static const char *const texts[] = { "x = )  ", "x = 1  " };
  int i;
  for (i = 0; i < 2; i++) {
    Text text;
    int status;
    text.at = texts[i];
    text.calls = 0;
    status = lua_load(L, one_byte, &text, "=text", NULL);
    say("'%s': %s, the reader was called %d times", texts[i], status_name(status), text.calls);
    lua_pop(L, 1);
  }
}

typedef struct Received {
  int calls;
  size_t first, bytes;
} Received;
static int receive(lua_State *L, const void *data, size_t size, void *ud) {
  Received *r = (Received *)ud;
  (void)L, (void)data;
  if (r->calls++ == 0) r->first = size;
  r->bytes += size;
  return 0;
}
static void t_writer_calls(lua_State *L) {
  static const char *const texts[] = { "return 1", "local a, b = 'a', 2 return function() return a, b end" };
  int i;
  for (i = 0; i < 2; i++) {
    Received r = { 0, 0, 0 };
    luaL_loadbuffer(L, texts[i], strlen(texts[i]), "=text");
    lua_dump(L, receive, &r);
    say("%d bytes, the first %d at once, the writer was called %d times", (int)r.bytes, (int)r.first, r.calls);
    lua_pop(L, 1);
  }
}

static int count_temporaries(lua_State *L) {
  lua_Debug ar;
  int n = 0;
  lua_getstack(L, 2, &ar);
  while (lua_getlocal(L, &ar, n + 1) != NULL) {
    lua_pop(L, 1);
    n++;
  }
  say("pcall has %s", n == 0 ? "no temporaries" : "temporaries");
  return 0;
}
static void t_temporaries(lua_State *L) {
  lua_register(L, "count", count_temporaries);
  run_lua(L, "pcall(table.sort, {2, 1}, count)");
  lua_settop(L, 0);
}

static int levels;
static int go_down(lua_State *L) {
  levels++;
  lua_pushcfunction(L, go_down);
  lua_call(L, 0, 0);
  return 0;
}
static void t_levels(lua_State *L) {
  lua_register(L, "go_down", go_down);
  levels = 0;
  run_lua(L, "return select(2, pcall(function() go_down() end))");
  say("%s after %d levels of C", lua_tostring(L, -1), levels);
  lua_settop(L, 0);
}

/* an error of a hook's own, which has nothing to do with a variable of the function that ends */
static void set_in_nil(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_pushnil(L);
  lua_pushinteger(L, 0);
  lua_pushnil(L);
  lua_settable(L, -3);
}
static void t_variable_in_return_hook(lua_State *L) {
  compile(L, "g1 = ...\nlocal a = g1\ng2 = a\nreturn g1 == g2");
  lua_sethook(L, set_in_nil, LUA_MASKRET, 0);
  lua_pcall(L, 0, 0, 0);
  lua_sethook(L, NULL, 0, 0);
  say("%s", strstr(lua_tostring(L, -1), "(a nil value)") ? "the message names a variable" : "the message names none");
  lua_settop(L, 0);
}

static int finalized;
static int note(lua_State *L) {
  (void)L;
  finalized = 1;
  return 0;
}
static void collect_on_line(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  say("what lay in a register before the function was called is %s", finalized ? "collected" : "kept");
}
static void t_collection_in_hook(lua_State *L) {
  lua_settop(L, 3);
  lua_newuserdata(L, 1);
  lua_newtable(L);
  lua_pushcfunction(L, note);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_settop(L, 0);
  compile(L, "local n = 0 for i, v in ipairs({1}) do n = n + v end");
  finalized = 0;
  lua_sethook(L, collect_on_line, LUA_MASKLINE, 0);
  lua_call(L, 0, 0);
}

static void yield_on_line(lua_State *L, lua_Debug *ar) {
  say("line %d", (int)ar->currentline);
  lua_yield(L, 0);
}
static void t_hook_set_again(lua_State *L) {
  lua_State *co = lua_newthread(L);
  compile(co, "local a = 1\nlocal b, c = 2, 3");
  lua_sethook(co, yield_on_line, LUA_MASKLINE, 0);
  lua_resume(co, L, 0);
  lua_resume(co, L, 0);
  say("set again");
  lua_sethook(co, yield_on_line, LUA_MASKLINE, 0);
  while (lua_resume(co, L, 0) == LUA_YIELD) continue;
  lua_settop(L, 0);
}

static int format_wrong(lua_State *L) {
  lua_pushfstring(L, "text, then %x");
  return 0;
}
static void t_dead_stack(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, format_wrong);
  lua_resume(co, L, 0);
  say("%s on a stack of %d", lua_tostring(co, -1), lua_gettop(co));
  lua_settop(L, 0);
}

/* ---- memory ------------------------------------------------------------------------------------------- */

static void t_footprint(lua_State *L) {
  static const char *const codes[] = { "t = {} for i = 1, 4096 do t[i] = {} end", "t = {} for i = 1, 16384 do t[i] = i end", "t = {} for i = 1, 16384 do t[i + 0.5] = i end" };
  static const char *const names[] = { "an empty table in an array", "an element of an array", "a node of a hash part" };
  static const int counts[] = { 4096, 16384, 16384 }, reference[] = { 56 + 16, 16, 40 };
  int i;
  for (i = 0; i < 3; i++) {
    double before = bytes_in_use(L);
    run_lua(L, codes[i]);
    say("%s takes %s", names[i], (bytes_in_use(L) - before) / counts[i] <= 0.6 * reference[i] + 0.2 ? "at most 0.6 of the reference's bytes" : "more");
    run_lua(L, "t = nil");
  }
}

/* garbage of 200,000 small tables in steps of 8 KB */
static void t_bounded_steps(lua_State *L) {
  int before, after, most = 0, done;
  lua_gc(L, LUA_GCSTOP, 0);
  run_lua(L, "t = {} for i = 1, 200 do t[i] = {} for k = 1, 1000 do t[i][k] = {i} end end");
  lua_gc(L, LUA_GCCOLLECT, 0);
  run_lua(L, "t = nil");
  before = lua_gc(L, LUA_GCCOUNT, 0);
  do {
    done = lua_gc(L, LUA_GCSTEP, 8);
    after = lua_gc(L, LUA_GCCOUNT, 0);
    if (before - after > most) most = before - after;
    before = after;
  } while (!done);
  say("a step frees %s", most <= 200 ? "at most 200 KB" : "megabytes");
}

static double resident(void) {
  long size, pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f == NULL || fscanf(f, "%ld %ld", &size, &pages) != 2) pages = 0;
  if (f != NULL) fclose(f);
  return (double)pages;
}
static void t_memory_goes_back(lua_State *L) {
  double start = resident(), peak;
  run_lua(L, "t = {} for i = 1, 200000 do t[i] = {i, 'string ' .. i, {}} end");
  peak = resident();
  run_lua(L, "t = nil collectgarbage()");
  say("after a peak %s", resident() - start < (peak - start) / 3 ? "the system has most of it back" : "most of it is kept");
}

/* ---- panic functions that jump away ------------------------------------------------------------------- */

static jmp_buf escape;
static char message[64];
static int jumps(lua_State *L) {
  strncpy(message, lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "no message", sizeof message - 1);
  longjmp(escape, 1);
  return 0;
}
static int raises_from_c(lua_State *L) { return luaL_error(L, "from C"); }
static void panics(const char *code) {
  lua_State *L = luaL_newstate();
  volatile int i;
  luaL_openlibs(L);
  lua_register(L, "raise", raises_from_c);
  lua_atpanic(L, jumps);
  for (i = 0; i < 20000; i++) {
    if (setjmp(escape) == 0) {
      luaL_loadstring(L, code);
      lua_call(L, 0, 0);
    }
    lua_settop(L, 0);
  }
  if (setjmp(escape) == 0) {
    if (luaL_loadstring(L, "local function depth(n) return n == 0 and 'usable' or (depth(n - 1)) end return depth(1000)") == LUA_OK)
      lua_call(L, 0, 1);
    say("%s", lua_tostring(L, -1));
  }
  lua_close(L);
}
static void panics_in_lua(lua_State *unused) {
  (void)unused;
  panics("local t = nil; return t.x");
}
static void panics_in_library(lua_State *unused) {
  (void)unused;
  panics("error('raised')");
}
static void panics_in_c(lua_State *unused) {
  (void)unused;
  panics("raise()");
}

static long blocks_left;
static void *counts_down(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud;
  (void)osize;
  if (nsize == 0) {
    free(ptr);
    return NULL;
  }
  if (ptr == NULL && blocks_left-- <= 0) return NULL;
  return realloc(ptr, nsize);
}
static void panic_without_memory(void) {
  lua_State *L;
  blocks_left = 1000000;
  strcpy(message, "nothing");
  L = lua_newstate(counts_down, NULL);
  lua_atpanic(L, jumps);
  lua_pushinteger(L, 42);
  if (setjmp(escape) == 0) {
    blocks_left = 0;
    lua_newtable(L);
  }
  say("without memory: %s", message);
  blocks_left = 1000000;
  lua_close(L);
}

static void t_panics(lua_State *unused) {
  (void)unused;
  say("errors in Lua: %s", in_child(panics_in_lua));
  say("errors of the library: %s", in_child(panics_in_library));
  say("errors of a C function: %s", in_child(panics_in_c));
  panic_without_memory();
}

/* ---- a function that is set later, and the blocks of before ------------------------------------------- */

/* counts, and knows its own blocks */
static struct { long balance, strangers; } seen;
static void *own_heap[200000];
static long own_heap_used;
static long own_index(void *p) {
  long i;
  for (i = own_heap_used - 1; i >= 0; i--)
    if (own_heap[i] == p) return i;
  return -1;
}
static void *keeping(void *ud, void *ptr, size_t osize, size_t nsize) {
  long i = ptr != NULL ? own_index(ptr) : -1;
  void *p;
  (void)ud;
  if (ptr != NULL) seen.strangers += i < 0;
  else osize = 0;
  seen.balance += (long)nsize - (long)osize;
  if (nsize == 0) {
    free(ptr);
    if (i >= 0) own_heap[i] = own_heap[--own_heap_used];
    return NULL;
  }
  p = realloc(ptr, nsize);
  if (i < 0) i = own_heap_used++;
  own_heap[i] = p;
  return p;
}
static void t_exchange(lua_State *L) {
  static void *holes[1200];
  lua_State *M = luaL_newstate();
  long before;
  int i;
  (void)L;
  luaL_openlibs(M);
  run_lua(M, "t = {} big = ('x'):rep(1000000) function more() for i = 1, 50 do t[#t + 1] = {'string ' .. #t} end end");
  /* malloc's blocks lie between the state's, and make room for the function's there */
  for (i = 0; i < 60; i++) {
    int k;
    for (k = 0; k < 20; k++) holes[20 * i + k] = malloc((size_t)(16 + 25 * k));
    run_lua(M, "more()");
  }
  for (i = 0; i < 1200; i++) free(holes[i]);
  lua_gc(M, LUA_GCCOLLECT, 0);
  before = lua_gc(M, LUA_GCCOUNT, 0) * 1024L + lua_gc(M, LUA_GCCOUNTB, 0);
  lua_setallocf(M, keeping, NULL);
  run_lua(M, "for i = 1, 1000 do t[i] = nil end for i = 1, 1000 do t[i] = {i} end big = big .. 'y' return #t");
  lua_close(M);
  say("a function set later sees blocks of before: %s", seen.strangers > 0 ? "yes" : "no");
  say("a balance that begins with 0 ends with %s",
      seen.balance == 0 ? "0" : seen.balance == -before ? "less by what was in use" : "something else");
  say("blocks of its own that are left: %ld", own_heap_used);
}

/* Garbage holds every descriptor that the process may have. */
static const char out_of_descriptors[] =
  "local function fill() "
  "  collectgarbage() collectgarbage('stop') while io.open('/dev/null') do end "
  "  collectgarbage('setpause', 1000) collectgarbage('restart') "
  "end "
  "local function try(what, f, ...) fill() local ok, v, e = pcall(f, ...) print(what, ok and v and 'done' or v or e) end "
  "try('open', io.open, '/dev/null') "
  "try('popen', io.popen, 'true') "
  "try('tmpfile', io.tmpfile) "
  "try('lines', io.lines, '/dev/null') "
  "try('input', io.input, '/dev/null') "
  "local output = io.output() try('output', function() io.output('/dev/null') io.output(output) return true end) "
  "try('tmpname', function() return os.remove(os.tmpname()) end) "
  "try('loadfile', loadfile, '/dev/null') "
  "try('dofile', function() dofile('/dev/null') return true end) "
  "try('searchpath', package.searchpath, 'null', '/dev/?') "
  "package.path, package.cpath = '/dev/?', '' try('require', require, 'null') "
  "print('in a finalizer') fill() setmetatable({}, {__gc = function() print(io.open('/dev/null')) end}) collectgarbage() "
  "print('with a stopped collector') fill() collectgarbage('stop') print(io.open('/dev/null')) collectgarbage('restart') "
  "print('an error in a finalizer') fill() setmetatable({}, {__gc = function() error('oops', 0) end}) "
  "print(select(2, pcall(function() return io.open('/dev/null') and 'done' end))) pcall(collectgarbage) "
  "print('without garbage') local keep = {} "
  "repeat local f, e = io.open('/dev/null') keep[#keep + 1] = f until not f print(io.open('/dev/null'))";

static void few_descriptors(lua_State *L) {
  struct rlimit limit = { 40, 40 };
  setrlimit(RLIMIT_NOFILE, &limit);
  run_lua(L, out_of_descriptors);
}

static void t_descriptors(lua_State *unused) {
  (void)unused;
  say("%s", in_child(few_descriptors));
}

static const Section sections[] = {
  { "cleanups", t_cleanups },
  { "nesting", t_nesting },
  { "other_thread", t_other_thread },
  { "count_after_yield", t_count_after_yield },
  { "direct_calls", t_direct_calls },
  { "yield_in_library", t_yield_in_library },
  { "small_stack", t_small_stack },
  { "thread_storm", t_thread_storm },
  { "nan", t_nan },
  { "light", t_light },
  { "caught_below", t_caught_below },
  { "finalizer_message", t_finalizer_message },
  { "reader_calls", t_reader_calls },
  { "writer_calls", t_writer_calls },
  { "temporaries", t_temporaries },
  { "levels", t_levels },
  { "variable_in_return_hook", t_variable_in_return_hook },
  { "collection_in_hook", t_collection_in_hook },
  { "hook_set_again", t_hook_set_again },
  { "dead_stack", t_dead_stack },
  { "footprint", t_footprint },
  { "bounded_steps", t_bounded_steps },
  { "memory_goes_back", t_memory_goes_back },
  { "panics", t_panics },
  { "exchange", t_exchange },
  { "descriptors", t_descriptors },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
