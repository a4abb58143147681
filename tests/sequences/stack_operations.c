/* The stack, conversions, arithmetic, comparison, buffers. */
#include <string.h>

#include "sequences.h"

static void some(Frame *f) { push_some(f, f->a[0]); done(f); }

static void function(Frame *f) { push_function(f, f->a[0]); done(f); }

static void closure(Frame *f) {
  int n = f->a[1] % 4, i;
  need(f, n);
  (void)i;
  call(f, "lua_pushcclosure(L, %s, %d)", c_names[f->a[0] % 8], n);
  API(lua_pushcclosure)(f->L, c_functions[f->a[0] % 8], n);
  done(f);
}

static void formatted(Frame *f, const char *format, ...) {
  va_list list;
  va_start(list, format);
  API(lua_pushvfstring)(f->L, format, list);
  va_end(list);
}
static void pushfstring(Frame *f) {
  int n = f->a[1] - 100;
  switch (f->a[0] % 4) {
    case 0:
      call(f, "lua_pushfstring(L, \"%%s|%%d|%%%%\", \"s\", %d)", n);
      API(lua_pushfstring)(f->L, "%s|%d|%%", "s", n);
      break;
    case 1:
      call(f, "lua_pushfstring(L, \"%%f %%c\", %g, 'c')", n / 4.0);
      API(lua_pushfstring)(f->L, "%f %c", n / 4.0, 'c');
      break;
    case 2:
      call(f, "lua_pushvfstring(L, \"%%d and %%s\", %d, NULL)", n);
      formatted(f, "%d and %s", n, (char *)NULL);
      break;
    default:
      call(f, "lua_pushfstring(L, \"%%x\")"); /* not an option */
      API(lua_pushfstring)(f->L, "%x");
  }
  result(f, -1);
}

static void pushvalue(Frame *f) {
  int index = pick_valid(f, f->a[0]);
  if (index == LUA_REGISTRYINDEX) index = pick(f, f->a[1]);
  call(f, "lua_pushvalue(L, %d)", index);
  API(lua_pushvalue)(f->L, index);
  result(f, -1);
}

static void pushthread(Frame *f) {
  int is_main;
  call(f, "lua_pushthread(L)");
  is_main = API(lua_pushthread)(f->L);
  say("-> %d", is_main);
}

static void settop(Frame *f) {
  int top = lua_gettop(f->L) - f->floor, n = f->a[0] % 10;
  if (f->a[1] & 1 && top > 0) {
    n = n % top;
    call(f, "lua_settop(L, %d)", -1 - n);
    API(lua_settop)(f->L, -1 - n);
  } else {
    call(f, "lua_settop(L, %d)", n);
    API(lua_settop)(f->L, f->floor + n);
  }
  say("-> %d [%s]", API(lua_gettop)(f->L) - f->floor, show_stack(f->L, f->floor));
}

static void insert(Frame *f) {
  int index = pick(f, f->a[0]);
  call(f, "lua_insert(L, %d)", index);
  API(lua_insert)(f->L, index);
  done(f);
}
static void remove_one(Frame *f) {
  int index = pick(f, f->a[0]);
  call(f, "lua_remove(L, %d)", index);
  API(lua_remove)(f->L, index);
  done(f);
}
/* The index of a value that may be replaced; an upvalue's only where there is one. */
static int pick_place(Frame *f, unsigned byte) {
  int index = pick_any(f, byte);
  if (index == LUA_REGISTRYINDEX || lua_type(f->L, index) == LUA_TNONE) return pick(f, byte);
  return index;
}
static void replace(Frame *f) {
  int index;
  need(f, 1);
  index = pick_place(f, f->a[0]);
  call(f, "lua_replace(L, %d)", index);
  API(lua_replace)(f->L, index);
  done(f);
}
static void copy(Frame *f) {
  int from = pick_valid(f, f->a[0]), to = pick_place(f, f->a[1]);
  if (from == LUA_REGISTRYINDEX) from = pick(f, f->a[2]);
  call(f, "lua_copy(L, %d, %d)", from, to);
  API(lua_copy)(f->L, from, to);
  done(f);
}
static void checkstack(Frame *f) {
  static const int sizes[] = {1, 10, 40, 300, 1000, 1000001, 2000000000};
  int n = sizes[f->a[0] % 7];
  if (f->a[1] % 4 == 0) {
    call(f, "luaL_checkstack(L, %d, \"too many values\")", n);
    API(luaL_checkstack)(f->L, n, f->a[1] % 8 ? "too many values" : NULL);
    done(f);
  } else {
    call(f, "lua_checkstack(L, %d)", n);
    say("-> %d", API(lua_checkstack)(f->L, n));
  }
}
static void absindex(Frame *f) {
  int index = pick_any(f, f->a[0]), absolute;
  call(f, "lua_absindex(L, %d)", index);
  absolute = API(lua_absindex)(f->L, index);
  say("-> %d", absolute > 0 ? absolute - f->floor : absolute);
}

