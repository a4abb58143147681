#!/usr/bin/env python3
"""memory.py REFERENCE_LIBDIR OUR_LIBDIR: footprint, pauses and residence of two libraries side by side.

An empty directory name means the system's library. Times are the smallest of three interleaved runs."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as tmp:
        exe = os.path.join(tmp, "memory")
        includes = subprocess.run(["pkg-config", "--cflags", "lua5.2"], capture_output=True, text=True).stdout.split()
        subprocess.run([os.environ.get("CC", "cc"), "-O2", os.path.join(HERE, "memory.c"), "-o", exe] + includes +
                       ["-l:liblua5.2.so.0", "-lm", "-ldl"], check=True)
        values, order = {}, []
        # Each part is a process of its own: what one leaves behind must not show in the next.
        for part in ("footprint", "peak") + 3 * ("pauses", "operations"):
            for side, libdir in enumerate(sys.argv[1:]):
                env = dict(os.environ)
                if libdir:
                    env["LD_LIBRARY_PATH"] = os.path.abspath(libdir)
                out = subprocess.run([exe, part], env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
                for line in out.splitlines():
                    name, value, unit = re.match(r"(.*?)\s{2,}([\d.]+) ?(.*)", line).groups()
                    if name not in values:
                        values[name] = ([None, None], unit)
                        order.append(name)
                    pair = values[name][0]
                    pair[side] = float(value) if pair[side] is None else min(pair[side], float(value))
    print("| | unit | PUC 5.2.4 | liblua-rs | ratio |\n|---|---|---:|---:|---:|")
    for name in order:
        (base, ours), unit = values[name]
        ratio = "%.2f" % (ours / base) if base else ""
        print("| %s | %s | %.5g | %.5g | %s |" % (name, unit, base, ours, ratio))


main()
