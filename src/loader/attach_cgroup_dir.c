/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup that a request names: its path is checked here, its directory opened by a oneshot. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

const char *
attach_no_cgroup2(void)
{
	return attach_host()->cgroup2[0] ? NULL :
		"cgroups of version 2 are not mounted (mount -t cgroup2), or were not when bpfd started";
}

/* What follows the mount's path, without slashes around it; NULL when target is somewhere else. */
static const char *
below_mount(const char *target)
{
	const char *mount = attach_host()->cgroup2;
	size_t len = strlen(mount);

	if (target[0] != '/')
		return target;
	if (strncmp(target, mount, len) != 0 || (target[len] && target[len] != '/'))
		return NULL;
	return target + len + strspn(target + len, "/");
}

/* One spelling for each cgroup: the policy is asked by it. */
static bool
is_plain(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') || (len == 2 && strncmp(path, "..", 2) == 0))
			return false;
		path += len;
		if (*path == '/' && !*++path)
			return false;
	}
	return true;
}

static int
check_path(const struct attach_in *in, const char *target, struct msg_cgroup *req,
	struct msg_result *res)
{
	const char *path = below_mount(target);
	char name[IPC_TARGET_MAX + 1];
	size_t len = path ? strlen(path) : 0;

	if (!path)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not below %s, where the cgroups "
			"are: give a path below that, or one that is relative to it", target,
			attach_host()->cgroup2);
	memset(req, 0, sizeof(*req));
	memcpy(req->path, path, len);
	while (len && req->path[len - 1] == '/')
		req->path[--len] = '\0';
	if (strcmp(req->path, ".") == 0)
		req->path[0] = '\0';
	if (!is_plain(req->path))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s: the path of a cgroup is given "
			"without empty parts, \".\" and \"..\"", target);
	snprintf(name, sizeof(name), "/%s", req->path);
	if (!attach_policy_allows(&in->cfg->policy_cgroups, name))
		return result_set(res, IPC_PERMISSION_DENIED, -EPERM, "the policy (policy.cgroups) does not "
			"allow programs on the cgroup %s", name);
	return 0;
}

int
attach_cgroup(const struct attach_in *in, const char *target, struct attach_cgroup *it,
	struct msg_result *res)
{
	struct msg_one_fd facts;
	struct msg_cgroup req;
	int err = check_path(in, target, &req, res), n;

	it->take_fd = -1;
	if (err)
		return err;
	n = snprintf(it->path, sizeof(it->path), "%s%s%s", attach_host()->cgroup2, req.path[0] ? "/" : "",
		req.path);
	if ((size_t)n >= sizeof(it->path))
		return result_set(res, IPC_INVALID_ARGUMENT, -ENAMETOOLONG, "the path of the cgroup is too long");
	err = oneshot_fd(in->ld, IPC_ONE_CGROUP, &req, NULL, &facts, &it->take_fd, res);
	if (err)
		it->take_fd = -1;
	else
		it->id = facts.cgroup_id;
	return err;
}
