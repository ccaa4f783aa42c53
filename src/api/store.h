/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_STORE_H
#define BPFD_API_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "api/model.h"

/*
 * What must outlive bpfd and is not in the kernel: an SQLite database in WAL mode and exclusive
 * locking.  Everything that opens a file happens in store_open(); afterwards a sealed process may
 * use it.  Groups and links are journalled: an intent, then done; both survive any process's death.
 *
 * Errors of all functions that write: -ENOSPC, -EIO, -EUCLEAN (the database is damaged), -ENOMEM.
 * They are logged here, and the transaction is undone.
 */
struct store;

/* Once, before any other: what SQLite opens for itself (random numbers), it opens now. */
void	store_init(void);

/*
 * Opens or creates the database.  -ENOTSUP: a newer bpfd's, or another program's; -EUCLEAN: it is
 * damaged; -EBUSY: another process has it.  A database that is not understood is left as it is.
 */
int	store_open(const char *path, struct store **out);
void	store_close(struct store *st);		/* touches paths: not in a sealed process */
int	store_checkpoint(struct store *st);	/* moves the log into the database */

int	store_read(struct store *st, struct model *m);	/* fills an empty model */

/* A group in ROW_INTENT with its object, kept once per digest; sets g->gid. */
int	store_add_group(struct store *st, struct group *g, const void *object, size_t size);
/* Its programs and maps, what is wanted of it after a reboot, and ROW_DONE. */
int	store_finish_group(struct store *st, const struct group *g);
int	store_set_group(struct store *st, uint64_t gid, enum row_state state);
int	store_del_group(struct store *st, uint64_t gid);	/* its object too, if it was the last */
int	store_del_all(struct store *st);	/* every group with all that belongs to it */
int	store_set_prog(struct store *st, uint64_t gid, uint32_t id, enum row_state state);
int	store_del_prog(struct store *st, uint64_t gid, uint32_t id);	/* its links too */

/*
 * The same group, loaded again after a reboot: its programs and maps are those, and each link
 * belongs to the program of the same name.  ROW_DONE, in one transaction.
 */
int	store_restored_group(struct store *st, const struct group *g, const struct msg_prog_facts *progs,
		size_t n_progs, const struct msg_map_facts *maps, size_t n_maps);
/* The object of a group, the caller's.  -ENOENT. */
int	store_object(struct store *st, const struct group *g, void **out, size_t *len);
/* At most max bytes of it from offset on; none behind its end.  *total: of the whole object. */
int	store_object_part(struct store *st, const struct group *g, uint64_t offset, size_t max, void **out,
		size_t *len, uint64_t *total);

/* A link in ROW_INTENT; sets l->facts.link_id. */
int	store_add_link(struct store *st, struct link *l);
int	store_finish_link(struct store *st, const struct link *l);
/* The same link, attached again after a reboot. */
int	store_restored_link(struct store *st, const struct link *l);
/* Program, priority, proceed-on, and what is wanted of it after a reboot. */
int	store_change_link(struct store *st, const struct link *l);
int	store_set_link(struct store *st, uint64_t link_id, enum row_state state);
int	store_del_link(struct store *st, uint64_t link_id);

/* Rules that came by the API.  The numbers of the replaced ones go in the same transaction. */
struct stored_rule {
	uint64_t id;
	const char *name, *tracers;
	const void *text, *packed;
	size_t text_len, packed_len;
	uint32_t uid;
	int64_t created_ns;
};
int	store_add_rule(struct store *st, const struct stored_rule *r, const uint64_t *replaced,
		size_t n_replaced, uint64_t *id);
int	store_del_rules(struct store *st, const uint64_t *ids, size_t n);
/* Calls fn for each; pointers are valid during the call.  What fn returns other than 0 ends it. */
int	store_each_rule(struct store *st, int (*fn)(void *arg, const struct stored_rule *r), void *arg);

#endif
