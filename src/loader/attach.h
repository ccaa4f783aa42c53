/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_ATTACH_H
#define BPFD_LOADER_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/config.h"
#include "ipc/messages.h"
#include "loader/attach_suffix.h"

struct loader;

/* What an attach kind gets: everything is checked for NUL and range by attach_run(). */
struct attach_in {
	struct loader *ld;			/* for oneshot_fd() */
	const struct config *cfg;
	const struct msg_attach *req;
	uint64_t gid;				/* of the program */
	int prog_fd;				/* borrowed */
	uint32_t prog_type, prog_attach_type;
	bool chained;				/* an XDP program that was loaded for a dispatcher */
	int rtnl;				/* NETLINK_ROUTE socket of the host's namespace, borrowed */
	const struct attach_who *who;		/* asks; NULL only where found is given */
	const struct attach_found *found;	/* what attach_look() asked for; NULL: it did not */
	/* The link that this one takes the place of, and its pin_suffix; NULL: a new one. */
	const struct msg_link_facts *replaces;
	const char *replaces_suffix;
};

/* A client, or at a restart its user of before, as the token says that came with the request. */
struct attach_who {
	int client;				/* socket, borrowed; -1: none */
	uint32_t uid;				/* without a socket */
};

/* Places in a file, as a linker found them. */
struct attach_found {
	int file;				/* borrowed */
	const struct msg_linked_site *sites;
	size_t n;
};

/*
 * What it gives back.  link_fd: the kernel's link, the caller's; -1 when the hook has no link
 * (clsact) and after a dry run.  more: further kernel links that are the same attachment (an event of
 * each processor, each place of a probe); attach_out_close() closes and frees all.  pin_suffix (bpffs name
 * characters, no dot) becomes part of the pin's name: without a link what is needed to take it off;
 * with one what the kernel does not keep (priority, network namespace), or "".
 * attach_suffix_facts() reads it back after a restart.
 * stub_fd: the program that the hook has in the place of the one that was asked for, or -1.
 * facts: all but link_id, gid; filled by a dry run too.
 */
#define ATTACH_LINKS_MAX 512		/* kernel links of one attachment, beside one for each processor */
struct attach_out {
	int link_fd, stub_fd;
	int *more;
	size_t n_more;
	struct msg_link_facts facts;
	char pin_suffix[ATTACH_SUFFIX_MAX];
};
#define ATTACH_OUT_NONE { .link_fd = -1, .stub_fd = -1 }

/* What the link's pin is of, where it is not a link; prog_fd: the program that was asked for. */
static inline int
attach_out_pinned(const struct attach_out *out, int prog_fd)
{
	return out->link_fd >= 0 ? out->link_fd : out->stub_fd >= 0 ? out->stub_fd : prog_fd;
}

/* One of a kind's own options, as people write them: NAME=VALUE. */
struct attach_option {
	const char *name;		/* a-z, 0-9, - */
	const char *values;		/* "number" (decimal or 0x), "flag" (yes or no), "a|b|c", or "": any text */
	const char *help;
};

/* After the check by attach_run().  NULL, false: not given. */
const char *attach_text(const struct attach_in *in, const char *name);
bool	attach_number(const struct attach_in *in, const char *name, uint64_t *out);
bool	attach_flag(const struct attach_in *in, const char *name);

enum { TAKES_TARGET = 1, TAKES_NETNS = 2, TAKES_DIRECTION = 4, TAKES_MODE = 8, TAKES_COOKIE = 16,
	TAKES_WISH = 32 /* its target is an interface, which may be still to come */ };

/*
 * One attach kind, registered in attach.def as ATTACH_KIND(name) with a definition
 *   const struct attach_kind attach_kind_NAME in src/loader/attach_*.c
 */
