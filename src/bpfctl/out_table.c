/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/out.h"
#include "bpfctl/safe.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"

/*
 * Blocks of aligned columns, an empty line between them.  A list is a block with a row per
 * element; the fields outside of lists are a block of two columns, label and value.
 */
enum mark { MARK_NONE, MARK_HEAD, MARK_ATTENTION };

struct cell {
	size_t off, len, width;		/* in text */
	enum mark mark;
};

#define COLUMNS_MAX 32
struct out_table {
	struct buf text;
	struct cell *cells;
	size_t n, room, columns;
	bool rows;			/* in a list */
};

struct out_table *
out_table_new(void)
{
	struct out_table *t = calloc(1, sizeof(*t));

	if (t)
		t->columns = 2;
	return t;
}

void
out_table_free(struct out_table *t)
{
	if (!t)
		return;
	buf_free(&t->text);
	free(t->cells);
	free(t);
}

static void
add_cell(struct out_table *t, const char *s, size_t len, enum mark mark)
{
	struct cell *c;

	if (array_room(&t->cells, t->n, &t->room, sizeof(*t->cells))) {
		t->text.failed = true;
		return;
	}
	c = &t->cells[t->n++];
	c->off = t->text.len;
	safe_plain(&t->text, s, len, false);
	c->len = t->text.len - c->off;
	c->width = safe_width(buf_text(&t->text) + c->off, c->len);
	c->mark = mark;
}

static void
print_cell(struct out *o, const struct cell *c, size_t pad)
{
	static const char *const on[] = { "", "\033[1m", "\033[33m" };
	bool color = o->style.color && c->mark != MARK_NONE;

	if (color)
		buf_str(&o->text, on[c->mark]);
	buf_add(&o->text, buf_text(&o->table->text) + c->off, c->len);
	if (color)
		buf_str(&o->text, "\033[0m");
	buf_fill(&o->text, ' ', pad);
}

/* Prints the collected cells as one block and empties it. */
static void
flush(struct out *o)
{
	struct out_table *t = o->table;
	size_t width[COLUMNS_MAX] = { 0 };

	if (t->n && o->text.len)
		buf_char(&o->text, '\n');
	for (size_t i = 0; i < t->n; i++)
		if (t->cells[i].width > width[i % t->columns])
			width[i % t->columns] = t->cells[i].width;
	for (size_t i = 0; i < t->n; i++) {
		bool last = i % t->columns == t->columns - 1;

		print_cell(o, &t->cells[i],
			last ? 0 : width[i % t->columns] - t->cells[i].width + 2);
		if (last)
			buf_char(&o->text, '\n');
	}
	o->text.failed |= t->text.failed;
	t->n = 0;
	t->text.len = 0;
	t->columns = 2;
	t->rows = false;
}

static bool
is_shown(const struct out *o, const struct field *f)
{
	return f->show <= (o->style.format == OUT_WIDE ? SHOW_WIDE : SHOW_TABLE);
}

static void
table_open(struct out *o, const char *key, enum out_nest nest, const struct schema *schema)
{
	struct out_table *t = o->table;

	if (o->depth == 0 || t->rows)
		return;
	flush(o);
	if (nest != OUT_LIST)
		return;
	t->rows = true;
	t->columns = 0;
	for (size_t i = 0; i < schema->n && t->columns < COLUMNS_MAX; i++) {
		const struct field *f = &schema->fields[i];

		if (!is_shown(o, f))
			continue;
		t->columns++;
		if (o->style.headers)
			add_cell(t, f->head, strlen(f->head), MARK_HEAD);
	}
}

static void
table_close(struct out *o, enum out_nest nest)
{
	bool empty = o->level[o->depth + 1].n == 0;

	if (o->table->rows && nest == OUT_OBJECT)
		return;
	/* A list without rows shows its header only where it is the answer itself. */
	if (o->table->rows && empty && o->text.len)
		o->table->n = 0;
	flush(o);
}

/* The column's head, as one writes it in running text. */
static void
label(struct out_table *t, const char *head)
{
	char text[64];
	size_t n = 0;

	for (; head[n] && n < sizeof(text) - 1; n++)
		text[n] = (char)(head[n] == '-' ? ' ' : tolower((unsigned char)head[n]));
	add_cell(t, text, n, MARK_HEAD);
}

static void
table_value(struct out *o, const struct field *f, enum out_leaf leaf, const char *text, size_t len,
	bool attention)
{
	enum mark mark = attention ? MARK_ATTENTION : MARK_NONE;

	if (!o->table->rows) {
		if (len == 0)
			return;
		label(o->table, f->head);
		add_cell(o->table, text, len, mark);
	} else if (is_shown(o, f))
		add_cell(o->table, len ? text : "-", len ? len : 1, mark);
}

const struct out_writer out_writer_table = { true, table_open, table_close, table_value };
