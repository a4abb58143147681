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

// a coroutine that yields once
static void resume_twice(lua_State *L, lua_CFunction f) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, f);
  std::printf("resume: %s\n", status_name(lua_resume(co, L, 0)));
  int status = lua_resume(co, L, 0);
  std::printf("resume: %s %s\n", status_name(status), lua_tostring(co, -1));
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
  host("continuation", [=] { resume_twice(L, yields); });
  check_usable(L);
}

// hooks of every kind, in a plain call and in a coroutine
static void t_hooks(lua_State *L) {
  static const struct { const char *name; int mask; } masks[] = {
    { "call", LUA_MASKCALL }, { "return", LUA_MASKRET }, { "line", LUA_MASKLINE }, { "count", LUA_MASKCOUNT }
  };
  for (auto &m : masks) {
    host(m.name, [=] {
      compile(L, "local function f() return 1 end\nreturn f() + 1");
      lua_sethook(L, throwing_hook, m.mask, 2);
      protect(L, "status", 0);
    });
    std::printf("hook left %d\n", lua_gethook(L) != nullptr);
    check_usable(L);
    host("in a coroutine", [=] {
      lua_State *co = lua_newthread(L);
      compile(co, "local up = 1 get = function() return up end local function f() up = up + 1 end f() f() return up");
      lua_sethook(co, throwing_hook, m.mask, 2);
      int status = lua_resume(co, L, 0);
      std::printf("resume: %s %s\n", status_name(status), lua_tostring(co, -1));
    });
    check_usable(L);
  }
  // a count hook that asked for time from within a library function
  host("inside string.rep's caller", [=] {
    compile(L, "return ('x'):rep(10):gsub('x', function() return 'y' end)");
    lua_sethook(L, throwing_hook, LUA_MASKCOUNT, 3);
    protect(L, "status", 0);
  });
  check_usable(L);
}

// every metamethod
static void t_metamethods(lua_State *L) {
  lua_register(L, "throws_int", throws_int);
  static const char *const list[] = {
    "__index: return o.x", "__newindex: o.x = 1", "__call: o()", "__add: return o + 1", "__unm: return -o", "__len: return #o",
    "__concat: return 'a' .. o", "__eq: return o == p", "__lt: return o < p", "__le: return o <= p",
    "__tostring: return tostring(o)", "__pairs: for k in pairs(o) do end", "__ipairs: for k in ipairs(o) do end"
  };
  for (const char *item : list) {
    std::string text(item), name = text.substr(0, text.find(':')), code = text.substr(text.find(':') + 1);
    host(name.c_str(), [=] {
      compile(L, ("local m = {} m." + name + " = throws_int local o, p = setmetatable({}, m), setmetatable({}, m)" + code).c_str());
      protect(L, "status", 0);
    });
    check_usable(L);
  }
}

