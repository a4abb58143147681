/* The runner of hostile scripts.
 * runner PREAMBLE GENERATOR LAST SEED FIRST COUNT: makes hostile scripts, and runs each in a state of its own.
 * runner --print PREAMBLE GENERATOR SEED NUMBER: prints one.
 * runner --script FILE...: runs scripts from files.
 *
 * LAST is a file that has the number of the script that is being run, for when the process dies. What scripts write to standard
 * output is thrown away. A state gets a limited amount of memory, and must have given back all of it when it is closed. A script
 * that takes too long is stopped by an error, and the process is ended if that does not help.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#define MEMORY ((size_t)24 << 20)
#define TICK 1        /* seconds of processor time after which a script is stopped */
#define LAST_TICK 120 /* ticks after which that did not help: what a hook runs cannot be stopped, and takes up to a minute */

static lua_State *running;
static volatile sig_atomic_t ticks;
static int failed, stopped, ended;
static FILE *report;

static void *limited(void *ud, void *ptr, size_t osize, size_t nsize) {
  size_t *used = (size_t *)ud;
  void *p;
  if (ptr == NULL) osize = 0;
  if (nsize > osize && *used + (nsize - osize) > MEMORY) return NULL;
  if (nsize == 0) {
    free(ptr);
    *used -= osize;
    return NULL;
  }
  p = realloc(ptr, nsize);
  if (p != NULL) *used = *used - osize + nsize;
  return p;
}

static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  luaL_error(L, "stopped");
}

static void tick(int sig) {
  static const char message[] = "a script does not end\n";
  (void)sig;
  if (++ticks >= LAST_TICK) {
    if (write(2, message, sizeof message - 1) < 0) _exit(3);
    abort();
  }
  if (running != NULL) lua_sethook(running, stop, LUA_MASKCOUNT, 1);
}

static void every(int seconds) {
  struct itimerval t;
  memset(&t, 0, sizeof t);
  t.it_interval.tv_sec = t.it_value.tv_sec = seconds;
  setitimer(ITIMER_VIRTUAL, &t, NULL);
}

static int prepare(lua_State *L) {
  lua_gc(L, LUA_GCSTOP, 0);
  luaL_openlibs(L);
  return 0;
}

static void run(const char *text, size_t length, const char *name) {
  size_t used = 0;
  lua_State *L = lua_newstate(limited, &used);
  if (L == NULL) exit(2);
  lua_pushcfunction(L, prepare);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) exit(2);
  if (luaL_loadbuffer(L, text, length, name) != LUA_OK) {
    fprintf(report, "%s does not compile: %s\n", name, lua_tostring(L, -1));
    failed++;
  } else {
    ticks = 0;
    running = L;
    every(TICK);
    if (lua_pcall(L, 0, 0, 0) == LUA_OK) {
      ended++;
    } else if (getenv("HOSTILE_ERRORS") != NULL) {
      fprintf(report, "%s: %s\n", name, lua_tostring(L, -1));
    }
    running = NULL;
    stopped += ticks > 0;
    lua_sethook(L, NULL, 0, 0);
    every(0);
  }
  lua_close(L);
  if (used != 0) {
    fprintf(report, "%s leaks %lu bytes\n", name, (unsigned long)used);
    failed++;
  }
}

/* A generator's state, with its function on top: f(seed, number) gives the text. */
static lua_State *generator(const char *preamble, const char *file) {
  lua_State *L = luaL_newstate();
  if (L == NULL) exit(2);
  lua_gc(L, LUA_GCSTOP, 0);
  luaL_openlibs(L);
  if (luaL_loadfile(L, file) != LUA_OK || (lua_pushstring(L, preamble), lua_pcall(L, 1, 1, 0) != LUA_OK)) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    exit(2);
  }
  return L;
}

static const char *generate(lua_State *L, long seed, long number, size_t *length) {
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  lua_pushnumber(L, (lua_Number)seed);
  lua_pushnumber(L, (lua_Number)number);
  if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    exit(2);
  }
  return lua_tolstring(L, -1, length);
}

/* What may end the process gets one of its own. */
static void run_apart(const char *text, size_t length, const char *name) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    run(text, length, name);
    fflush(report);
    _exit(failed ? 3 : 0);
  }
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) || WEXITSTATUS(status) >= 23) {
    fprintf(report, "%s: status %d\n", name, status);
    exit(3);
  }
}

int main(int argc, char **argv) {
  size_t length;
  int i, null = open("/dev/null", O_RDWR);
  report = fdopen(dup(1), "w");
  signal(SIGPIPE, SIG_IGN);
  signal(SIGVTALRM, tick);
  if (argc == 6 && strcmp(argv[1], "--print") == 0) {
    const char *text = generate(generator(argv[2], argv[3]), atol(argv[4]), atol(argv[5]), &length);
    fwrite(text, 1, length, stdout);
    return 0;
  }
  dup2(null, 0);
  dup2(null, 1);
  if (argc > 2 && strcmp(argv[1], "--script") == 0) {
    for (i = 2; i < argc; i++) {
      static char text[1 << 20];
      FILE *f = fopen(argv[i], "rb");
      if (f == NULL) return 2;
      length = fread(text, 1, sizeof text, f);
      fclose(f);
      run(text, length, argv[i]);
    }
  } else if (argc == 7) {
    lua_State *G = generator(argv[1], argv[2]);
    long seed = atol(argv[4]), first = atol(argv[5]), count = atol(argv[6]), n;
    int last = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (n = first; n < first + count; n++) {
      char name[64];
      const char *text = generate(G, seed, n, &length);
      sprintf(name, "%10ld", n);
      if (pwrite(last, name, 10, 0) != 10) return 2;
      sprintf(name, "=%ld", n);
      (strstr(text, "os.exit") != NULL ? run_apart : run)(text, length, name);
    }
    lua_close(G);
  } else {
    return 2;
  }
  fprintf(report, "%d ended by themselves, %d were stopped, %d wrong\n", ended, stopped, failed);
  fflush(report);
  return failed ? 3 : 0;
}
