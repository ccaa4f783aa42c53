# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# A private bpfd for a system test, and a network to try it on.  Source it and call begin; whatever
# was made is taken down when the script ends, however it ends.
#
#   begin                       cleanup is armed; $WORK is a scratch folder
#   daemon_start [ARG...]       bpfd in $ROOT (made when empty); $BPFD_PID, $SOCK, $LOG, $BPFFS
#   daemon_stop SIGNAL          returns its exit status
#   ctl ARG...                  bpfctl on that socket
#   json FILTER ARG...          jq over bpfctl -o json
#   child NAME, has_child NAME  pids of bpfd's children of that name; is there one
#   here COMMAND...             in the network namespace that plays the host: bpfd runs in it, so that
#                               no packet of a test leaves namespaces that it made
#   net_pair                    $NS and a veth pair: $VETH here (10.77.X.1), $PEER in $NS (10.77.X.2)
#   net_traffic                 a few packets through it
#   leaks_note                  remembers every program, map and link that this bpfd holds or pinned
#   objects_gone, leaks_none    all of those are gone; and no mount is left either

BUILD=${BPFD_BUILD:-$(pwd)/build}
SRC=${BPFD_SRC:-$(pwd)}
# shellcheck source=tap.sh
. "$SRC/tests/lib/tap.sh"
OBJECTS=$BUILD/tests/bpf
SAMPLE=$BUILD/bpf/samples/count.bpf.o
BPFD_PID='' ROOT='' WORK='' HERE='' NS='' VETH='' PEER='' NET=0
export OBJECTS SAMPLE

begin() {
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/bpfd-test-XXXXXX")
	chmod 755 "$WORK"
	trap finish EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	if [ "$(id -u)" -eq 0 ]; then
		HERE=bpfdh$$
		ip netns add "$HERE"
		ip -n "$HERE" link set lo up
	fi
}

finish() {
	status=$?
	trap - EXIT
	[ -z "$BPFD_PID" ] || daemon_stop TERM >/dev/null 2>&1 || :
	net_down
	[ -z "$HERE" ] || ip netns del "$HERE" || :
	for d in "$WORK"/*/run/bpffs; do
		while [ -d "$d" ] && umount "$d" 2>/dev/null; do :; done
	done
	[ -z "$WORK" ] || rm -rf "$WORK"
	rm -f "$TAP_OUT"
	exit "$status"
}

# ---- the daemon ----

daemon_ready() {
	kill -0 "$BPFD_PID" 2>/dev/null || { echo "bpfd ended" && cat "$LOG" && return 1; }
	"$BUILD/bpfctl" -s "$SOCK" version >/dev/null 2>&1
}

daemon_paths() {
	SOCK=$ROOT/run/bpfd.sock
	BPFFS=$ROOT/run/bpffs
	LOG=$ROOT/log
	export SOCK BPFFS LOG
}

daemon_start() {
	if [ -z "$ROOT" ]; then
		ROOT=$WORK/d$(date +%s%N)
		mkdir "$ROOT"
	fi
	daemon_paths
	nsenter --net="/run/netns/$HERE" -- "$BUILD/bpfd" --foreground --root "$ROOT" "$@" >>"$LOG" 2>&1 </dev/null &
	BPFD_PID=$!
	within 15 daemon_ready || { cat "$LOG" && return 1; }
}

# The status is bpfd's own, or 137 when it had to be killed after 15 s.
daemon_stop() {
	[ -n "$BPFD_PID" ] || return 0
	kill -s "$1" "$BPFD_PID" 2>/dev/null || :
	(
		sleep 15
		kill -s KILL "$BPFD_PID" 2>/dev/null
	) </dev/null >/dev/null 2>&1 &
	watch=$!
	status=0
	wait "$BPFD_PID" || status=$?
	kill "$watch" 2>/dev/null || :
	BPFD_PID=''
	return "$status"
}

ctl() { "$BUILD/bpfctl" -s "$SOCK" "$@"; }

# json FILTER ARG...: a jq filter over what bpfctl -o json says.
json() {
	filter=$1
	shift
	ctl -o json "$@" >"$WORK/json" || return 1
	jq -r "$filter" "$WORK/json"
}

# children: pids of all of bpfd's children.  child NAME: of those with that name.
children() { cat "/proc/$BPFD_PID/task/$BPFD_PID/children" 2>/dev/null; }
child() {
	for pid in $(children); do
		# The kernel cuts names at 15.
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$(printf %.15s "$1")" ] || echo "$pid"
	done
}
has_child() { [ -n "$(child "$1")" ]; }

# ---- the network ----

here() { nsenter --net="/run/netns/$HERE" -- "$@"; }

net_pair() {
	NET=$((NET + 1))
	NS=bpfdt$$x$NET VETH=bt$$x$NET PEER=bp$$x$NET
	net=10.77.$((NET % 250))
	ip netns add "$NS" &&
		ip -n "$HERE" link add "$VETH" type veth peer name "$PEER" netns "$NS" &&
		ip -n "$HERE" addr add "$net.1/24" dev "$VETH" &&
		ip -n "$HERE" link set "$VETH" up &&
		ip -n "$NS" addr add "$net.2/24" dev "$PEER" &&
		ip -n "$NS" link set lo up &&
		ip -n "$NS" link set "$PEER" up
}

net_traffic() {
	ip netns exec "$NS" ping -q -n -c "${1:-5}" -i 0.05 -W 2 "10.77.$((NET % 250)).1" >/dev/null
}

net_down() {
	while [ "$NET" -gt 0 ]; do
		ip netns del "bpfdt$$x$NET" 2>/dev/null || :
		NET=$((NET - 1))
	done
}

# ---- leaks ----

# held PID...: "prog_id 12" and the like for each bpf object that these processes have open.
held() {
	for pid in "$@"; do
		sed -n 's/^\(prog_id\|map_id\|link_id\):[[:space:]]*/\1 /p' "/proc/$pid/fdinfo/"* 2>/dev/null || :
	done | sort -u
}

# pinned FOLDER: the same for what is pinned below it.
pinned() {
	find "$1" -type f 2>/dev/null | while read -r pin; do
		for kind in prog map link; do
			number=$(bpftool "$kind" show pinned "$pin" 2>/dev/null | sed -n '1s/^\([0-9]*\):.*/\1/p')
			[ -z "$number" ] || echo "${kind}_id $number"
		done
	done | sort -u
}

leaks_note() {
	# shellcheck disable=SC2046
	{ held "$BPFD_PID" $(children) && pinned "$BPFFS"; } | sort -u >>"$WORK/noted"
}

# Ids are not reused before the kernel's counter wraps around.
objects_gone() {
	for kind in prog map link; do
		"$BUILD/tests/lib/bpf-ids" "$kind" | sed "s/^/${kind}_id /"
	done | sort >"$WORK/there"
	sort -u "$WORK/noted" | comm -12 - "$WORK/there" >"$WORK/left"
	[ ! -s "$WORK/left" ] || { sed 's/^/still in the kernel: /' "$WORK/left" && return 1; }
}

# Programs unloaded just now may stay for a moment (RCU).
leaks_none() {
	within 3 objects_gone || return 1
	! grep " $ROOT/" /proc/mounts
}
