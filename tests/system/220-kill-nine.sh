#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 of each process in the middle of 200 loads.  LOADS=n for another number.
# limit: 900 s
set -eu
exec /usr/bin/python3 "${BPFD_SRC:-.}/tests/system/kill_nine.py" "${LOADS:-200}" \
	"${BPFD_BUILD:-build}/bpf/samples/count.bpf.o"
