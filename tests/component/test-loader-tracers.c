/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real bpfd-loader and bpfd-linker with tracers of the test's own (tests/tracers) on the real
 * core; the test is their supervisor, API and enricher.  Here: tracers that come, stay and go.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "component/tracers-wanted.h"

/* Programs of the kernel's whose names begin so. */
static unsigned int
programs(const char *begin)
{
	union bpf_attr attr = { 0 };
	unsigned int n = 0;

	while (syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)) == 0) {
		struct bpf_prog_info info = { 0 };
		union bpf_attr get = { .prog_id = attr.next_id };
		AUTO(fd) int fd = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &get, sizeof(get));
		union bpf_attr ask = { 0 };

		ask.info.bpf_fd = (uint32_t)fd;
		ask.info.info_len = sizeof(info);
		ask.info.info = (uintptr_t)&info;
		if (fd >= 0 && syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof(ask)) == 0)
			n += strncmp(info.name, begin, strlen(begin)) == 0;
		attr.start_id = attr.next_id;
	}
	return n;
}

/* The kernel frees a program after a grace period, which takes the longer the busier the machine is. */
static void
assert_programs_become(const char *begin, unsigned int n)
{
	for (int i = 0; i < 500 && programs(begin) != n; i++)
		usleep(10000);
	assert_int_equal(programs(begin), n);
}

static void
says_why_when_rings_cannot_be_made(void **state)
{
	rig.no_oneshots = true;
	want(BIT(EXEC) | BIT(OPEN));
	rig.no_oneshots = false;
	assert_status(TR_EXEC, TRACER_FAILED, "rings cannot be made: Too many open files");
	assert_status(TR_OPEN, TRACER_FAILED, "rings cannot be made: Too many open files");
	assert_int_equal(answer.tracers[TR_EXEC].n_programs, 0);
	want(0);
}

static void
loads_what_is_wanted_and_its_events_come(void **state)
{
	pid_t pid;

	rig_enricher(&rig);
	rig_serve(&rig, 20);
	want(BIT(EXEC) | BIT(OPEN));
	assert_status(TR_EXEC, TRACER_ON, "");
	assert_status(TR_OPEN, TRACER_ON, "");
	assert_status(TR_FORK, TRACER_OFF, "");
	assert_int_equal(answer.tracers[TR_EXEC].n_attached, 1);
	assert_int_equal(answer.n_tracers, N_BUILTIN_TRACERS - 3);	/* not TR_NONE, TR_ACTION, TR_BPFD */
	take_rings();
	drain(0, 0);
	pid = run_a_program();
	assert_int_equal(drain(TR_EXEC, pid), 1);
}

