/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"

/* SETPCAP cuts a new process's bounding set, KILL ends processes of other users. */
#define OWN_CAPS (1ULL << CAP_SETPCAP | 1ULL << CAP_KILL)

static const struct sandbox_rule own[] = {
#include "bpfd/sandbox.def"
};

/*
 * The children's lists, without their conditions: each applies those itself.  bpfd-action's class
 * exec has a list of what it refuses; what its programs need is programs.def.
 */
#undef SYS_IF
#undef SYS_IF2
#undef SYS_ERRNO
#undef SYS_ERRNO_IF
#define SYS_IF(call, ...)    SYS(call, "")
#define SYS_IF2(call, ...)   SYS(call, "")
#define SYS_ERRNO(call, ...) SYS(call, "")
#define SYS_ERRNO_IF(call, ...) SYS(call, "")

static const struct sandbox_rule children[] = {
#include "loader/sandbox.def"
#include "linker/sandbox.def"
#include "oneshot/sandbox.def"
#include "xdp/sandbox.def"
#include "api/sandbox.def"
#include "config/sandbox.def"
#include "fetch/sandbox.def"
#include "connect/sandbox.def"
#include "enricher/sandbox.def"
#define SANDBOX_CLASS_OUTPUT
#define SANDBOX_CLASS_SYSLOG
#define SANDBOX_CLASS_SIGNAL
#define SANDBOX_CLASS_CGROUP
#define SANDBOX_CLASS_NET
#include "actions/sandbox.def"
#include "bpfd/programs.def"
};

static size_t
add_unique(struct sandbox_rule *all, size_t n, const struct sandbox_rule *r)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].syscall, r->syscall) == 0)
			return n;
	all[n] = *r;
	return n + 1;
}

static struct sock_fprog filter;

int
confine_prepare(void)
{
	static struct sandbox_rule all[ARRAY_SIZE(own) + ARRAY_SIZE(children)];
	struct sandbox sb = { .name = "bpfd", .rules = all, .mode = SANDBOX_DENY };
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		sb.n_rules = add_unique(all, sb.n_rules, &own[i]);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		sb.n_rules = add_unique(all, sb.n_rules, &children[i]);
	err = sandbox_compile(&sb, &filter);
	return err ? log_err(err, "start.confine", "step=filter") : 0;
}

static int
drop_caps(void)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)OWN_CAPS, .permitted = (uint32_t)OWN_CAPS },
	};

	_Static_assert(OWN_CAPS <= UINT32_MAX, "both are in the lower half");
	return syscall(SYS_capset, &hdr, data) < 0 ? -errno : 0;
}

int
confine(void)
{
	const uint64_t bounding = proc_all_caps() | OWN_CAPS;
	struct rlimit no_core = { 0, 0 };
	int err = 0;

	for (int cap = 0; !err && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(bounding & (1ULL << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			err = -errno;
	if (!err && (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
			    setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0))
		err = -errno;
	if (!err)
		err = sandbox_filter(&filter);
	if (!err)
		err = drop_caps();
	return err ? log_err(err, "start.confine", "uid=0") : 0;
}
