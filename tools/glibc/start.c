/* What a program needs to start with any glibc from 2.17 on, linked with the libraries of `stubs`.

   Since 2.34 the C library's own first instructions leave it to the library to call the program's constructors, which
   older libraries do not know. Since 2.33 `stat64` and `fstat64`, which Rust calls, are functions of the library; before,
   each program had its own, and these call what they called. */

#include <stddef.h>
#include <sys/stat.h>

typedef void Constructor(int argc, char **argv, char **environment);

extern int main(int argc, char **argv, char **environment);
extern int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, Constructor *init,
                             void (*fini)(void), void (*loader_fini)(void), void *stack_end);
extern Constructor *const __init_array_start[] __attribute__((visibility("hidden")));
extern Constructor *const __init_array_end[] __attribute__((visibility("hidden")));

static void construct(int argc, char **argv, char **environment) {
  for (Constructor *const *f = __init_array_start; f != __init_array_end; f++) (*f)(argc, argv, environment);
}

/* The kernel leaves the number of arguments and the arguments on the stack, the loader a function for the end. */
__attribute__((used, noreturn)) static void start(long *stack, void (*loader_fini)(void)) {
  __libc_start_main(main, (int)stack[0], (char **)(stack + 1), construct, NULL, loader_fini, stack);
  __builtin_trap();
}

__asm__(
    ".text\n"
    ".globl lua52_start\n"
    ".hidden lua52_start\n"
    ".type lua52_start, %function\n"
    "lua52_start:\n"
    ".cfi_startproc\n"
#if defined(__x86_64__)
    ".cfi_undefined rip\n"
    "  xorl %ebp, %ebp\n"
    "  movq %rsp, %rdi\n"
    "  movq %rdx, %rsi\n"
    "  andq $-16, %rsp\n"
    "  call start\n"
#elif defined(__aarch64__)
    ".cfi_undefined x30\n"
    "  mov x29, #0\n"
    "  mov x30, #0\n"
    "  mov x1, x0\n"
    "  mov x0, sp\n"
    "  bl start\n"
#else
#error "the first instructions of this machine are missing"
#endif
    ".cfi_endproc\n"
    ".size lua52_start, . - lua52_start\n");

/* The version of the record that the program was compiled with. */
#if defined(__x86_64__)
#define RECORD 1
#else
#define RECORD 0
#endif

extern int __xstat64(int version, const char *path, struct stat64 *result);
extern int __fxstat64(int version, int descriptor, struct stat64 *result);

int stat64(const char *path, struct stat64 *result) { return __xstat64(RECORD, path, result); }
int fstat64(int descriptor, struct stat64 *result) { return __fxstat64(RECORD, descriptor, result); }
