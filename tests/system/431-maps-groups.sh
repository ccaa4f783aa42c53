#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Maps that groups share: by owner, by name, over restarts; and unix groups that may read them.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
# shellcheck source=../lib/reboot.sh
. "$SRC/tests/lib/reboot.sh"
begin

member() { setpriv --reuid nobody --regid nogroup --groups "$(getent group games | cut -d: -f3)" "$@"; }
other() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
app() { as=$1 && shift && "$as" /usr/bin/python3 "$WORK/bpfmap.py" "$@"; }
cp "$SRC/tests/lib/bpfmap.py" "$WORK/bpfmap.py"
group_of() { json "[.programs[] | select(.name == \"$1\") | .group] | max" list programs; }
id_of() { json ".maps[] | select(.group == $1 and .name == \"$2\") | .id" map list; }
shared() { echo "$BPFFS/$(json ".maps[] | select(.group == $1 and .name == \"$2\") | .shared_pin" map list)"; }
same_pin() { [ "$(shared "$group" k_big)" = "$app_pin" ]; }
kill_loader() { kill -s KILL "$(child bpfd-loader)"; }

ROOT=$WORK/d
mkdir -p "$ROOT/etc"
is "starts" daemon_start
is "nobody_gets_into_the_bpffs" same "$(stat -c %a "$BPFFS")" 700
is "a_group_that_the_policy_lacks_is_refused" says "policy.map_groups does not have" \
	ctl load "$OBJECTS/mapkinds.bpf.o" --map-group games
is "and_that_is_permission" exits 5 ctl load "$OBJECTS/mapkinds.bpf.o" --map-group games

is "loads_an_owner" ctl load "$OBJECTS/mapkinds.bpf.o"
first=$(group_of mapkinds_exec)
is "loads_one_that_shares" ctl load "$OBJECTS/mapkinds.bpf.o" --map-owner "$first"
second=$(group_of mapkinds_exec)
is "they_have_one_map" same "$(id_of "$first" k_big)" "$(id_of "$second" k_big)"
is "but_their_own_data" not same "$(id_of "$first" bpfd.data)" "$(id_of "$second" bpfd.data)"
is "loads_by_name" ctl load "$OBJECTS/byname.bpf.o"
is "loads_by_name_again" ctl load "$OBJECTS/byname.bpf.o"
is "they_have_one_map_too" same "$(json '[.maps[] | select(.by_name) | .id] | unique | length' map list)" 1
is "a_name_that_means_one_map_is_enough" ctl map update byname_shared 0 77
is "writes_a_shared_map" ctl map update "$(id_of "$first" k_big)" 3 33
leaks_note
kill_daemon
is "starts_again" daemon_start
is "still_one_map_by_owner" same "$(id_of "$first" k_big)" "$(id_of "$second" k_big)"
is "still_one_by_name" same "$(json '[.maps[] | select(.by_name) | .id] | unique | length' map list)" 1
is "with_its_value" same "$(json .value map lookup byname_shared 0)" 77
is "unloads_the_owner" ctl unload --group "$first"
is "who_shares_keeps_the_map" same "$(json .value map lookup "$(id_of "$second" k_big)" 3)" 33
is "unloads_the_other" ctl unload --group "$second"
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none

printf '[policy]\nmap_groups = ["games", "no-such-group"]\n' >"$ROOT/etc/bpfd.toml"
is "starts_with_a_group" daemon_start
is "an_unknown_one_is_named" grep -q 'no-such-group' "$LOG"
is "loads_for_it" ctl load "$OBJECTS/mapkinds.bpf.o" --map-group games
group=$(group_of mapkinds_exec)
app_pin=$(shared "$group" k_big)
is "says_where" test -e "$app_pin"
is "writes" ctl map update k_big 5 55
is "a_member_reads" same "$(app member read "$app_pin" 5)" 55
is "and_cannot_write" says "update: EPERM" app member write "$app_pin" 5
is "nor_open_it_for_that" says "open: EACCES" app member open "$app_pin"
is "nor_the_loaders_own_pin" says "open: EACCES" app member read "$BPFFS/map/$group/k_big" 5
is "nor_list_what_there_is" not member ls "$BPFFS"
is "others_cannot_read" says "open: EACCES" app other read "$app_pin" 5
is "the_value_is_as_it_was" same "$(json .value map lookup k_big 5)" 55
is "kills_the_loader" kill_loader
is "it_is_known_after_a_restart" within 5 same_pin
is "a_member_reads_still" same "$(app member read "$app_pin" 5)" 55
is "unloads" ctl unload --group "$group"
is "the_pin_goes_with_it" not test -e "$app_pin"
is "loads_again" ctl load "$OBJECTS/mapkinds.bpf.o" --map-group games
app_pin=$(shared "$(group_of mapkinds_exec)" k_big)
kill_daemon
printf '' >"$ROOT/etc/bpfd.toml"
is "starts_without_a_group" daemon_start
is "members_are_locked_out" says "open: EACCES" app member read "$app_pin" 5
is "unloads_it" ctl unload --group "$(group_of mapkinds_exec)"
is "stops_in_between" daemon_stop TERM

# ---- after a reboot ----
printf '[policy]\nmap_groups = ["games"]\n' >"$ROOT/etc/bpfd.toml"
is "starts_with_a_group_again" daemon_start
is "loads_for_good" ctl load "$OBJECTS/mapkinds.bpf.o" --map-group games --persistent
group=$(group_of mapkinds_exec)
app_pin=$(shared "$group" k_big)
is "a_reboot" reboot
is "starts_after_it" daemon_start
is_back() { same "$(shared "$group" k_big)" "$app_pin" && test -e "$app_pin"; }
is "the_groups_pin_is_back" within 5 is_back
is "writes_the_new_map" ctl map update k_big 5 66
is "a_member_reads_the_new_map" same "$(app member read "$app_pin" 5)" 66
is "others_do_not" says "open: EACCES" app other read "$app_pin" 5
printf '' >"$ROOT/etc/bpfd.toml"
is "a_reboot_without_the_group" reboot
is "starts_without_it" daemon_start
is "the_load_is_lost_and_says_why" within 5 says "policy.map_groups does not have the group games" ctl list programs -o wide
is "and_nobody_reads" not test -e "$app_pin"
leaks_note
is "stops_at_last" daemon_stop TERM
is "nothing_at_all_is_left" leaks_none
tap_end
