#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A host's programs, links and rules by files: compared, checked, changed under traffic, saved and had again.
set -eu
# shellcheck source=../lib/bpfd.sh
. "${BPFD_SRC:-.}/tests/lib/bpfd.sh"
# shellcheck source=../lib/kinds.sh
. "$SRC/tests/lib/kinds.sh"
# shellcheck source=../lib/flood.sh
. "$SRC/tests/lib/flood.sh"
begin
trap 'flood_stop; finish' EXIT
HITS=swap_hits
F=$WORK/net.toml

# Another object of the same programs: its digest is another.
cp "$OBJECTS/swap.bpf.o" "$WORK/one.o"
cp "$OBJECTS/swap.bpf.o" "$WORK/two.o"
printf 'another' >>"$WORK/two.o"
cp "$OBJECTS/refused.bpf.o" "$WORK/refused.o"

# file OBJECT PRIORITY: the set "net".
file() {
	cat >"$F" <<-EOT
		[[load]]
		name = "fw"
		object = "$1.o"
		metadata = { owner = "test" }
		[[load.attach]]
		program = "filter_a"
		kind = "tc"
		target = "$VETH"
		direction = "ingress"
		priority = $2
		[[load.attach]]
		program = "exec_a"
		kind = "tracepoint"
		target = "sched/sched_process_exec"
		[[rule]]
		text = '''
		version = 2
		name = "execs"
		tracer = "exec"
		'''
	EOT
}
apply() { ctl apply -f "$F" "$@"; }
nothing_to_do() { says "no changes" apply "$@" && exits 0 apply "$@" && exits 0 apply --diff "$@"; }
n_of() { json ".$1 | length" list "$1"; }
n_rules() { json '.rules | length' rule ls; }
group_of() { json "[.programs[] | select(.metadata[\"bpfd.apply.name\"] == \"$1\") | .group] | unique | map(tostring) | join(\" \")" list programs; }
link_number() { json ".links[] | select(.program_name == \"$1\" and .metadata[\"bpfd.apply\"] == \"net\") | .id" list links; }
link_is() { same "$(json ".links[] | select(.id == $1) | \"\\(.group) \\(.priority) \\(.state)\"" list links)" "$2"; }
none_passed() { same "$(hits 2)" 0; }
counts() { same "$(n_of programs) $(n_of links) $(n_rules)" "$1"; }
is_wrong() {
	printf '%s\n' "$2" >"$WORK/wrong.toml"
	is "$1" says "$3" ctl apply -f "$WORK/wrong.toml"
}

net_pair || bail "cannot make a network namespace and veth pair"
is "starts" daemon_start
file one 20

# ---- what is not changed ----
is "names_the_place_of_a_mistake" says "net.toml:1:3: error: a file has no key \"lod\"; did you mean load?" \
	sh -c "sed 's/^\[\[load\]\]/[[lod]]/; s/load.attach/lod.attach/' '$F' >'$WORK/net.toml.d' && mv '$WORK/net.toml.d' '$WORK/bad-net.toml' && '$BUILD/bpfctl' -s '$SOCK' apply -f '$WORK/bad-net.toml'"
is_wrong "names_an_object_that_is_not_there" '[[load]]
name = "x"
object = "nothing.o"' "wrong.toml:1: load x: $WORK/nothing.o: No such file"
is "and_says_so_by_its_exit_status" exits 3 ctl apply -f "$WORK/wrong.toml"
is_wrong "names_the_line_of_a_rule_within_the_file" "[[rule]]
text = '''
version = 2
name = \"r\"
tracer = \"exce\"
'''" "wrong.toml:5:10: error:"
is_wrong "names_a_program_that_is_not_there" "[[load]]
name = \"x\"
object = \"one.o\"
[[load.attach]]
program = \"filter_c\"
kind = \"tc\"
target = \"lo\"" "filter_c"
is "needs_a_file" exits 2 ctl apply
is "a_file_that_is_not_there_is_not_found" exits 3 ctl apply -f "$WORK/nothing.toml"
is "standard_input_needs_a_set" says "which set is this" sh -c "'$BUILD/bpfctl' -s '$SOCK' apply -f - <'$F'"
is "shows_a_diff" exits 8 apply --diff
is "checks_without_changing" says "would be: 4 added, 0 changed, 0 removed" apply --dry-run
is "nothing_has_changed" counts "0 0 0"
sed 's/one.o/refused.o/; s/filter_a/refused_xdp/; s/"tc"/"xdp"/; /direction/d; /exec_a/,/exec"/d' "$F" >"$WORK/refused.toml"
is "the_verifier_refuses_before_anything_is_changed" exits 1 ctl -q apply -f "$WORK/refused.toml" --dry-run
is "nor_is_it_then" exits 1 ctl -q apply -f "$WORK/refused.toml"
sed "s/\"$VETH\"/\"nothing0\"/" "$F" >"$WORK/unattachable.toml"
is "what_cannot_be_attached_is_found_before_anything_is_changed" not ctl apply -f "$WORK/unattachable.toml"
is "and_what_was_loaded_for_that_is_gone" counts "0 0 0"

