/* A small game: a world of entities in C, their behaviour in Lua.
 *
 * Entities are userdata with a metatable; their fields are members of the C struct. Each frame calls the script's on_frame, then
 * resumes every entity's behaviour, a coroutine that waits by yielding. Memory comes from an allocator that counts and
 * has a limit, and the collector does a little work each frame instead of whenever it wants. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#define ENTITY "game.entity"
#define WIDTH 40
#define MAX_ENTITIES 32

/* ---- memory ------------------------------------------------------------------------------ */

typedef struct Memory {
  size_t used, peak, limit;
  unsigned long blocks;
} Memory;

static void *game_alloc(void *ud, void *ptr, size_t old_size, size_t new_size) {
  Memory *m = ud;
  if (ptr == NULL) old_size = 0; /* for a new block it tells the type of the object */
  if (new_size == 0) {
    if (ptr != NULL) m->blocks--;
    m->used -= old_size;
    free(ptr);
    return NULL;
  }
  if (new_size > old_size && m->used + (new_size - old_size) > m->limit) return NULL;
  void *p = realloc(ptr, new_size);
  if (p == NULL) return NULL;
  if (ptr == NULL) m->blocks++;
  m->used += new_size - old_size;
  if (m->used > m->peak) m->peak = m->used;
  return p;
}

/* ---- the world ------------------------------------------------------------------------------- */

typedef struct Entity {
  char name[16];
  double x, speed;
  int health;
  bool alive;
  int ref;         /* keeps the userdata alive while the entity is in the world */
  int behaviour;   /* the coroutine, or LUA_NOREF */
  int wait;        /* frames until the behaviour goes on */
} Entity;

static Entity *world[MAX_ENTITIES];
static int frame;
static int spawned, forgotten; /* forgotten: finalized by the collector */

static Entity *check_entity(lua_State *L, int arg) { return luaL_checkudata(L, arg, ENTITY); }

/* spawn{name = ..., x = ..., speed = ..., health = ...} */
static int game_spawn(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  int slot = 0;
  while (slot < MAX_ENTITIES && world[slot] != NULL) slot++;
  if (slot == MAX_ENTITIES) return luaL_error(L, "the world is full");
  Entity *e = lua_newuserdata(L, sizeof *e);
  memset(e, 0, sizeof *e);
  e->behaviour = LUA_NOREF;
  luaL_setmetatable(L, ENTITY);
  lua_getfield(L, 1, "name");
  snprintf(e->name, sizeof e->name, "%s", luaL_checkstring(L, -1));
  lua_getfield(L, 1, "x");
  e->x = luaL_optnumber(L, -1, 0);
  lua_getfield(L, 1, "speed");
  e->speed = luaL_optnumber(L, -1, 0);
  lua_getfield(L, 1, "health");
  e->health = luaL_optint(L, -1, 1);
  lua_settop(L, 2);
  lua_newtable(L); /* fields that only the script knows about */
  lua_setuservalue(L, 2);
  lua_pushvalue(L, 2);
  e->ref = luaL_ref(L, LUA_REGISTRYINDEX);
  e->alive = true;
  world[slot] = e;
  spawned++;
  return 1;
}

static int entity_index(lua_State *L) {
  Entity *e = check_entity(L, 1);
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "x") == 0) lua_pushnumber(L, e->x);
  else if (strcmp(key, "speed") == 0) lua_pushnumber(L, e->speed);
  else if (strcmp(key, "health") == 0) lua_pushinteger(L, e->health);
  else if (strcmp(key, "name") == 0) lua_pushstring(L, e->name);
  else if (strcmp(key, "alive") == 0) lua_pushboolean(L, e->alive);
  else {
    lua_getuservalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    if (!lua_isnil(L, -1)) return 1;
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1)); /* the methods */
  }
  return 1;
}

static int entity_newindex(lua_State *L) {
  Entity *e = check_entity(L, 1);
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "x") == 0) e->x = luaL_checknumber(L, 3);
  else if (strcmp(key, "speed") == 0) e->speed = luaL_checknumber(L, 3);
  else if (strcmp(key, "health") == 0) e->health = luaL_checkint(L, 3);
  else if (strcmp(key, "name") == 0 || strcmp(key, "alive") == 0) return luaL_error(L, "field '%s' is read-only", key);
  else {
    lua_getuservalue(L, 1);
    lua_replace(L, 1);
    lua_rawset(L, 1);
  }
  return 0;
}

/* e:behave(f): f(e) runs as a coroutine from the next frame on */
static int entity_behave(lua_State *L) {
  Entity *e = check_entity(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 2);
  luaL_unref(L, LUA_REGISTRYINDEX, e->behaviour);
  e->behaviour = luaL_ref(L, LUA_REGISTRYINDEX);
  e->wait = 0;
  return 0;
}

static int entity_hit(lua_State *L) {
  Entity *e = check_entity(L, 1);
  e->health -= luaL_checkint(L, 2);
  if (e->health <= 0) e->alive = false;
  lua_pushboolean(L, e->alive);
  return 1;
}

static int entity_tostring(lua_State *L) {
  Entity *e = check_entity(L, 1);
  lua_pushfstring(L, "%s(%d)", e->name, e->health);
  return 1;
}

static int entity_gc(lua_State *L) {
  check_entity(L, 1);
  forgotten++;
  return 0;
}

