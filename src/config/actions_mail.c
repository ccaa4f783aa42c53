/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of slack and email: docs/ALERTS.md. */
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "config/actions_reader.h"
#include "ipc/chan.h"

#define SLACK_HOST	"hooks.slack.com"
#define PER_HOUR	10		/* mails of one rule, before they become a digest */
#define DIGEST_S	3600
#define MAIL_BATCH	500
#define MAIL_PER_MINUTE	30
#define MAIL_TIMEOUT_MS	30000

void
mail_read_text(struct action_reader *r, const char *key, const struct toml_value *v)
{
	struct action_net *n = &r->a->net;
	const struct { const char *key; char *to; size_t room; } texts[] = {
		{ "server", n->host, sizeof(n->host) },
		{ "subject", n->subject, sizeof(n->subject) },
		{ "user", n->user, sizeof(n->user) },
		{ "username", n->user, sizeof(n->user) },
		{ "channel", n->channel, sizeof(n->channel) },
		{ "icon_emoji", n->icon, sizeof(n->icon) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (strcmp(texts[i].key, key) != 0)
			continue;
		if (!v->len || v->len >= texts[i].room || strlen(v->text) != v->len || !ipc_str_ok(v->text, v->len + 1))
			mistake(&r->mistakes, v->at, "%s is 1 to %zu bytes of text without control characters", key,
				texts[i].room - 1);
		else
			memcpy(texts[i].to, v->text, v->len + 1);
	}
	r->has_subject |= strcmp(key, "subject") == 0;
}

void
mail_read_word(struct action_reader *r, const char *key, const struct toml_value *v)
{
	static const struct { const char *key, *word; uint32_t value; } words[] = {
		{ "protocol", "smtp", 0 }, { "protocol", "lmtp", 1 },
		{ "tls", "none", NET_PLAIN }, { "tls", "starttls", NET_STARTTLS }, { "tls", "tls", NET_TLS },
	};
	const bool tls = strcmp(key, "tls") == 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].key, key) != 0 || strcmp(words[i].word, v->text) != 0)
			continue;
		*(tls ? &r->a->net.tls : &r->a->net.lmtp) = words[i].value;
		r->has_tls |= tls;
		return;
	}
	mistake(&r->mistakes, v->at, tls ? "tls is one of starttls, tls, none" : "protocol is smtp or lmtp");
}

void
mail_read_number(struct action_reader *r, const char *key, const struct toml_value *v)
{
	const uint64_t most = strcmp(key, "port") == 0 ? 65535 : strcmp(key, "digest_s") == 0 ? 604800 : 100000;
	const uint64_t least = strcmp(key, "port") == 0;

	if (v->number < 0 || (uint64_t)v->number < least || (uint64_t)v->number > most) {
		mistake(&r->mistakes, v->at, "%s is from %llu to %llu", key, (unsigned long long)least, (unsigned long long)most);
		return;
	}
	if (least)
		r->a->net.port = (uint32_t)v->number;
	else if (strcmp(key, "digest_s") == 0)
		r->a->net.digest_s = (uint64_t)v->number;
	else
		r->a->net.rule_per_hour = (uint64_t)v->number;
	r->has_digest |= strcmp(key, "digest_s") == 0;
	r->has_per_hour |= strcmp(key, "rule_per_hour") == 0;
}

/* ---- addresses ---- */

static bool
address(struct action_reader *r, const char *key, const struct toml_value *v)
{
	if (v->kind == TOML_STRING && strlen(v->text) == v->len && action_address_ok(v->text))
		return true;
	mistake(&r->mistakes, v->at, "%s: an address is name@host, without a name before it and without blanks", key);
	return false;
}

void
mail_read_from(struct action_reader *r, const char *key, const struct toml_value *v)
{
	if (address(r, key, v))
		snprintf(r->a->net.from, sizeof(r->a->net.from), "%s", v->text);
}

