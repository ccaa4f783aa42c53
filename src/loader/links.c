/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"
#include "loader/attach.h"
#include "loader/authorise.h"
#include "loader/handlers.h"
#include "loader/loader.h"

int
links_check(struct loader *ld, const struct msg_attach *m, struct msg_result *res)
{
	const struct obj_prog *p = objects_prog(&ld->objects, m->prog_id);

	if (!IPC_STR_OK(m->kind) || !IPC_STR_OK(m->target) || !IPC_STR_OK(m->netns) ||
	    !IPC_STR_OK(m->direction) || !IPC_STR_OK(m->mode) || m->link_id == 0)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "malformed attach request");
	if (!p || (m->gid && p->gid != m->gid))
		return result_set(res, IPC_NOT_FOUND, -ENOENT, "bpfd keeps no program %u", m->prog_id);
	if (objects_link(&ld->objects, m->link_id))
		return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "link %" PRIu64 " is there already",
			m->link_id);
	if (ld->objects.n_links >= ld->cfg->limits_total_links)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOSPC,
			"bpfd keeps %zu links already: limits.total_links = %" PRIu64, ld->objects.n_links,
			ld->cfg->limits_total_links);
	return 0;
}

int
loader_links_each(struct loader *ld, int (*each)(void *arg, const struct msg_link_facts *l), void *arg)
{
	int err = 0;

	for (size_t i = 0; i < ld->objects.n_links && !err; i++)
		err = each(arg, &ld->objects.links[i].facts);
	return err;
}

int
loader_map_open(struct loader *ld, uint64_t gid, const char *which)
{
	bool by_id = which[0] && which[strspn(which, "0123456789")] == '\0';
	uint64_t id = by_id ? strtoull(which, NULL, 10) : 0;

	for (size_t i = 0; i < ld->objects.n_maps; i++) {
		const struct obj_map *m = &ld->objects.maps[i];

		if (by_id ? m->id == id : m->gid == gid && strcmp(m->name, which) == 0)
			return objects_open_map(&ld->objects, m);
	}
	return -ENOENT;
}

int
loader_maps_of(struct loader *ld, uint32_t prog_id, int (*each)(void *arg, uint32_t id, const char *name),
	void *arg)
{
	const struct obj_prog *p = objects_prog(&ld->objects, prog_id);
	int err = 0;

	for (size_t i = 0; p && i < ld->objects.n_maps && !err; i++)
		if (ld->objects.maps[i].gid == p->gid)
			err = each(arg, ld->objects.maps[i].id, ld->objects.maps[i].name);
	return err;
}

int
loader_prog_open(struct loader *ld, uint32_t id)
{
	const struct obj_prog *p = objects_prog(&ld->objects, id);

	return p ? objects_open_prog(&ld->objects, p) : -ENOENT;
}

uint32_t
loader_group_map(struct loader *ld, uint64_t gid, const char *name, int *fd)
{
	for (size_t i = 0; i < ld->objects.n_maps; i++) {
		const struct obj_map *m = &ld->objects.maps[i];

		if (m->gid != gid || strcmp(m->name, name) != 0)
			continue;
		if (fd)
			*fd = objects_open_map(&ld->objects, m);
		return m->id;
	}
	return 0;
}

int
pin_link(struct loader *ld, const struct msg_attach *m, int prog_fd, const struct attach_out *out,
	struct msg_result *res)
{
	const struct obj_link *old = objects_link(&ld->objects, m->link_id);
	struct obj_link l = { .facts = out->facts, .replacing = old, .again = old && !old->again };
	int err;

	l.linkless = out->link_fd < 0;
	snprintf(l.suffix, sizeof(l.suffix), "%s", out->pin_suffix);
	snprintf(l.netns, sizeof(l.netns), "%s", m->netns);
	err = objects_add_link(&ld->objects, attach_out_pinned(out, prog_fd), out->more, out->n_more, &l);
	return err ? result_set(res, IPC_INTERNAL, err, "the link cannot be pinned: %s", strerrordesc_np(-err))
		   : 0;
}

/* Pins what attach_run() made; when that fails it is taken off again. */
static int
keep_link(struct loader *ld, const struct msg_attach *m, int prog_fd, struct attach_out *out,
	struct msg_result *res)
{
	struct obj_link *l = objects_link(&ld->objects, m->link_id);
	struct msg_result ignored;
	int err;

	if (l) {		/* by loader_keep_first(): what it is came later */
		l->facts = out->facts;
		return 0;
	}
	err = pin_link(ld, m, prog_fd, out, res);
	if (err && out->link_fd < 0)
		attach_detach_suffix(ld, ld->cfg, ld->rtnl, out->pin_suffix, m->netns, &ignored);
	return err;
}

int
loader_keep_first(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	const struct obj_prog *p = objects_prog(&in->ld->objects, in->req->prog_id);

	out->facts.link_id = in->req->link_id;
	out->facts.gid = p ? p->gid : 0;
	return pin_link(in->ld, in->req, in->prog_fd, out, res);
}

void
loader_forget(const struct attach_in *in)
{
	struct objects *t = &in->ld->objects;
	const uint64_t id = in->req->link_id;
	struct obj_link *l = in->replaces ? objects_replacing(t, id) : objects_link(t, id);

	if (l)
		objects_remove_link(t, l);
}