static void
says_who_is_there_already(void **state)
{
	static char buf[65536];
	bool seen = false;
	ssize_t n;

	while ((n = read(tasks, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at + (ssize_t)sizeof(struct ev_hdr) <= n;) {
			const struct ev_hdr *h = (const struct ev_hdr *)(uintptr_t)(buf + at);

			assert_int_equal(h->event, EV_PROC_INFO);
			seen = seen || h->tgid == (uint32_t)getpid();
			assert_true(h->len >= sizeof(struct ev_proc_info));
			at += h->len;
		}
	assert_true(seen);
}

static void
an_inventory_of_programs_has_no_tracers(void **state)
{
	assert_int_equal(rig_request(&rig, IPC_INVENTORY, NULL, NULL, &answer), 0);
	assert_int_equal(answer.n_progs + answer.n_maps + answer.n_links, 0);
}

static void
a_list_of_all_programs_says_whose_they_are(void **state)
{
	const struct msg_kernel_list what = { 0 };
	bool ours = false;

	assert_int_equal(rig_request(&rig, IPC_KERNEL_LIST, &what, NULL, &answer), 0);
	assert_int_equal(answer.res.code, IPC_OK);
	for (unsigned int i = 0; i < answer.n_progs && i < ARRAY_SIZE(answer.progs); i++)
		ours = ours || strstr(answer.progs[i].section, "bpfd's tracer");
	assert_true(ours || answer.n_progs > ARRAY_SIZE(answer.progs));
}

static void
a_killed_loader_leaves_them_attached(void **state)
{
	pid_t pid;

	rig_kill_loader(&rig);
	pid = run_a_program();
	assert_int_equal(drain(TR_EXEC, pid), 1);
	assert_int_equal(rig_start(&rig), 0);
	assert_int_equal(rig_request(&rig, IPC_TRACERS_LIST, NULL, NULL, &answer), 0);
	assert_status(TR_EXEC, TRACER_ON, "");
	assert_status(TR_OPEN, TRACER_ON, "");
	assert_int_equal(answer.tracers[TR_EXEC].n_programs, 1);
	assert_int_equal(answer.tracers[TR_EXEC].n_attached, 1);
	rig_enricher(&rig);
	take_rings();
	want(BIT(EXEC) | BIT(OPEN));
	drain(0, 0);
	pid = run_a_program();
	assert_int_equal(drain(TR_EXEC, pid), 1);
}

static void
removes_what_is_not_complete_and_what_is_older(void **state)
{
	static const char *const dirs[] = { "", "/core", "/core/done", "/exec" };
	unsigned int pins = rig_pins(&rig, "tracer");
	char path[300];
	struct stat st;

	want(BIT(EXEC));
	rig_kill_loader(&rig);
	assert_int_equal(fstat(rig.bpffs, &st), 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/bpffs/tracer/0123456789abcdef-1-2-3%s", rig.dir, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(chown(path, st.st_uid, st.st_gid), 0);
	}
	assert_int_equal(rig_start(&rig), 0);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(rig_request(&rig, IPC_TRACERS_LIST, NULL, NULL, &answer), 0);
	assert_status(TR_EXEC, TRACER_ON, "");
	assert_true(rig_pins(&rig, "tracer") < pins);
	rig_enricher(&rig);
	take_rings();
}

static void
what_is_not_wanted_is_detached_and_unloaded(void **state)
{
	pid_t pid;

	want(BIT(EXEC) | BIT(OPEN));
	assert_programs_become("test_exec", 1);
	want(BIT(OPEN));
	assert_status(TR_EXEC, TRACER_OFF, "");
	drain(0, 0);
	pid = run_a_program();
	assert_int_equal(drain(TR_EXEC, pid), 0);
	assert_programs_become("test_exec", 0);
	want(0);
	assert_status(TR_OPEN, TRACER_OFF, "");
}

/* What is on io_uring's hooks is loaded when the rest is on already, and before the answer. */
static void
the_second_part_of_a_tracer_follows_the_first(void **state)
{
	want(0);
	assert_programs_become("test_open", 0);
	want(BIT(OPEN));
	assert_status(TR_OPEN, TRACER_ON, "");
	assert_int_equal(answer.tracers[TR_OPEN].n_programs, 2);
	assert_int_equal(answer.tracers[TR_OPEN].n_attached, 2);
	assert_programs_become("test_open", 2);
	want(0);
}

static void
the_newest_wish_wins(void **state)
{
	const struct msg_tracers_want both = { .tracers = BIT(EXEC) | BIT(EXIT) }, one = { .tracers = BIT(EXEC) };
	AUTO(fd) int fd = open("/dev/null", O_RDONLY);
	uint32_t first = ++rig.seq, second = ++rig.seq;

	want(0);
	rig.seq = second;
	assert_int_equal(chan_send(rig.api, IPC_TRACERS_WANT, first, &both, &fd), 0);
	assert_int_equal(chan_send(rig.api, IPC_TRACERS_WANT, second, &one, &fd), 0);
	assert_int_equal(rig_answer(&rig, first, &answer), 0);
	assert_int_equal(answer.res.code, IPC_CANCELLED);
	assert_int_equal(rig_answer(&rig, second, &answer), 0);
	assert_int_equal(answer.res.code, IPC_OK);
	assert_status(TR_EXEC, TRACER_ON, "");
	assert_status(TR_EXIT, TRACER_OFF, "");
}

static void
tries_again_when_a_linker_dies(void **state)
{
	want(0);
	rig_serve(&rig, 200);
	for (int i = 0; i < RIG_HELPERS; i++)
		if (rig.helpers[i].pid && rig.helpers[i].kind == HELPER_KIND_LINKER)
			kill(rig.helpers[i].pid, SIGKILL);
	want(BIT(EXEC) | BIT(OPEN));
	assert_status(TR_EXEC, TRACER_ON, "");
	assert_status(TR_OPEN, TRACER_ON, "");
}

static unsigned int
n_linkers(void)
{
	unsigned int n = 0;

	for (int i = 0; i < RIG_HELPERS; i++)
		n += rig.helpers[i].pid && rig.helpers[i].kind == HELPER_KIND_LINKER;
	return n;
}

/* With as many spare linkers as there should be: one that was killed is replaced after a pause. */
static unsigned int
settled_descriptors(void)
{
	for (int i = 0, same = 0; i < 100 && same < 3; i++) {
		rig_serve(&rig, 200);
		same = n_linkers() == rig.cfg.linker_spare ? same + 1 : 0;
	}
	assert_int_equal(n_linkers(), rig.cfg.linker_spare);
	return rig_descriptors(rig.loader);
}

/* One was asked for on behalf of a load that another took, or that was given up. */
static void
a_spare_linker_too_many_is_ended(void **state)
{
	unsigned int before;

	want(0);
	before = settled_descriptors();
	rig_linker(&rig);
	assert_int_equal(n_linkers(), rig.cfg.linker_spare + 1);
	assert_int_equal(settled_descriptors(), before);
}

static void
keeps_no_descriptor(void **state)
{
	unsigned int before;

	want(0);
	before = settled_descriptors();
	for (int i = 0; i < 5; i++) {
		want(BIT(EXEC) | BIT(OPEN) | BIT(EXIT));
		want(0);
	}
	assert_int_equal(settled_descriptors(), before);
}

static void
what_the_configuration_wants_is_there_before_anybody_asks(void **state)
{
	pid_t pid;

	want(0);
	forget_rings();
	assert_int_equal(rig_stop(&rig, 0), 0);
	rig.cfg.tracers_enabled.mask = BIT(EXEC);
	assert_int_equal(rig_start(&rig), 0);
	rig.cfg.tracers_enabled.mask = 0;
	rig_enricher(&rig);
	for (int i = 0; i < 200; i++) {
		rig_serve(&rig, 20);
		assert_int_equal(rig_request(&rig, IPC_TRACERS_LIST, NULL, NULL, &answer), 0);
		if (answer.tracers[TR_EXEC].n_attached)
			break;
	}
	assert_int_equal(answer.tracers[TR_EXEC].n_attached, 1);
	assert_status(TR_OPEN, TRACER_OFF, "");
	/* Off, until somebody has said what is to be filtered. */
	assert_status(TR_EXEC, TRACER_LOADING, "");
	take_rings();
	pid = run_a_program();
	assert_int_equal(drain(TR_EXEC, pid), 0);
	want(BIT(EXEC));
	assert_status(TR_EXEC, TRACER_ON, "");
	drain(0, 0);
	pid = run_a_program();
	assert_int_equal(drain(TR_EXEC, pid), 1);
	/* Who asks for something else gets that. */
	want(BIT(OPEN));
	assert_status(TR_EXEC, TRACER_OFF, "");
	assert_status(TR_OPEN, TRACER_ON, "");
}

static void
the_end_of_the_daemon_leaves_nothing(void **state)
{
	want(BIT(EXEC) | BIT(OPEN) | BIT(EXIT));
	assert_true(programs("test_e") >= 1);
	forget_rings();
	assert_int_equal(rig_stop(&rig, 0), 0);
	assert_int_equal(rig_pins(&rig, "tracer"), 1);		/* the empty folder of this version */
	assert_programs_become("test_exec", 0);
	assert_programs_become("test_exit", 0);
	assert_int_equal(rig_start(&rig), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_why_when_rings_cannot_be_made),
		cmocka_unit_test(loads_what_is_wanted_and_its_events_come),
		cmocka_unit_test(says_who_is_there_already),
		cmocka_unit_test(an_inventory_of_programs_has_no_tracers),
		cmocka_unit_test(a_list_of_all_programs_says_whose_they_are),
		cmocka_unit_test(a_killed_loader_leaves_them_attached),
		cmocka_unit_test(removes_what_is_not_complete_and_what_is_older),
		cmocka_unit_test(what_is_not_wanted_is_detached_and_unloaded),
		cmocka_unit_test(the_second_part_of_a_tracer_follows_the_first),
		cmocka_unit_test(the_newest_wish_wins),
		cmocka_unit_test(tries_again_when_a_linker_dies),
		cmocka_unit_test(a_spare_linker_too_many_is_ended),
		cmocka_unit_test(keeps_no_descriptor),
		cmocka_unit_test(what_the_configuration_wants_is_there_before_anybody_asks),
		cmocka_unit_test(the_end_of_the_daemon_leaves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP loading programs needs root");
		return 0;
	}
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
