#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Probes of programs and libraries: uprobe, uretprobe, uprobe_multi, usdt.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
HITS=probe_hits
OBJECT=$OBJECTS/probes.bpf.o
# A copy of its own, so that no other test's probes are in it; not where others may not read.
cp "$BUILD/tests/lib/probed" "$WORK/probed"
PROBED=$WORK/probed

calls() { "$PROBED" 5; }
# counts SLOT WANTED COMMAND...: so often, exactly.
counts() {
	count_slot=$1 count_want=$2
	shift 2
	count_before=$(hits "$count_slot")
	"$@" || return 1
	same $(($(hits "$count_slot") - count_before)) "$count_want"
}
load() {
	ctl load "$OBJECT" "$@" || return 1
	group=$(json '[.programs[].group] | max' list programs)
}
unavailable() { json ".attach_kinds[] | select(.name == \"$1\") | .unavailable // \"\"" status; }
detach_all() { for l in $(json '.links[].id' list links); do ctl detach "$l" || return 1; done; }
offset_of() { nm "$PROBED" | awk -v f="$1" '$3 == f { print "0x" $1 }'; }

# A process that waits: $WAITER; it calls everything 3 times for each asked.
waiter_start() {
	: >"$WORK/said"
	"$PROBED" wait >"$WORK/said" &
	WAITER=$!
	within 5 grep -q ready "$WORK/said"
}
said() { [ "$(wc -l <"$WORK/said")" -gt "$1" ]; }
asks() {
	lines=$(wc -l <"$WORK/said")
	kill -s USR1 "$WAITER" && within 5 said "$lines"
}

is "starts" daemon_start
is "loads" load --program on_uprobe --program on_uretprobe --program on_usdt --program on_guarded

# ---- one function ----
KIND_TARGET=$PROBED:probed_twice
kind uprobe on_uprobe 3 calls uprobe "$PROBED:probed_twice"
KIND_TARGET=$PROBED
kind uretprobe on_uretprobe 4 calls uretprobe "$PROBED" function=probed_square
is "attaches_with_a_cookie" ctl attach on_uprobe uprobe "$PROBED:probed_twice" --cookie 4242
is "counts_each_call" counts 3 5 calls
is "the_program_reads_its_cookie" same "$(hits 8)" 4242
is "the_same_by_an_option_is_refused" exits 6 ctl attach on_uprobe uprobe "$PROBED" function=probed_twice
is "the_same_by_its_offset_is_refused" exits 6 ctl attach on_uprobe uprobe "$PROBED" "offset=$(offset_of probed_twice)"
is "attaches_to_an_offset" ctl attach on_uprobe uprobe "$PROBED" "offset=$(offset_of probed_thrice)"
is "counts_both" counts 3 10 calls
is "a_function_and_an_offset_are_one_place" exits 6 ctl attach on_uprobe uprobe "$PROBED:probed_twice" offset=0
is "two_offsets_are_one_too_many" says "an offset already" ctl attach on_uprobe uprobe "$PROBED:probed_twice+4" offset=4
mkdir "$WORK/a:b"
cp "$PROBED" "$WORK/a:b/probed"
is "a_folder_may_have_a_colon" ctl attach on_uprobe uprobe "$WORK/a:b/probed:probed_twice" --dry-run
is "attaches_to_a_return" ctl attach on_uretprobe uretprobe "$PROBED:probed_square"
is "counts_each_return" counts 4 5 calls
is "the_program_reads_what_was_returned" same "$(hits 9)" 25
is "detaches_all" detach_all
is "counts_no_more" counts 3 0 calls

# ---- one process ----
is "a_process_waits" waiter_start
is "attaches_to_one_process" ctl attach on_uprobe uprobe "$PROBED:probed_twice" "pid=$WAITER"
is "its_calls_are_counted" counts 3 3 asks
is "those_of_others_are_not" counts 3 0 calls
is "detaches_from_it" detach_all
is "a_process_that_is_not_there_is_named" says "no process 4194303" ctl attach on_uprobe uprobe "$PROBED:probed_twice" pid=4194303
is "nor_its_root" says "no process 4194303" ctl attach on_uprobe uprobe "$PROBED:probed_twice" container-pid=4194303

# ---- libraries by name ----
is "attaches_to_libc" ctl attach on_uprobe uprobe libc:sigwait "pid=$WAITER"
is "it_is_the_one_that_programs_use" moves 3 asks
is "libc_by_its_soname_is_the_same" exits 6 ctl attach on_uprobe uprobe libc.so.6 function=sigwait "pid=$WAITER"
is "detaches_libc" detach_all
is "a_library_that_is_not_there_is_said" exits 3 ctl attach on_uprobe uprobe libnosuch:f

