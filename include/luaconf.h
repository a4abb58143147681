/* luaconf.h: the configuration of this Lua 5.2, for programs that ask for it.
 *
 * liblua-rs is built one way; these macros describe that way. Changing one here does not change the library.
 */
#ifndef lconfig_h
#define lconfig_h

#include <limits.h>
#include <stddef.h>

/* Strict ISO C asked for by the compiler's options. */
#if defined(__STRICT_ANSI__) && !defined(LUA_ANSI)
#define LUA_ANSI
#endif

#if defined(_WIN32) && !defined(_WIN32_WCE) && !defined(LUA_ANSI)
#define LUA_WIN
#define LUA_DL_DLL
#define LUA_USE_AFORMAT
#endif

/* What a build of PUC Lua may take from the system; programs test these names. */
#if defined(LUA_USE_LINUX) || defined(LUA_USE_MACOSX)
#define LUA_USE_POSIX
#define LUA_USE_DLOPEN
#define LUA_USE_READLINE
#define LUA_USE_STRTODHEX
#define LUA_USE_AFORMAT
#define LUA_USE_LONGLONG
#endif

#if defined(LUA_USE_POSIX)
#define LUA_USE_MKSTEMP
#define LUA_USE_ISATTY
#define LUA_USE_POPEN
#define LUA_USE_ULONGJMP
#define LUA_USE_GMTIME_R
#endif

/* Where `require` looks for modules: the directories of a Debian system. */
#if defined(_WIN32)
#define LUA_LDIR "!\\lua\\"
#define LUA_CDIR "!\\"
#define LUA_PATH_DEFAULT LUA_LDIR "?.lua;" LUA_LDIR "?\\init.lua;" LUA_CDIR "?.lua;" LUA_CDIR "?\\init.lua;" ".\\?.lua"
#define LUA_CPATH_DEFAULT LUA_CDIR "?.dll;" LUA_CDIR "loadall.dll;" ".\\?.dll"
#define LUA_DIRSEP "\\"
#else
#if !defined(_LUA_DEB_MULTIARCH_)
#define _LUA_DEB_MULTIARCH_
#if defined(__x86_64__) && !defined(__ILP32__)
#define DEB_HOST_MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define DEB_HOST_MULTIARCH "aarch64-linux-gnu"
#elif defined(__riscv) && __riscv_xlen == 64
#define DEB_HOST_MULTIARCH "riscv64-linux-gnu"
#endif
#endif
#define LUA_VDIR LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "/"
#define LUA_ROOT "/usr/local/"
#define LUA_ROOT2 "/usr/"
#define LUA_LDIR LUA_ROOT "share/lua/" LUA_VDIR
#define LUA_LDIR2 LUA_ROOT2 "share/lua/" LUA_VDIR
#define LUA_CDIR LUA_ROOT "lib/lua/" LUA_VDIR
#if defined(DEB_HOST_MULTIARCH)
#define LUA_CDIR2 LUA_ROOT2 "lib/" DEB_HOST_MULTIARCH "/lua/" LUA_VDIR
#else
#define LUA_CDIR2 LUA_ROOT2 "lib/lua/" LUA_VDIR
#endif
#define LUA_CDIR3 LUA_ROOT2 "lib/lua/" LUA_VDIR
#define LUA_PATH_DEFAULT \
  LUA_LDIR "?.lua;" LUA_LDIR "?/init.lua;" LUA_CDIR "?.lua;" LUA_CDIR "?/init.lua;" \
  LUA_LDIR2 "?.lua;" LUA_LDIR2 "?/init.lua;" "./?.lua"
#if defined(DEB_HOST_MULTIARCH)
#define LUA_CPATH_DEFAULT \
  LUA_CDIR "?.so;" LUA_CDIR2 "?.so;" LUA_CDIR3 "?.so;" LUA_CDIR "loadall.so;" "./?.so"
#else
#define LUA_CPATH_DEFAULT LUA_CDIR "?.so;" LUA_CDIR3 "?.so;" LUA_CDIR "loadall.so;" "./?.so"
#endif
#define LUA_DIRSEP "/"
#endif

/* Name of the upvalue that stands for the globals. */
#define LUA_ENV "_ENV"

/* How the functions are declared. C++ programs need no lua.hpp. */
#if defined(LUA_BUILD_AS_DLL)
#if defined(LUA_CORE) || defined(LUA_LIB)
#define LUA_API __declspec(dllexport)
#else
#define LUA_API __declspec(dllimport)
#endif
#elif defined(__cplusplus)
#define LUA_API extern "C"
#else
#define LUA_API extern
#endif
#define LUALIB_API LUA_API
#define LUAMOD_API LUALIB_API

