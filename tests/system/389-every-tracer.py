#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every tracer is attached on this kernel, all at once, or says what this kernel lacks for it."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Tap, wait_for  # noqa: E402
from events import Events, rule  # noqa: E402

DEF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bpf", "tracers.def")
OWN = ("action", "bpfd")        # events of bpfd's own
BY_CONFIG = "keyinput"          # no rule brings it
SETTLED = ("on", "partial", "failed", "denied")
LACKS = re.compile("is not in this kernel|no kprobes|lockdown")


def kindtable(name, what, why=""):
    """For docs/KINDS.md (tools/kinds-table)."""
    print(f"# kind tracer/{name} {what}" + (f": {why}" if why else ""), flush=True)


def main():
    tap = Tap()
    with open(DEF, encoding="utf-8") as f:
        names = [n for n in re.findall(r"^TRACER\(\w+, *(\w+),", f.read(), re.M) if n not in OWN]
    # Events are for nobody: with so many of all processes, a log would be all that goes on.
    daemon = Events({n: rule(n, n, '{ field = "comm", op = "eq", values = ["bpfd-nobody"] }') for n in names if n != BY_CONFIG},
                    config=f'[tracers]\nenabled = ["{BY_CONFIG}"]\nallow_sensitive = ["{BY_CONFIG}", "bashreadline"]\n')
    daemon.start(timeout=60)

    def tracers():
        return {t["name"]: t for t in daemon.ctl_json("tracers")["tracers"]}

    wait_for(lambda: all(tracers()[n]["status"] in SETTLED for n in names), 60, 0.2)
    for name in names:
        t = tracers()[name]
        whole = t["status"] == "on" and t["attached"] == t["programs"]
        tap.check(f"{name} is attached, or says what this kernel lacks", whole and not t["reason"] or
                  bool(LACKS.search(t["reason"])), str(t))
        if whole:
            kindtable(name, "works")
        else:
            kindtable(name, "partial" if t["attached"] else "refused", t["reason"].split("; the kernel")[0])
    tap.check("bpfd stops in order", daemon.stop() == 0, daemon.log_text()[-3000:])
    daemon.remove()
    tap.done()


main()
