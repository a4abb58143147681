/* lua_gc and its options, weak tables, ephemerons, what keeps what alive. */
#include "support.h"

static void collect(lua_State *L) { lua_gc(L, LUA_GCCOLLECT, 0); }

static int pairs_of(lua_State *L, int t) {
  int n = 0;
  t = lua_absindex(L, t);
  lua_pushnil(L);
  while (lua_next(L, t)) {
    n++;
    lua_pop(L, 1);
  }
  return n;
}

static void weak_table(lua_State *L, const char *mode) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushstring(L, mode);
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
}

static void t_weak(lua_State *L) {
  static const char *const modes[] = { "k", "v", "kv", "", "x" };
  int i;
  for (i = 0; i < 5; i++) {
    int strong;
    weak_table(L, modes[i]);
    lua_newtable(L);
    strong = lua_gettop(L);
    lua_pushvalue(L, strong);
    lua_rawseti(L, 1, 1); /* a value that is alive */
    lua_newtable(L);
    lua_rawseti(L, 1, 2); /* a value that is not */
    lua_pushvalue(L, strong);
    lua_pushliteral(L, "strong key");
    lua_rawset(L, 1);
    lua_newtable(L);
    lua_pushliteral(L, "dead key");
    lua_rawset(L, 1);
    lua_pushliteral(L, "a string is a value, never removed");
    lua_pushliteral(L, "string value");
    lua_rawset(L, 1);
    lua_pushfstring(L, "fresh string %d", i);
    lua_newtable(L);
    lua_rawset(L, 1);
    lua_newuserdata(L, 1);
    lua_pushboolean(L, 1);
    lua_rawset(L, 1);
    collect(L);
    printf("mode '%s': %d pairs,", modes[i], pairs_of(L, 1));
    lua_rawgeti(L, 1, 1);
    lua_rawgeti(L, 1, 2);
    lua_pushvalue(L, strong);
    lua_rawget(L, 1);
    lua_remove(L, 1);
    lua_remove(L, 1);
    show_stack(L, "values");
    lua_settop(L, 0);
  }
}

static void t_ephemerons(lua_State *L) {
  run_lua(L, "local e = setmetatable({}, {__mode = 'k'}) do local k = {} e[k] = {k} end collectgarbage() print(next(e)) "
             "local keep = {} e[keep] = {} local inner = e[keep] e[inner] = 'reached through the chain' inner = nil "
             "collectgarbage() print(e[e[keep]]) keep = nil collectgarbage() print(next(e))");
  run_lua(L, "local e = setmetatable({}, {__mode = 'k'}) local first = {} do local k = first "
             "for i = 1, 1000 do local n = {i} e[k] = n k = n end end collectgarbage() "
             "local n, k = 0, first while e[k] do k = e[k] n = n + 1 end print(n) first, k = nil collectgarbage() print(next(e))");
  run_lua(L, "local a, b = setmetatable({}, {__mode = 'k'}), setmetatable({}, {__mode = 'k'}) "
             "do local x, y = {}, {} a[x] = y b[y] = x end collectgarbage() print(next(a), next(b))");
}

/* weak values of finalized objects go before the finalizer runs, weak keys one cycle later */
static void t_weak_and_finalizers(lua_State *L) {
  run_lua(L, "local v, k = setmetatable({}, {__mode = 'v'}), setmetatable({}, {__mode = 'k'}) "
             "do local o = setmetatable({}, {__gc = function(o) print('in gc: value', v[1], 'key', k[o]) end}) v[1] = o k[o] = 'info' end "
             "collectgarbage() print('after one', v[1], (next(k)) ~= nil) collectgarbage() print('after two', next(k))");
}

static void t_modes_changed(lua_State *L) {
  run_lua(L, "local t = setmetatable({{}}, {__mode = 'v'}) getmetatable(t).__mode = nil collectgarbage() print(#t) "
             "getmetatable(t).__mode = 'v' collectgarbage() print(#t) "
             "local s = setmetatable({}, {__mode = 'k'}) s[1] = {} s.x = {} collectgarbage() print(s[1] ~= nil, s.x ~= nil)");
}

