/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_MESSAGES_H
#define BPFD_IPC_MESSAGES_H

#include <assert.h>
#include <stdint.h>

#include "bpf/own.h"
#include "ipc/container.h"
#include "ipc/image.h"
#include "ipc/nets.h"
#include "ipc/options.h"

/*
 * Payloads of messages.def.  Fixed size, no pointers, no holes (-Wpadded is an error here), widest
 * members first.  Strings are NUL-terminated inside their array; chan_recv() does not check that:
 * the receiver's handler calls ipc_str_ok() on each it uses.
 */
enum ipc_role {
	ROLE_SUP, ROLE_LOADER, ROLE_LINKER, ROLE_ONESHOT, ROLE_API, ROLE_ENRICHER, ROLE_ACTION, ROLE_XDP,
	ROLE_CHECKPOINT,
	ROLE_FETCH,
	ROLE_CONNECT,
	N_ROLES
};
enum {
	FROM_SUP = 1 << ROLE_SUP,
	FROM_LOADER = 1 << ROLE_LOADER,
	FROM_LINKER = 1 << ROLE_LINKER,
	FROM_ONESHOT = 1 << ROLE_ONESHOT,
	FROM_API = 1 << ROLE_API,
	FROM_ENRICHER = 1 << ROLE_ENRICHER,
	FROM_ACTION = 1 << ROLE_ACTION,
	FROM_XDP = 1 << ROLE_XDP,
	FROM_CHECKPOINT = 1 << ROLE_CHECKPOINT,
	FROM_FETCH = 1 << ROLE_FETCH,
	FROM_CONNECT = 1 << ROLE_CONNECT,
};
enum ipc_phase { PHASE_START = 1, PHASE_RUN = 2, PHASE_ANY = 3 };

#define IPC_MAGIC	0x64667062u	/* "bpfd" */
#define IPC_VERSION	1
#define IPC_MAX_FDS	4
#define IPC_NAME_MAX	128		/* program, map, global and section names, with NUL */
#define IPC_TARGET_MAX	256		/* attach target, network namespace */
#define IPC_TEXT_MAX	1024		/* error text for a person */
#define IPC_PATH_MAX	4096
#define IPC_PROGS_MAX	128		/* programs named in one load */
#define IPC_GLOBALS_MAX	16384		/* bytes of global data in one load, see globals.h */
#define IPC_MAP_GROUP_MAX 64		/* as an item of policy.map_groups */
#define IPC_MAP_IDS_MAX	64
#define IPC_BPF_ATTR_MAX 160		/* bytes of union bpf_attr that cross the broker */
#define IPC_ANY_ATTACH	0xffffffffu	/* expected attach type: from the section */

/* Status of a request: the canonical gRPC codes, so that they need no translation. */
enum ipc_code {
	IPC_OK = 0, IPC_CANCELLED = 1, IPC_UNKNOWN = 2, IPC_INVALID_ARGUMENT = 3,
	IPC_DEADLINE_EXCEEDED = 4, IPC_NOT_FOUND = 5, IPC_ALREADY_EXISTS = 6,
	IPC_PERMISSION_DENIED = 7, IPC_RESOURCE_EXHAUSTED = 8, IPC_FAILED_PRECONDITION = 9,
	IPC_ABORTED = 10, IPC_OUT_OF_RANGE = 11, IPC_UNIMPLEMENTED = 12, IPC_INTERNAL = 13,
	IPC_UNAVAILABLE = 14, IPC_DATA_LOSS = 15, IPC_UNAUTHENTICATED = 16,
};

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* seq: chosen by the requester, repeated in every answer. */
struct msg_hdr {
	uint32_t magic;
	uint16_t version, type;
	uint32_t len, seq, nfds, reserved;
};

struct msg_none {};

struct msg_start { uint32_t flags, reserved; };	/* START_* */
/* key: of the tokens that the loader gives, see loader/token.h; for the loader only. */
#define IPC_KEY_LEN 32
struct msg_start_loader { uint32_t flags, reserved; uint8_t key[IPC_KEY_LEN]; };
enum { START_PRIVATE = 1, START_LINKER = 2 };	/* LINKER: HELPER_LINKER follows, unasked */

/* The linker has no configuration: its limits (limits.linker_*) come here.  0: leave as it is. */
enum {
	LINKER_SPARE_BTF = 1,				/* parse the kernel's BTF before any input */
	LINKER_FOR_TRACERS = 2,				/* read it as tracers need it before any input */
};
struct msg_start_linker { uint64_t arena_bytes, memory_bytes, cpu_s; uint32_t flags, reserved; };

