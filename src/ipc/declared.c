/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/declared.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/auto.h"
#include "ipc/chan.h"
#include "ipc/tracers.h"

__attribute__((format(printf, 3, 4))) static int
refuse(char *why, size_t room, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, room, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

bool
declared_name_ok(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz", more[] = "_-0123456789";

	if (!name[0] || !strchr(letters, name[0]))
		return false;
	for (; *name; name++)
		if (!strchr(letters, *name) && !strchr(more, *name))
			return false;
	return true;
}

bool
declared_is_string(unsigned int type)
{
	return type == DECLARED_STRING || type == DECLARED_USER_STRING;
}

bool
declared_is_number(unsigned int type)
{
	return type <= DECLARED_PORT;
}

static bool
size_ok(const struct declared_read *r)
{
	switch ((enum declared_type)r->type) {
	case DECLARED_UNSIGNED:
	case DECLARED_SIGNED:
	case DECLARED_BOOL:
	case DECLARED_HEX:
		return r->size == 1 || r->size == 2 || r->size == 4 || r->size == 8;
	case DECLARED_PORT:
		return r->size == 2;
	case DECLARED_IP:
		return (r->size == 4 || r->size == 16) && r->n_steps;
	case DECLARED_MAC:
		return r->size == 6 && r->n_steps;
	case DECLARED_STRING:
	case DECLARED_USER_STRING:
		return r->size == 0 && r->n_steps;
	case N_DECLARED_TYPES:
		break;
	}
	return false;
}

static int
check_fields(const struct declared *d, char *why, size_t room)
{
	const struct declared_probe *p = &d->probe;

	if (!p->n_fields || p->n_fields > DECLARED_FIELDS_MAX)
		return refuse(why, room, "a tracer has 1 to %d fields", DECLARED_FIELDS_MAX);
	for (uint32_t i = 0; i < p->n_fields; i++) {
		const char *name = d->fields[i].name;

		if (!ipc_str_ok(name, DECLARED_NAME_MAX) || !declared_name_ok(name) ||
		    !IPC_STR_OK(d->fields[i].help))
			return refuse(why, room, "field %u has no name that a field may have", i + 1);
		for (uint32_t k = 0; k < i; k++)
			if (strcasecmp(d->fields[k].name, name) == 0)
				return refuse(why, room, "there are two fields \"%s\"", name);
		if (p->fields[i].arg > (d->kind == DECLARED_UPROBE ? DECLARED_RETURNED : DECLARED_ARGS_MAX - 1) ||
		    p->fields[i].n_steps > DECLARED_STEPS_MAX || !size_ok(&p->fields[i]))
			return refuse(why, room, "field \"%s\" cannot be read", name);
	}
	return 0;
}

static int
check_filters(const struct declared *d, char *why, size_t room)
{
	const struct declared_probe *p = &d->probe;

	if (p->n_filters > DECLARED_FILTERS_MAX)
		return refuse(why, room, "a tracer has at most %d filters", DECLARED_FILTERS_MAX);
	for (uint32_t i = 0; i < p->n_filters; i++) {
		const struct declared_filter *f = &p->filters[i];
		unsigned int type = f->field < p->n_fields ? p->fields[f->field].type : N_DECLARED_TYPES;

		if (f->prefix_len > DECLARED_PREFIX_MAX ||
		    !(f->prefix_len ? declared_is_string(type) : declared_is_number(type)))
			return refuse(why, room, "filter %u is of no field that can be compared so", i + 1);
	}
	return 0;
}

static bool
place_ok(const struct declared *d)
{
	switch ((enum declared_kind)d->kind) {
	case DECLARED_TRACEPOINT:
		return d->target[0] && !d->path[0] && !d->offset && !(d->flags & DECLARED_AT_RETURN);
	case DECLARED_UPROBE:
		return d->path[0] && (d->target[0] ? !d->offset : !(d->flags & DECLARED_AT_RETURN));
	case DECLARED_NONE:
		break;
	}
	return false;
}

int
declared_check(const struct declared *d, char *why, size_t room)
{
	int err;

	if (!IPC_STR_OK(d->name) || !IPC_STR_OK(d->help) || !IPC_STR_OK(d->target) || !IPC_STR_OK(d->path) ||
	    !declared_name_ok(d->name))
		return refuse(why, room, "the name has only small letters, digits, _ and -");
	if (!place_ok(d))
		return refuse(why, room, "where it looks is not said, or in two ways");
	if (d->flags & ~(uint32_t)(DECLARED_ENABLED | DECLARED_AT_RETURN | DECLARED_SENSITIVE))
		return refuse(why, room, "unknown flags");
	err = check_fields(d, why, room);
	return err ? err : check_filters(d, why, room);
}

static int
find(const struct declared_table *t, const char *name)
{
	for (int i = 0; i < DECLARED_MAX; i++)
		if (t->d[i].kind != DECLARED_NONE && strcmp(t->d[i].name, name) == 0)
			return i;
	return -ENOENT;
}

bool
declared_table_ok(const struct declared_table *t)
{
	char why[200];

	for (size_t i = 0; i < DECLARED_MAX; i++) {
		const struct declared *d = &t->d[i];

		if (d->kind == DECLARED_NONE)
			continue;
		if (declared_check(d, why, sizeof(why)) || d->probe.tracer != TR_DECLARED + i ||
		    ipc_tracer_builtin(d->name))
			return false;
		if (find(t, d->name) != (int)i)
			return false;
	}
	return true;
}

static uint64_t
hash(const void *bytes, size_t len)
{
	uint64_t h = EV_HASH_INIT;

	for (size_t i = 0; i < len; i++)
		h = EV_HASH_STEP(h, ((const uint8_t *)bytes)[i]);
	return h;
}

int
declared_place(const struct declared_table *t, const struct declared_table *before, const char *name)
{
	int was = find(before, name), place = -ENOSPC;

	if (find(t, name) >= 0)
		return -EEXIST;
	if (was >= 0 && t->d[was].kind == DECLARED_NONE)
		return was;
	for (int i = DECLARED_MAX; i-- > 0;)
		if (t->d[i].kind == DECLARED_NONE && (place < 0 || before->d[i].kind == DECLARED_NONE))
			place = i;
	return place;
}

void
declared_seal(struct declared *d, unsigned int place)
{
	uint64_t h;

	d->probe.tracer = TR_DECLARED + place;
	d->probe.id = 0;
	h = hash(d, sizeof(*d));
	d->probe.id = (uint32_t)(h ^ h >> 32);
}

uint64_t
declared_tracers(const struct declared_table *t, uint32_t flags)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < DECLARED_MAX; i++)
		if (t->d[i].kind != DECLARED_NONE && (t->d[i].flags & flags) == flags)
			mask |= 1ULL << (TR_DECLARED + i);
	return mask;
}