# ---- the first time, and again ----
is "applies" says "4 added, 0 changed, 0 removed" apply
is "all_is_there" counts "10 2 1"
is "there_is_nothing_to_do_then" nothing_to_do
is "as_json_too" same "$(json '.changes, (.steps | length)' apply -f "$F" | tr '\n' ' ')" "0 0 "
is "from_standard_input_too" says "no changes" sh -c "cd '$WORK' && '$BUILD/bpfctl' -s '$SOCK' apply --set net -f - <'$F'"
link=$(link_number filter_a)
first=$(group_of fw)

# ---- changes under traffic ----
is "loads_what_counts_behind" ctl load "$OBJECTS/swap.bpf.o" --program passed --attach "tc:$VETH,direction=ingress,priority=900"
group=$(json '.programs[] | select(.name == "passed" and (.metadata | length) == 0) | .group' list programs)
flood_start
sleep 0.2
bpftool map update pinned "$BPFFS/map/$group/swap_hits" key 2 0 0 0 value 0 0 0 0 0 0 0 0
file one 30
is "changes_a_priority" says "link $link: priority 20 -> 30" apply
is "in_place" link_is "$link" "$first 30 attached"
file two 40
is "shows_what_a_new_object_changes" says "~ net/fw: load (object; takes the place of group $first)" apply --diff
is "replaces_the_object" says "0 added, 3 changed, 0 removed" apply
second=$(group_of fw)
is "the_old_one_is_gone" not same "$first" "$second"
is "the_link_is_the_same_with_the_new_program" link_is "$link" "$second 40 attached"
is "nothing_passed_meanwhile" none_passed
sed -i 's/filter_a/filter_b/' "$F"
is "another_program_of_the_object_takes_the_link" says "link $link: program filter_a -> filter_b" apply
is "nothing_passed_then_either" none_passed
n=0
while [ "$n" -lt 3 ]; do
	file one 20
	apply -q || break
	file two 30
	apply -q || break
	n=$((n + 1))
done
is "it_is_replaced_again_and_again" same "$n" 3
is "and_nothing_passed" none_passed
is "there_is_one_group_of_it" link_is "$link" "$(group_of fw) 30 attached"
flood_stop
is "what_was_loaded_by_hand_is_untouched" same "$(json ".links[] | select(.group == $group) | .state" list links)" attached

# ---- what apply did not attach, to a program that it replaces ----
is "attaches_by_hand" ctl attach "$(json '.programs[] | select(.name == "order_1" and (.metadata | length) > 0) | .id' list programs)" tc "$VETH" --direction ingress --priority 5
hand=$(link_of order_1)
file one 30
is "replaces_under_it" says "link $hand, which apply did not make" apply
is "it_moved_along" link_is "$hand" "$(group_of fw) 5 attached"
is "it_is_left_alone" nothing_to_do --prune
is "detaches_by_hand" ctl detach "$hand"

# ---- what a hand has changed ----
is "a_hand_detaches_a_link" ctl detach "$link"
is "apply_attaches_it_again" says "+ net/fw: attach filter_a tc:$VETH" apply
is "a_hand_removes_the_rule" ctl -q rule rm execs
is "apply_makes_it_again" says "+ net/execs: rule" apply

