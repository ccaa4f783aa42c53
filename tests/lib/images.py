# SPDX-License-Identifier: Apache-2.0
"""Images for a private bpfd: built and pushed by bpfctl, signed as cosign does, with a policy for them."""
import json
import os
import subprocess

import cosign
from daemon import BPFCTL, BUILD

COUNT = os.path.join(BUILD, "bpf/samples/count.bpf.o")


def built(folder, r, repo, obj=COUNT):
    """The image of an object, built and pushed; its digest."""
    for words in ([f"--layout={folder}/layout:v1", obj], ["--plain-http", f"{folder}/layout:v1", f"{r.address}/{repo}:v1"]):
        verb = "build" if words[0].startswith("--layout") else "push"
        done = subprocess.run([BPFCTL, "image", verb, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def sign(r, repo, digest, key):
    """As cosign does: the tag sha256-HEX.sig."""
    layer = cosign.layer(digest, key)
    for blob in (layer.data, b"{}"):
        r.push_blob(repo, blob)
    r.push_manifest(repo, digest.replace(":", "-") + ".sig", cosign.manifest([layer]))


def configure(d, more=""):
    """Before it starts.  The folder of policies."""
    folder = os.path.join(d.dir, "etc", "trust.d")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(d.dir, "etc", "bpfd.toml"), "w", encoding="ascii") as f:
        f.write('[images]\ninsecure_registries = ["127.0.0.1:*"]\n' + more)
    return folder


def trust(folder, place, **keys):
    """What is below place must be signed by one of NAME=key."""
    with open(os.path.join(folder, "test.toml"), "w", encoding="ascii") as f:
        f.write(f'images = ["{place}"]\nkeys = {json.dumps([k + ".pub" for k in keys])}\n')
    for name, key in keys.items():
        with open(os.path.join(folder, name + ".pub"), "wb") as f:
            f.write(key.pem())
