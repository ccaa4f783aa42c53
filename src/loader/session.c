/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/array.h"
#include "common/clock.h"
#include "common/log.h"
#include "ipc/bpfnames.h"
#include "loader/attach_hook.h"
#include "loader/handlers.h"
#include "loader/loader.h"

#define QUEUE_MAX 256		/* loads that wait: each holds its object */
#define DYING_MS 1000		/* for the wait status of a linker that is gone */
#define WARM_CALLS_MAX 256	/* before a linker has work */
#define REGS_BYTES 272	/* the largest struct pt_regs that USDT arguments may lie in: arm64's */
#define SEND_WAIT_MS 200	/* for a linker that has seen no input yet */

struct session *
session_of_group(const struct loader *ld, uint64_t gid)
{
	struct session *s = ld->sessions;

	while (s && (s->owner != &session_api || s->req->gid != gid))
		s = s->next;
	return s;
}

/* The linker of a session that ends: told to go, or it has gone by itself after LINKED, unless it
 * waits for another object. */
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
	ln->ours = !kill && s->req && (s->req->flags & LOAD_MORE);
	ln->over = !ln->ours;
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
	free(s->without);
	free(s->req);
	free(s->sites);
	free(s->found);
	attaching_free(s->attaching);
	free(s);
	if (!ld->sessions)
		malloc_trim(0);
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
	s->owner->done(ld, s, &res);
	session_free(ld, s);
}

static void *
copy_of(const void *p, size_t size)
{
	void *new = p ? malloc(size) : NULL;

	return new ? memcpy(new, p, size) : NULL;
}

int
session_new(struct loader *ld, const struct session_owner *owner, uint32_t seq,
	const struct msg_load *req, const struct msg_link_sites *sites, int take_object,
	struct attaching *take_attaching, struct msg_result *res)
{
	struct session *s = calloc(1, sizeof(*s)), **at = &ld->sessions;
	uint64_t limit = ld->cfg->limits_load_timeout_ms;
	size_t n = 0;

	for (; *at; at = &(*at)->next)
		n++;
	if (s) {
		s->req = copy_of(req, sizeof(*req));
		s->sites = copy_of(sites, sizeof(*sites));
	}
	if (!s || (!s->req && !s->sites) || n >= QUEUE_MAX) {
		close_keep_errno(take_object);
		attaching_free(take_attaching);
		if (s) {
			free(s->req);
			free(s->sites);
		}
		free(s);
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -EAGAIN,
			"too many loads wait already; try again later");
	}
	s->owner = owner;
	s->seq = seq;
	s->object = take_object;
	s->attaching = take_attaching;
	if (req && req->timeout_ms && req->timeout_ms < limit)
		limit = req->timeout_ms;
	s->deadline_ms = clock_ms() + (int64_t)limit;
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

int
session_share(struct session *s, const char *name, int take_fd)
{
	struct msg_link_map m = { 0 };
	int handle = take_fd < 0 ? take_fd : broker_share(&s->b, take_fd, &m.facts);

	if (handle < 0)
		return handle;
	m.handle = (uint32_t)handle;
	snprintf(m.name, sizeof(m.name), "%s", name);
	return send_early(s->ln, IPC_LINK_MAP, &m, NULL);
}

static int
session_start(struct loader *ld, struct session *s, struct linker *ln)
{
	const struct config *cfg = s->owner->cfg ? s->owner->cfg : ld->cfg;
	int err;

	s->b = (struct broker){ .cfg = cfg, .kernel = &ld->kernel, .probes = &ld->probes,
		.byname = &ld->objects.byname, .stats = &ld->stats, .n_cpus = ld->n_cpus,
		.arena = ln->arena, .arena_bytes = ln->arena_bytes, .type_grant = s->req ? s->req->type_grant : 0,
		.ops_links = attach_ops_links(), .ops_slots = attach_ops_slots,
		.slot = s->owner == &session_api ? ld->kernel_slot : 0,
		.dry_run = !s->req || (s->req->flags & LOAD_DRY_RUN) };
	broker_init(&s->b);
	s->state = SESSION_LINKING;
	s->ln = ln;
	ln->session = s;
	pool_rest(ld);
	if (s->sites)
		return send_early(ln, IPC_LINK_SITES, s->sites, &s->object);
	err = s->owner->share(ld, s);
	return err ? err : send_early(ln, IPC_LINK, s->req, &s->object);
}

