/* The allocator's contract: exact old sizes, type tags of new objects, nothing left after lua_close,
 * allocators that move every block, limits, emergency collections, exchange of the allocator. */
#include <setjmp.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support.h"

/* ---- an allocator that checks everything ------------------------------------------------------ */

#define ZONE 16
#define FILL 0xA5

typedef struct Block {
  size_t size;
  struct Block *self; /* equals the block's address while it is alive */
} Block;

typedef struct Heap {
  size_t bytes, limit, blocks;
  unsigned long calls, frees, grows, shrinks, wrong_size, wrong_block, broken_zone, tags[16], other_tags, failures;
  int refuse_growth;
} Heap;

static Block *block_of(Heap *h, void *ptr, size_t osize) {
  Block *b = (Block *)((char *)ptr - ZONE - sizeof(Block));
  unsigned char *end = (unsigned char *)ptr;
  size_t i;
  if (b->self != b) h->wrong_block++;
  if (b->size != osize) h->wrong_size++;
  for (i = 1; i <= ZONE; i++) h->broken_zone += end[-(long)i] != FILL;
  for (i = 0; i < ZONE; i++) h->broken_zone += end[b->size + i] != FILL;
  return b;
}

static void *new_block(Heap *h, size_t size) {
  Block *b = (Block *)malloc(sizeof(Block) + 2 * ZONE + size);
  char *data = (char *)b + sizeof(Block) + ZONE;
  b->size = size;
  b->self = b;
  memset(data - ZONE, FILL, ZONE);
  memset(data, 0xCD, size);
  memset(data + size, FILL, ZONE);
  h->bytes += size;
  h->blocks++;
  return data;
}

static void drop_block(Heap *h, Block *b) {
  h->bytes -= b->size;
  h->blocks--;
  b->self = NULL;
  memset((char *)b + sizeof(Block) + ZONE, 0xDD, b->size);
  free(b);
}

static void *checking(void *ud, void *ptr, size_t osize, size_t nsize) {
  Heap *h = (Heap *)ud;
  h->calls++;
  if (ptr == NULL) {
    if (nsize == 0) return NULL;
    if (osize < 16) h->tags[osize]++;
    else h->other_tags++;
    if ((h->limit && h->bytes + nsize > h->limit) || h->refuse_growth) {
      h->failures++;
      return NULL;
    }
    return new_block(h, nsize);
  } else {
    Block *b = block_of(h, ptr, osize);
    if (nsize == 0) {
      h->frees++;
      drop_block(h, b);
      return NULL;
    }
    if (nsize > osize) {
      h->grows++;
      if ((h->limit && h->bytes + nsize - osize > h->limit) || h->refuse_growth) {
        h->failures++;
        return NULL;
      }
    }
    else h->shrinks++;
    {
      void *moved = new_block(h, nsize);
      memcpy(moved, ptr, osize < nsize ? osize : nsize);
      drop_block(h, b);
      return moved;
    }
  }
}

static lua_State *checked_state(Heap *h) {
  lua_State *L;
  memset(h, 0, sizeof *h);
  L = lua_newstate(checking, h);
  if (L == NULL) {
    say("no state");
    exit(3);
  }
  luaL_openlibs(L);
  return L;
}

static void verdict(const char *label, const Heap *h) {
  say("%s: bytes left %lu, blocks left %lu, wrong sizes %lu, wrong blocks %lu, broken zones %lu", label,
      (unsigned long)h->bytes, (unsigned long)h->blocks, h->wrong_size, h->wrong_block, h->broken_zone);
}

