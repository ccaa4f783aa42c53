#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Outputs that take nothing for a while: a full disk, a pipe that nobody reads, a log that was moved away."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402


def prepared(actions, prefix=(), config=""):
    """A daemon that tells of a program in its directory, and the program."""
    daemon = Events({"results": rule("results", "action", "", ("other",))}, config=config,
                    actions={"other": 'type = "log"\npath = "other.json"\n'})
    daemon.prefix = list(prefix)
    probe = os.path.join(daemon.dir, "probe")
    os.symlink("/bin/true", probe)
    daemon.write(os.path.join(daemon.dir, "etc/rules/all.toml"),
                 rule("all", "exec", f'{{ field = "filename", op = "eq", values = ["{probe}"] }}', actions))
    return daemon, probe


def run(probe, numbers):
    for i in numbers:
        subprocess.run([probe, f"n{i}", "x" * 500], check=True)


def numbers_in(lines):
    return [int(json.loads(line)["args"][1][1:]) for line in lines if b'"exec"' in line]


def lines_of(path):
    try:
        with open(path, "rb") as f:
            return f.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def full_disk(tap):
    daemon, probe = prepared(["log"])
    folder = os.path.join(daemon.dir, "log")
    os.mkdir(folder, 0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "none", folder], check=True)
    try:
        daemon.start(tracers=["exec"])
        run(probe, range(3))
        log = os.path.join(daemon.dir, "log/events.json")
        wait_for(lambda: len(numbers_in(lines_of(log))) == 3)
        with open(os.path.join(folder, "filler"), "wb", buffering=0) as f:
            try:
                while f.write(b"z" * 512):
                    pass
            except OSError:
                pass
        run(probe, range(3, 30))
        told = lambda: "cannot be written" in daemon.log_text()  # noqa: E731
        tap.check("a full disk is said", wait_for(told), daemon.log_text()[-1000:])
        before = len(numbers_in(lines_of(log)))
        tap.check("and bpfd goes on", daemon.ctl("status").returncode == 0 and before < 30, f"{before} lines")
        os.unlink(os.path.join(folder, "filler"))
        wait_for(lambda: len(numbers_in(lines_of(log))) == 30)
        tap.check("when there is room again every line is written once, in order, and whole",
                  numbers_in(lines_of(log)) == list(range(30)), str(numbers_in(lines_of(log))))
        run(probe, [30])
        tap.check("and the next ones behind them", wait_for(lambda: numbers_in(lines_of(log))[-1] == 30))
        tap.check("none is counted as dropped", daemon.stats().get("actions.output.dropped") == 0, str(daemon.stats()))
        daemon.stop()
    finally:
        subprocess.run(["umount", "-l", folder], check=False)
    daemon.remove()


def moved_away(tap):
    """What logrotate does, with and without its own signal."""
    daemon, probe = prepared(["log"])
    daemon.start(tracers=["exec"])
    run(probe, range(3))
    log = os.path.join(daemon.dir, "log/events.json")
    wait_for(lambda: len(numbers_in(lines_of(log))) == 3)
    os.rename(log, log + "-moved")
    run(probe, range(3, 6))
    tap.check("a log that was moved away is made again", wait_for(lambda: numbers_in(lines_of(log))[-1:] == [5]),
              str(os.listdir(os.path.dirname(log))))
    both = numbers_in(lines_of(log + "-moved") + lines_of(log))
    tap.check("no line is lost between them", both == list(range(6)), str(both))
    if os.path.exists(log):
        os.unlink(log)
    run(probe, range(6, 9))
    tap.check("one that was removed too", wait_for(lambda: numbers_in(lines_of(log)) == [6, 7, 8]),
              str(os.listdir(os.path.dirname(log))))
    daemon.stop()
    daemon.remove()


def unread_pipe(tap):
    daemon, probe = prepared(["stdout", "log"])
    fifo = os.path.join(daemon.dir, "fifo")
    os.mkfifo(fifo)
    fd = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    daemon.prefix = ["/bin/sh", "-c", 'f=$1; shift; exec "$@" >"$f"', "sh", fifo]
    try:
        while os.write(fd, b"#" * 4095 + b"\n"):     # full from the beginning
            pass
    except BlockingIOError:
        pass
    daemon.start(tracers=["exec"])
    first = time.monotonic()
    run(probe, range(40))
    log = os.path.join(daemon.dir, "log/events.json")
    tap.check("a standard output that nobody reads keeps nothing else back", wait_for(
        lambda: len(numbers_in(lines_of(log))) == 40) and time.monotonic() - first < 20, daemon.log_text()[-1000:])
    got = b""
    end = time.monotonic() + 8
    while time.monotonic() < end and got.count(b"\nexec\t") < 40:
        try:
            got += os.read(fd, 1 << 16)
        except BlockingIOError:
            time.sleep(0.05)
    lines = [x for x in got.split(b"\n") if x.startswith(b"exec\t")]
    dropped = daemon.stats().get("actions.output.dropped")
    tap.check("its lines come when somebody reads, or are counted", len(lines) + dropped == 40 and
              all(len(x.split(b"\t")) == 8 for x in lines), f"{len(lines)} lines, {dropped} dropped")
    daemon.stop()
    os.close(fd)
    daemon.remove()


def main():
    tap = Tap()
    full_disk(tap)
    moved_away(tap)
    unread_pipe(tap)
    tap.done()


main()
