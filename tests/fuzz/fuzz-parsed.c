/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
touch(void *arg, const struct parsed_file *f)
{
	volatile size_t sum = strlen(f->file);

	for (size_t i = 0; i < f->text_len; i++)
		sum += (unsigned char)f->text[i];
	for (size_t i = 0; i < f->packed_len; i++)
		sum += ((const unsigned char *)f->packed)[i];
	for (size_t i = 0; i < f->n_problems; i++)
		sum += strlen(f->problems[i].text) + strlen(f->problems[i].code) + f->problems[i].warning;
	(void)sum;
	return 0;
}

/* What is handed out lies within the bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t *aligned = malloc(size + 8);

	if (!aligned)
		return 0;
	memcpy(aligned, data, size);
	parsed_each(aligned, size, touch, NULL);
	free(aligned);
	return 0;
}
