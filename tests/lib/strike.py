#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""strike.py PID NAME AFTER COMMAND... - runs COMMAND and kills what bpfd (PID) starts meanwhile as NAME.

AFTER: so many seconds after its start, or "-" to measure how long it lives by itself: nothing is
killed then, and the life is printed.  Else "killed" is printed when it was.  The command's own output is
nobody's; its exit status is this one's.  One process looks and kills, which an emulated machine does in
time; a shell does not.
"""
import os
import signal
import subprocess
import sys
import time

STEP_S = 0.001


def started(pid, name):
    """pid of the child of that name, or None."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        for child in f.read().split():
            try:
                with open(f"/proc/{child}/comm", encoding="utf-8") as comm:
                    if comm.read().strip() == name[:15]:
                        return int(child)
            except OSError:
                pass    # gone meanwhile
    return None


def main():
    bpfd, name, after, command = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    proc = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    child = None
    while child is None and proc.poll() is None:
        child = started(bpfd, name)
        time.sleep(STEP_S)
    begin = time.monotonic()
    if after == "-":
        while child and os.path.exists(f"/proc/{child}"):
            time.sleep(STEP_S)
        print(time.monotonic() - begin)
    elif child:
        time.sleep(float(after))
        try:
            os.kill(child, signal.SIGKILL)
            print("killed")
        except ProcessLookupError:
            pass
    sys.exit(proc.wait())


main()
