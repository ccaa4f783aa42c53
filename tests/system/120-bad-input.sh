#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each bad input is a clear error with the right status, leaves nothing, and kills nobody.
# Statuses: 1 failed, 2 usage, 3 not found, 5 permission, 6 conflict.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

empty() { same "$(json '.programs | length' list programs) $(json '.links | length' list links)" "${1:-0} 0"; }
# shellcheck disable=SC2046
bpf_objects() { held $(children) | wc -l; }
pins() { find "$BPFFS" -type f | wc -l; }

# refused NAME STATUS WORD ARG...: bpfctl ARG... ends with STATUS and says WORD.
refused() {
	name=$1 want=$2 word=$3
	shift 3
	is "$name" exits "$want" ctl "$@"
	is "${name}_and_says_why" says "$word" ctl "$@"
}

is "starts" daemon_start
loader=$(child bpfd-loader) api=$(child bpfd-api) supervisor=$BPFD_PID
# libbpf's probes are cached at the first load.
is "loads_once" ctl load "$OBJECTS/core.bpf.o"
is "unloads" ctl unload core_exec
held_before=$(bpf_objects) pins_before=$(pins)

# ---- objects ----
printf 'not an object\n' >"$WORK/text.o"
refused "not_an_elf" 1 ELF load "$WORK/text.o"
: >"$WORK/empty.o"
refused "an_empty_file" 1 empty load "$WORK/empty.o"
for n in 16 63 64 200 1000 3000; do
	head -c "$n" "$OBJECTS/kinds.bpf.o" >"$WORK/cut$n.o"
	is "cut_after_$n" exits 1 ctl load "$WORK/cut$n.o"
done
cp "$BUILD/bpfd" "$WORK/host.o"
refused "elf_for_another_machine" 1 machine load "$WORK/host.o"
{ cat "$OBJECTS/core.bpf.o" && head -c 100000000 /dev/zero; } >"$WORK/big.o"
refused "a_100_MB_object" 1 large load "$WORK/big.o"
rm -f "$WORK/big.o"
refused "a_missing_file" 3 "$WORK/none.o" load "$WORK/none.o"
is "a_folder" exits 1 ctl load "$WORK"
refused "more_map_memory_than_the_budget" 1 map load "$OBJECTS/greedy.bpf.o"
refused "what_the_verifier_refuses" 1 "invalid access" load "$OBJECTS/refused.bpf.o"
refused "a_denied_helper" 5 send_signal load "$OBJECTS/denied.bpf.o"
refused "an_unknown_program" 1 core_exec load "$OBJECTS/core.bpf.o" --program core_exce
refused "an_unknown_global" 1 kinds_step load "$OBJECTS/kinds.bpf.o" --global kinds_stop=01000000
refused "a_global_of_wrong_size" 1 "4" load "$OBJECTS/kinds.bpf.o" --global kinds_step=0100
is "a_global_that_is_not_hexadecimal" exits 2 ctl load "$OBJECTS/kinds.bpf.o" --global kinds_step=xyz
is "an_unknown_program_type" not ctl load "$OBJECTS/core.bpf.o" --program core_exec:nonsense
is "a_type_that_does_not_fit" not ctl load "$OBJECTS/core.bpf.o" --program core_exec:xdp
is "an_attachment_that_cannot_be" not ctl load "$OBJECTS/core.bpf.o" --attach tracepoint:no/such
is "nothing_was_loaded" empty
is "a_dry_run_succeeds" ctl load "$OBJECTS/core.bpf.o" --dry-run
is "a_dry_run_loads_nothing" empty

# ---- attach ----
net_pair || bail "cannot make a network namespace and veth pair"
is "loads_to_attach" ctl load "$OBJECTS/kinds.bpf.o"
refused "an_unknown_kind" 1 tracepoint attach on_xdp nonsense lo
refused "an_unknown_interface" 3 nonesuch0 attach on_xdp xdp nonesuch0
refused "an_unknown_tracepoint" 3 sched_process_exec attach on_tracepoint tracepoint sched/sched_process_exex
refused "an_unknown_category" 3 nonesuch attach on_tracepoint tracepoint nonesuch/sched_process_exec
is "a_tracepoint_without_category" not ctl attach on_tracepoint tracepoint sched_process_exec
is "a_tracepoint_that_climbs" not ctl attach on_tracepoint tracepoint ../../etc/passwd
refused "an_unknown_raw_tracepoint" 3 nonesuch attach on_raw_tp raw_tracepoint nonesuch
refused "an_unknown_namespace" 3 nonesuch attach on_xdp xdp lo --netns /run/netns/nonesuch
is "a_namespace_that_is_a_file" not ctl attach on_xdp xdp lo --netns /etc/passwd
is "a_namespace_of_no_process" not ctl attach on_xdp xdp lo --netns pid:4000000
is "priority_0_is_usage_or_refused" not ctl attach on_ingress tc "$VETH" --direction ingress --priority 1001
is "a_priority_below_the_range" not ctl attach on_ingress tc "$VETH" --direction ingress --priority -5
is "tc_without_direction" not ctl attach on_ingress tc "$VETH"
is "tc_with_a_wrong_direction" not ctl attach on_ingress tc "$VETH" --direction sideways
is "xdp_with_a_wrong_mode" not ctl attach on_xdp xdp "$VETH" --mode fast
refused "a_program_of_another_type" 1 xdp attach on_xdp tracepoint sched/sched_process_exec
refused "an_unknown_program_id" 3 4000000 attach 4000000 xdp "$VETH"
refused "an_unknown_link" 3 4000000 detach 4000000
refused "an_unknown_program_to_unload" 3 4000000 unload 4000000
refused "an_unknown_group_to_unload" 3 4000000 unload --group 4000000
refused "an_unknown_program_to_get" 3 4000000 get program 4000000
is "an_interface_name_that_is_too_long" not ctl attach on_xdp xdp "$(printf '%0300d' 0)"
is "nothing_was_attached" empty 6
is "unloads_what_was_to_attach" ctl unload --group "$(json '.programs[0].group' list programs)"

# ---- afterwards ----
is "nothing_is_held" within 3 same "$(bpf_objects)" "$held_before"
is "nothing_is_pinned" same "$(pins)" "$pins_before"
is "the_loader_lives" same "$(child bpfd-loader)" "$loader"
is "the_api_lives" same "$(child bpfd-api)" "$api"
is "the_supervisor_lives" kill -0 "$supervisor"
is "still_loads" ctl load "$OBJECTS/core.bpf.o"
leaks_note
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
