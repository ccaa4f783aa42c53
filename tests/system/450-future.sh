#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Interfaces that come and go: attach to those that fit, as they come; renamed, removed, moved; bursts, and
# every process killed in them.
# limit: 400 s
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
OBJECT=$OBJECTS/kinds.bpf.o
BURST=${FUTURE_BURST:-200}

ip_here() { ip -n "$HERE" "$@"; }
add() { for name in "$@"; do ip_here link add "$name" type veth peer name "z$name" || return 1; done; }
del() { for name in "$@"; do ip_here link del "$name" || return 1; done; }
# on LINK: the interfaces of a wish, sorted, in one line.
on() { json "[.links[] | select(.by == $1) | .target] | sort | join(\" \")" list links; }
is_on() { same "$(on "$1")" "$2"; }
wish() { json ".links[] | select(.future and .target == \"$1\") | .id" list links; }
is_state() { same "$(state "$1")" "$2"; }
facts_are() { same "$(link_facts "$1")" "$2"; }
state() { json ".links[] | select(.id == $1) | .state" list links; }
failure() { json ".links[] | select(.id == $1) | .failures | tojson" list links; }
programs_on() { here bpftool -j net show dev "$1" | jq '[.[] | (.xdp, .tc)[]?] | length'; }
# TCX is not what every bpftool knows: for those list and pins have to agree.
has_links() { same "$(json "[.links[] | select(.target == \"$1\" and (.future | not))] | length" list links)" "$2"; }
has_programs() { same "$(programs_on "$1")" "$2"; }
# Each pin of a link is one of list, and none of list has no pin.
pins_agree() {
	same "$(find "$BPFFS/link" -type f -printf '%f\n' | sed 's/[-+~=].*//' | sort -un | xargs)" \
		"$(json '[.links[] | select(.state == "attached") | .id] | sort | .[]' list links | xargs)"
}
has_tcx() { [ -z "$(json '.attach_kinds[] | select(.name == "tcx") | .unavailable // ""' status)" ]; }
kill_child() { kill -s KILL "$(child "$1")"; }
counter() { json ".counters[] | select(.name == \"$1\") | .value" status -o wide; }

is "starts" daemon_start
is "loads" ctl load "$OBJECT"
group=$(json '.programs[0].group' list programs)

# ---- a pattern without --future ----
is "a_pattern_that_nothing_fits_is_not_found" exits 3 ctl attach on_ingress tc 'ga*' --direction ingress
add ga0 ga1 gb0
is "the_hint_names_future" says "--future" ctl attach on_ingress tc 'gz*' --direction ingress
is "a_pattern_attaches_to_all_that_fit" ctl attach on_ingress tc 'ga*' --direction ingress
is "each_has_a_link_of_its_own" same "$(json '[.links[].target] | sort | join(" ")' list links)" "ga0 ga1"
is "another_one_does_not" has_links gb0 0
add ga2
is "what_comes_later_is_left_alone" has_links ga2 0
is "partly_done_has_its_exit_status" exits 7 ctl attach on_ingress tc 'ga*' --direction ingress
is "and_has_done_the_rest" has_links ga2 1
is "all_refused_has_the_status_of_the_reason" exits 6 ctl attach on_ingress tc 'ga*' --direction ingress
# shellcheck disable=SC2046
is "detaches_them" ctl detach $(json '.links[].id' list links)
del ga0 ga1 ga2

# ---- a wish ----
add va0
is "a_dry_run_says_where_to" says "would be attached" ctl attach on_xdp xdp 'va*' --future --dry-run
is "and_attaches_nothing" has_programs va0 0
is "and_keeps_nothing" same "$(json '.links | length' list links)" 0
is "attaches_to_what_will_come" ctl attach on_xdp xdp 'va*' --future --priority 33 --metadata for=test
w=$(wish 'va*')
is "it_is_not_asked_for_twice" exits 6 ctl attach on_xdp xdp 'va*' --future
is "it_is_listed_as_waiting" same "$(state "$w")" waiting
is "what_is_there_is_attached_when_it_answers" is_on "$w" va0
is "by_a_link_in_the_kernel" has_programs va0 1
# By libxdp's dispatcher each takes a process, and what libxdp pinned is nobody's but libxdp's to show.
XDP_BACKEND=$(json ".links[] | select(.by == $w) | .backend" list links)
[ "$XDP_BACKEND" != dispatcher ] || BURST=${FUTURE_BURST:-8}
xdp_pins() { find /sys/fs/bpf/xdp -maxdepth 1 -name 'dispatch-*' 2>/dev/null | wc -l; }
# xdp_pins_are N: of that many interfaces.
xdp_pins_are() { [ "$XDP_BACKEND" != dispatcher ] || same "$(xdp_pins)" "$1"; }
is "which_has_its_priority_and_metadata" same \
	"$(json ".links[] | select(.by == $w) | \"\\(.priority) \\(.metadata.for)\"" list links)" "33 test"
is "status_counts_it" same "$(json .waiting status)" 1
add va1 vb1
is "one_that_comes_is_attached" within 2 is_on "$w" "va0 va1"
is "in_the_kernel" has_programs va1 1
is "one_of_another_name_is_not" has_programs vb1 0
is "its_links_go_with_it_alone" says "detach that one" ctl detach "$(json ".links[] | select(.target == \"va1\") | .id" list links)"
is "nor_are_they_changed" exits 1 ctl update "$(json ".links[] | select(.target == \"va1\") | .id" list links)" --priority 5
is "nor_is_it" exits 1 ctl update "$w" --priority 5
is "pins_and_list_agree" pins_agree

# ---- names ----
ip_here link set vb1 name va7
is "one_that_gets_such_a_name_is_attached" within 2 is_on "$w" "va0 va1 va7"
ip_here link set va7 name vc7
is "one_that_loses_it_is_detached" within 2 is_on "$w" "va0 va1"
is "in_the_kernel_too" has_programs vc7 0
ip_here link set va1 name va9
is "one_that_still_fits_is_listed_by_its_new_name" within 2 is_on "$w" "va0 va9"
is "attaches_to_one_by_name" ctl attach on_ingress tc vc7 --direction ingress
x=$(link_of on_ingress)
ip_here link set vc7 name vd7
is "a_link_of_a_client_follows_its_interface" within 2 facts_are on_ingress "tc vd7 attached"

# ---- removal ----
del va9
is "a_removed_one_leaves_the_list" within 2 is_on "$w" va0
is "and_no_pin" pins_agree
is "nor_one_of_libxdp" within 5 xdp_pins_are 1
del vd7
is "the_link_of_a_client_is_lost" within 2 is_state "$x" lost
is "and_has_no_pin" pins_agree
is "it_is_detached" ctl detach "$x"

# ---- another namespace ----
NS=bpfdt$$x1 NET=1
ip netns add "$NS"
add va2
is "it_is_attached" within 2 is_on "$w" "va0 va2"
ip_here link set va2 netns "$NS"
is "one_that_leaves_for_another_namespace_is_detached" within 2 is_on "$w" va0
[ "$XDP_BACKEND" = dispatcher ] || is "there_too" same "$(ip netns exec "$NS" bpftool -j net show dev va2 | jq '[.[] | (.xdp, .tc)[]?] | length')" 0
# A client's link goes along where it is one of the kernel's.
leaves() {
	add vm1
	is "attaches_to_one_that_will_leave" ctl attach on_ingress tcx vm1 --direction ingress
	x=$(link_of on_ingress)
	ip_here link set vm1 netns "$NS"
	is "a_link_of_a_client_goes_along_and_says_so" within 2 elsewhere "attached true"
	is "its_pin_stays" pins_agree
	ip netns del "$NS"
	is "it_is_lost_with_the_namespace" within 5 elsewhere "lost true"
	is "with_its_pin" pins_agree
	is "that_is_detached_too" ctl detach "$x"
}
elsewhere() { same "$(json ".links[] | select(.id == $x) | \"\(.state) \(.elsewhere)\"" list links)" "$1"; }
if has_tcx; then
	leaves
else
	skip "a_link_of_a_client_goes_along" "this kernel has no TCX (Linux 6.6 has)"
	ip netns del "$NS"
fi
NET=0
is "nothing_of_libxdp_stays_behind" within 5 xdp_pins_are 1

# ---- a name that is not there yet, two wishes, another kind ----
is "waits_for_a_plain_name" ctl attach on_ingress tc lonely --direction ingress --future
is "that_is_listed_as_waiting" same "$(state "$(wish lonely)")" waiting
is "and_for_a_pattern_beside_it" ctl attach on_egress tc 'lone*' --direction egress --future
add lonely lonelier
is "the_name_is_attached" within 2 is_on "$(wish lonely)" lonely
is "the_pattern_too" within 2 is_on "$(wish 'lone*')" "lonelier lonely"
is "both_are_on_it" has_links lonely 2
is "the_same_wish_meets_what_is_there" ctl attach on_ingress tc 'lonely*' --direction ingress --future
is "and_says_so" says already ctl list links -o wide
is "detaches_the_second" ctl detach "$(wish 'lonely*')"
is "which_leaves_the_first" is_on "$(wish lonely)" lonely

# ---- processes die ----
kill_child bpfd-loader
is "a_new_loader_has_them_all" within 5 is_on "$w" va0
add va3
is "and_attaches_what_comes" within 5 is_on "$w" "va0 va3"
kill_child bpfd-api
add va4
is "so_does_a_new_api" within 5 is_on "$w" "va0 va3 va4"
kill_daemon
del va3
add va5
ip_here link set va4 name vx4
is "starts_again" daemon_start
is "what_came_went_and_was_renamed_meanwhile_is_right" within 5 is_on "$w" "va0 va5"
is "the_renamed_one_is_detached" has_programs vx4 0
is "pins_agree_after_the_restart" pins_agree
is "libxdp_has_none_of_what_went_meanwhile" within 5 xdp_pins_are 2
is "a_wish_is_the_same_in_a_new_daemon" same "$(state "$w")" waiting

# ---- bursts ----
burst() {
	i=0
	while [ "$i" -lt "$BURST" ]; do
		echo "link $1 va1$i${2:+ $2$i}"
		i=$((i + 1))
	done | ip_here -batch -
}
attached() { json "[.links[] | select(.by == $w)] | length" list links; }
is_attached() { same "$(attached)" "$1"; }
really_attached() { same "$(here bpftool -j net | jq '[.[].xdp[] | select(.devname | startswith("va"))] | length')" "$1"; }
is "a_burst_comes" burst add "type veth peer name zva1"
is "all_are_attached" within 20 is_attached $((BURST + 2))
is "in_the_kernel_all" really_attached $((BURST + 2))
is "a_burst_goes" burst del
is "all_have_left" within 20 is_on "$w" "va0 va5"
is "no_pin_is_left_of_them" pins_agree
for victim in bpfd-loader bpfd-api; do
	burst add "type veth peer name zva1" &
	sleep 0.1
	kill_child "$victim"
	wait "$!" || :
	is "all_are_attached_though_${victim}_died" within 30 is_attached $((BURST + 2))
	is "each_once_after_$victim" really_attached $((BURST + 2))
	is "pins_agree_after_${victim}_died" pins_agree
	burst del &
	sleep 0.1
	kill_child "$victim"
	wait "$!" || :
	is "all_left_though_${victim}_died" within 30 is_on "$w" "va0 va5"
	is "no_pin_is_left_after_$victim" pins_agree
done
is "nothing_of_libxdp_stays_after_all_that" within 5 xdp_pins_are 2
# More changes than the socket holds while nobody reads it.
old=$(child bpfd-loader)
kill -s STOP "$old"
add va6 va8
i=0
while [ "$i" -lt 40 ]; do
	i=$((i + 1))
	seq 100 | sed "s/.*/link set va0 mtu 1$(printf %03d "$i")\nlink set va0 mtu 1500/" | ip_here -batch -
done
del va5
kill -s CONT "$old"
is "what_was_not_heard_is_looked_at" within 20 is_on "$w" "va0 va6 va8"
is "and_that_was_noted" says "loader.ifaces" cat "$LOG"
is "by_the_same_loader" same "$(child bpfd-loader)" "$old"

# ---- policy and failures ----
leaks_note
is "detaches_the_wish" ctl detach "$w"
is "and_what_it_brought" same "$(json '[.links[] | select(.kind == "xdp")] | length' list links)" 0
is "nothing_is_on_the_interface" has_programs va0 0
add va7
sleep 0.3
is "nothing_more_is_attached" has_programs va7 0
is "unloads_with_its_wishes" ctl unload --group "$group"
is "no_wish_is_left" same "$(json '.links | length' list links)" 0
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none

ROOT=$WORK/policy
mkdir -p "$ROOT/etc"
printf '[policy]\ninterfaces = ["pa*", "lo"]\n[limits]\ntotal_links = 7\n' >"$ROOT/etc/bpfd.toml"
is "starts_with_a_policy" daemon_start
is "loads_for_it" ctl load "$OBJECT"
is "waits_for_all" ctl attach on_ingress tc 'p*' --direction ingress --future
w=$(wish 'p*')
add pa0 pb0
is "what_the_policy_allows_is_attached" within 2 is_on "$w" pa0
is "what_it_refuses_is_not" has_links pb0 0
is "and_says_why" within 2 says "policy.interfaces" failure "$w"
logged() { same "$(grep -c "wish.failed: .*interface=\"\?pb0" "$LOG")" "$1"; }
ip_here link set pb0 up
ip_here link set pb0 down
is "it_is_logged_once" logged 1
ip_here link set pb0 name pa1
is "by_another_name_it_may" within 2 is_on "$w" "pa0 pa1"
is "and_no_failure_is_left" same "$(failure "$w")" "{}"
add pa2 pa3 pa4 pa5 pa6
is "the_limit_of_links_holds" within 2 says "limits.total_links" failure "$w"
is "no_more_than_it" test "$(json '.links | length' list links)" -le 7
del pa5 pa6
free() { [ "$(json '.links | length' list links)" -le 6 ]; }
is "what_leaves_makes_room" within 5 free
is "a_dry_run_names_what_the_policy_refuses" says "policy.interfaces" ctl attach on_egress tc '[pl]*' --direction egress --future --dry-run
is "a_kind_without_interfaces_has_no_future" says "not attached to interfaces" \
	ctl attach on_tracepoint tracepoint sched/sched_process_exec --future
is "another_namespace_is_not_watched" says "host's network namespace" \
	ctl attach on_egress tc 'p*' --direction egress --future --netns /proc/self/ns/net
is "a_name_that_none_can_have_is_refused" exits 1 ctl attach on_egress tc 'a/b' --direction egress --future
is "load_takes_it_in_the_same_step" ctl load "$OBJECT" --program on_ingress --attach 'tc:lo*,direction=ingress,future=yes'
is "and_unload_takes_all" ctl unload --group 2
is "stops_with_wishes" daemon_stop TERM
is "and_nothing_is_left" leaks_none

# ---- persistent: a bpffs without a pin, as after a reboot ----
ROOT=''
del pa0 pa1 pa2 pa3 pa4
is "starts_to_keep" daemon_start --keep
is "loads_for_good" ctl load --persistent "$OBJECT"
is "waits_for_good" ctl attach on_ingress tc 'p*' --direction ingress --future
w=$(wish 'p*')
add pa0
is "attached_before_the_reboot" within 2 is_on "$w" pa0
kill_daemon
bpffs_gone() { while umount "$BPFFS" 2>/dev/null; do :; done; rm -rf "$ROOT/run"; ! grep -q " $BPFFS " /proc/mounts; }
is "a_reboot" within 5 bpffs_gone
del pa0
add pa1
is "starts_after_it" daemon_start
is "the_wish_is_there_and_has_what_fits_now" within 10 is_on "$w" pa1
is "it_is_persistent" same "$(json ".links[] | select(.id == $w) | .persistent" list links)" true
is "and_pins_agree" pins_agree
is "detaches_it_then" ctl detach "$w"
is "fsck_finds_nothing" ctl fsck
is "stops_after_all" daemon_stop TERM

# ---- clsact ----
ROOT=$WORK/clsact
mkdir -p "$ROOT/etc"
printf '[tc]\nbackend = "clsact"\n' >"$ROOT/etc/bpfd.toml"
is "starts_for_clsact" daemon_start
is "loads_for_clsact" ctl load "$OBJECT"
is "waits_for_clsact" ctl attach on_ingress tc 'qa*' --direction ingress --future
w=$(wish 'qa*')
add qa0 qa1
is "filters_are_added" within 2 is_on "$w" "qa0 qa1"
del qa0
is "a_filter_of_a_gone_interface_is_not_listed" within 2 is_on "$w" qa1
is "and_has_no_pin_under_clsact" pins_agree
add qb0
is "a_filter_of_a_clients" ctl attach on_egress tc qb0 --direction egress
x=$(link_of on_egress)
here tc filter del dev qb0 egress
is "removed_by_another_tool_is_lost" same "$(state "$x")" lost
ip_here link set qa1 name qc1
is "a_filter_leaves_with_the_name" within 2 is_on "$w" ""
is "and_the_qdisc_too" not says clsact here tc qdisc show dev qc1
net_pair || bail "cannot make a network namespace and veth pair"
is "a_filter_in_another_namespace" ctl attach on_egress tc "$PEER" --direction egress --netns "/run/netns/$NS"
x=$(json '.links[] | select(.netns != "") | .id' list links)
ip netns del "$NS"
is "is_lost_with_it" within 5 is_state "$x" lost
is "its_pin_is_gone" pins_agree
is "stops_for_clsact" daemon_stop TERM
is "nothing_is_left_of_clsact" leaks_none
tap_end
