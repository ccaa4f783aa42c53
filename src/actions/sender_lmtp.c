/* SPDX-License-Identifier: Apache-2.0 */
/* Mail to a server that delivers it itself, as a rule on this host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "actions/email.h"

static void
begin(struct net_target *t, struct email *e)
{
	const struct lmtp_mail m = { .helo = e->helo, .from = t->def->net.from, .to = t->def->args,
		.to_len = t->def->args_len, .skip = e->done, .message = t->body, .len = t->body_len };

	lmtp_begin(&e->lmtp, &m);
	e->begun = true;
}

/* False: the socket takes no more now. */
static bool
say(struct net_target *t, struct lmtp *l)
{
	const char *bytes;
	size_t len;
	ssize_t n;

	while ((len = lmtp_output(l, &bytes)) > 0) {
		n = send(t->sock, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n < 0) {
			lmtp_lost(l, strerrordesc_np(errno));
			return true;
		}
		lmtp_sent(l, (size_t)n);
	}
	return true;
}

static void
listen_to(struct net_target *t, struct lmtp *l)
{
	char buf[2048];
	ssize_t n = recv(t->sock, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0)
		lmtp_input(l, buf, (size_t)n);
	else if (n == 0)
		lmtp_lost(l, "the server closed the connection");
	else if (errno != EAGAIN && errno != EINTR)
		lmtp_lost(l, strerrordesc_np(errno));
}

static int
step(struct net_target *t, short revents, struct net_result *r)
{
	struct email *e = t->own;
	struct lmtp *l = &e->lmtp;
	bool all_said;

	if (!e->begun)
		begin(t, e);
	if (revents)
		listen_to(t, l);
	all_said = say(t, l);
	if (!lmtp_over(l)) {
		t->wait_fd = t->sock;
		t->wait_events = (short)(POLLIN | (all_said ? 0 : POLLOUT));
		return 0;
	}
	e->done |= l->delivered | l->refused;
	r->result = l->result;
	snprintf(r->why, sizeof(r->why), "%s", l->text[0] ? l->text : "LMTP 250");
	return 1;
}

const struct sender sender_lmtp = { .open = email_open, .compose = email_compose, .step = step };
