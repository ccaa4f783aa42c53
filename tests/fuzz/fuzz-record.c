/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/event_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted can be read field by field. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event e;
	void *copy = NULL;

	if (size > REC_MAX || posix_memalign(&copy, 8, size ? size : 1))
		return 0;
	memcpy(copy, data, size);
	if (record_check(copy, size, &e) == 0)
		made_touch(&e);
	if (record_check_kernel(copy, size, NULL, &e) == 0)
		made_touch(&e);
	free(copy);
	return 0;
}
