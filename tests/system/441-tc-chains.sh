#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Chains at traffic control: every result of every program goes on or ends as its proceed-on set says, in both
# directions, by TCX and by clsact, and what others have on the hook stays as it was.
# limit: 900 s
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
OBJECT=$OBJECTS/tcchain.bpf.o
FOREIGN=''
export PYTHONDONTWRITEBYTECODE=1

# chain DIRECTION PROGRAM:SET...: packets through it on $VETH
chain() {
	direction=$1
	shift
	case $direction in
	ingress) python3 "$SRC/tests/lib/tcchain.py" "$NS" "$HERE" "10.77.$NET.1" "$BPFFS/map/$group/chain_orders" "$@" ;;
	egress) python3 "$SRC/tests/lib/tcchain.py" "$HERE" "$NS" "10.77.$NET.2" "$BPFFS/map/$group/chain_orders" "$@" ;;
	esac
}
load() {
	ctl load "$OBJECT" && group=$(json '[.programs[].group] | max' list programs)
}
pin_of() { echo "$BPFFS/prog/$group-$(json ".programs[] | select(.name == \"$1\" and .group == $group) | .id" list programs)"; }
set_of() { json ".links[] | select(.program_name == \"$1\") | .proceed_on | join(\",\")" list links; }
# slots: who is on the hook of $1, in order
# The table has a cell for each column, however many results a set has.
rows_fit() { ctl list dispatchers | awk 'NF != 10 { bad = 1 } END { exit bad || NR < 4 }'; }
slots() { json "[.slots[] | select(.kind == \"tc\" and .direction == \"$1\") | \"\\(.program_name):\\(.priority):\\(.owner) \"] | add // \"\"" list dispatchers; }
qdisc() { here tc qdisc show dev "$VETH" | grep clsact; }
filters() { here tc filter show dev "$VETH" "$1" | grep -c 'pref [0-9]* bpf chain 0 handle' || :; }
theirs() { here tc filter show dev "$VETH" ingress | grep -e 'pref 5 ' -e 'pref 900 '; }
killed_all() {
	kill -s KILL "$(child bpfd-loader)" "$(child bpfd-api)"
	within 5 ctl list links >/dev/null
}

DEFAULT=pipe,dispatcher_return
ALL=unspec,ok,reclassify,shot,pipe,stolen,queued,repeat,trap,dispatcher_return

# orders DIRECTION: three programs by every order of their priorities
orders() {
	d=$1
	is "${how}_attaches_three_at_$d" eval "ctl attach step_1 tc $VETH --direction $d --priority 10 &&
		ctl attach step_2 tc $VETH --direction $d --priority 20 --proceed-on shot,ok &&
		ctl attach step_3 tc $VETH --direction $d --priority 30 --proceed-on stolen"
	is "${how}_rows_at_${d}_fit" rows_fit
	one=$(link_of step_1) two=$(link_of step_2) three=$(link_of step_3)
	is "${how}_lists_the_default_at_$d" same "$(set_of step_1)" "$DEFAULT"
	is "${how}_lists_a_set_at_$d" same "$(set_of step_2)" ok,shot
	for order in 123 132 312 321 231 213; do
		at=10 models=''
		for digit in $(echo $order | sed 's/./& /g'); do
			case $digit in
			1) link=$one models="$models 1:$DEFAULT" ;;
			2) link=$two models="$models 2:shot,ok" ;;
			3) link=$three models="$models 3:stolen" ;;
			esac
			is "${how}_moves_$digit-in_${order}_at_$d" ctl update "$link" --priority $at
			at=$((at + 10))
		done
		# shellcheck disable=SC2086
		is "${how}_honours_$order-at_$d" chain "$d" $models
	done
	is "${how}_list_dispatchers_shows_them_at_$d" same "$(slots "$d")" "step_2:10:bpfd step_1:20:bpfd step_3:30:bpfd "
	is "${how}_refuses_the_same_again_at_$d" exits 6 ctl attach step_1 tc "$VETH" --direction "$d"
	for set in $ALL unspec trap; do
		is "${how}_tries_$set-at_$d" ctl update "$one" --proceed-on "$set" --dry-run
		is "${how}_changes_the_set_to_$set-at_$d" ctl update "$one" --proceed-on "$set"
		[ "$set" = unspec ] && [ "$how" = clsact ] || [ "$set" = unspec ] ||
			is "${how}_honours_$set-at_$d" chain "$d" 2:shot,ok "1:$set" 3:stolen
		is "${how}_lists_$set-at_$d" same "$(set_of step_1)" "$set"
	done
	killed_all
	is "${how}_has_the_set_after_a_restart_at_$d" same "$(set_of step_1) $(set_of step_2)" "trap ok,shot"
	is "${how}_honours_it_then_at_$d" chain "$d" 2:shot,ok 1:trap 3:stolen
	kill_daemon
	is "${how}_honours_it_without_bpfd_at_$d" chain "$d" 2:shot,ok 1:trap 3:stolen
	is "${how}_starts_again_at_$d" daemon_start
	is "${how}_replaces_a_program_then_at_$d" ctl update "$three" --program theirs_5
	is "${how}_honours_the_chain_with_it_at_$d" chain "$d" 2:shot,ok 1:trap 5:stolen
	is "${how}_shows_stubs_as_its_own_at_$d" same \
		"$(json "[.programs[] | select(.section // \"\" | startswith(\"bpfd's part of link\"))] | length" list --all)" 3
	leaks_note
	is "${how}_detaches_all_at_$d" ctl detach "$one" "$two" "$three"
	is "${how}_leaves_no_pin_of_links_at_$d" same "$(find "$BPFFS/link" -type f)" ""
}

beside_filters() {
	here tc qdisc del dev "$VETH" clsact 2>/dev/null || :
	is "attaches_where_there_is_no_qdisc" ctl attach step_1 tc "$VETH" --direction ingress --priority 10
	is "which_makes_one" qdisc
	is "another_tool_adds_before_it" here tc filter add dev "$VETH" ingress pref 5 bpf da object-pinned "$(pin_of theirs_4)"
	is "and_behind_it" here tc filter add dev "$VETH" ingress pref 900 bpf da object-pinned "$(pin_of theirs_5)"
	before=$(theirs)
	is "all_run_in_order" chain ingress 4 1:$DEFAULT 5
	is "attaches_another" ctl attach step_2 tc "$VETH" --direction ingress --priority 950 --proceed-on ok
	is "all_run_in_order_with_it" chain ingress 4 1:$DEFAULT 5 2:ok
	is "list_dispatchers_shows_theirs" same "$(slots ingress)" \
		"theirs_4:5:foreign step_1:10:bpfd theirs_5:900:foreign step_2:950:bpfd "
	is "changes_its_set" ctl update "$(link_of step_1)" --proceed-on shot
	is "moves_it" ctl update "$(link_of step_1)" --priority 960
	is "they_run_in_order_then" chain ingress 4 5 2:ok 1:shot
	ctl detach "$(link_of step_1)" "$(link_of step_2)" >/dev/null
	is "theirs_are_untouched" same "$(theirs)" "$before"
	is "they_run_alone" chain ingress 4 5
	is "the_qdisc_stays_for_them" qdisc
	here tc qdisc del dev "$VETH" clsact
	is "attaches_again" ctl attach step_1 tc "$VETH" --direction egress
	is "detaches_again" ctl detach "$(link_of step_1)"
	is "the_qdisc_goes_with_the_last" not qdisc
}

# foreign_link PROGRAM [before]
foreign_link() {
	# Not by here(): the shell would be in between, and be what is ended.
	nsenter --net="/run/netns/$HERE" -- python3 "$SRC/tests/lib/tcx_foreign.py" "$(pin_of "$1")" "$ifindex" \
		"$WORK/$1" ${2:+"$2"} &
	FOREIGN="$FOREIGN $!"
	is "another_tool_links_$1" within 5 test -e "$WORK/$1"
}
foreign_end() {
	for pid in $FOREIGN; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	FOREIGN=''
}

beside_links() {
	ifindex=$(ip -n "$HERE" -o link show "$VETH" | sed 's/:.*//')
	is "attaches_before_another_tool" ctl attach step_1 tc "$VETH" --direction ingress --priority 10
	foreign_link theirs_5
	foreign_link theirs_4 before
	is "all_links_run_in_order" chain ingress 4 1:$DEFAULT 5
	is "list_dispatchers_shows_foreign_links" same "$(slots ingress)" \
		"theirs_4:0:foreign step_1:10:bpfd theirs_5:0:foreign "
	is "changes_the_set_beside_them" ctl update "$(link_of step_1)" --proceed-on ok,shot
	is "they_stay_where_they_were" chain ingress 4 1:ok,shot 5
	is "a_second_one_comes_beside_it" ctl attach step_2 tc "$VETH" --direction ingress --priority 20
	is "they_are_beside_each_other" chain ingress 4 1:ok,shot 2:$DEFAULT 5
	foreign_end
	ctl detach "$(link_of step_1)" "$(link_of step_2)" >/dev/null
}

elsewhere() {
	is "${how}_attaches_in_another_namespace" ctl attach step_1 tc "$PEER" --direction egress \
		--netns "/run/netns/$NS" --proceed-on shot
	is "${how}_honours_the_set_there" chain ingress 1:shot
	is "${how}_changes_it_there" ctl update "$(link_of step_1)" --proceed-on ok
	is "${how}_honours_that_there" chain ingress 1:ok
	is "${how}_list_dispatchers_shows_it_there" same "$(slots egress)" "step_1:50:bpfd "
	is "${how}_detaches_there" ctl detach "$(link_of step_1)"
}

gone() {
	here ip link add bg$$ type veth peer name bh$$
	is "${how}_attaches_to_an_interface_that_goes" ctl attach step_1 tc bg$$ --direction ingress
	here ip link del bg$$
	is "${how}_detaches_from_one_that_is_gone" ctl detach "$(link_of step_1)"
	is "${how}_keeps_no_pin_of_it" same "$(find "$BPFFS/link" -type f)" ""
}

everything() {
	how=$1
	is "${how}_starts" daemon_start
	is "${how}_loads" load
	orders ingress
	orders egress
	"$2"
	elsewhere
	gone
	is "${how}_unloads" ctl unload --group "$group"
	is "${how}_stops" daemon_stop TERM
	is "${how}_leaves_nothing" leaks_none
}

trap 'foreign_end; finish' EXIT
net_pair || bail "cannot make a network namespace and veth pair"
net_traffic 1
is "is_started" daemon_start
no_tcx=$(json '.attach_kinds[] | select(.name == "tcx") | .unavailable // ""' status)
is "is_stopped" daemon_stop TERM
ROOT=''
[ -n "$no_tcx" ] || everything tcx beside_links
ROOT=$WORK/clsact
mkdir -p "$ROOT/etc"
printf '[tc]\nbackend = "clsact"\n' >"$ROOT/etc/bpfd.toml"
everything clsact beside_filters
tap_end
