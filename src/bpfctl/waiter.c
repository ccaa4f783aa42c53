/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/waiter.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/clock.h"

int
waiter_begin(struct waiter *w, uint64_t timeout_ms)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct sigaction now;

		/* What nohup(1) or a shell ignores for us would be seen by a signalfd. */
		if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&set, ending[i]);
	}
	w->deadline_ns = timeout_ms ? (int64_t)clock_ns(CLOCK_MONOTONIC) + (int64_t)timeout_ms * 1000000 : 0;
	if (w->signal_fd >= 0)
		return 0;
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signal_fd < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &set, &w->before);
	return 0;
}

static int
left_ms(const struct waiter *w)
{
	int64_t left;

	if (!w->deadline_ns)
		return -1;
	left = (w->deadline_ns - (int64_t)clock_ns(CLOCK_MONOTONIC) + 999999) / 1000000;
	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static int
on_signal(struct waiter *w)
{
	struct signalfd_siginfo info;

	if (w->hold && read(w->signal_fd, &info, sizeof(info)) == sizeof(info) && !w->held)
		w->held = (int)info.ssi_signo;
	return -EINTR;
}

int
waiter_wait(struct waiter *w, int fd, short events)
{
	struct pollfd p[] = { { w->signal_fd, POLLIN, 0 }, { fd, events, 0 } };
	int n;

	do
		n = poll(p, ARRAY_SIZE(p), left_ms(w));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ETIMEDOUT;
	return p[0].revents ? on_signal(w) : 0;
}

int
waiter_sleep(struct waiter *w, int ms)
{
	struct pollfd p = { w->signal_fd, POLLIN, 0 };
	int left = left_ms(w);

	if (left == 0)
		return -ETIMEDOUT;
	return poll(&p, 1, ms) == 1 ? on_signal(w) : 0;
}

bool
waiter_interrupted(struct waiter *w)
{
	struct pollfd p = { w->signal_fd, POLLIN, 0 };

	return w->held || (w->signal_fd >= 0 && poll(&p, 1, 0) == 1 && on_signal(w));
}

void
waiter_end(struct waiter *w)
{
	if (w->signal_fd < 0 || w->hold)
		return;
	close_keep_errno(TAKE_FD(w->signal_fd));
	sigprocmask(SIG_SETMASK, &w->before, NULL);
}

void
waiter_release(struct waiter *w)
{
	int held = w->held;

	w->hold = false;
	w->held = 0;
	waiter_end(w);
	if (held)
		raise(held);
}
