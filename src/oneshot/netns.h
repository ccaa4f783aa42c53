/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ONESHOT_NETNS_H
#define BPFD_ONESHOT_NETNS_H

#include <stddef.h>
#include <stdint.h>

#include "oneshot/oneshot.h"

/*
 * The path of a network namespace: an absolute path as it is, "pid:N" in /proc, a bare name in
 * NETNS_DIR, where ip-netns(8) keeps them.  -EINVAL, -ENAMETOOLONG.
 */
#define NETNS_DIR "/run/netns"
int	netns_path(const char *spec, char *out, size_t size);

/*
 * The path by which the network namespace with this inode can be reached: a name in NETNS_DIR, or
 * a process that lives there.  -ENOENT.
 */
int	netns_find(uint64_t ino, char *out, size_t size);

/*
 * Opens the network namespace that spec names, or "ino:N", one that bpfd knew before a restart, without opening anything that is not one.  Returns
 * a descriptor, the caller's, with the namespace's inode in *ino; or a negative errno after having
 * answered the request.
 */
int	netns_open(struct oneshot *o, const char *spec, uint64_t *ino);

/*
 * In the current network namespace: the index of the interface with this name or else this number,
 * or a negative errno after having answered with the names that are near.
 */
int	netns_ifindex(struct oneshot *o, const char *ifname);

#endif
