/* SPDX-License-Identifier: Apache-2.0 */
#include "api/store_db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/store.h"
#include "common/auto.h"
#include "common/log.h"
#include "ipc/chan.h"

static const char *const tables[] = {
#define TABLE(sql) sql,
#include "api/store_schema.def"
};

static const char *const stmts[N_STORE_STMTS] = {
#define STMT(name, sql) [ST_##name] = sql,
#include "api/store_stmts.def"
};

/* Exclusive from the first access on: WAL then needs no shared memory file, and nothing is opened
 * again.  The log survives the process, so NORMAL loses nothing that a power cut would not anyway. */
static const char *const pragmas[] = {
	"PRAGMA locking_mode = EXCLUSIVE",
	"PRAGMA temp_store = MEMORY",
	"PRAGMA mmap_size = 0",
	"PRAGMA cache_size = -512",
	"PRAGMA foreign_keys = ON",
	"PRAGMA trusted_schema = OFF",
	"PRAGMA cell_size_check = ON",
	"PRAGMA synchronous = NORMAL",
	"PRAGMA journal_size_limit = 16777216",
};

int
store_error(struct store *st, const char *doing)
{
	static const struct {
		int sqlite, err;
	} map[] = { { SQLITE_FULL, -ENOSPC }, { SQLITE_IOERR, -EIO }, { SQLITE_CORRUPT, -EUCLEAN },
		{ SQLITE_NOTADB, -EUCLEAN }, { SQLITE_NOMEM, -ENOMEM }, { SQLITE_BUSY, -EBUSY },
		{ SQLITE_LOCKED, -EBUSY }, { SQLITE_READONLY, -EROFS }, { SQLITE_PERM, -EACCES },
		{ SQLITE_CANTOPEN, -EACCES }, { SQLITE_TOOBIG, -EFBIG } };
	int code = st->db ? sqlite3_errcode(st->db) & 0xff : SQLITE_NOMEM;
	int err = -EINVAL;

	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (map[i].sqlite == code)
			err = map[i].err;
	return log_err(err, "store.failed", "doing=\"%s\" sqlite=%d text=%s", doing,
		st->db ? sqlite3_extended_errcode(st->db) : 0,
		LOG_QUOTE(st->db ? sqlite3_errmsg(st->db) : ""));
}

static sqlite3_stmt *
bind_list(struct store *st, enum store_stmt which, const char *fmt, va_list ap)
{
	sqlite3_stmt *s = st->stmts[which];
	int n = 0;

	sqlite3_reset(s);
	for (; *fmt; fmt++) {
		n++;
		if (*fmt == 'i') {
			sqlite3_bind_int64(s, n, va_arg(ap, int64_t));
		} else if (*fmt == 's') {
			sqlite3_bind_text(s, n, va_arg(ap, const char *), -1, SQLITE_STATIC);
		} else {
			const void *data = va_arg(ap, const void *);

			sqlite3_bind_blob64(s, n, data, va_arg(ap, size_t), SQLITE_STATIC);
		}
	}
	return s;
}

sqlite3_stmt *
store_bind(struct store *st, enum store_stmt which, const char *fmt, ...)
{
	sqlite3_stmt *s;
	va_list ap;

	va_start(ap, fmt);
	s = bind_list(st, which, fmt, ap);
	va_end(ap);
	return s;
}

int
store_run(struct store *st, enum store_stmt which, const char *fmt, ...)
{
	sqlite3_stmt *s;
	va_list ap;
	int rc, err;

	va_start(ap, fmt);
	s = bind_list(st, which, fmt, ap);
	va_end(ap);
	rc = sqlite3_step(s);
	err = rc == SQLITE_DONE ? 0 : store_error(st, stmts[which]);
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return err;
}

int
store_begin(struct store *st)
{
	return store_run(st, ST_BEGIN, "");
}

int
store_end(struct store *st, int err)
{
	if (!err)
		err = store_run(st, ST_COMMIT, "");
	/* SQLite itself rolls back after some errors. */
	if (err && !sqlite3_get_autocommit(st->db))
		store_run(st, ST_ROLLBACK, "");
	return err;
}

