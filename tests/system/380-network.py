#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tracers of network, files and cgroups in a running bpfd: what a user reads in log and live trace."""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import containers  # noqa: E402
from daemon import BPFCTL, BUILD, PATIENCE, Tap, bpf_ids, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

NS = f"bpfd-nw-{os.getpid()}"
DEV, PEER = f"nwa{os.getpid()}", f"nwb{os.getpid()}"
HERE, THERE = "10.98.7.1", "10.98.7.2"
IN_NS = ("ip", "netns", "exec", NS)

# Takes one connection, reads 1000 bytes, answers with 500, reads until the other end closes.
SERVER = """
import socket, sys
s = socket.create_server((sys.argv[1], 0), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print(s.getsockname()[1], flush=True)
c, _ = s.accept()
n = 0
while n < 1000:
    n += len(c.recv(1000))
c.sendall(b"x" * 500)
c.recv(1)
c.close()
"""


def ip(*args):
    subprocess.run(["ip", *args], check=True, stdout=subprocess.DEVNULL)


class Network:
    """A namespace with one end of a veth pair; the other end is here."""

    def __enter__(self):
        ip("netns", "add", NS)
        ip("link", "add", DEV, "type", "veth", "peer", "name", PEER, "netns", NS)
        ip("addr", "add", HERE + "/24", "dev", DEV)
        ip("link", "set", DEV, "up")
        ip("-n", NS, "addr", "add", THERE + "/24", "dev", PEER)
        ip("-n", NS, "link", "set", PEER, "up")
        ip("-n", NS, "link", "set", "lo", "up")
        return self

    def __exit__(self, *why):
        subprocess.run(["ip", "link", "del", DEV], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "netns", "del", NS], check=False, stderr=subprocess.DEVNULL)


class Trace:
    """bpfctl trace, once its stream is there."""

    def __init__(self, daemon, tracer, count, *args, fmt="json"):
        before = daemon.tracer(tracer).get("wanted_by", [])
        self.proc = subprocess.Popen([BPFCTL, "-s", daemon.sock, "trace", "--tracer", tracer, "--format", fmt, "--duration",
                                      str(10 * PATIENCE), "--count", str(count), *args], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True)
        wait_for(lambda: daemon.tracer(tracer).get("wanted_by", []) != before, 5)
        daemon.wait_tracer(tracer, ("on", "partial"))
        time.sleep(0.2)

    def lines(self):
        self.text, self.errors = self.proc.communicate(timeout=20 * PATIENCE)
        return [json.loads(x) for x in self.text.splitlines()]


# ---- tcpstate ----

def connection(address, prefix=()):
    """Ports of the client and the server, and the server's pid; 30 ms of a connection."""
    server = subprocess.Popen([*prefix, "/usr/bin/python3", "-c", SERVER, address], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline())
    with socket.create_connection((address, port)) as s:
        mine = s.getsockname()[1]
        s.sendall(b"y" * 1000)
        got = 0
        while got < 500:
            got += len(s.recv(500))
        time.sleep(0.03)
    server.wait(5)
    return mine, port, server.pid


def of_socket(daemon, sport, dport, **fields):
    return [e for e in daemon.events(tracer="tcpstate", **fields) if e.get("sport") == sport and e.get("dport") == dport]


def tcpstate(tap, daemon, address, me):
    mine, port, server = connection(address)
    wait_for(lambda: of_socket(daemon, mine, port, event="close") and of_socket(daemon, port, mine, event="close"))
    e = (of_socket(daemon, mine, port, event="connect") or [{}])[0]
    tap.check(f"tcpstate: connecting to {address} has both ends and whose it is", e.get("saddr") == e.get("daddr") == address
              and e.get("pid") == os.getpid() and e.get("comm") == me and e.get("newstate") == "ESTABLISHED", str(e))
    e = (of_socket(daemon, port, mine, event="accept") or [{}])[0]
    tap.check("who accepts is named", e.get("pid") == server and e.get("saddr") == address, f"{server}: {e}")
    e = (of_socket(daemon, mine, port, event="close") or [{}])[0]
    tap.check("the end of the connection has its owner, bytes and duration", e.get("pid") == os.getpid() and
              e.get("bytes_out") == 1000 and e.get("bytes_in") == 500 and
              30_000_000 <= e.get("duration_ns", 0) < 5_000_000_000, str(e))
    e = (of_socket(daemon, port, mine, event="close") or [{}])[0]
    tap.check("and so has the other end's", e.get("pid") == server and e.get("bytes_in") == 1000 and
              e.get("bytes_out") == 500, str(e))
    words = {e["newstate"] for e in daemon.events(tracer="tcpstate", dport=port)}
    tap.check("every state between has its name", {"SYN_SENT", "ESTABLISHED", "CLOSE"} <= words, str(words))


