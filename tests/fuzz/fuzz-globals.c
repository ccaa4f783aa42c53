/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/globals.h"
#include "ipc/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read can be written again, and is then the same bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t area[IPC_GLOBALS_MAX];
	size_t pos = 0, len = 0;
	struct global g;
	int more = 0;

	if (size > sizeof(area))
		return 0;
	while ((more = globals_next(data, size, &pos, &g)) == 1)
		if (globals_add(area, sizeof(area), &len, g.name, g.name_len, g.value, g.value_len))
			abort();
	if (len > size || (more == 0 && len != size) || memcmp(area, data, len))
		abort();
	return 0;
}