/*
 * STOP_DETACH: leave nothing pinned or attached.  STOP_AGAIN: it is started again at once (SIGHUP),
 * so the loader leaves its tracers attached; without it they are detached, whatever else stays.
 */
struct msg_stop { uint32_t flags, reserved; };
enum { STOP_DETACH = 1, STOP_AGAIN = 2 };

enum ipc_helper { HELPER_KIND_LINKER = 1, HELPER_KIND_ONESHOT = 2, HELPER_KIND_XDP = 3 };
struct msg_helper { uint32_t kind, id; };		/* id: the supervisor's, 0 in HELPER_WANTED */
struct msg_helper_gone { uint32_t kind, id; int32_t wait_status, err; };	/* err: could not start */

struct msg_proc {
	uint64_t started_ns;				/* CLOCK_BOOTTIME */
	uint32_t pid, uid, restarts, running;
	char name[32];
};

enum { LISTENER_MAIN = 0, LISTENER_COMPAT = 1 };
struct msg_listener { uint32_t kind, reserved; };

/* ---- requests of the API to the loader ---- */
enum {
	LOAD_DRY_RUN = 1,
	/* Of the loader only, for an object of bpf/: programs that this kernel has no hook for, or
	 * refuses, are left out (LINKED_WITHOUT); per-CPU maps get an element for each possible CPU. */
	LOAD_TRACER = 2,
	LOAD_MORE = 4,				/* LINKED is not the linker's last word: another LINK follows */
	/* With LOAD_TRACER, of one that is loaded in two parts: all but what is on io_uring's hooks; only that. */
	LOAD_FIRST = 32,
	LOAD_REST = 64,
	LOAD_NO_LSM = 16,			/* with LOAD_TRACER: the kernel would refuse what is on hooks of security modules */
	LOAD_NO_FUNCTIONS = 128,		/* with LOAD_TRACER: system calls are seen at their exit, not at functions that they lead to */
	LOAD_PERSISTENT = 8,			/* the answer has a TOKEN */
};
struct load_prog {
	char name[IPC_NAME_MAX];		/* function name in the object */
	char attach_to[IPC_NAME_MAX];		/* function or hook for BTF types; "" = from section */
	uint32_t prog_type;			/* BPF_PROG_TYPE_*, 0 = from section */
	uint32_t attach_type;			/* BPF_* expected attach type, or IPC_ANY_ATTACH */
};
struct msg_load {
	uint64_t gid;				/* group: the store's number of this load, never reused */
	uint64_t map_owner_gid;			/* share maps of this group by name; 0: none */
	uint64_t type_grant;			/* bit per BPF_PROG_TYPE_*; 0: what the policy allows */
	uint32_t flags;
	uint32_t n_progs;			/* 0: every program of the object */
	uint32_t globals_len;
	uint32_t timeout_ms;			/* 0: the configured limit */
	struct load_prog progs[IPC_PROGS_MAX];
	char map_group[IPC_MAP_GROUP_MAX];	/* unix group that may read the maps: of policy.map_groups, or "" */
	uint8_t globals[IPC_GLOBALS_MAX];	/* records of globals.h */
};
/* Answer: PROG and MAP for each, [RESULT_LOG], RESULT. */

struct msg_path { uint64_t max_bytes; char path[IPC_PATH_MAX]; };
struct msg_object_fd { uint64_t size; };

enum { ATTACH_DRY_RUN = 1 };
enum { ATTACH_HAS_COOKIE = 2, ATTACH_HAS_PROCEED_ON = 4 };
enum { ATTACH_PERSISTENT = 8 };			/* the answer has a TOKEN */
/* To every interface whose name fits target, as they come (WISH_ATTACH).  Nothing is attached now; the
 * answer has a TOKEN.  With ATTACH_DRY_RUN it has an IFACE for each that fits. */
enum { ATTACH_FUTURE = 16 };
struct msg_attach {
	uint64_t link_id;			/* the store's number, never reused */
	uint64_t gid;
	uint64_t cookie;
	uint32_t prog_id;
	uint32_t flags;
	int32_t priority;			/* 1..1000 */
	uint32_t proceed_on;			/* bit per return code */
	char kind[32];				/* name in src/loader/attach.def */
	char target[IPC_TARGET_MAX];		/* tracepoint, interface, ... as the kind says */
	char netns[IPC_TARGET_MAX];		/* path of a network namespace, "pid:N", or "" */
	char direction[16];			/* ingress, egress or "" */
	char mode[16];				/* native, skb, hw or "" */
	char options[IPC_OPTIONS_MAX];		/* what else the kind takes, see options.h */
	char section[IPC_NAME_MAX];		/* of the program: it may name the target */
	char prog_name[IPC_NAME_MAX];		/* the program's, in its object; for ATTACH_PERSISTENT */
};

