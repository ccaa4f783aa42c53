/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real bpfd-loader and bpfd-linker with tracers of the test's own (tests/tracers) on the real
 * core; the test is their supervisor, API and enricher.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/memfd.h"
#include "component/rig.h"
#include "config/btf_ids.h"
#include "ipc/kfilter.h"

#define BIT(n) (1ULL << TR_##n)
#define RINGS_MAX 256

static struct rig rig;
static struct rig_answer answer;

/* The enricher's view. */
static struct ring {
	uint64_t *consumer;
	const uint64_t *producer;
	const uint8_t *data;
	uint64_t bytes;
	uint32_t class_, cpu;
} rings[RINGS_MAX];
static unsigned int n_rings;
static const struct ev_cpu *shared;
static size_t shared_bytes;
static int tasks = -1;

static void
forget_rings(void)
{
	for (unsigned int i = 0; i < n_rings; i++) {
		munmap(rings[i].consumer, 4096);
		munmap((void *)(uintptr_t)rings[i].producer, 4096 + 2 * rings[i].bytes);
	}
	if (shared)
		munmap((void *)(uintptr_t)shared, shared_bytes);
	close_keep_errno(TAKE_FD(tasks));
	shared = NULL;
	n_rings = 0;
}

static void
take_ring(const struct msg_ev_ring *m, int fd)
{
	struct ring *r = &rings[n_rings++];
	uint8_t *at;

	assert_true(n_rings < RINGS_MAX);
	r->bytes = m->data_bytes;
	r->class_ = m->class_;
	r->cpu = m->cpu;
	r->consumer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	at = mmap(NULL, 4096 + 2 * r->bytes, PROT_READ, MAP_SHARED, fd, 4096);
	assert_ptr_not_equal(r->consumer, MAP_FAILED);
	assert_ptr_not_equal(at, MAP_FAILED);
	r->producer = (const uint64_t *)(uintptr_t)at;
	r->data = at + 4096;
}

/* EV_SHARED to EV_RINGS_END, which must come. */
static void
take_rings(void)
{
	bool ended = false;

	forget_rings();
	for (int i = 0; i < 300 && !ended; i++) {
		struct chan_msg m;
		int err = chan_recv(rig.enricher, &m);

		if (err == -EAGAIN) {
			rig_serve(&rig, 5);
			continue;
		}
		assert_int_equal(err, 1);
		if (m.hdr.type == IPC_EV_SHARED) {
			const struct msg_ev_shared *s = m.payload;

			shared_bytes = s->bytes;
			shared = mmap(NULL, shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m.fds[0], 0);
			assert_ptr_not_equal(shared, MAP_FAILED);
		} else if (m.hdr.type == IPC_EV_RING) {
			take_ring(m.payload, m.fds[0]);
		} else if (m.hdr.type == IPC_EV_TASKS) {
			tasks = TAKE_FD(m.fds[0]);
		} else {
			ended = m.hdr.type == IPC_EV_RINGS_END;
		}
		chan_drop_fds(&m);
	}
	assert_true(ended);
	assert_true(n_rings >= 2 && n_rings % 2 == 0);
}

/* Reads the rings to their ends.  Records of a tracer by a process (0: any). */
static unsigned int
drain(uint16_t tracer, pid_t tgid)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_rings; i++) {
		struct ring *r = &rings[i];
		uint64_t at = *r->consumer, end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);

		while (at < end) {
			const uint8_t *rec = r->data + (at & (r->bytes - 1));
			uint32_t len = __atomic_load_n((const uint32_t *)(uintptr_t)rec, __ATOMIC_ACQUIRE);
			const struct ev_hdr *h = (const struct ev_hdr *)(uintptr_t)(rec + 8);

			assert_false(len & 1u << 31);
			if (!(len & 1u << 30) && h->tracer == tracer && (!tgid || h->tgid == (uint32_t)tgid))
				n++;
			at += ((len & ~(3u << 30)) + 8 + 7) & ~7ULL;
		}
		__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
	}
	return n;
}

static uint64_t
n_lost(unsigned int tracer)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < n_rings / 2; i++)
		n += shared[i].count[tracer].lost;
	return n;
}

static void
no_filter(struct kfilter *k)
{
	memset(k, 0, sizeof(*k));
	k->magic = KFILTER_MAGIC;
}

static int
want_filtered(uint64_t tracers, const void *filter, size_t len)
{
	const struct msg_tracers_want m = { .tracers = tracers, .len = len };
	AUTO(fd) int fd = memfd_sealed("filter", filter, len);

	return rig_request(&rig, IPC_TRACERS_WANT, &m, &fd, &answer);
}

static void
want(uint64_t tracers)
{
	struct kfilter k;
	int err;

	no_filter(&k);
	err = want_filtered(tracers, &k, sizeof(k));
	if (err || answer.res.code != IPC_OK)
		fail_msg("err=%d code=%u: %s", err, answer.res.code, answer.res.text);
}

