/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A rule that is accepted packs to the same bytes, passes its own check and can be explained. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rule *r = NULL;
	void *again = NULL;
	size_t len = 0;
	char why[300];

	if (rule_unpack(data, size, &r, why, sizeof(why)))
		return 0;
	if (rule_check(r, why, sizeof(why)) || rule_pack(r, &again, &len) || len != size || memcmp(again, data, len) != 0)
		abort();
	free(again);
	free(rule_explain(r));
	rule_free(r);
	return 0;
}
