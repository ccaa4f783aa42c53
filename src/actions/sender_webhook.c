/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message to a web server, signed as https://www.standardwebhooks.com/ has it: by the secret over the
 * message's name, the time and the body.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions/net.h"
#include "alerts/webhook.h"
#include "common/auto.h"
#include "common/base64.h"
#include "common/clock.h"
#include "ipc/template.h"

#define SECRET_PREFIX "whsec_"
#define RETRY_MOST_S 3600

struct own {
	struct webhook form;
	uint8_t key[NET_SECRET_MAX];
	size_t key_len;
};

/* A secret is its bytes, or base64 of them behind whsec_. */
static int
read_key(const struct net_target *t, struct own *own)
{
	const size_t skip = strlen(SECRET_PREFIX);
	long n;

	if (t->secret_len <= skip || strncmp(t->secret, SECRET_PREFIX, skip) != 0) {
		memcpy(own->key, t->secret, t->secret_len);
		own->key_len = t->secret_len;
		return 0;
	}
	n = base64_decode(own->key, t->secret + skip, t->secret_len - skip);
	own->key_len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -EINVAL;
}

static int
webhook_open(struct net_target *t, char why[NET_WHY])
{
	const struct action_net *n = &t->def->net;
	struct own *own = calloc(1, sizeof(*own));
	size_t at;

	t->own = own;
	if (!own || read_key(t, own)) {
		snprintf(why, NET_WHY, "secret_file begins with " SECRET_PREFIX " and is not base64 behind that: nothing is sent until "
			"a reload");
		return -EINVAL;
	}
	OPENSSL_cleanse(t->secret, sizeof(t->secret));
	own->form = (struct webhook){ .format = (enum webhook_format)t->def->format, .many = n->batch > 1,
		.template = t->def->format == WEBHOOK_TEMPLATE ? n->text : NULL,
		.json = strstr(n->content_type, "json") != NULL };
	if (own->form.template && template_wrong(own->form.template, &at)) {
		snprintf(why, NET_WHY, "the template has a mistake: nothing is sent until a reload");
		return -EINVAL;
	}
	return 0;
}

static void
add_header(struct net_target *t, const char *line)
{
	struct curl_slist *more = curl_slist_append(t->headers, line);

	if (more)
		t->headers = more;
}

__attribute__((format(printf, 2, 3))) static void
add(struct net_target *t, const char *fmt, ...)
{
	char line[NET_SECRET_MAX + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	add_header(t, line);
	OPENSSL_cleanse(line, sizeof(line));
}

/* Of the message, the same when it is sent again: the spool, the first alert's number, how many. */
static void
name_message(const struct net_target *t, char out[64])
{
	snprintf(out, 64, "%016llx-%llu-%zu", (unsigned long long)queue_id(t->queue),
		(unsigned long long)t->items[0].number, t->n);
}

static int
add_signature(struct net_target *t, const char *id, uint64_t now_s)
{
	const struct own *own = t->own;
	char prefix[96], text[BASE64_SIZE(EVP_MAX_MD_SIZE)];
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;
	int prefix_len = snprintf(prefix, sizeof(prefix), "%s.%llu.", id, (unsigned long long)now_s);
	AUTO(mem) char *all = malloc((size_t)prefix_len + t->body_len);

	if (!all)
		return -ENOMEM;
	memcpy(all, prefix, (size_t)prefix_len);
	memcpy(all + prefix_len, t->body, t->body_len);
	if (!HMAC(EVP_sha256(), own->key, (int)own->key_len, (const unsigned char *)all, (size_t)prefix_len + t->body_len, mac,
		&mac_len))
		return -EIO;
	base64_encode(text, mac, mac_len);
	/* The standard has padding: 32 bytes take one '='. */
	add(t, "webhook-signature: v1,%s=", text);
	return 0;
}

static int
webhook_compose(struct net_target *t)
{
	const struct own *own = t->own;
	const struct action_net *n = &t->def->net;
	const uint64_t now_s = clock_ns(CLOCK_REALTIME) / 1000000000;
	char id[64];

	t->body_len = webhook_write(&own->form, t->alerts, t->n, &t->body);
	if (!t->body_len)
		return -ENOMEM;
	name_message(t, id);
	add(t, "Content-Type: %s", n->content_type[0] ? n->content_type : webhook_content_type(&own->form));
	add(t, "webhook-id: %s", id);
	add(t, "webhook-timestamp: %llu", (unsigned long long)now_s);
	add(t, "Expect:");		/* no wait for a "100 Continue" */
	if (t->token[0])
		add(t, "Authorization: Bearer %s", t->token);
	for (uint32_t at = 0; at < t->def->args_len; at += (uint32_t)strlen(t->def->args + at) + 1)
		add_header(t, t->def->args + at);
	return own->key_len ? add_signature(t, id, now_s) : 0;
}

void
net_setup_http(struct net_target *t, CURL *e, const char *url)
{
	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, t->def->net.tls == NET_PLAIN ? "http" : "https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "bpfd");
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body);
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
}

static void
webhook_setup(struct net_target *t, CURL *e)
{
	net_setup_http(t, e, t->def->net.url);
}

/* The alerts are at fault: the same server may take others.  Else what is wrong is where they are sent
 * to, and they wait until that is mended. */
static bool
is_about_the_alerts(long status)
{
	return status == 400 || status == 413 || status == 415 || status == 422;
}

static void
say(const struct net_target *t, long status, char why[NET_WHY])
{
	char safe[sizeof(t->answer)];
	size_t n = 0;

	for (; n < sizeof(safe) - 1 && t->answer[n]; n++)
		safe[n] = t->answer[n] >= 0x20 && t->answer[n] < 0x7f ? t->answer[n] : ' ';
	safe[n] = '\0';
	if (status / 100 == 3)
		snprintf(why, NET_WHY, "it answers %ld: redirects are not followed, give the url that it leads to", status);
	else
		snprintf(why, NET_WHY, "it answers %ld%s%s", status, n ? ": " : "", safe);
}

void
net_judge_http(struct net_target *t, CURL *e, CURLcode code, struct net_result *r)
{
	curl_off_t after_s = 0;
	long status = 0;

	curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
	/* What it said counts, whatever came of the rest of its answer. */
	if (code != CURLE_OK && status / 100 != 2)
		return;
	if (status / 100 == 2) {
		r->result = QUEUE_DELIVERED;
		snprintf(r->why, NET_WHY, "HTTP %ld", status);
		return;
	}
	say(t, status, r->why);
	r->result = is_about_the_alerts(status) ? QUEUE_REFUSED : QUEUE_LATER;
	if (curl_easy_getinfo(e, CURLINFO_RETRY_AFTER, &after_s) == CURLE_OK && after_s > 0)
		r->retry_after_ns = (uint64_t)(after_s < RETRY_MOST_S ? after_s : RETRY_MOST_S) * 1000000000;
}

const struct sender sender_webhook = {
	.open = webhook_open, .compose = webhook_compose, .setup = webhook_setup, .judge = net_judge_http,
};
