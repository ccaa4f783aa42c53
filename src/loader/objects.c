/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/objects.h"

#include <ctype.h>
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

#define PATH_ROOM 256

/* Removes element i of an array in order. */
#define REMOVE(all, n, i) memmove(&(all)[i], &(all)[(i) + 1], (--(n) - (i)) * sizeof((all)[0]))

static void
prog_file(char *out, const struct obj_prog *p)
{
	int n = snprintf(out, PATH_ROOM, "%" PRIu64 "-%u", p->gid, p->id);

	if (p->attach_type)
		snprintf(out + n, PATH_ROOM - (size_t)n, "-%u", p->attach_type);
}

static void
map_file(char *out, const struct obj_map *m)
{
	snprintf(out, PATH_ROOM, "%" PRIu64 "/%s", m->gid, m->pin);
}

static void
link_file(char *out, const struct obj_link *l)
{
	snprintf(out, PATH_ROOM, "%" PRIu64 "%s%s%s", l->facts.link_id, l->again ? "~" : "",
		l->suffix[0] ? "-" : "", l->suffix);
}

static int
open_file(struct objects *t, const char *dir, const char *file)
{
	char path[PATH_ROOM + 8];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return kernel_get(t->kernel, path);
}

static int
pin_file(struct objects *t, int fd, const char *dir, const char *file)
{
	char path[PATH_ROOM + 8];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return kernel_pin(t->kernel, fd, path);
}

struct obj_prog *
objects_prog(const struct objects *t, uint32_t id)
{
	for (size_t i = 0; i < t->n_progs; i++)
		if (t->progs[i].id == id)
			return &t->progs[i];
	return NULL;
}

static struct obj_link *
find_link(const struct objects *t, uint64_t link_id, bool replacing)
{
	for (size_t i = 0; i < t->n_links; i++)
		if (t->links[i].facts.link_id == link_id && t->links[i].replacing == replacing)
			return &t->links[i];
	return NULL;
}

struct obj_link *
objects_link(const struct objects *t, uint64_t link_id)
{
	return find_link(t, link_id, false);
}

struct obj_link *
objects_replacing(const struct objects *t, uint64_t link_id)
{
	return find_link(t, link_id, true);
}

bool
objects_has_group(const struct objects *t, uint64_t gid)
{
	for (size_t i = 0; i < t->n_progs; i++)
		if (t->progs[i].gid == gid)
			return true;
	return false;
}

int
objects_open_prog(struct objects *t, const struct obj_prog *p)
{
	char file[PATH_ROOM];

	prog_file(file, p);
	return open_file(t, "prog", file);
}

int
objects_open_map(struct objects *t, const struct obj_map *m)
{
	char file[PATH_ROOM];

	map_file(file, m);
	return open_file(t, "map", file);
}

int
objects_open_link(struct objects *t, const struct obj_link *l)
{
	char file[PATH_ROOM];

	link_file(file, l);
	return open_file(t, "link", file);
}

int
objects_add_prog(struct objects *t, int fd, const struct obj_prog *p)
{
	char file[PATH_ROOM];
	int err = array_room(&t->progs, t->n_progs, &t->room_progs, sizeof(*t->progs));

	if (err)
		return err;
	prog_file(file, p);
	err = pin_file(t, fd, "prog", file);
	if (!err)
		t->progs[t->n_progs++] = *p;
	return err;
}

/* bpffs has no '.' in names, and a map may be named like another but for such a character. */
static void
map_pin_name(char *out, size_t size, const char *name, unsigned int again)
{
	size_t n = 0;

	for (; name[n] && n + 1 < size; n++)
		out[n] = isalnum((unsigned char)name[n]) || name[n] == '-' ? name[n] : '_';
	out[n] = '\0';
	if (again)
		snprintf(out + (n < size - 5 ? n : size - 5), 5, "_%u", again);
}

int
objects_add_map(struct objects *t, int fd, const struct obj_map *m, const char *by_name)
{
	struct obj_map new = *m;
	char file[PATH_ROOM];
	int err = array_room(&t->maps, t->n_maps, &t->room_maps, sizeof(*t->maps));

	if (err)
		return err;
	snprintf(file, sizeof(file), "%" PRIu64, m->gid);
	if (mkdirat(t->map_dir, file, 0700) < 0 && errno != EEXIST)
		return -errno;
	for (unsigned int again = 0; again < 100; again++) {
		map_pin_name(new.pin, sizeof(new.pin), m->name, again);
		map_file(file, &new);
		err = pin_file(t, fd, "map", file);
		if (err != -EEXIST)
			break;
	}
	if (err)
		return err;
	new.by_name = by_name[0] != '\0';
	if (new.by_name) {	/* the pin's name is what the last one out releases */
		snprintf(new.name, sizeof(new.name), "%s", by_name);
		byname_use(&t->byname, by_name);
	}
	t->maps[t->n_maps++] = new;
	return 0;
}

