/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfd/texts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/memfd.h"

void
texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free((char *)t->files[i].path);
		free((char *)t->files[i].text);
	}
	free(t->files);
	*t = (struct texts){ 0 };
}

static int
make_room(struct texts *t)
{
	size_t room = t->room ? 2 * t->room : 16;
	struct bundle_file *files;

	if (t->n < t->room)
		return 0;
	files = realloc(t->files, room * sizeof(*files));
	if (!files)
		return -ENOMEM;
	t->files = files;
	t->room = room;
	return 0;
}

static int
take(struct texts *t, enum bundle_kind kind, const char *path, bool refused, char *take_text, size_t len)
{
	AUTO(mem) char *text = take_text;
	AUTO(mem) char *name = strdup(path);

	if (!text || !name || make_room(t) < 0)
		return -ENOMEM;
	t->files[t->n++] = (struct bundle_file){ .kind = kind, .refused = refused, .text_len = len,
		.path = TAKE_PTR(name), .text = TAKE_PTR(text) };
	return 0;
}

int
texts_add(struct texts *t, enum bundle_kind kind, const char *path, const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy)
		memcpy(copy, text, len);
	return take(t, kind, path, false, copy, len);
}

const char *
texts_distrust(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "it does not belong to root, so it is not read";
	if (st->st_mode & 022)
		return "others than its owner may write to it, so it is not read";
	return NULL;
}

static const char *
refusal(int fd, const struct stat *st, enum bundle_kind kind)
{
	if (fd < 0 && errno == ELOOP)
		return "it is a symbolic link, so it is not read";
	if (fd < 0)
		return strerrordesc_np(errno);
	if (!S_ISREG(st->st_mode))
		return "it is not a regular file";
	if (st->st_size > (off_t)bundle_text_max(kind))
		return kind == BUNDLE_LIST ? "it is larger than 4194304 bytes" : "it is larger than 262144 bytes";
	return texts_distrust(st);
}

static char *
slurp(int fd, size_t size, size_t *len)
{
	char *text = malloc(size + 1);

	*len = 0;
	while (text && *len < size) {
		ssize_t n = read(fd, text + *len, size - *len);

		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	return text;
}

static int
read_one(struct texts *t, enum bundle_kind kind, int dir, const char *folder, const char *name)
{
	AUTO(fd) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char path[BUNDLE_PATH_MAX];
	struct stat st = { 0 };
	const char *why;
	char *text;
	size_t len;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return -ENAMETOOLONG;
	if (fd >= 0 && fstat(fd, &st) < 0)
		return -errno;
	why = refusal(fd, &st, kind);
	if (why)	/* who reads the bundle says it */
		return take(t, kind, path, true, strdup(why), strlen(why));
	text = slurp(fd, (size_t)st.st_size, &len);
	return take(t, kind, path, false, text, len);
}

static bool
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return name[0] != '.' && len > end_len && strcmp(name + len - end_len, end) == 0;
}

static int
is_toml(const struct dirent *e)
{
	return ends_with(e->d_name, ".toml");
}

/* What a policy may name. */
static int
is_toml_or_key(const struct dirent *e)
{
	static const char *const ends[] = { ".toml", ".pub", ".pem", ".crt", ".json" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (ends_with(e->d_name, ends[i]))
			return true;
	return false;
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int
texts_read(struct texts *t, enum bundle_kind kind, const char *folder)
{
	AUTO(fd) int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **names = NULL;
	struct stat st;
	int n, err = 0;

	if (dir < 0 && errno == ENOENT)
		return 0;
	if (dir < 0 || fstat(dir, &st) < 0)
		return log_err(-errno, "rules.folder", "path=%s", folder);
	if (texts_distrust(&st))
		return log_err(-EPERM, "rules.folder", "path=%s %s", folder, texts_distrust(&st));
	n = scandirat(dir, ".", &names, kind == BUNDLE_TRUST ? is_toml_or_key : is_toml, by_bytes);
	if (n < 0)
		return log_err(-errno, "rules.folder", "path=%s", folder);
	if (n > TEXTS_FILES_MAX)
		log_warn("rules.folder", "path=%s files=%d only the first %d are read", folder, n, TEXTS_FILES_MAX);
	for (int i = 0; i < n; i++) {
		if (!err && i < TEXTS_FILES_MAX)
			err = read_one(t, kind, dir, folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return err;
}

int
texts_pack(const struct texts *t)
{
	AUTO(mem) void *bytes = NULL;
	size_t len = 0;
	int err = bundle_pack(t->files, t->n, &bytes, &len);
	AUTO(fd) int fd = err ? err : memfd_sealed("bpfd-texts", bytes, len);

	/* It is read from its beginning, as any standard input. */
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return TAKE_FD(fd);
}
