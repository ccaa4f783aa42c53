#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The language of rules on real events: what matches, what is held back, what never leaves the kernel."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap, wait_for  # noqa: E402
from events import Events  # noqa: E402

HEAD = 'version = 2\ntracer = "{}"\nactions = ["log"]\n'
EXEC = HEAD.format("exec")


def texts(folder):
    """Rules about the programs in the folder."""
    here = f'{{ field = "filename", op = "pathprefix", value = "{folder}" }}'
    return {
        "every": EXEC + f"order = 1\n[match]\nall = [{here}]\n",
        "any": EXEC + f'[match]\nall = [{here}, {{ any = [{{ field = "args", op = "hasany", values = ["-x"] }}, '
               '{ not = { field = "args", op = "contains", value = "plain" } }] }]\n',
        "glob": EXEC + f'[match]\nall = [{{ field = "filename", op = "glob", values = ["{folder}/*-[0-9]"] }}]\n',
        "regex": EXEC + f'[match]\nall = [{here}, {{ field = "args", op = "regex", value = "pass(word)?=[^ ]+" }}]\n',
        "lower": EXEC + f'[match]\nall = [{here}, {{ field = "lower(filename)", op = "suffix", value = "/upper" }}]\n',
        "listed": EXEC + f'[match]\nall = [{here}, {{ field = "basename(filename)", list = ["mine", "shared"] }}]\n'
                  '[lists]\nmine = ["probe-1"]\n',
        "except": EXEC + f'[match]\nall = [{here}]\n[[exceptions]]\nname = "known"\nfields = ["filename", "args"]\n'
                  'ops = ["suffix", "contains"]\nvalues = [["/probe-1", "plain"]]\n',
        "failed": EXEC + f'[match]\nall = [{here}, {{ field = "retval", value = "EACCES" }}]\n',
        "host": EXEC + f'runtimes = ["host"]\n[match]\nall = [{here}]\n',
        "boxed": EXEC + f'runtimes = ["any"]\n[match]\nall = [{here}, {{ field = "container", value = true }}]\n',
        "few": EXEC + f'ratelimit = {{ rate = "2/h", key = ["filename"] }}\n[match]\nall = [{here}, '
               '{ field = "args", op = "contains", value = "flood" }]\n',
        "once": EXEC + f'dedup = {{ window = "2s", key = ["filename"] }}\n[match]\nall = [{here}, '
                '{ field = "args", op = "contains", value = "flood" }]\n',
        "oneline": EXEC + f"condition = 'filename pathprefix {folder} and is-shared and args contains plain'\n",
        "begun": EXEC + f"condition = 'filename pathprefix {folder} and args hasany begin'\n",
        "ended": EXEC + f"condition = 'filename pathprefix {folder} and args hasany end'\n"
                 'after = "begun"\nwithin = "30s"\nby = ["ppid"]\n',
        "secret": EXEC + f"condition = 'filename pathprefix {folder} and args contains token=hunter2'\n"
                  'redact = ["token=*"]\n',
        "aside": EXEC + f'enabled = false\n[match]\nall = [{here}]\n',
        "stop": EXEC + f'order = 2\nstop = true\n[match]\nall = [{here}, '
                '{ field = "args", op = "contains", value = "halt" }]\n',
        "ref": HEAD.format("open") + '[match]\nall = [{ field = "path", op = "ne", ref = "filename" }, '
               f'{{ field = "path", value = "{folder}/file" }}, {{ field = "flags", op = "hasall", values = ["O_APPEND"] }}]\n',
    }


def matched(daemon, mark, **fields):
    """Names of the rules that matched the first event with this argument."""
    def found():
        return [e for e in daemon.events(tracer="exec", **fields) if mark in e.get("args", [])]
    wait_for(lambda: bool(found()))
    return {r["name"] for e in found() for r in e["rules"]}


