/* SPDX-License-Identifier: Apache-2.0 */
/* Mail by submission to a server, which sends it on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions/email.h"

static size_t
give(char *to, size_t size, size_t n, void *arg)
{
	struct net_target *t = arg;
	struct email *e = t->own;
	size_t left = t->body_len - e->read, len = left < size * n ? left : size * n;

	memcpy(to, t->body + e->read, len);
	e->read += len;
	return len;
}

static void
asked(struct net_target *t, struct email *e, const char *line, size_t len)
{
	static const char rcpt[] = "RCPT TO:<";
	const char *to;

	e->asked = -1;
	if (len < sizeof(rcpt) || strncmp(line, rcpt, sizeof(rcpt) - 1) != 0)
		return;
	line += sizeof(rcpt) - 1;
	len -= sizeof(rcpt) - 1;
	for (unsigned int i = 0; (to = email_to(t, i)) != NULL; i++)
		if (len > strlen(to) && strncmp(line, to, strlen(to)) == 0 && line[strlen(to)] == '>')
			e->asked = (int)i;
}

static void
answered(struct email *e, const char *line, size_t len)
{
	uint32_t bit = e->asked >= 0 ? 1u << e->asked : 0;

	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (len < 3 || line[0] < '2' || line[0] > '5')
		return;
	e->taken |= line[0] == '2' ? bit : 0;
	e->later |= line[0] == '4' ? bit : 0;
	e->refused |= line[0] == '5' ? bit : 0;
	if (line[0] >= '4' && !e->answer[0])
		snprintf(e->answer, sizeof(e->answer), "%.*s", (int)(len < sizeof(e->answer) ? len : sizeof(e->answer) - 1), line);
}

/* What is said, which libcurl tells in no other way: of several recipients who was refused.  The
 * password passes here too, and is not looked at. */
static int
overhear(CURL *easy, curl_infotype type, char *line, size_t len, void *arg)
{
	struct net_target *t = arg;
	struct email *e = t->own;

	(void)easy;
	if (type == CURLINFO_HEADER_OUT)
		asked(t, e, line, len);
	else if (type == CURLINFO_HEADER_IN)
		answered(e, line, len);
	return 0;
}

static void
set_recipients(struct net_target *t, struct email *e, CURL *easy)
{
	const char *to;

	curl_slist_free_all(e->to);
	e->to = NULL;
	for (unsigned int i = 0; (to = email_to(t, i)) != NULL; i++) {
		char address[300];
		struct curl_slist *more;

		if (e->done >> i & 1)
			continue;
		snprintf(address, sizeof(address), "<%s>", to);
		more = curl_slist_append(e->to, address);
		e->to = more ? more : e->to;
	}
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, e->to);
	/* Those who are refused do not keep it from the others. */
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
}

static void
setup(struct net_target *t, CURL *easy)
{
	const struct action_net *n = &t->def->net;
	struct email *e = t->own;
	char from[300];

	e->read = 0;
	e->asked = -1;
	e->taken = e->refused = e->later = 0;
	e->answer[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_URL, e->url);
	curl_easy_setopt(easy, CURLOPT_USE_SSL, n->tls == NET_STARTTLS ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
	if (n->user[0]) {
		/* Nothing else is tried: what it would want (NTLM, Kerberos) is not in the sandbox. */
		curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
		curl_easy_setopt(easy, CURLOPT_USERNAME, n->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, t->secret);
	}
	snprintf(from, sizeof(from), "<%s>", n->from);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from);
	set_recipients(t, e, easy);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(easy, CURLOPT_READDATA, t);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->body_len);
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, overhear);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, t);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}

/*
 * Only what a server says when it has the whole message is about the message; everything before
 * that the administrator can mend: an address, a password, a certificate.
 */
static void
judge(struct net_target *t, CURL *easy, CURLcode code, struct net_result *r)
{
	struct email *e = t->own;
	long answer = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer);
	if (code == CURLE_OK) {
		e->done |= e->taken | e->refused;
		r->result = e->later ? QUEUE_LATER : QUEUE_DELIVERED;
		snprintf(r->why, sizeof(r->why), "%s", e->answer[0] ? e->answer : "SMTP 250");
		return;
	}
	if (e->answer[0])
		snprintf(r->why, sizeof(r->why), "%s", e->answer);
	r->result = !e->answer[0] ? QUEUE_UNREACHED :
		answer >= 500 && e->taken && e->read == t->body_len ? QUEUE_REFUSED : QUEUE_LATER;
}

const struct sender sender_smtp = { .open = email_open, .compose = email_compose, .setup = setup, .judge = judge };
