/* What native code does where the system refuses something, and with many states, threads and large functions: each test is
 * a process of its own, and prints what the script printed. It must be the same as without native code.
 *
 * The library's calls of mmap, mprotect and mremap come here, because the program's functions of these names are found first.
 * States have an allocator of the C library's, so all of these calls are for native code. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

/* Calls of each function so far while `counting`, and which of them fail: from `first` on, `fails` of them. */
static struct refusal { int calls, first, fails; } maps, rights, moves, files;
static __thread int counting;

static int refused(struct refusal *r) {
  int n = counting ? ++r->calls : 0;
  if (!counting || !r->first || n < r->first || n >= r->first + r->fails) return 0;
  errno = ENOMEM;
  return 1;
}
void *mmap(void *at, size_t size, int prot, int flags, int file, off_t offset) {
  return refused(&maps) ? MAP_FAILED : (void *)syscall(SYS_mmap, at, size, prot, flags, file, offset);
}
int mprotect(void *at, size_t size, int prot) {
  return refused(&rights) ? -1 : (int)syscall(SYS_mprotect, at, size, prot);
}
void *mremap(void *at, size_t old, size_t size, int flags, ...) {
  va_list list;
  va_start(list, flags);
  void *to = va_arg(list, void *);
  va_end(list);
  return refused(&moves) ? MAP_FAILED : (void *)syscall(SYS_mremap, at, old, size, flags, to);
}
long syscall(long number, ...) {
  static long (*next)(long, ...);
  va_list list;
  long a[6];
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_memfd_create && refused(&files)) return -1;
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "syscall");
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void *alloc(void *ud, void *p, size_t old, size_t size) {
  (void)ud, (void)old;
  if (size) return realloc(p, size);
  free(p);
  return NULL;
}
static lua_State *new_state(void) {
  lua_State *L = lua_newstate(alloc, NULL);
  if (L) luaL_openlibs(L);
  return L;
}
static void fail(const char *what) {
  printf("FAILED %s\n", what);
  exit(1);
}
/* The script's result, a string, or its error. */
static const char *run(lua_State *L, const char *script) {
  if (luaL_loadstring(L, script) || lua_pcall(L, 0, 1, 0)) return lua_tostring(L, -1);
  return luaL_tolstring(L, -1, NULL);
}

/* Many functions, which call each other, are dropped and made again, and raise errors. */
static const char WORK[] =
  "local out = {}\n"
  "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
  "local function raise(n) if n == 0 then error('at the bottom') end return raise(n - 1) + 1 end\n"
  "for round = 1, 3 do\n"
  "  local t = {}\n"
  "  for i = 1, 40 do\n"
  "    t[i] = assert(load('local x, t = ... local s = 0 for i = 1, 120 do t[i] = x + i * ' .. i .. ' s = s + t[i] end return s'))\n"
  "  end\n"
  "  local s = 0\n"
  "  for i = 1, 40 do for j = 1, 3 do s = s + t[i](j, {}) end end\n"
  "  t = nil; collectgarbage()\n"
  "  out[#out + 1] = s\n"
  "end\n"
  "out[#out + 1] = fib(15)\n"
  "for i = 1, 120 do out[130] = select(2, pcall(raise, 5)) end\n"
  "local c = coroutine.wrap(function() for i = 1, 200 do coroutine.yield(i) end end)\n"
  "for i = 1, 200 do out[5] = c() end\n"
  "return table.concat(out, ' ', 1, 5) .. out[130]\n";

/* The work in a new state, counted. */
static void work(void) {
  lua_State *L = new_state();
  if (!L) fail("a state");
  counting = 1;
  puts(run(L, WORK));
  lua_close(L);
  counting = 0;
}