/* entities near e: an iterator in C, with its state in upvalues */
static int next_near(lua_State *L) {
  Entity *self = lua_touserdata(L, lua_upvalueindex(1));
  double range = lua_tonumber(L, lua_upvalueindex(2));
  int i = (int)lua_tointeger(L, lua_upvalueindex(3));
  for (; i < MAX_ENTITIES; i++) {
    Entity *e = world[i];
    if (e == NULL || e == self || !e->alive || fabs(e->x - self->x) > range) continue;
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(3));
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->ref);
    return 1;
  }
  return 0;
}

static int entity_near(lua_State *L) {
  check_entity(L, 1);
  luaL_checknumber(L, 2);
  lua_settop(L, 2);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_near, 3);
  return 1;
}

/* wait(frames): called by a behaviour */
static int game_wait(lua_State *L) {
  luaL_optinteger(L, 1, 1);
  lua_settop(L, 1);
  return lua_yield(L, 1);
}

/* ---- the loop -------------------------------------------------------------------------------------- */

static int traceback(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

/* Call a global function of the script, if it is there, with the frame number. */
static bool call_script(lua_State *L, const char *name) {
  lua_pushcfunction(L, traceback);
  lua_getglobal(L, name);
  if (!lua_isfunction(L, -1)) {
    lua_pop(L, 2);
    return true;
  }
  lua_pushinteger(L, frame);
  int status = lua_pcall(L, 1, 0, -3);
  if (status != LUA_OK) {
    printf("%s: %s\n", name, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return status == LUA_OK;
}

static void run_behaviour(lua_State *L, Entity *e) {
  if (e->behaviour == LUA_NOREF || e->wait-- > 0) return;
  lua_rawgeti(L, LUA_REGISTRYINDEX, e->behaviour);
  lua_State *co = lua_tothread(L, -1);
  int status = lua_resume(co, L, lua_status(co) == LUA_OK ? 1 : 0);
  if (status == LUA_YIELD) {
    e->wait = (int)luaL_optinteger(co, 1, 1) - 1;
    lua_settop(co, 0);
  } else {
    if (status != LUA_OK) {
      luaL_traceback(L, co, lua_tostring(co, -1), 0);
      printf("      behaviour of %s: %s\n", e->name, lua_tostring(L, -1));
      lua_pop(L, 1);
    }
    luaL_unref(L, LUA_REGISTRYINDEX, e->behaviour);
    e->behaviour = LUA_NOREF;
  }
  lua_pop(L, 1);
}

static void draw(void) {
  char line[WIDTH + 1];
  memset(line, '.', WIDTH);
  line[WIDTH] = '\0';
  for (int i = 0; i < MAX_ENTITIES; i++) {
    int x = world[i] ? (int)world[i]->x : -1;
    if (x >= 0 && x < WIDTH) line[x] = world[i]->name[0];
  }
  printf("%4d  %s\n", frame, line);
}

static void step(lua_State *L) {
  frame++;
  call_script(L, "on_frame");
  for (int i = 0; i < MAX_ENTITIES; i++) {
    Entity *e = world[i];
    if (e == NULL) continue;
    run_behaviour(L, e);
    e->x += e->speed;
    if (!e->alive) {
      world[i] = NULL;
      luaL_unref(L, LUA_REGISTRYINDEX, e->ref);
      luaL_unref(L, LUA_REGISTRYINDEX, e->behaviour);
    }
  }
  if (frame % 4 == 1) draw();
  lua_gc(L, LUA_GCSTEP, 4);
}

int main(void) {
  static const luaL_Reg functions[] = { { "spawn", game_spawn }, { "wait", game_wait }, { NULL, NULL } };
  static const luaL_Reg meta[] = { { "__newindex", entity_newindex }, { "__tostring", entity_tostring }, { "__gc", entity_gc }, { NULL, NULL } };
  static const luaL_Reg methods[] = { { "behave", entity_behave }, { "hit", entity_hit }, { "near", entity_near }, { NULL, NULL } };
  Memory memory = { 0, 0, 1024 * 1024, 0 };

  lua_State *L = lua_newstate(game_alloc, &memory);
  if (L == NULL) return EXIT_FAILURE;
  luaL_openlibs(L);
  lua_pushglobaltable(L);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
  luaL_newmetatable(L, ENTITY);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_pushcclosure(L, entity_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);

  if (luaL_dofile(L, "game.lua")) {
    printf("%s\n", lua_tostring(L, -1));
    return EXIT_FAILURE;
  }
  for (int i = 0; i < 29; i++) step(L);
  call_script(L, "on_end");

  /* the script may not use up the host's memory */
  if (luaL_dostring(L, "local t = {} for i = 1, 1e9 do t[i] = {} end")) printf("greedy script: %s\n", lua_tostring(L, -1));
  lua_settop(L, 0);
  bool within = memory.peak <= memory.limit;
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  printf("entities: %d spawned, %d dead and forgotten\n", spawned, forgotten);
  printf("the counter and the library agree on the bytes in use: %s\n",
         memory.used == (size_t)lua_gc(L, LUA_GCCOUNT, 0) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB, 0) ? "yes" : "no");
  lua_close(L);
  printf("entities finalized after closing: %d\n", forgotten);
  printf("peak within the limit: %s; left after closing: %lu bytes in %lu blocks\n", within ? "yes" : "no",
         (unsigned long)memory.used, memory.blocks);
  return EXIT_SUCCESS;
}