static void
assert_status(unsigned int tracer, enum tracer_status status, const char *part)
{
	const struct msg_tracer_state *t = &answer.tracers[tracer];

	if (t->status != status || !strstr(t->reason, part))
		fail_msg("status=%u (expected %u) reason: %s", t->status, status, t->reason);
}

/* A process that execs and ends; its number. */
static pid_t
run_a_program(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

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
	assert_int_equal(answer.n_tracers, N_TRACERS - 2);	/* not TR_NONE, not TR_ACTION */
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
	bool ours = false;

	assert_int_equal(rig_request(&rig, IPC_KERNEL_LIST, NULL, NULL, &answer), 0);
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
	assert_int_equal(programs("test_exec"), 1);
	want(BIT(OPEN));
	assert_status(TR_EXEC, TRACER_OFF, "");
	drain(0, 0);
	pid = run_a_program();
	assert_int_equal(drain(TR_EXEC, pid), 0);
	usleep(50000);		/* the kernel frees after a grace period */
	assert_int_equal(programs("test_exec"), 0);
	want(0);
	assert_status(TR_OPEN, TRACER_OFF, "");
}

static void
filters_in_the_kernel(void **state)
{
	struct { struct kfilter k; struct kfilter_entry e[2]; } f = { 0 };
	pid_t pid, other;
	uint64_t lost;
	int hold[2];

	for (int round = 0; round < 3; round++) {
		assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0) {
			char c;

			close(hold[1]);
			if (read(hold[0], &c, 1) != 1)
				_exit(126);
			execl("/bin/true", "true", NULL);
			_exit(127);
		}
		no_filter(&f.k);
		f.k.filter.t[TR_EXEC].dims = DIM_PID;
		f.k.n_entries = 2;
		f.e[0] = (struct kfilter_entry){ .value = (uint64_t)pid, .tracers = BIT(EXEC), .dim = DIM_PID };
		f.e[1] = (struct kfilter_entry){ .value = 1, .tracers = BIT(OPEN), .dim = DIM_UID };
		assert_int_equal(want_filtered(BIT(EXEC), &f, sizeof(f)), 0);
		assert_int_equal(answer.res.code, IPC_OK);
		drain(0, 0);
		lost = n_lost(TR_EXEC);
		other = run_a_program();
		assert_int_equal(write(hold[1], "x", 1), 1);
		waitpid(pid, NULL, 0);
		close(hold[0]);
		close(hold[1]);
		usleep(1000);
		assert_int_equal(n_lost(TR_EXEC), lost);
		assert_int_equal(drain(TR_EXEC, 0), 1);
		assert_int_not_equal(other, pid);
	}
	want(BIT(EXEC));
	drain(0, 0);
	other = run_a_program();
	assert_int_equal(drain(TR_EXEC, other), 1);
}

static void
assert_bad(const void *filter, size_t len)
{
	assert_int_equal(want_filtered(BIT(EXEC), filter, len), 0);
	assert_int_equal(answer.res.code, IPC_INVALID_ARGUMENT);
	assert_int_equal(answer.n_tracers, 0);
}

static void
refuses_a_malformed_filter(void **state)
{
	struct { struct kfilter k; struct kfilter_entry e[2]; } f = { 0 };
	AUTO(fd) int fd = open("/dev/null", O_RDONLY);
	struct msg_tracers_want m = { .tracers = BIT(EXEC), .len = sizeof(f.k) };

	no_filter(&f.k);
	assert_bad(&f, sizeof(f));				/* longer than it says */
	assert_bad(&f, sizeof(f.k) - 8);
	f.k.n_entries = 2;
	f.e[0] = f.e[1] = (struct kfilter_entry){ .value = 5, .tracers = BIT(EXEC), .dim = DIM_PID };
	assert_bad(&f, sizeof(f));				/* twice the same */
	f.e[1].value = 1ULL << 32;
	assert_bad(&f, sizeof(f));
	f.e[1].value = 6;
	f.e[1].dim = DIM_PID | DIM_UID;
	assert_bad(&f, sizeof(f));
	f.e[1].dim = DIM_UID;
	f.e[1].tracers = 0;
	assert_bad(&f, sizeof(f));
	f.e[1].tracers = 1ULL << 63;
	assert_bad(&f, sizeof(f));
	f.e[1].tracers = BIT(OPEN);
	f.k.filter.t[TR_EXEC].flags = 2;
	assert_bad(&f, sizeof(f));
	f.k.filter.t[TR_EXEC].flags = 0;
	f.k.filter.t[63].dims = 1;
	assert_bad(&f, sizeof(f));
	f.k.filter.t[63].dims = 0;
	f.k.magic = 0;
	assert_bad(&f, sizeof(f));
	assert_int_equal(rig_request(&rig, IPC_TRACERS_WANT, &m, &fd, &answer), 0);
	assert_int_equal(answer.res.code, IPC_INVALID_ARGUMENT);
	m.tracers = 1ULL << 60;
	assert_int_equal(rig_request(&rig, IPC_TRACERS_WANT, &m, &fd, &answer), 0);
	assert_int_equal(answer.res.code, IPC_INVALID_ARGUMENT);
	want(BIT(EXEC));
}

