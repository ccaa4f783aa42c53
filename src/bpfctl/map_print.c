/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements as they come, in every output format: a map may have more of them than memory holds, so
 * they are no document of out.h.  All bytes pass btf_show(), whose text is safe for a terminal.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpfctl/btf_value.h"
#include "bpfctl/map_elements.h"
#include "bpfctl/safe.h"

static void
show(struct buf *b, const struct map_print *p, const struct map_shape *m, uint32_t type, const uint8_t *data, size_t len)
{
	if (p->raw)
		btf_show_hex(b, data, len);
	else
		btf_show(b, &m->types, type, data, len);
}

/* What one value is: of objects that a map holds, their number, whatever the declared type says. */
static size_t
value_len(const struct map_shape *m)
{
	return m->n_values == 1 && m->value_bytes < m->value_size ? m->value_bytes : m->value_size;
}

static void
show_value(struct buf *b, const struct map_print *p, const struct map_shape *m, const uint8_t *values, uint32_t cpu)
{
	show(b, p, m, m->value_type, values + (size_t)cpu * (m->value_bytes / m->n_values), value_len(m));
}

static void
as_json(struct buf *b, const struct map_print *p, const struct map_shape *m, const uint8_t *key, const uint8_t *values)
{
	buf_str(b, "{\"key\":");
	show(b, p, m, m->key_type, key, m->key_size);
	buf_str(b, m->n_values > 1 ? ",\"cpus\":[" : ",\"value\":");
	for (uint32_t i = 0; i < m->n_values; i++) {
		if (i)
			buf_char(b, ',');
		show_value(b, p, m, values, i);
	}
	buf_str(b, m->n_values > 1 ? "]}" : "}");
}

/* The forms of a line: table, yaml, kv. */
static void
as_lines(struct buf *b, const struct map_print *p, const struct map_shape *m, const uint8_t *key, const uint8_t *values)
{
	enum out_format format = p->ctl->out->style.format;
	AUTO(buf) struct buf stem = { 0 };

	if (format == OUT_KV && !p->one)
		buf_printf(&stem, "elements.%llu.", (unsigned long long)p->n);
	buf_str(b, format == OUT_YAML && !p->one ? "  - key: " : "");
	buf_printf(b, "%s", buf_text(&stem));
	if (format == OUT_KV)
		buf_str(b, "key=");
	else if (format != OUT_YAML || p->one)
		buf_str(b, "key: ");
	show(b, p, m, m->key_type, key, m->key_size);
	if (format == OUT_YAML && m->n_values > 1)
		buf_printf(b, "\n%scpus:", p->one ? "" : "    ");
	for (uint32_t i = 0; i < m->n_values; i++) {
		if (format == OUT_KV && m->n_values > 1)
			buf_printf(b, "\n%scpus.%u=", buf_text(&stem), i);
		else if (format == OUT_KV)
			buf_printf(b, "\n%svalue=", buf_text(&stem));
		else if (format == OUT_YAML)
			buf_printf(b, "\n%s%s", p->one ? "" : "    ", m->n_values > 1 ? "  - " : "value: ");
		else if (m->n_values > 1)
			buf_printf(b, "\n  cpu %u: ", i);
		else
			buf_str(b, "  value: ");
		show_value(b, p, m, values, i);
	}
	buf_char(b, '\n');
}

static void
begin(struct buf *b, const struct map_print *p, const struct map_shape *m)
{
	enum out_format format = p->ctl->out->style.format;

	if (p->one || p->n)
		return;
	if (format == OUT_JSON)
		buf_printf(b, "{\n  \"map\": {\"id\": %u, \"name\": ", m->id);
	else if (format == OUT_YAML)
		buf_printf(b, "map:\n  id: %u\n  name: ", m->id);
	else
		return;
	safe_json(b, m->name, strlen(m->name));
	buf_str(b, format == OUT_JSON ? ", \"type\": " : "\n  type: ");
	safe_json(b, m->type, strlen(m->type));
	buf_str(b, format == OUT_JSON ? "},\n  \"elements\": [" : "\nelements:\n");
}

static int
write_out(struct buf *b)
{
	bool whole = !b->failed && fwrite(buf_text(b), 1, b->len, stdout) == b->len;

	buf_free(b);
	return whole ? 0 : -EPIPE;
}

int
map_print_page(void *arg, const struct map_shape *m, uint32_t n, const uint8_t *keys, const uint8_t *values)
{
	struct map_print *p = arg;
	int err = 0;

	for (uint32_t i = 0; i < n && !err; i++, p->n++) {
		AUTO(buf) struct buf b = { 0 };

		begin(&b, p, m);
		if (p->ctl->out->style.format == OUT_JSON) {
			if (!p->one)
				buf_str(&b, p->n ? ",\n    " : "\n    ");
			as_json(&b, p, m, keys + (size_t)i * m->key_size, values + (size_t)i * m->value_bytes);
		} else {
			as_lines(&b, p, m, keys + (size_t)i * m->key_size, values + (size_t)i * m->value_bytes);
		}
		err = write_out(&b);
	}
	return err;
}

int
map_print_end(struct map_print *p, const struct map_shape *m)
{
	AUTO(buf) struct buf b = { 0 };

	begin(&b, p, m);
	if (p->ctl->out->style.format == OUT_JSON)
		buf_str(&b, p->one ? "\n" : p->n ? "\n  ]\n}\n" : "]\n}\n");
	return write_out(&b) || fflush(stdout) ? -EPIPE : 0;
}
