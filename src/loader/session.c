/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "common/log.h"
#include "ipc/bpfnames.h"
#include "loader/handlers.h"
#include "loader/loader.h"

#define QUEUE_MAX 256		/* loads that wait: each holds its object */
#define DYING_MS 1000		/* for the wait status of a linker that is gone */
#define WARM_CALLS_MAX 256	/* before a linker has work */
#define SEND_WAIT_MS 200	/* for a linker that has seen no input yet */

int64_t
loader_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

struct session *
session_of_group(const struct loader *ld, uint64_t gid)
{
	struct session *s = ld->sessions;

	while (s && s->req->gid != gid)
		s = s->next;
	return s;
}

/* The linker of a session that ends: told to go, or it has gone by itself after LINKED. */
static void
part(struct loader *ld, struct session *s, bool kill)
{
	struct linker *ln = s->ln;

	s->ln = NULL;
	if (!ln)
		return;
	ln->session = NULL;
	if (kill)
		pool_kill(ld, ln);
	ln->over = true;
}

static void
session_free(struct loader *ld, struct session *s)
{
	struct session **at = &ld->sessions;

	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	broker_end(&s->b);
	close_keep_errno(s->object);
	free(s->progs);
	free(s->maps);
	free(s->req);
	free(s);
}

void
session_fail(struct loader *ld, struct session *s, enum ipc_code code, int err, const char *fmt, ...)
{
	struct msg_result res = { .code = code, .err = err };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(res.text, sizeof(res.text), fmt, ap);
	va_end(ap);
	ld->counts.loads_failed++;
	part(ld, s, true);
	reply_result(ld, s->seq, &res);
	session_free(ld, s);
}

int
session_new(struct loader *ld, uint32_t seq, const struct msg_load *req, int take_object,
	struct msg_result *res)
{
	struct session *s = calloc(1, sizeof(*s)), **at = &ld->sessions;
	uint64_t limit = ld->cfg->limits_load_timeout_ms;
	size_t n = 0;

	for (; *at; at = &(*at)->next)
		n++;
	if (s)
		s->req = malloc(sizeof(*req));
	if (!s || !s->req || n >= QUEUE_MAX) {
		close_keep_errno(take_object);
		free(s ? s->req : NULL);
		free(s);
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -EAGAIN,
			"too many loads wait already; try again later");
	}
	*s->req = *req;
	s->seq = seq;
	s->object = take_object;
	if (req->timeout_ms && req->timeout_ms < limit)
		limit = req->timeout_ms;
	s->deadline_ms = loader_now_ms() + (int64_t)limit;
	*at = s;
	session_start_queued(ld);
	return 0;
}

/* A linker that has seen no input may be waited for, shortly; afterwards never. */
static int
send_early(struct linker *ln, enum ipc_type type, const void *payload, const int *fds)
{
	struct pollfd p = { .fd = chan_fd(ln->ch), .events = POLLOUT };
	int err = chan_send_nonblock(ln->ch, type, 0, payload, fds);

	if (err != -EAGAIN)
		return err;
	if (poll(&p, 1, SEND_WAIT_MS) <= 0)
		return -ETIMEDOUT;
	return chan_send_nonblock(ln->ch, type, 0, payload, fds);
}

/* Maps of the group that this load shares with, except an object's own global data. */
static int
share_maps(struct loader *ld, struct session *s)
{
	int err = 0;

	for (size_t i = 0; i < ld->objects.n_maps && !err; i++) {
		const struct obj_map *map = &ld->objects.maps[i];
		struct msg_link_map m = { 0 };
		int fd, handle;

		if (map->gid != s->req->map_owner_gid || strchr(map->name, '.') || map->by_name)
			continue;
		fd = objects_open_map(&ld->objects, map);
		handle = fd < 0 ? fd : broker_share(&s->b, fd);
		if (handle < 0)
			return handle;
		m.handle = (uint32_t)handle;
		snprintf(m.name, sizeof(m.name), "%s", map->name);
		err = send_early(s->ln, IPC_LINK_MAP, &m, NULL);
	}
	return err;
}

static int
session_start(struct loader *ld, struct session *s, struct linker *ln)
{
	int err = 0;

	s->b = (struct broker){ .cfg = ld->cfg, .kernel = &ld->kernel, .probes = &ld->probes,
		.byname = &ld->objects.byname, .stats = &ld->stats, .n_cpus = ld->n_cpus,
		.arena = ln->arena, .arena_bytes = ln->arena_bytes, .type_grant = s->req->type_grant,
		.dry_run = s->req->flags & LOAD_DRY_RUN };
	broker_init(&s->b);
	s->state = SESSION_LINKING;
	s->ln = ln;
	ln->session = s;
	pool_rest(ld);
	if (s->req->map_owner_gid)
		err = share_maps(ld, s);
	if (!err)
		err = send_early(ln, IPC_LINK, s->req, &s->object);
	return err;
}

void
session_start_queued(struct loader *ld)
{
	struct session *s = ld->sessions, *next;

	for (; s; s = next) {
		struct linker *ln = s->state == SESSION_QUEUED ? pool_spare(ld) : NULL;
		int err = ln ? session_start(ld, s, ln) : 0;

		next = s->next;
		if (err)
			session_fail(ld, s, IPC_UNAVAILABLE, err, "bpfd-linker does not take the load");
	}
	pool_fill(ld);
}

int
on_BPF_CALL(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_bpf_call *m, int *fds)
{
	struct linker *ln = p->ln;
	struct msg_bpf_ret ret;

	if (!ln->session && (ln->ready || ln->warm_calls++ == WARM_CALLS_MAX))
		return -EPROTO;
	broker_call(ln->session ? &ln->session->b : &ln->warm, m, &ret);
	/* One call at a time: an answer that does not fit is a linker that does not read. */
	return chan_send_nonblock(p->ch, IPC_BPF_RET, h->seq, &ret, NULL);
}

