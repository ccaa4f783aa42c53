/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actions/worker.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"
#include "events/text.h"

/*
 * Programs that the administrator named, with the event on standard input.  Each runs as the user
 * of its instance, which has no capability and cannot gain one.  It outlives a worker that is killed
 * (whose user may not signal it): the cursor page says which run, and the next worker looks after
 * them, so that no event's program is lost or runs twice, and none runs longer than it may.
 */
#define JOBS_MAX	48
#define RECENT		256		/* pids of our programs, whose own events lead to nothing */
#define ENV_MAX		16
#define ENV_ROOM	8192
#define PROGRAM_FILES	64
#define PROGRAM_MEMORY	(2ull << 30)
#define MINUTE_NS	60000000000ull

/* Scratch words from RUN_AT on, of each job. */
#define RUN_AT		64
enum run_word {
	RUN_WHO,			/* pid | instance << 32; 0: none */
	RUN_START,			/* of the process, in ticks: another one may have the pid by now */
	RUN_DEADLINE,			/* ns since boot */
	N_RUN_WORDS
};
_Static_assert(RUN_AT + JOBS_MAX * N_RUN_WORDS <= RING_SCRATCH, "what runs has its words");

struct job {
	pid_t pid;			/* 0: free */
	int pidfd;
	unsigned int action;
	uint64_t deadline_ns;
	bool timed_out;
	bool adopted;			/* an earlier worker's: no child of ours, its event is not known */
	uint64_t rec[REC_MAX / 8];	/* the event, for the result */
};

struct programs {
	struct job jobs[JOBS_MAX];
	uint32_t recent[RECENT], n_recent;
	int fd[ACTIONS_MAX];		/* O_PATH of each program, from before the seal; -errno */
	uint32_t running[ACTIONS_MAX];
	uint64_t minute, started[ACTIONS_MAX], told[ACTIONS_MAX];
	int proc;			/* /proc */
	char line[RENDER_ROOM];
	char env[ENV_ROOM];
};

/* ---- in the new process ---- */

struct launch {
	const struct action_def *a;
	char *argv[ACTION_ARGS_MAX / 2 + 1];
	char *env[ENV_MAX];
	int program, input;
};

static int
limit(int which, uint64_t value)
{
	struct rlimit l = { value, value };

	return setrlimit(which, &l);
}

static int
become(const struct action_def *a)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	/* setgroups() and the ids first: they take the capabilities that go next. */
	if (setgroups(0, NULL) < 0 || setresgid(a->gid, a->gid, a->gid) < 0 ||
	    setresuid(a->uid, a->uid, a->uid) < 0 || syscall(SYS_capset, &hdr, none) < 0)
		return -errno;
	return 0;
}

static void __attribute__((noreturn))
launch(const struct launch *l)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (setsid() < 0 || chdir("/") < 0 || dup2(l->input, 0) < 0 || dup2(1, 2) < 0)
		_exit(126);
	/* A script's interpreter opens it again by this number, so it stays open. */
	if (dup3(l->program, 3, 0) < 0 && errno != EINVAL)
		_exit(126);
	if (l->program == 3 && fcntl(3, F_SETFD, 0) < 0)
		_exit(126);
	syscall(SYS_close_range, 4, ~0u, 0);
	if (limit(RLIMIT_NOFILE, PROGRAM_FILES) < 0 || limit(RLIMIT_AS, PROGRAM_MEMORY) < 0 ||
	    limit(RLIMIT_CPU, l->a->timeout_ms / 1000 + 1) < 0 || become(l->a) < 0)
		_exit(126);
	syscall(SYS_execveat, 3, "", l->argv, l->env, AT_EMPTY_PATH);
	_exit(127);
}

