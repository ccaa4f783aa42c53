/* SPDX-License-Identifier: Apache-2.0 */
#include "events/doc.h"

#include <stdio.h>

#include "events/shown.h"
#include "events/tables.h"

/* Beginning of a list's next item. */
static void
next(struct text *t, bool *first)
{
	if (!*first)
		text_char(t, ',');
	*first = false;
}

static void
string(struct text *t, const char *s)
{
	text_json(t, s, strlen(s));
}

static void
words(struct text *t, const struct field *f)
{
	bool first = true;

	TEXT_LIT(t, "{\"anyOf\":[{\"enum\":[");
	for (const struct field_word *w = f->words; w && w->word; w++) {
		next(t, &first);
		string(t, w->word);
	}
	TEXT_LIT(t, "]},{\"$ref\":\"#/$defs/number_as_text\"}]}");
}

/* pairs with render_json.c:value() */
static void
kind(struct text *t, const struct field *f)
{
	if ((f->type == F_U64 || f->type == F_FLAGS) && (f->flags & FIELD_HEX)) {
		TEXT_LIT(t, "\"$ref\":\"#/$defs/number_as_text\"");
		return;
	}
	switch (f->type) {
	case F_U64:
		TEXT_LIT(t, "\"type\":\"integer\",\"minimum\":0");
		break;
	case F_I64:
		TEXT_LIT(t, "\"type\":\"integer\"");
		break;
	case F_BOOL:
		TEXT_LIT(t, "\"type\":\"boolean\"");
		break;
	case F_TIME:
		TEXT_LIT(t, "\"type\":\"string\",\"format\":\"date-time\"");
		break;
	case F_STR:
	case F_PATH:
		TEXT_LIT(t, "\"type\":\"string\"");
		break;
	case F_LIST:
		TEXT_LIT(t, "\"type\":\"array\",\"items\":{\"type\":\"string\"}");
		break;
	case F_IP:
		TEXT_LIT(t, "\"type\":\"string\",\"anyOf\":[{\"format\":\"ipv4\"},{\"format\":\"ipv6\"}]");
		break;
	case F_MAC:
		TEXT_LIT(t, "\"type\":\"string\",\"pattern\":\"^([0-9a-f]{2}:){5}[0-9a-f]{2}$\"");
		break;
	case F_FLAGS:
		TEXT_LIT(t, "\"type\":\"array\",\"items\":");
		words(t, f);
		break;
	case F_ENUM:
		TEXT_LIT(t, "\"type\":\"string\",\"allOf\":[");
		words(t, f);
		text_char(t, ']');
		break;
	}
}

static void
property(struct text *t, const char *name, const struct field *f, bool *first)
{
	next(t, first);
	TEXT_LIT(t, "\n  ");
	string(t, name);
	TEXT_LIT(t, ":{");
	kind(t, f);
	TEXT_LIT(t, ",\"description\":");
	string(t, f->help);
	text_char(t, '}');
}

/* Each event has it: no condition, no value that means none. */
static bool
always(const struct field *f)
{
	return !f->events && !f->get && !(f->flags & (FIELD_OPTIONAL | FIELD_HIDDEN)) && f->type != F_IP;
}

/* As it stands in the text: ,"name": */
static void
json_name(const struct shown *s, char *out, size_t room)
{
	size_t len = s->json_len - strlen(",\"\":");

	if (len >= room)
		len = room - 1;
	memcpy(out, s->json + strlen(",\""), len);
	out[len] = '\0';
}

static void
tracer(struct text *t, unsigned int number)
{
	const struct tracer_info *info = tracer_info(number);
	char name[80];
	bool first = true;

	string(t, info->name);
	TEXT_LIT(t, ":{\"description\":");
	string(t, info->help);
	TEXT_LIT(t, ",\"properties\":{\n  \"event\":{\"enum\":[");
	for (const char *const *e = info->events; *e; e++) {
		next(t, &first);
		string(t, *e);
	}
	TEXT_LIT(t, "]}");
	first = false;
	for (const struct shown *s = shown_of(number)->fields; s->f; s++) {
		json_name(s, name, sizeof(name));
		property(t, name, s->f, &first);
	}
	TEXT_LIT(t, "},\n  \"required\":[\"event\"");
	for (const struct shown *s = shown_of(number)->fields; s->f; s++) {
		if (!always(s->f))
			continue;
		json_name(s, name, sizeof(name));
		text_char(t, ',');
		string(t, name);
	}
	TEXT_LIT(t, "]}");
}

/* Fields whose name begins with this and a dot are one object. */
static void
object(struct text *t, const char *prefix)
{
	size_t len = strlen(prefix);
	bool first = true;

