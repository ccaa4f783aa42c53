/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/oci.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpfobj.h"
#include "common/log.h"
#include "oci/tar.h"

#define CHUNK (256u << 10)

AUTO_DEFINE(archive, struct archive *, archive_read_free)

struct bytes { uint8_t *p; size_t len, room; };

/* libarchive's filter for a layer's media type, or -EINVAL.  Docker writes a dot for the plus. */
static int
filter_of(const char *media)
{
	static const struct { const char *media; int filter; } all[] = {
		{ OCI_MEDIA_LAYER, ARCHIVE_FILTER_NONE },
		{ OCI_MEDIA_LAYER "+gzip", ARCHIVE_FILTER_GZIP },
		{ OCI_MEDIA_LAYER "+zstd", ARCHIVE_FILTER_ZSTD },
		{ OCI_MEDIA_DOCKER_LAYER, ARCHIVE_FILTER_NONE },
		{ OCI_MEDIA_DOCKER_LAYER ".gzip", ARCHIVE_FILTER_GZIP },
		{ OCI_MEDIA_DOCKER_LAYER ".zstd", ARCHIVE_FILTER_ZSTD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (strcmp(all[i].media, media) == 0)
			return all[i].filter;
	return -EINVAL;
}

static int
make_room(struct bytes *b)
{
	uint8_t *more;

	if (b->room - b->len >= CHUNK)
		return 0;
	more = realloc(b->p, b->room * 2 + CHUNK);
	if (!more)
		return -ENOMEM;
	b->p = more;
	b->room = b->room * 2 + CHUNK;
	return 0;
}

static int
read_all(struct archive *a, uint64_t max, struct bytes *b, struct oci_why *why)
{
	for (;;) {
		la_ssize_t n;

		if (make_room(b))
			return oci_refuse(why, -ENOMEM, "no memory for the layer");
		n = archive_read_data(a, b->p + b->len, CHUNK);
		if (n < 0)
			return oci_refuse(why, -EINVAL, "the layer cannot be decompressed: %s",
				LOG_QUOTE(archive_error_string(a) ? archive_error_string(a) : "damaged"));
		if (n == 0)
			return 0;
		b->len += (size_t)n;
		if (b->len > max)
			return oci_refuse(why, -EFBIG, "the layer is larger than %llu bytes once decompressed: no object "
				"that bpfd takes needs that", (unsigned long long)max);
	}
}

/* Decompresses with the one filter that the media type names: bytes say nothing about themselves. */
static int
decompress(int filter, const void *bytes, size_t len, uint64_t max, struct bytes *out, struct oci_why *why)
{
	AUTO(archive) struct archive *a = archive_read_new();
	struct archive_entry *entry;
	int err;

	if (!a)
		return oci_refuse(why, -ENOMEM, "no memory for the layer");
	/* Of a library without it: that would start a program, which no sandbox of ours allows. */
	if ((filter == ARCHIVE_FILTER_GZIP ? archive_read_support_filter_gzip(a) :
	    archive_read_support_filter_zstd(a)) != ARCHIVE_OK)
		return oci_refuse(why, -EINVAL, "this build of libarchive cannot read the layer's compression");
	err = archive_read_support_format_raw(a);
	if (err == ARCHIVE_OK)
		err = archive_read_open_memory(a, bytes, len);
	if (err == ARCHIVE_OK)
		err = archive_read_next_header(a, &entry);
	if (err != ARCHIVE_OK || archive_filter_code(a, 0) != filter)
		return oci_refuse(why, -EINVAL, "the layer is not compressed as its media type says");
	return read_all(a, max, out, why);
}

static int
take_object(const uint8_t *tar, size_t len, const struct oci_limits *limits, void **object, size_t *object_len,
	struct oci_why *why)
{
	const void *file;
	size_t file_len;
	void *copy;
	int err = tar_one_file(tar, len, limits->object_bytes, &file, &file_len, why);

	if (err)
		return err;
	if (bpfobj_check(file, file_len, why->text, sizeof(why->text)))
		return -EINVAL;
	copy = malloc(file_len);
	if (!copy)
		return oci_refuse(why, -ENOMEM, "no memory for the object");
	memcpy(copy, file, file_len);
	*object = copy;
	*object_len = file_len;
	return 0;
}

int
oci_layer_object(const struct oci_desc *layer, const void *bytes, size_t len, const struct oci_limits *limits,
	void **object, size_t *object_len, struct oci_why *why)
{
	const int filter = filter_of(layer->media);
	struct bytes tar = { 0 };
	int err;

	if (filter < 0)
		return oci_refuse(why, -EINVAL, "the layer's media type is %s; taken are tar, tar+gzip and tar+zstd",
			LOG_QUOTE(layer->media));
	if (filter == ARCHIVE_FILTER_NONE)
		return take_object(bytes, len, limits, object, object_len, why);
	err = decompress(filter, bytes, len, limits->layer_bytes, &tar, why);
	if (!err)
		err = take_object(tar.p, tar.len, limits, object, object_len, why);
	free(tar.p);
	return err;
}
