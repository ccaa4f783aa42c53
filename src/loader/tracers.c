/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "loader/handlers.h"
#include "loader/loader.h"

int
on_LOADER_ENRICHER(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_none *m, int *fds)
{
	return 0;	/* until tracers are here */
}

int
on_TRACERS_WANT(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_tracers_want *m, int *fds)
{
	return -EPROTO;
}

int
on_TRACERS_LIST(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_none *m, int *fds)
{
	return -EPROTO;
}

int
on_BINARY_SEEN(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_binary *m,
	int *fds)
{
	return -EPROTO;
}
