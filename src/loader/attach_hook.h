/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_ATTACH_HOOK_H
#define BPFD_LOADER_ATTACH_HOOK_H

#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stdint.h>

#include "loader/attach.h"
#include "loader/netlink.h"
#include "loader/tc_stub.h"

/* What the attach kinds share. */
#define PROG_BIT(type) (1ULL << BPF_PROG_TYPE_##type)

/* What attach_init() learned of the host. */
struct attach_host {
	uint64_t netns_ino;
	bool lockdown;				/* fentry and freplace are refused */
	unsigned int kernel;			/* major << 8 | minor */
	int netns;				/* a descriptor of the host's, or -1 */
	char cgroup2[IPC_TARGET_MAX];		/* where version 2 is mounted, "": nowhere */
};
const struct attach_host *attach_host(void);

/* Whether one of a policy's patterns matches. */
bool	attach_policy_allows(const struct conf_PATTERNS *p, const char *name);

/*
 * A cgroup of version 2: target is a path below the mount or relative to it; policy.cgroups is asked.
 * it->take_fd, O_PATH, is the caller's; -1 after an error.
 */
struct attach_cgroup {
	int take_fd;
	uint64_t id;				/* the kernel's, as in its link */
	char path[IPC_TARGET_MAX];		/* of its directory, one spelling for each */
};
int	attach_cgroup(const struct attach_in *in, const char *target, struct attach_cgroup *it,
		struct msg_result *res);
const char *attach_no_cgroup2(void);		/* why there are none, or NULL */
/* Why this kernel has no such hook of unix sockets; NULL: it has, or it is another one. */
const char *attach_no_unix(uint32_t attach_type);
/* Of bpfd's own programs: hook is "post_bind4".  The caller's link beside others, or -errno. */
int	attach_cgroup_link(int prog, int cgroup, const char *hook);
/* Of a kernel link on a cgroup: kind, direction, attach_type.  False: no hook of these kinds. */
bool	attach_cgroup_facts(uint32_t attach_type, struct msg_link_facts *facts);

/*
 * Where a new program belongs on a hook: lower priority first, equal ones as they came, among bpfd's
 * own, told by what of hook is not its priority.  Other tools' programs stay where they are.  Flags
 * and relative link of BPF_LINK_CREATE, 0 when bpfd has none there.
 */
struct attach_order { uint32_t flags, relative_id; };
void	attach_order(const struct attach_in *in, const struct msg_link_facts *hook,
		struct attach_order *out);

/* The interface of a request. */
struct attach_iface {
	char target[IPC_TARGET_MAX];		/* its name; unless found, the target as it came */
	uint32_t ifindex, xdp_prog_id;		/* 0 unless found */
	uint64_t netns_ino;
	int take_sock;				/* NETLINK_ROUTE socket there, or -1: the host's */
	bool found;				/* else a oneshot finds it while it attaches */
};

/*
 * Finds the interface and asks the policy.  In another namespace that costs a process, so without
 * full it is left to the oneshot that attaches, unless the policy needs the name or it is a dry run.
 * it->take_sock is the caller's; -1 after an error.
 */
int	attach_iface(const struct attach_in *in, bool full, struct attach_iface *it,
		struct msg_result *res);

/* Fills out->facts with what the interface adds to the request. */
void	attach_iface_facts(const struct attach_iface *it, struct msg_link_facts *facts);

/*
 * BPF_LINK_CREATE on an interface, by a oneshot when the request has a namespace.  *flags: in as
 * struct msg_netns_link, out those used.  Returns the link, or a negative errno with res filled
 * only if it came from a oneshot (res->code is IPC_OK otherwise); it is complete then.
 */
int	attach_iface_link(const struct attach_in *in, struct attach_iface *it, uint32_t attach_type,
		uint32_t *flags, uint32_t relative_id, struct msg_result *res);

/* -EEXIST with res filled when bpfd has the program on that hook already, else 0. */
int	attach_check_new(const struct attach_in *in, const struct msg_link_facts *want,
		struct msg_result *res);

