/* A module for Lua: local vector = require "vector". */
#include <math.h>
#include <stdio.h>

#include <lua.h>
#include <lauxlib.h>

#define VECTOR "example.vector"

typedef struct Vector {
  double x, y, z;
} Vector;

static Vector *check(lua_State *L, int arg) { return luaL_checkudata(L, arg, VECTOR); }

static Vector *push(lua_State *L, double x, double y, double z) {
  Vector *v = lua_newuserdata(L, sizeof *v);
  v->x = x;
  v->y = y;
  v->z = z;
  luaL_setmetatable(L, VECTOR);
  return v;
}

static int new(lua_State *L) {
  push(L, luaL_optnumber(L, 1, 0), luaL_optnumber(L, 2, 0), luaL_optnumber(L, 3, 0));
  return 1;
}

static int dot(lua_State *L) {
  Vector *a = check(L, 1), *b = check(L, 2);
  lua_pushnumber(L, a->x * b->x + a->y * b->y + a->z * b->z);
  return 1;
}

static int length(lua_State *L) {
  Vector *v = check(L, 1);
  lua_pushnumber(L, sqrt(v->x * v->x + v->y * v->y + v->z * v->z));
  return 1;
}

/* v:map(f): f is called for each component, errors in it simply pass through */
static int map(lua_State *L) {
  Vector *v = check(L, 1);
  const double in[3] = { v->x, v->y, v->z };
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  for (int i = 0; i < 3; i++) {
    lua_pushvalue(L, 2);
    lua_pushnumber(L, in[i]);
    lua_call(L, 1, 1);
  }
  push(L, luaL_checknumber(L, 3), luaL_checknumber(L, 4), luaL_checknumber(L, 5));
  return 1;
}

static int add(lua_State *L) {
  Vector *a = check(L, 1), *b = check(L, 2);
  push(L, a->x + b->x, a->y + b->y, a->z + b->z);
  return 1;
}

static int mul(lua_State *L) {
  /* number * vector or vector * number */
  int number = lua_type(L, 1) == LUA_TNUMBER ? 1 : 2;
  double k = luaL_checknumber(L, number);
  Vector *v = check(L, 3 - number);
  push(L, v->x * k, v->y * k, v->z * k);
  return 1;
}

static int unm(lua_State *L) {
  Vector *v = check(L, 1);
  push(L, -v->x, -v->y, -v->z);
  return 1;
}

static int eq(lua_State *L) {
  Vector *a = check(L, 1), *b = check(L, 2);
  lua_pushboolean(L, a->x == b->x && a->y == b->y && a->z == b->z);
  return 1;
}

static int tostring(lua_State *L) {
  Vector *v = check(L, 1);
  char text[128];
  snprintf(text, sizeof text, "(%g, %g, %g)", v->x, v->y, v->z);
  lua_pushstring(L, text);
  return 1;
}

/* Components are fields; everything else is looked up among the methods, the first upvalue. */
static double *component(Vector *v, const char *key) {
  if (key[0] == '\0' || key[1] != '\0') return NULL;
  switch (key[0]) {
    case 'x': return &v->x;
    case 'y': return &v->y;
    case 'z': return &v->z;
    default: return NULL;
  }
}

static int get_field(lua_State *L) {
  double *c = component(check(L, 1), luaL_checkstring(L, 2));
  if (c != NULL) {
    lua_pushnumber(L, *c);
  } else {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
  }
  return 1;
}

static int set_field(lua_State *L) {
  const char *key = luaL_checkstring(L, 2);
  double *c = component(check(L, 1), key);
  if (c == NULL) return luaL_error(L, "a vector has no field '%s'", key);
  *c = luaL_checknumber(L, 3);
  return 0;
}

static int collected;

static int gc(lua_State *L) {
  check(L, 1);
  collected++;
  return 0;
}

static int count_collected(lua_State *L) {
  lua_pushinteger(L, collected);
  return 1;
}

static const luaL_Reg methods[] = { { "dot", dot }, { "length", length }, { "map", map }, { NULL, NULL } };
static const luaL_Reg operators[] = { { "__add", add }, { "__mul", mul }, { "__unm", unm }, { "__eq", eq },
                                      { "__tostring", tostring }, { "__newindex", set_field }, { "__gc", gc }, { NULL, NULL } };
static const luaL_Reg functions[] = { { "new", new }, { "collected", count_collected }, { NULL, NULL } };

int luaopen_vector(lua_State *L);

int luaopen_vector(lua_State *L) {
  luaL_checkversion(L);
  luaL_newmetatable(L, VECTOR);
  luaL_setfuncs(L, operators, 0);
  luaL_newlib(L, methods);
  lua_pushcclosure(L, get_field, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
