#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The first bpfd's words, rule files and columns."""
import glob
import os
import pty
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import containers  # noqa: E402
from daemon import BPFD, Tap, wait_for  # noqa: E402
from events import Events  # noqa: E402

SRC = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def seed(daemon, *args):
    return subprocess.run([BPFD, "--grpc-addr", daemon.sock, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30, check=False)


def printed(daemon, tracer, comm):
    """Lines of the action stdout: tracer PID TGID UID GID command runtime container id."""
    found = [line.split("\t") for line in daemon.log_text().splitlines()]
    return [f for f in found if len(f) == 8 and f[0] == tracer and f[5] == comm]


def type_at_bash(line):
    """One line typed at the prompt of an interactive bash."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["HISTFILE"] = ""
        os.execv("/bin/bash", ["bash", "--norc", "-i"])
    time.sleep(0.5)
    os.write(fd, line.encode() + b"\nexit\n")
    try:
        while os.read(fd, 4096):
            pass
    except OSError:
        pass
    os.waitpid(pid, 0)
    os.close(fd)


def main():
    tap = Tap()
    if containers.missing():
        tap.skip("rules of the first bpfd", containers.missing())
        tap.done()
        return
    daemon = Events({}, config='[tracers]\nallow_sensitive = ["bashreadline"]\n').start()
    files = sorted(glob.glob(os.path.join(SRC, "rules/seed/*.toml")))
    done = seed(daemon, "create", *files)
    tap.check("create prints the name of each rule", done.returncode == 0 and done.stdout.split() ==
              ["stdout", "docker_open_breakout", "password_files", "setuid_binaries"], done.stdout + done.stderr)
    done = seed(daemon, "ls")
    lines = done.stdout.splitlines()
    tap.check("ls has the columns NAME and TRACER, 20 wide at least", lines and
              re.match(r"^NAME {16,}TRACER$", lines[0]) is not None, done.stdout)
    tap.check("and every rule with its tracer", {tuple(line.split()) for line in lines[1:]} ==
              {("stdout", "bashreadline"), ("docker_open_breakout", "openbreakout"), ("password_files", "open"),
               ("setuid_binaries", "exec")} or "dockeropenbreakout" in done.stdout, done.stdout)
    for tracer in ("exec", "open", "bashreadline", "openbreakout"):
        tap.check(f"tracer {tracer} is on", daemon.wait_tracer(tracer, ("on", "partial")), str(daemon.tracer(tracer)))

    trace = subprocess.Popen([BPFD, "--grpc-addr", daemon.sock, "trace"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    wait_for(lambda: "stream.begin" in daemon.log_text())
    time.sleep(0.3)
    box = containers.Container(["ping", "-c", "1", "127.0.0.1"])
    os.symlink("busybox", os.path.join(box.dir, "rootfs/bin/ping"))
    status, out = box.run()
    subprocess.run(["/bin/sh", "-c", "exec su --help"], stdout=subprocess.DEVNULL, check=False)
    wait_for(lambda: bool(printed(daemon, "exec", "ping")))
    found = printed(daemon, "exec", "ping")
    tap.check("a setuid program in a container is a line on standard output", len(found) == 1 and
              found[0][6] == "docker" and found[0][7] == box.id and found[0][4] == "0", f"{status} {out} {found}")
    tap.check("the same on the host is none: containerRuntimes is the rule's", not printed(daemon, "exec", "su"))
    tap.check("and bpfd said how it read that", "W001" in seed(daemon, "create", files[3]).stderr or
              "W001" in daemon.ctl("rule", "check", files[3]).stdout + daemon.ctl("rule", "check", files[3]).stderr)

    with open("/etc/passwd", encoding="utf-8"):
        pass
    me = open("/proc/self/comm", encoding="utf-8").read().strip()
    wait_for(lambda: bool(printed(daemon, "open", me)))
    tap.check("program and searchEvents are read as tracer and filterEvents", bool(printed(daemon, "open", me)))

    type_at_bash("echo typed-by-hand")
    lines = lambda: [line for line in daemon.log_text().splitlines() if line.startswith("bashreadline\t")]  # noqa: E731
    wait_for(lambda: bool(lines()))
    tap.check("a line typed at a bash prompt is an event", any("echo typed-by-hand" in line for line in lines()),
              "\n".join(lines()))

    time.sleep(0.3)
    trace.terminate()
    out = trace.communicate(timeout=10)[0]
    lines = [line for line in out.splitlines() if f"container_id={box.id}" in line]
    tap.check("trace prints the first bpfd's lines", lines and all(
        re.search(r'level=info msg="map\[string\]string\{.*\}" container_id=\S* container_runtime=docker pid=\d+ '
                  r'tgid=\d+ tracer=\w+$', line) for line in lines), out[-3000:])

    done = seed(daemon, "rm", "setuid_binaries")
    tap.check("rm prints the name", done.returncode == 0 and done.stdout.strip() == "setuid_binaries",
              done.stdout + done.stderr)
    tap.check("and it is gone", "setuid_binaries" not in seed(daemon, "ls").stdout)
    tap.check("rm of what is not there says so", seed(daemon, "rm", "setuid_binaries").returncode == 1)
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    tap.done()


main()
