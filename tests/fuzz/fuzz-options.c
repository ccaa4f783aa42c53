/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is ok can be walked, and written again to the same bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char options[IPC_OPTIONS_MAX] = "", again[IPC_OPTIONS_MAX] = "", name[IPC_OPTION_NAME_MAX];
	const char *value;
	size_t at = 0;

	memcpy(options, data, size < sizeof(options) ? size : sizeof(options));
	if (!options_ok(options))
		return 0;
	while (options_each(options, &at, name, &value))
		if (options_add(again, name, value) || options_get(options, name) != value)
			abort();
	if (at != options_len(options) || memcmp(options, again, sizeof(again)))
		abort();
	return 0;
}
