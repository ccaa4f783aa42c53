/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_CALLS32_H
#define BPFD_TESTS_CALLS32_H

/* Calls of the 32-bit table, and memory that their pointers reach. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>

#define X32(nr) (0x40000000L | (nr))

/* Numbers of the 32-bit table, but for the last two. */
enum {
	OPEN_32 = 5, CREAT_32 = 8, EXECVE_32 = 11, MKDIR_32 = 39, SYMLINK_32 = 83, SOCKETCALL_32 = 102,
	CHOWN16_32 = 182, TRUNCATE64_32 = 193, CHOWN_32 = 212, OPENAT_32 = 295, SYMLINKAT_32 = 304,
	OPEN_BY_HANDLE_AT_32 = 342, BPF_32 = 357, EXECVEAT_32 = 358, SOCKET_32 = 359, CONNECT_32 = 362, EXECVE_X32 = 520, EXECVEAT_X32 = 545,
};

static char *low;			/* memory below 4 GiB */
static size_t low_used;

static inline bool
low_open(void)
{
	low = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	return low != MAP_FAILED;
}

static inline uint32_t
put_low(const void *from, size_t len)
{
	char *to = low + low_used;

	assert_true(low_used + len < 65536);
	memcpy(to, from, len);
	low_used = (low_used + len + 15) & ~(size_t)15;
	return (uint32_t)(uintptr_t)to;
}

#define TEXT(s) put_low(s, strlen(s) + 1)

/* The upper halves of the registers are what they are: the kernel must not look at them. */
static inline long
call32(long nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
	const uint64_t junk = 0xdead0000ULL << 32;
	long ret = nr;

	__asm__ volatile("int $0x80" : "+a"(ret) : "b"(a | junk), "c"(b | junk), "d"(c | junk), "S"(d | junk),
		"D"(e | junk) : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static inline void
need_32(void)
{
	if (call32(20 /* getpid */, 0, 0, 0, 0, 0) == -ENOSYS) {
		print_message("the kernel has no 32-bit system calls\n");
		skip();
	}
}

#endif
