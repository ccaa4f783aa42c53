/* SPDX-License-Identifier: Apache-2.0 */
/* bpf: who loads, attaches, pins and gets what. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bpf/bpfaudit.h"
#include "tracers-own.h"

static const char *const tracers[] = { "bpf", NULL };
static char dir[64];

enum { SOCKET_FILTER = 1, RAW_TRACEPOINT = 17 };

static long
bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int
load(uint32_t type, const char *name)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },	/* r0 = 0 */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = type, .insn_cnt = 2, .insns = (uintptr_t)insns, .license = (uintptr_t)"GPL" };

	strncpy(attr.prog_name, name, sizeof(attr.prog_name) - 1);
	return (int)bpf(BPF_PROG_LOAD, &attr);
}

/* n instructions, the last of which before the end call a helper, if any. */
static int
load_calling(int helper, uint32_t n)
{
	struct bpf_insn *insns = calloc(n, sizeof(*insns));
	union bpf_attr attr = { .prog_type = RAW_TRACEPOINT, .insn_cnt = n, .insns = (uintptr_t)insns,
		.license = (uintptr_t)"GPL" };
	long fd;

	assert_non_null(insns);
	for (uint32_t i = 0; i < n; i++)
		insns[i] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1 };
	if (helper)
		insns[n - 3] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = helper };
	insns[n - 2] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K };
	insns[n - 1] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	fd = bpf(BPF_PROG_LOAD, &attr);
	free(insns);
	return (int)fd;
}

static int
make_map(const char *name, uint32_t key_size)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH, .key_size = key_size, .value_size = 8, .max_entries = 3 };

	strncpy(attr.map_name, name, sizeof(attr.map_name) - 1);
	return (int)bpf(BPF_MAP_CREATE, &attr);
}

static int
setup(void **state)
{
	if (tracerrig_open(tracers, NULL, &rig))
		return -1;
	tracerrig_on(rig, 1ULL << TR_BPF);	/* as the loader does when all is attached */
	strcpy(dir, "/tmp/bpfd-bpf-XXXXXX");
	return unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL) || !mkdtemp(dir) ||
		mount("bpf", dir, "bpf", 0, NULL) || chdir(dir);
}

static int
teardown(void **state)
{
	tracerrig_close(rig);
	rig = NULL;
	return chdir("/") || umount2(dir, MNT_DETACH) || rmdir(dir);
}

