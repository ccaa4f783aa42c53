#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Any process may be killed: what is attached stays attached, and after a second at most the list is right.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

hits() { bpftool -j map lookup pinned "$BPFFS/map/$group/kinds_hits" key 0 0 0 0 | jq -r .formatted.value; }
runs() {
	before=$(hits)
	/bin/true
	[ "$(hits)" -gt "$before" ]
}
listing() {
	json '[.programs[] | {id, name, state, links}] | sort_by(.id) | tojson' list programs &&
		json '[.links[] | {id, program, state, kind, target}] | sort_by(.id) | tojson' list links
}
lists_the_same() { same "$(listing)" "$known"; }
another() { new=$(child "$1") && [ -n "$new" ] && [ "$new" != "$old" ]; }

net_pair || bail "cannot make a network namespace and veth pair"
is "starts" daemon_start
is "loads" ctl load "$OBJECTS/kinds.bpf.o"
group=$(json '.programs[0].group' list programs)
is "attaches_a_tracepoint" ctl attach on_tracepoint tracepoint sched/sched_process_exec
is "attaches_xdp" ctl attach on_xdp xdp "$VETH"
is "attaches_tc" ctl attach on_ingress tc "$VETH" --direction ingress
known=$(listing)

for name in bpfd-loader bpfd-api bpfd-linker; do
	is "${name}_runs" within 2 has_child "$name"
	old=$(child "$name")
	kill -s KILL "$old"
	is "${name}_killed_still_runs" runs
	is "${name}_is_started_again" within 2 another "$name"
	is "${name}_killed_lists_the_same" within 2 lists_the_same
	is "${name}_killed_still_attaches" ctl attach on_egress tc "$VETH" --direction egress
	is "${name}_killed_still_detaches" ctl detach "$(json '.links[] | select(.program_name == "on_egress") | .id' list links)"
	is "${name}_killed_still_loads" ctl load "$OBJECTS/core.bpf.o"
	is "${name}_killed_still_unloads" ctl unload core_exec
	is "${name}_restart_is_counted" within 2 says "" ctl status
done

both() { kill -s KILL "$(child bpfd-loader)" "$(child bpfd-api)"; }
is "loader_and_api_die_together" both
is "both_killed_lists_the_same" within 3 lists_the_same

pids=$(children)
kill -s KILL "$BPFD_PID"
wait "$BPFD_PID" 2>/dev/null || :
BPFD_PID=''
for pid in $pids; do
	is "the_supervisors_child_${pid}_ends_with_it" within 3 not kill -0 "$pid"
done
is "supervisor_killed_still_runs" runs
is "starts_again" daemon_start
is "supervisor_killed_lists_the_same" within 3 lists_the_same
is "and_still_detaches" ctl detach "$(json '.links[0].id' list links)"
leaks_note
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
