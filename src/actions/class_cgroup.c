/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>

#include <linux/capability.h>

#include "actions/cgroup.h"
#include "common/auto.h"
#include "common/cgroup.h"

/* kill_container, pause, resume: on the directory that is the container's, in whatever version. */

struct cgroups {
	struct guard *guard;
	struct own_cgroups self;
};

static int
in_v2(struct worker *w, const char *path, uint32_t type)
{
	AUTO(fd) int dir = cgroup_open(w->fd[ACTION_FD_CGROUP2], path);

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
	AUTO(fd) int freezer = cgroup_open(w->cgroup1[CGROUP1_FREEZER], path);
	int err = -ENOENT;

	if (type != ACTION_KILL_CONTAINER)
		return freezer < 0 ? freezer : cgroup1_freeze(freezer, type == ACTION_PAUSE);
	for (size_t i = 0; i < N_CGROUP1; i++) {
		AUTO(fd) int dir = cgroup_open(w->cgroup1[i], path);
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
	why = container_path(&own->self, e, path, sizeof(path));
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
		err = own_cgroups_read(w->fd[ACTION_FD_PROC], &own->self);
	sb->keep_caps = w->enforce ? 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_KILL : 0;
	sb->rules = rules;
	sb->n_rules = sizeof(rules) / sizeof(rules[0]);
	return err;
}

const struct class_ops class_cgroup = { .prepare = prepare, .act = act, .batch = 1, .hurry = true };