def conditions(tap, daemon, folder):
    def run(name, *args):
        try:
            subprocess.run([os.path.join(folder, name), *args], check=False)
        except OSError:
            pass

    always = {"every", "host"}
    cases = [
        ("a glob, a list of its own; an exception, any of two and a disabled rule that do not",
         "probe-1 plain", always | {"glob", "listed"}),
        ("the exception is for one program alone", "probe-2 plain", always | {"glob", "except"}),
        ("a list for all rules, and one whole argument", "shared plain -x", always | {"listed", "any", "except", "oneline"}),
        ("which a part of an argument is not", "shared plain-x", always | {"listed", "except", "oneline"}),
        ("a function of a field, a regular expression", "UPPER plain pass=secret",
         always | {"lower", "regex", "except"}),
        ("a result by its name", "denied plain", always | {"failed", "except"}),
        ("a rule that stops: earlier ones are there, later ones are not", "probe-1 other halt", {"every", "stop"}),
    ]
    for i, (name, command, want) in enumerate(cases):
        run(*command.split(), f"mark{i}")
        got = matched(daemon, f"mark{i}")
        tap.check(name, got == want, str(got))


def one_after_another(tap, daemon, folder):
    program = os.path.join(folder, "probe-2")

    def run(*args):
        subprocess.run([program, *args], check=True)
        return matched(daemon, args[-1])
    got = ["ended" in run("plain", "end", "too-soon"), "begun" in run("plain", "begin", "first"),
           "ended" in run("plain", "end", "then")]
    tap.check("a rule that follows another matches after it alone", got == [False, True, True], str(got))
    subprocess.run(["sh", "-c", f"{program} plain end elsewhere; true"], check=True)
    tap.check("and for the same key", "ended" not in matched(daemon, "elsewhere"))


def secrets(tap, daemon, folder):
    subprocess.run([os.path.join(folder, "probe-2"), "plain", "token=hunter2", "whisper"], check=True)
    found = matched(daemon, "whisper")
    event = next(e for e in daemon.events(tracer="exec") if "whisper" in e["args"])
    tap.check("a secret is taken out for every reader, and the event says so", "secret" in found and
              "token=***" in event["args"] and "hunter2" not in str(event) and "redacted" in str(event["marks"]), str(event))


def lists_again(tap, daemon, folder):
    """Another list and a macro with a mistake, taken by a reload: by a rule that was created, too."""
    def run(word):
        subprocess.run([os.path.join(folder, "probe-2"), word], check=True)
        return matched(daemon, word)
    created = os.path.join(daemon.dir, "follows.toml")
    daemon.write(created, EXEC + '[match]\nall = [{ field = "basename(filename)", list = "shared" }]\n')
    daemon.ctl_json("rule", "create", created)
    before = "follows" in run("before-reload")
    daemon.write(os.path.join(daemon.dir, "etc/lists.d/all.toml"),
                 '[lists]\nshared = ["shared", "probe-2"]\n[macros]\nis-shared = "basename(filename) equal x"\n')
    daemon.proc.send_signal(signal.SIGHUP)

    def listed():
        done = daemon.ctl("-o", "json", "rule", "ls")
        return {r["name"]: r for r in json.loads(done.stdout)["rules"]} if done.returncode == 0 else {}
    wait_for(lambda: listed().get("oneline", {}).get("state") == "refused", 15)
    rules = listed()
    why = daemon.ctl("rule", "get", "oneline").stdout
    tap.check("a rule that needs a broken macro is refused, with the place of the mistake",
              rules["oneline"]["state"] == "refused" and "lists.d/all.toml:4:13: macro is-shared, line 1, column 20" in why, why)
    tap.check("a created rule follows its list", not before and wait_for(lambda: "follows" in run(f"after-{time.time_ns()}"), 5),
              str(before))
    tap.check("and the others are in use", {n for n, r in rules.items() if r["state"] != "active"} == {"aside", "oneline"},
              str(rules))


