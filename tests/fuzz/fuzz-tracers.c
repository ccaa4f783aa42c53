/* SPDX-License-Identifier: Apache-2.0 */
/* A file of tracers.d: what is made of it is what its readers take, and the schema of it can be asked. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/btf_make.h"
#include "config/tracers.h"
#include "events/schema.h"
#include "ipc/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bundle_file f = { .kind = BUNDLE_TRACER, .path = "/d/one.toml", .text = (const char *)data, .text_len = size };
	static struct declared_table table;
	static struct btf_made btf;
	static FILE *errors;
	struct names names = { .btf = &btf, .btf_size = sizeof(btf) };
	void *bundle;
	size_t len;

	if (!errors) {
		errors = fopen("/dev/null", "we");
		btf = btf_make();
	}
	if (bundle_pack(&f, 1, &bundle, &len))
		return 0;
	if (tracers_read_bundle(&names, bundle, len, errors, &table) || !declared_table_ok(&table))
		abort();
	free(bundle);
	schema_declare(&table);
	for (uint32_t i = 0; i < table.d[0].probe.n_fields; i++)
		if (!field_find(TR_DECLARED, table.d[0].fields[i].name))
			abort();
	return 0;
}
