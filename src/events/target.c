/* SPDX-License-Identifier: Apache-2.0 */
#include "events/target.h"

#include <string.h>

bool
target_get_uid(const struct event *e, const struct field *f, struct value *out)
{
	const char *at = (const char *)e->ev + f->off - offsetof(struct ev_target, uid);
	struct ev_target t;

	memcpy(&t, at, sizeof(t));
	out->u = t.uid;
	return t.start;
}
