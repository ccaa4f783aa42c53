/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

#define READY_MS	20000	/* from its start until a child says READY */
#define START_DEATHS	5	/* deaths of a child before bpfd ever served: it will not work */
#define WORKER_STOP_MS	5000

int
child_say(struct child *c, enum ipc_type type, uint32_t seq, const void *payload, const int *fds)
{
	int err = c->chan ? chan_send_nonblock(c->chan, type, seq, payload, fds) : -ENOTCONN;

	/* A child that does not read its few messages is as good as dead. */
	if (err == -EAGAIN) {
		log_err(err, "child.deaf", "name=%s", c->task.name);
		task_kill(&c->task);
	}
	return err;
}

/* ---- ready ---- */

/* Whoever reads our standard output to its end waits no longer, either. */
static void
let_go(struct sup *s)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (dup2(s->null, fd) < 0)
			log_err(-errno, "daemon.output", "fd=%d", fd);
	if (write(s->daemon_pipe, "", 1) < 0)
		log_err(-errno, "daemon.ready", "the parent is gone");
	close_keep_errno(TAKE_FD(s->daemon_pipe));
}

static void
say_serving(struct sup *s)
{
	notify_say(&s->notify, "READY=1\nSTATUS=Serving");
	if (s->daemon_pipe >= 0)
		let_go(s);
	if (!s->serving)
		log_notice("bpfd.ready", "socket=%s", s->paths.sock);
	s->serving = true;
}

/* All that there are from the start, and each knows the others. */
static bool
all_ready(const struct sup *s)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (!s->children[i].ready)
			return false;
	return true;
}

/* ---- what children say ---- */

static int
on_READY(struct child *c, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	chan_set_phase(ch, PHASE_RUN);
	c->ready = true;
	if (!c->ending)
		c->kill_at_ms = INT64_MAX;
	log_info("child.ready", "name=%s pid=%d", c->task.name, (int)c->task.pid);
	if (c->id == PROC_LOADER)
		fetch_loader_ready(c->task.sup);
	wire(c->task.sup);
	if (all_ready(c->task.sup) && !c->task.sup->stopping)
		say_serving(c->task.sup);
	return 0;
}

static int
on_STOPPED(struct child *c, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	c->stopped = true;
	return 0;
}

static int
on_HELPER_WANTED(struct child *c, struct chan *ch, const struct msg_hdr *h, const struct msg_helper *m,
	int *fds)
{
	if (m->kind < HELPER_KIND_LINKER || m->kind > HELPER_KIND_XDP)
		return -EPROTO;
	return helper_give(c->task.sup, m->kind, 0);
}

static int
on_HELPER_KILL(struct child *c, struct chan *ch, const struct msg_hdr *h, const struct msg_helper *m,
	int *fds)
{
	helper_kill(c->task.sup, m->id);
	return 0;
}

void
child_tell(struct child *api, uint32_t seq, const struct task *t, uid_t uid, uint32_t restarts)
{
	struct msg_proc p = { .started_ns = t->started_boot_ns, .pid = (uint32_t)t->pid, .uid = uid,
		.restarts = restarts, .running = t->pid != 0 };

	snprintf(p.name, sizeof(p.name), "%s", t->name);
	child_say(api, IPC_PROC, seq, &p, NULL);
}

static int
on_PROCS(struct child *c, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	struct sup *s = c->task.sup;
	const struct task self = { .name = "bpfd", .pid = getpid(),
		.started_boot_ns = s->started_boot_ns };

	child_tell(c, h->seq, &self, getuid(), 0);
	for (size_t i = 0; i < N_CHILDREN; i++)
		if (s->children[i].wanted || s->children[i].task.pid)
			child_tell(c, h->seq, &s->children[i].task, s->uids[s->children[i].id],
				s->children[i].restarts);
	helper_tell(s, h->seq);
	checkpoint_tell(s, h->seq);
	fetch_tell(s, h->seq);
	return child_say(c, IPC_PROC_END, h->seq, &(struct msg_none){}, NULL);
}

static int
on_RULES_PARSE(struct child *c, struct chan *ch, const struct msg_hdr *h,
	const struct msg_rules_parse *m, int *fds)
{
	if (!IPC_STR_OK(m->file))
		return -EPROTO;
	return parse_begin(c, h->seq, m->file, fds[0]);
}

static int
on_CONTAINER_WANTED(struct child *c, struct chan *ch, const struct msg_hdr *h,
	const struct msg_container *m, int *fds)
{
	return containers_look(c, h->seq, m);
}

