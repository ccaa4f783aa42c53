/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RULES_H
#define BPFD_API_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "api/events.h"
#include "common/auto.h"
#include "ipc/actions.h"
#include "ipc/config.h"
#include "ipc/messages.h"

/* The rules that bpfd has: of files, read once at start, and created ones, which the store keeps. */
struct store;

struct api_rule {
	TAILQ_ENTRY(api_rule) link;
	struct rule *rule;		/* NULL: its file could not be read as a rule */
	char name[RULE_NAME_MAX];
	char *text, *source;		/* never NULL; source: path of the file, or "" */
	void *packed;			/* NULL without rule */
	size_t packed_len;
	enum rule_origin origin;
	uint64_t id;			/* of its row; 0: none */
	uint32_t uid;			/* who created it */
	int64_t created_ns;
	struct rule_problem *problems;
	size_t n_problems;
	bool refused;			/* shown, not in use */
	bool stale;			/* to be read again: stored by another bpfd, or lists may be others now */
	bool enforce;			/* mode, origin and configuration all say so */
	/* Of a rule with the action deny or kernel_kill (api/enforce.h): */
	void *decisions;		/* packed: what is done about the kernel's decisions; NULL: an ordinary rule */
	size_t decisions_len;
	bool in_kernel;			/* it is in the kernel's table */
	char *kernel_why;		/* why not; NULL */
	uint64_t actions[N_SEVERITIES];	/* bits of the action table */
};
TAILQ_HEAD(api_rule_list, api_rule);

struct rules {
	struct api_rule_list all;	/* files by name, then created ones by age */
	size_t n;
};

/* Who brings a rule: decides what it may do. */
struct rule_by {
	enum rule_origin origin;
	uid_t uid;
	enum config_role role;
};

void	rules_init(struct rules *rs);
void	rules_clear(struct rules *rs);

struct api_rule *rules_new(const char *name, const char *source, const char *text, size_t len);
void	api_rule_free(struct api_rule *r);
AUTO_DEFINE(api_rule, struct api_rule *, api_rule_free)

/* Without memory, or beyond some dozens, the remark is lost and nothing else. */
void	rules_problem(struct api_rule *r, bool warning, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
void	rules_problems(struct api_rule *r, const struct parsed_file *f);	/* those of its file */
/* Checks packed bytes and makes them the rule's. -EBADMSG with why, -ENOMEM. */
int	rules_take_packed(struct api_rule *r, const void *packed, size_t len, char *why, size_t room);

/* Problems of "after" as the rules are now: warnings. */
void	rules_warn_after(const struct rules *rs, struct api_rule *r);
/* Whether somebody of that role may have these tracers' events.  As rules_admit(). */
enum ipc_code rules_admit_tracers(uint64_t tracers, const struct config *cfg, enum config_role role,
		char *why, size_t room);
/*
 * What the configuration says to a rule: resolves its actions, decides enforce.  IPC_OK, or the
 * code of a refusal with why.  What is only restricted becomes a problem of the rule.
 */
enum ipc_code rules_admit(struct api_rule *r, const struct config *cfg,
		const struct action_table *actions, const struct rule_by *by, char *why, size_t room);

/* A rule in use with the same name and one of its tracers, after at (NULL: from the first). */
struct api_rule *rules_same(const struct rules *rs, const struct api_rule *r, struct api_rule *at);
void	rules_insert(struct rules *rs, struct api_rule *take);
void	rules_remove(struct rules *rs, struct api_rule *r);	/* frees it */
/* The next rule of that name (and, if it is not "", tracer) after at. */
struct api_rule *rules_find(const struct rules *rs, const char *name, const char *tracer,
		struct api_rule *at);

/* In use: takes part in the rule set. */
bool	rules_active(const struct api_rule *r);
const char *rules_state(const struct api_rule *r);

/* At start: START_RULES' bytes (NULL: none), then the store's. */
int	rules_read(struct rules *rs, const struct config *cfg, const struct action_table *actions,
		const void *files, size_t len, struct store *st);

/* Tracers that may be attached at all: not denied, and allowed if they are sensitive. */
void	rules_tracer_names(uint64_t tracers, char *out, size_t size);	/* "exec,open" */

#endif