int
links_open_program(struct loader *ld, const struct msg_attach *m, struct attach_in *in, struct msg_result *res)
{
	const struct obj_prog *p = objects_prog(&ld->objects, m->prog_id);
	int fd = objects_open_prog(&ld->objects, p);
	struct bpf_prog_info info;

	if (fd < 0 || kernel_info(&ld->kernel, fd, &info, sizeof(info)) < 0) {
		close_keep_errno(fd);
		return result_set(res, IPC_DATA_LOSS, fd < 0 ? fd : -EIO, "the pin of program %u is gone",
			m->prog_id);
	}
	*in = (struct attach_in){ .ld = ld, .cfg = ld->cfg, .req = m, .gid = p->gid, .prog_fd = fd,
		.prog_type = info.type, .prog_attach_type = p->attach_type, .rtnl = ld->rtnl,
		.chained = info.type == BPF_PROG_TYPE_EXT && p->attach_type == BPF_XDP };
	if (in->chained)
		in->prog_type = BPF_PROG_TYPE_XDP;
	return 0;
}

static int
attach(struct loader *ld, const struct msg_attach *m, const struct attach_found *found,
	const struct attach_who *who, struct attach_out *out, struct msg_result *res)
{
	struct attach_in in = { .prog_fd = -1 };
	uint64_t gid;
	int err = links_check(ld, m, res);

	if (!err)
		err = links_open_program(ld, m, &in, res);
	if (err)
		return err;
	in.found = found;
	in.who = who;
	gid = objects_prog(&ld->objects, m->prog_id)->gid;
	err = attach_run(&in, out, res);
	if (!err) {
		out->facts.link_id = m->link_id;
		out->facts.gid = gid;
		out->facts.prog_id = m->prog_id;
		err = m->flags & ATTACH_DRY_RUN ? 0 : keep_link(ld, m, in.prog_fd, out, res);
	}
	if (err)
		objects_drop_stub(&ld->objects, m->link_id);
	close_keep_errno(in.prog_fd);
	return err;
}

void
links_attach(struct loader *ld, uint32_t seq, const struct msg_attach *m, const struct attach_found *found,
	const struct attach_who *who)
{
	struct attach_out out = ATTACH_OUT_NONE;
	struct msg_result res = { 0 };
	int err = attach(ld, m, found, who, &out, &res);

	if (err) {
		reply_result(ld, seq, &res);
	} else {
		ld->counts.attaches += !(m->flags & ATTACH_DRY_RUN);
		reply(ld, IPC_LINK_FACTS, seq, &out.facts, NULL);
		reply_ok(ld, seq, 1);
	}
	attach_out_close(&out);
}

/* 1: a linker looks for something first, and the answer comes later. */
static int
look(struct loader *ld, uint32_t seq, const struct msg_attach *m, const struct attach_who *who,
	struct msg_result *res)
{
	struct attach_in in = { .prog_fd = -1 };
	struct msg_link_sites what = { 0 };
	AUTO(fd) int file = -1;
	int err = links_check(ld, m, res);

	if (!err)
		err = links_open_program(ld, m, &in, res);
	if (err)
		return err;
	in.who = who;
	err = attach_look(&in, &what, &file, res);
	close_keep_errno(in.prog_fd);
	if (err <= 0)
		return err;
	err = attaching_new(ld, seq, m, &what, TAKE_FD(file), res);
	return err ? err : 1;
}

void
links_start(struct loader *ld, uint32_t seq, const struct msg_attach *m, const struct attach_who *who)
{
	struct msg_attach req = *m;
	struct msg_result res = { 0 };
	int err;

	attach_default_target(&req);
	err = look(ld, seq, &req, who, &res);
	if (err < 0)
		reply_result(ld, seq, &res);
	else if (!err)
		links_attach(ld, seq, &req, NULL, who);
}

int
on_ATTACH(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_attach *m,
	int *fds)
{
	const struct attach_who who = { .client = fds[0] };
	struct msg_result res = { 0 };
	int err = authorise(ld, fds[0], "attach", &res);

	if (!err)
		err = links_give_token(ld, h->seq, m, fds[0], &res);
	if (err)
		reply_result(ld, h->seq, &res);
	else if (m->flags & ATTACH_FUTURE)
		wish_new(ld, h->seq, m, &who);
	else
		links_start(ld, h->seq, m, &who);
	return 0;
}

int
on_DETACH(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_detach *m,
	int *fds)
{
	struct obj_link *l = objects_link(&ld->objects, m->link_id);
	struct msg_result res;
	int err = authorise(ld, fds[0], "detach", &res);

	if (!err && !IPC_STR_OK(m->netns))
		err = result_set(&res, IPC_INVALID_ARGUMENT, -EINVAL, "malformed detach request");
	if (!err && !l)
		err = result_set(&res, IPC_NOT_FOUND, -ENOENT, "there is no link %" PRIu64, m->link_id);
	if (!err)
		err = release_link(ld, l, m->netns, &res);
	reply_done(ld, h->seq, err, &res);
	return 0;
}
