/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actions/worker.h"
#include "common/auto.h"
#include "common/clock.h"
#include "events/text.h"

/*
 * Messages to the local syslog and entries in the systemd journal: one datagram for each event, on
 * sockets that the supervisor connected.  A daemon that was restarted has a new socket, which takes
 * a new one here: the supervisor is asked for it, once a second while nobody listens.
 */
#define ROOM (RENDER_ROOM + 4096)
#define ASK_EVERY_NS	1000000000ull
#define ANSWER_MS	100

struct local {
	uint64_t asked[FD_KINDS];	/* when */
	char line[RENDER_ROOM];
	char message[ROOM];
};

/* RFC 5424, 6.2.1 */
static const unsigned int levels[N_SEVERITIES] = {
	[SEV_DEBUG] = 7, [SEV_INFO] = 6, [SEV_NOTICE] = 5, [SEV_LOW] = 5, [SEV_MEDIUM] = 4,
	[SEV_HIGH] = 3, [SEV_CRITICAL] = 2,
};
#define FACILITY	3	/* daemon */

/* sd_id128 of every entry: "an event that a rule of bpfd matched". */
#define MESSAGE_ID "b7d1c0de5f6a4e2a9c1f3d8e7a6b5c40"

static unsigned int
severity(const struct event *e, unsigned int action)
{
	const struct rec_match *m = worker_match(e, action);

	return m ? m->severity : SEV_INFO;
}

