/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text without a mistake is a configuration that every receiver takes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct names names;
	static struct config c;
	static FILE *errors;
	const char *key;

	if (!errors)
		errors = fopen("/dev/null", "we");
	names.n_kfuncs = 0;
	if (config_read(&names, "f", (const char *)data, size, errors, &c) == 0 && config_check(&c, &key))
		abort();
	return 0;
}
