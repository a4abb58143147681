/* What every C API test shares: named sections, each run in a fresh state, and
 * printers whose output depends on behaviour only, never on an address. */
#ifndef CAPI_TESTS_SUPPORT_H
#define CAPI_TESTS_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

typedef struct Section {
  const char *name;
  void (*run)(lua_State *L);
} Section;

#define END_OF_SECTIONS { NULL, NULL }

/* Run all sections, or only those named on the command line. Each gets a state with the
 * standard libraries open; what it leaves on the stack is printed, then the state is closed. */
int run_sections(int argc, char **argv, const Section *list);

/* printf, for one line of output */
void say(const char *fmt, ...);

const char *status_name(int status);

/* Print one value: its type, and its contents where they are deterministic. */
void show(lua_State *L, int idx);

/* Print "label: [n] v1 | v2 | ..." for the whole stack. */
void show_stack(lua_State *L, const char *label);

/* Print "label: value" */
void show_value(lua_State *L, const char *label, int idx);

/* Print the status and, for a failure, the value on the top, which is popped. */
void show_status(lua_State *L, const char *label, int status);

/* lua_pcall of f with the n topmost values as arguments; prints results or error, pops them all. */
void try_c(lua_State *L, const char *label, lua_CFunction f, int n);

/* Compile and run code, keeping its results; a failure is printed and popped. Returns the status. */
int run_lua(lua_State *L, const char *code);

/* The bytes that are left after a collection. */
double bytes_in_use(lua_State *L);

/* Do run in a process of its own, with a state of its own and stderr as stdout; tells how the process ended. */
const char *in_child(void (*run)(lua_State *L));

/* Does valgrind or AddressSanitizer run this, whose memory is another matter? */
int under_checker(void);

/* Compile code and leave the function on the stack; exits when it does not compile. */
void compile(lua_State *L, const char *code);

#endif
