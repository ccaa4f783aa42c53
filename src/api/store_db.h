/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_STORE_DB_H
#define BPFD_API_STORE_DB_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* The database below store.c: opening, statements, errors. */
enum store_stmt {
#define STMT(name, sql) ST_##name,
#include "api/store_stmts.def"
	N_STORE_STMTS,
	ST_FIRST_OF_IMAGES = ST_PUT_IMAGE
};

enum attr_kind {
	ATTR_GROUP_METADATA = 1, ATTR_GROUP_GLOBALS = 2, ATTR_LINK_METADATA = 3, ATTR_LINK_OPTIONS = 4
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *stmts[N_STORE_STMTS];
};

/* The error that SQLite reports last, logged, as negative errno. */
int	store_error(struct store *st, const char *doing);

/* A statement, reset and ready to bind.  fmt: one letter per parameter: i int64_t, s const char *
 * (static until the step), b const void * and size_t. */
sqlite3_stmt *store_bind(struct store *st, enum store_stmt which, const char *fmt, ...);

/* Binds as above and runs a statement that gives no rows. */
int	store_run(struct store *st, enum store_stmt which, const char *fmt, ...);

int	store_exec(struct store *st, const char *sql);	/* SQL of our own, not prepared */

int	store_begin(struct store *st);
/* Commits when err is 0 and the commit works; else rolls back.  Returns what went wrong. */
int	store_end(struct store *st, int err);

int	store_prepare_images(struct store *st);	/* the statements from ST_FIRST_OF_IMAGES on */
int	store_number(struct store *st, const char *sql, int *out);	/* that SQL of our own gives */

/* Steps s, which selects one row with bytes in a column (and, if number, a number in the first), and
 * resets it.  *out is allocated.  -ENOENT. */
int	store_take_bytes(struct store *st, sqlite3_stmt *s, int column, void **out, size_t *len, uint64_t *number);

/* A text column of a row, at most size - 1 bytes of clean UTF-8.  -EUCLEAN. */
int	store_text(sqlite3_stmt *row, int column, char *out, size_t size);

#endif
