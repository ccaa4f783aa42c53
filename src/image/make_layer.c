/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "common/auto.h"
#include "image/make.h"

AUTO_DEFINE(archive, struct archive *, archive_write_free)
AUTO_DEFINE(entry, struct archive_entry *, archive_entry_free)

const char *
make_media(enum make_compression c)
{
	static const char *const media[N_MAKE_COMPRESSIONS] = {
		[MAKE_GZIP] = OCI_MEDIA_LAYER "+gzip",
		[MAKE_ZSTD] = OCI_MEDIA_LAYER "+zstd",
		[MAKE_PLAIN] = OCI_MEDIA_LAYER,
	};

	return media[c];
}

/* Of gzip's header the time of compression is left out. */
static int
set_filter(struct archive *a, enum make_compression c)
{
	if (c == MAKE_PLAIN)
		return archive_write_add_filter_none(a);
	if (c == MAKE_ZSTD)
		return archive_write_add_filter_zstd(a);
	if (archive_write_add_filter_gzip(a) != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	return archive_write_set_filter_option(a, "gzip", "timestamp", NULL);
}

static int
write_all(struct archive *a, const void *bytes, size_t len)
{
	AUTO(entry) struct archive_entry *e = archive_entry_new();

	if (!e)
		return ARCHIVE_FATAL;
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_pathname(e, "layer");
	if (archive_write_header(a, e) != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	if (archive_write_data(a, bytes, len) != (la_ssize_t)len)
		return ARCHIVE_FATAL;
	return archive_write_close(a);
}

int
make_compress(enum make_compression c, const void *bytes, size_t len, void **out, size_t *out_len)
{
	/* Neither of the two makes anything larger by more than a thousandth, and some bytes of its own. */
	const size_t room = len + len / 256 + 4096;
	AUTO(archive) struct archive *a = archive_write_new();
	AUTO(mem) void *p = malloc(room);
	size_t used = 0;

	if (!a || !p)
		return -ENOMEM;
	if (set_filter(a, c) != ARCHIVE_OK || archive_write_set_format_raw(a) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
	    archive_write_open_memory(a, p, room, &used) != ARCHIVE_OK || write_all(a, bytes, len) != ARCHIVE_OK)
		return -EINVAL;
	*out = TAKE_PTR(p);
	*out_len = used;
	return 0;
}
