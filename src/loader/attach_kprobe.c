/* SPDX-License-Identifier: Apache-2.0 */
/* A function of the kernel; kinds kprobe and kretprobe. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

/* FUNCTION[+OFFSET] */
static int
read_target(const struct attach_in *in, struct msg_kprobe *m, struct msg_result *res)
{
	const char *target = in->req->target, *plus = strchr(target, '+');
	size_t len = plus ? (size_t)(plus - target) : strlen(target);
	char *end = NULL;

	if (len == 0 || len >= sizeof(m->function))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not FUNCTION or FUNCTION+OFFSET",
			target);
	memcpy(m->function, target, len);
	if (plus && plus[1] >= '0' && plus[1] <= '9')
		m->offset = strtoull(plus + 1, &end, 0);
	if (plus && (!end || *end || attach_text(in, "offset")))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "the offset of %s is not one number",
			target);
	attach_number(in, "offset", &m->offset);
	if (strpbrk(m->function, ",*?["))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "\"%s\" is not one function: attach kind "
			"kprobe_multi takes several and patterns", m->function);
	if (m->offset && (m->flags & PROBE_RETURN))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind kretprobe waits for the "
			"function's return: it takes no offset");
	return 0;
}

static uint64_t
hash(const struct msg_kprobe *m)
{
	uint64_t h = attach_hash(ATTACH_HASH_INIT, m->function, strlen(m->function));

	return attach_hash(h, &m->offset, sizeof(m->offset));
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct msg_kprobe m = { .flags = strcmp(in->req->kind, "kretprobe") == 0 ? PROBE_RETURN : 0 };
	struct attach_events e = { .in = in, .out = out, .what = in->req->target };
	struct msg_one_fd facts;
	int event = -1, err = attach_check_type(in, 0, res);

	if (!err)
		err = read_target(in, &m, res);
	if (err)
		return err;
	attach_hook(out, hash(&m));
	err = attach_check_new(in, &out->facts, res);
	if (!err)
		err = oneshot_fd(in->ld, IPC_ONE_KPROBE, &m, NULL, &facts, &event, res);
	return err ? err : attach_event(&e, event, res);
}

static const char *
unavailable(const struct config *cfg)
{
	return access("/sys/bus/event_source/devices/kprobe/type", R_OK) < 0 ?
		"this kernel has no kprobes (CONFIG_KPROBE_EVENTS): fentry, tracepoint or tp_btf may do" : NULL;
}

static const struct attach_option options[] = {
	{ "offset", "number", "from the function's beginning" },
	{ 0 },
};

const struct attach_kind attach_kind_kprobe = {
	.name = "kprobe",
	.target = "FUNCTION[+OFFSET]",
	.help = "a function of the kernel",
	.prog_types = PROG_BIT(KPROBE),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.options = options,
	.sections = "kprobe|kretprobe",
	.unavailable = unavailable,
	.attach = attach,
};

const struct attach_kind attach_kind_kretprobe = {
	.name = "kretprobe",
	.target = "FUNCTION",
	.help = "the return of a function of the kernel",
	.prog_types = PROG_BIT(KPROBE),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.options = options,
	.sections = "kprobe|kretprobe",
	.unavailable = unavailable,
	.attach = attach,
};
