#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Somebody else detaches a link of ours by its number, as root may: it is noticed, logged and shown.
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
is "stops" daemon_stop TERM
tap_end
