/* One program for any library of Lua 5.2 that uses luax.h where it is: by a weak symbol, and by dlsym. */
#include "support.h"
#include <dlfcn.h>

#if defined(__GNUC__)
extern int luaX_version(void) __attribute__((weak));
#endif

static void t_weak(lua_State *L) {
  int (*found)(void) = NULL;
  (void)L;
  *(void **)&found = dlsym(RTLD_DEFAULT, "luaX_version");
  say("both ways agree: %d", (luaX_version != NULL) == (found != NULL));
  say("the version is one: %d", luaX_version == NULL || luaX_version() >= 1);
  say("and the same: %d", found == NULL || found() == luaX_version());
  fprintf(stderr, "luax: %s\n", found != NULL ? "there" : "not there");
}

/* A function that only some versions have. */
static void t_each(lua_State *L) {
  int (*jit)(lua_State *, int) = NULL;
  *(void **)&jit = dlsym(RTLD_DEFAULT, "luaX_jit");
  if (jit != NULL) jit(L, 0);
  run_lua(L, "local x = 0 for i = 1, 1000 do x = x + i end print(x)");
}

static const Section sections[] = {
  { "weak", t_weak },
  { "each", t_each },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
