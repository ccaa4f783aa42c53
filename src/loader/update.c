/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link gets another program, priority or proceed-on set, and its hook is never without the one or
 * the other: in the kernel's link where that takes another program, else the new attachment is made
 * before the old one is taken off.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/auto.h"
#include "ipc/bpfnames.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/authorise.h"
#include "loader/handlers.h"
#include "loader/loader.h"
#include "loader/standin.h"
#include "loader/update.h"

static void
auto_change(struct change *c)
{
	close_keep_errno(c->prog_fd);
	close_keep_errno(c->old_fd);
	close_keep_errno(c->link_fd);
}

static bool
in_dispatcher(const struct change *c)
{
	return strcmp(c->was.backend, "dispatcher") == 0;
}

static int
check(struct loader *ld, const struct msg_attach *m, struct msg_result *res)
{
	const struct obj_prog *p = objects_prog(&ld->objects, m->prog_id);
	const struct obj_link *l = objects_link(&ld->objects, m->link_id);

	if (!IPC_STR_OK(m->kind) || !IPC_STR_OK(m->target) || !IPC_STR_OK(m->netns) ||
	    !IPC_STR_OK(m->direction) || !IPC_STR_OK(m->mode) || m->priority < 0 || m->priority > 1000)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "malformed update request");
	if (!l)
		return result_set(res, IPC_NOT_FOUND, -ENOENT, "there is no link %" PRIu64, m->link_id);
	if (!p || (m->gid && p->gid != m->gid))
		return result_set(res, IPC_NOT_FOUND, -ENOENT, "bpfd keeps no program %u", m->prog_id);
	if (objects_replacing(&ld->objects, m->link_id))
		return result_set(res, IPC_FAILED_PRECONDITION, -EBUSY, "an earlier change of link %" PRIu64
			" did not come to its end: detach it and attach the program anew", m->link_id);
	if (!l->linkless && (l->facts.hook_flags & LINK_GONE))
		return result_set(res, IPC_FAILED_PRECONDITION, -ENOENT, "what link %" PRIu64 " was on is gone",
			m->link_id);
	return 0;
}

/* What the old program may do at its hook, the new one must have been loaded for. */
static int
check_types(struct loader *ld, struct change *c, struct msg_result *res)
{
	const struct obj_prog *old = objects_prog(&ld->objects, c->was.prog_id);
	struct bpf_prog_info info;

	if (c->old_fd < 0 || !old || kernel_info(&ld->kernel, c->old_fd, &info, sizeof(info)) < 0)
		return 0;		/* the kernel compares them too */
	if (info.type == c->prog_type && old->attach_type == c->attach_type)
		return 0;
	return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "program %u was loaded as %s and program %u, "
		"which has the link, as %s: only one of its type can take its place", c->m.prog_id,
		bpf_prog_kind_name(c->prog_type, c->attach_type), c->was.prog_id,
		bpf_prog_kind_name(info.type, old->attach_type));
}

static int
open_change(struct loader *ld, const struct msg_attach *m, struct change *c, struct msg_result *res)
{
	const struct obj_prog *p = objects_prog(&ld->objects, m->prog_id);
	const struct obj_link *l = objects_link(&ld->objects, m->link_id);
	struct bpf_prog_info info;

	c->m = *m;
	c->was = l->facts;
	c->linkless = l->linkless;
	strcpy(c->suffix, l->suffix);
	c->gid = p->gid;
	c->attach_type = p->attach_type;
	c->prog_fd = objects_open_prog(&ld->objects, p);
	if (c->prog_fd < 0 || kernel_info(&ld->kernel, c->prog_fd, &info, sizeof(info)) < 0)
		return result_set(res, IPC_DATA_LOSS, -EIO, "the pin of program %u is gone", m->prog_id);
	c->prog_type = info.type;
	c->old_fd = loader_prog_open(ld, c->was.prog_id);
	c->link_fd = l->linkless ? -1 : objects_open_link(&ld->objects, l);
	if (!l->linkless && c->link_fd < 0)
		return result_set(res, IPC_DATA_LOSS, c->link_fd, "the pin of link %" PRIu64 " is gone",
			m->link_id);
	return check_types(ld, c, res);
}

void
change_attach_in(struct loader *ld, const struct change *c, struct attach_in *in)
{
	bool chained = c->prog_type == BPF_PROG_TYPE_EXT && c->attach_type == BPF_XDP;

	*in = (struct attach_in){ .ld = ld, .cfg = ld->cfg, .req = &c->m, .gid = c->gid,
		.prog_fd = c->prog_fd, .prog_type = chained ? BPF_PROG_TYPE_XDP : c->prog_type,
		.prog_attach_type = c->attach_type, .chained = chained, .rtnl = ld->rtnl, .who = c->who,
		.replaces = &c->was, .replaces_suffix = c->suffix };
}

