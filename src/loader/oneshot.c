/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/oneshot.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "loader/handlers.h"
#include "loader/loader.h"

static int
left_ms(int64_t deadline)
{
	int64_t left = deadline - clock_ms();

	return left < 0 ? 0 : (int)left;
}

static int
helper_came(struct loader *ld, const struct msg_helper *m, int *fds)
{
	if (ld->oneshot.stale) {	/* answers come in order: this one is too late */
		ld->oneshot.stale--;
		return 0;
	}
	if (!ld->oneshot.wanted || ld->oneshot.fd >= 0)
		return 0;
	ld->oneshot.id = m->id;
	ld->oneshot.fd = TAKE_FD(fds[0]);
	return 0;
}

int
oneshot_order(struct loader *ld)
{
	const struct msg_helper want = { .kind = HELPER_KIND_ONESHOT };
	int err = ld->oneshot.ordered ? 0 : chan_send(ld->sup, IPC_HELPER_WANTED, 0, &want, NULL);

	ld->oneshot.ordered = !err;
	return err;
}

int
on_HELPER_ONESHOT(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_helper *m, int *fds)
{
	if (!ld->oneshot.ordered)
		return helper_came(ld, m, fds);
	/* One is like another: who waits gets the next. */
	ld->oneshot.ordered = false;
	tracers_rings_begin(ld, TAKE_FD(fds[0]));
	return 0;
}

void
oneshot_failed(struct loader *ld, uint32_t kind, int err)
{
	if (kind == HELPER_KIND_ONESHOT && ld->oneshot.ordered) {
		ld->oneshot.ordered = false;
		tracers_rings_begin(ld, err);
	} else if (ld->oneshot.stale) {
		ld->oneshot.stale--;
	} else if (ld->oneshot.wanted) {
		ld->oneshot.err = err;
	}
}

int
on_HELPER_XDP(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_helper *m,
	int *fds)
{
	return helper_came(ld, m, fds);
}

/* Waits for the supervisor to start one; whatever else it says meanwhile is served. */
static int
start_one(struct loader *ld, uint32_t kind, int64_t deadline)
{
	const struct msg_helper want = { .kind = kind };
	int err = chan_send(ld->sup, IPC_HELPER_WANTED, 0, &want, NULL);

	ld->oneshot.wanted = true;
	ld->oneshot.fd = -1;
	ld->oneshot.err = 0;
	while (!err && ld->oneshot.fd < 0) {
		struct peer p = { ld->sup, NULL };
		struct chan_msg m;

		err = chan_wait(ld->sup, &m, left_ms(deadline));
		if (err == 0)
			err = -EPIPE;
		if (err > 0) {
			err = loader_dispatch(ld, &p, &m);
			chan_drop_fds(&m);
		}
		if (!err)
			err = ld->oneshot.err;
	}
	ld->oneshot.wanted = false;
	if (err == -ETIMEDOUT)
		ld->oneshot.stale++;
	return err ? err : TAKE_FD(ld->oneshot.fd);
}

static const char *
name_of(uint32_t kind)
{
	return kind == HELPER_KIND_XDP ? "bpfd-xdp" : "bpfd-oneshot";
}

static void
kill_one(struct loader *ld, uint32_t kind)
{
	const struct msg_helper kill = { .kind = kind, .id = ld->oneshot.id };

	chan_send(ld->sup, IPC_HELPER_KILL, 0, &kill, NULL);
}

int
oneshot_ask(struct loader *ld, uint32_t kind, enum ipc_type type, const void *payload, const int *fds,
	int64_t deadline, struct chan **ch, struct msg_result *res)
{
	AUTO(chan) struct chan *new = NULL;
	int err = start_one(ld, kind, deadline);

	if (err >= 0)
		err = chan_new(err, ROLE_LOADER, kind == HELPER_KIND_XDP ? FROM_XDP : FROM_ONESHOT, &new);
	if (!err) {
		chan_set_phase(new, PHASE_RUN);
		err = chan_send(new, type, 0, payload, fds);
	}
	if (err)
		return result_set(res, err == -ETIMEDOUT ? IPC_DEADLINE_EXCEEDED : IPC_UNAVAILABLE, err,
			"%s could not be started (%s); bpfd's log says more", name_of(kind),
			strerrordesc_np(-err));
	ld->counts.oneshots++;
	*ch = TAKE_PTR(new);
	return 0;
}

int
oneshot_answer(struct loader *ld, uint32_t kind, struct chan *ch, int64_t deadline, struct chan_msg *m,
	struct msg_result *res)
{
	int err = chan_wait(ch, m, left_ms(deadline));

	if (err > 0)
		return 0;
	if (err == -ETIMEDOUT) {
		kill_one(ld, kind);
		return result_set(res, IPC_DEADLINE_EXCEEDED, err, "%s did not answer in time", name_of(kind));
	}
	return result_set(res, IPC_UNAVAILABLE, err ? err : -EPIPE,
		"%s ended before it answered; try again, and see bpfd's log", name_of(kind));
}

