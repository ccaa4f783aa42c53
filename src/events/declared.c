/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of tracers that root declared: made when a process starts, from the same table in each. */
#include <stdio.h>
#include <string.h>

#include "events/tables.h"

static const char *const events[] = { "hit", NULL };

/* How a type is shown: a string lies elsewhere than a number. */
static const struct { enum field_type type; uint16_t size, flags; } shown[N_DECLARED_TYPES] = {
	[DECLARED_UNSIGNED] = { F_U64, 8, 0 },
	[DECLARED_SIGNED] = { F_I64, 8, 0 },
	[DECLARED_BOOL] = { F_BOOL, 8, 0 },
	[DECLARED_HEX] = { F_U64, 8, FIELD_HEX },
	[DECLARED_PORT] = { F_U64, 8, 0 },
	[DECLARED_IP] = { F_IP, 16, FIELD_OPTIONAL },
	[DECLARED_MAC] = { F_MAC, 6, 0 },
	[DECLARED_STRING] = { F_STR, sizeof(struct ev_str), 0 },
	[DECLARED_USER_STRING] = { F_STR, sizeof(struct ev_str), FIELD_UNTRUSTED },
};

static struct one {
	struct declared d;		/* what the others point into */
	struct field fields[DECLARED_FIELDS_MAX + 1];
	struct tracer_info info;
} ones[DECLARED_MAX];

static struct field
field_of(const struct declared *d, uint32_t i)
{
	const struct declared_read *r = &d->probe.fields[i];
	const bool is_string = shown[r->type].type == F_STR, sensitive = d->flags & DECLARED_SENSITIVE;

	return (struct field){
		.name = d->fields[i].name, .help = d->fields[i].help,
		.type = shown[r->type].type, .size = shown[r->type].size,
		.flags = shown[r->type].flags | (sensitive ? FIELD_SENSITIVE : 0) |
			(d->kind == DECLARED_UPROBE ? FIELD_UNTRUSTED : 0),
		.off = (uint32_t)(is_string ? offsetof(struct ev_declared, str[i]) : offsetof(struct ev_declared, value[i])),
	};
}

void
schema_declare(const struct declared_table *t)
{
	for (unsigned int i = 0; i < DECLARED_MAX; i++) {
		struct one *o = &ones[i];

		memset(o, 0, sizeof(*o));
		if (t->d[i].kind == DECLARED_NONE)
			continue;
		o->d = t->d[i];
		for (uint32_t k = 0; k < o->d.probe.n_fields; k++)
			o->fields[k] = field_of(&o->d, k);
		o->info = (struct tracer_info){ .name = o->d.name, .class = EV_BULK,
			.flags = o->d.flags & DECLARED_SENSITIVE ? TR_SENSITIVE : 0, .help = o->d.help,
			.events = events, .min_size = sizeof(struct ev_declared), .fields = o->fields };
	}
}

const struct tracer_info *
declared_info(unsigned int tracer)
{
	const struct one *o = &ones[tracer - TR_DECLARED];

	return o->info.name ? &o->info : NULL;
}

bool
declared_id_ok(const struct ev_hdr *ev)
{
	return ((const struct ev_declared *)ev)->id == ones[ev->tracer - TR_DECLARED].d.probe.id;
}
