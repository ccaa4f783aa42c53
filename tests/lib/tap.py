# SPDX-License-Identifier: Apache-2.0
"""What every test in Python prints."""
import sys


class Tap:
    """Numbers the results, prints them and ends the test with the right status."""

    def __init__(self):
        self.n = 0
        self.failed = 0

    def check(self, name, ok, why=""):
        self.n += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.n} - {name}", flush=True)
        if not ok and why:
            print("\n".join("# " + line for line in str(why).splitlines()[:40]), flush=True)
        return ok

    def skip(self, name, why):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {why}", flush=True)

    def done(self):
        print(f"1..{self.n}", flush=True)
        sys.exit(1 if self.failed else 0)
