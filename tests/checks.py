"""Counting for the tests written in Python."""
import sys

passed = failed = 0


def check(name, ok, why=""):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAILED %s: %s" % (name, str(why)[-2000:]))


def finish():
    """Says the counts as `xtask test` reads them, and ends."""
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed != 0)
