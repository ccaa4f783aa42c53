/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

static char *
put(char *p, const void *data, size_t len)
{
	if (len)
		memcpy(p, data, len);
	return p + len;
}

int
bundle_pack(const struct bundle_file *files, size_t n, void **out, size_t *len)
{
	struct bundle_hdr h = { BUNDLE_MAGIC, (uint32_t)n };
	size_t total = sizeof(h);
	char *bytes, *p;

	if (n > BUNDLE_FILES_MAX)
		return -E2BIG;
	for (size_t i = 0; i < n; i++) {
		size_t path_len = strlen(files[i].path);

		if (path_len >= BUNDLE_PATH_MAX || files[i].text_len > bundle_text_max(files[i].kind))
			return -E2BIG;
		total += sizeof(struct bundle_rec) + path_len + files[i].text_len;
		if (total > BUNDLE_BYTES_MAX)
			return -E2BIG;
	}
	bytes = malloc(total);
	if (!bytes)
		return -ENOMEM;
	p = put(bytes, &h, sizeof(h));
	for (size_t i = 0; i < n; i++) {
		struct bundle_rec r = { (uint32_t)files[i].kind, files[i].refused,
			(uint32_t)strlen(files[i].path), (uint32_t)files[i].text_len };

		p = put(p, &r, sizeof(r));
		p = put(p, files[i].path, r.path_len);
		p = put(p, files[i].text, r.text_len);
	}
	*out = bytes;
	*len = total;
	return 0;
}

static bool
rec_ok(const struct bundle_rec *r, size_t left)
{
	return r->kind < N_BUNDLE_KINDS && r->refused <= 1 && r->path_len && r->path_len < BUNDLE_PATH_MAX &&
	       r->text_len <= bundle_text_max((enum bundle_kind)r->kind) && r->path_len <= left && r->text_len <= left - r->path_len;
}

int
bundle_each(const void *bytes, size_t len, int (*fn)(void *arg, const struct bundle_file *f), void *arg)
{
	const char *p = bytes;
	char path[BUNDLE_PATH_MAX];
	struct bundle_hdr h;
	int err;

	if (len < sizeof(h))
		return -EBADMSG;
	memcpy(&h, p, sizeof(h));
	p += sizeof(h);
	len -= sizeof(h);
	if (h.magic != BUNDLE_MAGIC || h.n > BUNDLE_FILES_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < h.n; i++) {
		struct bundle_rec r;

		if (len < sizeof(r))
			return -EBADMSG;
		memcpy(&r, p, sizeof(r));
		p += sizeof(r);
		len -= sizeof(r);
		if (!rec_ok(&r, len) || memchr(p, '\0', r.path_len))
			return -EBADMSG;
		memcpy(path, p, r.path_len);
		path[r.path_len] = '\0';
		p += r.path_len;
		len -= r.path_len + r.text_len;
		err = fn(arg, &(struct bundle_file){ (enum bundle_kind)r.kind, r.refused, path, p, r.text_len });
		if (err)
			return err;
		p += r.text_len;
	}
	return len ? -EBADMSG : 0;
}
