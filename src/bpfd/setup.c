/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be there before anything is started: folders, lock, users, mounts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"

#define FOLDER_MAX (PATHS_MAX + sizeof(((struct config *)0)->actions_log_dir))

/* The folder and those above it.  *made: it was not there. */
static int
make_dirs(const char *path, mode_t mode)
{
	char part[PATH_MAX];

	for (const char *p = path + 1;; p++) {
		bool last = *p == '\0';

		if (*p != '/' && !last)
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		if (mkdir(part, last ? mode : 0755) < 0 && errno != EEXIST)
			return log_err(-errno, "start.folder", "path=%s", part);
		if (last)
			return 0;
	}
}

static int
open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? log_err(-errno, "start.folder", "path=%s", path) : fd;
}

static int
take_lock(struct sup *s)
{
	char text[32] = "";
	int n;

	s->lock = open(s->paths.lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (s->lock < 0)
		return log_err(-errno, "start.lock", "path=%s", s->paths.lock), EXIT_FAILED;
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0) {
		if (read(s->lock, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		log_err(-EBUSY, "start.lock", "path=%s another bpfd runs here (pid %d); use --root DIR for one "
			"of your own", s->paths.lock, atoi(text));
		return EXIT_IN_USE;
	}
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(s->lock, 0) < 0 || pwrite(s->lock, text, (size_t)n, 0) < 0)
		return log_err(-errno, "start.lock", "path=%s", s->paths.lock), EXIT_FAILED;
	return 0;
}

int
setup_users(struct sup *s)
{
	gid_t gid;

	for (size_t i = 0; i < N_PROCS; i++)
		if (strcmp(proc_infos[i].user, "root") == 0)
			s->uids[i] = 0;
		else if (sandbox_user(proc_infos[i].user, &s->uids[i], &gid))
			return EXIT_MISSING;
	return 0;
}

int
setup_places(struct sup *s)
{
	int status;

	umask(022);
	if (make_dirs(s->paths.run, 0755) || make_dirs(s->paths.empty, 0555) ||
	    make_dirs(s->paths.state, 0700) || make_dirs(s->paths.bpffs, 0700) || make_dirs(s->paths.spool, 0700))
		return EXIT_FAILED;
	if (s->paths.private && (make_dirs(s->paths.rules, 0755) || make_dirs(s->paths.actions, 0755)))
		return EXIT_FAILED;
	status = take_lock(s);
	if (status)
		return status;
	if (chown(s->paths.state, s->uids[PROC_API], (gid_t)-1) < 0 || chmod(s->paths.state, 0700) < 0)
		return log_err(-errno, "start.folder", "path=%s", s->paths.state), EXIT_FAILED;
	s->run_dir = open_dir(s->paths.run);
	s->empty = open_dir(s->paths.empty);
	s->state = open_dir(s->paths.state);
	s->lasting.spool_dir = open_dir(s->paths.spool);
	if (s->run_dir < 0 || s->empty < 0 || s->state < 0 || s->lasting.spool_dir < 0)
		return EXIT_FAILED;
	return key_read(s);
}

/* A folder that the configuration names, or one below --root, or the installed one. */
static void
folder_of(const struct sup *s, const char *name, const char *installed, char out[FOLDER_MAX])
{
	if (name[0] == '/')
		snprintf(out, FOLDER_MAX, "%s", name);
	else if (s->paths.private)
		snprintf(out, FOLDER_MAX, "%s/%s", s->opt.root, name);
	else
		snprintf(out, FOLDER_MAX, "%s", installed);
}

/*
 * Its owner is who writes there; a folder that somebody named and that was there before (/var/log?)
 * stays whose it is.  One that cannot be had is missed by log files only.
 */
void
setup_log_dir(struct sup *s)
{
	const uid_t owner = s->uids[PROC_CLASS(CLASS_OUTPUT)];
	const char *name = s->cfg->actions_log_dir;
	char path[FOLDER_MAX];
	struct stat st;
	bool ours;

	folder_of(s, name, s->paths.log, path);
	ours = name[0] != '/' || access(path, F_OK) < 0;
	if (make_dirs(path, 0750))
		return;
	s->lasting.log_dir = open_dir(path);
	if (s->lasting.log_dir < 0 || fstat(s->lasting.log_dir, &st) < 0 || st.st_uid == owner)
		return;
	if (!ours)
		log_warn("start.folder", "path=%s it does not belong to %s: no log file can be made there",
			path, proc_infos[PROC_CLASS(CLASS_OUTPUT)].user);
	else if (fchown(s->lasting.log_dir, owner, (gid_t)-1) < 0 || fchmod(s->lasting.log_dir, 0750) < 0)
		log_err(-errno, "start.folder", "path=%s", path);
}

/* What is in it is the memory of processes: it is root's, and nobody else may look. */
void
setup_checkpoint_dir(struct sup *s)
{
	char path[FOLDER_MAX];
	struct stat st;

	if (!s->cfg->actions_allow_checkpoint)
		return;
	folder_of(s, s->cfg->actions_checkpoint_dir, s->paths.checkpoints, path);
	if (make_dirs(path, 0700))
		return;
	s->lasting.checkpoint_dir = open_dir(path);
	if (s->lasting.checkpoint_dir < 0 || fstat(s->lasting.checkpoint_dir, &st) < 0)
		return;
	if (st.st_uid == 0 && !(st.st_mode & 077))
		return;
	log_err(-EPERM, "start.folder", "path=%s it must be root's with mode 0700: no checkpoint is written there", path);
	close_keep_errno(TAKE_FD(s->lasting.checkpoint_dir));
}

static bool
is_mounted(const char *path, long magic)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (uint32_t)fs.f_type == (uint32_t)magic;
}