/*
 * After a reboot there is no client.  mac is what the loader gave when one asked for the same, uid
 * who that was; the numbers of group and link are the same, that of the program is another.
 */
struct msg_token { uint8_t mac[32]; };
struct msg_restore_load { struct msg_load load; struct msg_token token; uint32_t uid, reserved; };
struct msg_restore_attach { struct msg_attach attach; struct msg_token token; uint32_t uid, reserved; };

/*
 * A wish is what ATTACH_FUTURE asked for, with the token that was given for it; attach.link_id is its
 * number.  link_id: of the attachment to one interface.  link_token: its own, for WISH_DETACH.
 */
struct msg_wish {
	uint64_t link_id;
	struct msg_attach attach;
	struct msg_token token, link_token;
	uint32_t uid, ifindex;
};
/* An interface of the host's namespace.  ifindex 0: some changes were not seen, ask again. */
enum { IFACE_GONE = 1, IFACE_REFUSED = 2 /* by policy.interfaces */ };
struct msg_iface { uint32_t ifindex, flags; char name[16]; };

struct msg_detach { uint64_t link_id; char netns[IPC_TARGET_MAX]; };
struct msg_iter_read { uint64_t link_id; };

/*
 * Elements of a map, which must be one that a load brought: never a tracer's or a dispatcher's.
 * MAP_READ_NEXT: those behind the page whose token is given in key.
 */
#define IPC_MAP_KEY_MAX 512
enum map_read_how { MAP_READ_FIRST, MAP_READ_NEXT, MAP_READ_KEY };
struct msg_map_ref { uint32_t id, reserved; };
struct msg_map_read { uint32_t id, how, key_len, reserved; uint8_t key[IPC_MAP_KEY_MAX]; };
/* flags: BPF_ANY, BPF_NOEXIST or BPF_EXIST.  The value, of the map's value_size, becomes that of
 * every CPU. */
struct msg_map_update { uint32_t id, flags, key_len, reserved; uint8_t key[IPC_MAP_KEY_MAX]; };
struct msg_map_delete { uint32_t id, key_len; uint8_t key[IPC_MAP_KEY_MAX]; };
struct msg_unload { uint64_t gid; uint32_t prog_id, reserved; };	/* prog_id 0: the whole group */

enum ipc_object { OBJECT_GROUP = 1, OBJECT_LINK = 2, OBJECT_PROG = 3 };
struct msg_object { uint64_t id; uint32_t kind, reserved; };

/* ---- answers of the loader to the API ---- */
struct msg_result {
	uint32_t code;				/* enum ipc_code */
	int32_t err;				/* negative errno that led to it, or 0 */
	uint32_t n_items;			/* PROG, MAP, LINK_FACTS, COUNTER, OBJECT before this */
	uint32_t reserved;
	char text[IPC_TEXT_MAX];		/* for a person; "" when code is IPC_OK */
};
struct msg_result_log { uint64_t offset, len; };	/* text lies there in the descriptor */

/* LINKS: and every link; OWNERS: and who holds each, by pin or descriptor; STATS: count runs, for
 * some seconds from the last such request. */
enum { KERNEL_LINKS = 1, KERNEL_OWNERS = 2, KERNEL_STATS = 4 };
struct msg_kernel_list { uint32_t flags, reserved; };

