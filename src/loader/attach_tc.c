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

int
attach_tc_proceed_on(const struct attach_in *in, uint32_t may, const char *names, struct msg_result *res)
{
	uint32_t all = may | TC_RESULT_BIT(TC_DISPATCHER_RETURN);

	if (!(in->req->flags & ATTACH_HAS_PROCEED_ON) || !(in->req->proceed_on & ~all))
		return 0;
	return result_set(res, IPC_FAILED_PRECONDITION, -EOPNOTSUPP, "on this hook the next program runs after "
		"%s, and after no other result: leave the others out of proceed-on, or return one of those "
		"from the program", names);
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
	.takes = TAKES_TARGET | TAKES_NETNS | TAKES_DIRECTION,
	.unavailable = unavailable,
	.attach = attach,
};
