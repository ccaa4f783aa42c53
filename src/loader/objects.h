/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_OBJECTS_H
#define BPFD_LOADER_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/messages.h"
#include "loader/attach_suffix.h"
#include "loader/byname.h"
#include "loader/kernel.h"

/*
 * What bpfd keeps in the kernel: programs, maps and links, each pinned, none held by descriptor.
 * The tables are rebuilt from the pins when the loader starts.
 *
 *   prog/GID-ID[-ATTACHTYPE]    map/GID/NAME    link/LINKID[~][-SUFFIX]   byname/NAME
 *   shared/UNIXGROUP/GID-NAME
 *                                               link/LINKID+N    link/LINKID=
 *
 * An attachment may be several links of the kernel's: the second is link/LINKID+1, and so on.  The one
 * without +N is pinned first and unpinned last.  link/LINKID= is the array of its stub (tc_stub.h).
 *
 * The expected attach type is part of the name because the kernel does not tell it.
 */
struct obj_prog {
	uint64_t gid;
	uint32_t id, attach_type;
	bool committed;
	char name[IPC_NAME_MAX], section[IPC_NAME_MAX];	/* "" after a restart: the store knows */
};

struct obj_map {
	uint64_t gid;
	uint32_t id;
	bool by_name;
	char pin[IPC_NAME_MAX + 8];		/* file name under map/GID/ */
	char name[IPC_NAME_MAX];
	char shared[IPC_MAP_GROUP_MAX];		/* unix group with a pin of its own; "" for none */
};

struct obj_link {
	struct msg_link_facts facts;
	bool committed;
	bool linkless;				/* the pin is the program: the hook has no link */
	uint32_t n_more;			/* kernel links beside the first */
	uint32_t dispatcher_id;			/* that it was last seen in; 0 */
	uint32_t xdp_seen;			/* its interface's program when the chain was last looked at */
	bool dispatcher_ours;			/* then nobody else had a program in it */
	bool replacing;				/* comes in the place of the one with its number */
	bool again;				/* of the pin's name: two may be there during a change */
	bool stale;				/* the kernel has another program there than suffix says */
	char suffix[ATTACH_SUFFIX_MAX];		/* of the pin's name, see attach.h; "" for none */
	char netns[IPC_TARGET_MAX];		/* "" after a restart */
};

struct objects {
	struct kernel *kernel;
	struct byname byname;
	int prog_dir, map_dir, link_dir;
	int rtnl;				/* borrowed: names of interfaces */
	struct obj_prog *progs;
	struct obj_map *maps;
	struct obj_link *links;
	size_t n_progs, n_maps, n_links, room_progs, room_maps, room_links;
	int standin;				/* while pins are read: a program, the caller's, */
	uint64_t standin_link;			/* that something stands in for on this link */
};

/*
 * Opens (and makes where missing) the directories in the bpffs whose directory is the working
 * directory, and reads what is pinned.  Leftovers of an interrupted load are unpinned.
 */
int	objects_open(struct objects *t, struct kernel *k, int rtnl);
void	objects_close(struct objects *t);	/* pins stay */

struct obj_prog *objects_prog(const struct objects *t, uint32_t id);	/* NULL: none */
struct obj_link *objects_link(const struct objects *t, uint64_t link_id);	/* not one that is replacing */
struct obj_link *objects_replacing(const struct objects *t, uint64_t link_id);
bool	objects_has_group(const struct objects *t, uint64_t gid);

/* Pins fd and adds it.  What p, m or l says is copied; ids come from the kernel.  Negative errno. */
int	objects_add_prog(struct objects *t, int fd, const struct obj_prog *p);
int	objects_add_map(struct objects *t, int fd, const struct obj_map *m, const char *by_name);
/* Pins the map that was added last for a unix group, which then may read it and nothing more. */
int	objects_share_map(struct objects *t, int fd, const char *unix_group);
void	objects_shared_file(const struct obj_map *m, char *out, size_t size);	/* "" when it is not shared */
/* After all maps are known: those of groups; a pin of a map that is gone is removed. */
int	objects_scan_shared(struct objects *t);
int	objects_add_link(struct objects *t, int fd, const int *more, size_t n_more,
		const struct obj_link *l);

/* Descriptors of pinned objects, the caller's; negative errno. */
int	objects_open_prog(struct objects *t, const struct obj_prog *p);
int	objects_open_map(struct objects *t, const struct obj_map *m);
int	objects_open_link(struct objects *t, const struct obj_link *l);	/* the first */

/* Unpins one program; with the last one of its group the group's maps too. */
void	objects_remove_prog(struct objects *t, uint32_t id);
void	objects_remove_maps(struct objects *t, uint64_t gid);
/* Unpins a link; fd of the first kernel link is closed by the caller afterwards. */
void	objects_remove_link(struct objects *t, struct obj_link *l);
void	objects_unpin_link(struct objects *t, const struct obj_link *l);
/* Keeps in mind that something stands in for this program on a link. */
#define OBJ_SUFFIX_STANDIN "t"
int	objects_mark_standin(struct objects *t, const struct obj_link *l, int prog_fd);
void	objects_unmark_standin(struct objects *t, const struct obj_link *l);
/* Gives its pin another suffix and its own name; fd is what is pinned. */
int	objects_repin_link(struct objects *t, struct obj_link *l, int fd, const char *suffix);
/* The same in two steps: *out is pinned beside l, which objects_unpin_link() ends, or it is *out. */
int	objects_pin_beside(struct objects *t, const struct obj_link *l, int fd, const char *suffix,
		struct obj_link *out);

/* objects_stub.c: the array of a link's stub, the caller's; -ENOENT. */
int	objects_open_stub(struct objects *t, uint64_t link_id);
int	objects_pin_stub(struct objects *t, uint64_t link_id, int array);
/* When the stub is off its hook: unless a link of that number still has one. */
void	objects_drop_stub(struct objects *t, uint64_t link_id);
/* After all links are known: arrays of links that are not there leave. */
int	objects_found_stub(struct objects *t, const char *name);
/* Of a link that was found: which program its stub calls. */
void	objects_stub_facts(struct objects *t, struct obj_link *l);

#endif
