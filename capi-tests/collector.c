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

/* the pause says how much the heap grows between the end of a cycle and the next: live data of 2 MB, garbage beside it */
static int peak_with_pause(lua_State *L, int pause) {
  int i, live, kb, peak = 0;
  lua_gc(L, LUA_GCSETPAUSE, pause);
  lua_gc(L, LUA_GCSETSTEPMUL, 1000);
  collect(L);
  live = lua_gc(L, LUA_GCCOUNT, 0);
  for (i = 0; i < 200000; i++) {
    lua_createtable(L, 8, 0);
    lua_pop(L, 1);
    kb = lua_gc(L, LUA_GCCOUNT, 0);
    if (kb > peak) peak = kb;
  }
  return (int)(100L * peak / live);
}
static void t_pause(lua_State *L) {
  int p100, p200, p400;
  lua_newuserdata(L, 2048 * 1024);
  p100 = peak_with_pause(L, 100);
  p200 = peak_with_pause(L, 200);
  p400 = peak_with_pause(L, 400);
  say("100: starts over at once %d", p100 < 160);
  say("200: waits until the heap has doubled %d", p200 >= 195 && p200 < 260);
  say("400: waits until it is four times as large %d", p400 >= 390 && p400 < 460);
  lua_settop(L, 0);
}

/* the step multiplier says how much work is done for each kilobyte asked for, beside a part that is always done */
static int steps_of_a_cycle(lua_State *L, int mul) {
  int n = 1;
  lua_gc(L, LUA_GCSETSTEPMUL, mul);
  collect(L);
  while (!lua_gc(L, LUA_GCSTEP, 4) && n < 1000000) n++;
  return n;
}
static void t_step_multiplier(lua_State *L) {
  int slow, usual, fast;
  lua_gc(L, LUA_GCSTOP, 0);
  run_lua(L, "kept = {} for i = 1, 20000 do kept[i] = {i} end");
  slow = steps_of_a_cycle(L, 100);
  usual = steps_of_a_cycle(L, 200);
  fast = steps_of_a_cycle(L, 1000);
  say("many steps %d, fewer for twice the work %d, less than half for ten times %d", slow > 100, usual * 5 < slow * 4 && usual * 3 > slow,
      fast * 2 < slow && fast * 12 > slow);
  say("a step of everything %d", lua_gc(L, LUA_GCSTEP, 1000000));
  lua_gc(L, LUA_GCRESTART, 0);
  run_lua(L, "local n = 0 repeat n = n + 1 until collectgarbage('step', 1) print(n > 10, collectgarbage('step', 1e6))");
}

/* no step marks everything at once, whatever there is: tables, a long list, a deep one, threads, a hash part of strings;
 * for what a step frees see differences.c */
static void t_bounded_steps(lua_State *L) {
  int n = 0;
  lua_gc(L, LUA_GCSTOP, 0);
  lua_gc(L, LUA_GCSETSTEPMUL, 200);
  run_lua(L, "list = nil for i = 1, 30000 do list = {next = list, {}} end deep = {} local d = deep for i = 1, 30000 do d[1] = {} d = d[1] end "
             "threads = {} for i = 1, 300 do threads[i] = coroutine.create(function(...) local a = {...} coroutine.yield() return a end) coroutine.resume(threads[i], i) end "
             "hash = {} for i = 1, 30000 do hash[i .. ''] = {i} end");
  collect(L);
  while (!lua_gc(L, LUA_GCSTEP, 8)) n++;
  say("in more than 300 steps %d", n > 300);
  lua_gc(L, LUA_GCRESTART, 0);
}

/* the two results of 'count' agree with each other and with the C side */
static void t_count_fraction(lua_State *L) {
  int kb, rest;
  lua_gc(L, LUA_GCSTOP, 0);
  run_lua(L, "return collectgarbage('count')");
  kb = lua_gc(L, LUA_GCCOUNT, 0);
  rest = lua_gc(L, LUA_GCCOUNTB, 0);
  say("%d results, fraction in units of 1/1024 %d, the second is the rest in bytes %d", lua_gettop(L),
      lua_tonumber(L, 1) * 1024 == (double)(long)(lua_tonumber(L, 1) * 1024),
      (long)(lua_tonumber(L, 1) * 1024) % 1024 == (long)lua_tonumber(L, 2));
  say("as in C %d", kb >= (int)lua_tonumber(L, 1) && kb <= (int)lua_tonumber(L, 1) + 1 && rest >= 0 && rest < 1024);
  lua_settop(L, 0);
  kb = lua_gc(L, LUA_GCCOUNT, 0) * 1024 + lua_gc(L, LUA_GCCOUNTB, 0);
  lua_newuserdata(L, 10240);
  rest = lua_gc(L, LUA_GCCOUNT, 0) * 1024 + lua_gc(L, LUA_GCCOUNTB, 0);
  say("a block of 10240 bytes adds that and its header %d", rest - kb >= 10240 && rest - kb < 10240 + 64);
  lua_settop(L, 0);
}

