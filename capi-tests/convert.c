/* Pushing values, asking for types, converting between them. */
#include <limits.h>
#include <math.h>

#include "support.h"

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

static void describe(lua_State *L, int i) {
  int in, ii, iu;
  size_t len;
  double n = lua_tonumberx(L, i, &in);
  double d = (double)lua_tointegerx(L, i, &ii);
  double u = (double)lua_tounsignedx(L, i, &iu);
  show(L, i);
  printf(": %s n%d s%d c%d u%d | number %.17g(%d)", luaL_typename(L, i), lua_isnumber(L, i),
         lua_isstring(L, i), lua_iscfunction(L, i), lua_isuserdata(L, i), n, in);
  printf(" integer %.17g(%d) unsigned %.17g(%d) bool %d", d, ii, u, iu, lua_toboolean(L, i));
  printf(" rawlen %lu | %d%d%d%d |", (unsigned long)lua_rawlen(L, i), lua_tocfunction(L, i) != NULL,
         lua_touserdata(L, i) != NULL, lua_tothread(L, i) != NULL, lua_topointer(L, i) != NULL);
  lua_pushvalue(L, i);
  len = 99;
  lua_tolstring(L, -1, &len);
  printf(" as string ");
  show(L, -1);
  say(" len %lu type %s", (unsigned long)len, luaL_typename(L, -1));
  lua_pop(L, 1);
}

static void t_matrix(lua_State *L) {
  static int object;
  int i;
  lua_pushnil(L);
  lua_pushboolean(L, 0);
  lua_pushboolean(L, 17);
  lua_pushliteral(L, "");
  lua_pushliteral(L, "text");
  lua_pushlstring(L, "a\0b", 3);
  lua_newtable(L);
  lua_pushcfunction(L, nothing);
  lua_pushnil(L);
  lua_pushcclosure(L, nothing, 1);
  compile(L, "return 1");
  lua_newuserdata(L, 13);
  lua_newuserdata(L, 0);
  lua_pushlightuserdata(L, &object);
  lua_newthread(L);
  for (i = 1; i <= lua_gettop(L); i++) describe(L, i);
  lua_pushlightuserdata(L, NULL);
  say("light null: %d %d", lua_touserdata(L, -1) == NULL, lua_toboolean(L, -1));
  say("light back %d", lua_touserdata(L, 13) == &object);
  lua_settop(L, 0);
}

static void t_numbers(lua_State *L) {
  static const double list[] = { 0,     1,      -1,    1.5,   3.7,    -3.7,  2.5,   -2.5,  0.1,    1e15,
                                 1e14,  123456, 1e100, 1e-10, 255.99, 1e308, 5e-324, 3.14159265358979 };
  size_t i;
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    lua_pushnumber(L, list[i]);
    describe(L, 1);
    lua_pop(L, 1);
  }
  lua_pushnumber(L, 2147483647.0);
  describe(L, 1);
  lua_pushnumber(L, 2147483648.0);
  describe(L, 2);
  lua_pushnumber(L, -2147483648.0);
  describe(L, 3);
  lua_pushnumber(L, 4294967295.0);
  describe(L, 4);
  lua_pushnumber(L, 4294967296.0);
  describe(L, 5);
  lua_pushnumber(L, 4294967299.6);
  describe(L, 6);
  lua_pushnumber(L, -1.0 - 4294967296.0);
  describe(L, 7);
  lua_pushnumber(L, 9007199254740992.0);
  describe(L, 8);
  lua_pushnumber(L, 9007199254740993.0);
  describe(L, 9);
  lua_settop(L, 0);
  lua_pushnumber(L, -0.0);
  say("minus zero %s, 1/x %g", lua_tostring(L, 1), 1 / (double)lua_tonumber(L, -1));
  lua_settop(L, 0);
  lua_pushnumber(L, -HUGE_VAL);
  lua_pushnumber(L, HUGE_VAL);
  say("bool %d %d", lua_toboolean(L, 1), lua_toboolean(L, 2));
  say("strings %s %s", lua_tostring(L, 1), lua_tostring(L, 2));
  lua_settop(L, 0);
}

/* a NaN with any payload must stay a number and must not be mistaken for another value */
static void t_nan(lua_State *L) {
  static const unsigned long high[] = { 0x7ff80000UL, 0xfff80000UL, 0x7fffffffUL, 0xffffffffUL,
                                        0x7ff00000UL, 0xfff00000UL, 0xfffc0000UL, 0xffff1234UL,
                                        0x7ffc1234UL, 0xfff12345UL };
  size_t i;
  for (i = 0; i < sizeof high / sizeof high[0]; i++) {
    unsigned int half[2];
    double d;
    half[0] = 0x00000001u;
    half[1] = (unsigned int)high[i];
    memcpy(&d, half, sizeof d);
    lua_pushnumber(L, d);
    say("%s is nan %d, equal to itself %d raw %d", luaL_typename(L, -1), lua_tonumber(L, -1) != lua_tonumber(L, -1),
        lua_compare(L, -1, -1, LUA_OPEQ), lua_rawequal(L, -1, -1));
    lua_pop(L, 1);
  }
  lua_gc(L, LUA_GCCOLLECT, 0);
}

