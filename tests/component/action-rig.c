/* SPDX-License-Identifier: Apache-2.0 */
#include "action-rig.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/open.h"
#include "common/auto.h"
#include "common/memfd.h"
#include "unit/config_make.h"

#define RING_BYTES (4 << 20)

static const char *const users[] = {
#define ACTION_CLASS(id, name, exe, user, caps, help) user,
#include "ipc/classes.def"
};

uint64_t
arig_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
arig_open(struct arig *r, enum action_class class)
{
	const struct passwd *pw = getpwnam(users[class]);

	memset(r, 0, sizeof(*r));
	if (geteuid() != 0 || !pw) {
		print_message("needs root and the users of tools/bpfd-setup-users\n");
		skip();
	}
	r->class = class;
	r->pid = -1;
	config_defaults(&r->cfg);
	r->cfg.log_level = 3;
	action_table_init(&r->table);
	strcpy(r->dir, "/tmp/bpfd-action-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	assert_int_equal(chown(r->dir, pw->pw_uid, pw->pw_gid), 0);
	r->dir_fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->ring_fd = ring_memfd(RING_BYTES);
	r->ring_ro = ring_readonly(r->ring_fd);
	r->cursor = ring_cursor_memfd();
	r->cursor_ro = ring_readonly(r->cursor);
	r->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_int_equal(ring_new(r->ring_fd, RING_BYTES, &r->ring), 0);
	assert_int_equal(ring_watch(r->ring, r->cursor_ro, r->event_fd), 0);
}

void
arig_close(struct arig *r)
{
	char command[128];

	if (r->pid > 0)
		arig_kill(r);
	ring_free(r->ring);
	close(r->ring_fd);
	close(r->ring_ro);
	close(r->cursor);
	close(r->cursor_ro);
	close(r->event_fd);
	close(r->dir_fd);
	close(r->proc_fd);
	snprintf(command, sizeof(command), "rm -rf %s", r->dir);
	assert_int_equal(system(command), 0);
}

void
arig_give(struct arig *r, enum action_fd_kind kind, uint32_t index, int fd)
{
	assert_true(r->n_given < ARRAY_SIZE(r->given));
	r->given[r->n_given].m = (struct msg_action_fd){ .kind = kind, .index = index };
	r->given[r->n_given++].fd = fd;
}

static void
child(const struct arig *r, int chan)
{
	const char *build = getenv("BPFD_BUILD");
	int null = open("/dev/null", O_RDWR);
	char path[512];

	snprintf(path, sizeof(path), "%s/bpfd-action", build ? build : ".");
	chan = fcntl(chan, F_DUPFD, 10);
	dup2(null, 0);
	dup2(null, 1);
	if (!getenv("ACTION_LOG"))
		dup2(null, 2);
	dup2(chan, 3);
	closefrom(4);
	execl(path, path, action_class_names[r->class], (char *)NULL);
	_exit(127);
}

static void
greet(struct arig *r)
{
	const struct msg_start_action start = { .ring_bytes = RING_BYTES, .class_ = r->class,
		.flags = r->flags };
	AUTO(fd) int cfg = memfd_sealed("config", &r->cfg, sizeof(r->cfg));
	AUTO(fd) int table = memfd_sealed("actions", &r->table, sizeof(r->table));
	const struct msg_none none;

	if (cfg < 0 || table < 0 || r->ring_ro < 0)
		fail_msg("configuration %d, table %d, ring %d", cfg, table, r->ring_ro);
	assert_int_equal(chan_send(r->sup, IPC_START_ACTION, 0, &start,
		(int[]){ cfg, table, r->ring_ro }), 0);
	assert_int_equal(chan_send(r->sup, IPC_ACTION_CURSOR, 0, &none,
		(int[]){ r->cursor, r->event_fd }), 0);
	for (unsigned int i = 0; i < r->n_given; i++)
		assert_int_equal(chan_send(r->sup, IPC_ACTION_FD, 0, &r->given[i].m, &r->given[i].fd), 0);
	assert_int_equal(chan_send(r->sup, IPC_ACTION_FD, 0,
		&(struct msg_action_fd){ .kind = ACTION_FD_EMPTY_DIR }, &r->dir_fd), 0);
	assert_int_equal(chan_send(r->sup, IPC_ACTION_GO, 0, &none, NULL), 0);
}

void
arig_start(struct arig *r)
{
	struct chan_msg m;
	int sv[2], ev[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ev), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0)
		child(r, sv[1]);
	close(sv[1]);
	assert_int_equal(chan_new(sv[0], ROLE_SUP, FROM_ACTION, &r->sup), 0);
	assert_int_equal(chan_new(ev[0], ROLE_ENRICHER, FROM_ACTION, &r->enricher), 0);
	greet(r);
	assert_int_equal(chan_wait(r->sup, &m, 5000), 1);
	assert_int_equal(m.hdr.type, IPC_READY);
	chan_set_phase(r->sup, PHASE_RUN);
	assert_int_equal(chan_send(r->sup, IPC_ACTION_ENRICHER, 0, &(struct msg_none){ }, &ev[1]), 0);
	close(ev[1]);
}