enum { PROG_GPL = 1, PROG_JITED = 2, PROG_MANAGED = 4 };
struct msg_prog_facts {
	uint64_t gid;				/* 0: not bpfd's */
	uint64_t loaded_boot_ns;		/* CLOCK_BOOTTIME */
	uint64_t run_time_ns, run_cnt, recursion_misses;
	uint32_t id, type, attach_type, btf_id;
	uint32_t xlated_bytes, jited_bytes, memlock_bytes, verified_insns;
	uint32_t uid, flags, n_maps, ifindex;
	uint32_t map_ids[IPC_MAP_IDS_MAX];
	uint8_t tag[8];
	char kname[16];				/* the kernel's, cut at 15 */
	char name[IPC_NAME_MAX];		/* function name in the object; "" when not bpfd's */
	char section[IPC_NAME_MAX];
};
struct msg_map_facts {
	uint64_t gid, memlock_bytes;
	uint32_t id, type, key_size, value_size, max_entries, flags;
	uint32_t by_name;			/* PIN_BY_NAME, shared over groups */
	uint32_t btf_id, key_type, value_type;	/* its types, 0: it has none */
	uint32_t value_bytes, n_values;		/* as bpf(2) gives them: one of each CPU, padded, or one */
	char name[IPC_NAME_MAX];
	char shared[IPC_TARGET_MAX];		/* path in the bpffs of a pin for a unix group; "" for none */
};
struct msg_map_page {
	uint32_t n, key_bytes, value_bytes;	/* value_bytes: of all CPUs */
	uint32_t last, token_len, reserved;	/* last: no other page follows */
	uint8_t token[IPC_MAP_KEY_MAX];
};
struct msg_link_facts {
	uint64_t link_id, gid, netns_ino, cookie;
	uint64_t object_id;			/* the kernel's number of a cgroup or map, or 0 */
	uint64_t hook;				/* tells hooks apart that have one target; 0: target does */
	uint32_t spec_first, n_specs;		/* usdt: its records in the object's __bpf_usdt_specs */
	uint32_t prog_id, kernel_link_id, kernel_link_type, ifindex;
	uint32_t attach_type;			/* BPF_* where one kind has several hooks, or 0 */
	int32_t priority;
	uint32_t hook_flags;			/* LINK_MADE_QDISC, ... */
	uint32_t proceed_on;			/* of a dispatcher, at traffic control: bit per return code */
	int32_t position;			/* in its chain when it was last seen, from 1; 0: not known */
	uint32_t stub_id;			/* the loader's own program that calls this one; 0: none */
	char kind[32];				/* as attached: "tc" becomes tcx or clsact in backend */
	char backend[16];			/* link, tcx, clsact, dispatcher */
	char target[IPC_TARGET_MAX];
	char direction[16];
	char mode[16];
};
enum {
	LINK_MADE_QDISC = 1,			/* bpfd made the clsact qdisc and removes it */
	LINK_GONE = 2,				/* what it was attached to is gone, so the kernel took it off */
	LINK_ELSEWHERE = 4,			/* its interface is in another network namespace now */
	/* With LINK_GONE, where somebody else did it: what it was on is there; ... */
	LINK_DETACHED = 8,			/* it is attached to nothing */
	LINK_UNPINNED = 16,			/* its pin was removed */
	LINK_UNCHAINED = 32,			/* it was taken out of its chain */
};
/* Who keeps a program: a process, or a pin (pid 0).  link_id: the kernel's, 0 without one. */
struct msg_holder { uint32_t prog_id, link_id, pid, reserved; char text[IPC_TARGET_MAX]; };
struct msg_counter { uint64_t value; char name[56]; };
struct msg_hello { uint64_t prog_types, map_types; uint32_t flags, reserved; };
enum { HELLO_TCX = 1, HELLO_BTF = 2, HELLO_LOCKDOWN = 4 };
struct msg_kind {
	uint64_t prog_types;			/* bit per BPF_PROG_TYPE_* that it accepts */
	char name[32];
	char target[64];			/* word for help: "CATEGORY/NAME", "INTERFACE" */
	char help[IPC_NAME_MAX];
	char unavailable[IPC_NAME_MAX];		/* why not on this kernel; "" when available */
};
struct msg_kind_option {			/* of the KIND before it */
	char name[IPC_OPTION_NAME_MAX];
	char values[96];			/* "number", "flag", "a|b|c", or "" for any text */
	char help[IPC_NAME_MAX];
};

/* ---- the broker: pointers inside attr are offsets into the arena, 0 is NULL; descriptors are
 * the loader's handles (1, 2, ...), 0 is none ---- */
struct msg_bpf_call { uint32_t cmd, attr_size; uint8_t attr[IPC_BPF_ATTR_MAX]; };
struct msg_bpf_ret { int32_t ret, err; uint32_t handle, attr_size; uint8_t attr[IPC_BPF_ATTR_MAX]; };
struct msg_linked_prog {
	uint32_t handle, type, attach_type, reserved;
	char name[IPC_NAME_MAX], section[IPC_NAME_MAX];
};
enum linked_without { WITHOUT_HOOK, WITHOUT_REFUSED };
struct msg_linked_without {
	uint32_t why; int32_t err;		/* enum linked_without; of a refusal the errno */
	char name[IPC_NAME_MAX], section[IPC_NAME_MAX];
	char text[IPC_TARGET_MAX];		/* the verifier's verdict, "" for a hook */
};
struct msg_linked_map { uint32_t handle, by_name; char name[IPC_NAME_MAX]; };
/* What libbpf asks the kernel of a map that it is to use again, as in struct bpf_map_info. */
struct link_map_facts {
	uint64_t extra;
	uint32_t type, key_size, value_size, max_entries, flags, btf_key_type, btf_value_type, reserved;
	char kernel_name[16];
};
struct msg_link_map { struct link_map_facts facts; uint32_t handle, reserved; char name[IPC_NAME_MAX]; };
/*
 * Places in an executable or a library, for uprobes.  SITES_FUNCTIONS: where functions begin, names
 * are theirs, or patterns with * and ?, with a comma between; each must fit one.  SITES_USDT: the
 * places of the probe names of provider, or of any when that is "".
 */
