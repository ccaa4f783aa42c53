/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/broker_fake.h"

#define AT(member) offsetof(union bpf_attr, member)

static struct fake fake;
static struct msg_bpf_ret ret;

static int
call(uint32_t cmd, const union bpf_attr *attr, uint32_t size)
{
	struct msg_bpf_call m = { .cmd = cmd, .attr_size = size };

	memcpy(m.attr, attr, size < sizeof(m.attr) ? size : sizeof(m.attr));
	broker_call(&fake.b, &m, &ret);
	return ret.ret < 0 ? -ret.err : ret.ret;
}

static uint32_t
make_map(uint32_t type, uint32_t entries)
{
	union bpf_attr attr = { 0 };

	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = entries;
	assert_int_equal(call(BPF_MAP_CREATE, &attr, AT(map_extra) + 8), 0);
	return ret.handle;
}

static int
load(const struct bpf_insn *in, uint32_t n, uint32_t type)
{
	union bpf_attr attr = { 0 };

	memcpy(fake.arena + 4096, in, n * sizeof(*in));
	strcpy((char *)fake.arena + 64, "GPL");
	attr.prog_type = type;
	attr.insns = 4096;
	attr.insn_cnt = n;
	attr.license = 64;
	strcpy(attr.prog_name, "victim");
	return call(BPF_PROG_LOAD, &attr, AT(core_relo_rec_size) + 4);
}

static int
setup(void **state)
{
	fake_open(&fake);
	return 0;
}

static int
teardown(void **state)
{
	fake_close(&fake);
	return 0;
}

static void
knows_the_pointers_of_each_command(void **state)
{
	size_t n;
	const struct bpfcmd *all = bpfcmd_all(&n);

	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(bpfcmd_find(all[i].cmd), &all[i]);
		assert_true(all[i].known <= IPC_BPF_ATTR_MAX);
		assert_int_equal(all[i].fields[BPFCMD_FIELDS_MAX - 1].dir, BPFCMD_END);
		for (size_t j = 0; all[i].fields[j].dir != BPFCMD_END; j++)
			assert_true(all[i].fields[j].offset < all[i].known);
	}
	assert_null(bpfcmd_find(BPF_PROG_GET_FD_BY_ID));
	assert_null(bpfcmd_find(BPF_LINK_CREATE));
}

static void
refuses_commands_that_are_not_brokered(void **state)
{
	union bpf_attr attr = { 0 };

	for (uint32_t cmd = 0; cmd < 64; cmd++)
		if (!bpfcmd_find(cmd))
			assert_int_equal(call(cmd, &attr, 16), -EPERM);
	assert_int_equal(fake.kernel.calls, 0);
}

static void
gives_handles_and_keeps_descriptors(void **state)
{
	assert_int_equal(make_map(BPF_MAP_TYPE_HASH, 10), 1);
	assert_int_equal(make_map(BPF_MAP_TYPE_HASH, 10), 2);
	assert_true(handles_get(&fake.b.handles, 1, BPFCMD_MAP)->fd > 2);
	assert_null(handles_get(&fake.b.handles, 1, BPFCMD_PROG));
	assert_null(handles_get(&fake.b.handles, 0, BPFCMD_ANY));
	assert_null(handles_get(&fake.b.handles, 3, BPFCMD_ANY));
}

static void
puts_descriptors_in_place_of_handles(void **state)
{
	uint32_t map = make_map(BPF_MAP_TYPE_HASH, 10);
	const struct bpf_insn in[] = { { .code = BPF_LD | BPF_IMM | BPF_DW, .src_reg = BPF_PSEUDO_MAP_FD,
		.imm = (int)map }, { 0 }, { .code = BPF_JMP | BPF_EXIT } };

	assert_int_equal(load(in, 3, BPF_PROG_TYPE_XDP), 0);
	assert_int_equal(fake_seen.insns[0].imm, handles_get(&fake.b.handles, map, BPFCMD_MAP)->fd);
	/* The linker's memory is left as it is. */
	assert_memory_equal(fake.arena + 4096, in, sizeof(in));
}

