/* SPDX-License-Identifier: Apache-2.0 */
#include "config/lists.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "common/kbtf.h"
#include "ipc/bpfnames.h"
#include "ipc/messages.h"
#include "ipc/tracers.h"
#include "rules/check.h"

#define PROG_TYPE_SYSCALL 31

static int
refuse(char *why, size_t room, const char *what, const char *item, const struct closest *near)
{
	snprintf(why, room, "there is no %s \"%.80s\"%s", what, item, near ? CLOSEST_TEXT(near) : "");
	return -EINVAL;
}

/* A decimal number that is no name: whole, and below the "nobody in particular" id. */
static bool
is_id(const char *item, uint32_t *id)
{
	char *end;
	unsigned long n;

	if (item[0] < '0' || item[0] > '9')
		return false;
	errno = 0;
	n = strtoul(item, &end, 10);
	if (errno || *end || n >= UINT32_MAX)
		return false;
	*id = (uint32_t)n;
	return true;
}

static int
find_user(FILE *passwd, const char *name, uint32_t *id, struct closest *near)
{
	struct passwd *pw;

	if (!passwd)
		return -ENOENT;
	rewind(passwd);
	while ((pw = fgetpwent(passwd))) {
		closest_offer(near, pw->pw_name);
		if (strcmp(pw->pw_name, name) == 0) {
			*id = pw->pw_uid;
			return 0;
		}
	}
	return -ENOENT;
}

static int
find_group(FILE *group, const char *name, uint32_t *id, struct closest *near)
{
	struct group *gr;

	if (!group)
		return -ENOENT;
	rewind(group);
	while ((gr = fgetgrent(group))) {
		closest_offer(near, gr->gr_name);
		if (strcmp(gr->gr_name, name) == 0) {
			*id = gr->gr_gid;
			return 0;
		}
	}
	return -ENOENT;
}

int
lists_user(struct names *names, const char *who, uint32_t *uid, uint32_t *gid, char *why, size_t room)
{
	struct closest near;
	struct passwd *pw;

	closest_init(&near, who);
	if (is_id(who, uid)) {
		*gid = *uid;
		return 0;
	}
	if (find_user(names->passwd, who, uid, &near))
		return refuse(why, room, "user", who, &near);
	*gid = *uid;
	rewind(names->passwd);
	while ((pw = fgetpwent(names->passwd)))
		if (strcmp(pw->pw_name, who) == 0)
			*gid = pw->pw_gid;
	return 0;
}

LIST_ADD(WHO)
{
	struct conf_WHO *who = dst;
	bool group = item[0] == '@';
	const char *name = item + group;
	uint32_t *n = group ? &who->n_gids : &who->n_uids;
	struct closest near;
	uint32_t id = 0;

	closest_init(&near, name);
	if (!is_id(name, &id) && (group ? find_group(names->group, name, &id, &near) :
				 find_user(names->passwd, name, &id, &near)))
		return refuse(why, room, group ? "group" : "user", name, &near);
	if (*n == CONFIG_WHO_MAX) {
		snprintf(why, room, "more than %d entries", CONFIG_WHO_MAX);
		return -EINVAL;
	}
	(group ? who->gids : who->uids)[(*n)++] = id;
	return 0;
}

LIST_ADD(PROG_TYPES)
{
	struct conf_PROG_TYPES *types = dst;
	uint32_t type, attach;
	struct closest near;

	if (strcmp(item, "*") == 0) {
		types->mask = ((1ULL << BPFNAMES_PROG_TYPES) - 1) & ~(1ULL << PROG_TYPE_SYSCALL) & ~1ULL;
		return 0;
	}
	if (bpf_prog_kind_from_name(item, &type, &attach) == 0) {
		types->mask |= 1ULL << type;
		return 0;
	}
	closest_init(&near, item);
	for (type = 1; type < BPFNAMES_PROG_TYPES; type++)
		closest_offer(&near, bpf_prog_type_name(type));
	return refuse(why, room, "program type", item, &near);
}

LIST_ADD(MAP_TYPES)
{
	struct conf_MAP_TYPES *types = dst;
	struct closest near;
	int type;

	if (strcmp(item, "*") == 0) {
		types->mask = ((1ULL << BPFNAMES_MAP_TYPES) - 1) & ~1ULL;
		return 0;
	}
	type = bpf_map_type_from_name(item);
	if (type > 0) {
		types->mask |= 1ULL << type;
		return 0;
	}
	closest_init(&near, item);
	for (uint32_t i = 1; i < BPFNAMES_MAP_TYPES; i++)
		closest_offer(&near, bpf_map_type_name(i));
	return refuse(why, room, "map type", item, &near);
}

LIST_ADD(TRACERS)
{
	struct conf_TRACERS *tracers = dst;
	unsigned int id = ipc_tracer_by_name(item);
	struct closest near;

	if (id || strcmp(item, "*") == 0) {
		tracers->mask |= id ? 1ULL << id : ipc_tracers_all();
		return 0;
	}
	closest_init(&near, item);
	for (id = 1; ipc_tracer_name(id); id++)
		closest_offer(&near, ipc_tracer_name(id));
	return refuse(why, room, "tracer", item, &near);
}

