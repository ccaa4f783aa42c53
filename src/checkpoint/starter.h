/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CHECKPOINT_STARTER_H
#define BPFD_CHECKPOINT_STARTER_H

/*
 * Where init starts no bpfd-checkpoint by its socket unit.  It was started before the supervisor
 * confined itself, because the kernel lets nobody who is under a seccomp filter look behind another's,
 * which criu must do.  It has no capability; what it executes gets those of its bounding set.
 */
int	starter(void);	/* an exit status, when the supervisor is gone */

#endif
