#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A little of everything, in seconds: what CI runs on the other kernels.  Some attach kinds, a tracer, a chain
# of XDP programs beside xdp-loader, and nothing left.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
HITS=kinds_hits

# short PROGRAM SLOT TRIGGER KIND TARGET [ARG...]: attach, runs, listed, detached.
short() {
	program=$1 slot=$2 trigger=$3
	shift 3
	is "attaches_$1" ctl attach "$program" "$@"
	is "$1_runs" moves "$slot" "$trigger"
	is "$1_is_listed" same "$(link_facts "$program")" "$1 $2 attached"
	is "detaches_$1" ctl detach "$(link_of "$program")"
	is "$1_no_longer_runs" stands_still "$slot" "$trigger"
}
loader() { here xdp-loader "$@"; }
chain() { loader status "$VETH" | awk '$1 == "=>" { printf "%s:%s ", $3, $2 }'; }
runs() { bpftool -j map lookup pinned "$BPFFS/map/$group/chain_runs" key "$1" 0 0 0 | jq -r .formatted.value; }
traced() {
	ln -sf /bin/true "$WORK/smokeprobe"
	ctl -o json trace --tracer exec --filter 'comm = smokeprobe' --count 1 --duration 20 >"$WORK/events" &
	trace=$!
	while kill -0 "$trace" 2>/dev/null; do
		"$WORK/smokeprobe"
		sleep 0.2
	done
	wait "$trace"
	grep -q smokeprobe "$WORK/events"
}

net_pair || bail "cannot make a network namespace and veth pair"
is "the_network_answers" within 10 net_traffic 1
is "starts" daemon_start
is "loads" ctl load "$OBJECTS/kinds.bpf.o"
group=$(json '.programs[0].group' list programs)
short on_tracepoint 0 /bin/true tracepoint sched/sched_process_exec
short on_tp_btf 2 /bin/true tp_btf sched_process_exec
short on_ingress 4 net_traffic tc "$VETH" --direction ingress
short on_xdp 3 net_traffic xdp "$VETH"
is "traces_a_program" traced

is "loads_programs_for_a_chain" ctl load "$OBJECTS/chain.bpf.o"
group=$(json '.programs[] | select(.name == "chain_a") | .group' list programs)
if [ "$(bpftool -j prog show name chain_a | jq -r '[.] | flatten | .[0].type')" = ext ]; then
	is "attaches_a" ctl attach chain_a xdp "$VETH" --priority 30
	is "attaches_b_before_it" ctl attach chain_b xdp "$VETH" --priority 10
	is "xdp_loader_adds_one" loader load "$VETH" "$OBJECTS/kinds.bpf.o" -n on_xdp
	is "attaches_c_after_it" ctl attach chain_c xdp "$VETH" --priority 60
	is "xdp_loader_sees_four_in_order" same "$(chain)" "chain_b:10 chain_a:30 on_xdp:50 chain_c:60 "
	before=$(runs 2)
	net_traffic 5
	is "packets_come_to_the_last" [ "$(runs 2)" -ge "$((before + 5))" ]
	for name in chain_b chain_c chain_a; do is "detaches_$name" ctl detach "$(link_of "$name")"; done
	is "the_foreign_one_stays" same "$(chain)" "on_xdp:50 "
else
	is "attaches_one_by_a_link" ctl attach chain_a xdp "$VETH"
	is "refuses_the_second_and_says_why" says freplace ctl attach chain_b xdp "$VETH"
fi
leaks_note
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
