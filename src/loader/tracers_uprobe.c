/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "loader/handlers.h"
#include "loader/tracers_parts.h"

int
on_BINARY_SEEN(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_binary *m,
	int *fds)
{
	return 0;
}
