#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs on network namespaces, maps of sockets, netfilter hooks and netkit devices, each driven.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
HITS=net_hits
OBJECT=$OBJECTS/netkinds.bpf.o

# sockets NAME ACT: sockets of the test, in the network namespace of the test.
cat >"$WORK/sockets.py" <<-'PY'
	import ctypes, os, socket, struct, sys
	def bpf(command, attr):
	    fd = ctypes.CDLL(None, use_errno=True).syscall(321, command, attr, len(attr))
	    if fd < 0:
	        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
	    return fd
	def keep(sock, key=0):
	    path = ctypes.create_string_buffer(sys.argv[1].encode())
	    fd = bpf(7, struct.pack("QII", ctypes.addressof(path), 0, 0))
	    k, v = ctypes.c_uint32(key), ctypes.c_uint64(sock.fileno())
	    bpf(2, struct.pack("IIQQQ", fd, 0, ctypes.addressof(k), ctypes.addressof(v), 0))
	def pair():
	    with socket.create_server(("127.0.0.1", 0)) as s:
	        near = socket.create_connection(s.getsockname(), 2)
	        far = s.accept()[0]
	    far.settimeout(0.5)
	    return near, far
	exec(sys.argv[2])
PY
sockets() { here python3 "$WORK/sockets.py" "$BPFFS/map/$group/$1" "$2"; }

steers() {
	sockets lookup_targets 's = socket.create_server(("127.0.0.1", 0)); s.settimeout(2); keep(s)
c = socket.create_connection(("127.0.0.1", 7007), 2); s.accept()[0].sendall(b"x"); assert c.recv(1) == b"x"'
}
looks_up() { here python3 -c 'import socket; socket.socket().connect_ex(("127.0.0.1", 9))'; }
receives() { sockets "$1" "near, far = pair(); keep(far); near.sendall(b'$2'); assert far.recv(8) == b'$2'"; }
sends() { sockets "$1" "near, far = pair(); keep(near); near.sendall(b'$2'); assert far.recv(8) == b'$2'"; }
receives_in_map() { receives sockets hello; }
sends_in_map() { sends sockets hello; }

net_pair || bail "cannot make a network namespace and veth pair"
is "starts" daemon_start
is "loads_programs_by_their_sections" ctl load "$OBJECT" --program on_sk_lookup --program on_flow_dissector \
	--program on_sk_msg --program on_parser --program on_stream_verdict --program on_verdict \
	--program on_netkit --program on_netkit_peer
group=$(json '.programs[0].group' list programs)
same_state() { same "$(json ".links[] | select(.id == $1) | .state" list links)" "$2"; }
map_id() { json ".maps[] | select(.name == \"$1\") | .id" list maps; }

# ---- network namespaces ----
KIND_TARGET=
kind sk_lookup on_sk_lookup 0 looks_up sk_lookup
is "a_connection_to_nobody_fails_without_the_program" not steers
is "attaches_sk_lookup" ctl attach on_sk_lookup sk_lookup
is "it_steers_the_connection_to_another_socket" steers
is "a_target_is_refused" says "takes no target" ctl attach on_sk_lookup sk_lookup lo
ctl detach "$(link_of on_sk_lookup)"
is "attaches_in_another_namespace" ctl attach on_sk_lookup sk_lookup --netns "/run/netns/$NS"
is "it_does_not_run_here" stands_still 0 looks_up
looks_up_there() { nsenter --net="/run/netns/$NS" -- python3 -c 'import socket; socket.socket().connect_ex(("127.0.0.1", 9))'; }
is "it_runs_there" moves 0 looks_up_there
is "refuses_it_there_twice" exits 6 ctl attach on_sk_lookup sk_lookup --netns "$NS"
is "but_not_here" ctl attach on_sk_lookup sk_lookup
ctl unload on_sk_lookup
is "loads_by_the_name_of_the_type" ctl load "$OBJECT" --program on_sk_lookup:sk_lookup
ctl unload on_sk_lookup

