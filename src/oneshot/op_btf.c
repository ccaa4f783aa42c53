/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the types of a map by their number, which takes CAP_SYS_ADMIN.  The loader had them while
 * it loaded, but the kernel lets nobody pin them: after a restart this is the way back.
 */
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>

#include "common/bpf_compat.h"
#include "oneshot/oneshot.h"

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_BTF
#include "oneshot/sandbox.def"
};

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_btf *req = payload;
	union bpf_attr attr;
	AUTO(fd) int fd = -1;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.btf_id = req->id;
	fd = compat_bpf(BPF_BTF_GET_FD_BY_ID, &attr, sizeof(attr));
	err = one_keep_caps(0);
	if (fd < 0 || err)
		return one_refuse(o, IPC_INTERNAL, fd < 0 ? fd : err, "cannot open the types %u: %s", req->id,
			strerrordesc_np(fd < 0 ? -fd : -err));
	return one_answer(o, fd, NULL);
}

const struct one_op op_ONE_BTF = {
	.caps = CAP_BIT(SYS_ADMIN),
	ONE_RULES_FIELDS,
	.run = run,
};
