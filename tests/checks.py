"""Counting for the tests written in Python: no other script has counters. Each ends with `finish`."""
import sys

passed = failed = 0


def check(name, ok, why=""):
    """One check, which says what failed."""
    count(bool(ok), not ok)
    if not ok:
        print("FAILED %s: %s" % (name, str(why)[-2000:]))


def count(passes, failures):
    """Adds checks that say themselves what failed."""
    global passed, failed
    passed += passes
    failed += failures


def finish():
    """Says the counts as `xtask test` reads them, and ends."""
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed != 0)
