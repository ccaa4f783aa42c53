#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Images in OCI layouts: bpfctl image build, skopeo and umoci read each other's."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from eventschema import BUILD  # noqa: E402
from tap import Tap  # noqa: E402

COUNT = os.path.join(BUILD, "bpf/samples/count.bpf.o")
MAPS = os.path.join(BUILD, "tests/bpf/maps.bpf.o")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\n")


def run(*argv, **env):
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=dict(os.environ, **env))


def build(layout, *words, **env):
    return run(os.path.join(BUILD, "bpfctl"), "image", "build", f"--layout={layout}", *words, **env)


def read(*words):
    """What bpfd would make of it: {key: [values]}; refused: why."""
    done = run(os.path.join(BUILD, "tests/lib/read-layout"), *words)
    said = {"refused": [done.stderr.strip()]} if done.returncode else {}
    for line in done.stdout.splitlines():
        key, value = line.split(" ", 1)
        said.setdefault(key, []).append(value)
    return said


def refused(*words):
    return read(*words).get("refused", ["it was taken"])[0]


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def tree(folder):
    """Every file of a folder with its bytes."""
    return {os.path.relpath(os.path.join(d, f), folder): sha256(os.path.join(d, f))
            for d, _, files in os.walk(folder) for f in files}


def what_it_makes(tap, t):
    done = build(f"{t}/one:v1", COUNT)
    tap.check("image build prints the digest of the image", done.returncode == 0 and DIGEST.fullmatch(done.stdout), done)
    as_json = build(f"{t}/one:v1", "-o", "json", COUNT)
    tap.check("or a document of it", json.loads(as_json.stdout) == {"digest": done.stdout.strip()}, as_json)
    tap.check("or nothing", build(f"{t}/one:v1", "-q", COUNT).stdout == "")
    said = read(f"{t}/one:v1")
    tap.check("which bpfd would take for that object",
              said.get("digest") == [done.stdout.strip()] and said.get("object_sha256") == [sha256(COUNT)], said)
    tap.check("with its programs and their types", "count_xdp xdp" in said.get("program", []) and len(said["program"]) == 4, said)
    tap.check("and its maps and theirs", said.get("map") == ["count_totals percpu_array"], said)
    first = tree(f"{t}/one")
    os.makedirs(f"{t}/elsewhere")
    shutil.copy(COUNT, f"{t}/elsewhere/count.bpf.o")
    build(f"{t}/two:v1", f"{t}/elsewhere/count.bpf.o")
    tap.check("the same object makes the same files, wherever and whenever", tree(f"{t}/two") == first)
    build(f"{t}/one:v1", COUNT)
    tap.check("and built again changes nothing", tree(f"{t}/one") == first)
    later = build(f"{t}/later", COUNT, SOURCE_DATE_EPOCH="1700000000")
    tap.check("SOURCE_DATE_EPOCH is its time", later.stdout != done.stdout and
              "2023-11-14T22:13:20Z" in run("skopeo", "inspect", f"oci:{t}/later:latest").stdout, later)
    for how in ("zstd", "none"):
        build(f"{t}/one:{how}", f"--compression={how}", COUNT)
        tap.check(f"a layer with compression {how} is taken", read(f"{t}/one:{how}").get("object_sha256") == [sha256(COUNT)])
    tap.check("and the other tags are still there", read(f"{t}/one:v1") == said)
    tap.check("several images need a tag to tell them apart", "write DIR:TAG; it has" in refused(f"{t}/one"), refused(f"{t}/one"))


def architectures(tap, t):
    done = build(f"{t}/multi", f"amd64={COUNT}", f"arm64={MAPS}", f"s390x={COUNT}")
    tap.check("one image of several architectures is an index", done.returncode == 0 and DIGEST.fullmatch(done.stdout), done)
    tap.check("each has its object", read(f"{t}/multi", "arm64").get("object_sha256") == [sha256(MAPS)] and
              read(f"{t}/multi", "s390x").get("object_sha256") == [sha256(COUNT)])
    tap.check("what is missing is said, with what there is",
              refused(f"{t}/multi", "riscv64").endswith('"linux/amd64, linux/arm64, linux/s390x"'), refused(f"{t}/multi", "riscv64"))


def refusals(tap, t):
    os.makedirs(f"{t}/mine")
    with open(f"{t}/mine/index.json", "w", encoding="ascii") as f:
        f.write("{}")
    with open(f"{t}/empty.o", "wb"):
        pass
    for name, words, says in (
            ("no BPF object", [f"{t}/no", "/bin/true"], "for x86-64" if os.uname().machine == "x86_64" else "not for BPF"),
            ("an empty file", [f"{t}/no", f"{t}/empty.o"], "not an ELF file"),
            ("a file that is not there", [f"{t}/no", f"{t}/nothing.o"], "No such file"),
            ("two objects for one architecture", [f"{t}/no", COUNT, MAPS], "two objects for"),
            ("a word that is no architecture", [f"{t}/no", f"A/B={COUNT}"], "no architecture"),
            ("a tag that no registry takes", [f"{t}/no:a b", COUNT], "no tag"),
            ("a label without a value", [f"{t}/no", "--label=x", COUNT], "not NAME=VALUE"),
            ("an unknown compression", [f"{t}/no", "--compression=lzma", COUNT], "gzip, zstd or none"),
            ("a folder that is somebody's", [f"{t}/mine", COUNT], "no OCI layout")):
        done = build(*words)
        tap.check(f"refuses {name}", done.returncode in (1, 2, 3) and says in done.stderr and not done.stdout, done)
    tap.check("and leaves nothing", not os.path.exists(f"{t}/no") and os.listdir(f"{t}/mine") == ["index.json"])


