#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The actions syslog and journald, with a syslog and a journal of the test's own.

bpfd knows two places, /dev/log and /run/systemd/journal/socket.  So that the host's own, if it has
any, are left alone, this bpfd has a mount namespace with another /dev and /run.
"""
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402
from killer import KILLS, Killer, worker  # noqa: E402

# $1: folder with the sockets "log" and "journal".  The names are links, as systemd's are, so that
# a daemon that is started again is found.
PLACE = """
set -e
folder=$1
shift
mount -t tmpfs -o mode=755 none /dev
mount -t tmpfs -o mode=755 none /run
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/random c 1 8
mknod -m 666 /dev/urandom c 1 9
ln -s /proc/self/fd /dev/fd
ln -s "$folder/log" /dev/log
mkdir -p /run/systemd/journal
ln -s "$folder/journal" /run/systemd/journal/socket
exec "$@"
"""


class Listener:
    """What binds the socket and keeps what comes."""

    def __init__(self, path):
        self.path, self.got = path, []
        self.sock = None
        self.open()

    def open(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.sock.bind(self.path)
        os.chmod(self.path, 0o666)

    def close(self):
        self.sock.close()
        os.unlink(self.path)

    def read(self):
        while True:
            try:
                self.got.append(self.sock.recv(1 << 20))
            except BlockingIOError:
                return self.got

    def wait(self, mark, timeout=5.0):
        """The first message that has the mark in it."""
        mark = mark.encode()
        wait_for(lambda: any(mark in m for m in self.read()), timeout)
        return next((m for m in self.got if mark in m), b"")


def run(daemon, mark, times=1):
    for _ in range(times):
        subprocess.run([os.path.join(daemon.dir, "probe"), mark], check=True)


def fields_of(message):
    return dict(line.split("=", 1) for line in message.decode().splitlines())


def formats(tap, daemon, log, journal):
    run(daemon, "mark-first")
    message = log.wait("mark-first")
    found = re.match(rb"<(\d+)>bpfd: (\{.*\})$", message)
    event = json.loads(found[2]) if found else {}
    tap.check("syslog: a message says what happened, of the facility daemon and the rule's severity",
              found and int(found[1]) == 3 * 8 + 3 and event.get("tracer") == "exec" and event["args"][1] == "mark-first",
              repr(message))
    entry = fields_of(journal.wait("mark-first"))
    tap.check("journald: the entry's message is the event", json.loads(entry.get("MESSAGE", "{}")) == event, str(entry))
    tap.check("and its fields can be searched for", entry.get("PRIORITY") == "3" and entry.get("BPFD_RULE") == "high" and
              entry.get("BPFD_TRACER") == "exec" and entry.get("BPFD_PID") == str(event.get("pid")) and
              entry.get("SYSLOG_IDENTIFIER") == "bpfd" and len(entry.get("MESSAGE_ID", "")) == 32, str(entry))
    evil = "mark-evil\nPRIORITY=0\n<0>kernel: panic\x1b[2J"
    run(daemon, evil)
    message, raw = log.wait("mark-evil"), journal.wait("mark-evil")
    tap.check("what a process calls itself can forge neither a message nor a field", message and raw and
              not any(b < 32 for b in message) and fields_of(raw).get("PRIORITY") == "3" and raw.count(b"PRIORITY=") ==
              1 + raw.count(b"\\nPRIORITY="), repr(message) + repr(raw))


def slow(tap, daemon, log):
    before = len(log.read())
    first = time.monotonic()
    run(daemon, "mark-slow", 60)
    took = time.monotonic() - first
    got = daemon.wait_event(tracer="action", action="syslog", outcome="failed") or {}
    daemon.settle()
    stats = {k: v for k, v in daemon.stats().items() if "syslog" in k}
    tap.check("a syslog that does not read is not waited for", took < 20 and len([e for e in daemon.events(tracer="exec")
              if "mark-slow" in e["args"]]) == 60, f"{took} s")
    came = len(log.read()) - before
    dropped = sum(v for k, v in stats.items() if "dropped" in k)
    tap.check("what it does not take is dropped and counted, and said once", 0 < came < 60 and came + dropped >= 60 and
              "no more messages" in got.get("text", ""), f"{came} came, {stats}, {got}")
    run(daemon, "mark-reads-again")
    tap.check("when it reads again, messages come again", bool(log.wait("mark-reads-again")))


def restarted(tap, daemon, log):
    log.close()
    run(daemon, "mark-gone", 3)
    daemon.settle()
    log.open()
    time.sleep(1.1)     # it is asked for once a second
    run(daemon, "mark-back", 3)
    log.wait("mark-back")
    tap.check("a syslog that was restarted gets messages again, from the first on",
              wait_for(lambda: len([m for m in log.read() if b"mark-back" in m]) == 3), daemon.log_text()[-2000:])
    log.close()
    log.open()
    run(daemon, "mark-at-once")
    tap.check("and nothing is lost to one that is back at once", wait_for(lambda: any(b"mark-at-once" in m for m in log.read())),
              daemon.log_text()[-2000:])


def killed(tap, daemon, log, journal):
    """A worker that is killed sends what its predecessor has not sent, and at most one message twice."""
    wait_for(lambda: worker(daemon, "syslog") is not None)
    daemon.settle()
    killer = Killer(daemon, "syslog")
    killer.start()
    # The kernel keeps ten messages for a socket: who reads later than that loses, not who sends.
    reader = threading.Thread(target=wait_for, daemon=True, args=(
        lambda: journal.read() and log.read() and not killer.is_alive(), 60, 0.001))
    reader.start()
    n = 0
    while killer.is_alive():
        run(daemon, f"mark-killed-{n:06}")
        n += 1
        time.sleep(0.01)
    reader.join()

    def counts():
        text = b"".join(log.read())
        return [text.count(f"mark-killed-{i:06}".encode()) for i in range(n)]

    wait_for(lambda: all(counts()), 20)
    seen = counts()
    tap.check(f"the worker that writes to syslog was killed {KILLS} times", killer.kills == KILLS, str(killer.kills))
    tap.check("every event is a message all the same", all(seen), f"{seen.count(0)} of {n} are missing; {({k: v for k, v in daemon.stats().items() if 'syslog' in k})}")
    tap.check("and at most one is there twice for each death", sum(seen) <= n + killer.kills, f"{sum(seen)} of {n}")


def main():
    tap = Tap()
    daemon = Events({}, config="[restart]\nbackoff_min_ms = 1\nbackoff_max_ms = 10\n")
    folder = os.path.join(daemon.dir, "sockets")
    os.mkdir(folder)
    daemon.prefix = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", PLACE, "sh", folder]
    probe = os.path.join(daemon.dir, "probe")
    os.symlink("/bin/true", probe)
    match = f'{{ field = "filename", op = "eq", values = ["{probe}"] }}'
    for name, text in (("high", rule("high", "exec", match, ("syslog", "journald", "log"), 'severity = "high"')),
                       ("results", rule("results", "action"))):
        daemon.write(os.path.join(daemon.dir, "etc/rules", name + ".toml"), text)
    log, journal = Listener(os.path.join(folder, "log")), Listener(os.path.join(folder, "journal"))
    daemon.start(tracers=["exec"])
    formats(tap, daemon, log, journal)
    slow(tap, daemon, log)
    restarted(tap, daemon, log)
    killed(tap, daemon, log, journal)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    daemon.stop()
    tap.done()


main()
