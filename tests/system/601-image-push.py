#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bpfctl image push: to docker-registry plain, with TLS and passwords, with tokens; what is there then is what was built."""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import BPFCTL, BUILD, Tap  # noqa: E402
import pki  # noqa: E402
import registry  # noqa: E402

COUNT = os.path.join(BUILD, "bpf/samples/count.bpf.o")
MAPS = os.path.join(BUILD, "tests/bpf/maps.bpf.o")


def run(*argv, **env):
    """Nobody's credentials but those of the test."""
    clean = {k: v for k, v in os.environ.items() if k not in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "DOCKER_CONFIG")}
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=dict(clean, HOME="/nonexistent", **env))


def push(*words, **env):
    return run(BPFCTL, "image", "push", *words, **env)


def auth_file(path, place, user="me", password="pa:ss"):
    with open(path, "w", encoding="ascii") as f:
        json.dump({"auths": {place: {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}}}, f)
    return path


def refused(tap, name, done, status, says):
    tap.check(name, done.returncode == status and says in done.stderr and not done.stdout, done)


def plain(tap, t):
    with registry.Registry() as r:
        one, multi = f"{r.address}/bpf/one:v1", f"{r.address}/bpf/multi:v2"
        done = push("--plain-http", f"{t}/l:one", one)
        tap.check("image push prints the digest that was built", done.returncode == 0 and done.stdout == BUILT["one"], done)
        seen = json.loads(run("skopeo", "inspect", "--tls-verify=false", f"docker://{one}").stdout)
        tap.check("skopeo inspect reads it", seen["Digest"] == BUILT["one"].strip() and
                  json.loads(seen["Labels"]["io.ebpf.programs"])["count_xdp"] == "xdp", seen)
        done = push("--plain-http", f"{t}/l:multi", "docker://" + multi)
        tap.check("an index goes with every architecture", done.returncode == 0 and done.stdout == BUILT["multi"], done)
        copied = run("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{multi}", f"oci:{t}/back:multi")
        read = run(f"{BUILD}/tests/lib/read-layout", f"{t}/back:multi", "arm64")
        tap.check("and comes back as it was", copied.returncode == 0 and f"digest {BUILT['multi']}" in read.stdout, (copied, read))
        done = push("--plain-http", "-o", "json", f"{t}/l:one", one)
        tap.check("as a document it names both", json.loads(done.stdout) == {"image": one, "digest": BUILT["one"].strip()}, done)
        before = r.log().count("blobs/uploads/")
        done = push("--plain-http", f"{t}/l:one", one)
        tap.check("what the registry has is not sent again", done.stdout == BUILT["one"] and
                  r.log().count("blobs/uploads/") == before, done)
        refused(tap, "TLS is tried unless it is told not to", push(f"{t}/l:one", one), 4, "--plain-http")
        refused(tap, "a tag that the layout has not", push("--plain-http", f"{t}/l:none", one), 3, "the layout has no image")
        refused(tap, "a name with a digest", push("--plain-http", f"{t}/l:one", one + "@" + BUILT["one"].strip()), 1, "under a tag")
        refused(tap, "a folder that is no layout", push("--plain-http", f"{t}/nothing", one), 3, "nothing")
        blob = f"{t}/l/blobs/sha256/" + seen["Layers"][0].split(":")[1]
        shutil.copytree(f"{t}/l", f"{t}/damaged")
        with open(blob.replace("/l/", "/damaged/"), "r+b") as f:
            f.write(b"x")
        refused(tap, "a damaged layout is not sent", push("--plain-http", f"{t}/damaged:one", one), 1, "is damaged")
    refused(tap, "a registry that is not there", push("--plain-http", f"{t}/l:one", one), 4, "Connection refused")


def tls(tap, t):
    ca = pki.Pki(f"{t}/pki")
    with registry.Registry(cert=ca.server(), ca=ca.ca, users={"me": "pa:ss"}) as r:
        place = r.address
        image, trust = f"{place}/bpf/one:v1", f"--ca-file={ca.ca}"
        good, wrong = auth_file(f"{t}/auth.json", place), auth_file(f"{t}/wrong.json", place, password="SECRET")
        refused(tap, "a certificate that nobody trusts", push(f"{t}/l:one", image), 4, "is not trusted")
        refused(tap, "a registry that wants a password", push(trust, f"{t}/l:one", image), 5, "--auth-file")
        done = push(trust, f"--auth-file={wrong}", f"{t}/l:one", image)
        refused(tap, "a wrong password, which is not repeated", done, 5, "does not know this username or password")
        tap.check("nor is it in any text", "SECRET" not in done.stderr, done)
        other = auth_file(f"{t}/other.json", "elsewhere.example")
        refused(tap, "a file that has none for it", push(trust, f"--auth-file={other}", f"{t}/l:one", image), 5, "--auth-file")
        refused(tap, "a file that is not there", push(trust, f"--auth-file={t}/none", f"{t}/l:one", image), 3, "No such file")
        for how, done in (("--auth-file", push(trust, f"--auth-file={good}", f"{t}/l:one", image)),
                          ("$REGISTRY_AUTH_FILE", push(trust, f"{t}/l:one", f"{place}/bpf/two:v1", REGISTRY_AUTH_FILE=good))):
            tap.check(f"with TLS and a password by {how} it is sent", done.returncode == 0 and done.stdout == BUILT["one"], done)


def token(tap, t):
    ca = pki.Pki(f"{t}/pki-token")
    cert = ca.server()
    with registry.TokenServer(cert=cert, users={"me": "pa:ss"}, tls=True) as tokens, \
            registry.Registry(cert=cert, ca=ca.ca, token=tokens) as r:
        image, trust = f"{r.address}/bpf/multi:v1", f"--ca-file={ca.ca}"
        done = push(trust, f"--auth-file={auth_file(f'{t}/token.json', r.address)}", f"{t}/l:multi", image)
        tap.check("with tokens it is sent", done.returncode == 0 and done.stdout == BUILT["multi"], done)
        refused(tap, "a token without the right to push", push(trust, f"{t}/l:one", image), 5, "--auth-file")


def main():
    tap = Tap()
    t = tempfile.mkdtemp(prefix="bpfd-push-")
    try:
        for name, objects in (("one", [COUNT]), ("multi", [f"amd64={COUNT}", f"arm64={MAPS}"])):
            BUILT[name] = run(BPFCTL, "image", "build", f"--layout={t}/l:{name}", *objects).stdout
        for part in (plain, tls, token):
            part(tap, t)
    finally:
        shutil.rmtree(t)
    tap.done()


BUILT = {}
main()
