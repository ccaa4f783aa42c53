/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/authorise.h"

#include <errno.h>

#include "common/log.h"
#include "loader/loader.h"

#define GROUPS_MAX 256

static int
check(struct loader *ld, int client, const char *what, bool quiet, struct msg_result *res)
{
	gid_t gids[GROUPS_MAX];
	size_t n = GROUPS_MAX;
	uid_t uid;
	pid_t pid;
	int err = config_peer(client, &uid, &pid, gids, &n);

	if (err)
		return result_set(res, IPC_PERMISSION_DENIED, err, "the client cannot be identified");
	if (config_role_of(ld->cfg, uid, gids, n) != CONFIG_ADMIN) {
		log_notice("loader.denied", "what=%s uid=%u pid=%d", what, uid, pid);
		return result_set(res, IPC_PERMISSION_DENIED, -EPERM,
			"user %u may not %s: only those in access.admin may", uid, what);
	}
	if (!quiet)
		log_info("loader.request", "what=%s uid=%u pid=%d", what, uid, pid);
	return 0;
}

int
authorise_token(struct loader *ld, const char *what, uint64_t id, struct msg_result *res)
{
	log_warn("loader.token", "what=%s id=%llu the token is not of this request", what, (unsigned long long)id);
	return result_set(res, IPC_PERMISSION_DENIED, -EKEYREJECTED, "nobody who may %s asked for this: the token "
		"in bpfd's store does not belong to it, or was made with another key", what);
}

int
authorise(struct loader *ld, int client, const char *what, struct msg_result *res)
{
	return check(ld, client, what, false, res);
}

int
authorise_more(struct loader *ld, int client, const char *what, struct msg_result *res)
{
	return check(ld, client, what, true, res);
}