# ---- what cannot be ----
is "an_unknown_function_is_compared" says "did you mean probed_twice" ctl attach on_uprobe uprobe "$PROBED:probed_twic"
is "an_unknown_function_is_not_found" exits 3 ctl attach on_uprobe uprobe "$PROBED:probed_twic"
is "an_unknown_file_is_not_found" exits 3 ctl attach on_uprobe uprobe "$WORK/nosuch:f"
is "a_function_is_needed" says "needs a function" ctl attach on_uprobe uprobe "$PROBED"
is "a_relative_path_is_refused" says "absolute path" ctl attach on_uprobe uprobe ./probed:probed_twice
is "a_link_of_proc_is_refused" exits 5 ctl attach on_uprobe uprobe "/proc/$WAITER/exe:probed_twice"
echo "no program" >"$WORK/text"
is "what_is_no_program_is_refused" says "not ELF" ctl attach on_uprobe uprobe "$WORK/text:f"
is "a_folder_is_refused" says "not a regular file" ctl attach on_uprobe uprobe "$WORK:f"
is "no_instruction_is_there" exits 1 ctl attach on_uprobe uprobe "$PROBED" offset=0x99999999
is "a_pattern_is_for_another_kind" says "uprobe_multi" ctl attach on_uprobe uprobe "$PROBED:probed_*"
strip -o "$WORK/stripped" "$PROBED"
is "a_stripped_file_is_said_to_be" says "stripped" ctl attach on_uprobe uprobe "$WORK/stripped:call_all"
is "nothing_came_of_any" same "$(json '.links | length' list links)" 0

# ---- probes of the author ----
if ! readelf -S "$PROBED" | grep -q .note.stapsdt; then
	for t in usdt_works usdt_arguments usdt_semaphores; do
		skip "$t" "the test's program was built without sys/sdt.h (systemtap-sdt-dev)"
	done
else
	KIND_TARGET=$PROBED:probed:called
	kind usdt on_usdt 6 calls usdt "$PROBED:probed:called"
	is "attaches_to_a_probe" ctl attach on_usdt usdt "$PROBED:probed:called" --cookie 7
	is "both_its_places_are_kernel_links" same "$(find "$BPFFS/link" -type f | wc -l)" 2
	is "counts_both_places" counts 6 10 calls
	is "the_program_reads_how_many_arguments" same "$(hits 10)" 2
	is "reads_its_usdt_cookie" same "$(hits 13)" 7
	# 1 to 5 and five times 1000; -1 to -5 and five times -1, counted downwards; ten calls and another 5
	# while kind() looked.
	before0=$(hits 11) before1=$(hits 12)
	is "calls_again" calls
	is "reads_registers_and_constants" same "$(($(hits 11) - before0))" 5015
	is "reads_memory_with_its_sign" same "$(($(hits 12) - before1))" 20
	is "a_second_program_gets_records_of_its_own" ctl attach on_guarded usdt "$PROBED:probed:const"
	is "the_second_program_runs" counts 14 5 calls
	before0=$(hits 11)
	is "calls_a_third_time" calls
	is "the_first_reads_its_own_still" same "$(($(hits 11) - before0))" 5015
	is "detaches_both" detach_all
	is "nobody_listens" says "listened 0" "$PROBED" 5
	is "attaches_to_a_guarded_probe" ctl attach on_guarded usdt "$PROBED" provider=probed name=guarded
	is "the_program_is_told_that_somebody_listens" says "listened 5" "$PROBED" 5
	is "the_guarded_probe_runs" counts 14 5 calls
	is "detaches_from_it_again" detach_all
	is "nobody_listens_again" says "listened 0" "$PROBED" 5
	is "attaches_to_a_probe_of_one_process" ctl attach on_usdt usdt "$PROBED:probed:called" "pid=$WAITER"
	is "its_probes_are_counted" counts 6 6 asks
	is "those_of_other_processes_are_not" counts 6 0 calls
	is "detaches_from_one_process" detach_all
	is "an_unknown_probe_is_compared" says "did you mean probed:called" ctl attach on_usdt usdt "$PROBED:probed:calls"
	is "a_file_without_probes_is_said" says "no USDT probes at all" ctl attach on_usdt usdt /bin/true:a:b
	is "a_probe_is_needed" says "needs a probe" ctl attach on_usdt usdt "$PROBED"
fi
leaks_note
is "unloads" ctl unload --group "$group"

# ---- many functions ----
why=$(unavailable uprobe_multi)
if [ -z "$why" ]; then
	is "loads_for_many_functions" load --program on_uprobe_multi
	KIND_TARGET=$PROBED:'probed_*'
	kind uprobe_multi on_uprobe_multi 5 calls uprobe_multi "$PROBED:probed_*"
	is "takes_a_list" ctl attach on_uprobe_multi uprobe_multi "$PROBED:probed_twice,probed_square" --cookie 77
	is "counts_two" counts 5 10 calls
	is "each_has_the_cookie" same "$(hits 8)" 77
	is "takes_offsets_and_functions" ctl attach on_uprobe_multi uprobe_multi "$PROBED" \
		"offset=$(offset_of probed_twice),$(offset_of probed_thrice)" function=probed_square
	is "counts_three_more" counts 5 25 calls
	is "takes_returns" ctl attach on_uprobe_multi uprobe_multi "$PROBED:probed_square" return=yes "pid=$WAITER"
	is "counts_returns_of_one_process" counts 5 18 asks
	is "one_that_is_not_there_is_named" says "does not define the function probed_not" \
		ctl attach on_uprobe_multi uprobe_multi "$PROBED:probed_twice,probed_not"
	is "it_is_not_for_one_function" says "loaded as uprobe.multi" ctl attach on_uprobe_multi uprobe "$PROBED:probed_twice"
	leaks_note
else
	is "loads_a_program_for_it" load --program on_uprobe
	is "uprobe_multi_is_refused_by_its_reason" says "$why" ctl attach on_uprobe uprobe_multi "$PROBED:probed_*"
	kindtable uprobe_multi refused "$(refusal ctl attach on_uprobe uprobe_multi "$PROBED:probed_*")"
fi
kill "$WAITER"
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