int
store_text(sqlite3_stmt *row, int column, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	size_t len = (size_t)sqlite3_column_bytes(row, column);

	if (!text || len >= size || !ipc_str_ok(text, len + 1))
		return -EUCLEAN;
	memcpy(out, text, len + 1);
	return 0;
}

int
store_take_bytes(struct store *st, sqlite3_stmt *s, int column, void **out, size_t *len, uint64_t *number)
{
	int rc = sqlite3_step(s), err = rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? -ENOENT :
		store_error(st, "read an object");
	size_t n = err ? 0 : (size_t)sqlite3_column_bytes(s, column);
	void *copy = err ? NULL : malloc(n + 1);

	if (!err && !copy)
		err = -ENOMEM;
	if (!err) {
		if (n)
			memcpy(copy, sqlite3_column_blob(s, column), n);
		if (number)
			*number = (uint64_t)sqlite3_column_int64(s, 0);
		*out = copy;
		*len = n;
	}
	sqlite3_reset(s);
	return err;
}

int
store_exec(struct store *st, const char *sql)
{
	return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_error(st, sql);
}

int
store_number(struct store *st, const char *sql, int *out)
{
	sqlite3_stmt *s = NULL;
	int err = 0;

	if (sqlite3_prepare_v2(st->db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		err = store_error(st, sql);
	else
		*out = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return err;
}

/* One transaction: a death in the middle leaves an empty database, which is created again. */
static int
create(struct store *st)
{
	char sql[96];
	int err = store_exec(st, "BEGIN IMMEDIATE");

	for (size_t i = 0; !err && i < ARRAY_SIZE(tables); i++)
		err = store_exec(st, tables[i]);
	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA user_version = %d; PRAGMA application_id = %d",
		STORE_VERSION, STORE_APPLICATION_ID);
	if (!err)
		err = store_exec(st, sql);
	if (!err)
		err = store_exec(st, "COMMIT");
	return err;
}

static int
check_version(struct store *st, const char *path, bool *empty)
{
	int version = 0, application = 0, tables_there = 0;
	int err = store_number(st, "PRAGMA user_version", &version);

	if (!err)
		err = store_number(st, "PRAGMA application_id", &application);
	if (!err)
		err = store_number(st, "SELECT count(*) FROM sqlite_schema", &tables_there);
	if (err)
		return err;
	*empty = !version && !application && !tables_there;
	if (*empty)
		return 0;
	if (application != STORE_APPLICATION_ID || version < 1)
		return log_err(-ENOTSUP, "store.foreign", "file=%s this is another program's database; "
			"bpfd leaves it alone: move it away", LOG_QUOTE(path));
	if (version > STORE_VERSION)
		return log_err(-ENOTSUP, "store.newer", "file=%s version=%d known=%d a newer bpfd wrote "
			"this database: install that version, or move the file away to start without "
			"what it knows", LOG_QUOTE(path), version, STORE_VERSION);
	return 0;
}

/* What an older bpfd has not made. */
static int
migrate(struct store *st)
{
	static const char *const steps[][5] = {
		[2] = { STORE_RULES_TABLE, "PRAGMA user_version = 2" },
		[3] = { "DROP TRIGGER link_attrs", STORE_LINK_TRIGGER, "PRAGMA user_version = 3" },
		[4] = { STORE_WANTED_LOADS, STORE_WANTED_PROGS, STORE_WANTED_LINKS, "PRAGMA user_version = 4" },
		[5] = { STORE_WISH_LINKS, "PRAGMA user_version = 5" },
		[6] = { STORE_WANTED_GROUP, STORE_WANTED_PRIORITY, STORE_WANTED_PROCEED,
			"UPDATE wanted_links SET (priority, proceed_on) = (SELECT priority, proceed_on FROM links"
			" WHERE links.link_id = wanted_links.link_id)", "PRAGMA user_version = 6" },
		[7] = { STORE_GROUP_IMAGES, "PRAGMA user_version = 7" },
	};
	int version = 0, err = store_number(st, "PRAGMA user_version", &version);

	_Static_assert(ARRAY_SIZE(steps) == STORE_VERSION + 1, "a step to each version");
	if (err || version >= STORE_VERSION)
		return err;
	err = store_exec(st, "BEGIN IMMEDIATE");
	for (int v = version + 1; v <= STORE_VERSION; v++)
		for (size_t i = 0; !err && i < ARRAY_SIZE(steps[v]) && steps[v][i]; i++)
			err = store_exec(st, steps[v][i]);
	return err ? err : store_exec(st, "COMMIT");
}

static int
check_whole(struct store *st)
{
	sqlite3_stmt *s = NULL;
	bool ok = sqlite3_prepare_v2(st->db, "PRAGMA quick_check(1)", -1, &s, NULL) == SQLITE_OK &&
		sqlite3_step(s) == SQLITE_ROW &&
		strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;

	sqlite3_finalize(s);
	return ok ? 0 : -EUCLEAN;
}

static int
prepare(struct store *st, int from, int to)
{
	for (int i = from; i < to; i++)
		if (sqlite3_prepare_v3(st->db, stmts[i], -1, SQLITE_PREPARE_PERSISTENT, &st->stmts[i],
			    NULL) != SQLITE_OK)
			return store_error(st, stmts[i]);
	return 0;
}

int
store_prepare_images(struct store *st)
{
	return prepare(st, ST_FIRST_OF_IMAGES, N_STORE_STMTS);
}

int
store_checkpoint(struct store *st)
{
	return sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK ?
		0 : store_error(st, "checkpoint");
}

/* The first write opens the log, and its first checkpoint the directory, to sync it: both now and
 * not behind the sandbox.  So it must be a write, though of nothing new. */
static int
touch(struct store *st)
{
	char sql[64];

	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA user_version = %d", STORE_VERSION);
	return store_exec(st, sql);
}

static int
open_checked(struct store *st, const char *path)
{
	int err = 0, on = 1;
	bool empty = false;

	if (sqlite3_open_v2(path, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		return store_error(st, "open");
	sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_file_control(st->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	for (size_t i = 0; !err && i < ARRAY_SIZE(pragmas); i++)
		err = store_exec(st, pragmas[i]);
	if (!err)
		err = check_version(st, path, &empty);
	if (!err)
		err = check_whole(st);
	/* From here on it is ours to write. */
	if (!err)
		err = store_exec(st, "PRAGMA journal_mode = WAL");
	if (!err && empty)
		err = create(st);
	if (!err)
		err = migrate(st);
	if (!err)
		err = prepare(st, 0, ST_FIRST_OF_IMAGES);
	if (!err)
		err = touch(st);
	return err ? err : store_checkpoint(st);
}

void
store_init(void)
{
	unsigned char seed;

	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	/* Pages one by one: else it takes 87 KiB for each file at once, and our store has a few pages. */
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	sqlite3_initialize();
	sqlite3_randomness(sizeof(seed), &seed);
}

AUTO_DEFINE(store, struct store *, store_close)

int
store_open(const char *path, struct store **out)
{
	AUTO(store) struct store *st = calloc(1, sizeof(*st));
	int err;

	if (!st)
		return -ENOMEM;
	err = open_checked(st, path);
	if (err == -EUCLEAN)
		log_err(err, "store.damaged", "file=%s the database is damaged and bpfd does not touch it: "
			"restore it, or move it away (with FILE-wal) to start empty; programs that are "
			"loaded stay and are then listed as orphans", LOG_QUOTE(path));
	if (err == -EBUSY)
		log_err(err, "store.busy", "file=%s another process has the database open",
			LOG_QUOTE(path));
	if (err)
		return err;
	*out = TAKE_PTR(st);
	return 0;
}

void
store_close(struct store *st)
{
	if (!st)
		return;
	for (int i = 0; i < N_STORE_STMTS; i++)
		sqlite3_finalize(st->stmts[i]);
	sqlite3_close(st->db);
	free(st);
}
