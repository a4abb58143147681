/* Misuse of the API, told by a library built with the apicheck feature: which function, which argument, what was wrong.
 * Each case runs in a child process, which is expected to abort after one line on stderr. */
#include "support.h"

static int c_function(lua_State *L) {
  (void)L;
  return 0;
}

static void push_too_many(lua_State *L) {
  int i;
  for (i = 0; i < 30; i++) lua_pushinteger(L, i);
}
static void push_strings_too_many(lua_State *L) {
  int i;
  for (i = 0; i < 30; i++) lua_pushliteral(L, "s");
}
static void settop_too_high(lua_State *L) { lua_settop(L, 100); }
static void pop_too_many(lua_State *L) {
  lua_pushnil(L);
  lua_pop(L, 3);
}
static void remove_invalid(lua_State *L) {
  lua_pushnil(L);
  lua_remove(L, 3);
}
static void insert_invalid(lua_State *L) {
  lua_pushnil(L);
  lua_insert(L, -4);
}
static void replace_invalid(lua_State *L) {
  lua_pushnil(L);
  lua_replace(L, 7);
}
static void copy_invalid(lua_State *L) {
  lua_pushnil(L);
  lua_copy(L, 1, 5);
}
static void pushvalue_invalid(lua_State *L) { lua_pushvalue(L, -3); }
static void tonumber_invalid(lua_State *L) { lua_tonumberx(L, -3, NULL); }
static void checkstack_negative(lua_State *L) { lua_checkstack(L, -1); }
static void xmove_other_state(lua_State *L) {
  lua_State *other = luaL_newstate();
  lua_pushnil(L);
  lua_xmove(L, other, 1);
}
static void xmove_too_many(lua_State *L) {
  lua_State *L1 = lua_newthread(L);
  lua_xmove(L1, L, 2);
}
static void settable_no_values(lua_State *L) {
  lua_newtable(L);
  lua_settable(L, 1);
}
static void getfield_invalid(lua_State *L) { lua_getfield(L, 3, "x"); }
static void setfield_invalid(lua_State *L) {
  lua_pushnil(L);
  lua_setfield(L, 9, "x");
}
static void rawget_no_table(lua_State *L) {
  lua_pushinteger(L, 1);
  lua_pushinteger(L, 2);
  lua_rawget(L, 1);
}
static void rawset_no_table(lua_State *L) {
  lua_pushinteger(L, 1);
  lua_pushinteger(L, 2);
  lua_rawseti(L, 1, 1);
}
static void next_no_table(lua_State *L) {
  lua_pushinteger(L, 1);
  lua_pushnil(L);
  lua_next(L, 1);
}
static void setmetatable_number(lua_State *L) {
  lua_newtable(L);
  lua_pushinteger(L, 1);
  lua_setmetatable(L, 1);
}
static void uservalue_of_table(lua_State *L) {
  lua_newtable(L);
  lua_getuservalue(L, 1);
}
static void uservalue_is_number(lua_State *L) {
  lua_newuserdata(L, 1);
  lua_pushinteger(L, 1);
  lua_setuservalue(L, 1);
}
static void concat_too_many(lua_State *L) {
  lua_pushliteral(L, "x");
  lua_concat(L, 3);
}
static void arith_operands(lua_State *L) {
  lua_pushinteger(L, 1);
  lua_arith(L, LUA_OPADD);
}
static void arith_operation(lua_State *L) {
  lua_pushinteger(L, 1);
  lua_pushinteger(L, 1);
  lua_arith(L, 17);
}
static void compare_operation(lua_State *L) {
  lua_pushinteger(L, 1);
  lua_pushinteger(L, 1);
  lua_compare(L, 1, 2, 9);
}
static void call_too_few(lua_State *L) {
  lua_pushcfunction(L, c_function);
  lua_call(L, 2, 0);
}
static void pcall_too_few(lua_State *L) {
  lua_pushcfunction(L, c_function);
  lua_pcall(L, 1, 0, 0);
}
static void call_results(lua_State *L) {
  lua_pushcfunction(L, c_function);
  lua_call(L, 0, 200);
}
static void resume_too_few(lua_State *L) {
  lua_State *co = lua_newthread(L);
  lua_pushcfunction(co, c_function);
  lua_resume(co, L, 3);
}
static void error_nothing(lua_State *L) { lua_error(L); }
static void closure_upvalues(lua_State *L) { lua_pushcclosure(L, c_function, 2); }
static void closure_too_many(lua_State *L) { lua_pushcclosure(L, c_function, 256); }
static void typename_wrong(lua_State *L) { lua_typename(L, 55); }
static void upvaluejoin_c(lua_State *L) {
  lua_pushcfunction(L, c_function);
  lua_upvaluejoin(L, 1, 1, 1, 1);
}
static void upvaluejoin_number(lua_State *L) {
  compile(L, "return x");
  lua_upvaluejoin(L, 1, 3, 1, 1);
}
static void addvalue_table(lua_State *L) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  lua_newtable(L);
  luaL_addvalue(&b);
}
static void getinfo_no_function(lua_State *L) {
  lua_Debug ar;
  lua_pushinteger(L, 1);
  lua_getinfo(L, ">S", &ar);
}

