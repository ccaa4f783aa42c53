#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ten times more than the rings hold: produced = delivered + counted losses, at every stage."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import BUILD, Tap  # noqa: E402
from events import Events, rule  # noqa: E402


def opens(path, seconds):
    done = subprocess.run([os.path.join(BUILD, "tests/bench/openloop"), str(seconds), path], input="\n",
                          capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])


def small(config=""):
    daemon = Events({}, config="[events]\nring_bytes = 65536\nbulk_bytes = 65536\n" + config)
    path = os.path.join(daemon.dir, "opened")
    with open(path, "wb"):
        pass
    daemon.write(os.path.join(daemon.dir, "etc/rules/all.toml"),
                 rule("all", "open", f'{{ field = "path", op = "eq", values = ["{path}"] }}'))
    daemon.start(tracers=["open"])
    return daemon, path


def stopped_enricher(tap):
    """The kernel's rings are full: the kernel side counts."""
    daemon, path = small()
    pid = daemon.child("bpfd-enricher")
    os.kill(pid, signal.SIGSTOP)
    n = opens(path, 0.5)
    os.kill(pid, signal.SIGCONT)
    daemon.settle(1.0)
    stats = daemon.stats()
    logged = len(daemon.events(tracer="open", path=path))
    lost = stats["events.kernel.open.lost"]
    throttled = stats["events.kernel.open.throttled"]
    missed = sum(v for k, v in stats.items() if k == "events.ring.output.missed")
    tap.check("the kernel side produced every open", stats["events.kernel.open.produced"] == n,
              f"{n} opens, {stats['events.kernel.open.produced']} produced")
    tap.check("what is not delivered is counted as lost or throttled, exactly",
              n == logged + lost + throttled + missed and lost + throttled > 0,
              f"{n} opens, {logged} logged, {lost} lost in the kernel, {throttled} throttled, {missed} missed")
    daemon.stop()
    daemon.remove()


def stopped_worker(tap):
    """The shared ring laps a worker: the worker counts."""
    daemon, path = small()
    opens(path, 0.01)
    daemon.settle(0.5)
    pid = daemon.wait_child("bpfd-action")
    before, logged_before = daemon.stats(), len(daemon.events(tracer="open", path=path))
    os.kill(pid, signal.SIGSTOP)
    n = opens(path, 0.5)
    time.sleep(0.3)
    os.kill(pid, signal.SIGCONT)
    daemon.settle(1.0)
    stats = daemon.stats()
    logged = len(daemon.events(tracer="open", path=path)) - logged_before
    lost = sum(stats[k] - before[k] for k in ("events.kernel.open.lost", "events.kernel.open.throttled"))
    missed = sum(v - before.get(k, 0) for k, v in stats.items() if k == "events.ring.output.missed")
    tap.check("a worker that was lapped counts what it missed, exactly",
              n == logged + lost + missed and missed > 0,
              f"{n} opens, {logged} logged, {lost} lost in the kernel, {missed} missed")
    daemon.stop()
    daemon.remove()


def main():
    tap = Tap()
    stopped_enricher(tap)
    stopped_worker(tap)
    tap.done()


main()
