/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "loader/attach_hook.h"
#include "loader/oneshot.h"

/* Which one is decided once, before the sandbox: by then the kernel may not be asked any more. */
static bool use_clsact;

static const char *
unavailable(const struct config *cfg)
{
	const char *no_tcx = cfg->tc_backend == TC_BACKEND_CLSACT ? NULL : attach_no_tcx();

	use_clsact = cfg->tc_backend == TC_BACKEND_CLSACT ||
		(cfg->tc_backend == TC_BACKEND_AUTO && no_tcx);
	return use_clsact ? NULL : no_tcx;
}

#define DEFAULT_SET (TC_RESULT_BIT(TC_ACT_PIPE) | TC_RESULT_BIT(TC_DISPATCHER_RETURN))

int
attach_tc_set(const struct attach_in *in, bool clsact, uint32_t *proceed_on, struct msg_result *res)
{
	const uint32_t own = clsact ? ATTACH_CLSACT_GOES_ON : ATTACH_TCX_GOES_ON;
	bool chosen = in->req->flags & ATTACH_HAS_PROCEED_ON, tcx = strcmp(in->req->kind, "tcx") == 0;

	*proceed_on = chosen ? in->req->proceed_on : tcx ? own : DEFAULT_SET;
	if (!tcx)
		return (*proceed_on | TC_RESULT_BIT(TC_ACT_UNSPEC)) != own;
	if (!(*proceed_on & ~(own | TC_RESULT_BIT(TC_DISPATCHER_RETURN))))
		return 0;
	return result_set(res, IPC_FAILED_PRECONDITION, -EOPNOTSUPP, "kind tcx is the kernel's own chain: the next "
		"program runs after unspec, and after no other result; kind tc honours any set");
}

int
attach_tc_program(const struct attach_in *in, bool clsact, struct attach_out *out, struct attach_in *at,
	struct msg_result *res)
{
	int err = attach_tc_set(in, clsact, &out->facts.proceed_on, res);

	if (err == 1)
		err = loader_stub(in, out->facts.proceed_on, clsact, out, res);
	*at = *in;
	if (out->stub_fd >= 0)
		at->prog_fd = out->stub_fd;
	return err;
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	return use_clsact ? attach_by_clsact(in, out, res) : attach_by_tcx(in, out, res);
}

const struct attach_kind attach_kind_tc = {
	.name = "tc",
	.target = "INTERFACE",
	.help = "packets at traffic control; direction ingress or egress",
	.prog_types = PROG_BIT(SCHED_CLS),
	.takes = TAKES_WISH | TAKES_TARGET | TAKES_NETNS | TAKES_DIRECTION,
	.unavailable = unavailable,
	.attach = attach,
};
