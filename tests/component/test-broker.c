/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-loader and bpfd-linker with real objects; the test is their supervisor and API. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "component/brokerrig.h"
#include "ipc/globals.h"

static int
open_pin(const char *path)
{
	char full[160];
	union bpf_attr attr = { 0 };

	snprintf(full, sizeof(full), "%s/bpffs/%s", rig.dir, path);
	attr.pathname = (uintptr_t)full;
	return (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));
}

static uint64_t
map_value(const char *pin, uint32_t key)
{
	AUTO(fd) int fd = open_pin(pin);
	uint64_t v = UINT64_MAX;
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&v;
	syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr));
	return v;
}

static int
run_once(uint32_t prog_id)
{
	char pin[64];
	union bpf_attr attr = { 0 };
	uint8_t packet[64] = { 0 };
	AUTO(fd) int fd = -1;

	snprintf(pin, sizeof(pin), "prog/%d-%u", GID, prog_id);
	fd = open_pin(pin);
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	return syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0 ? -errno : (int)attr.test.retval;
}

static void
loads_a_core_object(void **state)
{
	load_and_unload("bpf/core", 1, 1);
}

static void
says_what_was_loaded(void **state)
{
	const struct msg_prog_facts *p = &answer.progs[0];

	assert_loaded(rig_load(&rig, "bpf/core", new_request(GID, "core_exec"), &answer));
	assert_string_equal(p->name, "core_exec");
	assert_string_equal(p->section, "tracepoint/sched/sched_process_exec");
	assert_int_equal(p->type, BPF_PROG_TYPE_TRACEPOINT);
	assert_int_equal(p->gid, GID);
	assert_true(p->id && p->verified_insns && p->loaded_boot_ns && p->btf_id && p->memlock_bytes);
	assert_int_equal(p->flags, PROG_MANAGED | PROG_GPL | PROG_JITED);
	assert_int_equal(p->n_maps, 1);
	assert_int_equal(p->map_ids[0], answer.maps[0].id);
	assert_string_equal(answer.maps[0].name, "core_hits");
	assert_int_equal(answer.maps[0].value_size, 8);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
}

static void
loads_an_object_without_btf_that_looks_like_a_probe(void **state)
{
	load_and_unload("objects/tiny", 1, 0);
}

static void
sets_global_data(void **state)
{
	struct msg_load *req = new_request(GID, NULL);
	uint32_t knob = 100;
	uint64_t start = 1000;
	uint16_t hidden = 10000;
	size_t len = 0;

	globals_add(req->globals, sizeof(req->globals), &len, "knob", 4, &knob, 4);
	globals_add(req->globals, sizeof(req->globals), &len, "counter_start", 13, &start, 8);
	globals_add(req->globals, sizeof(req->globals), &len, "label", 5, "\1\0\0\0\0\0\0\0", 8);
	globals_add(req->globals, sizeof(req->globals), &len, "hidden", 6, &hidden, 2);
	req->globals_len = (uint32_t)len;
	assert_loaded(rig_load(&rig, "objects/globals", req, &answer));
	assert_int_equal(run_once(answer.progs[0].id), 0);
	assert_int_equal(map_value("map/7/seen", 0), 100 + 1000 + 1 + 10000);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
}

static void
names_the_globals_that_there_are(void **state)
{
	struct msg_load *req = new_request(GID, NULL);
	size_t len = 0;

	globals_add(req->globals, sizeof(req->globals), &len, "knobb", 5, "\1\0\0\0", 4);
	req->globals_len = (uint32_t)len;
	assert_refused(rig_load(&rig, "objects/globals", req, &answer), IPC_INVALID_ARGUMENT, "\"knob\"");
	len = 0;
	globals_add(req->globals, sizeof(req->globals), &len, "knob", 4, "\1\0", 2);
	req->globals_len = (uint32_t)len;
	assert_refused(rig_load(&rig, "objects/globals", req, &answer), IPC_INVALID_ARGUMENT,
		"has 4 bytes, the value given has 2");
	assert_nothing_is_left();
}