/* a program that uses every kind of object and lets them grow and shrink */
static const char *const workout[] = {
  "local t = {} for i = 1, 2000 do t[i] = {i, name = 'n' .. i} end for i = 2000, 1, -1 do t[i] = nil end collectgarbage() return #t",
  "local s = {} for i = 1, 500 do s[#s + 1] = ('piece %d'):format(i) end return #table.concat(s, ', ')",
  "local r = '' for i = 1, 200 do r = r .. i end return #r, #r:rep(20), #r:upper():reverse():gsub('1', 'one')",
  "local cos = {} for i = 1, 50 do cos[i] = coroutine.create(function(...) local a = {...} coroutine.yield(#a) error({}) end) coroutine.resume(cos[i], i, i) end "
  "for i = 1, 50, 2 do coroutine.resume(cos[i]) end cos = nil collectgarbage() return 'coroutines'",
  "local f = {} for i = 1, 100 do f[i] = load('local a, b = ' .. i .. ' return function(...) a = a + 1 return a, b, ... end')() end return f[50](), f[50](1, 2)",
  "return #string.dump(load('local x = 1 return function() return x end')) > 10",
  "local w = setmetatable({}, {__mode = 'kv'}) for i = 1, 300 do w[{}] = {} w[i] = {} end collectgarbage() return next(w) == nil",
  "local n = 0 for i = 1, 100 do setmetatable({}, {__gc = function() n = n + 1 end}) end collectgarbage() collectgarbage() return n",
  "local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end return deep(10000)",
  "return select('#', table.unpack({}, 1, 5000)), pcall(error), pcall(function() local x = nil; return x.y end)",
  "local t = {} for w in ('the quick brown fox'):gmatch('%a+') do t[w] = #w end table.sort({5, 3, 1, 4}) return t.quick",
  "return pcall(load, 'x = = 1'), (xpcall(function() error('e') end, debug.traceback))",
  "collectgarbage('generational') for i = 1, 5000 do local t = {i} end collectgarbage('incremental') return 'generational'"
};

static void work(lua_State *L) {
  size_t i;
  for (i = 0; i < sizeof workout / sizeof workout[0]; i++) {
    if (run_lua(L, workout[i]) == LUA_OK) show_stack(L, "results");
    lua_settop(L, 0);
  }
}

static void t_balance(lua_State *unused) {
  Heap h;
  lua_State *L = checked_state(&h);
  (void)unused;
  work(L);
  say("count agrees with the allocator: %d",
      (size_t)lua_gc(L, LUA_GCCOUNT, 0) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB, 0) == h.bytes);
  lua_close(L);
  verdict("closed", &h);
  say("free, growing and shrinking calls all seen %d", h.frees > 0 && h.grows > 0 && h.shrinks > 0);
}

static void t_bare_state(lua_State *unused) {
  Heap h;
  lua_State *L;
  (void)unused;
  memset(&h, 0, sizeof h);
  L = lua_newstate(checking, &h);
  say("small %d", h.bytes < 8192);
  lua_close(L);
  verdict("closed at once", &h);
}

/* osize of a new block tells what kind of object it is */
static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

static void t_tags(lua_State *unused) {
  Heap h;
  lua_State *L = checked_state(&h);
  (void)unused;
  lua_gc(L, LUA_GCSTOP, 0);
#define SEEN(label, tag, expr) \
  do { \
    unsigned long before = h.tags[tag]; \
    expr; \
    say("%s: %lu new of its kind", label, h.tags[tag] - before); \
    lua_settop(L, 0); \
  } while (0)
  SEEN("short string", LUA_TSTRING, lua_pushliteral(L, "a fresh short string"));
  SEEN("the same again", LUA_TSTRING, lua_pushliteral(L, "a fresh short string"));
  SEEN("long string", LUA_TSTRING, lua_pushliteral(L, "a string that is too long to be interned by the library"));
  SEEN("table", LUA_TTABLE, lua_newtable(L));
  SEEN("userdata", LUA_TUSERDATA, lua_newuserdata(L, 100));
  SEEN("thread", LUA_TTHREAD, lua_newthread(L));
  SEEN("light function", LUA_TFUNCTION, lua_pushcfunction(L, nothing));
  SEEN("C closure", LUA_TFUNCTION, (lua_pushnil(L), lua_pushcclosure(L, nothing, 1)));
  SEEN("compiled chunk", LUA_TFUNCTION, compile(L, "return 1"));
  SEEN("number", LUA_TSTRING, lua_pushnumber(L, 5));
  SEEN("number to string", LUA_TSTRING, (lua_pushnumber(L, 5.125), lua_tostring(L, -1)));
#undef SEEN
  say("tags beyond the known ones: %lu", h.other_tags);
  lua_close(L);
}