static void t_options(lua_State *L) {
  int kb, bytes;
  say("running %d", lua_gc(L, LUA_GCISRUNNING, 0));
  say("stop %d", lua_gc(L, LUA_GCSTOP, 0));
  say("running %d", lua_gc(L, LUA_GCISRUNNING, 0));
  say("restart %d", lua_gc(L, LUA_GCRESTART, 0));
  say("running %d", lua_gc(L, LUA_GCISRUNNING, 0));
  say("collect %d", lua_gc(L, LUA_GCCOLLECT, 0));
  kb = lua_gc(L, LUA_GCCOUNT, 0);
  bytes = lua_gc(L, LUA_GCCOUNTB, 0);
  say("count plausible %d, rest below 1024 %d", kb > 1 && kb < 100, bytes >= 0 && bytes < 1024);
  kb = lua_gc(L, LUA_GCSETPAUSE, 150);
  say("pause %d -> %d", kb, lua_gc(L, LUA_GCSETPAUSE, kb));
  kb = lua_gc(L, LUA_GCSETSTEPMUL, 300);
  say("stepmul %d -> %d", kb, lua_gc(L, LUA_GCSETSTEPMUL, kb));
  kb = lua_gc(L, LUA_GCSETMAJORINC, 150);
  say("majorinc %d -> %d", kb, lua_gc(L, LUA_GCSETMAJORINC, kb));
  say("generational %d", lua_gc(L, LUA_GCGEN, 0));
  say("incremental %d", lua_gc(L, LUA_GCINC, 0));
  say("unknown %d %d", lua_gc(L, 99, 0), lua_gc(L, -1, 0));
}

static void t_count_moves(lua_State *L) {
  int before, with, after;
  collect(L);
  before = lua_gc(L, LUA_GCCOUNT, 0);
  lua_newuserdata(L, 1000 * 1024);
  with = lua_gc(L, LUA_GCCOUNT, 0);
  lua_settop(L, 0);
  collect(L);
  after = lua_gc(L, LUA_GCCOUNT, 0);
  say("grows by the block %d, and shrinks %d", with - before >= 1000 && with - before < 1010, after - before < 5);
  run_lua(L, "local k = collectgarbage('count') print(k > 0, k % 1 >= 0)");
}

/* a stopped collector lets garbage pile up; steps finish a cycle sooner or later */
static void t_stop_and_step(lua_State *L) {
  int kb, i, finished = 0;
  collect(L);
  lua_gc(L, LUA_GCSTOP, 0);
  kb = lua_gc(L, LUA_GCCOUNT, 0);
  for (i = 0; i < 20000; i++) {
    lua_newtable(L);
    lua_pop(L, 1);
  }
  say("grown %d", lua_gc(L, LUA_GCCOUNT, 0) - kb > 300);
  for (i = 0; i < 100000 && !finished; i++) finished = lua_gc(L, LUA_GCSTEP, 10);
  say("a step finished a cycle %d", finished);
  say("garbage gone %d", lua_gc(L, LUA_GCCOUNT, 0) - kb < 200);
  say("still stopped %d", lua_gc(L, LUA_GCISRUNNING, 0) == 0);
  say("full collection while stopped %d", lua_gc(L, LUA_GCCOLLECT, 0));
  say("still stopped %d", lua_gc(L, LUA_GCISRUNNING, 0) == 0);
  lua_gc(L, LUA_GCRESTART, 0);
}

static void t_collects_by_itself(lua_State *L) {
  int i, max = 0;
  for (i = 0; i < 300000; i++) {
    lua_createtable(L, 4, 0);
    lua_pop(L, 1);
    if (i % 1000 == 0 && lua_gc(L, LUA_GCCOUNT, 0) > max) max = lua_gc(L, LUA_GCCOUNT, 0);
  }
  say("bounded %d", max < 2000);
}

/* structures that are changed while the collector is in the middle of a cycle */
static void mutate(lua_State *L) {
  run_lua(L,
    "local live = {} local weak = setmetatable({}, {__mode = 'v'}) "
    "for i = 1, 3000 do "
    "  local k = i % 50 + 1 "
    "  local o = {i, next = live[k], f = function() return i end, s = 'string ' .. i} "
    "  live[k] = i % 7 ~= 0 and o or nil weak[i] = o "
    "  if live[(k * 7) % 50 + 1] then live[(k * 7) % 50 + 1].other = o end "
    "  if i % 100 == 0 then for j = 1, 50 do if live[j] then live[j].next = nil end end end "
    "  if i % 3 == 0 then collectgarbage('step', 0) end end "
    "local n, bad = 0, 0 for j = 1, 50 do local o = live[j] if o then n = n + 1 "
    "  if o.f() ~= o[1] or o.s ~= 'string ' .. o[1] then bad = bad + 1 end end end print(n, bad)");
  run_lua(L,
    "local cos = {} for i = 1, 200 do cos[i] = coroutine.wrap(function(a) local t = {} "
    "  for j = 1, 20 do t[#t + 1] = {a, j} a = coroutine.yield(t[#t][2]) end return 'done' end) cos[i]({}) "
    "  if i > 20 then local c = cos[i - 20] for j = 1, 5 do c({}) end collectgarbage('step', 1) end end "
    "local s = 0 for i = 181, 200 do s = s + cos[i]({}) end print(s)");
}

