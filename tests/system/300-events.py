#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From the kernel to rules, log and trace: what a user does and sees."""
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import BPFCTL, Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402
from eventschema import EventSchema  # noqa: E402


def executed(daemon, mark):
    return [e for e in daemon.events(tracer="exec") if mark in e.get("args", [])]


def exec_and_exit(tap, daemon):
    subprocess.run(["/bin/sh", "-c", "exit 3", "mark-exit"], check=False)
    wait_for(lambda: bool(executed(daemon, "mark-exit")))
    e = (executed(daemon, "mark-exit") or [{}])[0]
    tap.check("an execution has its whole argument vector", e.get("args") == ["/bin/sh", "-c", "exit 3", "mark-exit"],
              str(e))
    tap.check("and who did it", e.get("ppid") == os.getpid() and e.get("uid") == 0 and e.get("retval") == 0, str(e))
    end = daemon.wait_event(tracer="exit", pid=e.get("pid"))
    tap.check("its end has the exit code", end and end.get("exit_code") == 3, str(end))

    many = [f"arg{i:05}" for i in range(2000)]
    subprocess.run(["/bin/true", "mark-many", *many], check=True)
    wait_for(lambda: bool(executed(daemon, "mark-many")))
    e = (executed(daemon, "mark-many") or [{}])[0]
    tap.check("arguments that are cut are said to be", "truncated" in e.get("marks", []) and
              e["args"][1:4] == ["mark-many", "arg00000", "arg00001"], str(e)[:600])

    try:
        subprocess.run(["/nonexistent/program", "mark-fail"], check=False)
    except OSError:
        pass
    e = None
    wait_for(lambda: any(x.get("filename") == "/nonexistent/program" for x in daemon.events(tracer="exec")))
    e = next((x for x in daemon.events(tracer="exec") if x.get("filename") == "/nonexistent/program"), {})
    tap.check("a failed execution has its error", e.get("retval") == -2 and e.get("error") == "ENOENT", str(e))


def hostile(tap, daemon):
    """Names that want to break a line, a document or a terminal."""
    names = [b"new\nline", b"esc\x1b[31mred", b"quote\"back\\slash", b"bad\xff\xfeutf", b"tab\tand\rreturn", "snöw☃".encode()]
    for name in names:
        subprocess.run([b"/bin/true", b"mark-hostile", name], check=True)
    wait_for(lambda: len(executed(daemon, "mark-hostile")) == len(names))
    found = executed(daemon, "mark-hostile")      # each line was a JSON document, or this had failed
    tap.check("hostile arguments are one JSON document on one line each", len(found) == len(names), str(found)[:2000])
    good = {n.decode() for n in names if n != names[3]}
    tap.check("valid text comes through unchanged", good <= {e["args"][2] for e in found}, str([e["args"] for e in found]))
    bad = next((e for e in found if e["args"][2].startswith("bad")), {})
    tap.check("the bytes of what is not text are there in hexadecimal", "626164fffe757466" in json.dumps(bad), str(bad))

    trace = subprocess.Popen([BPFCTL, "-s", daemon.sock, "trace", "--tracer", "exec", "--filter", "args contains mark-term",
                              "--count", str(len(names))], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: any("stream" in w for w in daemon.tracer("exec").get("wanted_by", [])))
    for name in names:
        subprocess.run([b"/bin/true", b"mark-term", name], check=True)
    out, err = trace.communicate(timeout=15)
    lines = out.split(b"\n")[:-1]
    tap.check("and one line each on a terminal", len(lines) in (len(names), len(names) + 1) and
              not any(b < 32 for line in lines for b in line), repr(lines) + repr(err))


def streams(tap, daemon):
    path = os.path.join(daemon.dir, "wanted")
    trace = subprocess.Popen([BPFCTL, "-s", daemon.sock, "trace", "--tracer", "open", "--filter", f"path eq {path}",
                              "--format", "json", "--count", "3"], stdout=subprocess.PIPE, text=True)
    tap.check("a stream attaches its tracer", daemon.wait_tracer("open"), str(daemon.tracer("open")))
    time.sleep(0.3)
    for _ in range(3):
        with open(path, "a", encoding="ascii"):
            pass
    out = trace.communicate(timeout=15)[0]
    events = [json.loads(line) for line in out.splitlines()]
    tap.check("and shows what it asked for", [e["path"] for e in events] == [path] * 3, out)
    os.chdir(daemon.dir)
    os.symlink("wanted", "link")
    rel = subprocess.Popen([BPFCTL, "-s", daemon.sock, "trace", "--tracer", "open", "--filter", f"path eq {path}",
                            "--format", "json", "--count", "1"], stdout=subprocess.PIPE, text=True)
    daemon.wait_tracer("open")
    time.sleep(0.3)
    with open("./link", encoding="ascii"):
        pass
    out = rel.communicate(timeout=15)[0]
    os.chdir("/")
    tap.check("a relative path through a link is the file's own", json.loads(out)["path"] == path and
              json.loads(out)["filename"] == "./link", out)
    tap.check("a tracer that nobody wants any more is detached", daemon.wait_tracer("open", ("off",)),
              str(daemon.tracer("open")))
    done = daemon.ctl("trace", "--tracer", "open", "--filter", "colour eq red", "--duration", "1")
    tap.check("a field that there is not is an error with a hint", done.returncode != 0 and "colour" in done.stderr,
              done.stderr)
    done = daemon.ctl("trace", "--tracer", "bashreadline", "--duration", "1")
    tap.check("a sensitive tracer is refused", done.returncode != 0 and "allow_sensitive" in done.stderr, done.stderr)


