/* SPDX-License-Identifier: Apache-2.0 */
/* What a bpfd-fetch says: whom it has to talk to, and the verdict on its image. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpfd/fetch.h"
#include "common/log.h"

void
fetch_hang_up(struct fetch *f)
{
	if (!f->chan)
		return;
	loop_remove(f->task.sup->loop, &f->msgs);
	chan_free(TAKE_PTR(f->chan));
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
	/* Who waits still gets the new one. */
	for (struct fetch *f = s->fetches ? s->fetches->first : NULL; f; f = f->next)
		f->unheard = f->task.pid;
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

void
fetch_hears(void *arg)
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
	fetch_hang_up(f);
}
