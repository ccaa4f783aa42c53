/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built bpfd-oneshot with a loader played by the test, in a mount namespace of its own: what it
 * attaches to and lists, what it unmounts, messages that are wrong, and its end.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "bpf-prog.h"
#include "common/bpf_compat.h"
#include "oneshot-refusals.h"

/* ---- programs of the kernel ---- */

static void
lists_every_program(void **state)
{
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, map, 2);
	uint32_t id = bpf_test_prog_id(prog);
	const struct msg_kernel_list what = { 0 };
	const struct msg_prog_facts *p = NULL;

	one_run(ROLE_LOADER, IPC_ONE_LIST, &what, NULL, &run);
	assert_true(run.answered);
	assert_int_equal(run.res.code, IPC_OK);
	assert_int_equal(run.res.n_items, run.n_progs);
	assert_confined(once_uid(), 0);
	for (size_t i = 0; i < run.n_progs; i++)
		if (run.progs[i].id == id)
			p = &run.progs[i];
	assert_non_null(p);
	assert_int_equal(p->type, BPF_PROG_TYPE_XDP);
	assert_int_equal(p->n_maps, 1);
	assert_true(p->map_ids[0] > 0);
	assert_string_equal(p->kname, "bpfd_test");
	assert_true(p->flags & PROG_GPL);
	assert_true(p->memlock_bytes >= 4096);
	assert_true(p->xlated_bytes > 0 && p->loaded_boot_ns > 0);
	close(prog);
	close(map);
}

static void
lists_links_when_asked(void **state)
{
	const struct msg_kernel_list what = { .flags = KERNEL_LINKS };
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, map, 0);
	uint32_t id = bpf_test_prog_id(prog);
	union bpf_attr attr = { .raw_tracepoint = { .name = (uintptr_t)"sched_switch", .prog_fd = (uint32_t)prog } };
	int link = (int)syscall(__NR_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr.raw_tracepoint));
	const struct msg_link_seen *l = NULL;

	assert_true(link >= 0);
	one_run(ROLE_LOADER, IPC_ONE_LIST, &what, NULL, &run);
	assert_int_equal(run.res.code, IPC_OK);
	assert_int_equal(run.res.n_items, run.n_progs + run.n_links);
	assert_confined(once_uid(), 0);
	for (size_t i = 0; i < run.n_links; i++)
		if (((const struct compat_link_info *)(const void *)run.links[i].info)->prog_id == id)
			l = &run.links[i];
	assert_non_null(l);
	assert_string_equal(l->name, "sched_switch");
	assert_int_equal(l->prog_type, BPF_PROG_TYPE_RAW_TRACEPOINT);
	close(link);
	close(prog);
	close(map);
}

static const struct msg_holder *
holder_of(uint32_t prog_id)
{
	for (size_t i = 0; i < run.n_holders; i++)
		if (run.holders[i].prog_id == prog_id)
			return &run.holders[i];
	return NULL;
}

static void
finds_the_process_that_holds_a_program(void **state)
{
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, map, 2);
	const struct msg_holder *h;

	one_run(ROLE_LOADER, IPC_ONE_HOLDERS, NULL, NULL, &run);
	assert_int_equal(run.res.code, IPC_OK);
	assert_confined(once_uid(), 0);
	h = holder_of(bpf_test_prog_id(prog));
	assert_non_null(h);
	assert_int_equal(h->pid, getpid());
	close(prog);
	close(map);
}

static void
finds_where_a_program_is_pinned(void **state)
{
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, map, 2);
	union bpf_attr attr = { .pathname = (uintptr_t)"/run/pins/below/here", .bpf_fd = (uint32_t)prog };
	const struct msg_holder *h;

	assert_int_equal(mkdir("/run/pins", 0700), 0);
	assert_int_equal(mount("bpf", "/run/pins", "bpf", 0, "mode=0700"), 0);
	assert_int_equal(mkdir("/run/pins/below", 0700), 0);
	assert_int_equal(syscall(__NR_bpf, BPF_OBJ_PIN, &attr, sizeof(attr)), 0);
	one_run(ROLE_LOADER, IPC_ONE_PINS, NULL, NULL, &run);
	assert_int_equal(run.res.code, IPC_OK);
	assert_confined(once_uid(), 0);
	h = holder_of(bpf_test_prog_id(prog));
	assert_non_null(h);
	assert_int_equal(h->pid, 0);
	assert_string_equal(h->text, "/run/pins/below/here");
	close(prog);
	close(map);
	assert_int_equal(umount2("/run/pins", 0), 0);
}

static void
counts_runs_while_its_answer_is_open(void **state)
{
	one_run(ROLE_LOADER, IPC_ONE_STATS, NULL, NULL, &run);
	assert_accepted();
	assert_confined(once_uid(), 0);
	close(run.fd);
}

/* ---- rings into their arrays ---- */

static int
ring_new(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096 };

	return compat_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int
array_of_rings(int ring, uint32_t n)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .key_size = 4, .value_size = 4,
		.max_entries = n, .inner_map_fd = (uint32_t)ring };

	return compat_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
}

static uint32_t
id_in(int array, uint32_t key)
{
	uint32_t id = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)array, .key = (uintptr_t)&key, .value = (uintptr_t)&id };

	return compat_bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) < 0 ? 0 : id;
}

