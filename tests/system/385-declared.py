#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tracers that root declares by hand: a tracepoint of the kernel and functions of libc, in rules that act."""
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import BPFCTL, Tap, ended, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

RUN = '''help = "programs of one folder"
tracepoint = "sched:sched_process_exec"
fields = [
    { name = "file", value = "bprm->filename", help = "what was executed" },
    { name = "parent", value = "p->real_parent->tgid" },
]
filters = [ { field = "file", prefix = "%s/" } ]
'''
NAMES = '''path = "libc.so.6"
function = "gethostbyname"
fields = [ { name = "host", value = "arg0", type = "string" } ]
filters = [ { field = "host", prefix = "bpfd-" } ]
'''
PARENTS = '''path = "libc.so.6"
function = "getppid"
return = true
enabled = true
fields = [ { name = "got", value = "retval", type = "int32" } ]
filters = [ { field = "got", equals = %d } ]
'''
BROKEN = '''tracepoint = "sched_process_exec"
fields = [
    { name = "file", value = "bprm->filename" },
    { name = "wrong", value = "bprm->filenam" },
]
'''
ENFORCE = 'mode = "enforce"\nseverity = "high"'
ASK = "import ctypes, sys, time; ctypes.CDLL(None).gethostbyname(sys.argv[1].encode()); time.sleep(60)"
# Who its parent is, asked of libc: Python itself asks no kernel twice.
PPID = "import ctypes; ctypes.CDLL(None).getppid()"


class Declared(Events):
    """A daemon whose tracers.d is written by hand."""

    def __init__(self):
        super().__init__(config="[actions]\nallow_enforce = true\n")
        os.mkdir(os.path.join(self.dir, "etc/tracers.d"))
        self.programs = os.path.join(self.dir, "programs")
        os.mkdir(self.programs)

    def declare(self, name, text):
        self.write(os.path.join(self.dir, "etc/tracers.d", name + ".toml"), text)

    def rule(self, name, tracer, match, actions):
        self.write(os.path.join(self.dir, "etc/rules", name + ".toml"), rule(name, tracer, match, actions, ENFORCE))

    def program(self, name):
        path = os.path.join(self.programs, name)
        shutil.copy(shutil.which("sleep"), path)
        return path


def quiet(*args):
    return subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def acts(tap, daemon):
    victim = daemon.program("victim")
    proc = quiet(victim, "60")
    got = daemon.wait_event(tracer="run", file=victim) or {}
    tap.check("a tracepoint: its fields are in the log under the names that its file gives", got.get("pid") == proc.pid and
              got.get("parent") == os.getpid() and got.get("event") == "hit", str(got))
    tap.check("the rule's signal ended the process", ended(proc) == -signal.SIGTERM, daemon.log_text()[-2000:])
    other = quiet(daemon.program("other"), "0")
    tap.check("another program is an event and not touched", ended(other) == 0 and
              bool(daemon.wait_event(tracer="run", file=os.path.join(daemon.programs, "other"))))

    proc = quiet(sys.executable, "-c", ASK, "bpfd-victim")
    got = daemon.wait_event(tracer="names") or {}
    tap.check("a libc function: its argument is in the log", got.get("host") == "bpfd-victim" and
              got.get("pid") == proc.pid and got.get("marks") == ["untrusted"], str(got))
    tap.check("the rule's signal ended who called it", ended(proc) == -signal.SIGTERM, daemon.log_text()[-2000:])
    spared = quiet(sys.executable, "-c", ASK, "localhost")
    tap.check("who asked for another name is not touched", ended(spared, 2) is None)

    subprocess.run([sys.executable, "-c", PPID], check=True)
    got = daemon.wait_event(tracer="parents") or {}
    tap.check("what a function returned, of a tracer that its file enables", got.get("got") == os.getpid(), str(got))


def filtered_in_kernel(tap, daemon):
    before = daemon.tracer("run")
    for _ in range(5):
        subprocess.run(["/bin/true"], check=True)
    after = daemon.tracer("run")
    daemon.settle()
    tap.check("what its filter refuses never leaves the kernel, and is counted", after["filtered"] - before["filtered"] >= 5
              and not any(not e["file"].startswith(daemon.programs) for e in daemon.events(tracer="run")), f"{before} {after}")
    stats = daemon.stats()
    kernel = sum(v for k, v in stats.items() if k.startswith("events.kernel.") and k.endswith(".produced"))
    lost = sum(v for k, v in stats.items() if k.startswith("events.kernel.") and k.endswith(".lost"))
    core = stats.get("events.kernel.core.produced", 0) - stats.get("events.kernel.core.lost", 0)
    tap.check("the books agree: what the kernel sent was read", kernel - lost - core == stats["events.enricher.read"],
              str({k: v for k, v in stats.items() if v}))


