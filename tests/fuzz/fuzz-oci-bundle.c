/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored images of any bytes.  Their last 32 are a checksum, which no mutation would ever meet: it is put
 * right first.  What opens is taken for an image as far as it goes.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "oci/oci.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_image(const char *ref, const struct oci_blob *blobs, size_t n)
{
	const struct oci_limits limits = { .object_bytes = 1 << 16, .layer_bytes = 1 << 18 };
	static struct image_facts f;
	AUTO(mem) void *object = NULL;
	struct oci_why why;
	size_t len;

	if (oci_image_read(ref, blobs, n, "amd64", &f, &why))
		return;
	assert(oci_digest_ok(f.digest) && oci_digest_ok(f.manifest) && image_facts_check(&f) == 0);
	if (oci_image_object(blobs, n, &limits, &f, &object, &len, &why) == 0)
		assert(len == f.object_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct oci_blob blobs[OCI_BUNDLE_BLOBS_MAX];
	AUTO(mem) uint8_t *bytes = malloc(size + !size);
	char ref[IMAGE_REF_MAX];
	struct oci_why why;
	size_t n;

	assert(bytes);
	memcpy(bytes, data, size);
	if (size >= 32)
		oci_sha256(bytes, size - 32, bytes + size - 32);
	if (oci_bundle_open(bytes, size, ref, blobs, &n, &why))
		return 0;
	for (size_t i = 0; i < n; i++)
		assert((const uint8_t *)blobs[i].bytes >= bytes && blobs[i].len <= size);
	read_image(ref, blobs, n);
	return 0;
}
