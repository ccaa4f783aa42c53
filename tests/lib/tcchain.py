#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends packets through a chain of the programs of tests/bpf/tcchain.bpf.c and compares which of them ran, and
whether the packet arrived, with what the chain's proceed-on sets say.

usage: tcchain.py FROM-NETNS TO-NETNS ADDRESS ORDERS-PIN PROGRAM[:RESULT,...]...
PROGRAMs in order: a digit, and the results after which the next one runs (unspec is always one).
One without a set is somebody else's: it returns unspec, ok or shot."""
import ctypes
import itertools
import os
import random
import socket
import struct
import sys

import bpfmap

PORT, N_PROGS, MOST = 7008, 5, 400
RESULTS = {"unspec": -1, "ok": 0, "reclassify": 1, "shot": 2, "pipe": 3, "stolen": 4, "queued": 5, "repeat": 6,
           "trap": 8, "dispatcher_return": 30}
NO_RESULT = 77			# as clsact has it, the same as unspec
TAKEN = {RESULTS[name] for name in ("shot", "stolen", "queued", "trap")}
libc = ctypes.CDLL(None, use_errno=True)


def udp_in(netns):
    fd = os.open(f"/run/netns/{netns}", os.O_RDONLY)
    if libc.setns(fd, 0) < 0:
        sys.exit(f"setns {netns}: {os.strerror(ctypes.get_errno())}")
    os.close(fd)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return sock


def chain_of(args):
    for arg in args:
        program, _, names = arg.partition(":")
        yield int(program), {RESULTS[n] for n in names.split(",")} | {-1, NO_RESULT} if names else None


def expected(chain, returns):
    """(digits of the programs that ran, whether the packet arrives)"""
    ran = 0
    for program, goes_on in chain:
        ran = ran * 10 + program
        got = returns[program]
        if got not in (goes_on or {-1}):
            return ran, got not in TAKEN
    return ran, True


def cases(chain):
    choices = [[RESULTS[r] for r in ("unspec", "ok", "shot")] if goes_on is None else
               [*RESULTS.values(), NO_RESULT] for _, goes_on in chain]
    every = list(itertools.product(*choices))
    return random.Random(1).sample(every, MOST) if len(every) > MOST else every


def main():
    sender, receiver = udp_in(sys.argv[1]), udp_in(sys.argv[2])
    address, orders = sys.argv[3], bpfmap.get(sys.argv[4], 0)
    chain = list(chain_of(sys.argv[5:]))
    receiver.bind((address, PORT))
    arrived, wrong, every = set(), [], cases(chain)

    def take(seconds):
        receiver.settimeout(seconds)
        try:
            while True:
                arrived.add(struct.unpack("=H", receiver.recv(64)[:2])[0])
        except (BlockingIOError, TimeoutError):
            pass

    for number, case in enumerate(every):
        by_program = dict(zip((p for p, _ in chain), case))
        bpfmap.element(bpfmap.UPDATE, orders, number, 0)
        sender.sendto(struct.pack(f"=H{N_PROGS}b", number, *(by_program.get(p + 1, 0) for p in range(N_PROGS))),
                      (address, PORT))
        take(0)
    take(0.3)
    for number, case in enumerate(every):
        want = expected(chain, dict(zip((p for p, _ in chain), case)))
        bpfmap.element(bpfmap.LOOKUP, orders, number)
        got = struct.unpack("<I", bpfmap.VALUE.raw[:4])[0], number in arrived
        if got != want:
            wrong.append(f"results {case}: ran {got[0]}, arrived {got[1]}; not {want}")
    print(f"{len(every)} packets through {' '.join(sys.argv[5:])}: {len(wrong)} wrong")
    print("\n".join(wrong[:5]))
    sys.exit(1 if wrong or not every else 0)


main()