static void setglobal_no_value(lua_State *L) { lua_setglobal(L, "x"); }
static void setfield_no_value(lua_State *L) { lua_setfield(L, LUA_REGISTRYINDEX, "x"); }
static void settable_invalid(lua_State *L) {
  lua_pushnil(L);
  lua_pushnil(L);
  lua_settable(L, 7);
}
static void gettable_invalid(lua_State *L) {
  lua_pushnil(L);
  lua_gettable(L, 5);
}
static void rawset_no_value(lua_State *L) { lua_rawseti(L, LUA_REGISTRYINDEX, 1); }
static void rawgetp_no_table(lua_State *L) {
  lua_pushboolean(L, 1);
  lua_rawgetp(L, 1, L);
}
static void setmetatable_invalid(lua_State *L) {
  lua_newtable(L);
  lua_setmetatable(L, 4);
}
static void setmetatable_no_value(lua_State *L) { lua_setmetatable(L, LUA_REGISTRYINDEX); }
static void setuservalue_no_value(lua_State *L) { lua_setuservalue(L, LUA_REGISTRYINDEX); }
static void setuservalue_of_table(lua_State *L) {
  lua_newtable(L);
  lua_pushnil(L);
  lua_setuservalue(L, 1);
}
static void replace_no_value(lua_State *L) { lua_replace(L, LUA_REGISTRYINDEX); }
static void insert_zero(lua_State *L) {
  lua_pushnil(L);
  lua_insert(L, 0);
}
static void insert_pseudo(lua_State *L) {
  lua_pushnil(L);
  lua_insert(L, LUA_REGISTRYINDEX);
}
static void remove_pseudo(lua_State *L) {
  lua_pushnil(L);
  lua_remove(L, LUA_REGISTRYINDEX);
}
static void remove_too_low(lua_State *L) {
  lua_pushnil(L);
  lua_remove(L, -2);
}
static void concat_negative(lua_State *L) { lua_concat(L, -1); }
static void unm_no_operand(lua_State *L) { lua_arith(L, LUA_OPUNM); }
static void arith_no_second(lua_State *L) {
  lua_arith(L, LUA_OPPOW);
}
static void newthread_no_room(lua_State *L) {
  lua_settop(L, LUA_MINSTACK);
  lua_newthread(L);
}
static void xmove_no_room(lua_State *L) {
  lua_State *L1 = lua_newthread(L);
  int i;
  lua_checkstack(L, 100);
  for (i = 0; i < 60; i++) lua_pushnil(L);
  lua_xmove(L, L1, 60);
}
static void table_no_room(lua_State *L) {
  lua_settop(L, LUA_MINSTACK);
  lua_newtable(L);
}
static void userdata_no_room(lua_State *L) {
  lua_settop(L, LUA_MINSTACK);
  lua_newuserdata(L, 1);
}
static void push_globals_no_room(lua_State *L) {
  lua_settop(L, LUA_MINSTACK);
  lua_pushglobaltable(L);
}
static void getupvalue_no_room(lua_State *L) {
  compile(L, "return x");
  lua_settop(L, LUA_MINSTACK);
  lua_getupvalue(L, 1, 1);
}
static void getlocal_no_record(lua_State *L) {
  lua_Debug ar;
  memset(&ar, 0, sizeof ar);
  lua_getlocal(L, &ar, 1);
}
static void setlocal_no_value(lua_State *L) {
  lua_Debug ar;
  memset(&ar, 0, sizeof ar);
  lua_setlocal(L, &ar, 1);
}
static void setupvalue_no_value(lua_State *L) { lua_setupvalue(L, LUA_REGISTRYINDEX, 1); }
static void getinfo_nothing(lua_State *L) {
  lua_Debug ar;
  lua_getinfo(L, ">S", &ar);
}
static void upvaluejoin_second_c(lua_State *L) {
  compile(L, "return x");
  lua_pushcfunction(L, c_function);
  lua_upvaluejoin(L, 1, 1, 2, 1);
}
static void upvaluejoin_second_number(lua_State *L) {
  compile(L, "return x");
  lua_upvaluejoin(L, 1, 1, 1, 0);
}
static void dump_nothing(lua_State *L) { lua_dump(L, NULL, NULL); }
static void yield_too_many(lua_State *L) { lua_yield(L, 1); }
static void pcall_results(lua_State *L) {
  lua_pushcfunction(L, c_function);
  lua_pcall(L, 0, 300, 0);
}
static void call_nothing(lua_State *L) { lua_call(L, 0, 0); }
static void call_on_dead(lua_State *L) {
  lua_State *co = lua_newthread(L);
  compile(co, "error('x')");
  lua_resume(co, L, 0);
  lua_checkstack(co, 5);
  lua_pushcfunction(co, c_function);
  lua_call(co, 0, 0);
}
static void call_on_suspended(lua_State *L) {
  lua_State *co = lua_newthread(L);
  compile(co, "coroutine.yield()");
  lua_resume(co, L, 0);
  lua_pushcfunction(co, c_function);
  lua_pcall(co, 0, 0, 0);
}
static int k(lua_State *L) { return lua_gettop(L); }
static void callk_in_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_pushcfunction(L, c_function);
  lua_callk(L, 0, 0, 0, k);
}
static void continuation_in_hook(lua_State *L) {
  compile(L, "local x = 1");
  lua_sethook(L, callk_in_hook, LUA_MASKLINE, 0);
  lua_call(L, 0, 0);
}
static void yieldk_in_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_yieldk(L, 0, 0, k);
}
static void yieldk_hooked(lua_State *L) {
  lua_State *co = lua_newthread(L);
  compile(co, "local x = 1");
  lua_sethook(co, yieldk_in_hook, LUA_MASKLINE, 0);
  lua_resume(co, L, 0);
}

