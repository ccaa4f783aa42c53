/* SPDX-License-Identifier: Apache-2.0 */
/* Which actions are there by themselves. */
#include <stdio.h>
#include <string.h>

#include "common/closest.h"
#include "ipc/actions.h"
#include "rules/enforce.h"
#include "rules/rule.h"

const char *
rule_action_missing(const char *name)
{
	static char why[700];
	struct closest near;

	if (enforce_verb(name))
		return NULL;
	closest_init(&near, name);
	for (uint32_t type = 0; type < N_ACTION_TYPES; type++) {
		const bool same = strcmp(action_types[type].name, name) == 0;

		if (same && !action_needs_file(type))
			return NULL;
		if (same)
			return "an action of this type needs a file, whose name is the action's";
		closest_offer(&near, action_types[type].name);
	}
	snprintf(why, sizeof(why), "there is no action %.64s%s", name, CLOSEST_TEXT(&near));
	return why;
}