# ---- two sets, and what is in the files no more ----
sed 's/"fw"/"fw2"/; s/priority = 30/priority = 31/; s/"execs"/"execs2"/' "$F" >"$WORK/other.toml"
is "another_set_is_beside" says "4 added, 0 changed, 0 removed" ctl apply -f "$WORK/other.toml"
is "the_first_has_nothing_to_do_with_it" nothing_to_do --prune
sed 's/^name = "execs"/name = "execs2"/' "$F" >"$WORK/thief.toml"
is "a_rule_of_another_set_is_a_conflict" exits 6 ctl apply -f "$WORK/thief.toml"
printf 'set = "other"\n' >"$WORK/empty.toml"
before="$(n_of programs) $(n_of links) $(n_rules)"
is "says_what_would_be_pruned" says "other/fw2: load (group $(group_of fw2): not in the files, kept; --prune removes it)" ctl apply -f "$WORK/empty.toml"
is "and_keeps_it" counts "$before"
is "prunes" says "0 added, 0 changed, 2 removed" ctl apply -f "$WORK/empty.toml" --prune
is "only_its_own_set" nothing_to_do --prune
is "all_of_it" same "$(group_of fw2) $(n_rules)" " 1"
is "a_folder_is_all_its_files" says "no changes" sh -c "mkdir '$WORK/folder' && sed 's|\"one.o|\"../one.o|' '$F' >'$WORK/folder/net.toml' && '$BUILD/bpfctl' -s '$SOCK' apply -f '$WORK/folder'"

# ---- an end in the middle: the same hook twice passes every check, as both are not there yet ----
sed 's/priority = 30/priority = 33/; s/"exec"/"open"/' "$F" >"$WORK/twice.toml"
for again in no yes; do
	printf '[[load.attach]]\nprogram = "exec_b"\nkind = "tracepoint"\ntarget = "sched/sched_process_exec"\nmetadata = { again = "%s" }\n' \
		"$again" >>"$WORK/twice.toml"
done
ends_in_the_middle() { exits 7 ctl apply --set net -f "$WORK/twice.toml" >"$WORK/said" 2>&1; }
is "a_failure_in_the_middle_is_partly_done" ends_in_the_middle
is "says_what_failed" grep -q "failed:   + net/fw: attach exec_b" "$WORK/said"
is "and_what_was_done" grep -q "done:     ~ net/fw: attach filter_a" "$WORK/said"
is "and_what_was_not" grep -q "not done: ~ net/execs: rule" "$WORK/said"
is "what_came_before_it_is_done" link_is "$(link_number filter_a)" "$(group_of fw) 33 attached"
is "what_comes_after_it_is_not" same "$(json '.rules[] | select(.name == "execs") | .tracers[0]' rule ls)" exec
sed -i 's/priority = 30/priority = 33/; s/"exec"/"open"/' "$F"
is "again_it_goes_on_from_there" says "0 added, 1 changed, 1 removed" apply
is "to_the_end" nothing_to_do
# A run that was killed: the new group is loaded, and one link is moved.
new=$(json .group load "$WORK/two.o" --metadata owner=test --metadata bpfd.apply=net --metadata bpfd.apply.name=fw)
is "a_hand_moves_a_link_to_it" ctl update "$(link_number filter_a)" --program "$(json ".programs[] | select(.group == $new and .name == \"filter_a\") | .id" list programs)"
sed -i 's/one.o/two.o/' "$F"
is "a_run_that_was_killed_is_finished" says "0 added, 1 changed, 0 removed" apply
is "with_what_it_had_loaded" same "$(group_of fw)" "$new"

# ---- interfaces that come ----
cat >"$WORK/future.toml" <<-EOT
	[[load]]
	name = "wish"
	object = "one.o"
	[[load.attach]]
	program = "order_2"
	kind = "tc"
	target = "${VETH}f*"
	direction = "ingress"
	future = true
