/* Out of memory at every point: each scenario runs again and again while the n-th allocation fails,
 * n = 1, 2, 3, ... until it gets through. Then the state must still work and give everything back. */
#include "support.h"

typedef struct Heap {
  size_t bytes;
  unsigned long count, fail_at; /* fail_at 0: never */
  int persistent;               /* fail all growth from there on, not only once */
  int wrong, failed;
} Heap;

static void *failing(void *ud, void *ptr, size_t osize, size_t nsize) {
  Heap *h = (Heap *)ud;
  if (ptr == NULL) osize = 0;
  else {
    size_t *header = (size_t *)ptr - 2;
    if (*header != osize) h->wrong++;
  }
  if (nsize > osize && h->fail_at != 0) {
    h->count++;
    if (h->persistent ? h->count >= h->fail_at : h->count == h->fail_at) {
      h->failed++;
      return NULL;
    }
  }
  h->bytes += nsize - osize;
  if (nsize == 0) {
    if (ptr != NULL) free((size_t *)ptr - 2);
    return NULL;
  } else {
    size_t *p = (size_t *)realloc(ptr ? (size_t *)ptr - 2 : NULL, nsize + 2 * sizeof(size_t));
    if (p == NULL) exit(3);
    *p = nsize;
    return p + 2;
  }
}

/* ---- scenarios: C functions, run under lua_pcall ----------------------------------------------- */

