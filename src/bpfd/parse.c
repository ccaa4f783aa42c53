/* SPDX-License-Identifier: Apache-2.0 */
/* RULES_PARSE: bpfd-config reads the text of one rule, beside everything else that goes on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memfd.h"

#define JOBS_MAX	8
#define JOB_MS		5000
#define PARSED_MAX	(8u << 20)

struct job {
	struct task task;
	uint32_t seq;
	uint64_t api;		/* when it was started: another one did not ask */
	int64_t kill_at_ms;
	bool late;
	int result;
	struct job *next;
};

static void
answer(struct child *api, uint32_t seq, int err, int result)
{
	struct msg_rules_parsed m = { .err = err };
	AUTO(fd) int empty = -1;
	struct stat st;

	if (!err && fstat(result, &st) == 0)
		m.len = (uint64_t)st.st_size;
	if (err)
		result = empty = memfd_sealed("bpfd-nothing", "", 0);
	if (result >= 0)
		child_say(api, IPC_RULES_PARSED, seq, &m, &result);
}

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
	struct child *api = &t->sup->children[API];
	struct job **at = &t->sup->jobs;
	int err = j->late ? -ETIMEDOUT : status ? -EINVAL : 0;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	if (status)
		log_warn("rules.parse", "name=%s %s", t->name, proc_death(status));
	if (!err)
		err = confrun_seal(j->result, PARSED_MAX);
	if (api->ready && api->task.started_boot_ns == j->api)
		answer(api, j->seq, err, j->result);
}

/* The text is moved, not looked into. */
static int
bundle(struct sup *s, const char *file, int text)
{
	struct texts t = { 0 };
	AUTO(texts) struct texts *owner = &t;
	long len = memfd_seal_received(text, BUNDLE_TEXT_MAX);
	AUTO(mem) char *bytes = len > 0 ? malloc((size_t)len) : NULL;
	int err;

	if (len < 0 || !bytes)
		return len < 0 ? (int)len : -ENOMEM;
	if (pread(text, bytes, (size_t)len, 0) != len)
		return -EIO;
	err = texts_add(owner, BUNDLE_RULE, file, bytes, (size_t)len);
	if (!err)
		err = rules_lists(s, owner);
	return err ? err : texts_pack(owner);
}

static int
begin(struct child *api, uint32_t seq, const char *file, int text)
{
	struct sup *s = api->task.sup;
	AUTO(fd) int in = bundle(s, file, text);
	AUTO(job) struct job *j = in < 0 ? NULL : calloc(1, sizeof(*j));
	char entries[CONFRUN_ENTRIES];
	struct proc_start ps = { .id = PROC_CONFIG, .in = in, .args = { "--rules", confrun_entries(s, entries) } };
	int err;

	if (!j)
		return in < 0 ? in : -ENOMEM;
	j->result = ps.channel = confrun_room();
	if (j->result < 0)
		return j->result;
	j->task.sup = s;
	j->task.ended = on_ended;
	j->seq = seq;
	j->api = api->task.started_boot_ns;
	err = task_start(&j->task, &ps);
	if (err)
		return err;
	j->kill_at_ms = j->task.started_ms + JOB_MS;
	j->next = s->jobs;
	s->jobs = TAKE_PTR(j);
	return 0;
}

int
parse_begin(struct child *api, uint32_t seq, const char *file, int text)
{
	size_t n = 0;
	int err;

	for (const struct job *j = api->task.sup->jobs; j; j = j->next)
		n++;
	err = n < JOBS_MAX ? begin(api, seq, file, text) : -EAGAIN;
	if (err)
		answer(api, seq, err, -1);
	return 0;
}

int64_t
parse_next_ms(const struct sup *s)
{
	int64_t next = INT64_MAX;

	for (const struct job *j = s->jobs; j; j = j->next)
		if (j->kill_at_ms < next)
			next = j->kill_at_ms;
	return next;
}

void
parse_kill_late(struct sup *s)
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
parse_kill_all(struct sup *s)
{
	for (struct job *j = s->jobs; j; j = j->next)
		task_kill(&j->task);
}
