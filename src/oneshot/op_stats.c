/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "common/bpf_compat.h"
#include "oneshot/oneshot.h"

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_STATS
#include "oneshot/sandbox.def"
};

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	union bpf_attr attr;
	AUTO(fd) int fd = -1;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	fd = compat_bpf(BPF_ENABLE_STATS, &attr, sizeof(attr));
	err = one_keep_caps(0);
	if (fd < 0)
		return one_refuse(o, IPC_FAILED_PRECONDITION, fd, "the kernel does not count runs of "
			"programs: %s", strerrordesc_np(-fd));
	return err ? err : one_answer(o, fd, NULL);
}

const struct one_op op_ONE_STATS = {
	.caps = CAP_BIT(SYS_ADMIN),
	ONE_RULES_FIELDS,
	.run = run,
};
