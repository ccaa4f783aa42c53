#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# struct_ops: a TCP congestion control that a connection uses.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
HITS=ops_hits
OBJECT=$OBJECTS/ops.bpf.o

# A connection over loopback that asks for it; without it an ordinary one.
cat >"$WORK/connect.py" <<'PY'
import socket
import sys
server = socket.create_server(("127.0.0.1", 0))
client = socket.socket()
try:
	client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bpfd_test")
except OSError as e:
	sys.exit(0 if "-q" in sys.argv else str(e))
client.connect(server.getsockname())
peer = server.accept()[0]
for i in range(20):
	client.sendall(bytes(50000))
	left = 50000
	while left:
		left -= len(peer.recv(left))
	peer.sendall(b"x")
	client.recv(1)
PY
connects() { here python3 "$WORK/connect.py" -q; }
connects_with_it() { here python3 "$WORK/connect.py"; }

is "starts" daemon_start
why=$(json '.attach_kinds[] | select(.name == "struct_ops") | .unavailable // ""' status)
if [ -n "$why" ]; then
	is "loads_where_it_cannot_be_attached" ctl load "$OBJECT"
	is "nothing_is_registered_by_a_load" not connects_with_it
	is "the_attach_is_refused_by_its_reason" says "$why" ctl attach on_init struct_ops bpfd_test
	kindtable struct_ops refused "$(refusal ctl attach on_init struct_ops bpfd_test)"
	leaks_note
	is "stops" daemon_stop TERM
	is "nothing_is_left" leaks_none
	tap_end
fi
is "loads" ctl load "$OBJECT"
group=$(json '.programs[0].group' list programs)
is "nothing_is_registered_by_a_load" not connects_with_it
KIND_TARGET=bpfd_test
kind struct_ops on_init 0 connects struct_ops bpfd_test
is "nobody_can_have_it_any_more" not connects_with_it
is "attaches_it_again" ctl attach on_ssthresh struct_ops bpfd_test
is "a_connection_has_it" connects_with_it
is "its_other_functions_run_too" moves 1 connects_with_it
is "another_program_of_it_is_the_same" exits 6 ctl attach on_init struct_ops bpfd_test
is "a_map_that_is_not_there_is_said" says "has no map nowhere" ctl attach on_init struct_ops nowhere
is "an_ordinary_map_is_said" says "ordinary map" ctl attach on_init struct_ops ops_hits
is "loads_a_second_one_of_the_name" ctl load "$OBJECT" --metadata second=yes
second=$(json '[.programs[] | select(.metadata.second == "yes")][0].id' list programs)
is "which_the_kernel_does_not_take" exits 6 ctl attach "$second" struct_ops bpfd_test
leaks_note
is "unloads_the_group_with_its_link" ctl unload --group "$group"
is "it_is_not_there_any_more" not connects_with_it
is "the_second_one_can_be_attached_now" ctl attach "$second" struct_ops bpfd_test
is "a_connection_has_that" connects_with_it
is "one_that_lacks_functions_is_refused_at_its_load" says "functions that it needs are missing" ctl load "$OBJECTS/halfops.bpf.o"
leaks_note
is "stops" daemon_stop TERM
is "is_off_with_bpfd" not connects_with_it
is "nothing_is_left" leaks_none
tap_end