static void
gone(struct arig *r)
{
	r->pid = -1;
	chan_free(r->sup);
	chan_free(r->enricher);
	r->sup = r->enricher = NULL;
}

void
arig_kill(struct arig *r)
{
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	gone(r);
}

int
arig_stop(struct arig *r)
{
	int status = -1;

	assert_int_equal(chan_send(r->sup, IPC_ACTION_STOP, 0, &(struct msg_stop){ 0 }, NULL), 0);
	for (int i = 0; i < 500 && waitpid(r->pid, &status, WNOHANG) == 0; i++)
		usleep(10000);
	gone(r);
	return status;
}

uint64_t
arig_put(struct arig *r)
{
	void *to;
	uint64_t seq = ring_reserve(r->ring, r->made.len, &to);

	((struct rec_hdr *)r->made.bytes)->seq = seq;
	memcpy(to, r->made.bytes, r->made.len);
	ring_push(r->ring);
	return seq;
}

void
arig_commit(struct arig *r)
{
	ring_commit(r->ring);
}

bool
arig_result(struct arig *r, struct msg_action_result *out, int ms)
{
	struct chan_msg m;

	if (chan_wait(r->enricher, &m, ms) != 1)
		return false;
	assert_int_equal(m.hdr.type, IPC_ACTION_RESULT);
	memcpy(out, m.payload, sizeof(*out));
	return true;
}

uint64_t
arig_bit(const struct arig *r, const char *action)
{
	int i = action_by_name(&r->table, action);

	assert_true(i >= 0);
	return 1ULL << i;
}

void
arig_event(struct arig *r, const char *path, pid_t pid, uint64_t start_ns, const char *action,
	uint32_t match_flags)
{
	struct ev_open o = { .h = { .tracer = TR_OPEN, .ts = arig_now_ns(), .tgid = (uint32_t)pid,
		.tid = (uint32_t)pid, .ppid = 7, .uid = 1000, .gid = 1001, .start = start_ns, .comm = "thing" } };

	made_event(&r->made, &o, sizeof(o));
	made_str(&r->made, ev_open, path, path);
	made_ctx(&r->made, CTX_PROC)->exe_nlink = 1;
	made_ctx_str(&r->made, exe, "/usr/bin/thing");
	made_match(&r->made, "r1", arig_bit(r, action), match_flags);
	made_end(&r->made);
}

uint64_t
arig_start_ns(pid_t pid)
{
	char path[64], buf[1024], *p;
	AUTO(fd) int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, buf, sizeof(buf) - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	p = strrchr(buf, ')') + 2;
	for (int i = 3; i < 22; i++)
		p = strchr(p, ' ') + 1;
	return strtoull(p, NULL, 10) * 10000000 + 1234567;	/* what the ticks have lost */
}