def held_back(tap, daemon, folder):
    for i in range(10):
        subprocess.run([os.path.join(folder, "probe-3"), "flood", str(i)], check=True)
    subprocess.run([os.path.join(folder, "probe-4"), "flood", "last"], check=True)
    matched(daemon, "last")

    def of(name):
        return [(e["args"][2], r) for e in daemon.events(tracer="exec") for r in e["rules"] if r["name"] == name]
    tap.check("ratelimit: so many for each key and no more", [a for a, _ in of("few")] == ["0", "1", "last"], str(of("few")))
    tap.check("dedup: the first of each key", [a for a, _ in of("once")] == ["0", "last"], str(of("once")))
    time.sleep(2.1)
    subprocess.run([os.path.join(folder, "probe-3"), "flood", "late"], check=True)
    matched(daemon, "late")
    last = [r for a, r in of("once") if a == "late"]
    tap.check("and after its window the next, which says how many there were", last and 9 in last[0].values(), str(last))


def counted(tap, daemon):
    """After held_back(): twelve events of two programs."""
    def counts(name):
        rule = daemon.ctl_json("rule", "get", name)["rule"]
        return [rule[k] for k in ("matched", "rate_limited", "deduplicated", "acted")]
    tap.check("each rule's events are counted", counts("few") == [12, 9, 0, 3] and counts("once") == [12, 0, 9, 3] and
              counts("boxed") == [0, 0, 0, 0], str([counts("few"), counts("once"), counts("boxed")]))
    daemon.write(os.path.join(daemon.dir, "later.toml"), EXEC + "enabled = true\ncondition = 'uid = 4242'\n")
    daemon.ctl_json("rule", "create", os.path.join(daemon.dir, "later.toml"))
    tap.check("and another rule leaves them", counts("few") == [12, 9, 0, 3], str(counts("few")))
    listed = {r["name"]: r["matched"] for r in daemon.ctl_json("rule", "ls")["rules"]}
    tap.check("the list has them too", listed["once"] == 12 and listed["later"] == 0, str(listed))


def in_kernel(tap, daemon, folder):
    before = daemon.tracer("open")
    for _ in range(200):
        with open("/etc/hostname", "rb"):
            pass
    with open(os.path.join(folder, "file"), "ab"):
        pass
    os.chdir(folder)
    with open("file", "ab"):
        pass
    with open("file", "rb"):
        pass
    os.chdir("/")
    daemon.wait_event(tracer="open", filename="file")
    daemon.settle()
    found = daemon.events(tracer="open")
    tap.check("one field against another, and flags by their names", [e["filename"] for e in found] == ["file"] and
              "O_APPEND" in str(found[0]["flags"]), str(found))
    after = daemon.tracer("open")
    tap.check("what no rule can match does not leave the kernel", after["filtered"] - before["filtered"] >= 200 and
              after["produced"] - before["produced"] <= 10, f"{before}\n{after}")


def main():
    tap = Tap()
    daemon = Events({})
    folder = os.path.join(daemon.dir, "programs")
    os.mkdir(folder)
    for name in ("probe-1", "probe-2", "probe-3", "probe-4", "shared", "UPPER"):
        os.symlink("/bin/true", os.path.join(folder, name))
    for name in ("denied", "file"):
        with open(os.path.join(folder, name), "wb"):
            pass
    for name, text in texts(folder).items():
        daemon.write(os.path.join(daemon.dir, "etc/rules", name + ".toml"), text)
    os.makedirs(os.path.join(daemon.dir, "etc/lists.d"))
    daemon.write(os.path.join(daemon.dir, "etc/lists.d/all.toml"), '[lists]\nshared = ["shared"]\n'
                 "[macros]\nis-shared = 'basename(filename) in $shared'\n")
    daemon.start(tracers=["exec", "open"])
    listed = {r["name"]: r["state"] for r in daemon.ctl_json("rule", "ls")["rules"]}
    tap.check("all rules are in use, but the one that is disabled", {n for n, s in listed.items() if s != "active"} == {"aside"},
              str(listed))
    conditions(tap, daemon, folder)
    one_after_another(tap, daemon, folder)
    secrets(tap, daemon, folder)
    held_back(tap, daemon, folder)
    counted(tap, daemon)
    in_kernel(tap, daemon, folder)
    lists_again(tap, daemon, folder)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    tap.done()


main()
