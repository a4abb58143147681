/* Comparing, arithmetic, concatenation, length; with metamethods and their errors. */
#include <math.h>

#include "support.h"

/* values 1..n are on the stack; nothing else */
static void push_samples(lua_State *L) {
  lua_pushnil(L);
  lua_pushboolean(L, 0);
  lua_pushboolean(L, 1);
  lua_pushnumber(L, 1);
  lua_pushnumber(L, 2.5);
  lua_pushnumber(L, HUGE_VAL - HUGE_VAL);
  lua_pushliteral(L, "1");
  lua_pushliteral(L, "abc");
  lua_pushlstring(L, "abc\0d", 5);
  lua_pushlstring(L, "abc\0c", 5);
  run_lua(L, "local mt = {__eq = function(a, b) return a.v == b.v end,"
             "__lt = function(a, b) return a.v < b.v end, __le = function(a, b) return a.v <= b.v end}"
             "return setmetatable({v = 1}, mt), setmetatable({v = 2}, mt), setmetatable({v = 2}, mt), {}");
}

static int compare(lua_State *L) {
  int op = (int)lua_tointeger(L, 3);
  lua_pushboolean(L, lua_compare(L, 1, 2, op));
  return 1;
}

static void t_compare(lua_State *L) {
  static const char *const names[] = { "eq", "lt", "le" };
  int i, j, op, n;
  push_samples(L);
  n = lua_gettop(L);
  for (op = LUA_OPEQ; op <= LUA_OPLE; op++) {
    for (i = 1; i <= n; i++) {
      for (j = 1; j <= n; j++) {
        int status;
        lua_pushcfunction(L, compare);
        lua_pushvalue(L, i);
        lua_pushvalue(L, j);
        lua_pushinteger(L, op);
        status = lua_pcall(L, 3, 1, 0);
        if (j == 1) printf("%s %2d:", names[op], i);
        if (status == LUA_OK) printf(" %d", lua_toboolean(L, -1));
        else printf(" %s", strstr(lua_tostring(L, -1), "two") ? "E2" : "E");
        lua_pop(L, 1);
      }
      putchar('\n');
    }
  }
  for (i = 1; i <= n; i++) {
    printf("raw %2d:", i);
    for (j = 1; j <= n; j++) printf(" %d", lua_rawequal(L, i, j));
    putchar('\n');
  }
  lua_settop(L, 0);
}

static void compare_error(lua_State *L, int op) {
  lua_pushinteger(L, op);
  try_c(L, "compare", compare, 3);
}

static void t_compare_errors(lua_State *L) {
  lua_newtable(L);
  lua_newtable(L);
  compare_error(L, LUA_OPLT);
  lua_newtable(L);
  lua_pushnumber(L, 1);
  compare_error(L, LUA_OPLE);
  lua_pushliteral(L, "10");
  lua_pushnumber(L, 10);
  compare_error(L, LUA_OPLT);
  lua_pushnil(L);
  lua_pushnil(L);
  compare_error(L, LUA_OPLT);
  lua_pushboolean(L, 1);
  lua_pushboolean(L, 1);
  compare_error(L, LUA_OPLE);
  run_lua(L, "return setmetatable({}, {__lt = function() error('from __lt', 0) end}), {}");
  compare_error(L, LUA_OPLT);
}

/* __le falls back to not (b < a); __eq is called only when both have the same one */
static void t_compare_rules(lua_State *L) {
  run_lua(L, "local mt = {__lt = function(a, b) return 'yes' end}"
             "return setmetatable({}, mt), setmetatable({}, mt)");
  say("lt %d le by lt %d", lua_compare(L, 1, 2, LUA_OPLT), lua_compare(L, 1, 2, LUA_OPLE));
  lua_settop(L, 0);
  run_lua(L, "local function eq() print('eq called') return 1 end "
             "return setmetatable({}, {__eq = eq}), setmetatable({}, {__eq = eq}),"
             "setmetatable({}, {__eq = function() return true end}), {}");
  say("same eq in two metatables %d", lua_compare(L, 1, 2, LUA_OPEQ));
  say("different eq %d, one without %d, itself %d", lua_compare(L, 1, 3, LUA_OPEQ),
      lua_compare(L, 1, 4, LUA_OPEQ), lua_compare(L, 1, 1, LUA_OPEQ));
  lua_settop(L, 0);
  lua_newuserdata(L, 1);
  lua_newuserdata(L, 1);
  run_lua(L, "return {__eq = function(a, b) return type(a) == 'userdata' end, __lt = function() return nil end}");
  lua_pushvalue(L, -1);
  lua_setmetatable(L, 1);
  lua_setmetatable(L, 2);
  say("userdata eq %d raw %d lt %d", lua_compare(L, 1, 2, LUA_OPEQ), lua_rawequal(L, 1, 2),
      lua_compare(L, 1, 2, LUA_OPLT));
  lua_settop(L, 0);
}

