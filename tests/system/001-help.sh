#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What works without root and without a daemon.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin
ctl_bin=$BUILD/bpfctl

is "bpfctl_help_is_a_success" "$ctl_bin" --help
for command in load attach detach unload apply save list get status version completion; do
	is "bpfctl_help_names_$command" says "$command" "$ctl_bin" --help
	is "${command}_has_help" says "usage: bpfctl $command" "$ctl_bin" "$command" --help
done
is "no_command_is_wrong_usage" exits 2 "$ctl_bin"
is "an_unknown_command_is_wrong_usage" exits 2 "$ctl_bin" lod
is "an_unknown_command_gets_a_suggestion" says load "$ctl_bin" lod
is "an_unknown_option_is_wrong_usage" exits 2 "$ctl_bin" list --no-such-option
is "an_unknown_format_is_wrong_usage" exits 2 "$ctl_bin" -o xml list
is "a_count_that_is_none_is_told_what_it_may_be" says "from 1 to" "$ctl_bin" top --count x
is "no_daemon_is_status_4" exits 4 "$ctl_bin" -s "$WORK/none.sock" list
is "no_daemon_names_the_socket" says "$WORK/none.sock" "$ctl_bin" -s "$WORK/none.sock" list
is "BPFD_HOST_names_the_socket" says "$WORK/other.sock" env BPFD_HOST="$WORK/other.sock" "$ctl_bin" list

"$ctl_bin" completion bash >"$WORK/completion.bash"
is "bash_accepts_its_completion" bash -n "$WORK/completion.bash"
is "zsh_completion_is_one" says "#compdef bpfctl" "$ctl_bin" completion zsh

is "bpfd_help_is_a_success" says "--root" "$BUILD/bpfd" --help
is "bpfd_version_is_a_success" "$BUILD/bpfd" --version
is "bpfd_refuses_an_unknown_option" exits 2 "$BUILD/bpfd" --no-such-option
if [ "$(id -u)" -ne 0 ]; then
	is "bpfd_without_root_says_so" says root "$BUILD/bpfd" --foreground --root "$WORK"
fi
tap_end
