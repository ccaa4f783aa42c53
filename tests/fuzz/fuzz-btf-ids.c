/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/btf_ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
touch(void *arg, uint32_t id, const char *name)
{
	*(volatile size_t *)arg += strlen(name) + id;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t sum = 0;

	btf_ids_functions(data, size, touch, &sum);
	return 0;
}