/*
 * Hooks that a program is loaded for (attach_btf.c).  The kernel's BTF and what securityfs says are
 * read before the sandbox, by attach_btf_init().
 */
struct btf_file;
void	attach_btf_init(void);
struct btf_file *attach_vmlinux(void);		/* ->fd is -1 when the kernel has none */
const char *attach_no_vmlinux(void);		/* why not, or NULL */
const char *attach_no_trampolines(void);	/* why this kernel takes no fentry, lsm, ...; NULL */
const char *attach_no_bpf_lsm(void);		/* why lsm programs would not run; NULL */
/* The hook's name without the prefix of its attach type; out is "" after an error. */
int	attach_btf_name(uint32_t attach_type, uint32_t btf_id, char out[IPC_TARGET_MAX]);
/* That of in->prog_fd; -ENOENT: a kernel before 6.0 does not tell. */
int	attach_btf_hook(const struct attach_in *in, char out[IPC_TARGET_MAX]);
/* Fills facts->target with the hook of in->prog_fd; one that the request names must be it. */
int	attach_btf_target(const struct attach_in *in, struct msg_link_facts *facts,
		struct msg_result *res);

/* Takes a filter off a socket, attach_socket_filter.c. */
struct attach_suffix;
int	attach_socket_off(struct loader *ld, const struct attach_suffix *s, struct msg_result *res);

/* struct_ops (attach_struct_ops.c); for the broker too, see its members of these names. */
bool	attach_ops_links(void);
int	attach_ops_slots(uint32_t value_type, uint32_t value_size, uint32_t *offsets, size_t room,
		size_t *n);

/*
 * Of hooks that one target may stand for several of: a hash tells them apart, kept by the pin's name.
 * attach_hook() puts it into out->facts and out->pin_suffix.
 */
#define ATTACH_HASH_INIT 0xcbf29ce484222325ULL
uint64_t attach_hash(uint64_t h, const void *p, size_t len);
void	attach_hook(struct attach_out *out, uint64_t hook);

/* What a program was loaded for is the attach type wanted (0: no kind of multi).  -EINVAL. */
int	attach_check_type(const struct attach_in *in, uint32_t wanted, struct msg_result *res);

/* Why the kernel has no links of this attach type of programs of type kprobe, or NULL; at start. */
const char *attach_no_multi(uint32_t attach_type, const char *why);

/* The links of perf events, as they come from a oneshot: each for oneshot_fds(). */
struct attach_events {
	const struct attach_in *in;
	struct attach_out *out;
	const char *what;			/* for texts: "function f" */
	const uint64_t *cookies;		/* of each event; NULL: the request's */
	size_t n;
};
int	attach_event(void *arg, int take_fd, struct msg_result *res);

/* attach_file.c: places in a file: FILE, or FILE:FUNCTION[+OFFSET] where no option says one. */
struct attach_place {
	struct msg_file file;
	char function[IPC_OPTIONS_MAX];		/* "": only an offset */
	uint64_t offset;
	uint32_t pid;
};
#define ATTACH_OPTIONS_FILE                                                                            \
	{ "pid", "number", "only in this process; without it in all" },                                \
	{ "container-pid", "number", "the file is the one that this process sees, by its mounts" }
int	attach_place(const struct attach_in *in, struct attach_place *p, struct msg_result *res);
/* The file, the caller's; p->file.pid and .path say which. */
int	attach_open(const struct attach_in *in, const struct attach_place *p, struct msg_result *res);
/* The end of a kind's look(): 1 and *file, or a negative errno. */
int	attach_look_into(const struct attach_in *in, const struct attach_place *p, int *file,
		struct msg_result *res);
/* Hash of the file and the places in it. */
uint64_t attach_file_hash(int file, const struct msg_uprobe *m);
/* Attaches to all places of m, one event for each, or by one link of uprobe.multi. */
int	attach_sites(const struct attach_in *in, int file, const struct msg_uprobe *m, bool multi,
		struct attach_out *out, struct msg_result *res);
