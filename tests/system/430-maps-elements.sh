#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bpfctl map: elements by their types, of every kind of map, many of them, while they change.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

pin() { echo "$BPFFS/map/$group/$1"; }
first_line() { ctl map dump k_big | head -n 1 | grep -q key; }
dump() { json "$1" map dump "$2"; }
key='{"address":167772161,"port":80,"proto":6,"pad":0}'
value='{"name":"abc","count":18446744073709551615,"colour":"DARK","low":5,"high":17,"at":[{"x":-1,"y":2},{"x":0,"y":0}],"whole":131073,"halves":[1,2],"on":true,"raw":[1,2,3],"next":"0xff","ratio":1.5}'

is "starts" daemon_start
is "loads" ctl load "$OBJECTS/mapkinds.bpf.o"
group=$(json '.programs[0].group' list programs)
is "lists_as_list_maps_does" same "$(ctl -o json map list)" "$(ctl -o json list maps)"
is "lists_one_group" same "$(json '.maps | length' map list --group "$group")" "$(json '.maps | length' map list)"
is "no_map_of_another_group" same "$(json '.maps | length' map list --group 99)" 0

is "an_empty_map_has_no_elements" same "$(dump '.elements | length' k_flows)" 0
is "writes_a_struct_by_a_struct" ctl map update k_flows '{address: 0x0a000001, port: 80, proto: 6}' \
	'{"name":"abc","count":0xffffffffffffffff,"colour":DARK,"low":5,"high":17,"at":[{"x":-1,"y":2}],"halves":[1,2],"on":true,"raw":[1,2,3],"next":0xff,"ratio":1.5}'
is "reads_it_by_its_types" same "$(ctl map lookup k_flows "$key")" "key: $key  value: $value"
is "dumps_it" same "$(ctl map dump k_flows)" "key: $key  value: $value"
is "in_json" same "$(ctl -o json map dump k_flows | sed -n 's/^    //p')" "{\"key\":$key,\"value\":$value}"
is "in_yaml" says "    value: $value" ctl -o yaml map dump k_flows
is "in_kv" says "elements.0.key=$key" ctl -o kv map dump k_flows
is "what_it_printed_can_be_given_back" ctl map update k_flows "$key" "$value"
is "raw_is_hex" same "$(json .key map lookup --raw k_flows "$key")" hex:0100000a50000600
is "and_hex_can_be_given" ctl map lookup k_flows hex:0100000a50000600
is "as_bpftool_writes_it_too" ctl map lookup k_flows hex 01 00 00 0a 50 00 06 00
is "text_that_a_terminal_would_obey_is_hex" ctl map update k_flows "$key" '{"name":"\u001b[2J"}'
is "and_does_not_reach_it" same "$(json .value.name map lookup k_flows "$key")" hex:1b5b324a00000000
is "deletes" ctl map delete k_flows "$key"
is "once" exits 3 ctl map delete k_flows "$key"
is "a_dry_run_says_what_would_be" says "would update 5" ctl map update k_big 5 1 --dry-run
is "and_writes_nothing" exits 3 ctl map lookup k_big 5

is "only_one_that_is_there" exits 3 ctl map update k_big 5 10 --exist
is "only_a_new_one" ctl map update k_big 5 10 --new
is "that_is_not_there_yet" exits 6 ctl map update k_big 5 11 --new
is "any" ctl map update k_big 5 12
is "and_that_stays" same "$(json .value map lookup k_big 5)" 12
is "of_each_cpu" ctl map update k_percpu 1 '{"x":1,"y":-2}'
is "shows_each_cpu" same "$(dump '.elements[1].cpus | unique | tojson' k_percpu)" '[{"x":1,"y":-2}]'
is "as_many_as_bpftool" same "$(dump '.elements[1].cpus | length' k_percpu)" \
	"$(bpftool -j map dump pinned "$(pin k_percpu)" | jq '.[1].values | length')"
is "a_per_cpu_hash_by_enum" ctl map update k_percpu_hash GREEN 9
is "and_its_key_by_name" same "$(dump '.elements[0].key' k_percpu_hash)" GREEN
is "an_lru_hash" ctl map update k_lru 7 RED
is "is_read" same "$(dump '.elements[0].value' k_lru)" RED
is "without_types_by_number_and_hex" ctl map update k_plain 1 hex:010203040506
is "read_as_hex" same "$(dump '.elements[0].value' k_plain)" hex:010203040506
is "as_bpftool_does" same "$(bpftool -j map dump pinned "$(pin k_plain)" | jq -r '.[0].value[5]')" 0x06
is "global_data_by_variable" same "$(dump '.elements[0].value.k_variable' bpfd.data)" 5

