/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/auto.h"
#include "common/log.h"
#include "loader/attach.h"
#include "loader/objects.h"

/* Calls each() for the names in a directory. */
static int
scan(int at, const char *name, struct objects *t, int (*each)(struct objects *t, const char *name))
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while (!err && (e = readdir(d)))
		if (e->d_name[0] != '.')
			err = each(t, e->d_name);
	closedir(d);
	return err;
}

static int
found_byname(struct objects *t, const char *name)
{
	int err = byname_found(&t->byname, name);

	return err == -EINVAL ? 0 : err;
}

static int
found_prog(struct objects *t, const char *name)
{
	struct obj_prog p = { .committed = true };
	struct bpf_prog_info info;
	char path[300];
	AUTO(fd) int fd = -1;
	int end = 0;

	if (sscanf(name, "%" SCNu64 "-%u%n-%u%n", &p.gid, &p.id, &end, &p.attach_type, &end) < 2 || name[end])
		return 0;
	snprintf(path, sizeof(path), "prog/%s", name);
	fd = kernel_get(t->kernel, path);
	if (fd < 0 || kernel_info(t->kernel, fd, &info, sizeof(info)) < 0 || info.id != p.id) {
		log_warn("loader.pin", "pin=prog/%s is not the program that its name says", LOG_QUOTE(name));
		return 0;
	}
	if (array_room(&t->progs, t->n_progs, &t->room_progs, sizeof(*t->progs)))
		return -ENOMEM;
	snprintf(p.name, sizeof(p.name), "%.16s", info.name);
	t->progs[t->n_progs++] = p;
	return 0;
}

/* The map whose pin is byname/NAME, when it is this one. */
static bool
is_by_name(struct objects *t, const char *name, uint32_t id)
{
	struct bpf_map_info info;
	char path[IPC_NAME_MAX + 16];
	AUTO(fd) int fd = -1;

	snprintf(path, sizeof(path), "byname/%s", name);
	fd = kernel_get(t->kernel, path);
	return fd >= 0 && kernel_info(t->kernel, fd, &info, sizeof(info)) == 0 && info.id == id;
}

static uint64_t scanned_gid;	/* the directory that scan() is in: its callback has no room */

static int
found_map(struct objects *t, const char *name)
{
	struct obj_map m = { .gid = scanned_gid };
	struct bpf_map_info info;
	AUTO(fd) int fd = -1;

	if (strlen(name) >= sizeof(m.pin))
		return 0;
	strcpy(m.pin, name);
	fd = objects_open_map(t, &m);
	if (fd < 0 || kernel_info(t->kernel, fd, &info, sizeof(info)) < 0)
		return 0;
	if (array_room(&t->maps, t->n_maps, &t->room_maps, sizeof(*t->maps)))
		return -ENOMEM;
	m.id = info.id;
	snprintf(m.name, sizeof(m.name), "%.127s", name);
	m.by_name = is_by_name(t, name, info.id);
	if (m.by_name)
		byname_use(&t->byname, name);
	t->maps[t->n_maps++] = m;
	return 0;
}

static int
found_map_group(struct objects *t, const char *name)
{
	int end = 0, err;

	if (sscanf(name, "%" SCNu64 "%n", &scanned_gid, &end) != 1 || name[end])
		return 0;
	err = scan(t->map_dir, name, t, found_map);
	if (!err && !objects_has_group(t, scanned_gid)) {
		log_notice("loader.leftover", "gid=%" PRIu64 " maps of a load that did not finish",
			scanned_gid);
		objects_remove_maps(t, scanned_gid);
	}
	return err;
}

static void
link_facts(struct objects *t, int fd, struct obj_link *l)
{
	struct bpf_link_info link;
	struct bpf_prog_info prog;
	AUTO(fd) int prog_fd = -1;
	const struct obj_prog *p;

	l->linkless = attach_suffix_facts(l->suffix, t->rtnl, &l->facts) == 1;
	if (l->linkless) {
		if (kernel_info(t->kernel, fd, &prog, sizeof(prog)) == 0)
			l->facts.prog_id = prog.id;
	} else {
		p = kernel_info(t->kernel, fd, &link, sizeof(link)) ? NULL :
			objects_prog(t, link.prog_id ? link.prog_id : l->facts.prog_id);
		prog_fd = p ? objects_open_prog(t, p) : -1;
		if (prog_fd < 0 || kernel_info(t->kernel, prog_fd, &prog, sizeof(prog)) < 0)
			prog.type = 0;
		if (attach_link_info(fd, prog.type, t->rtnl, &l->facts) < 0)
			log_warn("loader.link", "link=%" PRIu64 " has no information", l->facts.link_id);
	}
	l->stale = l->facts.stub_id ? l->facts.prog_id != l->facts.stub_id :
		!objects_prog(t, l->facts.prog_id);
	if (l->facts.stub_id && !l->stale)
		objects_stub_facts(t, l);
	else
		l->facts.stub_id = 0;
	p = objects_prog(t, l->facts.prog_id);
	l->facts.gid = p ? p->gid : 0;
}

static void
exchange(struct obj_link *a, struct obj_link *b)
{
	const struct obj_link was = *a;

	*a = *b;
	*b = was;
}