static int
send_once(int fd, const char *bytes, size_t len)
{
	if (fd < 0)
		return -ENOTCONN;
	return send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Whether another socket came. */
static bool
ask(struct worker *w, enum action_fd_kind kind)
{
	struct pollfd answer = { .fd = chan_fd(w->sup), .events = POLLIN };
	const struct msg_action_fd m = { .kind = kind };
	struct local *l = w->own;
	uint64_t now = clock_ns(CLOCK_BOOTTIME);
	int old = w->fd[kind];

	if (l->asked[kind] && now - l->asked[kind] < ASK_EVERY_NS)
		return false;
	l->asked[kind] = now;
	/* An error of the channel is seen again by whoever waits for messages. */
	return chan_send_nonblock(w->sup, IPC_ACTION_FD_WANTED, 0, &m, NULL) == 0 &&
	       poll(&answer, 1, ANSWER_MS) == 1 && worker_messages(w) == 0 && w->fd[kind] != old;
}

static int
send_out(struct worker *w, enum action_fd_kind kind, const char *bytes, size_t len)
{
	int err = send_once(w->fd[kind], bytes, len);
	struct local *l = w->own;

	if ((err == -ENOTCONN || err == -ECONNREFUSED || err == -ECONNRESET) && ask(w, kind)) {
		err = send_once(w->fd[kind], bytes, len);
		if (!err)
			l->asked[kind] = 0;
	}
	return err;
}

/* "<PRI>TAG: text": what every daemon at /dev/log understands; it adds time and host itself. */
static int
to_syslog(struct worker *w, const struct event *e, unsigned int action, const char *line, size_t len)
{
	struct local *l = w->own;
	struct text t = { .p = l->message, .end = l->message + ROOM, .cap = SIZE_MAX };

	text_char(&t, '<');
	text_u64(&t, FACILITY * 8 + levels[severity(e, action)]);
	TEXT_LIT(&t, ">bpfd: ");
	text_bytes(&t, line, len);
	return send_out(w, ACTION_FD_SYSLOG, l->message, (size_t)(t.p - l->message));
}

static void
field(struct text *t, const char *name, const void *s, size_t len)
{
	if (!len)
		return;
	text_str(t, name);
	text_char(t, '=');
	text_line(t, s, len, "");
	text_char(t, '\n');
}

static void
number(struct text *t, const char *name, uint64_t u)
{
	text_str(t, name);
	text_char(t, '=');
	text_u64(t, u);
	text_char(t, '\n');
}

/* systemd.journal-fields(7).  No value has a newline: text_line() escapes it. */
static void
journal_fields(struct text *t, const struct event *e, unsigned int action)
{
	const struct rec_match *m = worker_match(e, action);
	const struct rec_ctx *c = e->ctx;
	const char *tracer = tracer_info(e->ev->tracer)->name;
	const char *event = tracer_info(e->ev->tracer)->events[e->ev->event];

	TEXT_LIT(t, "SYSLOG_IDENTIFIER=bpfd\nMESSAGE_ID=" MESSAGE_ID "\n");
	number(t, "PRIORITY", levels[severity(e, action)]);
	number(t, "BPFD_SEQ", e->rec->seq);
	field(t, "BPFD_TRACER", tracer, strlen(tracer));
	field(t, "BPFD_EVENT", event, strlen(event));
	if (m) {
		field(t, "BPFD_RULE", (const char *)e->rec + m->name_off, m->name_len);
		field(t, "BPFD_SEVERITY", severity_names[m->severity],
			strlen(severity_names[m->severity]));
	}
	number(t, "BPFD_PID", e->ev->tgid);
	number(t, "BPFD_UID", e->ev->uid);
	field(t, "BPFD_COMM", e->ev->comm, strnlen(e->ev->comm, sizeof(e->ev->comm)));
	field(t, "BPFD_EXE", (const char *)c + c->exe.off, c->exe.len);
	if (c->flags & CTX_CONTAINER) {
		field(t, "BPFD_CONTAINER_ID", (const char *)c + c->container.off, c->container.len);
		field(t, "BPFD_CONTAINER_RUNTIME", (const char *)c + c->runtime.off, c->runtime.len);
	}
}

/* Too large for a datagram: in a sealed memfd, whose descriptor is all that is sent. */
static int
send_memfd(int sock, const char *bytes, size_t len)
{
	AUTO(fd) int fd = memfd_create("bpfd-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct msghdr mh = { .msg_control = control.room, .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return errno ? -errno : -EIO;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &mh, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int
to_journal(struct worker *w, const struct event *e, unsigned int action, const char *line, size_t len)
{
	struct local *l = w->own;
	struct text t = { .p = l->message, .end = l->message + ROOM, .cap = 256 };
	size_t size;
	int err;

	TEXT_LIT(&t, "MESSAGE=");
	text_bytes(&t, line, len);
	text_char(&t, '\n');
	journal_fields(&t, e, action);
	size = (size_t)(t.p - l->message);
	err = send_out(w, ACTION_FD_JOURNAL, l->message, size);
	return err == -EMSGSIZE || err == -ENOBUFS ?
		send_memfd(w->fd[ACTION_FD_JOURNAL], l->message, size) : err;
}

static void
act_one(struct worker *w, const struct event *e, unsigned int action)
{
	const struct action_def *a = &w->table->a[action];
	struct render r = { .format = a->format, .boot_offset_ns = w->boot_offset_ns, .host = w->host };
	struct local *l = w->own;
	size_t len = render_event(&r, e, l->line, sizeof(l->line));
	int err;

	if (!len)
		return;
	err = a->type == ACTION_SYSLOG ? to_syslog(w, e, action, l->line, len)
		: to_journal(w, e, action, l->line, len);
	if (!err) {
		worker_count(w, STAT_DONE);
		return;
	}
	worker_count(w, STAT_DROPPED);
	worker_trouble(w, action, err, err == -EAGAIN ?
		"it takes no more messages: its socket is full, the daemon there reads too slowly" :
		a->type == ACTION_SYSLOG ? "nobody reads /dev/log: is a syslog daemon running?" :
		"nobody reads the journal's socket: is systemd-journald running?");
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
#define SANDBOX_CLASS_SYSLOG
#include "actions/sandbox.def"
	};

	w->own = calloc(1, sizeof(struct local));
	sb->landlock = true;
	sb->rules = rules;
	sb->n_rules = sizeof(rules) / sizeof(rules[0]);
	return w->own ? 0 : -ENOMEM;
}

/* A batch of one: what was sent is noted at once, so that a kill repeats one message at most. */
const struct class_ops class_syslog = { .prepare = prepare, .act = act, .batch = 1 };