/* and what is no misuse: errors made in a full frame, the whole stack asked for */
static int fill_and_fail(lua_State *L) {
  lua_settop(L, LUA_MINSTACK - 2);
  lua_pushnil(L);
  lua_pushinteger(L, 1);
  lua_arith(L, LUA_OPADD);
  return 0;
}
static void fine(lua_State *L) {
  int i;
  for (i = 0; i < LUA_MINSTACK; i++) lua_pushinteger(L, i);
  lua_settop(L, 0);
  lua_checkstack(L, 5000);
  for (i = 0; i < 5000; i++) lua_pushinteger(L, i);
  lua_settop(L, 0);
  try_c(L, "in a full frame", fill_and_fail, 0);
  run_lua(L, "print(pcall(function() local t = nil; return t.x end)) print(pcall(string.rep))");
}

typedef struct Case {
  const char *name;
  void (*run)(lua_State *L);
} Case;

#define CASE(f) { #f, f }

static const Case cases[] = {
  CASE(push_too_many), CASE(push_strings_too_many), CASE(settop_too_high), CASE(pop_too_many), CASE(remove_invalid),
  CASE(insert_invalid), CASE(replace_invalid), CASE(copy_invalid), CASE(pushvalue_invalid), CASE(tonumber_invalid),
  CASE(checkstack_negative),
  CASE(xmove_other_state), CASE(xmove_too_many), CASE(settable_no_values), CASE(getfield_invalid), CASE(setfield_invalid),
  CASE(rawget_no_table), CASE(rawset_no_table), CASE(next_no_table), CASE(setmetatable_number), CASE(uservalue_of_table),
  CASE(uservalue_is_number), CASE(concat_too_many), CASE(arith_operands), CASE(arith_operation), CASE(compare_operation),
  CASE(call_too_few), CASE(pcall_too_few), CASE(call_results), CASE(resume_too_few), CASE(error_nothing),
  CASE(closure_upvalues), CASE(closure_too_many), CASE(typename_wrong), CASE(upvaluejoin_c), CASE(upvaluejoin_number),
  CASE(addvalue_table), CASE(getinfo_no_function), CASE(setglobal_no_value), CASE(setfield_no_value), CASE(settable_invalid),
  CASE(gettable_invalid), CASE(rawset_no_value), CASE(rawgetp_no_table), CASE(setmetatable_invalid), CASE(setmetatable_no_value),
  CASE(setuservalue_no_value), CASE(setuservalue_of_table), CASE(replace_no_value), CASE(insert_zero), CASE(insert_pseudo),
  CASE(remove_pseudo), CASE(remove_too_low), CASE(concat_negative), CASE(unm_no_operand), CASE(arith_no_second),
  CASE(newthread_no_room), CASE(xmove_no_room), CASE(table_no_room), CASE(userdata_no_room), CASE(push_globals_no_room),
  CASE(getupvalue_no_room), CASE(getlocal_no_record), CASE(setlocal_no_value), CASE(setupvalue_no_value), CASE(getinfo_nothing),
  CASE(upvaluejoin_second_c), CASE(upvaluejoin_second_number), CASE(dump_nothing), CASE(yield_too_many), CASE(pcall_results),
  CASE(call_nothing), CASE(call_on_dead), CASE(call_on_suspended), CASE(continuation_in_hook), CASE(yieldk_hooked), CASE(fine)
};

int main(void) {
  size_t i;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    printf("%s: ", cases[i].name);
    say("  %s", in_child(cases[i].run));
  }
  return 0;
}
