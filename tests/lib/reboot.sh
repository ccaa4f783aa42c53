# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# A reboot, as bpfd sees one: everybody is gone at once and the bpffs has no pin.  Source it after bpfd.sh.
#
#   reboot                      what bpfd had pinned is gone, and its filters; daemon_start comes next
#   listing                     what is persistent and must be the same afterwards: names, groups, links;
#                               numbers of the kernel are others
#   lists_the_same              as it was when $known was set to it
#   freeze PID, thaw PID        it does nothing meanwhile; freeze waits until that is so

known=''

bpffs_gone() {
	while umount "$BPFFS" 2>/dev/null; do :; done
	rm -rf "$ROOT/run"
	! grep -q " $BPFFS " /proc/mounts
}

# A filter on clsact outlives its pin, but no reboot.
filters_gone() {
	for dev in $(here tc qdisc show | awk '$2 == "clsact" { print $5 }'); do
		here tc qdisc del dev "$dev" clsact
	done
}

reboot() {
	kill -s KILL "$BPFD_PID"
	wait "$BPFD_PID" 2>/dev/null || :
	BPFD_PID=''
	within 5 bpffs_gone
	filters_gone
}

listing() {
	json '[.programs[] | select(.persistent) | {name, group, state, links}] | sort_by(.group, .name) | tojson' list programs &&
		json '[.links[] | select(.persistent) | {id, program_name, state, kind, target, direction, priority, proceed_on, options}] | sort_by(.id) | tojson' list links
}
lists_the_same() { same "$(listing)" "$known"; }

is_stopped() { grep -q '^State:[[:space:]]*T' "/proc/$1/status"; }
freeze() { kill -s STOP "$1" && within 2 is_stopped "$1"; }
thaw() { kill -s CONT "$1"; }
