/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_CONFIG_H
#define BPFD_IPC_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/declared.h"
#include "ipc/nets.h"

/*
 * The configuration after bpfd-config has read and resolved it: flat, without pointers, handed
 * from process to process as a sealed memfd and checked by each.
 */
#define CONFIG_MAGIC	0x43667062u
#define CONFIG_WHO_MAX	64
#define CONFIG_PATTERNS_MAX 32
#define CONFIG_KFUNCS_MAX 4096
#define TRACER_KFUNCS_MAX 8

/* CONF_LIST kinds; NETS: ipc/nets.h */
struct conf_WHO {			/* resolved through the user database */
	uint32_t n_uids, n_gids;
	uint32_t uids[CONFIG_WHO_MAX], gids[CONFIG_WHO_MAX];
};
struct conf_PROG_TYPES { uint64_t mask; };	/* bit per BPF_PROG_TYPE_* */
struct conf_MAP_TYPES { uint64_t mask; };	/* bit per BPF_MAP_TYPE_* */
struct conf_TRACERS { uint64_t mask; };	/* bit per enum ev_tracer */
struct conf_HELPERS { uint64_t bits[8]; };	/* bit per helper number below 512 */
struct conf_PATTERNS { uint32_t n, reserved; char glob[CONFIG_PATTERNS_MAX][64]; };
struct conf_SECRETS { uint32_t n, reserved; char item[CONFIG_PATTERNS_MAX][64]; };	/* events/redact.h */
struct conf_KFUNCS { uint32_t n, reserved; uint32_t ids[CONFIG_KFUNCS_MAX]; };	/* sorted BTF ids in vmlinux */

struct config {
	uint32_t magic, size;
#define CONF_UINT(section, key, dflt, min, max, help)  uint64_t section##_##key;
#define CONF_BOOL(section, key, dflt, help)            uint64_t section##_##key;
#define CONF_WORD(section, key, dflt, words, help)     uint64_t section##_##key;
#define CONF_STR(section, key, dflt, room, help)       char section##_##key[room] __attribute__((aligned(8)));
#define CONF_LIST(section, key, dflt, kind, help)      struct conf_##kind section##_##key;
#include "ipc/config.def"
	/* No key: what bpfd's own tracers may call, looked up in vmlinux like policy.kfuncs. */
	struct { uint32_t n, reserved; uint32_t ids[TRACER_KFUNCS_MAX]; } tracer_kfuncs;
	/* Of tracers.dir: the supervisor puts them here, and what they say of themselves into the masks. */
	struct declared_table declared;
};

enum { TC_BACKEND_AUTO, TC_BACKEND_TCX, TC_BACKEND_CLSACT };
enum { DETACH_LINKS_ALARM, DETACH_LINKS_REATTACH };
enum config_role { CONFIG_NOBODY, CONFIG_VIEWER, CONFIG_OPERATOR, CONFIG_ADMIN };

/*
 * Seals the memfd, maps it, which all processes share, and checks magic, size, ranges and strings.
 * -EINVAL.
 */
int	config_receive(int fd, const struct config **out);
void	config_free(const struct config *c);	/* NULL is fine */

/* 0, or -EINVAL with the name of the offending key in *key.  Tracers that it declares are known by
 * name from then on (ipc/tracers.h). */
int	config_check(const struct config *c, const char **key);

/* The highest role of a peer.  gids: all its groups.  uid 0 is always an admin. */
enum config_role config_role_of(const struct config *c, uid_t uid, const gid_t *gids, size_t n_gids);

/* uid and all groups at the other end of a client's connection (SO_PEERCRED, SO_PEERGROUPS).
 * *n_gids: room in, count out.  -ENOTCONN for any other socket: a listening one, a channel. */
int	config_peer(int sock, uid_t *uid, pid_t *pid, gid_t *gids, size_t *n_gids);

#endif
