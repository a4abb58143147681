/* One sequence after the other, or one that is shown. tests/sequences/run drives this; the fuzz target calls `run_sequence`.
 *
 *   sequences batch SEED FIRST COUNT   for each sequence its number and the sum of its trace; at the end what was exercised
 *   sequences show FILE                the trace of the sequence in FILE
 *   sequences bytes SEED NUMBER        the sequence itself */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "sequences.h"

/* ---- the allocator: it knows its blocks, moves each that grows, and fails when it is told to ---- */

static struct {
  size_t blocks, requests;
  size_t fail_from, fail_to;
} heap;

typedef struct Block {
  size_t size, mark;
} Block;
enum { MARK = 0x600DB10C };

static void wrong(const char *what) {
  fprintf(stderr, "allocator: %s\n", what);
  fflush(NULL);
  abort();
}

void *allocate(void *ud, void *p, size_t old, size_t size) {
  Block *block = p ? (Block *)p - 1 : NULL, *new_block;
  if (ud != &run && ud != &api_calls) wrong("a user data that was not given");
  if (block != NULL && block->mark != MARK) wrong("not a block of this state");
  if (block != NULL && block->size != old) wrong("a wrong old size");
  if (size == 0) {
    if (block != NULL) {
      block->mark = 0;
      heap.blocks--;
      free(block);
    }
    return NULL;
  }
  if (block == NULL || size > block->size) {
    heap.requests++;
    if (heap.requests >= heap.fail_from && heap.requests < heap.fail_to) return NULL;
  }
  new_block = (Block *)malloc(size + sizeof(Block));
  if (new_block == NULL) wrong("out of memory");
  new_block->size = size;
  new_block->mark = MARK;
  heap.blocks++;
  if (block != NULL) {
    memcpy(new_block + 1, block + 1, size < block->size ? size : block->size);
    block->mark = 0;
    heap.blocks--;
    free(block);
  }
  return new_block + 1;
}

/* What luaL_newstate is known to use. */
void *reallocate(void *ud, void *block, size_t old, size_t size) {
  (void)ud;
  (void)old;
  if (size == 0) {
    free(block);
    return NULL;
  }
  return realloc(block, size);
}

/* ---- a sequence ---- */

static jmp_buf after_panic;

static int panic(lua_State *L) {
  say("panic: %s", show(L, -1));
  longjmp(after_panic, 1);
}

/* Runs the records in protected calls, as long as there are some. */
static void run_records(lua_State *L) {
  int status;
  while (run.end - run.at >= RECORD) {
    run.depth = 0;
    lua_settop(L, lua_gettop(L) % 3);
    lua_checkstack(L, LUA_MINSTACK);
    lua_pushcclosure(L, body, 0);
    lua_insert(L, 1);
    status = lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, NULL);
    run.depth = 0;
    if (status == LUA_OK) say("the protected call gave [%s]", show_stack(L, 0));
    else say("the protected call failed with %s, %s", status_name(status), show(L, -1));
  }
}

