/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actions/net.h"
#include "common/auto.h"
#include "common/clock.h"

#define ANSWER_MAX	65536		/* bytes of a server's answer; more is its mistake */

struct net_curl {
	CURLM *multi;
	struct curl_slist *nowhere;	/* so that curl looks up no name */
	int64_t due_ms;
};

/* ---- what curl calls ---- */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
	static const short events[] = { [CURL_POLL_NONE] = 0, [CURL_POLL_IN] = POLLIN, [CURL_POLL_OUT] = POLLOUT,
		[CURL_POLL_INOUT] = POLLIN | POLLOUT };
	struct net_target *t = NULL;

	(void)arg, (void)of_socket;
	if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t) != CURLE_OK || !t)
		return 0;
	t->wait_fd = what >= CURL_POLL_NONE && what <= CURL_POLL_INOUT ? fd : -1;
	t->wait_events = t->wait_fd < 0 ? 0 : events[what];
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct net_curl *c = arg;

	(void)multi;
	c->due_ms = ms < 0 ? INT64_MAX : clock_ms() + ms;
	return 0;
}

/* The socket that the supervisor had connected; there is no other. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct net_target *t = arg;

	(void)purpose, (void)address;
	return t->sock < 0 ? CURL_SOCKET_BAD : TAKE_FD(t->sock);
}

static int
is_connected(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg, (void)fd, (void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* The beginning is kept for the error's text; a server that goes on and on is left. */
static size_t
take_answer(char *bytes, size_t size, size_t n, void *arg)
{
	struct net_target *t = arg;
	size_t len = size * n, room = t->answer_len < sizeof(t->answer) - 1 ? sizeof(t->answer) - 1 - t->answer_len : 0;

	memcpy(t->answer + (room ? t->answer_len : 0), bytes, room < len ? room : room ? len : 0);
	t->answer_len += len;
	return t->answer_len > ANSWER_MAX ? 0 : len;
}

/* ---- a message ---- */

static void
set_up(struct net_curl *c, struct net_target *t, CURL *e)
{
	const struct action_net *n = &t->def->net;

	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_CONNECT_TO, c->nowhere);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, is_connected);
	/* libcurl 7.88 waits that long for the second address that it never has: 200 ms without this. */
	curl_easy_setopt(e, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, 1L);
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)t->def->timeout_ms);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->errors);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	if (t->ca.len)
		curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &t->ca);
	curl_easy_setopt(e, CURLOPT_USE_SSL, (long)(n->tls == NET_STARTTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	t->sender->setup(t, e);
}

int
net_curl_start(struct net_curl *c, struct net_target *t)
{
	t->easy = curl_easy_init();
	if (!t->easy)
		return -ENOMEM;
	t->errors[0] = '\0';
	set_up(c, t, t->easy);
	if (curl_multi_add_handle(c->multi, t->easy) == CURLM_OK)
		return 0;
	curl_easy_cleanup(TAKE_PTR(t->easy));
	return -EIO;
}

void
net_curl_step(struct net_curl *c, struct net_target *t, short revents)
{
	int what = 0, running;

	if (!t) {
		c->due_ms = INT64_MAX;
		curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		return;
	}
	if (revents & POLLIN)
		what |= CURL_CSELECT_IN;
	if (revents & POLLOUT)
		what |= CURL_CSELECT_OUT;
	if (revents & (POLLERR | POLLHUP | POLLNVAL))
		what |= CURL_CSELECT_ERR;
	curl_multi_socket_action(c->multi, t->wait_fd, what, &running);
}

struct net_target *
net_curl_done(struct net_curl *c, CURLcode *code)
{
	struct net_target *t = NULL;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		*code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		return t;
	}
	return NULL;
}

void
net_curl_end(struct net_curl *c, struct net_target *t)
{
	curl_multi_remove_handle(c->multi, t->easy);
	curl_easy_cleanup(TAKE_PTR(t->easy));
	t->wait_fd = -1;
	t->wait_events = 0;
}

int64_t
net_curl_due_ms(const struct net_curl *c)
{
	return c->due_ms;
}

int
net_curl_new(struct net_curl **out)
{
	struct net_curl *c = calloc(1, sizeof(*c));

	tzset();	/* libcrypto asks for the local time, whose file is out of reach later */
	if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	c->due_ms = INT64_MAX;
	c->multi = curl_multi_init();
	c->nowhere = curl_slist_append(NULL, "::127.0.0.1:");
	if (!c->multi || !c->nowhere)
		return -ENOMEM;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	*out = c;
	return 0;
}