static void
more_file(char *out, const struct obj_link *l, uint32_t i)
{
	snprintf(out, PATH_ROOM, "%" PRIu64 "+%u", l->facts.link_id, i + 1);
}

int
objects_add_link(struct objects *t, int fd, const int *more, size_t n_more, const struct obj_link *l)
{
	char file[PATH_ROOM];
	struct obj_link *new;
	int err = array_room(&t->links, t->n_links, &t->room_links, sizeof(*t->links));

	if (err)
		return err;
	link_file(file, l);
	err = pin_file(t, fd, "link", file);
	if (err)
		return err;
	new = &t->links[t->n_links++];
	*new = *l;
	for (new->n_more = 0; new->n_more < n_more && !err; new->n_more += !err) {
		more_file(file, l, new->n_more);
		err = pin_file(t, more[new->n_more], "link", file);
	}
	if (err)
		objects_remove_link(t, new);
	return err;
}

/* The descriptor is closed last: when this returns the program is off that hook. */
static void
remove_more(struct objects *t, struct obj_link *l)
{
	char file[PATH_ROOM];

	while (l->n_more) {
		AUTO(fd) int fd = -1;

		more_file(file, l, --l->n_more);
		fd = open_file(t, "link", file);
		unlinkat(t->link_dir, file, 0);
	}
}

static void
unshare_map(const struct obj_map *m)
{
	char file[PATH_ROOM];

	objects_shared_file(m, file, sizeof(file));
	if (file[0])
		unlinkat(AT_FDCWD, file, 0);
}

void
objects_remove_maps(struct objects *t, uint64_t gid)
{
	char file[PATH_ROOM];

	for (size_t i = t->n_maps; i-- > 0;) {
		if (t->maps[i].gid != gid)
			continue;
		map_file(file, &t->maps[i]);
		unlinkat(t->map_dir, file, 0);
		unshare_map(&t->maps[i]);
		if (t->maps[i].by_name)
			byname_release(&t->byname, t->maps[i].name);
		REMOVE(t->maps, t->n_maps, i);
	}
	snprintf(file, sizeof(file), "%" PRIu64, gid);
	unlinkat(t->map_dir, file, AT_REMOVEDIR);
}

void
objects_remove_prog(struct objects *t, uint32_t id)
{
	struct obj_prog *p = objects_prog(t, id);
	char file[PATH_ROOM];
	uint64_t gid;

	if (!p)
		return;
	gid = p->gid;
	prog_file(file, p);
	unlinkat(t->prog_dir, file, 0);
	REMOVE(t->progs, t->n_progs, (size_t)(p - t->progs));
	if (!objects_has_group(t, gid))
		objects_remove_maps(t, gid);
}

void
objects_unpin_link(struct objects *t, const struct obj_link *l)
{
	char file[PATH_ROOM];

	link_file(file, l);
	unlinkat(t->link_dir, file, 0);
}

static void
standin_file(char *out, const struct obj_link *l)
{
	snprintf(out, PATH_ROOM, "%" PRIu64 "~-" OBJ_SUFFIX_STANDIN, l->facts.link_id);
}

int
objects_mark_standin(struct objects *t, const struct obj_link *l, int prog_fd)
{
	char file[PATH_ROOM];

	standin_file(file, l);
	return pin_file(t, prog_fd, "link", file);
}

void
objects_unmark_standin(struct objects *t, const struct obj_link *l)
{
	char file[PATH_ROOM];

	standin_file(file, l);
	unlinkat(t->link_dir, file, 0);
}

void
objects_remove_link(struct objects *t, struct obj_link *l)
{
	remove_more(t, l);
	objects_unpin_link(t, l);
	REMOVE(t->links, t->n_links, (size_t)(l - t->links));
}

int
objects_pin_beside(struct objects *t, const struct obj_link *l, int fd, const char *suffix,
	struct obj_link *out)
{
	struct obj_link new = *l;
	char file[PATH_ROOM];
	int err;

	snprintf(new.suffix, sizeof(new.suffix), "%s", suffix);
	new.again = false;
	link_file(file, &new);
	err = pin_file(t, fd, "link", file);
	if (!err)
		*out = new;
	return err;
}

int
objects_repin_link(struct objects *t, struct obj_link *l, int fd, const char *suffix)
{
	struct obj_link new;
	int err = objects_pin_beside(t, l, fd, suffix, &new);

	if (err)
		return err;
	objects_unpin_link(t, l);
	*l = new;
	return 0;
}

void
objects_close(struct objects *t)
{
	byname_free(&t->byname);
	free(t->progs);
	free(t->maps);
	free(t->links);
	close_keep_errno(t->prog_dir);
	close_keep_errno(t->map_dir);
	close_keep_errno(t->link_dir);
}
