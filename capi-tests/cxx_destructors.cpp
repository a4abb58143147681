// Lua errors and yields that cross C++ frames run the destructors on their way.
// PUC compiled as C skips them; here both flavours run them, unless a frame has a catch (...) or is
// noexcept: then the flavour for C hosts jumps as PUC does, and the one for C++ hosts unwinds.
#include <vector>

#include "cxx_support.hpp"

static int raise(lua_State *L) {
  Guard g("raise");
  return luaL_error(L, "raised %d", 1);
}
static int outer(lua_State *L) {
  Guard a("outer a");
  Guard b("outer b");
  lua_pushcfunction(L, raise);
  lua_call(L, 0, 0);
  std::printf("  not reached\n");
  return 0;
}
static void t_order(lua_State *L) {
  lua_pushcfunction(L, raise);
  protect(L, "one frame", 0);
  lua_pushcfunction(L, outer);
  protect(L, "two functions", 0);
}

static int helper(lua_State *L, int depth) {
  Guard g("helper");
  if (depth > 0) return helper(L, depth - 1) + 1;
  return lua_error(L);
}
static int inlined_frames(lua_State *L) {
  lua_newtable(L);
  return helper(L, 3);
}
static void t_frames(lua_State *L) {
  lua_pushcfunction(L, inlined_frames);
  protect(L, "recursive helper", 0);
}

static int argument(lua_State *L) {
  Guard g("argument");
  std::string text(luaL_checkstring(L, 1));
  std::vector<std::string> many(10, text + " which is long enough to live on the heap");
  return (int)luaL_checkinteger(L, 2);
}
static int calls_lua(lua_State *L) {
  Guard g("calls_lua");
  compile(L, "local t = nil; return t.field");
  lua_call(L, 0, 0);
  return 0;
}
static int index_field(lua_State *L) {
  Guard g("index_field");
  lua_getfield(L, 1, "field");
  return 1;
}
static int arithmetic(lua_State *L) {
  Guard g("arithmetic");
  lua_newtable(L);
  lua_pushnumber(L, 1);
  lua_arith(L, LUA_OPADD);
  return 1;
}
static void t_api_functions(lua_State *L) {
  lua_pushcfunction(L, argument);
  lua_pushliteral(L, "text");
  lua_pushliteral(L, "not a number");
  protect(L, "argument check", 2);
  lua_pushcfunction(L, calls_lua);
  protect(L, "runtime error in Lua", 0);
  lua_pushcfunction(L, index_field);
  compile(L, "return setmetatable({}, {__index = function() error('from __index', 0) end})");
  lua_call(L, 0, 1);
  protect(L, "metamethod", 1);
  lua_pushcfunction(L, arithmetic);
  protect(L, "arithmetic", 0);
}

static void t_called_by_libraries(lua_State *L) {
  lua_register(L, "raise", raise);
  run_lua(L, "print(pcall(table.sort, {3, 2, 1}, raise)) print(pcall(string.gsub, 'x', 'x', raise)) "
             "print(pcall(load, raise)) for i = 1, 2 do print(pcall(raise)) end");
}

static int yields(lua_State *L) {
  Guard g("yields");
  return lua_yield(L, lua_gettop(L));
}
static int continuation(lua_State *L) {
  Guard g("continuation");
  lua_pushliteral(L, "continued");
  return lua_gettop(L);
}
static int yields_k(lua_State *L) {
  Guard g("yields_k");
  return lua_yieldk(L, 0, 0, continuation);
}
static int calls_k(lua_State *L) {
  Guard g("calls_k");
  lua_pushcfunction(L, yields);
  lua_callk(L, 0, 0, 0, continuation);
  return 0;
}
static int raising_continuation(lua_State *L) {
  Guard g("raising_continuation");
  return luaL_error(L, "from the continuation");
}
static int raises_later(lua_State *L) {
  Guard g("raises_later");
  return lua_yieldk(L, 0, 0, raising_continuation);
}
static void t_yields(lua_State *L) {
  lua_register(L, "yields", yields);
  lua_register(L, "yields_k", yields_k);
  lua_register(L, "calls_k", calls_k);
  lua_register(L, "raises_later", raises_later);
  run_lua(L, "local co = coroutine.wrap(function() print('back', yields(1, 2)) print(yields_k()) print(calls_k()) print(pcall(raises_later)) return 'end' end) "
             "print(co()) print(co('in')) print(co()) print(co()) print(co())");
}