/* All that asks a value what it is. */
static void inspect(Frame *f) {
  lua_State *L = f->L;
  int index = pick_any(f, f->a[0]);
  int type = API(lua_type)(L, index);
  int is_string, is_number;
  size_t length;
  call(f, "ask about %d", index);
  is_number = API(lua_isnumber)(L, index);
  is_string = API(lua_isstring)(L, index);
  length = API(lua_rawlen)(L, index);
  say("-> %s: number %d, string %d, C function %d, userdata %d, boolean %d", API(lua_typename)(L, type), is_number, is_string,
      API(lua_iscfunction)(L, index), API(lua_isuserdata)(L, index), API(lua_toboolean)(L, index));
  if (type != LUA_TTABLE && type != LUA_TSTRING) say("  length %d", (int)length);
  say("  %s, %s, %s", API(lua_tocfunction)(L, index) ? "function" : "none", API(lua_tothread)(L, index) ? "thread" : "none",
      API(lua_touserdata)(L, index) ? "userdata" : "none");
  /* its address is its own */
  say("  %s", API(lua_topointer)(L, index) == lua_topointer(L, index) ? (lua_topointer(L, index) ? "an address" : "none") : "two addresses");
  if (type == LUA_TTABLE && index != LUA_REGISTRYINDEX) describe(L, index);
}
static void numbers(Frame *f) {
  lua_State *L = f->L;
  int index = pick_any(f, f->a[0]), is[3] = {-1, -1, -1};
  lua_Number n;
  lua_Integer i;
  lua_Unsigned u;
  call(f, "convert %d to numbers", index);
  n = API(lua_tonumberx)(L, index, &is[0]);
  i = API(lua_tointegerx)(L, index, &is[1]);
  u = API(lua_tounsignedx)(L, index, &is[2]);
  if (n != n) say("-> %d nan", is[0]); /* an integer made of it is undefined */
  else if (n > -9e18 && n < 9e18) say("-> %d %.14g, %d %ld, %d %u", is[0], n, is[1], (long)i, is[2], n > -9e15 && n < 9e15 ? (unsigned)u : 0);
  else say("-> %d %.14g, %d, %d", is[0], n, is[1], is[2]);
}
static void tolstring(Frame *f) {
  size_t length = 77;
  int index = pick_any(f, f->a[0]);
  const char *s;
  call(f, "lua_tolstring(L, %d, &length)", index);
  s = API(lua_tolstring)(f->L, index, &length);
  if (s == NULL) say("-> NULL, %d", (int)length);
  else say("-> %s, %s", show_bytes(s, length), lua_type(f->L, index) == LUA_TSTRING && s[length] == 0 ? "ends" : "wrong");
}
static void aux_tolstring(Frame *f) {
  size_t length;
  int index = pick_any(f, f->a[0]);
  const char *s;
  call(f, "luaL_tolstring(L, %d, &length)", index);
  s = API(luaL_tolstring)(f->L, index, &length);
  say("-> %s", s ? show_bytes(s, length) : "NULL");
  lua_settop(f->L, -2); /* it may be an address */
}

static void arith(Frame *f) {
  static const char *const names[] = {"LUA_OPADD", "LUA_OPSUB", "LUA_OPMUL", "LUA_OPDIV", "LUA_OPMOD", "LUA_OPPOW", "LUA_OPUNM"};
  int operation = f->a[0] % 7;
  need(f, operation == LUA_OPUNM ? 1 : 2);
  call(f, "lua_arith(L, %s)", names[operation]);
  API(lua_arith)(f->L, operation);
  result(f, -1);
}
/* Not the registry: a metamethod gets the operands, and could take the globals out of it, whose absence the reference does not
 * survive. */
static int pick_operand(Frame *f, unsigned byte) {
  int index = pick_any(f, byte);
  return index == LUA_REGISTRYINDEX ? pick(f, byte) : index;
}
static void compare(Frame *f) {
  static const char *const names[] = {"LUA_OPEQ", "LUA_OPLT", "LUA_OPLE"};
  int operation = f->a[0] % 3, one = pick_operand(f, f->a[1]), other = pick_operand(f, f->a[2]), answer;
  call(f, "lua_compare(L, %d, %d, %s)", one, other, names[operation]);
  answer = API(lua_compare)(f->L, one, other, operation);
  say("-> %d [%s]", answer, show_stack(f->L, f->floor));
}
static void rawequal(Frame *f) {
  int one = pick_any(f, f->a[1]), other = pick_any(f, f->a[2]);
  call(f, "lua_rawequal(L, %d, %d)", one, other);
  say("-> %d", API(lua_rawequal)(f->L, one, other));
}
static void concat(Frame *f) {
  int n = f->a[0] % 5;
  need(f, n);
  call(f, "lua_concat(L, %d)", n);
  API(lua_concat)(f->L, n);
  result(f, -1);
}
/* The length of a table with holes is not the same everywhere, nor is that of a message with a name or an address. */
static int has_length(Frame *f, int index) {
  lua_State *L = f->L;
  int n = 0, i;
  if (lua_type(L, index) == LUA_TSTRING) {
    const char *text = show(L, index);
    return lua_rawlen(L, index) < 250 && !strstr(text, "'GLOBAL'") && !strstr(text, "ADDRESS");
  }
  if (lua_type(L, index) != LUA_TTABLE) return 1;
  if (!lua_checkstack(L, 3)) return 0;
  index = lua_absindex(L, index);
  for (i = 1; i <= 70; i++) {
    lua_rawgeti(L, index, i);
    if (lua_type(L, -1) != LUA_TNIL) {
      if (n != i - 1) {
        lua_settop(L, -2);
        return 0;
      }
      n = i;
    }
    lua_settop(L, -2);
  }
  return n < 70;
}
static void len(Frame *f) {
  int index = pick(f, f->a[0]);
  if (!has_length(f, index)) return;
  if (f->a[1] & 1) {
    call(f, "lua_len(L, %d)", index);
    API(lua_len)(f->L, index);
    result(f, -1);
  } else {
    call(f, "luaL_len(L, %d)", index);
    say("-> %d", API(luaL_len)(f->L, index));
  }
}

