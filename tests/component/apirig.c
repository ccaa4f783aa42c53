/* SPDX-License-Identifier: Apache-2.0 */
#include "component/apirig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/memfd.h"
#include "ipc/actions.h"
#include "unit/config_make.h"

static void
api_config(struct config *c)
{
	config_defaults(c);
	c->log_level = 3;
	c->limits_total_programs = 16;
}

int
apirig_open(struct apirig *r)
{
	const struct passwd *pw = getpwnam("bpfd-api");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char path[64];

	memset(r, 0, sizeof(*r));
	api_config(&r->cfg);
	pthread_mutex_init(&r->lock, NULL);
	r->next_id = 100;
	r->ring = r->cursor = r->wake = r->rules = -1;
	if (!pw)
		return -ENOENT;
	strcpy(r->dir, "/tmp/bpfd-apirig-XXXXXX");
	if (!mkdtemp(r->dir))
		return -errno;
	snprintf(path, sizeof(path), "%s/state", r->dir);
	if (mkdir(path, 0700) < 0 || chown(path, pw->pw_uid, pw->pw_gid) < 0)
		return -errno;
	r->state = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(r->sock, sizeof(r->sock), "%s/sock", r->dir);
	strcpy(sun.sun_path, r->sock);
	r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(r->listener, (struct sockaddr *)&sun, sizeof(sun)) < 0 || listen(r->listener, 64) < 0)
		return -errno;
	return 0;
}

static void
exec_api(const struct apirig *r, int channel)
{
	char self[256], path[320];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 3; up++)
		*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/bpfd-api", self);
	if (r->file_bytes)
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ r->file_bytes, r->file_bytes });
	dup2(channel, 3);
	fcntl(3, F_SETFD, 0);
	dup2(open("/dev/null", O_RDWR), 0);
	execl(path, "bpfd-api", NULL);
	_exit(127);
}

static void
send_events(struct apirig *r)
{
	static struct action_table table;
	AUTO(fd) int actions = -1;

	action_table_init(&table);
	actions = memfd_sealed("actions", &table, sizeof(table));
	chan_send(r->ctl, IPC_API_EVENTS, 0, NULL, (int[]){ r->ring, r->cursor, r->wake, actions });
	if (r->rules >= 0)
		chan_send(r->ctl, IPC_START_RULES, 0, NULL, &r->rules);
}

int
apirig_start(struct apirig *r)
{
	const struct msg_start start = { .flags = START_PRIVATE };
	const struct msg_listener listener = { .kind = LISTENER_MAIN };
	AUTO(fd) int cfg = memfd_sealed("config", &r->cfg, sizeof(r->cfg));
	struct chan_msg m;
	int fds[2], status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	chan_new(fds[0], ROLE_SUP, FROM_API, &r->ctl);
	r->api = fork();
	if (r->api == 0)
		exec_api(r, fds[1]);
	close(fds[1]);
	chan_send(r->ctl, IPC_START_API, 0, &start, (int[]){ cfg, r->state });
	chan_send(r->ctl, IPC_LISTENER, 0, &listener, &r->listener);
	if (r->events)
		send_events(r);
	chan_send(r->ctl, IPC_API_GO, 0, NULL, NULL);
	if (chan_wait(r->ctl, &m, 10000) > 0 && m.hdr.type == IPC_READY) {
		chan_set_phase(r->ctl, PHASE_RUN);
		return 0;
	}
	status = apirig_ended(r, 5000);
	return status > 0 ? status : -EPROTO;
}

int
apirig_ended(struct apirig *r, int ms)
{
	int status;

	for (; r->api > 0 && ms >= 0; ms -= 5) {
		if (waitpid(r->api, &status, WNOHANG) == r->api) {
			r->api = 0;
			chan_free(r->ctl);
			r->ctl = NULL;
			return status;
		}
		usleep(5000);
	}
	return -1;
}

void
apirig_kill(struct apirig *r)
{
	if (r->api > 0)
		kill(r->api, SIGKILL);
	apirig_ended(r, 5000);
	apirig_no_loader(r);
}

int
apirig_stop(struct apirig *r)
{
	const struct msg_stop stop = { 0 };

	chan_send(r->ctl, IPC_API_STOP, 0, &stop, NULL);
	return apirig_ended(r, 10000);
}

void
apirig_close(struct apirig *r)
{
	char path[64];

	apirig_kill(r);
	close(r->listener);
	close(r->state);
	for (const char *const *f = (const char *const[]){ "state/bpfd.db", "state/bpfd.db-wal", "state/images.db",
		     "state/images.db-wal", "sock", NULL }; *f; f++) {
		snprintf(path, sizeof(path), "%s/%s", r->dir, *f);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/state", r->dir);
	rmdir(path);
	rmdir(r->dir);
	pthread_mutex_destroy(&r->lock);
}
