#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Several XDP programs on one interface by libxdp's dispatcher, beside xdp-loader.  Where the kernel
# refuses freplace (lockdown), one program and a clear refusal of the second.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

XDP_DIR=/sys/fs/bpf/xdp
loader() { here xdp-loader "$@"; }
# Names and priorities in order, by xdp-loader; by bpfd, of its own programs.
theirs() { loader status "$1" | awk '$1 == "=>" { printf "%s:%s ", $3, $2 }'; }
ours() { json '[.links[] | select(.state == "attached")] | sort_by(.position) | map("\(.program_name):\(.priority) ") | add // ""' list links; }
dispatchers() { find "$XDP_DIR" -maxdepth 1 -name 'dispatch-*' | wc -l; }
leftovers() { find "$XDP_DIR" -maxdepth 1 -name 'prog-test-link-*' | wc -l; }
link_of() { json ".links[] | select(.program_name == \"$1\" and .state == \"attached\") | .id" list links; }
runs() { bpftool -j map lookup pinned "$BPFFS/map/$group/chain_runs" key "$1" 0 0 0 | jq -r .formatted.value; }
ext_of() { bpftool -j prog show name "$1" | jq -r 'if type == "array" then .[0].type else .type end'; }

refuses_saying() {
	text=$1
	shift
	said=$("$@" 2>&1) && { echo "succeeds: $*" && return 1; }
	case $said in *"$text"*) ;; *) echo "does not say \"$text\": $said" && return 1 ;; esac
}
no_bpffs() {
	mount -t tmpfs none /sys/fs/bpf || return 1
	status=0
	refuses_saying "no bpffs" ctl attach chain_a xdp "$VETH" || status=1
	umount /sys/fs/bpf
	return "$status"
}

net_pair || bail "cannot make a network namespace and veth pair"
is "starts" daemon_start
is "loads" ctl load "$OBJECTS/chain.bpf.o"
group=$(json '.programs[0].group' list programs)
is "all_are_shown_as_xdp" same "$(json '[.programs[].type] | unique | join(" ")' list programs)" xdp

if [ "$(ext_of chain_a)" != ext ]; then
	is "attaches_one_by_a_link" ctl attach chain_a xdp "$VETH"
	is "refuses_the_second" exits 1 ctl attach chain_b xdp "$VETH"
	is "and_says_why" refuses_saying freplace ctl attach chain_b xdp "$VETH"
	is "stops" daemon_stop TERM
	tap_end
	exit
fi

is "attaches_a" ctl attach chain_a xdp "$VETH" --priority 30
is "attaches_b_before_it" ctl attach chain_b xdp "$VETH" --priority 10 --proceed-on pass,drop
is "attaches_c_between" ctl attach chain_c xdp "$VETH" --priority 20
is "xdp_loader_adds_its_own" loader load "$VETH" "$OBJECTS/kinds.bpf.o" -n on_xdp
is "xdp_loader_sees_all_in_order" same "$(theirs "$VETH")" "chain_b:10 chain_c:20 chain_a:30 on_xdp:50 "
is "bpfd_sees_its_own_in_order" same "$(ours)" "chain_b:10 chain_c:20 chain_a:30 "
is "list_dispatchers_shows_all" same "$(json '[.slots[] | "\(.program_name):\(.priority):\(.owner) "] | add' list dispatchers)" \
	"chain_b:10:bpfd chain_c:20:bpfd chain_a:30:bpfd on_xdp:50:foreign "
is "with_their_actions" same "$(json '.slots[0].proceed_on | join(",")' list dispatchers)" drop,pass
is "the_position_is_shown" same "$(json ".links[] | select(.program_name == \"chain_a\") | .position" list links)" 3
is "the_ids_are_those_of_xdp_loader" same "$(loader status "$VETH" | awk '$3 == "chain_a" { print $4 }')" \
	"$(json '.programs[] | select(.name == "chain_a") | .id' list programs)"
is "proceed_on_arrives" same "$(loader status "$VETH" | awk '$3 == "chain_b" { print $6 }')" "XDP_DROP,XDP_PASS"
net_traffic 20
is "each_counts_the_packets" [ "$(runs 0)" -ge 20 ]
all_count() { same "$(runs 0) $(runs 1)" "$(runs 2) $(runs 2)"; }
is "all_of_them" within 5 all_count		# a packet may come while they are read
is "the_foreign_one_runs_too" [ "$(bpftool -j map dump name kinds_hits | jq '[.[].formatted.value] | add')" -ge 20 ]

is "the_same_again_is_refused" exits 6 ctl attach chain_a xdp "$VETH"
is "one_that_no_dispatcher_takes_is_refused" refuses_saying "was not loaded for that" ctl attach chain_alone xdp "$VETH"
is "hardware_is_refused" refuses_saying "network card" ctl attach chain_a xdp "$VETH" --mode hw

