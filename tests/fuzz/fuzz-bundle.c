/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/actions.h"
#include "config/rules.h"
#include "config/trust.h"
#include "rules/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
unpacks(void *arg, const struct parsed_file *f)
{
	struct rule *r = NULL;
	char why[300];

	if (f->packed && rule_unpack(f->packed, f->packed_len, &r, why, sizeof(why)))
		abort();
	rule_free(r);
	return 0;
}

/* What is made of any bundle is what its readers take. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct action_table table;
	static struct image_trust trust;
	static struct names names;
	static FILE *errors;
	char why[300];
	void *out;
	size_t len;

	if (!errors)
		errors = fopen("/dev/null", "we");
	if (actions_read_bundle(&names, data, size, errors, &table) == 0 && action_table_check(&table, why, sizeof(why)))
		abort();
	if (trust_read_bundle(data, size, errors, &trust) == 0 && trust_check(&trust))
		abort();
	if (rules_read_bundle(data, size, RULE_LIST_DEFAULT, errors, &out, &len))
		return 0;
	if (parsed_each(out, len, unpacks, NULL))
		abort();
	free(out);
	return 0;
}
