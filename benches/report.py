#!/usr/bin/env python3
"""Writes what run.py measured as a page and a bar chart.

  report.py LUA.json CAPI.json DIRECTORY [--quick] [--library FILE]

LUA.json and CAPI.json come from `run.py lua --json` and `run.py capi --json` with the reference as the base and ours
behind it. More implementations of LUA.json get a column each. The page is DIRECTORY/BENCHMARKS.md, the chart DIRECTORY/bench.svg. The figures of others that
the chart shows beside ours are the table under "Anchors" in README.md here. Python's standard library only.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys
import textwrap
from xml.sax.saxutils import escape

sys.dont_write_bytecode = True  # nothing but the report is written
from run import LARGE, figure, geomean

WIDTH = 120  # columns of the page, as of all documents
HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"ns/op": "time", "bytes": "memory"}  # all other units are of the collector
TITLES = {"time": "time of an operation", "gc": "collection, pauses and heap sizes", "memory": "bytes of an object"}
# How implementations behind ours are called.
NAMES = {"interpreter": "without native code", "luajit": "LuaJIT", "luajit-interpreter": "LuaJIT, interpreter"}
# What the library is to reach: geometric mean, and the most for one row.
BARS = {"cpu": (0.26, 0.85), "interpreter": (0.44, None), "rss": (0.75, None), "time": (0.75, 1.05)}


def anchors():
    """The table in README.md: (name, ratio) in its order."""
    text = open(os.path.join(HERE, "README.md"), encoding="utf-8").read().split("## Anchors", 1)[1]
    rows = re.findall(r"^\| ([^|]*[^| ]) +\| +([0-9.]+) \|$", text, re.M)
    if not rows:
        raise SystemExit("README.md has no table of anchors")
    return [(name, float(ratio)) for name, ratio in rows]


class Programs:
    def __init__(self, data):
        base, ours, *others = data["implementations"]
        self.rows, self.bad = [], []
        # {implementation: {program: ratio}} of the programs that it runs
        self.others = {n: {} for n in others}
        for name, runs in data["benchmarks"].items():
            states = [runs[n]["state"] for n in (base, ours)]
            if states != ["ok", "ok"]:
                self.bad.append((name, "%s: %s" % next((n, runs[n]["note"] or runs[n]["state"])
                                                       for n in (base, ours) if runs[n]["state"] != "ok")))
                continue
            value = {key: [figure(runs[n], key, data["stat"]) for n in (base, ours)] for key in ("cpu", "rss_kb")}
            self.rows.append((name, value["cpu"], value["rss_kb"]))
            for n in others:
                if runs[n]["state"] == "ok":
                    self.others[n][name] = figure(runs[n], "cpu", data["stat"]) / value["cpu"][0]
        self.rows.sort()
        self.cpu = {name: ours / base for name, (base, ours), _ in self.rows}
        self.rss = {name: ours / base for name, _, (base, ours) in self.rows}


class Capi:
    def __init__(self, data):
        base = data["base"]
        self.notes = data["notes"]
        self.rows, self.absent = [], []
        for name, values in data["values"].items():
            other = [n for n in values if n != base]
            if base in values and other and values[base] > 0:
                unit = data["units"][name]
                self.rows.append((name, KINDS.get(unit, "gc"), unit, values[base], values[other[0]]))
            else:
                self.absent.append(name)

    def ratios(self, kind):
        return {name: ours / base for name, k, _, base, ours in self.rows if k == kind}


def output(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, cwd=HERE).stdout.strip()
    except OSError:
        return ""


def field(path, pattern):
    try:
        found = re.search(pattern, open(path, encoding="utf-8", errors="replace").read(), re.M)
    except OSError:
        return ""
    return found.group(1) if found else ""


def circumstances():
    """Rows about the machine and the versions: what the page is to be judged by."""
    processor = field("/proc/cpuinfo", r"^model name\s*: (.*)$") or platform.machine()
    memory = int(field("/proc/meminfo", r"^MemTotal:\s*(\d+) kB") or 0) / 1048576
    package = output("dpkg-query", "-W", "-f", "${Version}", "liblua5.2-0")
    version = field(os.path.join(HERE, "..", "Cargo.toml"), r'^version = "(.*)"')
    return [
        ("processor", "%s, %d of its cores" % (processor, len(os.sched_getaffinity(0)))),
        ("memory", "%.0f GB" % memory),
        ("system", "%s, Linux %s, %s" % (field("/etc/os-release", r'^PRETTY_NAME="(.*)"'), platform.release(),
                                         platform.machine())),
        ("base", "Debian's liblua5.2-0 %s" % package if package else "the system's liblua5.2.so.0"),
        ("ours", "liblua-rs %s, commit %s" % (version, output("git", "describe", "--always", "--dirty") or "unknown")),
        ("compilers", "%s; %s" % (output("rustc", "--version"),
                                  output(os.environ.get("CC", "cc"), "--version").partition("\n")[0])),
    ]


def verdict(value, bar):
    return "" if bar is None else " (bar %.2f: %s)" % (bar, "met" if value <= bar else "missed")


def table(head, rows, align="--:"):
    align = ["---"] + [align] * (len(head) - 1)
    return ["| %s |" % " | ".join(map(str, row)) for row in [head, align] + rows] + [""]


def significant(value):
    return "%.0f" % value if value >= 100 else "%.3g" % value


def above(ratios, bar):
    over = sorted(((r, n) for n, r in ratios.items() if r > bar), reverse=True)
    return ", ".join("%s %.2f" % (n, r) for r, n in over) or "none"


def page(programs, capi, rows, sizes, quick):
    out = ["# Measurements", "",
           "Written by `make bench%s`; see [benches](%s) for how to read it. Every figure is a ratio to PUC's Lua 5.2.4 in "
           "the same interleaved run: below 1 is faster or smaller." %
           (" QUICK=1" if quick else "", "../benches/README.md"), ""]
    if quick:
        out += ["**A quick run: few repetitions, so single rows may be off by 10 % and more.**", ""]
    out += table(["", "measured with"], rows, "---")
    cpu, rss = geomean(programs.cpu.values()), geomean(programs.rss.values())
    out += ["![Ratios to PUC's Lua 5.2.4](bench.svg)", "", "## Summary", ""]
    summary = []
    if programs.rows:
        summary.append(["CPU time of %d programs" % len(programs.rows), "%.3f" % cpu + verdict(cpu, BARS["cpu"][0])])
        for n, ratios in programs.others.items():
            which = "the same" if len(ratios) == len(programs.rows) else "the %d of them that it runs" % len(ratios)
            mean = geomean(ratios.values())
            summary.append(["CPU time of %s, %s" % (which, NAMES.get(n, n)),
                            "%.3f" % mean + verdict(mean, BARS.get(n, (None,))[0]) if mean else "none"])
        summary.append(["peak memory of the same", "%.3f" % rss + verdict(rss, BARS["rss"][0])])
        large = [programs.rss[name] for name, _, (base, _) in programs.rows if base >= LARGE]
        if large:
            summary.append(["peak memory of the %d that take %d MB or more on PUC" % (len(large), LARGE // 1024),
                            "%.3f" % geomean(large)])
    for kind, title in TITLES.items():
        mean = geomean(capi.ratios(kind).values())
        if mean:
            bar = BARS[kind][0] if kind in BARS else None
            summary.append(["C API, %s" % title, "%.3f" % mean + verdict(mean, bar)])
    out += table(["", "geometric mean of the ratios"], summary)
    out += ["Programs above %.2f: %s." % (BARS["cpu"][1], above(programs.cpu, BARS["cpu"][1])), "",
            "Operations of the C API above %.2f: %s." % (BARS["time"][1], above(capi.ratios("time"), BARS["time"][1])), ""]
    if sizes:
        out += ["Size of the shared library: %d KB; PUC's: %d KB." % tuple(round(s / 1024) for s in sizes), ""]
    others = programs.others
    out += ["## Programs", "", "Seconds of CPU time (least of the runs), its ratios to PUC's, and MB of peak memory (median).",
            ""]
    out += table(["program", "PUC s", "ours s", "CPU"] + [NAMES.get(n, n) for n in others] + ["PUC MB", "ours MB", "memory"],
                 [[name, "%.3f" % cpu[0], "%.3f" % cpu[1], "%.3f" % programs.cpu[name]]
                  + ["%.3f" % ratios[name] if name in ratios else "" for ratios in others.values()]
                  + ["%.1f" % (rss[0] / 1024), "%.1f" % (rss[1] / 1024), "%.3f" % programs.rss[name]]
                  for name, cpu, rss in programs.rows]
                 + [["**geometric mean**", "", "", "**%.3f**" % cpu]
                    + ["**%.3f**" % geomean(ratios.values()) if ratios else "" for ratios in others.values()]
                    + ["", "", "**%.3f**" % rss]] * bool(programs.rows))
    for name, why in programs.bad:
        out += ["Left out: %s (%s)." % (name, why), ""]
    out += ["## C API", ""]
    for kind, title in TITLES.items():
        ratios = capi.ratios(kind)
        if ratios:
            out += ["### %s%s" % (title[0].upper(), title[1:]), ""]
            out += table(["operation", "unit", "PUC", "ours", "ratio"],
                         [[name, unit, significant(base), significant(ours), "%.3f" % ratios[name]]
                          for name, k, unit, base, ours in capi.rows if k == kind]
                         + [["**geometric mean**", "", "", "", "**%.3f**" % geomean(ratios.values())]])
    if capi.absent:
        out += ["Not measured on both: %s." % ", ".join(capi.absent), ""]
    for note in capi.notes:
        out += ["Note: %s." % note, ""]
    # A row of a table cannot be broken.
    broken = [line if line.startswith("|") else
              textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in out]
    return "\n".join(broken).rstrip("\n") + "\n"


class Chart:
    """Horizontal bars, one below the other, in the units of the page."""
    WIDTH, LEFT, RIGHT, STEP = 860, 220, 60, 18
    OURS, MEMORY, OTHER, LINE, TEXT = "#1f6feb", "#a5c8ff", "#b0b7c0", "#d0d7de", "#24292f"
    INTERPRETER = "#54aeff"

    def __init__(self):
        self.parts, self.y = [], 24

    def text(self, x, y, text, anchor="start", size=12, weight="normal"):
        self.parts.append('<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d" font-weight="%s">%s</text>'
                          % (x, y, anchor, size, weight, escape(text)))

    def section(self, title, rows, limit):
        """rows: (label, [(value, colour), ...]); the axis goes to `limit`, longer bars are cut and say so."""
        scale = (self.WIDTH - self.LEFT - self.RIGHT) / limit
        self.y += 12
        self.text(12, self.y, title, size=14, weight="bold")
        self.y += 12
        top = self.y
        marks = len(self.parts)
        for label, bars in rows:
            self.text(self.LEFT - 8, self.y + self.STEP * 0.68, label, "end")
            height = (self.STEP - 4) / len(bars)
            for i, (value, colour) in enumerate(bars):
                shown = min(value, limit)
                self.parts.append('<rect x="%d" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>' % (
                    self.LEFT, self.y + 2 + i * height, shown * scale, height, colour))
            first = bars[0][0]
            end = self.LEFT + min(first, limit) * scale if len(bars) == 1 else self.WIDTH - self.RIGHT
            self.text(end + 5, self.y + self.STEP * 0.68, "%.2f%s" % (first, " →" if first > limit else ""), size=11)
            self.y += self.STEP
        lines = []
        step = 0.25 if limit <= 1.5 else 0.5
        for n in range(int(limit / step) + 1):
            x = self.LEFT + n * step * scale
            lines.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s" stroke-width="%s"/>' % (
                x, top, x, self.y, self.TEXT if n * step == 1 else self.LINE, 1))
            self.text(x, self.y + 13, "%g" % (n * step), "middle", 10)
        self.parts[marks:marks] = lines
        self.y += 30

    def legend(self, items):
        x = self.LEFT
        for colour, label in items:
            self.parts.append('<rect x="%d" y="%d" width="12" height="10" fill="%s"/>' % (x, self.y - 9, colour))
            self.text(x + 17, self.y, label, size=11)
            x += 30 + 7 * len(label)
        self.y += 16

    def svg(self, title):
        return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" '
                'font-family="sans-serif" fill="%s">\n<title>%s</title>\n<rect width="100%%" height="100%%" fill="#fff"/>\n'
                '%s\n</svg>\n' % (self.WIDTH, self.y, self.WIDTH, self.y, self.TEXT, escape(title), "\n".join(self.parts)))


def chart(programs, capi):
    c = Chart()
    c.text(12, c.y, "liblua-rs beside others: ratio to PUC's Lua 5.2.4, shorter is better", size=16, weight="bold")
    c.y += 10
    if programs.rows:
        without = programs.others.get("interpreter", {})
        rows = [(name, [(ratio, c.OTHER)]) for name, ratio in anchors() + [("PUC Lua 5.2.4", 1.0)]]
        rows += [(NAMES.get(n, n), [(geomean(ratios.values()), c.OTHER)])
                 for n, ratios in programs.others.items() if ratios and n != "interpreter"]
        rows.append(("liblua-rs", [(geomean(programs.cpu.values()), c.OURS)]))
        if without:
            rows.append(("liblua-rs, interpreter", [(geomean(without.values()), c.INTERPRETER)]))
        rows.sort(key=lambda row: row[1][0][0])
        c.section("CPU time, geometric mean over the programs", rows, 1.5)
        c.section("Each program: CPU time, and peak memory below it",
                  [(name, [(programs.cpu[name], c.OURS)] + [(without[name], c.INTERPRETER)] * (name in without)
                    + [(programs.rss[name], c.MEMORY)]) for name in sorted(programs.cpu, key=programs.cpu.get)], 1.25)
        c.legend([(c.OURS, "CPU time (the number)")] + [(c.INTERPRETER, "CPU time, interpreter")] * bool(without)
                 + [(c.MEMORY, "peak memory")])
    rows = [("C API: " + kind, [(geomean(capi.ratios(kind).values()), c.OURS)]) for kind in TITLES if capi.ratios(kind)]
    if rows:
        c.section("The C API, geometric means: operations, collector, bytes of objects", rows, 1.25)
    return c.svg("Ratios of liblua-rs to PUC's Lua 5.2.4")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lua")
    parser.add_argument("capi")
    parser.add_argument("directory")
    parser.add_argument("--quick", action="store_true", help="say that it was a quick run")
    parser.add_argument("--library", help="our shared library, to tell its size and the reference's")
    opt = parser.parse_args()
    programs, capi = (kind(json.load(open(path, encoding="utf-8")))
                      for kind, path in ((Programs, opt.lua), (Capi, opt.capi)))
    installed = re.search(r"^\s*liblua5\.2\.so\.0 .*=> (.*)$", output("ldconfig", "-p"), re.M)
    sizes = [os.path.getsize(p) for p in (opt.library, installed.group(1))] if opt.library and installed else None
    os.makedirs(opt.directory, exist_ok=True)
    for name, text in (("BENCHMARKS.md", page(programs, capi, circumstances(), sizes, opt.quick)),
                       ("bench.svg", chart(programs, capi))):
        with open(os.path.join(opt.directory, name), "w", encoding="utf-8") as f:
            f.write(text)


if __name__ == "__main__":
    main()
