#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the kernel says about each process: identity, capabilities, filters, descriptors, and who calls bpf(2).
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
begin

field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '; }
caps() { printf '%x' "0x$(field "$1" "$2")"; }
uid_of() { id -u "$1"; }
links_of() { find "/proc/$1/fd" -type l -exec readlink {} + 2>/dev/null; }
# 12 NET_ADMIN, 38 PERFMON, 39 BPF; 5 KILL, 8 SETPCAP: the rest a child gets at its exec
loader_caps=$(printf '%x' $((1 << 12 | 1 << 38 | 1 << 39)))
supervisor_caps=$(printf '%x' $((1 << 5 | 1 << 8)))

# confined PID NAME USER CAPS
confined() {
	pid=$1 name=$2 user=$3 want=$4
	u=$(uid_of "$user")
	is "${name}_runs_as_$user" same "$(field "$pid" Uid)" "$u $u $u $u"
	is "${name}_has_no_other_groups" same "$(field "$pid" Groups | tr -d ' ')" ""
	is "${name}_has_its_capabilities" same "$(caps "$pid" CapEff) $(caps "$pid" CapPrm)" "$want $want"
	is "${name}_cannot_gain_more" same "$(caps "$pid" CapInh) $(caps "$pid" CapAmb)" "0 0"
	is "${name}_has_no_new_privileges" same "$(field "$pid" NoNewPrivs)" 1
	is "${name}_is_filtered" same "$(field "$pid" Seccomp)" 2
	is "${name}_dumps_no_core" same "$(awk '/^Max core file size/ { print $5 $6 }' "/proc/$pid/limits")" 00
	is "${name}_is_not_dumpable" same "$(stat -c %u "/proc/$pid/environ")" 0
	is "${name}_is_one_thread" same "$(field "$pid" Threads)" 1
	is "${name}_holds_no_terminal" not says /dev/pts links_of "$pid"
}

bpffs=$WORK/witness
mkdir "$bpffs"
mount -t bpf -o mode=0700 bpf "$bpffs" || bail "cannot mount a bpffs"
mkfifo "$WORK/hold"
"$BUILD/tests/lib/hold" "$OBJECTS/callers.bpf.o" "$bpffs" <"$WORK/hold" >"$WORK/held" &
exec 9>"$WORK/hold"
is "the_witness_of_bpf_calls_is_ready" within 5 grep -q ready "$WORK/held"

