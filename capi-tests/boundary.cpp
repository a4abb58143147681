/* flags: -pthread */
// What happens to C++ frames, exceptions and threads when an error, a yield or an exception crosses the library.
// The expected output of each flavour is in expected/.
#include <lua.hpp>

#include <cstdio>
#include <cstring>
#include <exception>
#include <pthread.h>
#include <stdexcept>
#include <string>

namespace {

struct Noisy {
  const char *name;
  explicit Noisy(const char *n) : name(n) {}
  ~Noisy() { std::printf("  ~%s\n", name); }
};

void show_top(lua_State *L, const char *label, int status) {
  const char *text = lua_tostring(L, -1);
  std::printf("%s: status %d, %s\n", label, status, text ? text : luaL_typename(L, -1));
  lua_settop(L, 0);
}

// Is the state whole? Errors, closures over open upvalues, coroutines and a collection.
void check(lua_State *L) {
  lua_settop(L, 0);
  int status = luaL_dostring(L,
      "local t = {} for i = 1, 3 do t[i] = function() i = i + 1 return i end end t[1]()\n"
      "local ok, m = pcall(error, 'e', 0)\n"
      "local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) error(b, 0) end)\n"
      "local y, ok2, m2 = co(1), pcall(co, 'late')\n"
      "collectgarbage()\n"
      "return table.concat({t[1](), t[2](), tostring(ok), m, y, tostring(ok2), m2}, ' ')");
  std::printf("  state: %d %s\n", status, lua_tostring(L, -1));
  lua_settop(L, 0);
}

int raise_plain(lua_State *L) {
  Noisy one("raise_plain");
  std::string text("a text too long for the small string buffer of any implementation");
  return luaL_error(L, "plain %d %s", 7, text.substr(0, 6).c_str());
}

int raise_nested(lua_State *L) {
  Noisy outer("raise_nested");
  lua_pushcfunction(L, raise_plain);
  lua_call(L, 0, 0);
  return 0;
}

void destructors(lua_State *L) {
  lua_pushcfunction(L, raise_plain);
  int status = lua_pcall(L, 0, 0, 0);
  show_top(L, "one frame", status);
  lua_pushcfunction(L, raise_nested);
  status = lua_pcall(L, 0, 0, 0);
  show_top(L, "two stretches", status);
  lua_register(L, "raise_nested", raise_nested);
  status = luaL_dostring(L, "local t = setmetatable({}, {__index = function() raise_nested() end})\n"
                            "return select(2, pcall(function() return t.x end))");
  show_top(L, "metamethod", status);
  check(L);
}

struct Meddler {
  lua_State *L;
  ~Meddler() {
    lua_settop(L, 0);
    lua_pushliteral(L, "not the error");
    std::printf("  meddled\n");
  }
};

int meddling(lua_State *L) {
  Meddler m = {L};
  lua_newtable(L);
  return luaL_error(L, "the error");
}

int quiet_failure(lua_State *L) { return luaL_error(L, "inner"); }

struct Caller {
  lua_State *L;
  ~Caller() {
    lua_pushcfunction(L, quiet_failure);
    int status = lua_pcall(L, 0, 0, 0);
    std::printf("  in destructor: %d %s\n", status, lua_tostring(L, -1));
    lua_pop(L, 1);
    status = luaL_dostring(L, "return #{pcall(error)} + select('#', pcall(string.rep, 'x', -1))");
    std::printf("  in destructor: %d %s\n", status, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
};

int calling(lua_State *L) {
  Noisy outer("outer");
  Caller c = {L};
  Noisy inner("inner");
  lua_pushliteral(L, "outer error");
  return lua_error(L);
}

void busy_destructors(lua_State *L) {
  lua_pushcfunction(L, meddling);
  int status = lua_pcall(L, 0, 0, 0);
  show_top(L, "settop in destructor", status);
  lua_pushcfunction(L, calling);
  status = lua_pcall(L, 0, 0, 0);
  show_top(L, "pcall in destructor", status);
  check(L);
}

int after_yield(lua_State *L) {
  Noisy n("after_yield");
  return luaL_error(L, "after %d values", lua_gettop(L));
}

int yields(lua_State *L) {
  Noisy n("yields");
  lua_pushliteral(L, "yielded");
  return lua_yieldk(L, 1, 0, after_yield);
}

int meddling_yield(lua_State *L) {
  Meddler m = {L};
  lua_pushliteral(L, "a");
  lua_pushliteral(L, "b");
  return lua_yield(L, 2);
}

void yield_across(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, yields);
  int status = lua_resume(co, L, 0);
  std::printf("yield: status %d, %s\n", status, lua_tostring(co, -1));
  status = lua_resume(co, L, 1);
  std::printf("resume: status %d, %s\n", status, lua_tostring(co, -1));
  co = lua_newthread(L);
  lua_pushcfunction(co, meddling_yield);
  status = lua_resume(co, L, 0);
  std::printf("yield with settop in destructor: status %d, %d values, %s\n", status, lua_gettop(co), lua_tostring(co, -1));
  check(L);
}

// Exceptions thrown below the library.
int throws(lua_State *) {
  Noisy n("throws");
  throw std::runtime_error("from C++");
}

const char *throwing_reader(lua_State *, void *, size_t *) { throw std::runtime_error("from the reader"); }
int throwing_writer(lua_State *, const void *, size_t, void *) { throw std::runtime_error("from the writer"); }
void throwing_hook(lua_State *L, lua_Debug *) {
  lua_sethook(L, 0, 0, 0);
  throw std::runtime_error("from the hook");
}
int throwing_continuation(lua_State *) { throw std::runtime_error("from the continuation"); }
int calls_yielding(lua_State *L) { return lua_callk(L, lua_gettop(L) - 1, 0, 0, throwing_continuation), 0; }

template <class F> void attempt(lua_State *L, const char *label, F f) {
  try {
    int status = f();
    show_top(L, label, status);
  } catch (std::exception &e) {
    std::printf("%s: caught %s\n", label, e.what());
  }
  if (std::uncaught_exception()) std::printf("  an exception is still counted\n");
  check(L);
}

void exceptions(lua_State *L) {
  lua_register(L, "throws", throws);
  lua_register(L, "calls_yielding", calls_yielding);
  attempt(L, "pcall", [=] { lua_pushcfunction(L, throws); return lua_pcall(L, 0, 0, 0); });
  attempt(L, "call", [=] { lua_pushcfunction(L, throws); lua_call(L, 0, 0); return 0; });
  const char *scripts[] = {
      "local ok, m = pcall(throws) return tostring(ok) .. ' ' .. tostring(m)",
      "local up = 1 local f = function() up = up + 1 end throws() return f",
      "return coroutine.wrap(function() local x = 1 local f = function() return x end throws() end)()",
      "return setmetatable({}, {__index = throws}).field",
      "table.sort({3, 1, 2}, throws)",
      "return (string.gsub('abc', '%w', throws))",
      "for x in throws do end",
      "return tostring(select(2, xpcall(throws, function(m) return 'handled ' .. tostring(m) end)))",
      "local co = coroutine.wrap(calls_yielding) co(coroutine.yield, 1) co()",
  };
  for (const char *script : scripts)
    attempt(L, script, [=] { return luaL_dostring(L, script); });
  attempt(L, "reader", [=] { return lua_load(L, throwing_reader, 0, "chunk", 0); });
  attempt(L, "writer", [=] { luaL_loadstring(L, "return 1"); return lua_dump(L, throwing_writer, 0); });
  attempt(L, "hook", [=] {
    lua_sethook(L, throwing_hook, LUA_MASKCOUNT, 1);
    return luaL_dostring(L, "local a = 1 return a + 1");
  });
  lua_sethook(L, 0, 0, 0);
}

// A handler between two stretches of the library comes first in both flavours.
int handles(lua_State *L) {
  try {
    lua_pushcfunction(L, throws);
    lua_call(L, 0, 0);
  } catch (std::runtime_error &e) {
    lua_pushfstring(L, "handled %s", e.what());
    return 1;
  }
  return 0;
}

int handles_everything(lua_State *L) {
  try {
    lua_pushcfunction(L, raise_plain);
    lua_call(L, 0, 0);
  } catch (...) {
    lua_settop(L, 0);
    lua_pushliteral(L, "swallowed");
    return 1;
  }
  return 0;
}

int rethrows(lua_State *L) {
  try {
    return raise_plain(L);
  } catch (...) {
    std::printf("  rethrown\n");
    throw;
  }
}

int raises_in_handler(lua_State *L) {
  try {
    throw std::runtime_error("original");
  } catch (std::exception &e) {
    return luaL_error(L, "translated %s", e.what());
  }
}

int typed_handler(lua_State *L) {
  Noisy n("typed_handler");
  try {
    return raise_plain(L);
  } catch (std::exception &) {
    return luaL_error(L, "wrong handler");
  }
}

void handlers(lua_State *L) {
  lua_CFunction list[] = {handles, handles_everything, rethrows, raises_in_handler, typed_handler};
  const char *names[] = {"handles", "handles_everything", "rethrows", "raises_in_handler", "typed_handler"};
  for (int i = 0; i < 5; i++) {
    lua_CFunction f = list[i];
    attempt(L, names[i], [=] { lua_pushcfunction(L, f); return lua_pcall(L, 0, 1, 0); });
  }
}

// The panic function of many C++ hosts throws.
int panic_throws(lua_State *L) { throw std::runtime_error(std::string("panic: ") + lua_tostring(L, -1)); }

void panics(lua_State *L) {
  lua_CFunction old = lua_atpanic(L, panic_throws);
  attempt(L, "lua_error", [=] { lua_pushliteral(L, "nobody protects"); return lua_error(L); });
  attempt(L, "in a call", [=] { lua_pushcfunction(L, raise_nested); lua_call(L, 0, 0); return 0; });
  attempt(L, "in Lua", [=] { luaL_loadstring(L, "local t = nil; return t.x"); lua_call(L, 0, 0); return 0; });
  lua_atpanic(L, old);
}

// A thread that ends inside of calls.
int exits(lua_State *) {
  Noisy n("exits");
  pthread_exit(0);
}
int cancelled(lua_State *) {
  Noisy n("cancelled");
  pthread_cancel(pthread_self());
  pthread_testcancel();
  return 0;
}
int calls_in_pcall(lua_State *L) {
  Noisy n("calls_in_pcall");
  lua_pushvalue(L, 1);
  return lua_pcall(L, 0, 0, 0);
}
void *thread(void *p) {
  lua_State *L = static_cast<lua_State *>(p);
  lua_call(L, 1, 0);
  std::printf("  not reached\n");
  return 0;
}
void threads(lua_State *L) {
  lua_CFunction list[] = {exits, cancelled};
  for (int i = 0; i < 2; i++) {
    pthread_t id;
    lua_pushcfunction(L, calls_in_pcall);
    lua_pushcfunction(L, list[i]);
    pthread_create(&id, 0, thread, L);
    void *result;
    pthread_join(id, &result);
    std::printf("thread ended %s\n", result == PTHREAD_CANCELED ? "cancelled" : "by itself");
    check(L);
  }
}

// Exceptions of one state in calls of another.
int other_state_raises(lua_State *L) {
  lua_State *outer = static_cast<lua_State *>(lua_touserdata(L, 1));
  Noisy n("other_state_raises");
  return luaL_error(outer, "of the outer state");
}
int runs_other_state(lua_State *L) {
  lua_State *other = static_cast<lua_State *>(lua_touserdata(L, 1));
  lua_pushcfunction(other, other_state_raises);
  lua_pushlightuserdata(other, L);
  return lua_pcall(other, 1, 0, 0);
}
void two_states(lua_State *L) {
  lua_State *other = luaL_newstate();
  luaL_openlibs(other);
  lua_pushcfunction(L, runs_other_state);
  lua_pushlightuserdata(L, other);
  int status = lua_pcall(L, 1, 0, 0);
  show_top(L, "two states", status);
  check(L);
  check(other);
  lua_close(other);
}

struct Section {
  const char *name;
  void (*run)(lua_State *);
} sections[] = {
    {"destructors", destructors}, {"busy destructors", busy_destructors}, {"yields", yield_across},
    {"exceptions", exceptions},   {"handlers", handlers},                 {"panic", panics},
    {"threads", threads},         {"two states", two_states},
};

}  // namespace

int main(int argc, char **argv) {
  std::setvbuf(stdout, 0, _IONBF, 0);
  for (const Section &s : sections) {
    if (argc > 1 && std::strcmp(argv[1], s.name) != 0) continue;
    std::printf("== %s\n", s.name);
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    s.run(L);
    lua_close(L);
  }
  return 0;
}
