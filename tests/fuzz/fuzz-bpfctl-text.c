/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/spec.h"
#include "bpfctl/safe.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct buf *b)
{
	if (b->failed || !utf8_ok(buf_text(b), b->len))
		abort();
	for (size_t i = 0; i < b->len; i++)
		if ((uint8_t)b->data[i] < 0x20 || b->data[i] == 0x7f)
			abort();
	if (memmem(buf_text(b), b->len, "\xc2\x9b", 2))
		abort();
}

/* Whatever the words of others are, what is printed of them is safe, and specs are not misread. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf) struct buf plain = { 0 }, json = { 0 }, why = { 0 };
	AUTO(spec_attach) struct spec_attach attach = { 0 };
	AUTO(mem) char *text = strndup((const char *)data, size);
	AUTO(mem) char *name = NULL;
	AUTO(mem) uint8_t *value = NULL;
	size_t len;

	safe_plain(&plain, (const char *)data, size, false);
	safe_json(&json, (const char *)data, size);
	check(&plain);
	check(&json);
	if (!text)
		return 0;
	spec_attach_init(&attach);
	if (spec_attach_read(&attach, text, &why) == 0 && !*attach.req.kind)
		abort();
	if (spec_global(text, &name, &value, &len, &why) == 0 && (!*name || len == 0))
		abort();
	return 0;
}
