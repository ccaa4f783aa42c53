/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a checkpoint: ID-TIME-SEQ, and with ".part" behind it until it is whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "common/auto.h"

#define SUMS		"SHA256SUMS"
#define PART		".part"
#define ID_SHOWN	12
#define DEPTH		8	/* of folders that a runtime's command may make */
#define PATH_ROOM	1024

/* Called for each file, then for the folder that it was in: its path below where the walk began, and
 * its name in dir. */
typedef int file_fn(void *arg, const char *path, int dir, const char *name, const struct stat *st);

static int
not_itself(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int	walk(int dir, char *path, size_t len, int depth, file_fn *fn, void *arg);

static int
walk_one(int dir, char *path, size_t len, int depth, const char *name, file_fn *fn, void *arg)
{
	int n = snprintf(path + len, PATH_ROOM - len, "%s%s", len ? "/" : "", name), err = 0;
	struct stat st;

	if (n < 0 || (size_t)n >= PATH_ROOM - len)
		return -ENAMETOOLONG;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;	/* a program's own, for a while */
	/* runc makes its folder with mode 0600: its owner looks into it by a right that it gives itself. */
	if (S_ISDIR(st.st_mode) && (st.st_mode & 0700) != 0700 && fchmodat(dir, name, 0700, 0) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		AUTO(fd) int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (sub < 0)
			return -errno;
		err = depth ? walk(sub, path, len + (size_t)n, depth - 1, fn, arg) : -ELOOP;
		path[len + (size_t)n] = '\0';
	}
	return err ? err : fn(arg, path, dir, name, &st);
}

/* In the order of names. */
static int
walk(int dir, char *path, size_t len, int depth, file_fn *fn, void *arg)
{
	struct dirent **list;
	int n = scandirat(dir, ".", &list, not_itself, alphasort), err = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (!err)
			err = walk_one(dir, path, len, depth, list[i]->d_name, fn, arg);
		free(list[i]);
	}
	free(list);
	return err;
}

/* ---- bytes ---- */

static int
add_bytes(void *arg, const char *path, int dir, const char *name, const struct stat *st)
{
	*(uint64_t *)arg += (uint64_t)st->st_blocks * 512;
	return 0;
}

int
images_bytes(int dir, uint64_t *out)
{
	char path[PATH_ROOM];
	uint64_t bytes = 0;
	int err = walk(dir, path, 0, DEPTH + 1, add_bytes, &bytes);

	if (!err)
		*out = bytes;
	return err;
}

/* ---- removal ---- */

static int
remove_one(void *arg, const char *path, int dir, const char *name, const struct stat *st)
{
	return unlinkat(dir, name, S_ISDIR(st->st_mode) ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

static int
remove_folder(int base, const char *name)
{
	char path[PATH_ROOM];

	return walk_one(base, path, 0, DEPTH, name, remove_one, NULL);
}

/* There is one bpfd-checkpoint at a time: an unfinished folder is nobody's. */
static int
remove_unfinished(int base)
{
	struct dirent **list;
	int n = scandirat(base, ".", &list, not_itself, alphasort), err = 0;

	for (int i = 0; i < n; i++) {
		size_t len = strlen(list[i]->d_name);

		if (!err && len > strlen(PART) && strcmp(list[i]->d_name + len - strlen(PART), PART) == 0)
			err = remove_folder(base, list[i]->d_name);
		free(list[i]);
	}
	if (n < 0)
		return -errno;
	free(list);
	return err;
}

void
images_drop(struct images *im)
{
	if (im->dir < 0)
		return;
	close(TAKE_FD(im->dir));
	remove_folder(im->base, im->part);
}

/* ---- a new one ---- */

int
images_begin(int base, const struct msg_checkpoint *m, struct images *out)
{
	const time_t now = time(NULL);
	struct images im = { .base = base, .dir = -1 };
	char when[32];
	struct tm tm;
	int err = remove_unfinished(base);

	if (err)
		return err;
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(im.name, sizeof(im.name), "%.*s-%s-%llu", ID_SHOWN, m->container, when,
		(unsigned long long)m->event);
	snprintf(im.part, sizeof(im.part), "%.*s" PART, (int)(sizeof(im.part) - sizeof(PART)), im.name);
	if (mkdirat(base, im.part, 0700) < 0)
		return -errno;
	im.dir = openat(base, im.part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (im.dir < 0)
		return -errno;
	*out = im;
	return 0;
}

/* ---- sums ---- */

struct sums {
	FILE *to;
	struct image_sum sum;
	SHA2_CTX own;			/* of the lines */
};

static int
hash_file(int dir, const char *name, char hex[65])
{
	AUTO(fd) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t buf[65536], digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;
	ssize_t n;

	if (fd < 0)
		return -errno;
	SHA256Init(&sha);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		SHA256Update(&sha, buf, (size_t)n);
	if (n < 0 || fsync(fd) < 0)
		return -errno;
	SHA256Final(digest, &sha);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

static int
sum_file(void *arg, const char *path, int dir, const char *name, const struct stat *st)
{
	struct sums *s = arg;
	char hex[65], line[PATH_ROOM + 80];
	int err, n;

	if (!S_ISREG(st->st_mode) || strcmp(path, SUMS) == 0)
		return 0;
	/* A line of sha256sum would escape it. */
	if (strpbrk(path, "\n\\"))
		return -EINVAL;
	err = hash_file(dir, name, hex);
	if (err)
		return err;
	n = snprintf(line, sizeof(line), "%s  %s\n", hex, path);
	if (fputs(line, s->to) < 0)
		return -EIO;
	SHA256Update(&s->own, (const uint8_t *)line, (size_t)n);
	s->sum.files++;
	s->sum.bytes += (uint64_t)st->st_size;
	return 0;
}

static int
write_sums(int dir, struct image_sum *out)
{
	AUTO(fd) int fd = openat(dir, SUMS, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct sums s = { .to = fd < 0 ? NULL : fdopen(fd, "w") };
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char path[PATH_ROOM];
	int err;

	if (!s.to)
		return -errno;
	fd = -1;
	SHA256Init(&s.own);
	err = walk(dir, path, 0, DEPTH, sum_file, &s);
	if (fflush(s.to) < 0 || fsync(fileno(s.to)) < 0)
		err = err ? err : -errno;
	fclose(s.to);
	if (err)
		return err;
	SHA256Final(digest, &s.own);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(s.sum.digest + 2 * i, 3, "%02x", digest[i]);
	*out = s.sum;
	return 0;
}

int
images_finish(struct images *im, struct image_sum *sum)
{
	int err = write_sums(im->dir, sum);

	if (err)
		return err;
	if (fsync(im->dir) < 0 || renameat(im->base, im->part, im->base, im->name) < 0 || fsync(im->base) < 0)
		return -errno;
	close(TAKE_FD(im->dir));
	return 0;
}