static int arith(lua_State *L) {
  int op = (int)lua_tointeger(L, 1);
  lua_remove(L, 1);
  lua_arith(L, op);
  return lua_gettop(L);
}

static void arith_case(lua_State *L, const char *label, int op, int n) {
  lua_pushinteger(L, op);
  lua_insert(L, -n - 1);
  try_c(L, label, arith, n + 1);
}

static void t_arith(lua_State *L) {
  static const double list[][2] = { { 7, 3 },   { -7, 3 },   { 7, -3 },  { -7, -3 },  { 5.5, 2 },
                                    { 1, 0 },   { 0, 0 },    { -1, 0 },  { 2, 10 },   { 2, 0.5 },
                                    { -8, 1.0 / 3 }, { 1e308, 10 }, { 5, HUGE_VAL }, { -5, HUGE_VAL }, { 0.1, 0.2 } };
  static const char *const names[] = { "add", "sub", "mul", "div", "mod", "pow" };
  size_t i;
  int op;
  for (op = LUA_OPADD; op <= LUA_OPPOW; op++) {
    printf("%s:", names[op]);
    for (i = 0; i < sizeof list / sizeof list[0]; i++) {
      double r;
      lua_pushnumber(L, list[i][0]);
      lua_pushnumber(L, list[i][1]);
      lua_arith(L, op);
      r = lua_tonumber(L, -1);
      if (r != r) printf(" nan");
      else printf(" %.17g", r);
      lua_pop(L, 1);
    }
    putchar('\n');
  }
  lua_pushnumber(L, 5);
  lua_arith(L, LUA_OPUNM);
  show_stack(L, "unm");
  lua_settop(L, 0);
  lua_pushliteral(L, "10");
  lua_pushliteral(L, " 0x10 ");
  arith_case(L, "strings", LUA_OPADD, 2);
  lua_pushliteral(L, "3");
  arith_case(L, "unm of a string", LUA_OPUNM, 1);
}

static void t_arith_meta(lua_State *L) {
  static const char *const names[] = { "add", "sub", "mul", "div", "mod", "pow", "unm" };
  int op;
  run_lua(L, "local mt = {} for _, n in ipairs{'add', 'sub', 'mul', 'div', 'mod', 'pow', 'unm'} do "
             "mt['__' .. n] = function(a, b) return n .. ' ' .. type(a) .. ' ' .. type(b) .. (rawequal(a, b) and ' same' or ''), 'lost' end end "
             "return setmetatable({}, mt)");
  for (op = LUA_OPADD; op <= LUA_OPUNM; op++) {
    lua_pushvalue(L, 1);
    if (op != LUA_OPUNM) lua_pushnumber(L, 1);
    arith_case(L, names[op], op, op == LUA_OPUNM ? 1 : 2);
    if (op != LUA_OPUNM) {
      lua_pushliteral(L, "x");
      lua_pushvalue(L, 1);
      arith_case(L, names[op], op, 2);
    }
  }
  lua_settop(L, 0);
  lua_newtable(L);
  lua_pushnumber(L, 1);
  arith_case(L, "table + number", LUA_OPADD, 2);
  lua_pushnumber(L, 1);
  lua_pushnil(L);
  arith_case(L, "number * nil", LUA_OPMUL, 2);
  lua_pushliteral(L, "abc");
  lua_pushnumber(L, 1);
  arith_case(L, "word ^ number", LUA_OPPOW, 2);
  lua_pushboolean(L, 1);
  arith_case(L, "- boolean", LUA_OPUNM, 1);
  run_lua(L, "return setmetatable({}, {__add = 5}), 1");
  arith_case(L, "__add is a number", LUA_OPADD, 2);
}

static int concat(lua_State *L) {
  lua_concat(L, lua_gettop(L));
  return lua_gettop(L);
}

static void t_concat(lua_State *L) {
  int i;
  try_c(L, "nothing", concat, 0);
  lua_newtable(L);
  try_c(L, "one value, any type", concat, 1);
  lua_pushnumber(L, 5);
  try_c(L, "one number", concat, 1);
  lua_pushliteral(L, "a");
  lua_pushnumber(L, 1.5);
  lua_pushliteral(L, "");
  lua_pushlstring(L, "\0z", 2);
  lua_pushnumber(L, -0.0);
  try_c(L, "five", concat, 5);
  lua_pushliteral(L, "");
  lua_pushnumber(L, 7);
  try_c(L, "empty .. number", concat, 2);
  lua_pushnumber(L, 7);
  lua_pushliteral(L, "");
  try_c(L, "number .. empty", concat, 2);
  lua_pushnumber(L, 1);
  lua_pushnumber(L, 2);
  try_c(L, "numbers", concat, 2);
  lua_checkstack(L, 2000);
  for (i = 0; i < 1000; i++) lua_pushfstring(L, "%d,", i);
  lua_concat(L, 1000);
  show_stack(L, "a thousand");
  lua_settop(L, 0);
  lua_pushliteral(L, "kept");
  lua_pushliteral(L, "a");
  lua_pushliteral(L, "b");
  lua_concat(L, 2);
  show_stack(L, "two of three");
  lua_settop(L, 0);
}

