/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ruleset.h"

#include <errno.h>

#include "rules/flat.h"

#define RULESET_MAGIC	0x74657372u
#define RULESET_BYTES_MAX ((size_t)1 << 30)

int
ruleset_pack(const struct ruleset *set, void **out, size_t *len)
{
	struct flat_out o = { .max = RULESET_BYTES_MAX };

	if (set->n > RULESET_MAX)
		return -E2BIG;
	flat_put_u32(&o, RULESET_MAGIC);
	flat_put_u32(&o, set->generation);
	flat_put_u64(&o, set->default_actions);
	flat_put_u64(&o, set->defaults);
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
