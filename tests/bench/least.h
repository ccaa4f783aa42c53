/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BENCH_LEAST_H
#define BPFD_TESTS_BENCH_LEAST_H

#include <linux/types.h>

#define LEAST_NAME 80			/* bytes of a name with its NUL; a longer one is cut */

struct least_event {
	__u64 ts;
	__u32 tgid, tid, uid;
	__s32 ret;
	char comm[16];
	__s64 len;			/* of name with its NUL, or why it could not be read */
	char name[LEAST_NAME];
};

#endif
