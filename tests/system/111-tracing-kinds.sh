#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs on functions of the kernel: fentry, fexit, fmod_ret, lsm, lsm_cgroup.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
HITS=tracing_hits
OBJECT=$OBJECTS/tracing.bpf.o

made=0
makes_directory() {
	made=$((made + 1))
	mkdir "$WORK/made$made"
}
# The same under the name that the lsm program refuses, 15 bytes and NUL.
ln -s /bin/mkdir "$WORK/bpfd-refused"
makes_refused_directory() { "$WORK/bpfd-refused" "$WORK/refused"; }

is "starts" daemon_start
locked=$(sed -n 's/.*\[\(.*\)\].*/\1/p' /sys/kernel/security/lockdown 2>/dev/null) || :
if [ "${locked:-none}" != none ]; then
	for kind in fentry fexit fmod_ret lsm lsm_cgroup; do
		is "${kind}_is_refused_by_its_reason" says "lockdown=$locked refuses" ctl load "$OBJECT" --program "on_$kind"
		is "status_says_why_there_is_no_$kind" says "lockdown=$locked refuses" ctl status -o json
		kindtable "$kind" refused "$(refusal ctl load "$OBJECT" --program "on_$kind")"
	done
	is "nothing_is_loaded" same "$(json '.programs | length' list programs)" 0
	is "stops" daemon_stop TERM
	tap_end
fi

is "loads" ctl load "$OBJECT" --global refused_comm=627066642d7265667573656400000000
group=$(json '.programs[0].group' list programs)
KIND_TARGET=security_inode_mkdir
kind fentry on_fentry 0 makes_directory fentry
kind fexit on_fexit 1 makes_directory fexit security_inode_mkdir
kind fmod_ret on_fmod_ret 2 makes_directory fmod_ret
KIND_TARGET=inode_mkdir
kind lsm on_lsm 3 makes_directory lsm

mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
CGROUP=$mount/bpfd-lsm-$$
# in_cgroup COMMAND...: as a process of the cgroup.
in_cgroup() { sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$CGROUP" "$@"; }
makes_a_socket() { python3 -c 'import socket; socket.socket()'; }
makes_a_socket_there() { in_cgroup python3 -c 'import socket; socket.socket()'; }
if [ -z "$mount" ]; then
	skip "attaches_lsm_cgroup" "no cgroup2 is mounted"
else
	mkdir "$CGROUP"
	KIND_TARGET=$CGROUP
	tries_a_socket_there() { makes_a_socket_there || :; }
	refuses_there() { ! makes_a_socket_there 2>"$WORK/refused.err" && grep -q PermissionError "$WORK/refused.err"; }
	kind lsm_cgroup on_lsm_cgroup 5 tries_a_socket_there lsm_cgroup "$CGROUP"
	is "attaches_lsm_cgroup_again" ctl attach on_lsm_cgroup lsm_cgroup "$CGROUP"
	is "a_socket_is_refused_in_the_cgroup" refuses_there
	is "and_allowed_elsewhere" makes_a_socket
	is "an_lsm_program_is_not_for_cgroups" says "loaded as lsm, not as lsm_cgroup" ctl attach on_lsm lsm_cgroup "$CGROUP"
	is "detaches_from_the_cgroup" ctl detach "$(link_of on_lsm_cgroup)"
	is "a_socket_is_allowed_there_again" makes_a_socket_there
	rmdir "$CGROUP"
fi

is "attaches_with_a_cookie" ctl attach on_fentry fentry --cookie 4242
makes_directory
is "the_program_reads_its_cookie" same "$(hits 4)" 4242
is "another_target_is_refused" says "was loaded for security_inode_mkdir" ctl attach on_fexit fexit security_inode_rmdir
is "another_kind_is_refused" says "loaded as fexit, not as fentry" ctl attach on_fexit fentry
is "a_network_namespace_is_refused" says "takes no network namespace" ctl attach on_fexit fexit --netns pid:1

is "the_act_is_allowed_without_the_program" makes_refused_directory
rmdir "$WORK/refused"
is "attaches_the_lsm_program" ctl attach on_lsm lsm
is "the_act_is_refused_by_the_program" not makes_refused_directory
is "and_did_not_happen" not test -d "$WORK/refused"
is "others_may_still" makes_directory
leaks_note
is "unloads" ctl unload --group "$group"
is "the_act_is_allowed_again" makes_refused_directory

is "loads_for_another_function" ctl load "$OBJECT" --program on_fentry:fentry:security_inode_rmdir
group=$(json '.programs[0].group' list programs)
is "attaches_there" ctl attach on_fentry fentry
is "the_target_is_the_one_of_the_load" same "$(link_facts on_fentry)" "fentry security_inode_rmdir attached"
is "a_function_that_is_not_there_is_named" says no_such_function ctl load "$OBJECT" --program on_fentry:fentry:no_such_function
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