static int
on_CLASSES_WANTED(struct child *c, struct chan *ch, const struct msg_hdr *h, const struct msg_mask *m,
	int *fds)
{
	if (m->mask >> N_ACTION_CLASSES)
		return -EPROTO;
	child_classes(c->task.sup, m->mask);
	return 0;
}

static int
on_ACTION_FD_WANTED(struct child *c, struct chan *ch, const struct msg_hdr *h,
	const struct msg_action_fd *m, int *fds)
{
	return greet_again(c, m->kind);
}

static int
on_FETCH(struct child *c, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	return fetch_begin(c, h->seq, fds);
}

static int
on_VERDICT_NOTED(struct child *c, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	fetch_noted(c->task.sup, h->seq);
	return 0;
}

static int
on_ACTION_CONNECT(struct child *c, struct chan *ch, const struct msg_hdr *h,
	const struct msg_action_connect *m, int *fds)
{
	return alerts_connect(c, h->seq, m);
}

static int
on_CHECKPOINT_WANTED(struct child *c, struct chan *ch, const struct msg_hdr *h,
	const struct msg_checkpoint *m, int *fds)
{
	return checkpoint_begin(c, h->seq, m);
}

static int
dispatch(struct child *c, struct chan_msg *mp)
{
	struct chan_msg m = *mp;
	int err = 0;

	switch (m.hdr.type) {
#define TO_SUP(NAME, from, payload, fds, phase) IPC_CASE(NAME, payload, c, c->chan)
#include "ipc/messages.def"
	default:
		err = -EPROTO;
	}
	memcpy(mp->fds, m.fds, sizeof(m.fds));	/* what a handler took is -1 now */
	return err;
}

static void
hang_up(struct child *c)
{
	loop_remove(c->task.sup->loop, &c->msgs);
	chan_free(TAKE_PTR(c->chan));
	c->msgs.fd = -1;
}

static void
on_message(void *arg)
{
	struct child *c = arg;
	struct chan_msg m;
	int err = chan_recv(c->chan, &m);

	if (err == -EAGAIN)
		return;
	if (err == 1) {
		err = dispatch(c, &m) < 0 ? -EPROTO : 1;
		chan_drop_fds(&m);
	}
	if (err == 1 && !c->stopped)
		return;
	if (err < 0) {
		log_err(err, "child.refused", "name=%s pid=%d it is ended", c->task.name, (int)c->task.pid);
		task_kill(&c->task);
	}
	hang_up(c);
}

/* ---- start and end ---- */

/* Whoever waits for us to be ready must hear that it is in vain. */
static void
count_death(struct child *c)
{
	struct sup *s = c->task.sup;

	c->restarts++;
	if (s->serving || c >= &s->children[WORKERS] || ++c->early_deaths < START_DEATHS)
		return;
	log_err(-ECHILD, "start.gave_up", "name=%s it ended %d times, see the lines above",
		c->task.name, START_DEATHS);
	s->failed = s->stop_wanted = true;
}

static void
on_ended(struct task *t, int status)
{
	struct child *c = (struct child *)t;	/* its first member */
	struct sup *s = t->sup;
	int64_t now = clock_ms();
	uint64_t lived = (uint64_t)(now - t->started_ms);

	if (c->chan)
		hang_up(c);
	c->ready = false;
	c->kill_at_ms = INT64_MAX;
	wire_lost(c);
	connect_forget(s, c);
	if (c->id == PROC_LOADER)
		helper_kill_all(s);
	if (s->stopping)
		return;
	if (c->ending) {
		c->ending = false;
		c->start_at_ms = c->wanted ? now : INT64_MAX;
		return;
	}
	count_death(c);
	c->start_at_ms = now + (int64_t)backoff_next(&c->backoff, lived, s->cfg->restart_backoff_min_ms,
		s->cfg->restart_backoff_max_ms);
	log_warn("child.ended", "name=%s lived_ms=%llu start_again_in_ms=%lld %s", t->name,
		(unsigned long long)lived, (long long)(c->start_at_ms - now), proc_death(status));
}

