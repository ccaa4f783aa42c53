/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd-action CLASS, bpfd-alert CLASS: fd 3 is the supervisor's channel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actions/worker.h"
#include "common/auto.h"
#include "common/log.h"

#define CONTROL_FD	3
#define N_FILES		256

static const char *const users[N_ACTION_CLASSES] = {
#define ACTION_CLASS(id, name, exe, user, caps, help) user,
#include "ipc/classes.def"
};

static int
on_START_ACTION(struct worker *w, struct chan *ch, const struct msg_hdr *h,
	const struct msg_start_action *m, int *fds)
{
	int err;

	(void)ch, (void)h;
	if (m->class_ != w->class_ || w->cfg)
		return -EPROTO;
	err = config_receive(fds[0], &w->cfg);
	if (!err)
		err = action_table_receive(fds[1], &w->table);
	if (err)
		return log_err(err, "action.start", "class=%s bad configuration",
			action_class_names[w->class_]);
	schema_declare(&w->cfg->declared);
	log_set_level((enum log_level)(LOG_LVL_ERR + w->cfg->log_level));
	w->ring_fd = TAKE_FD(fds[2]);
	w->enforce = m->flags & ACTION_ALLOW_ENFORCE;
	w->epoch = m->epoch;
	for (uint32_t i = 0; i < w->table->n; i++)
		if (action_types[w->table->a[i].type].class == w->class_)
			w->mask |= 1ULL << i;
	return 0;
}

static int
on_ACTION_CURSOR(struct worker *w, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	(void)ch, (void)h, (void)m;
	if (!w->cfg || w->cursor_fd >= 0)
		return -EPROTO;
	w->cursor_fd = TAKE_FD(fds[0]);
	w->event_fd = TAKE_FD(fds[1]);
	return 0;
}

static int *
place_of(struct worker *w, const struct msg_action_fd *m)
{
	switch (m->kind) {
	case ACTION_FD_CGROUP1:
		return m->index < N_CGROUP1 ? &w->cgroup1[m->index] : NULL;
	case ACTION_FD_SPOOL:
		return m->index < w->table->n ? &w->net[m->index].spool : NULL;
	case ACTION_FD_SECRET:
		return m->index < w->table->n ? &w->net[m->index].secret : NULL;
	case ACTION_FD_TOKEN:
		return m->index < w->table->n ? &w->net[m->index].token : NULL;
	case ACTION_FD_CA:
		return m->index < w->table->n ? &w->net[m->index].ca : NULL;
	default:
		return m->kind < FD_KINDS && !m->index ? &w->fd[m->kind] : NULL;
	}
}

static int
on_ACTION_FD(struct worker *w, struct chan *ch, const struct msg_hdr *h, const struct msg_action_fd *m,
	int *fds)
{
	int *to = w->cfg ? place_of(w, m) : NULL;

	(void)ch, (void)h;
	if (!to)
		return -EPROTO;
	/* Later only sockets come, each in place of one that leads nowhere. */
	if (w->go ? m->kind != ACTION_FD_SYSLOG && m->kind != ACTION_FD_JOURNAL : *to >= 0)
		return -EPROTO;
	close_keep_errno(*to);
	*to = TAKE_FD(fds[0]);
	return 0;
}

static int
on_ACTION_GO(struct worker *w, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	(void)ch, (void)h, (void)m, (void)fds;
	if (!w->cfg || w->cursor_fd < 0)
		return -EPROTO;
	w->go = true;
	return 0;
}

static int
on_ACTION_ENRICHER(struct worker *w, struct chan *ch, const struct msg_hdr *h,
	const struct msg_none *m, int *fds)
{
	struct chan *c;
	int err;

	(void)ch, (void)h, (void)m;
	err = chan_new(TAKE_FD(fds[0]), ROLE_ACTION, FROM_ENRICHER, &c);
	if (err)
		return err;
	chan_free(w->enricher);
	w->enricher = c;
	return 0;
}

static int
on_CHECKPOINT_HELPER(struct worker *w, struct chan *ch, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	(void)ch, (void)m;
	return w->ops->helper ? w->ops->helper(w, h->seq, &fds[0], NULL) : -EPROTO;
}

static int
on_CHECKPOINT_NONE(struct worker *w, struct chan *ch, const struct msg_hdr *h,
	const struct msg_checkpoint_none *m, int *fds)
{
	(void)ch, (void)fds;
	return w->ops->helper ? w->ops->helper(w, h->seq, NULL, m) : -EPROTO;
}

