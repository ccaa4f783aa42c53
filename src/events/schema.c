/* SPDX-License-Identifier: Apache-2.0 */
#include "events/schema.h"

#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "events/tables.h"

#define TRACER(id, name, class, flags, help) extern const struct tracer_info tracer_##name;
#include "bpf/tracers.def"

static const struct tracer_info *const tracers[N_BUILTIN_TRACERS] = {
#define TRACER(id, name, class, flags, help) [TR_##id] = &tracer_##name,
#include "bpf/tracers.def"
};

const char *const field_type_names[] = {
	[F_U64] = "u64", [F_I64] = "i64", [F_BOOL] = "bool", [F_TIME] = "time", [F_STR] = "string",
	[F_PATH] = "path", [F_LIST] = "list", [F_IP] = "ip", [F_MAC] = "mac", [F_FLAGS] = "flags",
	[F_ENUM] = "enum",
};

const struct tracer_info *
tracer_info(unsigned int tracer)
{
	if (tracer >= TR_DECLARED)
		return tracer < N_TRACERS ? declared_info(tracer) : NULL;
	return tracer < N_BUILTIN_TRACERS ? tracers[tracer] : NULL;
}

unsigned int
tracer_by_name(const char *name)
{
	for (unsigned int i = 1; i < N_TRACERS; i++) {
		const struct tracer_info *t = tracer_info(i);

		if (t && (strcmp(t->name, name) == 0 || (t->seed_name && strcmp(t->seed_name, name) == 0)))
			return i;
	}
	return 0;
}

const struct field *
schema_own(unsigned int tracer, const char *name)
{
	const struct tracer_info *t = tracer_info(tracer);

	for (const struct field *f = t ? t->fields : NULL; f && f->name; f++)
		if (strcasecmp(f->name, name) == 0)
			return f;
	return NULL;
}

const struct field *
field_find(unsigned int tracer, const char *name)
{
	const struct field *f = schema_own(tracer, name);

	return f ? f : common_find(tracer, name);
}

static uint64_t
load(const void *p, size_t size, bool is_signed)
{
	uint64_t u8;
	uint32_t u4;
	uint16_t u2;
	uint8_t u1;

	switch (size) {
	case 8:
		memcpy(&u8, p, sizeof(u8));
		return u8;
	case 4:
		memcpy(&u4, p, sizeof(u4));
		return is_signed ? (uint64_t)(int32_t)u4 : u4;
	case 2:
		memcpy(&u2, p, sizeof(u2));
		return is_signed ? (uint64_t)(int16_t)u2 : u2;
	case 1:
		memcpy(&u1, p, sizeof(u1));
		return is_signed ? (uint64_t)(int8_t)u1 : u1;
	default:
		return 0;
	}
}

static bool
all_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static bool
get_bytes(const struct event *e, const struct field *f, struct value *out)
{
	const char *at = (const char *)e->ev + f->off;
	struct ev_str s;

	if (f->size == sizeof(s)) {
		memcpy(&s, at, sizeof(s));
		out->data = (const char *)e->ev + s.off;
		out->len = s.len;
	} else {
		out->data = at;
		out->len = strnlen(at, f->size);
	}
	return out->len || !(f->flags & FIELD_OPTIONAL);
}

bool
field_get(const struct event *e, const struct field *f, struct value *out)
{
	const unsigned char *at = (const unsigned char *)e->ev + f->off;

	if (f->events && !(f->events >> (e->ev->event & 31) & 1))
		return false;
	out->type = f->type;
	if (f->get)
		return f->get(e, f, out);

	switch (f->type) {
	case F_STR:
	case F_PATH:
	case F_LIST:
		return get_bytes(e, f, out);
	case F_IP:
	case F_MAC:
		out->data = at;
		out->len = f->size;
		return !all_zero(at, f->size) || (f->type == F_MAC && !(f->flags & FIELD_OPTIONAL));
	case F_U64:
	case F_I64:
	case F_BOOL:
	case F_TIME:
	case F_FLAGS:
	case F_ENUM:
		break;
	}
	out->u = load(at, f->size, f->type == F_I64);
	return out->u || !(f->flags & FIELD_OPTIONAL);
}

/* The pair of readings that lie closest together: what came between them is the error. */
int64_t
boot_offset_ns(void)
{
	int64_t best = INT64_MAX, offset = 0;

	for (int i = 0; i < 5; i++) {
		int64_t before = (int64_t)clock_ns(CLOCK_BOOTTIME);
		int64_t real = (int64_t)clock_ns(CLOCK_REALTIME);
		int64_t after = (int64_t)clock_ns(CLOCK_BOOTTIME);

		if (after - before < best) {
			best = after - before;
			offset = real - (before + (after - before) / 2);
		}
	}
	return offset;
}
