#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The shipped rules about the network: each act is detected, and none of what programs do all day."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap, wait_for  # noqa: E402
from events import Events  # noqa: E402

RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules")
NS = f"bpfd-dn-{os.getpid()}"
HEAD = """
import socket, subprocess
def ask(name):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    s.sendto(b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + labels + b"\\0\\0\\1\\0\\1", ("127.0.0.1", 53))
def pair():
    l = socket.create_server(("127.0.0.1", 0))
    return l, socket.create_connection(l.getsockname())
"""
ACTS = {
    "shell-on-connection": "l, s = pair(); subprocess.run(['/bin/sh', '-c', ':'], stdin=s, stdout=s)",
    "miner-pool-name": "ask('xmr.pool.SupportXMR.com')",
    "raw-socket": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
}
BENIGN = """
for i in range(20):
    l, s = pair()
    subprocess.run(['/bin/sh', '-c', 'echo hello | cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    subprocess.run(['/bin/cat'], stdin=open('/dev/null'), stdout=s)
    ask('www.example.org')
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    socket.if_nameindex()
"""


def run(code):
    subprocess.run(["ip", "netns", "exec", NS, "/usr/bin/python3", "-c", HEAD + code], check=True, timeout=30)


def detected(daemon):
    """Names of the rules that matched what is done in the namespace."""
    net = os.stat("/run/netns/" + NS).st_ino
    return {r["name"] for e in daemon.events() if e.get("ns", {}).get("net") == net for r in e.get("rules", [])}


def main():
    tap = Tap()
    daemon = Events({name: open(os.path.join(RULES, name + ".toml"), encoding="utf-8").read() for name in ACTS})
    subprocess.run(["ip", "netns", "add", NS], check=True)
    try:
        subprocess.run(["ip", "-n", NS, "link", "set", "lo", "up"], check=True)
        daemon.start(tracers=["exec", "dns", "socket"])
        run(BENIGN)
        daemon.settle()
        tap.check("nothing of an ordinary load is detected", not detected(daemon), str(daemon.events()))
        for name, code in ACTS.items():
            run(code)
            tap.check(f"{name}: the act is detected", wait_for(lambda n=name: n in detected(daemon)), str(detected(daemon)))
        tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    finally:
        subprocess.run(["ip", "netns", "del", NS], check=False)
    tap.done()


main()
