/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of any bytes, in each compression; and any bytes as an object. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "oci/oci.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_layer(const char *media, const uint8_t *data, size_t size)
{
	const struct oci_limits limits = { .object_bytes = 1 << 16, .layer_bytes = 1 << 18 };
	struct oci_desc d = { .size = size };
	AUTO(mem) void *object = NULL;
	struct oci_why why;
	size_t len;

	strcpy(d.media, media);
	if (oci_layer_object(&d, data, size, &limits, &object, &len, &why) == 0)
		assert(len <= limits.object_bytes && memcmp(object, "\177ELF", 4) == 0);
}

static void
read_names(const uint8_t *data, size_t size)
{
	static struct image_facts f;
	struct oci_why why;
	/* Sections of types are read where they are aligned, as malloc() has them. */
	AUTO(mem) void *object = malloc(size + !size);

	assert(object);
	memcpy(object, data, size);
	if (oci_object_names(object, size, &f, &why))
		return;
	f.magic = IMAGE_FACTS_MAGIC;
	f.signature = IMAGE_UNSIGNED;
	assert(image_facts_check(&f) == 0);
	assert(oci_object_check(object, size, &f, &why) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_layer(OCI_MEDIA_LAYER, data, size);
	read_layer(OCI_MEDIA_LAYER "+gzip", data, size);
	read_layer(OCI_MEDIA_LAYER "+zstd", data, size);
	read_names(data, size);
	return 0;
}
