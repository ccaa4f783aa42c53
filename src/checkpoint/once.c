/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/once.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "common/auto.h"
#include "common/cgroup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "ipc/chan.h"
#include "ipc/config.h"

#define CONTROL_FD	3
#define REQUEST_MS	5000
#define LOOK_MS		50	/* how often what is written is summed up */
#define GRACE_MS	5000	/* from the limit until the program is killed */
#define OUTPUT_TAIL	65536

struct once {
	struct chan *ch;
	uint32_t seq;
	const struct config *cfg;
	const struct action_table *table;
	const struct action_def *a;
	int base, root;			/* folder of checkpoints; of the hierarchy */
	char base_path[PATH_MAX], cgroup_path[PATH_MAX];
	int cgroup;
	struct target target;
	struct freezer freezer;
	struct images im;
	uint64_t room;			/* bytes that it may take */
	pid_t program;
	int program_fd;
	struct reason why;
};

/* ---- the request ---- */

/* Letters, digits, "_.-", and no option: it becomes part of a file name and of arguments. */
static bool
id_ok(const char *id)
{
	size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return len > 0 && !id[len] && id[0] != '-' && id[0] != '.';
}

static bool
request_ok(const struct msg_checkpoint *m)
{
	return IPC_STR_OK(m->container) && IPC_STR_OK(m->cgroup) && m->cgroup[0] && m->cgroup[0] != '/' &&
		!strstr(m->cgroup, "..") && m->hierarchy <= 2 && id_ok(m->container);
}

static int
take(struct once *o, const struct msg_checkpoint *m, int *fds)
{
	int err = request_ok(m) ? config_receive(fds[0], &o->cfg) : -EPROTO;

	if (!err)
		err = action_table_receive(fds[1], &o->table);
	if (!err && (m->action >= o->table->n || o->table->a[m->action].type != ACTION_CHECKPOINT))
		err = -EPROTO;
	if (err)
		return err;
	o->a = &o->table->a[m->action];
	o->base = TAKE_FD(fds[2]);
	o->root = TAKE_FD(fds[3]);
	return 0;
}

/* ---- before the program ---- */

static int
path_of(int fd, char out[PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	return 0;
}

static bool
has_caps(void)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &hdr, data) < 0)
		return false;
	return !(PROGRAM_CAPS & ~((uint64_t)data[1].permitted << 32 | data[0].permitted));
}

static int
find(struct once *o, const struct msg_checkpoint *m, pid_t peer)
{
	int err;

	o->cgroup = cgroup_open(o->root, m->cgroup);
	if (o->cgroup < 0) {
		reason_set(&o->why, o->cgroup == -ENOENT ? 0 : o->cgroup, "there is no such cgroup any more");
		o->why.outcome = o->cgroup == -ENOENT ? OUTCOME_GONE : OUTCOME_FAILED;
		return -1;
	}
	if (target_find(o->cgroup, peer, &o->target, &o->why))
		return -1;
	err = path_of(o->cgroup, o->cgroup_path);
	if (!err)
		err = freezer_open(o->cgroup, m->hierarchy == 1, &o->freezer);
	if (!err && o->a->flags & CHECKPOINT_FREEZE && !o->freezer.frozen)
		err = freezer_freeze(&o->freezer);
	return err ? reason_set(&o->why, err, "the container cannot be frozen") : 0;
}

static int
make_room(struct once *o)
{
	uint64_t used, all = o->cfg->actions_checkpoint_bytes;
	int err = images_bytes(o->base, &used);

	if (err)
		return reason_set(&o->why, err, "%.150s cannot be read", o->base_path);
	if (used >= all)
		return reason_set(&o->why, -ENOSPC, "%.100s is full (%llu of %llu bytes): remove checkpoints, or raise "
			"actions.checkpoint_bytes", o->base_path, (unsigned long long)used, (unsigned long long)all);
	o->room = all - used < o->a->max_bytes ? all - used : o->a->max_bytes;
	return 0;
}

