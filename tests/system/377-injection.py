#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of rules/ about what processes do to others and become: each is set off by the act, none by what all do."""
import ctypes
import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap  # noqa: E402
from events import Events  # noqa: E402

SRC = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOBODY = 65534
LIBC = ctypes.CDLL(None, use_errno=True)
HERE = ctypes.create_string_buffer(8)    # forks have it at the same address


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


def child(act, *args):
    """Act in a process of its own; its number."""
    pid = os.fork()
    if pid == 0:
        try:
            act(*args)
            os._exit(0)
        except BaseException as e:    # pylint: disable=broad-exception-caught
            print(f"# {act.__name__}: {e}", file=sys.stderr)
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError(act.__name__)
    return pid


def write_into(victim):
    iov = Iovec(ctypes.addressof(HERE), 8)
    if LIBC.process_vm_writev(victim, ctypes.byref(iov), 1, ctypes.byref(iov), 1, 0) != 8:
        raise OSError("process_vm_writev")


def open_memory(victim):
    os.close(os.open(f"/proc/{victim}/mem", os.O_RDWR))


def become_root(program):
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.execv(program, [program])


def write_and_execute():
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def load_from_memory():
    fd = os.memfd_create("library")
    os.ftruncate(fd, mmap.PAGESIZE)
    mmap.mmap(fd, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)


def do_what_all_do(folder):
    """Programs, scripts, pipes, files, signals, a debugger's first look at itself, and users that become less."""
    plain = os.path.join(folder, "plain")
    shutil.copy("/bin/true", plain)
    for _ in range(5):
        subprocess.run(["/bin/sh", "-c", "ls -R /etc /proc/self 2>/dev/null | sort | head -n 5 >/dev/null; kill -0 $$"], check=True)
        subprocess.run([sys.executable, "-c", "import json, ssl, sqlite3; open('/proc/self/maps').read()"], check=True)
        subprocess.run([plain], check=True, user=NOBODY, group=NOBODY, extra_groups=[])
    with open("/proc/self/mem", "rb"):
        pass
    child(lambda: os.memfd_create("data"))
    child(lambda: LIBC.ptrace(0, 0, None, None))


def main():
    tap = Tap()
    names = ("ptrace-injection", "process-memory-opened", "root-by-set-user-id", "write-exec-memory", "library-without-a-file")
    texts = {}
    for name in names:
        with open(os.path.join(SRC, "rules", name + ".toml"), encoding="utf-8") as f:
            texts[name] = f.read().replace(', "syslog"', "")
    folder = tempfile.mkdtemp(prefix="bpfd-detections-")
    os.chmod(folder, 0o755)
    program = os.path.join(folder, "true")
    shutil.copy("/bin/true", program)
    os.chmod(program, 0o4755)
    daemon = Events(texts).start(tracers=["ptrace", "open", "creds", "mem"])
    victim = os.fork()
    if victim == 0:
        while True:
            signal.pause()

    def set_off(name, act, *args):
        pid = child(act, *args)
        daemon.settle()
        found = [r["name"] for e in daemon.events(pid=pid) for r in e["rules"]]
        tap.check(f"{act.__name__.replace('_', ' ')}: {name}", found == [name], f"{found}\n{daemon.log_text()[-2000:]}")

    try:
        # Others on the machine may do what they like: what runs in this folder is the test's.
        subprocess.run([sys.executable, os.path.abspath(__file__), "benign"], cwd=folder, check=True)
        daemon.settle()
        quiet = [(e["comm"], [r["name"] for r in e["rules"]]) for e in daemon.events(cwd=folder)]
        tap.check("what all programs do sets off none", quiet == [], str(quiet))
        set_off("ptrace-injection", write_into, victim)
        set_off("process-memory-opened", open_memory, victim)
        set_off("root-by-set-user-id", become_root, program)
        set_off("write-exec-memory", write_and_execute)
        set_off("library-without-a-file", load_from_memory)
    finally:
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        shutil.rmtree(folder)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    tap.done()


if sys.argv[1:] == ["benign"]:
    do_what_all_do(os.getcwd())
else:
    main()