def socketsnoop(tap, daemon):
    """Names and forms of go-ebpf's socketsnoop; its id is a cookie now, not an address of the kernel's."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    trace = Trace(daemon, "tcpstate", 2, "--filter", f"dport eq {port}", fmt="socketsnoop")
    client = socket.create_connection(("127.0.0.1", port))
    mine = client.getsockname()[1]
    found = trace.lines()
    client.close()
    server.close()
    first = found[0] if found else {}
    tap.check("--format socketsnoop has its fields, in its order", list(first) == [
        "timestamp", "id", "pid", "comm", "uid", "gid", "source_ip", "destination_ip", "destination_port", "state_old",
        "state_new", "address_family", "network_protocol"] or list(first) == [
        "timestamp", "id", "pid", "comm", "uid", "gid", "source_ip", "destination_ip", "source_port", "destination_port",
        "state_old", "state_new", "address_family", "network_protocol"], trace.text + trace.errors)
    tap.check("with its words", [(e["state_old"], e["state_new"]) for e in found] == [("CLOSE", "SYN_SENT"),
              ("SYN_SENT", "ESTABLISHED")] and first["address_family"] == "INET" and first["network_protocol"] == "TCP" and
              first["pid"] == os.getpid() and found[1]["source_port"] == mine, trace.text)


def execsnoop(tap, daemon):
    trace = subprocess.Popen([BPFCTL, "-s", daemon.sock, "trace", "--tracer", "exec", "--tracer", "exit", "--format",
                              "execsnoop", "--duration", str(3 * PATIENCE)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for tracer in "exec", "exit":
        wait_for(lambda name=tracer: any("stream" in w for w in daemon.tracer(name).get("wanted_by", [])))
        daemon.wait_tracer(tracer, ("on", "partial"))
    time.sleep(0.3)
    path = os.path.join(daemon.dir, "snooped")
    os.symlink("/bin/sleep", path)
    subprocess.run([path, "0.05"], check=True)
    with open(path + "-broken", "w", encoding="ascii") as f:
        f.write("nothing\n")
    os.chmod(path + "-broken", 0o755)
    try:
        subprocess.run([path + "-broken", "an argument"], check=False)
    except OSError:
        pass
    text, errors = trace.communicate(timeout=15 * PATIENCE)
    jq = subprocess.run(["jq", "-c", f'select(.exe == "{path}" or .comm == "snooped" or .exe == "{path}-broken")'],
                        input=text, capture_output=True, text=True, check=False)
    found = {}
    for e in (json.loads(x) for x in jq.stdout.splitlines()):
        found[e["type"]] = e
    first = found.get("started", {})
    tap.check("--format execsnoop is JSON that jq reads, with its fields in its order", jq.returncode == 0 and list(first) == [
        "type", "start_time", "ppid", "parent_comm", "pid", "uid", "gid", "comm", "exe", "args"], jq.stderr + jq.stdout +
        text[:1000] + errors)
    tap.check("started says who and what", first.get("ppid") == os.getpid() and first.get("args") == [path, "0.05"], str(first))
    last = found.get("exited", {})
    tap.check("exited is of the same process and says how long it ran", last.get("pid") == first.get("pid", 0) and
              {"start_time", "end_time", "running_time_ns"} <= set(last) and
              50_000_000 <= last.get("running_time_ns", 0) < 3_000_000_000, str(last))
    wrong = found.get("error", {})
    tap.check("error says which", wrong.get("error_code") == -8 and wrong.get("exe") == path + "-broken", str(wrong) + jq.stdout)


# ---- tcpdrop, arp, xdpcount ----

def tcpdrop(tap, daemon):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        closed = s.getsockname()[1]
    for where, address in (((), HERE), (IN_NS, "127.0.0.1")):
        trace = Trace(daemon, "tcpdrop", 1, "--filter", f"dport eq {closed}")
        done = subprocess.run([*where, "/usr/bin/python3", "-c", "import socket, sys\ns = socket.socket()\n"
                               f"sys.exit(s.connect_ex(('{address}', {closed})) != 111)"], check=False)
        e = (trace.lines() or [{}])[0]
        place = "in a network namespace" if where else "here"
        tap.check(f"tcpdrop: a connection to a closed port {place} is dropped because there is no socket", done.returncode == 0
                  and e.get("reason") == "NO_SOCKET" and e.get("daddr") == address and e.get("dport") == closed and
                  e.get("tcpflags") in (["SYN"], "SYN", ["SYN", "ECE", "CWR"]), f"{done.returncode} {e} {trace.errors}")


def arp(tap, daemon):
    trace = Trace(daemon, "arp", 2, "--filter", f"dev eq {DEV}")
    subprocess.run(["ip", "neigh", "flush", "dev", DEV], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["ping", "-c", "1", "-W", "2", THERE], check=False, stdout=subprocess.DEVNULL)
    found = trace.lines()
    peer = subprocess.run([*IN_NS, "cat", f"/sys/class/net/{PEER}/address"], capture_output=True, text=True, check=True)
    sent = next((e for e in found if e["dir"] == "out" and e["op"] == "request"), {})
    answer = next((e for e in found if e["dir"] == "in" and e["op"] == "reply"), {})
    tap.check("arp: who asks for whom", sent.get("sip") == HERE and sent.get("tip") == THERE, str(found))
    tap.check("and who answers, with the address", answer.get("sip") == THERE and
              answer.get("smac") == peer.stdout.strip(), str(found) + peer.stdout)


def xdpcount(tap, daemon):
    done = daemon.ctl("load", os.path.join(BUILD, "tests/bpf/aborted.bpf.o"))
    done = daemon.ctl("attach", "aborted_xdp", "xdp", DEV) if done.returncode == 0 else done
    if done.returncode:
        tap.skip("xdpcount", "XDP cannot be attached here: " + done.stderr.strip())
        return
    trace = Trace(daemon, "xdpcount", 1, "--filter", f"dev eq {DEV}")
    subprocess.run([*IN_NS, "ping", "-c", "5", "-i", "0.05", "-W", "1", HERE], check=False, stdout=subprocess.DEVNULL)
    found = trace.lines()
    tap.check("xdpcount: packets that bpfd's own program aborted are counted on their interface", found and
              found[0]["action"] == "ABORTED" and found[0]["packets"] >= 1, trace.text + trace.errors)
    program = daemon.ctl_json("list", "programs")["programs"][0]
    link = json.loads(subprocess.run(["ip", "-j", "link", "show", DEV], capture_output=True, text=True, check=True).stdout)
    hooked = link[0]["xdp"]["prog"]["id"]
    # Where the kernel has freplace a dispatcher calls the programs, and that is what the kernel names.
    tap.check("by the program that the kernel runs there", found and found[0].get("prog") == hooked, f"{found} {link}")
    programs = bpf_ids("prog")
    tap.check("which is bpfd's, or its dispatcher", hooked == program["id"] or (
        programs[program["id"]]["type"] == "ext" and programs[hooked]["name"] == "xdp_dispatcher"), f"{hooked} {program}")
    daemon.ctl("unload", "aborted_xdp")


# ---- files ----

def fileops(tap, daemon):
    base = os.path.join(daemon.dir, "files")
    os.mkdir(base)
    os.chdir(base)
    os.mkdir("made", 0o750)
    with open("made/a", "wb"):
        pass
    os.rename("made/a", base + "/made/b")
    os.link("made/b", "made/c")
    os.symlink("nowhere", "made/s")
    os.chmod("made/b", 0o600)
    for name in ("b", "c", "s"):
        os.unlink("made/" + name)
    os.rmdir("made")
    os.chdir("/")
    daemon.wait_event(tracer="fileops", op="rmdir")
    found = [(e["op"], e.get("path"), e.get("path2")) for e in daemon.events(tracer="fileops", pid=os.getpid())]
    wanted = [("mkdir", base, None), ("mkdir", base + "/made", None), ("rename", base + "/made/a", base + "/made/b"),
              ("link", base + "/made/b", base + "/made/c"), ("symlink", base + "/made/s", "nowhere"),
              ("chmod", base + "/made/b", None), ("unlink", base + "/made/b", None), ("unlink", base + "/made/c", None),
              ("unlink", base + "/made/s", None), ("rmdir", base + "/made", None)]
    tap.check("fileops: what is made, renamed, linked and removed has its paths", found == wanted, f"{found}\nnot\n{wanted}")
    mode = [e.get("mode") for e in daemon.events(tracer="fileops", op="mkdir", path=base + "/made")]
    tap.check("and its mode", mode == [0o750], str(mode))


def filetop(tap, daemon):
    path = os.path.join(daemon.dir, "busy")
    with open(path, "w+b", buffering=0) as f:
        for _ in range(50):
            f.write(b"z" * 1000)
        f.seek(0)
        for _ in range(20):
            f.read(100)
        wait_for(lambda: sum(e["reads"] for e in daemon.events(tracer="filetop", path=path)) >= 20, 8)
    rows = daemon.events(tracer="filetop", path=path)
    sums = [sum(e[k] for e in rows) for k in ("reads", "writes", "rbytes", "wbytes")]
    tap.check("filetop: a file that is read and written has a row with calls and bytes of both", sums ==
              [20, 50, 2000, 50000] and all(e["pid"] == os.getpid() and e["name"] == "busy" for e in rows), str(rows))


# ---- cgroups ----

def cgroup(tap, daemon):
    name = f"bpfd-cg-{os.getpid()}"
    roots = [r for r in containers.cgroup_roots() if os.path.exists(os.path.join(r, "cgroup.procs"))]
    root = next((r for r in roots if r.endswith(("/unified", "/cgroup", "/pids"))), roots[0])
    path = os.path.join(root, name)
    os.mkdir(path)
    ident = os.stat(path).st_ino
    victim = subprocess.Popen(["sleep", "30"])
    with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as f:
        f.write(str(victim.pid))
    victim.kill()
    victim.wait()
    wait_for(lambda: rmdir(path))
    daemon.wait_event(tracer="cgroup", event="rmdir", id=ident)
    found = daemon.events(tracer="cgroup", id=ident)
    tap.check("cgroup: one is made, joined and removed", [(e["event"], e["path"]) for e in found] ==
              [(w, "/" + name) for w in ("mkdir", "attach", "rmdir")], str(found))
    tap.check("who joins is named, and who did it", [(e.get("target"), e["pid"]) for e in found if e["event"] == "attach"] ==
              [(victim.pid, os.getpid())], str(found))


def rmdir(path):
    try:
        os.rmdir(path)
        return True
    except OSError:
        return False


def breakout(tap, daemon):
    if containers.missing():
        tap.skip("openbreakout", containers.missing())
        return
    folder = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY)
    os.set_inheritable(folder, True)
    box = containers.Container(["sh", "-c", "cat /etc/shadow; cat /mnt/etc/hostname; echo done"],
                               mounts=[{"destination": "/mnt", "type": "none", "source": "/", "options": ["rbind", "ro"]}])
    status, out = box.run()
    event = daemon.wait_event(tracer="openbreakout", filename="/mnt/etc/hostname") or {}
    tap.check("openbreakout: a container that opens a file of the host's root", "hostmount" in event.get("via", []) and
              event.get("container", {}).get("id") == box.id and event.get("comm") == "cat", f"{status} {out} {event}")
    tap.check("and not one that opens its own", not daemon.events(tracer="openbreakout", filename="/etc/shadow"), out)
    # A process in the container's mounts that still holds a folder of the host's.
    code = (f"import os\nos.chroot('{daemon.dir}')\nos.chdir('/')\n"
            f"os.close(os.open('passwd', os.O_RDONLY, dir_fd={folder}))\n")
    done = subprocess.run(["unshare", "-m", "/usr/bin/python3", "-c", code], close_fds=False, capture_output=True, text=True,
                          check=False)
    os.close(folder)
    event = daemon.wait_event(tracer="openbreakout", filename="passwd") or {}
    tap.check("one that opens by a folder that was leaked to it", "foreign-mntns" in event.get("via", []) and
              event.get("path") == "/etc/passwd", f"{done.stderr} {event}")


def main():
    tap = Tap()
    with open("/proc/self/comm", encoding="utf-8") as f:
        me = f.read().strip()
    daemon = Events({name: rule(name, name) for name in ("tcpstate", "cgroup", "openbreakout")})
    for name in ("fileops", "filetop"):
        match = f'{{ field = "path", op = "pathprefix", values = ["{daemon.dir}/{"files" if name == "fileops" else "busy"}"] }}'
        daemon.write(os.path.join(daemon.dir, "etc/rules", name + ".toml"), rule(name, name, match))
    with Network():
        daemon.start(tracers=["tcpstate", "cgroup", "fileops", "filetop"])
        tcpstate(tap, daemon, "127.0.0.1", me)
        tcpstate(tap, daemon, "::1", me)
        socketsnoop(tap, daemon)
        execsnoop(tap, daemon)
        tcpdrop(tap, daemon)
        arp(tap, daemon)
        xdpcount(tap, daemon)
        fileops(tap, daemon)
        filetop(tap, daemon)
        cgroup(tap, daemon)
        breakout(tap, daemon)
        tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    tap.done()


main()