#define IPC_SITES_MAX 256
#define IPC_USDT_ARGS_MAX 12
enum ipc_sites { SITES_FUNCTIONS = 1, SITES_USDT = 2 };
struct msg_link_sites { uint32_t what, reserved; char provider[IPC_NAME_MAX], names[IPC_OPTIONS_MAX]; };
/* As struct __bpf_usdt_arg_spec of libbpf's usdt.bpf.h. */
enum usdt_arg_type { USDT_ARG_CONST, USDT_ARG_REG, USDT_ARG_REG_DEREF };
struct usdt_arg {
	uint64_t value;				/* constant; offset to what the register says */
	uint32_t type;				/* enum usdt_arg_type */
	int16_t reg_off;			/* of the register in struct pt_regs */
	uint8_t is_signed, bitshift;
};
struct msg_linked_site {
	uint64_t offset, ref_ctr_offset;	/* in the file; semaphore, 0: none */
	struct usdt_arg args[IPC_USDT_ARGS_MAX];
	uint32_t n_args, reserved;
};
/* err: -ENOENT, -ENOEXEC, -E2BIG, -EINVAL, and text why. */
struct msg_linked_sites { uint32_t n; int32_t err; char text[IPC_TEXT_MAX]; };
struct msg_linked {
	uint64_t log_offset, log_len;		/* verifier log in the arena; len 0: none */
	uint32_t code; int32_t err;
	char text[IPC_TEXT_MAX];
};

/* ---- oneshot ---- */
struct msg_tracepoint { char category[64], name[192]; };
struct msg_netns { char netns[IPC_TARGET_MAX]; };
struct msg_netns_link {
	uint64_t cookie;
	uint32_t attach_type, flags;		/* of BPF_LINK_CREATE; XDP: 0 is native, then skb */
	uint32_t relative_id, reserved;		/* tcx: link that flags put it before or after */
	char netns[IPC_TARGET_MAX];
	char ifname[64];			/* name or index */
};
/* A program at a netfilter hook: NFPROTO_*, NF_INET_*, flags of the link. */
struct msg_netns_filter { uint32_t family, hook; int32_t priority; uint32_t flags; char netns[IPC_TARGET_MAX]; };
struct msg_cgroup { char path[IPC_TARGET_MAX]; };	/* below the version 2 mount, "" for its root */
struct msg_one_fd {
	uint64_t size, netns_ino;
	uint64_t cookie;			/* of a socket */
	uint64_t cgroup_id;			/* the kernel's */
	uint32_t ifindex, flags;		/* flags: those used */
};
/* The executable of a process; pid 0: the file of this path, "" for none. */
struct msg_binary {
	uint64_t start;				/* of the process, start_boottime in ns */
	uint64_t dev, ino;			/* as in struct ev_proc_info; 0: whatever is there */
	uint32_t pid, reserved;
	char path[IPC_TARGET_MAX];
};
/* What an iterator wrote, from the oneshot that reads it to the API. */
#define IPC_ITER_BYTES 16384
struct msg_iter_part { uint32_t len, reserved; uint8_t bytes[IPC_ITER_BYTES]; };
struct msg_iter_end { int32_t err; uint32_t reserved; };	/* 0: that was all */
/* A file as a client may open it: a path, or the name of a library ("libc", "libc.so.6") that is
 * looked for in the usual folders; of the host, or of a process (its root and mounts). */
