#!/usr/bin/env python3
"""The headers: fresh, accepted by every dialect of C and C++, and with every macro of the reference's headers. That of
the extension has all its functions, and adds no name to the others.

Usage: headers.py. Uses CC, CXX and REFERENCE_INCLUDE (default: where liblua5.2-dev installs them).
"""
import os
import re
import subprocess
import tempfile

from checks import check, finish

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OURS = os.path.join(ROOT, "include")
THEIRS = os.environ.get("REFERENCE_INCLUDE", "/usr/include/lua5.2")
CC = os.environ.get("CC", "cc")
CXX = os.environ.get("CXX", "c++")
CARGO = os.environ.get("CARGO", "cargo")


def run(*argv, text=None):
    return subprocess.run(argv, input=text, capture_output=True, text=True, cwd=ROOT)


def fresh():
    p = run(CARGO, "run", "--quiet", "-p", "xtask", "--", "headers", "--check")
    check("headers are fresh", p.returncode == 0, p.stderr)


# Included twice, in every order; each declared function is called, so that the declarations are complete.
BODY = """
#include %s
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include <luaconf.h>
static int f(lua_State *L) {
  luaL_Buffer b;
  luaL_Stream s;
  lua_Debug ar;
  static const luaL_Reg lib[] = {{"f", f}, {NULL, NULL}};
  s.f = NULL;
  s.closef = NULL;
  (void)s;
  luaL_buffinit(L, &b);
  luaL_addchar(&b, 'x');
  luaL_pushresult(&b);
  ar.i_ci = NULL;
  (void)ar;
  luaL_newlib(L, lib);
  lua_pushliteral(L, "text");
  lua_pop(L, 1);
  luaL_argcheck(L, lua_isnoneornil(L, 1), 1, "nothing expected");
  return luaL_error(L, "%%s", lua_tostring(L, lua_upvalueindex(1)));
}
int start(lua_State *L) { lua_pushcfunction(L, f); return lua_pcall(L, 0, LUA_MULTRET, 0); }
"""


def dialects():
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-I" + OURS]
    for compiler, language, standards in (
        (CC, "c", ("c89", "gnu89", "c99", "c11", "gnu11", "c17")),
        (CXX, "c++", ("c++98", "c++11", "c++14", "c++17", "c++20", "gnu++17")),
    ):
        for standard in standards:
            for first in ("<lua.h>", "<lauxlib.h>", "<lualib.h>") + (("<lua.hpp>",) if language == "c++" else ()):
                for compat in ((), ("-DLUA_COMPAT_ALL",)):
                    p = run(compiler, "-x", language, "-std=" + standard, *strict, *compat, "-", text=BODY % first)
                    check("%s %s %s" % (standard, first, compat), p.returncode == 0, p.stderr)
    p = run(CC, "-std=c99", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wc++-compat", *strict, "-x", "c", "-",
            text="#include <lua.h>\n#include <lauxlib.h>\n#include <lualib.h>\n")
    check("stricter warnings", p.returncode == 0, p.stderr)


# Each function is called, and linked by its address.
EXTENSION = """
#include <luax.h>
#include <luax.h>
#include <lua.h>
static void interrupted(lua_State *L, int reason, void *ud) {
  if (reason == LUAX_STEPS || reason == LUAX_TIME || reason == LUAX_REQUESTED) luaX_setinterrupt(L, NULL, ud);
}
int use(lua_State *L) {
  luaX_Stats stats;
  luaX_Interrupt f = interrupted;
  stats.size = sizeof stats;
  luaX_setinterrupt(L, f, NULL);
  luaX_interrupt(L);
  luaX_external(L, -1);
  if (luaX_setmemlimit(L, 0) != 0 || luaX_setnativestack(L, 0) != 0 || luaX_stats(L, &stats) != 0) return 0;
  if (luaX_setsteps(L, 1e6) >= 0 || luaX_settime(L, 0.5) >= 0 || stats.tables.bytes == 0) return 0;
  return luaX_version() == LUAX_API_VERSION && luaX_jit(L, LUAX_JITQUERY) == LUAX_JITON;
}
"""


