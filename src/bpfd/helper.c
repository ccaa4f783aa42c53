/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

#define ARENA_BYTES	(64u << 20)	/* sparse: a linker pays for what it writes */
#define UNMOUNT_MS	5000
#define KILLED_MS	1000

/* A process that serves one request. */
struct helper {
	struct task task;
	uint32_t kind, id;
	bool unwanted;			/* that it ends is no news */
	struct helper *next;
};

static void
on_ended(struct task *t, int status)
{
	struct helper *h = (struct helper *)t, **at = &t->sup->helpers;	/* its first member */
	struct msg_helper_gone gone = { .kind = h->kind, .id = h->id, .wait_status = status };

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	if (!h->unwanted && (!WIFEXITED(status) || WEXITSTATUS(status)))
		log_info("helper.ended", "name=%s id=%u %s", t->name, h->id, proc_death(status));
	if (t->sup->children[LOADER].ready && h->id && !h->unwanted)
		child_say(&t->sup->children[LOADER], IPC_HELPER_GONE, 0, &gone, NULL);
	free(h);
}

static const enum proc_id procs[] = { [HELPER_KIND_LINKER] = PROC_LINKER,
	[HELPER_KIND_ONESHOT] = PROC_ONESHOT, [HELPER_KIND_XDP] = PROC_XDP };

/* Every linker and oneshot that the loader may have at once, with some that are just ending. */
static bool
too_many(const struct sup *s)
{
	uint64_t n = 0;

	for (const struct helper *h = s->helpers; h; h = h->next)
		n++;
	return n >= 2 * s->cfg->limits_parallel_loads + s->cfg->linker_spare + 16;
}

static int
start(struct sup *s, uint32_t kind, uint32_t id, int channel, const char *peer)
{
	struct proc_start ps = { .id = procs[kind], .channel = channel, .args = { peer } };
	struct helper *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	h->task.sup = s;
	h->task.ended = on_ended;
	h->kind = kind;
	h->id = id;
	err = task_start(&h->task, &ps);
	if (err) {
		free(h);
		return err;
	}
	h->next = s->helpers;
	s->helpers = h;
	return 0;
}

