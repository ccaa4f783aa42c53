#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The loader is killed at each of its calls of bpf(2) while a link changes, by strace: what drops packets
# drops them at every moment, and the link is as before or as it was to be.  UPDATE_EVERY=n: at every nth call only,
# from another one on for each update.
# limit: 300 s
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
# shellcheck source=../lib/flood.sh
. "$SRC/tests/lib/flood.sh"
command -v strace >/dev/null || skip_all "strace is not installed"
begin
HITS=swap_hits
OBJECT=$OBJECTS/swap.bpf.o
CALLS_MAX=40
EVERY=${UPDATE_EVERY:-1}
update=0

prog() { json ".programs[] | select(.group == $group and .name == \"$1\") | .id" list programs; }
sends() {
	packets 5
	sleep 0.05
}
# Not dropped: seen by the program behind.
passed() { hits 2; }
state_of() { json ".links[] | select(.id == $link) | \"\\(.program_name) \\(.priority)\"" list links; }
is_one_of() { now=$(state_of) && { [ "$now" = "$1" ] || [ "$now" = "$2" ]; }; }
# Whichever of its two names it has; the array of a stub ends in "=".
one_pin() { [ "$(find "$BPFFS/link" -type f -name "${link}[-~]*" | wc -l)" -eq 1 ]; }

# struck N ARGS...: the update, with the loader killed at its call N.  1: it went through.
struck() {
	n=$1
	shift
	# One that died often is not started again at once.
	within 1 has_child bpfd-loader >/dev/null || { kill_daemon && exits 0 daemon_start; }
	loader=$(child bpfd-loader)
	strace -qq -o /dev/null -e trace=bpf -e "inject=bpf:signal=KILL:when=$n" -p "$loader" 2>/dev/null &
	tracer=$!
	within 5 grep -q "^TracerPid:[[:space:]]*$tracer" "/proc/$loader/status" || return 0
	through=0
	ctl -q update "$link" "$@" >"$WORK/struck" 2>&1 && through=1
	kill "$tracer" 2>/dev/null || :
	wait "$tracer" 2>/dev/null || :
	return "$through"
}

# windows NAME OLD NEW ARGS...: from OLD to NEW by that update.
windows() {
	name=$1 old=$2 new=$3
	shift 3
	n=$((update % EVERY + 1)) update=$((update + 1)) why='' kills=0
	while [ "$n" -lt "$CALLS_MAX" ]; do
		struck "$n" "$@" || break
		kills=$((kills + 1))
		sends
		within 8 is_one_of "$old" "$new" >/dev/null || { why="call $n: $(state_of)" && break; }
		sends
		[ "$(passed)" -eq 0 ] || { why="call $n: $(passed) passed" && break; }
		within 3 one_pin >/dev/null || { why="call $n: $(find "$BPFFS/link")" && break; }
		# shellcheck disable=SC2086
		[ "$(state_of)" = "$old" ] || ctl -q update "$link" $back || { why="call $n: not put back" && break; }
		n=$((n + EVERY))
	done
	echo "# $name: killed at $kills calls, up to $n"
	is "${name}_is_whole_at_every_call" same "$why" ""
	is "${name}_was_killed_in_the_middle" test "$n" -gt 3
	is "${name}_ended_without_a_kill_at_last" test "$n" -lt "$CALLS_MAX"
	# shellcheck disable=SC2086
	[ "$(state_of)" = "$old" ] || ctl -q update "$link" $back
}

# hook NAME A B ATTACH-ARGS...
hook() {
	for how in "" --persistent; do
		which=$1${how:+_that_is_persistent} a=$2 b=$3
		# shellcheck disable=SC2086
		is "loads_for_$which" ctl load $how "$OBJECT"
		group=$(json '[.programs[].group] | max' list programs)
		is "counts_behind_$which" ctl attach "$(prog passed)" tc "$VETH" --direction ingress --priority 900
		shift 3
		is "attaches_$which" ctl attach "$(prog "$a")" "$@" --priority 40
		link=$(json '[.links[].id] | max' list links)
		back="--program $(prog "$a") --priority 40"
		windows "a_move_of_$which" "$a 40" "$a 70" --priority 70
		windows "a_replacement_of_$which" "$a 40" "$b 40" --program "$(prog "$b")"
		leaks_note
		is "unloads_after_$which" ctl unload --group "$group"
		set -- "${which%_that_is_persistent}" "$a" "$b" "$@"
	done
}

net_pair || bail "cannot make a network namespace and veth pair"
is "starts" daemon_start
hook tc filter_a filter_b tc "$VETH" --direction ingress
hook xdp xdp_a xdp_b xdp "$VETH"
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
