/* Random sequences of legal calls of the C API. A sequence is a string of bytes: a header of HEADER bytes, then records of
 * RECORD bytes, the first of which names an operation and the others its arguments. There is one stream of records: a C
 * function that Lua calls, a hook or a finalizer goes on with the next record where its caller stopped, so that dropping
 * records from a string gives another sequence, and the trace reads as one list of calls.
 *
 * Whatever is traced must not depend on addresses, on the order of keys in tables, or on when the collector works. */
#ifndef SEQUENCES_H
#define SEQUENCES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#include "functions.h" /* made from src/abi/exports.txt: X_FUNCTIONS(X), an X(name) for each exported name */

#define HEADER 4
#define RECORD 6
#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

enum {
#define X(name) AT_##name,
  X_FUNCTIONS(X)
#undef X
  FUNCTIONS
};
extern long api_calls[FUNCTIONS];

/* API(lua_gettop)(L): a call that counts as exercised. The generator's own bookkeeping calls without it. */
#define API(name) (++api_calls[AT_##name], name)

/* What a sequence may hold and what of it is compared. */
typedef enum Mode {
  EXACT,      /* the collector runs only when it is asked for: finalizers and weak tables are part of the trace */
  COLLECTING, /* it runs as it likes: finalizers do their work in silence, and there are no weak tables */
  FAILING     /* some allocations fail: nothing is compared but that the state lives and gives everything back */
} Mode;

/* Kinds of calls that are left out; exclusions.h says why. */
typedef enum Exclusion {
#define X(name, group, reason) WITHOUT_##name,
#include "exclusions.h"
#undef X
  EXCLUSIONS
} Exclusion;
int without(Exclusion kind);

enum { THREADS = 6, REFERENCES = 6 };

typedef struct Run {
  const unsigned char *at, *end;
  Mode mode;
  int depth;      /* C functions of ours that are active, for the indentation */
  int cut;        /* what comes is not compared any more */
  int counting;   /* a count hook was set */
  int hook_pace;  /* each so many events the hook acts */
  int events;
  int next_id;    /* of userdata */
  int lines;
  unsigned finalized; /* in silence */
  int closing;
  int hooks; /* that act now */
  lua_State *main;
  lua_State *threads[THREADS];
  int in_hook[THREADS]; /* it yielded in a hook */
  int references[REFERENCES];
  unsigned char chunk[4096]; /* a function that was dumped */
  size_t chunk_size;
  uint64_t hash;
  FILE *echo;
} Run;
extern Run run;

/* Who runs the records. */
typedef enum Kind {
  FUNCTION,    /* a C function, which may yield */
  IN_BUFFER,   /* the same with a luaL_Buffer that is not finished */
  STEP_HOOK,   /* a count or line hook, which may yield */
  CALL_HOOK    /* a call or return hook */
} Kind;

typedef struct Frame {
  lua_State *L;
  int floor; /* the values up to here are not the sequence's */
  Kind kind;
  int ended, results;
  int continued; /* lua_getctx is not the same everywhere */
  const unsigned char *a; /* the arguments of the current record */
} Frame;

/* ---- trace.c ---- */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *show(lua_State *L, int index);
const char *show_bytes(const char *bytes, size_t length);
const char *show_stack(lua_State *L, int floor);
const char *status_name(int status);
void describe(lua_State *L, int index);
void describe_info(lua_State *L, const lua_Debug *ar, const char *what);

/* ---- values.c ---- */
extern const lua_CFunction c_functions[];
extern const char *const c_names[];
const char *c_name(lua_CFunction function);
const char *light_name(const void *p);
void *light_value(unsigned which);
const char *snippet(unsigned which);
size_t snippets(void);
int body(lua_State *L);
int finalize_quietly(lua_State *L);
void hook(lua_State *L, lua_Debug *ar);
void one_name_each(lua_State *L);
void register_functions(lua_State *L);

/* ---- calls.c ---- */
void interpret(Frame *f, int records);
void choose_operations(void);
void bound_depth(lua_State *L);
int are_registers_seen(lua_State *L);
int thread_index(lua_State *L);
int is_active(lua_State *L);
int in_uncounted_place(lua_State *L);
int may_yield(lua_State *L);
int hook_may_yield(lua_State *L);

/* ---- main.c ---- */
void *allocate(void *ud, void *block, size_t old, size_t size);
void *reallocate(void *ud, void *block, size_t old, size_t size);
void run_sequence(const unsigned char *bytes, size_t count);

/* ---- operations, a list a file ---- */
typedef struct Operation {
  void (*run)(Frame *f);
  int weight;
} Operation;
extern const Operation stack_operations[], table_operations[], call_operations[], debug_operations[], other_operations[];

/* What operations share, in calls.c. */
int pick(Frame *f, unsigned byte);               /* a valid index of the sequence's own values */
int pick_any(Frame *f, unsigned byte);           /* also pseudo-indices, and those of upvalues that are not there */
int pick_valid(Frame *f, unsigned byte);         /* also pseudo-indices, with a value */
int pick_type(Frame *f, unsigned byte, int type);/* of this type; 0 if there is none */
int pick_table(Frame *f, unsigned byte);         /* pushes one if there is none */
void need(Frame *f, int count);
void push_some(Frame *f, unsigned byte);
void push_key(Frame *f, unsigned byte);
const char *key_name(unsigned byte);
int push_function(Frame *f, unsigned byte);
void call(Frame *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void result(Frame *f, int index);
void done(Frame *f);

#endif
