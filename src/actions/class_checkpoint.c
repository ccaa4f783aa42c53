/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint: one after the other, each by a bpfd-checkpoint that the supervisor has started for it.
 * This process decides which container it is of, and has no right at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actions/cgroup.h"
#include "common/auto.h"
#include "common/log.h"

#define QUEUE_MAX	64	/* of actions.checkpoint_queue */

/* Scratch words from here on: what is being written, for the worker after one that was killed. */
#define NOTE_AT		64
#define NOTE_WORDS	(1 + IPC_NAME_MAX / 8)
_Static_assert(NOTE_AT + NOTE_WORDS <= RING_SCRATCH, "a note has its words");

struct job {
	struct msg_checkpoint req;
	uint64_t rec[REC_MAX / 8];	/* the event, for the result */
};

struct checkpoints {
	struct guard *guard;
	struct own_cgroups self;
	struct job jobs[QUEUE_MAX + 1];	/* a ring; the first is the one that runs */
	size_t first, n;
	uint32_t seq;			/* of the one that runs; 0: none does */
	struct chan *helper;		/* NULL: the supervisor has not answered yet */
	uint64_t left[NOTE_WORDS];	/* what the worker before had begun */
};

static uint64_t *
note(const struct worker *w)
{
	return &w->scratch[NOTE_AT];
}

/* ---- one that is done ---- */

static void	begin_next(struct worker *w);

static void
end(struct worker *w, enum action_outcome outcome, int err, const char *text)
{
	struct checkpoints *own = w->own;
	struct job *j = &own->jobs[own->first];
	const struct rec_hdr *rec = (const struct rec_hdr *)j->rec;
	struct event e;

	if (record_check(rec, rec->len, &e) == 0)
		worker_result(w, &e, worker_match(&e, j->req.action), j->req.action, outcome, err, text);
	note(w)[0] = 0;
	chan_free(own->helper);
	own->helper = NULL;
	own->seq = 0;
	own->first = (own->first + 1) % (QUEUE_MAX + 1);
	own->n--;
	begin_next(w);
}

/* Its one message, or its end. */
static void
woken(struct worker *w, const struct pollfd *fds, size_t n)
{
	const struct msg_checkpoint_done *done;
	struct checkpoints *own = w->own;
	struct chan_msg m;
	int got = n && fds[0].revents && own->helper ? chan_recv(own->helper, &m) : -EAGAIN;

	if (got == -EAGAIN)
		return;
	done = got == 1 && m.hdr.type == IPC_CHECKPOINT_DONE && m.hdr.seq == own->seq ? m.payload : NULL;
	if (done && done->outcome < N_OUTCOMES && IPC_STR_OK(done->text))
		end(w, (enum action_outcome)done->outcome, done->err, done->text);
	else
		end(w, OUTCOME_FAILED, -EPIPE, "bpfd-checkpoint ended without a word: see bpfd's log");
}

/* ---- one that begins ---- */

static void
begin_next(struct worker *w)
{
	static uint32_t last;
	struct checkpoints *own = w->own;
	const struct msg_checkpoint *req = &own->jobs[own->first].req;
	int err;

	if (!own->n || own->seq)
		return;
	own->seq = ++last ? last : ++last;
	memcpy(&note(w)[1], req->container, sizeof(req->container));
	__atomic_store_n(&note(w)[0], req->action + 1ULL, __ATOMIC_RELEASE);
	err = chan_send(w->sup, IPC_CHECKPOINT_WANTED, own->seq, req, NULL);
	if (err)
		log_err(err, "checkpoint.ask", "container=%s", req->container);
}

static int
helper(struct worker *w, uint32_t seq, int *fd, const struct msg_checkpoint_none *none)
{
	struct checkpoints *own = w->own;

	if (!own->seq || seq != own->seq || own->helper || (none && !IPC_STR_OK(none->text)))
		return -EPROTO;
	if (!none)
		return chan_new(TAKE_FD(*fd), ROLE_ACTION, FROM_CHECKPOINT, &own->helper);
	end(w, OUTCOME_FAILED, none->err, none->text);
	return 0;
}

