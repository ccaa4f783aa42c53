#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the workers that run programs, signal and freeze: every event is still acted upon."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import containers  # noqa: E402
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402
from killer import KILLS, Killer, worker  # noqa: E402

CONFIG = """[restart]
backoff_min_ms = 1
backoff_max_ms = 10
[actions]
allow_enforce = true
kills_per_minute = 10000
max_age_ms = 60000
"""


def programs(tap):
    out = "/tmp/bpfd-test-335"
    os.makedirs(out, exist_ok=True)
    os.chmod(out, 0o777)
    path = os.path.join(out, "lines")
    if os.path.exists(path):
        os.unlink(path)
    match = '{ field = "args", op = "contains", values = ["mark-335"] }, { field = "comm", op = "eq", values = ["true"] }'
    action = f'type = "exec"\nargv = ["/bin/sh", "-c", "cat >> {path}"]\nper_minute = 100000\nparallel = 40\n'
    daemon = Events({"run": rule("run", "exec", match, ("note",))}, config=CONFIG, actions={"note": action})
    daemon.start(tracers=["exec"])
    wait_for(lambda: worker(daemon, "exec") is not None)
    n = 0
    ended = [0, 0]      # lines, bytes

    def at_work():
        if os.path.exists(path):
            with open(path, "rb") as f:
                f.seek(ended[1])
                text = f.read()
            ended[0] += text.count(b"\n")
            ended[1] += len(text)
        return n - ended[0]

    killer = Killer(daemon, "exec")
    killer.start()
    while killer.is_alive():
        subprocess.run(["/bin/true", f"mark-335-{n:06}"], check=True)
        n += 1
        time.sleep(0.005)
        # No more than may run, where they take long: more are refused.
        wait_for(lambda: at_work() < 6, 2, 0.005)

    def seen():
        with open(path, "rb") as f:
            text = f.read()
        return [i for i in range(n) if f"mark-335-{i:06}".encode() in text], text.count(b"\n")

    wait_for(lambda: os.path.exists(path) and len(seen()[0]) == n, 20)
    marks, _ = seen()
    tap.check(f"the worker that runs programs was killed {KILLS} times", killer.kills == KILLS, str(killer.kills))
    tap.check("a program ran for every event", len(marks) == n, f"{n} events, {len(marks)} seen, "
              f"{({k: v for k, v in daemon.stats().items() if 'exec' in k})}")
    daemon.stop()
    daemon.remove()
    os.unlink(path)
    os.rmdir(out)


def signals(tap):
    match = '{ field = "args", op = "contains", values = ["mark-kill"] }'
    daemon = Events({"kill": rule("kill", "exec", match, ("kill",), 'mode = "enforce"')}, config=CONFIG)
    daemon.start(tracers=["exec"])
    wait_for(lambda: worker(daemon, "signal") is not None)
    killer = Killer(daemon, "signal")
    killer.start()
    victims = []
    while killer.is_alive():
        victims.append(subprocess.Popen(["/bin/sh", "-c", "sleep 60; exit 0", "mark-kill"], start_new_session=True))
        time.sleep(0.05)
    end = time.monotonic() + 15
    while any(v.poll() is None for v in victims) and time.monotonic() < end:
        time.sleep(0.05)
    alive = [v for v in victims if v.poll() is None]
    tap.check(f"the worker that signals was killed {KILLS} times", killer.kills == KILLS, str(killer.kills))
    tap.check("every process that a rule wants dead is", not alive and all(v.returncode == -9 for v in victims),
              f"{len(alive)} of {len(victims)} live; {daemon.log_text()[-1500:]}")
    for v in victims:
        try:
            os.killpg(v.pid, signal.SIGKILL)    # its sleep lives on
        except ProcessLookupError:
            pass
        v.wait()
    daemon.stop()
    daemon.remove()


def groups(tap):
    if containers.missing():
        tap.skip("containers are killed by a worker that is killed", containers.missing())
        return
    match = '{ field = "args", op = "contains", values = ["mark-group"] }, { field = "container", value = true }'
    daemon = Events({"end": rule("end", "exec", match, ("kill_container",), 'mode = "enforce"')}, config=CONFIG)
    daemon.start(tracers=["exec"])
    wait_for(lambda: worker(daemon, "cgroup") is not None)
    killer = Killer(daemon, "cgroup")
    killer.start()
    ends = []
    while killer.is_alive():
        box = containers.Container(["sh", "-c", "sleep 30", "mark-group"]).start()
        try:
            ends.append(box.wait(15)[0])
        except subprocess.TimeoutExpired:
            ends.append(None)
        box.remove()
    tap.check(f"the worker that ends containers was killed {KILLS} times", killer.kills == KILLS, str(killer.kills))
    tap.check("every container that a rule wants to end does", set(ends) == {137}, str(ends) + daemon.log_text()[-1500:])
    daemon.stop()
    daemon.remove()


def main():
    tap = Tap()
    programs(tap)
    signals(tap)
    groups(tap)
    tap.done()


main()
