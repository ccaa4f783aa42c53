/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CHECKPOINT_ONCE_H
#define BPFD_CHECKPOINT_ONCE_H

int	once(void);	/* one checkpoint: an exit status */

#endif
