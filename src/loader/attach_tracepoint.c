/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

static int
split(const char *target, struct msg_tracepoint *tp, struct msg_result *res)
{
	const char *slash = strchr(target, '/');
	size_t len = slash ? (size_t)(slash - target) : 0;

	if (!slash || len == 0 || len >= sizeof(tp->category) || !slash[1] || strchr(slash + 1, '/') ||
	    strlen(slash + 1) >= sizeof(tp->name))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not CATEGORY/NAME, as in "
			"sched/sched_switch", target);
	memset(tp, 0, sizeof(*tp));
	memcpy(tp->category, target, len);
	strcpy(tp->name, slash + 1);
	return 0;
}

static const char *
unavailable(const struct config *cfg)
{
	return attach_host()->kernel < (5 << 8 | 15) ?
		"this kernel has no links for perf events (Linux 5.15 has)" : NULL;
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct compat_link_create lc = { .prog_fd = (uint32_t)in->prog_fd,
		.attach_type = BPF_PERF_EVENT, .arg = in->req->cookie };
	struct msg_tracepoint tp;
	struct msg_one_fd facts;
	AUTO(fd) int event = -1;
	char what[IPC_TARGET_MAX + 16];
	int err = split(in->req->target, &tp, res);

	if (!err)
		err = attach_check_new(in, &out->facts, res);
	if (!err)
		err = oneshot_fd(in->ld, IPC_ONE_TRACEPOINT, &tp, NULL, &facts, &event, res);
	if (err || (in->req->flags & ATTACH_DRY_RUN))
		return err;
	lc.target = (uint32_t)event;
	out->link_fd = compat_link_create(&lc);
	if (out->link_fd >= 0)
		return 0;
	snprintf(what, sizeof(what), "tracepoint %s", in->req->target);
	return attach_refused(res, out->link_fd, what);
}

const struct attach_kind attach_kind_tracepoint = {
	.name = "tracepoint",
	.target = "CATEGORY/NAME",
	.help = "a tracepoint of the kernel",
	.prog_types = PROG_BIT(TRACEPOINT),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.sections = "tracepoint|tp",
	.unavailable = unavailable,
	.attach = attach,
};