static int
start(struct once *o, const struct msg_checkpoint *m)
{
	char dir[PATH_MAX + IMAGE_NAME];
	const struct program_words words = { .id = m->container, .dir = dir, .cgroup = o->cgroup_path,
		.pid = o->target.pid, .frozen = o->freezer.frozen };
	AUTO(mem) char **argv = NULL;
	AUTO(fd) int exe = -1;
	int err;

	if (make_room(o) || program_open(o->a->path, &exe, &o->why))
		return -1;
	err = images_begin(o->base, m, &o->im);
	if (err)
		return reason_set(&o->why, err, "no folder can be made in %.150s", o->base_path);
	snprintf(dir, sizeof(dir), "%s/%s", o->base_path, o->im.part);
	argv = program_argv(o->a, &words);
	err = argv ? program_start(exe, argv, &o->im, o->room, &o->program) : -ENOMEM;
	if (err)
		return reason_set(&o->why, err, "%.150s cannot be started", o->a->path);
	o->program_fd = (int)syscall(SYS_pidfd_open, o->program, 0);
	return 0;
}

static int
seal(const struct once *o)
{
	static const struct sandbox_rule rules[] = {
#include "checkpoint/sandbox.def"
	};
	const struct sandbox sb = { .name = "bpfd-checkpoint", .root_fd = o->base, .limits = { .nofile = 64 },
		.rules = rules, .n_rules = ARRAY_SIZE(rules) };
	int err = sandbox_enter(&sb);

	/* Who started it may end first: the container is let go all the same. */
	return err ? err : prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0 ? -errno : 0;
}

/* ---- while it runs ---- */

/* Why it has to stop, or 0. */
static int
over(struct once *o, int64_t deadline)
{
	struct pollfd gone = { .fd = chan_fd(o->ch), .events = POLLIN };
	uint64_t bytes = 0;
	int err;

	if (poll(&gone, 1, 0) != 0)
		return reason_set(&o->why, -ECANCELED, "bpfd or its worker ended meanwhile");
	if (clock_ms() > deadline)
		return reason_set(&o->why, -ETIMEDOUT, "it took longer than %llu ms (timeout_ms)",
			(unsigned long long)o->a->timeout_ms);
	err = images_bytes(o->im.dir, &bytes);
	if (err)
		return reason_set(&o->why, err, "what is written cannot be summed up");
	return bytes <= o->room ? 0 : reason_set(&o->why, -EFBIG, "it takes more than %llu bytes (max_bytes, "
		"actions.checkpoint_bytes)", (unsigned long long)o->room);
}

/*
 * At a limit it may write no further byte.  criu then fails by itself, and leaves the container's
 * processes and network as they were, which one that is killed would not.
 */
static int
run(struct once *o)
{
	const struct rlimit nothing = { 0, 0 };
	int64_t deadline = clock_ms() + (int64_t)o->a->timeout_ms;
	struct pollfd ended = { .fd = o->program_fd, .events = POLLIN };
	bool stopping = false;
	int status = 0;
	pid_t got;

	while ((got = waitpid(o->program, &status, WNOHANG)) == 0) {
		if (!stopping && over(o, deadline)) {
			stopping = true;
			deadline = clock_ms() + GRACE_MS;
			if (prlimit(o->program, RLIMIT_FSIZE, &nothing, NULL) < 0)
				deadline = 0;
		}
		if (stopping && clock_ms() > deadline)
			kill(-o->program, SIGKILL);
		poll(&ended, 1, LOOK_MS);
	}
	kill(-o->program, SIGKILL);	/* whatever it left behind in its session */
	if (got < 0 && !stopping)
		return reason_set(&o->why, -errno, "nothing is known of its program's end");
	return stopping ? -1 : status;
}

/* One that ended had its number free for another, whom criu could have met. */
static bool
still_the_same(struct once *o)
{
	struct pollfd ended = { .fd = o->target.pidfd, .events = POLLIN };

	if (o->a->flags & CHECKPOINT_COMMAND || o->a->after == CHECKPOINT_KILL || poll(&ended, 1, 0) == 0)
		return true;
	reason_set(&o->why, -ESRCH, "its first process ended meanwhile");
	return false;
}

/* ---- what came of it ---- */

