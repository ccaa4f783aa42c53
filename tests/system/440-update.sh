#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Links get another program and another place while packets that must not pass come without end.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
# shellcheck source=../lib/flood.sh
. "$SRC/tests/lib/flood.sh"
begin
trap 'flood_stop; finish' EXIT
HITS=swap_hits
OBJECT=$OBJECTS/swap.bpf.o
TIMES=${UPDATE_TIMES:-200}

dropped() { echo $(($(hits 0) + $(hits 1))); }
some_dropped() { [ "$(dropped)" -gt "${1:-0}" ]; }

# replaced LINK A B: the program of the link, in turns, as often as $TIMES says.
replaced() {
	i=0
	while [ "$i" -lt "$TIMES" ]; do
		[ $((i % 2)) -eq 0 ] && next=$3 || next=$2
		ctl -q update "$1" --program "$next" || return 1
		i=$((i + 1))
	done
}
# moved LINK P Q: the same for its priority, a quarter as often.
moved() {
	i=0
	while [ "$i" -lt "$TIMES" ]; do
		ctl -q update "$1" --priority "$3" && ctl -q update "$1" --priority "$2" || return 1
		i=$((i + 8))
	done
}
# set_changed LINK: its proceed-on set, none of which lets what is dropped pass.
set_changed() {
	i=0
	while [ "$i" -lt "$TIMES" ]; do
		for set in ok unspec pipe,ok pipe,dispatcher_return; do
			ctl -q update "$1" --proceed-on "$set" || return 1
			i=$((i + 4))
		done
	done
}
program_of() { json ".links[] | select(.id == $1) | .program_name" list links; }
priority_of() { json ".links[] | select(.id == $1) | .priority" list links; }
both_dropped() { [ "$(hits 0)" -gt 0 ] && [ "$(hits 1)" -gt 0 ]; }
none_passed() { same "$(hits 2)" 0; }
forget_passed() { bpftool map update pinned "$BPFFS/map/$group/swap_hits" key 2 0 0 0 value 0 0 0 0 0 0 0 0; }
program_is() { same "$(program_of "$link")" "$1"; }
priority_is() { same "$(priority_of "$link")" "$1"; }
link_is_that_of() { same "$(link_of "$1")" "$link"; }
same_as_told() { same "$(program_of "$link") $(priority_of "$link")" "$1 $2"; }
# order: that in which the last packets met order_*.
order() { net_traffic 2 && hits 3; }
is_order() { same "$(order)" "$1"; }

# under_traffic NAME A B KIND ARGS...: A is attached so, and nothing passes while A and B change places.
under_traffic() {
	name=$1 a=$2 b=$3
	shift 3
	is "loads_for_$name" ctl load "$OBJECT"
	group=$(json '.programs[0].group' list programs)
	is "counts_behind_$name" ctl attach passed tc "$VETH" --direction ingress --priority 900
	flood_start
	is "packets_pass_before_$name" flows 2
	is "attaches_$name" ctl attach "$a" "$@"
	link=$(calm link_of "$a")
	is "${name}_drops" flows 0
	calm forget_passed
	is "${name}_is_tried_by_a_dry_run" ctl update "$link" --program "$b" --dry-run
	is "a_dry_run_changes_nothing_of_$name" calm program_is "$a"
	is "${name}_is_replaced_${TIMES}_times" replaced "$link" "$a" "$b"
	is "${name}_drops_by_both" calm both_dropped
	is "nothing_passed_while_${name}_was_replaced" calm none_passed
	is "${name}_has_a_link_of_the_same_number" calm link_is_that_of "$a"
	is "${name}_moves_under_traffic" moved "$link" 40 60
	is "nothing_passed_while_${name}_moved" calm none_passed
	if [ "$1" = tc ]; then
		is "${name}_changes_its_set_under_traffic" set_changed "$link"
		is "nothing_passed_while_${name}_changed_its_set" calm none_passed
		is "a_set_with_what_${name}_returns_lets_pass" ctl update "$link" --proceed-on shot
		is "the_packets_pass_then_by_$name" flows 2
		is "and_the_default_stops_them_by_$name" ctl update "$link" --proceed-on pipe,dispatcher_return
		calm forget_passed
	fi
	is "${name}_has_its_last_priority" calm priority_is 40
	is "program_and_priority_of_${name}_change_together" ctl update "$link" --program "$b" --priority 70
	is "nothing_passed_then_either_by_$name" calm none_passed
	is "${name}_still_drops" flows 1
	kill -s KILL "$(child bpfd-loader)" "$(child bpfd-api)"
	is "${name}_is_so_after_a_restart" calm within 3 same_as_told "$b" 70
	is "${name}_is_replaced_after_a_restart" within 3 ctl update "$link" --program "$a"
	kill_daemon
	is "${name}_drops_without_bpfd" flows 0
	is "nothing_passes_without_bpfd_by_$name" calm none_passed
	is "starts_again_with_$name" daemon_start
	is "${name}_is_so_in_a_new_daemon" calm same_as_told "$a" 70
	is "nothing_passed_at_last_by_$name" calm none_passed
	flood_stop
	leaks_note
	is "detaches_$name" ctl detach "$link"
	is "unloads_after_$name" ctl unload --group "$group"
	is "nothing_is_left_on_the_interface_by_$name" not says '"id":' here bpftool -j net show dev "$VETH"
}

