/* SPDX-License-Identifier: Apache-2.0 */
#include "api/store.h"

#include <errno.h>

#include "api/store_db.h"

#define I(v) ((int64_t)(v))

static int
del_rules(struct store *st, const uint64_t *ids, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = store_run(st, ST_DEL_RULE, "i", I(ids[i]));
	return err;
}

static int
add_rule(struct store *st, const struct stored_rule *r, const uint64_t *replaced, size_t n,
	uint64_t *id)
{
	int err = del_rules(st, replaced, n);

	if (!err)
		err = store_run(st, ST_ADD_RULE, "ssbbii", r->name, r->tracers, r->text, r->text_len,
			r->packed, r->packed_len, I(r->uid), r->created_ns);
	if (!err)
		*id = (uint64_t)sqlite3_last_insert_rowid(st->db);
	return err;
}

int
store_add_rule(struct store *st, const struct stored_rule *r, const uint64_t *replaced,
	size_t n_replaced, uint64_t *id)
{
	int err = store_begin(st);

	return err ? err : store_end(st, add_rule(st, r, replaced, n_replaced, id));
}

int
store_del_rules(struct store *st, const uint64_t *ids, size_t n)
{
	int err = store_begin(st);

	return err ? err : store_end(st, del_rules(st, ids, n));
}

static int
each(sqlite3_stmt *row, int (*fn)(void *arg, const struct stored_rule *r), void *arg)
{
	const struct stored_rule r = {
		.id = (uint64_t)sqlite3_column_int64(row, 0),
		.name = (const char *)sqlite3_column_text(row, 1),
		.tracers = (const char *)sqlite3_column_text(row, 2),
		.text = sqlite3_column_blob(row, 3),
		.text_len = (size_t)sqlite3_column_bytes(row, 3),
		.packed = sqlite3_column_blob(row, 4),
		.packed_len = (size_t)sqlite3_column_bytes(row, 4),
		.uid = (uint32_t)sqlite3_column_int64(row, 5),
		.created_ns = sqlite3_column_int64(row, 6),
	};

	return r.name && r.tracers ? fn(arg, &r) : -EUCLEAN;
}

int
store_each_rule(struct store *st, int (*fn)(void *arg, const struct stored_rule *r), void *arg)
{
	sqlite3_stmt *s = store_bind(st, ST_ALL_RULES, "");
	int rc = SQLITE_DONE, err = 0;

	while (!err && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = each(s, fn, arg);
	if (!err && rc != SQLITE_DONE)
		err = store_error(st, "read rules");
	sqlite3_reset(s);
	return err;
}
