#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Init's side: the script, socket activation, reload, and the rights that the unit leaves.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

load_and_attach() { ctl load "$OBJECTS/core.bpf.o" --attach tracepoint:sched/sched_process_exec; }
attached() { json '.links[] | select(.state == "attached") | .id' list links | grep -q .; }
serves() { ctl version; }
pid_in_lock() { cat "$ROOT/run/bpfd.lock"; }

# ---- the init script, for a private instance ----

ROOT=$WORK/script
mkdir -p "$ROOT/etc"
daemon_paths
printf 'BPFD_OPTS="--root %s"\n' "$ROOT" >"$WORK/default"
export BPFD_DAEMON="$BUILD/bpfd" BPFD_DEFAULT="$WORK/default" BPFD_LOCK="$ROOT/run/bpfd.lock"
script() { here timeout 40 sh "$BUILD/init/bpfd" "$@"; }
# Like a shell that collects the output: it ends when nobody has the pipe any more.
script_to_pipe() { script "$@" 2>&1 | cat; }

is "says_3_when_it_does_not_run" exits 3 script status
is "stopping_what_does_not_run_is_no_error" script stop
is "reloading_what_does_not_run_is_7" exits 7 script reload
is "an_unknown_word_is_refused" exits 2 script begin
is "starts" script_to_pipe start
is "serves_when_start_returns" serves
is "says_0_when_it_runs" script status
first=$(pid_in_lock)
is "starting_twice_is_no_error" script start
is "and_starts_no_second" same "$(pid_in_lock)" "$first"
is "a_second_daemon_is_refused_with_5" exits 5 here "$BUILD/bpfd" --daemon --root "$ROOT"
is "a_second_in_the_foreground_too" exits 5 here "$BUILD/bpfd" --foreground --root "$ROOT"
is "loads_and_attaches" load_and_attach
is "reloads" script reload
is "the_process_is_the_same" same "$(pid_in_lock)" "$first"
is "still_attached_after_reload" within 5 attached
printf '[limits]\nmaps = 0\n' >"$ROOT/etc/bpfd.toml"
is "a_wrong_configuration_is_said_with_its_place" says ":2:8: limits.maps" script reload
is "and_is_status_3" exits 3 script force-reload
is "the_old_one_goes_on" serves
rm "$ROOT/etc/bpfd.toml"
is "restarts" script restart
is "another_process_serves" not same "$(pid_in_lock)" "$first"
is "serves_after_restart" serves
is "try_restart_of_what_runs" script try-restart
BPFD_PID=$(pid_in_lock)
leaks_note
BPFD_PID=''
is "stops" script stop
is "the_process_is_gone" exits 3 script status
is "nothing_is_left" leaks_none
is "try_restart_of_what_does_not_run_starts_nothing" script try-restart
is "nothing_runs" exits 3 script status

# ---- SIGHUP ----

ROOT=$WORK/reload
mkdir -p "$ROOT/etc"
is "starts_to_be_reloaded" daemon_start
is "loads_before_reload" load_and_attach
prog=$(json '.programs[0].id' list programs)
hits() { bpftool -j link show | jq -r ".[] | select(.prog_id == $prog) | .id"; }
link=$(hits)
children_before=$(children)
printf '\n[limits]\n   maps = "many"\n' >"$ROOT/etc/bpfd.toml"
kill -s HUP "$BPFD_PID"
is "a_wrong_one_is_in_the_log_with_line_and_column" within 5 grep -q 'bpfd.toml:3:11: limits.maps' "$LOG"
is "nobody_is_started_anew_for_it" same "$(children)" "$children_before"
printf '[limits]\nmaps = 1\n' >"$ROOT/etc/bpfd.toml"
kill -s HUP "$BPFD_PID"
two_maps_are_refused() { ctl load "$OBJECTS/kinds.bpf.o" 2>&1 | grep -q 'limits.maps\|maps'; }
is "a_right_one_is_taken" within 5 two_maps_are_refused
is "the_program_is_the_same" same "$(json '.programs[0].id' list programs)" "$prog"
is "the_link_was_never_detached" same "$(hits)" "$link"
is "it_is_listed_as_attached" attached
leaks_note
is "stops_after_reload" daemon_stop TERM
is "nothing_is_left_after_reload" leaks_none

# ---- the rights that the unit leaves ----

unit_caps() {
	sed -n 's/^CapabilityBoundingSet=//p' "$BUILD/systemd/bpfd.service" | tr 'A-Z ' 'a-z\n' |
		sed 's/^cap_/+/' | tr '\n' ','
}
start_like_the_unit() {
	nsenter --net="/run/netns/$HERE" -- setpriv --bounding-set="-all,$(unit_caps | sed 's/,$//')" --inh-caps=-all \
		"$BUILD/bpfd" --foreground --root "$ROOT" --keep >>"$LOG" 2>&1 </dev/null &
	BPFD_PID=$!
	within 15 daemon_ready || { cat "$LOG" && return 1; }
}
ROOT=$WORK/rights
mkdir "$ROOT"
daemon_paths
is "starts_with_the_units_rights" start_like_the_unit
is "loads_and_attaches_with_them" load_and_attach
net_pair
is "attaches_xdp_with_them" ctl load "$OBJECTS/kinds.bpf.o" --attach "xdp:$VETH"
is "stops_and_keeps" daemon_stop TERM
is "starts_again_over_what_was_kept" start_like_the_unit
is "it_is_still_attached" attached
leaks_note
is "stops_again" daemon_stop TERM
is "starts_to_take_it_down" daemon_start
is "takes_it_down" daemon_stop TERM
is "nothing_is_left_of_it" leaks_none

# ---- socket activation, by systemd's own tool ----

if command -v systemd-socket-activate >/dev/null; then
	ROOT=$WORK/activated
	mkdir "$ROOT"
	daemon_paths
	nsenter --net="/run/netns/$HERE" -- systemd-socket-activate -l "$WORK/activated.sock" "$BUILD/bpfd" --foreground --root "$ROOT" \
		>"$LOG" 2>&1 </dev/null &
	BPFD_PID=$!
	SOCK=$WORK/activated.sock
	is "waits_for_a_client" within 5 test -S "$SOCK"
	is "the_first_client_starts_it_and_is_served" serves
	is "no_socket_of_its_own" not test -e "$ROOT/run/bpfd.sock"
	leaks_note
	is "stops_when_activated" daemon_stop TERM
	is "nothing_is_left_when_activated" leaks_none
else
	skip "the_first_client_starts_it_and_is_served" "systemd-socket-activate is not installed"
fi
tap_end
