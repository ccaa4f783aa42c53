/* SPDX-License-Identifier: Apache-2.0 */
/* What the API asks about programs, maps and what bpfd keeps. Links are in links.c. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/memfd.h"
#include "loader/authorise.h"
#include "loader/facts.h"
#include "loader/handlers.h"
#include "loader/loader.h"
#include "loader/token.h"

static int
load_strings_ok(const struct msg_load *m)
{
	if (m->n_progs > IPC_PROGS_MAX || m->globals_len > sizeof(m->globals) ||
	    (m->flags & ~(uint32_t)(LOAD_DRY_RUN | LOAD_PERSISTENT)))
		return 0;
	for (uint32_t i = 0; i < m->n_progs; i++)
		if (!m->progs[i].name[0] || !IPC_STR_OK(m->progs[i].name) ||
		    !IPC_STR_OK(m->progs[i].attach_to))
			return 0;
	return m->gid != 0 && (!m->map_group[0] || IPC_STR_OK(m->map_group));
}

static bool
may_share(const struct loader *ld, const char *unix_group)
{
	const struct conf_PATTERNS *all = &ld->cfg->policy_map_groups;

	for (uint32_t i = 0; i < all->n; i++)
		if (strcmp(all->glob[i], unix_group) == 0)
			return true;
	return !unix_group[0];
}

/* The object is sealed, and so is what a linker gets of it. */
static int
check_signed(const struct loader *ld, int object, struct msg_result *res)
{
	enum image_signature signature;
	uint8_t sha256[32];
	int err;

	if (!ld->cfg->policy_signed_only)
		return 0;
	err = token_sha256(object, sha256);
	if (err)
		return result_set(res, IPC_INTERNAL, err, "the object cannot be read");
	signature = verdicts_find(&ld->verdicts, sha256);
	if (signature == IMAGE_SIGNED_KEY || signature == IMAGE_SIGNED_IDENTITY)
		return 0;
	return result_set(res, IPC_PERMISSION_DENIED, -EKEYREJECTED, "policy.signed_only = true: only objects of images "
		"with a good signature are loaded, and of this one there is none");
}

static int
check_load(struct loader *ld, const struct msg_load *m, int object, struct msg_result *res)
{
	long size;

	if (!load_strings_ok(m))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "malformed load request");
	if (objects_has_group(&ld->objects, m->gid) || session_of_group(ld, m->gid))
		return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "group %" PRIu64 " is there already",
			m->gid);
	if (m->map_owner_gid && !objects_has_group(&ld->objects, m->map_owner_gid))
		return result_set(res, IPC_NOT_FOUND, -ENOENT,
			"there is no group %" PRIu64 " to share maps with", m->map_owner_gid);
	if (!may_share(ld, m->map_group))
		return result_set(res, IPC_PERMISSION_DENIED, -EPERM, "policy.map_groups does not have the group %s: "
			"name it there and restart bpfd", m->map_group);
	if (ld->objects.n_progs >= ld->cfg->limits_total_programs)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOSPC,
			"bpfd keeps %zu programs already: limits.total_programs = %" PRIu64,
			ld->objects.n_progs, ld->cfg->limits_total_programs);
	size = memfd_seal_received(object, (size_t)ld->cfg->limits_object_bytes);
	if (size == -EFBIG)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -EFBIG,
			"the object is larger than limits.object_bytes = %" PRIu64,
			ld->cfg->limits_object_bytes);
	if (size < 0)
		return result_set(res, IPC_INVALID_ARGUMENT, (int)size,
			"the object is not a memfd that nobody else can change");
	return check_signed(ld, object, res);
}

/* The client may be gone when the machine starts again: what it may do now, the token says then. */
static int
give_token(struct loader *ld, uint32_t seq, const struct msg_load *m, const int *fds, struct msg_result *res)
{
	gid_t gids[1];
	size_t n = 1;
	struct msg_token token;
	uid_t uid = 0;
	pid_t pid;
	int err;

	if (!(m->flags & LOAD_PERSISTENT) || (m->flags & LOAD_DRY_RUN))
		return 0;
	err = config_peer(fds[1], &uid, &pid, gids, &n);
	if (!err)
		err = token_load(m, fds[0], uid, &token);
	if (err)
		return result_set(res, IPC_INTERNAL, err, "the object cannot be read");
	reply(ld, IPC_TOKEN, seq, &token, NULL);
	return 0;
}

int
on_LOAD(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_load *m, int *fds)
{
	struct msg_result res;
	int err = authorise(ld, fds[1], "load", &res);

	if (!err)
		err = check_load(ld, m, fds[0], &res);
	if (!err)
		err = give_token(ld, h->seq, m, fds, &res);
	if (!err)
		err = session_new(ld, &session_api, h->seq, m, NULL, TAKE_FD(fds[0]), NULL, &res);
	if (err)
		reply_result(ld, h->seq, &res);
	return 0;
}

