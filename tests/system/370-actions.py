#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What actions do: outputs, programs and signals, from the kernel's event to what is left of the victim."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import BPFCTL, Tap, children_of, ended, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

RESULTS = rule("results", "action")


def one_of(path):
    return f'{{ field = "path", op = "eq", values = ["{path}"] }}'


def unignore():
    """Shells let what runs behind them ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Acting(Events):
    """A daemon with programs of its own: what a rule is about is what lies in its directory."""

    def __init__(self, config):
        super().__init__({"results": RESULTS}, config=config)
        self.out = os.path.join(self.dir, "out")
        os.mkdir(self.out)
        os.chmod(self.out, 0o777)
        self.started = []

    def program(self, name, text=None):
        """A copy of sleep, or a script."""
        path = os.path.join(self.dir, name)
        if text:
            self.write(path, text)
        else:
            shutil.copy(shutil.which("sleep"), path)
        os.chmod(path, 0o755)
        return path

    def action(self, name, text):
        self.write(os.path.join(self.dir, "etc/actions.d", name + ".toml"), text)

    def rule(self, name, path, actions, extra=""):
        self.write(os.path.join(self.dir, "etc/rules", name + ".toml"), rule(name, "exec", one_of(path), actions, extra))

    def victim(self, name):
        """A copy of sleep that runs under this name."""
        path = os.path.join(self.dir, name)
        proc = subprocess.Popen([path if os.path.exists(path) else self.program(name), "60"], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=unignore)
        self.started.append(proc)
        return proc

    def result(self, rule_name, timeout=5.0, **fields):
        """The first event of the tracer action about this rule."""
        return self.wait_event(timeout, tracer="action", rule=rule_name, **fields) or {}

    def remove(self):
        for proc in self.started:
            proc.kill()
            proc.wait()
        self.started = []
        super().remove()


# ---- outputs ----

def outputs(tap):
    daemon = Acting("[actions]\nlog_bytes = 8192\nlog_keep = 2\n")
    daemon.action("named", 'type = "log"\npath = "named.jsonl"\nmax_bytes = 4096\nkeep = 1\n')
    daemon.action("lines", 'type = "stdout"\nformat = "logfmt"\n')
    probe = daemon.program("probe", "#!/bin/sh\nexit 0\n")
    daemon.write(os.path.join(daemon.dir, "etc/rules/all.toml"),
                 rule("all", "exec", f'{{ field = "filename", op = "eq", values = ["{probe}"] }}',
                      ("log", "named", "stdout", "lines")))
    daemon.start(tracers=["exec"])
    subprocess.run([probe, "mark\tfirst"], check=True)
    first = daemon.wait_event(tracer="exec", filename=probe) or {}
    tap.check("log: a line of JSON says what happened and which rule asked", first.get("args", [])[-1:] == ["mark\tfirst"]
              and [r["name"] for r in first.get("rules", [])] == ["all"], str(first))
    wait_for(lambda: "\tprobe\t" in daemon.log_text())
    lines = [x.split("\t") for x in daemon.log_text().splitlines() if x.startswith("exec\t")]
    tap.check("stdout: tracer, pid, parent, uid, gid, command, runtime and container, with a TAB between each",
              len(lines) == 1 and lines[0][:6] == ["exec", str(first.get("pid")), str(os.getpid()), "0", "0", "probe"] and
              len(lines[0]) == 8, str(lines))
    tap.check("an instance of stdout has the format that its file says", any(
        x.startswith("level=info msg=") and "/probe" in x and x.endswith(" tracer=exec") for x in daemon.log_text().splitlines()),
              daemon.log_text()[-1500:])

    for i in range(40):
        subprocess.run([probe, "mark-rotate", str(i)], check=True)
    folder = os.path.join(daemon.dir, "log")
    wait_for(lambda: any(e["args"][-1] == "39" for e in daemon.events(tracer="exec", filename=probe)))
    daemon.settle()
    sizes = {f: os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder)}
    own = [f for f in sizes if not f.startswith("named.jsonl")]
    named = sorted(f for f in sizes if f.startswith("named.jsonl"))
    tap.check("log files are rotated, log_keep of them are kept", len(own) == 3 and
              {f.rpartition(".")[2] for f in own} >= {"1", "2"}, str(sizes))
    tap.check("a named log has its own path, size and number", named == ["named.jsonl", "named.jsonl.1"], str(sizes))
    tap.check("no file is much larger than it may be", all(v < 8192 + 4096 for f, v in sizes.items() if f in own) and
              all(sizes[f] < 8192 for f in named), str(sizes))
    tap.check("others cannot read them", all(os.stat(os.path.join(folder, f)).st_mode & 0o007 == 0 for f in sizes))
    kept = [e["args"][-1] for e in daemon.events(tracer="exec", filename=probe)]
    newest = [int(a) for a in kept if a.isdigit()]
    tap.check("what is kept is the newest, each once", len(set(newest)) * 2 >= len(newest) and max(newest, default=0) == 39,
              str(kept))
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-2000:])
    daemon.remove()


# ---- programs ----

def programs(tap):
    daemon = Acting("[log]\nlevel = \"info\"\n")
    taker = daemon.program("taker", f"#!/bin/sh\ncat >{daemon.out}/event.$$\n"
                           f"{{ id -u; id -g; echo \"$1\"; echo \"$BPFD_RULE $BPFD_TRACER $BPFD_PID\"; env | grep -c ^HOME; "
                           f"grep ^CapEff /proc/self/status; grep ^NoNewPrivs /proc/self/status; }} >{daemon.out}/who.$$\n")
    slow = daemon.program("slow", f"#!/bin/sh\necho $$ >{daemon.out}/slow\nsleep 61 &\necho $! >>{daemon.out}/slow\nwait\n")
    failing = daemon.program("failing", "#!/bin/sh\nexit 7\n")
    theirs = daemon.program("theirs", f"#!/bin/sh\ntouch {daemon.out}/theirs\n")
    os.chmod(theirs, 0o777)
    for name, path in (("take", taker), ("slow", slow), ("fail", failing), ("theirs", theirs)):
        daemon.action(name, f'type = "exec"\nargv = ["{path}", "an argument; $(id)"]\ntimeout_ms = 1000\n')
    daemon.action("few", f'type = "exec"\nargv = ["{taker}", "few"]\nper_minute = 1\n')
    daemon.action("roots", f'type = "exec"\nargv = ["{taker}"]\nuser = "root"\n')
    for name in ("take", "slow", "fail", "theirs", "few"):
        daemon.rule(name, daemon.program("probe-" + name), (name, "log"))
    daemon.start(tracers=["exec"])

    subprocess.run([os.path.join(daemon.dir, "probe-take"), "0"], check=True)
    got = daemon.result("take")
    tap.check("exec: what became of the program is an event", got.get("action") == "take" and got.get("outcome") == "done",
              str(got) + daemon.log_text()[-1500:])
    text = {f.split(".")[0]: open(os.path.join(daemon.out, f), encoding="utf-8").read() for f in os.listdir(daemon.out)}
    try:
        event = json.loads(text.get("event", ""))
    except ValueError:
        event = {}
    tap.check("it has the event as one document of JSON on its standard input", event.get("tracer") == "exec" and
              event.get("path", "").endswith("/probe-take") and text["event"].count("\n") == 1, str(text))
    who = text.get("who", "").splitlines()
    tap.check("it runs as nobody, with no capability and no way to gain one", who[:2] == ["65534", "65534"] and
              "CapEff:\t0000000000000000" in who and "NoNewPrivs:\t1" in who, str(who))
    tap.check("its arguments are the administrator's, whole, and no shell has seen them", who[2:3] == ["an argument; $(id)"],
              str(who))
    tap.check("its environment says the rest and nothing of bpfd's own", who[3:5] == [f"take exec {event.get('pid')}", "0"],
              str(who))

    subprocess.run([os.path.join(daemon.dir, "probe-slow"), "0"], check=True)
    got = daemon.result("slow")
    tap.check("one that runs too long is killed", got.get("outcome") == "failed" and "too long" in got.get("text", ""), str(got))
    pids = open(os.path.join(daemon.out, "slow"), encoding="ascii").read().split()
    tap.check("with what it has started", len(pids) == 2 and wait_for(
        lambda: not any(os.path.exists(f"/proc/{p}") for p in pids)), str(pids))

    subprocess.run([os.path.join(daemon.dir, "probe-fail"), "0"], check=True)
    got = daemon.result("fail")
    tap.check("one that fails has its status told", got.get("outcome") == "failed" and got.get("status") == 7 << 8, str(got))

    subprocess.run([os.path.join(daemon.dir, "probe-theirs"), "0"], check=True)
    got = daemon.result("theirs")
    tap.check("one that others may write to is not run", got.get("outcome") == "failed" and
              not os.path.exists(os.path.join(daemon.out, "theirs")), str(got))

    before = len(os.listdir(daemon.out))
    for _ in range(3):
        subprocess.run([os.path.join(daemon.dir, "probe-few"), "0"], check=True)
    got = daemon.result("few", outcome="over_budget")
    tap.check("and no more of them in a minute than its file says", got.get("outcome") == "over_budget", str(got) + str(
        daemon.events(tracer="action", rule="few")))
    wait_for(lambda: len(daemon.events(tracer="action", rule="few", outcome="done")) >= 1)
    made = (len(os.listdir(daemon.out)) - before) // 2
    tap.check("which is counted", made in (1, 2), f"{made} have run")      # two when a minute just ended
    tap.check("an action that would run as root is none", "roots.toml" in daemon.log_text() and
              "never run as root" in daemon.log_text(), daemon.log_text()[-3000:])
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-2000:])
    daemon.remove()


# ---- signals ----

ENFORCE = 'mode = "enforce"\nseverity = "high"'


def signals(tap):
    daemon = Acting("[actions]\nallow_enforce = true\n")
    daemon.action("term", 'type = "signal"\nsignal = "TERM"\n')
    for name, action, extra in (("observe", "kill", ""), ("enforce", "kill", ENFORCE), ("interrupt", "interrupt", ENFORCE),
                                ("term", "term", ENFORCE), ("sshd", "kill", ENFORCE)):
        daemon.rule(name, os.path.join(daemon.dir, name), (action, "log"), extra)
    text = rule("low", "exec", one_of(os.path.join(daemon.dir, "low")), (), 'mode = "enforce"\nseverity = "low"')
    daemon.write(os.path.join(daemon.dir, "etc/rules/low.toml"),
                 text.replace("actions = []", 'actions = ["log", { use = "kill", when = "severity>=high" }]'))
    daemon.start(tracers=["exec"])
    trace = subprocess.Popen([BPFCTL, "-s", daemon.sock, "trace", "--tracer", "action", "--format", "json", "--count", "4"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any("stream" in w for w in daemon.tracer("action").get("wanted_by", [])))

    spared = daemon.victim("observe")
    got = daemon.result("observe")
    tap.check("kill: a rule that only observes kills nobody and says what it would have done",
              got.get("outcome") == "observed" and ended(spared, 0.3) is None, str(got))
    killed = daemon.victim("enforce")
    got = daemon.result("enforce")
    tap.check("a rule that enforces kills the process", ended(killed) == -signal.SIGKILL, str(got))
    tap.check("and says so", got.get("outcome") == "done" and got.get("action") == "kill" and
              got.get("pid") == killed.pid, str(got))
    cause = daemon.wait_event(tracer="exec", pid=killed.pid) or {}
    tap.check("naming the event that led to it", got.get("cause") == cause.get("seq"), str(got) + str(cause))
    tap.check("interrupt: the process has SIGINT", ended(daemon.victim("interrupt")) == -signal.SIGINT,
              str(daemon.result("interrupt")))
    tap.check("signal: the process has the signal of the action's file", ended(daemon.victim("term")) == -signal.SIGTERM,
              str(daemon.result("term")))
    spared = daemon.victim("sshd")
    got = daemon.result("sshd")
    tap.check("what actions.protect names is not killed", got.get("outcome") == "protected" and ended(spared, 0.3) is None,
              str(got))
    spared = daemon.victim("low")
    daemon.wait_event(tracer="exec", pid=spared.pid)
    tap.check("an action for severe events leaves others alone", ended(spared, 0.5) is None and
              not daemon.events(tracer="action", rule="low"), str(daemon.events(tracer="action", rule="low")))
    out, err = trace.communicate(timeout=15)
    seen = [json.loads(x) for x in out.splitlines()]
    tap.check("bpfctl trace --tracer action shows them as they happen", [(e["rule"], e["outcome"]) for e in seen] ==
              [("observe", "observed"), ("enforce", "done"), ("interrupt", "done"), ("term", "done")], out + err)

    # From the API: enforced only with api_allow_enforce.
    made = os.path.join(daemon.dir, "made.toml")
    daemon.write(made, rule("made", "exec", one_of(os.path.join(daemon.dir, "made")), ("kill", "log"), ENFORCE))
    done = daemon.ctl("rule", "create", made)
    spared = daemon.victim("made")
    got = daemon.result("made", 3.0) if done.returncode == 0 else {}
    tap.check("a rule that came by the API does not enforce", ended(spared, 0.3) is None and
              (done.returncode != 0 or got.get("outcome") == "observed"), done.stderr + str(got))
    loop = os.path.join(daemon.dir, "loop.toml")
    daemon.write(loop, rule("loop", "action", "", ("kill",), ENFORCE))
    done = daemon.ctl("rule", "create", loop)
    tap.check("a rule on the tracer action may not kill", done.returncode != 0, done.stdout + done.stderr)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-2000:])
    daemon.remove()


# Opens the file of its argument forty times, counts SIGUSR1 meanwhile and says how often it came.
COUNTER = """#!/usr/bin/python3
import signal, sys, time
n = 0
def count(*a):
    global n
    n += 1