struct attach_kind {
	const char *name;		/* word on the command line */
	const char *target;		/* word for help, e.g. "INTERFACE" */
	const char *help;
	uint64_t prog_types;		/* bit per BPF_PROG_TYPE_* that it accepts */
	uint32_t takes;			/* TAKES_*: what of a request it uses */
	const char *directions;		/* "primary|peer"; first a bar: it may be left out.  NULL: ingress, egress */
	const struct attach_option *options;	/* its own, ended by one without name; NULL: none */
	const char *sections;		/* "a|b": section a/X of a program names X as target; NULL */
	/* Why this kernel lacks it, or NULL; called once at start, before the sandbox. */
	const char *(*unavailable)(const struct config *cfg);
	/*
	 * NULL unless it attaches to places in a file that a linker must find, for the file is anybody's:
	 * opens it and says what is to be found.  1: *file (the caller's) and *what are filled, and
	 * attach() is called when it was found; 0: nothing; negative errno with res filled.
	 */
	int (*look)(const struct attach_in *in, struct msg_link_sites *what, int *file,
			struct msg_result *res);
	/* 0, or negative errno with res filled.  With ATTACH_DRY_RUN nothing is attached. */
	int (*attach)(const struct attach_in *in, struct attach_out *out, struct msg_result *res);
};

/* All kinds in the order of attach.def; *n of them. */
const struct attach_kind *const *attach_kinds(size_t *n);

/* Opens the sockets and asks the kernel what it has, before the sandbox. */
int	attach_init(const struct config *cfg, int *rtnl_out);
const char *attach_unavailable(const struct attach_kind *k);	/* "" when available */
/* Why this kernel has no hook at all for programs of a type, or for this of its hooks; NULL. */
const char *attach_no_hook(uint32_t prog_type, uint32_t attach_type);

/*
 * Finds the kind, checks the request (kind known - else the text lists those there are -, strings,
 * priority 1..1000, options that the kind has, program type accepted), and runs it.
 */
int	attach_run(const struct attach_in *in, struct attach_out *out, struct msg_result *res);
/* For a wish: the same checks, but for what only the interface tells.  facts: as of the request. */
int	attach_wish(const struct attach_in *in, struct msg_link_facts *facts, struct msg_result *res);

/* Without a target: the one that the program's section names, if the kind takes any of those. */
void	attach_default_target(struct msg_attach *req);

/* Before attach_run(): the same checks, and what a linker must find first, as look() above. */
int	attach_look(const struct attach_in *in, struct msg_link_sites *what, int *file,
		struct msg_result *res);

/* One more kernel link of an attachment; takes fd.  -ENOMEM. */
int	attach_out_add(struct attach_out *out, int take_fd);
void	attach_out_close(struct attach_out *out);

/* Takes off what has no kernel link, by its pin_suffix; netns as in msg_attach.  Something that is
 * gone already, with its interface or namespace too, is success. */
int	attach_detach_suffix(struct loader *ld, const struct config *cfg, int rtnl,
		const char *pin_suffix, const char *netns, struct msg_result *res);

/*
 * Fills what BPF_OBJ_GET_INFO_BY_FD says of a link into *facts, at inventory after a restart: ids,
 * type, ifindex, cookie and what follows: kind, backend, target (an interface by its name where
 * rtnl, if not -1, knows it), direction.  A link of kind raw_tracepoint whose program is of type
 * TRACING is tp_btf: prog_type, of the program facts->prog_id, tells; 0 when not known.  This and
 * attach_suffix_facts() add to the same facts, in any order.
 */
int	attach_link_info(int link_fd, uint32_t prog_type, int rtnl, struct msg_link_facts *facts);
/* The same from what the kernel said to somebody else; name: of a tracepoint or iterator. */
struct compat_link_info;
int	attach_link_describe(const struct compat_link_info *info, const char *name, uint32_t prog_type, int rtnl,
		struct msg_link_facts *facts);

/* Whether a link of this type is taken off by the kernel when what it is attached to goes away. */
bool	attach_can_go(uint32_t kernel_link_type);
/* That happened. */
bool	attach_link_gone(int link_fd);

/* Whether what a pin_suffix says is in the kernel: 1, 0; -1: not known. */
int	attach_suffix_there(const char *pin_suffix, int rtnl);
/* It is a filter, and is not there, wherever its namespace is: that costs a process. */
bool	attach_suffix_gone(struct loader *ld, const char *pin_suffix, const char *netns, int rtnl);