net_pair || bail "cannot make a network namespace and veth pair"
is "starts" daemon_start
no_tcx=$(json '.attach_kinds[] | select(.name == "tcx") | .unavailable // ""' status)
under_traffic tc filter_a filter_b tc "$VETH" --direction ingress
under_traffic xdp xdp_a xdp_b xdp "$VETH"

# ---- order, beside a link of another tool ----
is "loads_for_the_order" ctl load "$OBJECT"
group=$(json '.programs[0].group' list programs)
is "attaches_the_first" ctl attach order_1 tc "$VETH" --direction ingress --priority 10
is "attaches_the_second" ctl attach order_2 tc "$VETH" --direction ingress --priority 20
is "they_run_in_order" is_order 12
first=$(link_of order_1)
is "the_first_becomes_the_last" ctl update "$first" --priority 30
is "they_run_in_the_other_order" is_order 21
is "and_back" ctl update "$first" --priority 10
is "they_run_in_order_again" is_order 12
if [ -z "$no_tcx" ]; then
	third=$(json '.programs[] | select(.name == "order_3") | .id' list programs)
	ifindex=$(here cat "/sys/class/net/$VETH/ifindex" 2>/dev/null || ip -n "$HERE" -o link show "$VETH" | sed 's/:.*//')
	nsenter --net="/run/netns/$HERE" -- python3 "$SRC/tests/lib/tcx_foreign.py" "$BPFFS/prog/$group-$third" \
		"$ifindex" "$WORK/there" &
	FOREIGN_PID=$!
	is "another_tool_attaches_its_own" within 5 test -e "$WORK/there"
	is "its_program_runs_where_it_put_it" is_order 123
	is "ours_are_moved_beside_it" ctl update "$first" --priority 30
	is "ours_are_in_order_and_theirs_is_where_it_was" is_order 213
	is "the_second_is_replaced_beside_it" ctl update "$(link_of order_2)" --program filter_a
	is "the_rest_stays_in_order" is_order 13
	is "a_program_that_another_tool_has_there_is_refused" exits 6 ctl update "$first" --program order_3 --proceed-on unspec
	kill "$FOREIGN_PID"
	wait "$FOREIGN_PID" 2>/dev/null || :
fi
ctl unload --group "$group"

# ---- a kind whose links keep their program: the new one comes before the old one goes ----
is "loads_for_tracepoints" ctl load "$OBJECT"
group=$(json '.programs[0].group' list programs)
is "attaches_to_a_tracepoint" ctl attach exec_a tracepoint sched/sched_process_exec
link=$(link_of exec_a)
cp /bin/true "$WORK/swapexec"
(
	n=0
	while [ "$n" -lt 400 ]; do
		"$WORK/swapexec"
		n=$((n + 1))
	done
) &
runs=$!
TIMES=20
is "a_tracepoints_program_is_replaced" replaced "$link" exec_a exec_b
wait "$runs"
all_seen() { [ $(($(hits 4) + $(hits 5))) -ge 400 ] && [ "$(hits 4)" -gt 0 ]; }
is "every_execution_was_seen" all_seen
is "the_link_has_one_pin" same "$(find "$BPFFS/link" -type f | wc -l)" 1

# ---- what is refused ----
is "another_type_is_refused" says "only one of its type" ctl update "$link" --program filter_a
is "no_change_is_refused" exits 2 ctl update "$link"
is "no_such_link_is_not_found" exits 3 ctl update 999999 --priority 3
is "no_such_program_is_not_found" exits 3 ctl update "$link" --program nothing
is "a_priority_that_is_none_is_refused" exits 2 ctl update "$link" --priority 1001
is "a_tracepoint_has_no_proceed_on" exits 1 ctl update "$link" --proceed-on pass
is "the_same_again_is_success" ctl update "$link" --program "$(program_of "$link")"
if [ -z "$no_tcx" ]; then
	is "a_set_that_the_hook_does_not_honour_is_refused" says "the next program runs after" \
		ctl attach filter_a tcx "$VETH" --direction ingress --proceed-on ok,shot
	is "one_that_it_does_is_taken" ctl attach filter_a tcx "$VETH" --direction ingress --proceed-on unspec
	is "it_is_listed" same "$(json '.links[] | select(.program_name == "filter_a") | .proceed_on[0]' list links)" unspec
	is "it_is_refused_in_an_update_too" says "the next program runs after" \
		ctl update "$(link_of filter_a)" --proceed-on shot
fi
leaks_note
is "unloads_all" ctl unload --group "$group"
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none

# ---- clsact ----
printf '[tc]\nbackend = "clsact"\n' >"$WORK/toml"
ROOT=$WORK/clsact
mkdir -p "$ROOT/etc"
cp "$WORK/toml" "$ROOT/etc/bpfd.toml"
TIMES=${UPDATE_TIMES:-200}
is "starts_for_clsact" daemon_start
under_traffic clsact filter_a filter_b tc "$VETH" --direction ingress
is "the_qdisc_of_clsact_is_gone" not says clsact here tc qdisc show dev "$VETH"
is "stops_with_clsact" daemon_stop TERM
is "nothing_of_clsact_is_left" leaks_none
tap_end