is "a_wrong_member_is_named" says 'no member "z"' ctl map update k_points 0 '{"z":1}'
is "a_wrong_number_too" says "does not fit" ctl map update k_points 0 '{"x":3000000000}'
is "and_is_usage" exits 2 ctl map update k_points 0 nonsense
is "an_index_beyond_the_end" says "room for 2 elements" ctl map update k_points 2 '{"x":1}'
is "elements_of_arrays_stay" says "always has all its elements" ctl map delete k_points 0
is "a_frozen_map_is_refused" says "frozen" ctl map update bpfd.rodata 0 '{"k_constant":1}'
is "but_read" same "$(dump '.elements[0].value.k_constant' bpfd.rodata)" 7
is "a_map_of_others_is_none_of_bpfds" exits 3 ctl map dump 1
is "an_unknown_name" exits 3 ctl map dump nowhere

is "fills" "$SRC/tests/lib/bpfmap.py" fill "$(pin k_big)" 100000
"$SRC/tests/lib/bpfmap.py" churn "$(pin k_big)" 100000 &
churn=$!
ctl -o json map dump k_big >"$WORK/dump"
kill "$churn" || :
churned=0
wait "$churn" || churned=$?
is "others_changed_it_to_the_end" same "$churned" 143
is "dumps_100000_while_others_change" same \
	"$(jq -c '[.elements[] | select(.key < 100000)] | [length, (map(.key) | unique | length), (map(select(.value != 2 * .key)) | length)]' <"$WORK/dump")" \
	'[100000,100000,0]'
rss() { awk '/VmHWM/ { print $2 }' "/proc/$(child "$1")/status"; }
is "the_api_holds_a_page" test "$(rss bpfd-api)" -lt 32768
is "and_so_does_the_loader" test "$(rss bpfd-loader)" -lt 32768
is "a_reader_that_goes_away_ends_it" first_line
is "and_others_can_read" ctl map lookup k_big 99999
is "a_change_is_audited" grep -q 'request=/bpfd.v1.Programs/UpdateMap map=[0-9]* key_bytes=4 update result=OK' "$LOG"
is "so_is_a_dump" grep -q 'request=/bpfd.v1.Programs/ReadMap map=[0-9]* .*elements=1[0-9][0-9][0-9][0-9][0-9]' "$LOG"
kill_children() { kill -s KILL "$(child bpfd-loader)" "$(child bpfd-api)"; }
is "kills" kill_children
is "types_are_known_after_a_restart" within 5 says 'k_constant' ctl map dump bpfd.rodata

is "loads_the_other_kinds" ctl load "$OBJECTS/maps.bpf.o"
is "a_ring_has_no_elements" says "a ringbuf has no elements" ctl map dump m_ringbuf
is "a_queue_has_no_keys" says "a queue has no keys" ctl map dump m_queue
is "a_stack_neither" says "a stack has no keys" ctl map dump m_lifo
is "a_bloom_filter_keeps_none" says "does not keep its elements" ctl map dump m_bloom
is "perf_events_are_not_read" says "which cannot be read" ctl map dump m_perf
is "storage_has_no_keys" says "are processes, not bytes" ctl map dump m_task_storage
is "programs_are_read_by_number" same "$(dump '.elements | length' m_prog_array)" 0
is "and_not_placed" says "only bpfd places" ctl map update m_prog_array 0 1
is "maps_in_maps_by_number" same "$(dump '[.elements[].value] | length' m_outer)" 2
is "and_not_placed_either" says "holds maps" ctl map update m_outer 0 1
for map in m_lpm m_hash_lazy m_lru_percpu_hash m_percpu_hash m_devmap m_devmap_hash m_cpumap m_sockhash m_stack m_outer_hash; do
	is "dumps_$map" same "$(dump '.elements | type' $map)" array
done
is "writes_a_prefix" ctl map update m_lpm '{"prefix":8,"address":10}' 3
is "and_dumps_it" same "$(dump '.elements[0].value' m_lpm)" 3
is "programs_of_devices_are_not_placed" says "may name programs" ctl map update m_devmap 0 1
leaks_note
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
