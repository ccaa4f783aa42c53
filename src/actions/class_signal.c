/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "actions/worker.h"
#include "common/auto.h"

/* signal, kill, interrupt: to the process that the event is of, and to no other. */

static int
send_signal(const struct target *t, int sig)
{
	return syscall(SYS_pidfd_send_signal, t->pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

static void
act_one(struct worker *w, const struct event *e, unsigned int action)
{
	const struct action_def *a = &w->table->a[action];
	const struct rec_match *m = worker_match(e, action);
	struct guard *g = w->own;
	struct target t = { .pidfd = -1 };
	const char *why;
	int err;

	if (!m || !guard_allows(g, w, e, m, action))
		return;
	err = target_open(w->fd[ACTION_FD_PROC], e->ev, &t);
	AUTO(fd) int pidfd = t.pidfd;
	why = err ? NULL : target_protected(w, e, &t);
	if (!err && !why) {
		t.pidfd = pidfd;
		err = send_signal(&t, a->signal);
	}
	guard_done(g, w, e, m, action);
	if (why)
		worker_result(w, e, m, action, OUTCOME_PROTECTED, 0, why);
	else if (err == -ESRCH)
		worker_result(w, e, m, action, OUTCOME_GONE, 0, "the process had ended");
	else
		worker_result(w, e, m, action, err ? OUTCOME_FAILED : OUTCOME_DONE, err, NULL);
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
#define SANDBOX_CLASS_SIGNAL
#include "actions/sandbox.def"
	};
	struct guard *g;
	int err = guard_new(w, &g);

	/* Landlock would scope signals to its own domain (ABI 6): chroot into nothing does. */
	sb->keep_caps = w->enforce ? 1ULL << CAP_KILL : 0;
	sb->rules = rules;
	sb->n_rules = sizeof(rules) / sizeof(rules[0]);
	if (!err)
		w->own = g;
	return err;
}

const struct class_ops class_signal = { .prepare = prepare, .act = act, .batch = 1, .hurry = true };
