/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event ring between two processes: a producer that commits 64 messages of 128 bytes at a
 * time, as fast as its reader takes them, and a reader that looks each 200 us.  ns of processor
 * time per message of each, medians of 9 rounds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "ring/ring.h"
#include "samples.h"

#define BYTES	(8u << 20)
#define MESSAGE	128
#define BATCH	64
#define MESSAGES 2000000u
#define ROUNDS	9

static uint64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void
read_all(int fd, int cursor, uint64_t *took)
{
	struct ring_reader *r;
	uint64_t n = 0, sum = 0, begin;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ring_open(fd, cursor, &r))
		_exit(1);
	begin = cpu_ns();
	while (n < MESSAGES) {
		const void *rec;
		size_t len;

		while (ring_next(r, &rec, &len)) {
			sum += *(const uint64_t *)rec;
			n++;
		}
		ring_done(r);
		usleep(200);
	}
	*took = cpu_ns() - begin;
	_exit(ring_missed(r) || sum != (uint64_t)MESSAGES * (MESSAGES - 1) / 2);
}

static uint64_t
write_all(struct ring *r)
{
	char message[MESSAGE] = { 0 };
	uint64_t begin = cpu_ns(), waited = 0;
	void *p;

	for (uint64_t n = 0; n < MESSAGES; n++) {
		ring_reserve(r, MESSAGE, &p);
		memcpy(p, message, MESSAGE);
		*(uint64_t *)p = n;
		ring_push(r);
		if (n % BATCH != BATCH - 1 && n + 1 < MESSAGES)
			continue;
		ring_commit(r);
		if (ring_backlog(r) > BYTES / 2) {
			uint64_t t = cpu_ns();

			while (ring_backlog(r) > BYTES / 4)
				usleep(100);
			waited += cpu_ns() - t;
		}
	}
	return cpu_ns() - begin - waited;
}

int
main(void)
{
	uint64_t *took = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double producer[ROUNDS], reader[ROUNDS];

	for (unsigned int i = 0; i < ROUNDS; i++) {
		int fd = ring_memfd(BYTES), cursor = ring_cursor_memfd(), status;
		struct ring *r;
		pid_t pid;

		if (ring_new(fd, BYTES, &r) || ring_watch(r, cursor, eventfd(0, EFD_NONBLOCK)))
			return 1;
		pid = fork();
		if (pid == 0)
			read_all(fd, cursor, took);
		usleep(20000);		/* a fresh reader begins at the newest */
		producer[i] = (double)write_all(r) / MESSAGES;
		if (waitpid(pid, &status, 0) != pid || status) {
			fprintf(stderr, "ring-bench: the reader missed something\n");
			return 1;
		}
		reader[i] = (double)*took / MESSAGES;
		ring_free(r);
		close(fd);
		close(cursor);
	}
	qsort(producer, ROUNDS, sizeof(producer[0]), samples_by_value);
	qsort(reader, ROUNDS, sizeof(reader[0]), samples_by_value);
	printf("producer %.1f ns, reader %.1f ns per message of %d bytes, %d in a batch\n",
		producer[ROUNDS / 2], reader[ROUNDS / 2], MESSAGE, BATCH);
	return 0;
}
