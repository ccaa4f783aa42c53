/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ACTIONS_NET_H
#define BPFD_ACTIONS_NET_H

#include <curl/curl.h>

#include "actions/worker.h"
#include "alerts/alert.h"
#include "alerts/queue.h"

/*
 * The classes web and mail: what is asked for goes into the queue of its instance (alerts/queue.h),
 * and from there one message at a time to the instance's host, over a socket that the supervisor
 * had connected.  What a type adds is a sender; all else is the same for each.
 */
#define NET_WHY		256
#define NET_SECRET_MAX	4096

enum net_state { NET_IDLE, NET_CONNECTING, NET_SENDING };

struct net_target {
	unsigned int action;			/* index into the table */
	const struct action_def *def;
	const char *host;			/* this one's name */
	const struct sender *sender;
	struct queue *queue;
	char secret[NET_SECRET_MAX];		/* of secret_file, without the line's end; secret_len 0: none */
	size_t secret_len;
	char token[NET_SECRET_MAX];
	struct curl_blob ca;			/* PEM, all that is trusted */
	char broken[NET_WHY];			/* why nothing can be sent before a restart; "": it can */

	/* The message that is under way. */
	enum net_state state;
	uint32_t seq;				/* of ACTION_CONNECT */
	int sock;				/* -1: not connected, or curl's */
	uint64_t started_ns;
	struct queue_item *items;		/* def->net.batch of them */
	struct alert *alerts;
	size_t n;				/* of both */
	char *body;				/* sender's, made by compose(), freed when it is over */
	size_t body_len;
	CURL *easy;
	struct curl_slist *headers;		/* compose()'s, freed when it is over */
	char errors[CURL_ERROR_SIZE];
	char answer[128];			/* beginning of what the server said */
	size_t answer_len;
	int wait_fd;				/* what curl, or step(), waits for; -1: nothing */
	short wait_events;
	void *own;				/* the sender's */
	struct queue_stats counted, told;	/* of the queue, so far: net_stats.c */
	uint64_t told_ns;
};

struct net_result {
	enum queue_result result;
	uint64_t retry_after_ns;
	char why[NET_WHY];			/* for a person: "HTTP 200", "it answers 503: ..." */
};

struct sender {
	/* Once, before the seal, with secrets read.  -EINVAL with words in why: it cannot be used. */
	int	(*open)(struct net_target *t, char why[NET_WHY]);
	size_t	most;				/* alerts in a message; 0: as many as def->net.batch says */
	/* Makes t->body of t->alerts.  Negative: these cannot be sent, ever. */
	int	(*compose)(struct net_target *t);
	/* What is particular of the request: URL, method, body, headers.  Socket, TLS, limits are set. */
	void	(*setup)(struct net_target *t, CURL *easy);
	/* curl is done: what it means.  r->why is what curl says when code is not CURLE_OK. */
	void	(*judge)(struct net_target *t, CURL *easy, CURLcode code, struct net_result *r);
	/* Without curl (NULL: with it).  t->sock is connected; sets wait_fd, wait_events.  1: r is filled in; 0: more.
	 * First with revents 0.  Time limit, and closing of the socket, are the caller's. */
	int	(*step)(struct net_target *t, short revents, struct net_result *r);
};
extern const struct sender sender_webhook, sender_slack, sender_smtp, sender_lmtp;
/* setup() of a POST of t->body with t->headers. */
void	net_setup_http(struct net_target *t, CURL *easy, const char *url);
/* judge() of what an HTTP server answers. */
void	net_judge_http(struct net_target *t, CURL *easy, CURLcode code, struct net_result *r);
const struct sender *sender_of(const struct action_def *a);	/* net_senders.c */

/* net_stats.c: what waits now, for the counters.  targets: by number of the action, NULL: another class's. */
void	net_show(struct worker *w, struct net_target *const *targets);

/* net_open.c, before the seal.  *out is set as soon as there is one.  -ENOMEM, or what the spool says. */
int	net_open(struct worker *w, unsigned int action, struct net_target **out);

/* ---- net_curl.c: one curl handle for each message, driven by poll ---- */

struct net_curl;
int	net_curl_new(struct net_curl **out);	/* before the seal */
/* Takes t->sock, and tells t->wait_fd and t->wait_events from then on.  -ENOMEM, -EIO. */
int	net_curl_start(struct net_curl *c, struct net_target *t);
/* t->wait_fd has revents; NULL: only time has passed. */
void	net_curl_step(struct net_curl *c, struct net_target *t, short revents);
/* The next target that is done, with what curl says, or NULL. */
struct net_target *net_curl_done(struct net_curl *c, CURLcode *code);
/* Removes the handle. */
void	net_curl_end(struct net_curl *c, struct net_target *t);
int64_t	net_curl_due_ms(const struct net_curl *c);	/* CLOCK_MONOTONIC; INT64_MAX */

#endif
