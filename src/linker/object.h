/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LINKER_OBJECT_H
#define BPFD_LINKER_OBJECT_H

#include <bpf/libbpf.h>
#include <stddef.h>

#include "ipc/messages.h"

/*
 * What the linker asks of an ELF file beside libbpf.  Errors fill *out: code, err and a text for
 * the person who sent the file; the functions return 0 or out->err.
 */

/* Refuses what is not a relocatable 64-bit BPF object of this byte order. */
int	object_check(const void *elf, size_t size, struct msg_linked *out);

/* Sets the global data of a request in the sections that libbpf has open; found by symbol. */
int	object_set_globals(struct bpf_object *obj, const void *elf, size_t size,
		const struct msg_load *req, struct msg_linked *out);

/* Fills *out; text is cut at its room.  Returns err, or -EINVAL when that is 0. */
int	object_fail(struct msg_linked *out, enum ipc_code code, int err, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));

#endif
