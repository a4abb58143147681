// What the C++ tests share: a guard that tells when it is destroyed, and sections.
#ifndef CAPI_TESTS_CXX_SUPPORT_HPP
#define CAPI_TESTS_CXX_SUPPORT_HPP

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lua.hpp>

struct Guard {
  const char *name;
  explicit Guard(const char *n) : name(n) {}
  ~Guard() { std::printf("  ~%s\n", name); }
};

struct Section {
  const char *name;
  void (*run)(lua_State *L);
};

inline const char *status_name(int status) {
  static const char *const names[] = { "OK", "YIELD", "ERRRUN", "ERRSYNTAX", "ERRMEM", "ERRGCMM", "ERRERR" };
  return status >= 0 && status <= 6 ? names[status] : "(unknown status)";
}

// Call the function and the n arguments on the top, print how it ended, leave the stack without them.
inline void protect(lua_State *L, const char *label, int n) {
  int base = lua_gettop(L) - n - 1;
  int status = lua_pcall(L, n, LUA_MULTRET, 0);
  std::printf("%s: %s", label, status_name(status));
  for (int i = base + 1; i <= lua_gettop(L); i++)
    std::printf(" %s", lua_isstring(L, i) ? lua_tostring(L, i) : luaL_typename(L, i));
  std::printf("\n");
  lua_settop(L, base);
}

inline void compile(lua_State *L, const char *code) {
  if (luaL_loadbuffer(L, code, std::strlen(code), "=test") != LUA_OK) {
    std::printf("does not compile: %s\n", lua_tostring(L, -1));
    std::exit(3);
  }
}

inline void run_lua(lua_State *L, const char *code) {
  compile(L, code);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
    std::printf("error: %s\n", lua_tostring(L, -1));
    lua_pop(L, 1);
  }
}

// After each section the state must work.
inline void check_usable(lua_State *L) {
  lua_settop(L, 0);
  compile(L, "local co = coroutine.wrap(function() coroutine.yield(1) return 2 end) "
             "return co() + co(), pcall(error, 'x'), #string.rep('a', 100)");
  if (lua_pcall(L, 0, LUA_MULTRET, 0) != LUA_OK || lua_tonumber(L, 1) != 3 || lua_tonumber(L, -1) != 100)
    std::printf("NOT USABLE: %s\n", lua_tostring(L, -1));
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);
}

// Do f in a process of its own and tell how that ended; what it says on stderr is the runtime's affair.
template <class F> void in_child(const char *label, F f) {
  std::fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(9);
    f();
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) std::printf("%s: %s\n", label, WTERMSIG(status) == SIGABRT ? "terminated" : "killed by another signal");
  else std::printf("%s: ended with %d\n", label, WEXITSTATUS(status));
}

inline int run_sections(int argc, char **argv, const Section *list) {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  for (; list->name != nullptr; list++) {
    bool wanted = argc < 2;
    for (int i = 1; i < argc; i++) wanted = wanted || std::strcmp(argv[i], list->name) == 0;
    if (!wanted) continue;
    std::printf("== %s\n", list->name);
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    list->run(L);
    check_usable(L);
    lua_close(L);
  }
  return 0;
}

#endif
