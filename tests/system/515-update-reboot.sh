#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A persistent link that was changed comes back as it was changed; a change that was interrupted is
# there as a whole or not at all, at once and after a reboot.
# limit: 300 s
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
# shellcheck source=../lib/flood.sh
. "$SRC/tests/lib/flood.sh"
# shellcheck source=../lib/reboot.sh
. "$SRC/tests/lib/reboot.sh"
begin
HITS=swap_hits
OBJECT=$OBJECTS/swap.bpf.o

link_is() { same "$(json ".links[] | select(.id == $1) | \"\\(.program_name) \\(.priority) \\(.state)\"" list links)" "$2 $3 attached"; }

# What the kernel has, whatever bpfd says: a packet to port 7007, and whose counter it moves.
dropped_by() {
	before_a=$(hits 0) before_b=$(hits 1)
	packets 3
	sleep 0.1
	[ "$(hits 0)" -eq "$before_a" ] || printf a
	[ "$(hits 1)" -eq "$before_b" ] || printf b
}
drops_by() { same "$(dropped_by)" "$1"; }

net_pair || bail "cannot make a network namespace and veth pair"
is "starts" daemon_start
is "loads" ctl load --persistent "$OBJECT"
is "loads_for_this_boot" ctl load "$OBJECT"
group=1
prog() { json ".programs[] | select(.group == ${2:-1} and .name == \"$1\") | .id" list programs; }
is "attaches_tc" ctl attach "$(prog filter_a)" tc "$VETH" --direction ingress --priority 40
is "attaches_a_tracepoint" ctl attach "$(prog exec_a)" tracepoint sched/sched_process_exec
tc=1 tp=2

# ---- changed, and back after a reboot ----
is "a_program_that_does_not_come_back_is_refused" says "load it with --persistent" \
	ctl update "$tc" --program "$(prog filter_b 2)"
is "replaces_the_program" ctl update "$tc" --program "$(prog filter_b)"
is "a_dry_run_would_move_it" ctl update "$tc" --priority 70 --dry-run
is "moves_it" ctl update "$tc" --priority 70
is "replaces_where_the_kernel_cannot" ctl update "$tp" --program "$(prog exec_b)"
is "and_the_kernel_has_it" drops_by b
known=$(listing)
is "a_reboot" reboot
is "starts_after_it" daemon_start
is "the_changed_links_are_back" within 5 lists_the_same
is "tc_is_the_changed_one" link_is "$tc" filter_b 70
is "and_in_the_kernel" drops_by b
is "a_second_reboot" reboot
is "starts_again" daemon_start
is "they_are_back_again" within 5 lists_the_same
is "changes_it_back" ctl update "$tc" --program "$(prog filter_a)" --priority 40
is "lists_it_so" link_is "$tc" filter_a 40

# ---- cut between the kernel's change and the store's ----
# The loader has the request while it sleeps, and answers an API that sleeps.
# cut WHO ARGS...: WHO ("api", "loader api", "all") is killed then.
cut() {
	who=$1
	shift
	api=$(child bpfd-api) loader=$(child bpfd-loader)
	freeze "$loader" || return 1
	ctl -q update "$tc" "$@" >"$WORK/cut" 2>&1 &
	asker=$!
	sleep 0.4
	freeze "$api" || return 1
	thaw "$loader"
	changed_there=0
	if [ "$changed" = priority ]; then sleep 0.3; else within 3 drops_by b || changed_there=1; fi
	case $who in
	api) kill -s KILL "$api" ;;
	"loader api") kill -s KILL "$loader" "$api" ;;
	all) kill_daemon && exits 0 daemon_start ;;
	reboot) reboot && exits 0 daemon_start ;;
	esac
	! wait "$asker" && [ "$changed_there" -eq 0 ]
}

i=0
for who in api "loader api" all reboot; do
	for changed in program priority both; do
		i=$((i + 1))
		case $changed in
		program) set -- --program "$(prog filter_b)" ;;
		priority) set -- --priority 90 ;;
		both) set -- --program "$(prog filter_b)" --priority 90 ;;
		esac
		is "cut_${i}_of_$(echo "$who" | tr ' ' _)_is_not_a_success" cut "$who" "$@"
		is "the_link_is_as_before_cut_$i" within 8 link_is "$tc" filter_a 40
		is "and_so_is_the_kernel_after_cut_$i" within 5 drops_by a
		is "fsck_finds_nothing_after_cut_$i" not says differs ctl fsck
	done
done
is "the_link_has_one_pin" same "$(find "$BPFFS/link" -type f -name "$tc*" ! -name '*=' | wc -l)" 1
is "it_can_be_changed_after_all_that" ctl update "$tc" --program "$(prog filter_b)" --priority 60
is "a_last_reboot" reboot
is "starts_at_last" daemon_start
is "it_is_the_last_change" within 5 link_is "$tc" filter_b 60
is "in_the_kernel_too" within 5 drops_by b

# ---- killed at random ----
: "${UPDATE_KILLS:=12}"
i=0
whole() {
	now=$(json ".links[] | select(.id == $tc) | \"\\(.program_name) \\(.priority)\"" list links)
	case $now in
	"filter_a 40") drops_by a ;;
	"filter_b 60") drops_by b ;;
	*) echo "the link is $now" && return 1 ;;
	esac
}
while [ "$i" -lt "$UPDATE_KILLS" ]; do
	if [ $((i % 2)) -eq 0 ]; then next="$(prog filter_a) --priority 40"; else next="$(prog filter_b) --priority 60"; fi
	# shellcheck disable=SC2086
	ctl -q update "$tc" --program $next >/dev/null 2>&1 &
	asker=$!
	sleep "0.0$((i % 4))$((i % 10))"
	if [ $((i % 3)) -eq 2 ]; then kill_daemon; else kill -s KILL "$(child bpfd-loader)" "$(child bpfd-api)" 2>/dev/null || :; fi
	wait "$asker" || :
	[ -n "$BPFD_PID" ] || exits 0 daemon_start || break
	within 8 whole || break
	i=$((i + 1))
done
is "killed_${UPDATE_KILLS}_times_it_is_one_or_the_other" test "$i" -eq "$UPDATE_KILLS"
leaks_note
is "unloads" ctl unload --group 1
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
