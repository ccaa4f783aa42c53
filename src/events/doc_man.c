/* SPDX-License-Identifier: Apache-2.0 */
#include "events/doc.h"
#include "events/schema.h"

/* A line of text: no backslash of it, and no first letter, is one of mdoc's. */
static void
line(struct text *t, const char *s)
{
	if (*s == '.' || *s == '\'')
		TEXT_LIT(t, "\\&");
	for (; *s; s++) {
		if (*s == '\\')
			TEXT_LIT(t, "\\e");
		else
			text_char(t, *s);
	}
	text_char(t, '\n');
}

/* "One of" for values, "Words" for bits: as arguments of .Cm, none of which is a macro. */
static void
words(struct text *t, const struct field *f)
{
	const struct field_word *w = f->words;

	if (!w || !w->word)
		return;
	text_str(t, f->type == F_ENUM ? ".br\nOne of\n" : ".br\nWords:\n");
	for (; w->word; w++) {
		TEXT_LIT(t, ".Cm \\&");
		text_str(t, w->word);
		text_str(t, w[1].word ? " ,\n" : " .\n");
	}
}

/* Names of the events that have it, where not all do. */
static void
some_events(struct text *t, const struct field *f, const char *const *events)
{
	const char *sep = ".br\nOnly of\n";

	if (!f->events || !events)
		return;
	for (unsigned int i = 0; events[i]; i++) {
		if (!(f->events >> i & 1))
			continue;
		text_str(t, sep);
		TEXT_LIT(t, ".Cm \\&");
		text_str(t, events[i]);
		sep = " ,\n";
	}
	TEXT_LIT(t, " .\n");
}

static void
fields(struct text *t, const struct field *f, const char *const *events)
{
	TEXT_LIT(t, ".Bl -tag -width Ds\n");
	for (; f->name; f++) {
		TEXT_LIT(t, ".It Cm ");
		text_str(t, f->name);
		TEXT_LIT(t, " Pq ");
		text_str(t, field_type_names[f->type]);
		if (f->flags & FIELD_UNTRUSTED)
			TEXT_LIT(t, " , untrusted");
		if (f->flags & FIELD_SENSITIVE)
			TEXT_LIT(t, " , sensitive");
		if (f->flags & FIELD_HIDDEN)
			TEXT_LIT(t, " , rules only");
		TEXT_LIT(t, "\n");
		line(t, f->help);
		words(t, f);
		some_events(t, f, events);
	}
	TEXT_LIT(t, ".El\n");
}

static void
tracer(struct text *t, const struct tracer_info *info)
{
	const char *sep = "Events:\n";

	TEXT_LIT(t, ".Ss ");
	line(t, info->name);
	line(t, info->help);
	TEXT_LIT(t, ".Pp\n");
	if (info->flags & TR_SENSITIVE)
		TEXT_LIT(t, "Sensitive: it needs\n.Cm tracers.allow_sensitive .\n");
	if (info->flags & TR_CONFIGURED)
		TEXT_LIT(t, "For the configuration alone:\n.Cm tracers.enabled\nmust name it.\n");
	if (info->flags & TR_COSTLY)
		TEXT_LIT(t, "It costs on a hot path, and is on only while somebody asks for it.\n");
	for (const char *const *e = info->events; *e; e++) {
		text_str(t, sep);
		TEXT_LIT(t, ".Cm \\&");
		text_str(t, *e);
		sep = " ,\n";
	}
	TEXT_LIT(t, " .\n");
	fields(t, info->fields, info->events);
}

void
doc_man(struct text *t)
{
	TEXT_LIT(t, ".\\\" SPDX-License-Identifier: Apache-2.0\n"
		".\\\" Made from the tables of src/events when bpfd is built.\n"
		".Dd November 21, 2026\n.Dt BPFD-TRACERS 7\n.Os\n"
		".Sh NAME\n.Nm bpfd-tracers\n.Nd tracers of bpfd and the fields of their events\n"
		".Sh DESCRIPTION\nA tracer watches one kind of what happens on the machine, and an event is what it saw once.\n"
		"Rules\n.Pq Xr bpfd-rules 5\nand\n.Ql bpfctl trace\nname tracers and fields as they are called here;\n"
		".Ql bpfctl tracers\nsays which of them are on, and why one is not.\n"
		".Pp\n"
		"In JSON a field has this name, with\n.Cm ns\nand\n.Cm container\n"
		"as objects and an underscore for any other dot.\n"
		"A field that an event does not have is left out.\n"
		"A string that is not UTF-8 has its bytes in hexadecimal besides, as\n.Ar NAME Ns _hex .\n"
		".Pp\nA field that is\n.Em untrusted\ncomes from the memory of the process, which may have changed it.\n"
		".Sh FIELDS OF EVERY EVENT\n");
	fields(t, common_fields, NULL);
	TEXT_LIT(t, ".Sh TRACERS\n");
	for (unsigned int i = 1; i < N_BUILTIN_TRACERS; i++)
		tracer(t, tracer_info(i));
	TEXT_LIT(t, ".Sh FILES\n.Bl -tag -width Ds\n.It Pa /usr/share/bpfd/events.schema.json\n"
		"The same as a JSON schema, draft 2020-12:\neach line of JSON that bpfd writes is valid by it.\n"
		".Ql bpfctl tracers --schema\nprints it too.\n"
		".El\n.Sh SEE ALSO\n.Xr bpfd-rules 5 ,\n.Xr bpfd.toml 5 ,\n.Xr bpfctl 8 ,\n.Xr bpfd 8\n");
}
