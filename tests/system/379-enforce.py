#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules that the kernel decides: who may, what stays in force while bpfd's processes die, what lifts it."""
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

ALLOWED = "[actions]\nallow_enforce = true\n"
ENFORCE = 'mode = "enforce"\n'


def has_lsm():
    """Whether this kernel runs programs on hooks of security modules."""
    def text(name):
        try:
            with open("/sys/kernel/security/" + name, encoding="ascii") as f:
                return f.read()
        except OSError:
            return ""
    return "bpf" in text("lsm").split(",") and "[none]" in (text("lockdown") or "[none]")


class Traffic:
    """A process that goes on connecting: to the port that is denied, and to one beside it where nobody listens."""

    def __init__(self, denied):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.ports = (denied, s.getsockname()[1])
        self.said, says = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.said)
            self.connect(says)
        os.close(says)

    def connect(self, says):
        came, went = [], []
        signal.signal(signal.SIGTERM, lambda *_: went.append(1))
        turns = 0
        while not went:
            for port, usual in zip(self.ports, (errno.EPERM, errno.ECONNREFUSED)):
                with socket.socket() as s:
                    got = s.connect_ex(("127.0.0.1", port))
                if got != usual:
                    came.append((turns, port, got))
            turns += 1
        os.write(says, f"{turns} turns, otherwise than they should: {came[:20]}".encode())
        os._exit(1 if came or not turns else 0)

    def end(self):
        """Whether none got through and none beside was stopped, and what happened."""
        os.kill(self.pid, signal.SIGTERM)
        with os.fdopen(self.said, encoding="ascii") as f:
            text = f.read()
        return os.waitpid(self.pid, 0)[1] == 0, text


class Enforcing(Events):
    """A daemon, two programs, of which one is bad, and two listeners, of which one is not to be reached."""

    def __init__(self, config=ALLOWED):
        super().__init__(config=config)
        self.bad, self.good = self.program("bad"), self.program("good")
        self.listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.ports = [s.getsockname()[1] for s in self.listeners]

    def start(self, timeout=20, tracers=()):
        """The verifier looks at all programs at once, which an emulated processor needs a while for."""
        super().start(timeout)
        for name in tracers:
            if not self.wait_tracer(name, ("on", "partial"), 120):
                raise RuntimeError(f"tracer {name}: {self.tracer(name)}: " + self.log_text())
        return self

    def program(self, name):
        path = os.path.join(self.dir, name)
        shutil.copy("/bin/touch", path)
        return path

    def rule(self, name, text):
        self.write(os.path.join(self.dir, "etc/rules", name + ".toml"), text)

    def kill_rule(self, extra=ENFORCE):
        return rule("no-bad", "exec", f'{{ field = "path", value = "{self.bad}" }}', ("kernel_kill", "log"), extra)

    def connect_rule(self, extra=ENFORCE):
        return rule("no-port", "tcpstate", f'{{ field = "dport", value = {self.ports[0]} }}', ("deny", "log"), extra)

    def runs(self, path):
        """What became of the program, and whether an instruction of it ran."""
        mark = os.path.join(self.dir, "mark")
        status = subprocess.run([path, mark], check=False).returncode
        ran = os.path.exists(mark)
        if ran:
            os.unlink(mark)
        return status, ran

    def killed(self):
        return self.runs(self.bad) == (-signal.SIGKILL, False)

    def connects(self, port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port))

    def denied(self):
        return self.connects(self.ports[0]) == errno.EPERM

    def programs(self):
        tracer = self.tracer("enforce")
        return tracer.get("programs"), tracer.get("attached")

    def in_force(self):
        return self.killed() and self.denied() and self.runs(self.good) == (0, True) and self.connects(self.ports[1]) == 0

    def lifted(self):
        return self.runs(self.bad) == (0, True) and self.connects(self.ports[0]) == 0

    def opens(self, path):
        try:
            with open(path, "rb"):
                return 0
        except OSError as e:
            return e.errno

    def get(self, name):
        return self.ctl("rule", "get", name).stdout

    def create(self, name, text):
        path = os.path.join(self.dir, name + ".toml")
        self.write(path, text)
        made = self.ctl("rule", "create", path)
        if made.returncode == 0:
            wait_for(lambda: self.tracer("enforce").get("status") != "loading", 120)
        return made


