#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody takes off of bpfd's own is an event, a rule's alarm, and is put back so often and no more."""
import errno
import json
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import BUILD, Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402
from eventschema import EventSchema  # noqa: E402

OBJECT = os.path.join(BUILD, "tests/bpf/cgroups.bpf.o")
SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules", "own-link-detached.toml")
CONFIG = '[detach]\nlinks = "reattach"\ntries = 2\n[actions]\nallow_enforce = true\n'


def cgroup2():
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            mount, _, kind = line.partition(" - ")
            if kind.startswith("cgroup2 ") and mount.split()[3] == "/":
                return mount.split()[4]
    return None


def kernel_link(pin):
    done = subprocess.run(["bpftool", "-j", "link", "show", "pinned", pin], capture_output=True, text=True, check=True)
    return str(json.loads(done.stdout)["id"])


def detach(number):
    subprocess.run(["bpftool", "link", "detach", "id", str(number)], check=True)


class Watched:
    def __init__(self, tap, daemon):
        self.tap, self.daemon = tap, daemon

    def links(self):
        return self.daemon.ctl_json("list", "links")["links"]

    def told(self, event, n, **fields):
        """The n-th such event, when it is there."""
        found = []

        def look():
            found[:] = self.daemon.events(tracer="bpfd", event=event, **fields)
            return len(found) >= n
        wait_for(look, 10)
        return found[n - 1] if len(found) >= n else None

    @staticmethod
    def alarmed(event):
        return "own-link-detached" in [r["name"] for r in event["rules"]]

    def back(self):
        return wait_for(lambda: [l["state"] for l in self.links()] == ["attached"], 10)

    def link(self, cgroup):
        tap, daemon = self.tap, self.daemon
        tap.check("a program is loaded to stay", daemon.ctl("load", "--persistent", OBJECT).returncode == 0, daemon.log_text())
        done = daemon.ctl("attach", "on_ingress", "cgroup_skb", cgroup)
        tap.check("and attached", done.returncode == 0, done.stderr)
        number = self.links()[0]["kernel_link_id"]
        detach(number)
        e = self.told("detached", 1)
        tap.check("somebody detaches it: that is an event, unasked", e is not None, daemon.log_text()[-3000:])
        tap.check("it says what it was, and how it came off", e and (e["kind"], e["program"], e["cause"], e["target"], e["link"],
                  e["kernel_link"], e["owner"]) == ("cgroup_skb", "on_ingress", "detached", cgroup, 1, number, 0), str(e))
        tap.check("the shipped rule makes it an alarm", e and self.alarmed(e), str(e))
        tap.check("it is attached again, and that is one too", self.told("reattached", 1, link=1) and self.back(),
                  daemon.log_text()[-3000:])

    def pin(self, cgroup):
        tap, daemon = self.tap, self.daemon
        os.unlink(next(p for p in daemon.pins() if p.startswith(os.path.join(daemon.bpffs, "link", "1"))))
        self.links()
        e = self.told("detached", 2)
        tap.check("so does a pin that is removed", e and e["cause"] == "unpinned" and self.told("reattached", 2, link=1) and
                  self.back(), str(e) + daemon.log_text()[-3000:])
        detach(self.links()[0]["kernel_link_id"])
        self.links()
        e = self.told("given_up", 1)
        tap.check("but it does not go on for ever", e and e["tries"] == 2 and len(daemon.events(event="reattached", link=1)) == 2,
                  str(e) + daemon.log_text()[-3000:])
        tap.check("and the link is shown as lost", [l["state"] for l in self.links()] == ["lost"], str(self.links()))
        daemon.ctl("detach", "1")

    def target(self, cgroup):
        tap, daemon = self.tap, self.daemon
        done = daemon.ctl("attach", "on_ingress", "cgroup_skb", cgroup)
        tap.check("another is attached", done.returncode == 0, done.stderr)
        os.rmdir(cgroup)
        self.links()
        e = self.told("detached", 4)
        tap.check("what goes with its cgroup is nobody's doing", e and e["cause"] == "target_gone" and
                  self.alarmed(e) is False, str(e))

    def tracer(self):
        tap, daemon = self.tap, self.daemon
        detach(kernel_link(next(p for p in daemon.pins() if p.endswith("/bind/l-bind_post4"))))
        e = self.told("detached", 1, kind="tracer")
        tap.check("a tracer's link that is detached is one", e and (e["target"], e["program"], e["cause"]) ==
                  ("bind", "bind_post4", "detached"), str(e) + daemon.log_text()[-3000:])
        tap.check("and the tracer is put back", self.told("reattached", 1, kind="tracer", target="bind"), daemon.log_text()[-3000:])
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            tap.check("with its events", daemon.wait_event(tracer="bind", port=port), daemon.log_text()[-3000:])
        os.unlink(next(p for p in daemon.pins() if "/core/l-" in p))
        tap.check("so is what all tracers share", self.told("reattached", 1, kind="tracer", target="core"),
                  daemon.log_text()[-3000:])

    def stopped(self, port):
        """What rules stop in the kernel."""
        tap, daemon = self.tap, self.daemon

        def denied():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == errno.EPERM
        tap.check("a rule stops a connection", wait_for(denied, 10), daemon.log_text()[-3000:])
        detach(kernel_link(next(p for p in daemon.pins() if "/enforce/l-" in p and p.endswith("connect4"))))
        e = self.told("detached", 1, kind="tracer", target="enforce")
        tap.check("who takes that off is told", e and self.alarmed(e), str(e) + daemon.log_text()[-3000:])
        tap.check("and it is stopped again", self.told("reattached", 1, kind="tracer", target="enforce") and wait_for(denied, 5),
                  daemon.log_text()[-3000:])


def main():
    tap = Tap()
    mount = cgroup2()
    if not mount:
        tap.skip("what is detached", "no cgroup2 is mounted")
        tap.done()
    cgroup = os.path.join(mount, f"bpfd-watched-{os.getpid()}")
    os.mkdir(cgroup)
    with open(SHIPPED, encoding="utf-8") as f:
        rules = {"own-link-detached": f.read(), "all": rule("all", "bpfd"), "bind": rule("bind", "bind", f'{{ field = "pid", value = {os.getpid()} }}')}
    server = socket.create_server(("127.0.0.1", 0))
    rules["no-port"] = rule("no-port", "tcpstate", f'{{ field = "dport", value = {server.getsockname()[1]} }}', ("deny",),
                            'mode = "enforce"')
    daemon = Events(rules, config=CONFIG).start(tracers=["bind"])
    w = Watched(tap, daemon)
    try:
        w.link(cgroup)
        w.pin(cgroup)
        w.target(cgroup)
    finally:
        if os.path.isdir(cgroup):
            os.rmdir(cgroup)
    w.tracer()
    w.stopped(server.getsockname()[1])
    schema = EventSchema()
    wrong = [why for why in map(schema.wrong, daemon.events()) if why]
    tap.check("every line is valid by the schema", daemon.events() and not wrong, "\n".join(wrong))
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    daemon.remove()
    tap.done()


main()
