/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_TRACERS_WANTED_H
#define BPFD_TESTS_TRACERS_WANTED_H

/* A loader with tracers, its rings and what is wanted of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/memfd.h"
#include "component/rig.h"
#include "common/kbtf.h"
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

static inline void
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

static inline void
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
static inline void
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
static inline unsigned int
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

static inline void
no_filter(struct kfilter *k)
{
	memset(k, 0, sizeof(*k));
	k->magic = KFILTER_MAGIC;
}

static inline int
want_filtered(uint64_t tracers, const void *filter, size_t len)
{
	const struct msg_tracers_want m = { .tracers = tracers, .len = len };
	AUTO(fd) int fd = memfd_sealed("filter", filter, len);

	return rig_request(&rig, IPC_TRACERS_WANT, &m, &fd, &answer);
}

static inline void
want(uint64_t tracers)
{
	struct kfilter k;
	int err;

	no_filter(&k);
	err = want_filtered(tracers, &k, sizeof(k));
	if (err || answer.res.code != IPC_OK)
		fail_msg("err=%d code=%u: %s", err, answer.res.code, answer.res.text);
}

static inline void
assert_status(unsigned int tracer, enum tracer_status status, const char *part)
{
	const struct msg_tracer_state *t = &answer.tracers[tracer];

	if (t->status != status || !strstr(t->reason, part))
		fail_msg("status=%u (expected %u) reason: %s", t->status, status, t->reason);
}

/* A process that execs and ends; its number. */
static inline pid_t
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

static inline void
offer_function(void *arg, uint32_t id, const char *name)
{
	(void)arg;
	if (strcmp(name, "bpf_rdonly_cast") == 0)
		rig.cfg.tracer_kfuncs.ids[rig.cfg.tracer_kfuncs.n++] = id;
}

/* As bpfd-config does it. */
static inline void
find_functions(void)
{
	const size_t room = 64 << 20;
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	char *btf = malloc(room);
	size_t len = 0;
	ssize_t n;

	while (btf && fd >= 0 && (n = read(fd, btf + len, room - len)) > 0)
		len += (size_t)n;
	kbtf_functions(btf, len, offer_function, NULL);
	free(btf);
	close(fd);
}

static inline int
open_rig(void **state)
{
	if (rig_open(&rig))
		return -1;
	find_functions();
	rig.program = "tests/component/loader-odd";
	rig.cfg.tracers_deny.mask = BIT(TCPDROP);
	rig.cfg.tracers_allow_sensitive.mask = BIT(KEYINPUT);
	rig.cfg.events_control_bytes = 65536;
	rig.cfg.events_bulk_bytes = 131072;
	return rig_start(&rig) ? -1 : 0;
}

static inline int
close_rig(void **state)
{
	int status;

	forget_rings();
	status = rig_stop(&rig, STOP_DETACH);
	rig_close(&rig);
	return status;
}

#endif
