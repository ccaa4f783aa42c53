/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_BPFAUDIT_H
#define BPFD_BPF_BPFAUDIT_H

/* Of the tracer bpf.  Not bpf/bpf.h: that is libbpf's. */
#include "bpf/event.h"

/* The event's number, the command's (linux/bpf.h), and its name.  BPFCMD(ID, number, name) */
#define EV_BPF_COMMANDS(COMMAND)                                                                   \
	COMMAND(MAP_CREATE, 0, "map_create")                                                       \
	COMMAND(PROG_LOAD, 5, "prog_load")                                                         \
	COMMAND(OBJ_PIN, 6, "obj_pin")                                                             \
	COMMAND(OBJ_GET, 7, "obj_get")                                                             \
	COMMAND(PROG_ATTACH, 8, "prog_attach")                                                     \
	COMMAND(PROG_DETACH, 9, "prog_detach")                                                     \
	COMMAND(PROG_BY_ID, 13, "prog_get_fd_by_id")                                               \
	COMMAND(MAP_BY_ID, 14, "map_get_fd_by_id")                                                 \
	COMMAND(RAW_TP_OPEN, 17, "raw_tracepoint_open")                                            \
	COMMAND(BTF_LOAD, 18, "btf_load")                                                          \
	COMMAND(BTF_BY_ID, 19, "btf_get_fd_by_id")                                                 \
	COMMAND(LINK_CREATE, 28, "link_create")                                                    \
	COMMAND(LINK_UPDATE, 29, "link_update")                                                    \
	COMMAND(LINK_BY_ID, 30, "link_get_fd_by_id")                                               \
	COMMAND(ENABLE_STATS, 32, "enable_stats")                                                  \
	COMMAND(ITER_CREATE, 33, "iter_create")                                                    \
	COMMAND(LINK_DETACH, 34, "link_detach")                                                    \
	COMMAND(TOKEN_CREATE, 36, "token_create")
enum ev_bpfaudit_event {
#define BPFAUDIT_ID(id, number, name) BPFAUDIT_##id,
	EV_BPF_COMMANDS(BPFAUDIT_ID)
#undef BPFAUDIT_ID
	N_BPFAUDITS
};

/* What a program that is loaded would do to processes; UNREAD: it has more instructions than are looked at. */
enum ev_bpf_helper {
	BPFAUDIT_WRITE_USER = 1, BPFAUDIT_OVERRIDE_RETURN = 2, BPFAUDIT_SEND_SIGNAL = 4, BPFAUDIT_UNREAD = 8,
};

enum ev_bpf_object { BPFAUDIT_NOTHING, BPFAUDIT_PROG, BPFAUDIT_MAP, BPFAUDIT_LINK, BPFAUDIT_BTF };

struct ev_bpfaudit {
	struct ev_hdr h;		/* event: enum ev_bpfaudit_event */
	/*
	 * What the call made, got, pinned, changed: the kernel's, but for a failed PROG_LOAD and
	 * MAP_CREATE, of which type, name and sizes are as asked for (EV_UNTRUSTED).
	 */
	__u32 object;			/* enum ev_bpf_object */
	__u32 id;
	char name[16];			/* of a program or map; of a link its program's */
	__u32 prog_type;		/* of a program, and of a link's; ~0: of neither */
	__u32 prog_id;			/* of a link, of what is attached: its program's */
	__u32 insns;			/* of a program, as the kernel has them */
	__u32 map_type, link_type;	/* ~0: no map, no link */
	__u32 key_size, value_size, max_entries;	/* of a map */
	__u32 attach_type;		/* expected by a program, or of what is attached; ~0: none */
	__u32 ifindex;			/* where a program for packets is attached, or 0 */
	__u32 self;			/* one of bpfd's own processes did it */
	/* path: of a pin, as given.  target: a cgroup's path, a tracepoint, a function of the kernel. */
	struct ev_str path, target;
	__u32 helpers;			/* PROG_LOAD: enum ev_bpf_helper, by its instructions as given */
};
_Static_assert(sizeof(struct ev_bpfaudit) == 176, "record of bpf");

#endif