/* the rules about weak tables and finalizers do not depend on the mode */
static void t_rules_in_generational_mode(lua_State *L) {
  lua_gc(L, LUA_GCGEN, 0);
  t_weak(L);
  t_ephemerons(L);
  t_weak_and_finalizers(L);
  t_modes_changed(L);
  run_lua(L, "local order = {} local mt = {__gc = function(o) order[#order + 1] = o.n end} "
             "for i = 1, 5 do setmetatable({n = i}, mt) end collectgarbage() print(table.concat(order, ' ')) "
             "local back mt.__gc = function(o) back = o end setmetatable({n = 'again'}, mt) collectgarbage() print(back.n) "
             "back = nil collectgarbage() collectgarbage() print(back)");
  run_lua(L, "local old = {} for i = 1, 10 do collectgarbage('step', 0) end local w = setmetatable({}, {__mode = 'v'}) "
             "for i = 1, 100 do w[i] = {} if i % 10 == 0 then old[i] = w[i] end collectgarbage('step', 0) end collectgarbage() "
             "local n = 0 for k in pairs(w) do n = n + 1 end print(n)");
  lua_gc(L, LUA_GCINC, 0);
}

static void t_generational_by_itself(lua_State *L) {
  int i, max = 0, wrong = 0;
  lua_gc(L, LUA_GCGEN, 0);
  lua_newtable(L);
  for (i = 1; i <= 300000; i++) {
    lua_createtable(L, 4, 0);
    lua_pushinteger(L, i);
    lua_rawseti(L, -2, 1);
    lua_rawseti(L, 1, i % 500 + 1);
    if (i % 1000 == 0 && lua_gc(L, LUA_GCCOUNT, 0) > max) max = lua_gc(L, LUA_GCCOUNT, 0);
  }
  for (i = 299501; i <= 300000; i++) {
    lua_rawgeti(L, 1, i % 500 + 1);
    lua_rawgeti(L, -1, 1);
    wrong += lua_tointeger(L, -1) != i;
    lua_settop(L, 1);
  }
  say("bounded %d, wrong %d", max < 4000, wrong);
  lua_settop(L, 0);
  lua_gc(L, LUA_GCINC, 0);
}

/* upvalues that are open while their thread is marked, written to from outside and closed in the middle of a cycle */
static void open_upvalues(lua_State *L) {
  run_lua(L,
    "local threads = {} "
    "for i = 1, 100 do "
    "  local set, get "
    "  local co = coroutine.create(function() local v = {i} set = function(x) v = x end get = function() return v end "
    "    coroutine.yield() v[2] = 'resumed' return get end) "
    "  coroutine.resume(co) threads[i] = {co = co, set = set, get = get} "
    "  collectgarbage('step', 0) "
    "end "
    "for round = 1, 5 do for i = 1, 100 do "
    "  local t = threads[i] t.set({i * round, 'text ' .. i}) collectgarbage('step', 0) "
    "  if round == 3 and i % 3 == 0 then t.co = nil end "
    "  if round == 4 and i % 3 == 1 then coroutine.resume(t.co) end "
    "end end "
    "collectgarbage() local wrong = 0 "
    "for i = 1, 100 do local v = threads[i].get() if v[1] ~= i * 5 or v[2] ~= 'text ' .. i then wrong = wrong + 1 end end print(wrong)");
}
static void t_open_upvalues(lua_State *L) {
  open_upvalues(L);
  lua_gc(L, LUA_GCSETSTEPMUL, 40);
  open_upvalues(L);
  lua_gc(L, LUA_GCGEN, 0);
  open_upvalues(L);
  lua_gc(L, LUA_GCINC, 0);
}

/* a state that is closed in the middle of a cycle, or in generational mode, while suspended threads have open upvalues: what
 * they refer to is freed before the thread, large blocks to the system */
