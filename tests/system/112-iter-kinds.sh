#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Iterators: attached, read by bpfctl iter, cut where they are too long, given up when nobody reads.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
OBJECT=$OBJECTS/iters.bpf.o

# reads TEXT LINK: bpfctl iter prints a line with it.
reads() { ctl iter "$2" | grep -q -- "$1"; }
set_elem() { bpftool map update pinned "$BPFFS/map/$group/$1" key "$2" 0 0 0 value "$3" 0 0 0 0 0 0 0; }
attached_to() { json ".links[] | select(.target == \"$1\") | .id" list links; }
no_oneshot() { ! has_child bpfd-oneshot; }

ROOT=$WORK/iters
mkdir -p "$ROOT/etc"
printf '[limits]\niter_bytes = 65536\niter_s = 2\n' >"$ROOT/etc/bpfd.toml"
is "starts" daemon_start
is "loads" ctl load "$OBJECT"
group=$(json '.programs[0].group' list programs)

failed=$TAP_FAILED
is "a_dry_run_attaches_nothing" ctl attach on_task iter --dry-run
is "no_link_after_it" same "$(json '.links | length' list links)" 0
is "attaches_over_all_tasks" ctl attach on_task iter
all=$(link_of on_task)
is "lists_it_with_its_target" same "$(link_facts on_task)" "iter task attached"
is "reads_this_shell" reads "^task $$ " "$all"
is "each_read_is_a_run_of_its_own" reads "^task $$ " "$all"
is "refuses_it_the_second_time" exits 6 ctl attach on_task iter task
is "attaches_over_one_process" ctl attach on_task iter task pid=$$
one=$(attached_to "task pid=$$")
is "reads_only_that" same "$(ctl iter "$one" | grep -c .)" 1
is "refuses_that_the_second_time" exits 6 ctl attach on_task iter "" pid=$$
kill -s KILL "$(child bpfd-loader)" "$(child bpfd-api)"
is "reads_after_a_restart" within 3 reads "^task $$ " "$one"
is "knows_it_after_a_restart" exits 6 ctl attach on_task iter task pid=$$
kill_daemon
is "starts_again" daemon_start
is "reads_with_a_new_daemon" within 3 reads "^task $$ " "$one"
is "lists_the_same" same "$(attached_to "task pid=$$")" "$one"

set_elem iters_map 7 42
set_elem iters_array 2 99
is "a_map_must_be_said" says "say which by map=" ctl attach on_elem iter
is "attaches_over_a_map_by_name" ctl attach on_elem iter bpf_map_elem map=iters_map
map=$(json ".maps[] | select(.name == \"iters_map\") | .id" list maps)
is "reads_the_map" reads "^elem 7 42$" "$(attached_to "bpf_map_elem map=$map")"
is "the_same_map_by_id_is_the_same" exits 6 ctl attach on_elem iter bpf_map_elem map="$map"
is "attaches_over_another_map" ctl attach on_elem iter bpf_map_elem map=iters_array
is "a_map_that_is_not_there_is_named" says "bpfd has no map nowhere" ctl attach on_elem iter "" map=nowhere
is "a_map_of_others_is_not_bpfds" says "bpfd has no map 1" ctl attach on_elem iter "" map=1
is "an_option_of_another_iterator_is_refused" says "takes no option map" ctl attach on_task iter "" map=iters_map
is "pid_and_tid_exclude_each_other" says "exclude each other" ctl attach on_task iter "" pid=1 tid=1
is "a_process_has_a_number" says "pid is not the number of a process" ctl attach on_task iter "" pid=0
is "another_target_is_refused" says "was loaded for task" ctl attach on_task iter cgroup

no_cgroup2=$(grep -q ' cgroup2 ' /proc/mounts || echo none)
if [ -n "$no_cgroup2" ]; then
	skip "attaches_over_cgroups" "no cgroup2 is mounted"
