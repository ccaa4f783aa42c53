/* SPDX-License-Identifier: Apache-2.0 */
/* Places in a file: what uprobes of all kinds and USDT probes have in common. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

static int
process(const struct attach_in *in, const char *name, uint32_t *out, struct msg_result *res)
{
	uint64_t value = 0;

	if (!attach_number(in, name, &value))
		return 0;
	if (!value || value > INT32_MAX)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s=%llu is not the number of a process",
			name, (unsigned long long)value);
	*out = (uint32_t)value;
	return 0;
}

/* FUNCTION+OFFSET, of a target.  A plus that is no number's belongs to the name. */
static void
take_offset(struct attach_place *p)
{
	char *plus = strrchr(p->function, '+'), *end;
	uint64_t value;

	if (!plus || plus == p->function || plus[1] < '0' || plus[1] > '9')
		return;
	errno = 0;
	value = strtoull(plus + 1, &end, 0);
	if (errno || *end)
		return;
	*plus = '\0';
	p->offset = value;
}

/* The colon between the file and what is in it: no folder follows.  NULL. */
static char *
border(char *path)
{
	char *slash = strrchr(path, '/');

	return strchr(slash ? slash : path, ':');
}

int
attach_place(const struct attach_in *in, struct attach_place *p, struct msg_result *res)
{
	const char *function = attach_text(in, "function");
	char *colon;
	int err;

	memset(p, 0, sizeof(*p));
	strcpy(p->file.path, in->req->target);
	colon = function ? NULL : border(p->file.path);
	if (function) {
		snprintf(p->function, sizeof(p->function), "%s", function);
	} else if (colon) {
		*colon = '\0';
		snprintf(p->function, sizeof(p->function), "%s", colon + 1);
		take_offset(p);
	}
	err = process(in, "pid", &p->pid, res);
	if (!err)
		err = process(in, "container-pid", &p->file.pid, res);
	if (!err && (!p->file.path[0] || (colon && !p->function[0])))
		err = result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "\"%s\" names no %s", in->req->target,
			p->file.path[0] ? "function behind the colon" : "file");
	return err;
}

int
attach_open(const struct attach_in *in, const struct attach_place *p, struct msg_result *res)
{
	bool again = in->who->client < 0;
	struct msg_file_again kept = { .uid = in->who->uid };
	struct msg_one_fd facts;
	int fd = -1, err;

	memcpy(kept.path, p->file.path, sizeof(kept.path));
	err = oneshot_fd(in->ld, again ? IPC_ONE_FILE_AGAIN : IPC_ONE_FILE, again ? (const void *)&kept : &p->file,
		again ? NULL : &in->who->client, &facts, &fd, res);
	return err ? err : fd;
}

int
attach_look_into(const struct attach_in *in, const struct attach_place *p, int *file, struct msg_result *res)
{
	int fd = attach_open(in, p, res);

	if (fd < 0)
		return fd;
	*file = fd;
	return 1;
}

uint64_t
attach_file_hash(int file, const struct msg_uprobe *m)
{
	uint64_t h = ATTACH_HASH_INIT;
	struct stat st = { 0 };

	if (fstat(file, &st) < 0)
		return h;
	h = attach_hash(h, &st.st_dev, sizeof(st.st_dev));
	h = attach_hash(h, &st.st_ino, sizeof(st.st_ino));
	h = attach_hash(h, &m->pid, sizeof(m->pid));
	h = attach_hash(h, &m->flags, sizeof(m->flags));
	for (uint32_t i = 0; i < m->n_sites; i++)
		h = attach_hash(h, &m->sites[i].offset, sizeof(m->sites[i].offset));
	return h;
}

/* Of a dry run the link goes again at once: the kernel offers no other way to ask. */
static int
attach_multi(const struct attach_in *in, int file, const struct msg_uprobe *m, struct attach_out *out,
	struct msg_result *res)
{
	const int fds[] = { file, in->prog_fd };
	struct msg_one_fd facts;
	int link = -1, err = oneshot_fd(in->ld, IPC_ONE_UPROBE_MULTI, m, fds, &facts, &link, res);

	if (err)
		return err;
	if (in->req->flags & ATTACH_DRY_RUN)
		close_keep_errno(link);
	else
		out->link_fd = link;
	return 0;
}

int
attach_sites(const struct attach_in *in, int file, const struct msg_uprobe *m, bool multi,
	struct attach_out *out, struct msg_result *res)
{
	uint64_t cookies[IPC_SITES_MAX];
	struct attach_events e = { .in = in, .out = out, .what = in->req->target,
		.cookies = cookies };

	if (multi)
		return attach_multi(in, file, m, out, res);
	for (uint32_t i = 0; i < m->n_sites; i++)
		cookies[i] = m->sites[i].cookie;
	return oneshot_fds(in->ld, IPC_ONE_UPROBE, m, &file, attach_event, &e, res);
}

int
attach_in_file(const struct attach_in *in, const struct attach_place *p, struct msg_uprobe *m, bool multi,
	struct attach_out *out, struct msg_result *res)
{
	AUTO(fd) int opened = in->found ? -1 : attach_open(in, p, res);
	int file = in->found ? in->found->file : opened, err;

	if (file < 0)
		return file;
	m->pid = p->pid;
	attach_hook(out, attach_file_hash(file, m));
	err = attach_check_new(in, &out->facts, res);
	return err ? err : attach_sites(in, file, m, multi, out, res);
}

const char *
attach_no_uprobes(const struct config *cfg)
{
	return access("/sys/bus/event_source/devices/uprobe/type", R_OK) < 0 ?
		"this kernel has no uprobes (CONFIG_UPROBE_EVENTS)" : NULL;
}