static uint32_t
id_of(int fd, bool map)
{
	struct bpf_prog_info prog = { 0 };
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd } };

	attr.info.info = map ? (uintptr_t)&info : (uintptr_t)&prog;
	attr.info.info_len = map ? sizeof(info) : sizeof(prog);
	assert_int_equal(bpf(BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return map ? info.id : prog.id;
}

static const struct ev_bpfaudit *
last_cmd(unsigned int event)
{
	return last(TR_BPF, event);
}

static void
says_what_the_kernel_made(void **state)
{
	const struct ev_bpfaudit *e;
	int prog = load(SOCKET_FILTER, "own_prog"), map = make_map("own_map", 4);

	assert_true(prog >= 0 && map >= 0);
	e = last_cmd(BPFAUDIT_PROG_LOAD);
	assert_int_equal(e->object, BPFAUDIT_PROG);
	assert_int_equal(e->id, id_of(prog, false));
	assert_string_equal(e->name, "own_prog");
	assert_int_equal(e->prog_type, SOCKET_FILTER);
	assert_int_equal(e->insns, 2);
	assert_int_equal(e->h.ret, prog);
	assert_int_equal(e->h.flags, 0);

	e = last_cmd(BPFAUDIT_MAP_CREATE);
	assert_int_equal(e->object, BPFAUDIT_MAP);
	assert_int_equal(e->id, id_of(map, true));
	assert_string_equal(e->name, "own_map");
	assert_int_equal(e->map_type, BPF_MAP_TYPE_HASH);
	assert_int_equal(e->key_size, 4);
	assert_int_equal(e->value_size, 8);
	assert_int_equal(e->max_entries, 3);
	assert_int_equal(e->prog_type, UINT32_MAX);
	close(prog);
	close(map);
}

/* Also of one that the kernel refused: where it is locked down it does that to those that write. */
static void
says_what_a_program_would_do_to_processes(void **state)
{
	int fd = load_calling(BPF_FUNC_send_signal, 40);

	assert_true(fd >= 0);
	assert_int_equal(last_cmd(BPFAUDIT_PROG_LOAD)->helpers, BPFAUDIT_SEND_SIGNAL);
	close(fd);
	close(load_calling(BPF_FUNC_probe_write_user, 5));
	assert_int_equal(last_cmd(BPFAUDIT_PROG_LOAD)->helpers, BPFAUDIT_WRITE_USER);
	close(load_calling(BPF_FUNC_override_return, 4096));
	assert_int_equal(last_cmd(BPFAUDIT_PROG_LOAD)->helpers, BPFAUDIT_OVERRIDE_RETURN);
	close(load_calling(BPF_FUNC_ktime_get_ns, 5));
	assert_int_equal(last_cmd(BPFAUDIT_PROG_LOAD)->helpers, 0);
	close(load_calling(BPF_FUNC_send_signal, 70000));
	assert_int_equal(last_cmd(BPFAUDIT_PROG_LOAD)->helpers, BPFAUDIT_UNREAD);
}

static void
says_what_was_asked_for_where_it_failed(void **state)
{
	const struct ev_bpfaudit *e;

	assert_int_equal(load(9999, "never"), -1);
	e = last_cmd(BPFAUDIT_PROG_LOAD);
	assert_string_equal(e->name, "never");
	assert_int_equal(e->prog_type, 9999);
	assert_int_equal(e->insns, 2);
	assert_int_equal(e->id, 0);
	assert_true(e->h.ret < 0);
	assert_int_equal(e->h.flags, EV_UNTRUSTED);
	assert_int_equal(make_map("never", 0), -1);
	e = last_cmd(BPFAUDIT_MAP_CREATE);
	assert_string_equal(e->name, "never");
	assert_int_equal(e->h.ret, -EINVAL);
}

static void
follows_a_program_to_its_pin_and_its_hook(void **state)
{
	const struct ev_bpfaudit *e;
	int prog = load(RAW_TRACEPOINT, "hooked"), again, link;
	uint32_t id = id_of(prog, false);
	union bpf_attr attr = { .pathname = (uintptr_t)"./pin", .bpf_fd = (uint32_t)prog };
	char path[80];

	assert_int_equal(bpf(BPF_OBJ_PIN, &attr), 0);
	e = last_cmd(BPFAUDIT_OBJ_PIN);
	snprintf(path, sizeof(path), "%s/./pin", dir);
	assert_str(e, e->path, path);
	assert_int_equal(e->id, id);
	assert_string_equal(e->name, "hooked");

	attr = (union bpf_attr){ .pathname = (uintptr_t)"pin" };
	again = (int)bpf(BPF_OBJ_GET, &attr);
	e = last_cmd(BPFAUDIT_OBJ_GET);
	assert_int_equal(e->h.ret, again);
	assert_int_equal(e->id, id);

	attr = (union bpf_attr){ .prog_id = id };
	close(again);
	again = (int)bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	assert_int_equal(last_cmd(BPFAUDIT_PROG_BY_ID)->id, id);
	attr = (union bpf_attr){ .prog_id = UINT32_MAX };
	assert_int_equal(bpf(BPF_PROG_GET_FD_BY_ID, &attr), -1);
	assert_int_equal(last_cmd(BPFAUDIT_PROG_BY_ID)->id, UINT32_MAX);

	attr = (union bpf_attr){ .raw_tracepoint = { .name = (uintptr_t)"sched_process_exit", .prog_fd = (uint32_t)again } };
	link = (int)bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	assert_true(link >= 0);
	e = last_cmd(BPFAUDIT_RAW_TP_OPEN);
	assert_int_equal(e->object, BPFAUDIT_LINK);
	assert_int_equal(e->link_type, BPF_LINK_TYPE_RAW_TRACEPOINT);
	assert_int_equal(e->prog_id, id);
	assert_int_equal(e->prog_type, RAW_TRACEPOINT);
	assert_string_equal(e->name, "hooked");
	assert_str(e, e->target, "sched_process_exit");
	assert_true(e->id);
	close(link);
	close(again);
	close(prog);
}

static void
says_where_a_program_is_attached(void **state)
{
	union bpf_attr attr = { .link_create = { .prog_fd = (uint32_t)load(6, "on_lo"), .target_ifindex = 1,
		.attach_type = BPF_XDP } };
	const struct ev_bpfaudit *e;
	int link;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	link = (int)bpf(BPF_LINK_CREATE, &attr);
	assert_true(link >= 0);
	e = last_cmd(BPFAUDIT_LINK_CREATE);
	assert_int_equal(e->ifindex, 1);
	assert_int_equal(e->attach_type, BPF_XDP);
	assert_int_equal(e->prog_type, 6);
	assert_int_equal(e->link_type, BPF_LINK_TYPE_XDP);
	attr = (union bpf_attr){ .link_detach = { .link_fd = (uint32_t)link } };
	assert_int_equal(bpf(BPF_LINK_DETACH, &attr), 0);
	e = last_cmd(BPFAUDIT_LINK_DETACH);
	assert_int_equal(e->link_type, BPF_LINK_TYPE_XDP);
	assert_string_equal(e->name, "on_lo");
	close(link);
}

/* The rig has updated "settings", as the loader does: its siblings are bpfd's, its children are not. */
static void
knows_its_own_by_their_parent(void **state)
{
	const struct ev_bpfaudit *e;
	int prog = load(SOCKET_FILTER, "ours"), status;
	pid_t child;

	assert_int_equal(last_cmd(BPFAUDIT_PROG_LOAD)->self, 1);
	close(prog);
	child = fork();
	if (!child)
		_exit(load(SOCKET_FILTER, "ours") < 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	e = tracerrig_wait(rig, TR_BPF, BPFAUDIT_PROG_LOAD, (uint32_t)child);
	assert_non_null(e);
	assert_string_equal(e->name, "ours");
	assert_int_equal(e->self, 0);
}

/* Another map's update does not make its writer bpfd. */
static int
update_another(void)
{
	uint32_t key = 0;
	uint64_t value = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)make_map("settings", 4), .key = (uintptr_t)&key, .value = (uintptr_t)&value };
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(bpf(BPF_MAP_UPDATE_ELEM, &attr) || load(SOCKET_FILTER, "forged") < 0);
	waitpid(pid, &status, 0);
	return status;
}

