/* Tables, metatables, userdata, globals, the registry. */
#include <string.h>

#include "sequences.h"

static void newuserdata(Frame *f) {
  unsigned size = f->a[0] % 5 * 20 + 8, *block;
  call(f, "lua_newuserdata(L, %u)", size);
  block = (unsigned *)API(lua_newuserdata)(f->L, size);
  memset(block, 0, size);
  block[0] = 0x5EC0E4CEu;
  block[1] = (unsigned)++run.next_id;
  if (f->a[1] % 2) {
    call(f, "luaL_setmetatable(L, \"type%d\")", f->a[1] / 2 % 3);
    API(luaL_setmetatable)(f->L, f->a[1] / 2 % 3 == 0 ? "type0" : f->a[1] / 2 % 3 == 1 ? "type1" : "type2");
  }
  result(f, -1);
}

static void gettable(Frame *f) {
  int index = pick_valid(f, f->a[0]);
  if (index < 0 && index > LUA_REGISTRYINDEX) index = lua_absindex(f->L, index);
  push_key(f, f->a[1]);
  call(f, "lua_gettable(L, %d)", index > 0 ? index - f->floor : index);
  API(lua_gettable)(f->L, index);
  result(f, -1);
}
static void getfield(Frame *f) {
  int index = pick_valid(f, f->a[0]);
  call(f, "lua_getfield(L, %d, \"%s\")", index, key_name(f->a[1]));
  API(lua_getfield)(f->L, index, key_name(f->a[1]));
  result(f, -1);
}
/* What is written into the registry are the sequence's own keys. */
static void settable(Frame *f) {
  int index = pick(f, f->a[0]);
  index = lua_absindex(f->L, index);
  push_key(f, f->a[1]);
  if (f->a[2] & 1) {
    int value = pick(f, f->a[3]);
    call(f, "lua_pushvalue(L, %d)", value);
    API(lua_pushvalue)(f->L, value);
  } else push_some(f, f->a[3]);
  call(f, "lua_settable(L, %d)", index - f->floor);
  API(lua_settable)(f->L, index);
  done(f);
}
static void setfield(Frame *f) {
  int index = pick_valid(f, f->a[0]);
  need(f, 1);
  call(f, "lua_setfield(L, %d, \"%s\")", index, key_name(f->a[1]));
  API(lua_setfield)(f->L, index, key_name(f->a[1]));
  done(f);
}
static void rawget(Frame *f) {
  int index = lua_absindex(f->L, pick_table(f, f->a[0]));
  push_key(f, f->a[1]);
  call(f, "lua_rawget(L, %d)", index - f->floor);
  API(lua_rawget)(f->L, index);
  result(f, -1);
}
static void rawset(Frame *f) {
  int index = lua_absindex(f->L, pick_table(f, f->a[0]));
  push_key(f, f->a[1]);
  push_some(f, f->a[2]);
  call(f, "lua_rawset(L, %d)", index - f->floor);
  API(lua_rawset)(f->L, index);
  done(f);
}
static void rawi(Frame *f) {
  int index = pick_table(f, f->a[0]), key = f->a[1] % 20 - 3;
  if (f->a[2] & 1) {
    call(f, "lua_rawgeti(L, %d, %d)", index, key);
    API(lua_rawgeti)(f->L, index, key);
    result(f, -1);
  } else {
    index = lua_absindex(f->L, index);
    push_some(f, f->a[3]);
    call(f, "lua_rawseti(L, %d, %d)", index - f->floor, key);
    API(lua_rawseti)(f->L, index, key);
    done(f);
  }
}
static void rawp(Frame *f) {
  int index = pick_table(f, f->a[0]);
  void *key = light_value(f->a[1]);
  if (f->a[2] & 1) {
    call(f, "lua_rawgetp(L, %d, %s)", index, light_name(key));
    API(lua_rawgetp)(f->L, index, key);
    result(f, -1);
  } else {
    index = lua_absindex(f->L, index);
    push_some(f, f->a[3]);
    call(f, "lua_rawsetp(L, %d, %s)", index - f->floor, light_name(key));
    API(lua_rawsetp)(f->L, index, key);
    done(f);
  }
}
/* A whole traversal, or one step from a key that the table does not have. */
static void next(Frame *f) {
  lua_State *L = f->L;
  int index = lua_absindex(L, pick_table(f, f->a[0])), steps = 0;
  if (f->a[1] % 8 == 0) {
    int more;
    lua_getfield(L, LUA_REGISTRYINDEX, "no key");
    call(f, "lua_next(L, %d) from no key", index - f->floor);
    more = API(lua_next)(L, index);
    say("-> %d", more);
    return;
  }
  call(f, "traverse %d", index - f->floor);
  lua_pushnil(L);
  while (API(lua_next)(L, index)) {
    steps++;
    if (f->a[1] % 8 == 1) { /* fields may be cleared on the way */
      lua_pushvalue(L, -2);
      lua_pushnil(L);
      lua_rawset(L, index);
    }
    lua_settop(L, -2);
  }
  say("-> %d [%s]", steps, show_stack(L, f->floor));
  describe(L, index);
}