/*
 * Puts the program into the kernel's link, which is never without one: 0; -EOPNOTSUPP: links of its
 * type keep the program that they were made with.  old_fd, if not -1, is what must be there now.
 * link_fd -1: only whether it can.
 */
int	attach_replace(int link_fd, uint32_t link_type, int prog_fd, int old_fd);
/* Another priority of the link means another place for its program. */
bool	attach_has_order(const struct msg_link_facts *link);

/*
 * Adds to *facts what a pin_suffix says, at inventory.  1: the pin is a program, attached without
 * a kernel link (kind, direction, ifindex, ... are filled); 0: the pin is a link; -EINVAL.
 */
int	attach_suffix_facts(const char *pin_suffix, int rtnl, struct msg_link_facts *facts);

/*
 * The loader's table of links (not part of attach*.c): calls each() for every link that bpfd has,
 * until it returns non-zero, which is returned; 0 at the end.
 */
int	loader_links_each(struct loader *ld, int (*each)(void *arg, const struct msg_link_facts *l),
		void *arg);
/* The same for the maps of a program's load, those that it shares too. */
int	loader_maps_of(struct loader *ld, uint32_t prog_id,
		int (*each)(void *arg, uint32_t id, const char *name), void *arg);
/* A program that bpfd keeps.  The caller's descriptor; negative errno. */
int	loader_prog_open(struct loader *ld, uint32_t id);

/* And its table of maps: the map of a group by name, or any of bpfd's by id, all digits.  The caller's
 * descriptor; -ENOENT. */
int	loader_map_open(struct loader *ld, uint64_t gid, const char *which);

/*
 * Pins the attachment before it is made (out: facts, pin_suffix), for what leaves something behind if
 * this process dies between: after a restart it is found and undone.  loader_forget() takes it back.
 */
int	loader_keep_first(const struct attach_in *in, struct attach_out *out, struct msg_result *res);
void	loader_forget(const struct attach_in *in);

/*
 * A stub for the program (tc_stub.h), whose array is pinned beside the link: of a link that is changed,
 * the one that it has.  Fills out->stub_fd and out->facts.stub_id.
 */
int	loader_stub(const struct attach_in *in, uint32_t proceed_on, bool clsact, struct attach_out *out,
		struct msg_result *res);

/* A descriptor of the namespace with this inode, known as spec or ""; -1 for the host's.  -ESRCH: it is
 * gone; other negative errno fill res. */
int	attach_netns_fd(struct loader *ld, const char *spec, uint64_t ino, int *fd, struct msg_result *res);

/* What libxdp has on an interface, in order.  netns: of the interface, -1 for the host's. */
struct xdp_chain {
	uint32_t dispatcher_id, mode, flags;	/* as in struct msg_xdp_done */
	size_t n;
	struct msg_xdp_prog progs[XDP_PROGS_MAX];
};
const struct msg_xdp_prog *xdp_chain_prog(const struct xdp_chain *c, uint32_t prog_id);	/* NULL */

/*
 * A change, or a look with XDP_LIST, by bpfd-xdp.  *out is the chain as it is afterwards.  When that
 * process dies, what it left is removed and the change is a success if it took place, else a refusal.
 */
int	loader_xdp_add(struct loader *ld, const struct msg_xdp_add *m, int prog_fd, int netns,
		struct xdp_chain *out, struct msg_result *res);
int	loader_xdp_del(struct loader *ld, const struct msg_xdp_del *m, int netns, struct xdp_chain *out,
		struct msg_result *res);
int	loader_xdp_list(struct loader *ld, uint32_t ifindex, int netns, struct xdp_chain *out,
		struct msg_result *res);

/* The map of this name of a group: its id, 0 when there is none; *fd, unless NULL, is the caller's. */
uint32_t loader_group_map(struct loader *ld, uint64_t gid, const char *name, int *fd);

#endif