static void t_limit(lua_State *unused) {
  Heap h;
  lua_State *L = checked_state(&h);
  int i;
  (void)unused;
  h.limit = h.bytes + 200 * 1024;
  for (i = 0; i < 3; i++) {
    run_lua(L, "local t = {} while true do t[#t + 1] = {} end");
    run_lua(L, "local s = 'x' while true do s = s .. s end");
    run_lua(L, "return string.rep('x', 1000000)");
    run_lua(L, "local function f(n) return 1 + f(n + 1) end return f(1)");
    run_lua(L, "local co = {} while true do co[#co + 1] = coroutine.create(print) end");
    run_lua(L, "local t = {} for i = 1, 1e9 do t['key ' .. i] = i end");
    run_lua(L, "print(pcall(string.rep, 'abc', 1000000)) print(pcall(function() local t = {} for i = 1, 1e8 do t[i] = i end end))");
    run_lua(L, "local t = {} for i = 1, 1000 do t[i] = tostring(i) end return #table.concat(t)");
    show_stack(L, "usable");
    lua_settop(L, 0);
  }
  say("failures %d", h.failures > 0);
  lua_close(L);
  verdict("closed", &h);
}

/* garbage that is there is freed before an allocation fails; not while the collector is stopped */
static void t_emergency(lua_State *unused) {
  Heap h;
  lua_State *L = checked_state(&h);
  (void)unused;
  lua_gc(L, LUA_GCSETPAUSE, 100000);
  lua_gc(L, LUA_GCCOLLECT, 0);
  h.limit = h.bytes + 100 * 1024;
  run_lua(L, "for i = 1, 20000 do local t = {i} end return 'went through'");
  show_stack(L, "slow collector");
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_gc(L, LUA_GCSTOP, 0);
  run_lua(L, "for i = 1, 20000 do local t = {i} end return 'went through'");
  lua_gc(L, LUA_GCRESTART, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  h.limit = 0;
  run_lua(L, "finalized = 0 local mt = {__gc = function() finalized = finalized + 1 end} "
             "for i = 1, 100 do setmetatable({}, mt) end");
  lua_getglobal(L, "finalized");
  show_value(L, "before", -1);
  lua_pop(L, 1);
  h.refuse_growth = 1;
  say("checkstack %d", lua_checkstack(L, 5000));
  h.refuse_growth = 0;
  lua_getglobal(L, "finalized");
  show_value(L, "an emergency collection runs no finalizer", -1);
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_getglobal(L, "finalized");
  show_value(L, "a normal one does", -1);
  lua_settop(L, 0);
  say("failures %d", h.failures > 0);
  lua_close(L);
  verdict("closed", &h);
}

/* memory errors: the message, the handler that is not called, checkstack that does not raise */
static int handler_calls;
static int handler(lua_State *L) {
  handler_calls++;
  lua_settop(L, 1);
  return 1;
}
static int allocate(lua_State *L) {
  lua_newuserdata(L, 100000);
  return 1;
}
static int check_stack(lua_State *L) {
  luaL_checkstack(L, 500000, "for the test");
  return 0;
}
static jmp_buf escape;
static int panic(lua_State *L) {
  (void)L;
  longjmp(escape, 1);
  return 0;
}

static void t_errors(lua_State *unused) {
  Heap h;
  lua_State *L = checked_state(&h);
  lua_State *co;
  (void)unused;
  lua_checkstack(L, 50);
  lua_pushcfunction(L, handler);
  lua_pushcfunction(L, allocate);
  h.refuse_growth = 1;
  show_status(L, "refused", lua_pcall(L, 0, 0, 1));
  say("handler calls %d, checkstack %d", handler_calls, lua_checkstack(L, 500000));
  h.refuse_growth = 0;
  h.limit = h.bytes + 50000;
  lua_pushcfunction(L, check_stack);
  show_status(L, "luaL_checkstack", lua_pcall(L, 0, 0, 0));
  h.limit = 0;
  co = lua_newthread(L);
  lua_pushcfunction(co, allocate);
  h.refuse_growth = 1;
  say("in a coroutine %s", status_name(lua_resume(co, L, 0)));
  show_value(co, "message", -1);
  h.refuse_growth = 0;
  lua_settop(L, 0);
  lua_atpanic(L, panic);
  if (setjmp(escape) == 0) {
    h.refuse_growth = 1;
    lua_newuserdata(L, 100000);
  }
  h.refuse_growth = 0;
  say("panic function was called");
  lua_settop(L, 0);
  run_lua(L, "return 'usable'");
  show_stack(L, "after a panic");
  lua_settop(L, 0);
  lua_close(L);
  verdict("closed", &h);
}

static int huge_userdata(lua_State *L) {
  lua_newuserdata(L, (size_t)-1);
  return 1;
}
static int large_userdata(lua_State *L) {
  lua_newuserdata(L, (size_t)-1 / 2);
  return 1;
}
static int huge_hash(lua_State *L) {
  lua_createtable(L, 0, 2147483647);
  return 1;
}
static int huge_array(lua_State *L) {
  lua_createtable(L, 2147483647, 0);
  return 1;
}
static int negative_hints(lua_State *L) {
  lua_createtable(L, -1, -5);
  lua_pushinteger(L, 7);
  lua_rawseti(L, -2, 1);
  lua_rawgeti(L, -1, 1);
  return 1;
}
static int negative_array(lua_State *L) {
  lua_createtable(L, -2147483647 - 1, 0);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}
static int hash_beyond_bits(lua_State *L) {
  lua_createtable(L, 0, (1 << 30) + 1);
  return 1;
}
static int huge_buffer(lua_State *L) {
  luaL_Buffer b;
  luaL_buffinitsize(L, &b, (size_t)-1);
  luaL_pushresult(&b);
  return 1;
}
static int buffer_overflow(lua_State *L) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "some text");
  luaL_prepbuffsize(&b, (size_t)-5);
  luaL_pushresult(&b);
  return 1;
}
static int buffer_too_large(lua_State *L) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "some text");
  luaL_prepbuffsize(&b, (size_t)-1 / 4);
  luaL_pushresult(&b);
  return 1;
}
static int stack_of_all(lua_State *L) {
  lua_pushboolean(L, lua_checkstack(L, 2147483647));
  lua_pushboolean(L, lua_checkstack(L, 1000001));
  luaL_checkstack(L, 2147480000, "absurd");
  return 2;
}
static int far_index(lua_State *L) {
  lua_newtable(L);
  lua_pushinteger(L, 1);
  lua_rawseti(L, -2, 2147483647);
  lua_pushinteger(L, 2);
  lua_rawseti(L, -2, -2147483647 - 1);
  lua_rawgeti(L, -1, 2147483647);
  lua_rawgeti(L, -2, -2147483647 - 1);
  return 2;
}
static void t_absurd_sizes(lua_State *unused) {
  Heap h;
  lua_State *L = checked_state(&h);
  (void)unused;
  h.limit = 10 * 1024 * 1024;
  try_c(L, "userdata of SIZE_MAX", huge_userdata, 0);
  try_c(L, "userdata of half of it", large_userdata, 0);
  try_c(L, "huge hash part", huge_hash, 0);
  try_c(L, "huge array part", huge_array, 0);
  try_c(L, "hash part beyond its bits", hash_beyond_bits, 0);
  try_c(L, "negative hints", negative_hints, 0);
  try_c(L, "the most negative hint", negative_array, 0);
  try_c(L, "buffer of SIZE_MAX", huge_buffer, 0);
  try_c(L, "buffer that overflows", buffer_overflow, 0);
  try_c(L, "buffer of a quarter", buffer_too_large, 0);
  try_c(L, "stack of INT_MAX", stack_of_all, 0);
  try_c(L, "far indices", far_index, 0);
  run_lua(L, "print(pcall(string.rep, 'x', 1e10)) print(pcall(string.rep, 'x', -1)) print(pcall(string.rep, 'abc', 2^31 - 1, 'sep')) "
             "print(pcall(string.rep, '', 1e9)) print(pcall(string.rep, 'x', 2^31 - 1, ('y'):rep(100000)))");
  run_lua(L, "print(pcall(table.concat, {}, ('x'):rep(1000), 1, 2^31 - 1)) print(pcall(table.concat, {1, 2}, ',', -2^31, 2)) "
             "print(pcall(table.unpack, {}, 1, 1e8)) print(pcall(table.unpack, {}, -2^31, 2^31 - 1)) print(pcall(select, -2^31, 1)) "
             "print(pcall(string.byte, ('x'):rep(2000000), 1, -1)) print(pcall(string.format, '%1000d', 1)) print(pcall(string.format, '%.1000f', 1))");
  run_lua(L, "local s = ('x'):rep(3000000) print(pcall(function() return s .. s .. s .. s end)) "
             "print(pcall(table.concat, {s, s, s, s, s})) print(pcall(string.gsub, s, 'x', '%0%0%0%0')) print(#s)");
  lua_close(L);
  verdict("closed", &h);
}

