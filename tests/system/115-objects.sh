#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What real objects hold: maps of every type, maps in maps, global data of every kind, the kernel's
# configuration, subprograms, long programs, maps shared by name and between groups.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

# value PIN JQ: from the dump of a pinned map.
value() { bpftool -j map dump pinned "$1" | jq -r "$2"; }
group_of() { json ".programs[] | select(.name == \"$1\") | .group" list programs | tail -n 1; }
map_pin() { find "$BPFFS/map/$1" -name "*$2*" | head -n 1; }
map_id() { json ".maps[] | select(.group == $1 and .name == \"$2\") | .id" list maps; }
grows() {
	before=$(value "$@")
	/bin/true
	after=$(value "$@")
	[ "$after" -gt "$before" ] || { echo "$* stays at $after" && return 1; }
}
version_code() {
	uname -r | awk -F'[.-]' '{ print $1 * 65536 + $2 * 256 + ($3 > 255 ? 255 : $3) }'
}

is "starts" daemon_start

# ---- maps ----
is "loads_maps_of_every_type" ctl load "$OBJECTS/maps.bpf.o" --attach raw_tracepoint:sched_process_exec
group=$(group_of maps_exec)
# As libbpf sees the object: every map in .maps, and none for data that the object does not have.
want=$(bpftool btf dump file "$OBJECTS/maps.bpf.o" | grep -c "^\\[.*VAR 'm_")
is "lists_them_all" same "$(json "[.maps[] | select(.group == $group)] | length" list maps)" "$want"
is "pins_them_all" same "$(find "$BPFFS/map/$group" -type f | wc -l)" "$want"
for type in array_of_maps hash_of_maps lpm_trie ringbuf task_storage sockhash xskmap; do
	is "there_is_a_$type" says "$type" ctl list maps
done
is "a_map_in_a_map_is_written" grows "$(map_pin "$group" m_inner_two)" '.[0].formatted.value'
leaks_note
is "unloads_maps_of_every_type" ctl unload --group "$group"
is "no_pin_is_left" same "$(find "$BPFFS/map" -type f | wc -l)" 0

# ---- data ----
is "loads_data" ctl load "$OBJECTS/data.bpf.o" --attach raw_tracepoint:sched_process_exec \
	--global data_ro=0900000000000000
group=$(group_of data_exec)
bss=$(map_pin "$group" bss)
bss_value() { value "$bss" ".[0].formatted.value[\".bss\"][] | select(has(\"$1\")) | .$1"; }
/bin/true
# 9 + 3 + 5, and 1 + 9, and 's'
is "data_and_subprograms_work" same "$(bss_value data_zero)" $((17 + 10 + 115))
is "the_kernels_version_is_known" same "$(bss_value data_version)" "$(version_code)"
is "the_kernels_configuration_is_known" same "$(bss_value data_bpf)" 1
is "a_missing_weak_variable_is_null" same "$(bss_value data_missing)" 1
leaks_note
is "unloads_data" ctl unload --group "$group"

# ---- long ----
is "loads_a_long_program" ctl load "$OBJECTS/long.bpf.o"
is "it_is_long" test "$(json '.programs[] | select(.name == "long_exec") | .bytes_xlated' list programs)" -gt $((4096 * 8))
leaks_note
is "unloads_a_long_program" ctl unload long_exec

# ---- the verifier's log ----
ctl load "$OBJECTS/refused.bpf.o" >"$WORK/log" 2>&1 || :
is "the_log_has_its_reason" grep -q 'invalid access to packet' "$WORK/log"
is "the_log_has_its_last_line" grep -q '^processed [0-9]* insns' "$WORK/log"
# All of a log that is longer than an answer: what bpftool is told by the same verifier.
not bpftool prog load "$OBJECTS/longlog.bpf.o" "$BPFFS/never" 2>"$WORK/bpftool" || :
sed '1,/BEGIN PROG LOAD LOG/d; /END PROG LOAD LOG/,$d' "$WORK/bpftool" >"$WORK/want"
is "a_log_is_longer_than_1_MiB" test "$(wc -c <"$WORK/want")" -gt 1048576
for dry in '' --dry-run; do
	# shellcheck disable=SC2086
	ctl load "$OBJECTS/longlog.bpf.o" $dry 2>"$WORK/log" >"$WORK/out" || :
	sed 1d "$WORK/log" >"$WORK/have"
	is "the_whole_log_is_printed$dry" cmp "$WORK/want" "$WORK/have"
done
ctl -q load "$OBJECTS/longlog.bpf.o" 2>"$WORK/log" || :
is "quiet_prints_no_log" same "$(wc -l <"$WORK/log")" 1

# ---- shared by name ----
is "loads_a_map_by_name" ctl load "$OBJECTS/byname.bpf.o" --attach raw_tracepoint:sched_process_exec
first=$(group_of byname_exec)
is "it_is_marked" same "$(json ".maps[] | select(.group == $first) | .by_name" list maps)" true
is "loads_another_user_of_it" ctl load "$OBJECTS/byname.bpf.o"
second=$(json '[.programs[].group] | max' list programs)
is "they_share_the_map" same "$(json '[.programs[].map_ids[0]] | unique | length' list programs)" 1
leaks_note
is "unloads_the_first" ctl unload --group "$first"
is "the_map_is_still_there" test -e "$BPFFS/byname/byname_shared"
is "unloads_the_second" ctl unload --group "$second"
is "the_map_is_gone" not test -e "$BPFFS/byname/byname_shared"

# ---- shared between groups ----
is "loads_an_owner" ctl load "$OBJECTS/core.bpf.o"
owner=$(group_of core_exec)
is "loads_a_user_of_its_maps" ctl load "$OBJECTS/core.bpf.o" --map-owner "$owner"
is "both_use_one_map" same "$(json '[.programs[].map_ids[0]] | unique | length' list programs)" 1
leaks_note
user=$(json '[.programs[].group] | max' list programs)
is "unloads_the_owner_first" ctl unload --group "$owner"
is "the_user_keeps_the_map" says core_hits bpftool map show id "$(json '.programs[0].map_ids[0]' list programs)"
is "unloads_the_user" ctl unload --group "$user"
is "an_owner_that_is_not_there_is_not_found" exits 3 ctl load "$OBJECTS/core.bpf.o" --map-owner 4000000

is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
