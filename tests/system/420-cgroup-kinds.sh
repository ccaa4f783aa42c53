#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs on cgroups: each hook is driven by a process in a cgroup of the test's own.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
HITS=cgroup_hits
OBJECT=$OBJECTS/cgroups.bpf.o

MOUNT=$(awk '{ for (i = 7; i < NF && $i != "-"; i++); if ($(i + 1) == "cgroup2" && $4 == "/") { print $5; exit } }' \
	/proc/self/mountinfo)
[ -n "$MOUNT" ] || skip_all "no cgroup2 is mounted"
NAME=bpfd-kinds-$$
CGROUP=$MOUNT/$NAME
mkdir "$CGROUP"
clean() {
	rmdir "$CGROUP/below" "$CGROUP" 2>/dev/null || :
	finish
}
trap clean EXIT

# inside PYTHON...: in the cgroup and the network namespace of the test.
cat >"$WORK/inside.py" <<-'PY'
	import os, socket, sys
	open(sys.argv[1] + "/cgroup.procs", "w").write("0")
	v4 = lambda kind=socket.SOCK_STREAM: socket.socket(socket.AF_INET, kind)
	def connect(port):
	    with socket.create_server(("127.0.0.1", port)) as there:
	        with v4() as s:
	            s.connect(there.getsockname())
	            s.sendall(b"x")
	            there.accept()[0].recv(1)
	exec(sys.argv[2])
PY
inside() { here python3 "$WORK/inside.py" "$CGROUP" "$1"; }

sends() { inside 's = v4(socket.SOCK_DGRAM); s.sendto(b"x", ("127.0.0.1", 9))'; }
makes_a_socket() { inside 'v4().close()'; }
binds() { inside 's = v4(); s.bind(("127.0.0.1", 0))'; }
connects() { inside 'connect(0)'; }
connects_to_port_7() { inside 'connect(7)'; }
connects6() { inside 's = socket.socket(socket.AF_INET6); s.settimeout(1); sys.exit(not s.connect_ex(("::1", 9)))'; }
asks_its_name() { inside 's = v4(); s.bind(("127.0.0.1", 0)); s.getsockname()'; }
sets_tos() { inside 's = v4(); s.setsockopt(0, 1, bytes([8])); sys.exit(s.getsockopt(0, 1) != '"$1"')'; }
sets_an_option() { sets_tos 16; }
gets_an_option() { inside 'v4().getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)'; }
reads_a_sysctl() { inside 'open("/proc/sys/net/ipv4/ip_default_ttl").read()'; }
writes_a_sysctl() { inside 'os.write(os.open("/proc/sys/net/ipv4/ip_default_ttl", os.O_WRONLY), b"64")'; }
opens_null() { inside 'open("/dev/null").close()'; }
opens_zero() { inside 'open("/dev/zero").close()'; }

since() { [ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]; }

is "starts" daemon_start
is "loads_programs_by_their_sections" ctl load "$OBJECT"
group=$(json '.programs[0].group' list programs)

KIND_TARGET=$CGROUP
kind cgroup_skb on_ingress 0 connects cgroup_skb "$CGROUP"
kind cgroup_sock on_sock_create 2 makes_a_socket cgroup_sock "$CGROUP"
kind cgroup_sock_addr on_connect4 5 connects cgroup_sock_addr "$CGROUP"
kind cgroup_sockopt on_setsockopt 9 sets_an_option cgroup_sockopt "$CGROUP"
kind cgroup_sysctl on_sysctl 11 reads_a_sysctl cgroup_sysctl "$CGROUP"
kind cgroup_device on_device 12 opens_null cgroup_device "$CGROUP"
kind sock_ops on_sock_ops 13 connects sock_ops "$CGROUP"

# hook PROGRAM N TRIGGER KIND: the other hooks of the same kinds.
hook() {
	is "$1_attaches" ctl attach "$1" "$4" "$NAME"
	is "$1_runs" moves "$2" "$3"
	is "$1_detaches" ctl detach "$(link_of "$1")"
	is "$1_no_longer_runs" stands_still "$2" "$3"
}
hook on_egress 1 sends cgroup_skb
hook on_sock_release 3 makes_a_socket cgroup_sock
hook on_post_bind4 14 binds cgroup_sock
hook on_bind4 4 binds cgroup_sock_addr
hook on_connect6 6 connects6 cgroup_sock_addr
hook on_sendmsg4 7 sends cgroup_sock_addr
hook on_getsockname4 8 asks_its_name cgroup_sock_addr
hook on_getsockopt 10 gets_an_option cgroup_sockopt

