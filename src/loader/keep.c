/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "loader/facts.h"
#include "loader/loader.h"

/* Maps of the group that this load shares with, except an object's own global data. */
static int
share(struct loader *ld, struct session *s)
{
	int err = 0;

	for (size_t i = 0; s->req->map_owner_gid && i < ld->objects.n_maps && !err; i++) {
		const struct obj_map *map = &ld->objects.maps[i];

		if (map->gid == s->req->map_owner_gid && !strchr(map->name, '.') && !map->by_name)
			err = session_share(s, map->name, objects_open_map(&ld->objects, map));
	}
	return err;
}

static void
prog_of(const struct session *s, const struct msg_linked_prog *m, struct obj_prog *p)
{
	memset(p, 0, sizeof(*p));
	p->gid = s->req->gid;
	p->attach_type = m->attach_type;
	snprintf(p->name, sizeof(p->name), "%s", m->name);
	snprintf(p->section, sizeof(p->section), "%s", m->section);
}

static int
keep_map(struct loader *ld, struct session *s, const struct msg_linked_map *lm,
	struct msg_map_facts *facts)
{
	struct handle *h = handles_get(&s->b.handles, lm->handle, BPFCMD_MAP);
	struct obj_map m = { .gid = s->req->gid };
	int fd = broker_fd(&s->b, h), err;

	if (fd < 0)
		return fd;
	snprintf(m.name, sizeof(m.name), "%s", lm->name);
	m.by_name = h->by_name[0] != '\0';
	err = facts_map(&ld->kernel, fd, &m, ld->n_cpus, facts);
	m.id = facts->id;
	if (!err && !s->b.dry_run)
		err = objects_add_map(&ld->objects, fd, &m, h->by_name);
	if (!err && !s->b.dry_run && s->req->map_group[0]) {
		err = objects_share_map(&ld->objects, fd, s->req->map_group);
		objects_shared_file(&ld->objects.maps[ld->objects.n_maps - 1], facts->shared, sizeof(facts->shared));
	}
	return err;
}

static int
keep_prog(struct loader *ld, struct session *s, const struct msg_linked_prog *lp,
	struct msg_prog_facts *facts)
{
	struct handle *h = handles_get(&s->b.handles, lp->handle, BPFCMD_PROG);
	int fd = broker_fd(&s->b, h), err;
	struct obj_prog p;

	if (fd < 0)
		return fd;
	prog_of(s, lp, &p);
	err = facts_prog(&ld->kernel, fd, &p, facts);
	p.id = facts->id;
	if (!err && !s->b.dry_run)
		err = objects_add_prog(&ld->objects, fd, &p);
	return err;
}

/* Programs last: maps of a group without a program are what an interruption leaves. */
static int
keep(struct loader *ld, struct session *s, struct msg_result *res)
{
	struct msg_map_facts map;
	struct msg_prog_facts prog;
	uint32_t n_items = 0;
	int err = 0;

	for (size_t i = 0; i < s->n_maps && !err; i++) {
		err = keep_map(ld, s, &s->maps[i], &map);
		if (!err)
			reply(ld, IPC_MAP, s->seq, &map, NULL);
		n_items += !err;
	}
	for (size_t i = 0; i < s->n_progs && !err; i++) {
		err = keep_prog(ld, s, &s->progs[i], &prog);
		if (!err)
			reply(ld, IPC_PROG, s->seq, &prog, NULL);
		n_items += !err;
	}
	memset(res, 0, sizeof(*res));
	res->n_items = n_items;
	if (!err && s->n_progs)
		return 0;
	for (size_t i = ld->objects.n_progs; i-- > 0;)
		if (ld->objects.progs[i].gid == s->req->gid)
			objects_remove_prog(&ld->objects, ld->objects.progs[i].id);
	objects_remove_maps(&ld->objects, s->req->gid);
	if (s->b.refusal.code != IPC_OK) {
		*res = s->b.refusal;
		res->n_items = n_items;
		return res->err;
	}
	log_err(err ? err : -EPROTO, "loader.keep", "gid=%llu", (unsigned long long)s->req->gid);
	result_set(res, IPC_INTERNAL, err, "the loaded object cannot be pinned: %s",
		err ? strerrordesc_np(-err) : "it has no program");
	res->n_items = n_items;
	return res->err;
}

static void
send_log(struct loader *ld, struct session *s, const struct msg_result_log *log)
{
	reply(ld, IPC_RESULT_LOG, s->seq, log, &s->b.arena);
}

static void
answer(struct loader *ld, struct session *s, const struct msg_result *res)
{
	reply_result(ld, s->seq, res);
}

const struct session_owner session_api = {
	.share = share,
	.keep = keep,
	.log = send_log,
	.done = answer,
};
