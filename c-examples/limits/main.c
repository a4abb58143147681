/* A server that runs scripts of players whom it does not trust: each has a state of its own, whose memory is limited,
 * and so many steps in each frame. */
#include <stdio.h>
#include <lauxlib.h>
#include <lualib.h>
#include <luax.h>

enum { FRAMES = 12, STEPS_PER_FRAME = 10000, LONG_FRAMES = 5, MEMORY = 200 * 1024 };

typedef struct {
  const char *script;
  lua_State *L;      /* NULL when the player has left */
  lua_State *thread; /* in which the script runs */
  int long_frames;   /* in which it wanted more steps than there are */
} Player;

/* The steps of this frame are used up. */
static void interrupted(lua_State *L, int reason, void *ud) {
  Player *player = (Player *)ud;
  (void)reason; /* there is no other limit */
  if (player->long_frames == LONG_FRAMES) /* the limit stays reached: whoever catches this comes here again */
    luaL_error(L, "too many steps in %d frames", LONG_FRAMES);
  player->long_frames++;
  luaX_setsteps(L, STEPS_PER_FRAME);
  lua_yield(L, 0);
}

/* What scripts have of the libraries: nothing that reaches files, other code or bytecode. */
static void open_libraries(lua_State *L) {
  static const char *const dangerous[] = { "dofile", "loadfile", "load", "loadstring", "require", "module", "collectgarbage" };
  size_t i;
  luaL_requiref(L, "_G", luaopen_base, 1);
  luaL_requiref(L, "string", luaopen_string, 1);
  luaL_requiref(L, "table", luaopen_table, 1);
  luaL_requiref(L, "math", luaopen_math, 1);
  lua_settop(L, 0);
  for (i = 0; i < sizeof dangerous / sizeof *dangerous; i++) {
    lua_pushnil(L);
    lua_setglobal(L, dangerous[i]);
  }
}

/* The script's own end of its frame. */
static int next_frame(lua_State *L) { return lua_yield(L, 0); }

static void leave(Player *player, const char *why) {
  printf("%s leaves: %s\n", player->script, why);
  lua_close(player->L);
  player->L = NULL;
}

static void join(Player *player) {
  lua_State *L = player->L = luaL_newstate();
  if (L == NULL) return;
  open_libraries(L);
  lua_register(L, "next_frame", next_frame);
  player->thread = lua_newthread(L); /* stays on the stack of L */
  luaX_setmemlimit(L, MEMORY);
  luaX_setinterrupt(L, interrupted, player);
  if (luaL_loadfilex(player->thread, player->script, "t") != LUA_OK) /* only text: bytecode is not for strangers */
    leave(player, lua_tostring(player->thread, -1));
}

static void frame(Player *player) {
  int status;
  luaX_setsteps(player->L, STEPS_PER_FRAME);
  status = lua_resume(player->thread, NULL, 0);
  if (status == LUA_OK) leave(player, "the script has ended");
  else if (status != LUA_YIELD) leave(player, lua_tostring(player->thread, -1));
}

int main(void) {
  static Player players[] = { { "patient.lua", NULL, NULL, 0 }, { "busy.lua", NULL, NULL, 0 }, { "endless.lua", NULL, NULL, 0 },
    { "stubborn.lua", NULL, NULL, 0 }, { "greedy.lua", NULL, NULL, 0 } };
  size_t i, count = sizeof players / sizeof *players;
  int now;
  for (i = 0; i < count; i++) join(&players[i]);
  for (now = 1; now <= FRAMES; now++) {
    printf("frame %d\n", now);
    for (i = 0; i < count; i++)
      if (players[i].L) frame(&players[i]);
  }
  for (i = 0; i < count; i++) {
    printf("%s wanted too much in %d frames\n", players[i].script, players[i].long_frames);
    if (players[i].L) leave(&players[i], "the server stops");
  }
  return 0;
}
