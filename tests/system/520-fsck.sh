#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fsck compares store, pins and kernel, and --repair mends what can be: pins without rows, rows without
# pins, objects that are damaged, tokens that are not of their rows, restorations that were cut off.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/reboot.sh
. "$SRC/tests/lib/reboot.sh"
begin

# sql TEXT: in the store of a bpfd that does not run.
sql() {
	/usr/bin/python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA foreign_keys = ON")
db.executescript(sys.argv[2])' "$ROOT/state/bpfd.db" "$1"
}
killed() {
	kill -s KILL "$BPFD_PID"
	wait "$BPFD_PID" 2>/dev/null || :
	BPFD_PID=''
}
finds() { ctl fsck >"$WORK/found" 2>&1 || :; cat "$WORK/found"; grep -E "$1" "$WORK/found"; }
state_of() { json ".programs[] | select(.group == $1) | .state" list programs | sort -u; }

is "starts" daemon_start
is "loads_for_good" ctl load --persistent "$SAMPLE"
is "loads_another" ctl load --persistent "$OBJECTS/kinds.bpf.o"
is "attaches" ctl attach "$(json '.programs[] | select(.group == 2 and .name == "on_tracepoint") | .id' list programs)" \
	tracepoint sched/sched_process_exec
is "nothing_is_wrong" ctl fsck

# ---- a pin without a row ----
leaks_note
killed
sql "DELETE FROM groups WHERE gid = 1"
is "starts_without_a_row" daemon_start
is "the_pins_are_orphans" finds 'group +1 +orphan'
is "repair_removes_them" ctl fsck --repair
is "and_their_pins" same "$(find "$BPFFS/prog" -name '1-*' | wc -l)" 0
is "nothing_is_wrong_then" ctl fsck

# ---- rows without pins ----
rm -f "$BPFFS"/link/1*
old=$(child bpfd-loader)
kill -s KILL "$old"
link_is() { same "$(json '.links[0].state' list links)" "$1"; }
pinned_again() { link_is attached && test -e "$BPFFS/link/1"; }
is "a_link_without_its_pin_is_attached_again" within 8 pinned_again
killed
rm -rf "$BPFFS"/link/1* "$BPFFS"/prog/2-*
is "starts_without_pins" daemon_start
is "the_group_is_back" within 8 pinned_again
is "with_its_programs" same "$(state_of 2)" loaded
is "nothing_is_wrong_after_that" ctl fsck

# ---- a mark of a restoration that was cut off ----
killed
sql "UPDATE groups SET state = 3; UPDATE links SET state = 3"
is "starts_in_the_middle_of_a_restoration" daemon_start
is "it_is_done_anew" within 8 pinned_again
is "once" same "$(find "$BPFFS/prog" -name '2-*' | wc -l)" "$(json '[.programs[] | select(.group == 2)] | length' list programs)"
killed
sql "UPDATE links SET state = 3"
is "starts_with_a_mark_of_a_link" daemon_start
is "it_is_attached_anew" within 8 pinned_again

# ---- a token that is not its row's ----
killed
sql "UPDATE wanted_links SET priority = 999"
is "starts_with_another_priority" daemon_start
is "what_is_attached_stays" link_is attached
is "a_reboot_with_it" reboot
is "starts_after_it" daemon_start
is "the_link_is_lost" within 5 link_is lost
is "by_its_token" finds 'link +1 +lost .*token'
is "and_repair_does_not_believe_it_either" says token ctl fsck --repair
is "it_stays_lost" link_is lost
killed
sql "UPDATE wanted_links SET priority = 50"
is "starts_with_what_was_asked" daemon_start
is "it_comes_back" within 5 link_is attached

# ---- an object that is damaged ----
killed
sql "UPDATE objects SET content = zeroblob(length(content))"
is "starts_with_a_damaged_object" daemon_start
is "it_is_found" finds 'object +2 +damaged'
is "what_runs_goes_on" link_is attached
is "a_reboot_with_a_damaged_object" reboot
is "starts_after_that" daemon_start
is "nothing_is_loaded_from_it" within 5 finds 'group +2 +lost .*digest'
is "and_it_stays_listed" exits 1 ctl fsck --repair
is "stops" daemon_stop TERM
tap_end
