/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openloop SECONDS PATH [PER_MS]: opens and closes PATH as fast as it can, or so many times each
 * millisecond, after a line on standard input, and says "ITERATIONS NANOSECONDS".  The clock is
 * looked at every 256 iterations, or every millisecond.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static unsigned long long
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000000000ULL + (unsigned long long)ts.tv_nsec;
}

int
main(int argc, char **argv)
{
	unsigned long long begin, limit, end, n = 0;
	int per_ms = argc == 4 ? atoi(argv[3]) : 0, batch = per_ms > 0 ? per_ms : 256;

	if (argc < 3 || getchar() == EOF)
		return 2;
	begin = end = now_ns();
	limit = (unsigned long long)(atof(argv[1]) * 1e9);
	while (end - begin < limit) {
		for (int i = 0; i < batch; i++) {
			int fd = open(argv[2], O_RDONLY | O_CLOEXEC);

			if (fd < 0)
				return 1;
			close(fd);
		}
		n += (unsigned int)batch;
		if (per_ms > 0)
			usleep(1000);
		end = now_ns();
	}
	printf("%llu %llu\n", n, end - begin);
	return 0;
}