static void t_close_in_a_cycle(lua_State *unused) {
  int generational, steps, i;
  (void)unused;
  for (generational = 0; generational < 2; generational++) {
    for (steps = 0; steps < 60; steps++) {
      lua_State *L = luaL_newstate();
      luaL_openlibs(L);
      run_lua(L, "collectgarbage() collectgarbage('stop') kept = {} for i = 1, 20 do local co = coroutine.create(function() "
                 "local s, t = nil, nil set = function(a, b) s, t = a, b end get = function() return s, t end coroutine.yield() end) "
                 "coroutine.resume(co) kept[i] = {co, set, get} end");
      lua_gc(L, generational ? LUA_GCGEN : LUA_GCINC, 0);
      lua_gc(L, LUA_GCSETSTEPMUL, 40);
      if (generational) collect(L);
      run_lua(L, "for i = 1, 20 do kept[i][2](('x'):rep(300000) .. i, {}) end");
      for (i = 0; i < steps; i++) lua_gc(L, LUA_GCSTEP, 0);
      lua_close(L);
    }
  }
  say("closed");
}

/* every way to make an old object refer to a new one, at every point of a cycle */
static int counter(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  return 1;
}
static int keep_argument(lua_State *L) {
  lua_settop(L, 1);
  lua_replace(L, lua_upvalueindex(1));
  return 0;
}
static void fresh(lua_State *L, int i) {
  lua_createtable(L, 1, 0);
  lua_pushinteger(L, i);
  lua_rawseti(L, -2, 1);
}
static int holds(lua_State *L, int i) {
  int right;
  lua_rawgeti(L, -1, 1);
  right = lua_tointeger(L, -1) == i;
  lua_pop(L, 2);
  return right;
}
/* each way into a table of its own: one barrier would make up for the next that is missing */
enum { RAWSETI_OLD, RAWSETI_NEW, RAWSETI_FAR, RAWSETP, RAWSET_OLD, RAWSET_NEW, RAWSET_KEY, SETTABLE_OLD, SETTABLE_NEW, SETTABLE_KEY, SETFIELD_OLD,
       SETFIELD_NEW, METATABLE, WEAK_KEYS, FROM_LUA_OLD, FROM_LUA_NEW, FROM_LUA_INDEX, FROM_LUA_LIST, FROM_LUA_INTEGER, FROM_LUA_ANY, WAYS };