static void t_mutation(lua_State *L) {
  say("incremental");
  mutate(L);
  say("slow steps");
  lua_gc(L, LUA_GCSETSTEPMUL, 50);
  mutate(L);
  lua_gc(L, LUA_GCSETSTEPMUL, 200);
  say("generational");
  lua_gc(L, LUA_GCGEN, 0);
  mutate(L);
  lua_gc(L, LUA_GCCOLLECT, 0);
  mutate(L);
  say("incremental again");
  lua_gc(L, LUA_GCINC, 0);
  mutate(L);
}

/* old objects that are made to refer to new ones in generational mode */
static void t_generational(lua_State *L) {
  int i, wrong = 0;
  lua_gc(L, LUA_GCGEN, 0);
  lua_newtable(L);
  lua_newuserdata(L, 8);
  for (i = 0; i < 5; i++) lua_gc(L, LUA_GCSTEP, 0);
  for (i = 1; i <= 2000; i++) {
    lua_createtable(L, 0, 1);
    lua_pushinteger(L, i);
    lua_setfield(L, -2, "v");
    lua_rawseti(L, 1, i % 100 + 1);
    lua_createtable(L, 1, 0);
    lua_pushinteger(L, i);
    lua_rawseti(L, -2, 1);
    lua_setuservalue(L, 2);
    if (i % 50 == 0) {
      lua_gc(L, LUA_GCSTEP, 0);
      lua_getuservalue(L, 2);
      lua_rawgeti(L, -1, 1);
      if (lua_tointeger(L, -1) != i) wrong++;
      lua_settop(L, 2);
    }
  }
  for (i = 1901; i <= 2000; i++) {
    lua_rawgeti(L, 1, i % 100 + 1);
    lua_getfield(L, -1, "v");
    if (lua_tointeger(L, -1) != i) wrong++;
    lua_settop(L, 2);
  }
  say("wrong %d", wrong);
  lua_settop(L, 0);
  lua_gc(L, LUA_GCINC, 0);
}

/* strings that die and are made again while they are swept */
static void t_strings(lua_State *L) {
  int i, wrong = 0;
  for (i = 0; i < 50000; i++) {
    char text[32];
    const char *s;
    sprintf(text, "string %d", i % 100);
    s = lua_pushstring(L, text);
    lua_gc(L, LUA_GCSTEP, 0);
    if (strcmp(s, text) != 0) wrong++;
    lua_pop(L, 1);
    if (i > 2000) i += 40;
  }
  say("wrong %d", wrong);
}

static void t_collectgarbage(lua_State *L) {
  run_lua(L, "print(collectgarbage('collect'), collectgarbage(), collectgarbage('isrunning')) "
             "print(collectgarbage('stop'), collectgarbage('isrunning'), collectgarbage('restart'), collectgarbage('isrunning')) "
             "print(collectgarbage('setpause', 150), collectgarbage('setpause', 200), collectgarbage('setstepmul', 250), collectgarbage('setstepmul', 200)) "
             "print(collectgarbage('generational'), collectgarbage('incremental'), collectgarbage('setmajorinc', 120), collectgarbage('setmajorinc', 200)) "
             "print(pcall(collectgarbage, 'nothing')) print(pcall(collectgarbage, {})) print(type(collectgarbage('step')), type(collectgarbage('count')))");
}

static const Section sections[] = {
  { "weak", t_weak },
  { "ephemerons", t_ephemerons },
  { "weak_and_finalizers", t_weak_and_finalizers },
  { "modes_changed", t_modes_changed },
  { "options", t_options },
  { "count_moves", t_count_moves },
  { "stop_and_step", t_stop_and_step },
  { "collects_by_itself", t_collects_by_itself },
  { "mutation", t_mutation },
  { "generational", t_generational },
  { "strings", t_strings },
  { "collectgarbage", t_collectgarbage },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