	TEXT_LIT(t, "\"properties\":{");
	for (const struct field *f = common_fields; f->name; f++)
		if (!(f->flags & FIELD_HIDDEN) && strncmp(f->name, prefix, len) == 0 && f->name[len] == '.')
			property(t, f->name + len + 1, f, &first);
	TEXT_LIT(t, "},\n  \"patternProperties\":{\"_hex$\":{\"$ref\":\"#/$defs/bytes\"}}");
}

static void
common(struct text *t)
{
	bool first = true;
	char name[80];

	for (const struct field *f = common_fields; f->name; f++) {
		char *dot;

		if ((f->flags & FIELD_HIDDEN) || strncmp(f->name, "ns.", 3) == 0 ||
		    strncmp(f->name, "container", strlen("container")) == 0)
			continue;
		snprintf(name, sizeof(name), "%s", f->name);
		dot = strchr(name, '.');
		if (dot)
			*dot = '_';
		property(t, name, f, &first);
	}
	TEXT_LIT(t, ",\n  \"ns\":{\"type\":\"object\",\"required\":[\"mnt\"],");
	object(t, "ns");
	TEXT_LIT(t, "},\n  \"container\":{\"type\":[\"object\",\"null\"],\"required\":[\"trusted\"],");
	object(t, "container");
	TEXT_LIT(t, "}");
}

/* What render_json.c tells that is no field. */
static void
besides(struct text *t)
{
	bool first = true;

	TEXT_LIT(t, ",\n  \"host\":{\"type\":\"string\",\"description\":\"name of the machine\"}"
		",\n  \"lost\":{\"type\":\"integer\",\"description\":\"events that were lost before this one\"}"
		",\n  \"cut\":{\"const\":true,\"description\":\"a string was cut for this document\"}"
		",\n  \"rules\":{\"type\":\"array\",\"description\":\"those that matched\",\"items\":{\"type\":\"object\","
		"\"required\":[\"severity\",\"name\"],\"properties\":{\"name\":{\"type\":\"string\"},"
		"\"suppressed\":{\"type\":\"integer\"},\"unknown\":{\"const\":true},\"severity\":{\"enum\":[");
	for (unsigned int i = 0; i < N_SEVERITIES; i++) {
		next(t, &first);
		string(t, severity_names[i]);
	}
	TEXT_LIT(t, "]}}}}");
}

static void
required(struct text *t)
{
	TEXT_LIT(t, "\"required\":[\"tracer\",\"event\",\"ns\",\"container\"");
	for (const struct field *f = common_fields; f->name; f++) {
		if (!always(f))
			continue;
		text_char(t, ',');
		string(t, f->name);
	}
	text_char(t, ']');
}

void
doc_schema(struct text *t)
{
	bool first = true;

	TEXT_LIT(t, "{\n\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n\"$id\":\"urn:bpfd:events\",\n"
		"\"title\":\"An event of bpfd as a line of JSON\",\n\"type\":\"object\",\n\"properties\":{");
	common(t);
	besides(t);
	TEXT_LIT(t, "},\n\"patternProperties\":{\"_hex$\":{\"$ref\":\"#/$defs/bytes\"}},\n");
	required(t);
	/* One that is declared has fields that nobody knows here. */
	TEXT_LIT(t, ",\n\"allOf\":[\n  {\"properties\":{\"tracer\":{\"anyOf\":[{\"description\":\"of bpfd-declared(5)\","
		"\"pattern\":\"^[a-z][a-z0-9_-]*$\"},{\"enum\":[");
	for (unsigned int i = 1; i < N_BUILTIN_TRACERS; i++) {
		next(t, &first);
		string(t, tracer_info(i)->name);
	}
	TEXT_LIT(t, "]}]}}}");
	for (unsigned int i = 1; i < N_BUILTIN_TRACERS; i++) {
		TEXT_LIT(t, ",\n  {\"if\":{\"properties\":{\"tracer\":{\"const\":");
		string(t, tracer_info(i)->name);
		TEXT_LIT(t, "}}},\"then\":{\"$ref\":\"#/$defs/");
		text_str(t, tracer_info(i)->name);
		TEXT_LIT(t, "\"}}");
	}
	TEXT_LIT(t, "],\n\"$defs\":{\n\"number_as_text\":{\"type\":\"string\",\"pattern\":\"^(0x[0-9a-f]+|[0-9]+)$\"},\n"
		"\"bytes\":{\"description\":\"of a string that is not UTF-8, in hexadecimal\",\"anyOf\":["
		"{\"type\":\"string\",\"pattern\":\"^([0-9a-f]{2})*$\"},{\"type\":\"array\"}]}");
	for (unsigned int i = 1; i < N_BUILTIN_TRACERS; i++) {
		TEXT_LIT(t, ",\n");
		tracer(t, i);
	}
	TEXT_LIT(t, "\n}\n}\n");
}
