/* SPDX-License-Identifier: Apache-2.0 */
/* Attachments that come back after a reboot: the token of one, and the request that shows it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/auto.h"
#include "loader/attach.h"
#include "loader/authorise.h"
#include "loader/handlers.h"
#include "loader/loader.h"
#include "loader/token.h"

/* After a restart of the loader it has the kernel's name, which is cut. */
static bool
is_named(const struct obj_prog *p, const char *name)
{
	size_t len = strlen(p->name);

	return strcmp(p->name, name) == 0 ||
		(!p->section[0] && len == BPF_OBJ_NAME_LEN - 1 && strncmp(p->name, name, len) == 0);
}

int
links_check_token(struct loader *ld, const struct msg_attach *m, struct msg_result *res)
{
	const struct obj_prog *p = objects_prog(&ld->objects, m->prog_id);

	if (!IPC_STR_OK(m->kind) || !IPC_STR_OK(m->target) || !IPC_STR_OK(m->netns) ||
	    !IPC_STR_OK(m->direction) || !IPC_STR_OK(m->mode) || !IPC_STR_OK(m->prog_name) ||
	    !IPC_STR_OK(m->section) || !options_ok(m->options))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "malformed attach request");
	if (!p || p->gid != m->gid)
		return result_set(res, IPC_NOT_FOUND, -ENOENT, "bpfd keeps no program %u", m->prog_id);
	if (!is_named(p, m->prog_name))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "program %u is not %s", m->prog_id,
			m->prog_name);
	return 0;
}

int
links_give_token(struct loader *ld, uint32_t seq, const struct msg_attach *m, int client,
	struct msg_result *res)
{
	gid_t gids[1];
	size_t n = 1;
	struct msg_token token;
	uid_t uid = 0;
	pid_t pid;
	int err;

	if (!(m->flags & (ATTACH_PERSISTENT | ATTACH_FUTURE)) || (m->flags & ATTACH_DRY_RUN))
		return 0;
	err = links_check_token(ld, m, res);
	if (err)
		return err;
	err = config_peer(client, &uid, &pid, gids, &n);
	if (err)
		return result_set(res, IPC_PERMISSION_DENIED, err, "the client cannot be identified");
	token_attach(m, uid, &token);
	reply(ld, IPC_TOKEN, seq, &token, NULL);
	return 0;
}

static bool
all_digits(const char *text)
{
	return text && text[0] && !text[strspn(text, "0123456789")];
}

/* Numbers are given anew at each boot: by one, something else would be found. */
static int
check_lasting(const struct msg_attach *m, struct msg_result *res)
{
	static const char *const processes[] = { "pid", "tid", "container-pid" };
	const char *map = options_get(m->options, "map");

	for (size_t i = 0; i < ARRAY_SIZE(processes); i++)
		if (options_get(m->options, processes[i]))
			return result_set(res, IPC_FAILED_PRECONDITION, -ESRCH, "%s=%s was a process, and may be "
				"another one by now", processes[i], options_get(m->options, processes[i]));
	if (strncmp(m->netns, "pid:", 4) == 0 || strncmp(m->netns, "/proc/", 6) == 0)
		return result_set(res, IPC_FAILED_PRECONDITION, -ESRCH, "netns %s was that of a process, and may be "
			"another one's by now: a path that ip netns made lasts", m->netns);
	if (strncmp(m->target, "pid:", 4) == 0)
		return result_set(res, IPC_FAILED_PRECONDITION, -ESRCH, "%s was of a process, and may be another "
			"one's by now", m->target);
	if (all_digits(m->target) || all_digits(map))
		return result_set(res, IPC_FAILED_PRECONDITION, -ENODEV, "%s was a number of the kernel's, and may be "
			"something else by now: a name lasts", all_digits(m->target) ? m->target : map);
	return 0;
}

/*
 * What somebody asked for before the reboot.  A link that is there, as another than the token's, was
 * being changed when its client was lost: it becomes what it was.
 */
int
on_RESTORE_ATTACH(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_restore_attach *m, int *fds)
{
	const struct attach_who who = { .client = -1, .uid = m->uid };
	const struct msg_attach *req = &m->attach;
	struct obj_link *l = objects_link(&ld->objects, req->link_id);
	struct msg_result res = { 0 };
	struct msg_token token;
	int err = links_check_token(ld, req, &res);

	if (!err) {
		token_attach(req, m->uid, &token);
		/* A wish is none: it has no interface. */
		if ((req->flags & ATTACH_FUTURE) || !token_same(&token, &m->token))
			err = authorise_token(ld, "attach", req->link_id, &res);
	}
	if (!err && l && !link_is_gone(ld, l)) {
		links_change(ld, h->seq, req, &who);
		return 0;
	}
	if (!err)
		err = check_lasting(req, &res);
	/* The kernel took it off with its interface; the pin has kept its place. */
	if (!err && l)
		err = release_link(ld, l, req->netns, &res);
	if (err)
		reply_result(ld, h->seq, &res);
	else
		links_start(ld, h->seq, req, &who);
	return 0;
}
