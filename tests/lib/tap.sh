# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# TAP for system tests.  A test is a sentence and a command:
#   is "list_shows_what_was_loaded" some_function
# and the script ends by tap_end.

TAP_N=0
TAP_FAILED=0
TAP_OUT=$(mktemp)

# is NAME COMMAND...: passes when the command succeeds; what it printed is shown when it fails.
is() {
	tap_name=$1
	shift
	TAP_N=$((TAP_N + 1))
	if "$@" >"$TAP_OUT" 2>&1; then
		printf 'ok %d - %s\n' "$TAP_N" "$tap_name"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		printf 'not ok %d - %s\n' "$TAP_N" "$tap_name"
		sed -e 's/^/# /' "$TAP_OUT" | tail -n 40
	fi
}

# skip NAME WHY: counts as a skip; say what is missing.
skip() {
	TAP_N=$((TAP_N + 1))
	printf 'ok %d - %s # SKIP %s\n' "$TAP_N" "$1" "$2"
}

# skip_all WHY: ends the script.
skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

# bail WHY: the rest makes no sense.
bail() {
	TAP_N=$((TAP_N + 1))
	printf 'not ok %d - %s\n' "$TAP_N" "$1"
	TAP_FAILED=$((TAP_FAILED + 1))
	tap_end
}

tap_end() {
	rm -f "$TAP_OUT"
	printf '1..%d\n' "$TAP_N"
	[ "$TAP_FAILED" -eq 0 ]
	exit
}

# For use as the command of is: the wanted exit status of another command.
exits() {
	want=$1
	shift
	got=0
	"$@" || got=$?
	[ "$got" -eq "$want" ] || { echo "exit status $got, not $want: $*" && return 1; }
}

# says TEXT COMMAND...: what the command prints, on either stream, contains TEXT.
says() {
	want=$1
	shift
	said=$("$@" 2>&1) || :
	case $said in
	*"$want"*) return 0 ;;
	esac
	printf 'does not say "%s": %s\n%s\n' "$want" "$*" "$said"
	return 1
}

not() { ! "$@"; }
same() { [ "$1" = "$2" ] || { printf '"%s" is not "%s"\n' "$1" "$2" && return 1; }; }

# within SECONDS COMMAND...: polls until the command succeeds.  PATIENCE: so many times as long, on a
# machine that is emulated.
within() {
	end=$(($(date +%s) + $1 * ${PATIENCE:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -le "$end" ] || { echo "not in time: $*" && "$@" && return 0 || return 1; }
		sleep 0.05
	done
}
