# SPDX-License-Identifier: Apache-2.0
"""What the benches of events share: subjects that watch, generators that make events, figures."""
import glob
import os
import pty
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from daemon import Daemon, children_of

BUILD = os.environ["BPFD_BUILD"]
DIR = tempfile.mkdtemp(prefix="bpfd-bench-", dir="/dev/shm")
FILE = os.path.join(DIR, "opened")
GENERATOR_CPU, OTHER_CPU = 0, os.cpu_count() - 1


COMM = f"loop{os.getpid()}"     # of everything that makes events: nobody else's are counted


def bench_program(name, of=None):
    path = os.path.join(DIR, name, COMM)
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path))
        shutil.copy(of or os.path.join(BUILD, "tests/bench", name), path)
    return path


def pingpong_us(n=300):
    """One round trip between two processes: how the two processors feel just now."""
    here, there = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        for _ in range(n):
            os.read(here[0], 1)
            os.write(there[1], b"x")
        os._exit(0)
    start = time.perf_counter()
    for _ in range(n):
        os.write(here[1], b"x")
        os.read(there[0], 1)
    elapsed = time.perf_counter() - start
    os.waitpid(pid, 0)
    for fd in here + there:
        os.close(fd)
    return elapsed / n * 1e6


def cpu_ns(pids):
    """Processor time of processes with all their threads."""
    total = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            try:
                with open(path, encoding="ascii") as f:
                    total += int(f.read().split()[0])
            except (OSError, IndexError):
                continue
    return total


def wakeups(pids):
    total = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/status"):
            with open(path, encoding="ascii", errors="replace") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))
    return total


def pss_kib(pids):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total


def warm_memory(mib=400):
    """Has the host back the memory that lines will go to.  Of a virtual machine it takes free pages back within seconds,
    and the first write to each is then its work, which counts as the writer's: 200 ns a line."""
    path, block = os.path.join(DIR, "warm"), bytes(1 << 20)
    with open(path, "wb", buffering=0) as f:
        for _ in range(mib):
            f.write(block)
    os.unlink(path)


def files_of(programs):
    argv = ["ldd", *programs]
    libraries = re.findall(r"(/\S+) \(0x", subprocess.run(argv, capture_output=True, text=True, check=False).stdout)
    return {os.path.realpath(path) for path in (*programs, *libraries)}


def warm_files(programs):
    """Programs and their libraries into memory, as when they were started lately.  A virtual machine's host takes
    memory back within seconds, that of files too, and a start would wait for the disk now and then."""
    for path in files_of(programs):
        with open(path, "rb") as f:
            while f.read(1 << 20):
                pass


def cool_files(programs):
    """Out of memory, as after the machine's start; what others have in use stays."""
    for path in files_of(programs):
        with open(path, "rb") as f:
            os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def wait_quiet(paths, seconds=10.0):
    """Until no file has grown for some time."""
    end, size, since = time.monotonic() + seconds, -1, time.monotonic()
    while time.monotonic() < end:
        now = sum(os.path.getsize(p) for p in paths if os.path.exists(p))
        if now != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > 0.3:
            return
        time.sleep(0.03)


def count_lines(path, mark):
    if not os.path.exists(path):
        return 0
    argv = ["grep", "-c", "-F", mark, path]
    return int(subprocess.run(argv, capture_output=True, text=True, check=False).stdout or 0)