is "detaches_the_first" ctl detach "$(link_of chain_b)"
is "the_others_stay" same "$(theirs "$VETH")" "chain_c:20 chain_a:30 on_xdp:50 "
is "replaces_it_at_the_same_priority" ctl attach chain_b xdp "$VETH" --priority 20
is "equals_come_in_order_of_arrival" same "$(theirs "$VETH")" "chain_c:20 chain_b:20 chain_a:30 on_xdp:50 "
is "xdp_loader_takes_its_own" loader unload "$VETH" -i "$(loader status "$VETH" | awk '$3 == "on_xdp" { print $4 }')"
is "ours_stay" same "$(theirs "$VETH")" "chain_b:20 chain_c:20 chain_a:30 "
for name in chain_a chain_b chain_c; do ctl detach "$(link_of $name)" >/dev/null; done
is "the_interface_is_free" same "$(theirs "$VETH")" ""
is "no_dispatcher_is_left" same "$(dispatchers)" 0

# Every order of removal of three of ours and one of xdp-loader's: all 24, and after each step both
# tools and the kernel say the same.  What was removed comes back for the next order.
CHAIN='chain_c:20 chain_a:30 on_xdp:50 chain_b:60 '
agree() {
	ctl -o json list links >"$WORK/links" && ctl -o json list dispatchers >"$WORK/slots" || return 1
	said=$(jq -rs 'def chain: map("\(.program_name):\(.priority) ") | add // "";
		([.[0].links[] | select(.state == "attached")] | sort_by(.position) | chain) + "| " +
		([.[1].slots[]] | chain)' "$WORK/links" "$WORK/slots")
	same "$(theirs "$VETH")" "$1" && same "$said" "$(echo "$1" | sed 's/on_xdp:50 //')| $1"
}
adds() {
	case $1 in
	on_xdp) loader load "$VETH" "$OBJECTS/kinds.bpf.o" -n on_xdp ;;
	*) ctl attach "$1" xdp "$VETH" --priority "$2" ;;
	esac
}
removes() {
	case $1 in
	on_xdp) loader unload "$VETH" -i "$(loader status "$VETH" | awk '$3 == "on_xdp" { print $4 }')" ;;
	*) ctl detach "$(link_of "$1")" ;;
	esac
}
# walk CHAIN: removes each of it, what is left in every order, and puts it back.
walk() (
	[ -n "$1" ] || echo x >>"$WORK/orders"
	for one in $1; do
		rest="${1%%"$one"*}${1##*"$one "}"
		removes "${one%:*}" && agree "$rest" && walk "$rest" && adds "${one%:*}" "${one#*:}" || exit 1
	done
)
: >"$WORK/orders"
loader load "$VETH" "$OBJECTS/kinds.bpf.o" -n on_xdp
for one in chain_c:20 chain_a:30 chain_b:60; do adds "${one%:*}" "${one#*:}"; done
is "both_tools_agree_on_four" agree "$CHAIN"
is "and_in_every_order_of_removal" walk "$CHAIN"
is "which_were_all_24" same "$(wc -l <"$WORK/orders")" 24
is "the_last_return_made_the_chain_again" agree "$CHAIN"
for name in chain_a chain_b chain_c; do ctl detach "$(link_of "$name")"; done

# A program for packets of several pages is in a chain as any other.  Its dispatcher takes no such packets, with
# xdp-loader neither: where the MTU makes them, native mode is refused and mode skb is not.
frags_runs() { bpftool -j map dump pinned "$BPFFS/map/$frags_group/bpfd_bss" | jq '[.. | .frags_runs? // empty] | add'; }
large_ping() { here ping -q -n -c 2 -i 0.05 -W 2 -s 8000 10.78.1.2; }
is "loads_one_for_frags" ctl load "$OBJECTS/chainfrags.bpf.o"
frags_group=$(json '.programs[] | select(.name == "chain_frags") | .group' list programs)
is "attaches_it_to_the_chain" ctl attach chain_frags xdp "$VETH" --priority 60
is "it_is_in_its_place" agree "on_xdp:50 chain_frags:60 "
net_traffic 5
is "it_runs" [ "$(frags_runs)" -ge 5 ]
is "it_leaves_the_chain" ctl detach "$(link_of chain_frags)"
ip -n "$NS" link add "bl$$" type veth peer name "bh$$" netns "$HERE"
here ip addr add 10.78.1.1/24 dev "bh$$"
here ip link set "bh$$" mtu 9000 up
ip -n "$NS" addr add 10.78.1.2/24 dev "bl$$"
ip -n "$NS" link set "bl$$" mtu 9000 up
is "a_large_mtu_is_refused" refuses_saying "mode skb" ctl attach chain_frags xdp "bh$$" --mode native
is "and_the_reason_is_the_drivers" refuses_saying "MTU is too large" ctl attach chain_frags xdp "bh$$"
is "xdp_loader_is_refused_too" not loader load "bh$$" "$OBJECTS/chainfrags.bpf.o" -n chain_frags
is "in_mode_skb_it_is_attached" ctl attach chain_frags xdp "bh$$" --mode skb
large=$(frags_runs)
is "large_packets_pass_it" large_ping
is "and_are_counted" [ "$(frags_runs)" -gt "$large" ]
is "and_detached" ctl detach "$(link_of chain_frags)"
here ip link del "bh$$"
ctl unload --group "$frags_group"

