/* SPDX-License-Identifier: Apache-2.0 */
/* Events that are sampled: one for each processor, or for each thread that a process has. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oneshot/oneshot.h"

#define TASKS_MAX 512
#define CPUS_MAX 4096

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_PERF_EVENT
#include "oneshot/sandbox.def"
};

static char online[1024];	/* "0-3,8" */

static int
prepare(struct oneshot *o)
{
	if (one_read_file(AT_FDCWD, "/sys/devices/system/cpu/online", online, sizeof(online)) <= 0)
		return one_refuse(o, IPC_FAILED_PRECONDITION, -ENODEV, "the processors that are online are not "
			"known: /sys is not mounted");
	return 0;
}

/* Threads that come later are counted too; other processes that it starts are not. */
static int
open_event(const struct msg_perf_event *req, pid_t task, int cpu)
{
	struct perf_event_attr attr = { .type = req->type, .size = sizeof(attr), .config = req->config,
		.sample_period = req->sample, .freq = req->flags & PERF_EVENT_FREQ,
		.inherit = task >= 0, .inherit_thread = task >= 0 };
	long fd = syscall(SYS_perf_event_open, &attr, task, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

/* Calls each() for the processors that are online until it returns other than 0; that, or 0. */
static int
each_cpu(int (*each)(void *arg, int cpu), void *arg)
{
	char *at = online;
	int ret = 0;

	while (!ret && *at >= '0' && *at <= '9') {
		long first = strtol(at, &at, 10), last = *at == '-' ? strtol(at + 1, &at, 10) : first;

		for (long cpu = first; cpu <= last && cpu < CPUS_MAX && !ret; cpu++)
			ret = each(arg, (int)cpu);
		at += *at == ',';
	}
	return ret;
}

static int
is_cpu(void *arg, int cpu)
{
	return cpu == *(const int *)arg;
}

static int
done(struct oneshot *o)
{
	one_keep_caps(0);
	return one_done(o);
}

static int
refuse(struct oneshot *o, const struct msg_perf_event *req, int err, int cpu)
{
	one_keep_caps(0);
	if (err == -ESRCH)
		return one_refuse(o, IPC_NOT_FOUND, err, "there is no process %u", req->pid);
	if (cpu >= 0 && !each_cpu(is_cpu, &cpu))
		return one_refuse(o, IPC_NOT_FOUND, err, "there is no processor %d that is online (online "
			"are: %.*s)", cpu, (int)strcspn(online, "\n"), online);
	if (err == -ENOENT || err == -EOPNOTSUPP)
		return one_refuse(o, IPC_FAILED_PRECONDITION, err, "this machine has no hardware counter for "
			"the event, as most virtual machines: use a software event, like sw:cpu-clock");
	if (err == -EINVAL && (req->flags & PERF_EVENT_FREQ))
		return one_refuse(o, IPC_INVALID_ARGUMENT, err, "the kernel refuses the event: freq=%llu may be "
			"above /proc/sys/kernel/perf_event_max_sample_rate", (unsigned long long)req->sample);
	return one_refuse(o, IPC_FAILED_PRECONDITION, err, "the kernel refuses the event: %s",
		strerrordesc_np(-err));
}

static int
one_event(struct oneshot *o, const struct msg_perf_event *req, pid_t task, int cpu)
{
	AUTO(fd) int fd = open_event(req, task, cpu);

	return fd < 0 ? fd : one_answer(o, fd, NULL);
}

struct request {
	struct oneshot *o;
	const struct msg_perf_event *req;
};

static int
open_on(void *arg, int cpu)
{
	const struct request *r = arg;
	int err = one_event(r->o, r->req, -1, cpu);

	if (err == -ENODEV)	/* it went offline just now */
		return 0;
	return err ? refuse(r->o, r->req, err, cpu) : 0;
}

static int
all_cpus(struct oneshot *o, const struct msg_perf_event *req)
{
	struct request r = { o, req };
	int err = each_cpu(open_on, &r);

	return err ? err : done(o);
}

static int
all_threads(struct oneshot *o, const struct msg_perf_event *req)
{
	int cpu = req->flags & PERF_EVENT_CPU ? (int)req->cpu : -1, n = 0, err = 0;
	const struct dirent *e;
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/task", req->pid);
	dir = opendir(path);
	while (dir && !err && n < TASKS_MAX && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		err = one_event(o, req, (pid_t)strtol(e->d_name, NULL, 10), cpu);
		n += !err;
		if (err == -ESRCH)	/* a thread that ended just now */
			err = 0;
	}
	if (dir)
		closedir(dir);
	if (err || !n)
		return refuse(o, req, err ? err : -ESRCH, cpu);
	return done(o);
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_perf_event *req = payload;
	int err;

	if (req->pid > INT32_MAX || req->cpu > CPUS_MAX ||
	    (req->type != PERF_TYPE_SOFTWARE && req->type != PERF_TYPE_HARDWARE))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "not an event that bpfd offers");
	if (req->pid)
		return all_threads(o, req);
	if (!(req->flags & PERF_EVENT_CPU))
		return all_cpus(o, req);
	err = one_event(o, req, -1, (int)req->cpu);
	return err ? refuse(o, req, err, (int)req->cpu) : done(o);
}

/* PERFMON is enough unless perf_event_paranoid is 3, Debian's own value. */
const struct one_op op_ONE_PERF_EVENT = {
	.caps = CAP_BIT(SYS_ADMIN) | CAP_BIT(PERFMON),
	ONE_RULES_FIELDS,
	.prepare = prepare,
	.run = run,
};
