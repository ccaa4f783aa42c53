#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Images from end to end: built, pushed, signed, pulled, verified, loaded, attached, listed; and when the registry is gone."""
import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cosign  # noqa: E402
import registry  # noqa: E402
from daemon import BPFCTL, BUILD, Daemon, Tap, wait_for  # noqa: E402
from images import built, configure, sign, trust  # noqa: E402

HOOK = "tracepoint:sched/sched_process_exec,program=count_exec"


def program(d, name="count_exec"):
    return d.ctl_json("get", "program", name)["program"]


def on_terminal(d, *words):
    """What bpfctl writes to standard error when that is a terminal."""
    ours, theirs = pty.openpty()
    proc = subprocess.Popen([BPFCTL, "-s", d.sock, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 4096) if select.select([ours], [], [], 30)[0] else b""
        except OSError:     # the other end is closed
            part = b""
        if not part:
            break
        text += part
    os.close(ours)
    return proc.wait(), text.decode()


def from_nothing(tap, d, image, digest):
    """Pull on an empty cache, verify, load, attach, list."""
    tap.check("the cache is empty", d.ctl_json("image", "list")["images"] == [])
    done = d.ctl("load", "--pull-policy", "never", image)
    tap.check("what is not cached is not found when it may not be pulled", done.returncode == 3 and "Never" in done.stderr, done)
    got = d.ctl_json("image", "pull", image)["image"]
    tap.check("pull says what came and who signed it", got["digest"] == digest and got["signature"] == "key" and
              got["signer"] == "release.pub" and got["references"] == [image] and
              got["programs"]["count_exec"] == "tracepoint", got)
    seen = d.ctl_json("image", "verify", image)["image"]
    tap.check("verify finds it as it was", seen["signer"] == "release.pub" and seen["layer"] == got["layer"], seen)
    done = d.ctl("load", image, "--attach", HOOK)
    tap.check("load says image, digest and signer", done.returncode == 0 and all(
        text in done.stdout for text in (image, digest, "release.pub")), done)
    one = program(d)
    tap.check("get does", (one["image"], one["image_digest"], one["signature"], one["signer"]) ==
              (image, digest, "key", "release.pub") and one["source"] == image and len(one["links"]) == 1, one)
    listed = d.ctl("list", "-o", "wide").stdout
    tap.check("list does", all(text in listed for text in (image, digest, "release.pub")), listed)
    tap.check("image list says which group came from it",
              d.ctl_json("image", "list")["images"][0]["groups"] == [one["group"]])
    return one["group"]


def progress(tap, d, image):
    d.ctl("image", "rm", image)
    status, text = on_terminal(d, "image", "pull", image)
    tap.check("a terminal sees how far a pull is, and a clean line at last",
              status == 0 and "[####" in text and text.endswith("\r\x1b[K"), repr(text))
    d.ctl("image", "rm", image)
    status, text = on_terminal(d, "load", "--program", "count_xdp", image)
    tap.check("so it does with load", status == 0 and "[####" in text, repr(text))
    quiet = d.ctl("image", "pull", image)
    tap.check("a pipe sees no bar", "[" not in quiet.stderr, quiet)


def bad_signatures(tap, d, r, folder, image, key):
    """The policy of now decides, also about what is cached."""
    repo = "bpf/unsigned"
    digest = built(folder, r, repo)
    unsigned = f"{r.address}/{repo}:v1"
    done = d.ctl("image", "pull", unsigned)
    tap.check("an unsigned image is refused", done.returncode == 5 and unsigned in done.stderr, done)
    sign(r, repo, digest, cosign.Key())
    done = d.ctl("load", unsigned)
    tap.check("so is one that another key signed", done.returncode == 5, done)
    listed = [i["references"] for i in d.ctl_json("image", "list")["images"]]
    tap.check("nothing of it is cached", listed == [[image]], listed)
    before = program(d)
    trust(os.path.join(d.dir, "etc", "trust.d"), r.address, other=cosign.Key())
    d.proc.send_signal(signal.SIGHUP)
    tap.check("a key that is not trusted any more makes the verification of a cached image fail",
              wait_for(lambda: d.ctl("image", "verify", image).returncode == 5, 20), d.log_text()[-2000:])
    done = d.ctl("load", image)
    tap.check("and its load", done.returncode == 5, done)
    tap.check("what was loaded stays, as it was found then", program(d)["signer"] == before["signer"])
    trust(os.path.join(d.dir, "etc", "trust.d"), r.address, release=key)
    d.proc.send_signal(signal.SIGHUP)
    tap.check("trusted again it is taken again", wait_for(lambda: d.ctl("image", "verify", image).returncode == 0, 20))


def registry_gone(tap, d, image):
    done = d.ctl("load", "--pull-policy", "always", image)
    tap.check("without its registry an image is not pulled", done.returncode == 4 and "refused" in done.stderr, done)
    done = d.ctl("load", image, "--program", "count_xdp")
    tap.check("and loaded from the cache all the same", done.returncode == 0, done)
    os.kill(d.child("bpfd-api"), signal.SIGKILL)
    tap.check("also after kill -9 of who keeps it",
              wait_for(lambda: d.ctl("load", image, "--program", "count_xdp").returncode == 0, 20))


def damaged(tap, d, image):
    d.stop()
    db = sqlite3.connect(next(os.path.join(at, "images.db") for at, _, files in os.walk(d.dir) if "images.db" in files))
    db.execute("UPDATE images SET bundle = CAST(substr(bundle, 1, 2000) || 'x' || substr(bundle, 2002) AS BLOB)")
    db.commit()
    db.close()
    d.start()
    done = d.ctl("load", image)
    tap.check("a damaged image in the cache is lost data, and what to do is said",
              done.returncode == 1 and d.ctl("image", "verify", image).returncode == 1 and
              "bpfctl image pull" in d.ctl("image", "verify", image).stderr, done)
    tap.check("nothing of it is loaded", d.ctl_json("list")["programs"] == [])


def main():
    tap, key = Tap(), cosign.Key()
    d = Daemon()
    with tempfile.TemporaryDirectory() as folder:
        with registry.Registry() as r:
            image = f"{r.address}/bpf/count:v1"
            digest = built(folder, r, "bpf/count")
            seen = subprocess.run(["skopeo", "inspect", "--tls-verify=false", "docker://" + image], capture_output=True,
                                  text=True, check=False)
            tap.check("skopeo reads what was built and pushed", seen.returncode == 0 and
                      json.loads(seen.stdout)["Digest"] == digest, seen)
            sign(r, "bpf/count", digest, key)
            trust(configure(d), r.address, release=key)
            d.start()
            group = from_nothing(tap, d, image, digest)
            progress(tap, d, image)
            bad_signatures(tap, d, r, folder, image, key)
        registry_gone(tap, d, image)
        done = d.ctl("image", "rm", image)
        tap.check("a removed image is gone and its programs stay", done.returncode == 0 and
                  d.ctl_json("image", "list")["images"] == [] and program_of(d, group), done)
        with registry.Registry() as r:
            again = f"{r.address}/bpf/maps:v1"
            built(folder, r, "bpf/maps", os.path.join(BUILD, "tests/bpf/maps.bpf.o"))
            tap.check("what no policy is for is taken unsigned", d.ctl_json("image", "pull", again)["image"]["signature"] == "none")
            done = d.ctl("image", "prune")
            tap.check("prune takes it, no program is from it", done.returncode == 0 and again in done.stdout and
                      d.ctl_json("image", "list")["images"] == [], done)
            d.ctl("image", "pull", again)
            damaged(tap, d, again)
        tap.check("bpfd ends well", d.stop() == 0, d.log_text()[-2000:])
    tap.done()


def program_of(d, group):
    return any(p["group"] == group for p in d.ctl_json("list")["programs"])


main()
