/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map's types, an element's bytes and what somebody types, all of any bytes: the first two bytes
 * say how long the BTF is, the next one the element; what follows is the text.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/btf_value.h"

#define TYPES_MAX 64

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
show(const struct kbtf *k, uint32_t type, const uint8_t *data, size_t len)
{
	AUTO(buf) struct buf b = { 0 };

	btf_show(&b, k, type, data, len);
	assert(b.len > 0 && !b.failed);
	for (size_t i = 0; i < b.len; i++)
		assert((uint8_t)b.data[i] >= ' ' && b.data[i] != 0x7f);
}

static void
parse(const struct kbtf *k, uint32_t type, const char *text, size_t len)
{
	AUTO(buf) struct buf why = { 0 };
	AUTO(mem) uint8_t *out = malloc(len + 1);

	if (out && btf_parse(text, k, type, out, len, &why))
		assert(why.len > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(mem) uint8_t *blob = NULL;
	AUTO(mem) char *text = NULL;
	struct kbtf k = { 0 };
	size_t n_blob, n_value;

	if (size < 3)
		return 0;
	n_blob = (size_t)(data[0] | data[1] << 8);
	n_value = data[2];
	data += 3;
	size -= 3;
	if (n_blob + n_value > size)
		return 0;
	blob = malloc(n_blob + 1);
	text = strndup((const char *)data + n_blob + n_value, size - n_blob - n_value);
	if (!blob || !text)
		return 0;
	memcpy(blob, data, n_blob);
	if (kbtf_read(blob, n_blob, &k) == 0)
		for (uint32_t type = 0; type < k.n && type < TYPES_MAX; type++) {
			int64_t bytes = kbtf_value_bytes(&k, type);
			size_t len = bytes > 0 && (size_t)bytes <= n_value ? (size_t)bytes : n_value;

			show(&k, type, data + n_blob, len);
			parse(&k, type, text, len);
		}
	show(&k, 0, data + n_blob, n_value);
	parse(&k, 0, text, n_value);
	kbtf_close(&k);
	return 0;
}
