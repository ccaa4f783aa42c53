/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/oneshot.h"

/* NFPROTO_* and NF_INET_*. */
static const struct {
	const char *name;
	uint32_t family;
} families[] = { { "ipv4", 2 }, { "ipv6", 10 } };
static const char *const hooks[] = { "prerouting", "input", "forward", "output", "postrouting" };

void
attach_netfilter_target(uint32_t family, uint32_t hook, char out[IPC_TARGET_MAX])
{
	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(families) && hook < ARRAY_SIZE(hooks); i++)
		if (families[i].family == family)
			snprintf(out, IPC_TARGET_MAX, "%s/%s", families[i].name, hooks[hook]);
}

static int
read_target(const char *target, struct msg_netns_filter *req, struct msg_result *res)
{
	char name[IPC_TARGET_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		for (uint32_t hook = 0; hook < ARRAY_SIZE(hooks); hook++) {
			attach_netfilter_target(families[i].family, hook, name);
			if (strcmp(target, name) == 0) {
				req->family = families[i].family;
				req->hook = hook;
				return 0;
			}
		}
	return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not FAMILY/HOOK: ipv4 or ipv6, and "
		"prerouting, input, forward, output or postrouting, as in ipv4/input", target);
}

static int
read_priority(const struct attach_in *in, int32_t *out, struct msg_result *res)
{
	const char *text = attach_text(in, "nf-priority");
	char *end;
	long n;

	*out = in->req->priority;
	if (!text)
		return 0;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || *end || end == text || n <= INT32_MIN || n >= INT32_MAX)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind netfilter: nf-priority is "
			"\"%s\", not a number as -100 (before filter's 0) or 300", text);
	*out = (int32_t)n;
	return 0;
}

static int
create(const struct attach_in *in, const struct msg_netns_filter *req, struct msg_result *res)
{
	const struct compat_netfilter_link nl = { .prog_fd = (uint32_t)in->prog_fd,
		.attach_type = COMPAT_BPF_NETFILTER, .family = req->family, .hook = req->hook,
		.priority = req->priority, .flags = req->flags };
	struct msg_one_fd facts;
	int link, err;

	if (!req->netns[0])
		return compat_netfilter_link(&nl);
	err = oneshot_fd(in->ld, IPC_ONE_NETNS_FILTER, req, &in->prog_fd, &facts, &link, res);
	return err ? err : link;
}

static int
refuse(const struct msg_netns_filter *req, const char *target, int err, struct msg_result *res)
{
	char what[IPC_TARGET_MAX + 64];

	snprintf(what, sizeof(what), "the netfilter hook %s", target);
	if (err == -EBUSY)
		return result_set(res, IPC_FAILED_PRECONDITION, err, "a BPF program has the priority %d at %s "
			"already: choose another --priority, or nf-priority", req->priority, what);
	if (req->flags && err == -ERANGE)
		return result_set(res, IPC_FAILED_PRECONDITION, err, "defrag=yes needs a priority after that of "
			"defragmentation: nf-priority over -400");
	if (req->flags && (err == -ENOENT || err == -EAFNOSUPPORT))
		return result_set(res, IPC_FAILED_PRECONDITION, err, "this kernel has no defragmentation for %s "
			"(nf_defrag_ipv4, nf_defrag_ipv6)", what);
	if (req->flags && err == -EINVAL)
		return result_set(res, IPC_FAILED_PRECONDITION, err, "the kernel refuses defrag=yes at %s: it "
			"needs Linux 6.6, and nf-priority over -400", what);
	return attach_refused(res, err, what);
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct attach_suffix suffix = { .kind = ATTACH_SUFFIX_LINK, .priority = (uint16_t)out->facts.priority };
	struct msg_netns_filter req = { .flags = attach_flag(in, "defrag") ?
		COMPAT_BPF_F_NETFILTER_IP_DEFRAG : 0 };
	int err = read_target(in->req->target, &req, res);
	struct attach_netns ns;

	if (!err)
		err = read_priority(in, &req.priority, res);
	if (!err)
		err = attach_netns(in, &ns, res);
	if (err)
		return err;
	close_keep_errno(ns.take_fd);
	strcpy(req.netns, in->req->netns);
	out->facts.netns_ino = ns.ino;
	err = attach_check_new(in, &out->facts, res);
	if (err || (in->req->flags & ATTACH_DRY_RUN))
		return err;
	out->link_fd = create(in, &req, res);
	if (out->link_fd < 0)
		return res->code == IPC_NOT_FOUND ? out->link_fd :
			refuse(&req, in->req->target, out->link_fd, res);
	suffix.netns_ino = ns.ino;
	attach_suffix_write(&suffix, out->pin_suffix);
	return 0;
}

static const char *
unavailable(const struct config *cfg)
{
	return attach_host()->kernel < (6 << 8 | 4) ?
		"this kernel has no BPF programs at netfilter hooks (Linux 6.4 has)" : NULL;
}

static const struct attach_option options[] = {
	{ "nf-priority", "", "place among all of netfilter, as -150 for mangle; without it that of --priority" },
	{ "defrag", "flag", "packets are put together first (Linux 6.6)" },
	{ NULL, NULL, NULL },
};

const struct attach_kind attach_kind_netfilter = {
	.name = "netfilter",
	.target = "FAMILY/HOOK",
	.help = "packets at a hook of netfilter, as ipv4/input",
	.prog_types = 1ULL << COMPAT_BPF_PROG_TYPE_NETFILTER,
	.takes = TAKES_TARGET | TAKES_NETNS,
	.options = options,
	.unavailable = unavailable,
	.attach = attach,
};
