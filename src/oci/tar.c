/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar(5): POSIX ustar with pax's and GNU's long names, as image builders write it.  A reader of its own,
 * because a library's wants to convert names (iconv opens files, which a sandbox kills for) and knows of
 * attributes, sparse files and eight dialects that are all to be refused here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "ipc/chan.h"
#include "oci/tar.h"

#define NAME_MAX_BYTES 512	/* with NUL */

struct entry {
	char type;
	char name[NAME_MAX_BYTES];
	const uint8_t *data;
	uint64_t size;
};

struct tar {
	const uint8_t *bytes;
	size_t len, at;
	struct oci_why *why;
};

/* Octal digits, as all but the size of something huge is written.  -EINVAL. */
static int
octal(const char *field, size_t room, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < room && field[i] == ' ')
		i++;
	for (; i < room && field[i] >= '0' && field[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(field[i] - '0');
	for (; i < room; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return -EINVAL;
	*out = v;
	return 0;
}

uint64_t
tar_checksum(const struct tar_header *h)
{
	const uint8_t *p = (const uint8_t *)h;
	const size_t at = offsetof(struct tar_header, checksum);
	uint64_t sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= at && i < at + sizeof(h->checksum) ? ' ' : p[i];
	return sum;
}

static bool
checksum_ok(const struct tar_header *h)
{
	uint64_t want;

	return octal(h->checksum, sizeof(h->checksum), &want) == 0 && want == tar_checksum(h);
}

static bool
all_zero(const uint8_t *bytes, size_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* A header and what it is of; moves behind both.  1; 0 at the end; -EINVAL. */
static int
next_block(struct tar *t, struct tar_header *h, struct entry *e)
{
	const size_t left = t->len - t->at;
	uint64_t padded;

	if (all_zero(t->bytes + t->at, left))
		return 0;
	if (left < TAR_BLOCK)
		return oci_refuse(t->why, -EINVAL, "the layer's archive ends within a header");
	memcpy(h, t->bytes + t->at, TAR_BLOCK);
	if (!checksum_ok(h) || octal(h->size, sizeof(h->size), &e->size))
		return oci_refuse(t->why, -EINVAL, "the layer is no tar archive: at byte %zu there is no header", t->at);
	if (e->size > left - TAR_BLOCK)
		return oci_refuse(t->why, -EINVAL, "the layer's archive ends within a file of %llu bytes",
			(unsigned long long)e->size);
	padded = (e->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	e->type = h->type;
	e->data = t->bytes + t->at + TAR_BLOCK;
	/* umoci writes neither what fills the last block nor an end. */
	t->at = padded > left - TAR_BLOCK ? t->len : t->at + TAR_BLOCK + (size_t)padded;
	return 1;
}

static int
set_name(struct tar *t, struct entry *e, const char *name, size_t len)
{
	if (len >= sizeof(e->name))
		return oci_refuse(t->why, -EINVAL, "the layer has a name of %zu bytes", len);
	memcpy(e->name, name, len);
	e->name[len] = '\0';
	if (strlen(e->name) != len)
		return oci_refuse(t->why, -EINVAL, "the layer has a name with a NUL in it");
	return 0;
}

/* ustar's name is in two parts. */
static int
short_name(struct tar *t, const struct tar_header *h, struct entry *e)
{
	const bool ustar = memcmp(h->magic, "ustar", sizeof(h->magic)) == 0;
	const int prefix = ustar ? (int)strnlen(h->prefix, sizeof(h->prefix)) : 0;
	char name[sizeof(h->name) + sizeof(h->prefix) + 2];
	const int len = snprintf(name, sizeof(name), "%.*s%s%.*s", prefix, h->prefix, prefix ? "/" : "",
		(int)sizeof(h->name), h->name);

	return set_name(t, e, name, (size_t)len);
}

/* One record "LEN KEY=VALUE\n" of pax; its length, or 0. */
static size_t
pax_record(const char *at, size_t left, const char **key, const char **value, size_t *value_len)
{
	const char *equals;
	size_t len = 0, digits = 0;

	for (; digits < left && digits < 6 && at[digits] >= '0' && at[digits] <= '9'; digits++)
		len = len * 10 + (size_t)(at[digits] - '0');
	if (digits == 0 || len > left || len < digits + 3 || at[digits] != ' ' || at[len - 1] != '\n')
		return 0;
	*key = at + digits + 1;
	equals = memchr(*key, '=', len - digits - 2);
	if (!equals)
		return 0;
	*value = equals + 1;
	*value_len = (size_t)(at + len - 1 - *value);
	return len;
}

static bool
pax_is(const char *key, const char *value, const char *name)
{
	const size_t len = strlen(name);

	return (size_t)(value - 1 - key) == len && memcmp(key, name, len) == 0;
}

/* Of pax's records those that change which file this is; times and owners do not matter. */
static int
pax(struct tar *t, const struct entry *x, struct entry *file, bool *named)
{
	const char *at = (const char *)x->data, *key, *value;
	size_t left = (size_t)x->size, len, value_len;

	for (; left; at += len, left -= len) {
		len = pax_record(at, left, &key, &value, &value_len);
		if (!len)
			return oci_refuse(t->why, -EINVAL, "the layer has a malformed extended header");
		if (pax_is(key, value, "size") || (value - key > 11 && memcmp(key, "GNU.sparse.", 11) == 0))
			return oci_refuse(t->why, -EINVAL, "the layer has a file in a form that only huge or sparse files need");
		if (!pax_is(key, value, "path"))
			continue;
		if (x->type == 'g' || set_name(t, file, value, value_len))
			return oci_refuse(t->why, -EINVAL, "the layer names several files alike");
		*named = true;
	}
	return 0;
}

/* The next file or directory, with the name that it has after all.  1; 0 at the end; -EINVAL. */
static int
next(struct tar *t, struct entry *out)
{
	bool named = false;
	struct tar_header h;
	struct entry e = { 0 };
	int more;

	while ((more = next_block(t, &h, &e)) > 0) {
		int err = 0;

		if (e.type == 'x' || e.type == 'g') {
			err = pax(t, &e, out, &named);
		} else if (e.type == 'L') {
			err = set_name(t, out, (const char *)e.data, strnlen((const char *)e.data, (size_t)e.size));
			named = true;
		} else {
			out->type = e.type;
			out->data = e.data;
			out->size = e.size;
			return named || !(err = short_name(t, &h, out)) ? 1 : err;
		}
		if (err)
			return err;
	}
	if (more == 0 && named)
		return oci_refuse(t->why, -EINVAL, "the layer's archive ends with a name without a file");
	return more;
}

static bool
name_ok(const char *name)
{
	if (!*name || *name == '/' || !ipc_str_ok(name, strlen(name) + 1))
		return false;
	while (*name) {
		const size_t len = strcspn(name, "/");

		if (len == 2 && memcmp(name, "..", 2) == 0)
			return false;
		name += len;
		name += *name == '/';
	}
	return true;
}

static const char *
type_name(char type)
{
	switch (type) {
	case '1':
		return "a hard link";
	case '2':
		return "a symbolic link";
	case '3':
	case '4':
		return "a device";
	case '6':
		return "a fifo";
	case 'S':
		return "a sparse file";
	}
	return "no ordinary file";
}

int
tar_one_file(const uint8_t *bytes, size_t len, uint64_t object_bytes, const void **file, size_t *file_len,
	struct oci_why *why)
{
	struct tar t = { .bytes = bytes, .len = len, .why = why };
	const uint8_t *found = NULL;
	struct entry e;
	int more;

	while ((more = next(&t, &e)) > 0) {
		if (!name_ok(e.name))
			return oci_refuse(why, -EINVAL, "the layer has a file named %s: names are relative, without ..",
				LOG_QUOTE(e.name));
		if (e.type == '5')
			continue;
		if (e.type != '0' && e.type != '\0' && e.type != '7')
			return oci_refuse(why, -EINVAL, "the layer has %s, %s: it may hold one object and directories only",
				LOG_QUOTE(e.name), type_name(e.type));
		if (found)
			return oci_refuse(why, -EINVAL, "the layer has a second file, %s: it may hold one object only",
				LOG_QUOTE(e.name));
		if (e.size > object_bytes)
			return oci_refuse(why, -EFBIG, "the object %s has %llu bytes; bpfd takes objects up to %llu (object_bytes)",
				LOG_QUOTE(e.name), (unsigned long long)e.size, (unsigned long long)object_bytes);
		found = e.data;
		*file_len = (size_t)e.size;
	}
	if (more < 0)
		return more;
	if (!found)
		return oci_refuse(why, -EINVAL, "the layer has no file");
	*file = found;
	return 0;
}
