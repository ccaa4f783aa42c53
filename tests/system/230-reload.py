#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules and actions of a whole bpfd: read at the start and at SIGHUP, at work again after deaths."""
import os
import shutil
import signal
import stat
import subprocess
import time

from daemon import BPFD, Tap, wait_for
from events import Events, rule

COMM = '{ field = "comm", op = "eq", values = ["%s"] }'


class Rig:
    """A daemon and a copy of sleep under a name of its own."""

    def __init__(self, **kw):
        self.bpfd = Events(**kw)
        self.name = f"bz{os.getpid()}"
        self.program = os.path.join(self.bpfd.dir, self.name)
        shutil.copy("/bin/sleep", self.program)

    def run(self, seconds="0"):
        return subprocess.Popen([self.program, seconds])

    def seen(self, rule_name, timeout=5.0):
        """Runs it; was it logged for that rule?"""
        before = self.count(rule_name)
        self.run().wait()
        return wait_for(lambda: self.count(rule_name) > before, timeout)

    def count(self, rule_name):
        return len([e for e in self.bpfd.events(comm=self.name) if rule_name in str(e.get("rules", e))])

    def put(self, folder, name, text, mode=0o644):
        path = os.path.join(self.bpfd.dir, "etc", folder, name)
        Events.write(path, text)
        os.chmod(path, mode)

    def hup(self):
        ready = self.bpfd.log_text().count("bpfd.reload: ")
        self.bpfd.proc.send_signal(signal.SIGHUP)
        return (wait_for(lambda: self.bpfd.log_text().count("bpfd.reload: ") > ready, 20)
                and wait_for(lambda: self.bpfd.ctl("version", "-q").returncode == 0, 10)
                and self.bpfd.wait_tracer("exec"))


def files(tap):
    rig = Rig()
    match = COMM % rig.name
    rig.put("rules", "first.toml", rule("first", "exec", match))
    rig.put("rules", "bad.toml", "version = 2\ntracer = [[\n")
    rig.put("rules", "writable.toml", rule("writable", "exec", match), 0o666)
    rig.bpfd.start(tracers=("exec",))
    tap.check("a_rule_file_is_in_use", rig.seen("first"), rig.bpfd.log_text())
    listed = rig.bpfd.ctl("rule", "ls").stdout
    tap.check("one_that_others_may_write_is_not", rig.count("writable") == 0, listed)
    said = rig.bpfd.log_text()
    tap.check("it_is_said_why", "others than its owner may write" in said, said)
    tap.check("once", said.count("others than its owner may write") == 1, said)
    tap.check("one_with_a_mistake_is_listed_as_refused", "refused" in listed, listed)

    pid = rig.bpfd.child("bpfd-loader")
    rig.put("rules", "second.toml", rule("second", "exec", match))
    os.chmod(os.path.join(rig.bpfd.dir, "etc/rules/writable.toml"), 0o644)
    tap.check("sighup_is_done", rig.hup(), rig.bpfd.log_text())
    tap.check("a_new_rule_is_in_use_after_sighup", rig.seen("second"), rig.bpfd.log_text())
    tap.check("so_is_one_that_only_root_may_write_now", rig.count("writable") > 0, rig.bpfd.ctl("rule", "ls").stdout)
    tap.check("its_readers_were_started_anew", rig.bpfd.child("bpfd-loader") != pid)
    tap.check("nothing_counts_as_a_death", "child.ended" not in rig.bpfd.log_text(), rig.bpfd.log_text())

    for name in ("bpfd-enricher", "bpfd-action", "bpfd-loader", "bpfd-api"):
        os.kill(rig.bpfd.child(name), signal.SIGKILL)
        tap.check(f"events_flow_after_the_death_of_{name}",
                  wait_for(lambda: rig.bpfd.wait_child(name) and rig.seen("first", 1), 15), rig.bpfd.log_text()[-3000:])
    tap.check("stops", rig.bpfd.stop() == 0)


def busy(tap):
    """No event is lost to a SIGHUP."""
    rig = Rig()
    rig.put("rules", "first.toml", rule("first", "exec", COMM % rig.name))
    rig.bpfd.start(tracers=("exec",))
    loop = subprocess.Popen(["sh", "-c", f"i=0; while [ $i -lt 300 ]; do {rig.program} 0.005; i=$((i+1)); done"])
    time.sleep(0.3)
    done = rig.hup()
    loop.wait()
    wait_for(lambda: rig.count("first") >= 300, 5)
    events = rig.bpfd.events(comm=rig.name)
    tap.check("no_event_is_lost_to_a_sighup", done and len(events) == 300,
              f"{len(events)} events\n" + rig.bpfd.log_text())
    rig.bpfd.stop()