int
on_LINKED_PROG(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_linked_prog *m, int *fds)
{
	struct session *s = p->ln->session;
	struct handle *o = s ? handles_get(&s->b.handles, m->handle, BPFCMD_PROG) : NULL;

	if (!o || o->linked || !IPC_STR_OK(m->name) || !IPC_STR_OK(m->section))
		return -EPROTO;
	if (objects_grow((void **)&s->progs, s->n_progs, &s->room_progs, sizeof(*s->progs)))
		return -ENOMEM;
	o->linked = true;
	s->progs[s->n_progs++] = *m;
	return 0;
}

int
on_LINKED_MAP(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_linked_map *m, int *fds)
{
	struct session *s = p->ln->session;
	struct handle *o = s ? handles_get(&s->b.handles, m->handle, BPFCMD_MAP) : NULL;

	if (!o || o->linked || !IPC_STR_OK(m->name) || !m->name[0])
		return -EPROTO;
	if (objects_grow((void **)&s->maps, s->n_maps, &s->room_maps, sizeof(*s->maps)))
		return -ENOMEM;
	o->linked = true;
	s->maps[s->n_maps++] = *m;
	return 0;
}

/* Why it failed, in the words of whoever refused first: our policy, the kernel, the linker. */
static void
failure_text(struct loader *ld, struct session *s, const struct msg_linked *m, struct msg_result *res)
{
	const char *kind = bpf_prog_kind_name(s->b.last_load.prog_type, s->b.last_load.attach_type);

	if (s->b.refusal.code != IPC_OK) {
		*res = s->b.refusal;
		return;
	}
	result_set(res, m->code < 17 && m->code != IPC_OK ? m->code : IPC_INTERNAL, m->err, "%.*s",
		(int)sizeof(m->text) - 1, m->text);
	if (!m->log_len && s->b.last_load.err == -EPERM)
		result_set(res, IPC_FAILED_PRECONDITION, -EPERM,
			"the kernel refuses programs of type %s (EPERM)%s", kind,
			ld->lockdown ? ": lockdown=integrity forbids some types, see kernel_lockdown(7)" : "");
}

int
on_LINKED(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_linked *m,
	int *fds)
{
	struct session *s = p->ln->session;
	struct msg_result res = { 0 };
	bool ok;

	if (!s)
		return -EPROTO;
	if (m->code == IPC_OK)
		keep_session(ld, s, &res);
	else
		failure_text(ld, s, m, &res);
	ok = res.code == IPC_OK;
	if (!ok && m->log_len && m->log_offset < s->b.arena_bytes &&
	    m->log_len <= s->b.arena_bytes - m->log_offset) {
		struct msg_result_log log = { .offset = m->log_offset, .len = m->log_len };

		reply(ld, IPC_RESULT_LOG, s->seq, &log, &s->b.arena);
	}
	ld->counts.loads_ok += ok;
	ld->counts.loads_failed += !ok;
	reply_result(ld, s->seq, &res);
	part(ld, s, false);
	session_free(ld, s);
	session_start_queued(ld);
	return 0;
}

void
session_linker_gone(struct loader *ld, struct session *s)
{
	s->state = SESSION_DYING;
	s->deadline_ms = loader_now_ms() + DYING_MS;
}

void
session_linker_status(struct loader *ld, struct session *s, int wait_status)
{
	int sig = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;

	s->ln = NULL;
	if (sig == SIGXCPU || sig == SIGKILL)
		session_fail(ld, s, IPC_RESOURCE_EXHAUSTED, -E2BIG,
			"bpfd-linker was killed by SIG%s: more than limits.linker_cpu_s = %llu seconds of "
			"processor time, or of memory than the host has", sigabbrev_np(sig),
			(unsigned long long)ld->cfg->limits_linker_cpu_s);
	else if (sig)
		session_fail(ld, s, IPC_INVALID_ARGUMENT, -EINVAL,
			"the object made the linker crash (SIG%s); it is not a well-formed BPF object",
			sigabbrev_np(sig) ? sigabbrev_np(sig) : "?");
	else
		session_fail(ld, s, IPC_INTERNAL, -EIO, "bpfd-linker ended without an answer (status %d)",
			WEXITSTATUS(wait_status));
}

void
session_cancel_all(struct loader *ld)
{
	while (ld->sessions) {
		part(ld, ld->sessions, true);
		session_free(ld, ld->sessions);
	}
}

int
session_timeout_ms(const struct loader *ld)
{
	int64_t first = INT64_MAX, left;

	for (const struct session *s = ld->sessions; s; s = s->next)
		if (s->deadline_ms < first)
			first = s->deadline_ms;
	if (first == INT64_MAX)
		return -1;
	left = first - loader_now_ms();
	return left < 0 ? 0 : (int)left;
}

void
session_expire(struct loader *ld)
{
	struct session *s = ld->sessions, *next;
	int64_t now = loader_now_ms();
	bool any = false;

	for (; s; s = next) {
		next = s->next;
		if (s->deadline_ms > now)
			continue;
		any = true;
		if (s->state == SESSION_DYING)
			session_fail(ld, s, IPC_INTERNAL, -EIO, "bpfd-linker ended without an answer");
		else
			session_fail(ld, s, IPC_DEADLINE_EXCEEDED, -ETIMEDOUT,
				"the load was not done in time (limits.load_timeout_ms = %llu)",
				(unsigned long long)ld->cfg->limits_load_timeout_ms);
	}
	if (any)
		session_start_queued(ld);
}
