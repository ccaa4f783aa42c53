#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a container is called: state files as the engines write them, containers by runc."""
import json
import os
import shutil
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import containers  # noqa: E402
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

POD = str(uuid.uuid4())


def put(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f)


class Stores:
    """Folders of runtimes, below one of the test's own."""

    def __init__(self, base):
        self.base = base
        os.makedirs(base)

    def config(self):
        return "[containers]\n" + "".join(f'{k} = "{self.base}/{d}"\n' for k, d in (
            ("docker", "docker"), ("containerd", "containerd"), ("crio", "storage"), ("podman", "storage")))

    def docker(self, ident, name, image, labels):
        path = f"{self.base}/docker/{ident}/config.v2.json"
        put(path, {"StreamConfig": {}, "State": {"Running": True, "Pid": 1}, "ID": ident, "Managed": False,
                   "Config": {"Hostname": ident[:12], "Env": ["PATH=/bin"], "Image": image, "Labels": labels},
                   "Image": "sha256:" + ident, "Name": "/" + name})
        return path

    def containerd(self, box, annotations):
        """The bundle's own config.json, with what the CRI plugin adds."""
        with open(os.path.join(box.dir, "config.json"), encoding="utf-8") as f:
            spec = json.load(f)
        put(f"{self.base}/containerd/k8s.io/{box.id}/config.json", {**spec, "annotations": annotations})

    def crio(self, ident, annotations):
        put(f"{self.base}/storage/{ident}/userdata/config.json", {"ociVersion": "1.0.2", "annotations": annotations})

    def podman(self, rows):
        put(f"{self.base}/storage/containers.json", [
            {"id": i, "names": [n], "image": "aa", "metadata": json.dumps({"image-name": img, "name": n})}
            for i, n, img in rows])


def second_event(daemon, cgroup, prepare, ident):
    """container of an event half a second after the container was first seen."""
    mark = "m" + uuid.uuid4().hex[:12]
    box = containers.Container(["sh", "-c", "/bin/true first; sleep 0.6; /bin/true " + mark], cgroup=cgroup, name=ident)
    prepare(box)
    status, out = box.run()
    wait_for(lambda: bool(executed(daemon, mark)), 5)
    found = executed(daemon, mark)
    return found[0].get("container") or {} if found else {"status": status, "out": out}


def executed(daemon, mark):
    return [e for e in daemon.events(tracer="exec") if mark in e.get("args", []) and e.get("comm") == "true"]


def has(got, **want):
    return all(got.get(k) == v for k, v in want.items())


def names_of_every_engine(tap, daemon, stores):
    h = containers.hexid
    labels = {"app": "shop", "com.docker.compose.service": "web"}
    ident = h()
    got = second_event(daemon, f"/docker/{ident}", lambda b: stores.docker(ident, "shop-web-1", "nginx:1.25", labels), ident)
    tap.check("docker's have name, image and labels", has(
        got, id=ident, name="shop-web-1", image="nginx:1.25", trusted=True,
        labels=["app=shop", "com.docker.compose.service=web"]), str(got))
    tap.check("and rules can ask for a name and a label", wait_for(lambda: any(
        e.get("container", {}).get("id") == ident for e in daemon.events(tracer="exec")
        if "web-only" in [r["name"] for r in e.get("rules", [])]), 5), "rule web-only")
    cri = {"io.kubernetes.cri.container-name": "web", "io.kubernetes.cri.container-type": "container",
           "io.kubernetes.cri.image-name": "docker.io/library/nginx:1.25",
           "io.kubernetes.cri.sandbox-name": "web-0", "io.kubernetes.cri.sandbox-namespace": "prod"}
    ident = h()
    got = second_event(daemon, f"/kubepods/burstable/pod{POD}/{ident}", lambda b: stores.containerd(b, cri), ident)
    tap.check("pods by containerd have name, image, pod and namespace", has(
        got, id=ident, name="web", image="docker.io/library/nginx:1.25", pod="web-0", k8s_ns="prod", pod_uid=POD), str(got))
    ident = h()
    notes = {"io.container.manager": "cri-o", "io.kubernetes.container.name": "db", "io.kubernetes.pod.name": "db-0",
             "io.kubernetes.pod.namespace": "prod", "io.kubernetes.cri-o.ImageName": "quay.io/x/db:2",
             "io.kubernetes.cri-o.Labels": json.dumps({"tier": "back"})}
    uid = POD.replace("-", "_")
    got = second_event(daemon, f"/kubepods.slice/kubepods-pod{uid}.slice/crio-{ident}.scope",
                       lambda b: stores.crio(ident, notes), ident)
    tap.check("pods by CRI-O have name, image, pod, namespace and labels", has(
        got, name="db", image="quay.io/x/db:2", pod="db-0", k8s_ns="prod", labels=["tier=back"]), str(got))
    ident = h()
    rows = [(h(), "other", "no"), (ident, "cache", "docker.io/library/redis:7"), (h(), "third", "no")]
    got = second_event(daemon, f"/machine.slice/libpod-{ident}.scope", lambda b: stores.podman(rows), ident)
    tap.check("podman's have name and image", has(got, name="cache", image="docker.io/library/redis:7"), str(got))
    before = daemon.log_text().count("config.read")
    ident = h()
    got = second_event(daemon, f"/machine.slice/libpod-{ident}.scope", lambda b: None, ident)
    tap.check("one that is not in its index has none, which is no mistake", has(got, id=ident) and "name" not in got
              and daemon.log_text().count("config.read") == before, f"{got} {daemon.log_text()}")


