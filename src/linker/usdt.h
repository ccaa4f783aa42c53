/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LINKER_USDT_H
#define BPFD_LINKER_USDT_H

#include "ipc/messages.h"

/* A note that <sys/sdt.h> left in a file.  The texts point into the note. */
struct usdt_note {
	uint64_t location, base, semaphore;	/* addresses; semaphore 0: it has none */
	const char *provider, *name, *args;
};

/*
 * The next note in data[0..len), the content of a section .note.stapsdt of a 64-bit file in the
 * host's byte order; start with *at = 0.  1, 0 at the end, -EINVAL.
 */
int	usdt_note_next(const void *data, size_t len, size_t *at, struct usdt_note *out);

/*
 * Reads what a note says of its arguments, "-4@%eax 8@-16(%rbp)".  machine: e_machine of the file.
 * The number of arguments, or -EINVAL: *at points to the one that is not understood; -E2BIG: there
 * are more than IPC_USDT_ARGS_MAX; -EOPNOTSUPP: the machine.
 */
int	usdt_args(uint16_t machine, const char *text, struct usdt_arg args[IPC_USDT_ARGS_MAX],
		const char **at);

#endif
