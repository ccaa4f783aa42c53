/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "common/array.h"
#include "common/bpf_compat.h"
#include "oneshot/oneshot.h"

#define PROGS_MAX 100000
#define LINKS_MAX 30000

_Static_assert(IPC_LINK_INFO == sizeof(struct compat_link_info), "ONE_LINK carries it");

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_LIST
#include "oneshot/sandbox.def"
};

struct list {
	struct msg_prog_facts *progs;
	size_t n, room;
	struct msg_link_seen *links;
	size_t n_links, room_links;
};

/* Where the kernel says how much memory a program takes; without /proc that stays 0. */
static int
prepare(struct oneshot *o)
{
	o->dir = open("/proc/self/fdinfo", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

static uint32_t
memlock_bytes(int dir, int fd)
{
	char name[16], text[1024];
	const char *at;

	snprintf(name, sizeof(name), "%d", fd);
	if (dir < 0 || one_read_file(dir, name, text, sizeof(text)) <= 0)
		return 0;
	at = strstr(text, "\nmemlock:");
	return at ? (uint32_t)strtoul(at + 9, NULL, 10) : 0;
}

static int
fill(struct msg_prog_facts *p, int fd, int dir)
{
	struct bpf_prog_info info;
	int err;

	memset(&info, 0, sizeof(info));
	memset(p, 0, sizeof(*p));
	info.nr_map_ids = IPC_MAP_IDS_MAX;
	info.map_ids = (uint64_t)(uintptr_t)p->map_ids;
	err = compat_obj_info(fd, &info, sizeof(info));
	if (err < 0)
		return err;
	p->loaded_boot_ns = info.load_time;
	p->run_time_ns = info.run_time_ns;
	p->run_cnt = info.run_cnt;
	p->recursion_misses = info.recursion_misses;
	p->id = info.id;
	p->type = info.type;
	p->btf_id = info.btf_id;
	p->xlated_bytes = info.xlated_prog_len;
	p->jited_bytes = info.jited_prog_len;
	p->memlock_bytes = memlock_bytes(dir, fd);
	p->verified_insns = info.verified_insns;
	p->uid = info.created_by_uid;
	p->flags = (info.gpl_compatible ? PROG_GPL : 0) | (info.jited_prog_len ? PROG_JITED : 0);
	p->n_maps = info.nr_map_ids < IPC_MAP_IDS_MAX ? info.nr_map_ids : IPC_MAP_IDS_MAX;
	p->ifindex = info.ifindex;
	memcpy(p->tag, info.tag, sizeof(p->tag));
	snprintf(p->kname, sizeof(p->kname), "%s", info.name);
	return 0;
}

/* 0 too when that program went away meanwhile. */
static int
add_prog(struct list *l, uint32_t id, int dir)
{
	union bpf_attr attr;
	AUTO(fd) int fd = -1;
	int err = array_room(&l->progs, l->n, &l->room, sizeof(*l->progs));

	if (err)
		return err;
	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = compat_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	l->n += fill(&l->progs[l->n], fd, dir) == 0;
	return 0;
}

static uint32_t
type_of(const struct list *l, uint32_t prog_id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->progs[i].id == prog_id)
			return l->progs[i].type;
	return 0;
}

static int
add_link(struct list *l, uint32_t id, int dir)
{
	struct compat_link_info info;
	struct msg_link_seen *it;
	union bpf_attr attr;
	AUTO(fd) int fd = -1;
	int err = array_room(&l->links, l->n_links, &l->room_links, sizeof(*l->links));

	if (err)
		return err;
	memset(&attr, 0, sizeof(attr));
	attr.link_id = id;
	fd = compat_bpf(BPF_LINK_GET_FD_BY_ID, &attr, sizeof(attr));
	if (fd < 0)
		return fd == -ENOENT || fd == -EAGAIN ? 0 : fd;	/* EAGAIN: it is not attached yet */
	it = &l->links[l->n_links];
	memset(it, 0, sizeof(*it));
	if (compat_link_ask(fd, &info, it->name, sizeof(it->name)) < 0)
		return 0;
	it->prog_type = type_of(l, info.prog_id);
	memcpy(it->info, &info, sizeof(info));
	l->n_links++;
	return 0;
}

static int
collect(struct list *l, uint32_t cmd, size_t max, int (*add)(struct list *l, uint32_t id, int dir), int dir)
{
	union bpf_attr attr;
	uint32_t id = 0;

	for (size_t n = 0; n < max; n++) {
		int err;

		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		err = compat_bpf((int)cmd, &attr, sizeof(attr));
		if (err == -ENOENT)
			return 0;
		if (err < 0)
			return err;
		id = attr.next_id;
		err = add(l, id, dir);
		if (err < 0)
			return err;
	}
	return -E2BIG;
}

/* Everything is collected first, so that nothing waits for the loader while there is privilege. */
static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_kernel_list *req = payload;
	struct msg_result res = { .code = IPC_OK };
	struct list l = { 0 };
	int err = collect(&l, BPF_PROG_GET_NEXT_ID, PROGS_MAX, add_prog, o->dir), dropped;

	if (!err && (req->flags & KERNEL_LINKS))
		err = collect(&l, BPF_LINK_GET_NEXT_ID, LINKS_MAX, add_link, o->dir);
	dropped = one_keep_caps(0);

	if (err || dropped)
		return one_refuse(o, IPC_INTERNAL, err ? err : dropped, "cannot list the kernel's "
			"programs: %s", strerrordesc_np(err ? -err : -dropped));
	for (size_t i = 0; i < l.n && !err; i++)
		err = chan_send(o->ch, IPC_ONE_PROG, o->seq, &l.progs[i], NULL);
	for (size_t i = 0; i < l.n_links && !err; i++)
		err = chan_send(o->ch, IPC_ONE_LINK, o->seq, &l.links[i], NULL);
	res.n_items = (uint32_t)(l.n + l.n_links);
	return err ? err : chan_send(o->ch, IPC_ONE_RESULT, o->seq, &res, NULL);
}

const struct one_op op_ONE_LIST = {
	.caps = CAP_BIT(SYS_ADMIN),
	.dir_only = true,
	ONE_RULES_FIELDS,
	.prepare = prepare,
	.run = run,
};
