/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RULES_CHANGE_H
#define BPFD_API_RULES_CHANGE_H

#include "api/rpc.h"
#include "api/rules.h"

/*
 * Changes of rules, for both services.  Each ends the call, by reply() or an error, and writes the
 * audit line; a change is answered when it is in use, or said not to be within SETS_WAIT_S.
 */
typedef void rule_reply(struct call *call, const struct api_rule *r);

struct rule_request {
	const char *file;		/* its stem names a rule without a name; "": "rule.toml" */
	const char *text;
	bool replace, dry_run;
	bool check;			/* a refused rule is an answer, not an error; implies dry_run */
};
void	rules_create_text(struct call *call, const struct rule_request *rq, rule_reply *reply);
/* One that is read already; taken. */
void	rules_create(struct call *call, struct api_rule *take, rule_reply *reply);
void	rules_remove_named(struct call *call, const char *name, const char *tracer,
		void (*reply)(struct call *call));

/* A row for it in place of those; its id. */
struct api;
int	rules_store(struct api *api, struct api_rule *r, const uint64_t *replaced, size_t n);

/* ---- rules_reread.c ---- */
/* Has the texts of stale rules read again, one after the other, and takes what comes of them into use. */
void	rules_reread(struct api *api);

#endif
