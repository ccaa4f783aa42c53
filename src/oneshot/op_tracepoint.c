/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/closest.h"
#include "common/dir.h"
#include "oneshot/oneshot.h"

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_TRACEPOINT
#include "oneshot/sandbox.def"
};

static bool
name_ok(const char *s, size_t size)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:";

	return memchr(s, '\0', size) && s[0] != '.' && s[strspn(s, allowed)] == '\0';
}

static DIR *
open_dir(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

/* Offers the names in a directory of tracefs, with prefix before each. */
static void
offer_names(int at, const char *path, const char *prefix, struct closest *near)
{
	AUTO(dir) DIR *dir = open_dir(at, path);
	char name[CLOSEST_NAME];
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		int n = snprintf(name, sizeof(name), "%s%s", prefix, e->d_name);

		if (e->d_name[0] != '.' && e->d_type == DT_DIR && n > 0 && (size_t)n < sizeof(name))
			closest_offer(near, name);
	}
}

/* The category in which an event of this name is, "" when there is none. */
static void
find_category(struct oneshot *o, const char *name, char out[NAME_MAX + 1])
{
	AUTO(dir) DIR *dir = open_dir(o->dir, "events");
	char path[600];
	const struct dirent *e;
	struct stat st;

	out[0] = '\0';
	while (dir && !out[0] && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || e->d_type != DT_DIR)
			continue;
		snprintf(path, sizeof(path), "events/%s/%s/id", e->d_name, name);
		if (fstatat(o->dir, path, &st, 0) == 0)
			strcpy(out, e->d_name);
	}
}

/* A raw tracepoint has no category, and the kernel no list: the events' names are near enough. */
static int
refuse_raw(struct oneshot *o, const char *name)
{
	AUTO(dir) DIR *dir = open_dir(o->dir, "events");
	char category[NAME_MAX + 1], path[NAME_MAX + 16];
	struct closest near;
	const struct dirent *e;

	find_category(o, name, category);
	if (category[0])
		return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "%s is not a raw tracepoint, but the "
			"tracepoint %s/%s: attach it with kind tracepoint%s", name, category, name,
			strcmp(category, "syscalls") ? "" : ", or to the raw tracepoint sys_enter or sys_exit");
	closest_init(&near, name);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "events/%s", e->d_name);
		if (e->d_name[0] != '.' && e->d_type == DT_DIR && strcmp(e->d_name, "syscalls"))
			offer_names(o->dir, path, "", &near);
	}
	return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "there is no raw tracepoint %s%s", name,
		CLOSEST_TEXT(&near));
}

static int
refuse_unknown(struct oneshot *o, const struct msg_tracepoint *req)
{
	char path[96], category[NAME_MAX + 1];
	struct closest near;
	struct stat st;

	snprintf(path, sizeof(path), "events/%s", req->category);
	if (fstatat(o->dir, path, &st, 0) == 0) {
		closest_init(&near, req->name);
		offer_names(o->dir, path, "", &near);
		if (near.n)
			return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "there is no tracepoint %s in %s%s",
				req->name, req->category, CLOSEST_TEXT(&near));
	}
	find_category(o, req->name, category);
	if (category[0])
		return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "there is no tracepoint %s/%s; did you "
			"mean %s/%s?", req->category, req->name, category, req->name);
	closest_init(&near, req->category);
	offer_names(o->dir, "events", "", &near);
	return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "there is no tracepoint %s/%s%s", req->category,
		req->name, CLOSEST_TEXT(&near));
}

/* Disabled: the program runs by the tracepoint itself, and no sample is taken. */
static int
open_event(uint64_t id)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr),
		.config = id, .sample_period = 1, .wakeup_events = 1, .disabled = 1 };
	long fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_tracepoint *req = payload;
	AUTO(fd) int event = -1;
	char path[300], text[32];
	uint64_t id;
	int err;

	if (!name_ok(req->category, sizeof(req->category)) || !name_ok(req->name, sizeof(req->name)) ||
	    !req->name[0])
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "not the name of a tracepoint");
	if (!req->category[0])
		return refuse_raw(o, req->name);
	snprintf(path, sizeof(path), "events/%s/%s/id", req->category, req->name);
	if (one_read_file(o->dir, path, text, sizeof(text)) <= 0)
		return refuse_unknown(o, req);
	id = strtoull(text, NULL, 10);

	/* PERFMON is enough unless perf_event_paranoid is 3, Debian's own value. */
	event = open_event(id);
	err = one_keep_caps(0);
	if (event < 0)
		return one_refuse(o, IPC_FAILED_PRECONDITION, event, "the kernel refuses the tracepoint "
			"%s/%s: %s", req->category, req->name, strerrordesc_np(-event));
	return err ? err : one_answer(o, event, NULL);
}

const struct one_op op_ONE_TRACEPOINT = {
	.caps = CAP_BIT(SYS_ADMIN) | CAP_BIT(PERFMON) | CAP_BIT(DAC_READ_SEARCH),
	.dir_only = true,
	ONE_RULES_FIELDS,
	.prepare = one_open_tracefs,
	.run = run,
};
