#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# socket_filter: on the socket of a process that the client may have.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
HITS=sockets_hits

# A server that echoes datagrams; the file says its port and the descriptor of its socket.
cat >"$WORK/server.py" <<'PY'
import os
import socket
import sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
with open(sys.argv[1] + ".new", "w") as f:
	f.write(f"{s.getsockname()[1]} {s.fileno()}\n")
os.rename(sys.argv[1] + ".new", sys.argv[1])
s.settimeout(1)
parent = os.getppid()
while os.getppid() == parent:
	try:
		data, peer = s.recvfrom(2000)
	except TimeoutError:
		continue
	s.sendto(data, peer)
PY
cat >"$WORK/ask.py" <<'PY'
import socket
import sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(float(sys.argv[2]))
s.sendto(b"hello", ("127.0.0.1", int(sys.argv[1])))
sys.exit(s.recv(2000) != b"hello")
PY
# server FILE [COMMAND...]: $pid, $port, $fd
server() {
	file=$1
	shift
	nsenter --net="/run/netns/$HERE" -- "$@" /usr/bin/python3 "$WORK/server.py" "$file" >/dev/null 2>&1 &
	pid=$!
	servers="$servers $pid"
	within 5 test -s "$file" || return 1
	read -r port fd <"$file"
}
servers=
end_servers() {
	for s in $servers; do
		kill "$s" 2>/dev/null || :
		wait "$s" 2>/dev/null || :
	done
}
asks() { here python3 "$WORK/ask.py" "$port" 5; }
is_not_heard() { ! here python3 "$WORK/ask.py" "$port" 0.3 2>/dev/null; }
as_nobody() { setpriv --reuid nobody --regid nogroup --groups bpfd "$@"; }
bin=$WORK/bpfctl
cp "$BUILD/bpfctl" "$bin"
chmod 755 "$bin"

ROOT=$WORK/sockets
mkdir -p "$ROOT/etc"
printf '[access]\nadmin = ["nobody"]\n' >"$ROOT/etc/bpfd.toml"
is "starts" daemon_start
server "$WORK/port" || bail "no server"
is "loads" ctl load "$OBJECTS/sockets.bpf.o"
group=$(json '.programs[0].group' list programs)
KIND_TARGET=pid:$pid/fd:$fd
kind socket_filter on_pass 0 asks socket_filter "pid:$pid/fd:$fd"

is "attaches_one_that_lets_nothing_through" ctl attach on_drop socket_filter "pid:$pid/fd:$fd"
is "the_server_hears_nothing" moves 1 is_not_heard
is "another_filter_does_not_replace_it" exits 6 ctl attach on_pass socket_filter "pid:$pid/fd:$fd"
is "and_says_that_there_is_one" says "has a filter, and room for one only" ctl attach on_pass socket_filter "pid:$pid/fd:$fd"
is "detaches_it" ctl detach "$(link_of on_drop)"
is "the_server_hears_again" asks
is "no_such_process_is_said" says "there is no process 999999999" ctl attach on_pass socket_filter pid:999999999/fd:3
is "no_such_descriptor_is_said" says "has no descriptor 77" ctl attach on_pass socket_filter "pid:$pid/fd:77"
is "what_is_no_socket_is_said" says "is not a socket" ctl attach on_pass socket_filter "pid:$pid/fd:0"
is "another_form_is_refused" says "is not pid:N/fd:M" ctl attach on_pass socket_filter "pid:+$pid/fd:3"
is "an_xdp_program_does_not_fit" says "cannot be attached as socket_filter" ctl load "$OBJECTS/kinds.bpf.o" \
	--program on_xdp --attach "socket_filter:pid:$pid/fd:$fd"

is "an_admin_who_is_not_root_cannot_have_roots_sockets" says "may not have the descriptors of process $pid" \
	as_nobody "$bin" -s "$SOCK" attach on_pass socket_filter "pid:$pid/fd:$fd"
is "which_is_a_matter_of_permission" exits 5 as_nobody "$bin" -s "$SOCK" attach on_pass socket_filter "pid:$pid/fd:$fd"
is "nor_is_it_asked_for_by_a_dry_run" exits 5 as_nobody "$bin" -s "$SOCK" attach on_pass socket_filter "pid:$pid/fd:$fd" --dry-run
chmod 777 "$WORK"
server "$WORK/own" setpriv --reuid nobody --regid nogroup --clear-groups || bail "no server of nobody's"
chmod 755 "$WORK"
is "but_has_those_of_its_own_processes" as_nobody "$bin" -s "$SOCK" attach on_pass socket_filter "pid:$pid/fd:$fd"
is "and_the_program_runs" moves 0 asks
is "root_has_them_all" says "is attached to pid:$pid/fd:$fd already" ctl attach on_pass socket_filter "pid:$pid/fd:$fd"
end_servers
is "detaches_when_the_process_is_gone" ctl detach "$(link_of on_pass)"

server "$WORK/last" || bail "no server"
is "attaches_once_more" ctl attach on_drop socket_filter "pid:$pid/fd:$fd"
is "is_not_heard" is_not_heard
leaks_note
is "stops" daemon_stop TERM
is "is_off_with_bpfd" asks
end_servers
is "nothing_is_left" leaks_none
tap_end
