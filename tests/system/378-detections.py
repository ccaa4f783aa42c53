#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The rules that are shipped: each is triggered by what it is about, and none by an ordinary day."""
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import benign  # noqa: E402
import containers  # noqa: E402
from daemon import Tap, wait_for  # noqa: E402
from events import Events  # noqa: E402


# ---- what rules are about: each in a pid namespace of its own, by which its events are known ----

def child():
    """A process that waits for its end."""
    pid = os.fork()
    if not pid:
        time.sleep(20)
        os._exit(0)
    return pid


def written(path, **how):
    with open(path, "wb", **how):
        pass
    os.unlink(path)


def opened(path, flags):
    try:
        os.close(os.open(path, flags))
    except OSError:
        pass    # that somebody tried is what is looked for


def inject():
    class Iovec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
    text = ctypes.create_string_buffer(b"x", 8)
    iov = Iovec(ctypes.addressof(text), 1)
    ctypes.CDLL(None).process_vm_writev(child(), ctypes.byref(iov), 1, ctypes.byref(iov), 1, 0)


def setuid():
    with tempfile.NamedTemporaryFile() as f:
        os.chmod(f.name, 0o4755)


def connect(port):
    with socket.socket() as s:
        s.connect_ex(("127.0.0.1", port))


def shell_on_socket():
    with socket.create_server(("127.0.0.1", 0)) as server:
        if not os.fork():
            s = socket.create_connection(server.getsockname())
            for fd in (0, 1, 2):
                os.dup2(s.fileno(), fd)
            os.execv("/bin/sh", ["sh", "-c", "true"])
        os.wait()


def shell_connects():
    with socket.create_server(("127.0.0.1", 0)) as server:
        subprocess.run(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}"], check=True)


def fileless():
    fd = os.memfd_create("x")
    with open("/bin/true", "rb") as f:
        os.write(fd, f.read())
    if not os.fork():
        os.execve(fd, ["x"], {})
    os.wait()


def in_temporary(name):
    folder = tempfile.mkdtemp()
    os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
    written(os.path.join(folder, name))


SYS_BPF, SYS_FINIT_MODULE = 321, 313    # x86-64


RETURN_0 = "b700000000000000" "9500000000000000"