static int
start(struct child *c)
{
	struct proc_start ps = { .id = c->id };
	int sv[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	ps.channel = sv[1];
	ps.harmless = c >= &c->task.sup->children[WORKERS] && !c->task.sup->cfg->actions_allow_enforce;
	err = chan_new(sv[0], ROLE_SUP, 1u << c->role, &c->chan);
	if (!err)
		err = task_start(&c->task, &ps);
	close(sv[1]);
	if (err) {
		chan_free(TAKE_PTR(c->chan));
		return err;
	}
	c->msgs = (struct loop_source){ chan_fd(c->chan), on_message, c };
	err = loop_add(c->task.sup->loop, &c->msgs);
	if (!err)
		err = greet(c);
	if (err)
		task_kill(&c->task);
	c->stopped = c->ending = false;
	c->kill_at_ms = c->task.started_ms + READY_MS;
	return err;
}

static void
kill_late(struct child *c)
{
	c->kill_at_ms = INT64_MAX;
	if (!c->task.pid)
		return;
	if (c->ending)
		log_warn("stop.late", "name=%s pid=%d it is killed", c->task.name, (int)c->task.pid);
	else
		log_err(-ETIMEDOUT, "child.start", "name=%s pid=%d not ready in %d ms, it is ended",
			c->task.name, (int)c->task.pid, READY_MS);
	task_kill(&c->task);
}

void
child_start_due(struct sup *s)
{
	int64_t now = clock_ms();

	for (size_t i = 0; i < N_CHILDREN; i++) {
		struct child *c = &s->children[i];
		int err;

		if (c->kill_at_ms <= now)
			kill_late(c);
		if (c->start_at_ms > now || s->stopping || s->reloading)
			continue;
		c->start_at_ms = INT64_MAX;
		err = start(c);
		if (!err || c->task.pid)
			continue;
		count_death(c);
		c->start_at_ms = now + (int64_t)backoff_next(&c->backoff, 0, s->cfg->restart_backoff_min_ms,
			s->cfg->restart_backoff_max_ms);
		log_err(err, "child.start", "name=%s", c->task.name);
	}
}

int64_t
child_next_ms(const struct sup *s)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < N_CHILDREN; i++) {
		const struct child *c = &s->children[i];

		if (c->start_at_ms < next && !s->stopping && !s->reloading)
			next = c->start_at_ms;
		if (c->kill_at_ms < next)
			next = c->kill_at_ms;
	}
	return next;
}

void
child_stop(struct child *c, uint32_t flags, int ms)
{
	static const enum ipc_type words[] = { [LOADER] = IPC_LOADER_STOP, [API] = IPC_API_STOP,
		[ENRICHER] = IPC_ENRICHER_STOP, [WORKERS] = IPC_ACTION_STOP };
	const size_t i = (size_t)(c - c->task.sup->children);
	const struct msg_stop stop = { .flags = flags };

	if (!c->task.pid)
		c->start_at_ms = c->wanted ? clock_ms() : INT64_MAX;
	if (!c->task.pid || c->ending)
		return;
	c->ending = true;
	c->kill_at_ms = clock_ms() + ms;
	child_say(c, words[i < WORKERS ? i : WORKERS], 0, &stop, NULL);
}

void
child_classes(struct sup *s, uint64_t mask)
{
	for (size_t i = WORKERS; i < N_CHILDREN; i++) {
		struct child *c = &s->children[i];
		bool wanted = mask & 1ULL << (i - WORKERS);

		if (wanted == c->wanted)
			continue;
		c->wanted = wanted;
		if (!wanted)
			child_stop(c, 0, WORKER_STOP_MS);
		else if (!c->task.pid)
			c->start_at_ms = clock_ms();
	}
}

void
child_init(struct sup *s)
{
	static const struct {
		enum proc_id id;
		enum ipc_role role;
	} kinds[WORKERS] = { [LOADER] = { PROC_LOADER, ROLE_LOADER }, [API] = { PROC_API, ROLE_API },
		[ENRICHER] = { PROC_ENRICHER, ROLE_ENRICHER } };

	for (size_t i = 0; i < N_CHILDREN; i++) {
		struct child *c = &s->children[i];

		c->id = i < WORKERS ? kinds[i].id : (enum proc_id)PROC_CLASS(i - WORKERS);
		c->role = i < WORKERS ? kinds[i].role : ROLE_ACTION;
		c->wanted = i < WORKERS;
		c->task.sup = s;
		c->task.name = proc_infos[c->id].name;
		c->task.ended = on_ended;
		c->task.exit.fd = c->task.log.fd = c->msgs.fd = -1;
		c->start_at_ms = c->wanted ? 0 : INT64_MAX;
		c->kill_at_ms = INT64_MAX;
	}
}