def stays_and_goes(tap):
    daemon = Enforcing()
    daemon.rule("no-bad", daemon.kill_rule())
    daemon.rule("no-port", daemon.connect_rule())
    tap.check("before bpfd runs nothing is stopped", daemon.lifted())
    daemon.start(tracers=["enforce"])
    tap.check("what rules name does not happen, and what is beside it does", daemon.in_force(), daemon.log_text()[-2000:])
    tap.check("a rule hears nothing of hooks that it does not need", "PROBLEM" not in daemon.get("no-port"), daemon.get("no-port"))
    event = daemon.wait_event(tracer="enforce", rule="no-bad") or {}
    tap.check("the decision is an event, for which the rule's other actions are run",
              (event.get("hook"), event.get("outcome"), event.get("path")) == ("executed", "killed", daemon.bad), str(event))
    event = daemon.wait_event(tracer="enforce", rule="no-port") or {}
    tap.check("it says who, where to, and which executable",
              (event.get("hook"), event.get("outcome"), event.get("addr"), event.get("port"), event.get("pid")) ==
              ("connect", "denied", "127.0.0.1", daemon.ports[0], os.getpid()) and
              event.get("exe") == os.path.realpath(sys.executable), str(event))

    for name in ("bpfd-loader", "bpfd-enricher", "bpfd-api"):
        pid = daemon.child(name)
        os.kill(pid, signal.SIGKILL)
        at_once = daemon.in_force()
        tap.check(f"{name} is killed: what was stopped is stopped still, at once and with the next one",
                  at_once and daemon.wait_child(name, pid) and wait_for(lambda: daemon.ctl("rule", "ls").returncode == 0) and
                  daemon.in_force(), daemon.log_text()[-2000:])
    tap.check("and afterwards its decisions are events again", daemon.killed() and
              bool(daemon.wait_event(tracer="enforce", rule="no-bad", pid=None) or daemon.events(tracer="enforce", rule="no-bad")))
    daemon.stop()
    tap.check("a stop lifts it", daemon.lifted())
    daemon.remove()


def permission(tap):
    daemon = Enforcing(config="")
    daemon.rule("no-bad", daemon.kill_rule())
    daemon.rule("no-port", daemon.connect_rule(""))
    daemon.start(tracers=["enforce"])
    tap.check("without the daemon's permission nothing is stopped", daemon.lifted())
    for name in ("no-bad", "no-port"):
        event = daemon.wait_event(tracer="enforce", rule=name) or {}
        tap.check(f"it is only said what would have been: {name}", event.get("outcome") == "observed" and event.get("retval") == 0,
                  str(event))
    tap.check("and the rule says why", "allow_enforce" in daemon.get("no-bad"), daemon.get("no-bad"))
    daemon.remove()


def by_api(tap):
    daemon = Enforcing()
    daemon.start()
    made = daemon.create("no-bad", daemon.kill_rule())
    tap.check("a rule that came by the API only observes", made.returncode == 0 and daemon.runs(daemon.bad) == (0, True) and
              "api_allow_enforce" in daemon.get("no-bad"), made.stdout + made.stderr + daemon.get("no-bad"))
    daemon.remove()
    daemon = Enforcing(ALLOWED + "api_allow_enforce = true\n")
    daemon.start()
    tap.check("unless the daemon allows it", daemon.create("no-bad", daemon.kill_rule()).returncode == 0 and daemon.killed())
    alone = daemon.programs()
    tap.check("beside which another may come", daemon.create("no-port", daemon.connect_rule()).returncode == 0 and daemon.in_force())
    tap.check("no program is loaded that no rule needs", (alone, daemon.programs()) == ((1, 1), (3, 3)), f"{alone} {daemon.programs()}")
    pid = daemon.child("bpfd-loader")
    os.kill(pid, signal.SIGKILL)
    tap.check("the next loader knows them", daemon.wait_child("bpfd-loader", pid) and
              wait_for(lambda: daemon.tracer("enforce").get("status") == "on", 20) and daemon.programs() == (3, 3), str(daemon.programs()))
    daemon.ctl("rule", "rm", "no-port")
    tap.check("a rule that is removed stops nothing more, and the others do", daemon.connects(daemon.ports[0]) == 0 and
              daemon.killed())
    bad = daemon.create("odd", rule("odd", "exec", '{ field = "args", op = "contains", value = "x" }', ("deny",), ENFORCE))
    tap.check("what the kernel cannot tell exactly is refused, by name", bad.returncode != 0 and
              "cannot be decided in the kernel by args" in bad.stderr, bad.stderr)
    daemon.remove()