static void
tell_failure(struct once *o, int status)
{
	AUTO(fd) int fd = openat(o->im.dir, OUTPUT_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO(mem) char *tail = malloc(OUTPUT_TAIL);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = 0;
	char line[160] = "";

	if (tail && fd >= 0 && lseek(fd, size > OUTPUT_TAIL ? size - OUTPUT_TAIL : 0, SEEK_SET) >= 0)
		n = read(fd, tail, OUTPUT_TAIL);
	if (n > 0)
		reason_of_output(tail, (size_t)n, line, sizeof(line));
	reason_set(&o->why, status, "%.80s failed: %s", strrchr(o->a->path, '/') + 1, line);
}

static int
finish(struct once *o)
{
	struct image_sum sum;
	int err = images_finish(&o->im, &sum);

	if (err)
		return reason_set(&o->why, err, "what was written cannot be summed up");
	o->why.err = 0;
	o->why.outcome = OUTCOME_DONE;
	log_info("checkpoint.done", "dir=%s/%s", o->base_path, o->im.name);
	snprintf(o->why.text, sizeof(o->why.text), "%s: %llu bytes in %llu files, SHA256SUMS is %s", o->im.name, (unsigned long long)sum.bytes, (unsigned long long)sum.files, sum.digest);
	return 0;
}

/* As it was found, whatever happened, but for what is to be after it. */
static void
let_go(struct once *o, bool done)
{
	bool ends = done && o->a->after == CHECKPOINT_KILL;
	bool frozen = o->a->after == CHECKPOINT_PAUSE || (o->freezer.was_frozen && !ends);
	/* What nobody here froze is another's to thaw. */
	int err = frozen == o->freezer.was_frozen && !o->freezer.frozen ? 0 : freezer_leave(&o->freezer, frozen);

	if (err)
		log_err(err, "checkpoint.freezer", "frozen=%d the container is not left as it should be", frozen);
}

static void
checkpoint(struct once *o, const struct msg_checkpoint *m, pid_t peer)
{
	int status = -1, err = find(o, m, peer) || start(o, m) ? -1 : 0;

	if (!err && seal(o) < 0) {
		kill(-o->program, SIGKILL);
		err = reason_set(&o->why, -EPERM, "bpfd-checkpoint cannot confine itself");
	}
	if (!err)
		status = run(o);
	let_go(o, !status);
	if (status > 0)
		tell_failure(o, status);
	if (status || !still_the_same(o) || finish(o))
		images_drop(&o->im);
}

static int
serve(struct once *o, struct chan_msg *m, pid_t peer)
{
	struct msg_checkpoint req;
	struct msg_checkpoint_done done = { 0 };
	int err;

	memcpy(&req, m->payload, sizeof(req));
	o->seq = m->hdr.seq;
	err = take(o, &req, m->fds);
	if (err)
		return log_err(err, "checkpoint.refused", "action=%u", req.action);
	if (!has_caps())
		reason_set(&o->why, -EPERM, "bpfd-checkpoint was started without the capabilities that this takes: enable "
			"bpfd-checkpoint.socket");
	else if (path_of(o->base, o->base_path) < 0)
		reason_set(&o->why, -errno, "the folder of checkpoints has no path");
	else
		checkpoint(o, &req, peer);
	done.err = o->why.err;
	done.outcome = o->why.outcome;
	memcpy(done.text, o->why.text, sizeof(done.text));
	return chan_send(o->ch, IPC_CHECKPOINT_DONE, o->seq, &done, NULL);
}

int
once(void)
{
	static struct once o = { .base = -1, .root = -1, .cgroup = -1, .freezer.state = -1, .im.dir = -1,
		.target.pidfd = -1, .program_fd = -1 };
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	struct chan_msg m;

	if (sandbox_close_from(CONTROL_FD + 1) < 0 ||
	    getsockopt(CONTROL_FD, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.uid != 0) {
		log_err(-EPERM, "checkpoint.refused", "uid=%u only root's bpfd is answered", (unsigned int)peer.uid);
		return 1;
	}
	if (chan_new(CONTROL_FD, ROLE_CHECKPOINT, FROM_SUP, &o.ch) < 0)
		return 1;
	chan_set_phase(o.ch, PHASE_RUN);
	if (chan_wait(o.ch, &m, REQUEST_MS) <= 0)
		return 1;
	return serve(&o, &m, peer.pid) < 0 ? 1 : 0;
}