struct msg_file { uint32_t pid, reserved; char path[IPC_TARGET_MAX]; };
struct msg_file_again { uint32_t uid, reserved; char path[IPC_TARGET_MAX]; };	/* who had asked for it */
enum { PROBE_RETURN = 1 };
struct probe_site { uint64_t offset, ref_ctr_offset, cookie; };
struct msg_uprobe {
	struct probe_site sites[IPC_SITES_MAX];
	uint32_t n_sites, flags;		/* PROBE_RETURN */
	uint32_t pid, reserved;			/* 0: every process */
};
struct msg_kprobe { uint64_t offset; uint32_t flags, reserved; char function[IPC_NAME_MAX]; };
/* Functions of the kernel that can be traced; names or patterns with a comma between. */
struct msg_functions { char names[IPC_OPTIONS_MAX]; };
/* A ring buffer for the array of maps: place 0, then 1, ... (EV_RING_PLACE() of bpf/event.h), n_places in all. */
struct msg_ring { uint32_t place, n_places; };
enum { PERF_EVENT_FREQ = 1, PERF_EVENT_CPU = 2 };
struct msg_perf_event {
	uint64_t config, sample;		/* of perf_event_attr; PERF_EVENT_FREQ: a frequency */
	uint32_t type, flags;
	uint32_t cpu, pid;			/* cpu: with PERF_EVENT_CPU; pid: 0 is every process */
};
/* Descriptor fd of process pid, a socket; cookie: the kernel's number of it, SO_COOKIE. */
enum { SOCKET_DRY_RUN = 1 };
struct msg_socket { uint64_t cookie; uint32_t pid, fd, flags, reserved; };
struct msg_btf { uint32_t id, reserved; };
/* A link of the kernel: the beginning of struct bpf_link_info, and the name in it. */
#define IPC_LINK_INFO 80
struct msg_link_seen { uint32_t prog_type, reserved; uint8_t info[IPC_LINK_INFO]; char name[IPC_TARGET_MAX]; };
struct msg_umount { char name[64]; };

/* ---- bpfd-xdp: libxdp's chain of one interface, which is of the namespace that comes with it ---- */
enum xdp_mode { XDP_ANY, XDP_NATIVE, XDP_SKB };		/* any: as the chain is, else native, else skb */
#define XDP_PROCEED_MASK 0x1fu				/* XDP_ABORTED to XDP_REDIRECT */
#define XDP_PROGS_MAX 10				/* slots of libxdp's dispatcher */
struct msg_xdp_add {
	uint32_t ifindex, mode;
	uint32_t priority, proceed_on;			/* 1..1000; bit per XDP action */
	uint32_t replace_id, reserved;			/* leaves in the same step; 0: none. May be itself */
};
struct msg_xdp_del { uint32_t ifindex, prog_id; };	/* one that is not there is success */
/* stale: dispatchers of a bpfd-xdp that died: those that are not attached are removed. */
struct msg_xdp_list { uint32_t ifindex, n_stale; uint32_t stale[6]; };
/*
 * What libxdp pinned for an interface of this number, of whichever namespace: the dispatcher with the
 * lowest number above behind that has this program.
 */
struct msg_xdp_find { uint32_t ifindex, prog_id, behind, reserved; };
/* Before anything changes: a dispatcher that may be left behind if this process dies. */
struct msg_xdp_step { uint32_t dispatcher_id, reserved; };
struct msg_xdp_prog { uint32_t id, position, priority, proceed_on; char name[IPC_NAME_MAX]; };
enum { XDP_CHAINED = 1, XDP_FRAGS = 2 };
/* One program of an interface, for the API.  At traffic control proceed_on is as in msg_attach, position
 * from 0, and mode, flags and dispatcher_id are 0. */
struct msg_slot {
	uint64_t netns_ino, link_id;			/* 0: not bpfd's */
	uint32_t ifindex, dispatcher_id, mode, flags;	/* as in XDP_DONE; flags XDP_CHAINED: has a position */
	struct msg_xdp_prog prog;
	char interface[IPC_NAME_MAX];
	char kind[16];					/* xdp, tcx, clsact */
	char direction[16];
};
struct msg_xdp_done {
	uint32_t code; int32_t err;			/* as in struct msg_result */
	uint32_t dispatcher_id;				/* or the one program that is no chain; 0: none */
	uint32_t mode, flags, n_progs;
	char text[IPC_TEXT_MAX];
};

