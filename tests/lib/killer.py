# SPDX-License-Identifier: Apache-2.0
"""kill -9 of an action worker, again and again."""
import os
import signal
import threading
import time

from daemon import children_of

KILLS = 100


def worker(daemon, name):
    """pid of the worker of a class, or None."""
    for pid in children_of(daemon.proc.pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                argv = f.read().split(b"\0")
        except OSError:
            continue
        if len(argv) > 1 and argv[1] == name.encode():
            return pid
    return None


class Killer(threading.Thread):
    """Kills a worker again and again."""

    def __init__(self, daemon, name):
        super().__init__(daemon=True)
        self.daemon_, self.name_, self.kills = daemon, name, 0

    def run(self):
        last = None
        end = time.monotonic() + 40
        while self.kills < KILLS and time.monotonic() < end:
            pid = worker(self.daemon_, self.name_)
            if not pid or pid == last:
                time.sleep(0.002)
                continue
            time.sleep(0.02 + (self.kills % 7) * 0.01)
            os.kill(pid, signal.SIGKILL)
            last = pid
            self.kills += 1
