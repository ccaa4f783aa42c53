#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Load, attach, list, detach and unload for each attach kind, here and in another namespace.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
HITS=kinds_hits

kernel_sees_tc() {
	here bpftool -j net show dev "$VETH" | jq -e '.[0].tc | length > 0' >/dev/null
}

# kind NAME PROGRAM SLOT TRAFFIC ATTACH-ARGS...: shorter than that of lib/kinds.sh, for more ways of each
kind() {
	name=$1 program=$2 slot=$3 traffic=$4 failed=$TAP_FAILED
	shift 4
	is "attaches_$name" ctl attach "$program" "$@"
	is "${name}_runs" moves "$slot" "$traffic"
	link=$(link_of "$program")
	is "lists_the_link_of_$name" says attached ctl get link "$link"
	is "gets_the_program_of_$name" says "$program" ctl get program "$program"
	leaks_note
	is "detaches_$name" ctl detach "$link"
	is "${name}_no_longer_runs" stands_still "$slot" "$traffic"
	is "${name}_is_not_listed" same "$(link_of "$program")" ""
	[ "$TAP_FAILED" -ne "$failed" ] || kindtable "$1" works
}

net_pair || bail "cannot make a network namespace and veth pair"
is "starts" daemon_start
is "loads_all_programs_of_an_object" ctl load "$OBJECTS/kinds.bpf.o" --metadata purpose=kinds \
	--global kinds_step=03000000
group=$(json '.programs[0].group' list programs)
is "six_programs_are_one_group" same "$(json "[.programs[] | select(.group == $group)] | length" list programs)" 6
is "lists_the_map" says kinds_hits ctl list maps
is "metadata_selects" same "$(json '.programs | length' list programs -l purpose=kinds)" 6
is "metadata_excludes" same "$(json '.programs | length' list programs -l purpose=other)" 0

no_tcx=$(json '.attach_kinds[] | select(.name == "tcx") | .unavailable // ""' status)
kind tracepoint on_tracepoint 0 /bin/true tracepoint sched/sched_process_exec
is "the_global_was_set" same "$(($(hits 0) % 3))" 0
kind raw_tracepoint on_raw_tp 1 /bin/true raw_tracepoint sched_process_exec
kind tp_btf on_tp_btf 2 /bin/true tp_btf sched_process_exec
if [ -n "$no_tcx" ]; then
	kindtable tcx refused "$(refusal ctl attach on_ingress tcx "$VETH" --direction ingress)"
else
	kind tcx_ingress on_ingress 4 net_traffic tcx "$VETH" --direction ingress
	kind tcx_egress on_egress 5 net_traffic tcx "$VETH" --direction egress
fi
kind xdp on_xdp 3 net_traffic xdp "$VETH"
kind xdp_native on_xdp 3 net_traffic xdp "$VETH" --mode native
kind xdp_skb on_xdp 3 net_traffic xdp "$VETH" --mode skb
kind tc_ingress on_ingress 4 net_traffic tc "$VETH" --direction ingress
kind tc_egress on_egress 5 net_traffic tc "$VETH" --direction egress
netns=/run/netns/$NS
kind xdp_in_netns on_xdp 3 net_traffic xdp "$PEER" --netns "$netns"
kind tc_ingress_in_netns on_ingress 4 net_traffic tc "$PEER" --direction ingress --netns "$netns"
kind tc_egress_in_netns on_egress 5 net_traffic tc "$PEER" --direction egress --netns "$netns"

is "a_dry_run_attaches_nothing" ctl attach on_xdp xdp "$VETH" --dry-run
is "after_a_dry_run_no_link" same "$(json '.links | length' list links)" 0

is "two_tc_programs_share_a_hook" ctl attach on_ingress tc "$VETH" --direction ingress --priority 10
is "the_second_comes_after" ctl attach on_egress tc "$VETH" --direction ingress --priority 90
is "both_run" moves 4 net_traffic
is "the_later_one_runs_too" moves 5 net_traffic
is "attaches_xdp_beside_them" ctl attach on_xdp xdp "$VETH"
is "a_second_xdp_program_is_refused" exits 6 ctl attach on_xdp xdp "$VETH"
leaks_note
is "unloads_the_group_with_its_links" ctl unload --group "$group"
is "nothing_is_listed" same "$(json '.programs + .links | length' list programs)" 0
is "the_hook_is_free" not kernel_sees_tc
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none

printf '[tc]\nbackend = "clsact"\n' >"$WORK/toml"
ROOT=$WORK/clsact
mkdir -p "$ROOT/etc"
cp "$WORK/toml" "$ROOT/etc/bpfd.toml"
is "starts_for_clsact" daemon_start
is "loads_for_clsact" ctl load "$OBJECTS/kinds.bpf.o"
group=$(json '.programs[0].group' list programs)
kind clsact_ingress on_ingress 4 net_traffic tc "$VETH" --direction ingress
kind clsact_egress on_egress 5 net_traffic tc "$VETH" --direction egress
kind clsact_in_netns on_ingress 4 net_traffic tc "$PEER" --direction ingress --netns "$netns"
is "attaches_clsact_to_be_taken_down" ctl attach on_ingress tc "$VETH" --direction ingress
is "the_kernel_shows_the_filter" kernel_sees_tc
leaks_note
is "stops_with_a_filter_attached" daemon_stop TERM
is "the_filter_is_gone" not kernel_sees_tc
is "the_qdisc_is_gone" not says clsact here tc qdisc show dev "$VETH"
is "nothing_of_clsact_is_left" leaks_none
tap_end
