/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To an incoming webhook of Slack's.  Whoever knows its address may write there, so the part behind
 * the host is a secret as a rule: secret_file has it, or the whole address.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions/net.h"
#include "alerts/slack.h"

/* Length of "https://host:port". */
static size_t
server_len(const char *url)
{
	size_t scheme = strcspn(url, "/") + 2;

	return scheme + strcspn(url + scheme, "/?#");
}

static int
open_slack(struct net_target *t, char why[NET_WHY])
{
	const struct action_net *n = &t->def->net;
	size_t server = server_len(n->url);
	char *url = calloc(1, sizeof(n->url) + NET_SECRET_MAX);
	const char *path = t->secret;

	t->own = url;
	if (!url)
		return -ENOMEM;
	strcpy(url, n->url);
	if (!t->secret_len)
		return 0;
	/* The server is the table's: the supervisor connects to no other. */
	if (strncmp(t->secret, n->url, server) == 0)
		path += server;
	if (*path != '/') {
		snprintf(why, NET_WHY, "secret_file has to hold what is behind %.*s, from its \"/\" on, or all of it: nothing is sent "
			"until a reload", (int)(server < 100 ? server : 100), n->url);
		return -EINVAL;
	}
	strcpy(url + server, path);
	return 0;
}

static int
compose(struct net_target *t)
{
	const struct action_net *n = &t->def->net;
	const struct slack s = { .channel = n->channel, .username = n->user, .icon = n->icon, .host = t->host };

	t->body = malloc(SLACK_ROOM);
	if (!t->body)
		return -ENOMEM;
	t->body_len = slack_write(&s, t->alerts, t->n, t->body);
	t->headers = curl_slist_append(NULL, "Content-Type: application/json");
	return t->headers ? 0 : -ENOMEM;
}

static void
setup(struct net_target *t, CURL *easy)
{
	net_setup_http(t, easy, t->own);
}

const struct sender sender_slack = {
	.open = open_slack, .most = SLACK_BATCH, .compose = compose, .setup = setup, .judge = net_judge_http,
};