/* The new one is there: the old one leaves.  A dispatcher's left in the step that brought the new. */
static int
take_off_old(struct loader *ld, const struct change *c, struct msg_result *res)
{
	struct obj_link *old = objects_link(&ld->objects, c->m.link_id);
	int err = 0;

	if (c->linkless && !in_dispatcher(c))
		err = attach_detach_suffix(ld, ld->cfg, ld->rtnl, c->suffix,
			c->m.netns[0] ? c->m.netns : old->netns, res);
	if (!err)
		objects_remove_link(&ld->objects, old);
	return err;
}

/* Places in a file take a linker to find, and several links have a pin each. */
static int
check_single(const struct change *c, const struct attach_in *in, bool single, struct msg_result *res)
{
	struct msg_link_sites what = { 0 };
	AUTO(fd) int file = -1;
	int err = single ? attach_look(in, &what, &file, res) : 1;

	return err <= 0 ? err : result_set(res, IPC_FAILED_PRECONDITION, -EOPNOTSUPP, "a link of kind %s may be "
		"several of the kernel's, which cannot change together: attach the other program beside it, then "
		"detach link %" PRIu64, c->m.kind, c->m.link_id);
}

int
change_anew(struct loader *ld, const struct change *c, struct attach_out *out, struct msg_result *res)
{
	struct objects *t = &ld->objects;
	struct msg_result ignored;
	struct attach_in in;
	struct obj_link *l;
	int err;

	change_attach_in(ld, c, &in);
	err = check_single(c, &in, !objects_link(t, c->m.link_id)->n_more, res);
	if (!err)
		err = attach_run(&in, out, res);
	if (!err && out->n_more)
		err = check_single(c, &in, false, res);
	if (err)
		return err;
	out->facts.link_id = c->m.link_id;
	out->facts.gid = c->gid;
	out->facts.prog_id = c->m.prog_id;
	if (c->m.flags & ATTACH_DRY_RUN)
		return 0;
	if (!objects_replacing(t, c->m.link_id))
		err = pin_link(ld, &c->m, c->prog_fd, out, res);
	if (err && out->link_fd < 0)
		attach_detach_suffix(ld, ld->cfg, ld->rtnl, out->pin_suffix, c->m.netns, &ignored);
	if (!err)
		err = take_off_old(ld, c, res);
	l = objects_replacing(t, c->m.link_id);
	if (err) {
		if (l)
			objects_remove_link(t, l);
		return err;
	}
	l->replacing = false;
	l->committed = true;
	l->facts = out->facts;
	/* Its own name is free now; with the other it would be found too. */
	objects_repin_link(t, l, attach_out_pinned(out, c->prog_fd), out->pin_suffix);
	return 0;
}

/* The same program at another place of a hook that takes no program twice. */
static int
move(struct loader *ld, struct change *c, struct attach_out *out, struct msg_result *res)
{
	AUTO(standin) struct standin s = STANDIN_NONE;
	const struct obj_link *l = objects_link(&ld->objects, c->m.link_id);
	const struct obj_link mark = *l;
	int err = standin_new(&ld->kernel, c->prog_fd, c->prog_type, c->attach_type, &s);

	if (!err)
		err = objects_mark_standin(&ld->objects, &mark, c->prog_fd);
	if (err)
		return result_set(res, IPC_INTERNAL, err, "nothing can stand in for program %u while it moves: %s",
			c->m.prog_id, strerrordesc_np(-err));
	err = attach_replace(c->link_fd, c->was.kernel_link_type, s.prog, c->prog_fd);
	if (err) {
		objects_unmark_standin(&ld->objects, &mark);
		return result_set(res, IPC_FAILED_PRECONDITION, err, "the link does not have the program that "
			"bpfd gave it: %s", strerrordesc_np(-err));
	}
	err = change_anew(ld, c, out, res);
	if (err && attach_replace(c->link_fd, c->was.kernel_link_type, c->prog_fd, s.prog) < 0)
		return err;		/* the mark is for the next start */
	/* Before what it calls: the kernel waits here until no packet is in it. */
	if (!err)
		close(TAKE_FD(c->link_fd));
	objects_unmark_standin(&ld->objects, &mark);
	return err;
}

