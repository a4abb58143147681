// C++ exceptions out of C++ functions that Lua calls. In the flavour for C hosts they pass through Lua to the host's
// own handler; in the flavour for C++ hosts the innermost protected call catches them.
#include <pthread.h>

#include "cxx_support.hpp"

struct Own {
  int value;
};

static int throws_int(lua_State *) {
  Guard g("throws_int");
  throw 42;
}
static int throws_std(lua_State *) {
  Guard g("throws_std");
  throw std::runtime_error("what it says");
}
static int throws_own(lua_State *L) {
  Guard g("throws_own");
  lua_pushliteral(L, "left on the stack");
  throw Own{ 7 };
}
static int caught_inside(lua_State *L) {
  Guard g("caught_inside");
  try {
    throws_std(L);
  } catch (const std::exception &e) {
    lua_pushstring(L, e.what());
  }
  return 1;
}

// Do f; tell which exception came through.
template <class F> static void host(const char *label, F f) {
  try {
    f();
    std::printf("%s: no exception came through\n", label);
  } catch (int n) {
    std::printf("%s: int %d came through\n", label, n);
  } catch (const std::exception &e) {
    std::printf("%s: std::exception '%s' came through\n", label, e.what());
  } catch (const Own &o) {
    std::printf("%s: Own %d came through\n", label, o.value);
  } catch (...) {
    std::printf("%s: something came through\n", label);
  }
}

static void t_pcall(lua_State *L) {
  static const lua_CFunction list[] = { throws_int, throws_std, throws_own, caught_inside };
  for (lua_CFunction f : list) {
    host("pcall", [=] {
      lua_pushcfunction(L, f);
      protect(L, "status", 0);
    });
    check_usable(L);
  }
}

static void t_unprotected(lua_State *L) {
  host("call", [=] {
    lua_pushcfunction(L, throws_std);
    lua_call(L, 0, 0);
  });
  check_usable(L);
}

static void t_through_lua(lua_State *L) {
  lua_register(L, "throws_int", throws_int);
  static const char *const list[] = {
    "local function f() throws_int() end local function g() f() end g()",
    "print(pcall(throws_int)) print(pcall(pcall, throws_int))",
    "local t = setmetatable({}, {__index = throws_int}) print(pcall(function() return t.x end))",
    "print(pcall(table.sort, {2, 1}, throws_int)) print(pcall(string.gsub, 'x', 'x', throws_int))",
    "print(coroutine.resume(coroutine.create(throws_int)))",
    "print(pcall(coroutine.wrap(function() coroutine.yield(pcall(throws_int)) end)))",
    "local up = 'upvalue' get = function() return up end throws_int()"
  };
  for (const char *code : list) {
    host(code, [=] {
      compile(L, code);
      protect(L, "status", 0);
    });
    check_usable(L);
  }
  run_lua(L, "print(get and get())");
}

static int nested(lua_State *L) {
  Guard g("nested");
  lua_pushcfunction(L, throws_own);
  int status = lua_pcall(L, 0, 0, 0);
  std::printf("  nested pcall: %s %s\n", status_name(status), lua_tostring(L, -1));
  return luaL_error(L, "from nested");
}
static int catches_and_raises(lua_State *L) {
  try {
    lua_pushcfunction(L, throws_own);
    lua_call(L, 0, 0);
  } catch (const Own &o) {
    lua_pushinteger(L, o.value);
  }
  return luaL_error(L, "translated Own %d", (int)lua_tointeger(L, -1));
}
static void t_nested(lua_State *L) {
  host("nested", [=] {
    lua_pushcfunction(L, nested);
    protect(L, "status", 0);
  });
  check_usable(L);
  host("translated into a Lua error", [=] {
    lua_pushcfunction(L, catches_and_raises);
    protect(L, "status", 0);
  });
}

static void throwing_hook(lua_State *L, lua_Debug *) {
  lua_sethook(L, nullptr, 0, 0);
  throw std::runtime_error("hook");
}
static const char *throwing_reader(lua_State *, void *, size_t *) { throw std::runtime_error("reader"); }
static int throwing_writer(lua_State *, const void *, size_t, void *) { throw std::runtime_error("writer"); }
static int throwing_continuation(lua_State *) { throw std::runtime_error("continuation"); }
static int yields(lua_State *L) { return lua_yieldk(L, 0, 0, throwing_continuation); }
static int dumps(lua_State *L) {
  compile(L, "return 1");
  lua_dump(L, throwing_writer, nullptr);
  return 0;
}

static void t_callbacks(lua_State *L) {
  host("hook", [=] {
    compile(L, "local x = 1");
    lua_sethook(L, throwing_hook, LUA_MASKLINE, 0);
    protect(L, "status", 0);
  });
  check_usable(L);
  host("reader", [=] {
    int status = lua_load(L, throwing_reader, nullptr, "=r", nullptr);
    std::printf("load: %s %s\n", status_name(status), lua_tostring(L, -1));
  });
  check_usable(L);
  host("writer", [=] {
    lua_pushcfunction(L, dumps);
    protect(L, "status", 0);
  });
  check_usable(L);
  host("continuation", [=] {
    lua_State *co = lua_newthread(L);
    lua_pushcfunction(co, yields);
    std::printf("resume: %s\n", status_name(lua_resume(co, L, 0)));
    int status = lua_resume(co, L, 0);
    std::printf("resume: %s %s\n", status_name(status), lua_tostring(co, -1));
  });
  check_usable(L);
}

static int throwing_panic(lua_State *L) { throw std::runtime_error(std::string("panic: ") + lua_tostring(L, -1)); }
static void t_panic(lua_State *L) {
  lua_atpanic(L, throwing_panic);
  host("panic function", [=] {
    Guard g("host frame");
    luaL_error(L, "unprotected");
  });
  check_usable(L);
  host("panic function in a call", [=] {
    Guard g("host frame");
    compile(L, "error('unprotected in Lua', 0)");
    lua_call(L, 0, 0);
  });
}

static lua_State *thread_state;
static int exits(lua_State *) {
  Guard g("exits");
  pthread_exit(nullptr);
  return 0;
}
static void *thread_main(void *) {
  Guard g("thread_main");
  lua_pushcfunction(thread_state, exits);
  lua_pcall(thread_state, 0, 0, 0);
  std::printf("not reached\n");
  return nullptr;
}
static void t_thread_exit(lua_State *L) {
  pthread_t thread;
  thread_state = L;
  pthread_create(&thread, nullptr, thread_main, nullptr);
  pthread_join(thread, nullptr);
  std::printf("thread ended\n");
}

static void t_many(lua_State *L) {
  int through = 0, caught = 0;
  for (int i = 0; i < 1000; i++) {
    try {
      lua_pushcfunction(L, [](lua_State *) -> int { throw 1; });
      if (lua_pcall(L, 0, 0, 0) == LUA_ERRRUN) caught++;
      lua_settop(L, 0);
    } catch (int) {
      through++;
      lua_settop(L, 0);
    }
  }
  std::printf("through %d, caught %d\n", through, caught);
}

static const Section sections[] = {
  { "pcall", t_pcall },
  { "unprotected", t_unprotected },
  { "through_lua", t_through_lua },
  { "nested", t_nested },
  { "callbacks", t_callbacks },
  { "panic", t_panic },
  { "thread_exit", t_thread_exit },
  { "many", t_many },
  { nullptr, nullptr }
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
