/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_CALL_H
#define BPFD_LOADER_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "common/auto.h"
#include "ipc/bpfcmds.h"
#include "ipc/messages.h"
#include "loader/handles.h"

/*
 * A bpf(2) call of a linker as the loader's private copy: the attr from the message, the memory
 * behind its pointers from the arena.  Only the copy is checked and given to the kernel.
 */
struct call {
	const struct bpfcmd *cmd;
	uint32_t size;				/* of attr, as the linker gave it */
	union bpf_attr attr;			/* pointers are ours; descriptors still handles */
	struct {
		void *data;
		size_t len;
		uint64_t offset;		/* in the arena */
	} bufs[BPFCMD_FIELDS_MAX];
	struct handle *named[BPFCMD_FIELDS_MAX];
	uint64_t cost;				/* bytes of budget, set by the check */
};
void	call_free(struct call *c);		/* NULL is fine */
AUTO_DEFINE(call, struct call *, call_free)

/* The fields of a call's command, with their index. */
#define CALL_FIELDS(c, i, f)                                                                        \
	for (size_t i = 0; i < BPFCMD_FIELDS_MAX && (c)->cmd->fields[i].dir != BPFCMD_END; i++)    \
		for (const struct bpfcmd_field *f = &(c)->cmd->fields[i]; f; f = NULL)

/* Fills *c, whose cmd is set.  -E2BIG, -EINVAL (attr), -EBADF (handle), -EFAULT (outside the arena,
 * a memfd of arena_bytes), -ENOMEM. */
int	call_copy(struct call *c, const struct msg_bpf_call *m, const struct handles *handles, int arena,
		uint64_t arena_bytes);

/* The buffer of the field at offset, and its length; NULL when the call has none. */
void	*call_buf(const struct call *c, size_t offset, size_t *len);
struct handle *call_handle(const struct call *c, size_t offset);
/* The first map that the call names: its sizes are those of KEY and VALUE. */
const struct handle *call_map(const struct call *c);

#endif