def last_words(tap):
    """What happened before SIGTERM is still brought to its end."""
    rig = Rig()
    rig.put("rules", "first.toml", rule("first", "exec", COMM % rig.name))
    rig.bpfd.start(tracers=("exec",))
    subprocess.run(["sh", "-c", f"i=0; while [ $i -lt 100 ]; do {rig.program} 0; i=$((i+1)); done"], check=True)
    status = rig.bpfd.stop()
    tap.check("what_happened_before_sigterm_is_logged", status == 0 and rig.count("first") == 100,
              f"{rig.count('first')}\n" + rig.bpfd.log_text())


def programs(tap):
    """What an exec action runs is not held to bpfd's own list of system calls."""
    out = "/tmp/bpfd-exec-" + str(os.getpid())
    script = out + ".sh"
    with open(script, "w", encoding="ascii") as f:
        f.write(f"#!/bin/sh\n(sleep 0.1 && cat && id -u && ls / | wc -l) >{out}\n")
    os.chmod(script, 0o755)
    with open(out, "w", encoding="ascii"):
        os.chmod(out, 0o666)
    try:
        rig = Rig(actions={"run": f'type = "exec"\npath = "{script}"\nuser = "nobody"\n'})
        rig.put("rules", "run.toml", rule("run", "exec", COMM % rig.name, actions=("run",)))
        rig.bpfd.start(tracers=("exec",))
        rig.run().wait()
        wait_for(lambda: len(open(out, encoding="utf-8").read().splitlines()) >= 3, 5)
        text = open(out, encoding="utf-8").read()
        tap.check("a_script_gets_the_event_and_does_its_work",
                  rig.name in text and text.splitlines()[-2:-1] == ["65534"], text + rig.bpfd.log_text())
        rig.bpfd.stop()
    finally:
        os.unlink(out)
        os.unlink(script)


def enforcing(tap):
    for allow in ("false", "true"):
        rig = Rig(config=f"[actions]\nallow_enforce = {allow}\n")
        rig.put("rules", "end.toml", rule("end", "exec", COMM % rig.name, actions=("kill", "log"), extra='mode = "enforce"'))
        rig.bpfd.start(tracers=("exec",))
        victim = rig.run("2")
        status = victim.wait()
        tap.check(f"with_allow_enforce_{allow}_a_rule_{'kills' if allow == 'true' else 'only_says_so'}",
                  status == (-signal.SIGKILL if allow == "true" else 0) and wait_for(lambda: rig.count("end") > 0),
                  f"{status}\n" + rig.bpfd.log_text())
        rig.bpfd.stop()


def words(tap):
    """"bpfd daemon" and the first bpfd's other words."""
    rig = Rig()
    os.unlink(os.path.join(rig.bpfd.dir, "etc/bpfd.toml"))
    rules = os.path.join(rig.bpfd.dir, "its-rules")
    os.mkdir(rules)
    Events.write(os.path.join(rules, "mine.toml"),
                 f'tracer = "exec"\nactions = ["stdout"]\n[filterEvents.command]\nvalues = ["{rig.name}"]\n')
    other = os.path.join(rig.bpfd.dir, "other.sock")
    rig.bpfd.args = ["--rules-dir", rules, "--grpc-addr", other, "daemon"]
    rig.bpfd.start(tracers=("exec", "open", "tcpdrop"))
    tap.check("the_second_socket_is_there", stat.S_ISSOCK(os.stat(other).st_mode))

    def bpfd(*args):
        return subprocess.run([BPFD, "--grpc-addr", other, *args], capture_output=True, text=True, timeout=20,
                              check=False)

    tap.check("ls_lists_the_rules_of_that_folder", "mine" in bpfd("ls").stdout, bpfd("ls"))
    made = os.path.join(rig.bpfd.dir, "made.toml")
    Events.write(made, 'tracer = "open"\nactions = ["stdout"]\n[filterEvents.filename]\nvalues = ["/nowhere"]\n')
    tap.check("create_prints_the_name", bpfd("create", made).stdout.split() == ["made"], bpfd("ls"))
    tap.check("ls_lists_it", "made" in bpfd("ls").stdout)
    tap.check("rm_prints_the_name", bpfd("rm", "made").stdout.split() == ["made"])
    tap.check("it_is_gone", "made" not in bpfd("ls").stdout)
    tap.check("version_says_which", bpfd("version").returncode == 0)
    rig.run().wait()
    tap.check("the_rule_prints_a_line_on_standard_output",
              wait_for(lambda: f"\t{rig.name}\t" in rig.bpfd.log_text()), rig.bpfd.log_text()[-2000:])
    rig.bpfd.stop()


def main():
    tap = Tap()
    for part in (files, busy, last_words, programs, enforcing, words):
        part(tap)
    tap.done()


main()
