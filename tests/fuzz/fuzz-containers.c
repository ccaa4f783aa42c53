/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "enricher/containers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is said of a path is within it and within bounds. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct container c;

	container_of((const char *)data, size, &c);
	if (c.runtime >= N_RUNTIMES || c.id_len > sizeof(c.id) || c.pod_len > sizeof(c.pod) ||
	    c.dir_len > size || (c.runtime == RT_NOT_FOUND) != !c.id_len || (c.id_len && !c.dir_len))
		abort();
	if (c.dir_len && c.dir_len < size && data[c.dir_len] != '/')
		abort();
	return 0;
}