/* a light userdata is any pattern of a pointer's size */
static void t_light_patterns(lua_State *L) {
  size_t patterns[12];
  size_t one = 1;
  int i, j, n = 0;
  patterns[n++] = 0;
  patterns[n++] = 1;
  patterns[n++] = ~(size_t)0;
  patterns[n++] = (one << 47) - 1;
  patterns[n++] = one << 47;
  patterns[n++] = one << 48;
  patterns[n++] = (one << 63) | 5;
  patterns[n++] = ((size_t)0x7ff8 << 48) | 1;
  patterns[n++] = ((size_t)0xfff8 << 48) | 1;
  patterns[n++] = ((size_t)0xffff << 48) | 0x1234;
  patterns[n++] = ((size_t)0x8000 << 48);
  patterns[n++] = ((size_t)0xfffe << 48) | 77;
  lua_newtable(L);
  for (i = 0; i < n; i++) {
    lua_pushlightuserdata(L, (void *)patterns[i]);
    lua_pushinteger(L, i);
    lua_rawset(L, 1);
    lua_pushinteger(L, -i);
    lua_rawsetp(L, 1, (void *)(patterns[i] ^ (one << 52)));
  }
  lua_gc(L, LUA_GCCOLLECT, 0);
  for (i = 0; i < n; i++) {
    int equal = 0;
    lua_pushlightuserdata(L, (void *)patterns[i]);
    for (j = 0; j < n; j++) {
      lua_pushlightuserdata(L, (void *)patterns[j]);
      equal += lua_rawequal(L, -1, -2);
      lua_pop(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    lua_rawgetp(L, 1, (void *)patterns[i]);
    say("%d: back %d topointer %d equal to %d, under it %d %d", i, lua_touserdata(L, 2) == (void *)patterns[i],
        lua_topointer(L, 2) == (void *)patterns[i], equal, (int)lua_tointeger(L, 3), (int)lua_tointeger(L, 4));
    lua_settop(L, 1);
  }
  lua_settop(L, 0);
}

static void t_numerals(lua_State *L) {
  static const char *const list[] = {
    "10",   " 10 ", "\t\n10\r", "0x10", "0X1F", "-0x10", "- 1",  "+5",     "--5",   "1e1",     "1E+2",
    "1e",   "1e+",  "5.",       ".5",   ".",    "",      " ",    "1 2",    "inf",   "nan",     "-inf",
    "0x",   "0xg",  "0x1p4",    "0x.8", "0xA.8p1", "0x1p-2", "0x1p", "1_0", "1,5",   "1e400",   "0x1e2",
    "infinity", "1f", "1d", "0b1", "1e-400", "99999999999999999999", "0xffffffffffffffffff", "1\v", "NaN"
  };
  size_t i;
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    int isnum;
    double d;
    lua_pushstring(L, list[i]);
    d = lua_tonumberx(L, -1, &isnum);
    show(L, -1);
    say(" -> %.17g (%d), isnumber %d, integer %.17g", d, isnum, lua_isnumber(L, -1),
        isnum && d < 1e9 && d > -1e9 ? (double)lua_tointeger(L, -1) : 0.0);
    lua_pop(L, 1);
  }
  lua_pushlstring(L, "10\0", 3);
  say("embedded zero after a numeral: %d", lua_isnumber(L, -1));
  lua_pop(L, 1);
}

static void t_unsigned(lua_State *L) {
  static const double list[] = { 3.7, 3.5, 2.5, -1, -1.5, -2.5, 4294967295.0, 4294967296.0, 4294967297.4, 1e10, -4294967297.0, 1e15 };
  size_t i;
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    lua_pushnumber(L, list[i]);
    say("%.17g -> %u", list[i], (unsigned)lua_tounsigned(L, -1));
    lua_pop(L, 1);
  }
  lua_pushunsigned(L, 4294967295U);
  lua_pushunsigned(L, 0);
  lua_pushunsigned(L, 2147483648U);
  lua_pushinteger(L, (lua_Integer)-1);
  lua_pushinteger(L, (lua_Integer)1 << 53);
  show_stack(L, "pushed");
  lua_settop(L, 0);
}