/* A fresh bpffs is open to everybody; ours belongs to the loader alone. */
static int
mount_bpffs(struct sup *s)
{
	const char *path = s->paths.bpffs;

	if (!is_mounted(path, BPF_FS_MAGIC) &&
	    mount("bpffs", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return log_err(-errno, "start.mount", "path=%s type=bpf does this kernel have BPF?", path);
	if (chmod(path, 0700) < 0 || chown(path, s->uids[PROC_LOADER], (gid_t)-1) < 0)
		return log_err(-errno, "start.mount", "path=%s", path);
	s->bpffs = open_dir(path);
	return s->bpffs < 0 ? s->bpffs : shared_setup(s);
}

/* Attaching to tracepoints needs it, and hosts without systemd may lack it. */
static void
mount_tracefs(void)
{
	const char *path = "/sys/kernel/tracing";

	if (is_mounted(path, TRACEFS_MAGIC) || is_mounted("/sys/kernel/debug/tracing", TRACEFS_MAGIC))
		return;
	if (mount("tracefs", path, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		log_warn("start.tracefs", "path=%s cannot be mounted (%s): no program can be attached to a "
			"tracepoint", path, strerrordesc_np(errno));
	else
		log_notice("start.tracefs", "path=%s mounted, it stays", path);
}

/* XDP programs of several tools share an interface by way of libxdp, whose place it is. */
static void
mount_host_bpffs(void)
{
	const char *path = "/sys/fs/bpf";

	if (is_mounted(path, BPF_FS_MAGIC) || access(path, F_OK) < 0)
		return;
	if (mount("bpf", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		log_warn("start.bpffs", "path=%s cannot be mounted (%s): no two XDP programs can share an "
			"interface", path, strerrordesc_np(errno));
	else
		log_notice("start.bpffs", "path=%s mounted, it stays", path);
}

int
setup_mounts(struct sup *s)
{
	mount_tracefs();
	mount_host_bpffs();
	return mount_bpffs(s) ? EXIT_FAILED : 0;
}
