/* SPDX-License-Identifier: Apache-2.0 */
/* The packed form of a rule: every member in order, numbers as they are, texts with their length. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/flat.h"
#include "rules/model.h"

#define RULE_MAGIC 0x33726c75u

static void
put_name(struct flat_out *o, const char *s)
{
	flat_put_bytes(o, s, strlen(s));
}

static void
put_node(struct flat_out *o, const struct rule_node *n)
{
	flat_put_u32(o, (uint32_t)n->kind);
	if (n->kind != NODE_TEST) {
		flat_put_u32(o, n->n_children);
		for (uint32_t i = 0; i < n->n_children; i++)
			put_node(o, &n->children[i]);
		return;
	}
	flat_put_u32(o, (uint32_t)n->op);
	flat_put_u32(o, n->fn);
	put_name(o, n->field);
	put_name(o, n->ref);
	flat_put_u32(o, n->n_values);
	for (uint32_t i = 0; i < n->n_values; i++)
		flat_put_bytes(o, n->values[i].data, n->values[i].len);
}

static void
put_limit(struct flat_out *o, const struct rule_limit *l)
{
	flat_put_u64(o, l->rate_per_hour);
	flat_put_u64(o, l->burst);
	flat_put_u64(o, l->window_ns);
	flat_put_u32(o, l->n_keys);
	for (uint32_t i = 0; i < l->n_keys; i++)
		put_name(o, l->keys[i]);
}

/* Bytes of "a\0b\0\0" without the last NUL. */
static size_t
words_len(const char *words)
{
	size_t len = 0;

	while (words && words[len])
		len += strlen(words + len) + 1;
	return len;
}

int
rule_pack(const struct rule *r, void **out, size_t *len)
{
	struct flat_out o = { .max = RULE_PACKED_MAX };

	flat_put_u32(&o, RULE_MAGIC);
	flat_put_u32(&o, r->format);
	flat_put_u32(&o, r->mode);
	flat_put_u32(&o, r->severity);
	flat_put_u32(&o, r->order);
	flat_put_u32(&o, (uint32_t)(r->enabled | r->stop << 1 | r->urgent << 2 | r->fail_closed << 3 | r->shared << 4));
	flat_put_u64(&o, r->tracers);
	flat_put_u64(&o, r->runtimes);
	put_name(&o, r->name);
	flat_put_u32(&o, r->n_actions);
	for (uint32_t i = 0; i < r->n_actions; i++) {
		put_name(&o, r->actions[i].name);
		flat_put_u32(&o, r->actions[i].min_severity);
	}
	put_limit(&o, &r->ratelimit);
	put_limit(&o, &r->dedup);
	put_name(&o, r->after);
	put_limit(&o, &r->sequence);
	flat_put_u32(&o, r->n_redact);
	for (uint32_t i = 0; i < r->n_redact; i++)
		put_name(&o, r->redact[i]);
	put_limit(&o, &r->budget);
	put_name(&o, r->description ? r->description : "");
	flat_put_bytes(&o, r->tags, words_len(r->tags));
	flat_put_bytes(&o, r->mitre, words_len(r->mitre));
	flat_put_u32(&o, r->match != NULL);
	if (r->match)
		put_node(&o, r->match);
	if (o.failed) {
		free(o.data);
		return -E2BIG;
	}
	*out = o.data;
	*len = o.len;
	return 0;
}

static void
get_values(struct flat_in *in, struct rule_node *n)
{
	uint32_t count = flat_get_below(in, RULE_LIST_MAX + 1);

	for (uint32_t i = 0; i < count && !in->failed; i++) {
		size_t len;
		const char *data = flat_get_bytes(in, &len);

		if (!data || memchr(data, '\0', len) || node_add_value(n, data, len) < 0)
			in->failed = true;
	}
}

