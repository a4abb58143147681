#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

void say(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vprintf(fmt, ap);
  va_end(ap);
  putchar('\n');
}

const char *status_name(int status) {
  switch (status) {
    case LUA_OK: return "OK";
    case LUA_YIELD: return "YIELD";
    case LUA_ERRRUN: return "ERRRUN";
    case LUA_ERRSYNTAX: return "ERRSYNTAX";
    case LUA_ERRMEM: return "ERRMEM";
    case LUA_ERRGCMM: return "ERRGCMM";
    case LUA_ERRERR: return "ERRERR";
    case LUA_ERRFILE: return "ERRFILE";
    default: return "(unknown status)";
  }
}

static void show_string(const char *s, size_t len) {
  size_t i, shown = len > 400 ? 40 : len;
  putchar('"');
  for (i = 0; i < shown; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '\n') printf("\\n");
    else if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c < 32 || c > 126) printf("\\%d", c);
    else putchar(c);
  }
  putchar('"');
  if (shown < len) {
    unsigned long sum = 0;
    for (i = 0; i < len; i++) sum = (sum * 31 + (unsigned char)s[i]) & 0xffffffffUL;
    printf("...(%lu bytes, sum %lu)", (unsigned long)len, sum);
  }
}

void show(lua_State *L, int idx) {
  int t = lua_type(L, idx);
  switch (t) {
    case LUA_TNONE: printf("none"); break;
    case LUA_TBOOLEAN: printf(lua_toboolean(L, idx) ? "true" : "false"); break;
    case LUA_TNUMBER: printf("%.14g", (double)lua_tonumber(L, idx)); break;
    case LUA_TSTRING: {
      size_t len;
      const char *s = lua_tolstring(L, idx, &len);
      show_string(s, len);
      break;
    }
    case LUA_TFUNCTION: printf(lua_iscfunction(L, idx) ? "cfunction" : "function"); break;
    case LUA_TLIGHTUSERDATA: printf("light"); break;
    default: printf("%s", lua_typename(L, t)); break;
  }
}

void show_stack(lua_State *L, const char *label) {
  int i, n = lua_gettop(L);
  printf("%s: [%d]", label, n);
  for (i = 1; i <= n; i++) {
    printf(i == 1 ? " " : " | ");
    show(L, i);
  }
  putchar('\n');
}

void show_value(lua_State *L, const char *label, int idx) {
  printf("%s: ", label);
  show(L, idx);
  putchar('\n');
}

void show_status(lua_State *L, const char *label, int status) {
  printf("%s: %s", label, status_name(status));
  if (status != LUA_OK && status != LUA_YIELD) {
    putchar(' ');
    show(L, -1);
    lua_pop(L, 1);
  }
  putchar('\n');
}

void try_c(lua_State *L, const char *label, lua_CFunction f, int n) {
  int i, status, base = lua_gettop(L) - n;
  lua_pushcfunction(L, f);
  lua_insert(L, base + 1);
  status = lua_pcall(L, n, LUA_MULTRET, 0);
  printf("%s: %s", label, status_name(status));
  for (i = base + 1; i <= lua_gettop(L); i++) {
    putchar(' ');
    show(L, i);
  }
  putchar('\n');
  lua_settop(L, base);
}

int run_lua(lua_State *L, const char *code) {
  int status = luaL_loadbuffer(L, code, strlen(code), "=test");
  if (status == LUA_OK) status = lua_pcall(L, 0, LUA_MULTRET, 0);
  if (status != LUA_OK) show_status(L, "run_lua", status);
  return status;
}

void compile(lua_State *L, const char *code) {
  if (luaL_loadbuffer(L, code, strlen(code), "=test") != LUA_OK) {
    say("does not compile: %s", lua_tostring(L, -1));
    exit(3);
  }
}

double bytes_in_use(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
  return lua_gc(L, LUA_GCCOUNT, 0) * 1024.0 + lua_gc(L, LUA_GCCOUNTB, 0);
}

const char *in_child(void (*run)(lua_State *L)) {
  int status = 0;
  pid_t pid;
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    struct rlimit none = { 0, 0 };
    lua_State *L = luaL_newstate();
    setrlimit(RLIMIT_CORE, &none);
    dup2(1, 2);
    luaL_openlibs(L);
    run(L);
    lua_close(L);
    fflush(stdout);
    _exit(0);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return "no process";
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGABRT ? "aborted" : "killed by another signal";
  return WEXITSTATUS(status) == 0 ? "went through" : "ended with an error";
}

int under_checker(void) {
  const char *preloaded = getenv("LD_PRELOAD");
#ifdef __SANITIZE_ADDRESS__
  return 1;
#endif
  return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

static int on_panic(lua_State *L) {
  printf("PANIC: ");
  show(L, -1);
  putchar('\n');
  exit(4);
  return 0;
}

static int wanted(int argc, char **argv, const char *name) {
  int i;
  if (argc < 2) return 1;
  for (i = 1; i < argc; i++)
    if (strcmp(argv[i], name) == 0) return 1;
  return 0;
}

int run_sections(int argc, char **argv, const Section *list) {
  /* line by line, so that a crash does not swallow what was printed before it */
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  for (; list->name != NULL; list++) {
    lua_State *L;
    if (!wanted(argc, argv, list->name)) continue;
    say("== %s", list->name);
    L = luaL_newstate();
    if (L == NULL) {
      say("no state");
      return 2;
    }
    lua_atpanic(L, on_panic);
    luaL_openlibs(L);
    list->run(L);
    if (lua_gettop(L) != 0) show_stack(L, "left on the stack");
    lua_close(L);
  }
  return 0;
}