/* ---- exchange ------------------------------------------------------------------------------------- */

typedef struct Wrapper {
  lua_Alloc inner;
  void *ud;
  unsigned long calls;
} Wrapper;

static void *wrapping(void *ud, void *ptr, size_t osize, size_t nsize) {
  Wrapper *w = (Wrapper *)ud;
  w->calls++;
  return w->inner(w->ud, ptr, osize, nsize);
}

static void t_exchange(lua_State *unused) {
  Heap h;
  Wrapper w;
  void *ud = NULL;
  lua_State *L = checked_state(&h);
  (void)unused;
  say("getallocf %d", lua_getallocf(L, &ud) == checking);
  say("its ud %d", ud == &h);
  say("without ud %d", lua_getallocf(L, NULL) == checking);
  w.inner = lua_getallocf(L, &w.ud);
  w.calls = 0;
  lua_setallocf(L, wrapping, &w);
  work(L);
  say("calls went through the new one %d", w.calls > 1000);
  lua_setallocf(L, w.inner, w.ud);
  run_lua(L, "return {}");
  lua_close(L);
  verdict("closed", &h);
  /* the same around luaL_newstate's own */
  L = luaL_newstate();
  luaL_openlibs(L);
  w.inner = lua_getallocf(L, &w.ud);
  w.calls = 0;
  lua_setallocf(L, wrapping, &w);
  work(L);
  lua_close(L);
  say("calls went through the wrapper %d", w.calls > 1000);
}

