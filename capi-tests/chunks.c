/* lua_load and lua_dump: readers, writers, modes, truncation, files. */
#include "support.h"

/* a growing buffer, and a reader that hands out pieces of a chosen size */
typedef struct Pieces {
  char data[8192];
  size_t len, pos, piece;
  int zero_first, calls, fail_at;
} Pieces;

static const char *read_piece(lua_State *L, void *ud, size_t *size) {
  Pieces *p = (Pieces *)ud;
  size_t n = p->len - p->pos < p->piece ? p->len - p->pos : p->piece;
  const char *s = p->data + p->pos;
  p->calls++;
  if (p->fail_at != 0 && p->calls == p->fail_at) luaL_error(L, "the reader fails");
  if (n == 0) {
    *size = 0;
    return NULL;
  }
  p->pos += n;
  *size = n;
  return s;
}

static int collect(lua_State *L, const void *data, size_t size, void *ud) {
  Pieces *p = (Pieces *)ud;
  (void)L;
  if (p->len + size > sizeof p->data) return 1;
  memcpy(p->data + p->len, data, size);
  p->len += size;
  p->calls++;
  return 0;
}

static void set_text(Pieces *p, const char *text, size_t piece) {
  memset(p, 0, sizeof *p);
  strcpy(p->data, text);
  p->len = strlen(text);
  p->piece = piece;
}

static int load(lua_State *L, Pieces *p, const char *name, const char *mode) {
  p->pos = 0;
  p->calls = 0;
  return lua_load(L, read_piece, p, name, mode);
}

static void dump_top(lua_State *L, Pieces *p) {
  memset(p, 0, sizeof *p);
  if (lua_dump(L, collect, p) != 0) say("dump failed");
}

static void t_pieces(lua_State *L) {
  Pieces p;
  size_t piece;
  for (piece = 1; piece < 30; piece += 7) {
    set_text(&p, "local a = 'some text' -- comment\nreturn a, 0x10, [[long\nstring]], ...", piece);
    say("%s", status_name(load(L, &p, "=pieces", NULL)));
    lua_pushliteral(L, "argument");
    lua_call(L, 1, LUA_MULTRET);
    show_stack(L, "results");
    lua_settop(L, 0);
  }
  set_text(&p, "", 1);
  say("empty: %s", status_name(load(L, &p, "=empty", NULL)));
  lua_call(L, 0, LUA_MULTRET);
  show_stack(L, "nothing");
}

static const char *zero_size(lua_State *L, void *ud, size_t *size) {
  int *n = (int *)ud;
  (void)L;
  switch ((*n)++) {
    case 0: *size = 8; return "return 1";
    case 1: *size = 0; return "not read";
    default: say("read after the end"); *size = 2; return "23";
  }
}
static const char *null_with_size(lua_State *L, void *ud, size_t *size) {
  int *n = (int *)ud;
  (void)L;
  *size = 8;
  return (*n)++ == 0 ? "return 2" : NULL;
}
static const char *nothing(lua_State *L, void *ud, size_t *size) {
  (void)L, (void)ud;
  *size = 0;
  return NULL;
}

static void t_end_of_chunk(lua_State *L) {
  int n = 0;
  say("%s", status_name(lua_load(L, zero_size, &n, "=z", NULL)));
  lua_call(L, 0, 1);
  n = 0;
  say("%s", status_name(lua_load(L, null_with_size, &n, "=z", NULL)));
  lua_call(L, 0, 1);
  say("%s", status_name(lua_load(L, nothing, NULL, "=z", "t")));
  lua_call(L, 0, 1);
  show_stack(L, "results");
  show_status(L, "nothing, as binary", lua_load(L, nothing, NULL, "=z", "b"));
  lua_settop(L, 0);
}

static const char *pushing_reader(lua_State *L, void *ud, size_t *size) {
  int *n = (int *)ud;
  if ((*n)++ > 3) {
    *size = 0;
    return NULL;
  }
  lua_settop(L, lua_gettop(L));
  lua_pushfstring(L, "local v%d = %d ", *n, *n);
  lua_replace(L, 1); /* the piece must stay alive while it is read */
  lua_gc(L, LUA_GCCOLLECT, 0);
  return lua_tolstring(L, 1, size);
}
static const char *yielding_reader(lua_State *L, void *ud, size_t *size) {
  (void)ud;
  *size = 0;
  lua_yield(L, 0);
  return NULL;
}
static int load_yielding(lua_State *L) {
  int status = lua_load(L, yielding_reader, NULL, "=y", NULL);
  lua_pushstring(L, status_name(status));
  return 2;
}