static void t_concat_meta(lua_State *L) {
  const char *make = "return setmetatable({}, {__concat = function(a, b) "
                     "local function n(x) return type(x) == 'table' and 'T' or tostring(x) end "
                     "return '(' .. n(a) .. '..' .. n(b) .. ')' end})";
  lua_pushliteral(L, "a");
  lua_pushliteral(L, "b");
  run_lua(L, make);
  lua_pushliteral(L, "c");
  lua_pushnumber(L, 4);
  try_c(L, "in the middle", concat, 5);
  run_lua(L, make);
  lua_pushliteral(L, "x");
  lua_pushliteral(L, "y");
  try_c(L, "first", concat, 3);
  lua_pushliteral(L, "x");
  lua_pushliteral(L, "y");
  run_lua(L, make);
  try_c(L, "last", concat, 3);
  run_lua(L, make);
  run_lua(L, make);
  try_c(L, "two", concat, 2);
  lua_pushliteral(L, "x");
  lua_newtable(L);
  try_c(L, "string .. table", concat, 2);
  lua_pushnil(L);
  lua_pushliteral(L, "x");
  try_c(L, "nil .. string", concat, 2);
  lua_pushboolean(L, 1);
  lua_pushnumber(L, 1);
  try_c(L, "boolean .. number", concat, 2);
  lua_newtable(L);
  lua_newtable(L);
  try_c(L, "table .. table", concat, 2);
}

static int len(lua_State *L) {
  lua_len(L, 1);
  return 1;
}
static int aux_len(lua_State *L) {
  lua_pushinteger(L, luaL_len(L, 1));
  return 1;
}

static void t_len(lua_State *L) {
  int i;
  lua_pushliteral(L, "12345");
  try_c(L, "string", len, 1);
  run_lua(L, "return {1, 2, 3}");
  try_c(L, "table", len, 1);
  run_lua(L, "return setmetatable({1, 2, 3}, {__len = function(a, b) return rawlen(a) * 10, 2 end})");
  lua_pushvalue(L, -1);
  say("rawlen ignores __len: %lu", (unsigned long)lua_rawlen(L, -1));
  try_c(L, "with __len", len, 1);
  try_c(L, "luaL_len", aux_len, 1);
  for (i = 0; i < 6; i++) {
    static const char *const list[] = { "return 'x'", "return nil", "return 5.7", "return '12'", "return {}", "error('no length', 0)" };
    lua_pushfstring(L, "return setmetatable({}, {__len = function() %s end})", list[i]);
    run_lua(L, lua_tostring(L, -1));
    lua_remove(L, -2);
    lua_pushvalue(L, -1);
    try_c(L, list[i], len, 1);
    try_c(L, "  luaL_len", aux_len, 1);
  }
  lua_pushnumber(L, 5);
  try_c(L, "number", len, 1);
  lua_pushnil(L);
  try_c(L, "nil", len, 1);
  lua_newuserdata(L, 9);
  say("userdata rawlen %lu", (unsigned long)lua_rawlen(L, -1));
  try_c(L, "userdata", len, 1);
  lua_newuserdata(L, 9);
  run_lua(L, "return {__len = function(u) return type(u) end}");
  lua_setmetatable(L, -2);
  try_c(L, "userdata with __len", len, 1);
  lua_pushcfunction(L, len);
  try_c(L, "function", len, 1);
}

/* metamethods that are callable values rather than functions */
static void t_callable_metamethods(lua_State *L) {
  run_lua(L, "local callable = setmetatable({}, {__call = function(self, a, b) return 'called with ' .. type(b) end})"
             "return setmetatable({}, {__add = callable, __index = callable, __concat = callable, __len = callable})");
  lua_pushvalue(L, 1);
  lua_pushnumber(L, 1);
  arith_case(L, "add", LUA_OPADD, 2);
  lua_pushvalue(L, 1);
  lua_pushliteral(L, "s");
  try_c(L, "concat", concat, 2);
  lua_pushvalue(L, 1);
  try_c(L, "len", len, 1);
  lua_getfield(L, 1, "field");
  show_value(L, "index goes into the callable table", -1);
  lua_settop(L, 0);
}

static const Section sections[] = {
  { "compare", t_compare },
  { "compare_errors", t_compare_errors },
  { "compare_rules", t_compare_rules },
  { "arith", t_arith },
  { "arith_meta", t_arith_meta },
  { "concat", t_concat },
  { "concat_meta", t_concat_meta },
  { "len", t_len },
  { "callable_metamethods", t_callable_metamethods },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