signal.signal(signal.SIGUSR1, count)
for i in range(40):
    open(sys.argv[1]).close()
    time.sleep(0.01)
print(n)
"""


def worker(daemon, name):
    """pid of the action worker of a class."""
    for pid, comm in children_of(daemon.proc.pid).items():
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            if comm == "bpfd-action" and name.encode() in f.read().split(b"\0"):
                return pid
    return 0


def caps(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return {x.split()[0]: x.split()[1] for x in f if x.startswith(("Cap", "Uid"))}


def care(tap):
    """What a late or repeated event must not do."""
    daemon = Acting("[actions]\nallow_enforce = true\nmax_age_ms = 300\n")
    daemon.action("usr1", 'type = "signal"\nsignal = "USR1"\n')
    counter = daemon.program("counter", COUNTER)
    target = os.path.join(daemon.dir, "opened")
    with open(target, "wb"):
        pass
    daemon.write(os.path.join(daemon.dir, "etc/rules/often.toml"), rule("often", "open", one_of(target), ("usr1",), ENFORCE))
    for name in ("old", "gone"):
        daemon.rule(name, os.path.join(daemon.dir, name), ("kill", "log"), ENFORCE)
    daemon.start(tracers=["exec", "open"])
    done = subprocess.run([counter, target], capture_output=True, text=True, check=False)
    tap.check("a rule acts on a process once, however often it matches", done.stdout.strip() == "1" and
              len(daemon.events(tracer="action", rule="often", comm="counter")) == 1, f"{done.stdout}{daemon.events(tracer='action')}")
    pid = worker(daemon, "signal")
    tap.check("the worker has CAP_KILL and no other capability, and is not root", caps(pid).get("CapEff:") ==
              "0000000000000020" and caps(pid).get("Uid:") != "0", str(caps(pid)))
    os.kill(pid, signal.SIGSTOP)
    spared = daemon.victim("old")
    time.sleep(0.5)
    os.kill(pid, signal.SIGCONT)
    got = daemon.result("old", pid=spared.pid)
    tap.check("an event that is too old kills nobody", got.get("outcome") == "too_old" and ended(spared, 0.3) is None, str(got))
    os.kill(pid, signal.SIGSTOP)
    proc = daemon.victim("gone")
    daemon.wait_event(tracer="exec", pid=proc.pid)
    proc.kill()
    proc.wait()
    os.kill(pid, signal.SIGCONT)
    got = daemon.result("gone", pid=proc.pid)
    tap.check("a process that has ended meanwhile is gone, which is no failure", got.get("outcome") == "gone", str(got))
    os.kill(pid, signal.SIGKILL)
    tap.check("a worker that is killed comes again", wait_for(lambda: worker(daemon, "signal") not in (0, pid)))
    killed = daemon.victim("old")
    tap.check("and goes on killing", ended(killed) == -signal.SIGKILL, str(daemon.events(tracer="action", rule="old")))
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-2000:])
    daemon.remove()


def budget(tap):
    daemon = Acting("[actions]\nallow_enforce = true\napi_allow_enforce = true\nkills_per_minute = 2\n")
    daemon.rule("many", os.path.join(daemon.dir, "many"), ("kill",), ENFORCE)
    daemon.start(tracers=["exec"])
    left = 60 - time.clock_gettime(time.CLOCK_BOOTTIME) % 60
    if left < 8:
        time.sleep(left + 0.1)      # all within one minute
    victims = [daemon.victim("many") for _ in range(4)]
    wait_for(lambda: len(daemon.events(tracer="action", rule="many")) >= 4)
    outcomes = [e["outcome"] for e in daemon.events(tracer="action", rule="many")]
    tap.check("after kills_per_minute acts the others are only told", sorted(outcomes) == ["done"] * 2 + ["over_budget"] * 2,
              str(outcomes))
    alive = [v for v in victims if ended(v, 0.3) is None]
    tap.check("and their processes live", len(alive) == 2)
    stats = {k: v for k, v in daemon.stats().items() if "action" in k}
    tap.check("and counted", any(v == 2 and "refused" in k for k, v in stats.items()), str(stats))
    daemon.stop()
    daemon.remove()

    daemon = Acting("[log]\nlevel = \"info\"\n")
    daemon.rule("off", os.path.join(daemon.dir, "off"), ("kill",), ENFORCE)
    daemon.start(tracers=["exec"])
    spared = daemon.victim("off")
    got = daemon.result("off")
    pid = worker(daemon, "signal")
    tap.check("without allow_enforce the worker has no capability at all", caps(pid).get("CapEff:") == "0" * 16, str(caps(pid)))
    tap.check("without allow_enforce nobody is killed, whatever rules say", got.get("outcome") == "observed" and
              "allow_enforce" in got.get("text", "") and ended(spared, 0.3) is None, str(got))
    daemon.stop()
    daemon.remove()

    daemon = Acting("[actions]\nallow_enforce = true\napi_allow_enforce = true\n")
    daemon.start()
    made = os.path.join(daemon.dir, "made.toml")
    daemon.write(made, rule("made", "exec", one_of(os.path.join(daemon.dir, "made")), ("kill",), ENFORCE))
    done = daemon.ctl("rule", "create", made)
    daemon.wait_tracer("exec")
    killed = daemon.victim("made")
    tap.check("with api_allow_enforce root's rule by the API does kill", ended(killed) == -signal.SIGKILL,
              done.stderr + str(daemon.result("made", 1.0)))
    daemon.stop()
    daemon.remove()


def main():
    tap = Tap()
    outputs(tap)
    programs(tap)
    signals(tap)
    care(tap)
    budget(tap)
    tap.done()


main()
