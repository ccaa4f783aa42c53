/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FETCH: a bpfd-fetch for one image.  The image goes between it and the API; by here come what it needs
 * and the verdict on its signatures, which the loader believes nobody else.
 */
#include "bpfd/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/log.h"

#define KILL_AFTER_MS	2000	/* beyond images.timeout_ms, which it looks at itself */

static void
fetch_free(struct fetch *f)
{
	if (!f)
		return;
	close_keep_errno(f->request);
	close_keep_errno(f->bundle);
	close_keep_errno(f->api);
	free(f);
}

AUTO_DEFINE(fetch, struct fetch *, fetch_free)

static void
leave(struct fetches *all, struct fetch *f)
{
	struct fetch **at = &all->first;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
}

static void start_waiting(struct sup *s);

static void
on_ended(struct task *t, int status)
{
	struct fetch *f = (struct fetch *)t;	/* its first member */
	struct sup *s = t->sup;

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		log_warn("fetch.ended", "name=%s id=%u %s", t->name, f->id, proc_death(status));
	fetch_hang_up(f);
	connect_forget(s, f);
	leave(s->fetches, f);
	fetch_free(f);
	start_waiting(s);
}

/* ---- start ---- */

static int
start_process(struct fetch *f)
{
	struct proc_start ps = { .id = PROC_FETCH };
	int sv[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	ps.channel = sv[1];
	err = chan_new(sv[0], ROLE_SUP, FROM_FETCH, &f->chan);
	if (!err) {
		chan_set_phase(f->chan, PHASE_RUN);
		err = task_start(&f->task, &ps);
	}
	close(sv[1]);
	if (err) {
		chan_free(TAKE_PTR(f->chan));
		return err;
	}
	f->msgs = (struct loop_source){ chan_fd(f->chan), fetch_hears, f };
	f->kill_at_ms = f->task.started_ms + (int64_t)f->task.sup->cfg->images_timeout_ms + KILL_AFTER_MS;
	return loop_add(f->task.sup->loop, &f->msgs);
}

/* An error without a process: it never was.  With one it ends, and says so to whoever has the channel. */
static int
start(struct fetch *f)
{
	int err = start_process(f);

	if (!err)
		err = fetch_give(f);
	close_keep_errno(TAKE_FD(f->request));
	close_keep_errno(TAKE_FD(f->bundle));
	close_keep_errno(TAKE_FD(f->api));
	if (err)
		task_kill(&f->task);
	return err;
}

static uint64_t
count(const struct sup *s, bool running)
{
	uint64_t n = 0;

	for (const struct fetch *f = s->fetches->first; f; f = f->next)
		n += !!f->task.pid == running;
	return n;
}

/* The API has let go of it. */
static bool
abandoned(const struct fetch *f)
{
	struct pollfd p = { .fd = f->api };

	return poll(&p, 1, 0) > 0;
}

/* In the order in which they came. */
static void
start_waiting(struct sup *s)
{
	struct fetch *f = s->fetches->first, *next;

	for (; f && !s->stopping && count(s, true) < s->cfg->images_parallel; f = next) {
		int err;

		next = f->next;
		if (f->task.pid)
			continue;
		err = abandoned(f) ? -ECANCELED : start(f);
		if (err && err != -ECANCELED)
			log_err(err, "fetch.start", "id=%u", f->id);
		if (f->task.pid)
			continue;
		leave(s->fetches, f);
		fetch_free(f);
	}
}

/* ---- FETCH ---- */

static int
make(struct sup *s, int *fds, struct fetch **out, int *channel)
{
	AUTO(fetch) struct fetch *f = calloc(1, sizeof(*f));
	int sv[2];

	if (!f)
		return -ENOMEM;
	f->request = TAKE_FD(fds[0]);
	f->bundle = TAKE_FD(fds[1]);
	f->api = -1;
	f->kill_at_ms = INT64_MAX;
	f->task.sup = s;
	f->task.ended = on_ended;
	f->task.exit.fd = f->task.log.fd = -1;
	f->id = ++s->fetches->last_id ? s->fetches->last_id : ++s->fetches->last_id;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	f->api = sv[1];
	*channel = sv[0];
	*out = TAKE_PTR(f);
	return 0;
}

/* The API's end of the channel, or a negative errno. */
static int
begin(struct sup *s, int *fds)
{
	struct fetch *f, **at;
	bool room;
	int channel = -1, err;

	if (!s->fetches)
		s->fetches = calloc(1, sizeof(*s->fetches));
	if (!s->fetches)
		return -ENOMEM;
	/* The API counts images, of each of which there may be one process that ends while the next one begins. */
	room = count(s, true) < s->cfg->images_parallel;
	if (!room && count(s, false) >= s->cfg->images_waiting + s->cfg->images_parallel)
		return -EAGAIN;
	err = make(s, fds, &f, &channel);
	if (err)
		return err;
	err = room ? start(f) : 0;
	if (err && !f->task.pid) {
		fetch_free(f);
	} else {
		for (at = &s->fetches->first; *at; at = &(*at)->next)
			;
		*at = f;
	}
	if (err)
		close(channel);
	return err ? err : channel;
}

int
fetch_begin(struct child *api, uint32_t seq, int *fds)
{
	const struct config *cfg = api->task.sup->cfg;
	AUTO(fd) int fd = begin(api->task.sup, fds);
	struct msg_fetch_failed no = { .code = IPC_UNAVAILABLE, .err = fd };

	if (fd >= 0)
		return child_say(api, IPC_FETCH_CHANNEL, seq, NULL, &fd);
	if (fd == -EAGAIN) {
		no.code = IPC_RESOURCE_EXHAUSTED;
		snprintf(no.text, sizeof(no.text), "%llu images are being fetched or checked already (images.parallel) and "
			"%llu wait (images.waiting)", (unsigned long long)cfg->images_parallel,
			(unsigned long long)cfg->images_waiting);
	} else if (fd == -ENOKEY) {
		no.code = IPC_PERMISSION_DENIED;
		snprintf(no.text, sizeof(no.text), "whom to trust is not known, so no image is taken: images.trust_dir cannot "
			"be read (bpfd's log says more)");
	} else {
		snprintf(no.text, sizeof(no.text), "bpfd-fetch cannot be started: %s (bpfd's log says more)",
			strerrordesc_np(-fd));
	}
	return child_say(api, IPC_FETCH_FAILED, seq, &no, NULL);
}

/* ---- all of them ---- */

void
fetch_tell(struct sup *s, uint32_t seq)
{
	for (const struct fetch *f = s->fetches ? s->fetches->first : NULL; f; f = f->next) {
		struct msg_proc p = { .started_ns = f->task.started_boot_ns, .running = 1,
			.pid = (uint32_t)f->task.pid, .uid = s->uids[PROC_FETCH] };

		if (!f->task.pid)
			continue;
		snprintf(p.name, sizeof(p.name), "%s", f->task.name);
		child_say(&s->children[API], IPC_PROC, seq, &p, NULL);
	}
}

int64_t
fetch_next_ms(const struct sup *s)
{
	int64_t next = INT64_MAX;

	for (const struct fetch *f = s->fetches ? s->fetches->first : NULL; f; f = f->next)
		if (f->kill_at_ms < next)
			next = f->kill_at_ms;
	return next;
}

void
fetch_kill_late(struct sup *s)
{
	int64_t now = clock_ms();

	for (struct fetch *f = s->fetches ? s->fetches->first : NULL; f; f = f->next) {
		if (f->kill_at_ms > now)
			continue;
		f->kill_at_ms = INT64_MAX;
		log_warn("fetch.late", "id=%u pid=%d it is killed", f->id, (int)f->task.pid);
		task_kill(&f->task);
	}
}

void
fetch_kill_all(struct sup *s)
{
	for (struct fetch *f = s->fetches ? s->fetches->first : NULL; f; f = f->next)
		task_kill(&f->task);
}