def foreign_bpf(code=RETURN_0):
    """Loads it as a raw tracepoint's program."""
    text = bytes.fromhex(code)
    insns = ctypes.create_string_buffer(text, len(text))
    license = ctypes.create_string_buffer(b"GPL")
    attr = struct.pack("=IIQQ", 17, len(text) // 8, ctypes.addressof(insns), ctypes.addressof(license)).ljust(120, b"\0")
    if ctypes.CDLL(None).syscall(SYS_BPF, 5, attr, len(attr)) < 0:
        raise OSError("the program does not load")


def module_from_temporary():
    with tempfile.NamedTemporaryFile() as f:
        ctypes.CDLL(None).syscall(SYS_FINIT_MODULE, f.fileno(), b"", 0)    # that somebody tried is what is looked for


ACTS = {
    "foreign-bpf": foreign_bpf,
    # r1 = 0, send_signal(r1)
    "bpf-acts-on-processes": lambda: foreign_bpf("b701000000000000" "850000006d000000" + RETURN_0),
    "kernel-module-loaded": module_from_temporary,
    "sensitive-file-read": lambda: opened("/etc/shadow", os.O_RDONLY),
    "kernel-runs-what-is-written": lambda: opened("/proc/sys/kernel/core_pattern", os.O_WRONLY),
    "kernel-runs-what-is-written, release_agent": lambda: in_temporary("release_agent"),
    "ptrace-injection": inject,
    "process-memory-opened": lambda: opened(f"/proc/{child()}/mem", os.O_RDWR),
    "ld-preload-file": lambda: opened("/etc/ld.so.preload", os.O_WRONLY),
    "ld-preload-by-env": lambda: subprocess.run(["env", "LD_PRELOAD=", "true"], check=True),
    "setuid-bit-set": setuid,
    "reverse-shell": shell_connects,
    "shell-after-connect": shell_on_socket,
    "shell-on-connection": shell_on_socket,
    "miner-connect": lambda: connect(3333),
    "write-below-etc": lambda: written(f"/etc/.bpfd-{os.getpid()}-{time.time_ns()}"),
    "log-tampering": lambda: written(f"/var/log/.bpfd-{os.getpid()}-{time.time_ns()}"),
    "ssh-keys-changed": lambda: in_temporary(".ssh/authorized_keys"),
    "fileless-execution": fileless,
}

def acts(tap, daemon):
    for name in ACTS:
        since = benign.last(daemon)
        ns, done = benign.within(sys.executable, os.path.abspath(__file__), name)
        want = name.split(",")[0]
        found = wait_for(lambda since=since, ns=ns, want=want: want in benign.names(benign.told(daemon, since, ns)))
        tap.check(f"{name} is told", found, f"{benign.names(benign.told(daemon, since, ns))}\n{done.stdout}")


def in_container(tap, daemon):
    box = containers.Container(["sh", "-c", "cat /etc/shadow; touch /tmp/docker.sock; mount -t debugfs none /mnt"],
                               writable=True)
    box.run()
    for name in ("shadow-read-in-container", "mount-in-container", "docker-socket"):
        tap.check(f"{name} is told", wait_for(lambda name=name: name in benign.names(benign.told(daemon, 0, box=box.id))),
                  str(benign.names(benign.told(daemon, 0, box=box.id))))


def breakouts(tap, daemon):
    """By the host's root file system; a FIFO by the name of that of a start is one when it is made."""
    mount = {"destination": "/mnt", "type": "none", "source": "/", "options": ["rbind", "rw"]}
    for act, what in (("cat /mnt/etc/hostname", "a file of the host's root"),
                      (f"exec 3>/mnt/{tempfile.gettempdir()}/exec.fifo", "nor does the name of a FIFO hide one")):
        box = containers.Container(["sh", "-c", act], mounts=[mount])
        box.run()
        tap.check(f"breakout-by-open: {what}", wait_for(lambda box=box: "breakout-by-open" in
                  benign.names(benign.told(daemon, 0, box=box.id))), str(benign.told(daemon, 0, box=box.id)))
    os.unlink(os.path.join(tempfile.gettempdir(), "exec.fifo"))


def ordinary_day(tap, daemon):
    since = benign.last(daemon)
    ns, done = benign.within("sh", "-c", benign.DAY)
    tap.check("an ordinary day passes", done.returncode == 0, done.stdout[-2000:])
    daemon.settle()
    found = benign.told(daemon, since, ns)
    tap.check("and no rule says anything but that there were connections", not benign.names(found) and found,
              "\n".join(f"{benign.names([e])} {e.get('exe')} {e.get('path')} {e.get('args')}" for e in found if benign.names([e])))
    if containers.missing():
        tap.skip("nor does a container's", containers.missing())
        return
    box = containers.Container(["sh", "-c", "i=0; while [ $i -lt 20 ]; do ls / >/tmp/$i; cat /tmp/$i; i=$((i+1)); done"],
                               writable=True)
    status, out = box.run()
    daemon.settle()
    found = benign.told(daemon, since, box=box.id)
    told = [f"{benign.names([e])} {e.get('exe')} {e.get('path')}" for e in found if benign.names([e])]
    tap.check("nor does a container's, its start included", status == 0 and not told, "\n".join([str(status), *told, out]))


def main():
    if len(sys.argv) > 1:
        ACTS[sys.argv[1]]()
        return
    tap = Tap()
    rules = benign.shipped()
    daemon = Events(rules)
    daemon.start(tracers=benign.TRACERS)
    listed = {r["name"]: r["state"] for r in daemon.ctl_json("rule", "ls")["rules"]}
    off = {n for n, text in rules.items() if re.search(r"^enabled\s*=\s*false", text, re.M)}
    tap.check("every shipped rule is in use, but those that say that they are not",
              {n for n, state in listed.items() if state != "active"} == off, str(listed))
    acts(tap, daemon)
    if containers.missing():
        tap.skip("containers", containers.missing())
    else:
        in_container(tap, daemon)
        breakouts(tap, daemon)
    ordinary_day(tap, daemon)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    daemon.remove()
    tap.done()


main()
