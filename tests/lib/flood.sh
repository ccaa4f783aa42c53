# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Packets without end, to port 7007 of UDP on this side of net_pair's network.  Source it after bpfd.sh.
#
#   flood_start, flood_stop     from the other side, as fast as they go
#   calm COMMAND...             none come while the command runs: who only looks is not slowed down by
#                               them, which on an emulated machine is by ten times
#   flows N                     they move counter N of kinds.sh
#   packets N                   so many and no more

FLOOD_PID=''

flood_start() {
	cat >"$WORK/flood.py" <<-'PY'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setblocking(False)
		while True:
		    try:
		        s.sendto(b"x" * 32, (sys.argv[1], 7007))
		    except OSError:
		        pass
	PY
	ip netns exec "$NS" python3 "$WORK/flood.py" "10.77.$NET.1" &
	FLOOD_PID=$!
}
flood_stop() {
	[ -n "$FLOOD_PID" ] || return 0
	kill "$FLOOD_PID" 2>/dev/null || :
	wait "$FLOOD_PID" 2>/dev/null || :
	FLOOD_PID=''
}

calm() {
	[ -z "$FLOOD_PID" ] || kill -s STOP "$FLOOD_PID"
	calm_status=0
	"$@" || calm_status=$?
	[ -z "$FLOOD_PID" ] || kill -s CONT "$FLOOD_PID"
	return "$calm_status"
}
# However slow the machine is: a tenth of a second of them, and another one.
flows() {
	flows_before=$(calm hits "$1") flows_n=0
	while [ "$flows_n" -lt 50 ]; do
		flows_n=$((flows_n + 1))
		sleep 0.1
		flows_after=$(calm hits "$1")
		[ "$flows_after" -eq "$flows_before" ] || return 0
	done
	echo "counter $1 stays at $flows_after" && return 1
}

# By bash: python takes a second to start on an emulated machine.
# shellcheck disable=SC2016
packets() {
	nsenter --net="/run/netns/$NS" -- bash -c 'for ((i = 0; i < $2; i++)); do echo x >"/dev/udp/$1/7007"; done' \
		packets "10.77.$NET.1" "$1"
}
