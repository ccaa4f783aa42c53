/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfd/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>

#include "common/clock.h"

int
loop_new(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int
loop_add(int loop, struct loop_source *src)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = src };

	return epoll_ctl(loop, EPOLL_CTL_ADD, src->fd, &ev) < 0 ? -errno : 0;
}

void
loop_remove(int loop, struct loop_source *src)
{
	if (src->fd >= 0)
		epoll_ctl(loop, EPOLL_CTL_DEL, src->fd, NULL);
}

int
loop_round(int loop, int64_t until_ms)
{
	struct epoll_event ev;
	struct loop_source *src;
	int64_t left = until_ms == INT64_MAX ? -1 : until_ms - clock_ms();
	int n;

	if (until_ms != INT64_MAX && left < 0)
		left = 0;
	n = epoll_wait(loop, &ev, 1, left > INT_MAX ? INT_MAX : (int)left);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return 0;
	src = ev.data.ptr;
	src->ready(src->arg);
	return 0;
}
