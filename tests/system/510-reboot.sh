#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was loaded to be persistent comes back after a reboot: for bpfd that is a bpffs without a pin.
# REBOOTS=n for another number, with a SIGKILL at a random moment of each restoration.
# limit: 600 s
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/reboot.sh
. "$SRC/tests/lib/reboot.sh"
begin

hits() { bpftool -j map lookup pinned "$BPFFS/map/$group/kinds_hits" key 0 0 0 0 | jq -r .formatted.value; }
runs() {
	before=$(hits)
	/bin/true
	[ "$(hits)" -gt "$before" ]
}

net_pair || bail "cannot make a network namespace and veth pair"
is "starts" daemon_start
is "the_key_is_roots_alone" same "$(stat -c '%u %a %s' "$ROOT/state/restore.key")" "0 400 32"
is "loads_for_good" ctl load --persistent --metadata owner=me "$OBJECTS/kinds.bpf.o"
group=$(json '.programs[0].group' list programs)
is "loads_with_its_maps" ctl load --persistent --map-owner "$group" "$OBJECTS/kinds.bpf.o" --program on_egress
is "loads_for_this_boot" ctl load "$OBJECTS/core.bpf.o"
id() { json ".programs[] | select(.group == $group and .name == \"$1\") | .id" list programs; }
is "attaches_a_tracepoint" ctl attach "$(id on_tracepoint)" tracepoint sched/sched_process_exec
is "attaches_xdp" ctl attach "$(id on_xdp)" xdp "$VETH" --priority 70
is "attaches_tc" ctl attach "$(id on_ingress)" tc "$VETH" --direction ingress
known=$(listing)
is "it_counts" runs

is "a_reboot" reboot
is "starts_after_it" daemon_start
is "everything_is_back" within 10 lists_the_same
is "and_counts" runs
is "the_tracepoint_is_attached_in_the_kernel" says perf_event bpftool link show pinned "$BPFFS/link/1"
is "xdp_is_attached_in_the_kernel" says xdp here ip link show dev "$VETH"
is "what_was_not_persistent_is_lost" says lost ctl list programs
is "and_says_why" says persistent ctl list programs -o wide
shared=$(bpftool -j map show pinned "$BPFFS/map/$group/kinds_hits" | jq .id)
is "shares_the_map_of_its_owner" same "$(json ".programs[] | select(.group == 2) | .map_ids | index($shared) != null" list programs)" true
is "fsck_finds_what_is_lost" says lost ctl fsck
is "and_its_status_tells" exits 1 ctl fsck
is "repair_drops_what_never_comes_back" says dropped ctl fsck --repair
is "then_nothing_is_wrong" ctl fsck
is "and_that_is_said" says "nothing is wrong" ctl fsck
old=$(child bpfd-loader)
kill -s KILL "$old"
is "a_restart_finds_the_new_pins" within 5 lists_the_same
is "and_they_run" within 5 runs

ip -n "$HERE" link del "$VETH"
is "a_reboot_without_the_interface" reboot
is "starts_without_it" daemon_start
is "the_tracepoint_comes_back" within 10 runs
two_lost() { same "$(json '[.links[] | select(.state == "lost")] | length' list links)" 2; }
is "the_other_links_are_lost" within 5 two_lost
is "and_say_why" says "not attached again" ctl list links -o wide
: "${REBOOTS:=20}"
i=0
while [ "$i" -lt "$REBOOTS" ]; do
	i=$((i + 1))
	reboot || break
	exits 0 daemon_start || break
	# The restoration has begun or not, or is over: whichever, it is whole after the next start.
	victim=$(child bpfd-loader)
	[ $((i % 2)) -eq 0 ] || victim=$(child bpfd-api)
	[ -z "$victim" ] || kill -s KILL "$victim" 2>/dev/null || :
	within 10 runs || break
done
is "killed_${REBOOTS}_times_while_it_restores" test "$i" -eq "$REBOOTS"
# The last one was killed too, and one group that runs says nothing of the others.
groups_whole() { same "$(json '[.programs[] | select(.persistent)] | map(.state) | unique | tojson' list programs)" '["loaded"]'; }
is "the_groups_are_whole" within 10 groups_whole
is "nothing_is_there_twice" same "$(find "$BPFFS/prog" -type f | wc -l)" "$(json '[.programs[] | select(.state == "loaded")] | length' list programs)"

is "fsck_finds_links_without_interface" exits 1 ctl fsck
is "repair_keeps_what_may_come_back" says stays ctl fsck --repair
ip -n "$HERE" link add "$VETH" type veth peer name "p$VETH"
ip -n "$HERE" link set "$VETH" up
is "repair_attaches_again" ctl fsck --repair
is "all_links_are_attached" same "$(json '[.links[].state] | unique | tojson' list links)" '["attached"]'
is "the_kernel_has_them" says xdp here ip link show dev "$VETH"

ip -n "$HERE" link del "$VETH"
ip -n "$HERE" link add "$VETH" type veth peer name "p$VETH"
is "an_interface_that_was_replaced_is_found" says "lost" ctl fsck
is "and_repaired_without_a_restart" ctl fsck --repair
is "by_the_same_links" same "$(json '[.links[] | {id, state}] | tojson' list links)" \
	'[{"id":1,"state":"attached"},{"id":2,"state":"attached"},{"id":3,"state":"attached"}]'

chmod 600 "$ROOT/state/restore.key"
head -c 32 /dev/urandom >"$ROOT/state/restore.key"
chmod 400 "$ROOT/state/restore.key"
is "a_reboot_with_another_key" reboot
is "starts_with_another_key" daemon_start
is "nothing_is_loaded_by_its_tokens" within 5 says "token" ctl list programs -o wide
is "and_it_is_logged" grep -q 'loader.token' "$LOG"
is "stops" daemon_stop TERM
tap_end
