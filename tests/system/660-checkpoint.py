#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of real containers: by criu, by runc, and what is left when it cannot be or takes too much."""
import json
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import containers  # noqa: E402
from daemon import BUILD, Tap, children_of, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

ENFORCE = 'mode = "enforce"'
CONFIG = "[log]\nlevel = \"info\"\n[actions]\nallow_enforce = true\nallow_checkpoint = true\n"
MARK = f"mark-{os.getpid()}-"
# Counts, and executes a program with the mark when it is told to.
SCRIPT = ("i=0; while :; do i=$((i+1)); echo $i >/tmp/count.new; mv /tmp/count.new /tmp/count; "
          "if [ -e /tmp/go ]; then rm /tmp/go; /bin/true {0}; fi; sleep 0.05; done")
# Ends when it can write no more, as criu does.
ENDLESS = 'while echo . ; do sleep 0.02; done'
FILLS = 'i=0; while head -c 300000 /dev/zero >f$i; do i=$((i+1)); done'
ACTIONS = {
    "dump": 'type = "checkpoint"\n',
    "ends": 'type = "checkpoint"\nafter = "kill"\n',
    "holds": 'type = "checkpoint"\nafter = "pause"\n',
    "absent": 'type = "checkpoint"\npath = "/nonexistent/criu"\n',
    "writable": 'type = "checkpoint"\npath = "{dir}/tool"\n',
    "slow": f'type = "checkpoint"\npause = true\ntimeout_ms = 300\nargv = ["/bin/sh", "-c", "{ENDLESS}"]\n',
    "fills": f'type = "checkpoint"\nmax_bytes = 1048576\nargv = ["/bin/sh", "-c", "{FILLS}"]\n',
    "large": 'type = "checkpoint"\nmax_bytes = 1048576\nargv = ["/bin/dd", "if=/dev/zero", "of=image", "bs=64k", "count=64"]\n',
    "waits": f'type = "checkpoint"\npause = true\nargv = ["/bin/sh", "-c", "{ENDLESS}"]\n',
    "says": 'type = "checkpoint"\nargv = ["/bin/sh", "-c", "echo $0 $1 $2; id -u; grep -E \'^(Cap|NoNew|Seccomp:)\' /proc/self/status",'
            ' "{{id}}", "pid {{pid}}", "{{dir}}"]\n',
    "runc": 'type = "checkpoint"\nargv = ["/usr/sbin/runc", "--root", "{runc}", "checkpoint", "--leave-running", '
            '"--image-path", "{{dir}}/images", "--work-path", "{{dir}}", "{{id}}"]\n',
}


class Box(containers.Container):
    """With namespaces and a filter of its own, as the containers of hosts have them."""

    def __init__(self, mark):
        super().__init__(["sh", "-c", SCRIPT.format(MARK + mark)], writable=True)
        self.tmp = os.path.join(self.dir, "rootfs/tmp")
        path = os.path.join(self.dir, "config.json")
        with open(path, encoding="utf-8") as f:
            spec = json.load(f)
        spec["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW",
                                    "syscalls": [{"names": ["ptrace"], "action": "SCMP_ACT_ERRNO"}]}
        spec["linux"]["namespaces"].append({"type": "network"})
        with open(path, "w", encoding="utf-8") as f:
            json.dump(spec, f)

    def begin(self):
        self.start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.count() > 0, 20)
        return self

    def go(self):
        with open(os.path.join(self.tmp, "go"), "w", encoding="ascii"):
            pass
        return self

    def count(self):
        try:
            with open(os.path.join(self.tmp, "count"), encoding="ascii") as f:
                return int(f.read() or "0")
        except OSError:
            return 0

    def runs(self):
        """It counts on."""
        before = self.count()
        return wait_for(lambda: self.count() > before + 1)


def folder(daemon):
    return os.path.join(daemon.dir, "checkpoint")


def images(daemon):
    return sorted(os.listdir(folder(daemon)))