static void t_in_place(lua_State *L) {
  size_t len;
  lua_pushnumber(L, 10.5);
  say("type %s", luaL_typename(L, 1));
  say("luaL_tolstring %s", luaL_tolstring(L, 1, &len));
  say("len %lu, type now %s, below %s", (unsigned long)len, luaL_typename(L, -1), luaL_typename(L, 1));
  lua_pop(L, 1);
  say("lua_tolstring %s", lua_tolstring(L, 1, &len));
  say("len %lu, type now %s", (unsigned long)len, luaL_typename(L, 1));
  lua_pop(L, 1);
  lua_pushboolean(L, 1);
  len = 5;
  say("of a boolean: null %d", lua_tolstring(L, 1, &len) == NULL);
  say("len %lu", (unsigned long)len);
  lua_pop(L, 1);
}

static void t_tolstring(lua_State *L) {
  const char *s;
  size_t len;
  lua_pushnil(L);
  lua_pushboolean(L, 0);
  lua_pushnumber(L, 0.25);
  lua_pushlstring(L, "x\0y", 3);
  say("%s", luaL_tolstring(L, 1, NULL));
  say("%s", luaL_tolstring(L, 2, NULL));
  say("%s", luaL_tolstring(L, 3, NULL));
  luaL_tolstring(L, 4, &len);
  say("%lu", (unsigned long)len);
  lua_settop(L, 0);
  lua_newtable(L);
  s = luaL_tolstring(L, 1, NULL);
  say("table text %d", strncmp(s, "table: 0x", 9) == 0);
  lua_pop(L, 1);
  run_lua(L, "return setmetatable({}, {__tostring = function() return 'made ' .. 'up' end}),"
             "setmetatable({}, {__tostring = function() return 42 end}),"
             "setmetatable({}, {__tostring = function() return nil end})");
  say("%s", luaL_tolstring(L, 2, &len));
  say("%lu", (unsigned long)len);
  lua_pop(L, 1);
  s = luaL_tolstring(L, 3, &len);
  say("number from __tostring: %s, type %s", s, luaL_typename(L, -1));
  lua_pop(L, 1);
  s = luaL_tolstring(L, 4, &len);
  say("nil from __tostring: null %d, type %s", s == NULL, luaL_typename(L, -1));
  lua_settop(L, 0);
  run_lua(L, "print(pcall(print, setmetatable({}, {__tostring = function() return {} end})))"
             "print(type(tostring(setmetatable({}, {__tostring = function() return {} end}))))");
}

static void t_pushstring(lua_State *L) {
  const char *a, *b;
  char text[100];
  a = lua_pushstring(L, NULL);
  say("null gives %d, type %s", a == NULL, luaL_typename(L, -1));
  a = lua_pushlstring(L, "", 0);
  say("empty '%s' rawlen %lu", a, (unsigned long)lua_rawlen(L, -1));
  a = lua_pushlstring(L, "zero\0inside", 11);
  say("after the zero: %s", a + 5);
  say("ends with a zero byte %d", a[11] == 0);
  memset(text, 'x', sizeof text);
  a = lua_pushlstring(L, text, 40);
  b = lua_pushlstring(L, text, 40);
  say("40 bytes: same string %d equal %d", a == b, lua_rawequal(L, -1, -2));
  a = lua_pushlstring(L, text, 41);
  b = lua_pushlstring(L, text, 41);
  say("41 bytes: same string %d equal %d", a == b, lua_rawequal(L, -1, -2));
  memset(text, 'y', sizeof text);
  say("copied %d", a[0] == 'x');
  lua_pushliteral(L, "a literal");
  say("pointer of lua_tostring is stable %d", lua_tostring(L, -1) == lua_tostring(L, -1));
  lua_settop(L, 0);
}

static int bad_format(lua_State *L) {
  lua_pushfstring(L, "%y");
  return 1;
}

static const char *vformat(lua_State *L, const char *fmt, ...) {
  const char *s;
  va_list ap;
  va_start(ap, fmt);
  s = lua_pushvfstring(L, fmt, ap);
  va_end(ap);
  return s;
}