static int address;
static void write_to(lua_State *L, int way, int t) {
  if (way == RAWSET_KEY || way == SETTABLE_KEY) fresh(L, way), lua_pushboolean(L, 1);
  else {
    if (way >= FROM_LUA_OLD) {
      static const char *const code[] = { "local t, v = ... t.old = v", "local t, v = ... t.new = v", "local t, v = ... local k = 1 t[k] = v",
                                          "local t, v = ... table.insert(t, v)",
                                          "local t, v = ... t[1] = v", "local t, v = ... local k = 'old' t[k] = v" };
      luaL_loadstring(L, code[way - FROM_LUA_OLD]);
      lua_pushvalue(L, t);
    }
    else if (way == RAWSET_OLD || way == SETTABLE_OLD) lua_pushliteral(L, "old");
    else if (way == RAWSET_NEW || way == SETTABLE_NEW) lua_pushliteral(L, "new");
    else if (way == WEAK_KEYS) lua_pushvalue(L, 1);
    fresh(L, way);
  }
  switch (way) {
    case RAWSETI_OLD: lua_rawseti(L, t, 1); break;
    case RAWSETI_NEW: lua_rawseti(L, t, 2); break;
    case RAWSETI_FAR: lua_rawseti(L, t, -1000000); break;
    case RAWSETP: lua_rawsetp(L, t, &address); break;
    case RAWSET_OLD: case RAWSET_NEW: case RAWSET_KEY: case WEAK_KEYS: lua_rawset(L, t); break;
    case SETTABLE_OLD: case SETTABLE_NEW: case SETTABLE_KEY: lua_settable(L, t); break;
    case SETFIELD_OLD: lua_setfield(L, t, "old"); break;
    case SETFIELD_NEW: lua_setfield(L, t, "new"); break;
    case METATABLE: lua_setmetatable(L, t); break;
    default: lua_call(L, 2, 0); break;
  }
}
static int is_there(lua_State *L, int way, int t) {
  switch (way) {
    case RAWSETI_OLD: case FROM_LUA_INDEX: case FROM_LUA_INTEGER: lua_rawgeti(L, t, 1); break;
    case RAWSETI_NEW: case FROM_LUA_LIST: lua_rawgeti(L, t, 2); break;
    case RAWSETI_FAR: lua_rawgeti(L, t, -1000000); break;
    case RAWSETP: lua_rawgetp(L, t, &address); break;
    case RAWSET_KEY: case SETTABLE_KEY:
      for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1))
        if (lua_toboolean(L, -1) && lua_istable(L, -2)) break;
      lua_pop(L, 1);
      break;
    case RAWSET_OLD: case SETTABLE_OLD: case SETFIELD_OLD: case FROM_LUA_OLD: case FROM_LUA_ANY: lua_getfield(L, t, "old"); break;
    case METATABLE: lua_getmetatable(L, t); break;
    case WEAK_KEYS: lua_pushvalue(L, 1), lua_rawget(L, t); break;
    default: lua_getfield(L, t, "new"); break;
  }
  return holds(L, way);
}
static int referring(lua_State *L, int steps) {
  enum { USERDATA = 1, USERDATA2, THREAD, C_CLOSURE, LUA_CLOSURE, OTHER, THIRD, KEEPER, TABLES };
  lua_State *co;
  int i, wrong = 0;
  lua_settop(L, 0);
  lua_newuserdata(L, 8);
  lua_newuserdata(L, 8);
  co = lua_newthread(L);
  lua_pushnil(L);
  lua_pushcclosure(L, counter, 1);
  run_lua(L, "local up, other, third return function() return up end, function() return other end, function(v) if v then third = v end return third end");
  lua_pushnil(L);
  lua_pushcclosure(L, keep_argument, 1);
  lua_checkstack(L, WAYS + 10);
  for (i = 0; i < WAYS; i++) {
    if (i == WEAK_KEYS) weak_table(L, "k");
    else lua_createtable(L, 2, 2);
    lua_pushboolean(L, 0), lua_rawseti(L, -2, 1);
    lua_pushboolean(L, 0), lua_setfield(L, -2, "old");
  }
  collect(L);
  for (i = 0; i < steps; i++) lua_gc(L, LUA_GCSTEP, 0);
  fresh(L, 101), lua_setmetatable(L, USERDATA);
  fresh(L, 102), lua_setuservalue(L, USERDATA2);
  fresh(L, 103), lua_xmove(L, co, 1);
  fresh(L, 104), lua_setupvalue(L, C_CLOSURE, 1);
  fresh(L, 105), lua_setupvalue(L, OTHER, 1);
  lua_upvaluejoin(L, LUA_CLOSURE, 1, OTHER, 1);
  lua_pushnil(L), lua_replace(L, OTHER);
  lua_pushvalue(L, THIRD), fresh(L, 106), lua_call(L, 1, 0);
  lua_pushvalue(L, KEEPER), fresh(L, 107), lua_call(L, 1, 0);
  fresh(L, 108), lua_rawseti(L, LUA_REGISTRYINDEX, 100);
  fresh(L, 109), lua_setglobal(L, "barrier_test");
  for (i = 0; i < WAYS; i++) write_to(L, i, TABLES + i);
  for (i = 0; i < 7; i++) lua_gc(L, LUA_GCSTEP, 0);
  collect(L);
  /* what was freed by mistake is something else now */
  for (i = 0; i < 60; i++) fresh(L, -1), lua_pop(L, 1);
  lua_getmetatable(L, USERDATA), wrong += !holds(L, 101);
  lua_getuservalue(L, USERDATA2), wrong += !holds(L, 102);
  lua_xmove(co, L, 1), wrong += !holds(L, 103);
  lua_getupvalue(L, C_CLOSURE, 1), wrong += !holds(L, 104);
  lua_getupvalue(L, LUA_CLOSURE, 1), wrong += !holds(L, 105);
  lua_getupvalue(L, THIRD, 1), wrong += !holds(L, 106);
  lua_getupvalue(L, KEEPER, 1), wrong += !holds(L, 107);
  lua_rawgeti(L, LUA_REGISTRYINDEX, 100), wrong += !holds(L, 108);
  lua_getglobal(L, "barrier_test"), wrong += !holds(L, 109);
  for (i = 0; i < WAYS; i++) wrong += !is_there(L, i, TABLES + i);
  lua_settop(L, 0);
  return wrong;
}
static void t_barriers(lua_State *L) {
  int mode, steps, wrong;
  /* the keys are old, or the barrier for a key would do for the value, too */
  run_lua(L, "names = {'new', 'old'}");
  for (mode = 0; mode < 2; mode++) {
    lua_gc(L, mode ? LUA_GCGEN : LUA_GCINC, 0);
    lua_gc(L, LUA_GCSETSTEPMUL, 20);
    for (steps = wrong = 0; steps < 200; steps++) wrong += referring(L, steps);
    say("wrong %d", wrong);
  }
  lua_gc(L, LUA_GCINC, 0);
}