struct Cleaner {
  lua_State *L;
  ~Cleaner() {
    lua_settop(L, 0);
    lua_pushliteral(L, "junk left by a destructor");
    lua_pushliteral(L, "more");
    std::printf("  cleaner\n");
  }
};
static int cleans(lua_State *L) {
  Cleaner c = { L };
  lua_pushliteral(L, "the error value");
  return lua_error(L);
}
static int cleans_and_yields(lua_State *L) {
  Cleaner c = { L };
  lua_pushliteral(L, "the yielded value");
  return lua_yield(L, 1);
}
struct Caller {
  lua_State *L;
  ~Caller() {
    lua_pushcfunction(L, raise);
    int status = lua_pcall(L, 0, 0, 0);
    std::printf("  destructor's pcall: %s %s\n", status_name(status), lua_tostring(L, -1));
    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT, 0);
  }
};
static int calls_in_destructor(lua_State *L) {
  Caller c = { L };
  lua_pushliteral(L, "the first error");
  return lua_error(L);
}
static void t_destructors_that_use_lua(lua_State *L) {
  lua_pushcfunction(L, cleans);
  protect(L, "settop", 0);
  lua_pushcfunction(L, calls_in_destructor);
  protect(L, "pcall", 0);
  lua_register(L, "cleans_and_yields", cleans_and_yields);
  run_lua(L, "local co = coroutine.wrap(function() return cleans_and_yields() end) print(co()) print(co('returned'))");
}

// A destructor that raises by itself: where a scope ends, and while another error passes. The first is an error like any
// other. The second leaves a destructor that runs because of an error, which C++ forbids: the flavour for C hosts goes on with
// the new error, as after a jump, the one for C++ hosts terminates, as the language wants it.
struct Raiser {
  lua_State *L;
  const char *text;
  ~Raiser() noexcept(false) {
    std::printf("  the destructor raises\n");
    luaL_error(L, "%s", text);
  }
};
static int raises_at_end_of_scope(lua_State *L) {
  Guard a("raises_at_end_of_scope");
  {
    Raiser r = { L, "from a destructor" };
    Guard b("in the scope");
  }
  std::printf("  not reached\n");
  return 0;
}
static int raises_while_raising(lua_State *L) {
  Guard a("raises_while_raising");
  Raiser r = { L, "the second error" };
  return luaL_error(L, "the first error");
}
static void t_destructors_that_raise(lua_State *L) {
  for (int i = 0; i < 3; i++) {
    lua_pushcfunction(L, raises_at_end_of_scope);
    protect(L, "end of scope", 0);
  }
  in_child("while an error passes", [=] {
    lua_pushcfunction(L, raises_while_raising);
    protect(L, "two errors", 0);
    check_usable(L);
  });
}

// A yield takes the road of an error: through handlers of everything as they are.
static int yield_caught(lua_State *L) {
  Guard g("yield_caught");
  try {
    Guard inner("inside try");
    lua_pushliteral(L, "yielded");
    return lua_yield(L, 1);
  } catch (...) {
    std::printf("  caught by ..., thrown again\n");
    throw;
  }
}
static int yield_swallowed(lua_State *L) {
  Guard g("yield_swallowed");
  try {
    lua_pushliteral(L, "yielded");
    return lua_yield(L, 1);
  } catch (...) {
    std::printf("  swallowed\n");
  }
  lua_settop(L, 0);
  lua_pushliteral(L, "returned instead");
  return 1;
}
static int yield_forbidden(lua_State *L) noexcept {
  lua_pushliteral(L, "yielded");
  return lua_yield(L, 1);
}
static int error_swallowed(lua_State *L) {
  Guard g("error_swallowed");
  try {
    luaL_error(L, "lost");
  } catch (...) {
    std::printf("  swallowed\n");
  }
  lua_settop(L, 0);
  lua_pushliteral(L, "returned instead");
  return 1;
}
static int error_forbidden(lua_State *L) noexcept { return luaL_error(L, "through noexcept"); }
static void resumed(lua_State *L, const char *label, lua_CFunction f) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, f);
  for (int i = 0; i < 2; i++) {
    int status = lua_resume(co, L, 0);
    std::printf("%s: %s %s\n", label, status_name(status), lua_isstring(co, -1) ? lua_tostring(co, -1) : "-");
    lua_settop(co, 0);
    if (status != LUA_YIELD) break;
  }
  lua_pop(L, 1);
}
static void t_yields_and_handlers(lua_State *L) {
  resumed(L, "caught", yield_caught);
  resumed(L, "typed", [](lua_State *l) -> int {
    Guard g("typed");
    try {
      return lua_yield(l, 0);
    } catch (const std::exception &) {
      return luaL_error(l, "not for this one");
    }
  });
  in_child("swallowed", [=] { resumed(L, "swallowed", yield_swallowed); });
  in_child("noexcept", [=] { resumed(L, "noexcept", yield_forbidden); });
}
// The tables do not say that what follows a handler of another type must not be left: both flavours terminate.
static int forbidden_after_handler(lua_State *L) noexcept {
  try {
    Guard g("forbidden_after_handler");
    return luaL_error(L, "past a typed handler");
  } catch (const std::exception &) {
    return 0;
  }
}
static void t_errors_and_handlers(lua_State *L) {
  lua_pushcfunction(L, error_swallowed);
  protect(L, "swallowed", 0);
  in_child("noexcept", [=] {
    lua_pushcfunction(L, error_forbidden);
    protect(L, "noexcept", 0);
  });
  in_child("noexcept with a typed handler", [=] {
    lua_pushcfunction(L, forbidden_after_handler);
    protect(L, "noexcept with a typed handler", 0);
  });
}