else
	is "attaches_over_the_root_cgroup" ctl attach on_cgroup iter "" order=self
	is "reads_one_cgroup" same "$(ctl iter "$(link_of on_cgroup)" | grep -c '^cgroup ')" 1
	mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	mkdir "$mount/bpfd-iter-$$" "$mount/bpfd-iter-$$/below"
	is "attaches_over_a_cgroup_by_path" ctl attach on_cgroup iter cgroup "cgroup=$mount/bpfd-iter-$$"
	number=$(stat -c %i "$mount/bpfd-iter-$$")
	link=$(attached_to "cgroup cgroup=$number descendants-pre")
	is "reads_it_and_what_is_below" same "$(ctl iter "$link" | grep -c '^cgroup ')" 2
	is "reads_its_number" reads "^cgroup $number$" "$link"
	is "detaches_it" ctl detach "$link"
	rmdir "$mount/bpfd-iter-$$/below" "$mount/bpfd-iter-$$"
fi

is "attaches_something_else" ctl load "$OBJECTS/kinds.bpf.o" --program on_tp_btf --attach tp_btf:sched_process_exec
is "which_cannot_be_read" says "only those of kind iter" ctl iter "$(link_of on_tp_btf)"
is "a_link_that_is_not_there_is_said" exits 3 ctl iter 999999
is "only_admins_read" exits 5 setpriv --reuid=65534 --clear-groups "$BUILD/bpfctl" -s "$SOCK" iter "$all"

is "loads_one_that_writes_much" ctl load "$OBJECT" --program on_task --global lines=64000000 --metadata big=yes
big=$(json '.programs[] | select(.metadata.big == "yes") | .id' list programs)
is "attaches_it" ctl attach "$big" iter
long=$(json ".links[] | select(.program == $big) | .id" list links)
ctl iter "$long" >"$WORK/long" 2>"$WORK/long.err" && status=0 || status=$?
is "the_cut_has_a_status" not test "$status" -eq 0
is "and_says_so" grep -q "cut after 65536 bytes (limits.iter_bytes)" "$WORK/long.err"
is "what_came_before_is_there" same "$(stat -c %s "$WORK/long")" 65536
is "who_read_it_is_gone" within 2 no_oneshot

# Clients that do not read: one is given up by the daemon, one goes by itself.
kill_daemon
printf '[limits]\niter_s = 2\n' >"$ROOT/etc/bpfd.toml"
is "starts_with_more_bytes" daemon_start
is "reads_much" within 3 test "$(ctl iter "$long" | wc -c)" -gt 1000000
mkfifo "$WORK/stuck"
"$BUILD/bpfctl" -s "$SOCK" iter "$long" >"$WORK/stuck" 2>"$WORK/stuck.err" &
stuck=$!
exec 9<"$WORK/stuck"
is "the_run_waits_for_its_client" within 2 has_child bpfd-oneshot
is "others_are_served_meanwhile" reads "^task $$ " "$one"
is "the_run_of_who_does_not_read_is_ended" within 4 no_oneshot
cat <&9 >"$WORK/stuck.out"
wait "$stuck" && status=0 || status=$?
exec 9<&-
is "which_is_a_time_limit" same "$status" 124
is "and_is_said" grep -q "cut after 2 s" "$WORK/stuck.err"
is "what_came_before_that_is_there" test -s "$WORK/stuck.out"
"$BUILD/bpfctl" -s "$SOCK" iter "$long" >"$WORK/stuck" 2>/dev/null &
stuck=$!
exec 9<"$WORK/stuck"
is "another_run_waits" within 2 has_child bpfd-oneshot
kill -s KILL "$stuck"
wait "$stuck" 2>/dev/null || :
exec 9<&-
is "a_client_that_goes_ends_its_run" within 1 no_oneshot
leaks_note
[ "$TAP_FAILED" -ne "$failed" ] || kindtable iter works
is "unloads" ctl unload --group "$group"
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