void
session_start_queued(struct loader *ld)
{
	struct session *s = ld->sessions, *next;

	for (; s; s = next) {
		bool queued = s->state == SESSION_QUEUED;
		struct linker *ln = queued && s->req && (s->req->flags & LOAD_MORE) ? pool_ours(ld) : NULL;
		int err;

		if (queued && !ln)
			ln = pool_spare(ld);
		err = ln ? session_start(ld, s, ln) : 0;
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

	if (ln->session ? !ln->session->req : ln->ready || ln->warm_calls++ == WARM_CALLS_MAX)
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
	if (array_room(&s->progs, s->n_progs, &s->room_progs, sizeof(*s->progs)))
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
	if (array_room(&s->maps, s->n_maps, &s->room_maps, sizeof(*s->maps)))
		return -ENOMEM;
	o->linked = true;
	s->maps[s->n_maps++] = *m;
	return 0;
}

int
on_LINKED_WITHOUT(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_linked_without *m, int *fds)
{
	struct session *s = p->ln->session;

	if (!s || !s->req || !(s->req->flags & LOAD_TRACER) || s->n_without == IPC_PROGS_MAX ||
	    !IPC_STR_OK(m->name) || !IPC_STR_OK(m->section) || !IPC_STR_OK(m->text))
		return -EPROTO;
	if (array_room(&s->without, s->n_without, &s->room_without, sizeof(*s->without)))
		return -ENOMEM;
	s->without[s->n_without++] = *m;
	return 0;
}

/* Why the kernel refuses a program without a word of the verifier. */
static void
refused_type(struct loader *ld, const struct session *s, struct msg_result *res)
{
	const char *kind = bpf_prog_kind_name(s->b.last_load.prog_type, s->b.last_load.attach_type);
	static const char *const on_functions[] = { "fentry", "fexit", "fmod_ret", "lsm", "lsm_cgroup",
		"freplace" };

	for (size_t i = 0; ld->lockdown && i < ARRAY_SIZE(on_functions); i++)
		if (strcmp(on_functions[i], kind) == 0) {
			const char *why = attach_no_trampolines();

			result_set(res, IPC_FAILED_PRECONDITION, -EPERM, "the kernel refuses programs of type %s: "
				"%s", kind, why ? why : "lockdown");
			return;
		}
	result_set(res, IPC_FAILED_PRECONDITION, -EPERM, "the kernel refuses programs of type %s (EPERM)%s",
		kind, ld->lockdown ? ": lockdown forbids some types, see kernel_lockdown(7)" : "");
}

/* Why it failed, in the words of whoever refused first: our policy, the kernel, the linker. */
static void
failure_text(struct loader *ld, struct session *s, const struct msg_linked *m, struct msg_result *res)
{
	const char *missing = attach_no_hook(s->b.last_load.prog_type, s->b.last_load.attach_type);

	if (s->b.refusal.code != IPC_OK) {
		*res = s->b.refusal;
		return;
	}
	result_set(res, m->code < 17 && m->code != IPC_OK ? m->code : IPC_INTERNAL, m->err, "%.*s",
		(int)sizeof(m->text) - 1, m->text);
	if (!m->log_len && s->b.last_load.err == -EPERM)
		refused_type(ld, s, res);
	if (!m->log_len && s->b.last_load.err == -EINVAL && missing)
		result_set(res, IPC_FAILED_PRECONDITION, -EOPNOTSUPP, "the kernel refuses programs of type %s: %s",
			bpf_prog_kind_name(s->b.last_load.prog_type, s->b.last_load.attach_type), missing);
}

/* The linker's last word: keeps what it made, or says why not. */
static void
finish(struct loader *ld, struct session *s, bool linked, struct msg_result *res)
{
	bool ok;

	part(ld, s, false);	/* keep() may wait for a oneshot, and hear meanwhile that the linker ended */
	if (linked)
		s->owner->keep(ld, s, res);
	ok = res->code == IPC_OK;
	ld->counts.loads_ok += ok;
	ld->counts.loads_failed += !ok;
	s->owner->done(ld, s, res);
	session_free(ld, s);
	session_start_queued(ld);
}

int
on_LINKED(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_linked *m,
	int *fds)
{
	struct session *s = p->ln->session;
	struct msg_result res = { 0 };
	bool linked = m->code == IPC_OK;

	if (!s || !s->req)
		return -EPROTO;
	if (!linked)
		failure_text(ld, s, m, &res);
	if (!linked && s->owner->log && m->log_len && m->log_offset < s->b.arena_bytes &&
	    m->log_len <= s->b.arena_bytes - m->log_offset) {
		const struct msg_result_log log = { .offset = m->log_offset, .len = m->log_len };

		s->owner->log(ld, s, &log);
	}
	finish(ld, s, linked, &res);
	return 0;
}

/* What a linker says of a place is written into a map of a program's: it must be within pt_regs. */
static bool
site_ok(const struct msg_linked_site *m)
{
	bool ok = m->n_args <= IPC_USDT_ARGS_MAX && m->ref_ctr_offset <= UINT32_MAX && !m->reserved;

	for (uint32_t i = 0; ok && i < m->n_args; i++) {
		const struct usdt_arg *a = &m->args[i];

		ok = a->type <= USDT_ARG_REG_DEREF && a->reg_off >= 0 &&
			a->reg_off <= REGS_BYTES - 8 && a->is_signed <= 1 && a->bitshift < 64;
	}
	return ok;
}

int
on_LINKED_SITE(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_linked_site *m, int *fds)
{
	struct session *s = p->ln->session;

	if (!s || !s->sites || s->n_found == IPC_SITES_MAX || !site_ok(m))
		return -EPROTO;
	if (array_room(&s->found, s->n_found, &s->room_found, sizeof(*s->found)))
		return -ENOMEM;
	s->found[s->n_found++] = *m;
	return 0;
}

int
on_LINKED_SITES(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_linked_sites *m, int *fds)
{
	struct session *s = p->ln->session;
	struct msg_result res = { 0 };

	if (!s || !s->sites || m->err > 0 || !IPC_STR_OK(m->text) || m->n != s->n_found ||
	    !m->err != (s->n_found > 0))
		return -EPROTO;
	if (m->err)
		result_set(&res, m->err == -ENOENT ? IPC_NOT_FOUND : m->err == -E2BIG ?
			IPC_RESOURCE_EXHAUSTED : IPC_INVALID_ARGUMENT, m->err, "%s", m->text);
	finish(ld, s, !m->err, &res);
	return 0;
}

void
session_linker_gone(struct loader *ld, struct session *s)
{
	s->state = SESSION_DYING;
	s->deadline_ms = clock_ms() + DYING_MS;
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
			"the %s made the linker crash (SIG%s); it is not well-formed",
			s->sites ? "file" : "BPF object", sigabbrev_np(sig) ? sigabbrev_np(sig) : "?");
	else
		session_fail(ld, s, IPC_INTERNAL, -EIO, "bpfd-linker ended without an answer (status %d)",
			WEXITSTATUS(wait_status));
}

void
session_cancel(struct loader *ld, bool all)
{
	struct session *s = ld->sessions, *next;

	for (; s; s = next) {
		next = s->next;
		if (s->owner->lasting && !all)
			continue;
		part(ld, s, true);
		session_free(ld, s);
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
	left = first - clock_ms();
	return left < 0 ? 0 : (int)left;
}

void
session_expire(struct loader *ld)
{
	struct session *s = ld->sessions, *next;
	int64_t now = clock_ms();
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