/* Its user's process may be killed by its user alone, and by CAP_KILL, which is not here. */
static void
kill_group(const struct action_def *a, pid_t pid)
{
	pid_t child = fork();

	if (child == 0) {
		if (become(a) < 0)
			_exit(1);
		_exit(kill(-pid, SIGKILL) < 0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* ---- what it is given ---- */

static void
env_add(struct launch *l, struct text *t, const char *name, const void *s, size_t len)
{
	char *at = t->p;
	size_t n = 0;

	while (l->env[n])
		n++;
	if (n + 1 >= ENV_MAX)
		return;
	text_str(t, name);
	text_char(t, '=');
	text_line(t, s, len, "");
	text_bytes(t, "", 1);
	if (!t->full)
		l->env[n] = at;
}

static void
env_number(struct launch *l, struct text *t, const char *name, uint64_t u)
{
	char digits[24];

	env_add(l, t, name, digits, (size_t)snprintf(digits, sizeof(digits), "%llu",
		(unsigned long long)u));
}

static void
environment(struct launch *l, char *room, const struct event *e, const struct rec_match *m)
{
	struct text t = { .p = room, .end = room + ENV_ROOM, .cap = 1024 };
	const struct tracer_info *info = tracer_info(e->ev->tracer);
	const char *event = info->events[e->ev->event];
	const struct rec_ctx *c = e->ctx;

	env_add(l, &t, "BPFD_TRACER", info->name, strlen(info->name));
	env_add(l, &t, "BPFD_EVENT", event, strlen(event));
	env_number(l, &t, "BPFD_SEQ", e->rec->seq);
	env_number(l, &t, "BPFD_PID", e->ev->tgid);
	env_number(l, &t, "BPFD_UID", e->ev->uid);
	env_add(l, &t, "BPFD_COMM", e->ev->comm, strnlen(e->ev->comm, sizeof(e->ev->comm)));
	env_add(l, &t, "BPFD_EXE", (const char *)c + c->exe.off, c->exe.len);
	if (m) {
		env_add(l, &t, "BPFD_RULE", (const char *)e->rec + m->name_off, m->name_len);
		env_add(l, &t, "BPFD_SEVERITY", severity_names[m->severity],
			strlen(severity_names[m->severity]));
	}
	if (c->flags & CTX_CONTAINER) {
		env_add(l, &t, "BPFD_CONTAINER_ID", (const char *)c + c->container.off, c->container.len);
		env_add(l, &t, "BPFD_CONTAINER_RUNTIME", (const char *)c + c->runtime.off, c->runtime.len);
	}
}

/* The event as a line of the instance's format, from its first byte. */
static int
input(struct worker *w, const struct event *e, const struct action_def *a)
{
	struct render r = { .format = a->format, .boot_offset_ns = w->boot_offset_ns, .host = w->host };
	struct programs *p = w->own;
	AUTO(fd) int fd = memfd_create("event", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t len = render_event(&r, e, p->line, sizeof(p->line) - 1);

	p->line[len++] = '\n';
	if (fd < 0 || write(fd, p->line, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)
		return errno ? -errno : -EIO;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int
start(struct worker *w, const struct event *e, const struct rec_match *m, struct job *j)
{
	struct programs *p = w->own;
	struct launch l = { .a = &w->table->a[j->action], .program = p->fd[j->action] };
	const char *at = l.a->args;
	AUTO(fd) int in = l.program < 0 ? l.program : input(w, e, l.a);
	pid_t pid;

	if (in < 0)
		return l.program < 0 ? l.program : in;
	l.input = in;
	for (size_t n = 0; at < l.a->args + l.a->args_len; n++, at += strlen(at) + 1)
		l.argv[n] = (char *)(uintptr_t)at;
	environment(&l, p->env, e, m);
	pid = fork();
	if (pid == 0)
		launch(&l);
	if (pid < 0)
		return -errno;
	j->pid = pid;
	j->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	p->recent[p->n_recent++ % RECENT] = (uint32_t)pid;
	return 0;
}

/* ---- limits ---- */

static bool
our_own(const struct programs *p, const struct ev_hdr *ev)
{
	if (ev->ppid == (uint32_t)getpid() || ev->tgid == (uint32_t)getpid())
		return true;
	for (uint32_t i = 0; i < RECENT; i++)
		if (p->recent[i] && (p->recent[i] == ev->tgid || p->recent[i] == ev->ppid))
			return true;
	return false;
}

static const char *
over_limit(struct programs *p, const struct action_def *a, unsigned int action)
{
	uint64_t minute = clock_ns(CLOCK_BOOTTIME) / MINUTE_NS;

	if (minute != p->minute) {
		memset(p->started, 0, sizeof(p->started));
		p->minute = minute;
	}
	if (p->running[action] >= a->parallel)
		return "as many are running as may";
	return p->started[action] >= a->per_minute ? "no more in this minute" : NULL;
}

static uint64_t *
run_words(const struct worker *w, const struct job *j)
{
	const struct programs *p = w->own;

	return &w->scratch[RUN_AT + (size_t)(j - p->jobs) * N_RUN_WORDS];
}

/* For the next worker, should this one be killed. */
static void
note_run(const struct worker *w, const struct job *j)
{
	const struct programs *p = w->own;
	uint64_t *words = run_words(w, j);
	struct target t;

	if (target_stat(p->proc, j->pid, &t) < 0)
		return;			/* it has been reaped: nothing to look after */
	words[RUN_START] = t.start_ticks;
	words[RUN_DEADLINE] = j->deadline_ns;
	__atomic_store_n(&words[RUN_WHO], (uint64_t)j->action << 32 | (uint32_t)j->pid, __ATOMIC_RELEASE);
}

static void
adopt(const struct worker *w, struct job *j)
{
	uint64_t *words = run_words(w, j), who = words[RUN_WHO];
	unsigned int action = (unsigned int)(who >> 32);
	struct programs *p = w->own;
	struct target t;

	words[RUN_WHO] = 0;
	if (action >= ACTIONS_MAX || !(w->mask & 1ULL << action) || (int32_t)who <= 0)
		return;
	words[RUN_WHO] = who;
	*j = (struct job){ .pid = (pid_t)who, .action = action, .deadline_ns = words[RUN_DEADLINE],
		.adopted = true };
	/* In this order: what the pidfd is of is what /proc shows. */
	j->pidfd = (int)syscall(SYS_pidfd_open, j->pid, 0);
	if (j->pidfd >= 0 && (target_stat(p->proc, j->pid, &t) < 0 || t.start_ticks != words[RUN_START])) {
		close(j->pidfd);
		j->pidfd = -1;		/* it has ended, which is still to be told */
	}
	p->running[action]++;
	p->recent[p->n_recent++ % RECENT] = (uint32_t)j->pid;
}

static void
adopt_all(const struct worker *w)
{
	struct programs *p = w->own;

	for (size_t i = 0; i < JOBS_MAX; i++)
		adopt(w, &p->jobs[i]);
}

static struct job *
free_job(struct programs *p)
{
	for (size_t i = 0; i < JOBS_MAX; i++)
		if (!p->jobs[i].pid)
			return &p->jobs[i];
	return NULL;
}

static void
act_one(struct worker *w, const struct event *e, unsigned int action)
{
	const struct action_def *a = &w->table->a[action];
	const struct rec_match *m = worker_match(e, action);
	struct programs *p = w->own;
	struct job *j = free_job(p);
	const char *why = j ? over_limit(p, a, action) : "as many are running as may";
	int err;

	if (why) {
		/* Once a minute is enough: all of them are counted. */
		if (p->told[action] == p->minute + 1) {
			worker_count(w, STAT_REFUSED);
			return;
		}
		p->told[action] = p->minute + 1;
		worker_result(w, e, m, action, OUTCOME_OVER_BUDGET, 0, why);
		return;
	}
	j->action = action;
	j->timed_out = j->adopted = false;
	err = start(w, e, m, j);
	if (err) {
		worker_result(w, e, m, action, OUTCOME_FAILED, err, "the program could not be started");
		return;
	}
	memcpy(j->rec, e->rec, e->rec->len);
	j->deadline_ns = clock_ns(CLOCK_BOOTTIME) + a->timeout_ms * 1000000;
	p->running[action]++;
	p->started[action]++;
	note_run(w, j);
}

static void
act(struct worker *w, const struct event *e, uint64_t actions)
{
	if (our_own(w->own, e->ev)) {
		worker_count(w, STAT_REFUSED);
		return;
	}
	for (; actions; actions &= actions - 1)
		act_one(w, e, (unsigned int)__builtin_ctzll(actions));
}

/* ---- while they run ---- */

static void
tell_adopted(struct worker *w, const struct job *j)
{
	worker_result(w, NULL, NULL, j->action, j->timed_out ? OUTCOME_FAILED : OUTCOME_DONE, 0,
		j->timed_out ? "it ran too long" : "it has ended; a worker that was killed had started it");
}

static void
ended(struct worker *w, struct job *j, int status)
{
	struct programs *p = w->own;
	const struct rec_hdr *rec = (const struct rec_hdr *)j->rec;
	struct event e;

	close_keep_errno(j->pidfd);
	j->pid = 0;
	p->running[j->action]--;
	if (j->adopted)
		tell_adopted(w, j);
	else if (record_check(rec, rec->len, &e) == 0)
		worker_result(w, &e, worker_match(&e, j->action), j->action,
			status ? OUTCOME_FAILED : OUTCOME_DONE, status, j->timed_out ? "it ran too long" :
			WIFEXITED(status) && WEXITSTATUS(status) >= 126 ? "it could not be executed" : NULL);
	run_words(w, j)[RUN_WHO] = 0;	/* told: a worker that comes now need not */
}

static bool
has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return pidfd < 0 || poll(&p, 1, 0) > 0;
}

static void
look_after(struct worker *w)
{
	struct programs *p = w->own;
	uint64_t now = clock_ns(CLOCK_BOOTTIME);
	int status = 0;

	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *j = &p->jobs[i];

		if (!j->pid)
			continue;
		if (!j->timed_out && now >= j->deadline_ns && !(j->adopted && j->pidfd < 0)) {
			j->timed_out = true;
			kill_group(&w->table->a[j->action], j->pid);
		}
		if (j->adopted ? has_ended(j->pidfd) : waitpid(j->pid, &status, WNOHANG) == j->pid) {
			/* Whatever it left behind in its session goes too. */
			if (!j->adopted || j->pidfd >= 0)
				kill_group(&w->table->a[j->action], j->pid);
			ended(w, j, status);
		}
	}
}

static size_t
wait_for(struct worker *w, struct pollfd *fds, size_t room, int *timeout_ms)
{
	struct programs *p = w->own;
	uint64_t now = clock_ns(CLOCK_BOOTTIME), first = UINT64_MAX;
	size_t n = 0;

	for (size_t i = 0; i < JOBS_MAX && n < room; i++) {
		if (!p->jobs[i].pid)
			continue;
		fds[n++] = (struct pollfd){ .fd = p->jobs[i].pidfd, .events = POLLIN };
		if (p->jobs[i].adopted && p->jobs[i].pidfd < 0)
			first = 0;
		else if (!p->jobs[i].timed_out && p->jobs[i].deadline_ns < first)
			first = p->jobs[i].deadline_ns;
	}
	if (first != UINT64_MAX)
		*timeout_ms = first > now ? (int)((first - now) / 1000000) + 1 : 0;
	return n;
}

static void
woken(struct worker *w, const struct pollfd *fds, size_t n)
{
	(void)fds;
	if (n)
		look_after(w);
}

static bool
busy(const struct worker *w)
{
	const struct programs *p = w->own;

	for (size_t i = 0; i < JOBS_MAX; i++)
		if (p->jobs[i].pid)
			return true;
	return false;
}

static int
prepare(struct worker *w, struct sandbox *sb)
{
	static const struct sandbox_rule rules[] = {
#define SANDBOX_CLASS_EXEC
#include "actions/sandbox.def"
	};
	struct programs *p = calloc(1, sizeof(*p));
	struct stat st;

	if (!p)
		return -ENOMEM;
	w->own = p;
	p->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	adopt_all(w);
	for (uint64_t rest = w->mask; rest; rest &= rest - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(rest);

		p->fd[i] = open(w->table->a[i].path, O_PATH | O_CLOEXEC);
		if (p->fd[i] < 0 || fstat(p->fd[i], &st) < 0)
			p->fd[i] = -errno;
		else if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
			p->fd[i] = -EPERM;
		if (p->fd[i] < 0)
			log_err(p->fd[i], "action.program", "action=%s path=%s %s", w->table->a[i].name,
				LOG_QUOTE(w->table->a[i].path), p->fd[i] == -EPERM ?
				"must be a file of root's that nobody else can write" : "cannot be opened");
	}
	/* What is executed needs the host's files and nearly every system call: see sandbox.def. */
	sb->root_fd = -1;
	sb->keep_caps = 1ULL << CAP_SETUID | 1ULL << CAP_SETGID;
	sb->mode = SANDBOX_ALLOW;
	sb->rules = rules;
	sb->n_rules = sizeof(rules) / sizeof(rules[0]);
	return 0;
}

const struct class_ops class_exec = {
	.prepare = prepare, .act = act, .wait = wait_for, .woken = woken, .busy = busy, .batch = 1,
	.hurry = true,
};