# Foreign hands, a restart.
is "attaches_for_xdp_loader_to_remove" ctl attach chain_a xdp "$VETH"
is "and_one_to_keep" ctl attach chain_c xdp "$VETH" --priority 40
loader unload "$VETH" -i "$(json '.programs[] | select(.name == "chain_a") | .id' list programs)"
is "what_xdp_loader_removed_is_lost" same "$(json '.links[] | select(.program_name == "chain_a") | .state' list links)" lost
kill -s KILL "$BPFD_PID"
wait "$BPFD_PID" 2>/dev/null || :
is "starts_again" daemon_start
is "the_kept_one_is_attached" same "$(ours)" "chain_c:40 "
is "the_lost_one_is_lost" same "$(json '.links[] | select(.program_name == "chain_a") | .state' list links)" lost
is "the_lost_one_can_be_detached" ctl detach "$(json '.links[] | select(.state == "lost") | .id' list links)"
is "detaches_after_a_restart" ctl detach "$(link_of chain_c)"
is "only_the_foreign_one_is_there" same "$(theirs "$VETH")" "on_xdp:50 "

# Another namespace: the number of the interface may be the same.
is "attaches_in_another_namespace" ctl attach chain_a xdp "$PEER" --netns "/run/netns/$NS"
is "the_same_program_here_too" ctl attach chain_a xdp "$VETH"
is "xdp_loader_there_sees_it" same "$(ip netns exec "$NS" nsenter --mount=/proc/1/ns/mnt -- nsenter --net="/run/netns/$NS" -- xdp-loader status "$PEER" | awk '$1 == "=>" { print $3 }')" chain_a
for id in $(json '.links[].id' list links); do is "detaches_$id" ctl detach "$id"; done

# A lock that somebody holds.
flock -x "$XDP_DIR" sleep 8 &
sleep 0.3
is "a_held_lock_is_waited_for_a_while" refuses_saying "libxdp's lock" ctl attach chain_a xdp "$VETH"
wait $! || :
is "and_then_not" ctl attach chain_a xdp "$VETH"
is "detaches_again" ctl detach "$(link_of chain_a)"

# bpfd-xdp killed anywhere in its life: the answer is true, and nothing is left.
strike() { python3 "$SRC/tests/lib/strike.py" "$BPFD_PID" bpfd-xdp "$1" "$BUILD/bpfctl" -s "$SOCK" attach chain_a xdp "$VETH"; }
truth() {
	wanted="on_xdp:50 chain_a:50 "
	strike "$1" >"$WORK/struck" || wanted="on_xdp:50 " refused=$((refused + 1))
	grep -q killed "$WORK/struck" && killed=$((killed + 1))
	same "$(theirs "$VETH")" "$wanted" && same "$(dispatchers) $(leftovers)" "1 0"
}
takes_all_off() { for id in $(json '.links[].id' list links); do ctl detach "$id" >/dev/null; done; }
life=$(strike -)
takes_all_off
killed=0 refused=0 bad=0
for part in 0 1 2 3 4 5 6 7 8 9 10 11; do
	truth "$(awk "BEGIN { print $life * $part / 12 }")" || bad=$((bad + 1))
	takes_all_off
	same "$(theirs "$VETH") $(dispatchers)" "on_xdp:50  1" || bad=$((bad + 1))
done
echo "# of 12 attaches $killed were struck, $refused refused; bpfd-xdp lives for $life s"
is "bpfd_xdp_was_killed_in_its_work" [ "$killed" -ge 6 ]
is "killed_anywhere_nothing_is_half" same "$bad" 0

# Both at once.
(for _ in 1 2 3 4 5 6; do
	loader load "$VETH" "$OBJECTS/chain.bpf.o" -n chain_b >/dev/null 2>&1 || :
	id=$(loader status "$VETH" | awk '$3 == "chain_b" { print $4 }')
	[ -z "$id" ] || loader unload "$VETH" -i "$id" >/dev/null 2>&1 || :
done) &
loops=$!
failed=0
for _ in 1 2 3 4 5 6; do
	ctl attach chain_a xdp "$VETH" >/dev/null 2>&1 || failed=$((failed + 1))
	for id in $(json '.links[].id' list links); do ctl detach "$id" >/dev/null 2>&1 || failed=$((failed + 1)); done
done
wait "$loops" || :
echo "# $failed of 12 changes were refused beside xdp-loader's"
for id in $(json '.links[].id' list links); do ctl detach "$id" >/dev/null 2>&1 || :; done
is "beside_loops_of_xdp_loader_bpfd_leaves_nothing" same "$(ours)" ""
is "and_the_first_one_is_still_there" says on_xdp theirs "$VETH"

is "a_place_that_is_no_bpffs_is_refused" no_bpffs
leaks_note
is "stops" daemon_stop TERM
is "nothing_of_ours_is_left" not says chain_a theirs "$VETH"
is "nothing_is_left" leaks_none
tap_end
