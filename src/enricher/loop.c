/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Never a look without a reason.  Nothing to do: the kernel side is asked to wake us (sleeping) and
 * does so once.  After events came: a short wait for more (linger) in which nobody wakes us, so
 * that many events cost one wake-up (linger.h).
 */
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "common/auto.h"
#include "common/log.h"
#include "enricher/enricher.h"

#define BACKSTOP_MS	100		/* for a wake-up that fell between two instructions */

int
loop_init(struct enricher *en)
{
	en->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (en->epoll < 0)
		return -errno;
	linger_init(&en->linger, en->cfg->events_linger_us * 1000);
	return loop_watch(en, chan_fd(en->sup), en->sup);
}

int
loop_watch(struct enricher *en, int fd, void *what)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = what };

	return epoll_ctl(en->epoll, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

/* By edge: what is there but unread while we linger is no reason to wake up. */
int
loop_watch_rings(struct enricher *en)
{
	en->no_wakeups = false;
	for (size_t i = 0; i < en->krings.n; i++) {
		struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.ptr = NULL };

		if (epoll_ctl(en->epoll, EPOLL_CTL_ADD, en->krings.r[i].fd, &ev) == 0)
			continue;
		if (errno != EPERM)
			return log_err(-errno, "enricher.watch", "ring=%zu", i);
		if (!en->no_wakeups)
			log_notice("enricher.watch", "ring=%zu it wakes nobody, it is looked at every %d ms", i,
				BACKSTOP_MS);
		en->no_wakeups = true;
	}
	en->idle = false;
	return 0;
}

/* The descriptors are the loader's too, so that closing them does not take them out. */
void
loop_forget_rings(struct enricher *en)
{
	for (size_t i = 0; i < en->krings.n; i++)
		epoll_ctl(en->epoll, EPOLL_CTL_DEL, en->krings.r[i].fd, NULL);
}

static void
set_sleeping(struct enricher *en, uint32_t value)
{
	for (uint32_t i = 0; i < en->n_cpus; i++)
		if (__atomic_load_n(&en->shared[i].sleeping, __ATOMIC_RELAXED) != value)
			__atomic_store_n(&en->shared[i].sleeping, value, __ATOMIC_RELAXED);
	/* The words before the producers' positions, which krings_waiting() reads: the kernel side
	 * does it the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static int
wait_for_more(struct enricher *en, struct epoll_event *evs, int room)
{
	const struct timespec linger = { (time_t)(en->linger.ns / 1000000000),
		(long)(en->linger.ns % 1000000000) };

	return epoll_pwait2(en->epoll, evs, room, &linger, NULL);
}

/* Returns at once when there is something after all. */
static int
wait_for_any(struct enricher *en, struct epoll_event *evs, int room)
{
	int n, timeout = en->idle && !en->no_wakeups && !en->naming.n ? -1 : BACKSTOP_MS;

	if (!en->matcher)		/* the API's rules come first */
		return epoll_wait(en->epoll, evs, room, -1);
	set_sleeping(en, 1);
	n = epoll_wait(en->epoll, evs, room, krings_waiting(&en->krings) ? 0 : timeout);
	en->idle = n == 0 && !krings_waiting(&en->krings);
	set_sleeping(en, 0);
	return n;
}

/* False: it is gone. */
static bool
serve(struct enricher *en, struct chan *ch)
{
	struct chan_msg m;
	int err = chan_recv(ch, &m);

	if (err == -EAGAIN)
		return true;
	if (err == 1) {
		err = control_message(en, ch, &m, m.fds);
		chan_drop_fds(&m);
		if (err == 0)
			return true;
		log_err(err, "enricher.peer", "message=%s the channel is closed", ipc_type_name(m.hdr.type));
	}
	return false;
}

/* A channel that an earlier message of the same wait replaced is no longer there. */
static bool
is_current(const struct enricher *en, const struct chan *ch)
{
	if (ch == en->sup || ch == en->loader || ch == en->api)
		return true;
	for (size_t i = 0; i < N_ACTION_CLASSES; i++)
		if (en->actions[i] == ch)
			return true;
	return false;
}

int
loop_run(struct enricher *en)
{
	struct epoll_event evs[16];
	bool lingering = false, any;
	uint64_t before;

	while (!en->stop) {
		int n = lingering ? wait_for_more(en, evs, ARRAY_SIZE(evs)) :
			wait_for_any(en, evs, ARRAY_SIZE(evs));

		if (n < 0 && errno != EINTR)
			return log_err(-errno, "enricher.loop", "step=wait");
		for (int i = 0; i < n; i++) {
			struct chan *ch = evs[i].data.ptr;

			if (!ch || !is_current(en, ch) || serve(en, ch))
				continue;
			if (ch == en->sup)
				return 0;
			control_drop(en, ch);
		}
		before = en->count[COUNT_read];
		any = enricher_drain(en);
		linger_note(&en->linger, en->drained_at, en->count[COUNT_read] - before, any || lingering,
			lingering, en->krings.fill, en->urgent);
		lingering = any || (en->matcher && linger_streams(&en->linger));
	}
	enricher_drain(en);
	return 0;
}
