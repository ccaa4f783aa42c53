#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Signed images by bpfman.v1, with a gRPC client that learns the service from its reflection; and after a reboot."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import cosign  # noqa: E402
import registry  # noqa: E402
from daemon import BUILD, Daemon, Tap, wait_for  # noqa: E402
from images import built, configure, sign, trust  # noqa: E402


def reboot(d):
    """As bpfd sees one: everybody is gone at once, and the bpffs with its pins."""
    d.proc.kill()
    d.proc.wait()
    wait_for(lambda: subprocess.run(["umount", d.bpffs], stderr=subprocess.DEVNULL, check=False).returncode != 0 and
             not os.path.ismount(d.bpffs))
    shutil.rmtree(os.path.join(d.dir, "run"), ignore_errors=True)
    d.start()


def state(d, group):
    """Of the one program of a group, with why."""
    one = next(p for p in d.ctl_json("list")["programs"] if p["group"] == group)
    return one["state"] + one["reason"]


def after_a_reboot(tap, d, image):
    group = d.ctl_json("load", "--persistent", "--program", "count_exec", image)["group"]
    reboot(d)
    tap.check("what must be signed comes back after a reboot, without its registry", wait_for(
        lambda: state(d, group) == "loaded", 20), state(d, group) + d.log_text()[-2000:])
    one = d.ctl_json("get", "program", "count_exec")["program"]
    tap.check("and says who signed it", (one["image"], one["signer"]) == (image, "release.pub"), one)
    trust(os.path.join(d.dir, "etc", "trust.d"), image.split("/", 1)[0], other=cosign.Key())
    reboot(d)
    tap.check("unless who signed it is not trusted any more", wait_for(
        lambda: state(d, group).startswith("lostnot loaded again: policy.signed_only"), 20), state(d, group))
    tap.check("which fsck says too", "signed_only" in d.ctl("fsck", "-o", "wide").stdout, d.ctl("fsck"))


def main():
    tap, key, d = Tap(), cosign.Key("ed25519"), Daemon()
    with tempfile.TemporaryDirectory() as folder, registry.Registry() as r:
        image = f"{r.address}/bpf/count:v1"
        sign(r, "bpf/count", built(folder, r, "bpf/count"), key)
        trust(configure(d, "[policy]\nsigned_only = true\n"), r.address, release=key)
        d.start()
        done = subprocess.run(["/usr/bin/python3", os.path.join(HERE, "..", "clients", "image_client.py"), d.sock, image],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        tap.check("a generic client pulls, loads, attaches, reads back and unloads", done.returncode == 0,
                  done.stdout + done.stderr)
        tap.check("its password is in no line of the log", "pa:ss" not in d.log_text())
        done = d.ctl("load", os.path.join(BUILD, "tests/bpf/maps.bpf.o"))
        tap.check("a file is refused where all must be signed", done.returncode == 5 and "signed_only" in done.stderr, done)
    after_a_reboot(tap, d, image)
    tap.check("bpfd ends well", d.stop() == 0, d.log_text()[-2000:])
    tap.done()


main()