# Spreading packets over processors asks for their headers.
if ip netns exec "$HERE" sh -c "echo 1 >/sys/class/net/$VETH/queues/rx-0/rps_cpus" 2>"$WORK/rps"; then
	dissects() { here ping -q -n -c 2 -i 0.05 -W 2 10.77.1.2; }
	kind flow_dissector on_flow_dissector 1 dissects flow_dissector
	is "attaches_a_flow_dissector" ctl attach on_flow_dissector flow_dissector
	is "loads_a_second" ctl load "$OBJECT" --program on_flow_dissector --metadata n=2
	second=$(json '.programs[0].id' list programs -l n=2)
	is "a_second_flow_dissector_is_refused" says "there is a flow dissector already" \
		ctl attach "$second" flow_dissector
	ctl unload --group "$(json '.programs[0].group' list programs -l n=2)"
	ctl detach "$(link_of on_flow_dissector)"
else
	skip "flow_dissector_runs" "nothing asks for the headers of packets: $(cat "$WORK/rps")"
fi

# ---- maps of sockets ----
KIND_TARGET=sockets
kind sk_msg on_sk_msg 2 sends_in_map sk_msg sockets
kind sk_skb on_stream_verdict 4 receives_in_map sk_skb sockets

is "the_verdict_lets_pass_without_the_program" receives sockets Drop
is "attaches_the_parser" ctl attach on_parser sk_skb sockets
is "attaches_the_verdict_beside_it" ctl attach on_stream_verdict sk_skb sockets
is "the_parser_runs" moves 3 receives_in_map
is "the_verdict_drops" not receives sockets Drop
is "and_lets_others_pass" receives sockets hello
is "another_verdict_is_refused" exits 1 ctl attach on_verdict sk_skb sockets hook=verdict
ctl detach "$(link_of on_parser)"
ctl detach "$(link_of on_stream_verdict)"
is "a_message_passes_without_the_program" sends hashed_sockets Drop
is "attaches_to_a_sockhash_by_its_number" ctl attach on_sk_msg sk_msg "$(map_id hashed_sockets)"
is "the_message_is_dropped" not sends hashed_sockets Drop
ctl detach "$(link_of on_sk_msg)"
is "a_section_without_a_hook_asks_for_one" says "give hook=stream_parser" ctl attach on_verdict sk_skb sockets
is "attaches_with_the_hook" ctl attach on_verdict sk_skb sockets hook=verdict
is "the_verdict_runs" moves 5 receives_in_map
is "the_hook_is_listed" same "$(json '.links[0].options.hook' list links)" verdict
is "loads_another_group" ctl load "$OBJECT" --program on_verdict --metadata n=2
second=$(json '.programs[0].id' list programs -l n=2)
is "another_groups_map_is_not_found_by_number" exits 3 ctl attach "$second" sk_skb "$(map_id lookup_targets | head -n 1)" hook=verdict
is "its_own_map_is_found_by_name" ctl attach "$second" sk_skb sockets hook=verdict
ctl unload --group "$(json '.programs[0].group' list programs -l n=2)"
first=$(json '.programs[] | select(.name == "on_sk_msg") | .id' list programs)
is "loads_a_group_that_shares_the_maps" ctl load "$OBJECT" --program on_sk_msg --metadata n=3 --map-owner "$group"
third=$(json '.programs[0].id' list programs -l n=3)
is "attaches_to_the_shared_map" ctl attach "$third" sk_msg sockets
is "a_second_program_is_refused_there" says "has a msg_verdict program already" ctl attach "$first" sk_msg sockets
is "its_program_runs" moves 2 sends_in_map
is "a_map_that_is_not_there_is_not_found" says "loaded with no map nothing" ctl attach "$first" sk_msg nothing
is "a_map_of_something_else_is_refused" says "holds no sockets" ctl attach "$first" sk_msg net_hits
ctl unload --group "$(json '.programs[0].group' list programs -l n=3)"
ctl detach "$(link_of on_verdict)"

# ---- netkit ----
if why=$(json '.attach_kinds[] | select(.name == "netkit") | .unavailable // ""' status) && [ -n "$why" ]; then
	is "netkit_is_refused_with_its_reason" says "$why" ctl attach on_netkit netkit lo
	kindtable netkit refused "$(refusal ctl attach on_netkit netkit lo)"
