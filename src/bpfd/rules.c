/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"

static int
standard_actions(void)
{
	AUTO(mem) struct action_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	action_table_init(t);
	return memfd_sealed("bpfd-actions", t, sizeof(*t));
}

void
rules_read(struct sup *s)
{
	close_keep_errno(s->lasting.rules);
	close_keep_errno(s->lasting.actions);
	s->lasting.rules = memfd_sealed("bpfd-rules", "", 0);
	s->lasting.actions = standard_actions();
}
