/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/bpf.h>
#include <string.h>

#include "loader/attach_hook.h"

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
