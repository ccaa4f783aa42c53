/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "actions/cgroup.h"
#include "common/auto.h"

/* kill_container, pause, resume: on the directory that is the container's, in whatever version. */

static int
open_dir(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	long fd;

	if (root < 0)
		return -ENODEV;
	fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

/* The container's path below the root, without the first slash.  What is not certainly a
 * container's own directory is refused. */
static const char *
container_path(const struct worker *w, const struct event *e, char *out, size_t room)
{
	const struct rec_ctx *c = e->ctx;
	const char *dir = (const char *)c + c->cgroup_dir.off;
	const struct cgroups *own = w->own;
	size_t len = c->cgroup_dir.len;

	if (!(c->flags & CTX_CONTAINER))
		return "the process is in no container";
	if (len < 2 || len >= room || dir[0] != '/' || memchr(dir, '\0', len) || dir[len - 1] == '/')
		return "the container has no cgroup of its own";
	memcpy(out, dir + 1, len - 1);
	out[len - 1] = '\0';
	for (const char *own_path = own->self; *own_path; own_path += strlen(own_path) + 1)
		if (strncmp(own_path, dir, len) == 0 && (own_path[len] == '/' || !own_path[len]))
			return "bpfd itself runs there";
	return NULL;
}

static int
in_v2(struct worker *w, const char *path, uint32_t type)
{
	AUTO(fd) int dir = open_dir(w->fd[ACTION_FD_CGROUP2], path);

	if (dir < 0)
		return dir;
	if (type == ACTION_KILL_CONTAINER)
		return cgroup2_kill(dir);
	return cgroup2_freeze(dir, type == ACTION_PAUSE);
}

/* The directory has the same path in each hierarchy that the runtime uses. */
static int
in_v1(struct worker *w, const char *path, uint32_t type)
{
	AUTO(fd) int freezer = open_dir(w->cgroup1[CGROUP1_FREEZER], path);
	int err = -ENOENT;

	if (type != ACTION_KILL_CONTAINER)
		return freezer < 0 ? freezer : cgroup1_freeze(freezer, type == ACTION_PAUSE);
	for (size_t i = 0; i < N_CGROUP1; i++) {
		AUTO(fd) int dir = open_dir(w->cgroup1[i], path);
		int one = dir < 0 ? dir : cgroup1_kill(w, dir, path, freezer);

		if (dir >= 0 && (one || err == -ENOENT))
			err = one;
	}
	return err;
}

static void
act_one(struct worker *w, const struct event *e, unsigned int action)
{
	const struct rec_match *m = worker_match(e, action);
	uint32_t type = w->table->a[action].type;
	struct cgroups *own = w->own;
	char path[PATH_MAX];
	const char *why;
	int err;

	if (!m || !guard_allows(own->guard, w, e, m, action))
		return;
	why = container_path(w, e, path, sizeof(path));
	if (why) {
		guard_done(own->guard, w, e, m, action);
		worker_result(w, e, m, action, OUTCOME_PROTECTED, 0, why);
		return;
	}
	err = e->ctx->cgroup_hierarchy == 1 ? in_v1(w, path, type) : in_v2(w, path, type);
	guard_done(own->guard, w, e, m, action);
	if (err == -ENOENT || err == -ENODEV)
		worker_result(w, e, m, action, err == -ENOENT ? OUTCOME_GONE : OUTCOME_FAILED,
			err == -ENOENT ? 0 : err, "there is no such cgroup any more");
	else
		worker_result(w, e, m, action, err ? OUTCOME_FAILED : OUTCOME_DONE, err,
			err == -ETIMEDOUT ? "it did not happen in time" : NULL);
}

static void
act(struct worker *w, const struct event *e, uint64_t actions)
{
	for (; actions; actions &= actions - 1)
		act_one(w, e, (unsigned int)__builtin_ctzll(actions));
}

/* Paths of our own cgroups, each with a NUL, "" ends. */
static int
read_self(struct cgroups *own, int proc_fd)
{
	AUTO(fd) int fd = openat(proc_fd, "self/cgroup", O_RDONLY | O_CLOEXEC);
	char buf[4096], *line, *save = NULL;
	size_t len = 0;
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *path = strchr(line, ':');
		size_t size;

		path = path ? strchr(path + 1, ':') : NULL;
		size = path ? strlen(path + 1) + 1 : 0;
		/* Whoever sits in the root is below no container. */
		if (size < 3 || len + size + 1 > sizeof(own->self))
			continue;
		memcpy(own->self + len, path + 1, size);
		len += size;
	}
	own->self[len] = '\0';
	return 0;
}

static int
prepare(struct worker *w, struct sandbox *sb)
{
	static const struct sandbox_rule rules[] = {
#define SANDBOX_CLASS_CGROUP
#include "actions/sandbox.def"
	};
	struct cgroups *own = calloc(1, sizeof(*own));
	int err;

	if (!own)
		return -ENOMEM;
	w->own = own;
	err = guard_new(w, &own->guard);
	if (!err && w->fd[ACTION_FD_PROC] >= 0)
		err = read_self(own, w->fd[ACTION_FD_PROC]);
	sb->keep_caps = w->enforce ? 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_KILL : 0;
	sb->rules = rules;
	sb->n_rules = sizeof(rules) / sizeof(rules[0]);
	return err;
}

const struct class_ops class_cgroup = { .prepare = prepare, .act = act, .batch = 1, .hurry = true };
