#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Signed images by bpfman.v1, with a gRPC client that learns the service from its reflection."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import cosign  # noqa: E402
import registry  # noqa: E402
from daemon import BUILD, Daemon, Tap  # noqa: E402
from images import built, configure, sign, trust  # noqa: E402


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
        tap.check("bpfd ends well", d.stop() == 0, d.log_text()[-2000:])
    tap.done()


main()