/* the library's own allocator used by the host for a block of its own */
static void t_borrowed(lua_State *L) {
  void *ud;
  lua_Alloc f = lua_getallocf(L, &ud);
  char *p = (char *)f(ud, NULL, 0, 100);
  size_t i, wrong = 0;
  memset(p, 7, 100);
  p = (char *)f(ud, p, 100, 100000);
  for (i = 0; i < 100; i++) wrong += p[i] != 7;
  p = (char *)f(ud, p, 100000, 10);
  for (i = 0; i < 10; i++) wrong += p[i] != 7;
  say("wrong %lu, freed %d", (unsigned long)wrong, f(ud, p, 10, 0) == NULL);
  say("free of NULL %d", f(ud, NULL, 0, 0) == NULL);
}

/* shrinking never fails: not a single block, however little memory there is */
#define BLOCKS 300000
static void shrink_all(lua_State *L) {
  static const size_t sizes[] = { 100000, 5000, 2000, 700, 513, 512, 400, 120, 48, 16, 8 };
  struct Piece { unsigned char *p; size_t size; } *pieces = (struct Piece *)malloc(BLOCKS * sizeof *pieces);
  struct rlimit limit;
  void *ud;
  lua_Alloc f = lua_getallocf(L, &ud);
  size_t n = 0, i, s, failed = 0, wrong = 0;
  long pages = 0;
  FILE *statm = fopen("/proc/self/statm", "r");
  if (statm == NULL || fscanf(statm, "%ld", &pages) != 1) exit(1);
  fclose(statm);
  limit.rlim_cur = limit.rlim_max = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (8 << 20);
  setrlimit(RLIMIT_AS, &limit);
  for (s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    for (i = 0; n < BLOCKS && (s + 1 == sizeof sizes / sizeof sizes[0] || i < 200); i++) {
      unsigned char *p = (unsigned char *)f(ud, NULL, 0, sizes[s]);
      if (p == NULL) break;
      memset(p, (int)(n & 255), sizes[s]);
      pieces[n].p = p;
      pieces[n++].size = sizes[s];
    }
  }
  say("memory ran out %d", n < BLOCKS && f(ud, NULL, 0, 100000) == NULL);
  for (i = 0; i < n; i++) {
    size_t half = pieces[i].size / 2 - i % 3, k;
    unsigned char *p = (unsigned char *)f(ud, pieces[i].p, pieces[i].size, half);
    if (p == NULL) {
      failed++;
      continue;
    }
    for (k = 0; k < half; k++) wrong += p[k] != (unsigned char)(i & 255);
    pieces[i].p = p;
    pieces[i].size = half;
  }
  for (i = 0; i < n; i++) f(ud, pieces[i].p, pieces[i].size, 0);
  say("failed %lu, wrong %lu", (unsigned long)failed, (unsigned long)wrong);
  say("room again %d", (pieces[0].p = (unsigned char *)f(ud, NULL, 0, 100000)) != NULL);
  f(ud, pieces[0].p, 100000, 0);
}
static void t_shrinking(lua_State *unused) {
  (void)unused;
  if (under_checker()) say("memory ran out 1\nfailed 0, wrong 0\nroom again 1\nwent through");
  else say("%s", in_child(shrink_all));
}

