/* SPDX-License-Identifier: Apache-2.0 */
/* What a child asks bpfd-config to read, beside everything else that goes on. */
#include <errno.h>
#include <stdlib.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

#define JOBS_MAX	8	/* of one child */
#define JOB_MS		5000

struct job {
	struct task task;
	struct child *asker;
	uint64_t asked;		/* when that was started: another one did not ask */
	uint32_t seq;
	bool late;
	int64_t kill_at_ms;
	size_t max;
	job_answer *answer;
	int result;
	struct job *next;
};

static void
job_free(struct job *j)
{
	if (j)
		close_keep_errno(j->result);
	free(j);
}

AUTO_DEFINE(job, struct job *, job_free)

static void
on_ended(struct task *t, int status)
{
	AUTO(job) struct job *j = (struct job *)t;	/* its first member */
	struct job **at = &t->sup->jobs;
	int err = j->late ? -ETIMEDOUT : status ? -EINVAL : 0;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	if (status)
		log_warn("config.read", "for=%s name=%s %s", j->asker->task.name, t->name, proc_death(status));
	if (!err)
		err = confrun_seal(j->result, j->max);
	if (j->asker->ready && j->asker->task.started_boot_ns == j->asked)
		j->answer(j->asker, j->seq, err, j->result);
}

static bool
too_many(const struct child *asker)
{
	size_t n = 0;

	for (const struct job *j = asker->task.sup->jobs; j; j = j->next)
		n += j->asker == asker;
	return n >= JOBS_MAX;
}

int
job_begin(struct child *asker, const struct job_start *start)
{
	struct sup *s = asker->task.sup;
	AUTO(job) struct job *j = too_many(asker) ? NULL : calloc(1, sizeof(*j));
	struct proc_start ps = { .id = PROC_CONFIG, .in = start->in, .args = { start->mode, start->name } };
	int err;

	if (!j)
		return too_many(asker) ? -EAGAIN : -ENOMEM;
	j->result = ps.channel = confrun_room();
	if (j->result < 0)
		return j->result;
	j->task.sup = s;
	j->task.ended = on_ended;
	j->asker = asker;
	j->asked = asker->task.started_boot_ns;
	j->seq = start->seq;
	j->max = start->max;
	j->answer = start->answer;
	err = task_start(&j->task, &ps);
	if (err)
		return err;
	j->kill_at_ms = j->task.started_ms + JOB_MS;
	j->next = s->jobs;
	s->jobs = TAKE_PTR(j);
	return 0;
}

int64_t
job_next_ms(const struct sup *s)
{
	int64_t next = INT64_MAX;

	for (const struct job *j = s->jobs; j; j = j->next)
		if (j->kill_at_ms < next)
			next = j->kill_at_ms;
	return next;
}

void
job_kill_late(struct sup *s)
{
	int64_t now = clock_ms();

	for (struct job *j = s->jobs; j; j = j->next) {
		if (j->kill_at_ms > now)
			continue;
		j->late = true;
		j->kill_at_ms = INT64_MAX;
		task_kill(&j->task);
	}
}

void
job_kill_all(struct sup *s)
{
	for (struct job *j = s->jobs; j; j = j->next)
		task_kill(&j->task);
}
