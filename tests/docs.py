#!/usr/bin/env python3
"""What the documentation says of the tree: exported functions are documented in full, names and links exist."""
import os
import re
import subprocess

from checks import check, finish

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


COUNT = r"(?:0|1|2|3|n|nup|nargs|nresults|\?)"
EFFECT = re.compile(r"`\[-(?:%s|\([^)]*\)), \+(?:%s|\([^)]*\)), [-mev]\]` [^ ]" % (COUNT, COUNT))
ERRORS = {"-": None, "m": "Errors: LUA_ERRMEM.", "e": "Errors: any.", "v": "Errors: always."}


def exported_functions():
    """Each has its effect on the stack, its errors and its section of the manual (those of `luax.h`: the version that
    has brought them), as `src/abi/mod.rs` says."""
    p = subprocess.run([os.environ.get("CARGO", "cargo"), "run", "--quiet", "-p", "xtask", "--", "exports"],
                       capture_output=True, text=True, cwd=ROOT)
    functions = re.findall(r"^(\w+)\n((?:    .*\n)*)", p.stdout, re.M)
    check("there are exported functions", p.returncode == 0 and len(functions) > 100, p.stderr)
    for name, doc in functions:
        lines = [line.strip() for line in doc.splitlines()]
        words = " ".join(lines)
        effect = EFFECT.match(words)
        check("%s begins with its effect on the stack" % name, effect, words[:40])
        if effect:
            says = ERRORS[effect.group(0).split("]")[0][-1]]
            check("%s tells its errors" % name, says in words if says else "Errors:" not in words, words)
        check("%s names its section of the manual" % name, re.search(r"Since version \d\.$" if name.startswith("luaX_") else r"Manual [4-6](\.\d)?\.$", words), words)
        check("%s has a first paragraph of its own" % name, "" in lines and len(lines) >= 3, doc)


def operations():
    """The page on the executable form speaks only of operations that exist."""
    source = text("src/code/exec.rs")
    listed = re.search(r"^exec_ops! \{$(.*?)^\}", source, re.M | re.S).group(1)
    known = set(re.findall(r"\b([A-Z]\w+) +[A-Z]", re.sub(r"//.*", "", listed)))
    page = text("docs/EXECUTABLE.md")
    rows = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `")]
    names = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    check("the page names operations", len(names) > 30, names)
    check("and they exist", names <= known, names - known)


def pages():
    """The pages of the repository."""
    listed = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, cwd=ROOT).stdout.split()
    if not listed:  # not a checkout
        listed = [os.path.relpath(os.path.join(d, f), ROOT) for d, _, files in os.walk(ROOT) for f in files
                  if f.endswith(".md") and "/target" not in d and "/build" not in d]
    return listed


def lines():
    """Lines have at most 120 columns, rows of tables as well; no more bytes either, as some editors and tools count."""
    for page in pages():
        long = [number for number, line in enumerate(text(page).splitlines(), 1) if len(line.encode()) > 120]
        check("%s: lines of at most 120 columns" % page, not long, "longer: %s" % long)


def links():
    """Relative links lead somewhere."""
    for page in pages():
        source = text(page)
        for target in re.findall(r"\]\(([^)#\s]*)(?:#[^)]*)?\)", source):
            if target and "://" not in target:
                path = os.path.join(ROOT, os.path.dirname(page), target)
                check("%s: %s" % (page, target), os.path.exists(path), "no such file")


def sections():
    """The tests of the C API that pages name, as `FILE` (SECTION, SECTION), exist."""
    folder = os.path.join(ROOT, "capi-tests")
    known = {}
    for file in sorted(os.listdir(folder)):
        name, extension = os.path.splitext(file)
        if extension in (".c", ".cpp"):
            known[name] = set(re.findall(r'\{ ?"([^"]+)", \w+ ?\}', text("capi-tests/" + file)))
    for page in ("capi-tests/README.md", "docs/COMPATIBILITY.md", "docs/BOUNDARY.md"):
        found = 0
        words = " ".join(text(page).split())
        for name, names in re.findall(r"`(?:capi-tests/)?(\w+)(?:\.c|\.cpp)?` \(([\w, ]+)\)", words):
            if name in known:
                found += 1
                missing = set(names.split(", ")) - known[name]
                check("%s: sections of %s" % (page, name), not missing, missing)
        check("%s names sections" % page, found, "none")


def suites():
    """The page on tests names each suite of the runner."""
    page = text("docs/TESTING.md")
    named = {name for names in re.findall(r"^\* \*\*([^*]+)\*\*:", page, re.M) for name in names.split(", ")}
    known = set(re.findall(r'^    suite\("([^"]+)"', text("xtask/src/test/suites.rs"), re.M))
    check("the runner has suites", len(known) > 50, known)
    check("docs/TESTING.md names all suites, and no others", named == known, named ^ known)


def figures():
    """README says the geometric means that the page of measurements has."""
    readme = " ".join(text("README.md").split())
    page = text("docs/BENCHMARKS.md")
    for row, words in (("CPU time of 34 programs", "34 programs take **%.2f** of the CPU time"),
                       ("peak memory of the 9 that take 8 MB or more on PUC", "8 MB or more take **%.2f** of the memory"),
                       ("C API, time of an operation", "an operation of the C API takes **%.2f** of the time")):
        figure = re.search(r"^\| %s \| ([0-9.]+)" % re.escape(row), page, re.M)
        check("docs/BENCHMARKS.md has %s" % row, figure)
        if figure:
            wanted = words % float(figure.group(1))
            check("README.md: %s" % row, wanted in readme, "not there: " + wanted)


exported_functions()
operations()
figures()
suites()
sections()
lines()
links()
finish()
