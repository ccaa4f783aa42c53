/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/log.h"
#include "loader/handlers.h"
#include "loader/loader.h"

#define BACKOFF_MIN_MS 100	/* before a spare linker is started again that died unused */
#define BACKOFF_MAX_MS 60000
#define REST_MS 15		/* a new spare does not take the processor from the load that took the last, nor from tracers' */

static bool
is_spare(const struct linker *ln)
{
	return !ln->session && !ln->over && !ln->eof && !ln->ours;
}

static uint32_t
n_spare(const struct loader *ld)
{
	uint32_t n = 0;

	for (const struct linker *ln = ld->linkers; ln; ln = ln->next)
		n += is_spare(ln);
	return n;
}

/* Sessions that wait for a linker and may have one. */
static uint32_t
n_startable(const struct loader *ld)
{
	uint32_t queued = 0, active = 0, room;

	for (const struct session *s = ld->sessions; s; s = s->next) {
		queued += s->state == SESSION_QUEUED;
		active += s->state != SESSION_QUEUED;
	}
	room = active < ld->cfg->limits_parallel_loads ? (uint32_t)ld->cfg->limits_parallel_loads - active : 0;
	return queued < room ? queued : room;
}

/* What one was asked for has been given up, or another has done it.  The youngest are the least warm. */
static void
end_surplus(struct loader *ld)
{
	uint32_t most = n_startable(ld) + (uint32_t)ld->cfg->linker_spare, have = n_spare(ld);

	for (struct linker *ln = ld->linkers; ln && have > most; ln = ln->next) {
		if (!is_spare(ln))
			continue;
		pool_kill(ld, ln);
		have--;
	}
}

void
pool_fill(struct loader *ld)
{
	uint32_t need = n_startable(ld), have;
	const struct msg_helper want = { .kind = HELPER_KIND_LINKER };

	end_surplus(ld);
	have = n_spare(ld) + ld->linkers_asked;
	if (clock_ms() >= ld->no_spare_until_ms && !ld->tracers.running)
		need += (uint32_t)ld->cfg->linker_spare;
	for (; have < need; have++) {
		if (chan_send(ld->sup, IPC_HELPER_WANTED, 0, &want, NULL) < 0)
			return;		/* the loop sees the end of the channel */
		ld->linkers_asked++;
	}
}

int
pool_timeout_ms(const struct loader *ld)
{
	int64_t left = ld->no_spare_until_ms - clock_ms();

	if (!ld->no_spare_until_ms || ld->tracers.running || n_spare(ld) + ld->linkers_asked >= ld->cfg->linker_spare)
		return -1;
	return left < 0 ? 0 : (int)left;
}

void
pool_rest(struct loader *ld)
{
	int64_t until = clock_ms() + REST_MS;

	if (ld->no_spare_until_ms < until)
		ld->no_spare_until_ms = until;
}

struct linker *
pool_spare(struct loader *ld)
{
	struct linker *oldest = NULL;

	if (n_startable(ld) == 0)
		return NULL;
	for (struct linker *ln = ld->linkers; ln; ln = ln->next)
		if (ln->ready && is_spare(ln))
			oldest = ln;
	return oldest;
}

struct linker *
pool_ours(struct loader *ld)
{
	struct linker *ln = ld->linkers;

	while (ln && (!ln->ours || ln->session || ln->over || ln->eof))
		ln = ln->next;
	return ln;
}

void
pool_kill(struct loader *ld, struct linker *ln)
{
	const struct msg_helper kill = { .kind = HELPER_KIND_LINKER, .id = ln->id };

	ln->over = true;
	ln->session = NULL;
	ld->counts.linkers_killed++;
	if (chan_send(ld->sup, IPC_HELPER_KILL, 0, &kill, NULL) < 0)
		log_warn("loader.kill", "linker=%u the supervisor is gone", ln->id);
}

void
pool_reap(struct loader *ld)
{
	struct linker **at = &ld->linkers;

	while (*at) {
		struct linker *ln = *at;

		if (!ln->over) {
			at = &ln->next;
			continue;
		}
		*at = ln->next;
		broker_end(&ln->warm);
		chan_free(ln->ch);
		close_keep_errno(ln->arena);
		free(ln);
	}
}