/* Its sender is another process, of which the class that has such a channel hears there. */
static int
on_CHECKPOINT_DONE(struct worker *w, struct chan *ch, const struct msg_hdr *h,
	const struct msg_checkpoint_done *m, int *fds)
{
	(void)w, (void)ch, (void)h, (void)m, (void)fds;
	return -EPROTO;
}

static int
on_ACTION_STOP(struct worker *w, struct chan *ch, const struct msg_hdr *h, const struct msg_stop *m,
	int *fds)
{
	(void)ch, (void)h, (void)m, (void)fds;
	w->stop = true;
	return 0;
}

static int
on_ACTION_CONNECTED(struct worker *w, struct chan *ch, const struct msg_hdr *h, const struct msg_connected *m,
	int *fds)
{
	(void)ch;
	if (!w->ops->connected || m->err || !IPC_STR_OK(m->text))
		return -EPROTO;
	w->ops->connected(w, h->seq, m, TAKE_FD(fds[0]));
	return 0;
}

static int
on_ACTION_NOT_CONNECTED(struct worker *w, struct chan *ch, const struct msg_hdr *h, const struct msg_connected *m,
	int *fds)
{
	(void)ch, (void)fds;
	if (!w->ops->connected || m->err >= 0 || !IPC_STR_OK(m->text))
		return -EPROTO;
	w->ops->connected(w, h->seq, m, -1);
	return 0;
}

static int
dispatch(struct worker *w, struct chan_msg *msg)
{
	struct chan_msg m = *msg;
	int err = -EPROTO;

	switch (m.hdr.type) {
#define TO_ACTION(NAME, from, payload, fds, phase) IPC_CASE(NAME, payload, w, w->sup)
#include "ipc/messages.def"
	}
	chan_drop_fds(&m);
	if (err == -EPROTO)
		log_event(LOG_LVL_ERR, "ipc.refused", "type=%s not now", ipc_type_name(m.hdr.type));
	return err;
}

int
worker_messages(struct worker *w)
{
	struct chan_msg m;
	int err;

	while ((err = chan_recv(w->sup, &m)) == 1) {
		err = dispatch(w, &m);
		if (err)
			return err;
	}
	return err == -EAGAIN ? 0 : err ? err : -EPIPE;
}

static int
start(struct worker *w, int argc, char **argv)
{
	struct chan_msg m;
	int err = sandbox_close_from(CONTROL_FD + 1);

	while (w->class_ < N_ACTION_CLASSES &&
	    (argc < 2 || strcmp(action_class_names[w->class_], argv[1]) != 0))
		w->class_++;
	if (w->class_ == N_ACTION_CLASSES || !worker_classes[w->class_])
		return log_err(-EINVAL, "action.start", "there is no such class of actions");
	if (!err)
		err = chan_new(CONTROL_FD, ROLE_ACTION, FROM_SUP, &w->sup);
	while (!err && !w->go) {
		err = chan_wait(w->sup, &m, -1);
		if (err <= 0)
			return err ? err : -EPIPE;
		err = dispatch(w, &m);
	}
	if (!err)
		err = ring_open(w->ring_fd, w->cursor_fd, &w->ring);
	if (err)
		return log_err(err, "action.start", "class=%s", argv[1]);
	w->scratch = ring_scratch(w->ring);
	w->ops = worker_classes[w->class_];
	w->boot_offset_ns = boot_offset_ns();
	gethostname(w->host, sizeof(w->host) - 1);
	return 0;
}

static int
seal(struct worker *w)
{
	struct sandbox sb = { .name = worker_name, .root_fd = w->fd[ACTION_FD_EMPTY_DIR],
		.limits = { .nofile = N_FILES } };
	int err = sandbox_user(users[w->class_], &sb.uid, &sb.gid);

	if (!err)
		err = w->ops->prepare(w, &sb);
	if (!err)
		err = sandbox_enter(&sb);
	if (err)
		return log_err(err, "action.seal", "class=%s", action_class_names[w->class_]);
	chan_set_phase(w->sup, PHASE_RUN);
	return chan_send(w->sup, IPC_READY, 0, &(struct msg_none){ }, NULL);
}

int
main(int argc, char **argv)
{
	struct worker w = { .event_fd = -1, .ring_fd = -1, .cursor_fd = -1 };
	int err;

	memset(w.fd, -1, sizeof(w.fd));
	memset(w.cgroup1, -1, sizeof(w.cgroup1));
	memset(w.net, -1, sizeof(w.net));
	err = start(&w, argc, argv);
	if (!err)
		err = seal(&w);
	if (!err)
		err = worker_run(&w);
	_exit(err && err != -EPIPE && err != -ECONNRESET ? 1 : 0);
}