/* Shared memory by which a linker and the loader exchange what is too large for a message. */
static int
arena(void)
{
	AUTO(fd) int fd = memfd_create("bpfd-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, ARENA_BYTES) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* *end: of the channel to it, the caller's. */
static int
begin(struct sup *s, uint32_t kind, uint32_t *id, int *end)
{
	int sv[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	*id = ++s->next_helper ? s->next_helper : ++s->next_helper;
	err = start(s, kind, *id, sv[1], NULL);
	close(sv[1]);
	if (err)
		close(sv[0]);
	else
		*end = sv[0];
	return err;
}

/* c: the configuration, or what is like it. */
#define START_LINKER_BY(c, more)                                                                   \
	{ .arena_bytes = ARENA_BYTES, .memory_bytes = (c)->limits_linker_memory_bytes,              \
		.cpu_s = (c)->limits_linker_cpu_s, .flags = (more) | ((c)->linker_spare_btf ? LINKER_SPARE_BTF : 0) }

/* The linker finds START_LINKER in its channel before the loader has the other end. */
static int
begin_linker(struct sup *s, const struct msg_start_linker *how, struct begun_linker *out)
{
	AUTO(fd) int mem = arena();
	struct begun_linker ln = { .how = *how };
	int end, err = mem < 0 ? mem : begin(s, HELPER_KIND_LINKER, &ln.id, &end);

	if (err)
		return err;
	err = chan_new(end, ROLE_SUP, FROM_LINKER, &ln.ch);
	if (!err)
		err = chan_send_nonblock(ln.ch, IPC_START_LINKER, 0, how, (int[]){ mem, s->empty });
	if (err) {
		chan_free(ln.ch);
		helper_kill(s, ln.id);
		return err;
	}
	ln.mem = TAKE_FD(mem);
	*out = ln;
	return 0;
}

/* The loader gets its end, or it is ended. */
static int
hand_over_linker(struct sup *s, struct begun_linker *ln)
{
	const struct msg_helper msg = { .kind = HELPER_KIND_LINKER, .id = ln->id };
	int err = child_say(&s->children[LOADER], IPC_HELPER_LINKER, 0, &msg, (int[]){ chan_fd(ln->ch), ln->mem });

	if (err)
		helper_kill(s, ln->id);
	chan_free(TAKE_PTR(ln->ch));
	close_keep_errno(TAKE_FD(ln->mem));
	return err;
}

static int
give_linker(struct sup *s, uint32_t flags)
{
	const struct msg_start_linker how = START_LINKER_BY(s->cfg, flags);
	struct begun_linker ln;
	int err = too_many(s) ? -EAGAIN : begin_linker(s, &how, &ln);

	return err ? err : hand_over_linker(s, &ln);
}

static int
give_other(struct sup *s, uint32_t kind)
{
	struct msg_helper msg = { .kind = kind };
	AUTO(fd) int end = -1;
	int err = too_many(s) ? -EAGAIN : begin(s, kind, &msg.id, &end);

	if (err)
		return err;
	err = child_say(&s->children[LOADER], kind == HELPER_KIND_XDP ? IPC_HELPER_XDP : IPC_HELPER_ONESHOT,
		0, &msg, &end);
	if (err)
		helper_kill(s, msg.id);
	return err;
}

int
helper_give(struct sup *s, uint32_t kind, uint32_t linker_flags)
{
	const struct msg_helper_gone gone = { .kind = kind,
		.err = kind == HELPER_KIND_LINKER ? give_linker(s, linker_flags) : give_other(s, kind) };

	return gone.err ? child_say(&s->children[LOADER], IPC_HELPER_GONE, 0, &gone, NULL) : 0;
}

void
helper_foresee(struct sup *s)
{
	static const struct {
#define CONF_UINT(section, key, dflt, min, max, help) uint64_t section##_##key;
#define CONF_BOOL(section, key, dflt, help)           uint64_t section##_##key;
#define CONF_WORD(section, key, dflt, words, help)
#define CONF_STR(section, key, dflt, room, help)
#define CONF_LIST(section, key, dflt, kind, help)
#include "ipc/config.def"
	} likely = {
#define CONF_UINT(section, key, dflt, min, max, help) dflt,
#define CONF_BOOL(section, key, dflt, help)           dflt,
#define CONF_WORD(section, key, dflt, words, help)
#define CONF_STR(section, key, dflt, room, help)
#define CONF_LIST(section, key, dflt, kind, help)
#include "ipc/config.def"
	};
	const struct msg_start_linker how = START_LINKER_BY(&likely, LINKER_FOR_TRACERS);

	if (likely.linker_spare)
		begin_linker(s, &how, &s->foreseen);	/* what fails is told when it is wanted */
}

/* It may be at work already: it ends, and nobody is told. */
static void
drop_foreseen(struct sup *s)
{
	struct begun_linker *ln = &s->foreseen;

	if (!ln->ch)
		return;
	for (struct helper *h = s->helpers; h; h = h->next)
		h->unwanted |= h->id == ln->id;
	helper_kill(s, ln->id);
	chan_free(TAKE_PTR(ln->ch));
	close_keep_errno(TAKE_FD(ln->mem));
}

int
helper_give_first(struct sup *s)
{
	const uint32_t flags = s->cfg->tracers_enabled.mask ? LINKER_FOR_TRACERS : 0;
	const struct msg_start_linker how = START_LINKER_BY(s->cfg, flags);
	struct begun_linker *ln = &s->foreseen;

	if (s->cfg->linker_spare && ln->ch && memcmp(&ln->how, &how, sizeof(how)) == 0)
		return hand_over_linker(s, ln);
	drop_foreseen(s);
	return s->cfg->linker_spare ? helper_give(s, HELPER_KIND_LINKER, flags) : 0;
}

void
helper_kill(struct sup *s, uint32_t id)
{
	for (struct helper *h = s->helpers; h; h = h->next)
		if (h->id == id)
			task_kill(&h->task);
}

void
helper_kill_all(struct sup *s)
{
	for (struct helper *h = s->helpers; h; h = h->next) {
		h->unwanted = true;
		task_kill(&h->task);
	}
}

void
helper_give_up(struct sup *s)
{
	int64_t deadline = clock_ms() + KILLED_MS;

	helper_kill_all(s);
	while (s->helpers && clock_ms() < deadline)
		if (loop_round(s->loop, deadline) < 0)
			return;
}

void
helper_tell(struct sup *s, uint32_t seq)
{
	for (const struct helper *h = s->helpers; h; h = h->next)
		child_tell(&s->children[API], seq, &h->task, s->uids[procs[h->kind]], 0);
}

/* The private instance's bpffs, by the one process that may: the supervisor has not the right. */
void
helper_unmount(struct sup *s)
{
	struct msg_umount req = { .name = "bpffs" };
	int64_t deadline = clock_ms() + UNMOUNT_MS;
	struct chan *ch;
	int sv[2], err;

	close_keep_errno(TAKE_FD(s->bpffs));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return;
	err = start(s, HELPER_KIND_ONESHOT, 0, sv[1], "sup");
	close(sv[1]);
	if (err || chan_new(sv[0], ROLE_SUP, FROM_ONESHOT, &ch)) {
		log_err(err ? err : -ENOMEM, "stop.unmount", "path=%s", s->paths.bpffs);
		return;
	}
	err = chan_send(ch, IPC_ONE_UMOUNT, 0, &req, &s->run_dir);
	while (!err && s->helpers && clock_ms() < deadline)
		err = loop_round(s->loop, deadline);
	if (err || s->helpers)
		log_err(err ? err : -ETIMEDOUT, "stop.unmount", "path=%s", s->paths.bpffs);
	chan_free(ch);
}