# Something that needs every class of actions, by a rule that nothing here matches.
ROOT=$WORK/facts
mkdir -p "$ROOT/etc/rules" "$ROOT/etc/actions.d"
printf '[actions]\nallow_enforce = true\nallow_checkpoint = true\n' >"$ROOT/etc/bpfd.toml"
printf 'type = "exec"\npath = "/bin/true"\n' >"$ROOT/etc/actions.d/run.toml"
printf 'type = "checkpoint"\n' >"$ROOT/etc/actions.d/dump.toml"
cat >"$ROOT/etc/rules/all.toml" <<'END'
version = 2
tracer = "exit"
mode = "enforce"
actions = ["log", "syslog", "run", "kill", "pause", "dump"]
[match]
all = [{ field = "comm", op = "eq", values = ["nothing-is-called-so"] }]
END
worker() {
	for pid in $(child bpfd-action); do
		[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" != "bpfd-action $1 " ] || echo "$pid"
	done
}
has_worker() { [ -n "$(worker "$1")" ]; }

is "starts" daemon_start
for class in output syslog exec signal cgroup checkpoint; do
	is "a_worker_of_class_${class}_is_started" within 5 has_worker "$class"
done
is "loads_and_attaches" ctl load "$SAMPLE" --attach tracepoint:sched/sched_process_exec,program=count_exec
is "a_linker_waits_for_the_next_load" within 5 has_child bpfd-linker

confined "$(child bpfd-loader)" loader bpfd-load "$loader_caps"
confined "$(child bpfd-api)" api bpfd-api 0
confined "$(child bpfd-linker)" linker bpfd-link 0
confined "$(child bpfd-enricher)" enricher bpfd-enrich 0
confined "$(worker output)" output bpfd-a-out 0
confined "$(worker syslog)" syslog bpfd-a-sys 0
confined "$(worker exec)" exec bpfd-a-exec "$(printf '%x' $((1 << 6 | 1 << 7)))"
confined "$(worker signal)" signal bpfd-a-sig "$(printf '%x' $((1 << 5)))"
confined "$(worker cgroup)" cgroup bpfd-a-cg "$(printf '%x' $((1 << 5 | 1 << 1)))"
confined "$(worker checkpoint)" checkpoint bpfd-a-chk 0
starter=$(child bpfd-checkpoint)
is "who_starts_checkpoints_has_no_capability" same "$(caps "$starter" CapPrm)$(caps "$starter" CapEff)$(caps "$starter" CapInh)" 000
is "and_can_get_those_of_criu_alone" same "$(caps "$starter" CapBnd)" "$(printf '%x' $((1 << 40 | 1 << 21 | 1 << 19 | 1 << 18 | \
	1 << 12 | 1 << 8 | 1 << 7 | 1 << 6 | 1 << 2)))"
is "and_has_no_filter_which_criu_could_not_have" same "$(field "$starter" Seccomp)" 0
is "the_supervisor_cannot_get_what_it_can" same "$((0x$(caps "$BPFD_PID" CapBnd) >> 40))" 0
is "the_supervisor_keeps_what_starting_needs" same "$(caps "$BPFD_PID" CapEff)" "$supervisor_caps"
is "the_supervisor_is_filtered" same "$(field "$BPFD_PID" Seccomp)" 2
for user in bpfd-load bpfd-api bpfd-link bpfd-once bpfd-conf bpfd-net bpfd-enrich bpfd-a-out bpfd-a-sys bpfd-a-exec \
	bpfd-a-sig bpfd-a-cg bpfd-a-chk bpfd-a-web bpfd-a-mail; do
	is "${user}_is_a_user_of_its_own" same "$(getent passwd | awk -F: -v u="$(uid_of "$user")" '$3 == u' | wc -l)" 1
done

api=$(child bpfd-api) linker=$(child bpfd-linker) loader=$(child bpfd-loader)
is "the_api_holds_no_bpf_object" same "$(held "$api")" ""
is "the_api_opens_only_its_store" same "$(links_of "$api" | grep '^/' | grep -v -e "^$ROOT/state/" -e '^/dev/null' -e '^/memfd:' || :)" ""
is "no_worker_holds_a_bpf_object" same "$(for w in $(child bpfd-action); do held "$w"; done)" ""
is "the_enricher_holds_maps_only" not grep -v '^map_id' <<END
$(held "$(child bpfd-enricher)")
END
for class in output syslog signal cgroup checkpoint; do
	is "the_root_of_${class}_is_not_the_hosts" not same "$(readlink "/proc/$(worker "$class")/root")" /
done
is "the_enrichers_root_is_not_the_hosts" not same "$(readlink "/proc/$(child bpfd-enricher)/root")" /
is "the_linker_holds_no_bpf_object" same "$(held "$linker")" ""
is "the_loader_holds_no_object_between_requests" same "$(held "$loader")" ""
is "the_supervisor_holds_no_bpf_object" same "$(held "$BPFD_PID")" ""
is "the_loaders_root_is_the_bpffs" same "$(readlink "/proc/$loader/root")" "$BPFFS"
is "the_apis_root_is_not_the_hosts" not same "$(readlink "/proc/$api/root")" /
is "the_linkers_root_is_not_the_hosts" not same "$(readlink "/proc/$linker/root")" /

# More of everything, so that the witness has something to see.
net_pair || bail "cannot make a network namespace and veth pair"
is "attaches_xdp" ctl attach count_xdp xdp "$VETH"
is "attaches_in_another_namespace" ctl attach count_ingress tc "$PEER" --direction ingress --netns "/run/netns/$NS"
is "lists_foreign_programs" says callers_count ctl list programs --all
is "unloads" ctl unload --group "$(json '.programs[0].group' list programs)"
leaks_note
is "stops" daemon_stop TERM
bpftool map dump pinned "$bpffs/callers_seen" | sed -n 's/.*"comm": "\(bpf[dc][^"]*\)".*/\1/p' | sort -u >"$WORK/seen"
is "the_witness_saw_the_loader" grep -qx bpfd-loader "$WORK/seen"
is "only_loader_oneshot_and_xdp_call_bpf" not grep -vx -e bpfd-loader -e bpfd-oneshot -e bpfd-xdp "$WORK/seen"
exec 9>&-
wait
umount "$bpffs"
is "nothing_is_left" leaks_none
tap_end