def result(daemon, name, timeout=30):
    return daemon.wait_event(tracer="action", rule=name, timeout=timeout) or {}


def criu_works():
    found = subprocess.run(["criu", "check"], capture_output=True, text=True, check=False) if shutil.which("criu") else None
    return found is not None and found.returncode == 0


def image_of(daemon, got):
    return os.path.join(folder(daemon), got.get("text", "").partition(":")[0])


def whole(daemon, got):
    """Its folder is root's alone, and its sums are right, as is the sum of those in the event."""
    path = image_of(daemon, got)
    if not os.path.isdir(path) or os.stat(path).st_mode & 0o777 != 0o700:
        return False
    sums = subprocess.run(["sha256sum", "--quiet", "--check", "SHA256SUMS"], cwd=path, check=False)
    own = subprocess.run(["sha256sum", "SHA256SUMS"], cwd=path, capture_output=True, text=True, check=True).stdout.split()[0]
    return sums.returncode == 0 and own in got["text"]


def by_criu(tap, daemon):
    box = Box("dump").begin().go()
    got = result(daemon, "dump")
    tap.check("criu writes a container that has a filter of its own", got.get("outcome") == "done", str(got) + daemon.log_text()[-2000:])
    tap.check("to a folder of root's alone, with sums that are right", whole(daemon, got), str(got))
    tap.check("whose name begins with the container's", image_of(daemon, got).startswith(os.path.join(folder(daemon), box.id[:12])))
    tap.check("the container goes on as it did", box.runs() and box.state() == "running", box.state())
    box.remove()
    box = Box("holds").begin().go()
    got = result(daemon, "holds")
    tap.check("after = pause: it is left frozen", got.get("outcome") == "done" and box.state() == "paused" and not box.runs(),
              f"{got} {box.state()}")
    box.remove()
    box = Box("ends").begin().go()
    got = result(daemon, "ends")
    tap.check("after = kill: it is ended", got.get("outcome") == "done" and wait_for(lambda: box.state() in ("stopped", "")),
              f"{got} {box.state()}")
    restored(tap, daemon, box, got)
    box.remove()


def restored(tap, daemon, box, got):
    """What was written is the container: criu makes it again."""
    before = box.count()
    subprocess.run(box.argv("delete", "--force", box.id), check=False)
    for root in containers.cgroup_roots():      # with version 1 they are mounted into it
        os.makedirs(root + box.cgroup, exist_ok=True)
    out = subprocess.run(["criu", "restore", "--restore-detached", "--root", os.path.join(box.dir, "rootfs"), "--external", "mnt[]:m",
                          "--tcp-established", "--ext-unix-sk", "--file-locks", "--manage-cgroups=ignore", "--pidfile",
                          os.path.join(box.dir, "pid"), "--images-dir", image_of(daemon, got)],
                         capture_output=True, text=True, check=False)
    tap.check("and counts on where it was when criu restores it", out.returncode == 0 and
              wait_for(lambda: box.count() > before), f"{out.returncode} {before} {box.count()} {out.stderr[-2000:]}")
    if out.returncode == 0:
        with open(os.path.join(box.dir, "pid"), encoding="ascii") as f:
            os.kill(int(f.read()), signal.SIGKILL)


def without_criu(tap, daemon):
    """A criu that does not get on with this kernel."""
    box = Box("dump").begin().go()
    got = result(daemon, "dump")
    tap.check("criu that fails is told with its own last words", got.get("outcome") == "failed" and
              "criu failed: " in got.get("text", "") and "Error" in got.get("text", ""), str(got))
    tap.check("nothing of it is left", images(daemon) == [], str(images(daemon)))
    tap.check("the container goes on", box.runs())
    box.remove()
    box = Box("holds").begin().go()
    got = result(daemon, "holds")
    tap.check("but one that is to be held stays frozen", got.get("outcome") == "failed" and not box.runs(), str(got))
    box.remove()


