/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes have descriptors of programs and links.  The kernel shows another's fdinfo to
 * SYS_PTRACE only, to nobody under Landlock, and its directory to DAC_READ_SEARCH.  Who has both may
 * not call bpf(2), opens nothing for writing, and is asked without a parameter.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/dir.h"
#include "oneshot/holders.h"

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_HOLDERS
#include "oneshot/sandbox.def"
};

static int
prepare(struct oneshot *o)
{
	o->dir = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return o->dir >= 0 ? 0 : one_refuse(o, IPC_FAILED_PRECONDITION, -errno, "/proc is not mounted");
}

static uint32_t
number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? (uint32_t)strtoul(at + strlen(key), NULL, 10) : 0;
}

static void
name_of(int process, char *out, size_t size)
{
	long n = one_read_file(process, "comm", out, size);

	if (n <= 0)
		n = 0;
	else if (out[n - 1] == '\n')
		n--;
	out[n] = '\0';
}

static int
look_at(struct holders *h, int process, const char *fd, uint32_t pid)
{
	char path[32], text[2048], name[64];
	uint32_t prog, link;

	if (snprintf(path, sizeof(path), "fdinfo/%s", fd) >= (int)sizeof(path) ||
	    one_read_file(process, path, text, sizeof(text)) <= 0)
		return 0;
	prog = number_after(text, "\nprog_id:");
	link = number_after(text, "\nlink_id:");
	if (!prog && !link)
		return 0;
	name_of(process, name, sizeof(name));
	return holders_add(h, prog, link, pid, name);
}

static int
descriptors(struct holders *h, int process, uint32_t pid)
{
	int at = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(dir) DIR *dir = at < 0 ? NULL : fdopendir(at);
	const struct dirent *e;
	int err = 0;

	while (dir && !err && !holders_full(h) && (e = readdir(dir)))
		if (holders_is(dirfd(dir), e->d_name, "anon_inode:bpf-prog") ||
		    holders_is(dirfd(dir), e->d_name, "anon_inode:bpf_link"))
			err = look_at(h, process, e->d_name, pid);
	return err;
}

/* A process that ends meanwhile holds nothing. */
static int
run(struct oneshot *o, const void *payload, int *fds)
{
	int at = openat(o->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	AUTO(dir) DIR *dir = at < 0 ? NULL : fdopendir(at);
	const struct dirent *e;
	struct holders h;

	holders_begin(&h);
	while (dir && !err && !holders_full(&h) && (e = readdir(dir))) {
		uint32_t pid = (uint32_t)strtoul(e->d_name, NULL, 10);
		AUTO(fd) int process = -1;

		if (!pid)
			continue;
		process = openat(dirfd(dir), e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (process >= 0)
			err = descriptors(&h, process, pid);
	}
	return holders_send(o, &h, err);
}

const struct one_op op_ONE_HOLDERS = {
	.caps = CAP_BIT(SYS_PTRACE) | CAP_BIT(DAC_READ_SEARCH),
	ONE_RULES_FIELDS,
	.prepare = prepare,
	.run = run,
};
