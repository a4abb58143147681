/* The allocator's contract: exact old sizes, type tags of new objects, nothing left after lua_close,
 * allocators that move every block, limits, emergency collections, exchange of the allocator. */
#include <setjmp.h>
#include <sys/mman.h>
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

/* the process is out of memory, not a host's function: the state lives on, and has room again afterwards */
static void fill_and_drop(lua_State *L) {
  struct rlimit limit;
  long pages = 0;
  int i, errors = 0, room = 0;
  FILE *statm = fopen("/proc/self/statm", "r");
  if (statm == NULL || fscanf(statm, "%ld", &pages) != 1) exit(1);
  fclose(statm);
  limit.rlim_cur = limit.rlim_max = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (16 << 20);
  setrlimit(RLIMIT_AS, &limit);
  for (i = 0; i < 3; i++) {
    errors += luaL_dostring(L, "t = {} for i = 1, 1e9 do t[i] = {i} end");
    lua_pushnil(L);
    lua_setglobal(L, "t");
    errors += luaL_dostring(L, "t = {} for i = 1, 1e9 do t['key' .. i] = ('x'):rep(i) end");
    lua_pushnil(L);
    lua_setglobal(L, "t");
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT, 0);
    if (luaL_dostring(L, "local s = {} for i = 1, 20000 do s[i] = 'piece ' .. i end return #table.concat(s) + #('x'):rep(1000000)") == LUA_OK)
      room += lua_tointeger(L, -1) == 1208894;
    lua_settop(L, 0);
  }
  say("errors %d, room again %d", errors, room);
}
static void t_process_limit(lua_State *L) {
  (void)L;
  if (under_checker()) say("errors 6, room again 3\nwent through");
  else say("%s", in_child(fill_and_drop));
}

/* ---- the default function ------------------------------------------------------------------------- */

static lua_Alloc original;

static void *its_own(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud, (void)osize;
  if (nsize == 0) {
    free(ptr);
    return NULL;
  }
  return realloc(ptr, nsize);
}

/* it has no state: good after lua_close, for any ud and old size, and its blocks are those of realloc and free */
static void t_default(lua_State *unused) {
  static const size_t sizes[] = { 1, 8, 40, 500, 520, 5000, 100000, 200000, 3000000 };
  enum { N = sizeof sizes / sizeof sizes[0] };
  void *ud = &ud, *other_ud = &ud, *p[N];
  lua_State *L = luaL_newstate(), *M;
  lua_Alloc f = lua_getallocf(L, &ud);
  size_t i, round, wrong = 0;
  (void)unused;
  M = lua_newstate(f, ud);
  say("ud NULL %d, the same everywhere %d", ud == NULL, lua_getallocf(M, &other_ud) == f && other_ud == NULL);
  lua_setallocf(M, f, &original);
  say("another ud is kept %d", lua_getallocf(M, &other_ud) == f && other_ud == (void *)&original);
  luaL_openlibs(M);
  lua_close(L);
  for (round = 0; round < 50; round++) {
    for (i = 0; i < N; i++) {
      p[i] = round % 2 ? f(&i, NULL, LUA_TTABLE, sizes[i]) : malloc(sizes[i]);
      memset(p[i], (int)i + 1, sizes[i]);
    }
    for (i = 0; i < N; i++) {
      size_t k, size = sizes[(i * 5 + round) % N];
      p[i] = round % 3 ? f(NULL, p[i], 0, size) : realloc(p[i], size);
      for (k = 0; k < size && k < sizes[i]; k++) wrong += ((char *)p[i])[k] != (char)(i + 1);
    }
    run_lua(M, "local t = {} for i = 1, 500 do t[i] = {tostring(i)} end");
    for (i = 0; i < N; i++) {
      if ((round + i) % 2) f(&wrong, p[i], 12345, 0);
      else free(p[i]);
    }
  }
  say("wrong %lu, free of NULL %d", (unsigned long)wrong, f(NULL, NULL, 10, 0) == NULL);
  work(M);
  lua_close(M);
}

/* ---- exchange at any moment ----------------------------------------------------------------------- */

/* functions that may follow each other, since the blocks of all are malloc's */
static unsigned long exchanges, used_functions[4];

