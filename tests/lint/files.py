# SPDX-License-Identifier: Apache-2.0
"""Which files the lints look at."""
import os
import subprocess

SRC = os.environ.get("BPFD_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BPFD_BUILD") or os.path.join(SRC, "build")
SAMPLES = os.path.join(SRC, "tests/lint/samples")


def walked():
    for folder, folders, names in os.walk(SRC):
        folders[:] = [f for f in folders if not f.startswith(("build", ".git", "autom4te", "node_modules"))]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), SRC)


def tracked(*suffixes):
    """Files of the tree, without the samples that must fail, relative to SRC."""
    done = subprocess.run(["git", "-C", SRC, "-c", f"safe.directory={SRC}", "ls-files", "-co", "--exclude-standard"],
                          capture_output=True, text=True, check=False)
    names = done.stdout.split("\n") if done.returncode == 0 else list(walked())
    return sorted(n for n in names if n and n.endswith(suffixes or ("",))
                  and not n.startswith("tests/lint/samples/") and os.path.isfile(os.path.join(SRC, n)))


def read(path):
    with open(os.path.join(SRC, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def programs():
    """ELF programs that make all built, in the build folder itself."""
    found = []
    for name in sorted(os.listdir(BUILD)):
        path = os.path.join(BUILD, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            with open(path, "rb") as f:
                if f.read(4) == b"\x7fELF":
                    found.append(name)
    return found


def table(path):
    """Lines "name: words" of a table file, # starts a comment."""
    rows = {}
    for line in read(path).splitlines():
        line = line.split("#")[0].strip()
        if line:
            name, _, words = line.partition(":")
            rows[name.strip()] = words.split()
    return rows