EOT
wish() { json '[.links[] | select(.metadata["bpfd.apply"] == "future") | "\(.state) \(.target) \(.group)"] | sort | join(", ")' list links; }
is "waits_for_interfaces" ctl apply -f "$WORK/future.toml"
is "says_that_it_waits" same "$(wish)" "waiting ${VETH}f* $(group_of wish)"
is "has_nothing_to_do_while_it_waits" says "no changes" ctl apply -f "$WORK/future.toml"
ip -n "$HERE" link add "${VETH}f1" type veth peer name "${VETH}g1"
both() { same "$(wish)" "attached ${VETH}f1 $(group_of wish), waiting ${VETH}f* $(group_of wish)"; }
is "one_comes" within 3 both
is "what_came_by_itself_is_nothing_to_change" says "no changes" ctl apply -f "$WORK/future.toml" --prune
sed -i 's/one.o/two.o/' "$WORK/future.toml"
is "replaces_what_waits" says "0 added, 2 changed, 0 removed" ctl apply -f "$WORK/future.toml"
is "and_what_it_brought" within 3 both
is "then_nothing_is_to_do" says "no changes" ctl apply -f "$WORK/future.toml"

# ---- what cannot be updated, and what is refused after that ----
cat >"$WORK/anew.toml" <<-EOT
	[[load]]
	name = "anew"
	object = "one.o"
	[[load.attach]]
	program = "xdp_a"
	kind = "xdp"
	target = "lo"
	mode = "skb"
EOT
anew() { json '[.links[] | select(.metadata["bpfd.apply"] == "anew") | "\(.program_name) \(.mode) \(.metadata.k)"] | join(", ")' list links; }
is "attaches_xdp" ctl apply -f "$WORK/anew.toml"
printf 'metadata = { k = "v" }\n' >>"$WORK/anew.toml"
is "changes_what_only_a_new_link_can_have" says "link $(json '.links[] | select(.metadata["bpfd.apply"] == "anew") | .id' list links): metadata" ctl apply -f "$WORK/anew.toml"
is "there_is_one_link_then" same "$(anew)" "xdp_a skb v"
sed -i 's/"skb"/"native"/' "$WORK/anew.toml"
is "a_mode_that_the_driver_has_not_is_refused" exits 1 ctl apply -f "$WORK/anew.toml"
is "and_the_link_is_there_as_it_was" same "$(anew)" "xdp_a skb v"

# ---- persistent, and not ----
sed -i '/metadata/d; s/"native"/"skb"/; s/object =/persistent = true\nobject =/' "$WORK/anew.toml"
persistent() { json '[(.programs // .links)[] | select(.metadata["bpfd.apply"] == "anew") | .persistent] | unique | map(tostring) | join(" ")' list "$1"; }
is "becomes_persistent" ctl apply -f "$WORK/anew.toml"
is "its_programs_are" same "$(persistent programs)" true
is "its_links_are" same "$(persistent links)" true
sed -i 's/one.o/two.o/' "$WORK/anew.toml"
is "is_replaced_as_others" says "0 added, 2 changed, 0 removed" ctl apply -f "$WORK/anew.toml"
is "and_is_persistent" same "$(persistent links) $(anew)" "true xdp_a skb null"
sed -i '/persistent/d' "$WORK/anew.toml"
is "becomes_what_a_reboot_ends" ctl apply -f "$WORK/anew.toml"
is "its_links_are_that" same "$(persistent links) $(anew)" "false xdp_a skb null"
is "and_nothing_is_to_do_about_it" says "no changes" ctl apply -f "$WORK/anew.toml"

# ---- shared maps ----
cat >"$WORK/maps.toml" <<-EOT
	[[load]]
	name = "user"
	object = "two.o"
	map_owner = "owner"
	programs = ["order_1"]
	[[load]]
	name = "owner"
	object = "one.o"
	programs = ["order_2"]