def by_runc(tap, daemon, works):
    box = BOXES["runc"].begin().go()
    got = result(daemon, "runc")
    if works:
        tap.check("the runtime's own command writes it", got.get("outcome") == "done" and whole(daemon, got) and
                  os.path.exists(os.path.join(image_of(daemon, got), "images/pstree.img")), str(got))
    else:
        tap.check("the runtime's own command says why it cannot", got.get("outcome") == "failed" and
                  "runc failed: " in got.get("text", ""), str(got))
    tap.check("and the container goes on after it", box.runs(), box.state())
    box.remove()


def limits(tap, daemon):
    for name, says in (("absent", "there is no /nonexistent/criu"), ("writable", "must be a file of root's"),
                       ("slow", "timeout_ms"), ("fills", "max_bytes"), ("large", "")):
        before = images(daemon)
        box = Box(name).begin().go()
        got = result(daemon, name)
        tap.check(f"{name}: it is told why", got.get("outcome") == "failed" and says in got.get("text", ""), str(got))
        tap.check(f"{name}: nothing is left", images(daemon) == before, str(images(daemon)))
        tap.check(f"{name}: the container goes on", box.runs())
        box.remove()
    box = Box("observe").begin().go()
    got = result(daemon, "observe")
    tap.check("a rule that only observes writes none", got.get("outcome") == "observed" and box.runs(), str(got))
    box.remove()


def what_runs(tap, daemon):
    box = Box("says").begin().go()
    got = result(daemon, "says")
    tap.check("a command of one's own is run", got.get("outcome") == "done" and whole(daemon, got), str(got))
    try:
        with open(os.path.join(image_of(daemon, got), "output.txt"), encoding="utf-8") as f:
            text = f.read()
    except OSError:
        text = ""
    caps = 1 << 21 | 1 << 19 | 1 << 12 | 1 << 18 | 1 << 40 | 1 << 2
    fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    first = text.split("\n", 1)[0].split()
    tap.check("with the container's name, its first process and the folder", first[:1] == [box.id] and
              first[1:3] == ["pid", str(box.pid())] and first[-1].endswith(".part"), text)
    tap.check("with six capabilities and no way to others", int(fields.get("CapPrm", "0"), 16) == caps and
              int(fields.get("CapBnd", "0"), 16) == caps and fields.get("NoNewPrivs") == "1", text)
    tap.check("and under no filter, which would hide those of containers", fields.get("Seccomp") == "0", text)
    box.remove()


def helper_of(daemon):
    """The bpfd-checkpoint that writes one, its starter's child."""
    starter = daemon.child("bpfd-checkpoint")
    return next(iter(children_of(starter)), None) if starter else None