static const char *
queue(struct worker *w, const struct event *e, unsigned int action, const char *path)
{
	struct checkpoints *own = w->own;
	struct job *j = &own->jobs[(own->first + own->n) % (QUEUE_MAX + 1)];
	const struct rec_ctx *c = e->ctx;

	if (own->n > w->cfg->actions_checkpoint_queue)
		return "as many wait as may (actions.checkpoint_queue)";
	if (strlen(path) >= sizeof(j->req.cgroup) || c->container.len >= sizeof(j->req.container))
		return "the container's name or cgroup is too long";
	j->req = (struct msg_checkpoint){ .event = e->rec->seq, .action = action,
		.hierarchy = c->cgroup_hierarchy };
	strcpy(j->req.cgroup, path);
	memcpy(j->req.container, (const char *)c + c->container.off, c->container.len);
	memcpy(j->rec, e->rec, e->rec->len);
	own->n++;
	begin_next(w);
	return NULL;
}

static void
act_one(struct worker *w, const struct event *e, unsigned int action)
{
	const struct rec_match *m = worker_match(e, action);
	struct checkpoints *own = w->own;
	char path[IPC_CGROUP_MAX];
	const char *why;

	if (!m || !guard_allows(own->guard, w, e, m, action))
		return;
	guard_done(own->guard, w, e, m, action);
	why = container_path(&own->self, e, path, sizeof(path));
	if (why) {
		worker_result(w, e, m, action, OUTCOME_PROTECTED, 0, why);
		return;
	}
	why = queue(w, e, action, path);
	if (why)
		worker_result(w, e, m, action, OUTCOME_OVER_BUDGET, 0, why);
}

static void
act(struct worker *w, const struct event *e, uint64_t actions)
{
	for (; actions; actions &= actions - 1)
		act_one(w, e, (unsigned int)__builtin_ctzll(actions));
}

/* ---- while one runs ---- */

/* What a worker that was killed had begun ended with its channel, and the container was let go. */
static void
tell_left(struct worker *w, uint64_t left[NOTE_WORDS])
{
	uint64_t who = left[0] - 1;
	char name[IPC_NAME_MAX], text[IPC_TARGET_MAX];

	if (left[0] && who < w->table->n && w->mask & 1ULL << who) {
		memcpy(name, &left[1], sizeof(name));
		snprintf(text, sizeof(text), "container %.*s: it was given up, the worker was killed meanwhile",
			(int)strnlen(name, sizeof(name)), name);
		worker_result(w, NULL, NULL, (unsigned int)who, OUTCOME_FAILED, -ECANCELED, text);
	}
	left[0] = 0;
}

static size_t
wait_for(struct worker *w, struct pollfd *fds, size_t room, int *timeout_ms)
{
	struct checkpoints *own = w->own;

	(void)timeout_ms;
	tell_left(w, own->left);
	if (!own->helper || !room)
		return 0;
	fds[0] = (struct pollfd){ .fd = chan_fd(own->helper), .events = POLLIN };
	return 1;
}

static bool
busy(const struct worker *w)
{
	const struct checkpoints *own = w->own;

	return own->n > 0;
}

static int
prepare(struct worker *w, struct sandbox *sb)
{
	static const struct sandbox_rule rules[] = {
#define SANDBOX_CLASS_CHECKPOINT
#include "actions/sandbox.def"
	};
	struct checkpoints *own = calloc(1, sizeof(*own));
	int err;

	if (!own)
		return -ENOMEM;
	w->own = own;
	memcpy(own->left, note(w), sizeof(own->left));
	note(w)[0] = 0;
	err = guard_new(w, &own->guard);
	if (!err && w->fd[ACTION_FD_PROC] >= 0)
		err = own_cgroups_read(w->fd[ACTION_FD_PROC], &own->self);
	/* What it looked up is all that it needs of /proc. */
	close_keep_errno(TAKE_FD(w->fd[ACTION_FD_PROC]));
	sb->rules = rules;
	sb->n_rules = sizeof(rules) / sizeof(rules[0]);
	return err;
}

const struct class_ops class_checkpoint = {
	.prepare = prepare, .act = act, .wait = wait_for, .woken = woken, .busy = busy, .helper = helper,
	.batch = 1, .hurry = true,
};