/* What an administrator asked for before the reboot, shown by the token; the policy is today's. */
int
on_RESTORE_LOAD(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_restore_load *m,
	int *fds)
{
	struct msg_token token;
	struct msg_result res;
	int err = check_load(ld, &m->load, fds[0], &res);

	if (!err) {
		err = token_load(&m->load, fds[0], m->uid, &token);
		if (err)
			result_set(&res, IPC_INTERNAL, err, "the object cannot be read");
		else if (!token_same(&token, &m->token))
			err = authorise_token(ld, "load", m->load.gid, &res);
	}
	if (!err)
		err = session_new(ld, &session_api, h->seq, &m->load, NULL, TAKE_FD(fds[0]), NULL, &res);
	if (err)
		reply_result(ld, h->seq, &res);
	return 0;
}

int
on_UNLOAD(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_unload *m,
	int *fds)
{
	const struct obj_prog *prog = objects_prog(&ld->objects, m->prog_id);
	struct msg_result res;
	int err = authorise(ld, fds[0], "unload", &res);

	if (!err && m->prog_id && (!prog || (m->gid && prog->gid != m->gid)))
		err = result_set(&res, IPC_NOT_FOUND, -ENOENT, "bpfd keeps no program %u", m->prog_id);
	else if (!err && !m->prog_id && !objects_has_group(&ld->objects, m->gid))
		err = result_set(&res, IPC_NOT_FOUND, -ENOENT, "there is no group %" PRIu64, m->gid);
	if (!err)
		err = m->prog_id ? release_prog(ld, m->prog_id, &res) : release_group(ld, m->gid, &res);
	reply_done(ld, h->seq, err, &res);
	return 0;
}

int
on_COMMIT(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_object *m,
	int *fds)
{
	struct obj_link *l = m->kind == OBJECT_LINK ? objects_link(&ld->objects, m->id) : NULL;

	if (l)
		l->committed = true;
	for (size_t i = 0; m->kind == OBJECT_GROUP && i < ld->objects.n_progs; i++)
		if (ld->objects.progs[i].gid == m->id)
			ld->objects.progs[i].committed = true;
	return 0;
}

static int
undo_group(struct loader *ld, uint64_t gid, bool any, struct msg_result *res)
{
	struct session *s = session_of_group(ld, gid);

	if (s) {
		session_fail(ld, s, IPC_CANCELLED, -ECANCELED, "the load was cancelled");
		session_start_queued(ld);
		return 0;
	}
	for (size_t i = 0; i < ld->objects.n_progs; i++)
		if (ld->objects.progs[i].gid == gid && ld->objects.progs[i].committed && !any)
			return result_set(res, IPC_FAILED_PRECONDITION, -EBUSY,
				"group %" PRIu64 " is committed: unload it", gid);
	return release_group(ld, gid, res);
}

static int
undo_link(struct loader *ld, uint64_t link_id, bool any, struct msg_result *res)
{
	struct obj_link *l = objects_link(&ld->objects, link_id);

	if (!l)
		return 0;
	if (l->committed && !any)
		return result_set(res, IPC_FAILED_PRECONDITION, -EBUSY,
			"link %" PRIu64 " is committed: detach it", link_id);
	return release_link(ld, l, NULL, res);
}

static int
undo_prog(struct loader *ld, uint64_t id, bool any, struct msg_result *res)
{
	const struct obj_prog *p = id <= UINT32_MAX ? objects_prog(&ld->objects, (uint32_t)id) : NULL;

	if (!p)
		return 0;
	if (p->committed && !any)
		return result_set(res, IPC_FAILED_PRECONDITION, -EBUSY,
			"program %" PRIu64 " is committed: unload it", id);
	return release_prog(ld, p->id, res);
}

/* What is not there any more is undone. */
int
on_UNDO(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_object *m,
	int *fds)
{
	bool any = chan_phase(p->ch) == PHASE_START;
	struct msg_result res;
	int err;

	if (m->kind == OBJECT_GROUP)
		err = undo_group(ld, m->id, any, &res);
	else if (m->kind == OBJECT_LINK)
		err = undo_link(ld, m->id, any, &res);
	else if (m->kind == OBJECT_PROG)
		err = undo_prog(ld, m->id, any, &res);
	else
		err = result_set(&res, IPC_INVALID_ARGUMENT, -EINVAL, "only groups, links and programs are undone");
	reply_done(ld, h->seq, err, &res);
	return 0;
}

