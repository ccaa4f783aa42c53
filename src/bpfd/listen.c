/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"

#define LISTEN_FDS_START	3	/* sd_listen_fds(3) */
#define BACKLOG			512
#define GRACE_MS		1000
#define GRACE_STEP_MS		20

/* Sockets that init made for us: number of them, or an exit status below 0. */
static int
inherited(struct sup *s)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int n = pid && fds && strtol(pid, NULL, 10) == getpid() ? atoi(fds) : 0;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (n < 0 || n > LISTENERS_MAX)
		return log_err(-EINVAL, "start.listen", "LISTEN_FDS=%d at most %d are of use", n, LISTENERS_MAX);
	for (int i = 0; i < n; i++) {
		int fd = LISTEN_FDS_START + i, domain = 0, listening = 0;
		socklen_t len = sizeof(int);

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 || domain != AF_UNIX ||
		    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0 || !listening ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
			return log_err(-EINVAL, "start.listen", "fd=%d it is not a listening unix socket", fd);
		s->listeners[s->n_listeners++] = fd;
	}
	s->activated = n > 0;
	return n;
}

/* Does a server answer there?  The children of a supervisor that was killed do for a moment. */
static bool
is_served(const struct sockaddr_un *sun)
{
	for (int i = 0; i < GRACE_MS / GRACE_STEP_MS; i++) {
		AUTO(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 && errno != EAGAIN)
			return false;
		poll(NULL, 0, GRACE_STEP_MS);
	}
	return true;
}

/* What is left of a dead bpfd goes away; the lock says that none of ours lives. */
static int
remove_stale(const struct sockaddr_un *sun)
{
	struct stat st;

	if (lstat(sun->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	if (is_served(sun))
		return -EADDRINUSE;
	return unlink(sun->sun_path) < 0 ? -errno : 0;
}

static int
open_socket(const char *path, gid_t group)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	AUTO(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t old;
	int err;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	err = remove_stale(&sun);
	if (err)
		return err;
	old = umask(0177);	/* until its group is set nobody else gets in */
	err = bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	umask(old);
	if (err)
		return err;
	if (chown(path, 0, group) < 0 || chmod(path, 0660) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int
refuse(struct sup *s, int err, const char *path)
{
	if (!s->activated && s->n_listeners > 0)
		unlink(s->paths.sock);	/* the first one went well */
	if (err == -ENOTSOCK)
		log_err(err, "start.listen", "path=%s what is there is not a socket", path);
	else if (err == -EADDRINUSE)
		log_err(err, "start.listen", "path=%s another server answers there; stop it first "
			"(systemctl stop bpfd.socket?)", path);
	else
		log_err(err, "start.listen", "path=%s", path);
	return err == -EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED;
}

int
listen_open(struct sup *s)
{
	const char *paths[LISTENERS_MAX] = { s->paths.sock, s->cfg->socket_compat_path };
	const struct group *gr = getgrnam(s->cfg->socket_group);
	int n = inherited(s);

	if (n < 0)
		return EXIT_FAILED;
	if (!gr) {
		log_err(-ENOENT, "start.listen", "group=%s there is no such group; run bpfd-setup-users, or set "
			"socket.group", s->cfg->socket_group);
		return EXIT_MISSING;
	}
	for (int i = n; i < LISTENERS_MAX && paths[i][0]; i++) {
		int fd = open_socket(paths[i], gr->gr_gid);

		if (fd < 0)
			return refuse(s, fd, paths[i]);
		s->listeners[s->n_listeners++] = fd;
	}
	return 0;
}

void
listen_close(struct sup *s)
{
	for (unsigned int i = 0; i < s->n_listeners; i++)
		close(s->listeners[i]);
	if (!s->activated && unlinkat(s->run_dir, "bpfd.sock", 0) < 0 && errno != ENOENT)
		log_err(-errno, "stop.listen", "path=%s", s->paths.sock);
	if (!s->activated && s->cfg->socket_compat_path[0])
		unlink(s->cfg->socket_compat_path);
}
