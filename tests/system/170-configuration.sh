#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A wrong bpfd.toml is an error with its place; SIGHUP reads it again and keeps the old one if it is wrong.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

ROOT=$WORK/d
mkdir -p "$ROOT/etc"
daemon_paths
conf=$ROOT/etc/bpfd.toml
tries_to_start() { timeout 10 "$BUILD/bpfd" --foreground --root "$ROOT"; }

# wrong NAME TEXT WORD: bpfd does not start and says WORD.
wrong() {
	printf '%b' "$2" >"$conf"
	is "$1" not tries_to_start
	is "$1_and_says_where" says "$3" tries_to_start
}
wrong "an_unknown_key" '[limits]\nmapz = 3\n' mapz
wrong "an_unknown_key_has_line_and_column" '[limits]\n\n  mapz = 3\n' ':3:3'
wrong "an_unknown_section" '[limitz]\nmaps = 3\n' limitz
wrong "a_wrong_type" '[limits]\nmaps = "3"\n' maps
wrong "out_of_range" '[limits]\nmaps = 0\n' maps
wrong "a_word_that_is_not_one" '[tc]\nbackend = "fast"\n' clsact
wrong "not_toml" '[limits\n' ':1:'
wrong "a_key_twice" '[limits]\nmaps = 3\nmaps = 4\n' maps
wrong "an_unknown_user" '[access]\nadmin = ["no-such-user"]\n' no-such-user
wrong "an_unknown_helper" '[policy]\ndeny_helpers = ["no_such_helper"]\n' no_such_helper

printf '[limits]\nmaps = 1\n' >"$conf"
is "starts_with_a_right_one" daemon_start
loads_two_maps() { ctl load "$OBJECTS/kinds.bpf.o"; }
is "a_limit_is_kept" not loads_two_maps
printf '[limits]\nmaps = 0\n' >"$conf"
kill -s HUP "$BPFD_PID"
is "a_wrong_one_is_logged" within 5 grep -q maps "$LOG"
is "and_the_old_one_stays" ctl version
printf '[limits]\nmaps = 64\n' >"$conf"
kill -s HUP "$BPFD_PID"
is "a_right_one_is_taken" within 5 loads_two_maps
printf '[limits]\nlinker_memory_bytes = 134217728\n' >"$conf"
kill -s HUP "$BPFD_PID"
is "a_linker_has_its_limit_of_memory" within 5 says limits.linker_memory_bytes ctl load "$OBJECTS/huge.bpf.o"
is "that_is_an_answer" exits 1 ctl load "$OBJECTS/huge.bpf.o"
is "and_others_load" ctl load "$OBJECTS/core.bpf.o"
leaks_note
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