static void raising_hook(lua_State *L, lua_Debug *) {
  Guard g("hook");
  lua_sethook(L, nullptr, 0, 0);
  luaL_error(L, "from the hook");
}
static const char *raising_reader(lua_State *L, void *, size_t *) {
  Guard g("reader");
  luaL_error(L, "from the reader");
  return nullptr;
}
static int raising_writer(lua_State *L, const void *, size_t, void *) {
  Guard g("writer");
  return luaL_error(L, "from the writer");
}
static int dumps(lua_State *L) {
  Guard g("dumps");
  compile(L, "return 1");
  lua_dump(L, raising_writer, nullptr);
  return 0;
}
static void t_callbacks(lua_State *L) {
  compile(L, "local x = 1");
  lua_sethook(L, raising_hook, LUA_MASKLINE, 0);
  protect(L, "hook", 0);
  int status = lua_load(L, raising_reader, nullptr, "=reader", nullptr);
  std::printf("reader: %s %s\n", status_name(status), lua_tostring(L, -1));
  lua_pop(L, 1);
  lua_pushcfunction(L, dumps);
  protect(L, "writer", 0);
}

// a typed handler does not take a Lua error; its frame is only cleaned up
static int typed_handler(lua_State *L) {
  Guard g("typed_handler");
  try {
    Guard inner("inside try");
    luaL_error(L, "not a std::exception");
  } catch (const std::exception &) {
    std::printf("  caught as std::exception\n");
  }
  std::printf("  not reached\n");
  return 0;
}
static void t_typed_handler(lua_State *L) {
  lua_pushcfunction(L, typed_handler);
  protect(L, "typed handler", 0);
}

// catch (...) that rethrows
static int catches_all(lua_State *L) {
  Guard g("catches_all");
  try {
    Guard inner("inside try");
    luaL_error(L, "through catch all");
  } catch (...) {
    std::printf("  caught by ..., thrown again\n");
    throw;
  }
  return 0;
}
static void t_catch_all(lua_State *L) {
  lua_pushcfunction(L, catches_all);
  protect(L, "catch (...)", 0);
}

#ifndef CXX_FLAVOUR
// the flavour for C++ hosts would call std::terminate here, as the language wants it
static int forbids(lua_State *L) noexcept {
  return luaL_error(L, "through noexcept");
}
static void t_noexcept(lua_State *L) {
  lua_pushcfunction(L, forbids);
  protect(L, "noexcept", 0);
}
#endif

// errors with many frames and destructors, many times
static int count;
struct Counted {
  Counted() { count++; }
  ~Counted() { count--; }
};
static int many(lua_State *L) {
  Counted a;
  std::string s(100, 'x');
  int n = (int)lua_tointeger(L, 1);
  if (n == 0) return luaL_error(L, "bottom");
  Counted b;
  lua_pushcfunction(L, many);
  lua_pushinteger(L, n - 1);
  lua_call(L, 1, 0);
  return 0;
}
static void t_many(lua_State *L) {
  for (int i = 0; i < 2000; i++) {
    lua_pushcfunction(L, many);
    lua_pushinteger(L, i % 12);
    lua_pcall(L, 1, 0, 0);
    lua_pop(L, 1);
  }
  std::printf("alive %d\n", count);
}

// an error caught inside a coroutine or by resume
static int resumes(lua_State *L) {
  Guard g("resumes");
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, outer);
  int status = lua_resume(co, L, 0);
  std::printf("  resume: %s %s\n", status_name(status), lua_tostring(co, -1));
  lua_xmove(co, L, 1);
  return lua_error(L);
}
static void t_resume(lua_State *L) {
  lua_pushcfunction(L, resumes);
  protect(L, "resume", 0);
}

static const Section sections[] = {
  { "order", t_order },
  { "frames", t_frames },
  { "api_functions", t_api_functions },
  { "called_by_libraries", t_called_by_libraries },
  { "yields", t_yields },
  { "destructors_that_use_lua", t_destructors_that_use_lua },
  { "destructors_that_raise", t_destructors_that_raise },
  { "yields_and_handlers", t_yields_and_handlers },
  { "errors_and_handlers", t_errors_and_handlers },
  { "callbacks", t_callbacks },
  { "typed_handler", t_typed_handler },
  { "catch_all", t_catch_all },
#ifndef CXX_FLAVOUR
  { "noexcept", t_noexcept },
#endif
  { "many", t_many },
  { "resume", t_resume },
  { nullptr, nullptr }
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
