#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the loader at any moment of a life at traffic control: what is listed is what is there, and once that is
# detached nothing is left, no filter, link, stub or pin.  ROUNDS=n for another number.
# limit: 600 s
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
OBJECT=$OBJECTS/tcchain.bpf.o
ROUNDS=${ROUNDS:-25}

# And the rest with it: the supervisor would wait longer each time before it starts another loader.
kill_after() {
	sleep "$(printf %d.%03d $(($1 / 1000)) $(($1 % 1000)))"
	# shellcheck disable=SC2046
	kill -s KILL $(child bpfd-loader) 2>/dev/null || :
	kill_daemon
}
# Each step may fail: the loader dies in one of them.
life() {
	ctl -q attach step_1 tc "$VETH" --direction ingress --proceed-on shot || :
	link=$(link_of step_1) || link=''
	[ -n "$link" ] || return 0
	ctl -q update "$link" --proceed-on ok,pipe || :
	ctl -q update "$link" --program step_2 || :
	ctl -q update "$link" --priority 70 || :
	ctl -q update "$link" --proceed-on unspec || :
	ctl -q update "$link" --program step_3 --priority 20 --proceed-on stolen || :
	ctl -q detach "$link" || :
}
on_hook() {
	here bpftool -j net show dev "$VETH" | jq -r '.[0] | .tc[]?.id // .tc[]?.prog_id'
	here tc filter show dev "$VETH" ingress | grep -o 'bpfd:[^ ]*' || :
}
listed_is_there() {
	n_listed=$(json '[.links[] | select(.state == "attached")] | length' list links) || return 1
	n_pins=$(find "$BPFFS/link" -type f ! -name '*=' | wc -l)
	n_arrays=$(find "$BPFFS/link" -type f -name '*=' | wc -l)
	find "$BPFFS/link" -type f
	same "$n_listed" "$n_pins" && [ "$n_arrays" -le "$n_listed" ]
}
detach_listed() {
	for link in $(json '.links[].id' list links); do
		ctl -q detach "$link" || return 1
	done
}
nothing_there() { same "$(find "$BPFFS/link" -type f)$(on_hook)" ""; }

round() {
	life >/dev/null 2>&1 &
	life_pid=$!
	kill_after "$1"
	wait "$life_pid" || :
	# shellcheck disable=SC2119
	daemon_start && within 3 listed_is_there && detach_listed && nothing_there
}

# where COMMAND...: in the namespace of $iface.
where() { if [ "$iface" = "$VETH" ]; then here "$@"; else ip netns exec "$NS" "$@"; fi; }
filters() { where tc filter show dev "$iface" ingress | grep 'handle 0x' | grep -o 'pref [0-9]*'; }
# As if the loader had died when the filter of another priority was there and the one before it still.
half_moved() {
	ctl -q attach step_1 tc "$iface" --direction ingress --priority 30 --proceed-on shot "$@" || return 1
	link=$(link_of step_1)
	kill_after 0
	old=$(find "$BPFFS/link" -name "$link-*")
	new=$BPFFS/link/$(basename "$old" | sed 's/^\([0-9]*\)\(-c-[0-9]*-i-\)30-/\1~\277-/')
	handle=$(echo "$old" | sed 's/.*-i-30-\([0-9a-f]*\)-.*/\1/')
	bpftool prog pin id "$(bpftool -j prog show pinned "$old" | jq .id)" "$new" && chown --reference="$old" "$new" &&
		where tc filter add dev "$iface" ingress prio 77 handle "0x$handle" bpf direct-action object-pinned "$new" &&
		same "$(filters)" "$(printf 'pref 30\npref 77')"
}
is_moved() {
	find "$BPFFS/link" -type f
	same "$(json '.links[] | "\(.priority) \(.state)"' list links)" "77 attached" && same "$(filters)" "pref 77" &&
		same "$(find "$BPFFS/link" -type f ! -name '*=' | wc -l)" 1
}
finishes_a_move() {
	iface=$2
	move=half_a_move$1
	shift 2
	is "clsact_makes_$move" half_moved "$@"
	is "clsact_starts_with_$move" daemon_start
	is "clsact_finishes_$move" within 3 is_moved
	is "clsact_updates_after_$move" ctl update "$link" --priority 40
	is "clsact_detaches_after_$move" detach_listed
	is "clsact_leaves_nothing_of_$move" same "$(find "$BPFFS/link" -type f)$(filters)" ""
	is "clsact_stops_after_$move" daemon_stop TERM
}

# How long a life takes here: a machine may be fifty times slower than another.
life_ms() {
	began=$(date +%s%N)
	life >/dev/null 2>&1
	echo $((($(date +%s%N) - began) / 1000000))
}

rounds() {
	is "$1_starts" daemon_start
	is "$1_loads" ctl load "$OBJECT"
	whole=$(life_ms)
	is "$1_leaves_nothing_of_a_whole_life" nothing_there
	i=0
	while [ "$i" -lt "$ROUNDS" ]; do
		is "$1_survives_kill_$((i + 1))_of_$ROUNDS" round $((1 + i * whole / ROUNDS))
		i=$((i + 1))
	done
	is "$1_still_attaches" ctl attach step_1 tc "$VETH" --direction ingress
	leaks_note
	is "$1_stops" daemon_stop TERM
	# The kernel empties an array that nobody has open, and loses a reference when who looks at it by its number
	# closes it again twice meanwhile (prog_array_map_clear()).
	sleep 1
	is "$1_leaves_nothing" leaks_none
	is "$1_leaves_nothing_on_the_hook" same "$(on_hook)" ""
}

net_pair || bail "cannot make a network namespace and veth pair"
rounds auto
ROOT=$WORK/clsact
mkdir -p "$ROOT/etc"
printf '[tc]\nbackend = "clsact"\n' >"$ROOT/etc/bpfd.toml"
is clsact_starts_for_moves daemon_start
is clsact_loads_for_moves ctl load "$OBJECT"
finishes_a_move "" "$VETH"
is clsact_starts_for_moves_elsewhere daemon_start
is clsact_loads_for_moves_elsewhere ctl load "$OBJECT"
finishes_a_move _elsewhere "$PEER" --netns "/run/netns/$NS"
rounds clsact
tap_end