int
on_HELPER_LINKER(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_helper *m, int *fds)
{
	struct linker *ln = calloc(1, sizeof(*ln));
	struct stat st;
	int err = ln ? chan_new(TAKE_FD(fds[0]), ROLE_LOADER, FROM_LINKER, &ln->ch) : -ENOMEM;

	if (ld->linkers_asked)
		ld->linkers_asked--;
	if (err || fstat(fds[1], &st) < 0) {
		if (!err)
			chan_free(ln->ch);
		free(ln);
		return err ? err : -EINVAL;
	}
	ln->id = m->id;
	ln->arena = TAKE_FD(fds[1]);
	ln->arena_bytes = (uint64_t)st.st_size;
	ln->next = ld->linkers;
	ld->linkers = ln;
	ln->warm = (struct broker){ .cfg = ld->cfg, .kernel = &ld->kernel, .probes = &ld->probes,
		.byname = &ld->objects.byname, .stats = &ld->stats, .n_cpus = ld->n_cpus,
		.arena = ln->arena, .arena_bytes = ln->arena_bytes, .dry_run = true,
		.type_grant = 1ULL << BPF_PROG_TYPE_SOCKET_FILTER };
	broker_init(&ln->warm);
	chan_set_phase(ln->ch, PHASE_RUN);
	ld->counts.linkers_started++;
	return 0;
}

/* Nothing that a linker made to warm up stays, or is ever kept. */
int
on_LINKER_READY(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	if (p->ln->ready)
		return -EPROTO;
	broker_end(&p->ln->warm);
	p->ln->ready = true;
	ld->spare_backoff_ms = 0;
	session_start_queued(ld);
	return 0;
}

/* A linker that could not be started, or that died before it had anything to do. */
static void
start_failed(struct loader *ld, const char *why)
{
	ld->spare_backoff_ms = ld->spare_backoff_ms ? ld->spare_backoff_ms * 2 : BACKOFF_MIN_MS;
	if (ld->spare_backoff_ms > BACKOFF_MAX_MS)
		ld->spare_backoff_ms = BACKOFF_MAX_MS;
	ld->no_spare_until_ms = clock_ms() + ld->spare_backoff_ms;
	for (struct session *s = ld->sessions; s; s = s->next) {
		if (s->state == SESSION_QUEUED) {	/* the list changes */
			session_fail(ld, s, IPC_UNAVAILABLE, -EAGAIN,
				"bpfd-linker could not be started (%s); bpfd's log says more", why);
			return;
		}
	}
}

static void
linker_gone(struct loader *ld, const struct msg_helper_gone *m)
{
	struct linker *ln = ld->linkers;
	struct session *s;
	struct chan_msg msg;

	while (ln && ln->id != m->id)
		ln = ln->next;
	if (m->wait_status)
		ld->counts.linkers_died++;
	if (!ln || ln->over)
		return;
	/* Its last words may still be in the channel. */
	while (ln->session && !ln->over && chan_recv(ln->ch, &msg) > 0) {
		struct peer p = { ln->ch, ln };
		int err = loader_dispatch(ld, &p, &msg);

		chan_drop_fds(&msg);
		if (err < 0)
			break;
	}
	s = ln->session;
	ln->session = NULL;
	if (!ln->over && !s && !ln->ours)
		start_failed(ld, "it ended early");
	ln->over = true;
	if (s)
		session_linker_status(ld, s, m->wait_status);
}

int
on_HELPER_GONE(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_helper_gone *m, int *fds)
{
	if (m->kind != HELPER_KIND_LINKER) {
		if (m->err)
			oneshot_failed(ld, m->kind, m->err < 0 ? m->err : -m->err);
		return 0;
	}
	if (!m->err) {
		linker_gone(ld, m);
	} else {
		if (ld->linkers_asked)
			ld->linkers_asked--;
		start_failed(ld, strerrordesc_np(m->err < 0 ? -m->err : m->err));
	}
	session_start_queued(ld);
	return 0;
}
