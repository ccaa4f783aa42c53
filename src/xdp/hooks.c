/* SPDX-License-Identifier: Apache-2.0 */
#include "xdp/hooks.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xdp/prog_dispatcher.h>

#include "xdp/chain.h"

#define LOCK_STEP_US	5000
#define PATH_ROOM	256

/* There is one request in this process's life, and what libxdp calls takes no argument of ours. */
struct hooks hooks;

/* dispatch-IFINDEX-ID[/progN-WHAT] below XDP_DIR: how many of the four parts there are. */
struct pin {
	unsigned int ifindex, dispatcher, position;
	char what[8];
};

static int
parse(const char *path, struct pin *p)
{
	int n = sscanf(path, XDP_DIR "/dispatch-%u-%u/prog%u-%7s", &p->ifindex, &p->dispatcher,
		&p->position, p->what);

	return n < 0 ? 0 : n;
}

/* The path that is meant where one position is hidden. */
static const char *
unhidden(const char *path, char room[PATH_ROOM])
{
	struct pin p;

	if (!hooks.hide_in || parse(path, &p) != 4 || p.dispatcher != hooks.hide_in ||
	    p.position < hooks.hide)
		return path;
	snprintf(room, PATH_ROOM, XDP_DIR "/dispatch-%u-%u/prog%u-%s", p.ifindex, p.dispatcher,
		p.position + 1, p.what);
	return room;
}

int
mkdir(const char *path, mode_t mode)
{
	struct pin p;

	if (hooks.dispatcher && parse(path, &p) == 2)
		hooks.dispatcher(hooks.arg, p.dispatcher);
	return (int)syscall(SYS_mkdir, path, mode);
}

int
flock(int fd, int operation)
{
	if (operation != LOCK_EX)
		return (int)syscall(SYS_flock, fd, operation);
	for (int us = 0; us < HOOKS_LOCK_MS * 1000; us += LOCK_STEP_US) {
		if (syscall(SYS_flock, fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		usleep(LOCK_STEP_US);
	}
	hooks.locked_out = true;
	errno = EWOULDBLOCK;
	return -1;
}

int
unlink(const char *path)
{
	char room[PATH_ROOM];

	return (int)syscall(SYS_unlink, unhidden(path, room));
}

/* The hidden one goes with its dispatcher. */
int
rmdir(const char *path)
{
	static const char *const what[] = { "link", "prog" };
	char room[PATH_ROOM];
	struct pin p;

	for (size_t i = 0; i < 2 && hooks.hide_in && parse(path, &p) == 2 && p.dispatcher == hooks.hide_in; i++) {
		snprintf(room, sizeof(room), XDP_DIR "/dispatch-%u-%u/prog%u-%s", p.ifindex, p.dispatcher,
			hooks.hide, what[i]);
		syscall(SYS_unlink, room);
	}
	return (int)syscall(SYS_rmdir, path);
}

int
bpf_obj_get(const char *path)
{
	union bpf_attr attr = { .pathname = 0 };
	char room[PATH_ROOM];
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uint64_t)(uintptr_t)unhidden(path, room);
	fd = syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

static void
hide(struct xdp_dispatcher_config *c)
{
	size_t after = MAX_DISPATCHER_ACTIONS - 1 - hooks.hide;

	c->num_progs_enabled--;
	memmove(&c->chain_call_actions[hooks.hide], &c->chain_call_actions[hooks.hide + 1], after * 4);
	memmove(&c->run_prios[hooks.hide], &c->run_prios[hooks.hide + 1], after * 4);
	memmove(&c->program_flags[hooks.hide], &c->program_flags[hooks.hide + 1], after * 4);
}

/* libxdp looks into one kind of map: a dispatcher's configuration. */
int
bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	int err = bpf_map_lookup_elem_flags(fd, key, value, 0);
	struct xdp_dispatcher_config *c = value;

	if (err || !hooks.changing || c->magic != XDP_DISPATCHER_MAGIC)
		return err;
	for (uint32_t i = 0; i < MAX_DISPATCHER_ACTIONS; i++)
		c->run_prios[i] = c->run_prios[i] * HOOKS_STEP + i;
	if (hooks.hide_in && c->num_progs_enabled > hooks.hide)
		hide(c);
	return 0;
}

/* The one value that libxdp sets is the configuration of a new dispatcher. */
int
bpf_map__set_initial_value(struct bpf_map *map, const void *data, size_t size)
{
	size_t room = 0;
	struct xdp_dispatcher_config *c = (void *)(uintptr_t)bpf_map__initial_value(map, &room);

	if (!c || room != size)
		return -EINVAL;
	memcpy(c, data, size);
	if (!hooks.changing || size != sizeof(*c) || c->magic != XDP_DISPATCHER_MAGIC)
		return 0;
	for (uint32_t i = 0; i < MAX_DISPATCHER_ACTIONS; i++) {
		if (i < c->num_progs_enabled && c->run_prios[i] % HOOKS_STEP == HOOKS_NEW)
			c->chain_call_actions[i] = hooks.actions | 1U << XDP_DISPATCHER_RETVAL;
		c->run_prios[i] /= HOOKS_STEP;
	}
	return 0;
}

struct btf *
btf__load_from_kernel_by_id(__u32 id)
{
	if (hooks.btf_id && id == hooks.btf_id)
		return hooks.run_config(hooks.run_config_arg, id);
	return btf__load_from_kernel_by_id_split(id, NULL);
}