/* Sends so many rings for an array; the answer's code. */
static uint32_t
give_rings(int array, int ring, uint32_t n, uint32_t n_said)
{
	struct chan_msg m;
	struct chan *ch;
	uint32_t code;
	int fd, status;
	pid_t pid = one_start(ROLE_LOADER, &fd);

	assert_int_equal(chan_new(fd, ROLE_LOADER, FROM_ONESHOT, &ch), 0);
	chan_set_phase(ch, PHASE_RUN);
	for (uint32_t i = 0; i < n; i++) {
		const struct msg_ring req = { .place = i, .n_places = i ? n_said : n };

		assert_int_equal(chan_send(ch, IPC_ONE_RING, 0, &req, (int[]){ array, ring }), 0);
	}
	assert_int_equal(chan_wait(ch, &m, 5000), 1);
	assert_int_equal(m.hdr.type, IPC_ONE_RESULT);
	code = ((const struct msg_result *)m.payload)->code;
	chan_free(ch);
	waitpid(pid, &status, 0);
	return code;
}

static void
puts_rings_into_their_array(void **state)
{
	int ring = ring_new(), array = array_of_rings(ring, 6);

	assert_int_equal(give_rings(array, ring, 6, 6), IPC_OK);
	for (uint32_t i = 0; i < 6; i++)
		assert_true(id_in(array, i) > 0);
	assert_int_equal(give_rings(array, ring, 2, 1), IPC_INTERNAL);	/* no more: it listens no longer */
	close(array);
	close(ring);
}

/* ---- unmounting ---- */

static void
unmount(const char *name)
{
	struct msg_umount req = { .name = "" };
	int dir = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);

	snprintf(req.name, sizeof(req.name), "%s", name);
	one_run(ROLE_SUP, IPC_ONE_UMOUNT, &req, &dir, &run);
	close(dir);
}

static void
unmounts_a_bpffs(void **state)
{
	struct statfs fs;

	assert_int_equal(mkdir("/run/bpffs", 0700), 0);
	assert_int_equal(mount("bpf", "/run/bpffs", "bpf", 0, "mode=0700"), 0);
	assert_int_equal(symlink("bpffs", "/run/link"), 0);
	unmount("link");
	assert_true(run.wait_status != 0);
	unmount("bpffs");
	assert_int_equal(run.wait_status, 0);
	assert_int_equal(statfs("/run/bpffs", &fs), 0);
	assert_int_not_equal(fs.f_type, 0xcafe4a11);
	unlink("/run/link");
}

static void
unmounts_nothing_else(void **state)
{
	static const char *const names[] = { "other", "bpffs", "nothing", "..", ".", "", "a/b", "netns" };

	assert_int_equal(mkdir("/run/other", 0700), 0);
	assert_int_equal(mount("tmpfs", "/run/other", "tmpfs", 0, NULL), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unmount(names[i]);
		assert_true(WIFEXITED(run.wait_status) && WEXITSTATUS(run.wait_status) == 1);
	}
	assert_int_equal(umount2("/run/other", 0), 0);
}

/* ---- the channel ---- */

static void
dies_of_a_message_that_is_not_for_it(void **state)
{
	const struct msg_umount um = { .name = "bpffs" };
	const struct msg_tracepoint tp = { .category = "sched", .name = "sched_switch" };
	int dir = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);

	one_run(ROLE_LOADER, IPC_ONE_UMOUNT, &um, &dir, &run);
	assert_false(run.answered);
	assert_true(WIFEXITED(run.wait_status) && WEXITSTATUS(run.wait_status) == 1);
	one_run(ROLE_SUP, IPC_ONE_TRACEPOINT, &tp, NULL, &run);
	assert_false(run.answered);
	one_run(ROLE_LOADER, IPC_LOADER_STATS, NULL, NULL, &run);
	assert_false(run.answered);
	assert_true(WIFEXITED(run.wait_status) && WEXITSTATUS(run.wait_status) == 1);
	close(dir);
}

static void
send_raw(const void *bytes, size_t len)
{
	int fd, status;
	pid_t pid = one_start(ROLE_LOADER, &fd);
	char answer[64];

	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), 0);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	close(fd);
}

static void
dies_of_malformed_messages(void **state)
{
	struct {
		struct msg_hdr hdr;
		struct msg_tracepoint tp;
		char more[8];
	} m = { .hdr = { IPC_MAGIC, IPC_VERSION, IPC_ONE_TRACEPOINT, sizeof(m.tp), 1, 0, 0 } };
	const size_t len = sizeof(m.hdr) + sizeof(m.tp);

	send_raw(&m, len - 1);
	send_raw(&m, len + 1);
	send_raw("x", 1);
	m.hdr.nfds = 1;
	send_raw(&m, len);
	m.hdr.nfds = 0;
	m.hdr.type = N_IPC_TYPES;
	send_raw(&m, len);
	m.hdr.type = IPC_ONE_TRACEPOINT;
	m.hdr.magic = 0;
	send_raw(&m, len);
}

static void
goes_when_nobody_wants_it(void **state)
{
	int fd, status;
	pid_t pid = one_start(ROLE_LOADER, &fd);

	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
dies_after_three_seconds(void **state)
{
	int fd, status;
	pid_t pid = one_start(ROLE_LOADER, &fd);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_every_program),
		cmocka_unit_test(lists_links_when_asked),
		cmocka_unit_test(finds_the_process_that_holds_a_program),
		cmocka_unit_test(finds_where_a_program_is_pinned),
		cmocka_unit_test(counts_runs_while_its_answer_is_open),
		cmocka_unit_test(puts_rings_into_their_array),
		cmocka_unit_test(unmounts_a_bpffs),
		cmocka_unit_test(unmounts_nothing_else),
		cmocka_unit_test(dies_of_a_message_that_is_not_for_it),
		cmocka_unit_test(dies_of_malformed_messages),
		cmocka_unit_test(goes_when_nobody_wants_it),
		cmocka_unit_test(dies_after_three_seconds),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("oneshot", tests, setup, teardown);
}