void run_sequence(const unsigned char *bytes, size_t count) {
  static const Mode modes[8] = {EXACT, EXACT, EXACT, EXACT, COLLECTING, COLLECTING, FAILING, FAILING};
  FILE *echo = run.echo;
  lua_State *volatile L = NULL;
  int i, own;
  memset(&run, 0, sizeof run);
  memset(&heap, 0, sizeof heap);
  run.echo = echo;
  run.hash = 14695981039346656037u;
  run.hook_pace = 1;
  if (count < HEADER) return;
  for (i = 0; i < REFERENCES; i++) run.references[i] = LUA_NOREF;
  run.mode = modes[bytes[0] % 8];
  own = run.mode == FAILING || bytes[1] % 2;
  if (run.mode == FAILING) {
    heap.fail_from = (size_t)bytes[2] * (bytes[1] / 2 % 8 * 4 + 1);
    heap.fail_to = heap.fail_from + (bytes[3] % 2 ? 1 : bytes[3]);
  }
  run.at = bytes + HEADER;
  run.end = bytes + count;
  say("%s, %s", run.mode == EXACT ? "the collector runs when asked" : run.mode == COLLECTING ? "the collector runs" : "allocations fail",
      own ? "lua_newstate" : "luaL_newstate");
  if (setjmp(after_panic) == 0) {
    L = own ? API(lua_newstate)(allocate, &run) : API(luaL_newstate)();
    if (L != NULL) {
      run.main = L;
      API(lua_atpanic)(L, panic);
      if (run.mode == EXACT) API(lua_gc)(L, LUA_GCSTOP, 0);
      API(luaL_openlibs)(L);
      register_functions(L);
      if (run.mode == COLLECTING) switch (bytes[2] % 4) {
        case 0: lua_gc(L, LUA_GCGEN, 0); break;
        case 1: lua_gc(L, LUA_GCSETPAUSE, bytes[3]); break;
        case 2: /* always in the middle of a cycle */
          lua_gc(L, LUA_GCSETPAUSE, 100);
          lua_gc(L, LUA_GCSETSTEPMUL, 40 + bytes[3]);
          break;
      }
      if (bytes[3] % 16 == 0 && run.mode != FAILING) { /* the last records without protection */
        const unsigned char *end = run.end;
        size_t n = (size_t)(end - run.at) / RECORD;
        run.end = run.at + n / 2 * RECORD;
        run_records(L);
        run.end = end;
        say("without protection");
        lua_settop(L, 0);
        lua_pushcclosure(L, body, 0);
        lua_callk(L, 0, 0, 0, NULL);
      }
      run_records(L);
    }
  } else run.at = run.end; /* the thread's status forbids calls, to finalizers as well */
  if (L != NULL) {
    run.depth = 0;
    run.closing = 1;
    say("lua_close(L)");
    /* A finalizer that panics has nowhere to go to. */
    API(lua_close)(L);
  }
  if (own && heap.blocks != 0) {
    run.cut = 0;
    run.mode = EXACT;
    say("%d blocks are left", (int)heap.blocks);
#ifdef FUZZING
    wrong("blocks are left");
#endif
  }
}

#ifndef FUZZING

static uint64_t seed;
static uint64_t random_word(void) { /* splitmix64 */
  uint64_t z = (seed += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static unsigned char bytes[HEADER + RECORD * 400];
static size_t make_sequence(uint64_t from, uint64_t number) {
  size_t count, i;
  seed = (from << 40) + number;
  /* Short ones are many, so that a failure is small; long ones reach farther. */
  count = HEADER + RECORD * (8 + random_word() % (random_word() % 4 ? 90 : 390));
  for (i = 0; i < count; i++) bytes[i] = (unsigned char)(random_word() >> 32);
  return count;
}

/* What is not compared any more may go on: a recursion that the reference ends after 200 levels takes much longer here. */
static char last_line[40];
static void out_of_time(int signal_number) {
  if (run.cut) {
    if (*last_line) {
      int length = snprintf(last_line + strlen(last_line), sizeof last_line - strlen(last_line), " %016llx\n", (unsigned long long)run.hash);
      if (length > 0 && write(1, last_line, strlen(last_line)) < 0) _exit(3);
    }
    _exit(0);
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

/* A sequence takes milliseconds, under valgrind a second: one that takes so much of the processor's time does not end. */
static void limit_time(void) {
  struct itimerval limit = {{0, 0}, {10, 0}};
  signal(SIGPROF, out_of_time);
  setitimer(ITIMER_PROF, &limit, NULL);
}

int main(int argc, char **argv) {
  size_t count;
  int i;
  choose_operations();
  if (argc == 5 && strcmp(argv[1], "batch") == 0) {
    uint64_t first = strtoull(argv[3], NULL, 10), n = strtoull(argv[4], NULL, 10), number;
    for (number = first; number < first + n; number++) {
      limit_time();
      snprintf(last_line, 21, "%llu", (unsigned long long)number);
      count = make_sequence(strtoull(argv[2], NULL, 10), number);
      run_sequence(bytes, count);
      printf("%llu %016llx\n", (unsigned long long)number, (unsigned long long)run.hash);
      fflush(stdout);
    }
    for (i = 0; i < FUNCTIONS; i++) {
      static const char *const names[] = {
#define X(name) #name,
        X_FUNCTIONS(X)
#undef X
      };
      printf("called %s %ld\n", names[i], api_calls[i]);
    }
  } else if (argc == 3 && strcmp(argv[1], "show") == 0) {
    FILE *file = fopen(argv[2], "rb");
    if (file == NULL) return 2;
    count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    limit_time();
    run.echo = stdout;
    run_sequence(bytes, count);
  } else if (argc == 4 && strcmp(argv[1], "bytes") == 0) {
    count = make_sequence(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    fwrite(bytes, 1, count, stdout);
  } else return 2;
  return 0;
}

#endif
