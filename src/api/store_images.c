/* SPDX-License-Identifier: Apache-2.0 */
#include "api/store_images.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/store.h"
#include "api/store_db.h"
#include "common/auto.h"
#include "common/log.h"

#define I(v) ((int64_t)(v))
#define IMAGES_VERSION	1
#define IMAGES_APPLICATION_ID 0x62706669	/* "bpfi" */

/* Before the first table: what a removed image held goes back to the file system. */
static const char *const begin[] = {
	"PRAGMA img.auto_vacuum = FULL",
	"PRAGMA img.journal_size_limit = 16777216",
	"PRAGMA img.journal_mode = WAL",
};

static const char *const tables[] = {
	"BEGIN IMMEDIATE",
	"CREATE TABLE img.images(digest TEXT PRIMARY KEY, bundle_bytes INTEGER NOT NULL,"
	" pulled_ns INTEGER NOT NULL, used_ns INTEGER NOT NULL, facts BLOB NOT NULL, bundle BLOB NOT NULL) STRICT",
	"CREATE INDEX img.images_by_use ON images(used_ns, digest, bundle_bytes)",
	"CREATE TABLE img.refs(ref TEXT PRIMARY KEY,"
	" digest TEXT NOT NULL REFERENCES images(digest) ON DELETE CASCADE) STRICT",
	"CREATE INDEX img.refs_by_digest ON refs(digest)",
};

static int
run_all(struct store *st, const char *const *sql, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = store_exec(st, sql[i]);
	return err;
}

/* Also the write before the sandbox that opens the log, see store_db.c. */
static int
mark(struct store *st)
{
	char sql[128];

	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA img.application_id = %d; PRAGMA img.user_version = %d",
		IMAGES_APPLICATION_ID, IMAGES_VERSION);
	return store_exec(st, sql);
}

static int
open_file(struct store *st, const char *path)
{
	int application = 0, version = 0, tables_there = 0, on = 1, err;
	char sql[512];

	sqlite3_snprintf(sizeof(sql), sql, "ATTACH %Q AS img", path);
	err = store_exec(st, sql);
	if (err)
		return err;
	sqlite3_file_control(st->db, "img", SQLITE_FCNTL_PERSIST_WAL, &on);
	err = store_number(st, "PRAGMA img.application_id", &application);
	if (!err)
		err = store_number(st, "PRAGMA img.user_version", &version);
	if (!err)
		err = store_number(st, "SELECT count(*) FROM img.sqlite_schema", &tables_there);
	if (!err && (application || version || tables_there) &&
	    (application != IMAGES_APPLICATION_ID || version != IMAGES_VERSION))
		err = -EUCLEAN;
	if (!err)
		err = run_all(st, begin, ARRAY_SIZE(begin));
	if (!err && !tables_there) {
		err = run_all(st, tables, ARRAY_SIZE(tables));
		if (!err)
			err = mark(st);
		err = err ? err : store_exec(st, "COMMIT");
	}
	if (!err)
		err = store_number(st, "SELECT count(*) FROM img.images JOIN img.refs USING(digest)", &tables_there);
	if (!err)
		err = mark(st);
	return err ? err : store_prepare_images(st);
}

int
store_images_open(struct store *st, const char *path)
{
	static const char *const endings[] = { "", "-wal" };
	int err = open_file(st, path);

	if (err != -EUCLEAN)
		return err ? err : store_checkpoint(st);
	log_warn("images.damaged", "file=%s is put aside as %s.unknown: the cache of images starts empty", LOG_QUOTE(path),
		path);
	sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);	/* if it came so far */
	sqlite3_exec(st->db, "DETACH img", NULL, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		char from[512], to[512];

		snprintf(from, sizeof(from), "%s%s", path, endings[i]);
		snprintf(to, sizeof(to), "%s.unknown%s", path, endings[i]);
		if (rename(from, to) < 0 && errno != ENOENT)
			return log_err(-errno, "images.damaged", "file=%s cannot be renamed", LOG_QUOTE(from));
	}
	err = open_file(st, path);
	return err ? err : store_checkpoint(st);
}

static int
put(struct store *st, const struct stored_image *i, const void *bundle, const char *const *refs)
{
	int err = store_run(st, ST_PUT_IMAGE, "siiibb", i->digest, I(i->bundle_bytes), i->pulled_ns, i->used_ns,
		i->facts, i->facts_len, bundle, (size_t)i->bundle_bytes);

	for (; !err && *refs; refs++)
		err = store_run(st, ST_PUT_IMAGE_REF, "ss", *refs, i->digest);
	return err;
}

