# SPDX-License-Identifier: Apache-2.0
"""A private bpfd for a test, and what the tests ask of the kernel about it."""
import atexit
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from tap import Tap  # noqa: F401  (tests import both from here)

BUILD = os.environ.get("BPFD_BUILD", os.path.join(os.getcwd(), "build"))
BPFD = os.path.join(BUILD, "bpfd")
BPFCTL = os.path.join(BUILD, "bpfctl")
CHILDREN = ("bpfd-loader", "bpfd-api")
PATIENCE = int(os.environ.get("PATIENCE", "1"))    # so many times as long for what is awaited, where it is emulated


def comm(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            text = f.read()
        return text[text.index("(") + 1:text.rindex(")")]
    except (OSError, ValueError):
        return None


def children_of(pid):
    """pid -> comm of the live children of a process."""
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
            for child in f.read().split():
                name = comm(child)
                if name:
                    found[int(child)] = name
    return found


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


class Daemon:
    """bpfd --foreground --root DIR in a temporary directory.  prefix: a command that executes the rest."""

    def __init__(self, config="", args=(), prefix=()):
        self.dir = tempfile.mkdtemp(prefix="bpfd-test-")
        os.chmod(self.dir, 0o755)
        self.sock = os.path.join(self.dir, "run", "bpfd.sock")
        self.bpffs = os.path.join(self.dir, "run", "bpffs")
        self.args, self.prefix = list(args), list(prefix)
        self.proc = None
        self.log = os.path.join(self.dir, "bpfd.log")
        if config:
            os.mkdir(os.path.join(self.dir, "etc"))
            with open(os.path.join(self.dir, "etc", "bpfd.toml"), "w", encoding="utf-8") as f:
                f.write(config)
        atexit.register(self.remove)

    def start(self, timeout=15):
        with open(self.log, "ab") as log:
            self.proc = subprocess.Popen([*self.prefix, BPFD, "--foreground", "--root", self.dir, *self.args],
                                         stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + timeout * PATIENCE
        while time.monotonic() < end:
            if self.proc.poll() is not None:
                raise RuntimeError("bpfd ended: " + self.log_text())
            if self.ctl("version", "-q").returncode == 0:
                return self
            time.sleep(0.02)
        raise RuntimeError("bpfd does not answer: " + self.log_text())

    def ctl(self, *args, timeout=60, **kw):
        return subprocess.run([BPFCTL, "-s", self.sock, *args], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout, check=False, **kw)

    def ctl_json(self, *args):
        """Output of a command that must succeed, as JSON."""
        done = self.ctl("-o", "json", *args)
        if done.returncode:
            raise RuntimeError(f"bpfctl {' '.join(args)}: {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def child(self, name):
        """pid of a running child, or None."""
        wanted = name[:15]
        pids = [p for p, c in children_of(self.proc.pid).items() if c == wanted]
        return pids[0] if pids else None

    def wait_child(self, name, other_than=None, timeout=5):
        end = time.monotonic() + timeout * PATIENCE
        while time.monotonic() < end:
            pid = self.child(name)
            if pid and pid != other_than:
                return pid
            time.sleep(0.005)
        return None

    def pins(self):
        """Every file in the folders of the bpffs; the kernel has two of its own beside them."""
        return {os.path.join(d, f) for d, _, files in os.walk(self.bpffs) for f in files if d != self.bpffs}

    def held(self):
        """Lines "prog_id: 7" of every BPF object that a process of this bpfd has open.  What is neither
        held nor pinned is gone from the kernel, whatever others load meanwhile."""
        found = set()
        for pid in [self.proc.pid, *children_of(self.proc.pid)]:
            try:
                for fd in os.listdir(f"/proc/{pid}/fdinfo"):
                    with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii", errors="replace") as f:
                        found |= {" ".join(line.split()) for line in f
                                  if line.startswith(("prog_id:", "map_id:", "link_id:"))}
            except OSError:
                continue    # it ended meanwhile
        return found

    def stats(self):
        """Counter by name."""
        return {c["name"]: int(c["value"]) for c in self.ctl_json("stats")["counters"]}

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self, sig=signal.SIGTERM, timeout=15):
        """Exit status, or None when it had to be killed."""
        if not self.proc:
            return None
        proc, self.proc = self.proc, None
        proc.send_signal(sig)
        return ended(proc, timeout)

    def remove(self):
        self.stop()
        while subprocess.run(["umount", self.bpffs], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            pass
        shutil.rmtree(self.dir, ignore_errors=True)


def ended(proc, timeout=5):
    """Its exit status, None when it lived on and had to be killed."""
    try:
        return proc.wait(timeout * PATIENCE)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()
        return None


def bpf_ids(kind):
    """Ids of all programs, maps or links in the kernel, by bpftool."""
    out = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, text=True, check=True).stdout
    return {o["id"]: o for o in json.loads(out or "[]")}


def wait_for(condition, timeout=5.0, step=0.02):
    """True as soon as condition() is, False when it never was."""
    end = time.monotonic() + timeout * PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return bool(condition())