static void
fills_maps_of_maps_and_of_programs(void **state)
{
	assert_loaded(rig_load(&rig, "objects/mapinmap", new_request(GID, NULL), &answer));
	assert_int_equal(answer.n_progs, 2);
	for (int i = 0; i < 2; i++)
		if (strcmp(answer.progs[i].name, "tail_entry") == 0)
			assert_int_equal(run_once(answer.progs[i].id), 1);
	assert_int_equal(map_value("map/7/inner_b", 0), 1);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	assert_nothing_is_left();
}

static void
shares_a_map_by_name_until_the_last_group_goes(void **state)
{
	uint32_t id;

	assert_loaded(rig_load(&rig, "objects/byname", new_request(1, NULL), &answer));
	id = answer.maps[0].id;
	assert_int_equal(answer.maps[0].by_name, 1);
	assert_loaded(rig_load(&rig, "objects/byname", new_request(2, NULL), &answer));
	assert_int_equal(answer.maps[0].id, id);
	assert_int_equal(rig_pins(&rig, "byname"), 1);
	assert_int_equal(rig_unload(&rig, 1, 0), IPC_OK);
	assert_int_equal(rig_pins(&rig, "byname"), 1);
	assert_int_equal(rig_unload(&rig, 2, 0), IPC_OK);
	assert_nothing_is_left();
}

static void
shares_the_maps_of_another_group(void **state)
{
	struct msg_load *req;
	uint32_t id;

	assert_loaded(rig_load(&rig, "bpf/core", new_request(1, NULL), &answer));
	id = answer.maps[0].id;
	req = new_request(2, NULL);
	req->map_owner_gid = 1;
	assert_loaded(rig_load(&rig, "bpf/core", req, &answer));
	assert_int_equal(answer.maps[0].id, id);
	req = new_request(3, NULL);
	req->map_owner_gid = 99;
	assert_refused(rig_load(&rig, "bpf/core", req, &answer), IPC_NOT_FOUND, "no group 99");
	assert_int_equal(rig_unload(&rig, 1, 0), IPC_OK);
	assert_int_equal(rig_unload(&rig, 2, 0), IPC_OK);
	assert_nothing_is_left();
}

static void
resolves_kernel_configuration(void **state)
{
	load_and_unload("objects/kconfig", 1, 1);
}

static void
loads_subprograms_and_sections_newer_than_libbpf(void **state)
{
	struct msg_load *req = new_request(GID, "subprogs_prog");

	assert_loaded(rig_load(&rig, "objects/subprogs", req, &answer));
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	assert_loaded(rig_load(&rig, "objects/subprogs", new_request(GID, "subprogs_tcx"), &answer));
	assert_int_equal(answer.progs[0].type, BPF_PROG_TYPE_SCHED_CLS);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	assert_nothing_is_left();
}

static void
asks_for_the_type_that_a_section_does_not_say(void **state)
{
	struct msg_load *req = new_request(GID, "subprogs_untyped");

	assert_refused(rig_load(&rig, "objects/subprogs", req, &answer), IPC_INVALID_ARGUMENT,
		"our/own/section");
	req->progs[0].prog_type = BPF_PROG_TYPE_SCHED_CLS;
	assert_loaded(rig_load(&rig, "objects/subprogs", req, &answer));
	assert_int_equal(answer.progs[0].type, BPF_PROG_TYPE_SCHED_CLS);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	req = new_request(GID, "subprogs_prog");
	req->progs[0].prog_type = BPF_PROG_TYPE_XDP;
	assert_refused(rig_load(&rig, "objects/subprogs", req, &answer), IPC_INVALID_ARGUMENT,
		"by its section");
}

static void
loads_more_than_4096_instructions(void **state)
{
	assert_loaded(rig_load(&rig, "objects/large", new_request(GID, "large_xdp"), &answer));
	assert_true(answer.progs[0].verified_insns > 4096);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
}

static void
returns_the_whole_verifier_log(void **state)
{
	struct msg_load *req = new_request(GID, "large_refused");

	assert_refused(rig_load(&rig, "objects/large", req, &answer), IPC_FAILED_PRECONDITION,
		"the verifier refused program \"large_refused\": ");
	assert_refused(0, IPC_FAILED_PRECONDITION, "outside of the packet");
	assert_true(answer.log_len > 100000);
	assert_nothing_is_left();
}

static void
names_the_programs_that_there_are(void **state)
{
	assert_refused(rig_load(&rig, "bpf/core", new_request(GID, "core_exek"), &answer),
		IPC_INVALID_ARGUMENT, "\"core_exec\"");
}