/* A function with `n` local variables, and one with more than `n` instructions. */
static char *wide(int n) {
  char *text = malloc(n * 500 + 4000), *p = text;
  // Few instructions, much code.
  p += sprintf(p, "local function g(x) ");
  for (int i = 0; i < 60; i++) {
    p += sprintf(p, "x = x + 1 do local v0");
    for (int k = 1; k < n; k++) p += sprintf(p, ",v%d", k);
    p += sprintf(p, " end ");
  }
  p += sprintf(p, "return x end local function f(x) ");
  for (int i = 0; i < n; i++) p += sprintf(p, "local v%d = x + %d ", i, i);
  p += sprintf(p, "return v0 + v%d, {", n - 1);
  for (int i = 0; i < 49; i++) p += sprintf(p, "v%d,", i);
  sprintf(p, "} end local s = 0 for i = 1, 300 do local a, t = f(i) s = s + a + #t + g(i) end return s");
  return text;
}
static char *lengthy(int n) {
  char *text = malloc(n * 30 + 400), *p = text;
  p += sprintf(p, "local function f(x, t) ");
  for (int i = 0; i < n; i++) p += sprintf(p, i % 3 ? "x = x + %d " : "t[%d] = x ", i % 7 + 1);
  sprintf(p, "return x end local s = 0 for i = 1, 150 do s = s + f(i, {}) end return s");
  return text;
}

static int events;
static void at_instruction(lua_State *L, lua_Debug *ar) {
  (void)ar;
  if (lua_getinfo(L, "Sl", ar)) events++;
}

static void *in_a_thread(void *said) {
  for (int i = 0; i < 6; i++) {
    lua_State *L = new_state();
    if (!L) fail("a state");
    snprintf(said, 200, "%s", run(L, WORK));
    lua_close(L);
  }
  return NULL;
}

/* Kilobytes of the process that are in memory. */
static long resident(void) {
  long pages = 0, unused;
  FILE *f = fopen("/proc/self/statm", "r");
  if (!f || fscanf(f, "%ld %ld", &unused, &pages) != 2) fail("/proc/self/statm");
  fclose(f);
  return pages * 4;
}
static int mappings(void) {
  int n = 0, c;
  FILE *f = fopen("/proc/self/maps", "r");
  if (!f) fail("/proc/self/maps");
  while ((c = getc(f)) != EOF) n += c == '\n';
  fclose(f);
  return n;
}

/* Kilobytes of native code that are in memory. */
static long resident_code(void) {
  char line[500], rights[8];
  long total = 0, kilobytes;
  int nameless = 0;
  FILE *f = fopen("/proc/self/smaps", "r");
  if (!f) fail("/proc/self/smaps");
  while (fgets(line, sizeof line, f)) {
    int end = 0;
    if (sscanf(line, "%*x-%*x %7s %*x %*s %*s %n", rights, &end) == 1 && end)
      nameless = rights[2] == 'x' && !line[end];
    else if (nameless && sscanf(line, "Rss: %ld", &kilobytes) == 1)
      total += kilobytes;
  }
  fclose(f);
  return total;
}
/* One large function whose loop meets tables of several layouts, one after the other. */
static char *phases(int n) {
  static char text[20000];
  char *p = text;
  p += sprintf(p, "local t = {} for i = 1, %d do local o = {} t[i] = o for k = 1, 8 do o['a' .. (k * i) %% 9] = k end ", n);
  p += sprintf(p, "for k = 0, 8 do o['a' .. k] = k end end local s = 0 for i = 1, #t do local o = t[i] for j = 1, 900 do ");
  for (int i = 0; i < 300; i++) p += sprintf(p, "s = s + o.a%d ", i * 7 % 9);
  sprintf(p, "end end return s");
  return text;
}