static void
refuses_a_descriptor_that_is_no_handle(void **state)
{
	const struct bpf_insn in[] = { { .code = BPF_LD | BPF_IMM | BPF_DW, .src_reg = BPF_PSEUDO_MAP_FD,
		.imm = 1 }, { 0 }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr = { .map_fd = 1 };

	assert_int_equal(load(in, 3, BPF_PROG_TYPE_XDP), -EBADF);
	assert_int_equal(call(BPF_MAP_FREEZE, &attr, 4), -EBADF);
	assert_int_equal(fake.kernel.calls, 0);
}

static void
names_the_helper_that_policy_denies(void **state)
{
	const struct bpf_insn in[] = { { .code = BPF_JMP | BPF_CALL, .imm = 109 },
		{ .code = BPF_JMP | BPF_EXIT } };

	assert_int_equal(load(in, 2, BPF_PROG_TYPE_XDP), -EPERM);
	assert_int_equal(fake.b.refusal.code, IPC_PERMISSION_DENIED);
	assert_non_null(strstr(fake.b.refusal.text, "send_signal (109)"));
	assert_non_null(strstr(fake.b.refusal.text, "victim"));
	assert_int_equal(fake.kernel.calls, 0);
}

static void
keeps_within_the_grant(void **state)
{
	const struct bpf_insn in[] = { { .code = BPF_JMP | BPF_EXIT } };

	fake.b.type_grant = 1ULL << BPF_PROG_TYPE_XDP;
	assert_int_equal(load(in, 1, BPF_PROG_TYPE_LSM), -EPERM);
	assert_int_equal(load(in, 1, BPF_PROG_TYPE_XDP), 0);
	fake.b.type_grant = 0;
	assert_int_equal(load(in, 1, BPF_PROG_TYPE_SYSCALL), -EPERM);
	assert_int_equal(load(in, 1, 77), -EPERM);
}

static void
holds_loads_to_the_budget(void **state)
{
	union bpf_attr attr = { 0 };

	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = attr.value_size = attr.max_entries = UINT32_MAX;
	assert_int_equal(call(BPF_MAP_CREATE, &attr, AT(map_extra) + 8), -ENOSPC);
	assert_int_equal(fake.b.refusal.code, IPC_RESOURCE_EXHAUSTED);
	assert_non_null(strstr(fake.b.refusal.text, "limits.map_bytes"));
	for (int i = 0; i < 8; i++)
		make_map(BPF_MAP_TYPE_HASH, 1);
	attr.key_size = attr.value_size = attr.max_entries = 4;
	assert_int_equal(call(BPF_MAP_CREATE, &attr, AT(map_extra) + 8), -ENOSPC);
}

static void
a_failed_map_costs_no_budget(void **state)
{
	uint64_t before = fake.b.map_bytes;
	union bpf_attr attr = { 0 };

	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = attr.value_size = attr.max_entries = 4;
	fake_seen.err = -EINVAL;
	assert_int_equal(call(BPF_MAP_CREATE, &attr, AT(map_extra) + 8), -EINVAL);
	assert_int_equal(fake.b.map_bytes, before);
	assert_int_equal(fake.b.n_maps, 0);
}

static void
refuses_attrs_of_the_wrong_size(void **state)
{
	union bpf_attr attr = { 0 };
	struct msg_bpf_call m = { .cmd = BPF_MAP_FREEZE, .attr_size = IPC_BPF_ATTR_MAX + 1 };

	broker_call(&fake.b, &m, &ret);
	assert_int_equal(ret.err, E2BIG);
	m.attr_size = 8;
	m.attr[7] = 1;		/* behind what MAP_FREEZE knows */
	broker_call(&fake.b, &m, &ret);
	assert_int_equal(ret.err, E2BIG);
	/* Half of the pointer to the instructions. */
	assert_int_equal(call(BPF_PROG_LOAD, &attr, AT(insns) + 4), -EINVAL);
	assert_int_equal(fake.kernel.calls, 0);
}

static void
refuses_memory_outside_the_arena(void **state)
{
	union bpf_attr attr = { 0 };

	attr.btf = FAKE_ARENA - 10;
	attr.btf_size = 4096;
	assert_int_equal(call(BPF_BTF_LOAD, &attr, AT(btf_log_level) + 4), -EFAULT);
	attr.btf = UINT64_MAX;
	assert_int_equal(call(BPF_BTF_LOAD, &attr, AT(btf_log_level) + 4), -EFAULT);
	attr.btf = 64;
	attr.btf_size = UINT32_MAX;
	assert_int_equal(call(BPF_BTF_LOAD, &attr, AT(btf_log_level) + 4), -E2BIG);
	assert_int_equal(fake.kernel.calls, 0);
}

static void
refuses_pointers_that_are_not_in_the_table(void **state)
{
	const struct bpf_insn in = { .code = BPF_JMP | BPF_EXIT };
	union bpf_attr attr = { 0 };

	memcpy(fake.arena + 64, &in, sizeof(in));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = 64;
	attr.insn_cnt = 1;
	attr.fd_array = 4096;
	assert_int_equal(call(BPF_PROG_LOAD, &attr, AT(core_relo_rec_size) + 4), -EINVAL);
	attr.fd_array = 0;
	attr.attach_prog_fd = 1;
	assert_int_equal(call(BPF_PROG_LOAD, &attr, AT(core_relo_rec_size) + 4), -EINVAL);
	assert_int_equal(fake.kernel.calls, 0);
}

static void
asks_for_information_without_arrays(void **state)
{
	uint32_t map = make_map(BPF_MAP_TYPE_HASH, 1);
	union bpf_attr attr = { 0 };

	memset(fake.arena + 64, 0xff, 256);
	attr.info.bpf_fd = map;
	attr.info.info = 64;
	attr.info.info_len = 80;
	assert_int_equal(call(BPF_OBJ_GET_INFO_BY_FD, &attr, AT(info.info) + 8), 0);
	assert_int_equal(fake.arena[64], 'o');
	assert_int_equal(fake.arena[64 + 80], 0xff);
	attr.info.info_len = 4096;
	assert_int_equal(call(BPF_OBJ_GET_INFO_BY_FD, &attr, AT(info.info) + 8), -EINVAL);
}

static void
probes_reach_the_kernel_once(void **state)
{
	const struct bpf_insn in[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT } };
	uint64_t calls;

	assert_int_equal(load(in, 2, BPF_PROG_TYPE_SOCKET_FILTER), 0);
	calls = fake.kernel.calls;
	assert_int_equal(calls, 1);
	assert_int_equal(load(in, 2, BPF_PROG_TYPE_SOCKET_FILTER), 0);
	assert_int_equal(fake.kernel.calls, calls);
	assert_int_equal(fake.stats.probe_hits, 1);
	/* It becomes real when it is used, and by the policy. */
	fake.b.type_grant = 1ULL << BPF_PROG_TYPE_XDP;
	assert_int_equal(broker_fd(&fake.b, handles_get(&fake.b.handles, 1, BPFCMD_PROG)), -EPERM);
	fake.b.type_grant = 0;
	assert_true(broker_fd(&fake.b, handles_get(&fake.b.handles, 1, BPFCMD_PROG)) >= 0);
	assert_int_equal(fake.kernel.calls, calls + 1);
}

