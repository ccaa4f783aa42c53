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

/* A process that serves one request. */
struct helper {
	struct task task;
	uint32_t kind, id;
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
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		log_info("helper.ended", "name=%s id=%u %s", t->name, h->id, proc_death(status));
	if (t->sup->children[LOADER].ready && h->id)
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

/* The linker finds START_LINKER in its channel before the loader has the other end. */
static int
hand_over_linker(struct sup *s, uint32_t id, int loader_end, uint32_t flags)
{
	const struct msg_start_linker start = { .arena_bytes = ARENA_BYTES,
		.memory_bytes = s->cfg->limits_linker_memory_bytes, .cpu_s = s->cfg->limits_linker_cpu_s,
		.flags = flags | (s->cfg->linker_spare_btf ? LINKER_SPARE_BTF : 0) };
	const struct msg_helper msg = { .kind = HELPER_KIND_LINKER, .id = id };
	AUTO(fd) int mem = arena();
	struct chan *ch;
	int err;

	if (mem < 0) {
		close(loader_end);
		return mem;
	}
	err = chan_new(loader_end, ROLE_SUP, FROM_LINKER, &ch);
	if (err)
		return err;
	err = chan_send_nonblock(ch, IPC_START_LINKER, 0, &start, (int[]){ mem, s->empty });
	if (!err)
		err = child_say(&s->children[LOADER], IPC_HELPER_LINKER, 0, &msg, (int[]){ chan_fd(ch), mem });
	chan_free(ch);
	return err;
}

static int
hand_over(struct sup *s, uint32_t kind, uint32_t id, int loader_end)
{
	const struct msg_helper msg = { .kind = kind, .id = id };
	AUTO(fd) int fd = loader_end;

	return child_say(&s->children[LOADER], kind == HELPER_KIND_XDP ? IPC_HELPER_XDP : IPC_HELPER_ONESHOT,
		0, &msg, &fd);
}

static int
wanted(struct sup *s, uint32_t kind, uint32_t linker_flags)
{
	uint32_t id;
	int sv[2], err;

	if (too_many(s))
		return -EAGAIN;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	id = ++s->next_helper ? s->next_helper : ++s->next_helper;
	err = start(s, kind, id, sv[1], NULL);
	close(sv[1]);
	if (err) {
		close(sv[0]);
		return err;
	}
	err = kind == HELPER_KIND_LINKER ? hand_over_linker(s, id, sv[0], linker_flags) :
		hand_over(s, kind, id, sv[0]);
	if (err)
		helper_kill(s, id);
	return err;
}

int
helper_give(struct sup *s, uint32_t kind, uint32_t linker_flags)
{
	const struct msg_helper_gone gone = { .kind = kind, .err = wanted(s, kind, linker_flags) };

	return gone.err ? child_say(&s->children[LOADER], IPC_HELPER_GONE, 0, &gone, NULL) : 0;
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
	for (struct helper *h = s->helpers; h; h = h->next)
		task_kill(&h->task);
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