static int run(lua_State *L, const char *code) {
  if (luaL_loadbuffer(L, code, strlen(code), "=scenario") != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

static int open_libraries(lua_State *L) {
  luaL_openlibs(L);
  return 0;
}
static int compile_chunk(lua_State *L) {
  static const char code[] = "local a, b = 1, 'text' local function f(x, ...) local t = {x, y = b, [a] = ...} "
                             "for i = 1, 10 do t[i] = function() return i + a end end goto done ::done:: return t end return f";
  if (luaL_loadbuffer(L, code, sizeof code - 1, "=compiled") != LUA_OK) return lua_error(L);
  return 0;
}
static int tables(lua_State *L) {
  int i;
  lua_newtable(L);
  for (i = 1; i <= 100; i++) {
    lua_pushinteger(L, i);
    lua_rawseti(L, -2, i);
    lua_pushfstring(L, "key %d", i);
    lua_createtable(L, i, i);
    lua_rawset(L, -3);
  }
  return 0;
}
static int strings(lua_State *L) {
  return run(L, "local s = 'x' for i = 1, 12 do s = s .. s .. i end assert(#s:rep(5) > 0 and #s:upper() > 0) "
                "local t = {} for i = 1, 60 do t[i] = ('%d %s %5.2f'):format(i, s:sub(1, i), i) end assert(#table.concat(t, ',') > 0)");
}
static int closures(lua_State *L) {
  return run(L, "local f = {} for i = 1, 50 do local v = i f[i] = function() v = v + 1 return v end end for i = 1, 50 do assert(f[i]() == i + 1) end");
}
static int coroutines(lua_State *L) {
  return run(L, "local function body(a) local t = {a} for i = 1, 5 do t[#t + 1] = coroutine.yield(#t) end return 'end' end "
                "for i = 1, 10 do local co = coroutine.wrap(body) co(1) co(2) co(3) end local co = coroutine.create(function(...) local a, b = ..., 1 "
                "coroutine.yield(table.unpack({}, 1, 200)) error('x') end) coroutine.resume(co) coroutine.resume(co)");
}
static int buffers(lua_State *L) {
  luaL_Buffer b;
  int i;
  luaL_buffinit(L, &b);
  for (i = 0; i < 40000; i++) luaL_addchar(&b, 'x');
  lua_pushliteral(L, "a value");
  luaL_addvalue(&b);
  luaL_pushresult(&b);
  return 0;
}
static int gc_nothing(lua_State *L) {
  (void)L;
  return 0;
}
static int finalizers(lua_State *L) {
  int i;
  luaL_newmetatable(L, "capi.oom");
  lua_pushcfunction(L, gc_nothing);
  lua_setfield(L, -2, "__gc");
  for (i = 0; i < 20; i++) {
    lua_newuserdata(L, 50);
    luaL_setmetatable(L, "capi.oom");
    lua_newtable(L);
    lua_setuservalue(L, -2);
    lua_pop(L, 1);
  }
  lua_gc(L, LUA_GCSTEP, 100);
  return 0;
}
static int traceback(lua_State *L) {
  luaL_traceback(L, L, "message", 0);
  return run(L, "local function f(n) if n > 0 then return (f(n - 1)) end return debug.traceback('t') end f(30)");
}
static int references(lua_State *L) {
  int refs[30], i;
  lua_newtable(L);
  for (i = 0; i < 30; i++) {
    lua_newtable(L);
    refs[i] = luaL_ref(L, -2);
  }
  for (i = 0; i < 30; i++) luaL_unref(L, -1, refs[i]);
  return 0;
}
static int dump_and_load(lua_State *L) {
  return run(L, "local d = string.dump(load('local a, b = 1, 2.5 return function(...) return a, b, \"text\", ... end')) "
                "for i = 1, 3 do assert(select('#', load(d, 'x', 'b')()(1)) == 4) end");
}
static int sorting(lua_State *L) {
  return run(L, "local t = {} for i = 1, 60 do t[i] = (i * 37) % 61 end table.sort(t) table.sort(t, function(a, b) return a > b end) assert(t[1] == 60)");
}
static int substitution(lua_State *L) {
  return run(L, "local s = ('hello world '):rep(20):gsub('(%w+) (%w+)', '%2 %1'):gsub('o', {o = '0'}):gsub('l', function(c) return c:upper() end) assert(#s == 240) "
                "for a, b in ('k=v, x=y'):gmatch('(%w+)=(%w+)') do assert(a and b) end");
}
static int modules(lua_State *L) {
  return run(L, "package.preload.oommod = function(n) return {name = n} end assert(require('oommod').name == 'oommod') package.loaded.oommod = nil "
                "assert(not pcall(require, 'no.such.module.anywhere'))");
}
static int errors(lua_State *L) {
  return run(L, "for i = 1, 5 do pcall(function() local t = nil; return t.x end) pcall(error, {}) xpcall(error, debug.traceback, 'm') pcall(string.rep) end");
}
static int deep_stack(lua_State *L) {
  return run(L, "local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end assert(f(3000) == 3000) assert(select('#', table.unpack({}, 1, 3000)) == 3000)");
}
static int weak_tables(lua_State *L) {
  return run(L, "local w = setmetatable({}, {__mode = 'k'}) local keep = {} for i = 1, 40 do local k = {} w[k] = {k} if i % 2 == 0 then keep[#keep + 1] = k end end "
                "collectgarbage() local n = 0 for k in pairs(w) do n = n + 1 end assert(n == 20)");
}
static int metamethods(lua_State *L) {
  return run(L, "local V = {} V.__index = V V.__add = function(a, b) return setmetatable({x = a.x + b.x}, V) end V.__concat = function(a, b) return 'c' end "
                "V.__tostring = function(v) return 'V' .. v.x end local v = setmetatable({x = 0}, V) for i = 1, 30 do v = v + setmetatable({x = i}, V) end assert(tostring(v) == 'V465' and v .. 1 == 'c')");
}
static int files(lua_State *L) {
  return run(L, "local f = assert(io.tmpfile()) f:write(('line\\n'):rep(30)) f:seek('set') for l in f:lines() do assert(l == 'line') end f:seek('set') assert(#f:read('*a') == 150) f:close()");
}
static int threads(lua_State *L) {
  int i;
  for (i = 0; i < 10; i++) {
    lua_State *co = lua_newthread(L);
    lua_checkstack(co, 100);
    luaL_checkstack(co, 30, NULL);
    lua_pushinteger(co, i);
    lua_xmove(co, L, 1);
  }
  return 0;
}
static int interning(lua_State *L) {
  int i;
  for (i = 0; i < 300; i++) {
    lua_pushfstring(L, "short %d", i);
    lua_pop(L, 1);
  }
  return 0;
}

/* each function of the API that may allocate, called directly */
static char address[64];
static const char *read_once(lua_State *L, void *ud, size_t *size) {
  int *left = (int *)ud;
  (void)L;
  *size = (*left)-- > 0 ? 13 : 0;
  return "return {'x'} ";
}
static int write_nowhere(lua_State *L, const void *data, size_t size, void *ud) {
  (void)L, (void)data, (void)ud;
  return size > 1000000;
}
static int open_module(lua_State *L) {
  static const luaL_Reg functions[] = { { "f", gc_nothing }, { "g", gc_nothing }, { "h", NULL }, { NULL, NULL } };
  luaL_newlib(L, functions);
  return 1;
}
static int api(lua_State *L) {
  static const luaL_Reg functions[] = { { "one", gc_nothing }, { "two", gc_nothing }, { NULL, NULL } };
  lua_Debug ar;
  int left = 1, i;
  lua_State *co;
  luaL_Buffer b;
  lua_pushnumber(L, 1.25);
  lua_tostring(L, -1);
  luaL_tolstring(L, -1, NULL);
  lua_pushfstring(L, "%s %d %f %c %p %%", "text", 7, 1.5, 'c', (void *)L);
  lua_pushliteral(L, "a text that is long enough not to be interned by the library");
  lua_pushvalue(L, -1);
  lua_concat(L, 3);
  luaL_gsub(L, lua_tostring(L, -1), "text", "another text");
  lua_settop(L, 0);
  lua_pushinteger(L, 1);
  lua_pushnil(L);
  lua_pushcclosure(L, gc_nothing, 2);
  lua_setglobal(L, "closure");
  lua_newuserdata(L, 100);
  lua_newtable(L);
  lua_pushcfunction(L, gc_nothing);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, 1);
  lua_createtable(L, 5, 5);
  lua_setuservalue(L, 1);
  lua_settop(L, 0);
  lua_pushlightuserdata(L, (void *)0xfedcba9876543210UL);
  lua_newtable(L);
  lua_insert(L, 1);
  lua_pushinteger(L, 1);
  lua_settable(L, 1);
  for (i = 0; i < 20; i++) {
    lua_pushfstring(L, "key %d", i);
    lua_pushinteger(L, i);
    lua_rawset(L, 1);
    lua_pushinteger(L, i);
    lua_rawseti(L, 1, i + 1);
    lua_pushinteger(L, i);
    lua_rawsetp(L, 1, address + i);
  }
  luaL_getsubtable(L, 1, "sub");
  lua_settop(L, 0);
  if (lua_load(L, read_once, &left, "=api", NULL) != LUA_OK) return lua_error(L);
  lua_dump(L, write_nowhere, NULL);
  lua_pushvalue(L, 1);
  lua_getinfo(L, ">fL", &ar);
  lua_settop(L, 1);
  lua_call(L, 0, 1);
  luaL_len(L, 1);
  lua_settop(L, 0);
  luaL_requiref(L, "capi.oom.module", open_module, 1);
  luaL_newmetatable(L, "capi.oom.api");
  luaL_setfuncs(L, functions, 0);
  luaL_setmetatable(L, "capi.oom.none");
  lua_settop(L, 0);
  luaL_where(L, 0);
  luaL_traceback(L, L, "message", 0);
  co = lua_newthread(L);
  lua_pushcfunction(co, gc_nothing);
  lua_resume(co, L, 0);
  lua_checkstack(L, 300);
  luaL_checkstack(L, 400, "more");
  luaL_buffinitsize(L, &b, 3000);
  luaL_addlstring(&b, "text", 4);
  luaL_prepbuffsize(&b, 10000);
  luaL_pushresultsize(&b, 5000);
  lua_settop(L, 0);
  lua_getglobal(L, "no");
  lua_compare(L, 1, 2, LUA_OPEQ);
  lua_newtable(L);
  luaL_callmeta(L, -1, "__none");
  luaL_fileresult(L, 0, "name");
  lua_gc(L, LUA_GCSTEP, 5);
  lua_settop(L, 0);
  return 0;
}

/* hooks that ask for everything and run Lua */
static void asking_hook(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "nSltufL", ar);
  lua_pushfstring(L, "%s:%d", ar->short_src, ar->currentline);
}
static int hooks(lua_State *L) {
  lua_sethook(L, asking_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 3);
  return run(L, "local t = {}\nlocal function f(a, ...)\n return {a, ...}\nend\nfor i = 1, 5 do t[i] = f(i, i) end "
                "local log = {} local co = coroutine.create(function() debug.sethook(function(e, l) log[#log + 1] = {e, l} end, 'crl')\n f(1)\n coroutine.yield() f(2) end) "
                "coroutine.resume(co) coroutine.resume(co) debug.sethook()");
}
static int generational(lua_State *L) {
  return run(L, "collectgarbage('generational') local keep, w, e = {}, setmetatable({}, {__mode = 'v'}), setmetatable({}, {__mode = 'k'}) "
                "for i = 1, 60 do local o = setmetatable({i}, {__gc = function() end}) keep[i % 7] = o w[i] = o e[o] = {o} if i % 5 == 0 then collectgarbage('step') end end "
                "collectgarbage() collectgarbage('incremental')");
}
static int upvalues(lua_State *L) {
  return run(L, "local set, get = {}, {} for i = 1, 20 do local v = i local co = coroutine.create(function() local w = i set[i] = function(x) v, w = x, x end "
                "get[i] = function() return v, w end coroutine.yield() end) coroutine.resume(co) end for i = 1, 20 do set[i]({i}) debug.upvaluejoin(get[i], 1, set[i], 1) end "
                "for i = 1, 20 do assert(get[i]()[1] == i) end");
}
static int continuation(lua_State *L) { return lua_gettop(L); }
static int yields_on(lua_State *L) {
  lua_pushvalue(L, 1);
  return lua_pcallk(L, 0, LUA_MULTRET, 0, 1, continuation) == LUA_OK ? continuation(L) : lua_error(L);
}
static int continuations(lua_State *L) {
  lua_register(L, "yields_on", yields_on);
  return run(L, "for i = 1, 10 do local co = coroutine.wrap(function() return yields_on(function() local t = {coroutine.yield({})} return pcall(coroutine.yield, t) end) end) co() co({}) co({}) end "
                "local t = setmetatable({}, {__index = function(t, k) return coroutine.yield({k}) end}) local co = coroutine.wrap(function() return t.a .. t.b end) co() co('x') assert(co('y') == 'xy')");
}
static int libraries(lua_State *L) {
  return run(L, "assert(os.date('!%Y') and os.getenv('PATH') and os.tmpname and io.open('/nonexistent') == nil) local t = table.pack(table.unpack({1, 2, 3})) "
                "table.insert(t, 1, {}) table.remove(t) assert(#tostring(t) > 0 and #tostring(print) > 0 and tonumber('0x10') == 16 and bit32.band(7, 2) == 2) "
                "for k, v in pairs(string) do assert(type(k) == 'string') end assert(select('#', string.byte(('x'):rep(300), 1, -1)) == 300) "
                "assert(debug.traceback(coroutine.create(print)) and debug.getinfo(1, 'nSltufL').activelines) package.searchpath('no.module', './?.lua;/?/x') "
                "assert(string.format('%q %10.3s %g %c', 'a\\nb', 'text', 1.5, 65) and ('x'):rep(50, ', ') and table.concat({1, 2, 3}, ', ', 1, 3)) "
                "for l in io.lines('/dev/null') do end");
}

