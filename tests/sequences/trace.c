/* What is printed about values, in a form that does not depend on addresses. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sequences.h"

Run run;
long api_calls[FUNCTIONS];

static char *buffer(void) {
  static char buffers[8][400];
  static unsigned next;
  return buffers[next++ % 8];
}

void say(const char *format, ...) {
  char line[1600];
  va_list list;
  int indent = run.depth > 20 ? 20 : run.depth, length;
  const char *p;
  va_start(list, format);
  length = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  if (length >= (int)sizeof line) strcpy(line + sizeof line - 4, "...");
  /* A sequence that goes on for ever has said enough. */
  if (++run.lines > 3000) run.at = run.end;
  if (run.mode != FAILING && !run.cut) {
    for (p = line; *p; p++) run.hash = (run.hash ^ (unsigned char)*p) * 1099511628211u;
    run.hash = (run.hash ^ '\n') * 1099511628211u;
  }
  if (run.echo) {
    fprintf(run.echo, "%s%*s%s\n", run.mode == FAILING || run.cut ? "~" : "", 2 * indent, "", line);
    fflush(run.echo);
  }
}

const char *status_name(int status) {
  static const char *const names[] = {"LUA_OK", "LUA_YIELD", "LUA_ERRRUN", "LUA_ERRSYNTAX", "LUA_ERRMEM", "LUA_ERRGCMM", "LUA_ERRERR"};
  return status >= 0 && status < (int)LENGTH(names) ? names[status] : "an unknown status";
}

/* A name in a message that was looked up among the globals: which of several it finds depends on a table's order. */
static int is_looked_up(const char *name, size_t length) {
  static const char *const base[] = {"rawget", "rawset", "rawequal", "rawlen", "select", "setmetatable", "getmetatable", "error",
    "assert", "pcall", "xpcall", "type", "tonumber", "ipairs", "load", "next", "unpack", "loadstring"};
  size_t i;
  if (length == 2 && (name[0] == 'c' || name[0] == 'g')) return 1;
  if (memchr(name, '.', length) != NULL) return 1;
  for (i = 0; i < LENGTH(base); i++)
    if (strlen(base[i]) == length && memcmp(base[i], name, length) == 0) return 1;
  return 0;
}

const char *show_bytes(const char *s, size_t length) {
  char *text = buffer(), *out = text, *end = text + 300;
  size_t i = 0;
  int address = 0; /* the length is not the same everywhere */
  if (length >= 14) { /* the level at which a recursion ends is nobody's promise */
    const char *p = memmem(s, length, "stack overflow", 14);
    if (p != NULL && (p + 14 == s + length || p[14] != ' ')) run.cut = 1;
  }
  if (without(WITHOUT_zero_in_gc_message) && length > 30 && memcmp(s, "error in __gc", 13) == 0 && memchr(s, 0, length) != NULL) {
    length = strlen(s);
    address = 1;
  } else if (length > 14 && memcmp(s, "error in __gc", 13) == 0) length--; /* the parenthesis */
  *out++ = '"';
  while (i < length && out < end) {
    unsigned char c = (unsigned char)s[i];
    if (c == '0' && i + 8 < length && s[i + 1] == 'x' && isxdigit((unsigned char)s[i + 6])) {
      out += sprintf(out, "ADDRESS");
      for (i += 2; i < length && isxdigit((unsigned char)s[i]); i++) continue;
      address = 1;
      continue;
    }
    if (c == '\'' && i > 2 && s[i - 1] == ' ') {
      size_t n = 0;
      while (i + 1 + n < length && (isalnum((unsigned char)s[i + 1 + n]) || strchr("_.", s[i + 1 + n]))) n++;
      if (i + 1 + n < length && s[i + 1 + n] == '\'' && n > 0 && is_looked_up(s + i + 1, n)) {
        out += sprintf(out, "'GLOBAL'");
        i += n + 2;
        address = 1;
        continue;
      }
    }
    if (c == '\n') out += sprintf(out, "\\n");
    else if (c == '"' || c == '\\') out += sprintf(out, "\\%c", c);
    else if (c < 32 || c > 126) out += sprintf(out, "\\%03d", c);
    else *out++ = (char)c;
    i++;
  }
  *out++ = '"';
  if (i < length && !address) out += sprintf(out, "...(%d)", (int)length);
  *out = 0;
  return text;
}

