# SPDX-License-Identifier: Apache-2.0
"""The real bpfd-fetch, alone: tests/component/fetch-run says what it does and what becomes of it."""
import os
import subprocess

import daemon

RUN = os.path.join(daemon.BUILD, "tests", "component", "fetch-run")


class Fetched:
    """failed: (code, text) or None.  connects: (host, port, "local" or "remote").  Facts by their names."""

    def __init__(self, text):
        self.text, self.failed, self.connects, self.facts, self.programs = text, None, [], {}, {}
        self.verdicts, self.progress, self.ended, self.hung_up = [], {}, "", False
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            if word == "failed":
                code, _, why = rest.partition(" ")
                self.failed = (int(code), why)
            elif word == "connect":
                self.connects.append(tuple(rest.split()))
            elif word == "program":
                self.programs.update([rest.split()])
            elif word == "progress":
                what, done, total = rest.split()
                self.progress[what] = (int(done), int(total))
            elif word == "verdict":
                self.verdicts.append(rest)
            elif word == "ended":
                self.ended = rest
            elif word == "hung":
                self.hung_up = True
            else:
                self.facts[word] = rest

    def refused(self, code, *words):
        """It failed so, in its own words, and nothing of it came."""
        return (self.failed is not None and self.failed[0] == code and all(w in self.failed[1] for w in words)
                and not self.facts and not self.verdicts and self.ended == "with 0")


def fetch(ref, **options):
    """options: as fetch-run has them; None: not said."""
    args = [f"{key}={value}" for key, value in options.items() if value is not None]
    done = subprocess.run([RUN, *args, ref], capture_output=True, text=True, check=False, timeout=120)
    return Fetched(done.stdout + done.stderr)


# gRPC's, as in enum ipc_code
INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, PERMISSION_DENIED = 3, 4, 5, 7
RESOURCE_EXHAUSTED, FAILED_PRECONDITION, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED = 8, 9, 14, 15, 16