static void
is_not_taken_in_by_another_map_of_that_name(void **state)
{
	const struct ev_bpfaudit *e;
	size_t at = 0;
	pid_t child = fork();
	int status, n = 0;

	if (!child)
		_exit(update_another());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	tracerrig_drain(rig, 500);
	while ((e = tracerrig_next(rig, &at, TR_BPF, BPFAUDIT_PROG_LOAD, 0))) {
		if (strcmp(e->name, "forged"))
			continue;
		assert_int_equal(e->self, 0);
		n++;
	}
	assert_int_equal(n, 1);
	close(load(SOCKET_FILTER, "after"));
	assert_int_equal(last_cmd(BPFAUDIT_PROG_LOAD)->self, 1);
}

static void
leaves_elements_of_maps_alone(void **state)
{
	uint32_t key = 0;
	uint64_t value = 0, before = tracerrig_count(rig, TR_BPF).produced;
	int map = make_map("quiet", 4);
	union bpf_attr attr = { .map_fd = (uint32_t)map, .key = (uintptr_t)&key, .value = (uintptr_t)&value };

	for (int i = 0; i < 100; i++)
		assert_int_equal(bpf(BPF_MAP_UPDATE_ELEM, &attr), 0);
	assert_true(tracerrig_count(rig, TR_BPF).produced - before < 10);
	close(map);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_what_the_kernel_made),
		TEST(says_what_a_program_would_do_to_processes),
		TEST(says_what_was_asked_for_where_it_failed),
		TEST(follows_a_program_to_its_pin_and_its_hook),
		TEST(knows_its_own_by_their_parent),
		TEST(is_not_taken_in_by_another_map_of_that_name),
		TEST(leaves_elements_of_maps_alone),
		TEST(says_where_a_program_is_attached),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