static int new_userdata(lua_State *L) {
  lua_newuserdata(L, 16);
  return 1;
}
/* no kind of object takes more than in the reference, whose bytes are the limits here */
static void t_footprint(lua_State *unused) {
  static const struct { const char *name; int limit, count; const char *code; } items[] = {
    { "empty table", 56, 1000, "for i = 1, n do t[i] = {} end" },
    { "element of an array", 16, 16384, "local a = {} t[1] = a for i = 1, 16384 do a[i] = i end" },
    { "node of a hash part", 40, 16384, "local h = {} t[1] = h for i = 1, 16384 do h[i + 0.5] = i end" },
    { "closure", 80, 1000, "for i = 1, n do t[i] = function() return i end end" },
    { "closure with two more upvalues", 80 + 2 * 48, 1000, "for i = 1, n do local a, b = i, i t[i] = function() return i, a, b end end" },
    { "string of 8 bytes", 46, 1000, "for i = 1, n do t[i] = ('%08d'):format(i) end" },
    { "string of 40 bytes", 78, 1000, "for i = 1, n do t[i] = ('%040d'):format(i) end" },
    { "string of 99 bytes", 124, 1000, "for i = 1, n do t[i] = ('%099d'):format(i) end" },
    { "userdata of 16 bytes", 56, 1000, "for i = 1, n do t[i] = userdata() end" },
    { "coroutine", 752, 1000, "local f = function() end for i = 1, n do t[i] = coroutine.create(f) end" },
    { "suspended coroutine", 960, 1000, "local f = function() coroutine.yield() end for i = 1, n do local c = coroutine.create(f) coroutine.resume(c) t[i] = c end" },
    { "loaded chunk", 264, 1000, "for i = 1, n do t[i] = load('return 1') end" }
  };
  size_t i;
  lua_State *L = luaL_newstate();
  (void)unused;
  say("fresh state %d", bytes_in_use(L) <= 3104);
  luaL_openlibs(L);
  say("with all libraries %d", bytes_in_use(L) <= 21424);
  lua_close(L);
  for (i = 0; i < sizeof items / sizeof items[0]; i++) {
    double before;
    L = luaL_newstate();
    luaL_openlibs(L);
    lua_register(L, "userdata", new_userdata);
    lua_pushfstring(L, "local t, n = ... %s", items[i].code);
    luaL_loadstring(L, lua_tostring(L, -1));
    lua_createtable(L, 1000, 0);
    before = bytes_in_use(L);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_pushinteger(L, 1000);
    lua_call(L, 2, 0);
    /* what belongs to no single object: growth of the string table, the chunk's executable form */
    before = bytes_in_use(L) - before - 9000;
    say("%s %d", items[i].name, before / items[i].count <= items[i].limit + 0.01);
    lua_close(L);
  }
}

static void *never(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud, (void)ptr, (void)osize, (void)nsize;
  return NULL;
}

static void t_no_memory_at_all(lua_State *L) {
  (void)L;
  say("lua_newstate gives NULL: %d", lua_newstate(never, NULL) == NULL);
}

static const Section sections[] = {
  { "balance", t_balance },
  { "bare_state", t_bare_state },
  { "tags", t_tags },
  { "limit", t_limit },
  { "emergency", t_emergency },
  { "errors", t_errors },
  { "absurd_sizes", t_absurd_sizes },
  { "exchange", t_exchange },
  { "borrowed", t_borrowed },
  { "shrinking", t_shrinking },
  { "footprint", t_footprint },
  { "no_memory_at_all", t_no_memory_at_all },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
