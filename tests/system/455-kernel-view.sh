#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole kernel's programs: whose each is, where it is attached, and how much it runs while somebody asks.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

foreign=$WORK/foreign
mkdir "$foreign"
mount -t bpf -o mode=0700 bpf "$foreign" || bail "cannot mount a bpffs"
mkfifo "$WORK/fifo"
"$BUILD/tests/lib/hold" "$OBJECTS/callers.bpf.o" "$foreign" <"$WORK/fifo" >"$WORK/held" &
holder=$!
exec 9>"$WORK/fifo"
is "another_program_is_attached_by_somebody_else" within 5 grep -q ready "$WORK/held"
is "and_one_is_only_pinned" bpftool prog load "$OBJECTS/core.bpf.o" "$foreign/pinned" type raw_tracepoint

# of FILTER: what list --all says of the program with the kernel's number $id
of() { json ".programs[] | select(.id == $id) | $1" list --all; }
same_as_bpftool() { same "$(of "$1")" "$(bpftool -j prog show id "$id" | jq -r "$2")"; }
facts() {
	same_as_bpftool .kernel_name .name && same_as_bpftool .tag .tag && same_as_bpftool .uid .uid &&
		same_as_bpftool .gpl_compatible .gpl_compatible && same_as_bpftool .jited .jited &&
		same_as_bpftool .bytes_xlated .bytes_xlated && same_as_bpftool .bytes_jited .bytes_jited &&
		same_as_bpftool .bytes_memlock .bytes_memlock && same_as_bpftool .btf_id .btf_id &&
		same_as_bpftool '.map_ids | sort | tojson' '[.map_ids[]?] | sort | tojson' &&
		of .verified_insns | grep -qx '[1-9][0-9]*' && of .loaded_at | grep -q '^20'
}

is "starts" daemon_start
is "loads_and_attaches" ctl load "$SAMPLE" --attach tracepoint:sched/sched_process_exec,program=count_exec
id=$(json '.programs[] | select(.name == "callers_count") | .id' list --all)
link=$(bpftool -j link show | jq -r "[.[] | select(.prog_id == $id)][0].id")
is "a_foreign_program_has_every_fact" facts
is "it_is_foreign" same "$(of .state)" foreign
is "the_process_that_has_it_open_owns_it" same "$(of .owner)" hold
is "with_its_number" same "$(of '.holders | tojson')" "[\"$holder hold\"]"
is "its_link_is_listed" grep -q "^$link [a-z_]*:" <<END
$(of '.kernel_links[]')
END
is "get_shows_its_link" same "$(json '.links[0] | "\(.kernel_link_id) \(.state)"' get program "$id")" "$link foreign"
is "a_table_has_owners" says OWNER ctl list --all
id=$(bpftool -j prog show pinned "$foreign/pinned" | jq .id)
is "a_pin_is_found" same "$(of '.pins | tojson')" "[\"$foreign/pinned\"]"
is "which_is_an_owner_too" same "$(of .owner)" "pin $foreign/pinned"
is "one_without_links_has_none" same "$(of '.kernel_links | length')" 0
id=$(json '.programs[0].id' list)
is "bpfds_own_are_its_groups" same "$(of .owner)" "bpfd group $(json '.programs[0].group' list)"
is "and_their_links_are_not_foreign" same "$(of '.kernel_links | length')" 0

# ---- how often they run ----
busy() { while kill -0 "$$" 2>/dev/null; do /bin/true; done; }
runs() { bpftool -j prog show id "$id" | jq -r '.run_cnt // 0'; }
busy &
busy=$!
before=$(runs)
is "nothing_is_counted_unless_asked" same "$(sleep 1 && runs)" "$before"
is "stats_counts_runs" test "$(json ".programs[] | select(.id == $id) | .run_count" list --stats)" -gt "$before"
is "and_their_time" test "$(json ".programs[] | select(.id == $id) | .run_time_ns" list --stats)" -gt 0
is "in_two_columns" says RUN-NS ctl list --stats
is "top_shows_who_runs" says count_exec ctl top --count 2
is "with_a_rate" test "$(json "[.programs[] | select(.id == $id)][0].runs_per_s" top --count 1)" -gt 0
is "and_a_share" json "[.programs[] | select(.id == $id)][0].cpu | tonumber" top --count 1
is "top_of_one_type_has_no_other" not says count_exec ctl top --count 1 --type xdp
is "counting_goes_on_for_a_moment" not same "$(runs)" "$before"
stopped() { at=$(runs) && sleep 1 && same "$(runs)" "$at"; }
is "and_ends_when_nobody_asks" within 15 stopped
is "the_loader_holds_nothing_then" not says bpf-stats ls -l "/proc/$(child bpfd-loader)/fd"
kill "$busy"
wait "$busy" 2>/dev/null || :

# ---- what cannot be asked ----
is "links_are_not_counted" exits 2 ctl list links --stats
leaks_note
is "stops" daemon_stop TERM
exec 9>&-
wait "$holder" || :
umount "$foreign"
is "nothing_is_left" leaks_none
tap_end
