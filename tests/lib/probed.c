/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program for uprobes and USDT probes.
 *   probed N       calls each of its functions N times and ends
 *   probed wait    the same once for each SIGUSR1 (N is 3); prints a line when it is ready, and after each
 * Prints how often a tracer listened at the guarded probe.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<sys/sdt.h>)
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>
#else
#define STAP_PROBE1(provider, name, a) ((void)(a))
#define STAP_PROBE2(provider, name, a, b) ((void)(a), (void)(b))
#endif

#define EXPORTED __attribute__((noinline, visibility("default")))

int	probed_twice(int n);
int	probed_thrice(int n);
int	probed_square(int n);

unsigned short probed_guarded_semaphore __attribute__((section(".probes"), used));
unsigned short probed_called_semaphore __attribute__((section(".probes"), used));
unsigned short probed_const_semaphore __attribute__((section(".probes"), used));
static volatile int sink;

EXPORTED int
probed_twice(int n)
{
	return n * 2 + sink;
}

EXPORTED int
probed_thrice(int n)
{
	return n * 3 + sink;
}

EXPORTED int
probed_square(int n)
{
	return n * n + sink;
}

/* The probe "called" lies at two places, with a register, memory and a constant as arguments. */
static unsigned int
call_all(int times)
{
	unsigned int listened = 0;

	for (int i = 1; i <= times; i++) {
		volatile short in_memory = (short)-i;

		sink = probed_twice(i) + probed_thrice(i) + probed_square(i);
		sink = 0;
		STAP_PROBE2(probed, called, i, in_memory);
		STAP_PROBE2(probed, called, 1000, (char)-1);
		STAP_PROBE1(probed, const, 77);
		if (probed_guarded_semaphore) {
			listened++;
			STAP_PROBE1(probed, guarded, listened);
		}
	}
	return listened;
}

int
main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 0, sig;
	sigset_t set;

	if (times) {
		printf("listened %u\n", call_all(times));
		return 0;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (sigwait(&set, &sig) == 0)
		printf("listened %u\n", call_all(3));
	return 1;
}