def extension():
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-I" + OURS]
    for compiler, language, standards in (
        (CC, "c", ("c89", "gnu89", "c99", "c11", "c17", "gnu17")), (CXX, "c++", ("c++98", "c++11", "c++17", "c++20")),
    ):
        for standard in standards:
            p = run(compiler, "-x", language, "-std=" + standard, *strict, "-", text=EXTENSION)
            check("%s <luax.h>" % standard, p.returncode == 0, p.stderr)
    with open(os.path.join(ROOT, "src/abi/extension.txt")) as f:
        exported = f.read().split()
    p = run(CC, "-E", "-P", "-I" + OURS, "-", text="#include <luax.h>\n")
    declared = re.findall(r"\(\s*(luaX_\w+)\s*\)\s*\(", p.stdout)
    check("luax.h declares the exported functions", sorted(declared) == exported and exported, declared)
    used = set(re.findall(r"luaX_[a-z]\w*", EXTENSION))
    check("each of them is called", used == set(exported), used ^ set(exported))
    names = set(re.findall(r"^#define (\w+)", run(CC, "-dM", "-E", "-I" + OURS, "-", text="#include <luax.h>\n").stdout, re.M))
    before = set(re.findall(r"^#define (\w+)", run(CC, "-dM", "-E", "-I" + OURS, "-", text="#include <lua.h>\n").stdout, re.M))
    other = [name for name in names - before if not name.startswith("LUAX_") and name != "luax_h"]
    check("macros of luax.h begin with LUAX_", not other, other)


LAYOUT = """
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#define same(name, holds) typedef char name[(holds) ? 1 : -1]
same(buffer_size, LUAL_BUFFERSIZE == 8192);
same(buffer, sizeof(luaL_Buffer) == 8224);
same(short_source, LUA_IDSIZE == 60 && sizeof(((lua_Debug *)0)->short_src) == 60);
same(record, sizeof(lua_Debug) == 128);
same(stream, sizeof(luaL_Stream) == 16);
same(entry, sizeof(luaL_Reg) == 16);
same(numbers, sizeof(lua_Number) == 8 && sizeof(lua_Integer) == 8 && sizeof(lua_Unsigned) == 4);
same(stack, LUAI_MAXSTACK == 1000000 && LUA_REGISTRYINDEX == -1001000 && LUA_MINSTACK == 20);
"""


def layout():
    """The library's numbers hold for every host, whatever C library and options that is compiled with."""
    with tempfile.TemporaryDirectory() as tmp:
        with open(os.path.join(tmp, "stdio.h"), "w") as f:
            f.write("#include_next <stdio.h>\n#undef BUFSIZ\n#define BUFSIZ 1024\n"
                    "#undef L_tmpnam\n#define L_tmpnam 64\n#undef FILENAME_MAX\n#define FILENAME_MAX 255\n")
        for flags in (
            [], ["-I" + tmp], ["-include", "stdio.h", "-UBUFSIZ"], ["-std=c89"], ["-DLUA_COMPAT_ALL"], ["-DLUA_ANSI"],
            ["-DLUA_USE_LINUX"], ["-DLUA_LIB", "-DLUA_CORE"], ["-D_FILE_OFFSET_BITS=64"], ["-D_POSIX_C_SOURCE=200809L"],
            ["-funsigned-char"], ["-fshort-enums"], ["-fshort-wchar"], ["-ffast-math"], ["-D_FORTIFY_SOURCE=2", "-O2"],
        ):
            for language in ("c", "c++"):
                if language == "c++" and "-std=c89" in flags:
                    continue
                compiler = CC if language == "c" else CXX
                p = run(compiler, "-x", language, "-fsyntax-only", *flags, "-I" + OURS, "-", text=LAYOUT)
                check("layout %s %s" % (language, flags), p.returncode == 0, p.stderr)


