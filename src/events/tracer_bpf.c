/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bpf/bpfaudit.h"
#include "events/schema.h"

#define EVENT(id, number, name) name,
static const char *const events[] = { EV_BPF_COMMANDS(EVENT) NULL };
#undef EVENT

#define ON(id) (1U << BPFAUDIT_##id)
#define ATTACHES (ON(PROG_ATTACH) | ON(PROG_DETACH) | ON(LINK_CREATE))

static const struct field_word objects[] = {
	{ BPFAUDIT_PROG, "program" }, { BPFAUDIT_MAP, "map" }, { BPFAUDIT_LINK, "link" }, { BPFAUDIT_BTF, "btf" },
	{ 0, NULL },
};

/* Their numbers are their places. */
enum { PROG_TYPE_BASE = __COUNTER__ + 1 };
static const struct field_word prog_types[] = {
#define PROG_TYPE(name) { __COUNTER__ - PROG_TYPE_BASE, #name },
#include "common/bpftypes.def"
	{ 0, NULL },
};
enum { MAP_TYPE_BASE = __COUNTER__ + 1 };
static const struct field_word map_types[] = {
#define MAP_TYPE(name) { __COUNTER__ - MAP_TYPE_BASE, #name },
#include "common/bpftypes.def"
	{ 0, NULL },
};
enum { LINK_TYPE_BASE = __COUNTER__ + 1 };
static const struct field_word link_types[] = {
#define LINK_TYPE(name) { __COUNTER__ - LINK_TYPE_BASE, #name },
#include "common/bpftypes.def"
	{ 0, NULL },
};
enum { ATTACH_TYPE_BASE = __COUNTER__ + 1 };
static const struct field_word attach_types[] = {
#define ATTACH_TYPE(name) { __COUNTER__ - ATTACH_TYPE_BASE, #name },
#include "common/bpftypes.def"
	{ 0, NULL },
};

/* ~0: it has none. */
static bool
get_type(const struct event *e, const struct field *f, struct value *out)
{
	uint32_t u;

	memcpy(&u, (const char *)e->ev + f->off, sizeof(u));
	out->u = u;
	return u != UINT32_MAX;
}

static bool
get_map_number(const struct event *e, const struct field *f, struct value *out)
{
	const struct ev_bpfaudit *b = (const void *)e->ev;
	uint32_t u;

	memcpy(&u, (const char *)e->ev + f->off, sizeof(u));
	out->u = u;
	return b->object == BPFAUDIT_MAP;
}

static const struct field_word helpers[] = {
	{ BPFAUDIT_WRITE_USER, "probe_write_user" }, { BPFAUDIT_OVERRIDE_RETURN, "override_return" },
	{ BPFAUDIT_SEND_SIGNAL, "send_signal" }, { BPFAUDIT_UNREAD, "unread" }, { 0, NULL },
};

static const struct field fields[] = {
	FIELD_NUM(ev_bpfaudit, object, "object", F_ENUM, .flags = FIELD_OPTIONAL, .words = objects,
		  .help = "what it is done to"),
	FIELD_NUM(ev_bpfaudit, id, "id", F_U64, .flags = FIELD_OPTIONAL, .help = "the kernel's number of it"),
	FIELD_REF(ev_bpfaudit, name, "name", F_STR, .flags = FIELD_OPTIONAL,
		  .help = "of the program or map; of a link its program's"),
	FIELD_NUM(ev_bpfaudit, self, "self", F_BOOL, .help = "a process of bpfd did it"),
	FIELD_NUM(ev_bpfaudit, prog_type, "prog_type", F_ENUM, .get = get_type, .words = prog_types,
		  .help = "type of the program"),
	FIELD_NUM(ev_bpfaudit, prog_id, "prog_id", F_U64, .flags = FIELD_OPTIONAL, .help = "number of the program"),
	FIELD_NUM(ev_bpfaudit, insns, "insns", F_U64, .flags = FIELD_OPTIONAL,
		  .help = "instructions of the program; of one that did not load as given"),
	FIELD_NUM(ev_bpfaudit, helpers, "helpers", F_FLAGS, .flags = FIELD_OPTIONAL | FIELD_UNTRUSTED, .events = ON(PROG_LOAD),
		  .words = helpers, .help = "what of these the program calls; unread: not all of it was looked at"),
	FIELD_NUM(ev_bpfaudit, attach_type, "attach_type", F_ENUM, .get = get_type, .words = attach_types,
		  .help = "what the program is to be attached to"),
	FIELD_NUM(ev_bpfaudit, link_type, "link_type", F_ENUM, .get = get_type, .words = link_types, .help = "type of the link"),
	FIELD_REF(ev_bpfaudit, target, "target", F_PATH, .flags = FIELD_OPTIONAL,
		  .help = "where it is attached: a cgroup, a tracepoint, a function of the kernel"),
	FIELD_NUM(ev_bpfaudit, ifindex, "ifindex", F_U64, .flags = FIELD_OPTIONAL, .events = ATTACHES,
		  .help = "interface that it is attached to"),
	FIELD_REF(ev_bpfaudit, path, "path", F_PATH, .events = ON(OBJ_PIN) | ON(OBJ_GET), .help = "the pin, as the process gave it"),
	FIELD_NUM(ev_bpfaudit, map_type, "map_type", F_ENUM, .get = get_type, .words = map_types, .help = "type of the map"),
	FIELD_NUM(ev_bpfaudit, key_size, "key_size", F_U64, .flags = FIELD_DETAIL, .get = get_map_number, .help = "bytes of a key"),
	FIELD_NUM(ev_bpfaudit, value_size, "value_size", F_U64, .flags = FIELD_DETAIL, .get = get_map_number,
		  .help = "bytes of a value"),
	FIELD_NUM(ev_bpfaudit, max_entries, "max_entries", F_U64, .flags = FIELD_DETAIL, .get = get_map_number,
		  .help = "elements that the map may have"),
	{ .name = NULL },
};

const struct tracer_info tracer_bpf = {
	.name = "bpf",
	.class = EV_CONTROL,
	.help = "BPF programs, maps and links made, attached, pinned and got, by whom",
	.events = events,
	.min_size = sizeof(struct ev_bpfaudit),
	.fields = fields,
};
