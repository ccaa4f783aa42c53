#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which container an event is of: the layouts of every engine, made for real with runc."""
import os
import subprocess
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import containers  # noqa: E402
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

POD = str(uuid.uuid4())
POD_ = POD.replace("-", "_")


def layouts():
    """name, cgroup path, runtime, container id, pod uid"""
    h = containers.hexid
    for name, form, runtime, pod in (
            ("docker, cgroupfs", "/docker/{}", "docker", None),
            ("docker, systemd", "/system.slice/docker-{}.scope", "docker", None),
            ("nerdctl", "/system.slice/nerdctl-{}.scope", "nerdctl", None),
            ("containerd CRI, cgroupfs", f"/kubepods/burstable/pod{POD}/{{}}", "kube", POD),
            ("containerd CRI, systemd", "/kubepods.slice/kubepods-burstable.slice/"
             f"kubepods-burstable-pod{POD_}.slice/cri-containerd-{{}}.scope", "containerd", POD),
            ("cri-o", f"/kubepods.slice/kubepods-pod{POD_}.slice/crio-{{}}.scope", "cri-o", POD),
            ("podman", "/machine.slice/libpod-{}.scope", "podman", None),
            ("podman, payload", "/machine.slice/libpod-{}.scope/container", "podman", None),
            ("ecs", "/ecs/" + uuid.uuid4().hex + "/{}", "ecs", None),
            ("docker in docker", "/docker/" + h() + "/docker/{}", "docker", None)):
        ident = h()
        yield name, form.format(ident), runtime, ident, pod
    name = "web-" + uuid.uuid4().hex[:8]
    yield "lxc", f"/lxc.payload.{name}", "lxc", name, None
    yield "lxc, folder", f"/lxc/{name}", "lxc", name, None
    yield "nspawn", f"/machine.slice/machine-{name}.scope", "systemd-nspawn", name, None
    build = (uuid.uuid4().hex)[:25]
    yield "buildkit", f"/buildkit/{build}", "buildkit", build, None


def executed(daemon, mark):
    """Events of the command true with this argument."""
    return [e for e in daemon.events(tracer="exec") if mark in e.get("args", []) and e.get("comm") == "true"]


def main():
    tap = Tap()
    if containers.missing():
        tap.skip("a container's events name it", containers.missing())
        tap.done()
        return
    daemon = Events({"exec": rule("exec", "exec")})
    daemon.start(tracers=["exec"])
    for name, cgroup, runtime, ident, pod in layouts():
        mark = "m" + uuid.uuid4().hex[:12]
        box = containers.Container(["true", mark], cgroup=cgroup)
        status, out = box.run()
        wait_for(lambda: bool(executed(daemon, mark)), 5)
        found = executed(daemon, mark)
        got = found[0].get("container", {}) if found else {}
        good = status == 0 and found and got.get("id") == ident and got.get("runtime") == runtime and got.get("pod_uid") == pod
        tap.check(f"a process of a few milliseconds in {name} is of its container", good,
                  f"status {status} {out}\n{cgroup}\n{found}")
    mark = "m" + uuid.uuid4().hex[:12]
    subprocess.run(["/bin/true", mark], check=True)
    wait_for(lambda: bool(executed(daemon, mark)), 5)
    found = executed(daemon, mark)
    tap.check("a process of the host is of none", found and not found[0].get("container"), str(found))
    tap.check("and known to be in the host's namespaces", found and found[0]["ns"]["host"] is True, str(found))
    boxed = [e for e in daemon.events(tracer="exec", filename="/bin/true") if e.get("container")]
    tap.check("which those of containers are not", boxed and not any(e["ns"]["host"] for e in boxed), str([e for e in boxed if e["ns"]["host"]]))
    daemon.stop()
    tap.done()


main()
