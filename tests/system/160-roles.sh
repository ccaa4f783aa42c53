#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who may do what: root everything, group bpfd looks, others do not get in.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
as_member() { setpriv --reuid nobody --regid nogroup --groups bpfd "$@"; }
c() { set -- "$bin" -s "$SOCK" "$@" && "$as" "$@"; }
# A copy that everybody can read, wherever the build lies.
bin=$WORK/bpfctl
cp "$BUILD/bpfctl" "$bin"
cp "$OBJECTS/core.bpf.o" "$WORK/public.o"
cp "$OBJECTS/core.bpf.o" "$WORK/secret.o"
chmod 755 "$bin"
chmod 644 "$WORK/public.o"
chmod 600 "$WORK/secret.o"

is "starts" daemon_start
is "root_loads" ctl load "$OBJECTS/core.bpf.o"
as=as_nobody
is "others_cannot_connect" exits 5 c list
as=as_member
is "members_list" says core_exec c list programs
is "members_get" says core_exec c get program core_exec
is "members_cannot_load" exits 5 c load "$WORK/public.o"
is "members_cannot_attach" exits 5 c attach core_exec tracepoint sched/sched_process_exec
is "members_cannot_unload" exits 5 c unload core_exec
printf 'version = 2\nname = "r"\ntracer = "exec"\n' >"$WORK/r.toml"
printf 'version = 2\nname = "b"\ntracer = "bashreadline"\n' >"$WORK/b.toml"
is "members_list_rules" c rule ls
is "members_cannot_create_rules" exits 5 c rule create "$WORK/r.toml"
is "members_cannot_trace" exits 5 c trace --duration 1
is "a_refusal_is_audited" grep -q 'uid=65534' "$LOG"
is "nothing_changed" same "$(json '.programs | length' list programs)" 1
leaks_note
is "stops" daemon_stop TERM

printf '[access]\nadmin = ["nobody"]\n' >"$WORK/toml"
mkdir -p "$ROOT/etc"
cp "$WORK/toml" "$ROOT/etc/bpfd.toml"
is "starts_with_another_admin" daemon_start
is "an_admin_by_configuration_loads" c load "$WORK/public.o"
is "an_admin_cannot_use_a_file_that_it_cannot_read" not c load "$WORK/secret.o"
is "root_always_is_one" ctl unload core_exec
is "stops_again" daemon_stop TERM

printf '[access]\noperator = ["nobody"]\n[tracers]\nallow_sensitive = ["bashreadline"]\n' >"$ROOT/etc/bpfd.toml"
is "starts_with_an_operator" daemon_start
is "an_operator_creates_a_rule" c rule create "$WORK/r.toml"
is "an_operator_traces" c trace --duration 0.5
is "but_not_what_people_type" exits 5 c trace --tracer bashreadline --duration 0.5
is "nor_by_a_rule" exits 5 c rule create "$WORK/b.toml"
is "an_operator_removes_a_rule" c rule rm r
is "an_operator_loads_nothing" exits 5 c load "$WORK/public.o"
is "stops_at_last" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