EOT
owners() { json "[.programs[] | select(.metadata[\"bpfd.apply\"] == \"maps\") | \"\\(.metadata[\"bpfd.apply.name\"]) \\(.map_ids[0])\"] | sort | join(\" \")" list programs; }
maps_are_shared() {
	# shellcheck disable=SC2046
	set -- $(owners)
	[ $# -eq 4 ] && same "$2" "$4"
}
is "loads_the_owner_of_maps_first" ctl apply -f "$WORK/maps.toml"
is "maps_are_shared" maps_are_shared
sed -i 's/one.o/two.o/' "$WORK/maps.toml"
is "replaces_the_owner_and_who_shares_its_maps" says "the maps that it shares" ctl apply -f "$WORK/maps.toml"
is "maps_are_shared_then" maps_are_shared
is "and_nothing_is_to_do" says "no changes" ctl apply -f "$WORK/maps.toml"

# ---- saved, and had again ----
what_is_there() {
	json '.programs[] | "\(.name) \(.digest) \(.persistent) \(.globals) \(.metadata | with_entries(select(.key | startswith("bpfd.apply") | not)))"' list programs | sort
	json '.links[] | "\(.program_name) \(.kind) \(.target) \(.direction) \(.mode) \(.priority) \(.proceed_on) \(.cookie) \(.options)"' list links | sort
	json '.rules[] | "\(.name) \(.tracers)"' rule ls | sort
}
printf 'version = 2\nname = "by-hand"\ntracer = "exit"\n[match]\nall = [ { field = "comm", op = "regex", values = ["^a\\\\d+$"] } ]\n' >"$WORK/by-hand.toml"
is "a_rule_by_hand" ctl rule create "$WORK/by-hand.toml"
is "an_object_with_globals_by_hand" ctl load "$SAMPLE" --program count_exec --global count_min_bytes=u32:64 --persistent \
	--metadata 'k=a "quoted" \ text' --attach tracepoint:sched/sched_process_exec,metadata=x=y
# Larger than a part of it that is read at once.
cp "$OBJECTS/core.bpf.o" "$WORK/big.o"
head -c 2500000 /dev/zero >>"$WORK/big.o"
is "a_large_object_by_hand" ctl load "$WORK/big.o"
what_is_there >"$WORK/there"
is "saves" ctl save -d "$WORK/saved"
is "objects_are_saved_as_they_are" cmp "$(find "$WORK/saved/objects" -name 'fw-*')" "$WORK/two.o"
is "large_ones_too" cmp "$(find "$WORK/saved/objects" -name 'big-*')" "$WORK/big.o"
is "only_for_the_owner" same "$(stat -c %a "$WORK/saved/apply.toml")" 600
is "an_untouched_save_changes_nothing" says "no changes" ctl apply -f "$WORK/saved"
is "nor_does_pruning_by_it" says "no changes" ctl apply -f "$WORK/saved" --prune
leaks_note
for g in $(json '[.programs[].group] | unique | reverse | .[]' list programs); do
	ctl -q unload --group "$g"
done
ctl -q rule rm execs by-hand
is "all_is_gone" counts "0 0 0"
is "a_save_brings_all_back" ctl apply -f "$WORK/saved"
what_is_there >"$WORK/there-again"
is "it_is_as_it_was" diff "$WORK/there" "$WORK/there-again"
is "and_there_is_nothing_to_do" says "no changes" ctl apply -f "$WORK/saved" --prune
is "its_own_file_has_nothing_to_do_either" nothing_to_do --prune
is "saves_again" ctl save -d "$WORK/saved2"
is "the_same" diff "$WORK/saved/apply.toml" "$WORK/saved2/apply.toml"
is "one_set_alone" same "$(ctl save --set net | grep -c '^\[\[load\]\]')" 1

# ---- who may ----
bin=$WORK/bpfctl
cp "$BUILD/bpfctl" "$bin"
chmod 755 "$bin"
chmod 644 "$WORK"/*.o "$F"
as_member() { setpriv --reuid nobody --regid nogroup --groups bpfd "$bin" -s "$SOCK" "$@"; }
is "a_viewer_compares" says "no changes" as_member apply -f "$F" --diff
file one 44
chmod 644 "$F"
is "a_viewer_sees_differences" exits 8 as_member apply -f "$F" --diff
is "a_viewer_changes_nothing" exits 5 as_member apply -f "$F"
is "nor_checks" exits 5 as_member apply -f "$F" --dry-run
is "a_viewer_gets_no_objects" exits 5 as_member save -d "$(mktemp -d -p /tmp bpfd-test-XXXXXX)"
leaks_note
is "stops" daemon_stop TERM
is "nothing_is_left" leaks_none
tap_end
