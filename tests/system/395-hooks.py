#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where system calls are seen: at functions where the kernel lets programs there, else at the exit of all, with the reason."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap  # noqa: E402
from events import Events, rule  # noqa: E402

ENABLED = '[tracers]\nenabled = ["open", "openbreakout", "bpf"]\n'
SEEN = {"seen": rule("seen", "open", '{ field = "path", op = "suffix", value = "/seen" }')}
FUNCTIONS = {"open": ["do_sys_openat2", "do_handle_open"], "openbreakout": ["do_sys_openat2", "do_handle_open"], "bpf": ["__sys_bpf"]}


def lockdown():
    try:
        with open("/sys/kernel/security/lockdown", encoding="ascii") as f:
            return "[none]" not in f.read()
    except OSError:
        return False


def where(tap, config, reason):
    """Starts a daemon; reason: a part of why it is at the exit of all calls, None: it is not."""
    daemon = Events(SEEN, ENABLED + config).start(tracers=FUNCTIONS)
    place = "sys_exit" if reason else "functions"
    for name, functions in FUNCTIONS.items():
        t = daemon.tracer(name)
        hooks = [h for h in t["hooks"] if not h.startswith("io_uring")]
        tap.check(f"{name} is at {place}", hooks == ["sys_exit"] if reason else sorted(hooks) == sorted(functions), str(t))
        tap.check(f"{name} says why it is at {place}, and is on" if reason else f"{name} has nothing to excuse, and is on",
                  t["status"] == "on" and (reason in t["hooks_reason"] if reason else t["hooks_reason"] == ""), str(t))
    tap.check("a tracer that has no other way needs no reason", daemon.tracer("fileops")["hooks_reason"] == "")
    path = os.path.join(daemon.dir, "seen")
    with open(path, "w", encoding="ascii"):
        pass
    tap.check(f"an open is told at {place}", daemon.wait_event(tracer="open", path=path, pid=os.getpid()) is not None)
    daemon.stop()


def main():
    tap = Tap()
    where(tap, "", "lockdown=" if lockdown() else None)
    where(tap, 'hooks = "syscalls"\n', "tracers.hooks")
    tap.done()


if __name__ == "__main__":
    main()
