/* SPDX-License-Identifier: Apache-2.0 */
#include "enricher/context.h"

#include <string.h>

#include "common/auto.h"

/* The hierarchy that names the container: v1 first, where engines of hybrid hosts are. */
static const struct cgroup *
teller(const struct context_in *in)
{
	if (in->g1 && in->g1->runtime != RT_NOT_FOUND)
		return in->g1;
	if (in->g2)
		return in->g2;
	return in->g1;
}

struct strings {
	struct span path, id, runtime, pod_uid;
	struct span names[N_NAMES_PARTS];	/* the id's is not used: it is there without names */
};

static struct strings
strings_of(const struct cgroups *cgroups, const struct cgroup *g)
{
	static const struct span none = { "", 0 };
	struct strings s = { none, none, none, none, { none, none, none, none, none, none } };
	const struct names *names;
	const char *p;

	if (!g)
		return s;
	p = cgroup_path(cgroups, g);
	s.path = (struct span){ p, g->path_len };
	s.pod_uid = (struct span){ p + g->path_len + g->id_len, g->pod_len };
	if (g->runtime == RT_NOT_FOUND)
		return s;
	s.id = (struct span){ p + g->path_len, g->id_len };
	s.runtime = (struct span){ runtime_names[g->runtime], strlen(runtime_names[g->runtime]) };
	names = names_find(cgroups->naming, (enum runtime)g->runtime, s.id.s, s.id.len);
	for (unsigned int i = NAMES_NAME; names && i < N_NAMES_PARTS; i++)
		s.names[i] = names_part(cgroups->naming, names, i);
	return s;
}

size_t
context_bytes(const struct context_in *in, const struct cgroups *cgroups)
{
	struct strings s = strings_of(cgroups, teller(in));
	size_t names = 0;

	for (unsigned int i = NAMES_NAME; i < N_NAMES_PARTS; i++)
		names += s.names[i].len;
	return record_round(sizeof(struct rec_ctx) + in->exe.len + in->cwd.len + in->pexe.len + in->args.len +
		in->pcomm.len + in->tty.len + s.path.len + s.id.len + s.runtime.len + s.pod_uid.len +
		names);
}

static void
put(struct rec_ctx *c, size_t room, struct span v, struct ev_str *ref)
{
	size_t left = room - c->len;

	if (v.len > left) {
		v.len = left;
		c->flags |= CTX_CUT;
	}
	*ref = (struct ev_str){ (uint16_t)c->len, (uint16_t)v.len };
	memcpy((char *)c + c->len, v.s, v.len);
	c->len += (uint32_t)v.len;
}

static void
put_cgroup(const struct context_in *in, const struct cgroups *cgroups, struct rec_ctx *c, size_t room)
{
	const struct cgroup *g = teller(in);
	struct strings s = strings_of(cgroups, g);

	put(c, room, s.runtime, &c->runtime);
	put(c, room, s.id, &c->container);
	put(c, room, s.pod_uid, &c->pod_uid);
	put(c, room, s.names[NAMES_NAME], &c->name);
	put(c, room, s.names[NAMES_IMAGE], &c->image);
	put(c, room, s.names[NAMES_POD], &c->pod);
	put(c, room, s.names[NAMES_K8S_NS], &c->k8s_ns);
	put(c, room, s.path, &c->cgroup);
	put(c, room, s.names[NAMES_LABELS], &c->labels);
	c->cgroup_dir = (struct ev_str){ 0, 0 };
	c->cgroup_hierarchy = 0;
	if (!g)
		return;
	c->cgroup_hierarchy = g->hierarchy;
	if (g->cut)
		c->flags |= CTX_CUT;
	if (s.pod_uid.len)
		c->flags |= CTX_POD;
	if (g->runtime == RT_NOT_FOUND)
		return;
	c->flags |= CTX_CONTAINER | (g->claim ? CTX_CLAIM : 0);
	c->cgroup_dir = (struct ev_str){ c->cgroup.off,
		(uint16_t)(g->dir_len < c->cgroup.len ? g->dir_len : c->cgroup.len) };
}

void
context_make(const struct context_in *in, const struct cgroups *cgroups, void *out, size_t room)
{
	struct rec_ctx *c = out;

	*c = in->n;
	c->flags = (in->n.flags & (CTX_PROC | CTX_CUT)) | (in->host ? CTX_HOST : 0);
	c->len = sizeof(*c);
	put_cgroup(in, cgroups, c, room);
	put(c, room, in->pcomm, &c->pcomm);
	put(c, room, in->tty, &c->tty);
	put(c, room, in->exe, &c->exe);
	put(c, room, in->pexe, &c->pexe);
	put(c, room, in->cwd, &c->cwd);
	put(c, room, in->args, &c->args);
	while (c->len % 8)
		((char *)c)[c->len++] = '\0';
}

static struct span
str_of(const struct rec_ctx *c, struct ev_str s)
{
	return (struct span){ (const char *)c + s.off, s.len };
}

void
context_of(const struct rec_ctx *c, struct context_in *out)
{
	*out = (struct context_in){ .n = *c, .exe = str_of(c, c->exe), .cwd = str_of(c, c->cwd),
		.pexe = str_of(c, c->pexe), .args = str_of(c, c->args), .pcomm = str_of(c, c->pcomm),
		.tty = str_of(c, c->tty) };
}

bool
context_sound(const struct rec_ctx *c, size_t room)
{
	const struct ev_str strs[] = { c->exe, c->cwd, c->pexe, c->args, c->pcomm, c->tty, c->cgroup,
		c->cgroup_dir, c->container, c->runtime, c->pod_uid, c->name, c->image, c->pod, c->k8s_ns,
		c->labels };

	if (c->len < sizeof(*c) || c->len > room || c->len % 8 || c->cgroup_hierarchy > 2)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(strs); i++)
		if (strs[i].len && (strs[i].off < sizeof(*c) || strs[i].off + strs[i].len > c->len))
			return false;
	return true;
}
