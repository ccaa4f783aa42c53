/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_AUTO_H
#define BPFD_COMMON_AUTO_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Ownership marks.  AUTO(kind) releases the variable by kind_free's cleanup at the end of its
 * scope, TAKE_FD and TAKE_PTR move the value out of it.  Nothing else transfers ownership.
 * A kind is made by AUTO_DEFINE(kind, type, release).
 */
#define AUTO(kind) __attribute__((cleanup(auto_##kind)))

#define AUTO_DEFINE(kind, type, release)                                                           \
	static inline __attribute__((unused)) void auto_##kind(type *v)                            \
	{                                                                                          \
		release(*v);                                                                       \
	}

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *take_p_ = &(fd);                                                              \
		int take_v_ = *take_p_;                                                            \
		*take_p_ = -1;                                                                     \
		take_v_;                                                                           \
	})

#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_pp_ = &(p);                                                    \
		__typeof__(p) take_pv_ = *take_pp_;                                                \
		*take_pp_ = NULL;                                                                  \
		take_pv_;                                                                          \
	})

/* Closes fd unless it is -1; keeps errno.  close() is never retried. */
static inline void
close_keep_errno(int fd)
{
	int err = errno;

	if (fd >= 0)
		close(fd);
	errno = err;
}

AUTO_DEFINE(fd, int, close_keep_errno)
/* AUTO(mem): any pointer from malloc. */
static inline __attribute__((unused)) void
auto_mem(void *v)
{
	free(*(void **)v);
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
