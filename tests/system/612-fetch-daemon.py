#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bpfd-fetch under bpfd: what it is while it waits for a registry, and what becomes of those who die."""
import base64
import json
import os
import pwd
import signal
import subprocess
import threading
import time

import daemon
import registry
from daemon import Daemon, Tap

IMAGE = registry.Image(registry.sample(), {"count_xdp": "xdp"})
CONFIG = '[images]\ninsecure_registries = ["127.0.0.1"]\nparallel = 1\nwaiting = 1\nretries = 0\nauth_file = "auth.json"\n'


class Slow(registry.FakeRegistry):
    """Keeps the layer back until it is let go."""

    def __init__(self):
        super().__init__(trick=self.hold)
        self.go, self.reached = threading.Event(), threading.Event()
        self.push("v1", IMAGE)

    def hold(self, request):
        if registry.digest(IMAGE.layer) in request.path:
            self.reached.set()
            self.go.wait(30)
        return False

    def again(self):
        self.go.clear()
        self.reached.clear()


class Rig:
    def __init__(self):
        self.daemon = Daemon(CONFIG)
        self.auth("{}")
        self.daemon.start()

    def auth(self, text, mode=0o600):
        path = os.path.join(self.daemon.dir, "etc", "auth.json")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, mode)

    def pull(self, address):
        return self.daemon.ctl("image", "pull", f"{address}/bpf/one:v1")

    def ask(self, slow):
        return subprocess.Popen([daemon.BPFCTL, "-s", self.daemon.sock, "image", "pull", f"{slow.address}/bpf/one:v1"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def begin(self, slow):
        """A pull that waits for the registry: its bpfctl, and the pid of its bpfd-fetch."""
        slow.again()
        ctl = self.ask(slow)
        slow.reached.wait(20)
        return ctl, self.daemon.child("bpfd-fetch")

    def cached(self):
        return self.daemon.ctl_json("image", "list").get("images", [])


def status(pid, key):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(line.split()[1] for line in f if line.startswith(key + ":"))


def confined(tap, pid):
    tap.check("runs_as_its_own_user", int(status(pid, "Uid")) == pwd.getpwnam("bpfd-fetch").pw_uid)
    tap.check("has_no_capability_and_gets_none", [int(status(pid, c), 16) for c in ("CapEff", "CapPrm", "CapBnd")] == [0, 0, 0])
    tap.check("is_filtered_and_gains_nothing", (status(pid, "Seccomp"), status(pid, "NoNewPrivs")) == ("2", "1"))
    tap.check("has_an_empty_root", os.readlink(f"/proc/{pid}/root") != "/" and not os.listdir(f"/proc/{pid}/root"))
    with open(f"/proc/{pid}/environ", "rb") as f:
        tap.check("has_no_environment", not f.read().strip(b"\0"))
    opened = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    files = {p for p in opened if p.startswith("/") and not p.startswith(("/memfd:", "/dev/null"))}
    tap.check("has_no_file_but_certificates", all(p.endswith((".crt", ".pem")) for p in files),
              opened)
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        tap.check("is_started_without_a_word_of_the_request", f.read() == b"bpfd-fetch\0")


def deaths(tap, rig, slow):
    ctl, pid = rig.begin(slow)
    tap.check("has_a_process_for_a_pull", pid is not None)
    confined(tap, pid)
    others = [rig.ask(slow) for _ in range(2)]
    tap.check("more_than_so_many_are_refused", daemon.wait_for(lambda: any(o.poll() is not None for o in others)))
    refused = [o for o in others if o.poll() is not None]
    waiting = [o for o in others if o not in refused]
    tap.check("one_waits", len(waiting) == 1 and "images.waiting" in refused[0].communicate()[1])
    for o in waiting:
        o.kill()
        o.communicate()
    os.kill(pid, signal.SIGKILL)
    out = ctl.communicate(timeout=20)
    tap.check("a_killed_fetch_is_an_error_of_its_pull", ctl.returncode and out[1].strip(), out)
    tap.check("nothing_of_it_is_kept", not rig.cached())
    tap.check("nobody_waits_any_more", daemon.wait_for(lambda: rig.daemon.child("bpfd-fetch") is None))

    ctl, pid = rig.begin(slow)
    ctl.kill()
    ctl.communicate()
    tap.check("ends_when_the_client_goes", daemon.wait_for(lambda: rig.daemon.child("bpfd-fetch") is None))

    ctl, pid = rig.begin(slow)
    loader = rig.daemon.child("bpfd-loader")
    os.kill(loader, signal.SIGKILL)
    tap.check("the_loader_comes_back", rig.daemon.wait_child("bpfd-loader", other_than=loader) is not None)
    slow.go.set()
    out = ctl.communicate(timeout=20)
    tap.check("a_pull_outlives_the_loader", ctl.returncode == 0, out)
    tap.check("the_new_loader_has_the_verdict", daemon.wait_for(lambda: rig.daemon.log_text().count("image.verdict") == 1))
    tap.check("the_image_is_kept", len(rig.cached()) == 1)


def credentials(tap, rig):
    with registry.Registry(users={"alice": "very-secret"}) as r:
        r.push("bpf/one", "v1", IMAGE)
        done = rig.pull(r.address)
        tap.check("says_where_credentials_belong", done.returncode and "images.auth_file" in done.stderr, done.stderr)
        text = json.dumps({"auths": {r.address: {"auth": base64.b64encode(b"alice:very-secret").decode()}}})
        rig.auth(text, 0o640)
        done = rig.pull(r.address)
        tap.check("takes_no_credentials_that_others_may_read", done.returncode and "auth_file" in rig.daemon.log_text() and
                  "0600" in rig.daemon.log_text(), rig.daemon.log_text()[-500:])
        rig.auth(text)
        done = rig.pull(r.address)
        tap.check("reads_credentials_anew_for_each_image", done.returncode == 0, done.stderr)
    tap.check("logs_no_password", "very-secret" not in rig.daemon.log_text())


def sent_elsewhere(tap, rig):
    for host, word in (("169.254.169.254", "metadata"), ("[fe80::1]", "link-local"), ("224.0.0.1", "multicast")):
        with registry.FakeRegistry(trick=lambda q, h=host: "/blobs/" in q.path and
                                   q.give(307, Location=f"http://{h}/latest/meta-data/") is None) as r:
            r.push("v1", IMAGE)
            done = rig.pull(r.address)
            tap.check(f"is_not_sent_to_{word.replace('-', '_')}", done.returncode and word in done.stderr and
                      "network.allow" in done.stderr, done.stderr)


def main():
    tap = Tap()
    rig = Rig()
    with Slow() as slow:
        deaths(tap, rig, slow)
        credentials(tap, rig)
        sent_elsewhere(tap, rig)
        rig.daemon.ctl("image", "rm", f"{slow.address}/bpf/one:v1")
        ctl, _ = rig.begin(slow)
        begun = time.monotonic()
        stopped = rig.daemon.stop()
        tap.check("bpfd_ends_without_waiting_for_a_registry", stopped == 0 and time.monotonic() - begun < 10, stopped)
        ctl.communicate(timeout=20)
        tap.check("whose_client_is_told", ctl.returncode)
        slow.go.set()
    tap.done()


main()
