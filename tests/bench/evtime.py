# SPDX-License-Identifier: Apache-2.0
"""How long events take, and who does not hold up whom: P8, P9, P11."""
import os
import signal
import subprocess
import time

from daemon import BPFCTL
from evbase import (COMM, DIR, FILE, OTHER_CPU, Bpfd, Reader, Terminal, bench_program, generate, go, installed, rule)
from evcost import BPFTRACE

PAUSE_US = 2000


class Peer:
    def __init__(self, name, argv, ready):
        self.name, self.argv, self.ready = name, argv, ready


def lines(source, count, stdin=None):
    argv = ["taskset", "-c", str(OTHER_CPU), bench_program("linelat"), source, DIR, str(count), str(PAUSE_US)]
    words = subprocess.run(argv, stdin=stdin, capture_output=True, text=True, check=False).stdout.split()
    return [float(w) for w in words] if len(words) == 4 else None


def note(figures, goal, what, subject, got, count, wanted):
    if not got:
        print(f"bench: {goal} {subject}: no line came")
        return
    figures.add(goal, what + ", p50", subject, "us", got[1], wanted[0])
    figures.add(goal, what + ", p99", subject, "us", got[2], wanted[1])
    if got[0] < count:
        figures.add(goal, what + ", lines", subject, "%", 100 * got[0] / count, "100")


def latency(figures, args):
    """P8: to a line in a file; P9: to a client of the API."""
    count = int(args.seconds * 1e6 / (PAUSE_US + 60))
    s = Bpfd("bpfd", [rule()])
    try:
        s.begin()
        # The log is there when it has a line.
        go(generate("openloop", 0.01, FILE, 1))
        s.delivered()
        note(figures, "P8", "open to line in the log", "bpfd", lines(s.logs()[0], count), count, ("<= 100", "<= 300"))
        client = subprocess.Popen([BPFCTL, "-s", s.daemon.sock, "--no-headers", "trace", "--tracer", "open", "--filter",
                                   f"comm eq {COMM}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        time.sleep(0.5)
        note(figures, "P9", "open to client's line", "bpfctl trace", lines("-", count, client.stdout), count,
             ("<= 150", "<= 500"))
        client.kill()
        client.wait()
    finally:
        s.end()
    for peer in installed([Peer("opensnoop", ["opensnoop", "-n", COMM], 1),
                           Peer("bpftrace", ["bpftrace", "-B", "line", "-e", BPFTRACE], 3.5)]):
        t = Terminal(peer.argv)
        time.sleep(peer.ready)
        note(figures, "P8", "open to line in the log", peer.name, lines("-", count, t.master), count, ("", ""))
        t.end()


def client_of(daemon):
    p = subprocess.Popen([BPFCTL, "-s", daemon.sock, "--no-headers", "trace", "--tracer", "open", "--filter",
                          f"comm eq {COMM}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return p, Reader(p.stdout)


def stopped(figures, args):
    """P11: at 20,000 opens a second, what the log and a client get while another client, or the worker, stands."""
    s = Bpfd("bpfd", [rule()])
    clients = []
    try:
        s.begin()
        clients = [client_of(s.daemon), client_of(s.daemon)]
        time.sleep(0.5)
        had_log = 0
        worker = s.daemon.child("bpfd-action")
        for who, victim in (("nobody", None), ("a client", clients[1][0].pid), ("the worker", worker)):
            before = clients[0][1].lines
            if victim:
                os.kill(victim, signal.SIGSTOP)
            n, _, _ = go(generate("openloop", args.seconds, FILE, 20))
            log = s.delivered()
            figures.add("P11", "client's share of opens", who + " stands", "%", 100 * (clients[0][1].lines - before) / n, "100")
            if who != "the worker":
                figures.add("P11", "log's share of opens", who + " stands", "%", 100 * (log - had_log) / n, "100")
            had_log = log
            if victim:
                os.kill(victim, signal.SIGCONT)
                time.sleep(0.3)
    finally:
        for p, _ in clients:
            p.kill()
            p.wait()
        s.end()