static bool
send_prog(struct loader *ld, uint32_t seq, const struct obj_prog *p)
{
	struct msg_prog_facts facts;
	AUTO(fd) int fd = objects_open_prog(&ld->objects, p);

	if (fd < 0 || facts_prog(&ld->kernel, fd, p, &facts) < 0)
		return false;
	reply(ld, IPC_PROG, seq, &facts, NULL);
	return true;
}

static bool
send_map(struct loader *ld, uint32_t seq, const struct obj_map *m)
{
	struct msg_map_facts facts;
	AUTO(fd) int fd = objects_open_map(&ld->objects, m);

	if (fd < 0 || facts_map(&ld->kernel, fd, m, ld->n_cpus, &facts) < 0)
		return false;
	reply(ld, IPC_MAP, seq, &facts, NULL);
	return true;
}

int
on_INVENTORY(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	uint32_t n = links_sweep(ld, h->seq);

	for (size_t i = 0; i < ld->objects.n_progs; i++)
		n += send_prog(ld, h->seq, &ld->objects.progs[i]);
	for (size_t i = 0; i < ld->objects.n_maps; i++)
		n += send_map(ld, h->seq, &ld->objects.maps[i]);
	for (size_t i = 0; i < ld->objects.n_links; i++, n++)
		reply(ld, IPC_LINK_FACTS, h->seq, &ld->objects.links[i].facts, NULL);
	reply_ok(ld, h->seq, n);
	return 0;
}

int
on_PROG_GET(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_object *m,
	int *fds)
{
	const struct obj_prog *prog = m->id <= UINT32_MAX ? objects_prog(&ld->objects, (uint32_t)m->id) : NULL;
	struct msg_result res;

	if (m->kind != OBJECT_PROG)
		result_set(&res, IPC_INVALID_ARGUMENT, -EINVAL, "not a program");
	else if (!prog || !send_prog(ld, h->seq, prog))
		result_set(&res, IPC_NOT_FOUND, -ENOENT, "bpfd keeps no program %" PRIu64, m->id);
	else
		return reply_ok(ld, h->seq, 1), 0;
	reply_result(ld, h->seq, &res);
	return 0;
}

int
on_OPEN_PATH(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_path *m,
	int *fds)
{
	struct msg_one_fd facts;
	struct msg_object_fd object;
	struct msg_result res;
	AUTO(fd) int fd = -1;
	int err = authorise(ld, fds[0], "open", &res);

	if (!err && (!IPC_STR_OK(m->path) || m->path[0] != '/'))
		err = result_set(&res, IPC_INVALID_ARGUMENT, -EINVAL, "the path is not absolute");
	if (!err)
		err = oneshot_fd(ld, IPC_ONE_OPEN, m, fds, &facts, &fd, &res);
	if (err) {
		reply_result(ld, h->seq, &res);
		return 0;
	}
	object.size = facts.size;
	reply(ld, IPC_OBJECT, h->seq, &object, &fd);
	reply_ok(ld, h->seq, 1);
	return 0;
}

static void
counter(struct loader *ld, uint32_t seq, uint32_t *n, const char *name, uint64_t value)
{
	struct msg_counter c = { .value = value };

	snprintf(c.name, sizeof(c.name), "%s", name);
	reply(ld, IPC_COUNTER, seq, &c, NULL);
	(*n)++;
}

int
on_LOADER_STATS(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{ "loader.loads.ok", ld->counts.loads_ok },
		{ "loader.loads.failed", ld->counts.loads_failed },
		{ "loader.attaches", ld->counts.attaches },
		{ "loader.detaches", ld->counts.detaches },
		{ "loader.bpf.kernel_calls", ld->kernel.calls },
		{ "loader.bpf.refused", ld->stats.refused },
		{ "loader.probes.hits", ld->stats.probe_hits },
		{ "loader.probes.misses", ld->stats.probe_misses },
		{ "loader.linkers.started", ld->counts.linkers_started },
		{ "loader.linkers.died", ld->counts.linkers_died },
		{ "loader.linkers.killed", ld->counts.linkers_killed },
		{ "loader.oneshots", ld->counts.oneshots },
		{ "loader.programs", ld->objects.n_progs },
		{ "loader.maps", ld->objects.n_maps },
		{ "loader.links", ld->objects.n_links },
	};
	size_t n_cmds;
	const struct bpfcmd *cmds = bpfcmd_all(&n_cmds);
	char name[56];
	uint32_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		counter(ld, h->seq, &n, counters[i].name, counters[i].value);
	for (size_t i = 0; i < n_cmds; i++) {
		snprintf(name, sizeof(name), "loader.bpf.calls.%s", cmds[i].name);
		counter(ld, h->seq, &n, name, ld->stats.calls[i]);
	}
	reply_ok(ld, h->seq, n);
	return 0;
}

int
on_RECONCILED(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	chan_set_phase(p->ch, PHASE_RUN);
	return 0;
}