static void t_reader_effects(lua_State *L) {
  Pieces p;
  int n = 0, i;
  lua_State *co;
  lua_pushliteral(L, "slot");
  say("%s", status_name(lua_load(L, pushing_reader, &n, "=pushing", NULL)));
  say("top %d", lua_gettop(L));
  lua_settop(L, 0);
  for (i = 1; i <= 3; i++) {
    set_text(&p, "return 'abcdefgh'", 6);
    p.fail_at = i;
    show_status(L, "reader error", load(L, &p, "=r", NULL));
    say("top %d", lua_gettop(L));
  }
  co = lua_newthread(L);
  lua_pushcfunction(co, load_yielding);
  say("%s", status_name(lua_resume(co, L, 0)));
  show_stack(co, "yield in a reader");
  lua_settop(L, 0);
}

static void t_names(lua_State *L) {
  static const char *const names[] = { "=name", "@file.lua", "plain text", "two\nlines", "", "=",
    "=a name that is much longer than what fits in the sixty characters of a short source",
    "@/a/path/that/is/much/longer/than/what/fits/in/the/sixty/characters/file.lua",
    "some code that is much longer than what fits in the sixty characters of a short source", "@" };
  size_t i;
  for (i = 0; i < sizeof names / sizeof names[0]; i++) {
    Pieces p;
    lua_Debug ar;
    set_text(&p, "error('here')", 100);
    load(L, &p, names[i], NULL);
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &ar);
    say("source %s", ar.source);
    show_status(L, "error", lua_pcall(L, 0, 0, 0));
  }
  {
    Pieces p;
    set_text(&p, "error('here')", 100);
    load(L, &p, NULL, NULL);
    show_status(L, "no name", lua_pcall(L, 0, 0, 0));
  }
}

static void t_modes(lua_State *L) {
  static const char *const modes[] = { "t", "b", "bt", "tb", "", "x", NULL };
  Pieces text, binary;
  int i;
  set_text(&text, "return 'loaded'", 100);
  load(L, &text, "=m", NULL);
  dump_top(L, &binary);
  lua_pop(L, 1);
  binary.piece = 100;
  for (i = 0; i < 7; i++) {
    printf("mode %s: ", modes[i] ? modes[i] : "(null)");
    show_status(L, "text", load(L, &text, "=m", modes[i]));
    printf("mode %s: ", modes[i] ? modes[i] : "(null)");
    show_status(L, "binary", load(L, &binary, "=m", modes[i]));
    lua_settop(L, 0);
  }
  show_status(L, "luaL_loadbufferx", luaL_loadbufferx(L, binary.data, binary.len, "=lb", "t"));
  show_status(L, "luaL_loadbufferx", luaL_loadbufferx(L, binary.data, binary.len, "=lb", "b"));
  lua_call(L, 0, 1);
  show_stack(L, "ran");
  lua_settop(L, 0);
}

static void t_round_trip(lua_State *L) {
  static const char *const list[] = {
    "return ...", "return 1, 2.5, -0.0, 1e300, 'text', 'zero\\0inside', true, false, nil",
    "local a, b = 1, 2 local function f(x) a = a + x return a + b end return f(10), f(1)",
    "local t = {} for i = 1, 10 do t[i] = function() return i end end return t[3](), t[10]()",
    "local function v(...) return select('#', ...), ... end return v(1, nil, 3)",
    "goto done; do return 'no' end ::done:: return 'goto'"
  };
  size_t i;
  for (i = 0; i < 6; i++) {
    Pieces p, q;
    compile(L, list[i]);
    dump_top(L, &p);
    lua_pop(L, 1);
    for (p.piece = 1; p.piece < 200; p.piece *= 13) {
      say("%s", status_name(load(L, &p, "=other name", "b")));
      dump_top(L, &q);
      say("the same bytes again %d", p.len == q.len && memcmp(p.data, q.data, p.len) == 0);
      lua_pushliteral(L, "arg");
      lua_call(L, 1, LUA_MULTRET);
      show_stack(L, "results");
      lua_settop(L, 0);
    }
  }
}

static int c_function(lua_State *L) {
  (void)L;
  return 0;
}
/* Takes so many bytes and no more. */
static int failing_writer(lua_State *L, const void *data, size_t size, void *ud) {
  size_t *left = (size_t *)ud;
  (void)L, (void)data;
  if (size > *left) return 77;
  *left -= size;
  return 0;
}
static int raising_writer(lua_State *L, const void *data, size_t size, void *ud) {
  (void)data, (void)size, (void)ud;
  return luaL_error(L, "the writer fails");
}
static int dump_raising(lua_State *L) {
  compile(L, "return 1");
  lua_dump(L, raising_writer, NULL);
  return 0;
}