static void getmetatable(Frame *f) {
  int index = pick_any(f, f->a[0]), has;
  call(f, "lua_getmetatable(L, %d)", index);
  has = API(lua_getmetatable)(f->L, index);
  say("-> %d [%s]", has, show_stack(f->L, f->floor));
}

static const char *const events[] = {"__index", "__newindex", "__call", "__add", "__sub", "__concat", "__len", "__eq", "__lt", "__le",
  "__unm", "__tostring", "__gc", "__mode", "__metatable", "__pairs", "__ipairs", "__mul", "__div", "__mod", "__pow"};

/* Written for one event: these take and give any values and end. */
static const char *const handlers[] = {
  "local a, b = ... c1(a, b) return b",
  "local a, b = ...\nlocal r = c1(b)\nreturn r",
  "return c2(...)",
  "return 7",
  "local a, b, c = ... rawset({}, 1, b) return pcall(c1, c)",
  "error('in a metamethod')"};

/* Puts a handler for the event into the table on the top. */
static void set_event(Frame *f, const char *event, unsigned how) {
  lua_State *L = f->L;
  if (strcmp(event, "__mode") == 0) {
    static const char *const modes[] = {"k", "v", "kv"};
    if (run.mode == COLLECTING) return;
    call(f, "lua_pushstring(L, \"%s\")", modes[how % 3]);
    API(lua_pushstring)(L, modes[how % 3]);
  } else if (strcmp(event, "__gc") == 0 && run.mode != EXACT) {
    call(f, "lua_pushcclosure(L, finalizer, 0)");
    API(lua_pushcclosure)(L, finalize_quietly, 0);
  } else if (how % 8 < 2) {
    call(f, "lua_pushcclosure(L, %s, 0)", c_names[how / 8 % 8]);
    API(lua_pushcclosure)(L, c_functions[how / 8 % 8], 0);
  } else if (how % 8 < 6) {
    const char *text = handlers[how / 8 % LENGTH(handlers)];
    call(f, "luaL_loadbufferx(L, %s, ..., \"=handler\", NULL)", show_bytes(text, strlen(text)));
    API(luaL_loadbufferx)(L, text, strlen(text), "=handler", NULL);
  } else {
    int index = lua_gettop(L) - 1 > f->floor ? f->floor + 1 + (int)(how / 8) % (lua_gettop(L) - 1 - f->floor) : -1;
    call(f, "lua_pushvalue(L, %d)", index < 0 ? index : index - f->floor);
    API(lua_pushvalue)(L, index);
  }
  call(f, "lua_setfield(L, -2, \"%s\")", event);
  API(lua_setfield)(L, -2, event);
}
static void fill_metatable(Frame *f) {
  set_event(f, events[f->a[1] % LENGTH(events)], f->a[2]);
  set_event(f, events[f->a[3] % LENGTH(events)], f->a[4]);
  if (f->a[2] % 3 == 0) set_event(f, events[(f->a[1] + f->a[3]) % 3], f->a[1]);
}

static void setmetatable(Frame *f) {
  lua_State *L = f->L;
  int index;
  /* Mostly of a table or userdata: those of the other types are for all values. */
  index = f->a[0] % 4 == 0 ? pick(f, f->a[0]) : pick_type(f, f->a[0], f->a[0] % 4 == 1 ? LUA_TUSERDATA : LUA_TTABLE);
  if (index == 0) {
    newuserdata(f);
    index = -1;
  }
  index = lua_absindex(L, index);
  /* With weak values the registry would let go of the threads and functions that the host keeps there. */
  if (lua_rawequal(L, index, LUA_REGISTRYINDEX)) return;
  if (f->a[1] % 16 == 0) {
    call(f, "lua_pushnil(L)");
    API(lua_pushnil)(L);
  } else {
    call(f, "lua_createtable(L, 0, 3)");
    API(lua_createtable)(L, 0, 3);
    fill_metatable(f);
  }
  call(f, "lua_setmetatable(L, %d)", index - f->floor);
  API(lua_setmetatable)(L, index);
  done(f);
}