def swaps(tap):
    """Traffic goes on while what decides about it is replaced."""
    daemon = Enforcing(ALLOWED + "api_allow_enforce = true\n")
    daemon.rule("no-port", daemon.connect_rule())
    daemon.start(tracers=["enforce"])
    other = rule("other", "bind", '{ field = "port", value = 1 }', ("deny",), ENFORCE)

    def tables():
        for _ in range(3):
            if daemon.create("other", other).returncode or daemon.ctl("rule", "rm", "other").returncode:
                return False
        return True

    def deaths():
        for name in ("bpfd-loader", "bpfd-api"):
            pid = daemon.child(name)
            os.kill(pid, signal.SIGKILL)
            if not daemon.wait_child(name, pid) or not wait_for(lambda: daemon.ctl("rule", "ls").returncode == 0, 20):
                return False
        return True

    def reload():
        ready = daemon.log_text().count("bpfd.reload: ")
        daemon.proc.send_signal(signal.SIGHUP)
        return (wait_for(lambda: daemon.log_text().count("bpfd.reload: ") > ready, 60) and
                wait_for(lambda: daemon.ctl("version", "-q").returncode == 0, 60) and
                daemon.wait_tracer("enforce", ("on", "partial"), 120))

    def resized():
        daemon.write(os.path.join(daemon.dir, "etc/bpfd.toml"), ALLOWED + "[events]\nbulk_bytes = 2097152\n")
        return reload()

    for what, act in (("tables and programs come and go", tables), ("processes are killed", deaths),
                      ("all is started again", reload), ("rings get another size", resized)):
        traffic = Traffic(daemon.ports[0])
        done = act()
        held, said = traffic.end()
        tap.check(f"{what}: meanwhile nothing gets through, and nothing beside it is stopped", done and held,
                  said + daemon.log_text()[-2000:])
    folders = {p.split("/tracer/")[1].split("/")[0] for p in daemon.pins() if "/tracer/" in p}
    tap.check("and nothing is left of what was before", len(folders) == 1, str(folders))
    daemon.remove()


def alone(tap):
    """Nobody is left to lift it."""
    daemon = Enforcing()
    daemon.rule("no-port", daemon.connect_rule())
    daemon.start(tracers=["enforce"])
    traffic = Traffic(daemon.ports[0])
    children = [daemon.child(name) for name in ("bpfd-loader", "bpfd-api", "bpfd-enricher")]
    daemon.proc.kill()
    daemon.proc.wait()
    ended = wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children), 20)
    held, said = traffic.end()
    tap.check("all of bpfd is killed: what was stopped is stopped still", ended and held, said)
    subprocess.run(["umount", daemon.bpffs], check=True)
    tap.check("until its bpffs is unmounted", wait_for(lambda: daemon.connects(daemon.ports[0]) == 0, 20))
    daemon.remove()


def files(tap):
    daemon = Enforcing(ALLOWED + "api_allow_enforce = true\n")
    secret = os.path.join(daemon.dir, "secret")
    for path in (secret, secret + "-not"):
        daemon.write(path, "x")
    daemon.start()
    match = f'{{ field = "path", value = "{secret}" }}'
    made = daemon.create("no-open", rule("no-open", "open", match, ("deny", "log"), ENFORCE))
    closed = daemon.create("closed", rule("closed", "open", match, ("deny",), ENFORCE + 'fail = "closed"\n'))
    if has_lsm():
        tap.check("a file is not opened, and the one beside it is", made.returncode == 0 and daemon.opens(secret) == errno.EPERM and
                  daemon.opens(secret + "-not") == 0, made.stderr + daemon.log_text()[-1500:])
        event = daemon.wait_event(tracer="enforce", rule="no-open") or {}
        tap.check("which is an event", (event.get("hook"), event.get("outcome"), event.get("path")) == ("open", "denied", secret),
                  str(event))
        tap.check("a rule that fails closed is taken", closed.returncode == 0, closed.stderr)
        os.kill(daemon.child("bpfd-loader"), signal.SIGKILL)
        tap.check("a killed loader changes nothing", daemon.opens(secret) == errno.EPERM)
    else:
        tap.check("without such hooks a file is opened, and the rule says why", made.returncode == 0 and daemon.opens(secret) == 0 and
                  "the kernel cannot decide open" in daemon.get("no-open"), daemon.get("no-open"))
        event = daemon.wait_event(tracer="open", path=secret) or {}
        tap.check("but its other actions are run for opens", bool(event))
        tap.check("a rule that fails closed is refused", closed.returncode != 0 and "the kernel cannot decide open" in closed.stderr,
                  closed.stderr)
    daemon.stop()
    tap.check("a stop lifts it", daemon.opens(secret) == 0)
    daemon.remove()


def main():
    tap = Tap()
    stays_and_goes(tap)
    permission(tap)
    by_api(tap)
    swaps(tap)
    alone(tap)
    files(tap)
    tap.done()


if __name__ == "__main__":
    main()
