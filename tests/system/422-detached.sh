#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Somebody else detaches a link of ours by its number, or takes it out of a chain, as root may: it is noticed,
# logged and shown.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

MOUNT=$(awk '{ for (i = 7; i < NF && $i != "-"; i++); if ($(i + 1) == "cgroup2" && $4 == "/") { print $5; exit } }' \
	/proc/self/mountinfo)
[ -n "$MOUNT" ] || skip_all "no cgroup2 is mounted"
CGROUP=$MOUNT/bpfd-detached-$$
mkdir "$CGROUP"
clean() {
	rmdir "$CGROUP" 2>/dev/null || :
	finish
}
trap clean EXIT

attached() { json '[.links[] | select(.state == "attached")] | length' list links; }
number() { json '.links[0].kernel_link_id' list links; }
has() { same "$(attached)" "$1"; }
logged() { grep -q 'link.detached:' "$LOG"; }

is "starts" daemon_start
is "loads" ctl load "$OBJECTS/cgroups.bpf.o"
is "attaches" ctl attach on_ingress cgroup_skb "$CGROUP"
is "it_is_attached" has 1
is "somebody_detaches_it" bpftool link detach id "$(number)"
is "it_is_noticed_without_being_asked" within 8 logged
is "it_is_shown" has 0

# Out of a chain: somebody takes one of two programs off its dispatcher.
unchained() { grep -q 'link.detached:.* out of the chain' "$LOG"; }
number_of() { here xdp-loader status "$VETH" | awk -v name="$1" '$3 == name { print $4 }'; }
net_pair || bail "cannot make a network namespace and veth pair"
is "loads_programs_of_a_chain" ctl load "$OBJECTS/chain.bpf.o"
if [ "$(bpftool -j prog show name chain_a | jq -r 'if type == "array" then .[0].type else .type end')" = ext ]; then
	is "attaches_one" ctl attach chain_a xdp "$VETH" --priority 10
	is "and_another" ctl attach chain_b xdp "$VETH" --priority 20
	is "somebody_takes_one_out" here xdp-loader unload "$VETH" -i "$(number_of chain_a)"
	is "it_is_noticed_too" within 8 unchained
	is "the_other_is_there" has 1
fi
is "stops" daemon_stop TERM
tap_end
