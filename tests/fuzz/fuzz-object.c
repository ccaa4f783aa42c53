/* SPDX-License-Identifier: Apache-2.0 */
/* A BPF object of any bytes, as the linker looks into it beside libbpf: what of the kernel's types it asks for. */
#include <assert.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "linker/few.h"
#include "linker/object.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A kernel with one type. */
static const struct {
	struct btf_header h;
	struct btf_type t;
	uint32_t encoding;
	char strings[4 + 1 + 3];
} kernel_btf = {
	.h = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(struct btf_header),
		.type_len = sizeof(struct btf_type) + 4, .str_off = sizeof(struct btf_type) + 4, .str_len = 8 },
	.t = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 },
	.strings = "\0int",
};

/* As if each type were the kernel's seventh: the ids go into the image. */
static void
put_ids(void *image, size_t size)
{
	struct wants w = { 0 };

	if (wants_read(image, size, &w) == 0) {
		for (size_t i = 0; i < w.n; i++)
			w.all[i].n_found = 1, w.all[i].id = 7;
		wants_put_ids(&w);
	}
	wants_free(&w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct msg_linked out;
	AUTO(mem) void *first = malloc(size + 1);
	AUTO(mem) void *second = malloc(size + 1);
	struct few_kernel kernel = { 0 };
	struct few few = { 0 };

	assert(first && second);
	memcpy(first, data, size);
	memcpy(second, data, size);
	if (object_check(first, size, &out))
		return 0;
	put_ids(first, size);
	assert(kbtf_read(&kernel_btf, sizeof(kernel_btf), &kernel.types) == 0 && few_kernel_names(&kernel) == 0);
	if (few_make(&kernel, second, size, &few) == 0)
		few_free(&few);
	few_kernel_close(&kernel);
	return 0;
}