def names_that_are_not_told(tap, daemon, stores):
    h = containers.hexid
    ident = h()
    got = second_event(daemon, f"/docker/{ident}", lambda b: None, ident)
    tap.check("a container without a file has its id and no name", has(got, id=ident) and "name" not in got, str(got))
    ident = h()

    def of_another(_):
        os.chown(stores.docker(ident, "forged", "x", {}), 1000, 1000)
    got = second_event(daemon, f"/docker/{ident}", of_another, ident)
    tap.check("a file that is not root's is not read", has(got, id=ident) and "name" not in got, str(got))
    ident = h()

    def by_link(_):
        real = stores.docker(h(), "elsewhere", "x", {})
        os.symlink(os.path.dirname(real), f"{stores.base}/docker/{ident}")
    got = second_event(daemon, f"/docker/{ident}", by_link, ident)
    tap.check("a link is not followed", has(got, id=ident) and "name" not in got, str(got))
    ident = h()

    def too_large(_):
        stores.docker(ident, "large", "x", {"k": "v" * (64 << 10)})
    got = second_event(daemon, f"/docker/{ident}", too_large, ident)
    tap.check("a file of more than 64 KiB is not understood", has(got, id=ident) and "name" not in got, str(got))
    ident = h()

    def no_json(_):
        with open(stores.docker(ident, "broken", "x", {}), "r+b") as f:
            f.truncate(40)
    got = second_event(daemon, f"/docker/{ident}", no_json, ident)
    tap.check("half a file is none", has(got, id=ident) and "name" not in got, str(got))


def main():
    tap = Tap()
    if containers.missing():
        tap.skip("containers have the names of their runtimes", containers.missing())
        tap.done()
        return
    base = "/run/bpfd-test-stores-" + uuid.uuid4().hex[:8]
    stores = Stores(base)
    try:
        daemon = Events({"exec": rule("exec", "exec"), "web-only": rule(
            "web-only", "exec", '{ field = "container.name", op = "glob", value = "shop-*" }, '
            '{ field = "container.labels", op = "hasany", values = ["app=shop"] }')}, config=stores.config())
        daemon.start(tracers=["exec"])
        names_of_every_engine(tap, daemon, stores)
        names_that_are_not_told(tap, daemon, stores)
        ident = containers.hexid()
        got = second_event(daemon, f"/user.slice/user-1000.slice/user@1000.service/docker-{ident}.scope",
                           lambda b: stores.docker(ident, "claimed", "x", {}), ident)
        tap.check("below a user's own cgroup it is a claim", has(got, name="claimed", trusted=False), str(got))
        pid = daemon.child("bpfd-enricher")
        os.kill(pid, 9)
        daemon.wait_child("bpfd-enricher", other_than=pid)
        ident = containers.hexid()
        got = second_event(daemon, f"/docker/{ident}", lambda b: stores.docker(ident, "later", "x", {}), ident)
        tap.check("a new enricher asks too", has(got, name="later"), str(got))
        tap.check("and nothing of it was refused", "refused" not in daemon.log_text(), daemon.log_text())
        daemon.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)
    tap.done()


main()