static int
take_result(const struct chan_msg *m, struct msg_result *res)
{
	const struct msg_result *r = m->payload;

	if (m->hdr.type != IPC_ONE_RESULT || !IPC_STR_OK(r->text) || r->code > IPC_UNAUTHENTICATED)
		return result_set(res, IPC_INTERNAL, -EPROTO, "bpfd-oneshot gave the wrong answer");
	*res = *r;
	return res->code == IPC_OK ? 0 : res->err < 0 ? res->err : -EIO;
}

/* One answer of the type want, with its descriptor where fd is not NULL. */
static int
one(struct loader *ld, enum ipc_type type, const void *payload, const int *fds, enum ipc_type want,
	struct msg_one_fd *facts, int *fd, struct msg_result *res)
{
	int64_t deadline = clock_ms() + ONESHOT_TIMEOUT_MS;
	AUTO(chan) struct chan *ch = NULL;
	struct chan_msg m;
	int err = oneshot_ask(ld, HELPER_KIND_ONESHOT, type, payload, fds, deadline, &ch, res);

	if (!err)
		err = oneshot_answer(ld, HELPER_KIND_ONESHOT, ch, deadline, &m, res);
	if (err)
		return err;
	if (m.hdr.type == want) {
		*facts = *(const struct msg_one_fd *)m.payload;
		if (fd)
			*fd = TAKE_FD(m.fds[0]);
		return 0;
	}
	err = take_result(&m, res);
	chan_drop_fds(&m);
	return err ? err : result_set(res, IPC_INTERNAL, -EPROTO, "bpfd-oneshot gave %s",
		fd ? "no descriptor" : "the wrong answer");
}

int
oneshot_do(struct loader *ld, enum ipc_type type, const void *payload, const int *fds,
	struct msg_one_fd *facts, struct msg_result *res)
{
	return one(ld, type, payload, fds, IPC_ONE_FACTS, facts, NULL, res);
}

int
oneshot_fd(struct loader *ld, enum ipc_type type, const void *payload, const int *fds,
	struct msg_one_fd *facts, int *fd, struct msg_result *res)
{
	return one(ld, type, payload, fds, IPC_ONE_FD, facts, fd, res);
}

int
oneshot_fds(struct loader *ld, enum ipc_type type, const void *payload, const int *fds,
	int (*each)(void *arg, int take_fd, struct msg_result *res), void *arg, struct msg_result *res)
{
	int64_t deadline = clock_ms() + ONESHOT_TIMEOUT_MS;
	AUTO(chan) struct chan *ch = NULL;
	struct chan_msg m;
	int err = oneshot_ask(ld, HELPER_KIND_ONESHOT, type, payload, fds, deadline, &ch, res);

	while (!err) {
		err = oneshot_answer(ld, HELPER_KIND_ONESHOT, ch, deadline, &m, res);
		if (err)
			return err;
		if (m.hdr.type != IPC_ONE_FD) {
			err = take_result(&m, res);
			chan_drop_fds(&m);
			return err;
		}
		err = each(arg, TAKE_FD(m.fds[0]), res);
	}
	return err;
}

int
oneshot_each(struct loader *ld, enum ipc_type type, const void *payload,
	int (*each)(void *arg, const struct chan_msg *m), void *arg, struct msg_result *res)
{
	int64_t deadline = clock_ms() + ONESHOT_TIMEOUT_MS;
	AUTO(chan) struct chan *ch = NULL;
	struct chan_msg m;
	int err = oneshot_ask(ld, HELPER_KIND_ONESHOT, type, payload, NULL, deadline, &ch, res);

	while (!err) {
		err = oneshot_answer(ld, HELPER_KIND_ONESHOT, ch, deadline, &m, res);
		if (err)
			return err;
		if (m.hdr.type == IPC_ONE_RESULT || m.hdr.type == IPC_ONE_FD) {
			err = take_result(&m, res);
			chan_drop_fds(&m);
			return err;
		}
		err = each(arg, &m);
		if (err)
			return result_set(res, IPC_CANCELLED, err, "the list was given up");
	}
	return err;
}

/* A oneshot's answers are taken by oneshot_fd() and oneshot_each(), never here. */
int
on_ONE_FD(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_one_fd *m,
	int *fds)
{
	return -EPROTO;
}

int
on_ONE_FACTS(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_one_fd *m,
	int *fds)
{
	return -EPROTO;
}

int
on_ONE_PROG(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_prog_facts *m, int *fds)
{
	return -EPROTO;
}

int
on_ONE_LINK(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_link_seen *m,
	int *fds)
{
	return -EPROTO;
}

int
on_ONE_HOLDER(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_holder *m,
	int *fds)
{
	return -EPROTO;
}

int
on_ONE_RESULT(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_result *m,
	int *fds)
{
	return -EPROTO;
}
