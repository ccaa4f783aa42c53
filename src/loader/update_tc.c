/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link at traffic control changes.  With a stub (tc_stub.h) the program is the one element of its
 * array, so another one is one update of that; another set is another stub around the same array.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/auto.h"
#include "loader/attach_hook.h"
#include "loader/update.h"

static int
swap(struct loader *ld, const struct change *c, int prog_fd, struct msg_result *res)
{
	AUTO(fd) int array = objects_open_stub(&ld->objects, c->m.link_id);
	int err = array < 0 ? array : tc_stub_put(&ld->kernel, array, prog_fd);

	return err ? result_set(res, IPC_FAILED_PRECONDITION, err, "the program of link %" PRIu64 " cannot be "
		"replaced by program %u: %s", c->m.link_id, c->m.prog_id, strerrordesc_np(-err)) : 0;
}

/* The same attachment has another program now; in c too, so that what follows leaves it alone. */
static void
swapped(struct loader *ld, struct change *c, uint32_t prog_id, uint64_t gid, struct attach_out *out)
{
	struct obj_link *l = objects_link(&ld->objects, c->m.link_id);

	c->was.prog_id = out->facts.prog_id = prog_id;
	c->was.gid = out->facts.gid = gid;
	if (!(c->m.flags & ATTACH_DRY_RUN))
		l->facts.prog_id = prog_id, l->facts.gid = gid;
}

static bool
has_what_it_got(struct loader *ld, const struct change *c)
{
	struct bpf_link_info info;
	uint32_t id = c->was.stub_id ? c->was.stub_id : c->was.prog_id;

	return kernel_info(&ld->kernel, c->link_fd, &info, sizeof(info)) == 0 && info.prog_id == id;
}

/*
 * In the kernel's TCX link: a stub for another set, or none.  The new name is there before, and the
 * old one goes after: whichever says what is in the link is believed at the next start.
 */
static int
in_link(struct loader *ld, struct change *c, bool stub, struct attach_out *out, struct msg_result *res)
{
	struct obj_link *l = objects_link(&ld->objects, c->m.link_id), new;
	struct attach_suffix s;
	struct attach_in in;
	int err;

	change_attach_in(ld, c, &in);
	out->facts.prog_id = c->m.prog_id;
	out->facts.gid = c->gid;
	out->facts.stub_id = 0;
	err = stub ? loader_stub(&in, out->facts.proceed_on, false, out, res) : 0;
	if (err || (c->m.flags & ATTACH_DRY_RUN))
		return err;
	err = attach_suffix_read(c->suffix, &s);
	s.proceed_on = stub ? out->facts.proceed_on : 0;
	s.stub_id = out->facts.stub_id;
	attach_suffix_write(&s, out->pin_suffix);
	if (!err)
		err = has_what_it_got(ld, c) ? 0 : -ESTALE;
	if (!err)
		err = objects_pin_beside(&ld->objects, l, c->link_fd, out->pin_suffix, &new);
	if (err)
		return result_set(res, IPC_FAILED_PRECONDITION, err, "link %" PRIu64 " is not as bpfd left it: "
			"bpftool link shows it", c->m.link_id);
	err = attach_replace(c->link_fd, c->was.kernel_link_type, attach_out_pinned(out, c->prog_fd), -1);
	if (err) {
		objects_unpin_link(&ld->objects, &new);
		return attach_refused(res, err, "its link");
	}
	objects_unpin_link(&ld->objects, l);
	new.facts = out->facts;
	*l = new;
	return 0;
}

static int
check_program(const struct attach_in *in, const struct change *c, struct msg_result *res)
{
	struct msg_link_facts want = c->was;

	want.prog_id = c->m.prog_id;
	return attach_check_new(in, &want, res);
}

int
change_tc(struct loader *ld, struct change *c, struct attach_out *out, struct msg_result *res)
{
	const uint32_t old_id = c->was.prog_id;
	const uint64_t old_gid = c->was.gid;
	bool stub, had = c->was.stub_id, in_array, same;
	struct attach_in in;
	int err;

	change_attach_in(ld, c, &in);
	err = attach_tc_set(&in, c->linkless, &out->facts.proceed_on, res);
	if (err < 0)
		return err;
	stub = err;
	same = stub == had && (!stub || out->facts.proceed_on == c->was.proceed_on);
	err = change_program(c) ? check_program(&in, c, res) : 0;
	in_array = !err && stub && had && change_program(c);
	if (in_array && !(c->m.flags & ATTACH_DRY_RUN))
		err = swap(ld, c, c->prog_fd, res);
	if (err)
		return err;
	if (in_array)
		swapped(ld, c, c->m.prog_id, c->gid, out);
	if (same && !change_program(c) && !change_priority(c))
		return 0;
	if (c->linkless || ((stub || had) && change_priority(c)))
		err = change_anew(ld, c, out, res);
	else if (same)
		err = change_link(ld, c, out, res);
	else
		err = in_link(ld, c, stub, out, res);
	if (err && in_array && (c->m.flags & ATTACH_DRY_RUN || swap(ld, c, c->old_fd, &(struct msg_result){ 0 }) == 0))
		swapped(ld, c, old_id, old_gid, out);
	return err;
}
