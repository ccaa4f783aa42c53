/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ruleset.h"

#include <errno.h>

#include "rules/flat.h"

#define RULESET_MAGIC	0x75657372u
#define RULESET_BYTES_MAX ((size_t)1 << 30)

int
ruleset_pack(const struct ruleset *set, void **out, size_t *len)
{
	struct flat_out o = { .max = RULESET_BYTES_MAX };

	if (set->n > RULESET_MAX || set->n_redact > RULESET_REDACT_MAX)
		return -E2BIG;
	flat_put_u32(&o, RULESET_MAGIC);
	flat_put_u32(&o, set->generation);
	flat_put_u64(&o, set->default_actions);
	flat_put_u64(&o, set->defaults);
	flat_put_u32(&o, set->n_redact);
	for (uint32_t i = 0; i < set->n_redact; i++) {
		char item[REDACT_ITEM_MAX] = "";

		memcpy(item, set->redact[i], strnlen(set->redact[i], sizeof(item) - 1));
		flat_put(&o, item, sizeof(item));
	}
	flat_put_u32(&o, (uint32_t)set->n);
	for (size_t i = 0; i < set->n; i++) {
		const struct ruleset_entry *e = &set->entries[i];

		for (unsigned int s = 0; s < N_SEVERITIES; s++)
			flat_put_u64(&o, e->actions[s]);
		flat_put_u64(&o, e->stream);
		flat_put_u32(&o, e->enforce);
		flat_put_bytes(&o, e->packed, e->packed_len);
	}
	if (o.failed) {
		free(o.data);
		return -E2BIG;
	}
	*out = o.data;
	*len = o.len;
	return 0;
}

/* Pointers into the bytes: valid as long as they are. */
static bool
get_redact(struct flat_in *in, struct ruleset *head)
{
	static const char *items[RULESET_REDACT_MAX];

	head->n_redact = flat_get_below(in, RULESET_REDACT_MAX + 1);
	for (uint32_t i = 0; i < head->n_redact && !in->failed; i++) {
		items[i] = flat_get(in, REDACT_ITEM_MAX);
		if (!items[i] || !memchr(items[i], '\0', REDACT_ITEM_MAX))
			return false;
	}
	head->redact = items;
	return !in->failed;
}

int
ruleset_read(const void *bytes, size_t len, struct ruleset *head,
	int (*fn)(void *arg, const struct ruleset_entry *e), void *arg)
{
	struct flat_in in = { .p = bytes, .end = (const char *)bytes + len };
	uint32_t n;
	int err = 0;

	if (flat_get_u32(&in) != RULESET_MAGIC)
		return -EBADMSG;
	head->generation = flat_get_u32(&in);
	head->default_actions = flat_get_u64(&in);
	head->defaults = flat_get_u64(&in);
	if (!get_redact(&in, head))
		return -EBADMSG;
	head->n = n = flat_get_below(&in, RULESET_MAX + 1);
	if (in.failed || n > (size_t)(in.end - in.p) / 16)
		return -EBADMSG;
	for (uint32_t i = 0; i < n && !err; i++) {
		struct ruleset_entry e = { 0 };

		for (unsigned int s = 0; s < N_SEVERITIES; s++)
			e.actions[s] = flat_get_u64(&in);
		e.stream = flat_get_u64(&in);
		e.enforce = flat_get_below(&in, 2);
		e.packed = flat_get_bytes(&in, &e.packed_len);
		if (in.failed || (e.stream & (e.stream - 1)))
			return -EBADMSG;
		err = fn(arg, &e);
	}
	return err ? err : in.p == in.end ? 0 : -EBADMSG;
}
