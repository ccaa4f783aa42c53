/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "common/log.h"
#include "loader/attach.h"
#include "loader/loader.h"

int
release_one(struct loader *ld, struct obj_link *l, const char *netns, struct msg_result *res)
{
	AUTO(fd) int fd = -1;
	int err;

	if (l->linkless) {
		err = attach_detach_suffix(ld, ld->cfg, ld->rtnl, l->suffix,
			netns && netns[0] ? netns : l->netns, res);
		if (err)
			return err;
	} else {
		fd = objects_open_link(&ld->objects, l);
	}
	objects_remove_link(&ld->objects, l);
	return 0;
}

/* The pin goes first and the descriptor last: when this returns the program is off the hook. */
int
release_link(struct loader *ld, struct obj_link *l, const char *netns, struct msg_result *res)
{
	const uint64_t link_id = l->facts.link_id;
	int err = 0;

	/* Two, where a change did not come to its end; each moves the others in the table. */
	while (!err && (l = objects_replacing(&ld->objects, link_id)))
		err = release_one(ld, l, netns, res);
	while (!err && (l = objects_link(&ld->objects, link_id)))
		err = release_one(ld, l, netns, res);
	objects_drop_stub(&ld->objects, link_id);
	if (!err)
		ld->counts.detaches++;
	return err;
}

int
release_prog(struct loader *ld, uint32_t prog_id, struct msg_result *res)
{
	for (size_t i = ld->objects.n_links; i-- > 0;) {
		struct obj_link *l = i < ld->objects.n_links ? &ld->objects.links[i] : NULL;
		int err = l && l->facts.prog_id == prog_id ? release_link(ld, l, NULL, res) : 0;

		if (err)
			return err;
	}
	objects_remove_prog(&ld->objects, prog_id);
	return 0;
}

int
release_group(struct loader *ld, uint64_t gid, struct msg_result *res)
{
	for (size_t i = ld->objects.n_progs; i-- > 0;) {
		const struct obj_prog *p = &ld->objects.progs[i];
		int err = p->gid == gid ? release_prog(ld, p->id, res) : 0;

		if (err)
			return err;
	}
	return 0;
}

void
release_all(struct loader *ld)
{
	struct msg_result res;

	for (size_t i = ld->objects.n_links; i-- > 0;)
		if (i < ld->objects.n_links && release_link(ld, &ld->objects.links[i], NULL, &res))
			log_err(res.err, "loader.detach", "%s", res.text);
	for (size_t i = ld->objects.n_progs; i-- > 0;)
		objects_remove_prog(&ld->objects, ld->objects.progs[i].id);
}
