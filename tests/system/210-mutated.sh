#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Thousands of mutated objects through bpfctl: only linkers may die.  MUTATIONS=n for another number.
# limit: 900 s
set -eu
exec /usr/bin/python3 "${BPFD_SRC:-.}/tests/system/mutated_objects.py" "${MUTATIONS:-10000}" \
	"${BPFD_BUILD:-build}/bpf/samples/count.bpf.o" "${BPFD_BUILD:-build}/tests/bpf/core.bpf.o" \
	"${BPFD_BUILD:-build}/tests/bpf/kinds.bpf.o" "${BPFD_BUILD:-build}/tests/bpf/plain.bpf.o" \
	"${BPFD_BUILD:-build}/tests/bpf/denied.bpf.o"
