# SPDX-License-Identifier: Apache-2.0
"""What the benches of loading and attaching share: whole processes, and calls of a warm gRPC connection."""
import subprocess
import time

import h2


def timed_ms(*commands):
    """Whole processes, one after the other."""
    start = time.perf_counter()
    for argv in commands:
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1e3


def load_message(obj, *programs):
    with open(obj, "rb") as f:
        message = h2.field(1, f.read()) + h2.field(3, obj)
    return message + b"".join(h2.field(4, h2.field(1, name)) for name in programs)


def call_ms(connection, method, message):
    """(milliseconds, answer)."""
    start = time.perf_counter()
    answer = connection.call("/bpfd.v1.Programs/" + method, message)
    return (time.perf_counter() - start) * 1e3, answer


def number(answer, *path):
    """A number in a message: the first field of each of these numbers, one in the other."""
    for want in path:
        answer = next(v for n, v in h2.fields(answer) if n == want)
    return answer


def load_ms(connection, message):
    """(milliseconds, id of the first program)."""
    elapsed, answer = call_ms(connection, "Load", message)
    return elapsed, number(answer, 2, 1)
