/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "loader/attach.h"
#include "loader/handlers.h"
#include "loader/loader.h"

#define POLL_MAX 256

int
on_START_LOADER(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_start_loader *m, int *fds)
{
	return -EPROTO;		/* main.c took the only one */
}

/* The loop takes it: this may come while a request of the old API waits for a oneshot. */
int
on_LOADER_PEER(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	close_keep_errno(ld->peer_fd);
	ld->peer_fd = TAKE_FD(fds[0]);
	return 0;
}

int
on_LOADER_STOP(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_stop *m,
	int *fds)
{
	ld->stop = true;
	ld->stop_flags = m->flags;
	return 0;
}

static void
api_drop(struct loader *ld)
{
	chan_free(ld->api);
	ld->api = NULL;
	ld->api_gone = false;
	ld->tracers.asked = false;
	ld->watching = false;
	session_cancel(ld, false);
	attaching_cancel(ld);
}

static bool
kind_available(const char *name)
{
	size_t n;
	const struct attach_kind *const *kinds = attach_kinds(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return attach_unavailable(kinds[i])[0] == '\0';
	return false;
}

static void
greet_options(struct loader *ld, const struct attach_option *o)
{
	for (; o && o->name; o++) {
		struct msg_kind_option m = { 0 };

		snprintf(m.name, sizeof(m.name), "%s", o->name);
		snprintf(m.values, sizeof(m.values), "%s", o->values);
		snprintf(m.help, sizeof(m.help), "%s", o->help);
		reply(ld, IPC_KIND_OPTION, 0, &m, NULL);
	}
}

static void
greet(struct loader *ld)
{
	struct msg_hello hello = { .prog_types = ld->cfg->policy_program_types.mask,
		.map_types = ld->cfg->policy_map_types.mask };
	size_t n;
	const struct attach_kind *const *kinds = attach_kinds(&n);

	for (size_t i = 0; i < n; i++) {
		struct msg_kind k = { .prog_types = kinds[i]->prog_types };

		snprintf(k.name, sizeof(k.name), "%s", kinds[i]->name);
		snprintf(k.target, sizeof(k.target), "%s", kinds[i]->target);
		snprintf(k.help, sizeof(k.help), "%s", kinds[i]->help);
		snprintf(k.unavailable, sizeof(k.unavailable), "%s", attach_unavailable(kinds[i]));
		reply(ld, IPC_KIND, 0, &k, NULL);
		greet_options(ld, kinds[i]->options);
	}
	hello.flags = (kind_available("tcx") ? HELLO_TCX : 0) | (ld->has_btf ? HELLO_BTF : 0) |
		      (ld->lockdown ? HELLO_LOCKDOWN : 0);
	reply(ld, IPC_HELLO, 0, &hello, NULL);
}

static void
api_take(struct loader *ld)
{
	int fd = TAKE_FD(ld->peer_fd);

	if (ld->api)
		api_drop(ld);
	if (chan_new(fd, ROLE_LOADER, FROM_API, &ld->api) < 0) {
		log_err(-ENOMEM, "loader.peer", "an API is not served");
		return;
	}
	greet(ld);
}

/* One message of one peer.  1: served, 0: nothing there; negative: the peer is to be ended. */
static int
serve(struct loader *ld, struct peer *p)
{
	struct chan_msg m;
	int err = chan_recv(p->ch, &m);

	if (err == -EAGAIN)
		return 0;
	if (err <= 0)
		return err ? err : -EPIPE;
	err = loader_dispatch(ld, p, &m);
	chan_drop_fds(&m);
	return err < 0 ? err : 1;
}

/* A linker that is gone, or that broke the protocol: then it is killed and its load fails. */
static void
linker_ended(struct loader *ld, struct linker *ln, int err)
{
	struct session *s = ln->session;

	if (err == -EPIPE || err == -ECONNRESET) {
		ln->eof = true;
		if (s)
			session_linker_gone(ld, s);
		return;
	}
	if (!s) {
		pool_kill(ld, ln);
		return;
	}
	session_fail(ld, s, IPC_INVALID_ARGUMENT, err,
		"the %s made the linker break its protocol; it is not well-formed",
		s->sites ? "file" : "BPF object");
	session_start_queued(ld);
}

static int
stop(struct loader *ld)
{
	session_cancel(ld, true);
	/* They are the daemon's: they end with it, and wait for a new loader at SIGHUP. */
	if (!(ld->stop_flags & STOP_AGAIN))
		tracers_remove_all(ld);
	if (ld->stop_flags & STOP_DETACH)
		release_all(ld);
	return chan_send(ld->sup, IPC_STOPPED, 0, NULL, NULL);
}

struct wait_set {
	struct pollfd fds[POLL_MAX + 1];	/* the last one is the watch of interfaces */
	struct peer peers[POLL_MAX];
	nfds_t n;
};

static void
wait_for(struct wait_set *w, struct chan *ch, struct linker *ln)
{
	if (!ch || w->n == POLL_MAX)
		return;
	w->fds[w->n] = (struct pollfd){ .fd = chan_fd(ch), .events = POLLIN };
	w->peers[w->n++] = (struct peer){ ch, ln };
}

/* The supervisor first, then the API: what they say decides about linkers. */
static void
fill(const struct loader *ld, struct wait_set *w)
{
	w->n = 0;
	wait_for(w, ld->sup, NULL);
	for (struct linker *ln = ld->linkers; ln; ln = ln->next)
		if (!ln->over && !ln->eof)
			wait_for(w, ln->ch, ln);
	wait_for(w, ld->tracers.rings, NULL);
	wait_for(w, ld->tracers.enricher, NULL);
	wait_for(w, ld->api, NULL);
	w->fds[w->n] = (struct pollfd){ .fd = ld->watch, .events = POLLIN };
}

static int
serve_ready(struct loader *ld, const struct wait_set *w)
{
	for (nfds_t i = 0; i < w->n; i++) {
		struct peer p = w->peers[i];
		int err;

		if (!w->fds[i].revents || (p.ln && p.ln->over))
			continue;
		if (p.ch == ld->tracers.rings) {
			tracers_rings_serve(ld);
			continue;
		}
		err = serve(ld, &p);
		if (err >= 0)
			continue;
		if (p.ln)
			linker_ended(ld, p.ln, err);
		else if (p.ch == ld->sup)
			return err;	/* nobody is left to work for */
		else if (p.ch == ld->api)
			ld->api_gone = true;
		else
			ld->tracers.enricher_gone = true;
	}
	return 0;
}

static int
timeout_ms(const struct loader *ld)
{
	const int all[] = { session_timeout_ms(ld), pool_timeout_ms(ld), listing_timeout_ms(ld),
		links_timeout_ms(ld) };
	int first = -1;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i] >= 0 && (first < 0 || all[i] < first))
			first = all[i];
	return first;
}

int
loader_loop(struct loader *ld)
{
	struct wait_set w;
	int err = 0, ready;

	pool_fill(ld);
	tracers_begin(ld);
	if (ld->tracers.step)
		tracers_step(ld);
	while (!err) {
		fill(ld, &w);
		ready = poll(w.fds, w.n + 1, timeout_ms(ld));
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready > 0 && w.fds[w.n].revents)
			watch_read(ld);
		err = serve_ready(ld, &w);
		session_expire(ld);
		listing_expire(ld);
		links_look(ld);
		if (pool_timeout_ms(ld) == 0)
			pool_fill(ld);
		if (ld->api_gone)
			api_drop(ld);
		if (ld->peer_fd >= 0)
			api_take(ld);
		if (ld->tracers.enricher_gone || ld->tracers.enricher_fd >= 0)
			tracers_enricher(ld);
		if (ld->attaching)
			attaching_step(ld);
		if (ld->tracers.step)
			tracers_step(ld);
		if (ld->stop) {
			ld->stop = false;
			err = stop(ld);
		}
		pool_reap(ld);
	}
	return err == -EPIPE ? 0 : err;
}
