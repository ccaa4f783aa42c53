#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills each process of bpfd in the middle of many loads: nothing is detached, nothing leaks, and the
list is right within a second.

usage: kill_nine.py LOADS OBJECT
"""
import os
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Daemon, Tap, bpf_ids, children_of, wait_for  # noqa: E402

TRACEPOINT = "tracepoint:sched/sched_process_exec"


def pinned_programs(daemon):
    """Ids of the programs pinned in bpfd's bpffs: prog/GROUP-ID."""
    return {int(n.split("-")[1]) for n in os.listdir(os.path.join(daemon.bpffs, "prog"))}


def listed(daemon):
    """id -> state of what `bpfctl list programs` shows; None while it cannot say."""
    done = daemon.ctl("-o", "json", "list", "programs", timeout=20)
    if done.returncode:
        return None
    import json
    return {p["id"]: p["state"] for p in json.loads(done.stdout)["programs"]}


class Loads(threading.Thread):
    """Loads and attaches, and unloads all but every eighth: a tracepoint takes 64 programs."""

    def __init__(self, daemon, n, obj):
        super().__init__()
        self.daemon_, self.n, self.obj = daemon, n, obj
        self.done = 0
        self.failures = []
        self.kept = []

    def run(self):
        import json
        for i in range(self.n):
            done = self.daemon_.ctl("-o", "json", "load", self.obj, "--program", "count_exec", "--attach", TRACEPOINT)
            self.done += 1
            if done.returncode:
                self.failures.append((done.returncode, done.stderr.strip()[:160]))
                continue
            group = json.loads(done.stdout)["group"]
            if i % 8:
                self.daemon_.ctl("-q", "unload", "--group", str(group))
            else:
                self.kept.append(group)


def right_within_a_second(daemon):
    """Seconds until the list equals what is pinned, every entry loaded; None when never."""
    start = time.monotonic()
    while time.monotonic() - start < 5:
        now = listed(daemon)
        if now is not None and set(now) == pinned_programs(daemon) and set(now.values()) <= {"loaded"}:
            return time.monotonic() - start
        time.sleep(0.02)
    return None


def kill_once(daemon, name, rng):
    if name == "bpfd":
        daemon.proc.kill()
        daemon.proc.wait()
        daemon.start()
        return True
    wanted = name[:15]
    end = time.monotonic() + 2
    while time.monotonic() < end:
        pids = [p for p, c in children_of(daemon.proc.pid).items() if c == wanted]
        if pids:
            time.sleep(rng.random() * 0.01)
            try:
                os.kill(rng.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                continue
            return True
    return False


def main():
    tap = Tap()
    rng = random.Random(9)
    loads, obj = int(sys.argv[1]), sys.argv[2]
    daemon = Daemon(config="[log]\nlevel = \"warn\"\n").start()
    sentinel = daemon.ctl_json("load", obj, "--program", "count_exec", "--attach", TRACEPOINT)
    sentinel_id = sentinel["programs"][0]["id"]
    kept_pins = daemon.pins()
    sentinel_link = {i for i, link in bpf_ids("link").items() if link.get("prog_id") == sentinel_id}
    tap.check("a program is attached before it begins", len(sentinel_link) == 1, sentinel)

    for name in ("bpfd-linker", "bpfd-oneshot", "bpfd-loader", "bpfd-api", "bpfd"):
        work = Loads(daemon, loads, obj)
        work.start()
        kills, slow = 0, []
        for share in (1, 2, 3, 4):
            while work.is_alive() and work.done < loads * share // 5:
                time.sleep(0.005)
            kills += kill_once(daemon, name, rng)
            if name != "bpfd-linker" and name != "bpfd-oneshot":
                took = wait_for(lambda: listed(daemon) is not None, timeout=5, step=0.01)
                slow += [] if took else [share]
            tap_link = {i for i, link in bpf_ids("link").items() if link.get("prog_id") == sentinel_id}
            if tap_link != sentinel_link:
                tap.check(f"the attached program stays attached when {name} is killed", False, tap_link)
        work.join()
        took = right_within_a_second(daemon)
        tap.check(f"{name} was killed {kills} times in {loads} loads", kills == 4 and not slow, f"{kills} {slow}")
        tap.check(f"after {name}: the list is what is pinned, within a second", took is not None and took < 1.0,
                  f"{took} list {listed(daemon)} pinned {pinned_programs(daemon)}")
        tap.check(f"after {name}: every load that was answered with success is there",
                  all(daemon.ctl("get", "program", str(p)).returncode == 0 for p in sorted(listed(daemon) or {})[:20])
                  and {g for g in work.kept} <= {p["group"] for p in daemon.ctl_json("list", "programs")["programs"]},
                  f"kept {len(work.kept)} failures {work.failures[:3]}")
        print(f"# {name}: {work.done} loads, {len(work.failures)} failed: {work.failures[:2]}", flush=True)
        groups = {p["group"] for p in daemon.ctl_json("list", "programs")["programs"]} - {sentinel["group"]}
        for group in groups:
            daemon.ctl("-q", "unload", "--group", str(group))
        tap.check(f"after {name}: nothing leaked", wait_for(lambda: daemon.pins() == kept_pins and not daemon.held()),
                  f"pins {daemon.pins() ^ kept_pins} held {daemon.held()}")
    tap.check("the attached program was never detached",
              {i for i, link in bpf_ids("link").items() if link.get("prog_id") == sentinel_id} == sentinel_link)
    tap.check("it stops cleanly", daemon.stop() == 0, daemon.log_text()[-1500:])
    tap.check("its program is gone from the kernel", wait_for(lambda: sentinel_id not in bpf_ids("prog")))
    tap.check("nothing is left mounted", daemon.dir not in subprocess.run(
        ["mount"], capture_output=True, text=True, check=True).stdout)
    tap.done()


main()
