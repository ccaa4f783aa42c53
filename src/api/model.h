/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_MODEL_H
#define BPFD_API_MODEL_H

#include <stdbool.h>
#include <sys/queue.h>

#include "api/idtab.h"
#include "api/kvs.h"
#include "common/auto.h"
#include "ipc/image.h"
#include "ipc/messages.h"

/*
 * What bpfd has: groups (one per load) with their programs, maps and links, as the store and the
 * loader's last inventory say, so that queries cost neither a statement nor a round trip.
 */
#define MODEL_DIGEST_LEN 32		/* SHA-256 */

/* As stored.  INTENT: the kernel work may have begun; REMOVING: it must be finished.  RESTORING: it
 * was done before a reboot and has begun again; in the model that is DONE and a flag. */
enum row_state { ROW_INTENT = 0, ROW_DONE = 1, ROW_REMOVING = 2, ROW_RESTORING = 3 };

/*
 * What came with the load or attachment of something persistent, as it was asked for: enough to ask
 * the loader for the same once more, with the token that it gave.  See ipc/messages.h.
 */
struct wanted_load {
	uint64_t type_grant;
	struct msg_token token;
	char map_group[IPC_MAP_GROUP_MAX];
	uint32_t n_progs;
	struct load_prog progs[];
};
struct wanted_link {
	struct msg_token token;
	uint32_t uid, flags, proceed_on;
	int32_t priority;
	char target[IPC_TARGET_MAX], direction[16], mode[16];
	char options[IPC_OPTIONS_MAX];
};

/* The image that a load's object came from, as bpfd-fetch found it then. */
struct group_image {
	enum image_pull policy;			/* as asked for, like url */
	enum image_signature signature;
	char url[IMAGE_REF_MAX], ref[IMAGE_REF_MAX], digest[IMAGE_DIGEST_MAX];
	char signer[512], issuer[256];
};

/* LIVE: its pin was there; LOST: a row without pin; ORPHAN: a pin without row. */
enum live_state { LIVE_UNKNOWN, LIVE, LIVE_LOST, LIVE_ORPHAN };

struct prog {
	TAILQ_ENTRY(prog) in_group;
	struct group *group;
	enum row_state state;
	enum live_state live;
	struct msg_prog_facts facts;
};

struct map {
	TAILQ_ENTRY(map) in_group;
	enum live_state live;
	struct msg_map_facts facts;
};

struct link {
	TAILQ_ENTRY(link) in_group;
	struct group *group;
	enum row_state state;
	enum live_state live;
	struct msg_link_facts facts;
	char netns[IPC_TARGET_MAX];
	uint32_t proceed_on;		/* the set in force; that which was asked for is wanted's */
	int64_t attached_ns;		/* since 1970 */
	struct kvs metadata, options;	/* options: of the attach kind */
	struct wanted_link *wanted;	/* NULL: not persistent */
	uint64_t wish;			/* the link that brought it, see wishes.h; 0: a client */
	struct msg_token wish_token;
	struct kvs fits;		/* dry run of a wish: interfaces, and why not to them */
	char *reason;			/* why it is lost, when that is known; or NULL */
	int64_t tries_since_ms;		/* own.c: attached again so often, since then */
	uint32_t tries;
	bool restoring;
	bool differs;			/* the kernel has another program, priority or proceed-on set */
};

struct group {
	TAILQ_ENTRY(group) in_model;
	TAILQ_HEAD(prog_list, prog) progs;
	TAILQ_HEAD(map_list, map) maps;
	TAILQ_HEAD(link_list, link) links;
	uint64_t gid, map_owner;
	enum row_state state;
	bool orphan;			/* has no row */
	unsigned int busy;		/* requests that are working on it */
	unsigned int sharers;		/* groups that use its maps */
	uint32_t uid;
	int64_t loaded_ns;		/* since 1970 */
	uint64_t object_bytes;
	uint8_t digest[MODEL_DIGEST_LEN];
	char *source, *uuid;		/* "" when unknown */
	struct kvs metadata, globals;
	struct wanted_load *wanted;	/* NULL: not persistent */
	struct group_image *image;	/* NULL: came from none */
	char *reason;			/* why it is lost, when that is known; or NULL */
	bool restoring;
};

struct model {
	TAILQ_HEAD(group_list, group) groups;	/* by gid, ascending */
	struct idtab gids, progs, links;	/* progs: those whose kernel id is theirs */
	size_t n_progs, n_links;
};

void	model_init(struct model *m);
void	model_clear(struct model *m);

/* A group that is in no model yet. NULL: no memory. */
struct group *group_new(void);
void	group_free(struct group *g);
int	group_set(char **field, const char *text);	/* -ENOMEM */

/* It is attached to no interface itself, but to all that fit, as they come. */
static inline bool
link_is_wish(const struct link *l)
{
	return l->wanted && (l->wanted->flags & ATTACH_FUTURE);
}

/* Each takes what it is given only on 0.  -ENOMEM, -EEXIST. */
int	model_add_group(struct model *m, struct group *take);
int	model_add_prog(struct model *m, struct group *g, const struct msg_prog_facts *facts,
		enum live_state live);
int	model_add_map(struct group *g, const struct msg_map_facts *facts, enum live_state live);
int	model_add_link(struct model *m, struct group *g, struct link *take);

struct group *model_group(const struct model *m, uint64_t gid);
struct prog *model_prog(const struct model *m, uint32_t id);	/* never a lost one */
struct link *model_link(const struct model *m, uint64_t link_id);

/* Programs and maps are these now; every program of before is among them.  -ENOMEM. */
int	model_replace(struct model *m, struct group *g, const struct msg_prog_facts *progs, size_t n_progs,
		const struct msg_map_facts *maps, size_t n_maps);
/* The link belongs to another program's group now. */
void	model_move_link(struct link *l, struct group *g);

/* A lost program's number is no longer its own: model_prog() stops finding it. */
void	model_prog_lost(struct model *m, struct prog *p);

/* What there is, without what is only intended. */
struct model_count {
	size_t progs, links, lost, orphans;	/* lost and orphans: programs and links */
	size_t waiting;				/* wishes, which links does not count */
};
struct model_count model_count(const struct model *m);

void	model_del_group(struct model *m, struct group *g);
void	model_del_prog(struct model *m, struct prog *p);
void	model_del_link(struct model *m, struct link *l);
void	link_free(struct link *l);

AUTO_DEFINE(group, struct group *, group_free)
AUTO_DEFINE(link, struct link *, link_free)

#endif
