/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "rules/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text without a mistake is a rule that every receiver takes; one with a mistake says it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rule_lists *lists = rule_lists_new(RULE_LIST_DEFAULT);
	struct rules_parsed p;
	struct rule *again = NULL;
	void *bytes = NULL;
	size_t len = 0;
	char why[300];

	if (rule_lists_read(lists, "lists", (const char *)data, size, &p) == 0)
		rules_parsed_free(&p);
	if (rules_parse("stem", (const char *)data, size, lists, &p) == 0) {
		if (!p.rule && !p.n_problems)
			abort();
		if (p.rule && rule_pack(p.rule, &bytes, &len) == 0 && rule_unpack(bytes, len, &again, why, sizeof(why)))
			abort();
		rules_parsed_free(&p);
	}
	rule_free(again);
	free(bytes);
	rule_lists_free(lists);
	return 0;
}
