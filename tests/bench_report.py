#!/usr/bin/env python3
"""benches/report.py on made-up measurements: the figures it writes, what it leaves out, and the chart's bars."""
import json
import os
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

from checks import check, finish

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def runs(cpu, rss, state="ok", note=""):
    return {"state": state, "note": note, "cpu": cpu, "rss_kb": rss}


LUA = {"mode": "lua", "stat": "min", "base": "base", "geomean": {},
       "implementations": ["base", "ours", "interpreter", "luajit"], "benchmarks": {
    "quick": {"base": runs([2.2, 2.0], [4096, 4096]), "ours": runs([0.5, 0.6], [2048, 2050]),
              "interpreter": runs([1.0], [2048]), "luajit": runs([0.4], [2048])},
    "slow": {"base": runs([1.0], [8192]), "ours": runs([1.0], [16384]), "interpreter": runs([0.5], [8192]),
             "luajit": runs([], [], "fail", "no bit32")},
    "wrong": {"base": runs([1.0], [1024]), "ours": runs([], [], "diff", "41 is not 42"), "interpreter": runs([1.0], [1024]),
              "luajit": runs([1.0], [1024])},
}}
CAPI = {"mode": "capi", "stat": "min", "base": "base", "geomean": {}, "notes": ["ours gc: status 1"],
        "units": {"call_c": "ns/op", "stack_push": "ns/op", "mem_table": "bytes", "gc_full": "ms", "gone": "ns/op"},
        "values": {"call_c": {"base": 8.0, "ours": 4.0}, "stack_push": {"base": 2.0, "ours": 4.0},
                   "mem_table": {"base": 56.0, "ours": 28.0}, "gc_full": {"base": 40.0, "ours": 10.0},
                   "gone": {"base": 5.0}}}

with tempfile.TemporaryDirectory() as tmp:
    for name, data in (("lua", LUA), ("capi", CAPI)):
        with open(os.path.join(tmp, name + ".json"), "w") as f:
            json.dump(data, f)
    argv = [os.path.join(ROOT, "benches", "report.py"), tmp + "/lua.json", tmp + "/capi.json", tmp + "/out"]
    p = subprocess.run(argv, capture_output=True, text=True)
    check("it runs", p.returncode == 0, p.stderr)
    page = open(tmp + "/out/BENCHMARKS.md", encoding="utf-8").read()
    for line in (
        "| program | PUC s | ours s | CPU | without native code | LuaJIT | PUC MB | ours MB | memory |",
        "| quick | 2.000 | 0.500 | 0.250 | 0.500 | 0.200 | 4.0 | 2.0 | 0.500 |",
        "| slow | 1.000 | 1.000 | 1.000 | 0.500 |  | 8.0 | 16.0 | 2.000 |",
        "| **geometric mean** |  |  | **0.500** | **0.500** | **0.200** |  |  | **1.000** |",
        "| CPU time of 2 programs | 0.500 (bar 0.26: missed) |",
        "| CPU time of the same, without native code | 0.500 (bar 0.44: missed) |",
        "| CPU time of the 1 of them that it runs, LuaJIT | 0.200 |",
        "| peak memory of the same | 1.000 (bar 0.75: missed) |",
        "| peak memory of the 1 that take 8 MB or more on PUC | 2.000 |",
        "Programs above 0.85: slow 1.00.",
        "Left out: wrong (ours: 41 is not 42).",
        "| stack_push | ns/op | 2 | 4 | 2.000 |",
        "| C API, time of an operation | 1.000 (bar 0.75: missed) |",
        "| C API, bytes of an object | 0.500 |",
        "| C API, collection, pauses and heap sizes | 0.250 |",
        "Operations of the C API above 1.05: stack_push 2.00.",
        "Not measured on both: gone.",
        "Note: ours gc: status 1.",
    ):
        check(line, line in page.splitlines(), "not a line of the page")
    check("not said to be quick", "quick run" not in page)

    svg = ElementTree.parse(tmp + "/out/bench.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    texts = [t.text for t in svg.iter(space + "text")]
    for text in ("quick", "slow", "liblua-rs", "liblua-rs, interpreter", "LuaJIT", "PUC Lua 5.2.4", "C API: time"):
        check("the chart names " + text, text in texts, texts)
    check("the chart leaves out what was left out", "wrong" not in texts)
    height, width = float(svg.get("height")), float(svg.get("width"))
    boxes = [[float(r.get(k)) for k in ("x", "y", "width", "height")] for r in svg.iter(space + "rect") if r.get("x")]
    inside = all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    check("bars are inside the picture", boxes and inside, boxes)
    # The bars of a row touch: the upper one is the time, the next one that of the interpreter, the lowest the memory.
    pairs = [(a, b) for a in boxes for b in boxes if abs(a[1] + a[3] - b[1]) < 0.15 and a[0] == b[0]]
    ratios = sorted(round(b[2] / a[2], 2) for a, b in pairs)
    check("bars are as long as the ratios say", ratios == [0.5, 1.0, 2.0, 2.5], ratios)

    p = subprocess.run(argv + ["--quick"], capture_output=True, text=True)
    page = open(tmp + "/out/BENCHMARKS.md", encoding="utf-8").read()
    check("a quick run says so", p.returncode == 0 and "**A quick run" in page, p.stderr)

finish()
