#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Clients of the first bpfd's grpc.API: Python's grpcio and grpc-js create a rule, receive LiveTrace
# events, remove the rule; "bpfd create", "ls", "trace" and "rm" do the same.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

python_client() { /usr/bin/python3 "$SRC/tests/clients/seed_client.py" "$SOCK" "$WORK/gen"; }
node_modules() {
	mkdir -p "$BUILD/tests/clients"
	cp "$SRC/tests/clients/package.json" "$SRC/tests/clients/package-lock.json" "$BUILD/tests/clients"
	(cd "$BUILD/tests/clients" && npm ci --ignore-scripts --no-audit --no-fund)
}
node_client() {
	NODE_PATH=$BUILD/tests/clients/node_modules node "$SRC/tests/clients/seed_client.js" "$SOCK" "$SRC/proto"
}
passes() { "$@" >"$WORK/tap" || { cat "$WORK/tap" && return 1; }; }
seed() { "$BUILD/bpfd" --grpc-addr "$SOCK" "$@"; }
fails() { ! "$@"; }

# Runs a program named as the rule wants until "bpfd trace" has written a line.
traces() {
	ln -sf /bin/true "$WORK/verbprobe"
	seed trace >"$WORK/trace" 2>/dev/null &
	tracer=$!
	for _ in $(seq 100); do
		"$WORK/verbprobe" || :
		[ ! -s "$WORK/trace" ] || break
		sleep 0.1
	done
	kill "$tracer"
	wait "$tracer" || :
	grep -q 'level=info msg="map\[string\]string{.*verbprobe.* tracer=exec' "$WORK/trace"
}

# A client that reads nothing loses, and is told how much by the last thing that it gets.
says() { grep -q "$1" "$2"; }
lost_events() { [ "$(json '[.counters[] | select(.name == "streams.lost") | .value] | add' stats)" -gt 0 ]; }
makes_events() {
	ln -sf "$(readlink -f /usr/bin/python3)" "$WORK/lostprobe"
	for _ in $(seq 30); do
		"$WORK/lostprobe" -c 'import os
for _ in range(3000): os.close(os.open("/dev/null", 0))'
		! lost_events || return 0
	done
	return 1
}
told() { says "stream.end: .* $(grep '^lost=[0-9]' "$WORK/lost")\$" "$LOG"; }

mkdir "$WORK/gen"
ROOT=$WORK/root
mkdir -p "$ROOT/etc"
printf '[events]\nstream_bytes = 16384\n' >"$ROOT/etc/bpfd.toml"
is "protoc_makes_python_messages" protoc -I "$SRC/proto" --python_out="$WORK/gen" grpc_api.proto
is "starts" daemon_start
is "a_python_grpcio_client_traces_live" passes python_client
is "npm_installs_grpc_js" node_modules
is "a_grpc_js_client_traces_live" passes node_client

printf 'name = "verbs"\ntracer = "exec"\n[filterEvents.argv]\nvalues = ["verbprobe"]\n' >"$WORK/verbs.toml"
is "create_prints_the_name" same "$(seed create "$WORK/verbs.toml")" verbs
is "ls_has_the_columns" same "$(seed ls)" "NAME                TRACER
verbs               exec"
is "trace_prints_lines" traces
is "rm_prints_the_name" same "$(seed rm verbs)" verbs
is "rm_of_an_unknown_rule_fails" fails seed rm verbs

printf 'name = "lost"\ntracer = "open"\n[filterEvents.command]\nvalues = ["lostprobe"]\n' >"$WORK/lost.toml"
is "makes_a_rule_of_opens" seed create "$WORK/lost.toml"
NODE_PATH=$BUILD/tests/clients/node_modules node "$SRC/tests/clients/lost_client.js" "$SOCK" "$SRC/proto" >"$WORK/lost" &
client=$!
is "a_client_traces_and_does_not_read" within 15 says waiting "$WORK/lost"
is "it_loses_events" makes_events
kill -USR1 "$client"
is "stops" daemon_stop TERM
is "the_client_ends" wait "$client"
is "it_was_told_how_many_as_the_log_was" told
is "they_were_some" says '^lost=[1-9]' "$WORK/lost"
is "nothing_is_left" leaks_none
tap_end