def rules(tap, daemon):
    name = os.path.join(daemon.dir, "made.toml")
    daemon.write(name, rule("made", "exec", '{ field = "args", op = "contains", values = ["mark-made"] }',
                            ("log",), 'severity = "high"\ntags = ["a", "b"]'))
    done = daemon.ctl("rule", "create", name)
    tap.check("a rule is created", done.returncode == 0, done.stderr)
    done = daemon.ctl("rule", "create", name)
    tap.check("not twice", done.returncode != 0 and "made" in done.stderr, done.stderr)
    subprocess.run(["/bin/true", "mark-made"], check=True)
    wait_for(lambda: bool(executed(daemon, "mark-made")))
    found = executed(daemon, "mark-made")
    tap.check("and in use", found and any(r["name"] == "made" and r["severity"] == "high" for r in found[0]["rules"]),
              str(found))
    listed = {r["name"]: r for r in daemon.ctl_json("rule", "ls")["rules"]}
    tap.check("and listed", listed.get("made", {}).get("origin") == "api" and listed.get("all", {}).get("origin") == "file",
              str(listed))
    broken = os.path.join(daemon.dir, "broken.toml")
    daemon.write(broken, 'version = 2\nname = "broken"\ntracer = "exec"\nactions = ["log"]\n[match]\n'
                 'all = [{ field = "colour", op = "eq", values = ["red"] }]\n')
    done = daemon.ctl("rule", "check", broken)
    tap.check("a mistake is told with line and column", done.returncode != 0 and "broken.toml:6:" in done.stdout + done.stderr,
              done.stdout + done.stderr)
    done = daemon.ctl("rule", "create", broken)
    tap.check("by the daemon too", done.returncode != 0 and ":6:" in done.stderr, done.stderr)
    done = daemon.ctl("rule", "rm", "nothing")
    tap.check("what is not there cannot be removed", done.returncode == 1 and "nothing" in done.stderr, done.stderr)


def restart(tap, daemon):
    daemon.stop()
    daemon.start(tracers=["exec"])
    names = {r["name"] for r in daemon.ctl_json("rule", "ls")["rules"]}
    tap.check("a created rule is there after a restart", {"made", "all"} <= names, str(names))
    subprocess.run(["/bin/true", "mark-made", "again"], check=True)
    wait_for(lambda: any("again" in e["args"] for e in executed(daemon, "mark-made")))
    tap.check("and in use", any("again" in e["args"] for e in executed(daemon, "mark-made")))
    done = daemon.ctl("rule", "rm", "made")
    tap.check("until it is removed", done.returncode == 0 and
              "made" not in {r["name"] for r in daemon.ctl_json("rule", "ls")["rules"]}, done.stderr)


def skipped(tap, daemon):
    listed = {r["name"]: r for r in daemon.ctl_json("rule", "ls")["rules"]}
    problems = daemon.ctl_json("rule", "get", "bad").get("problems", [])
    tap.check("a rule file with a mistake is skipped and says where", listed.get("bad", {}).get("state") == "refused" and
              any(p["line"] == 3 and p["column"] > 0 for p in problems), str(listed.get("bad")) + str(problems))
    mine = listed.get("writable", {})
    tap.check("and so does the log, with what to do", re.search(
        r'rule.refused: rule="bad" file="[^"]*/bad.toml:3:\d+" text=.*did you mean exec.*, then reload', daemon.log_text()),
        daemon.log_text()[-2000:])
    tap.check("so is one that others may write to", mine.get("state") == "refused", str(mine))
    tap.check("and the rest are in use", listed.get("all", {}).get("state") == "active", str(listed.get("all")))


def thousand(tap):
    """As many rules as a large host has."""
    daemon = Events({f"many{i}": rule(f"many{i}", "open", '{ field = "comm", op = "eq", values = ["sh"] }, '
                                      f'{{ field = "path", op = "eq", values = ["/etc/many{i}"] }}')
                     for i in range(1000)}).start(tracers=["open"])
    subprocess.run(["/bin/sh", "-c", "cat < /etc/many777"], check=False, stderr=subprocess.DEVNULL)
    event = daemon.wait_event(tracer="open", path="/etc/many777")
    tap.check("one of a thousand rules matches", event and [r["name"] for r in event["rules"]] == ["many777"], str(event))
    restarts = {p["name"]: p["restarts"] for p in daemon.ctl_json("status")["processes"]}
    tap.check("and no process has died", not any(restarts.values()), str(restarts))
    daemon.stop()


def mistaken(tap, daemon):
    for what, args in (("tracer", ("--tracer", "nope")), ("field", ("--tracer", "exec", "--filter", "nope = 1"))):
        done = daemon.ctl("trace", "--count", "1", *args)
        tap.check(f"trace says of an unknown {what} where they are listed", done.returncode == 1 and
                  f'no {what} "nope"' in done.stderr and "bpfctl tracers" in done.stderr, done.stderr)


def valid(tap, daemon):
    schema = EventSchema()
    events = daemon.events()[:500]
    wrong = [why for why in map(schema.wrong, events) if why]
    tap.check("every line is valid by the schema that bpfctl prints", len(events) > 10 and not wrong, "\n".join(wrong))


def main():
    tap = Tap()
    thousand(tap)
    daemon = Events({"all": rule("all", "exec"), "ends": rule("ends", "exit"),
                     "bad": 'version = 2\nname = "bad"\ntracer = "exek"\n', "writable": rule("writable", "exec")})
    os.chmod(os.path.join(daemon.dir, "etc/rules/writable.toml"), 0o666)
    daemon.start(tracers=["exec", "exit"])
    exec_and_exit(tap, daemon)
    hostile(tap, daemon)
    streams(tap, daemon)
    skipped(tap, daemon)
    rules(tap, daemon)
    valid(tap, daemon)
    mistaken(tap, daemon)
    restart(tap, daemon)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    tap.done()


main()
