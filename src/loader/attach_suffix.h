/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_ATTACH_SUFFIX_H
#define BPFD_LOADER_ATTACH_SUFFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the name of a pin says of an attachment and the kernel does not, in characters that bpffs
 * takes: "l-PRIORITY-NETNS-MODE" for a link, "c-IFINDEX-DIRECTION-PRIORITY-HANDLE-QDISC-PROG-NETNS"
 * for a filter on clsact; "s-PRIORITY-PROG" for a link of struct_ops, which the kernel does not count to a program.
 */
#define ATTACH_SUFFIX_MAX 64

struct attach_suffix {
	bool is_link, is_ops;		/* ops: of the rest only prog_id and priority */
	uint16_t priority;		/* 1..1000 */
	uint64_t netns_ino;
	char mode;			/* links: 'n'ative, 's'kb, or '-' */
	uint32_t ifindex, handle, prog_id;	/* filters */
	bool egress, made_qdisc;
};

void	attach_suffix_write(const struct attach_suffix *s, char out[ATTACH_SUFFIX_MAX]);
int	attach_suffix_read(const char *text, struct attach_suffix *out);	/* -EINVAL */

#endif