int main(int argc, char **argv) {
  const char *test = argc > 1 ? argv[1] : "";
  int n = argc > 2 ? atoi(argv[2]) : 0;
  if (!strcmp(test, "count")) {
    /* How often the work calls mmap and mprotect. */
    work();
    fprintf(stderr, "%d %d\n", maps.calls, rights.calls);
  } else if (!strcmp(test, "map")) {
    /* The n-th call fails, and after that all (argument 3 is 0) or no others. */
    maps = (struct refusal){0, n, atoi(argv[3]) ? 1 : 1 << 30};
    work();
  } else if (!strcmp(test, "protect")) {
    rights = (struct refusal){0, n, atoi(argv[3]) ? 1 : 1 << 30};
    work();
  } else if (!strcmp(test, "move")) {
    moves = (struct refusal){0, n, atoi(argv[3]) ? 1 : 1 << 30};
    work();
  } else if (!strcmp(test, "files")) {
    rights = (struct refusal){0, 1, 1 << 30};
    files = (struct refusal){0, n, 1 << 30};
    work();
    fprintf(stderr, "%d\n", files.calls);
  } else if (!strcmp(test, "mdwe")) {
    /* What was writable never becomes executable in this process: MemoryDenyWriteExecute. Kernels before 6.3 cannot do that. */
    if (prctl(65 /* PR_SET_MDWE */, 1UL, 0UL, 0UL, 0UL)) fprintf(stderr, "unknown to this system\n");
    work();
  } else if (!strcmp(test, "space")) {
    /* Address space for n more KB. The state has what it needs. */
    lua_State *L = new_state();
    struct rlimit limit;
    long size;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld", &size) != 1) fail("/proc/self/statm");
    fclose(f);
    free(malloc(8 << 20));
    void *block = malloc(100000);
    free(block);
    /* The heap is as large as it need be. */
    puts(run(L, WORK));
    lua_gc(L, LUA_GCCOLLECT, 0);
    limit.rlim_cur = limit.rlim_max = size * 4096UL + n * 1024UL;
    if (setrlimit(RLIMIT_AS, &limit)) fail("setrlimit");
    const char *said = run(L, WORK);
    puts(strstr(said, "not enough memory") ? "no memory" : said);
    lua_close(L);
  } else if (!strcmp(test, "wide") || !strcmp(test, "lengthy")) {
    lua_State *L = new_state();
    puts(run(L, (*test == 'w' ? wide : lengthy)(n)));
    lua_close(L);
  } else if (!strcmp(test, "hook")) {
    lua_State *L = new_state();
    lua_sethook(L, at_instruction, LUA_MASKCOUNT, 1);
    puts(run(L, WORK));
    printf("%d\n", events);
    lua_close(L);
  } else if (!strcmp(test, "phases")) {
    lua_State *L = new_state();
    puts(run(L, phases(n)));
    fprintf(stderr, "%ld\n", resident_code());
    lua_close(L);
  } else if (!strcmp(test, "threads")) {
    pthread_t threads[8];
    char said[8][200];
    for (int i = 0; i < 8; i++)
      if (pthread_create(&threads[i], NULL, in_a_thread, said[i])) fail("a thread");
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL), puts(said[i]);
  } else if (!strcmp(test, "states")) {
    lua_State **states = malloc(n * sizeof *states);
    long before = resident();
    char last[200] = "";
    for (int i = 0; i < n; i++) {
      if (!(states[i] = lua_newstate(alloc, NULL))) fail("a state");
      const char *said = run(states[i],
        "local function f(x) return x + 1 end local s = 0 for i = 1, 300 do s = f(s) end return s");
      if (i && strcmp(said, last)) fail(said);
      snprintf(last, sizeof last, "%s", said);
    }
    puts(last);
    fprintf(stderr, "%ld KB a state, %d mappings\n", (resident() - before) / n, mappings());
    int most = mappings();
    /* A host has to be able to map memory, too. */
    for (int i = 0; i < 1000; i++) {
      void *p = (void *)syscall(SYS_mmap, NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (p == MAP_FAILED) fail("a mapping of the host's");
    }
    for (int i = 0; i < n; i++) lua_close(states[i]);
    if (most > 40000) fail("too many mappings");
  } else {
    fprintf(stderr, "no such test\n");
    return 2;
  }
  return 0;
}
