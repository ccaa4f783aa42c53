/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "image/file.h"
#include "oci/json.h"

#define MARK "oci-layout"
#define MARK_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define INDEX "index.json"
#define NAME_KEY "org.opencontainers.image.ref.name"
#define PATH_ROOM 128

static void
blob_path(const char *digest, char out[PATH_ROOM])
{
	snprintf(out, PATH_ROOM, "blobs/sha256/%s", digest + strlen("sha256:"));
}

static const char *
tag_of(const json_t *entry)
{
	return json_string_value(json_object_get(json_object_get(entry, "annotations"), NAME_KEY));
}

/* -ENOENT: there is none yet. */
static int
read_index(int dir_fd, json_t **out, struct oci_why *why)
{
	AUTO(mem) void *bytes = NULL;
	size_t len;
	int err = file_read(dir_fd, INDEX, LAYOUT_INDEX_MAX, &bytes, &len, why);

	if (err)
		return err;
	err = oci_json_load(bytes, len, INDEX, out, why);
	if (!err && !json_is_array(json_object_get(*out, "manifests"))) {
		json_decref(*out);
		*out = NULL;
		err = oci_refuse(why, -EINVAL, INDEX " has no list of manifests: the directory is no OCI layout");
	}
	return err;
}

/* The entry, in the place of one of that tag. */
static int
set_entry(json_t *index, const char *tag, const struct oci_desc *d)
{
	json_t *all = json_object_get(index, "manifests"), *entry;
	size_t i;

	entry = json_pack("{s:s, s:s, s:I, s:{s:s}}", "mediaType", d->media, "digest", d->digest, "size",
		(json_int_t)d->size, "annotations", NAME_KEY, tag);
	for (i = 0; i < json_array_size(all); i++) {
		const char *is = tag_of(json_array_get(all, i));

		if (is && strcmp(is, tag) == 0)
			return json_array_set_new(all, i, entry);
	}
	return json_array_append_new(all, entry);
}

static int
write_index(int dir_fd, const char *tag, const struct oci_desc *d, struct oci_why *why)
{
	AUTO(json) json_t *index = NULL;
	AUTO(mem) char *text = NULL;
	int err = read_index(dir_fd, &index, why);

	if (err == -ENOENT) {
		index = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", OCI_MEDIA_INDEX, "manifests");
		err = index ? 0 : -ENOMEM;
	}
	if (err)
		return err;
	if (set_entry(index, tag, d) || !(text = json_dumps(index, JSON_COMPACT | JSON_SORT_KEYS)))
		return oci_refuse(why, -ENOMEM, "no memory for the index");
	return file_write(dir_fd, INDEX, text, strlen(text), why);
}

static int
make_dir(int dir_fd, const char *path, struct oci_why *why)
{
	if (mkdirat(dir_fd, path, 0777) == 0 || errno == EEXIST)
		return 0;
	return oci_refuse(why, -errno, "%s: %s", LOG_QUOTE(path), strerror(errno));
}

/* A directory with something else in it is somebody's: nothing is put among that. */
static int
check_empty(int dir_fd, const char *dir, struct oci_why *why)
{
	struct stat st;

	if (fstatat(dir_fd, MARK, &st, 0) == 0 || fstatat(dir_fd, INDEX, &st, 0) < 0)
		return 0;
	return oci_refuse(why, -EINVAL, "%s has an " INDEX ", but is no OCI layout: there is no " MARK, LOG_QUOTE(dir));
}

int
layout_write(const char *dir, const char *tag, const struct made *m, struct oci_why *why)
{
	AUTO(fd) int dir_fd = -1;
	int err = make_dir(AT_FDCWD, dir, why);

	if (err)
		return err;
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return oci_refuse(why, -errno, "%s: %s", LOG_QUOTE(dir), strerror(errno));
	err = check_empty(dir_fd, dir, why);
	if (!err)
		err = make_dir(dir_fd, "blobs", why);
	if (!err)
		err = make_dir(dir_fd, "blobs/sha256", why);
	for (size_t i = 0; i < m->n && !err; i++) {
		char path[PATH_ROOM];

		blob_path(m->blobs[i].desc.digest, path);
		err = file_write(dir_fd, path, m->blobs[i].bytes, (size_t)m->blobs[i].desc.size, why);
	}
	if (!err)
		err = file_write(dir_fd, MARK, MARK_TEXT, strlen(MARK_TEXT), why);
	return err ? err : write_index(dir_fd, tag, &m->blobs[m->n - 1].desc, why);
}

/* Adds a tag to a list for a person. */
static void
name_tag(char *list, size_t room, const char *tag)
{
	const size_t len = strlen(list);

	if (tag && len + strlen(tag) + 3 < room)
		snprintf(list + len, room - len, "%s%s", len ? ", " : "", tag);
}

int
layout_find(int dir_fd, const char *tag, struct oci_desc *out, struct oci_why *why)
{
	AUTO(json) json_t *index = NULL;
	const json_t *all, *entry, *found = NULL;
	char list[256] = "";
	size_t i, n = 0;
	int err = read_index(dir_fd, &index, why);

	if (err)
		return err;
	all = json_object_get(index, "manifests");
	json_array_foreach(all, i, entry) {
		const char *is = tag_of(entry);

		name_tag(list, sizeof(list), is);
		if (tag && (!is || strcmp(is, tag) != 0))
			continue;
		found = entry;
		n++;
	}
	if (n == 1)
		return oci_json_desc(found, "the layout's entry", out, why);
	if (n > 1)
		return oci_refuse(why, -ENOENT, "the layout has several images: write DIR:TAG; it has %s", LOG_QUOTE(list));
	return oci_refuse(why, -ENOENT, "the layout has no image %s; it has %s", tag ? LOG_QUOTE(tag) : "at all",
		list[0] ? LOG_QUOTE(list) : "none");
}

int
layout_blob(int dir_fd, const struct oci_desc *d, uint64_t max, void **bytes, struct oci_why *why)
{
	AUTO(mem) void *p = NULL;
	char path[PATH_ROOM];
	size_t len;
	int err;

	blob_path(d->digest, path);
	err = file_read(dir_fd, path, max, &p, &len, why);
	if (err)
		return err;
	if (len != d->size || !oci_digest_is(d->digest, p, len))
		return oci_refuse(why, -EBADMSG, "the layout's %s is damaged: build the image again", path);
	*bytes = TAKE_PTR(p);
	return 0;
}
