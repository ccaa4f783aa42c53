# SPDX-License-Identifier: Apache-2.0
"""From nothing to the first event, and what it costs to wait for one: P12, P16, P17."""
import os
import select
import shutil
import subprocess
import time

from daemon import BPFD
from evbase import (COMM, DIR, Bpfd, Terminal, cool_files, cpu_ns, generate, installed, pss_kib, rule, wakeups,
                    warm_files)
from evcost import BPFTRACE, DEFAULTS, WATCH


PROGRAMS = [os.path.join(os.path.dirname(BPFD), name) for name in (
    "bpfd", "bpfd-config", "bpfd-loader", "bpfd-linker", "bpfd-oneshot", "bpfd-api", "bpfd-enricher", "bpfd-action")]


COLD = "the same, files not in memory"


class Starter:
    def __init__(self, name, argv):
        self.name, self.argv = name, argv


def first_line_ms(fd, mark, begin, seconds=20):
    text = b""
    while mark not in text:
        left = begin + seconds - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            return None
        data = os.read(fd, 65536)
        if not data:
            return None
        text = text[-256:] + data
    return (time.monotonic() - begin) * 1e3


def start_bpfd(name, config, before=warm_files):
    """The daemon's standard output is where the default action writes."""
    s = Bpfd(name, config=config)
    s.prepare()
    path = os.path.join(s.daemon.dir, "etc", "bpfd.toml")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace('default = ["line"]', 'default = ["stdout"]'))
    before(PROGRAMS)
    begin = time.monotonic()
    s.daemon.proc = subprocess.Popen([BPFD, "--foreground", "--root", s.daemon.dir], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return s, begin


def first_event(figures, args):
    """P12: with an open each millisecond."""
    generator = generate("openloop", 600, os.path.join(DIR, "opened"), 1)
    generator.stdin.write("\n")
    generator.stdin.flush()
    every = '[tracers]\nenabled = ["*"]\nallow_sensitive = ["bashreadline"]\n'
    try:
        for name, config, wait in (("bpfd, open alone", '[tracers]\nenabled = ["open"]\n', ["open"]),
                                   ("bpfd daemon's tracers", WATCH, DEFAULTS),
                                   ("bpfd, all tracers", every, ["filetop", "cgroup"])):
            s, begin = start_bpfd(name, config)
            try:
                out = s.daemon.proc.stdout
                figures.add("P12", "start to first open", name, "ms", first_line_ms(out.fileno(), COMM.encode(), begin), "<= 40")
                reader = subprocess.Popen(["cat"], stdin=out, stdout=subprocess.DEVNULL)
                while time.monotonic() - begin < 20:
                    states = {t["name"]: t["status"] for t in s.daemon.ctl_json("tracers")["tracers"]}
                    if all(states.get(w) in ("on", "partial") for w in wait):
                        figures.add("P12", "start to all on", name, "ms", (time.monotonic() - begin) * 1e3)
                        break
                    time.sleep(0.005)
            finally:
                out.close()
                s.end()
                reader.kill()
                reader.wait()
        peers = installed([Starter("opensnoop", ["opensnoop", "-n", COMM]),
                           Starter("bpftrace", ["bpftrace", "-B", "line", "-e", BPFTRACE])])
        for what, before in ("start to first open", warm_files), (COLD, cool_files):
            for peer in peers:
                before([shutil.which(peer.argv[0])])
                begin = time.monotonic()
                t = Terminal(peer.argv)
                figures.add("P12", what, peer.name, "ms", first_line_ms(t.master, COMM.encode(), begin))
                t.end()
        s, begin = start_bpfd("bpfd, open alone", '[tracers]\nenabled = ["open"]\n', cool_files)
        figures.add("P12", COLD, "bpfd, open alone", "ms", first_line_ms(s.daemon.proc.stdout.fileno(), COMM.encode(), begin))
        s.daemon.proc.stdout.close()
        s.end()
    finally:
        generator.kill()
        generator.wait()


def idle(figures, args):
    """P16, P17: tracers are attached, and nothing happens that a rule asks for."""
    seconds = max(2.0, args.seconds)
    ours = [rule(name=t, tracer=t, value="nobody-at-all") for t in ("open", "exec", "exit", "tcpstate")]
    s = Bpfd("bpfd", ours, wait=("open", "exec", "exit", "tcpstate"))
    try:
        s.begin()
        time.sleep(1)
        pids = s.pids()
        cpu, woken = cpu_ns(pids), wakeups(pids)
        time.sleep(seconds)
        figures.add("P17", "CPU without events", "bpfd", "us/s", (cpu_ns(pids) - cpu) / seconds / 1e3, "<= 200")
        figures.add("P17", "wake-ups without events", "bpfd", "1/s", (wakeups(pids) - woken) / seconds, "0")
        figures.add("P16", "PSS without events", "bpfd", "MiB", pss_kib(pids) / 1024, "<= 14")
    finally:
        s.end()
