# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What the tests of attach kinds share.  Source it after bpfd.sh.
#
#   kindtable NAME works | kindtable NAME refused MESSAGE
#                               the line of docs/KINDS.md: tools/kinds-table collects them
#   refusal COMMAND...          what bpfctl says on standard error, in one line
#   hits N                      counter N of the map $HITS in $group
#   moves N COMMAND...          it is counted while the command runs
#   kind NAME PROGRAM N TRIGGER ATTACH-ARGS...
#                               the life of an attachment: dry run, attach, runs, listed with its
#                               target, refused the second time, still there and running after loader and
#                               API were killed and after the whole daemon was, detached, off

group='' HITS='' KIND_TARGET=''	# the test's

kindtable() {
	kind_line="# kind $1 $2"
	shift 2
	[ $# -eq 0 ] || kind_line="$kind_line: $*"
	printf '%s\n' "$kind_line"
}

refusal() { "$@" 2>&1 >/dev/null | sed -n '1s/^bpfctl: [^:]*: //p'; }

hits() { bpftool -j map lookup pinned "$BPFFS/map/$group/$HITS" key "$1" 0 0 0 | jq -r .formatted.value; }
moves() {
	moves_slot=$1
	shift
	moves_before=$(hits "$moves_slot")
	"$@" || return 1
	moves_after=$(hits "$moves_slot")
	[ "$moves_after" -gt "$moves_before" ] || { echo "counter $moves_slot stays at $moves_after" && return 1; }
}
stands_still() { ! moves "$@"; }

link_of() { json ".links[] | select(.program_name == \"$1\") | .id" list links; }
link_facts() { json ".links[] | select(.program_name == \"$1\") | \"\\(.kind) \\(.target) \\(.state)\"" list links; }

kill_daemon() {
	kill -s KILL "$BPFD_PID"
	wait "$BPFD_PID" 2>/dev/null || :
	BPFD_PID=''
}

kind() {
	kind_name=$1 kind_program=$2 kind_slot=$3 kind_trigger=$4
	shift 4
	kind_failed=$TAP_FAILED
	is "${kind_name}_is_tried_by_a_dry_run" ctl attach "$kind_program" "$@" --dry-run
	is "${kind_name}_is_not_attached_by_a_dry_run" same "$(link_of "$kind_program")" ""
	is "attaches_$kind_name" ctl attach "$kind_program" "$@"
	is "${kind_name}_runs" moves "$kind_slot" "$kind_trigger"
	kind_link=$(link_of "$kind_program") kind_facts=$(link_facts "$kind_program")
	is "lists_${kind_name}_with_its_target" same "$kind_facts" "$kind_name $KIND_TARGET attached"
	is "refuses_${kind_name}_the_second_time" exits 6 ctl attach "$kind_program" "$@"
	kill -s KILL "$(child bpfd-loader)" "$(child bpfd-api)"
	is "${kind_name}_is_the_same_after_a_restart" within 3 same_facts
	is "${kind_name}_runs_after_a_restart" moves "$kind_slot" "$kind_trigger"
	is "refuses_${kind_name}_a_second_time_after_a_restart" exits 6 ctl attach "$kind_program" "$@"
	kill_daemon
	is "${kind_name}_runs_without_bpfd" moves "$kind_slot" "$kind_trigger"
	is "starts_again_with_$kind_name" daemon_start
	is "${kind_name}_is_the_same_in_a_new_daemon" within 3 same_facts
	leaks_note
	is "detaches_$kind_name" ctl detach "$kind_link"
	is "${kind_name}_no_longer_runs" stands_still "$kind_slot" "$kind_trigger"
	is "${kind_name}_is_not_listed" same "$(link_of "$kind_program")" ""
	[ "$TAP_FAILED" -ne "$kind_failed" ] || kindtable "$kind_name" works
}
same_facts() { same "$(link_facts "$kind_program")" "$kind_facts"; }
