#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TCX link of no tool's, with a pinned program at the end of an interface's ingress, until it is killed.

usage: tcx_foreign.py PIN IFINDEX READY [before]    READY: made when the link is there"""
import struct
import sys
import time

import bpfmap

LINK_CREATE, TCX_INGRESS, F_BEFORE = 28, 46, 1 << 3
pin, ifindex, ready = sys.argv[1:4]
flags = F_BEFORE if sys.argv[4:] == ["before"] else 0
attr = struct.pack("<IIIIIIQ", bpfmap.get(pin, 0), int(ifindex), TCX_INGRESS, flags, 0, 0, 0)
bpfmap.bpf("link", LINK_CREATE, attr)
with open(ready, "w", encoding="ascii"):
    pass
time.sleep(300)
