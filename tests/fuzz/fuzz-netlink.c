/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of interfaces, unasked, in any bytes. */
#include <stdlib.h>
#include <string.h>

#include "loader/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
each(void *arg, const struct netlink_iface *it, bool gone)
{
	if (!it->ifindex || it->ifindex > INT32_MAX || !it->name[0] || !memchr(it->name, 0, sizeof(it->name)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As large as what was received, so that the sanitizer sees the first byte too many. */
	char *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	netlink_watch_parse(copy, size, each, NULL);
	free(copy);
	return 0;
}
