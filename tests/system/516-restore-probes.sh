#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Probes of programs and libraries come back after a reboot where nobody but root decides what is at their
# path, and say why not elsewhere.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
# shellcheck source=../lib/reboot.sh
. "$SRC/tests/lib/reboot.sh"
readelf -S "$BUILD/tests/lib/probed" | grep -q .note.stapsdt ||
	skip_all "the test's program was built without sys/sdt.h (systemtap-sdt-dev)"
begin
HITS=probe_hits
OURS=$(mktemp -d /var/lib/bpfd-test-XXXXXX)	# root's alone, unlike /tmp
trap 'rm -rf "$OURS"; finish' EXIT
chmod 755 "$OURS"
mkdir "$OURS/bin"
cp "$BUILD/tests/lib/probed" "$OURS/bin/probed"
cp "$BUILD/tests/lib/probed" "$WORK/probed"
ln -s "bin/../bin" "$OURS/link"
PROBED=$OURS/bin/probed

calls() { "$PROBED" 5; }
prog() { json ".programs[] | select(.group == $group and .name == \"$1\") | .id" list programs; }
state() { json ".links[] | select(.id == $1) | .state" list links; }
reason() { json ".links[] | select(.id == $1) | .reason" list links; }
because() { same "$(state "$1")" lost && reason "$1" | grep -F "$2"; }
# again WHAT: a reboot, and bpfd is there again.
again() {
	is "a_reboot_$1" reboot
	is "starts_$1" daemon_start
}
multi() { [ -z "$(json '.attach_kinds[] | select(.name == "uprobe_multi") | .unavailable // ""' status)" ]; }

is "starts" daemon_start
is "loads" ctl load --persistent "$OBJECTS/probes.bpf.o" --program on_uprobe --program on_uretprobe \
	--program on_usdt --program on_guarded
group=1
is "attaches_to_a_function" ctl attach "$(prog on_uprobe)" uprobe "$PROBED:probed_twice" --cookie 4242
is "attaches_to_a_return_by_a_link" ctl attach "$(prog on_uretprobe)" uretprobe "$OURS/link/probed" function=probed_square
is "attaches_to_an_offset" ctl attach "$(prog on_uprobe)" uprobe "$PROBED" \
	"offset=$(nm "$PROBED" | awk '$3 == "probed_thrice" { print "0x" $1 }')" --cookie 4242
is "attaches_to_a_library_by_its_name" ctl attach "$(prog on_uprobe)" uprobe libc:sigwait
is "attaches_to_a_usdt_probe" ctl attach "$(prog on_usdt)" usdt "$PROBED:probed:called"
is "attaches_where_others_write" ctl attach "$(prog on_uprobe)" uprobe "$WORK/probed:probed_twice"
sleep 60 &
sleeper=$!
is "attaches_to_one_process" ctl attach "$(prog on_uprobe)" uprobe "$PROBED:probed_square" "pid=$sleeper"
if multi; then
	is "loads_for_many" ctl load --persistent "$OBJECTS/probes.bpf.o" --program on_uprobe_multi
	is "attaches_to_many" ctl attach "$(json '.programs[] | select(.name == "on_uprobe_multi") | .id' list programs)" \
		uprobe_multi "$PROBED:probed_*"
fi
all_back() { same "$(json '[.links[] | select(.state == "attached") | .id] | tojson' list links)" "$1"; }
back='[1,2,3,4,5]'
! multi || back='[1,2,3,4,5,8]'

again "at_first"
is "those_in_roots_files_are_back" within 10 all_back "$back"
is "a_function_is_counted" moves 3 calls
is "with_its_cookies" same "$(hits 8)" 4242
is "a_return_is_counted" moves 4 calls
is "a_usdt_probe_is_counted" moves 6 calls
is "the_file_that_others_decide_about_is_refused" because 6 "not only root decides"
is "and_it_says_what_is_whose" because 6 '"tmp" is uid 0'
is "a_process_is_not_looked_for_again" because 7 "pid=$sleeper was a process"
is "fsck_finds_them" says "was a process" ctl fsck
kill "$sleeper"

chmod 775 "$OURS/bin"
again "with_a_folder_that_a_group_writes"
is "such_a_folder_is_refused" within 5 because 1 "may be another file by now"
is "by_a_link_too" because 2 '"bin" is uid 0'
is "the_library_is_back" same "$(state 4)" attached
chmod 755 "$OURS/bin"
chown nobody "$PROBED"
is "a_file_of_anothers_is_refused" says "another file" ctl fsck --repair
is "by_its_owner" because 1 '"probed" is uid 65534'
chown 0 "$PROBED"
mv "$PROBED" "$OURS/bin/other"
is "a_file_that_is_gone_is_said" says "cannot open" ctl fsck --repair
is "it_is_not_there" because 1 "No such file"
chown -h nobody "$OURS/link"
mv "$OURS/bin/other" "$PROBED"
is "repair_brings_back_what_it_can" says "another file" ctl fsck --repair
is "the_function_is_there" same "$(state 1)" attached
is "a_link_of_anothers_is_not_followed" because 2 '"link" is uid 65534'
chown -h 0 "$OURS/link"
rm "$OURS/link"
ln -s link "$OURS/link"
is "nor_one_in_circles" says "levels of symbolic links" ctl fsck --repair
rm "$OURS/link"
ln -s "$OURS/bin" "$OURS/link"
ctl fsck --repair >/dev/null || :
is "an_absolute_one_is" same "$(state 2)" attached

leaks_note
is "unloads" ctl unload --group 1
is "stops" daemon_stop TERM
tap_end
