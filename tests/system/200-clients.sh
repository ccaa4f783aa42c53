#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Existing gRPC clients drive bpfman.v1: Python's grpcio and grpc-js.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

python_client() {
	/usr/bin/python3 "$SRC/tests/clients/bpfman_client.py" "$SOCK" "$WORK/gen" "$SAMPLE" "$VETH"
}
node_modules() {
	mkdir -p "$BUILD/tests/clients"
	cp "$SRC/tests/clients/package.json" "$SRC/tests/clients/package-lock.json" "$BUILD/tests/clients"
	(cd "$BUILD/tests/clients" && npm ci --ignore-scripts --no-audit --no-fund)
}
node_client() {
	NODE_PATH=$BUILD/tests/clients/node_modules node "$SRC/tests/clients/bpfman_client.js" \
		"$SOCK" "$SRC/proto" "$SAMPLE" "$VETH"
}
passes() { "$@" >"$WORK/tap" || { cat "$WORK/tap" && return 1; }; }

net_pair || bail "cannot make a network namespace and veth pair"
mkdir "$WORK/gen"
is "protoc_makes_python_messages" protoc -I "$SRC/proto" --python_out="$WORK/gen" bpfd_v1.proto \
	bpfman_v1.proto health.proto reflection_v1.proto reflection_v1alpha.proto
is "starts" daemon_start
is "a_python_grpcio_client_does_everything" passes python_client
leaks_note
is "and_leaves_nothing" same "$(json '.programs | length' list programs)" 0
is "npm_installs_grpc_js" node_modules
is "a_grpc_js_client_does_everything" passes node_client
leaks_note
is "and_leaves_nothing_either" same "$(json '.programs | length' list programs)" 0
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