LIST_ADD(HELPERS)
{
	struct conf_HELPERS *helpers = dst;
	uint32_t id = 0;
	int found = bpf_helper_from_name(item);
	struct closest near;

	if (found >= 0)
		id = (uint32_t)found;
	if ((found >= 0 || is_id(item, &id)) && id > 0 && id < sizeof(helpers->bits) * 8) {
		helpers->bits[id / 64] |= 1ULL << (id % 64);
		return 0;
	}
	closest_init(&near, item);
	for (id = 1; bpf_helper_name(id); id++)
		closest_offer(&near, bpf_helper_name(id));
	return refuse(why, room, "helper", item, &near);
}

LIST_ADD(PATTERNS)
{
	struct conf_PATTERNS *p = dst;

	if (p->n == CONFIG_PATTERNS_MAX || !item[0] || strlen(item) >= sizeof(p->glob[0])) {
		snprintf(why, room, "at most %d patterns of 1 to %zu characters", CONFIG_PATTERNS_MAX,
			sizeof(p->glob[0]) - 1);
		return -EINVAL;
	}
	strcpy(p->glob[p->n++], item);
	return 0;
}

LIST_ADD(SECRETS)
{
	struct conf_SECRETS *s = dst;

	if (s->n == CONFIG_PATTERNS_MAX || strlen(item) >= sizeof(s->item[0]) || !check_redact(item, UINT64_MAX)) {
		snprintf(why, room, "at most %d of args, cwd, a tracer's own fields of text, and text with * behind it",
			CONFIG_PATTERNS_MAX);
		return -EINVAL;
	}
	strcpy(s->item[s->n++], item);
	return 0;
}

/* "10.0.0.0/8", "fe80::1": those of IPv4 become ::ffff:A.B.C.D. */
static bool
read_net(const char *item, struct ipc_net *out)
{
	struct ipc_net net = { .address = { [10] = 0xff, [11] = 0xff } };
	const char *slash = strchr(item, '/');
	uint32_t most = 32, bits;
	char address[64];

	snprintf(address, sizeof(address), "%.*s", slash ? (int)(slash - item) : 63, item);
	if (inet_pton(AF_INET, address, net.address + 12) != 1) {
		most = 128;
		if (inet_pton(AF_INET6, address, net.address) != 1)
			return false;
	}
	bits = most;
	if (slash && (!is_id(slash + 1, &bits) || bits > most))
		return false;
	net.bits = bits + 128 - most;
	*out = net;
	return true;
}

LIST_ADD(NETS)
{
	struct conf_NETS *l = dst;

	if (l->n < IPC_NETS_MAX && read_net(item, &l->net[l->n])) {
		l->n++;
		return 0;
	}
	snprintf(why, room, "\"%.60s\" is no address and no network like 169.254.0.0/16 or fe80::/10, or there are more than %d",
		item, IPC_NETS_MAX);
	return -EINVAL;
}

LIST_ADD(KFUNCS)
{
	struct kfunc_pattern *p = &names->kfuncs[names->n_kfuncs];

	if (names->n_kfuncs == KFUNC_PATTERNS_MAX || !item[0] || strlen(item) >= sizeof(p->glob)) {
		snprintf(why, room, "at most %d patterns of 1 to %zu characters", KFUNC_PATTERNS_MAX,
			sizeof(p->glob) - 1);
		return -EINVAL;
	}
	strcpy(p->glob, item);
	p->literal = strcspn(item, "*?[\\");
	names->n_kfuncs++;
	return 0;
}

#define TRACER_KFUNC "bpf_rdonly_cast"

struct lookup {
	const struct names *names;
	struct config *out;
	bool begins[256];		/* how what is looked for may: most functions do not */
};

static bool
fits(const struct kfunc_pattern *p, const char *name)
{
	return strncmp(name, p->glob, p->literal) == 0 && fnmatch(p->glob, name, 0) == 0;
}

static void
offer_function(void *arg, uint32_t id, const char *name)
{
	struct lookup *l = arg;
	struct conf_KFUNCS *found = &l->out->policy_kfuncs;
	size_t i = 0;

	if (!l->begins[(uint8_t)name[0]])
		return;
	/* Tracers only read: a pointer that the kernel handed out is followed by plain loads. */
	if (strcmp(name, TRACER_KFUNC) == 0 && l->out->tracer_kfuncs.n < TRACER_KFUNCS_MAX)
		l->out->tracer_kfuncs.ids[l->out->tracer_kfuncs.n++] = id;
	while (i < l->names->n_kfuncs && !fits(&l->names->kfuncs[i], name))
		i++;
	if (i < l->names->n_kfuncs && found->n < CONFIG_KFUNCS_MAX)
		found->ids[found->n++] = id;
}

void
list_begin_KFUNCS(struct names *names)
{
	names->n_kfuncs = 0;
}

void
lists_kfuncs(const struct names *names, struct config *out)
{
	struct lookup l = { .names = names, .out = out };

	l.begins[(uint8_t)TRACER_KFUNC[0]] = true;
	for (size_t i = 0; i < names->n_kfuncs; i++) {
		const struct kfunc_pattern *p = &names->kfuncs[i];

		memset(l.begins + (p->literal ? (uint8_t)p->glob[0] : 0), true, p->literal ? 1 : sizeof(l.begins));
	}
	if (names->btf)
		kbtf_functions(names->btf, names->btf_size, offer_function, &l);
}
