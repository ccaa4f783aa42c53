#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads thousands of mutated objects through bpfctl: only linkers may die of them.

usage: mutated_objects.py COUNT OBJECT...
"""
import collections
import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import CHILDREN, Daemon, Tap, rss_kib, wait_for  # noqa: E402
from mutate import mutations  # noqa: E402

# Exit statuses of bpfctl that are an answer: done, failed, not found, permission, conflict, deadline.
ANSWERS = {0, 1, 3, 5, 6, 124}
BATCH = 250


def load(daemon, path, data):
    with open(path, "wb") as f:
        f.write(data)
    return daemon.ctl("-q", "load", path, timeout=120)


def unload_all(daemon):
    groups = {p["group"] for p in daemon.ctl_json("list", "programs")["programs"]}
    for group in groups:
        daemon.ctl("-q", "unload", "--group", str(group))


def main():
    tap = Tap()
    count, objects = int(sys.argv[1]), sys.argv[2:]
    daemon = Daemon(config="[log]\nlevel = \"warn\"\n[limits]\nload_timeout_ms = 30000\n").start()
    pids = {name: daemon.child(name) for name in CHILDREN}
    statuses = collections.Counter()
    strange = []
    rss = []

    def one(job):
        n, path, data = job
        done = load(daemon, os.path.join(daemon.dir, f"mutant-{n % 4}.o"), data)
        if done.returncode not in ANSWERS or (done.returncode and not done.stderr.strip()):
            keep = os.path.join("/tmp", f"bpfd-mutant-{os.path.basename(path)}-{n}")
            with open(keep, "wb") as f:
                f.write(data)
            strange.append(f"{keep}: status {done.returncode}: {done.stderr.strip()[:200]}")
        return done.returncode

    with ThreadPoolExecutor(2) as pool:
        for k, path in enumerate(objects):
            with open(path, "rb") as f:
                data = f.read()
            share = count // len(objects) + (k < count % len(objects))
            jobs = list(enumerate(mutations(data, share, seed=k + 1)))
            for at in range(0, len(jobs), BATCH):
                # Neighbours in a batch have different n % 4, and only two run at once.
                statuses.update(pool.map(one, ((n, path, d) for n, d in jobs[at:at + BATCH])))
                unload_all(daemon)
                rss.append(rss_kib(daemon.child("bpfd-loader") or os.getpid()))
            print(f"# {os.path.basename(path)}: {share} mutations, statuses so far {dict(statuses)}", flush=True)

    tap.check(f"{sum(statuses.values())} mutated objects are each answered", not strange, "\n".join(strange))
    tap.check("some load and some are refused", statuses[0] > 0 and statuses[1] > 0, dict(statuses))
    tap.check("loader and API are the processes of the start",
              pids == {name: daemon.child(name) for name in CHILDREN}, daemon.log_text()[-2000:])
    quarter = max(1, len(rss) // 4)
    tap.check("the loader's memory stays flat", max(rss[-quarter:]) <= max(rss[:quarter * 2]) + 1024, rss)
    tap.check("nothing is left pinned or held", wait_for(lambda: not daemon.pins() and not daemon.held()),
              f"pins {daemon.pins()} held {daemon.held()}")
    tap.check("an unchanged object still loads", daemon.ctl("load", objects[0]).returncode == 0)
    tap.check("it stops cleanly", daemon.stop() == 0)
    tap.done()


main()
