/* SPDX-License-Identifier: Apache-2.0 */
/*
 * least OBJECT COMM [LINGER_US]: the least that a way of events from the kernel to a line can do,
 * as the measure of the machine: one process with all rights, no rules but the name of the program,
 * no path but the one given, one ring, and the same waking and lingering as bpfd's.  Writes a line
 * for each open of programs called COMM until SIGINT or SIGTERM, and how many were lost on stderr.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "least.h"

#define OUT_BYTES	65536
#define LINE_MAX_BYTES	256

struct shared { uint32_t sleeping; uint64_t lost; };	/* .bss of the object */
static volatile sig_atomic_t over;
static char out[OUT_BYTES];
static size_t n_out, n_events;

static void
on_signal(int sig)
{
	over = sig;
}

static void
flush(void)
{
	for (size_t at = 0; at < n_out;) {
		ssize_t n = write(STDOUT_FILENO, out + at, n_out - at);

		if (n < 0 && errno != EINTR)
			exit(1);
		at += n > 0 ? (size_t)n : 0;
	}
	n_out = 0;
}

static void
put(const char *text, size_t len)
{
	memcpy(out + n_out, text, len);
	n_out += len;
	out[n_out++] = ' ';
}

static void
put_number(uint64_t v, char sign)
{
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + v % 10);
	while (v /= 10);
	if (sign)
		*--at = sign;
	put(at, (size_t)(digits + sizeof(digits) - at));
}

static int
took(void *arg, void *data, size_t len)
{
	const struct least_event *e = data;

	n_events++;
	if (n_out > OUT_BYTES - LINE_MAX_BYTES)
		flush();
	put_number(e->ts, 0);
	put_number(e->tgid, 0);
	put_number(e->tid, 0);
	put_number(e->uid, 0);
	put(e->comm, strnlen(e->comm, sizeof(e->comm)));
	put_number(e->ret < 0 ? -(uint64_t)e->ret : (uint64_t)e->ret, e->ret < 0 ? '-' : 0);
	put(e->name, e->len > 0 ? (size_t)e->len - 1 : 0);
	out[n_out - 1] = '\n';
	return 0;
}

static void
wait_for_events(struct ring_buffer *ring, volatile struct shared *shared)
{
	struct epoll_event event;

	flush();
	shared->sleeping = 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring_buffer__consume(ring) == 0)
		epoll_wait(ring_buffer__epoll_fd(ring), &event, 1, 100);
	shared->sleeping = 0;
}

static void
run(struct ring_buffer *ring, volatile struct shared *shared, long linger_us)
{
	struct timespec linger = { .tv_nsec = linger_us * 1000 };
	size_t before;

	while (!over) {
		before = n_events;
		ring_buffer__consume(ring);
		if (n_events > before)
			nanosleep(&linger, NULL);
		else
			wait_for_events(ring, shared);
	}
	ring_buffer__consume(ring);
	flush();
}

static struct bpf_map *
map_ending(struct bpf_object *object, const char *end)
{
	struct bpf_map *map;
	const char *name;

	bpf_object__for_each_map(map, object) {
		name = bpf_map__name(map);
		if (strlen(name) >= strlen(end) && !strcmp(name + strlen(name) - strlen(end), end))
			return map;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	struct bpf_object *object = argc >= 3 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct ring_buffer *ring;
	volatile struct shared *shared;
	char comm[16] = "";

	if (!object)
		return 2;
	memcpy(comm, argv[2], strnlen(argv[2], sizeof(comm) - 1));
	if (bpf_map__set_initial_value(map_ending(object, ".rodata"), comm, sizeof(comm)) ||
	    bpf_object__load(object))
		return 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_map__fd(map_ending(object, ".bss")), 0);
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"), took, NULL, NULL);
	if (!ring || shared == MAP_FAILED)
		return 1;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (!bpf_program__attach(bpf_object__next_program(object, NULL)))
		return 1;
	run(ring, shared, argc > 3 ? atol(argv[3]) : 1000);
	fprintf(stderr, "%zu events, %llu lost\n", n_events, (unsigned long long)shared->lost);
	return 0;
}
