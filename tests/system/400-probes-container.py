#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Uprobes in a container: the file is the one that a process of it sees, by container-pid."""
import json
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import containers  # noqa: E402
from daemon import BUILD, Daemon, Tap  # noqa: E402

PROBED = os.path.join(BUILD, "tests", "lib", "probed")
OBJECT = os.path.join(BUILD, "tests", "bpf", "probes.bpf.o")
UPROBE, USDT = 3, 6


def install(root):
    """The test's program with the libraries that it needs."""
    shutil.copy(PROBED, os.path.join(root, "bin", "probed"))
    out = subprocess.run(["ldd", PROBED], capture_output=True, text=True, check=True).stdout
    for word in out.split():
        if word.startswith("/"):
            to = root + word
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copy(word, to)


def hits(daemon, slot):
    pin = next(p for p in daemon.pins() if p.endswith("/probe_hits"))
    out = subprocess.run(["bpftool", "-j", "map", "lookup", "pinned", pin, "key", str(slot), "0", "0", "0"],
                         capture_output=True, text=True, check=True).stdout
    return json.loads(out)["formatted"]["value"]


class Waiter:
    """probed in a container, which calls everything three times when asked."""

    def __init__(self):
        self.box = containers.Container(["/bin/probed", "wait"], writable=True)
        install(os.path.join(self.box.dir, "rootfs"))
        self.box.start()
        self.ready = self.box.proc.stdout.readline()
        self.pid = self.box.pid()

    def ask(self):
        os.kill(self.pid, signal.SIGUSR1)
        return self.box.proc.stdout.readline()


def counted(daemon, slot, act):
    before = hits(daemon, slot)
    act()
    return hits(daemon, slot) - before


def attach(daemon, program, *args):
    return daemon.ctl("attach", program, *args)


def host():
    subprocess.run([PROBED, "5"], check=True, stdout=subprocess.DEVNULL)


def check_file(tap, daemon, waiter):
    at = f"container-pid={waiter.pid}"
    done = attach(daemon, "on_uprobe", "uprobe", "/bin/probed:probed_twice")
    tap.check("the host has no such file", done.returncode == 3, done.stderr)
    done = attach(daemon, "on_uprobe", "uprobe", "/bin/probed:probed_twice", at)
    tap.check("a file of the container is probed", done.returncode == 0, done.stderr)
    tap.check("its calls are counted", counted(daemon, UPROBE, waiter.ask) == 3)
    tap.check("those of the host's copy are not", counted(daemon, UPROBE, host) == 0)
    os.kill(daemon.child("bpfd-loader"), signal.SIGKILL)
    daemon.wait_child("bpfd-loader")
    tap.check("they are counted without a loader", counted(daemon, UPROBE, waiter.ask) == 3)
    done = attach(daemon, "on_uprobe", "uprobe", "/bin/../../bin/probed:probed_twice", at)
    tap.check("another spelling is the same file", done.returncode == 6, done.stderr)
    links = daemon.ctl_json("list", "links")["links"]
    tap.check("it is listed with its options", len(links) == 1 and
              links[0].get("options", {}).get("container-pid") == str(waiter.pid), links)
    done = daemon.ctl("detach", str(links[0]["id"]))
    tap.check("it is detached", done.returncode == 0 and counted(daemon, UPROBE, waiter.ask) == 0, done.stderr)


def check_links(tap, daemon, waiter):
    """What the container's owner put in the way does not lead out of it."""
    root = os.path.join(waiter.box.dir, "rootfs")
    at = f"container-pid={waiter.pid}"
    os.symlink("/bin/probed", os.path.join(root, "absolute"))
    os.symlink("../../../../../.." + PROBED, os.path.join(root, "outside"))
    os.symlink("/proc/1/root" + PROBED, os.path.join(root, "magic"))
    done = attach(daemon, "on_uprobe", "uprobe", "/absolute:probed_twice", at, "--dry-run")
    tap.check("an absolute link is the container's", done.returncode == 0, done.stderr)
    done = attach(daemon, "on_uprobe", "uprobe", "/outside:probed_twice", at)
    tap.check("a link does not lead out of the container", done.returncode == 3, done.stderr)
    done = attach(daemon, "on_uprobe", "uprobe", "/magic:probed_twice", at)
    tap.check("nor does one of its /proc", done.returncode not in (0, 6), done.stderr)


def check_library(tap, daemon, waiter):
    at = f"container-pid={waiter.pid}"
    done = attach(daemon, "on_uprobe", "uprobe", "libc:sigwait", at)
    tap.check("the container's libc is found by name", done.returncode == 0, done.stderr)
    tap.check("it is the one that its program uses", counted(daemon, UPROBE, waiter.ask) > 0)
    tap.check("the host's is another", counted(daemon, UPROBE, host) == 0)


def check_usdt(tap, daemon, waiter):
    text = subprocess.run(["readelf", "-S", PROBED], capture_output=True, text=True, check=True).stdout
    if ".note.stapsdt" not in text:
        tap.skip("a USDT probe of the container", "the test's program was built without sys/sdt.h "
                 "(systemtap-sdt-dev)")
        return
    done = attach(daemon, "on_usdt", "usdt", "/bin/probed:probed:called", f"container-pid={waiter.pid}")
    tap.check("a USDT probe of the container", done.returncode == 0, done.stderr)
    tap.check("it is counted at both places", counted(daemon, USDT, waiter.ask) == 6)


def main():
    tap = Tap()
    if containers.missing():
        tap.skip("a file of the container is probed", containers.missing())
        tap.done()
        return
    daemon = Daemon().start()
    waiter = Waiter()
    try:
        tap.check("the container runs", waiter.ready == "ready\n", waiter.ready)
        done = daemon.ctl("load", OBJECT, "--program", "on_uprobe", "--program", "on_usdt")
        tap.check("the programs load", done.returncode == 0, done.stderr)
        check_file(tap, daemon, waiter)
        check_links(tap, daemon, waiter)
        check_library(tap, daemon, waiter)
        check_usdt(tap, daemon, waiter)
        gone = waiter.pid
        waiter.box.remove()
        done = attach(daemon, "on_uprobe", "uprobe", "/bin/probed:probed_square", f"container-pid={gone}")
        tap.check("a container that is gone is said to be", done.returncode == 3, done.stderr)
        tap.check("bpfd stops", daemon.stop() == 0, daemon.log_text())
    finally:
        waiter.box.remove()
        daemon.stop()
    tap.done()


main()
