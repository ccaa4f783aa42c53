/* SPDX-License-Identifier: Apache-2.0 */
/* An attach request of any bytes, with a loader that has nothing: no socket, program or oneshot. */
#include <assert.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "loader/attach.h"
#include "loader/attach_suffix.h"
#include "loader/oneshot.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
oneshot_fd(struct loader *ld, enum ipc_type type, const void *payload, const int *fds,
	struct msg_one_fd *facts, int *fd, struct msg_result *res)
{
	return result_set(res, IPC_UNAVAILABLE, -EPIPE, "none");
}

int
loader_stub(const struct attach_in *in, uint32_t proceed_on, bool clsact, struct attach_out *o,
	struct msg_result *r)
{
	return result_set(r, IPC_INTERNAL, -ENOSYS, "none");
}

int
loader_map_open(struct loader *ld, uint64_t gid, const char *which)
{
	return -ENOENT;
}

int
loader_links_each(struct loader *ld, int (*each)(void *arg, const struct msg_link_facts *l), void *arg)
{
	return 0;
}

static void
read_suffix(const uint8_t *data, size_t size)
{
	char text[ATTACH_SUFFIX_MAX * 2], again[ATTACH_SUFFIX_MAX];
	struct attach_suffix s, t;

	size = size < sizeof(text) ? size : sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	if (attach_suffix_read(text, &s) < 0)
		return;
	attach_suffix_write(&s, again);
	assert(attach_suffix_read(again, &t) == 0 && memcmp(&s, &t, sizeof(s)) == 0);
}

int
loader_maps_of(struct loader *ld, uint32_t prog_id, int (*each)(void *arg, uint32_t id, const char *name),
	void *arg)
{
	return each(arg, 7, "sockets");
}

int
loader_prog_open(struct loader *ld, uint32_t id)
{
	return -ENOENT;
}

/* The first byte chooses the program's type; what is missing behind the input is zero. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config cfg = { .policy_interfaces = { .n = 1, .glob = { "*" } },
		.policy_cgroups = { .n = 1, .glob = { "*" } } };
	static const uint32_t types[] = { BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS,
		BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_TRACING, 200, BPF_PROG_TYPE_KPROBE,
		BPF_PROG_TYPE_PERF_EVENT, BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
		BPF_PROG_TYPE_SK_SKB, BPF_PROG_TYPE_SK_MSG, BPF_PROG_TYPE_SK_LOOKUP,
		BPF_PROG_TYPE_FLOW_DISSECTOR, 32 /* netfilter */ };
	struct msg_attach req = { .kind = "" };
	static const struct msg_linked_site site = { .offset = 64, .n_args = 1 };
	static const struct attach_found found = { -1, &site, 1 };
	static const struct attach_who nobody = { .client = -1 };
	struct attach_out out = { .link_fd = -1 };
	struct msg_result res = { .code = IPC_OK };
	struct msg_link_sites what = { 0 };
	int file = -1;
	struct attach_in in = { .cfg = &cfg, .req = &req, .prog_fd = -1, .rtnl = -1,
		.prog_attach_type = BPF_TRACE_RAW_TP, .who = &nobody };

	if (!size)
		return 0;
	in.prog_type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	memcpy(&req, data + 1, size - 1 < sizeof(req) ? size - 1 : sizeof(req));
	attach_default_target(&req);
	if (attach_look(&in, &what, &file, &res) < 0)
		assert(res.code != IPC_OK && memchr(res.text, '\0', sizeof(res.text)));
	in.found = size % 2 ? &found : NULL;
	if (attach_run(&in, &out, &res) < 0)
		assert(res.code != IPC_OK && memchr(res.text, '\0', sizeof(res.text)));
	assert(out.link_fd == -1 && file == -1);
	read_suffix(data, size);
	return 0;
}