static void newmetatable(Frame *f) {
  static const char *const names[] = {"type0", "type1", "type2"};
  const char *name = names[f->a[0] % 3];
  int made;
  call(f, "luaL_newmetatable(L, \"%s\")", name);
  made = API(luaL_newmetatable)(f->L, name);
  say("-> %d", made);
  if (made) fill_metatable(f);
}
static void testudata(Frame *f) {
  static const char *const names[] = {"type0", "type1", "type2"};
  const char *name = names[f->a[0] % 3];
  int index = pick_any(f, f->a[1]);
  void *block;
  if (index < 0) index = pick(f, f->a[1] & ~1u);
  if (f->a[2] % 2) {
    call(f, "luaL_checkudata(L, %d, \"%s\")", index - f->floor, name);
    block = API(luaL_checkudata)(f->L, index, name);
  } else {
    call(f, "luaL_testudata(L, %d, \"%s\")", index - f->floor, name);
    block = API(luaL_testudata)(f->L, index, name);
  }
  say("-> %s [%s]", block ? "one" : "NULL", show_stack(f->L, f->floor));
}
static void getmetafield(Frame *f) {
  int index = pick(f, f->a[0]), has;
  const char *event = events[f->a[1] % LENGTH(events)];
  if (f->a[2] % 2) {
    call(f, "luaL_getmetafield(L, %d, \"%s\")", index, event);
    has = API(luaL_getmetafield)(f->L, index, event);
  } else {
    call(f, "luaL_callmeta(L, %d, \"%s\")", index, event);
    has = API(luaL_callmeta)(f->L, index, event);
  }
  say("-> %d [%s]", has, show_stack(f->L, f->floor));
}
static void getsubtable(Frame *f) {
  int index = pick_valid(f, f->a[0]), had;
  call(f, "luaL_getsubtable(L, %d, \"%s\")", index, key_name(f->a[1]));
  had = API(luaL_getsubtable)(f->L, index, key_name(f->a[1]));
  say("-> %d [%s]", had, show_stack(f->L, f->floor));
}
static void uservalue(Frame *f) {
  lua_State *L = f->L;
  int index = pick_type(f, f->a[0], LUA_TUSERDATA);
  if (index == 0) {
    newuserdata(f);
    index = -1;
  }
  index = lua_absindex(L, index);
  if (f->a[1] % 2) {
    call(f, "lua_getuservalue(L, %d)", index - f->floor);
    API(lua_getuservalue)(L, index);
    result(f, -1);
  } else { /* a table or nil */
    int table = pick_type(f, f->a[2], LUA_TTABLE);
    call(f, "set the user value of %d to %d", index - f->floor, table);
    if (table != 0) lua_pushvalue(L, table);
    else lua_pushnil(L);
    API(lua_setuservalue)(L, index);
    done(f);
  }
}

static void getglobal(Frame *f) {
  static const char *const names[] = {"g1", "g2", "g3", "c1", "string", "type"};
  const char *name = names[f->a[0] % 6];
  call(f, "lua_getglobal(L, \"%s\")", name);
  API(lua_getglobal)(f->L, name);
  result(f, -1);
}
/* A C function as a global would give messages a second name for it. */
static void setglobal(Frame *f) {
  static const char *const names[] = {"g1", "g2", "g3"};
  const char *name = names[f->a[0] % 3];
  need(f, 1);
  if (lua_tocfunction(f->L, -1) != NULL) return;
  call(f, "lua_setglobal(L, \"%s\")", name);
  API(lua_setglobal)(f->L, name);
  done(f);
}

static void ref(Frame *f) {
  lua_State *L = f->L;
  int i = f->a[0] % REFERENCES;
  if (f->a[1] % 3 == 0) {
    call(f, "luaL_unref(L, LUA_REGISTRYINDEX, reference %d)", i);
    API(luaL_unref)(L, LUA_REGISTRYINDEX, run.references[i]);
    run.references[i] = LUA_NOREF;
  } else if (f->a[1] % 3 == 1 && run.references[i] != LUA_NOREF) {
    call(f, "lua_rawgeti(L, LUA_REGISTRYINDEX, reference %d)", i);
    API(lua_rawgeti)(L, LUA_REGISTRYINDEX, run.references[i]);
    result(f, -1);
  } else if (run.references[i] == LUA_NOREF || run.references[i] == LUA_REFNIL) {
    need(f, 1);
    call(f, "luaL_ref(L, LUA_REGISTRYINDEX)");
    run.references[i] = API(luaL_ref)(L, LUA_REGISTRYINDEX);
    say("-> %d [%s]", run.references[i], show_stack(L, f->floor));
  }
}

const Operation table_operations[] = {
  {newuserdata, 4}, {gettable, 6}, {getfield, 5}, {settable, 6}, {setfield, 5}, {rawget, 3}, {rawset, 4}, {rawi, 5}, {rawp, 3},
  {next, 4}, {getmetatable, 2}, {setmetatable, 10}, {newmetatable, 3}, {testudata, 3}, {getmetafield, 3}, {getsubtable, 2},
  {uservalue, 3}, {getglobal, 3}, {setglobal, 4}, {ref, 5}, {NULL, 0}};
