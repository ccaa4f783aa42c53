#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What init gives and wants: LISTEN_FDS, NOTIFY_SOCKET, and a daemon that goes to the background by itself."""
import os
import signal
import socket
import subprocess
import tempfile
import time

from daemon import BPFCTL, BPFD, Daemon, Tap, wait_for


def notifications(sock, seconds):
    """Every datagram until the daemon is silent for that long."""
    sock.settimeout(seconds)
    got = []
    try:
        while True:
            got.append(sock.recv(4096).decode())
    except TimeoutError:
        return got


def listener(path):
    """A listening socket that cannot collide with where it must go."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(path)
    sock.listen(16)
    return sock


def activated(tap, top):
    """Started by a socket unit: fd 3 is the listening socket, LISTEN_PID the daemon."""
    path, root = os.path.join(top, "given.sock"), os.path.join(top, "activated")
    os.mkdir(root)
    given = listener(path)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(os.path.join(top, "notify"))
    env = dict(os.environ, NOTIFY_SOCKET=os.path.join(top, "notify"), LISTEN_FDS="1")
    with open(os.path.join(top, "log"), "wb") as log:
        proc = subprocess.Popen(["sh", "-c", f'exec 3<&{given.fileno()}; LISTEN_PID=$$ exec "$@"', "sh", BPFD,
                                 "--foreground", "--root", root], pass_fds=[given.fileno()], env=env, stdout=log,
                                stderr=log, stdin=subprocess.DEVNULL)
    # A client may connect before bpfd is ready: the socket is there, it waits.
    early = subprocess.run([BPFCTL, "-s", path, "version"], capture_output=True, text=True, timeout=30, check=False)
    tap.check("a_client_that_comes_early_is_served", early.returncode == 0, early.stderr)
    said = notifications(notify, 1.0)
    tap.check("says_ready_to_init", any("READY=1" in s.split("\n") for s in said), said)
    proc.send_signal(signal.SIGHUP)
    said = notifications(notify, 3.0)
    tap.check("says_reloading_and_ready_again", any("RELOADING=1" in s for s in said)
              and any("READY=1" in s.split("\n") for s in said), said)
    proc.send_signal(signal.SIGTERM)
    status = proc.wait(20)
    said = notifications(notify, 0.2)
    tap.check("ends_with_status_0", status == 0, status)
    tap.check("says_stopping_to_init", any("STOPPING=1" in s for s in said), said)
    tap.check("leaves_the_given_socket_in_place", os.path.exists(path))


def in_the_background(tap, top):
    """With --daemon the command returns when it is ready, the daemon goes on."""
    root = os.path.join(top, "background")
    os.mkdir(root)
    start = subprocess.run([BPFD, "--daemon", "--root", root], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=30, check=False)
    tap.check("goes_to_the_background", start.returncode == 0, start.returncode)
    sock = os.path.join(root, "run/bpfd.sock")
    done = subprocess.run([BPFCTL, "-s", sock, "version"], capture_output=True, text=True, timeout=30, check=False)
    tap.check("is_ready_when_the_command_returns", done.returncode == 0, done.stderr)
    pids = subprocess.run(["pgrep", "-f", f"^{BPFD} --daemon --root {root}$"], capture_output=True, text=True, check=False)
    pid = int((pids.stdout.split() or ["0"])[0])
    if not tap.check("its_process_is_there", pid > 0, pids.stdout):
        return
    tap.check("it_leads_a_session_of_its_own", os.getsid(pid) != os.getsid(0), os.getsid(pid))
    os.kill(pid, signal.SIGTERM)
    gone = wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 20)
    tap.check("ends_by_sigterm", gone)


def idle(tap):
    """Nothing happens: nobody wakes up."""
    daemon = Daemon().start()
    time.sleep(1.5)

    def switches():
        total = 0
        for pid in [daemon.proc.pid, *map(int, open(f"/proc/{daemon.proc.pid}/task/{daemon.proc.pid}/children",
                                                    encoding="ascii").read().split())]:
            with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt"))
        return total
    before = switches()
    time.sleep(3)
    tap.check("idle_wakes_nobody", switches() == before, switches() - before)
    tap.check("ends", daemon.stop() == 0)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="bpfd-test-") as top:
        os.chmod(top, 0o755)
        activated(tap, top)
        in_the_background(tap, top)
        idle(tap)
    tap.done()


main()