const char *show(lua_State *L, int index) {
  char *text = buffer();
  switch (lua_type(L, index)) {
    case LUA_TNONE: return "none";
    case LUA_TNIL: return "nil";
    case LUA_TBOOLEAN: return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER: {
      lua_Number n = lua_tonumberx(L, index, NULL);
      if (n != n) return "nan"; /* the sign of a NaN means nothing */
      sprintf(text, "%.14g", n);
      return text;
    }
    case LUA_TSTRING: {
      size_t length;
      const char *s = lua_tolstring(L, index, &length);
      return show_bytes(s, length);
    }
    case LUA_TLIGHTUSERDATA: return light_name(lua_touserdata(L, index));
    case LUA_TUSERDATA: {
      unsigned *block = (unsigned *)lua_touserdata(L, index);
      if (lua_rawlen(L, index) < 8 || block[0] != 0x5EC0E4CEu) return "userdata";
      sprintf(text, "userdata%u", block[1]);
      return text;
    }
    case LUA_TTABLE: return "table";
    case LUA_TFUNCTION: {
      lua_Debug ar;
      lua_CFunction function = lua_tocfunction(L, index);
      if (function != NULL) return c_name(function);
      if (!lua_checkstack(L, 2)) return "function";
      lua_pushvalue(L, index);
      lua_getinfo(L, ">S", &ar);
      sprintf(text, "function:%d", ar.linedefined);
      return text;
    }
    case LUA_TTHREAD: {
      lua_State *thread = lua_tothread(L, index);
      int i = thread_index(thread);
      if (thread == run.main) return "main";
      if (i < 0) return "thread";
      sprintf(text, "thread%d", i);
      return text;
    }
  }
  return "a value of no type";
}

/* A letter for each value: enough to see one that is lost, too many or of a wrong type. */
const char *show_stack(lua_State *L, int floor) {
  char *text = buffer(), *out = text;
  int i, top = lua_gettop(L);
  for (i = floor + 1; i <= top && out < text + 60; i++) *out++ = "nbldstfuc"[lua_type(L, i)];
  *out = 0;
  return text;
}

/* The entries of a table without their order, and whether its length is one that it may have. */
void describe(lua_State *L, int index) {
  int top = lua_gettop(L), table = lua_absindex(L, index), count = 0, positive = 0;
  lua_Number last = 0;
  unsigned sum = 0;
  size_t border = lua_rawlen(L, table);
  char only[400] = "";
  if (!lua_checkstack(L, 6)) return;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    char line[900];
    unsigned hash = 5381;
    const char *p;
    snprintf(line, sizeof line, "%s = %s", show(L, -2), show(L, -1));
    for (p = line; *p; p++) hash = hash * 33 + (unsigned char)*p;
    sum += hash;
    count++;
    snprintf(only, sizeof only, "%.399s", line);
    if (lua_type(L, -2) == LUA_TNUMBER) {
      lua_Number n = lua_tonumberx(L, -2, NULL);
      if (n >= 1 && n <= 1000 && n == (int)n) {
        positive++;
        if (n > last) last = n;
      }
    }
    lua_settop(L, -2);
  }
  if (count == 1) say("  {%s}", only);
  else if (count > 1) say("  {%d entries, %08x}", count, sum);
  else say("  {}");
  if (positive == (int)last) { /* a sequence: the length is that of its elements */
    if (border != (size_t)positive) say("  of length %d", (int)border);
  } else { /* it is one of the borders */
    lua_rawgeti(L, table, (int)border);
    lua_rawgeti(L, table, (int)border + 1);
    if ((border > 0 && lua_type(L, -2) == LUA_TNIL) || lua_type(L, -1) != LUA_TNIL) say("  of a length that is no border");
  }
  lua_settop(L, top);
}

void describe_info(lua_State *L, const lua_Debug *ar, const char *what) {
  (void)L;
  if (strchr(what, 'S')) say("  %s %s %d-%d '%s'", ar->what, show_bytes(ar->source, strlen(ar->source)), ar->linedefined, ar->lastlinedefined, ar->short_src);
  if (strchr(what, 'l')) say("  line %d", ar->currentline);
  if (strchr(what, 'n')) say("  name %s '%s'", ar->name ? ar->name : "none", ar->namewhat);
  if (strchr(what, 'u')) say("  %d upvalues, %d parameters%s", ar->nups, ar->nparams, ar->isvararg ? ", vararg" : "");
  if (strchr(what, 't')) say("  %s", ar->istailcall ? "tail call" : "no tail call");
}