/* Large tables are visited in pieces. What moves inside of one meanwhile, from the part that is still to come into the one
   that was seen, is not forgotten. */
static void t_entries_moved(lua_State *L) {
  run_lua(L,
    "local N, bad = 1500, 0 "
    "local function fill(t, k) for i = 1, N do t[i] = ('%05d of %d'):format(i * 7919 % N, k) end end "
    "local moves = { "
    "  { fill, function(t) for i = 1, 5 do local v = table.remove(t, 1) t[#t + 1] = v end end }, "
    "  { fill, function(t) for i = 1, 5 do table.insert(t, 1, table.remove(t)) end end }, "
    "  { fill, function(t) table.sort(t) end }, "
    "  { function(t) for i = 1, N do t['key ' .. i] = {i} end end, function(t) for i = 1, 400 do t[i * 1000 + 0.5] = true end end }, "
    "} "
    "for _, move in ipairs(moves) do for k = 1, 20 do "
    "  local t = {} "
    "  collectgarbage() collectgarbage('stop') collectgarbage('setstepmul', 100) "
    "  move[1](t, k) "
    "  for _ = 1, k do collectgarbage('step', 0) end "
    "  move[2](t) "
    "  repeat until collectgarbage('step', 0) "
    "  for i = 1, 2000 do local _ = {'x' .. i} end "
    "  if move[1] == fill then "
    "    local seen = {} "
    "    for i = 1, N do seen[t[i]] = true end "
    "    for i = 1, N do if not seen[('%05d of %d'):format(i - 1, k)] then bad = bad + 1 end end "
    "  else "
    "    for i = 1, N do local v = t['key ' .. i] if not v or v[1] ~= i then bad = bad + 1 end end "
    "  end "
    "  collectgarbage('setstepmul', 200) collectgarbage('restart') "
    "end end "
    "print('lost', bad)");
}

/* How long garbage with finalizers stays: what was made and is not finalized yet, and what is in use, at the worst. */
static struct { int waiting, most; double peak; } held;

static int made(lua_State *L) {
  double bytes = lua_gc(L, LUA_GCCOUNT, 0) * 1024.0 + lua_gc(L, LUA_GCCOUNTB, 0);
  if (++held.waiting > held.most) held.most = held.waiting;
  if (bytes > held.peak) held.peak = bytes;
  return 0;
}
static int finalized(lua_State *L) { (void)L; held.waiting--; return 0; }

/* the library's finalizer of files, counted */
static int file_finalized(lua_State *L) {
  held.waiting--;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}
static int new_block(lua_State *L) {
  if (lua_isnil(L, 1)) lua_newtable(L);
  else lua_newuserdata(L, (size_t)luaL_checkinteger(L, 1));
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  return 1;
}

static const int pauses[] = { 100, 200, 400 };
/* The worst of the reference, with 2 to 3 % for its randomness: unfinalized objects and bytes, for each pause, first in
   incremental, then in generational mode. */
static const struct {
  const char *name, *code;
  struct { int most, kilobytes; } bound[6];
} held_by[] = {
  { "files", "io.open('/dev/null') made()", { { 800, 87 }, { 800, 87 }, { 930, 105 } } },
  { "files that are read", "local f = io.open('/dev/null') made() f:read('*a')",
    { { 810, 90 }, { 810, 90 }, { 930, 109 } } },
  { "tables", "block(nil) made()", { { 770, 85 }, { 770, 85 }, { 930, 104 }, { 478, 54 }, { 14270, 890 }, { 12570, 980 } } },
  { "tables with metatables of their own", "setmetatable({}, {__gc = finalized}) made()",
    { { 20000, 93 }, { 20000, 93 }, { 20000, 112 }, { 20000, 205 }, { 20000, 2560 }, { 20000, 2890 } } },
  { "blocks of 0 bytes", "block(0) made()", { { 1080, 85 }, { 1080, 85 }, { 1358, 104 }, { 695, 54 }, { 16420, 750 }, { 17600, 710 } } },
  { "blocks of 16 bytes", "block(16) made()", { { 764, 85 }, { 764, 85 }, { 930, 104 }, { 481, 54 }, { 14270, 890 }, { 12570, 980 } } },
  { "blocks of 1000 bytes", "block(1000) made()", { { 39, 87 }, { 39, 87 }, { 40, 104 }, { 21, 54 }, { 13260, 15400 }, { 11480, 18370 } } },
  { "blocks of 100000 bytes", "block(100000) made()",
    { { 1, 221 }, { 1, 221 }, { 1, 221 }, { 1, 421 } } },
};

