/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "common/auto.h"
#include "common/memfd.h"
#include "ipc/chan.h"
#include "ipc/tracers.h"

static uint64_t
words(const char *list)
{
	uint64_t n = 1;

	for (; *list; list++)
		n += *list == '|';
	return n;
}

static bool
in_range(uint64_t v, uint64_t min, uint64_t max)
{
	return v >= min && v <= max;
}

static bool
list_ok_WHO(const struct conf_WHO *w)
{
	return w->n_uids <= CONFIG_WHO_MAX && w->n_gids <= CONFIG_WHO_MAX;
}

static bool
list_ok_PROG_TYPES(const struct conf_PROG_TYPES *t)
{
	return true;
}

static bool
list_ok_MAP_TYPES(const struct conf_MAP_TYPES *t)
{
	return true;
}

static bool
list_ok_TRACERS(const struct conf_TRACERS *t)
{
	return (t->mask & ~ipc_tracers_all()) == 0;
}

static bool
list_ok_HELPERS(const struct conf_HELPERS *h)
{
	return true;
}

static bool
list_ok_PATTERNS(const struct conf_PATTERNS *p)
{
	if (p->n > CONFIG_PATTERNS_MAX)
		return false;
	for (uint32_t i = 0; i < p->n; i++)
		if (!ipc_str_ok(p->glob[i], sizeof(p->glob[i])))
			return false;
	return true;
}

static bool
list_ok_SECRETS(const struct conf_SECRETS *s)
{
	if (s->n > CONFIG_PATTERNS_MAX)
		return false;
	for (uint32_t i = 0; i < s->n; i++)
		if (!ipc_str_ok(s->item[i], sizeof(s->item[i])))
			return false;
	return true;
}

static bool
list_ok_NETS(const struct conf_NETS *l)
{
	if (l->n > IPC_NETS_MAX)
		return false;
	for (uint32_t i = 0; i < l->n; i++)
		if (l->net[i].bits > 128)
			return false;
	return true;
}

static bool
list_ok_KFUNCS(const struct conf_KFUNCS *k)
{
	if (k->n > CONFIG_KFUNCS_MAX)
		return false;
	for (uint32_t i = 1; i < k->n; i++)
		if (k->ids[i - 1] >= k->ids[i])
			return false;
	return true;
}

int
config_check(const struct config *c, const char **key)
{
	*key = "size";
	if (c->magic != CONFIG_MAGIC || c->size != sizeof(*c))
		return -EINVAL;
	*key = "tracers.dir";
	if (!declared_table_ok(&c->declared))
		return -EINVAL;
	ipc_tracers_declare(&c->declared);
#define REQUIRE(section, name, cond)                                                               \
	*key = #section "." #name;                                                                 \
	if (!(cond))                                                                               \
		return -EINVAL;
#define CONF_UINT(s, k, d, min, max, h)                                                            \
	REQUIRE(s, k, in_range(c->s##_##k, min, max))
#define CONF_BOOL(s, k, d, h)       REQUIRE(s, k, c->s##_##k <= 1)
#define CONF_WORD(s, k, d, w, h)    REQUIRE(s, k, c->s##_##k < words(w))
#define CONF_STR(s, k, d, room, h)  REQUIRE(s, k, ipc_str_ok(c->s##_##k, room))
#define CONF_LIST(s, k, d, kind, h) REQUIRE(s, k, list_ok_##kind(&c->s##_##k))
#include "ipc/config.def"
	REQUIRE(tracers, kfuncs, c->tracer_kfuncs.n <= TRACER_KFUNCS_MAX)
	*key = NULL;
	return 0;
}

int
config_receive(int fd, const struct config **out)
{
	const struct config *c;
	const char *key;

	if (memfd_seal_received(fd, sizeof(*c)) != (long)sizeof(*c))
		return -EINVAL;
	c = memfd_map(fd, sizeof(*c));
	if (!c)
		return -errno;
	if (config_check(c, &key)) {
		config_free(c);
		return -EINVAL;
	}
	*out = c;
	return 0;
}

void
config_free(const struct config *c)
{
	if (c)
		munmap((void *)c, sizeof(*c));
}

static bool
listed(const struct conf_WHO *w, uid_t uid, const gid_t *gids, size_t n_gids)
{
	for (uint32_t i = 0; i < w->n_uids; i++)
		if (w->uids[i] == uid)
			return true;
	for (uint32_t i = 0; i < w->n_gids; i++)
		for (size_t j = 0; j < n_gids; j++)
			if (w->gids[i] == gids[j])
				return true;
	return false;
}

enum config_role
config_role_of(const struct config *c, uid_t uid, const gid_t *gids, size_t n_gids)
{
	if (uid == 0 || listed(&c->access_admin, uid, gids, n_gids))
		return CONFIG_ADMIN;
	if (listed(&c->access_operator, uid, gids, n_gids))
		return CONFIG_OPERATOR;
	return listed(&c->access_viewer, uid, gids, n_gids) ? CONFIG_VIEWER : CONFIG_NOBODY;
}

/*
 * A listening socket and bpfd's own channels name their maker, root, as the peer: who could hand
 * one of those on in the place of a client's would be taken for root.
 */
static bool
is_connection(int sock)
{
	int type = 0, listening = 1;
	socklen_t len = sizeof(int);

	return getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM &&
	       getsockopt(sock, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && !listening;
}

int
config_peer(int sock, uid_t *uid, pid_t *pid, gid_t *gids, size_t *n_gids)
{
	struct ucred cred;
	socklen_t len = sizeof(cred), room = 0;

	if (!is_connection(sock))
		return -ENOTCONN;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	if (cred.pid == 0 || cred.uid == (uid_t)-1)	/* no peer: not a connected unix socket */
		return -ENOTCONN;
	if (*n_gids == 0)
		return -EINVAL;
	gids[0] = cred.gid;
	room = (socklen_t)((*n_gids - 1) * sizeof(gid_t));
	if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, gids + 1, &room) < 0) {
		if (errno != ERANGE)
			return -errno;
		room = 0;	/* more groups than anybody's limit: the primary one counts */
	}
	*n_gids = 1 + room / sizeof(gid_t);
	*uid = cred.uid;
	*pid = cred.pid;
	return 0;
}