def killed(tap, daemon):
    box = Box("waits").begin().go()
    wait_for(lambda: helper_of(daemon) and not box.runs() if helper_of(daemon) else False, 10)
    with open(f"/proc/{helper_of(daemon)}/status", encoding="ascii") as f:
        status = {k: v.strip() for k, v in (line.split(":\t", 1) for line in f if ":\t" in line)}
    tap.check("who looks after it has no capability, no way to one, and a filter", int(status["CapPrm"], 16) == 0 and
              int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", str(status))
    worker = daemon.wait_child("bpfd-action")
    for pid, name in children_of(daemon.proc.pid).items():
        with open(f"/proc/{pid}/cmdline", encoding="ascii") as f:
            if f.read().split("\0")[1:2] == ["checkpoint"]:
                worker = pid
    os.kill(worker, signal.SIGKILL)
    tap.check("worker killed: the container is let go", wait_for(box.runs, 15))
    tap.check("what was written is removed", wait_for(lambda: not any(n.endswith(".part") for n in images(daemon)), 15),
              str(images(daemon)))
    told = wait_for(lambda: any("given up" in e.get("text", "") and box.id in e.get("text", "")
                                for e in daemon.events(tracer="action")), 15)
    tap.check("the next worker says so", told, str(daemon.events(tracer="action")))
    box.remove()


def not_allowed(tap):
    daemon = Events({"dump": texts()["dump"], "results": rule("results", "action")}, actions={"dump": ACTIONS["dump"]},
                    config=CONFIG.replace("allow_checkpoint = true\n", ""))
    daemon.start(tracers=["exec"])
    tap.check("without actions.allow_checkpoint nobody waits to write one", daemon.child("bpfd-checkpoint") is None and
              not os.path.exists(folder(daemon)))
    box = Box("dump").begin().go()
    got = result(daemon, "dump")
    tap.check("and it is told why none is written", got.get("outcome") == "failed" and "allow_checkpoint" in got.get("text", ""),
              str(got))
    box.remove()
    daemon.stop()


def by_init(tap):
    """As systemd does it by bpfd-checkpoint.socket: a process for each connection, nobody in between."""
    if not shutil.which("systemd-socket-activate"):
        tap.skip("a checkpoint by one that init starts", "systemd-socket-activate is not installed")
        return
    daemon = Events({"says": texts()["says"], "results": rule("results", "action")}, actions={"says": plain(ACTIONS["says"])},
                    config=CONFIG)
    sock = os.path.join(daemon.dir, "run/checkpoint.sock")
    os.mkdir(os.path.dirname(sock), 0o755)
    init = subprocess.Popen(["systemd-socket-activate", "--accept", "--seqpacket", "-l", sock,
                             os.path.join(BUILD, "bpfd-checkpoint")], stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(sock))
    daemon.start(tracers=["exec"])
    tap.check("where init starts them there is no starter", daemon.child("bpfd-checkpoint") is None)
    box = Box("says").begin().go()
    got = result(daemon, "says")
    tap.check("a checkpoint by one that init starts", got.get("outcome") == "done" and whole(daemon, got) and box.runs(), str(got))
    init.kill()
    init.wait()
    other = Box("says").begin().go()
    wait_for(lambda: len(daemon.events(tracer="action")) == 2, 30)
    got = daemon.events(tracer="action")[-1]
    tap.check("init that does not any more is told with what to do", got.get("outcome") == "failed" and
              "enable bpfd-checkpoint.socket" in got.get("text", ""), str(got))
    box.remove()
    other.remove()
    daemon.stop()


def plain(text, **places):
    """The text of an action, with places of the test's own."""
    for name, value in places.items():
        text = text.replace("{" + name + "}", value) if "{{" + name not in text else text
    return text.replace("{{", "{").replace("}}", "}")


def texts():
    """A rule for each action, and one that observes."""
    made = {}
    for name in (*ACTIONS, "observe"):
        match = (f'{{ field = "comm", op = "eq", values = ["true"] }}, '
                 f'{{ field = "args", op = "contains", values = ["{MARK}{name}"] }}')
        made[name] = rule(name, "exec", match, ("log", name if name in ACTIONS else "dump"), ENFORCE if name in ACTIONS else "")
    return made


BOXES = {}


def main():
    tap = Tap()
    missing = containers.missing() or ("" if shutil.which("criu") else "criu is not installed")
    if missing:
        tap.skip("checkpoints of containers", missing)
        tap.done()
        return
    BOXES["runc"] = Box("runc")
    daemon = Events({**texts(), "results": rule("results", "action")}, config=CONFIG)
    tool = os.path.join(daemon.dir, "tool")
    for name, text in ACTIONS.items():
        daemon.write(os.path.join(daemon.dir, "etc", "actions.d", name + ".toml"),
                     plain(text, dir=daemon.dir, runc=os.path.join(BOXES["runc"].dir, "state")))
    daemon.write(tool, "#!/bin/sh\n")
    os.chmod(tool, 0o777)
    daemon.start(tracers=["exec"])
    works = criu_works()
    if works:
        by_criu(tap, daemon)
    else:
        tap.skip("checkpoints by criu", "criu check fails on this kernel")
        without_criu(tap, daemon)
    by_runc(tap, daemon, works)
    limits(tap, daemon)
    what_runs(tap, daemon)
    killed(tap, daemon)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    not_allowed(tap)
    by_init(tap)
    tap.done()


main()
