/* SPDX-License-Identifier: Apache-2.0 */
#include "oneshot/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/closest.h"

#define FS_MAGIC_NSFS	0x6e736673
#define PID_MAX		4194304		/* PID_MAX_LIMIT of the kernel */

/* A decimal number 1..max and nothing else; 0 otherwise. */
static long
number(const char *s, long max)
{
	char *end;
	long v;

	if (*s < '0' || *s > '9')
		return 0;
	errno = 0;
	v = strtol(s, &end, 10);
	return *end || errno || v > max ? 0 : v;
}

int
netns_path(const char *spec, char *out, size_t size)
{
	long pid;
	int n;

	if (strncmp(spec, "pid:", 4) == 0) {
		pid = number(spec + 4, PID_MAX);
		if (!pid)
			return -EINVAL;
		n = snprintf(out, size, "/proc/%ld/ns/net", pid);
	} else if (spec[0] == '/') {
		n = snprintf(out, size, "%s", spec);
	} else {
		if (!spec[0] || strchr(spec, '/') || strcmp(spec, ".") == 0 || strcmp(spec, "..") == 0)
			return -EINVAL;
		n = snprintf(out, size, NETNS_DIR "/%s", spec);
	}
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* Looks at DIR/NAMEsuffix for every name in it. */
static int
find_in(const char *dir_path, const char *suffix, uint64_t ino, char *out, size_t size)
{
	DIR *dir = opendir(dir_path);
	const struct dirent *e;
	int found = -ENOENT;

	while (dir && found && (e = readdir(dir))) {
		struct statfs fs;
		struct stat st;
		int n = snprintf(out, size, "%s/%s%s", dir_path, e->d_name, suffix);

		if (n > 0 && (size_t)n < size && stat(out, &st) == 0 && st.st_ino == ino &&
		    statfs(out, &fs) == 0 && fs.f_type == FS_MAGIC_NSFS)
			found = 0;
	}
	if (dir)
		closedir(dir);
	return found;
}

int
netns_find(uint64_t ino, char *out, size_t size)
{
	int err = find_in(NETNS_DIR, "", ino, out, size);

	return err ? find_in("/proc", "/ns/net", ino, out, size) : 0;
}

static int
refuse_unknown(struct oneshot *o, const char *spec, int err)
{
	DIR *dir = opendir(NETNS_DIR);
	const struct dirent *e;
	char names[512] = "";
	size_t len = 0;

	while (dir && (e = readdir(dir))) {
		int n = e->d_name[0] == '.' ? 0 :
			snprintf(names + len, sizeof(names) - len, " %s", e->d_name);

		if (n > 0 && (size_t)n < sizeof(names) - len)
			len += (size_t)n;
		else
			names[len] = '\0';
	}
	if (dir)
		closedir(dir);
	if (strncmp(spec, "pid:", 4) == 0)
		return one_refuse(o, IPC_NOT_FOUND, err, "there is no process %s", spec + 4);
	return one_refuse(o, IPC_NOT_FOUND, err, "there is no network namespace %s; %s%s", spec,
		len ? "those in " NETNS_DIR ":" : "there are none in " NETNS_DIR, names);
}

static int
refuse_open(struct oneshot *o, const char *spec, int err)
{
	if (err == -ENOENT || err == -ENOTDIR || err == -ESRCH)
		return refuse_unknown(o, spec, err);
	if (err == -EACCES || err == -EPERM)
		return one_refuse(o, IPC_PERMISSION_DENIED, err,
			"the kernel does not let bpfd open the network namespace %s", spec);
	return one_refuse(o, IPC_INVALID_ARGUMENT, err, "cannot open the network namespace %s: %s",
		spec, strerrordesc_np(-err));
}

/* O_PATH opens nothing; what is proved to be a namespace is then opened by its descriptor. */
int
netns_open(struct oneshot *o, const char *spec, uint64_t *ino)
{
	char path[IPC_TARGET_MAX + 64], self[32];
	AUTO(fd) int handle = -1;
	AUTO(fd) int fd = -1;
	struct statfs fs;
	struct stat st;

	if (strncmp(spec, "ino:", 4) == 0) {
		if (netns_find(strtoull(spec + 4, NULL, 10), path, sizeof(path)) < 0)
			return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "the network namespace is gone");
	} else if (netns_path(spec, path, sizeof(path)) < 0) {
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "%s does not name a network "
			"namespace: use a path, a name in " NETNS_DIR ", or pid:N", spec);
	}
	handle = open(path, O_PATH | O_CLOEXEC);
	if (handle < 0)
		return refuse_open(o, spec, -errno);
	if (fstatfs(handle, &fs) == 0 && fs.f_type == FS_MAGIC_NSFS) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
		fd = open(self, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			return refuse_open(o, spec, -errno);
	}
	if (fd < 0 || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not a network namespace", spec);
	*ino = st.st_ino;
	return TAKE_FD(fd);
}

static int
refuse_ifname(struct oneshot *o, const char *ifname)
{
	static char table[65536];
	struct closest near;
	char *line, *save = NULL;

	closest_init(&near, ifname);
	if (one_read_file(AT_FDCWD, "/proc/self/net/dev", table, sizeof(table)) > 0)
		for (line = strtok_r(table, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			char *colon = strchr(line, ':');

			if (!colon)
				continue;
			*colon = '\0';
			closest_offer(&near, line + strspn(line, " "));
		}
	return one_refuse(o, IPC_NOT_FOUND, -ENODEV, "there is no interface %s in that network "
		"namespace%s", ifname, CLOSEST_TEXT(&near));
}

int
netns_ifindex(struct oneshot *o, const char *ifname)
{
	AUTO(fd) int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };

	if (sock < 0)
		return one_refuse(o, IPC_INTERNAL, -errno, "socket: %m");
	if (strlen(ifname) < sizeof(ifr.ifr_name)) {
		strcpy(ifr.ifr_name, ifname);
		if (ioctl(sock, SIOCGIFINDEX, &ifr) == 0)
			return ifr.ifr_ifindex;
	}
	ifr.ifr_ifindex = (int)number(ifname, INT32_MAX);
	if (ifr.ifr_ifindex && ioctl(sock, SIOCGIFNAME, &ifr) == 0)
		return (int)number(ifname, INT32_MAX);
	return refuse_ifname(o, ifname);
}
