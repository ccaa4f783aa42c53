# SPDX-License-Identifier: Apache-2.0
"""A private bpfd with rules, and the events that its log action wrote."""
import json
import os
import time

from daemon import PATIENCE, Daemon, wait_for


def rule(name, tracer, match="", actions=("log",), extra=""):
    """Text of a rule file; match: lines of the array [match] all."""
    text = f'version = 2\nname = "{name}"\ntracer = "{tracer}"\nactions = {json.dumps(list(actions))}\n{extra}\n'
    return text + (f"[match]\nall = [{match}]\n" if match else "")


def stat_of(path):
    """Of a log file, which may be rotated at any moment."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def changed(path):
    found = stat_of(path)
    return found.st_mtime_ns if found else 0


def size_of(path):
    found = stat_of(path)
    return found.st_size if found else 0


class Events(Daemon):
    """rules: name of the file to text.  config: more of bpfd.toml."""

    def __init__(self, rules=(), config="", actions=()):
        super().__init__(config or "[log]\nlevel = \"info\"\n")
        for folder, files in (("rules", dict(rules)), ("actions.d", dict(actions))):
            path = os.path.join(self.dir, "etc", folder)
            os.makedirs(path)
            for name, text in files.items():
                self.write(os.path.join(path, name + ".toml"), text)

    @staticmethod
    def write(path, text):
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, 0o644)

    def log_files(self):
        """The newest last."""
        folder = os.path.join(self.dir, "log")
        if not os.path.isdir(folder):
            return []
        paths = [os.path.join(folder, f) for f in os.listdir(folder)]
        return sorted(paths, key=changed)

    def events(self, **fields):
        """Logged events whose fields have these values, in the order of the log."""
        found = []
        for path in self.log_files():
            try:
                with open(path, "rb") as f:
                    lines = f.read().split(b"\n")[:-1]
            except FileNotFoundError:
                continue    # rotated meanwhile
            for line in lines:
                event = json.loads(line)
                if all(event.get(k) == v for k, v in fields.items()):
                    found.append(event)
        return found

    def wait_event(self, timeout=5.0, **fields):
        """The first such event, or None."""
        wait_for(lambda: bool(self.events(**fields)), timeout)
        return next(iter(self.events(**fields)), None)

    def start(self, timeout=20, tracers=()):
        """Until the tracers are on."""
        super().start(timeout)
        for name in tracers:
            if not self.wait_tracer(name, ("on", "partial")):
                raise RuntimeError(f"tracer {name}: {self.tracer(name)}: " + self.log_text())
        return self

    def tracer(self, name):
        return next((t for t in self.ctl_json("tracers")["tracers"] if t["name"] == name), {})

    def wait_tracer(self, name, status=("on",), timeout=10.0):
        return wait_for(lambda: self.tracer(name).get("status") in status, timeout, 0.05)

    def settle(self, quiet=0.4, timeout=10.0):
        """Until no event has been logged for a while."""
        end, size, since = time.monotonic() + timeout * PATIENCE, -1, time.monotonic()
        while time.monotonic() < end:
            now = sum(size_of(p) for p in self.log_files())
            if now != size:
                size, since = now, time.monotonic()
            elif time.monotonic() - since > quiet * PATIENCE:
                return
            time.sleep(0.05)
