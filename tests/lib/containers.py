# SPDX-License-Identifier: Apache-2.0
"""Real containers by runc, with a root of one busybox and a cgroup of the caller's choice."""
import json
import os
import shutil
import subprocess
import tempfile
import uuid

APPLETS = ("sh", "cat", "true", "sleep", "touch", "mkdir", "rm", "ls", "echo", "wget", "nc", "id", "mount")


def missing():
    """What the machine lacks for containers, "" when nothing."""
    for tool in ("runc", "busybox"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    return ""


def hexid():
    return uuid.uuid4().hex + uuid.uuid4().hex


def cgroup_roots():
    """Mount points of every cgroup hierarchy of this host."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            before, after = line.split(" - ")
            if after.split()[0] in ("cgroup", "cgroup2"):
                yield before.split()[4]


def forget_cgroups(path):
    """Removes the empty folders that a cgroup's path left behind, from the leaf up."""
    for root in cgroup_roots():
        parts = [p for p in path.split("/") if p]
        while parts:
            try:
                os.rmdir(os.path.join(root, *parts))
            except OSError:
                pass
            parts.pop()


class Container:
    """A bundle; run() it once, or start() it and kill() it.  cgroup: runc's cgroupsPath."""

    def __init__(self, argv, cgroup=None, name=None, mounts=(), writable=False):
        self.id = name or hexid()
        self.cgroup = cgroup or f"/docker/{self.id}"
        self.dir = tempfile.mkdtemp(prefix="bpfd-container-")
        root = os.path.join(self.dir, "rootfs")
        for d in ("bin", "proc", "dev", "tmp", "etc", "sys", "mnt"):
            os.makedirs(os.path.join(root, d))
        shutil.copy(shutil.which("busybox"), os.path.join(root, "bin", "busybox"))
        for applet in APPLETS:
            os.symlink("busybox", os.path.join(root, "bin", applet))
        with open(os.path.join(root, "etc", "shadow"), "w", encoding="ascii") as f:
            f.write("root:*:19000:0:99999:7:::\n")
        subprocess.run(["runc", "spec"], cwd=self.dir, check=True)
        path = os.path.join(self.dir, "config.json")
        with open(path, encoding="utf-8") as f:
            spec = json.load(f)
        spec["process"].update(terminal=False, args=list(argv))
        spec["root"]["readonly"] = not writable
        spec["mounts"] += list(mounts)
        spec["linux"]["cgroupsPath"] = self.cgroup
        spec["linux"].pop("seccomp", None)
        spec["linux"]["namespaces"] = [n for n in spec["linux"]["namespaces"] if n["type"] != "network"]
        # Limits need controllers that this host may lack; a name is all that is wanted of the cgroup.
        spec["linux"]["resources"] = {}
        with open(path, "w", encoding="utf-8") as f:
            json.dump(spec, f)
        self.proc = None

    def argv(self, *words):
        return ["runc", "--root", os.path.join(self.dir, "state"), *words]

    def start(self, **kw):
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.STDOUT)
        self.proc = subprocess.Popen(self.argv("run", "--bundle", self.dir, self.id), stdin=subprocess.DEVNULL,
                                     text=True, **kw)
        return self

    def wait(self, timeout=20):
        out = self.proc.communicate(timeout=timeout)[0]
        return self.proc.returncode, out

    def run(self, timeout=20):
        """Exit status and output."""
        try:
            return self.start().wait(timeout)
        finally:
            self.remove()

    def pid(self):
        out = subprocess.run(self.argv("state", self.id), capture_output=True, text=True, check=False)
        return json.loads(out.stdout)["pid"] if out.returncode == 0 else 0

    def state(self):
        out = subprocess.run(self.argv("state", self.id), capture_output=True, text=True, check=False)
        return json.loads(out.stdout)["status"] if out.returncode == 0 else ""

    def remove(self):
        subprocess.run(self.argv("delete", "--force", self.id), stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
        if self.proc:
            self.proc.wait()
        forget_cgroups(self.cgroup)
        shutil.rmtree(self.dir, ignore_errors=True)
