#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Probes of the kernel's functions, and samples: kprobe, kretprobe, kprobe_multi, perf_event.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
begin
HITS=probe_hits
OBJECT=$OBJECTS/probes.bpf.o

made=0
makes_directory() {
	made=$((made + 1))
	mkdir "$WORK/made$made"
}
load() {
	ctl load "$OBJECT" "$@" || return 1
	group=$(json '[.programs[].group] | max' list programs)
}
unavailable() { json ".attach_kinds[] | select(.name == \"$1\") | .unavailable // \"\"" status; }
# refused KIND PROGRAM TARGET: the reason is what status says.
refused() {
	why=$(unavailable "$1")
	is "${1}_is_refused_by_its_reason" says "$why" ctl attach "$2" "$1" "$3"
	is "${1}_is_refused_as_a_precondition" exits 1 ctl attach "$2" "$1" "$3"
	kindtable "$1" refused "$(refusal ctl attach "$2" "$1" "$3")"
}

# ---- samples ----
burns() {
	burn_end=$(($(date +%s%N) + ${1:-300000000}))
	while [ "$(date +%s%N)" -lt "$burn_end" ]; do :; done
}
faults() { for _ in 1 2 3; do /bin/true; done; }

is "starts" daemon_start
is "loads_a_sampler" load --program on_perf_event
KIND_TARGET=sw:cpu-clock
kind perf_event on_perf_event 7 burns perf_event sw:cpu-clock freq=99
is "samples_by_a_period" ctl attach on_perf_event perf_event sw:cpu-clock period=1000000
is "it_has_a_kernel_link_for_each_processor" same "$(find "$BPFFS/link" -type f | wc -l)" "$(nproc)"
is "it_samples" moves 7 burns
is "the_same_with_another_period_is_another_hook" ctl attach on_perf_event perf_event sw:cpu-clock period=2000000
for link in $(link_of on_perf_event); do
	is "detaches_$link" ctl detach "$link"
done
is "no_kernel_link_is_left" same "$(find "$BPFFS/link" -type f | wc -l)" 0
is "counts_every_page_fault" ctl attach on_perf_event perf_event sw:page-faults
is "page_faults_are_counted" moves 7 faults
is "detaches_page_faults" ctl detach "$(link_of on_perf_event)"
is "samples_on_one_processor" ctl attach on_perf_event perf_event sw:page-faults cpu=0
is "that_is_one_kernel_link" same "$(find "$BPFFS/link" -type f | wc -l)" 1
is "detaches_one_processor" ctl detach "$(link_of on_perf_event)"
sleep 60 &
sleeper=$!
is "samples_one_process" ctl attach on_perf_event perf_event sw:page-faults pid=$sleeper
is "others_are_not_counted" stands_still 7 faults
kill "$sleeper"
is "detaches_one_process" ctl detach "$(link_of on_perf_event)"
is "a_process_that_is_gone_is_named" says "no process $sleeper" ctl attach on_perf_event perf_event sw:page-faults pid=$sleeper
is "an_unknown_event_is_compared" says "did you mean sw:page-faults" ctl attach on_perf_event perf_event sw:page-fault
is "a_processor_that_is_not_there_is_named" says "no processor 4000" ctl attach on_perf_event perf_event sw:page-faults cpu=4000
is "freq_and_period_are_one_too_many" says "not both" ctl attach on_perf_event perf_event sw:cpu-clock freq=9 period=9
leaks_note
is "unloads_the_sampler" ctl unload --group "$group"

# ---- one function ----
is "loads_probes" load --program on_kprobe --program on_kretprobe
if [ -z "$(unavailable kprobe)" ]; then
	KIND_TARGET=security_inode_mkdir
	kind kprobe on_kprobe 0 makes_directory kprobe security_inode_mkdir
	kind kretprobe on_kretprobe 1 makes_directory kretprobe
	is "takes_the_function_of_the_section" ctl attach on_kprobe kprobe --cookie 4242
	makes_directory
	is "the_program_reads_its_cookie" same "$(hits 8)" 4242
	is "an_offset_is_another_hook" ctl attach on_kprobe kprobe vfs_mkdir offset=0
	is "an_unknown_function_is_compared" says "did you mean" ctl attach on_kprobe kprobe security_inode_mkdirs
	is "no_instruction_is_there" exits 1 ctl attach on_kprobe kprobe security_inode_mkdir+99999999
	is "two_offsets_are_one_too_many" says "not one number" ctl attach on_kprobe kprobe security_inode_mkdir+4 offset=1
	is "a_return_has_no_offset" says "takes no offset" ctl attach on_kretprobe kretprobe security_inode_mkdir offset=4
	is "a_pattern_is_for_another_kind" says "kprobe_multi" ctl attach on_kprobe kprobe 'security_*'
else
	refused kprobe on_kprobe security_inode_mkdir
	refused kretprobe on_kretprobe security_inode_mkdir
fi
leaks_note
is "unloads_probes" ctl unload --group "$group"

# ---- many functions ----
is "loads_for_many_functions" load --program on_kprobe_multi
if [ -z "$(unavailable kprobe_multi)" ]; then
	KIND_TARGET='security_inode_mkdi*'
	kind kprobe_multi on_kprobe_multi 2 makes_directory kprobe_multi
	is "takes_a_list" ctl attach on_kprobe_multi kprobe_multi security_inode_mkdir,security_inode_rmdir --cookie 77
	is "it_runs_for_the_first" moves 2 makes_directory
	is "it_runs_for_the_second" moves 2 rmdir "$WORK/made$made"
	is "each_has_the_cookie" same "$(hits 8)" 77
	is "a_name_that_fits_nothing_is_compared" says "did you mean" ctl attach on_kprobe_multi kprobe_multi security_inode_mkdirs
	is "a_pattern_that_fits_nothing_is_said" says "fits no_such_*" ctl attach on_kprobe_multi kprobe_multi 'no_such_*'
	is "it_is_not_for_one_function" says "loaded as kprobe.multi" ctl attach on_kprobe_multi kprobe security_inode_mkdir
else
	refused kprobe_multi on_kprobe_multi 'security_inode_mkdi*'
fi
leaks_note
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
