/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FETCH: a bpfd-fetch for one image.  The image goes between it and the API; here come what it needs
 * and the verdict on its signatures, which the loader believes nobody else.
 */
#include "bpfd/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

#define VERDICTS_MAX	128	/* that a new loader is told of; a load comes right after its own */
#define KILL_AFTER_MS	2000	/* beyond images.timeout_ms, which it looks at itself */

struct fetch {
	struct task task;
	struct fetch *next;
	struct chan *chan;
	struct loop_source msgs;
	uint32_t id;
	bool waits;		/* for the loader's VERDICT_NOTED */
	bool unheard;		/* it had a connection, or another policy: its verdict is nobody's */
	int64_t kill_at_ms;
};

struct fetches {
	struct fetch *first;
	uint32_t last_id;
	uint32_t n_verdicts;	/* ever; the newest VERDICTS_MAX of them are kept */
	struct msg_verdict verdicts[VERDICTS_MAX];
};

static void
hang_up(struct fetch *f)
{
	if (!f->chan)
		return;
	loop_remove(f->task.sup->loop, &f->msgs);
	chan_free(TAKE_PTR(f->chan));
}

static void
on_ended(struct task *t, int status)
{
	struct fetch *f = (struct fetch *)t, **at = &t->sup->fetches->first;	/* its first member */

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		log_warn("fetch.ended", "name=%s id=%u %s", t->name, f->id, proc_death(status));
	hang_up(f);
	connect_forget(t->sup, f);
	free(f);
}

/* ---- verdicts ---- */

static bool
verdict_ok(const struct msg_verdict *v)
{
	return v->signature < N_IMAGE_SIGNATURES && !v->reserved && IPC_STR_OK(v->digest) &&
		IPC_STR_OK(v->ref) && IPC_STR_OK(v->signer);
}

static int
noted(struct fetch *f)
{
	f->waits = false;
	return f->chan ? chan_send_nonblock(f->chan, IPC_FETCH_NOTED, 0, NULL, NULL) : 0;
}

static int
on_verdict(struct fetch *f, const struct msg_verdict *v)
{
	struct sup *s = f->task.sup;
	struct child *loader = &s->children[LOADER];

	if (!verdict_ok(v) || f->waits)
		return -EPROTO;
	if (f->unheard)
		return noted(f);
	s->fetches->verdicts[s->fetches->n_verdicts++ % VERDICTS_MAX] = *v;
	f->waits = true;
	/* Who is not ready yet is told all of them when it is. */
	return loader->ready ? child_say(loader, IPC_OBJECT_VERDICT, f->id, v, NULL) : noted(f);
}

void
fetch_noted(struct sup *s, uint32_t id)
{
	for (struct fetch *f = s->fetches ? s->fetches->first : NULL; f; f = f->next)
		if (f->id == id && f->waits)
			noted(f);
}

void
fetch_loader_ready(struct sup *s)
{
	uint32_t n = s->fetches ? s->fetches->n_verdicts : 0;

	for (uint32_t i = n > VERDICTS_MAX ? n - VERDICTS_MAX : 0; i < n; i++)
		child_say(&s->children[LOADER], IPC_OBJECT_VERDICT, 0, &s->fetches->verdicts[i % VERDICTS_MAX], NULL);
	for (struct fetch *f = s->fetches ? s->fetches->first : NULL; f; f = f->next)
		if (f->waits)
			noted(f);
}

/* They were of another policy. */
void
fetch_forget(struct sup *s)
{
	for (struct fetch *f = s->fetches ? s->fetches->first : NULL; f; f = f->next)
		f->unheard = true;
	if (s->fetches)
		s->fetches->n_verdicts = 0;
}

/* ---- what it asks for ---- */

static void
on_connected(void *arg, uint32_t seq, const struct msg_connected *m, int sock)
{
	struct fetch *f = arg;
	const struct msg_fetch_socket yes = { .own = m->own };
	struct msg_fetch_failed no = { .err = m->err };

	if (!f->chan)
		return;
	if (sock >= 0) {
		f->unheard = true;
		chan_send_nonblock(f->chan, IPC_FETCH_SOCKET, seq, &yes, &sock);
		return;
	}
	memcpy(no.text, m->text, sizeof(no.text));
	chan_send_nonblock(f->chan, IPC_FETCH_NO_SOCKET, seq, &no, NULL);
}

static int
on_connect(struct fetch *f, const struct msg_hdr *h, const struct msg_fetch_connect *m)
{
	struct connect_want want = { .arg = f, .seq = h->seq, .port = (uint16_t)m->port, .remote = !m->local,
		.answer = on_connected };
	struct msg_connected no = { 0 };

	if (!IPC_STR_OK(m->host) || !m->port || m->port > UINT16_MAX || m->local > 1)
		return -EPROTO;
	memcpy(want.host, m->host, sizeof(want.host));
	no.err = connect_begin(f->task.sup, &want);
	if (no.err) {
		snprintf(no.text, sizeof(no.text), "no connection to %s: %s", m->host, no.err == -EAGAIN ?
			"too many are being made: network.connections" : strerrordesc_np(-no.err));
		on_connected(f, h->seq, &no, -1);
	}
	return 0;
}