/* As struct attach_kind's unavailable: uprobes and what is made of them. */
const char *attach_no_uprobes(const struct config *cfg);
/* The end of a kind's attach(): the file that was looked into, or else p's; m->pid is set to p's. */
int	attach_in_file(const struct attach_in *in, const struct attach_place *p, struct msg_uprobe *m,
		bool multi, struct attach_out *out, struct msg_result *res);

/* The kernel's refusal as an answer; what: "the tracepoint a/b".  Returns err. */
int	attach_refused(struct msg_result *res, int err, const char *what);

/*
 * A link on an interface whose hook has an order (TCX, netkit): out->facts.backend and .direction say
 * which hook it is, type is the kernel's word for it.
 */
int	attach_ordered(const struct attach_in *in, struct attach_out *out, uint32_t type,
		struct msg_result *res);

/* The network namespace of a request: a descriptor of it, take_fd or the host's. */
struct attach_netns {
	int fd, take_fd;			/* take_fd is the caller's; -1: fd is the loader's own */
	uint64_t ino;
};
int	attach_netns(const struct attach_in *in, struct attach_netns *it, struct msg_result *res);
/*
 * A socket in the namespace that something was put into: 1 with *sock; 0 when it is gone, and all with it.
 * Its name may be that of another by now, and after a restart nobody remembers it: then it is looked for by
 * its inode.
 */
int	attach_netns_enter(struct loader *ld, const char *netns, uint64_t ino, int *sock, struct msg_result *res);

/* Of a kernel link at a netfilter hook: "ipv4/input"; "" for one that bpfd cannot make. */
void	attach_netfilter_target(uint32_t family, uint32_t hook, char out[IPC_TARGET_MAX]);

/* Of a link on a sockmap or sockhash: kind, attach_type. */
void	attach_sockmap_facts(uint32_t attach_type, struct msg_link_facts *facts);
/* Takes off what was attached without a link.  A map or program that is gone is success. */
struct attach_suffix;
int	attach_sockmap_detach(struct loader *ld, const struct attach_suffix *s, struct msg_result *res);

/* After which results the kernel's own chains go on. */
#define ATTACH_TCX_GOES_ON TC_RESULT_BIT(TC_ACT_UNSPEC)
#define ATTACH_CLSACT_GOES_ON                                                                          \
	(TC_RESULT_BIT(TC_ACT_UNSPEC) | TC_RESULT_BIT(TC_ACT_RECLASSIFY) | TC_RESULT_BIT(TC_ACT_PIPE) | \
		TC_RESULT_BIT(TC_ACT_QUEUED) | TC_RESULT_BIT(TC_ACT_REPEAT) |                          \
		TC_RESULT_BIT(TC_DISPATCHER_RETURN))
/*
 * The set of a request at traffic control, in *proceed_on.  1: the hook needs a stub for it; 0: it does
 * that by itself; negative errno with res filled: kind tcx has no stubs.
 */
int	attach_tc_set(const struct attach_in *in, bool clsact, uint32_t *proceed_on, struct msg_result *res);
/* The same, and makes the stub.  Fills out->facts.proceed_on and *at: in with what goes to the hook. */
int	attach_tc_program(const struct attach_in *in, bool clsact, struct attach_out *out,
		struct attach_in *at, struct msg_result *res);

/* "tc" with the TCX backend, and "tcx"; "tc" with the clsact backend. */
int	attach_by_tcx(const struct attach_in *in, struct attach_out *out, struct msg_result *res);
int	attach_by_clsact(const struct attach_in *in, struct attach_out *out, struct msg_result *res);
/* "xdp" of a program that was loaded for a dispatcher, and its end. */
int	attach_by_dispatcher(const struct attach_in *in, struct attach_out *out, struct msg_result *res);
struct attach_suffix;
int	detach_from_dispatcher(struct loader *ld, const struct attach_suffix *s, const char *netns,
		struct msg_result *res);
const char *attach_no_tcx(void);		/* why this kernel has no TCX, or NULL */

#endif
