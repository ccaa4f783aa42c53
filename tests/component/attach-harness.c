/* SPDX-License-Identifier: Apache-2.0 */
#include "attach-harness.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/auto.h"
#include "loader/oneshot.h"
#include "loader/tc_stub.h"
#include "oneshot-run.h"

struct loader ld;
struct config cfg;
int rtnl = -1;
struct msg_result res;
struct attach_out out;
size_t n_oneshots;

int
oneshot_fd(struct loader *l, enum ipc_type type, const void *payload, const int *fds,
	struct msg_one_fd *facts, int *fd, struct msg_result *r)
{
	static struct one_run run;

	n_oneshots++;
	one_run(ROLE_LOADER, type, payload, fds, &run);
	assert_true(run.answered);
	if (run.fd < 0) {
		*r = run.res;
		return run.res.err;
	}
	*facts = run.facts;
	*fd = run.fd;
	return 0;
}

int
loader_map_open(struct loader *l, uint64_t gid, const char *which)
{
	return l->map_fd > 0 && strtoul(which, NULL, 10) == l->map_id ? dup(l->map_fd) : -ENOENT;
}

int
loader_links_each(struct loader *l, int (*each)(void *arg, const struct msg_link_facts *f), void *arg)
{
	for (size_t i = 0; i < l->n; i++) {
		int ret = each(arg, &l->links[i].facts);

		if (ret)
			return ret;
	}
	return 0;
}

int
loader_maps_of(struct loader *l, uint32_t prog_id, int (*each)(void *arg, uint32_t id, const char *name),
	void *arg)
{
	return l->map_fd > 0 ? each(arg, l->map_id, "sockets") : 0;
}

int
loader_prog_open(struct loader *l, uint32_t id)
{
	return l->prog_fd > 0 && id == bpf_test_prog_id(l->prog_fd) ? dup(l->prog_fd) : -ENOENT;
}

int
loader_stub(const struct attach_in *in, uint32_t proceed_on, bool clsact, struct attach_out *o,
	struct msg_result *r)
{
	struct kernel k = { kernel_bpf, 0 };

	in->ld->array = tc_stub_array(&k, in->prog_fd);
	o->stub_fd = tc_stub_load(&k, in->ld->array, in->prog_attach_type, proceed_on, clsact);
	o->facts.stub_id = bpf_test_prog_id(o->stub_fd);
	return o->stub_fd < 0 ? result_set(r, IPC_INTERNAL, o->stub_fd, "no stub") : 0;
}

/* A link that was made goes into the table, as the real loader's. */
int
attach_req(struct msg_attach *req, int prog, uint32_t type, uint32_t attach_type)
{
	struct attach_in in = { .ld = &ld, .cfg = &cfg, .req = req, .prog_fd = prog, .prog_type = type,
		.prog_attach_type = attach_type, .rtnl = rtnl };
	int err;

	memset(&res, 0, sizeof(res));
	req->prog_id = bpf_test_prog_id(prog);
	err = attach_run(&in, &out, &res);
	if (err) {
		assert_int_not_equal(res.code, IPC_OK);
		assert_true(res.text[0]);
		return err;
	}
	if (!(req->flags & ATTACH_DRY_RUN)) {
		out.facts.link_id = ++ld.next_id;
		ld.links[ld.n].facts = out.facts;
		ld.links[ld.n].fd = out.link_fd;
		ld.links[ld.n].array = ld.array;
		strcpy(ld.links[ld.n++].suffix, out.pin_suffix);
	}
	ld.array = 0;
	close_keep_errno(TAKE_FD(out.stub_fd));
	return 0;
}

int
detach(size_t i, const char *netns)
{
	int err = 0;

	if (ld.links[i].fd >= 0)
		close(ld.links[i].fd);
	else
		err = attach_detach_suffix(&ld, &cfg, rtnl, ld.links[i].suffix, netns, &res);
	if (ld.links[i].array)
		close(ld.links[i].array);
	ld.links[i] = ld.links[--ld.n];
	return err;
}

void
detach_all(const char *netns)
{
	while (ld.n)
		assert_int_equal(detach(ld.n - 1, netns), 0);
}

struct msg_attach
request(const char *kind, const char *target)
{
	struct msg_attach req = { .priority = 50 };

	snprintf(req.kind, sizeof(req.kind), "%s", kind);
	snprintf(req.target, sizeof(req.target), "%s", target);
	return req;
}

struct msg_attach
tc_request(const char *kind, const char *target, const char *direction, int priority,
	const char *netns)
{
	struct msg_attach req = request(kind, target);

	strcpy(req.direction, direction);
	strcpy(req.netns, netns);
	req.priority = priority;
	return req;
}

void
assert_refused(int err, enum ipc_code code, const char *text)
{
	assert_true(err < 0);
	if (res.code != code || !strstr(res.text, text))
		print_error("got code %u err %d text \"%s\"\n", res.code, res.err, res.text);
	assert_int_equal(res.code, code);
	assert_non_null(strstr(res.text, text));
}

void
assert_attached(int err)
{
	if (err)
		print_error("got code %u err %d text \"%s\"\n", res.code, res.err, res.text);
	assert_int_equal(err, 0);
}

/* ---- what the kernel says ---- */

void
shell(const char *cmd)
{
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

bool
shell_says(const char *cmd, const char *text)
{
	char got[8192] = "";
	FILE *p = popen(cmd, "r");
	size_t n = fread(got, 1, sizeof(got) - 1, p);

	got[n] = '\0';
	pclose(p);
	return strstr(got, text) != NULL;
}

void
ping(void)
{
	shell("ip netns exec two ping -q -c 3 -i 0.01 -W 1 10.9.9.1 >/dev/null");
}

/* A program of another tool, for tc(8). */
static void
pin_theirs(void)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, -1);
	union bpf_attr attr = { .pathname = (uint64_t)(uintptr_t)"/run/bpffs/theirs",
		.bpf_fd = (uint32_t)prog };

	assert_int_equal(mkdir("/run/bpffs", 0700), 0);
	assert_int_equal(mount("bpf", "/run/bpffs", "bpf", 0, NULL), 0);
	assert_int_equal(compat_bpf(BPF_OBJ_PIN, &attr, sizeof(attr)), 0);
	close(prog);
}

int
harness_setup(void **state)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") < 0)
		return -1;
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	shell("ip netns add two && ip link set lo up && ip -n two link set lo up && "
	      "ip link add vb0 type veth peer name vt1 netns two && "
	      "ip link property add dev vb0 altname an-alternative-name-of-vb0 && "
	      "ip addr add 10.9.9.1/24 dev vb0 && ip link set vb0 up && "
	      "ip -n two addr add 10.9.9.2/24 dev vt1 && ip -n two link set vt1 up");
	cfg.policy_interfaces = cfg.policy_cgroups = (struct conf_PATTERNS){ .n = 1, .glob = { "*" } };
	pin_theirs();
	return attach_init(&cfg, &rtnl);
}

int
harness_teardown(void **state)
{
	shell("ip netns del two");
	close(rtnl);
	return 0;
}