static void
on_message(void *arg)
{
	struct fetch *f = arg;
	struct chan_msg m;
	int err = chan_recv(f->chan, &m);

	if (err == -EAGAIN)
		return;
	if (err == 1) {
		err = m.hdr.type == IPC_FETCH_CONNECT ? on_connect(f, &m.hdr, m.payload) :
			on_verdict(f, m.payload);
		chan_drop_fds(&m);
		if (!err)
			return;
	}
	if (err < 0) {
		log_err(err, "fetch.refused", "id=%u pid=%d it is ended", f->id, (int)f->task.pid);
		task_kill(&f->task);
	}
	hang_up(f);
}

/* ---- start ---- */

/* The API counts images; of each there may be one at work, and one that has said its last word and not ended. */
static bool
too_many(const struct sup *s)
{
	uint64_t n = 0;

	for (const struct fetch *f = s->fetches->first; f; f = f->next)
		n++;
	return n >= 2 * s->cfg->images_parallel;
}

static void
limits(const struct config *c, struct msg_start_fetch *m)
{
	static_assert(sizeof(m->plain) == sizeof(c->images_insecure_registries.glob), "one list");

	m->object_bytes = c->limits_object_bytes;
	m->layer_bytes = c->images_layer_bytes;
	m->manifest_bytes = c->images_manifest_bytes;
	m->memory_bytes = c->images_memory_bytes;
	m->cpu_s = c->images_cpu_s;
	m->idle_ms = (uint32_t)c->images_idle_ms;
	m->total_ms = (uint32_t)c->images_timeout_ms;
	m->retries = (uint32_t)c->images_retries;
	m->n_plain = c->images_insecure_registries.n;
	memcpy(m->plain, c->images_insecure_registries.glob, sizeof(m->plain));
}

static int
give(struct fetch *f, int request, int bundle, int api)
{
	struct sup *s = f->task.sup;
	AUTO(fd) int ca = fetch_open_ca(s);
	AUTO(fd) int auth = ca < 0 ? ca : fetch_open_auth(s);
	AUTO(fd) int trust = auth < 0 ? auth : fetch_open_trust(s);
	struct msg_start_fetch start = { 0 };
	int err;

	if (trust < 0)
		return trust;
	limits(s->cfg, &start);
	err = chan_send_nonblock(f->chan, IPC_START_FETCH, 0, &start, (int[]){ request, bundle, api });
	return err ? err : chan_send_nonblock(f->chan, IPC_FETCH_FILES, 0, NULL, (int[]){ ca, auth, trust, s->empty });
}

static int
start(struct fetch *f)
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
	if (err)
		return err;
	f->msgs = (struct loop_source){ chan_fd(f->chan), on_message, f };
	f->kill_at_ms = f->task.started_ms + (int64_t)f->task.sup->cfg->images_timeout_ms + KILL_AFTER_MS;
	return loop_add(f->task.sup->loop, &f->msgs);
}

/* The API's end of the channel, or a negative errno. */
static int
begin(struct sup *s, int request, int bundle)
{
	struct fetch *f;
	int sv[2], err;

	if (!s->fetches)
		s->fetches = calloc(1, sizeof(*s->fetches));
	if (!s->fetches)
		return -ENOMEM;
	if (too_many(s))
		return -EAGAIN;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->task.sup = s;
	f->task.ended = on_ended;
	f->id = ++s->fetches->last_id ? s->fetches->last_id : ++s->fetches->last_id;
	err = start(f);
	if (!f->task.pid) {
		chan_free(f->chan);
		free(f);
		return err ? err : -ECHILD;
	}
	f->next = s->fetches->first;
	s->fetches->first = f;
	if (!err && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		err = -errno;
	if (!err) {
		err = give(f, request, bundle, sv[1]);
		close(sv[1]);
		if (err)
			close(sv[0]);
	}
	if (err)
		task_kill(&f->task);
	return err ? err : sv[0];
}

int
fetch_begin(struct child *api, uint32_t seq, int request, int bundle)
{
	AUTO(fd) int fd = begin(api->task.sup, request, bundle);
	struct msg_fetch_failed no = { .code = IPC_UNAVAILABLE, .err = fd };

	if (fd >= 0)
		return child_say(api, IPC_FETCH_CHANNEL, seq, NULL, &fd);
	if (fd == -EAGAIN) {
		no.code = IPC_RESOURCE_EXHAUSTED;
		snprintf(no.text, sizeof(no.text), "%llu processes are fetching images already: images.parallel",
			2 * (unsigned long long)api->task.sup->cfg->images_parallel);
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
