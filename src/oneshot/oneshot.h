/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ONESHOT_ONESHOT_H
#define BPFD_ONESHOT_ONESHOT_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/auto.h"
#include "common/sandbox.h"
#include "ipc/chan.h"

#define ONE_MOUNTS_MAX 8

/* One request, from its arrival on fd 3 to its answer. */
struct oneshot {
	struct chan *ch;
	uint32_t seq;
	int dir;		/* what prepare() opened, or -1 */
	int mounts[ONE_MOUNTS_MAX];	/* and directories beside it */
	size_t n_mounts;
};

/*
 * What one message of messages.def (TO_ONESHOT) does; op_NAME is registered by being named like
 * its message.  Order: prepare() as root; the sandbox with caps, rules and, when dir_only, no file
 * but those below o->dir and o->mounts; run(), which gives up capabilities by one_keep_caps() as soon as it can
 * and has none left when it handles anything that is not fixed here.
 */
struct one_op {
	uint64_t caps;
	bool dir_only;
	unsigned int life_s;	/* and processor time; 0: 3 */
	unsigned int n_fds;	/* descriptors; 0: 32 */
	const struct sandbox_rule *rules;
	size_t n_rules;
	int (*prepare)(struct oneshot *o);	/* may be NULL; negative errno: answered */
	int (*run)(struct oneshot *o, const void *payload, int *fds);	/* 0 or negative errno, answered */
};

#define CAP_BIT(name) (1ULL << CAP_##name)

/* In an op's definition: rules[] is its section of sandbox.def. */
#define ONE_RULES_FIELDS .rules = rules, .n_rules = ARRAY_SIZE(rules)

/* Permitted and effective become what they have in common with keep.  -errno. */
int	one_keep_caps(uint64_t keep);

/*
 * Becomes a user, with the first of gids (at least one) as its group and the rest as further ones, and
 * without a capability but, when it is root, those of root_caps.  Needs SETUID and SETGID.  Negative
 * errno.  one_become_peer(): the client at the other end of sock.
 */
int	one_become(uid_t uid, const gid_t *gids, size_t n_gids, uint64_t root_caps);
int	one_become_peer(int sock, uint64_t root_caps, uid_t *uid);

/* prepare() of what works in tracefs: o->dir is that. */
int	one_open_tracefs(struct oneshot *o);

/* Sends ONE_RESULT after the last of several answers.  -errno. */
int	one_done(struct oneshot *o);

/* Sends ONE_FD; facts may be NULL.  fd stays the caller's.  -errno. */
int	one_answer(struct oneshot *o, int fd, const struct msg_one_fd *facts);

/* Sends ONE_FACTS.  -errno. */
int	one_facts(struct oneshot *o, const struct msg_one_fd *facts);

/* Sends ONE_RESULT and returns err, a negative errno; text is for the client. */
int	one_refuse(struct oneshot *o, enum ipc_code code, int err, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));

/* Reads at most size - 1 bytes of a small text file into out, with NUL.  dir: AT_FDCWD or a
 * directory.  Returns the length or a negative errno. */
long	one_read_file(int dir, const char *path, char *out, size_t size);

/* The number by which perf_event_open(2) knows "kprobe" or "uprobe"; refuses where there is none. */
int	one_event_type(struct oneshot *o, const char *name, uint32_t *type);

#endif
