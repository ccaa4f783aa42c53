/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openloop SECONDS PATH: opens and closes PATH as fast as it can, after a line on standard input,
 * and says "ITERATIONS NANOSECONDS".  The clock is looked at every 256 iterations.
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

	if (argc != 3 || getchar() == EOF)
		return 2;
	begin = end = now_ns();
	limit = (unsigned long long)(atof(argv[1]) * 1e9);
	while (end - begin < limit) {
		for (int i = 0; i < 256; i++) {
			int fd = open(argv[2], O_RDONLY | O_CLOEXEC);

			if (fd < 0)
				return 1;
			close(fd);
		}
		n += 256;
		end = now_ns();
	}
	printf("%llu %llu\n", n, end - begin);
	return 0;
}