static void t_dump_results(lua_State *L) {
  size_t left;
  Pieces p;
  lua_pushcfunction(L, c_function);
  p.len = p.calls = 0;
  say("C function %d", lua_dump(L, collect, &p));
  say("top %d", lua_gettop(L));
  lua_pop(L, 1);
  lua_newtable(L);
  say("table %d", lua_dump(L, collect, &p));
  lua_pop(L, 1);
  compile(L, "return 1");
  for (left = 0; left < 1000; left += 20) {
    size_t n = left;
    int code = lua_dump(L, failing_writer, &n);
    say("writer's code %d, top %d", code, lua_gettop(L));
  }
  lua_pop(L, 1);
  try_c(L, "raising writer", dump_raising, 0);
}

/* every proper prefix of a dump fails with a message */
static void t_truncation(lua_State *L) {
  Pieces p;
  size_t full, n, same = 0, fine = 0;
  compile(L, "local a = 'constant' local function f(x, ...) return x + 1, a, ... end return f(2.5, 'x')");
  dump_top(L, &p);
  lua_pop(L, 1);
  full = p.len;
  p.piece = 5;
  for (n = 1; n < full; n++) {
    int status;
    p.len = n;
    status = load(L, &p, "=cut", NULL);
    if (status == LUA_OK) fine++;
    else if (strcmp(lua_tostring(L, -1), "cut: truncated precompiled chunk") == 0) same++;
    else say("at %lu: %s %s", (unsigned long)n, status_name(status), lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  say("accepted %lu, truncated %d", (unsigned long)fine, same == full - 1);
  p.len = full;
  say("whole %s", status_name(load(L, &p, "=cut", NULL)));
  lua_settop(L, 0);
}

/* each byte of the header matters */
static void t_header(lua_State *L) {
  Pieces p, q;
  int i;
  compile(L, "return 1");
  dump_top(L, &p);
  lua_pop(L, 1);
  printf("header:");
  for (i = 0; i < 18; i++) printf(" %02x", (unsigned char)p.data[i]);
  putchar('\n');
  for (i = 1; i < 18; i++) {
    q = p;
    q.piece = 1000;
    q.data[i] = (char)(q.data[i] ^ 0x20);
    printf("byte %d: ", i);
    show_status(L, "changed", load(L, &q, "=bad", "b"));
  }
  show_status(L, "only the first byte", luaL_loadbuffer(L, "\033", 1, "=esc"));
  show_status(L, "escape and text", luaL_loadbuffer(L, "\033return 1", 9, "=esc"));
}

static void t_upvalues_of_loaded(lua_State *L) {
  Pieces p;
  int i;
  const char *name;
  /* one upvalue, not _ENV: it gets the globals all the same */
  run_lua(L, "local other = 5 return function() return other end");
  dump_top(L, &p);
  lua_settop(L, 0);
  p.piece = 1000;
  load(L, &p, "=one", NULL);
  lua_call(L, 0, 1);
  lua_pushglobaltable(L);
  say("one upvalue is the globals %d", lua_rawequal(L, -1, -2));
  lua_settop(L, 0);
  /* two: nothing is set */
  run_lua(L, "local a, b = 1, 2 return function() return a, b, type end");
  dump_top(L, &p);
  lua_settop(L, 0);
  p.piece = 1000;
  load(L, &p, "=three", NULL);
  for (i = 1; (name = lua_getupvalue(L, 1, i)) != NULL; i++) {
    say("upvalue %d '%s' %s", i, name, luaL_typename(L, -1));
    lua_pop(L, 1);
  }
  lua_settop(L, 0);
  run_lua(L, "return function() return 'no upvalue' end");
  dump_top(L, &p);
  lua_settop(L, 0);
  p.piece = 1000;
  load(L, &p, "=none", NULL);
  lua_call(L, 0, 1);
  show_stack(L, "none");
  lua_settop(L, 0);
  /* upvalues of fresh loads are not shared */
  compile(L, "n = (n or 0) + 1 return n");
  lua_newtable(L);
  name = lua_setupvalue(L, 1, 1);
  say("environment replaced: %s", name);
  lua_call(L, 0, 1);
  lua_getglobal(L, "n");
  show_stack(L, "own environment");
  lua_settop(L, 0);
}

/* ---- files -------------------------------------------------------------------------------- */

static void write_file(const char *name, const char *data, size_t len) {
  FILE *f = fopen(name, "wb");
  if (f == NULL) exit(3);
  fwrite(data, 1, len, f);
  fclose(f);
}

static void load_file(lua_State *L, const char *label, const char *mode) {
  int status = luaL_loadfilex(L, "chunk.tmp", mode);
  printf("%s: %s ", label, status_name(status));
  if (status == LUA_OK) {
    status = lua_pcall(L, 0, LUA_MULTRET, 0);
    printf("%s ", status_name(status));
  }
  show_stack(L, "stack");
  lua_settop(L, 0);
}

#define WRITE(text) write_file("chunk.tmp", text, sizeof text - 1)

static void t_files(lua_State *L) {
  Pieces p;
  char buffer[9000];
  size_t n;
  WRITE("return 'plain', (...)");
  load_file(L, "plain", NULL);
  WRITE("\xEF\xBB\xBFreturn 'bom'");
  load_file(L, "BOM", NULL);
  WRITE("#!/usr/bin/lua\nerror('line two')");
  load_file(L, "first line", NULL);
  WRITE("# comment without end");
  load_file(L, "only a comment", NULL);
  WRITE("\xEF\xBB\xBF# comment\nerror('after both')");
  load_file(L, "BOM and comment", NULL);
  WRITE("\xEF\xBBreturn 1");
  load_file(L, "part of a BOM", NULL);
  WRITE("");
  load_file(L, "empty", NULL);
  WRITE("return 'crlf'\r\n\r\nerror('x')");
  load_file(L, "CRLF", NULL);
  WRITE("local x =\n\n=");
  load_file(L, "syntax", NULL);
  WRITE("return 'text'");
  load_file(L, "text only", "t");
  load_file(L, "binary only", "b");
  compile(L, "return 'binary', debug.getinfo(1, 'S').short_src");
  dump_top(L, &p);
  lua_settop(L, 0);
  write_file("chunk.tmp", p.data, p.len);
  load_file(L, "binary file", NULL);
  load_file(L, "binary file as text", "t");
  load_file(L, "binary file as binary", "b");
  n = (size_t)sprintf(buffer, "# a comment, then binary\n");
  memcpy(buffer + n, p.data, p.len);
  write_file("chunk.tmp", buffer, n + p.len);
  load_file(L, "comment and binary", NULL);
  n = (size_t)sprintf(buffer, "\xEF\xBB\xBF# BOM\n");
  memcpy(buffer + n, p.data, p.len);
  write_file("chunk.tmp", buffer, n + p.len);
  load_file(L, "BOM, comment and binary", NULL);
  memset(buffer, ' ', sizeof buffer);
  memcpy(buffer + sizeof buffer - 16, "return 'far off'", 16);
  write_file("chunk.tmp", buffer, sizeof buffer);
  load_file(L, "longer than a buffer", NULL);
  remove("chunk.tmp");
  load_file(L, "missing", NULL);
  show_status(L, "a directory", luaL_loadfile(L, "."));
  say("dofile %d", luaL_dofile(L, "chunk.tmp"));
  show_stack(L, "message");
  lua_settop(L, 0);
  WRITE("return 'by dofile', 2");
  say("dofile %d", luaL_dofile(L, "chunk.tmp"));
  show_stack(L, "results");
  lua_settop(L, 0);
  if (freopen("chunk.tmp", "r", stdin) != NULL) {
    show_status(L, "standard input", luaL_loadfile(L, NULL));
    lua_call(L, 0, LUA_MULTRET);
    show_stack(L, "from it");
  }
  lua_settop(L, 0);
  remove("chunk.tmp");
}

static void t_strings(lua_State *L) {
  say("dostring %d", luaL_dostring(L, "return 1, 'two'"));
  show_stack(L, "results");
  lua_settop(L, 0);
  say("dostring %d", luaL_dostring(L, "return +"));
  show_stack(L, "message");
  lua_settop(L, 0);
  say("dostring %d", luaL_dostring(L, "error({})"));
  show_stack(L, "error");
  lua_settop(L, 0);
  show_status(L, "loadstring", luaL_loadstring(L, "x ="));
  show_status(L, "embedded zero", luaL_loadbuffer(L, "return '\0', '\\0'", 16, "=z"));
  lua_call(L, 0, LUA_MULTRET);
  show_stack(L, "zeros");
  lua_settop(L, 0);
  show_status(L, "zero at the end", luaL_loadbuffer(L, "return 1\0", 9, "=z"));
  show_status(L, "zero outside of a string", luaL_loadbuffer(L, "return \0 1", 10, "=z"));
  run_lua(L, "print(load('return 1', '=x', 'b')) print(load(string.dump(load('return 1')), '=x', 't')) "
             "print(pcall(string.dump, print)) print(type(load(function() return nil end))) print(pcall(load(function() return {} end) or print))");
  lua_settop(L, 0);
}

static const Section sections[] = {
  { "pieces", t_pieces },
  { "end_of_chunk", t_end_of_chunk },
  { "reader_effects", t_reader_effects },
  { "names", t_names },
  { "modes", t_modes },
  { "round_trip", t_round_trip },
  { "dump_results", t_dump_results },
  { "truncation", t_truncation },
  { "header", t_header },
  { "upvalues_of_loaded", t_upvalues_of_loaded },
  { "files", t_files },
  { "strings", t_strings },
  END_OF_SECTIONS
};

int main(int argc, char **argv) { return run_sections(argc, argv, sections); }