static void *counting(void *ud, void *ptr, size_t osize, size_t nsize) {
  used_functions[0]++;
  return its_own(ud, ptr, osize, nsize);
}
static void *moving(void *ud, void *ptr, size_t osize, size_t nsize) {
  void *p;
  (void)ud;
  used_functions[1]++;
  if (nsize == 0) {
    free(ptr);
    return NULL;
  }
  p = malloc(nsize);
  if (p != NULL && ptr != NULL) {
    memcpy(p, ptr, osize < nsize ? osize : nsize);
    memset(ptr, 0xDD, osize);
    free(ptr);
  }
  return p;
}
static void *handing_on(void *ud, void *ptr, size_t osize, size_t nsize) {
  used_functions[2]++;
  return original(ud, ptr, osize, nsize);
}
static lua_State *exchanging;
static void *exchange(void *ud, void *ptr, size_t osize, size_t nsize);
static void set_next(lua_State *L) {
  static const lua_Alloc functions[] = { counting, moving, handing_on, exchange, NULL };
  lua_Alloc f = functions[exchanges++ * 7 / 3 % 5];
  lua_setallocf(L, f != NULL ? f : original, NULL);
}
/* one that sets its successor when it is called */
static void *exchange(void *ud, void *ptr, size_t osize, size_t nsize) {
  used_functions[3]++;
  set_next(exchanging);
  return its_own(ud, ptr, osize, nsize);
}

static int l_exchange(lua_State *L) {
  set_next(L);
  return 0;
}
static void exchange_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  set_next(L);
}

/* blocks of all sizes that were there before: small ones in great number, tables and strings of a megabyte */
static const char build[] =
  "keep = {} for i = 1, n do keep[i] = {i, name = 'string ' .. i} end "
  "big = ('x'):rep(700000) numbers = {} for i = 1, 100000 do numbers[i] = i end "
  "large = {} for i = 1, 300 do large[i] = ('y'):rep(i * 50) end "
  "function check() local s, n = 0, 0 for _, v in pairs(keep) do s = s + v[1] n = n + #v.name end for _, v in pairs(numbers) do s = s + v end "
  "  for _, v in pairs(large) do n = n + #v end return s, n, #big, (big:find('[^x]')) end "
  "function change(k) for i = k, #numbers, 7 do numbers[i] = nil end for i = k, n, 5 do keep[i] = nil end for i = k, 300, 9 do large[i] = nil end "
  "  for i = 1, 1000 do keep['key' .. k * i] = {k, name = 'n' .. i} end big = big .. ('x'):rep(k * 1000) "
  "  for i = 1, 50 do large['l' .. k * i] = ('z'):rep(i * 100 + k) end collectgarbage() end";

static void build_up(lua_State *L) {
  luaL_openlibs(L);
  lua_register(L, "exchange", l_exchange);
  lua_pushinteger(L, 6000);
  lua_setglobal(L, "n");
  run_lua(L, build);
}

static const char *exchange_reader(lua_State *L, void *ud, size_t *size) {
  int *n = (int *)ud;
  set_next(L);
  if (*n == 0) return NULL;
  --*n;
  *size = 13;
  return "local a = 1 \n";
}

static void t_exchange_anywhere(lua_State *unused) {
  lua_State *L = luaL_newstate();
  int i, pieces = 150;
  (void)unused;
  original = lua_getallocf(L, NULL);
  exchanging = L;
  build_up(L);
  run_lua(L, "return check()");
  show_stack(L, "before");
  lua_settop(L, 0);
  /* in finalizers, comparators, callbacks, metamethods, coroutines */
  run_lua(L, "for i = 1, 100 do setmetatable({}, {__gc = exchange}) end collectgarbage() "
             "local t = {} for i = 1, 500 do t[i] = i * 7919 % 501 end table.sort(t, function(a, b) exchange() return a < b end) "
             "local s = ('some words'):rep(50):gsub('%a+', function(w) exchange() return w:upper() .. w end) "
             "local m = setmetatable({}, {__index = function(t, k) exchange() return k .. k end, __concat = function() exchange() return {} end}) "
             "local c = coroutine.wrap(function() for i = 1, 100 do exchange() coroutine.yield({i}) end end) for i = 1, 100 do assert(c()[1] == i) end "
             "return t[250], #s, m.x, type(m .. m), load(function() exchange() return nil end) ~= nil");
  show_stack(L, "inside of calls");
  lua_settop(L, 0);
  show_status(L, "reader", lua_load(L, exchange_reader, &pieces, "=pieces", NULL));
  lua_settop(L, 0);
  /* in the middle of a collection */
  for (i = 0; i < 2000; i++) {
    set_next(L);
    lua_gc(L, LUA_GCSTEP, 1);
    if (i % 50 == 0) run_lua(L, "big = big .. 'x' keep[#keep] = nil");
  }
  for (i = 1; i <= 4; i++) {
    lua_pushinteger(L, i);
    lua_setglobal(L, "k");
    lua_sethook(L, exchange_hook, LUA_MASKCOUNT, 10 * i + 1);
    run_lua(L, "change(k) return check()");
    lua_sethook(L, NULL, 0, 0);
    show_stack(L, "changed");
    lua_settop(L, 0);
  }
  lua_sethook(L, exchange_hook, LUA_MASKCOUNT, 150);
  work(L);
  lua_sethook(L, NULL, 0, 0);
  run_lua(L, "setmetatable({}, {__gc = exchange}) return check()");
  show_stack(L, "at the end");
  lua_settop(L, 0);
  lua_close(L);
  say("exchanged often %d, each was used %d", exchanges > 1000,
      used_functions[0] > 100 && used_functions[1] > 100 && used_functions[2] > 100 && used_functions[3] > 100);
}