// a finalizer: the collector works afterwards, and the other finalizers run
static int finalizer(lua_State *L) {
  int n = *(int *)lua_touserdata(L, 1);
  std::printf("  gc %d\n", n);
  if (n == 2) throw std::runtime_error("finalizer");
  return 0;
}
static void make_finalized(lua_State *L, int n) {
  *(int *)lua_newuserdata(L, sizeof(int)) = n;
  if (luaL_newmetatable(L, "capi.finalized")) {
    lua_pushcfunction(L, finalizer);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
}
static void t_finalizer(lua_State *L) {
  for (int n = 1; n <= 3; n++) {
    make_finalized(L, n);
    lua_pop(L, 1);
  }
  host("full collection", [=] {
    lua_CFunction collect = [](lua_State *l) -> int { return lua_gc(l, LUA_GCCOLLECT, 0) * 0; };
    lua_pushcfunction(L, collect);
    protect(L, "status", 0);
  });
  std::printf("collector runs %d\n", lua_gc(L, LUA_GCISRUNNING, 0));
  check_usable(L);
  make_finalized(L, 2);
  lua_pop(L, 1);
  host("by itself", [=] {
    compile(L, "for i = 1, 1e6 do local t = {i} end return 'no finalizer ran'");
    protect(L, "status", 0);
  });
  check_usable(L);
  make_finalized(L, 4);
  lua_pop(L, 1);
  lua_gc(L, LUA_GCCOLLECT, 0);
}

// message handlers
static void t_message_handler(lua_State *L) {
  host("message handler", [=] {
    lua_pushcfunction(L, throws_std);
    compile(L, "error('for the handler')");
    int status = lua_pcall(L, 0, 0, -2);
    std::printf("status: %s %s\n", status_name(status), lua_tostring(L, -1));
  });
  check_usable(L);
  lua_register(L, "throws_int", throws_int);
  host("xpcall", [=] {
    compile(L, "return xpcall(error, throws_int, 'for the handler')");
    protect(L, "status", 0);
  });
  check_usable(L);
}

// of any type, and each exception object destroyed once
struct Tracked {
  static int alive;
  char room[300];
  Tracked() { alive++; }
  Tracked(const Tracked &) { alive++; }
  virtual ~Tracked() { alive--; }
};
int Tracked::alive = 0;
struct Derived : Tracked, std::runtime_error {
  Derived() : std::runtime_error("derived") {}
};
static void t_types(lua_State *L) {
  static const lua_CFunction list[] = {
    [](lua_State *) -> int { throw "text"; }, [](lua_State *) -> int { throw nullptr; }, [](lua_State *) -> int { throw 1.5; },
    [](lua_State *) -> int { throw Tracked(); }, [](lua_State *) -> int { throw Derived(); }, [](lua_State *) -> int { throw std::string(50, 's'); },
    [](lua_State *) -> int { throw &Tracked::alive; }
  };
  for (lua_CFunction f : list) {
    host("type", [=] {
      lua_pushcfunction(L, f);
      lua_State *co = lua_newthread(L);
      lua_insert(L, -2);
      lua_xmove(L, co, 1);
      int status = lua_resume(co, L, 0);
      std::printf("resume: %s %s\n", status_name(status), lua_tostring(co, -1));
    });
    check_usable(L);
  }
  std::printf("alive %d\n", Tracked::alive);
}

// continuations of protected calls and of calls, and an exception after an error was caught
static int continues(lua_State *L) {
  Guard g("continues");
  int ctx = 0, status = lua_getctx(L, &ctx);
  std::printf("  continuation %d %s\n", ctx, status_name(status));
  throw ctx;
}
static void t_continuations(lua_State *L) {
  static const lua_CFunction list[] = {
    [](lua_State *l) -> int {
      compile(l, "coroutine.yield()");
      lua_callk(l, 0, 0, 1, continues);
      return 0;
    },
    [](lua_State *l) -> int {
      compile(l, "coroutine.yield()");
      lua_pcallk(l, 0, 0, 0, 2, continues);
      return 0;
    },
    [](lua_State *l) -> int {
      compile(l, "coroutine.yield() error('an error first')");
      lua_pcallk(l, 0, 0, 0, 3, continues);
      return 0;
    }
  };
  for (lua_CFunction f : list) {
    host("continuation", [=] { resume_twice(L, f); });
    check_usable(L);
  }
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
  // As after a call without results, however often.
  lua_settop(L, 0);
  luaL_checkstack(L, 600, nullptr);
  for (int i = 0; i < 500; i++) {
    lua_pushinteger(L, i);
    try {
      compile(L, "local t = setmetatable({}, {__index = function() error('deeper') end}) local function f() return t.x end f()");
      lua_call(L, 0, 0);
    } catch (const std::exception &) {
    }
  }
  std::printf("%d values, the last one %d\n", lua_gettop(L), (int)lua_tointeger(L, -1));
  lua_settop(L, 0);
  check_usable(L);
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
  check_usable(L);
  lua_register(L, "exits", exits);
  pthread_create(&thread, nullptr, [](void *) -> void * {
    Guard g("thread_main");
    compile(thread_state, "local t = setmetatable({}, {__index = exits}) "
                          "return coroutine.wrap(function() return pcall(function() return t.x end) end)()");
    lua_pcall(thread_state, 0, 0, 0);
    std::printf("not reached\n");
    return nullptr;
  }, nullptr);
  pthread_join(thread, nullptr);
  std::printf("thread ended in a coroutine\n");
  check_usable(L);
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
  { "hooks", t_hooks },
  { "metamethods", t_metamethods },
  { "finalizer", t_finalizer },
  { "message_handler", t_message_handler },
  { "types", t_types },
  { "continuations", t_continuations },
  { "panic", t_panic },
  { "thread_exit", t_thread_exit },
  { "many", t_many },
  { nullptr, nullptr }
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