elif here ip link add name nkp type netkit 2>"$WORK/ip"; then
	PEER=$(here ip -o link show type netkit | sed -n 's/^[0-9]*: \(nk[0-9]*\)@.*/\1/p')
	here ip link set "$PEER" netns "$NS"
	here ip addr add 10.88.1.1/24 dev nkp
	ip -n "$NS" addr add 10.88.1.2/24 dev "$PEER"
	here ip link set nkp up
	ip -n "$NS" link set "$PEER" up
	passes() { here ping -q -n -c 2 -i 0.05 -W 2 10.88.1.2; }
	KIND_TARGET=nkp
	kind netkit on_netkit 7 passes netkit nkp
	is "attaches_to_the_peer" ctl attach on_netkit_peer netkit nkp
	is "the_peers_program_runs" moves 8 passes
	is "its_side_is_listed" same "$(json '.links[0].direction' list links)" peer
	is "another_device_is_refused" says "is not a netkit device" ctl attach on_netkit netkit "$VETH"
	is "the_other_end_is_refused" says "name the primary one" ctl attach on_netkit netkit "$PEER" --netns "$NS"
	here ip link del nkp
	is "a_device_that_is_gone_is_lost" within 3 same_state "$(link_of on_netkit_peer)" lost
	is "detaches_from_it" ctl detach "$(link_of on_netkit_peer)"
else
	skip "netkit_runs" "ip cannot make a netkit device: $(cat "$WORK/ip")"
fi

# ---- netfilter ----
pings() { here ping -q -n -c 2 -i 0.05 -W 1 10.77.1.2; }
pings_there() { ip netns exec "$NS" ping -q -n -c 2 -i 0.05 -W 1 10.77.1.1; }
if why=$(json '.attach_kinds[] | select(.name == "netfilter") | .unavailable // ""' status) && [ -n "$why" ]; then
	is "netfilter_is_refused_with_its_reason" says "Linux 6.4" ctl load "$OBJECT" --program on_netfilter
	kindtable netfilter refused "$(refusal ctl load "$OBJECT" --program on_netfilter)"
else
	is "loads_netfilter" ctl load "$OBJECT" --program on_netfilter:netfilter --program on_drop --metadata n=4
	group=$(json '.programs[0].group' list programs -l n=4)
	KIND_TARGET=ipv4/input
	kind netfilter on_netfilter 6 pings netfilter ipv4/input
	is "a_ping_passes_without_the_program" pings
	is "attaches_one_that_drops" ctl attach on_drop netfilter ipv4/prerouting nf-priority=-250 defrag=yes
	is "the_ping_is_dropped" not pings
	is "its_options_are_listed" same "$(json '.links[0].options["nf-priority"]' list links)" -250
	is "another_with_its_priority_is_refused" says "has the priority -250" \
		ctl attach on_netfilter netfilter ipv4/prerouting nf-priority=-250
	is "defragmentation_comes_before" exits 1 ctl attach on_netfilter netfilter ipv4/input nf-priority=-500 defrag=yes
	is "another_hook_is_refused" says "is not FAMILY/HOOK" ctl attach on_netfilter netfilter ipv4/ingress
	is "a_word_as_priority_is_refused" exits 1 ctl attach on_netfilter netfilter ipv4/input nf-priority=first
	ctl detach "$(link_of on_drop)"
	is "the_ping_passes_again" pings
	is "attaches_in_the_other_namespace" ctl attach on_drop netfilter ipv4/output --netns "/run/netns/$NS"
	is "its_pings_are_dropped" not pings_there
	is "in_the_other_namespace_too_a_priority_is_taken_once" says "has the priority 50" \
		ctl attach on_netfilter netfilter ipv4/output --netns "$NS"
	ctl detach "$(link_of on_drop)"
	is "they_pass_again" pings_there
	ctl unload --group "$group"
fi

# ---- a namespace that goes away ----
ip netns add "bpfdg$$"
is "loads_for_a_namespace_that_will_go" ctl load "$OBJECT" --program on_sk_lookup
is "attaches_there" ctl attach on_sk_lookup sk_lookup --netns "bpfdg$$"
link=$(link_of on_sk_lookup)
is "it_is_attached" same_state "$link" attached
ip netns del "bpfdg$$"
is "it_is_lost_with_the_namespace" within 5 same_state "$link" lost
is "detaching_it_succeeds" ctl detach "$link"
is "its_pin_is_gone" not test -e "$BPFFS/link/$link"
leaks_note
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