static void
get_node(struct flat_in *in, struct rule_node *n, unsigned int depth)
{
	n->kind = (enum node_kind)flat_get_below(in, NODE_TEST + 1);
	if (in->failed || depth >= RULE_DEPTH_MAX) {
		in->failed = true;
		return;
	}
	if (n->kind != NODE_TEST) {
		uint32_t count = flat_get_below(in, RULE_PREDICATES_MAX + 1);

		for (uint32_t i = 0; i < count && !in->failed; i++) {
			struct rule_node *child = node_add(n, NODE_ALL);

			if (!child)
				in->failed = true;
			else
				get_node(in, child, depth + 1);
		}
		return;
	}
	n->op = (enum rule_op)flat_get_below(in, N_OPS);
	n->fn = flat_get_below(in, FN_LEN + 1);
	flat_get_name(in, n->field, sizeof(n->field));
	flat_get_name(in, n->ref, sizeof(n->ref));
	get_values(in, n);
}

static void
get_limit(struct flat_in *in, struct rule_limit *l)
{
	l->rate_per_hour = flat_get_u64(in);
	l->burst = flat_get_u64(in);
	l->window_ns = flat_get_u64(in);
	l->n_keys = flat_get_below(in, ARRAY_SIZE(l->keys) + 1);
	for (uint32_t i = 0; i < l->n_keys; i++)
		flat_get_name(in, l->keys[i], sizeof(l->keys[i]));
}

static char *
get_text(struct flat_in *in)
{
	size_t len;
	const char *at = flat_get_bytes(in, &len);
	char *copy;

	if (!at || memchr(at, '\0', len) || !(copy = strndup(at, len))) {
		in->failed = true;
		return NULL;
	}
	return copy;
}

/* Words, each with its NUL and none of them empty; one more NUL is put behind them. */
static char *
get_words(struct flat_in *in)
{
	size_t len;
	const char *at = flat_get_bytes(in, &len);
	char *copy;

	if (!at || (len && (at[len - 1] || !at[0] || memmem(at, len, "\0", 2))) || !(copy = calloc(1, len + 1))) {
		in->failed = true;
		return NULL;
	}
	memcpy(copy, at, len);
	return copy;
}

static void
get_rule(struct flat_in *in, struct rule *r)
{
	uint32_t bits;

	if (flat_get_u32(in) != RULE_MAGIC)
		in->failed = true;
	r->format = flat_get_u32(in);
	r->mode = flat_get_u32(in);
	r->severity = flat_get_u32(in);
	r->order = flat_get_u32(in);
	bits = flat_get_below(in, 32);
	r->enabled = bits & 1;
	r->stop = bits & 2;
	r->urgent = bits & 4;
	r->fail_closed = bits & 8;
	r->shared = bits & 16;
	r->tracers = flat_get_u64(in);
	r->runtimes = flat_get_u64(in);
	flat_get_name(in, r->name, sizeof(r->name));
	r->n_actions = flat_get_below(in, RULE_ACTIONS_MAX + 1);
	for (uint32_t i = 0; i < r->n_actions; i++) {
		flat_get_name(in, r->actions[i].name, sizeof(r->actions[i].name));
		r->actions[i].min_severity = flat_get_u32(in);
	}
	get_limit(in, &r->ratelimit);
	get_limit(in, &r->dedup);
	flat_get_name(in, r->after, sizeof(r->after));
	get_limit(in, &r->sequence);
	r->n_redact = flat_get_below(in, ARRAY_SIZE(r->redact) + 1);
	for (uint32_t i = 0; i < r->n_redact; i++)
		flat_get_name(in, r->redact[i], sizeof(r->redact[i]));
	get_limit(in, &r->budget);
	r->description = get_text(in);
	r->tags = get_words(in);
	r->mitre = get_words(in);
	if (!flat_get_below(in, 2))
		return;
	r->match = calloc(1, sizeof(*r->match));
	if (r->match)
		get_node(in, r->match, 0);
	else
		in->failed = true;
}

int
rule_unpack(const void *bytes, size_t len, struct rule **out, char *why, size_t room)
{
	struct flat_in in = { .p = bytes, .end = (const char *)bytes + len };
	AUTO(rule) struct rule *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	if (len <= RULE_PACKED_MAX)
		get_rule(&in, r);
	if (len > RULE_PACKED_MAX || in.failed || in.p != in.end) {
		snprintf(why, room, "a packed rule is damaged");
		return -EBADMSG;
	}
	if (rule_check(r, why, room))
		return -EBADMSG;
	*out = TAKE_PTR(r);
	return 0;
}
