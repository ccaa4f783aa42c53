/* SPDX-License-Identifier: Apache-2.0 */
#include "config/read.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "config/mistakes.h"
#include "config/toml.h"
#include "ipc/chan.h"

enum type { UINT, BOOL, WORD, STR, LIST };

struct key {
	const char *section, *name;
	enum type type;
	size_t offset, size;			/* of its place in struct config */
	uint64_t number, min, max;		/* UINT, BOOL */
	const char *text;			/* STR, WORD: default; LIST: default items */
	const char *words;			/* WORD: "one|of|these" */
	int (*add)(struct names *names, void *dst, const char *item, char *why, size_t room);
	void (*begin)(struct names *names);
	const char *help;
};

#define list_begin_WHO        NULL
#define list_begin_PROG_TYPES NULL
#define list_begin_MAP_TYPES  NULL
#define list_begin_TRACERS    NULL
#define list_begin_HELPERS    NULL
#define list_begin_PATTERNS   NULL
#define list_begin_SECRETS    NULL
#define list_begin_NETS       NULL

#define PLACE(s, k) .section = #s, .name = #k, .offset = offsetof(struct config, s##_##k),         \
	.size = sizeof(((struct config *)0)->s##_##k)

static const struct key keys[] = {
#define CONF_UINT(s, k, d, lo, hi, h) { PLACE(s, k), .type = UINT, .number = d, .min = lo, .max = hi, .help = h },
#define CONF_BOOL(s, k, d, h)         { PLACE(s, k), .type = BOOL, .number = d, .max = 1, .help = h },
#define CONF_WORD(s, k, d, w, h)      { PLACE(s, k), .type = WORD, .text = d, .words = w, .help = h },
#define CONF_STR(s, k, d, room, h)    { PLACE(s, k), .type = STR, .text = d, .help = h },
#define CONF_LIST(s, k, d, kind, h)   { PLACE(s, k), .type = LIST, .text = d, .add = list_add_##kind, .begin = list_begin_##kind, .help = h },
#include "ipc/config.def"
};

struct reader {
	struct names *names;
	struct config *out;
	const char *section;		/* of the table that is being read */
	const struct key *list;		/* whose items are being read */
	struct mistakes mistakes;
};

static void *
place_in(struct config *c, const struct key *k)
{
	return (char *)c + k->offset;
}

static void
set_number(struct config *c, const struct key *k, uint64_t v)
{
	memcpy(place_in(c, k), &v, sizeof(v));
}

/* The index of word among "one|of|these", or -ENOENT. */
static int
word_index(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0;; i++) {
		size_t n = strcspn(words, "|");

		if (n == len && strncmp(words, word, n) == 0)
			return i;
		if (!words[n])
			return -ENOENT;
		words += n + 1;
	}
}

static void
set_default(struct reader *r, const struct key *k)
{
	void *dst = place_in(r->out, k);
	char item[64], why[200];
	const char *p = k->text;

	switch (k->type) {
	case UINT:
	case BOOL:
		set_number(r->out, k, k->number);
		return;
	case WORD:
		set_number(r->out, k, (uint64_t)word_index(k->words, k->text));
		return;
	case STR:
		strcpy(dst, k->text);
		return;
	case LIST:
		break;
	}
	if (k->begin)
		k->begin(r->names);
	while (*(p += strspn(p, " "))) {
		size_t n = strcspn(p, " ");

		snprintf(item, sizeof(item), "%.*s", (int)n, p);
		p += n;
		/* A host without the group "bpfd" has no viewer by default. */
		if (k->add(r->names, dst, item, why, sizeof(why)) && k->add != list_add_WHO)
			mistake(&r->mistakes, (struct toml_place){ 0, 0 }, "default of %s.%s: %s", k->section, k->name, why);
	}
}

static int
read_item(void *arg, const struct toml_value *v)
{
	struct reader *r = arg;
	const struct key *k = r->list;
	char why[600];

	if (v->kind != TOML_STRING)
		mistake(&r->mistakes, v->at, "%s.%s is an array of strings, this item is %s", k->section, k->name,
			toml_kind_name(v->kind));
	else if (!ipc_str_ok(v->text, v->len + 1) || strlen(v->text) != v->len)
		mistake(&r->mistakes, v->at, "%s.%s: the item has control characters", k->section, k->name);
	else if (k->add(r->names, place_in(r->out, k), v->text, why, sizeof(why)))
		mistake(&r->mistakes, v->at, "%s.%s: %s", k->section, k->name, why);
	return 0;
}

static void
read_list(struct reader *r, const struct key *k, const struct toml_value *v)
{
	void *dst = place_in(r->out, k);

	memset(dst, 0, k->size);
	r->list = k;
	if (k->begin)
		k->begin(r->names);
	toml_items(v->node, read_item, r);
}

static void
read_text(struct reader *r, const struct key *k, const struct toml_value *v)
{
	char *dst = place_in(r->out, k);

	if (v->len >= k->size || !ipc_str_ok(v->text, v->len + 1) || strlen(v->text) != v->len) {
		mistake(&r->mistakes, v->at, "%s.%s is at most %zu bytes of text without control characters",
			k->section, k->name, k->size - 1);
		return;
	}
	memset(dst, 0, k->size);
	memcpy(dst, v->text, v->len);
}

static void
read_word(struct reader *r, const struct key *k, const struct toml_value *v)
{
	int index = word_index(k->words, v->text);

	if (index < 0)
		mistake(&r->mistakes, v->at, "%s.%s is one of %s, not \"%.40s\"", k->section, k->name, k->words, v->text);
	else
		set_number(r->out, k, (uint64_t)index);
}