static void
does_what_this_kernel_can_and_says_what_is_missing(void **state)
{
	pid_t pid;

	want(BIT(EXIT) | BIT(FORK) | BIT(EXEC));
	assert_status(TR_EXIT, TRACER_PARTIAL, "hook tp_btf/bpfd_no_such_hook is not in this kernel");
	assert_status(TR_EXIT, TRACER_PARTIAL, "refuses program test_exit_refused");
	assert_null(strstr(answer.tracers[TR_EXIT].reason, "no_other"));
	assert_int_equal(answer.tracers[TR_EXIT].n_programs, 3);
	assert_int_equal(answer.tracers[TR_EXIT].n_attached, 1);
	assert_status(TR_FORK, TRACER_FAILED, "no program of the object has a hook");
	assert_status(TR_EXEC, TRACER_ON, "");
	drain(0, 0);
	pid = run_a_program();
	assert_int_equal(drain(TR_EXIT, pid), 1);
	rig_kill_loader(&rig);
	assert_int_equal(rig_start(&rig), 0);
	assert_int_equal(rig_request(&rig, IPC_TRACERS_LIST, NULL, NULL, &answer), 0);
	assert_status(TR_EXIT, TRACER_PARTIAL, "");
	assert_int_equal(answer.tracers[TR_EXIT].n_attached, 1);
	rig_enricher(&rig);
	take_rings();
}

static void
says_what_is_not_built_in(void **state)
{
	want(BIT(ARP));
	assert_status(TR_ARP, TRACER_FAILED, "built without");
}

static void
obeys_deny_and_allow_sensitive(void **state)
{
	want(BIT(TCPDROP) | BIT(BASHREADLINE));
	assert_status(TR_TCPDROP, TRACER_FAILED, "tracers.deny");
	assert_status(TR_BASHREADLINE, TRACER_FAILED, "allow_sensitive");
}

/* A bash on a terminal, up to its first prompt; the terminal. */
static int
start_bash(const char *path, pid_t *pid)
{
	char buf[256];
	int tty;

	*pid = forkpty(&tty, NULL, NULL, NULL);
	if (*pid == 0) {
		execl(path, "bash", "--norc", "--noprofile", "-i", NULL);
		_exit(127);
	}
	assert_true(*pid > 0);
	assert_true(read(tty, buf, sizeof(buf)) > 0);
	usleep(100000);
	return tty;
}

/* Types a line; the events that came of it. */
static unsigned int
type(int tty, pid_t pid)
{
	char buf[4096];
	unsigned int n = 0;

	drain(0, 0);
	assert_int_equal(write(tty, "true\n", 5), 5);
	for (int i = 0; i < 100 && !n; i++) {
		usleep(10000);
		n = drain(TR_BASHREADLINE, pid);
	}
	usleep(50000);
	n += drain(TR_BASHREADLINE, pid);
	assert_true(read(tty, buf, sizeof(buf)) > 0);
	return n;
}

static void
end_bash(int tty, pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(tty);
}

/* A copy at another place stands for the bash of a container. */
static void
sees_lines_typed_in_every_bash(void **state)
{
	struct msg_binary seen = { .dev = 1, .ino = 2 };
	char path[128], command[300];
	pid_t pid, other;
	int tty, tty2;

	rig_kill_loader(&rig);
	rig.cfg.tracers_allow_sensitive.mask = BIT(BASHREADLINE);
	assert_int_equal(rig_start(&rig), 0);
	rig_enricher(&rig);
	want(BIT(BASHREADLINE));
	take_rings();
	rig_serve(&rig, 1000);
	assert_int_equal(rig_request(&rig, IPC_TRACERS_LIST, NULL, NULL, &answer), 0);
	assert_status(TR_BASHREADLINE, TRACER_ON, "");
	assert_int_equal(answer.tracers[TR_BASHREADLINE].n_attached, 1);
	snprintf(path, sizeof(path), "%s/empty/bash", rig.dir);
	snprintf(command, sizeof(command), "cp /bin/bash %s", path);
	assert_int_equal(system(command), 0);
	tty = start_bash("/bin/bash", &pid);
	tty2 = start_bash(path, &other);
	assert_int_equal(type(tty, pid), 1);
	assert_int_equal(type(tty2, other), 0);
	seen.pid = (uint32_t)other;
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(chan_send(rig.enricher, IPC_BINARY_SEEN, 0, &seen, NULL), 0);
		rig_serve(&rig, 1000);
		type(tty2, other);	/* it was waiting in the function when the probe came */
		assert_int_equal(type(tty2, other), 1);
	}
	assert_int_equal(type(tty, pid), 1);
	want(0);
	assert_int_equal(type(tty2, other), 0);
	end_bash(tty, pid);
	end_bash(tty2, other);
	unlink(path);
}