def skopeo(tap, t):
    if not shutil.which("skopeo"):
        tap.skip("skopeo reads what bpfctl made", "skopeo is not installed")
        return
    built = build(f"{t}/ours:v1", "--label=org.opencontainers.image.source=https://example.org", COUNT)
    seen = json.loads(run("skopeo", "inspect", f"oci:{t}/ours:v1").stdout)
    tap.check("skopeo inspect shows its digest, labels and architecture",
              seen["Digest"] == built.stdout.strip() and json.loads(seen["Labels"]["io.ebpf.programs"])["count_xdp"] == "xdp" and
              seen["Labels"]["org.opencontainers.image.source"] == "https://example.org" and seen["Os"] == "linux", seen)
    build(f"{t}/ours:multi", f"amd64={COUNT}", f"arm64={MAPS}")
    copied = run("skopeo", "copy", "--all", f"oci:{t}/ours:multi", f"oci:{t}/copy:multi")
    tap.check("skopeo copies all of an index", copied.returncode == 0 and
              read(f"{t}/copy:multi", "arm64") == read(f"{t}/ours:multi", "arm64"), copied)
    docker = run("skopeo", "copy", "--format=v2s2", f"oci:{t}/ours:v1", f"dir:{t}/docker")
    with open(f"{t}/docker/manifest.json", encoding="utf-8") as f:
        media = json.load(f)["mediaType"]
    back = run("skopeo", "copy", f"dir:{t}/docker", f"oci:{t}/back:v1")
    tap.check("what it made Docker's form of and back is still that object", media.startswith("application/vnd.docker") and
              back.returncode == 0 and read(f"{t}/back:v1").get("object_sha256") == [sha256(COUNT)], (docker, back))


def umoci(tap, t):
    if not shutil.which("umoci"):
        tap.skip("bpfd takes an image of umoci's", "umoci is not installed")
        return
    labels = ("--config.label", 'io.ebpf.programs={"count_xdp":"xdp"}', "--config.label",
              'io.ebpf.maps={"count_totals":"per_cpu_array"}')
    steps = [("umoci", "init", "--layout", f"{t}/umoci"), ("umoci", "new", "--image", f"{t}/umoci:v1"),
             ("umoci", "insert", "--rootless", "--image", f"{t}/umoci:v1", COUNT, "/count.o"),
             ("umoci", "config", "--image", f"{t}/umoci:v1", *labels)]
    bad = [d for d in (run(*s) for s in steps) if d.returncode]
    said = read(f"{t}/umoci:v1")
    tap.check("bpfd takes an image of umoci's, whatever it calls its maps' types",
              not bad and said.get("object_sha256") == [sha256(COUNT)], bad or said)
    run("umoci", "config", "--image", f"{t}/umoci:v1", "--tag", "lies", "--config.label", 'io.ebpf.programs={"evil":"xdp"}')
    tap.check("but not with labels that name another program", '"evil", which the object does not have' in
              refused(f"{t}/umoci:lies"), refused(f"{t}/umoci:lies"))
    run("umoci", "config", "--image", f"{t}/umoci:v1", "--tag", "type", "--config.label", 'io.ebpf.programs={"count_xdp":"tc"}')
    tap.check("nor with another type", "in the object it is xdp" in refused(f"{t}/umoci:type"), refused(f"{t}/umoci:type"))
    run("umoci", "insert", "--rootless", "--image", f"{t}/umoci:v1", "--tag", "two", MAPS, "/maps.o")
    tap.check("nor with a second layer", "2 layers" in refused(f"{t}/umoci:two"), refused(f"{t}/umoci:two"))
    build(f"{t}/given:v1", COUNT)
    stat = run("umoci", "stat", "--image", f"{t}/given:v1", "--json")
    tap.check("umoci reads what bpfctl made", stat.returncode == 0 and "bpfctl image build" in stat.stdout, stat)
    unpacked = run("umoci", "unpack", "--rootless", "--image", f"{t}/given:v1", f"{t}/unpacked")
    tap.check("and unpacks the object", unpacked.returncode == 0 and
              sha256(f"{t}/unpacked/rootfs/count.bpf.o") == sha256(COUNT), unpacked)


def main():
    tap = Tap()
    t = tempfile.mkdtemp(prefix="bpfd-image-")
    try:
        for part in (what_it_makes, architectures, refusals, skopeo, umoci):
            part(tap, t)
    finally:
        shutil.rmtree(t)
    tap.done()


main()
