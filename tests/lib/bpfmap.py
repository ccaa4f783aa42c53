#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bpf(2) on a pinned map without a library: what an application can do with it.

usage: bpfmap.py fill PIN N          keys 0..N-1 of four bytes, value twice the key in eight
       bpfmap.py churn PIN FROM      inserts and deletes keys from FROM on until it is killed
       bpfmap.py read PIN KEY        opens it read-only, prints the value of a key of four bytes
       bpfmap.py write PIN KEY       opens it read-only, and then tries to write
       bpfmap.py open PIN            opens it for reading and writing
A failure prints the step and the errno's name, and is status 1."""
import ctypes
import errno
import os
import platform
import struct
import sys

LOOKUP, UPDATE, DELETE, OBJ_GET = 1, 2, 3, 7
RDONLY = 1 << 3
NR_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)


def bpf(step, cmd, attr):
    buf = ctypes.create_string_buffer(attr, len(attr))
    got = libc.syscall(NR_BPF, cmd, buf, len(attr))
    if got < 0:
        sys.exit("%s: %s" % (step, errno.errorcode[ctypes.get_errno()]))
    return got


def get(pin, flags):
    path = ctypes.create_string_buffer(os.fsencode(pin))
    return bpf("open", OBJ_GET, struct.pack("<QII", ctypes.addressof(path), 0, flags))


KEY, VALUE = ctypes.create_string_buffer(4), ctypes.create_string_buffer(4096)


def element(cmd, fd, key, value=None):
    KEY.raw = struct.pack("<I", key)
    if value is not None:
        VALUE.raw = struct.pack("<Q", value) + bytes(len(VALUE) - 8)
    where = 0 if cmd == DELETE else ctypes.addressof(VALUE)     # what a command does not use must be 0
    attr = struct.pack("<IIQQQ", fd, 0, ctypes.addressof(KEY), where, 0)
    bpf({LOOKUP: "lookup", UPDATE: "update", DELETE: "delete"}[cmd], cmd, attr)


def main():
    what, pin = sys.argv[1:3]
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    fd = get(pin, RDONLY if what in ("read", "write") else 0)
    if what == "fill":
        for key in range(number):
            element(UPDATE, fd, key, 2 * key)
    while what == "churn":
        for key in range(number, number + 1000):
            element(UPDATE, fd, key, 1)
        for key in range(number, number + 1000):
            element(DELETE, fd, key)
    if what == "read":
        element(LOOKUP, fd, number)
        print(struct.unpack("<Q", VALUE.raw[:8])[0])
    if what == "write":
        element(UPDATE, fd, number, 1)


if __name__ == "__main__":
    main()