typedef struct Scenario {
  const char *name;
  lua_CFunction run;
  int bare;
} Scenario;

static const Scenario scenarios[] = {
  { "open_libraries", open_libraries, 1 }, { "compile", compile_chunk, 0 }, { "tables", tables, 0 },
  { "strings", strings, 0 },   { "closures", closures, 0 },       { "coroutines", coroutines, 0 },
  { "buffers", buffers, 0 },   { "finalizers", finalizers, 0 },   { "traceback", traceback, 0 },
  { "references", references, 0 }, { "dump_and_load", dump_and_load, 0 }, { "sorting", sorting, 0 },
  { "substitution", substitution, 0 }, { "modules", modules, 0 }, { "errors", errors, 0 },
  { "deep_stack", deep_stack, 0 }, { "weak_tables", weak_tables, 0 }, { "metamethods", metamethods, 0 },
  { "files", files, 0 },       { "threads", threads, 0 },         { "interning", interning, 0 },
  { "api", api, 0 },           { "hooks", hooks, 0 },             { "generational", generational, 0 },
  { "upvalues", upvalues, 0 }, { "continuations", continuations, 0 }, { "libraries", libraries, 0 }
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

/* after a failure the state must run this */
static int usable(lua_State *L) {
  return run(L, "local t = {} for i = 1, 50 do t[i] = {i, 'v' .. i} end local s = 0 for i, v in ipairs(t) do s = s + v[1] end "
                "assert(s == 1275 and t[50][2] == 'v50' and pcall(error) == false and coroutine.wrap(function() return 7 end)() == 7)");
}

static int bare_usable(lua_State *L) {
  lua_newtable(L);
  lua_pushliteral(L, "works");
  lua_setfield(L, -2, "x");
  return 0;
}

/* one run with the n-th allocation failing; returns 1 when nothing failed any more */
static int once(const Scenario *s, unsigned long n, int persistent) {
  Heap h;
  lua_State *L;
  int status, done;
  memset(&h, 0, sizeof h);
  L = lua_newstate(failing, &h);
  if (!s->bare) luaL_openlibs(L);
  lua_pushcfunction(L, s->run);
  h.persistent = persistent;
  h.count = 0;
  h.fail_at = n;
  status = lua_pcall(L, 0, 0, 0);
  h.fail_at = 0;
  lua_sethook(L, NULL, 0, 0);
  done = h.failed == 0;
  if (done ? status != LUA_OK : status != LUA_OK && status != LUA_ERRMEM && status != LUA_ERRRUN)
    say("%s, allocation %lu: %s", s->name, n, status_name(status));
  if (status == LUA_ERRRUN && persistent && strcmp(s->name, "errors") != 0) {
    /* a failed allocation may show as a failed assertion or a stack overflow, not as anything else */
    const char *m = lua_tostring(L, -1);
    if (m == NULL || (!strstr(m, "assertion failed") && !strstr(m, "not enough memory") && !strstr(m, "overflow")))
      say("%s, allocation %lu: %s", s->name, n, m ? m : "(no message)");
  }
  lua_settop(L, 0);
  lua_pushcfunction(L, s->bare ? bare_usable : usable);
  status = lua_pcall(L, 0, 0, 0);
  if (status != LUA_OK) say("%s, allocation %lu: not usable: %s", s->name, n, lua_tostring(L, -1));
  lua_settop(L, 0);
  lua_pushcfunction(L, s->run);
  status = lua_pcall(L, 0, 0, 0);
  if (status != LUA_OK) say("%s, allocation %lu: second run: %s", s->name, n, lua_tostring(L, -1));
  lua_close(L);
  if (h.bytes != 0) say("%s, allocation %lu: %ld bytes left", s->name, n, (long)h.bytes);
  if (h.wrong != 0) say("%s, allocation %lu: %d wrong sizes", s->name, n, h.wrong);
  return done;
}

static int quick;

static int from_env(const char *name, int otherwise) {
  const char *text = getenv(name);
  return text ? atoi(text) : otherwise;
}

static void sweep(int persistent) {
  size_t i;
  for (i = 0; i < SCENARIOS; i++) {
    unsigned long n = 1;
    while (!once(&scenarios[i], n, persistent)) n += quick ? 1 + n / 8 : 1;
    say("%s: swept, it allocates %d", scenarios[i].name, n > 1);
  }
}

static void t_all_from_there(lua_State *L) {
  (void)L;
  sweep(1);
}
static void t_only_once(lua_State *L) {
  (void)L;
  sweep(0);
}

static void t_new_state(lua_State *L) {
  unsigned long n;
  int mode;
  (void)L;
  for (mode = 0; mode < 2; mode++) {
    for (n = 1;; n++) {
      Heap h;
      lua_State *fresh;
      memset(&h, 0, sizeof h);
      h.persistent = mode;
      h.fail_at = n;
      fresh = lua_newstate(failing, &h);
      h.fail_at = 0;
      if (fresh != NULL) lua_close(fresh);
      if (h.bytes != 0) say("newstate, allocation %lu: %lu bytes left", n, (unsigned long)h.bytes);
      if (fresh != NULL && h.failed == 0) break;
    }
    say("newstate: swept, more than three allocations %d", n > 3);
  }
}

/* each allocation fails with some probability, always the same sequence */
typedef struct Dice {
  Heap heap;
  unsigned long seed;
  unsigned odds;
} Dice;

static void *sometimes(void *ud, void *ptr, size_t osize, size_t nsize) {
  Dice *d = (Dice *)ud;
  if (d->odds && nsize > (ptr ? osize : 0)) {
    d->seed = (d->seed * 1103515245UL + 12345UL) & 0x7fffffffUL;
    if ((d->seed >> 8) % d->odds == 0) return NULL;
  }
  return failing(&d->heap, ptr, osize, nsize);
}

static void t_random(lua_State *unused) {
  Dice d;
  lua_State *L;
  int turn, turns = quick ? 300 : from_env("CAPI_TESTS_OOM_RUNS", 5000);
  (void)unused;
  memset(&d, 0, sizeof d);
  d.seed = 20;
  L = lua_newstate(sometimes, &d);
  luaL_openlibs(L);
  for (turn = 0; turn < turns; turn++) {
    lua_pushcfunction(L, scenarios[1 + turn % (SCENARIOS - 1)].run);
    d.odds = 10 + (unsigned)(turn % 7) * 40;
    lua_pcall(L, 0, 0, 0);
    lua_sethook(L, NULL, 0, 0);
    d.odds = 0;
    lua_settop(L, 0);
  }
  lua_pushcfunction(L, usable);
  say("%s", status_name(lua_pcall(L, 0, 0, 0)));
  lua_close(L);
  say("left %lu, wrong sizes %d", (unsigned long)d.heap.bytes, d.heap.wrong);
}

/* a limit on all bytes, from what the state needs by itself upwards: everything works or fails, nothing breaks */
typedef struct Limited {
  Heap heap;
  size_t limit;
} Limited;

static void *limited(void *ud, void *ptr, size_t osize, size_t nsize) {
  Limited *l = (Limited *)ud;
  size_t old = ptr ? osize : 0;
  if (l->limit && nsize > old && l->heap.bytes + nsize - old > l->limit) {
    l->heap.failed++;
    return NULL;
  }
  return failing(&l->heap, ptr, osize, nsize);
}

static void t_byte_limit(lua_State *unused) {
  size_t i;
  (void)unused;
  for (i = 1; i < SCENARIOS; i++) {
    Limited l;
    lua_State *L;
    int status = LUA_ERRMEM, tries = 0, wrong = 0, failures = 0;
    size_t room;
    memset(&l, 0, sizeof l);
    L = lua_newstate(limited, &l);
    luaL_openlibs(L);
    for (room = 0; status != LUA_OK && tries < 2000; room += 64 + room / 16, tries++) {
      lua_pushcfunction(L, scenarios[i].run);
      lua_gc(L, LUA_GCCOLLECT, 0);
      l.limit = l.heap.bytes + room;
      l.heap.failed = 0;
      status = lua_pcall(L, 0, 0, 0);
      lua_sethook(L, NULL, 0, 0);
      l.limit = 0;
      failures += l.heap.failed;
      lua_settop(L, 0);
      if (status == LUA_OK) break;
      if (status != LUA_ERRMEM && status != LUA_ERRRUN) wrong++;
      lua_pushcfunction(L, usable);
      if (lua_pcall(L, 0, 0, 0) != LUA_OK) wrong++;
      lua_settop(L, 0);
    }
    say("%s: works in the end %d, was refused memory %d, wrong %d", scenarios[i].name, status == LUA_OK, failures > 0, wrong);
    lua_close(L);
    if (l.heap.bytes != 0 || l.heap.wrong != 0) say("left %lu, wrong sizes %d", (unsigned long)l.heap.bytes, l.heap.wrong);
  }
}

static const Section sections[] = {
  { "new_state", t_new_state },
  { "all_from_there", t_all_from_there },
  { "only_once", t_only_once },
  { "random", t_random },
  { "byte_limit", t_byte_limit },
  END_OF_SECTIONS
};

int main(int argc, char **argv) {
  quick = getenv("CAPI_TESTS_QUICK") != NULL;
  return run_sections(argc, argv, sections);
}