/* a function that fails at random or always, set later: errors, nothing lost; old blocks can shrink and go all the same */
static unsigned long refused, refusals_seed;
static int refuse_all;
static void *refusing(void *ud, void *ptr, size_t osize, size_t nsize) {
  if (ptr == NULL) osize = 0;
  if (nsize > osize) {
    refusals_seed = refusals_seed * 69069 + 1;
    if (refuse_all || (refusals_seed >> 16) % 40 == 0) {
      refused++;
      return NULL;
    }
  }
  return its_own(ud, ptr, osize, nsize);
}
static void t_exchange_and_refuse(lua_State *unused) {
  lua_State *L = luaL_newstate();
  int i, failed = 0;
  (void)unused;
  original = lua_getallocf(L, NULL);
  build_up(L);
  run_lua(L, "function deep(n) if n > 0 then return 1 + deep(n - 1) end return 0 end return deep(50000)");
  lua_settop(L, 0);
  lua_setallocf(L, refusing, NULL);
  refuse_all = 1;
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  say("nothing at all: %s", status_name(luaL_loadstring(L, "return 1")));
  lua_settop(L, 0);
  refuse_all = 0;
  for (i = 1; i <= 60; i++) {
    lua_getglobal(L, "change");
    lua_pushinteger(L, i % 4 + 1);
    failed += lua_pcall(L, 1, 0, 0) == LUA_ERRMEM;
    if (i % 20 == 0) lua_setallocf(L, i % 40 == 0 ? refusing : original, NULL);
    lua_settop(L, 0);
  }
  say("refused %d, errors %d", refused > 100, failed > 20);
  lua_setallocf(L, counting, NULL);
  run_lua(L, "local s = 0 for k, v in pairs(numbers) do s = s + (k == v and 0 or 1) end "
             "for k, v in pairs(keep) do s = s + (#v.name > 1 and 0 or 1) end for k, v in pairs(large) do s = s + (v:find('^[yz]+$') and 0 or 1) end "
             "return s, big:find('[^x]'), deep(10000)");
  show_stack(L, "intact");
  lua_settop(L, 0);
  work(L);
  lua_close(L);
}

/* ---- a heap of the host's that knows its blocks by their addresses, and need not align them -------- */

#define HEAP_BYTES ((size_t)256 << 20)
enum { ALIGNED, BY_FOUR, BY_TWO, BY_ONE, ALTERNATING, LATE, WHEN_RESIZED, ALIGNMENTS };
static const char *const alignments[] = { "aligned", "by four", "by two", "by one", "alternating", "late", "when resized" };
static struct Region {
  char *start, *next, *lists[64];
  int alignment;
  size_t blocks;
  unsigned long calls, fail_from, fail_to, wrong_size, overrun;
} region;