/* In the kernel's link.  1: its type cannot. */
static int
in_place(struct loader *ld, const struct change *c, struct msg_result *res)
{
	bool dry_run = c->m.flags & ATTACH_DRY_RUN;
	struct msg_link_facts want = c->was;
	struct attach_in in;
	char what[64];
	int err;

	want.prog_id = c->m.prog_id;
	change_attach_in(ld, c, &in);
	err = attach_check_new(&in, &want, res);
	if (err)
		return err;
	err = attach_replace(dry_run ? -1 : c->link_fd, c->was.kernel_link_type, c->prog_fd, c->old_fd);
	if (err == -EOPNOTSUPP)
		return 1;
	snprintf(what, sizeof(what), "link %" PRIu64, c->m.link_id);
	if (err == -EPERM)
		return result_set(res, IPC_FAILED_PRECONDITION, err, "%s has another program than bpfd gave "
			"it: bpftool link shows it", what);
	return err ? attach_refused(res, err, what) : 0;
}

/* What only bpfd knows of a link: its priority where the kernel has no order. */
static int
keep_facts(struct loader *ld, struct change *c, struct attach_out *out, struct msg_result *res)
{
	struct obj_link *l = objects_link(&ld->objects, c->m.link_id);
	struct attach_suffix s;
	char suffix[ATTACH_SUFFIX_MAX];
	int err = 0;

	out->facts.prog_id = c->m.prog_id;
	out->facts.gid = c->gid;
	if (c->m.priority)
		out->facts.priority = c->m.priority;
	if (c->m.flags & ATTACH_DRY_RUN)
		return 0;
	if (change_priority(c) && c->suffix[0] && attach_suffix_read(c->suffix, &s) == 0) {
		s.priority = (uint16_t)c->m.priority;
		s.prog_id = s.prog_id ? c->m.prog_id : 0;
		attach_suffix_write(&s, suffix);
		err = objects_repin_link(&ld->objects, l, c->link_fd, suffix);
	}
	if (err)
		return result_set(res, IPC_INTERNAL, err, "the link cannot be pinned: %s", strerrordesc_np(-err));
	l->facts = out->facts;
	return 0;
}

int
change_link(struct loader *ld, struct change *c, struct attach_out *out, struct msg_result *res)
{
	bool elsewhere = change_priority(c) && attach_has_order(&c->was);
	int err = 0;

	if (elsewhere && !change_program(c) && c->was.kernel_link_type != BPF_LINK_TYPE_CGROUP &&
	    !(c->m.flags & ATTACH_DRY_RUN))
		return move(ld, c, out, res);
	if (elsewhere)
		return change_anew(ld, c, out, res);
	if (change_program(c))
		err = in_place(ld, c, res);
	if (err == 1)
		return change_anew(ld, c, out, res);
	return err ? err : keep_facts(ld, c, out, res);
}

static int
change(struct loader *ld, const struct msg_attach *m, const struct attach_who *who, struct attach_out *out,
	struct msg_result *res)
{
	__attribute__((cleanup(auto_change))) struct change c = { .who = who, .prog_fd = -1, .old_fd = -1,
		.link_fd = -1 };
	int err = open_change(ld, m, &c, res);

	if (err)
		return err;
	out->facts = c.was;
	if (strcmp(c.was.backend, "tcx") == 0 || strcmp(c.was.backend, "clsact") == 0)
		return change_tc(ld, &c, out, res);
	if (!change_program(&c) && !change_priority(&c) && !in_dispatcher(&c))
		return 0;
	if (strcmp(c.was.backend, "sockmap") == 0)
		return result_set(res, IPC_FAILED_PRECONDITION, -EOPNOTSUPP, "this kernel has no links for maps "
			"of sockets (Linux 6.10 has), so a program there cannot be replaced: detach it first");
	return c.linkless ? change_anew(ld, &c, out, res) : change_link(ld, &c, out, res);
}

void
links_change(struct loader *ld, uint32_t seq, const struct msg_attach *m, const struct attach_who *who)
{
	struct attach_out out = ATTACH_OUT_NONE;
	struct msg_attach req = *m;
	struct msg_result res = { 0 };
	int err = check(ld, &req, &res);

	if (!err) {
		attach_default_target(&req);
		err = change(ld, &req, who, &out, &res);
		objects_drop_stub(&ld->objects, req.link_id);
	}
	if (!err) {
		reply(ld, IPC_LINK_FACTS, seq, &out.facts, NULL);
		reply_ok(ld, seq, 1);
	} else {
		reply_result(ld, seq, &res);
	}
	attach_out_close(&out);
}

int
on_LINK_UPDATE(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_attach *m,
	int *fds)
{
	const struct attach_who who = { .client = fds[0] };
	struct msg_result res = { 0 };
	int err = authorise(ld, fds[0], "update", &res);

	if (!err)
		err = links_give_token(ld, h->seq, m, fds[0], &res);
	if (err)
		reply_result(ld, h->seq, &res);
	else
		links_change(ld, h->seq, m, &who);
	return 0;
}