static void t_pushfstring(lua_State *L) {
  char big[600];
  const char *s;
  memset(big, 'z', sizeof big);
  big[599] = 0;
  say("%s", lua_pushfstring(L, "plain"));
  say("%s", lua_pushfstring(L, ""));
  say("%s", lua_pushfstring(L, "%s-%s-%s", "a", (char *)NULL, ""));
  say("%s", lua_pushfstring(L, "%d %d %d", 0, INT_MAX, INT_MIN));
  say("%s", lua_pushfstring(L, "%f %f %f", 1.0, 0.1, -1e300));
  say("%s", lua_pushfstring(L, "%c%c|%%|%c", 'o', 'k', 'x'));
  s = lua_pushfstring(L, "%c", 0);
  say("zero char: first %d, rawlen %lu", s[0], (unsigned long)lua_rawlen(L, -1));
  s = lua_pushfstring(L, "%p", (void *)L);
  say("pointer %d", strncmp(s, "0x", 2) == 0);
  lua_pushfstring(L, "[%s]", big);
  show_value(L, "long", -1);
  lua_pushfstring(L, "%s%s%s", big, big, big);
  show_value(L, "longer", -1);
  say("%s", vformat(L, "%s=%d", "v", 5));
  say("top %d", lua_gettop(L));
  lua_settop(L, 0);
  try_c(L, "unknown conversion", bad_format, 0);
}

/* Each library function: its address is that of its C function unless it has upvalues, tostring prints it, no other
 * function has it, and a state that has no libraries can call it. */
static void t_library_functions(lua_State *L) {
  static const char *const names[] = { "_G", "package", "coroutine", "table", "io", "os", "string", "bit32", "math", "debug" };
  unsigned i;
  lua_State *bare = luaL_newstate();
  lua_newtable(L);
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    int functions = 0, same = 0, printed = 0, equal = 0, seen = 0, alike = 0;
    lua_getglobal(L, names[i]);
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
      lua_CFunction f = lua_tocfunction(L, -1);
      const void *p = lua_topointer(L, -1);
      if (f == NULL) continue;
      functions++;
      if (memcmp(&f, &p, sizeof(p)) == 0) same++;
      lua_pushfstring(L, "function: %p", p);
      luaL_tolstring(L, -2, NULL);
      printed += lua_rawequal(L, -1, -2);
      lua_pop(L, 2);
      lua_pushcfunction(L, f);
      equal += lua_rawequal(L, -1, -2);
      lua_rawgetp(L, 1, p);
      seen += lua_toboolean(L, -1);
      lua_pop(L, 2);
      lua_pushboolean(L, 1);
      lua_rawsetp(L, 1, p);
      lua_pushcclosure(L, (lua_pushnil(L), f), 1);
      alike += lua_topointer(L, -1) == p || lua_rawequal(L, -1, -2) || lua_tocfunction(L, -1) != f;
      lua_pop(L, 1);
      lua_pushcfunction(bare, f);
      if (memcmp(&f, &p, sizeof(p)) == 0) same += lua_topointer(bare, -1) != p;
      lua_pop(bare, 1);
    }
    lua_pop(L, 1);
    say("%s: %d functions, %d light, %d printed, %d equal, %d seen before, %d closures alike", names[i], functions, same,
        printed, equal, seen, alike);
  }
  lua_settop(L, 0);
  lua_getfield(L, (lua_getglobal(L, "string"), 1), "upper");
  lua_pushcfunction(bare, lua_tocfunction(L, -1));
  lua_pushliteral(bare, "called");
  lua_call(bare, 1, 1);
  show_stack(bare, "in a bare state");
  lua_close(bare);
  lua_settop(L, 0);
}

static void t_topointer(lua_State *L) {
  const void *p;
  lua_newtable(L);
  p = lua_topointer(L, 1);
  lua_pushvalue(L, 1);
  say("copy %d", lua_topointer(L, 2) == p);
  lua_newtable(L);
  say("another %d", lua_topointer(L, 3) != p);
  lua_pushfstring(L, "%p", p);
  luaL_tolstring(L, 1, NULL);
  say("the address in tostring %d", strcmp(lua_tostring(L, -1) + 7, lua_tostring(L, -2)) == 0);
  lua_newuserdata(L, 8);
  say("userdata: topointer is the block %d", lua_topointer(L, -1) == lua_touserdata(L, -1));
  lua_pushcfunction(L, nothing);
  say("light function %d", lua_topointer(L, -1) != NULL);
  say("thread %d", (lua_pushthread(L), lua_topointer(L, -1) == (void *)L));
  lua_settop(L, 0);
}

static void t_typename(lua_State *L) {
  int t;
  for (t = LUA_TNONE; t < LUA_NUMTAGS; t++) say("%d %s", t, lua_typename(L, t));
}

static const Section sections[] = {
  { "matrix", t_matrix },
  { "numbers", t_numbers },
  { "nan", t_nan },
  { "light_patterns", t_light_patterns },
  { "numerals", t_numerals },
  { "unsigned", t_unsigned },
  { "in_place", t_in_place },
  { "tolstring", t_tolstring },
  { "pushstring", t_pushstring },
  { "pushfstring", t_pushfstring },
  { "topointer", t_topointer },
  { "library_functions", t_library_functions },
  { "typename", t_typename },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
