#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tracers at the hooks of cgroups: beside other tools' programs, off when nobody wants them, and after a crash."""
import json
import os
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

OTHERS = ("socket", "tcpretrans", "udp", "dns", "skbdrop")
NS = f"bpfd-so-{os.getpid()}"
LISTENER = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1])"


def in_ns(code):
    """What a python of the namespace prints, and its pid."""
    proc = subprocess.Popen(["ip", "netns", "exec", NS, "/usr/bin/python3", "-c", code], stdout=subprocess.PIPE, text=True)
    return proc.communicate(timeout=20)[0].strip(), proc.pid


def at_root():
    """Names of the programs at the root of the cgroups."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        root = next(line.split()[4] for line in f if " - cgroup2 " in line)
    done = subprocess.run(["bpftool", "-j", "cgroup", "show", root], capture_output=True, text=True, check=False)
    return sorted(p["name"] for p in json.loads(done.stdout.strip() or "[]"))


def bind(tap, daemon):
    port, pid = in_ns(LISTENER)
    e = daemon.wait_event(tracer="bind", event="listen", pid=pid) or {}
    tap.check("bind: a process that listens is named, with address and port", e.get("addr") == "127.0.0.1" and
              e.get("port") == int(port) and e.get("family") == "INET" and e.get("exe", "").startswith("/usr/bin/python3"), str(e))
    e = daemon.wait_event(tracer="bind", event="bind", pid=pid) or {}
    tap.check("and where it was bound before", e.get("port") == int(port) and e.get("protocol") == "TCP" and
              e.get("socktype") == "STREAM" and e.get("retval") == 0, str(e))


# A server that answers one question with an alias and an address, and who asks it.
LOOKUP = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 53))
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
c.connect(('127.0.0.1', 53))
question = b'\\3wWw\\7example\\0\\0\\1\\0\\1'
c.send(b'\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + question)
_, whose = s.recvfrom(512)
answer = b'\\xc0\\x0c\\0\\5\\0\\1\\0\\0\\0\\1\\0\\6\\3cdn\\xc0\\x10\\xc0\\x29\\0\\1\\0\\1\\0\\0\\0\\1\\0\\4\\x0a\\1\\2\\3'
s.sendto(b'\\x12\\x34\\x81\\x80\\0\\1\\0\\2\\0\\0\\0\\0' + question + answer, whose)
c.recv(512)
"""


def lookups(tap, daemon):
    _, pid = in_ns(LOOKUP)
    e = daemon.wait_event(tracer="dns", event="response", pid=pid) or {}
    tap.check("dns: a lookup has name, answers and server, and whose it is", e.get("qname") == "www.example" and
              e.get("qtype") == "A" and e.get("rcode") == "NOERROR" and e.get("answers") == ["cdn.example", "10.1.2.3"] and
              e.get("server") == "127.0.0.1" and e.get("latency_ns", 0) > 0 and "no_owner" not in e.get("marks", []), str(e))
    e = daemon.wait_event(tracer="udp", event="connect", pid=pid) or {}
    tap.check("udp: and where its socket is connected", e.get("daddr") == "127.0.0.1" and e.get("dport") == 53, str(e))


def main():
    tap = Tap()
    subprocess.run(["ip", "netns", "add", NS], check=True)
    subprocess.run(["ip", "-n", NS, "link", "set", "lo", "up"], check=True)
    before = at_root()
    daemon = Events({name: rule(name, name) for name in ("bind", *OTHERS)})
    try:
        daemon.start(tracers=["bind", *OTHERS])
        states = {name: daemon.tracer(name) for name in ("bind", *OTHERS)}
        tap.check("all of these tracers are on, whole", {t["status"] for t in states.values()} == {"on"}, str(states))
        on = at_root()
        tap.check("programs are added at the root of the cgroups, and nobody's are gone",
                  {"bind_post4", "bind_post6"} <= set(on) and all(name in on for name in before), f"{before} {on}")
        bind(tap, daemon)
        loader = daemon.child("bpfd-loader")
        os.kill(loader, signal.SIGKILL)
        tap.check("a loader that is killed leaves them, once", wait_for(lambda: daemon.child("bpfd-loader") not in (None, loader)) and
                  daemon.wait_tracer("bind") and at_root() == on, str(at_root()))
        port, pid = in_ns(LISTENER)
        tap.check("and they go on", daemon.wait_event(tracer="bind", event="listen", pid=pid, port=int(port)) is not None)
        lookups(tap, daemon)
        for name in ("bind", *OTHERS):
            os.unlink(os.path.join(daemon.dir, f"etc/rules/{name}.toml"))
        os.kill(daemon.proc.pid, signal.SIGHUP)
        tap.check("without a rule that wants them they are off", wait_for(lambda: at_root() == before, 10), str(at_root()))
        for name in ("bind", *OTHERS):
            daemon.write(os.path.join(daemon.dir, f"etc/rules/{name}.toml"), rule(name, name))
        os.kill(daemon.proc.pid, signal.SIGHUP)
        tap.check("and on again with one", daemon.wait_tracer("bind") and wait_for(lambda: at_root() == on, 5), str(at_root()))
        tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
        tap.check("nothing of it stays", at_root() == before, str(at_root()))
    finally:
        subprocess.run(["ip", "netns", "del", NS], check=False)
    tap.done()


main()