static void
read_number(struct reader *r, const struct key *k, const struct toml_value *v)
{
	if (v->number < 0 || (uint64_t)v->number < k->min || (uint64_t)v->number > k->max)
		mistake(&r->mistakes, v->at, "%s.%s is from %llu to %llu, not %lld", k->section, k->name,
			(unsigned long long)k->min, (unsigned long long)k->max, (long long)v->number);
	else
		set_number(r->out, k, (uint64_t)v->number);
}

static void
read_value(struct reader *r, const struct key *k, const struct toml_value *v)
{
	static const struct {
		enum toml_kind kind;
		void (*read)(struct reader *r, const struct key *k, const struct toml_value *v);
	} by_type[] = {
		[UINT] = { TOML_INTEGER, read_number },
		[BOOL] = { TOML_BOOL, read_number },
		[WORD] = { TOML_STRING, read_word },
		[STR] = { TOML_STRING, read_text },
		[LIST] = { TOML_ARRAY, read_list },
	};

	if (v->kind != by_type[k->type].kind)
		mistake(&r->mistakes, v->at, "%s.%s is %s, not %s", k->section, k->name,
			toml_kind_name(by_type[k->type].kind), toml_kind_name(v->kind));
	else
		by_type[k->type].read(r, k, v);
}

static int
read_key(void *arg, const char *name, struct toml_place at, const struct toml_value *v)
{
	struct reader *r = arg;
	struct closest near;

	closest_init(&near, name);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].section, r->section) != 0)
			continue;
		if (strcmp(keys[i].name, name) == 0) {
			read_value(r, &keys[i], v);
			return 0;
		}
		closest_offer(&near, keys[i].name);
	}
	mistake(&r->mistakes, at, "there is no key \"%.80s\" in [%s]%s", name, r->section, CLOSEST_TEXT(&near));
	return 0;
}

static int
read_section(void *arg, const char *name, struct toml_place at, const struct toml_value *v)
{
	struct reader *r = arg;
	struct closest near;

	closest_init(&near, name);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].section, name) != 0) {
			closest_offer(&near, keys[i].section);
			continue;
		}
		r->section = keys[i].section;
		if (v->kind == TOML_TABLE)
			return toml_each(NULL, v->node, read_key, r);
		mistake(&r->mistakes, v->at, "%s is a table: [%s]", name, name);
		return 0;
	}
	mistake(&r->mistakes, at, "there is no %s \"%.80s\"%s", v->kind == TOML_TABLE ? "table" : "key outside tables",
		name, CLOSEST_TEXT(&near));
	return 0;
}

static void
check_power_of_two(struct reader *r, const char *key, uint64_t bytes)
{
	if (bytes & (bytes - 1))
		mistake(&r->mistakes, (struct toml_place){ 1, 1 }, "events.%s = %llu is not a power of two", key,
			(unsigned long long)bytes);
}

/* What no single key can tell, and what no range does. */
static void
check_together(struct reader *r)
{
	const struct toml_place nowhere = { 1, 1 };

	if (r->out->restart_backoff_min_ms > r->out->restart_backoff_max_ms)
		mistake(&r->mistakes, nowhere, "restart.backoff_min_ms is larger than restart.backoff_max_ms");
	if (r->out->limits_message_bytes < r->out->limits_object_bytes)
		mistake(&r->mistakes, nowhere, "limits.message_bytes is smaller than limits.object_bytes, which a "
			"message has to hold");
	check_power_of_two(r, "ring_bytes", r->out->events_ring_bytes);
	check_power_of_two(r, "control_bytes", r->out->events_control_bytes);
	check_power_of_two(r, "bulk_bytes", r->out->events_bulk_bytes);
	check_power_of_two(r, "priority_bytes", r->out->events_priority_bytes);
}

unsigned int
config_read(struct names *names, const char *file, const char *text, size_t len, FILE *errors,
	struct config *out)
{
	struct reader r = { .names = names, .mistakes = { errors, file, 0 }, .out = out };
	struct toml_doc *doc;

	memset(out, 0, sizeof(*out));
	out->magic = CONFIG_MAGIC;
	out->size = sizeof(*out);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		set_default(&r, &keys[i]);
	doc = mistakes_toml(&r.mistakes, text, len);
	if (!doc)
		return r.mistakes.n;
	toml_each(doc, NULL, read_section, &r);
	toml_free(doc);
	if (!r.mistakes.n)
		check_together(&r);
	if (!r.mistakes.n)
		lists_kfuncs(names, out);
	return r.mistakes.n;
}

static void
print_list(FILE *out, const char *items)
{
	const char *sep = "";

	fputs("[", out);
	while (*(items += strspn(items, " "))) {
		size_t n = strcspn(items, " ");

		fprintf(out, "%s\"%.*s\"", sep, (int)n, items);
		sep = ", ";
		items += n;
	}
	fputs("]", out);
}

void
config_print(FILE *out)
{
	const char *section = "";

	fputs("# bpfd.toml - every key with its default; see bpfd.toml(5).\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct key *k = &keys[i];

		if (strcmp(section, k->section) != 0)
			fprintf(out, "\n[%s]\n", k->section);
		section = k->section;
		fprintf(out, "# %s", k->help);
		if (k->type == UINT)
			fprintf(out, " (%llu to %llu)", (unsigned long long)k->min, (unsigned long long)k->max);
		if (k->type == WORD)
			fprintf(out, " (%s)", k->words);
		fprintf(out, "\n#%s = ", k->name);
		if (k->type == UINT)
			fprintf(out, "%llu", (unsigned long long)k->number);
		else if (k->type == BOOL)
			fputs(k->number ? "true" : "false", out);
		else if (k->type == LIST)
			print_list(out, k->text);
		else
			fprintf(out, "\"%s\"", k->text);
		fputs("\n", out);
	}
}