/* ---- buffers ---- */

static void in_between(Frame *f, int records) {
  Frame inner = {0};
  if (!lua_checkstack(f->L, 2 * LUA_MINSTACK)) return;
  inner.L = f->L;
  inner.kind = f->kind == FUNCTION ? IN_BUFFER : f->kind;
  inner.floor = lua_gettop(f->L);
  ++run.depth;
  interpret(&inner, records);
  --run.depth;
  lua_settop(f->L, inner.floor);
  f->continued |= inner.continued;
}

static void buffer(Frame *f) {
  lua_State *L = f->L;
  luaL_Buffer b;
  int i, floor = lua_gettop(L);
  if (f->a[0] % 3 == 0) {
    size_t n = f->a[1] % 5 * 700;
    call(f, "luaL_buffinitsize(L, &b, %d)", (int)n);
    memset(API(luaL_buffinitsize)(L, &b, n), 'i', n < 3 ? n : 3);
    if (n >= 3) luaL_addsize(&b, 3);
  } else {
    call(f, "luaL_buffinit(L, &b)");
    API(luaL_buffinit)(L, &b);
  }
  for (i = 1; i < 5; i++) {
    unsigned byte = f->a[i], n = byte / 8;
    switch (byte % 8) {
      case 0:
        call(f, "luaL_addlstring(&b, %u bytes)", n * 40);
        {
          char many[1300];
          memset(many, 'm', sizeof many);
          API(luaL_addlstring)(&b, many, n * 40);
        }
        break;
      case 1:
        call(f, "luaL_addstring(&b, \"text\")");
        API(luaL_addstring)(&b, "text");
        break;
      case 2:
        call(f, "luaL_addvalue(&b), a number");
        lua_pushnumber(L, n + 0.5);
        API(luaL_addvalue)(&b);
        break;
      case 3:
        call(f, "luaL_addvalue(&b), a string");
        lua_pushfstring(L, "%s %d", n % 2 ? "a string" : "a string that is longer, so that it may need room", (int)n);
        API(luaL_addvalue)(&b);
        break;
      case 4: {
        char *p;
        call(f, "luaL_prepbuffsize(&b, %u)", n * 100);
        p = API(luaL_prepbuffsize)(&b, n * 100);
        memset(p, 'p', n * 100);
        luaL_addsize(&b, n);
        break;
      }
      case 5: {
        unsigned j;
        call(f, "luaL_addchar(&b, 'c'), %u times", n * 30);
        for (j = 0; j < n * 30; j++) luaL_addchar(&b, 'c');
        break;
      }
      case 6:
        call(f, "luaL_gsub(L, \"a.b.c\", \".\", \"%u\")", n);
        API(luaL_gsub)(L, "a.b.c", ".", n % 2 ? "--" : "");
        say("-> %s", show(L, -1));
        API(luaL_addvalue)(&b);
        break;
      default: in_between(f, (int)(n % 3));
    }
  }
  if (f->a[0] & 4) {
    size_t n = f->a[0] / 8;
    call(f, "luaL_pushresultsize(&b, %d)", (int)n);
    memset(luaL_prepbuffsize(&b, n), 'r', n);
    API(luaL_pushresultsize)(&b, n);
  } else {
    call(f, "luaL_pushresult(&b)");
    API(luaL_pushresult)(&b);
  }
  /* what a buffer of the heap left below went with it */
  say("-> %s, %d", show(L, -1), lua_gettop(L) - floor);
  say("  of length %d", (int)lua_rawlen(L, -1));
}

const Operation stack_operations[] = {
  {some, 22}, {function, 8}, {closure, 5}, {pushfstring, 3}, {pushvalue, 8}, {pushthread, 2}, {settop, 5}, {insert, 5},
  {remove_one, 4}, {replace, 4}, {copy, 4}, {checkstack, 3}, {absindex, 2}, {inspect, 8}, {numbers, 5}, {tolstring, 4},
  {aux_tolstring, 5}, {arith, 7}, {compare, 7}, {rawequal, 3}, {concat, 5}, {len, 5}, {buffer, 6}, {NULL, 0}};
