/* SPDX-License-Identifier: Apache-2.0 */
/* An instance of web or mail before the seal: its secrets, who it trusts, its queue. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions/net.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

#define CA_MAX		(4 << 20)
#define MINUTE_NS	60000000000ull
#define MS_NS		1000000ull

/* What a file of root's holds, without the line's end. */
static int
read_secret(int take_fd, char out[NET_SECRET_MAX], size_t *len)
{
	AUTO(fd) int fd = take_fd;
	ssize_t n = read(fd, out, NET_SECRET_MAX);

	if (n < 0 || n == NET_SECRET_MAX)
		return n < 0 ? -errno : -EFBIG;
	while (n && (out[n - 1] == '\n' || out[n - 1] == '\r'))
		n--;
	out[n] = '\0';
	*len = (size_t)n;
	return n && !memchr(out, '\0', (size_t)n) ? 0 : -EINVAL;
}

static int
read_ca(int take_fd, struct curl_blob *out)
{
	AUTO(fd) int fd = take_fd;
	struct stat st;
	char *bytes;

	if (fstat(fd, &st) < 0 || st.st_size < 1 || st.st_size > CA_MAX)
		return -EINVAL;
	bytes = malloc((size_t)st.st_size);
	if (!bytes || pread(fd, bytes, (size_t)st.st_size, 0) != st.st_size) {
		free(bytes);
		return -EIO;
	}
	*out = (struct curl_blob){ .data = bytes, .len = (size_t)st.st_size };
	return 0;
}

/* Nothing is sent without what the definition names: no unsigned message, none to who is not checked. */
static void
open_files(struct worker *w, struct net_target *t)
{
	const struct action_net *n = &t->def->net;
	size_t token_len = 0;

	if (n->secret_file[0] && (w->net[t->action].secret < 0 ||
		    read_secret(TAKE_FD(w->net[t->action].secret), t->secret, &t->secret_len)))
		snprintf(t->broken, NET_WHY, "secret_file cannot be read, or is empty: nothing is sent until a reload");
	else if (n->token_file[0] && (w->net[t->action].token < 0 ||
			 read_secret(TAKE_FD(w->net[t->action].token), t->token, &token_len)))
		snprintf(t->broken, NET_WHY, "token_file cannot be read, or is empty: nothing is sent until a reload");
	else if (n->tls != NET_PLAIN && (w->net[t->action].ca < 0 || read_ca(TAKE_FD(w->net[t->action].ca), &t->ca)))
		snprintf(t->broken, NET_WHY, "there are no certificates to trust (package ca-certificates, or ca_file): nothing is "
			"sent until a reload");
}

static int
open_queue(struct worker *w, struct net_target *t)
{
	const struct action_net *n = &t->def->net;
	const struct queue_limits limits = { .entries = n->entries, .max_age_s = n->max_age_s, .tries = (uint32_t)n->tries,
		.batch = (uint32_t)n->batch, .gather_ns = n->batch > 1 ? n->gather_ms * MS_NS : 0,
		.retry_first_ns = n->retry_ms * MS_NS, .retry_most_ns = n->retry_most_ms * MS_NS,
		.breaker_after = (uint32_t)n->breaker_after, .breaker_ns = n->breaker_s * 1000 * MS_NS,
		.rate = (uint32_t)t->def->per_minute, .rate_ns = MINUTE_NS,
		.key_rate = (uint32_t)n->rule_per_hour, .key_ns = 60 * MINUTE_NS, .digest_ns = n->digest_s * 1000 * MS_NS };
	uint64_t seed = 0;
	int *spool = &w->net[t->action].spool;

	if (*spool < 0) {
		*spool = memfd_create("bpfd-spool", MFD_CLOEXEC);
		if (*spool < 0 || ftruncate(*spool, (off_t)(n->spool_bytes & ~4095ULL)) < 0)
			return -errno;
	}
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	return queue_open(&limits, *spool, seed, clock_ns(CLOCK_BOOTTIME),
		clock_ns(CLOCK_REALTIME) / 1000000000, &t->queue);
}

int
net_open(struct worker *w, unsigned int action, struct net_target **out)
{
	struct net_target *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	*out = t;
	t->action = action;
	t->host = w->host;
	t->def = &w->table->a[action];
	t->sender = sender_of(t->def);
	t->sock = t->wait_fd = -1;
	t->items = calloc(t->def->net.batch, sizeof(*t->items));
	t->alerts = calloc(t->def->net.batch, sizeof(*t->alerts));
	if (!t->items || !t->alerts || !t->sender)
		return -ENOMEM;
	open_files(w, t);
	if (!t->broken[0] && t->sender->open)
		t->sender->open(t, t->broken);
	err = open_queue(w, t);
	if (t->broken[0])
		log_err(-EINVAL, "alerts.broken", "action=%s %s", t->def->name, t->broken);
	return err ? log_err(err, "alerts.spool", "action=%s", t->def->name) : 0;
}