def known(tap, daemon):
    run = daemon.ctl_json("tracers", "run")
    run = {**run["tracer"], "fields": run["fields"]} if "tracer" in run else run
    tap.check("tracers: a declared one is on, with its help and its fields", run.get("status") == "on" and
              run.get("help") == "programs of one folder" and [f["name"] for f in run["fields"][:2]] == ["file", "parent"]
              and [f["type"] for f in run["fields"][:2]] == ["string", "i64"], str(run)[:600])
    tap.check("and one whose file is wrong is none", not daemon.tracer("broken"))
    tap.check("why is said with the file, the line and the column", "broken.toml:4:31: " in daemon.log_text() and
              "filename" in daemon.log_text().split("broken.toml:4:31: ")[1][:120], daemon.log_text()[:3000])
    path = os.path.join(daemon.dir, "new.toml")
    daemon.write(path, rule("new", "names", '{ field = "host", op = "suffix", values = [".example"] }'))
    done = daemon.ctl("rule", "check", path)
    tap.check("rule check knows its fields", done.returncode == 0, done.stdout + done.stderr)
    daemon.write(path, rule("new", "names", '{ field = "hots", op = "suffix", values = [".example"] }'))
    done = daemon.ctl("rule", "check", path)
    tap.check("and says when it has none of that name", done.returncode != 0 and "host" in done.stdout,
              done.stdout + done.stderr)
    daemon.write(path, rule("made", "names", '{ field = "host", op = "suffix", values = ["-made"] }'))
    done = daemon.ctl("rule", "create", path)
    tap.check("a rule for it is created over the API", done.returncode == 0, done.stdout + done.stderr)


def traced(tap, daemon):
    trace = subprocess.Popen([BPFCTL, "-s", daemon.sock, "trace", "--tracer", "run", "--count", "1", "--filter", "file suffix /other"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any("stream" in w for w in daemon.tracer("run").get("wanted_by", [])))
    subprocess.run([os.path.join(daemon.programs, "other"), "0"], check=True)
    try:
        out, err = trace.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        trace.kill()
        out, err = trace.communicate()
    tap.check("trace shows it, by a filter on its field", "/programs/other" in out, out + err)


def reloaded(tap, daemon):
    links = set(p for p in daemon.pins() if "/run@" in p and "/l-" in p)
    daemon.declare("names", NAMES.replace('"host"', '"asked"'))
    daemon.declare("added", 'tracepoint = "sched_process_exit"\nenabled = true\n'
                   'fields = [{ name = "state", value = "p->__state" }]\n')
    os.unlink(os.path.join(daemon.dir, "etc/tracers.d/parents.toml"))
    os.unlink(os.path.join(daemon.dir, "etc/rules/ask.toml"))
    loader = daemon.child("bpfd-loader")
    daemon.proc.send_signal(signal.SIGHUP)
    daemon.wait_child("bpfd-loader", other_than=loader)
    tap.check("after a reload what was added is on", daemon.wait_tracer("added"), daemon.log_text()[-2500:])
    tap.check("what was taken away is gone, with its probe", not daemon.tracer("parents") and
              wait_for(lambda: not any("/parents@" in p for p in daemon.pins())), str(daemon.pins()))
    now = set(p for p in daemon.pins() if "/run@" in p and "/l-" in p)
    tap.check("one that is the same stayed attached", links and links == now, f"{links} {now}")
    tap.check("and one that is another has other fields", [f["name"] for f in daemon.ctl_json("tracers", "names")["fields"]][:1] == ["asked"])
    made = next((r for r in daemon.ctl_json("rule", "ls")["rules"] if r["name"] == "made"), {})
    tap.check("a created rule, read again by name, says what does not fit any more", made.get("state") == "refused", str(made))


def main():
    tap = Tap()
    daemon = Declared()
    daemon.declare("run", RUN % daemon.programs)
    daemon.declare("names", NAMES)
    daemon.declare("parents", PARENTS % os.getpid())
    daemon.declare("broken", BROKEN)
    daemon.write(os.path.join(daemon.dir, "etc/actions.d/term.toml"), 'type = "signal"\nsignal = "TERM"\n')
    daemon.rule("run", "run", '{ field = "file", op = "suffix", values = ["/victim"] }', ("log", "term"))
    daemon.rule("others", "run", '{ field = "file", op = "suffix", values = ["/other"] }', ("log",))
    daemon.rule("ask", "names", '{ field = "host", op = "eq", values = ["bpfd-victim"] }', ("log", "term"))
    daemon.write(os.path.join(daemon.dir, "etc/rules/parents.toml"), rule("parents", "parents"))
    daemon.start(tracers=["run", "names", "parents"])
    for name in ("names", "parents"):
        wait_for(lambda: daemon.tracer(name).get("attached") == 1)
    acts(tap, daemon)
    filtered_in_kernel(tap, daemon)
    known(tap, daemon)
    traced(tap, daemon)
    reloaded(tap, daemon)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-2000:])
    daemon.remove()
    tap.done()


main()
