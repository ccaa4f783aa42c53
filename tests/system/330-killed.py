#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the enricher and of an action worker under load: nothing is lost."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import BUILD, Tap  # noqa: E402
from events import Events, rule  # noqa: E402

KILLS = 100
PER_MS = 5


def lost(stats):
    """Events of open that are counted as lost anywhere."""
    return sum(v for k, v in stats.items() if k.startswith("events.kernel.open.lost") or ".missed" in k or ".malformed" in k)


def killing(daemon, name, path):
    """Kills the child again and again while the loop runs.  Iterations of the loop, kills."""
    loop = subprocess.Popen([os.path.join(BUILD, "tests/bench/openloop"), "14", path, str(PER_MS)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    loop.stdin.write("\n")
    loop.stdin.flush()
    kills, last = 0, None
    end = time.monotonic() + 13
    while kills < KILLS and time.monotonic() < end:
        pid = daemon.wait_child(name, other_than=last, timeout=3)
        if not pid:
            break
        time.sleep(0.03 + (kills % 7) * 0.01)
        os.kill(pid, signal.SIGKILL)
        last, kills = pid, kills + 1
    return int(loop.communicate()[0].split()[0]), kills


def round_of(tap, name):
    daemon = Events({}, config="[restart]\nbackoff_min_ms = 1\nbackoff_max_ms = 10\n")
    path = os.path.join(daemon.dir, "opened")
    with open(path, "wb"):
        pass
    daemon.write(os.path.join(daemon.dir, "etc/rules/all.toml"),
                 rule("all", "open", f'{{ field = "path", op = "eq", values = ["{path}"] }}'))
    daemon.start(tracers=["open"])
    n, kills = killing(daemon, name, path)
    daemon.wait_child(name)
    daemon.settle(1.0)
    got = len(daemon.events(tracer="open", path=path))
    counted = lost(daemon.stats())
    tap.check(f"{name} was killed {KILLS} times under load", kills >= KILLS, f"{kills} times")
    tap.check(f"no event is lost when {name} is killed", got >= n and counted == 0,
              f"{n} opens, {got} logged, {counted} counted as lost\n" + daemon.log_text()[-2000:])
    tap.check(f"at most one event is there twice for each death of {name}", got <= n + kills,
              f"{n} opens, {got} logged, {kills} kills")
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-2000:])
    daemon.remove()


def main():
    tap = Tap()
    round_of(tap, "bpfd-enricher")
    round_of(tap, "bpfd-action")
    tap.done()


main()
