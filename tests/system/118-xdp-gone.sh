#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Namespaces and interfaces with a chain of libxdp's go while nobody, or nobody of bpfd's, looks: what it
# pinned goes too, but for what is still attached to an interface of the same number, or somebody else's.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin

XDP_DIR=/sys/fs/bpf/xdp
ids_of() { find "$XDP_DIR" -maxdepth 1 -name "dispatch-$1-*" 2>/dev/null | wc -l; }
has_dispatchers() { ctl list links >/dev/null; same "$(ids_of "$1")" "$2"; }
is_there() { same "$(json '[.links[] | select(.state == "attached")] | length' list links)" "$1"; }
runs_in() { ip netns exec "$1" bpftool -j net show dev "$2" | jq '[.[].xdp[]] | length'; }
# space NAME: a namespace with an interface x of number 77.
space() {
	ip netns add "$1" && ip -n "$1" link add x index 77 type veth peer name y &&
		ip -n "$1" link set x up && ip -n "$1" link set y up
}

is "starts" daemon_start
is "loads" ctl load "$OBJECTS/chain.bpf.o"
if [ "$(bpftool -j prog show name chain_a | jq -r 'if type == "array" then .[0].type else .type end')" != ext ]; then
	skip "what_libxdp_pinned_goes_with_its_interface" "this kernel refuses freplace (lockdown)"
	is "stops" daemon_stop TERM
	tap_end
	exit
fi
A=bpfdt$$x1 B=bpfdt$$x2 C=bpfdt$$x3 NET=3
for ns in $A $B $C; do is "makes_$ns" space "$ns"; done
for ns in $A $B $C; do
	is "attaches_a_in_$ns" ctl attach chain_a xdp x --netns "/run/netns/$ns"
	is "attaches_b_in_$ns" ctl attach chain_b xdp x --netns "/run/netns/$ns"
done
is "three_interfaces_of_one_number" has_dispatchers 77 3

ip netns del "$A"
is "a_namespace_takes_what_libxdp_pinned_along" within 5 has_dispatchers 77 2
is "and_its_links" is_there 4
ip -n "$B" link del x
is "so_does_an_interface_in_another_namespace" within 5 has_dispatchers 77 1
is "and_the_last_one_works" same "$(runs_in "$C" x)" 1

space "$A" && ip -n "$B" link add x index 77 type veth peer name y && ip -n "$B" link set x up
for ns in $A $B; do
	is "attaches_again_in_$ns" ctl attach chain_a xdp x --netns "/run/netns/$ns"
done
is "somebody_else_adds_to_one" nsenter --net="/run/netns/$B" -- \
	xdp-loader load x "$OBJECTS/kinds.bpf.o" -n on_xdp
is "three_again" has_dispatchers 77 3
kill_daemon
ip netns del "$A"
ip netns del "$B"
is "starts_after_a_crash" daemon_start
is "what_went_while_all_were_dead_leaves_only_what_is_somebody_elses" within 5 has_dispatchers 77 2
is "and_the_links_that_are" is_there 2
is "the_one_that_is_attached_works" same "$(runs_in "$C" x)" 1
for id in $(json '.links[].id' list links); do is "detaches_$id" ctl detach "$id"; done
is "stops" daemon_stop TERM
find "$XDP_DIR" -maxdepth 1 -name 'dispatch-77-*' -exec sh -c 'rm -f "$1"/* && rmdir "$1"' - {} \;
tap_end
