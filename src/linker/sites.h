/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LINKER_SITES_H
#define BPFD_LINKER_SITES_H

#include <gelf.h>
#include <stdbool.h>

#include "ipc/messages.h"

/* Places in an executable or a library: a file that may be anybody's. */
struct sites {
	const struct msg_link_sites *want;
	Elf *elf;
	struct msg_linked_site all[IPC_SITES_MAX];
	size_t n;
	char text[IPC_TEXT_MAX];	/* of an error, for a person; printable */
};

/* Records why there is none; returns err. */
int	sites_fail(struct sites *s, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* One more, unless a place with this offset is there.  -E2BIG, and said so. */
int	sites_add(struct sites *s, const struct msg_linked_site *site);

/* From an address to a place in the file, by the segment that holds it.  -ENOEXEC. */
int	sites_offset(const struct sites *s, uint64_t address, bool code, uint64_t *offset);

/* A foreign name as part of a text: "" unless it is printable and short. */
const char *sites_name(const char *name);

/* All of it: image is changed where libelf likes.  0, or a negative errno with s->text. */
int	sites_find(struct sites *s, const struct msg_link_sites *want, void *image, size_t size);

int	sites_functions(struct sites *s);	/* SITES_FUNCTIONS */
int	sites_usdt(struct sites *s);		/* SITES_USDT */

#endif
