#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pause, resume and kill_container on real containers, and the host's processes that they must not touch."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import containers  # noqa: E402
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

ENFORCE = 'mode = "enforce"'
MARK = f"mark-{os.getpid()}-"     # another such test may run beside this one
OLD_FREEZER = os.path.exists("/sys/fs/cgroup/freezer")
# Waits for the file /tmp/go, then executes a program with the mark, and goes on.
SCRIPT = ("sleep 300 & sh -c 'sleep 301 & wait' {0} & while [ ! -e /tmp/go ]; do sleep 0.05; done; rm /tmp/go; /bin/true {0}; "
          "sleep 0.5; echo went on >/tmp/after; wait")


def marked(mark):
    return f'{{ field = "args", op = "contains", values = ["{mark}"] }}'


class Box(containers.Container):
    def __init__(self, mark, cgroup=None):
        super().__init__(["sh", "-c", SCRIPT.format(mark)], cgroup=cgroup, writable=True)
        # The container's own /tmp, seen from here.
        self.tmp = os.path.join(self.dir, "rootfs/tmp")

    def begin(self):
        self.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.state() == "running" and len(self.processes()) >= 4)
        return self

    def go(self):
        with open(os.path.join(self.tmp, "go"), "w", encoding="ascii"):
            pass

    def went_on(self):
        return os.path.exists(os.path.join(self.tmp, "after"))

    def folder(self):
        """Its cgroup, in a hierarchy that can freeze."""
        for root in containers.cgroup_roots():
            path = root + self.cgroup
            if os.path.exists(os.path.join(path, "freezer.state")) or (os.path.exists(os.path.join(path, "cgroup.freeze"))
                                                                     and not OLD_FREEZER):
                return path
        return ""

    def frozen(self):
        for name, word in (("freezer.state", "FROZEN"), ("cgroup.freeze", "1")):
            path = os.path.join(self.folder(), name)
            if os.path.exists(path):
                with open(path, encoding="ascii") as f:
                    return f.read().strip() == word
        return None

    def processes(self):
        path = os.path.join(self.folder() or "/nonexistent", "cgroup.procs")
        try:
            with open(path, encoding="ascii") as f:
                return [int(p) for p in f.read().split()]
        except OSError:
            return []


def result(daemon, name):
    return daemon.wait_event(tracer="action", rule=name) or {}


def be_told_of_frozen(box):
    """Nothing in it can do anything now, and yet something must be its event."""
    if OLD_FREEZER:
        # A process of the host's joins it, all but the freezer.
        subprocess.run(["/bin/sh", "-c", f"for d in /sys/fs/cgroup/*{box.cgroup}; do case $d in */freezer/*) ;; *) "
                        f"echo $$ >$d/cgroup.procs || : ;; esac; done 2>/dev/null; exec /bin/true {MARK}resume"], check=True)
        return
    # With version 2 who joins is frozen as well; but what is frozen can be killed there.
    for pid in box.processes():
        with open(f"/proc/{pid}/cmdline", encoding="ascii") as f:
            if f.read().endswith(f"\0{MARK}pause\0"):
                os.kill(pid, signal.SIGKILL)


def pausing(tap, daemon):
    box, other = Box(MARK + "pause").begin(), Box(MARK + "other").begin()
    host = subprocess.Popen(["sleep", "300"])
    box.go()
    got = result(daemon, "pause")
    tap.check("pause: the container is frozen", got.get("outcome") == "done" and box.frozen() is True, f"{got} {box.frozen()}")
    tap.check("which runc sees as well", box.state() == "paused", box.state())
    tap.check("and the event says which container", got.get("target") == box.id, str(got))
    time.sleep(0.3)
    states = {p: open(f"/proc/{p}/stat", encoding="ascii").read().rpartition(")")[2].split()[0] for p in box.processes()}
    tap.check("none of its processes goes on", not box.went_on() and len(states) >= 4, str(states))
    tap.check("another container and the host do", other.frozen() is False and host.poll() is None and other.state() == "running",
              other.state())
    be_told_of_frozen(box)
    got = result(daemon, "resume")
    tap.check("resume: it goes on", got.get("outcome") == "done" and wait_for(lambda: box.frozen() is False) and
              wait_for(box.went_on), f"{got} {box.frozen()}")
    tap.check("as runc sees", box.state() == "running", box.state())
    box.remove()
    other.remove()
    host.kill()
    host.wait()


def killing(tap, daemon):
    box, other = Box(MARK + "kill").begin(), Box(MARK + "other").begin()
    before = box.processes()
    box.go()
    got = result(daemon, "kill")
    tap.check("kill_container: it is ended, with every process", got.get("outcome") == "done" and wait_for(
        lambda: not any(os.path.exists(f"/proc/{p}") for p in before)) and len(before) >= 4, f"{got} {before}")
    tap.check("it did not get any further", not box.went_on())
    tap.check("as runc sees", wait_for(lambda: box.state() in ("stopped", "")), box.state())
    tap.check("another container lives", other.state() == "running", other.state())
    box.remove()

    # A systemd-style path, and a cgroup below the container's that it made itself.
    box = Box(MARK + "kill", cgroup=f"/system.slice/docker-{containers.hexid()}.scope").begin()
    inner = os.path.join(box.folder(), "inner")
    os.mkdir(inner)
    deep = box.processes()[-1]
    with open(os.path.join(inner, "cgroup.procs"), "w", encoding="ascii") as f:
        f.write(str(deep))
    before = set(box.processes()) | {deep}
    box.go()
    tap.check("what hides in a cgroup below it is ended too", wait_for(
        lambda: not any(os.path.exists(f"/proc/{p}") for p in before)), str(before) + str(daemon.events(tracer="action")))
    box.remove()
    containers.forget_cgroups(box.cgroup + "/inner")
    other.remove()


def refused(tap, daemon):
    host = subprocess.Popen(["sleep", "300"])
    subprocess.run(["/bin/true", MARK + "host"], check=True)
    got = result(daemon, "host")
    tap.check("a process of the host leads to nothing, and it is said why", got.get("outcome") == "protected" and
              "no container" in got.get("text", "") and host.poll() is None, str(got))
    host.kill()
    host.wait()
    box = Box(MARK + "observe").begin()
    box.go()
    got = result(daemon, "observe")
    tap.check("a rule that only observes kills no container", got.get("outcome") == "observed" and wait_for(box.went_on) and
              box.state() == "running", f"{got} {box.state()}")
    box.remove()


def main():
    tap = Tap()
    if containers.missing():
        tap.skip("actions on containers", containers.missing())
        tap.done()
        return
    texts = {name: rule(name, "exec", marked(MARK + name), ("log", action), extra) for name, action, extra in (
        ("pause", "pause", ENFORCE), ("resume", "resume", ENFORCE), ("kill", "kill_container", ENFORCE),
        ("host", "kill_container", ENFORCE), ("observe", "kill_container", ""))}
    texts = {name: text.replace("[match]\nall = [", '[match]\nall = [{ field = "comm", op = "eq", values = ["true"] }, ')
             for name, text in texts.items()}
    if not OLD_FREEZER:
        texts["resume"] = rule("resume", "exit", marked(MARK + "pause"), ("log", "resume"), ENFORCE)
    texts["results"] = rule("results", "action")
    daemon = Events(texts, config="[actions]\nallow_enforce = true\n")
    daemon.start(tracers=["exec", "exit"] if not OLD_FREEZER else ["exec"])
    pausing(tap, daemon)
    killing(tap, daemon)
    refused(tap, daemon)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    tap.done()


main()