static int in_region(void *p) { return (char *)p >= region.start && (char *)p < region.next; }
/* A block: its size, bytes to skip with how many they are in the last one, data, a mark */
static char *region_alloc(size_t size, int resized) {
  int class = 5, skip = sizeof(size_t) + 8;
  char *b;
  switch (region.alignment) {
    case BY_FOUR: skip += 4; break;
    case BY_TWO: skip += 2; break;
    case BY_ONE: skip += 1; break;
    case ALTERNATING: skip += region.calls % 2 ? 4 : 0; break;
    case LATE: skip += region.calls > 300 ? 4 : 0; break;
    case WHEN_RESIZED: skip += resized ? 4 : 0; break;
    default: break;
  }
  while (((size_t)1 << class) < size + 32) class++;
  if (region.lists[class] != NULL) {
    b = region.lists[class];
    memcpy(&region.lists[class], b, sizeof b);
  } else {
    b = region.next;
    if (((size_t)1 << class) > (size_t)(region.start + HEAP_BYTES - b)) return NULL;
    region.next += (size_t)1 << class;
  }
  memcpy(b, &size, sizeof size);
  b[skip - 1] = (char)skip;
  b[skip + size] = 77;
  region.blocks++;
  return b + skip;
}
static void region_free(char *p, size_t osize) {
  char *b = p - p[-1];
  size_t size;
  int class = 5;
  memcpy(&size, b, sizeof size);
  region.wrong_size += size != osize;
  region.overrun += p[size] != 77;
  while (((size_t)1 << class) < size + 32) class++;
  memset(b, 0xDD, size + 16);
  memcpy(b, &region.lists[class], sizeof b);
  region.lists[class] = b;
  region.blocks--;
}
static void *of_region(void *ud, void *ptr, size_t osize, size_t nsize) {
  char *p = NULL;
  (void)ud;
  region.calls++;
  if (nsize != 0) {
    if ((ptr == NULL || nsize > osize) && region.calls >= region.fail_from && region.calls < region.fail_to) return NULL;
    p = region_alloc(nsize, ptr != NULL);
    if (p == NULL) return NULL;
    if (ptr != NULL) memcpy(p, ptr, osize < nsize ? osize : nsize);
  }
  if (ptr != NULL) {
    if (in_region(ptr)) region_free((char *)ptr, osize);
    else free(ptr);
  }
  return p;
}
static void new_region(int alignment) {
  char *start = region.start;
  memset(&region, 0, sizeof region);
  if (start == NULL) start = (char *)mmap(NULL, HEAP_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  region.start = region.next = start;
  region.alignment = alignment;
}
static void region_verdict(const char *label) {
  say("%s: blocks left %lu, wrong sizes %lu, overruns %lu", label, (unsigned long)region.blocks, region.wrong_size, region.overrun);
}

/* from the start, and set later: while that is so nothing of the other kind reaches the heap, and all goes at the end */
static void t_alignment(lua_State *unused) {
  int i;
  (void)unused;
  for (i = 0; i < ALIGNMENTS; i++) {
    lua_State *L;
    new_region(i);
    L = lua_newstate(of_region, NULL);
    luaL_openlibs(L);
    say("%s", alignments[i]);
    work(L);
    lua_close(L);
    region_verdict("closed");
    new_region(i);
    L = luaL_newstate();
    build_up(L);
    lua_setallocf(L, of_region, NULL);
    run_lua(L, "for k = 1, 3 do change(k) end return check()");
    show_stack(L, "set later");
    lua_settop(L, 0);
    work(L);
    say("used %d", region.calls > 1000);
    lua_close(L);
    region_verdict("closed");
  }
}

/* the same when the n-th call fails, alone or with all that follow */
static void t_alignment_failures(lua_State *unused) {
  static const char script[] =
    "local t, s = {}, '' for i = 1, 60 do t[i] = {i, k = 'key' .. i} s = s .. i .. 'zzzzzzzzz' t['n' .. i] = #s end "
    "local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end f(200) return #s + #t + (t.n7 or 0)";
  unsigned long left = 0, wrong = 0, lost = 0, no_state = 0, went_through = 0, failed = 0;
  int n, later, i;
  (void)unused;
  for (i = BY_FOUR; i < ALIGNMENTS; i++) {
    for (later = 0; later < 2; later++) {
      for (n = 1; n < 700; n += under_checker() ? 41 : 5) {
        lua_State *L;
        int rounds, status;
        new_region(i);
        region.fail_from = n;
        region.fail_to = n % 2 ? n + 1 : 1000000;
        L = later ? luaL_newstate() : lua_newstate(of_region, NULL);
        if (L == NULL) {
          no_state++;
          left += region.blocks;
          continue;
        }
        if (later) lua_setallocf(L, of_region, NULL);
        status = luaL_loadstring(L, script);
        if (status != LUA_OK) {
          lua_settop(L, 0);
          region.fail_to = 0;
          luaL_loadstring(L, script);
        }
        for (rounds = 0; rounds < 3; rounds++) {
          lua_pushvalue(L, 1);
          status = lua_pcall(L, 0, 1, 0);
          if (status == LUA_OK) {
            went_through++;
            lost += lua_tointeger(L, -1) != 111 + 540 + 60 + 70;
          } else if (status == LUA_ERRMEM) failed++;
          region.fail_to = 0;
          lua_settop(L, 1);
        }
        lua_close(L);
        left += region.blocks;
        wrong += region.wrong_size + region.overrun;
      }
    }
  }
  say("states that could not be made %d, calls that failed %d and that did not %d", no_state > 0, failed > 0, went_through > 0);
  say("left %lu, wrong %lu, lost %lu", left, wrong, lost);
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
  { "process_limit", t_process_limit },
  { "default", t_default },
  { "exchange_anywhere", t_exchange_anywhere },
  { "exchange_and_refuse", t_exchange_and_refuse },
  { "alignment", t_alignment },
  { "alignment_failures", t_alignment_failures },
  { "footprint", t_footprint },
  { "no_memory_at_all", t_no_memory_at_all },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
