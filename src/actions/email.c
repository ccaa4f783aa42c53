/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/email.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/mail.h"
#include "common/clock.h"

const char *
email_to(const struct net_target *t, unsigned int i)
{
	const char *to = t->def->args, *end = to + t->def->args_len;

	for (; to < end && i; i--)
		to += strlen(to) + 1;
	return to < end ? to : NULL;
}

/* How this host names itself to a server: what is not a name there would end the command. */
static void
set_helo(struct email *e, const char *host)
{
	size_t n = 0;

	for (; *host && n + 1 < sizeof(e->helo); host++)
		e->helo[n++] = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *host) ? *host : '-';
	if (!n)
		strcpy(e->helo, "localhost");
}

int
email_open(struct net_target *t, char why[NET_WHY])
{
	const struct action_net *n = &t->def->net;
	const bool ipv6 = strchr(n->host, ':') != NULL;
	struct email *e = calloc(1, sizeof(*e));

	t->own = e;
	if (!e)
		return -ENOMEM;
	if (n->user[0] && !t->secret_len) {
		snprintf(why, NET_WHY, "user is given and no password: secret_file has to name a file that holds it");
		return -EINVAL;
	}
	set_helo(e, t->host);
	snprintf(e->url, sizeof(e->url), "%s://%s%s%s:%u/%s", n->tls == NET_TLS ? "smtps" : "smtp", ipv6 ? "[" : "",
		n->host, ipv6 ? "]" : "", n->port, e->helo);
	return 0;
}

int
email_compose(struct net_target *t)
{
	const struct action_net *n = &t->def->net;
	struct email *e = t->own;
	const struct mail m = { .from = n->from, .to = t->def->args, .to_len = t->def->args_len,
		.subject = n->subject, .host = t->host, .spool = queue_id(t->queue), .number = t->items[0].number,
		.now_s = (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000000) };
	char *smaller;

	if (e->number != m.number || e->n != t->n)
		e->done = 0;
	e->number = m.number;
	e->n = t->n;
	e->begun = false;
	t->body = malloc(MAIL_ROOM);
	if (!t->body)
		return -ENOMEM;
	t->body_len = mail_write(&m, t->alerts, t->n, t->body);
	smaller = realloc(t->body, t->body_len);
	if (smaller)
		t->body = smaller;
	return 0;
}
