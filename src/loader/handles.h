/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_HANDLES_H
#define BPFD_LOADER_HANDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/messages.h"

struct call;

/*
 * The objects of one load.  A linker knows them by number only: 1, 2, ... in the order they were
 * made, never reused.
 */
struct handle {
	int fd;				/* -1 while lazy */
	uint32_t kind;			/* BPFCMD_MAP, BPFCMD_PROG, BPFCMD_BTF */
	uint32_t type;			/* BPF_MAP_TYPE_* or BPF_PROG_TYPE_* */
	uint32_t key_size, value_size;	/* of a map */
	uint32_t value_type;		/* of a struct_ops map: a type of the kernel's BTF */
	bool linked;			/* named by LINKED_MAP or LINKED_PROG */
	bool shared;			/* another group's map */
	struct call *lazy;		/* answered from the probe cache: made when it is really used */
	int probe_fd;			/* made for a probe, never for anything else; -1 */
	uint32_t probe;			/* number in the probe cache, when lazy */
	char by_name[IPC_NAME_MAX];	/* PIN_BY_NAME, "" when not */
};

struct handles {
	struct handle **all;
	size_t n, room, max;
};

/* Makes the next handle; *h is the table's, valid until handles_free().  Its number is n.
 * -EMFILE when there are max, -ENOMEM. */
int	handles_add(struct handles *t, struct handle **h);

/* NULL when number is not a handle or not of one of the kinds. */
struct handle *handles_get(const struct handles *t, uint32_t number, uint32_t kinds);

/* Closes every descriptor. */
void	handles_free(struct handles *t);

#endif
