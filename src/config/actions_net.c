/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of named actions that send to another machine: docs/ALERTS.md. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/auto.h"
#include "config/actions_reader.h"
#include "ipc/chan.h"
#include "ipc/template.h"

static bool
plain_text(const struct toml_value *v)
{
	return ipc_str_ok(v->text, v->len + 1) && strlen(v->text) == v->len;
}

static void
copy(struct action_reader *r, const char *key, const struct toml_value *v, char *to, size_t room)
{
	if (v->len >= room || !v->len || !plain_text(v))
		mistake(&r->mistakes, v->at, "%s is 1 to %zu bytes of text without control characters", key, room - 1);
	else
		memcpy(to, v->text, v->len + 1);
}

/* ---- url ---- */

/* Only bytes that a URL may have: RFC 3986, 2. */
static bool
url_bytes_ok(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-._~:/?#[]@!$&'()*+,;=%", *s))
			return false;
	return true;
}

/* "host", "host:port", "[address]:port"; false: none of them. */
static bool
read_authority(struct action_net *n, const char *at, size_t len, uint32_t port)
{
	const char *host = at, *end = at + len, *after, *rest;
	char *stop;

	if (len && *at == '[') {
		after = memchr(at, ']', len);
		if (!after)
			return false;
		host = at + 1;
		rest = after + 1;
	} else {
		after = memchr(at, ':', len);
		after = rest = after ? after : end;
	}
	if (after == host || (size_t)(after - host) >= sizeof(n->host))
		return false;
	if (rest < end) {
		unsigned long given = *rest == ':' && isdigit((unsigned char)rest[1]) ? strtoul(rest + 1, &stop, 10) : 0;

		if (!given || given > 65535 || stop != end)
			return false;
		port = (uint32_t)given;
	}
	memcpy(n->host, host, (size_t)(after - host));
	n->host[after - host] = '\0';
	n->port = port;
	return true;
}

bool
net_is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

void
net_read_url(struct action_reader *r, const char *key, const struct toml_value *v)
{
	struct action_net *n = &r->a->net;
	const bool tls = strncmp(v->text, "https://", 8) == 0;
	const char *at = v->text + (tls ? 8 : 7);
	size_t len;

	if (!tls && strncmp(v->text, "http://", 7) != 0) {
		mistake(&r->mistakes, v->at, "url begins with https://, or for a server on this host with http://");
		return;
	}
	len = strcspn(at, "/?#");
	if (memchr(at, '@', len)) {
		mistake(&r->mistakes, v->at, "url has a name or password before the host: put a secret into token_file or secret_file");
		return;
	}
	if (v->len >= sizeof(n->url) || strlen(v->text) != v->len || !url_bytes_ok(v->text) || strchr(v->text, '#') ||
	    !read_authority(n, at, len, tls ? 443 : 80)) {
		mistake(&r->mistakes, v->at, "url is https://HOST[:PORT]/PATH, at most %zu bytes, other characters as %%XX",
			sizeof(n->url) - 1);
		return;
	}
	if (!tls && !net_is_loopback(n->host))
		mistake(&r->mistakes, v->at, "http:// is for a server on this host only (localhost): what is sent to %.100s could be read "
			"and changed on its way; use https://", n->host);
	memcpy(n->url, v->text, v->len + 1);
	n->tls = tls ? NET_TLS : NET_PLAIN;
}

/* ---- other keys ---- */

void
net_read_file(struct action_reader *r, const char *key, const struct toml_value *v)
{
	struct action_net *n = &r->a->net;
	char *to = strcmp(key, "secret_file") == 0 ? n->secret_file : strcmp(key, "token_file") == 0 ? n->token_file : n->ca_file;

	if (v->text[0] != '/')
		mistake(&r->mistakes, v->at, "%s is an absolute path", key);
	else
		copy(r, key, v, to, sizeof(n->ca_file));
}

void
net_read_number(struct action_reader *r, const char *key, const struct toml_value *v)
{
	struct action_net *n = &r->a->net;
	const struct action_number numbers[] = {
		{ "timeout_ms", &r->a->timeout_ms, 100, 600000 },
		{ "per_minute", &r->a->per_minute, 1, 100000 },
		{ "batch", &n->batch, 1, 1000 },
		{ "gather_ms", &n->gather_ms, 1, 3600000 },
		{ "queue", &n->entries, 1, 1000000 },
		{ "spool_bytes", &n->spool_bytes, 65536, 1 << 30 },
		{ "max_age_s", &n->max_age_s, 1, 31536000 },
		{ "tries", &n->tries, 1, 1000000 },
		{ "retry_ms", &n->retry_ms, 10, 3600000 },
		{ "retry_max_ms", &n->retry_most_ms, 10, 86400000 },
		{ "breaker_after", &n->breaker_after, 1, 100000 },
		{ "breaker_s", &n->breaker_s, 1, 86400 },
	};

	action_read_number(r, key, v, numbers, ARRAY_SIZE(numbers));
}