static int
read_to(void *arg, const struct toml_value *v)
{
	struct action_reader *r = arg;
	struct action_def *a = r->a;

	if (!address(r, "to", v))
		return 0;
	if (a->args_len + v->len + 1 > sizeof(a->args))
		mistake(&r->mistakes, v->at, "to is longer than %d bytes", ACTION_ARGS_MAX);
	else {
		memcpy(a->args + a->args_len, v->text, v->len + 1);
		a->args_len += (uint32_t)v->len + 1;
	}
	return 0;
}

void
mail_read_to(struct action_reader *r, const char *key, const struct toml_value *v)
{
	uint32_t n = 0;

	toml_items(v->node, read_to, r);
	for (uint32_t i = 0; i < r->a->args_len; i++)
		n += r->a->args[i] == '\0';
	if (n > ACTION_TO_MAX)
		mistake(&r->mistakes, v->at, "%s has more than %d addresses: give a list's", key, ACTION_TO_MAX);
}

/* ---- keys that belong together ---- */

void
slack_complete(struct action_reader *r)
{
	struct action_net *n = &r->a->net;

	if (!n->url[0]) {
		strcpy(n->url, "https://" SLACK_HOST);
		strcpy(n->host, SLACK_HOST);
		n->port = 443;
		n->tls = NET_TLS;
		if (!n->secret_file[0])
			mistake(&r->mistakes, (struct toml_place){ 0, 0 }, "slack needs secret_file, which holds the address of an incoming "
				"webhook as Slack gives it; or a url");
	}
	if (!n->batch)
		n->batch = ACTION_SLACK_MAX;
	if (n->batch > ACTION_SLACK_MAX)
		mistake(&r->mistakes, (struct toml_place){ 0, 0 }, "batch: Slack takes up to %d in a message", ACTION_SLACK_MAX);
}

static uint32_t
usual_port(const struct action_net *n)
{
	return n->lmtp ? 24 : n->tls == NET_TLS ? 465 : n->tls == NET_STARTTLS ? 587 : 25;
}

static void
mail_defaults(struct action_reader *r)
{
	struct action_net *n = &r->a->net;

	if (!n->lmtp && !r->has_tls)
		n->tls = NET_STARTTLS;
	if (!n->port && n->host[0] != '/')
		n->port = usual_port(n);
	if (!r->has_per_hour && !r->has_digest)
		n->rule_per_hour = PER_HOUR;
	if (!r->has_digest)
		n->digest_s = DIGEST_S;
	if (!n->batch)
		n->batch = MAIL_BATCH;
	if (!r->a->per_minute)
		r->a->per_minute = MAIL_PER_MINUTE;
	if (!r->a->timeout_ms)
		r->a->timeout_ms = MAIL_TIMEOUT_MS;
	if (!r->has_subject)
		strcpy(n->subject, "[bpfd] ");
}

void
mail_complete(struct action_reader *r)
{
	const struct toml_place nowhere = { 0, 0 };
	struct action_net *n = &r->a->net;

	mail_defaults(r);
	if (!n->host[0] || !n->from[0] || !r->a->args_len)
		mistake(&r->mistakes, nowhere, "email needs server, from and to");
	if (n->lmtp && (n->tls || n->user[0]))
		mistake(&r->mistakes, nowhere, "LMTP has neither tls nor user here: it is for a server on this host or its own network");
	if (n->lmtp && !r->has_tls && n->host[0] != '/' && !net_is_loopback(n->host))
		mistake(&r->mistakes, nowhere, "LMTP is not encrypted: to a server that is not on this host say tls = \"none\" as well");
	if (!n->lmtp && n->host[0] == '/')
		mistake(&r->mistakes, nowhere, "a socket's path is for protocol = \"lmtp\"");
	if (n->host[0] == '/' && n->port)
		mistake(&r->mistakes, nowhere, "a socket's path has no port");
	if (n->user[0] && n->tls == NET_PLAIN)
		mistake(&r->mistakes, nowhere, "a password is never sent in the clear: with user, tls has to be starttls or tls");
	if (n->user[0] && !n->secret_file[0])
		mistake(&r->mistakes, nowhere, "with user, secret_file has to name the file with the password");
	if (n->secret_file[0] && !n->user[0])
		mistake(&r->mistakes, nowhere, "secret_file holds a password: whose is for user to say");
}