static void
a_failure_that_may_pass_is_not_remembered(void **state)
{
	const struct bpf_insn in[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT } };

	fake_seen.err = -ENOMEM;
	assert_int_equal(load(in, 2, BPF_PROG_TYPE_SOCKET_FILTER), -ENOMEM);
	fake_seen.err = 0;
	assert_int_equal(load(in, 2, BPF_PROG_TYPE_SOCKET_FILTER), 0);
	fake_seen.err = -EINVAL;
	assert_int_equal(load(in, 2, BPF_PROG_TYPE_SOCKET_FILTER), 0);
	assert_int_equal(fake.stats.probe_hits, 1);
}

/* Functions at 8 and 16 of 32 bytes. */
static int
two_slots(uint32_t value_type, uint32_t value_size, uint32_t *offsets, size_t room, size_t *n)
{
	assert_int_equal(value_type, 77);
	assert_int_equal(value_size, 32);
	offsets[0] = 8;
	offsets[1] = 16;
	*n = 2;
	return 0;
}

static int
fill_ops(uint32_t map, uint64_t first, uint64_t second)
{
	const uint64_t value[4] = { 0, first, second, 5 };
	union bpf_attr attr = { 0 };

	memset(fake.arena + 64, 0, 4);
	memcpy(fake.arena + 128, value, sizeof(value));
	attr.map_fd = map;
	attr.key = 64;
	attr.value = 128;
	return call(BPF_MAP_UPDATE_ELEM, &attr, AT(flags) + 8);
}