/*
 * Two pins of one link: a change did not come to its end.  Of two links of the kernel the later one is
 * where it should be; of two names of one, that which says what is in it.  Without them, those that are
 * not in the kernel leave; when both are, or that cannot be seen from here, both stay, the one that came
 * later as its successor, until links_sweep() finishes the change or they are detached together.
 */
static bool
both_stay(struct objects *t, struct obj_link *old, struct obj_link *l)
{
	bool linkless = old->linkless && l->linkless && strcmp(old->suffix, l->suffix) != 0;
	bool one = !linkless && l->facts.kernel_link_id == old->facts.kernel_link_id;

	if (linkless ? attach_suffix_there(old->suffix, t->rtnl) == 0 :
	    one ? old->stale : l->facts.kernel_link_id > old->facts.kernel_link_id) {
		exchange(old, l);
	} else if (linkless && attach_suffix_there(l->suffix, t->rtnl) != 0) {
		if (old->again)
			exchange(old, l);
		l->replacing = true;
		return true;
	}
	log_notice("loader.leftover", "link=%" PRIu64 " a change that did not finish", l->facts.link_id);
	objects_unpin_link(t, l);
	return false;
}

static int
found_link(struct objects *t, const char *name)
{
	struct obj_link l = { .committed = true };
	AUTO(fd) int fd = -1;
	char path[300];
	int end = 0;

	if (sscanf(name, "%" SCNu64 "%n", &l.facts.link_id, &end) != 1)
		return 0;
	l.again = name[end] == '~';
	end += l.again;
	if (name[end] && (name[end] != '-' || strlen(name + end + 1) >= sizeof(l.suffix)))
		return 0;
	snprintf(path, sizeof(path), "link/%s", name);
	fd = kernel_get(t->kernel, path);
	if (fd < 0)
		return 0;
	if (name[end])
		strcpy(l.suffix, name + end + 1);
	if (strcmp(l.suffix, OBJ_SUFFIX_STANDIN) == 0) {
		t->standin = TAKE_FD(fd);
		t->standin_link = l.facts.link_id;
		unlinkat(t->link_dir, name, 0);
		return 0;
	}
	if (array_room(&t->links, t->n_links, &t->room_links, sizeof(*t->links)))
		return -ENOMEM;
	link_facts(t, fd, &l);
	if (objects_link(t, l.facts.link_id) && !both_stay(t, objects_link(t, l.facts.link_id), &l))
		return 0;
	t->links[t->n_links++] = l;
	return 0;
}

/* "LINKID+N", after all links are known. */
static int
found_more(struct objects *t, const char *name)
{
	struct obj_link *l;
	uint64_t link_id;
	uint32_t n;
	int end = 0;

	if (sscanf(name, "%" SCNu64 "+%u%n", &link_id, &n, &end) != 2 || !end || name[end])
		return 0;
	l = objects_link(t, link_id);
	if (!l)
		unlinkat(t->link_dir, name, 0);
	else if (n > l->n_more)
		l->n_more = n;
	return 0;
}

/* The program comes back to a link that something else stood in for when the loader ended. */
static void
end_standin(struct objects *t)
{
	struct obj_link *l = objects_link(t, t->standin_link);
	AUTO(fd) int prog = TAKE_FD(t->standin);
	struct bpf_prog_info info;
	AUTO(fd) int fd = -1;
	int err;

	if (prog < 0 || !l || l->linkless || kernel_info(t->kernel, prog, &info, sizeof(info)) < 0)
		return;
	fd = objects_open_link(t, l);
	err = fd < 0 ? fd : attach_replace(fd, l->facts.kernel_link_type, prog, -1);
	if (err && err != -EEXIST) {
		log_err(err, "loader.standin", "link=%" PRIu64 " program=%u", l->facts.link_id, info.id);
		return;
	}
	l->facts.prog_id = info.id;
	l->facts.gid = objects_prog(t, info.id) ? objects_prog(t, info.id)->gid : 0;
}

static int
open_dir(const char *name, int *fd)
{
	if (mkdirat(AT_FDCWD, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	*fd = openat(AT_FDCWD, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

int
objects_open(struct objects *t, struct kernel *k, int rtnl)
{
	const struct {
		const char *name;
		int *fd;
		int (*each)(struct objects *t, const char *name);
	} dirs[] = {	/* in this order: maps and links ask for programs */
		{ "byname", &t->byname.dir, found_byname },
		{ "prog", &t->prog_dir, found_prog },
		{ "map", &t->map_dir, found_map_group },
		{ "link", &t->link_dir, found_link },
	};

	int err;

	memset(t, 0, sizeof(*t));
	t->kernel = t->byname.kernel = k;
	t->rtnl = rtnl;
	t->standin = -1;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		err = open_dir(dirs[i].name, dirs[i].fd);

		if (!err)
			err = scan(*dirs[i].fd, ".", t, dirs[i].each);
		if (err)
			return log_err(err, "loader.scan", "dir=%s", dirs[i].name);
	}
	end_standin(t);
	byname_sweep(&t->byname);
	err = scan(t->link_dir, ".", t, found_more);
	if (!err)
		err = scan(t->link_dir, ".", t, objects_found_stub);
	return err ? err : objects_scan_shared(t);
}