/* ---- bpfd-fetch: one image, from its registry or from a stored bundle ---- */
#define IPC_HOST_MAX	256
#define FETCH_PLAIN_MAX	32
struct msg_start_fetch {
	uint64_t object_bytes, layer_bytes, manifest_bytes;	/* the most that is taken */
	uint64_t memory_bytes, cpu_s;
	uint32_t idle_ms, total_ms, retries;
	uint32_t n_plain;			/* registries (patterns of HOST[:PORT]) that may be http:// */
	char plain[FETCH_PLAIN_MAX][64];
};
/* local: the registry that the user named, not a host that a server sent us to. */
struct msg_fetch_connect { uint32_t port, local; char host[IPC_HOST_MAX]; };
struct msg_fetch_socket { uint32_t own, reserved; };	/* as in struct msg_connected */
struct msg_fetch_failed { uint32_t code; int32_t err; char text[IPC_TEXT_MAX]; };	/* code: enum ipc_code */
struct msg_fetch_progress { uint64_t done, total; char what[64]; };	/* bytes of this step; total 0: not known */
/* What became of signatures, bound to the bytes of the object: as in struct image_facts. */
struct msg_verdict {
	uint32_t signature, reserved;		/* enum image_signature */
	uint8_t object_sha256[32];
	char digest[IMAGE_DIGEST_MAX];
	char ref[IMAGE_REF_MAX];
	char signer[512];
};

/* ---- bpfd-connect: one connection ---- */
#define CONNECT_MS_MAX 600000
#define IPC_CONNECTS_MAX 8		/* that one process has asked the supervisor for and got no answer yet */
/* REMOTE: a server named the host, not the administrator or a user: nothing of this host's own network. */
enum { CONNECT_REMOTE = 1 };
struct msg_connect {
	uint32_t port, flags, ms, reserved;	/* ms: for looking up and connecting */
	struct conf_NETS allow;			/* network.allow */
	char host[IPC_HOST_MAX];		/* name, or address without brackets */
};
/* text: the address that it is connected to; with err: why not, for a person.  See connect/connect.h.
 * own: it is this host, or in its own network: what is refused where a server named the host. */
struct msg_connected { int32_t err; uint32_t own; char text[IPC_TEXT_MAX]; };

/* ---- events ---- */
struct msg_mask { uint64_t mask; };
/* What others did to bpfd's own, as in struct ev_own (bpf/own.h). */
struct msg_own {
	uint64_t link;
	uint32_t event, cause, kernel_link, prog_id, owner, tries;
	int32_t err; uint32_t reserved;
	char kind[32], program[IPC_NAME_MAX], target[IPC_TARGET_MAX], text[IPC_TARGET_MAX];
};
struct msg_rules_parse { char file[IPC_TARGET_MAX]; };	/* name for error texts; NAME.toml */
struct msg_rules_parsed { uint64_t len; int32_t err; uint32_t reserved; };	/* err: the parser itself failed */
/* stores: bit per enum container_store, those where it may be; id: see container_id_ok(). */
struct msg_container { uint64_t stores; char id[CONTAINER_FILE_ID_MAX]; };
struct msg_container_found { int32_t err; uint32_t reserved; };	/* err: there is no such container, or none that may be read */
/* tracers: bit per enum ev_tracer; those not in it are detached and unloaded. */
struct msg_tracers_want { uint64_t tracers; uint64_t len; };
struct msg_enforce_want { uint64_t len; };
enum tracer_status { TRACER_OFF, TRACER_LOADING, TRACER_ON, TRACER_PARTIAL, TRACER_FAILED };
struct msg_tracer_state {
	uint64_t missed;			/* runs that the kernel skipped (recursion) */
	uint64_t run_time_ns, run_cnt;		/* while the kernel counts them */
	uint32_t tracer, status;		/* enum ev_tracer, enum tracer_status */
	uint32_t n_programs, n_attached;
	char reason[IPC_TEXT_MAX];		/* of PARTIAL and FAILED: which hook, and why */
	char hooks[IPC_TARGET_MAX];		/* tracepoints and functions it is at, a space between; as many as fit */
	char hooks_reason[IPC_TARGET_MAX];	/* why sys_exit is one, though there would be a better one; "" */
};
struct msg_start_enricher { uint64_t ring_bytes, state_bytes; uint32_t flags, n_cpus; };
struct msg_consumer { uint32_t id, reserved; };		/* 0: the API; 1 + enum action_class */
struct msg_ev_shared { uint64_t bytes; uint32_t n_cpus, reserved; };
/* map_id: the kernel's; another one than before means that positions begin anew. */
struct msg_ev_ring { uint64_t data_bytes; uint32_t class_, cpu, map_id, reserved; };	/* enum ev_class */
struct msg_ruleset { uint64_t len; uint32_t generation, reserved; };
struct msg_ruleset_used { uint32_t generation; int32_t err; char text[IPC_TEXT_MAX]; };
/*
 * What the kernel side counted of each tracer, those that counted anything: as in struct ev_count.
 * tracer: 0 the core, EV_KERNEL_REMOVED all that are not declared any more.  ipc/counters.h names them.
 */
