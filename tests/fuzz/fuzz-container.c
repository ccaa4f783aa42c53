/* SPDX-License-Identifier: Apache-2.0 */
/* A runtime's state file: the first byte says whose. */
#include <stdlib.h>
#include <string.h>

#include "config/container.h"
#include "ipc/chan.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct container_facts *f)
{
	const char *p = f->labels, *end = p + f->labels_len;

	if (!IPC_STR_OK(f->name) || !IPC_STR_OK(f->image) || !IPC_STR_OK(f->pod) || !IPC_STR_OK(f->k8s_ns) ||
	    f->labels_len > sizeof(f->labels))
		abort();
	for (; p < end; p += strlen(p) + 1)
		if (!ipc_str_ok(p, (size_t)(end - p)))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct container_facts facts;

	if (size && container_read(data[0] % N_CONTAINER_STORES, "c1", (const char *)data + 1, size - 1, &facts) == 0)
		check(&facts);
	return 0;
}