def generate(*argv, cpu=GENERATOR_CPU):
    """A program of tests/bench that begins when told to, by go()."""
    return subprocess.Popen(["taskset", "-c", str(cpu), bench_program(argv[0]), *map(str, argv[1:])],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def go(generator):
    """How often it did it, in how many nanoseconds, and in how many of processor time."""
    words = generator.communicate("\n")[0].split()
    return int(words[0]), int(words[1]), int(words[2])


class Nothing:
    name, note = "nothing", ""

    def begin(self, generator=0):
        pass

    def pids(self):
        return []

    def delivered(self, mark=FILE):
        return 0

    def end(self):
        pass


class Bpfd:
    """Rules in a private instance; the action is a line in a log file."""

    def __init__(self, name, rules=(), linger_us=1000, config="", wait=("open",)):
        self.name, self.rules, self.linger_us, self.config, self.wait = name, list(rules), linger_us, config, wait
        self.daemon = None
        self.note = ""

    def write(self, folder, name, text):
        path = os.path.join(self.daemon.dir, "etc", folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o644)

    def prepare(self):
        os.chmod(DIR, 0o755)
        tempfile.tempdir = DIR    # the same file system for everybody's lines
        self.daemon = Daemon(f"[events]\nlinger_us = {self.linger_us}\n[actions]\nlog_bytes = 8589934592\n"
                             f"default = [\"line\"]\n{self.config}")
        for i, text in enumerate(self.rules):
            self.write("rules", f"bench{i}.toml", text)
        self.write("actions.d", "line.toml",
                   'type = "log"\npath = "events.txt"\nformat = "table"\nmax_bytes = 8589934592\n')

    def begin(self, generator=0):
        self.prepare()
        self.daemon.start(timeout=60)
        states, end = {}, time.monotonic() + 20
        while time.monotonic() < end:
            states = {t["name"]: t["status"] for t in self.daemon.ctl_json("tracers")["tracers"]}
            if all(states.get(w) in ("on", "partial") for w in self.wait):
                break
            time.sleep(0.05)
        else:
            print(f"bench: {self.name}: not on: {[w for w in self.wait if states.get(w) != 'on']}", file=sys.stderr)
        time.sleep(0.2)     # a spare linker starts
        for pid in self.pids():
            subprocess.run(["taskset", "-acp", str(OTHER_CPU), str(pid)], check=False, stdout=subprocess.DEVNULL)

    def pids(self):
        return [self.daemon.proc.pid, *children_of(self.daemon.proc.pid)]

    def logs(self):
        return [p for p in glob.glob(os.path.join(self.daemon.dir, "log", "*")) if os.path.isfile(p)]

    def delivered(self, mark=FILE):
        wait_quiet(self.logs())
        return sum(count_lines(path, mark) for path in self.logs())

    def lost(self):
        """Opens that bpfd counted as lost, by stage: in the kernel's rings, and by the slow worker."""
        values = self.daemon.stats()
        return {"in the kernel's rings": values.get("events.kernel.open.lost", 0),
                "to the cgroup's share": values.get("events.kernel.open.throttled", 0),
                "by the worker": sum(v for k, v in values.items() if k == "events.ring.output.missed")}

    def end(self):
        if self.daemon:
            self.daemon.remove()
        self.daemon = None


class Command:
    """Another tracer: a command that writes lines to a file."""

    def __init__(self, name, argv, ready, mark=None):
        self.name, self.argv, self.ready, self.mark = name, argv, ready, mark
        self.out = os.path.join(DIR, "peer.out")
        self.proc = None
        self.note = ""

    def begin(self, generator=0):
        argv = [a.replace("@PID@", str(generator)).replace("@OUT@", self.out) for a in self.argv]
        with open(self.out, "wb") as out, open(os.path.join(DIR, "peer.err"), "wb") as err:
            self.proc = subprocess.Popen(["taskset", "-c", str(OTHER_CPU), *argv], stdout=out, stderr=err,
                                         stdin=subprocess.DEVNULL)
        time.sleep(self.ready)

    def pids(self):
        return [self.proc.pid]

    def delivered(self, mark=FILE):
        wait_quiet([self.out])
        self.proc.send_signal(signal.SIGINT)    # some flush their buffers only now
        try:
            self.proc.wait(20)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        return count_lines(self.out, self.mark or mark)

    def end(self):
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()


class Terminal:
    """A command that thinks it writes to a terminal, so that each line comes at once."""

    def __init__(self, argv):
        self.master, slave = pty.openpty()
        self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL)
        os.close(slave)

    def end(self):
        self.proc.kill()
        self.proc.wait()
        os.close(self.master)


def installed(peers):
    """Those that are there; an absent one is named."""
    here = []
    for peer in peers:
        if shutil.which(peer.argv[0]):
            here.append(peer)
        elif peer.argv[0] not in ABSENT:
            ABSENT.add(peer.argv[0])
            print(f"bench: {peer.argv[0]}: not installed, left out", file=sys.stderr)
    return here


ABSENT = set()


class Reader(threading.Thread):
    """Counts the lines of a pipe."""

    def __init__(self, pipe):
        super().__init__(daemon=True)
        self.pipe, self.lines = pipe, 0
        self.start()

    def run(self):
        while True:
            data = os.read(self.pipe.fileno(), 1 << 16)
            if not data:
                return
            self.lines += data.count(b"\n")


class Figures:
    """Samples by goal, metric and subject; the medians are printed at the end."""

    def __init__(self):
        self.samples, self.meta = {}, {}

    def add(self, goal, what, subject, unit, value, want=""):
        if value is None:
            return
        key = (goal, what, subject)
        self.samples.setdefault(key, []).append(value)
        self.meta[key] = (unit, want)
        print(f"  {goal:<4} {what:<40} {subject:<26} {value:12.1f} {unit}", file=sys.stderr)

    def rows(self):
        return [{"goal": g, "what": w, "subject": s, "unit": self.meta[g, w, s][0], "want": self.meta[g, w, s][1],
                 "median": statistics.median(v), "min": min(v), "max": max(v), "samples": v}
                for (g, w, s), v in sorted(self.samples.items(), key=lambda i: (int(i[0][0][1:]), i[0][1]))]

    def print(self):
        print(f"{'goal':<4} {'what':<42} {'subject':<26} {'median':>10} {'min':>10} {'max':>10} unit   wanted")
        for r in self.rows():
            print(f"{r['goal']:<4} {r['what']:<42} {r['subject']:<26} {r['median']:10.1f} {r['min']:10.1f} "
                  f"{r['max']:10.1f} {r['unit']:<6} {r['want']}")


def rule(name="bench", tracer="open", action="line", match="", field="comm", op="eq", value=COMM):
    return (f'version = 2\nname = "{name}"\ntracer = "{tracer}"\nactions = ["{action}"]\n[match]\nall = [\n'
            f'  {{ field = "{field}", op = "{op}", values = ["{value}"] }},\n{match}]\n')


def rules(n):
    """The one that holds, and others of which one field holds."""
    return [rule()] + [rule(name=f"many{i}", match=f'  {{ field = "path", op = "eq", values = ["/nowhere/{i}"] }},\n')
                       for i in range(n - 1)]