#define EV_KERNEL_MAX 65
#define EV_KERNEL_REMOVED 64
struct msg_ev_kernel_one { uint64_t tracer, produced, lost, throttled, filtered, cut; };
struct msg_ev_kernel { uint32_t n, reserved; struct msg_ev_kernel_one of[EV_KERNEL_MAX]; };
/* Many in a message: the API may be busy, and a socket holds some hundreds of messages only. */
#define EV_STAT_MAX 64
struct msg_ev_stat { uint32_t n, reserved; struct msg_counter v[EV_STAT_MAX]; };
/* What the rules that have matched counted, as in struct rule_count (rules/match.h): a part of them. */
struct msg_ev_rules { uint32_t from, reserved; };	/* 0: from the first one on */
#define EV_RULE_COUNTS_MAX 96
struct msg_rule_count { uint64_t id, matched, limited, deduped, acted; };
struct msg_ev_rule_counts { uint32_t n, next; struct msg_rule_count of[EV_RULE_COUNTS_MAX]; };	/* next: to ask from, 0: the last */
struct msg_action_result {
	uint64_t seq;				/* of the event acted upon */
	uint64_t latency_ns;			/* from the event's ts to the act's end */
	uint64_t target_start;			/* of the process, 0: none */
	uint32_t target_pid, action;		/* instance: index into struct action_table */
	int32_t err;				/* 0, negative errno, or the wait status of a program */
	uint32_t outcome;			/* enum action_outcome */
	uint32_t target_ppid, target_uid, target_gid, reserved;	/* as the event had them */
	char target_comm[EV_COMM];		/* any bytes */
	char rule[IPC_NAME_MAX];
	char container[IPC_NAME_MAX];
	char text[IPC_TARGET_MAX];
	char action_name[64];			/* of the instance: the enricher has no table of them */
};
enum action_outcome {
	OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_OBSERVED /* not in enforce mode */, OUTCOME_PROTECTED,
	OUTCOME_TOO_OLD, OUTCOME_GONE, OUTCOME_OVER_BUDGET, OUTCOME_REPEATED, N_OUTCOMES
};
enum { ACTION_ALLOW_ENFORCE = 1 };
struct msg_start_action { uint64_t ring_bytes, epoch; uint32_t class_, flags; };	/* epoch: of the ring's life, random */
enum action_fd_kind {
	ACTION_FD_STDOUT, ACTION_FD_LOG_DIR, ACTION_FD_PROC, ACTION_FD_CGROUP1, ACTION_FD_CGROUP2,
	ACTION_FD_SYSLOG, ACTION_FD_JOURNAL,	/* unix datagram sockets, connected */
	ACTION_FD_EMPTY_DIR,
	/* Each for the instance index; what its definition does not name, or could not be opened, is missing. */
	ACTION_FD_SPOOL, ACTION_FD_SECRET, ACTION_FD_TOKEN, ACTION_FD_CA,
};
/* index of ACTION_FD_CGROUP1: the root directory of that controller's version 1 hierarchy; the
 * same hierarchy may come under several.  A message for each that the host has, 0 for all others. */
enum action_cgroup1 {
	CGROUP1_FREEZER, CGROUP1_PIDS, CGROUP1_MEMORY, CGROUP1_CPU, CGROUP1_DEVICES, CGROUP1_SYSTEMD,
	N_CGROUP1
};
struct msg_action_fd { uint32_t kind, index; };
struct msg_action_connect { uint32_t index, reserved; };	/* the instance's host and port, by the table of actions */

/* Of a container, whose cgroup's directory is below the root of its hierarchy (1: version 1). */
#define IPC_CGROUP_MAX 1024
struct msg_checkpoint {
	uint64_t event;				/* seq of the one that asked */
	uint32_t action, hierarchy;		/* instance: index into struct action_table */
	char container[IPC_NAME_MAX];
	char cgroup[IPC_CGROUP_MAX];		/* no slash before or behind */
};
struct msg_checkpoint_none { int32_t err; uint32_t reserved; char text[IPC_TARGET_MAX]; };
struct msg_checkpoint_done { int32_t err; uint32_t outcome; char text[IPC_TARGET_MAX]; };	/* enum action_outcome */

#pragma GCC diagnostic pop

static_assert(sizeof(struct msg_hdr) == 24, "wire header");

/* Message types, in the order of messages.def. */
enum ipc_type {
	IPC_NONE = 0,
#define MSG(name, from, payload, fds, phase) IPC_##name,
#include "ipc/messages.def"
	N_IPC_TYPES
};

#endif