static void
functions_of_struct_ops_are_programs_of_the_load(void **state)
{
	const struct bpf_insn in[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 9 },
		{ .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr = { 0 };
	uint32_t map, prog;
	uint64_t seen[4];

	attr.map_type = BPF_MAP_TYPE_STRUCT_OPS;
	attr.key_size = 4;
	attr.value_size = 32;
	attr.max_entries = 1;
	attr.btf_vmlinux_value_type_id = 77;
	fake.b.ops_links = true;
	assert_int_equal(call(BPF_MAP_CREATE, &attr, AT(map_extra) + 8), 0);
	assert_int_equal(fake_seen.attr.map_flags, 1 << 13);
	map = ret.handle;
	assert_int_equal(load(in, 2, BPF_PROG_TYPE_STRUCT_OPS), 0);
	prog = ret.handle;
	assert_int_equal(fill_ops(map, prog, 0), -EPERM);	/* nobody knows where functions are */
	fake.b.ops_slots = two_slots;
	fake_seen.value_len = 32;
	assert_int_equal(fill_ops(map, prog, 0), 0);
	memcpy(seen, fake_seen.value, sizeof(seen));
	assert_int_equal(seen[1], handles_get(&fake.b.handles, prog, BPFCMD_PROG)->fd);
	assert_int_equal(seen[2], 0);
	assert_int_equal(seen[3], 5);
	assert_int_equal(fill_ops(map, prog, map), -EBADF);
	assert_int_equal(fill_ops(map, prog, 1000), -EBADF);
	assert_int_equal(fill_ops(map, (1ULL << 32) + prog, 0), -EBADF);
	fake.b.ops_links = false;	/* it would be registered */
	assert_int_equal(fill_ops(map, prog, 0), -EOPNOTSUPP);
}

static void
takes_names_only_below_the_directory_for_names(void **state)
{
	assert_string_equal(byname_of_path("/byname/ring"), "ring");
	assert_string_equal(byname_of_path("/byname//ring"), "ring");
	assert_null(byname_of_path("/byname/../prog/1-2"));
	assert_null(byname_of_path("/byname/a/b"));
	assert_null(byname_of_path("/byname/"));
	assert_null(byname_of_path("/sys/fs/bpf/x"));
	assert_null(byname_of_path("/byname/a.b"));
}

static void
map_bytes_do_not_overflow(void **state)
{
	assert_int_equal(check_map_bytes(BPF_MAP_TYPE_ARRAY, 4, 5, 10, 2), 80);
	assert_int_equal(check_map_bytes(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 10, 4), 320);
	assert_int_equal(check_map_bytes(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 2), 4096);
	assert_true(check_map_bytes(BPF_MAP_TYPE_PERCPU_HASH, UINT32_MAX, UINT32_MAX, UINT32_MAX,
		UINT32_MAX) == UINT64_MAX);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(knows_the_pointers_of_each_command),
		TEST(refuses_commands_that_are_not_brokered),
		TEST(gives_handles_and_keeps_descriptors),
		TEST(puts_descriptors_in_place_of_handles),
		TEST(refuses_a_descriptor_that_is_no_handle),
		TEST(names_the_helper_that_policy_denies),
		TEST(keeps_within_the_grant),
		TEST(holds_loads_to_the_budget),
		TEST(a_failed_map_costs_no_budget),
		TEST(refuses_attrs_of_the_wrong_size),
		TEST(refuses_memory_outside_the_arena),
		TEST(refuses_pointers_that_are_not_in_the_table),
		TEST(asks_for_information_without_arrays),
		TEST(probes_reach_the_kernel_once),
		TEST(a_failure_that_may_pass_is_not_remembered),
		TEST(functions_of_struct_ops_are_programs_of_the_load),
		TEST(takes_names_only_below_the_directory_for_names),
		TEST(map_bytes_do_not_overflow),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
