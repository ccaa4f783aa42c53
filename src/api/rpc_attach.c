/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/rpc_parts.h"
#include "common/auto.h"
#include "common/log.h"

/* What an attach may ask for, by kind; kinds that are not here have none of it. */
#define PRIORITY_DEFAULT	50
#define TC_UNSPEC_BIT		31	/* TC_ACT_UNSPEC is -1 */

struct code {
	const char *name;
	int32_t code;
};

static const struct code xdp_codes[] = {
	{ "aborted", 0 }, { "drop", 1 }, { "pass", 2 }, { "tx", 3 }, { "redirect", 4 },
	{ "dispatcher_return", 31 }, { NULL, 0 },
};

static const struct code tc_codes[] = {
	{ "unspec", -1 }, { "ok", 0 }, { "reclassify", 1 }, { "shot", 2 }, { "pipe", 3 },
	{ "stolen", 4 }, { "queued", 5 }, { "repeat", 6 }, { "redirect", 7 }, { "trap", 8 },
	{ "dispatcher_return", 30 }, { NULL, 0 },
};

static const char *const ways[] = { "ingress", "egress", NULL };
static const char *const ways_or_none[] = { "ingress", "egress", "", NULL };
static const char *const ends[] = { "primary", "peer", "", NULL };

static const struct shape {
	const char *kind;
	const struct code *codes;	/* of proceed-on; NULL: it has none */
	const char *const *directions;	/* NULL: it has none */
	bool mode;
} shapes[] = {
	{ "xdp", xdp_codes, NULL, true },
	{ "tc", tc_codes, ways, false },
	{ "tcx", tc_codes, ways, false },
	{ "netkit", NULL, ends, false },
	{ "cgroup_skb", NULL, ways_or_none, false },
};

static const struct shape *
shape_of(const struct msg_attach *m)
{
	static const struct shape plain = { "", NULL, NULL, false };

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (strcmp(shapes[i].kind, m->kind) == 0)
			return &shapes[i];
	return &plain;
}

static bool
refuse_code(struct call *call, const char *field, const struct msg_attach *m, const char *what)
{
	const struct code *c = shape_of(m)->codes;
	char names[160] = "";

	for (; c && c->name; c++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			names[0] ? ", " : "", c->name);
	if (names[0])
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: %s is not one of %s", field,
			LOG_QUOTE(what), names);
	else
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: %s programs have none", field, m->kind);
	return false;
}

static void
set_code(struct msg_attach *m, int32_t code)
{
	m->proceed_on |= 1u << (code < 0 ? TC_UNSPEC_BIT : code);
	m->flags |= ATTACH_HAS_PROCEED_ON;
}

bool
rpc_proceed_on(struct call *call, const char *field, struct msg_attach *m, int32_t code)
{
	char text[16];

	for (const struct code *c = shape_of(m)->codes; c && c->name; c++)
		if (c->code == code) {
			set_code(m, code);
			return true;
		}
	snprintf(text, sizeof(text), "%d", code);
	return refuse_code(call, field, m, text);
}

bool
rpc_proceed_on_name(struct call *call, const char *field, struct msg_attach *m, const char *name)
{
	for (const struct code *c = shape_of(m)->codes; c && c->name; c++)
		if (strcmp(c->name, name) == 0) {
			set_code(m, c->code);
			return true;
		}
	return refuse_code(call, field, m, name);
}

size_t
rpc_proceed_on_names(struct scratch *s, const char *kind, uint32_t set, char ***out)
{
	const struct code *c = NULL;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(shapes[i].kind, kind) == 0)
			c = shapes[i].codes;
	*out = c && set ? scratch_take(s, 32, sizeof(**out)) : NULL;
	for (; *out && c->name; c++)
		if (set & 1u << (c->code < 0 ? TC_UNSPEC_BIT : c->code))
			(*out)[n++] = (char *)(uintptr_t)c->name;
	return n;
}

static bool
one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

bool
rpc_attach_check(struct call *call, const char *prefix, struct msg_attach *m)
{
	static const char *const modes[] = { "", "native", "skb", "hw", NULL };
	const struct shape *s = shape_of(m);

	if (m->priority == 0)
		m->priority = PRIORITY_DEFAULT;
	if (m->priority < 1 || m->priority > RPC_PRIORITY_MAX) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%spriority: %d is not between 1 and %d",
			prefix, m->priority, RPC_PRIORITY_MAX);
		return false;
	}
	if (s->directions && !one_of(m->direction, s->directions)) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%sdirection: %s is neither %s nor %s", prefix,
			LOG_QUOTE(m->direction), s->directions[0], s->directions[1]);
		return false;
	}
	if (!s->directions && m->direction[0]) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%sdirection: %s, but this kind of attach has none",
			prefix, LOG_QUOTE(m->direction));
		return false;
	}
	if (s->mode ? !one_of(m->mode, modes) : m->mode[0] != '\0') {
		programs_refuse(call, IPC_INVALID_ARGUMENT, s->mode ?
			"%smode: %s is none of native, skb, hw" :
			"%smode: %s, but this kind of attach has none", prefix, LOG_QUOTE(m->mode));
		return false;
	}
	return true;
}

bool
rpc_option(struct call *call, const char *field, struct msg_attach *m, const char *name, const char *value)
{
	int err = options_add(m->options, name, value);

	if (!err)
		return true;
	if (err == -ENOSPC)
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: names and values have more than %d bytes",
			field, IPC_OPTIONS_MAX - 2);
	else
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: %s=%s %s", field, LOG_QUOTE(name),
			LOG_QUOTE(value), err == -EEXIST ? "comes twice" :
			"is not NAME=VALUE with a name of a-z, 0-9 and -");
	return false;
}

bool
rpc_options(struct call *call, const char *field, size_t n, void *entries, struct msg_attach *m)
{
	struct text_entry **all = entries;

	for (size_t i = 0; i < n; i++)
		if (!rpc_option(call, field, m, all[i]->key, all[i]->value))
			return false;
	return true;
}
