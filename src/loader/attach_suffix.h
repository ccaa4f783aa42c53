/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_ATTACH_SUFFIX_H
#define BPFD_LOADER_ATTACH_SUFFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the name of a pin says of an attachment and the kernel does not, in characters that bpffs
 * takes: "l-PRIORITY-NETNS-MODE[-RESULTS-STUB]" for a link,
 * "c-IFINDEX-DIRECTION-PRIORITY-HANDLE-QDISC-PROG-NETNS[-RESULTS]" for a filter on clsact (with
 * RESULTS its program is a stub, see tc_stub.h), "m-MAP-ATTACHTYPE-PRIORITY-PROG" for a program on a map of sockets,
 * "d-IFINDEX-PRIORITY-ACTIONS-PROG-NETNS" for a program in a dispatcher,
 * "k-PRIORITY-PID-FD-COOKIE-PROG" for a filter on a socket,
 * "s-PRIORITY-PROG" for a link of struct_ops, which the kernel does not count to a program,
 * "h-KIND-HOOK-SPEC-SPECS" for a link whose hook only a hash tells apart.
 */
#define ATTACH_SUFFIX_MAX 80

enum attach_suffix_kind {
	ATTACH_SUFFIX_FILTER, ATTACH_SUFFIX_LINK, ATTACH_SUFFIX_MAP, ATTACH_SUFFIX_OPS,
	ATTACH_SUFFIX_DISPATCHER, ATTACH_SUFFIX_HASH, ATTACH_SUFFIX_SOCKET
};
struct attach_suffix {
	enum attach_suffix_kind kind;
	uint32_t pid, fd;		/* sockets */
	uint64_t cookie;
	uint16_t priority;		/* 1..1000 */
	uint64_t netns_ino;
	char mode;			/* links: 'n'ative, 's'kb, or '-' */
	uint32_t ifindex, prog_id;	/* filters, dispatchers */
	uint32_t handle;		/* filters */
	uint32_t proceed_on;		/* dispatchers: bit per action; others: of a stub, 0: none */
	uint32_t stub_id;		/* links: the program that the kernel has in it */
	bool egress, made_qdisc;
	uint32_t map_id, attach_type;	/* maps, besides prog_id */
	char name[32];			/* hashes: of the kind */
	uint64_t hook;			/* hashes, as in msg_link_facts: hook, spec_first, n_specs */
	uint32_t spec_first, n_specs;
};

void	attach_suffix_write(const struct attach_suffix *s, char out[ATTACH_SUFFIX_MAX]);
int	attach_suffix_read(const char *text, struct attach_suffix *out);	/* -EINVAL */

#endif
