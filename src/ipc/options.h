/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_OPTIONS_H
#define BPFD_IPC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What an attach kind takes besides the fields of struct msg_attach: texts "NAME=VALUE", each ended
 * by NUL, an empty one behind the last; the rest of the array is zero.  The kind names its options
 * (loader/attach.h), so all others only carry them.
 */
#define IPC_OPTIONS_MAX 1024		/* bytes of all of an attachment */
#define IPC_OPTION_NAME_MAX 32		/* with NUL; a-z, 0-9 and - */

/* Appends one.  -EINVAL: the name or a control character in the value; -EEXIST; -ENOSPC. */
int	options_add(char options[IPC_OPTIONS_MAX], const char *name, const char *value);

/* What came from another process: only what options_add() could have made. */
bool	options_ok(const char options[IPC_OPTIONS_MAX]);

/* Of one that is ok: the value, or NULL. */
const char *options_get(const char options[IPC_OPTIONS_MAX], const char *name);

/* Bytes in use, without the empty text at the end. */
size_t	options_len(const char options[IPC_OPTIONS_MAX]);

/*
 * Walks one that is ok: start with *at = 0.  Copies the name, points *value into options; false at
 * the end.
 */
bool	options_each(const char options[IPC_OPTIONS_MAX], size_t *at, char name[IPC_OPTION_NAME_MAX],
		const char **value);

#endif
