/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONTAINER_WANTED: what the runtime's own file says of a container.  We open it, as root without a
 * capability: what belongs to others than root is not read.  bpfd-config understands it, and the
 * enricher gets what that made: nobody else sees a byte.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/memfd.h"

#define NAMESPACES_MAX 64

static void
answer(struct child *enricher, uint32_t seq, int err, int result)
{
	const struct msg_container_found m = { .err = err };
	AUTO(fd) int empty = -1;

	if (err)
		result = empty = memfd_sealed("bpfd-nothing", "", 0);
	if (result >= 0)
		child_say(enricher, IPC_CONTAINER_FOUND, seq, &m, &result);
}

/* Below the folder, through no link: a container's creator may have made what is in it. */
static int
open_below(int dir, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	AUTO(fd) int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return !S_ISREG(st.st_mode) || texts_distrust(&st) ? -EPERM : TAKE_FD(fd);
}

/* A container is in one of containerd's namespaces, and its cgroup does not say in which. */
static int
open_in_namespace(int take_dir, const char *id)
{
	DIR *namespaces = fdopendir(take_dir);
	char path[NAME_MAX + CONTAINER_FILE_ID_MAX + 16];
	const struct dirent *e;
	int fd = -ENOENT;

	if (!namespaces) {
		close_keep_errno(take_dir);
		return -errno;
	}
	for (size_t i = 0; fd < 0 && i < NAMESPACES_MAX && (e = readdir(namespaces)); i++) {
		snprintf(path, sizeof(path), "%s/%s/config.json", e->d_name, id);
		if (e->d_name[0] != '.')
			fd = open_below(dirfd(namespaces), path);
	}
	closedir(namespaces);
	return fd;
}

static int
open_file(const char *folder, enum container_store store, const char *id)
{
	AUTO(fd) int dir = folder[0] ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	char path[CONTAINER_FILE_ID_MAX + 32];
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0 || texts_distrust(&st))
		return -ENOENT;
	switch (store) {
	case STORE_DOCKER:
		snprintf(path, sizeof(path), "%s/config.v2.json", id);
		return open_below(dir, path);
	case STORE_CONTAINERD:
		return open_in_namespace(TAKE_FD(dir), id);
	case STORE_CRIO:
		snprintf(path, sizeof(path), "%s/userdata/config.json", id);
		return open_below(dir, path);
	case STORE_PODMAN:
		return open_below(dir, "containers.json");
	case N_CONTAINER_STORES:
		break;
	}
	return -EINVAL;
}

static int
look_in(struct child *enricher, uint32_t seq, enum container_store store, const char *id)
{
	const struct config *cfg = enricher->task.sup->cfg;
	static const char *const modes[] = {
#define CONTAINER_STORE(ID, name, max) "--" name,
#include "ipc/stores.def"
	};
	const char *const folders[] = { [STORE_DOCKER] = cfg->containers_docker,
		[STORE_CONTAINERD] = cfg->containers_containerd, [STORE_CRIO] = cfg->containers_crio,
		[STORE_PODMAN] = cfg->containers_podman };
	AUTO(fd) int in = open_file(folders[store], store, id);
	const struct job_start start = { .seq = seq, .mode = modes[store], .name = id, .in = in,
		.max = sizeof(struct container_facts), .answer = answer };

	return in < 0 ? in : job_begin(enricher, &start);
}

int
containers_look(struct child *enricher, uint32_t seq, const struct msg_container *m)
{
	int err = -ENOENT;

	if (!m->stores || m->stores >> N_CONTAINER_STORES ||
	    !container_id_ok(m->id, strnlen(m->id, sizeof(m->id))))
		return -EPROTO;
	for (unsigned int i = 0; err && i < N_CONTAINER_STORES; i++)
		if (m->stores >> i & 1)
			err = look_in(enricher, seq, (enum container_store)i, m->id);
	if (err)
		answer(enricher, seq, err, -1);
	return 0;
}