def macros(include, flags):
    """name -> parameter count or None, of the macros that the headers add."""
    def names(text):
        p = run(CC, "-dM", "-E", *flags, "-I" + include, "-", text=text)
        return dict(re.findall(r"^#define (\w+)((?:\([^)]*\))?)", p.stdout, re.M))
    base = names("#include <stdio.h>\n#include <limits.h>\n#include <stddef.h>\n#include <stdarg.h>\n#include <math.h>\n")
    full = names("#include <lua.h>\n#include <lauxlib.h>\n#include <lualib.h>\n")
    return {n: (len(a.split(",")) if a else None) for n, a in full.items() if n not in base}


def expansions(include, flags, wanted):
    """What each macro becomes, without white space."""
    text = "#include <lua.h>\n#include <lauxlib.h>\n#include <lualib.h>\n"
    for name, count in wanted.items():
        call = name if count is None else "%s(%s)" % (name, ", ".join("arg%d" % i for i in range(count)))
        text += "\n@@ %s @@ %s\n" % ('"%s"' % name, call)
    p = run(CC, "-E", "-P", *flags, "-I" + include, "-", text=text)
    out = {}
    for name, value in re.findall(r'@@ "(\w+)" @@(.*?)(?=@@|\Z)', p.stdout, re.S):
        out[name] = re.sub(r"\s+", "", value)
    return out


def same_macros():
    if not os.path.isfile(os.path.join(THEIRS, "lua.h")):
        check("reference headers in " + THEIRS, False, "install liblua5.2-dev")
        return
    modes = [
        [], ["-std=c99"], ["-DLUA_COMPAT_ALL"], ["-DLUA_COMPAT_MODULE"], ["-DLUA_LIB", "-DLUA_COMPAT_ALL"],
        ["-DLUA_CORE", "-Dlvm_c"], ["-DLUA_USE_LINUX"], ["-DLUA_USE_POSIX"], ["-DLUA_BUILD_AS_DLL"], ["-DLUA_ANSI"],
        ["-Dlua_c"],
    ]
    for flags in modes:
        theirs = macros(THEIRS, flags)
        ours = macros(OURS, flags)
        absent = [n for n, count in theirs.items() if n not in ours or ours[n] != count]
        check("macros exist %s" % flags, theirs and not absent, absent)
        extra = sorted(set(ours) - set(theirs))
        check("no further macros %s" % flags, not extra, extra)
        wanted = {n: c for n, c in theirs.items() if n in ours}
        a, b = expansions(THEIRS, flags, wanted), expansions(OURS, flags, wanted)
        other = ["%s: %s, not %s" % (n, b.get(n), a.get(n)) for n in wanted if a.get(n) != b.get(n)]
        check("macros mean the same %s" % flags, len(a) == len(wanted) and not other, other)


def same_types():
    """A translation unit that sees both sets of declarations compiles only if they agree."""
    with open(os.path.join(ROOT, "src/abi/exports.txt")) as f:
        exported = set(f.read().split()) - {"lua_ident"}
    with tempfile.TemporaryDirectory() as tmp:
        for flags in ([], ["-DLUA_COMPAT_ALL"]):
            text = ""
            for include in (THEIRS, OURS):
                p = run(CC, "-E", "-P", *flags, "-I" + include, "-",
                        text="#include <lua.h>\n#include <lauxlib.h>\n#include <lualib.h>\n")
                # The functions only; structures cannot be declared twice.
                functions = re.findall(r"^extern [^;{}]*\(\s*luaL?\w+\s*\)\s*\([^;]*\);", p.stdout, re.M)
                names = {re.search(r"\(\s*(luaL?\w+)", function).group(1) for function in functions}
                # Some are only declared for programs that ask for what Lua 5.1 had.
                check("%s declares the exported functions %s" % (include, flags),
                      names == exported if flags else names < exported, names ^ exported)
                if include == THEIRS:
                    text = p.stdout
                else:
                    text += "\n".join(functions)
            unit = os.path.join(tmp, "both.c")
            with open(unit, "w") as f:
                f.write(text)
            p = run(CC, "-std=c11", "-fsyntax-only", "-Werror", unit)
            check("declarations agree %s" % flags, p.returncode == 0, p.stderr[:2000])


fresh()
dialects()
extension()
layout()
same_macros()
same_types()
finish()
