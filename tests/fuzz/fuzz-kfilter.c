/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a filter: what passes has entries in order, each of one dimension. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "loader/kfilter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kfilter *k = malloc(size ? size : 1);

	if (!k)
		return 0;
	memcpy(k, data, size);
	if (kfilter_check(k, size) == 0)
		for (uint32_t i = 1; i < k->n_entries; i++)
			if (k->entries[i - 1].dim > k->entries[i].dim ||
			    (k->entries[i - 1].dim == k->entries[i].dim &&
			     k->entries[i - 1].value >= k->entries[i].value))
				abort();
	free(k);
	return 0;
}