/* A line that is a header and not one of those that bpfd writes. */
static const char *
header_wrong(const char *line)
{
	static const char *const own[] = { "content-type", "content-length", "host", "transfer-encoding", "expect", "connection",
		"webhook-id", "webhook-timestamp", "webhook-signature" };
	size_t n = strcspn(line, ":");

	if (!n || line[n] != ':' || strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != n)
		return "a header is \"Name: value\"";
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (strlen(own[i]) == n && strncasecmp(own[i], line, n) == 0)
			return "this header is bpfd's own";
	if (n == 13 && strncasecmp(line, "authorization", n) == 0)
		return "what authorizes is a secret: put it into token_file";
	return NULL;
}

static int
read_header(void *arg, const struct toml_value *v)
{
	struct action_reader *r = arg;
	struct action_def *a = r->a;
	const char *wrong = v->kind == TOML_STRING && plain_text(v) ? header_wrong(v->text) : "headers is an array of strings";

	if (wrong)
		mistake(&r->mistakes, v->at, "%s", wrong);
	else if (a->args_len + v->len + 1 > sizeof(a->args))
		mistake(&r->mistakes, v->at, "headers are longer than %d bytes", ACTION_ARGS_MAX);
	else {
		memcpy(a->args + a->args_len, v->text, v->len + 1);
		a->args_len += (uint32_t)v->len + 1;
	}
	return 0;
}

void
net_read_headers(struct action_reader *r, const char *key, const struct toml_value *v)
{
	toml_items(v->node, read_header, r);
}

void
net_read_text(struct action_reader *r, const char *key, const struct toml_value *v)
{
	struct action_net *n = &r->a->net;
	const char *wrong;
	size_t at = 0;

	if (v->len >= sizeof(n->text) || !v->len || strlen(v->text) != v->len) {
		mistake(&r->mistakes, v->at, "%s is 1 to %zu bytes", key, sizeof(n->text) - 1);
		return;
	}
	wrong = template_wrong(v->text, &at);
	if (wrong)
		mistake(&r->mistakes, v->at, "%s, byte %zu: %s", key, at + 1, wrong);
	memcpy(n->text, v->text, v->len + 1);
}

void
net_read_format(struct action_reader *r, const char *key, const struct toml_value *v)
{
	static const char *const words[] = { [WEBHOOK_JSON] = "json", [WEBHOOK_CLOUDEVENTS] = "cloudevents",
		[WEBHOOK_FALCO] = "falco" };

	for (uint32_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], v->text) == 0) {
			r->a->format = i;
			return;
		}
	}
	mistake(&r->mistakes, v->at, "format is one of json, cloudevents, falco; or give a template");
}

void
net_read_content_type(struct action_reader *r, const char *key, const struct toml_value *v)
{
	copy(r, key, v, r->a->net.content_type, sizeof(r->a->net.content_type));
}

static void
webhook_complete(struct action_reader *r)
{
	const struct toml_place nowhere = { 0, 0 };
	struct action_net *n = &r->a->net;

	if (!n->url[0])
		mistake(&r->mistakes, nowhere, "a webhook needs a url");
	if (n->text[0] && r->a->format != WEBHOOK_JSON)
		mistake(&r->mistakes, nowhere, "format and template exclude each other");
	if (n->content_type[0] && !n->text[0])
		mistake(&r->mistakes, nowhere, "content_type is of a template; the formats have their own");
	if (n->text[0])
		r->a->format = WEBHOOK_TEMPLATE;
	if (n->text[0] && !n->content_type[0])
		strcpy(n->content_type, "application/json");
	if (n->batch > 1 && (r->a->format == WEBHOOK_FALCO || r->a->format == WEBHOOK_TEMPLATE))
		mistake(&r->mistakes, nowhere, "with format falco or a template each request has one event: leave batch out");
}

void
net_complete(struct action_reader *r)
{
	struct action_net *n = &r->a->net;

	if (r->a->type == ACTION_WEBHOOK)
		webhook_complete(r);
	if (r->a->type == ACTION_SLACK)
		slack_complete(r);
	if (r->a->type == ACTION_EMAIL)
		mail_complete(r);
	if (n->retry_ms && n->retry_most_ms && n->retry_ms > n->retry_most_ms)
		mistake(&r->mistakes, (struct toml_place){ 0, 0 }, "retry_ms is larger than retry_max_ms");
	if (n->retry_ms > 300000 && !n->retry_most_ms)
		n->retry_most_ms = n->retry_ms;
}
