/* SPDX-License-Identifier: Apache-2.0 */
/* criu, or a command of the container's runtime, as root's configuration names it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "common/auto.h"

#define WORDS_MAX	(ACTION_ARGS_MAX / 2 + 16)
#define WORDS_ROOM	(64u << 10)

struct words {
	char *argv[WORDS_MAX];
	size_t n, len;
	char room[WORDS_ROOM];
};

static void
put(struct words *w, const char *s, size_t len)
{
	if (len > sizeof(w->room) - 1 - w->len)
		len = sizeof(w->room) - 1 - w->len;
	memcpy(w->room + w->len, s, len);
	w->len += len;
}

static char *
begin(struct words *w)
{
	return w->n < WORDS_MAX - 1 ? w->argv[w->n++] = w->room + w->len : NULL;
}

static void
end(struct words *w)
{
	w->room[w->len++] = '\0';
}

static void
word(struct words *w, const char *s)
{
	if (begin(w)) {
		put(w, s, strlen(s));
		end(w);
	}
}

/* What the places stand for is checked text or a number: it is part of a word, never more words. */
static void
word_with_places(struct words *w, const char *s, const struct program_words *of)
{
	const struct { const char *place, *is; } places[] = { { "{id}", of->id }, { "{dir}", of->dir } };
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", of->pid);
	if (!begin(w))
		return;
	while (*s) {
		const char *is = strncmp(s, "{pid}", 5) == 0 ? pid : NULL;
		size_t len = 5;

		for (size_t i = 0; !is && i < ARRAY_SIZE(places); i++) {
			len = strlen(places[i].place);
			is = strncmp(s, places[i].place, len) == 0 ? places[i].is : NULL;
		}
		put(w, is ? is : s, is ? strlen(is) : 1);
		s += is ? len : 1;
	}
	end(w);
}

static void
criu_words(struct words *w, const struct action_def *a, const struct program_words *of)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", of->pid);
	word(w, a->path);
	word(w, "dump");
	word(w, "--tree");
	word(w, pid);
	word(w, "--images-dir");
	word(w, ".");
	if (a->after != CHECKPOINT_KILL)
		word(w, "--leave-running");
	/* It lets nobody run who is frozen, and freezes them again. */
	if (of->frozen) {
		word(w, "--freeze-cgroup");
		word(w, of->cgroup);
	}
}

char **
program_argv(const struct action_def *a, const struct program_words *of)
{
	struct words *w = calloc(1, sizeof(*w));

	_Static_assert(offsetof(struct words, argv) == 0, "what is freed is what was allocated");
	if (!w)
		return NULL;
	if (!(a->flags & CHECKPOINT_COMMAND))
		criu_words(w, a, of);
	for (const char *at = a->args; at < a->args + a->args_len; at += strlen(at) + 1)
		word_with_places(w, at, of);
	return w->argv;
}

int
program_open(const char *path, int *fd, struct reason *why)
{
	AUTO(fd) int exe = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (exe < 0 && errno == ENOENT)
		return reason_set(why, -ENOENT, "there is no %.150s: install it, or name another program in the "
			"action's file", path);
	if (exe < 0 || fstat(exe, &st) < 0)
		return reason_set(why, -errno, "%.150s cannot be opened", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		return reason_set(why, -EPERM, "%.150s must be a file of root's that nobody else can write", path);
	*fd = TAKE_FD(exe);
	return 0;
}

/* ---- in the new process ---- */

static int
limit(int which, uint64_t value)
{
	struct rlimit l = { value, value };

	return setrlimit(which, &l);
}

/* With no_new_privs an exec gives root no more than what it has here. */
static int
keep_caps(uint64_t keep)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = {
		{ .permitted = (uint32_t)keep, .effective = (uint32_t)keep },
		{ .permitted = (uint32_t)(keep >> 32), .effective = (uint32_t)(keep >> 32) } };

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep & (1ULL << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &hdr, caps) < 0)
		return -errno;
	return 0;
}

static void __attribute__((noreturn))
launch(int exe, char **argv, const struct images *im, uint64_t max_bytes)
{
	static char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", "HOME=/root", NULL };
	int null = open("/dev/null", O_RDWR), out;

	umask(077);
	if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || fchdir(im->dir) < 0)
		_exit(126);
	out = open(OUTPUT_FILE, O_WRONLY | O_CREAT | O_APPEND | O_EXCL | O_NOFOLLOW, 0600);
	if (out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	/* A file that is too large fails its writer, which can then leave the container as it was. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	if (limit(RLIMIT_FSIZE, max_bytes) < 0 || limit(RLIMIT_CORE, 0) < 0 || keep_caps(PROGRAM_CAPS) < 0)
		_exit(126);
	syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	syscall(SYS_execveat, exe, "", argv, env, AT_EMPTY_PATH);
	_exit(127);
}

int
program_start(int exe, char **argv, const struct images *im, uint64_t max_bytes, pid_t *pid)
{
	pid_t child = fork();

	if (child == 0)
		launch(exe, argv, im, max_bytes);
	if (child < 0)
		return -errno;
	*pid = child;
	return 0;
}