static void
ends_an_enricher_that_breaks_the_protocol(void **state)
{
	const struct msg_binary seen = { .pid = 0 };
	struct chan_msg m;
	int err = -EAGAIN;

	rig_enricher(&rig);
	assert_int_equal(chan_send(rig.enricher, IPC_BINARY_SEEN, 0, &seen, NULL), 0);
	for (int i = 0; i < 200 && (err == -EAGAIN || err == 1); i++) {
		rig_serve(&rig, 5);
		err = chan_recv(rig.enricher, &m);
		if (err == 1)
			chan_drop_fds(&m);
	}
	assert_int_equal(err, 0);
	want(BIT(EXEC));
	rig_enricher(&rig);
	take_rings();
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

static void
keeps_no_descriptor(void **state)
{
	unsigned int before;

	want(0);
	rig_serve(&rig, 200);
	before = rig_descriptors(rig.loader);
	for (int i = 0; i < 5; i++) {
		want(BIT(EXEC) | BIT(OPEN) | BIT(EXIT));
		want(0);
	}
	rig_serve(&rig, 200);
	assert_int_equal(rig_descriptors(rig.loader), before);
}

static void
the_end_of_the_daemon_leaves_nothing(void **state)
{
	want(BIT(EXEC) | BIT(OPEN) | BIT(EXIT));
	assert_true(programs("test_e") >= 1);
	forget_rings();
	assert_int_equal(rig_stop(&rig, 0), 0);
	assert_int_equal(rig_pins(&rig, "tracer"), 1);		/* the empty folder of this version */
	usleep(200000);
	assert_int_equal(programs("test_exec"), 0);
	assert_int_equal(programs("test_exit"), 0);
	assert_int_equal(rig_start(&rig), 0);
}

static void
offer_function(void *arg, uint32_t id, const char *name)
{
	(void)arg;
	if (strcmp(name, "bpf_rdonly_cast") == 0)
		rig.cfg.tracer_kfuncs.ids[rig.cfg.tracer_kfuncs.n++] = id;
}

/* As bpfd-config does it. */
static void
find_functions(void)
{
	const size_t room = 64 << 20;
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	char *btf = malloc(room);
	size_t len = 0;
	ssize_t n;

	while (btf && fd >= 0 && (n = read(fd, btf + len, room - len)) > 0)
		len += (size_t)n;
	btf_ids_functions(btf, len, offer_function, NULL);
	free(btf);
	close(fd);
}

static int
open_rig(void **state)
{
	if (rig_open(&rig))
		return -1;
	find_functions();
	rig.program = "tests/component/loader-odd";
	rig.cfg.tracers_deny.mask = BIT(TCPDROP);
	rig.cfg.events_control_bytes = 65536;
	rig.cfg.events_bulk_bytes = 131072;
	return rig_start(&rig) ? -1 : 0;
}

static int
close_rig(void **state)
{
	int status;

	forget_rings();
	status = rig_stop(&rig, STOP_DETACH);
	rig_close(&rig);
	return status;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_what_is_wanted_and_its_events_come),
		cmocka_unit_test(says_who_is_there_already),
		cmocka_unit_test(an_inventory_of_programs_has_no_tracers),
		cmocka_unit_test(a_list_of_all_programs_says_whose_they_are),
		cmocka_unit_test(a_killed_loader_leaves_them_attached),
		cmocka_unit_test(removes_what_is_not_complete_and_what_is_older),
		cmocka_unit_test(what_is_not_wanted_is_detached_and_unloaded),
		cmocka_unit_test(filters_in_the_kernel),
		cmocka_unit_test(refuses_a_malformed_filter),
		cmocka_unit_test(does_what_this_kernel_can_and_says_what_is_missing),
		cmocka_unit_test(says_what_is_not_built_in),
		cmocka_unit_test(obeys_deny_and_allow_sensitive),
		cmocka_unit_test(the_newest_wish_wins),
		cmocka_unit_test(sees_lines_typed_in_every_bash),
		cmocka_unit_test(ends_an_enricher_that_breaks_the_protocol),
		cmocka_unit_test(tries_again_when_a_linker_dies),
		cmocka_unit_test(keeps_no_descriptor),
		cmocka_unit_test(the_end_of_the_daemon_leaves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP loading programs needs root");
		return 0;
	}
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
