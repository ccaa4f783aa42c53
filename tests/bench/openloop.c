/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openloop SECONDS PATH [PER_MS]: opens and closes PATH as fast as it can, or so many times each
 * millisecond, after a line on standard input, and says "ITERATIONS NANOSECONDS CPU_NANOSECONDS".
 * The clock is looked at every 256 iterations, or every millisecond.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loop.h"

int
main(int argc, char **argv)
{
	unsigned long long begin, limit, end, cpu, n = 0;
	int per_ms = argc == 4 ? atoi(argv[3]) : 0, batch = per_ms > 0 ? per_ms : 256;

	if (argc < 3 || getchar() == EOF)
		return 2;
	cpu = loop_cpu_ns();
	begin = end = loop_now_ns();
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
		end = loop_now_ns();
	}
	printf("%llu %llu %llu\n", n, end - begin, loop_cpu_ns() - cpu);
	return 0;
}