/* Names shared by the files of a program but not exported by it. */
#if defined(__GNUC__) && defined(__ELF__)
#define LUAI_FUNC __attribute__((visibility("hidden"))) extern
#define LUAI_DDEC LUAI_FUNC
#else
#define LUAI_FUNC extern
#define LUAI_DDEC extern
#endif
#define LUAI_DDEF /* nothing */

/* Quotation of program text in messages. */
#define LUA_QL(x) "'" x "'"
#define LUA_QS LUA_QL("%s")

/* Size of lua_Debug's short_src. */
#define LUA_IDSIZE 60

/* Output of `print` and of the interpreter's messages. */
#if defined(LUA_LIB) || defined(lua_c)
#include <stdio.h>
#define luai_writestring(s, l) fwrite((s), sizeof(char), (l), stdout)
#define luai_writeline() (luai_writestring("\n", 1), fflush(stdout))
#endif
#define luai_writestringerror(s, p) (fprintf(stderr, (s), (p)), fflush(stderr))

/* Longest string that exists only once. */
#define LUAI_MAXSHORTLEN 40

/* Names of Lua 5.1, for programs that define LUA_COMPAT_ALL. The library has all of them always. */
#if defined(LUA_COMPAT_ALL)
#define LUA_COMPAT_UNPACK
#define LUA_COMPAT_LOADERS
#define LUA_COMPAT_LOG10
#define LUA_COMPAT_LOADSTRING
#define LUA_COMPAT_MAXN
#define LUA_COMPAT_MODULE
#define lua_cpcall(L, f, u) (lua_pushcfunction(L, (f)), lua_pushlightuserdata(L, (u)), lua_pcall(L, 1, 0, 0))
#define lua_strlen(L, i) lua_rawlen(L, (i))
#define lua_objlen(L, i) lua_rawlen(L, (i))
#define lua_equal(L, idx1, idx2) lua_compare(L, (idx1), (idx2), LUA_OPEQ)
#define lua_lessthan(L, idx1, idx2) lua_compare(L, (idx1), (idx2), LUA_OPLT)
#endif

/* Integers: an `int` of 32 bits is a condition of this library. */
#if INT_MAX < 2147483647L
#error "int has fewer than 32 bits"
#endif
#define LUAI_BITSINT 32
#define LUA_INT32 int
#define LUAI_UMEM size_t
#define LUAI_MEM ptrdiff_t

/* Slots a stack may have; pseudo-indices lie below its negative. */
#define LUAI_MAXSTACK 1000000
#define LUAI_FIRSTPSEUDOIDX (-LUAI_MAXSTACK - 1000)

/* Bytes inside a luaL_Buffer, whatever the C library's BUFSIZ is. */
#define LUAL_BUFFERSIZE 8192

/* Numbers. */
#define LUA_NUMBER_DOUBLE
#define LUA_NUMBER double
#define LUAI_UACNUMBER double
#define LUA_NUMBER_SCAN "%lf"
#define LUA_NUMBER_FMT "%.14g"
#define LUAI_MAXNUMBER2STR 32
#define lua_number2str(s, n) sprintf((s), LUA_NUMBER_FMT, (n))
#define lua_str2number(s, p) strtod((s), (p))
#if defined(LUA_USE_STRTODHEX)
#define lua_strx2number(s, p) strtod((s), (p))
#endif
#define l_mathop(x) (x)
#define LUA_INTEGER ptrdiff_t
#define LUA_UNSIGNED unsigned LUA_INT32

/* Arithmetic as the interpreter does it. */
#if defined(lobject_c) || defined(lvm_c)
#include <math.h>
#define luai_nummod(L, a, b) ((a) - l_mathop(floor)((a) / (b)) * (b))
#define luai_numpow(L, a, b) (l_mathop(pow)(a, b))
#endif
#if defined(LUA_CORE)
#define luai_numadd(L, a, b) ((a) + (b))
#define luai_numsub(L, a, b) ((a) - (b))
#define luai_nummul(L, a, b) ((a) * (b))
#define luai_numdiv(L, a, b) ((a) / (b))
#define luai_numunm(L, a) (-(a))
#define luai_numeq(a, b) ((a) == (b))
#define luai_numlt(L, a, b) ((a) < (b))
#define luai_numle(L, a, b) ((a) <= (b))
#define luai_numisnan(L, a) (!luai_numeq((a), (a)))
#endif

/* Representation of doubles. */
#if defined(LUA_NUMBER_DOUBLE) && !defined(LUA_ANSI)
#define LUA_IEEE754TRICK
#if defined(__x86_64)
#define LUA_IEEEENDIAN 0
#endif
#endif

#endif