static void
refuses_what_is_not_a_bpf_object(void **state)
{
	char elf[4096];
	AUTO(fd) int self = open("/proc/self/exe", O_RDONLY);

	assert_refused(load_bytes("#!/bin/sh\n", 10), IPC_INVALID_ARGUMENT, "not an ELF file");
	assert_int_equal(read(self, elf, sizeof(elf)), sizeof(elf));
	assert_refused(load_bytes(elf, sizeof(elf)), IPC_INVALID_ARGUMENT, "x86-64 (machine 62)");
	assert_refused(load_bytes(elf, 40), IPC_INVALID_ARGUMENT, "ends within its header");
	assert_nothing_is_left();
}

static void
survives_mutated_objects(void **state)
{
	AUTO(fd) int fd = rig_object("bpf/kinds");
	size_t len = (size_t)lseek(fd, 0, SEEK_END);
	AUTO(mem) uint8_t *data = malloc(len);
	unsigned int seed = 42;

	for (int round = 0; round < 60; round++) {
		assert_int_equal(pread(fd, data, len, 0), len);
		for (int i = 0; i < 1 + round % 8; i++)
			data[(size_t)rand_r(&seed) % len] = (uint8_t)rand_r(&seed);
		assert_int_equal(load_bytes(data, round % 5 ? len : (size_t)rand_r(&seed) % len + 1), 0);
		if (answer.res.code == IPC_OK)
			assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
		else
			assert_int_not_equal(answer.res.text[0], '\0');
	}
	assert_nothing_is_left();
	assert_int_equal(waitpid(rig.loader, NULL, WNOHANG), 0);
}

static void
refuses_what_policy_denies(void **state)
{
	struct msg_load *req = new_request(GID, NULL);

	assert_refused(rig_load(&rig, "bpf/denied", req, &answer), IPC_PERMISSION_DENIED, "send_signal");
	assert_refused(rig_load(&rig, "bpf/greedy", req, &answer), IPC_RESOURCE_EXHAUSTED,
		"limits.map_bytes");
	req->type_grant = 1ULL << BPF_PROG_TYPE_XDP;
	assert_refused(rig_load(&rig, "bpf/core", req, &answer), IPC_PERMISSION_DENIED, "does not cover");
	req = new_request(GID, NULL);
	assert_loaded(rig_load(&rig, "objects/tiny", req, &answer));
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	req->type_grant = 1ULL << BPF_PROG_TYPE_XDP;
	assert_refused(rig_load(&rig, "objects/tiny", req, &answer), IPC_PERMISSION_DENIED,
		"does not cover");
	assert_nothing_is_left();
}

static void
a_dry_run_leaves_nothing(void **state)
{
	struct msg_load *req = new_request(GID, NULL);

	req->flags = LOAD_DRY_RUN;
	assert_loaded(rig_load(&rig, "objects/byname", req, &answer));
	assert_int_equal(answer.n_progs, 1);
	assert_nothing_is_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_a_core_object),
		cmocka_unit_test(says_what_was_loaded),
		cmocka_unit_test(loads_an_object_without_btf_that_looks_like_a_probe),
		cmocka_unit_test(sets_global_data),
		cmocka_unit_test(names_the_globals_that_there_are),
		cmocka_unit_test(fills_maps_of_maps_and_of_programs),
		cmocka_unit_test(shares_a_map_by_name_until_the_last_group_goes),
		cmocka_unit_test(shares_the_maps_of_another_group),
		cmocka_unit_test(resolves_kernel_configuration),
		cmocka_unit_test(loads_subprograms_and_sections_newer_than_libbpf),
		cmocka_unit_test(asks_for_the_type_that_a_section_does_not_say),
		cmocka_unit_test(loads_more_than_4096_instructions),
		cmocka_unit_test(returns_the_whole_verifier_log),
		cmocka_unit_test(names_the_programs_that_there_are),
		cmocka_unit_test(refuses_what_is_not_a_bpf_object),
		cmocka_unit_test(survives_mutated_objects),
		cmocka_unit_test(refuses_what_policy_denies),
		cmocka_unit_test(a_dry_run_leaves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP loading programs needs root");
		return 0;
	}
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
