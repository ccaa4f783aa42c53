#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two private instances at once know nothing of each other.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

ids() { json '[.programs[].id] | sort | map(tostring) | join(" ")' list programs; }
first() { BPFD_PID=$pid1 ROOT=$WORK/one && daemon_paths; }
second() { BPFD_PID=$pid2 ROOT=$WORK/two && daemon_paths; }

mkdir "$WORK/one" "$WORK/two"
ROOT=$WORK/one
is "the_first_starts" daemon_start
pid1=$BPFD_PID
ROOT=$WORK/two
is "the_second_starts" daemon_start
pid2=$BPFD_PID
is "the_second_attaches" ctl load "$OBJECTS/core.bpf.o" --attach tracepoint:sched/sched_process_exec
ids2=$(ids)
leaks_note
first
is "the_first_lists_nothing_of_it" same "$(ids)" ""
is "the_first_attaches_the_same" ctl load "$OBJECTS/core.bpf.o" --attach tracepoint:sched/sched_process_exec
ids1=$(ids)
leaks_note
is "they_are_not_the_same_programs" not same "$ids1" "$ids2"
second
is "the_second_lists_its_own" same "$(ids)" "$ids2"
is "the_second_cannot_unload_the_others" not ctl unload "$ids1"
first
is "the_others_is_still_there" same "$(ids)" "$ids1"
is "the_first_stops" daemon_stop TERM
second
is "the_second_goes_on" same "$(ids)" "$ids2"
is "its_program_is_in_the_kernel" bpftool prog show id "$ids2"
is "the_second_stops" daemon_stop TERM
is "nothing_of_either_is_left" leaks_none
tap_end
