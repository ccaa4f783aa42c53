/* SPDX-License-Identifier: Apache-2.0 */
/* BTF as a kernel or an object has it: functions by one walk, and types by number. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/kbtf.h"

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
	struct kbtf k = { 0 };

	kbtf_functions(data, size, touch, &sum);
	if (kbtf_read(data, size, &k))
		return 0;
	for (uint32_t id = 1; id < k.n; id++) {
		const struct btf_type *t = kbtf_type(&k, id), *last = kbtf_skip(&k, id, NULL);

		touch(&sum, id, kbtf_name(&k, t));
		sum += kbtf_essential_len(kbtf_name(&k, t)) + (size_t)kbtf_value_bytes(&k, id);
		sum += last ? last->info : 0;
	}
	kbtf_close(&k);
	return 0;
}
