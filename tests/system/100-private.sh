#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A private instance keeps everything in its folder and leaves nothing behind.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

mode() { stat -c %a "$1"; }
no_process() { ! pgrep -f -- "--root $ROOT" >/dev/null; }
attached() { json '.links[] | select(.state == "attached") | .id' list links | grep -q .; }

is "starts_in_an_empty_folder" daemon_start
pids="$BPFD_PID $(children)"
is "bpffs_is_its_own_and_closed" same "$(stat -f -c %T "$BPFFS") $(mode "$BPFFS")" "bpf_fs 700"
is "socket_is_for_the_group" same "$(stat -c '%a %G' "$SOCK")" "660 bpfd"
is "store_is_below_the_folder" test -s "$ROOT/state/bpfd.db"
is "others_cannot_read_the_store" same "$(mode "$ROOT/state/bpfd.db" | tail -c 3)" 00
is "a_second_one_in_the_same_folder_is_refused" not timeout 10 "$BUILD/bpfd" --foreground --root "$ROOT"
is "the_first_goes_on" daemon_ready
leaks_note
is "stops_on_sigterm" daemon_stop TERM
for pid in $pids; do
	is "process_${pid}_of_it_is_gone" not kill -0 "$pid"
done 2>/dev/null
is "nothing_is_left" leaks_none

is "starts_again_in_the_same_folder" daemon_start
is "loads_and_attaches" ctl load "$OBJECTS/core.bpf.o" --attach tracepoint:sched/sched_process_exec
leaks_note
is "stops_on_sigint" daemon_stop INT
is "attached_programs_are_gone_too" leaks_none

is "starts_to_be_kept" daemon_start --keep
is "loads_to_be_kept" ctl load "$OBJECTS/core.bpf.o" --attach tracepoint:sched/sched_process_exec
id=$(json '.programs[0].id' list programs)
is "stops_with_keep" daemon_stop TERM
is "the_program_is_still_there" bpftool prog show id "$id"
is "starts_over_what_was_kept" daemon_start
is "lists_what_was_kept" same "$(json '.programs[0].id' list programs)" "$id"
is "it_is_still_attached" attached
leaks_note
is "stops_without_keep" daemon_stop TERM
is "now_it_is_gone" leaks_none
is "no_process_is_left" no_process
tap_end