int
store_put_image(struct store *st, const struct stored_image *image, const void *bundle, const char *const *refs)
{
	int err = store_begin(st);

	return err ? err : store_end(st, put(st, image, bundle, refs));
}

int
store_touch_image(struct store *st, const char *digest, const void *facts, size_t len, int64_t used_ns)
{
	return store_run(st, ST_TOUCH_IMAGE, "sbi", digest, facts, len, used_ns);
}

int
store_del_image(struct store *st, const char *digest)
{
	return store_run(st, ST_DEL_IMAGE, "s", digest);
}

int
store_find_image(struct store *st, const char *what, char digest[IMAGE_DIGEST_MAX])
{
	sqlite3_stmt *s = store_bind(st, ST_FIND_IMAGE, "s", what);
	int rc = sqlite3_step(s), err = rc == SQLITE_ROW ? store_text(s, 0, digest, IMAGE_DIGEST_MAX) :
		rc == SQLITE_DONE ? -ENOENT : store_error(st, "find an image");

	sqlite3_reset(s);
	return err;
}

int
store_bundle(struct store *st, const char *digest, void **out, size_t *len)
{
	return store_take_bytes(st, store_bind(st, ST_GET_BUNDLE, "s", digest), 0, out, len, NULL);
}

static int
each(sqlite3_stmt *row, int (*fn)(void *arg, const struct stored_image *i), void *arg)
{
	const struct stored_image i = {
		.digest = (const char *)sqlite3_column_text(row, 0),
		.bundle_bytes = (uint64_t)sqlite3_column_int64(row, 1),
		.pulled_ns = sqlite3_column_int64(row, 2),
		.used_ns = sqlite3_column_int64(row, 3),
		.facts = sqlite3_column_blob(row, 4),
		.facts_len = (size_t)sqlite3_column_bytes(row, 4),
	};

	return i.digest && i.facts ? fn(arg, &i) : -EUCLEAN;
}

int
store_each_image(struct store *st, const char *digest, int (*fn)(void *arg, const struct stored_image *i), void *arg)
{
	sqlite3_stmt *s = digest ? store_bind(st, ST_ONE_IMAGE, "s", digest) : store_bind(st, ST_ALL_IMAGES, "");
	int rc = SQLITE_DONE, err = 0;

	while (!err && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = each(s, fn, arg);
	if (!err && rc != SQLITE_DONE)
		err = store_error(st, "read images");
	sqlite3_reset(s);
	return err;
}

int
store_each_image_ref(struct store *st, const char *digest, int (*fn)(void *arg, const char *ref), void *arg)
{
	sqlite3_stmt *s = store_bind(st, ST_IMAGE_REFS, "s", digest);
	int rc = SQLITE_DONE, err = 0;

	while (!err && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		char ref[IMAGE_REF_MAX];

		err = store_text(s, 0, ref, sizeof(ref));
		if (!err)
			err = fn(arg, ref);
	}
	if (!err && rc != SQLITE_DONE)
		err = store_error(st, "read references");
	sqlite3_reset(s);
	return err;
}

struct sums {
	const struct trim_images *t;
	uint64_t bytes, n;
	char unused[IMAGE_DIGEST_MAX], used[IMAGE_DIGEST_MAX];	/* the first of each, but keep; "": none */
};

static int
sum(void *arg, const struct stored_image *i)
{
	struct sums *s = arg;
	char *first;

	s->bytes += i->bundle_bytes;
	s->n++;
	if (strcmp(i->digest, s->t->keep) == 0)
		return 0;
	first = s->t->in_use(s->t->arg, i->digest) ? s->used : s->unused;
	if (!first[0])
		snprintf(first, IMAGE_DIGEST_MAX, "%s", i->digest);
	return 0;
}

int
store_trim_images(struct store *st, const struct trim_images *t, unsigned int *removed)
{
	int err;

	for (*removed = 0;; ++*removed) {
		struct sums s = { .t = t };
		const char *first;

		err = store_each_image(st, NULL, sum, &s);
		first = s.unused[0] ? s.unused : s.used;
		if (err || (s.bytes <= t->max_bytes && s.n <= t->max_n) || !first[0])
			return err;
		err = store_del_image(st, first);
		if (err)
			return err;
	}
}