# Unix sockets have hooks of their own.
connects_unix() { inside 's = socket.socket(socket.AF_UNIX); s.bind("\0bpfd-test"); s.listen()
socket.socket(socket.AF_UNIX).connect("\0bpfd-test")'; }
if since 6.7; then
	is "loads_for_unix_sockets" ctl load "$OBJECTS/cgroup_unix.bpf.o"
	is "a_unix_socket_is_reached_without_the_program" connects_unix
	is "attaches_to_unix_sockets" ctl attach on_connect_unix cgroup_sock_addr "$CGROUP"
	is "the_unix_socket_is_refused_by_the_program" not connects_unix
	ctl unload on_connect_unix
else
	is "a_kernel_without_unix_hooks_says_so" says "Linux 6.7 has" ctl load "$OBJECTS/cgroup_unix.bpf.o"
fi

# What they may do.
is "a_connect_is_allowed_without_the_program" connects_to_port_7
is "attaches_by_a_path_below_the_mount" ctl attach on_connect4 cgroup_sock_addr "$NAME/"
is "a_connect_is_refused_by_the_program" not connects_to_port_7
is "another_connect_is_not" connects
is "a_process_outside_is_not_concerned" here python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 7)); socket.create_connection(("127.0.0.1", 7))'
is "a_sysctl_can_be_written_without_the_program" writes_a_sysctl
is "attaches_to_sysctls" ctl attach on_sysctl cgroup_sysctl "$CGROUP"
is "the_write_is_refused_by_the_program" not writes_a_sysctl
is "reading_is_not" reads_a_sysctl
is "a_device_can_be_opened_without_the_program" opens_zero
is "attaches_to_devices" ctl attach on_device cgroup_device "$CGROUP"
is "the_open_is_refused_by_the_program" not opens_zero
is "a_socket_option_is_as_it_was_set" sets_tos 8
is "attaches_to_socket_options" ctl attach on_setsockopt cgroup_sockopt "$CGROUP"
is "the_option_is_changed_by_the_program" sets_tos 16
mkdir "$CGROUP/below"
is "what_is_below_is_concerned_too" not here python3 "$WORK/inside.py" "$CGROUP/below" 'open("/dev/zero")'

# Directions.
is "attaches_to_a_direction" ctl attach on_ingress cgroup_skb "$CGROUP" --direction ingress
is "the_direction_is_listed" same "$(json '.links[] | select(.program_name == "on_ingress") | .direction' list links)" ingress
is "an_unknown_direction_is_refused" exits 1 ctl attach on_ingress cgroup_skb "$CGROUP" --direction inward
is "one_without_directions_refuses_it" exits 1 ctl attach on_device cgroup_device "$CGROUP" --direction ingress
for program in on_connect4 on_sysctl on_device on_setsockopt on_ingress; do
	ctl detach "$(link_of "$program")"
done

# Two on one hook: lower priority first, where the kernel orders them.
is "attaches_the_later_first" ctl attach on_second cgroup_skb "$CGROUP" --priority 70
is "attaches_the_earlier_after_it" ctl attach on_first cgroup_skb "$CGROUP" --priority 30
last() { sends && same "$(hits 16)" "$1"; }
if since 6.17; then
	is "priority_orders_them" last 2
else
	is "they_run_as_they_came" last 1
fi

# Refusals.
is "a_cgroup_that_is_not_there_is_not_found" exits 3 ctl attach on_egress cgroup_skb "$CGROUP/belov"
is "and_the_nearest_is_named" says "did you mean below?" ctl attach on_egress cgroup_skb "$CGROUP/belov"
is "a_path_elsewhere_is_refused" says "is not below $MOUNT" ctl attach on_egress cgroup_skb /sys/fs
is "a_way_out_is_refused" exits 1 ctl attach on_egress cgroup_skb "$CGROUP/../.."
is "a_file_is_no_cgroup" exits 1 ctl attach on_egress cgroup_skb "$CGROUP/cgroup.procs"
is "another_kind_is_refused" says "kinds that fit it: cgroup_skb" ctl attach on_egress cgroup_sock "$CGROUP"

same_state() { same "$(json ".links[] | select(.id == $1) | .state" list links)" "$2"; }

# A cgroup that goes away takes its programs off.
is "attaches_to_one_that_will_go" ctl attach on_device cgroup_device "$CGROUP/below"
link=$(link_of on_device)
is "it_is_attached" same "$(link_facts on_device)" "cgroup_device $CGROUP/below attached"
rmdir "$CGROUP/below"
is "list_says_that_it_is_lost" within 3 same_state "$link" lost
is "get_says_so_too" says lost ctl get link "$link"
is "detaching_it_succeeds" ctl detach "$link"
is "its_pin_is_gone" not test -e "$BPFFS/link/$link"
leaks_note
is "unloads" ctl unload --group "$group"
is "stops" daemon_stop TERM

ROOT=$WORK/policy
mkdir -p "$ROOT/etc"
printf '[policy]\ncgroups = ["/%s-*", "/x"]\n' "$NAME" >"$ROOT/etc/bpfd.toml"
is "starts_with_a_policy" daemon_start
is "loads_with_a_policy" ctl load "$OBJECT" --program on_device:cgroup_device
is "the_policy_refuses_other_cgroups" exits 5 ctl attach on_device cgroup_device "$CGROUP"
mkdir "$CGROUP-1"
is "and_allows_those_that_it_names" ctl attach on_device cgroup_device "$CGROUP-1"
leaks_note
is "stops_at_the_end" daemon_stop TERM
rmdir "$CGROUP-1"
is "nothing_is_left" leaks_none
tap_end