static void t_finalizers_in_time(lua_State *L0) {
  size_t k;
  int mode;
  (void)L0;
  for (k = 0; k < sizeof held_by / sizeof *held_by; k++)
    for (mode = 0; mode < 6; mode++) {
      lua_State *L;
      if (held_by[k].bound[mode].most == 0) continue; /* the reference keeps more files open than it may, or a gigabyte */
      L = luaL_newstate();
      luaL_openlibs(L);
      lua_register(L, "made", made);
      lua_register(L, "finalized", finalized);
      lua_newtable(L);
      lua_pushcfunction(L, finalized);
      lua_setfield(L, -2, "__gc");
      lua_pushcclosure(L, new_block, 1);
      lua_setglobal(L, "block");
      luaL_getmetatable(L, LUA_FILEHANDLE);
      lua_getfield(L, -1, "__gc");
      lua_pushcclosure(L, file_finalized, 1);
      lua_setfield(L, -2, "__gc");
      lua_pop(L, 1);
      lua_pushfstring(L, "for i = 1, 20000 do %s end", held_by[k].code);
      luaL_loadstring(L, lua_tostring(L, -1));
      lua_gc(L, LUA_GCCOLLECT, 0);
      lua_gc(L, LUA_GCSETPAUSE, pauses[mode % 3]);
      if (mode >= 3) lua_gc(L, LUA_GCGEN, 0);
      memset(&held, 0, sizeof held);
      lua_call(L, 0, 0);
      if (held.most > held_by[k].bound[mode].most || held.peak > held_by[k].bound[mode].kilobytes * 1024.0)
        say("%s, %s, pause %d: %d unfinalized, %.0f KB", held_by[k].name, mode < 3 ? "incremental" : "generational",
            pauses[mode % 3], held.most, held.peak / 1024);
      lua_close(L);
    }
  say("no more than the reference");
}

/* A variable that is old when it is closed goes in front of younger garbage, which the next collection has to free all the same. */
static void t_old_variables_closed(lua_State *L) {
  lua_gc(L, LUA_GCGEN, 0);
  run_lua(L, "local function grow_old() collectgarbage('step') collectgarbage('step') end "
             "local function litter() for i = 1, 100 do local t = {i, i, i} end end "
             "local f "
             "local function closes(how) "
             "  local captured = 1 "
             "  f = function() captured = captured + 1 return captured end "
             "  grow_old() litter() "
             "  if how == 'error' then error('closed', 0) elseif how == 'yield' then coroutine.yield() end "
             "end "
             "local ways = {"
             "  ['return'] = function() closes() end, "
             "  ['error'] = function() print(pcall(closes, 'error')) end, "
             "  ['block'] = function() for i = 1, 2 do local v = i f = function() return v end grow_old() litter() end end, "
             "  ['coroutine'] = function() coroutine.wrap(closes)() end, "
             "  ['yield'] = function() local go_on = coroutine.wrap(closes) go_on('yield') go_on() end} "
             "for _, way in ipairs{'return', 'error', 'block', 'coroutine', 'yield'} do "
             "  grow_old() "
             "  local before = collectgarbage('count') "
             "  ways[way]() "
             "  collectgarbage('step') "
             "  print(way, f(), collectgarbage('count') - before < 4) "
             "end");
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
  { "pause", t_pause },
  { "step_multiplier", t_step_multiplier },
  { "bounded_steps", t_bounded_steps },
  { "count_fraction", t_count_fraction },
  { "rules_in_generational_mode", t_rules_in_generational_mode },
  { "generational_by_itself", t_generational_by_itself },
  { "open_upvalues", t_open_upvalues },
  { "close_in_a_cycle", t_close_in_a_cycle },
  { "barriers", t_barriers },
  { "entries_moved", t_entries_moved },
  { "finalizers_in_time", t_finalizers_in_time },
  { "old_variables_closed", t_old_variables_closed },
  { "collectgarbage", t_collectgarbage },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
